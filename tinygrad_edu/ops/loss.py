"""What all loss functions share: checks of their arguments, and the reduction over a batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import raw
from ..errors import DTypeError, ShapeError, located
from .arithmetic import mul
from .kernels import row_numbers
from .reduce import _mean, _sum

__all__: list[str] = []


class TargetError(IndexError, RuntimeError):
    """A target names a class that does not exist."""


REDUCTIONS = ("none", "mean", "sum")


def chosen(name: str, reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction, checked."""
    if size_average is not None or reduce is not None:
        return legacy_reduction(reduction, size_average, reduce)
    if reduction not in REDUCTIONS:
        raise ValueError(
            located(f"{name}: {reduction!r} is not a valid value for reduction: use {REDUCTIONS}")
        )
    return reduction


def legacy_reduction(reduction: str, size_average: Any = None, reduce: Any = None) -> str:
    """The reduction; `size_average` and `reduce`, PyTorch's old way to say it, go before.

    Examples
    --------
    >>> legacy_reduction("mean", size_average=False)
    'sum'
    """
    if size_average is None and reduce is None:
        return reduction
    if reduce is not None and not reduce:
        return "none"
    return "mean" if size_average is None or size_average else "sum"


def reduced(losses: Any, reduction: str) -> Any:
    """The losses of a batch as they are, their mean, or their sum."""
    if reduction == "none":
        return losses
    axis = tuple(range(raw(losses).ndim))
    return (_mean if reduction == "mean" else _sum)(losses, axis=axis, keepdims=False)


def weighted(losses: Any, weight: Any) -> Any:
    """The losses times a weight for each, if there are weights."""
    return losses if weight is None else mul(losses, weight)


def same_shape(name: str, input: Any, target: Any, /, **others: Any) -> None:
    """Refuse to broadcast a target: (N,) against (N, 1) would silently give (N, N) losses."""
    a = np.shape(raw(input))
    for argument, value in {"target": target, **others}.items():
        b = np.shape(raw(value))
        if a == b:
            continue
        hint = ""
        if len(a) == 2 and len(b) == 1:
            hint = f"; use {argument}.reshape(-1, 1)"
        elif len(a) == 1 and len(b) == 2:
            hint = f"; use {argument}.reshape(-1)"
        raise ShapeError(
            located(f"{name}: input has shape {a}, {argument} {b}; they must be equal{hint}")
        )


def class_indices(name: str, target: Any, shape: tuple[int, ...], scores: Any) -> np.ndarray:
    """Class indices as an integer array of the given shape."""
    labels = np.asarray(raw(target))
    if scores.dtype.kind != "f":
        swapped = labels.dtype.kind == "f"
        cure = "input and target are swapped" if swapped else "pass the scores, not their argmax"
        raise DTypeError(
            located(f"{name}: input must hold scores (floats), not {scores.dtype}: {cure}")
        )
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            located(
                f"{name}: target must hold class indices (integers), not {labels.dtype}; convert "
                "it with .long(), an array with .astype(int)"
            )
        )
    if labels.shape != shape:
        raise ShapeError(
            located(
                f"{name}: input has shape {tuple(scores.shape)}, so target must have shape "
                f"{tuple(shape)}, not {labels.shape}{_cure(labels.shape, shape, scores.shape)}"
            )
        )
    return labels.astype(np.int64, copy=False)  # products with narrow integers overflow in silence


def _cure(found: tuple[int, ...], wanted: tuple[int, ...], scores: tuple[int, ...]) -> str:
    if found == scores:
        return f"; of one-hot rows take the indices, .argmax({min(1, len(scores) - 1)})"
    if found == (*wanted, 1):
        return "; of a column make a vector, .reshape(-1)" if len(wanted) == 1 else ""
    return ""


def check_classes(name: str, labels: np.ndarray, classes: int) -> None:
    """Refuse a class that does not exist."""
    if labels.dtype == np.int64:
        # As unsigned numbers, negative ones are large: one pass finds both kinds.
        fine = not labels.size or labels.view(np.uint64).max() < classes
    else:
        fine = not labels.size or (labels.min() >= 0 and labels.max() < classes)
    if not fine:
        bad = labels[(labels < 0) | (labels >= classes)].flat[0]
        raise TargetError(
            located(
                f"{name}: Target {bad} is out of bounds: there are {classes} classes, "
                f"0 to {classes - 1}"
            )
        )


# Rows of a few classes are slow to reduce one by one; as columns, all examples go in step.
_FEW = 64


def by_columns(scores: np.ndarray) -> bool:
    """Whether a loss works on a transposed copy of (N, C) scores."""
    return scores.shape[1] <= _FEW


def flat_places(labels: np.ndarray, shape: tuple[int, ...], turned: bool) -> np.ndarray:
    """Where the scores of the right classes are in the flattened (N, C) or, turned, (C, N) array.

    Raises ValueError where there is no such class.

    Examples
    --------
    >>> flat_places(np.array([2, 0]), (2, 3), turned=False)
    array([2, 3])
    """
    n, classes = shape
    rows = row_numbers(n)
    if turned:
        return np.ravel_multi_index((labels, rows), (classes, n))
    return np.ravel_multi_index((rows, labels), shape)


def one_hot_rows(labels: np.ndarray, scores: Any) -> np.ndarray:
    """A row of zeros for each label, with a one at its place; of the shape of `scores`.

    Examples
    --------
    >>> one_hot_rows(np.array([2, 0]), np.zeros((2, 3)))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    out = np.zeros(scores.shape, scores.dtype)
    out[np.arange(len(labels)), labels] = 1.0
    return out
