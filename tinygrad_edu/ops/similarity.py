"""Losses of pairs and triples of vectors: near ones should be near, far ones far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import raw
from ..errors import ShapeError, located
from .bounds import clamp_min
from .compare import minimum, where
from .exponential import sqrt
from .loss import chosen, reduced
from .norms import pairwise_distance
from .reduce import _sum

__all__ = ["cosine_embedding_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss"]


def cosine_embedding_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``1 - cos(x1, x2)`` where the target is 1, ``max(0, cos(x1, x2) - margin)`` where it is -1.

    Parameters
    ----------
    input1, input2 : Tensors of shape (N, D) or (D,)
    target : Tensor of shape (N,) or ()
    margin : float
        From -1 to 1.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> x, y = np.array([[1.0, 0.0]] * 2), np.array([[1.0, 1.0]] * 2)
    >>> cosine_embedding_loss(x, y, np.array([1, -1]), reduction="none").round(4)
    array([0.2929, 0.7071])
    """
    reduction = chosen("cosine_embedding_loss", reduction, size_average, reduce)
    a, b, y = raw(input1), raw(input2), raw(target)
    if a.shape != b.shape or a.ndim not in (1, 2) or y.shape != a.shape[:-1]:
        raise ShapeError(
            located(
                "cosine_embedding_loss: the inputs must both have shape (N, D) with target (N,), "
                f"or (D,) with target (), not {a.shape}, {b.shape} and target {y.shape}"
            )
        )
    axis = (a.ndim - 1,)

    def dot(u: Any, v: Any) -> Any:
        return _sum(u * v, axis=axis, keepdims=False)

    # PyTorch's guard against a vector of zeros.
    squares = (dot(input1, input1) + 1e-12) * (dot(input2, input2) + 1e-12)
    cosine = dot(input1, input2) / sqrt(squares)
    near, far = (
        where(y == 1, 1.0 - cosine, 0.0),
        where(y == -1, clamp_min(cosine - margin, 0.0), 0.0),
    )
    return reduced(near + far, reduction)


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, d(a, p) - d(a, n) + margin)``, `d` being `pairwise_distance` (a p-norm).

    Parameters
    ----------
    anchor, positive, negative : Tensors of one shape, (N, D) or (D,)
    margin : float
    p, eps : float
        Of the distance.
    swap : bool
        Take the distance of `positive` and `negative` where that is shorter than ``d(a, n)``.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]])
    >>> triplet_margin_loss(a, p, n).round(4)
    np.float64(5.0)
    """
    reduction = chosen("triplet_margin_loss", reduction, size_average, reduce)
    ndims = {np.ndim(raw(x)) for x in (anchor, positive, negative)}
    if len(ndims) > 1:
        raise ShapeError(
            located(
                "triplet_margin_loss: anchor, positive and negative should all have the same "
                f"number of dimensions, not {raw(anchor).shape}, {raw(positive).shape} and "
                f"{raw(negative).shape}"
            )
        )

    def distance(a: Any, b: Any) -> Any:
        return pairwise_distance(a, b, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def triplet_margin_with_distance_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Any:
    """`triplet_margin_loss` with a distance of one's own, a function of two tensors.

    Examples
    --------
    >>> def city_block(a, b):
    ...     return abs(a - b).sum(-1)
    >>> a, p, n = np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]])
    >>> triplet_margin_with_distance_loss(a, p, n, distance_function=city_block)
    np.float64(7.0)
    """
    reduction = chosen("triplet_margin_with_distance_loss", reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


def _triplet(
    anchor: Any,
    positive: Any,
    negative: Any,
    distance: Callable[[Any, Any], Any],
    margin: float,
    swap: bool,
    reduction: str,
) -> Any:
    far = distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return reduced(clamp_min(distance(anchor, positive) - far + margin, 0.0), reduction)
