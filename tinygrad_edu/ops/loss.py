"""Loss functions for training classifiers and regressors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import is_tensor, primitive, raw
from ..errors import DTypeError, ShapeError, located
from .activation import _softmax, log_softmax
from .arithmetic import square, sub
from .compare import where
from .index import getitem
from .reduce import _mean, _sum
from .shape import _reshape

__all__ = ["cross_entropy", "mse_loss", "multiclass_svm_loss"]

REDUCTIONS = ("none", "mean", "sum")


def reduced(name: str, losses: Any, reduction: str) -> Any:
    """The losses of a batch as they are, their mean, or their sum."""
    if reduction not in REDUCTIONS:
        raise ValueError(located(f"{name}: reduction must be one of {REDUCTIONS}: {reduction!r}"))
    if reduction == "none":
        return losses
    axis = tuple(range(raw(losses).ndim))
    return (_mean if reduction == "mean" else _sum)(losses, axis=axis, keepdims=False)


def class_targets(name: str, scores: Any, target: Any) -> np.ndarray:
    """Class indices as an integer array, checked against a batch of scores (N, C) or (C,)."""
    labels = np.asarray(raw(target))
    shape, classes = scores.shape[:-1], scores.shape[-1]
    if labels.dtype.kind not in "iu":
        raise DTypeError(
            located(f"{name}: target must hold class indices (integers), not {labels.dtype}")
        )
    if labels.shape != shape:
        raise ShapeError(
            located(
                f"{name}: input has shape {tuple(scores.shape)}, so target must have shape "
                f"{tuple(shape)}, not {labels.shape}"
            )
        )
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        bad = labels[(labels < 0) | (labels >= classes)].flat[0]
        raise IndexError(located(f"{name}: Target {bad} is out of bounds for {classes} classes"))
    return labels


@primitive(name="cross_entropy")
def _cross_entropy(input: Any, *, target: Any, kept: dict[str, Any]) -> Any:
    """Mean over the rows of ``logsumexp(s) - s[target]``; keeps softmax(s) for the gradient."""
    shifted = input - np.max(input, axis=1, keepdims=True)
    e = np.exp(shifted)
    total = np.sum(e, axis=1, keepdims=True)
    rows = np.arange(len(target))
    losses = np.log(total[:, 0]) - shifted[rows, target]
    e /= total
    kept["softmax"] = e
    return np.add.reduce(losses) / float(len(target))


def _softmax_minus_onehot(g: Any, out: Any, s: Any, target: Any, kept: dict[str, Any]) -> Any:
    n = float(len(target))
    onehot = np.zeros(s.shape, s.dtype)
    onehot[np.arange(len(target)), target] = 1.0
    p = _softmax(s, axis=(1,)) if is_tensor(g) else kept["softmax"]
    return (p - onehot) * (g / n)


_cross_entropy.defvjp(_softmax_minus_onehot)


def cross_entropy(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The softmax loss ``-log(exp(s_y) / sum_j exp(s_j))``, in nats; gradient ``p - onehot(y)``.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores (logits).
    target : Tensor of shape (N,) or ()
        Class indices.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> cross_entropy(np.zeros((1, 10)), np.array([3])).round(6)
    np.float64(2.302585)
    """
    scores = raw(input)
    labels = class_targets("cross_entropy", scores, target)
    if scores.ndim == 2 and reduction == "mean":
        return _cross_entropy(input, target=labels, kept={})
    if scores.ndim == 1:
        return -getitem(log_softmax(input, 0), index=int(labels))
    logp = getitem(log_softmax(input, 1), index=(np.arange(len(labels)), labels))
    return reduced("cross_entropy", -logp, reduction)


def multiclass_svm_loss(
    input: Any, target: Any, delta: float = 1.0, reduction: str = "mean"
) -> Any:
    """The lectures' multiclass hinge loss ``sum_{j != y} max(0, s_j - s_y + delta)``.

    The gradient of ``s_j`` is ``g`` where its margin is positive (0 at the kink), that of ``s_y``
    minus their number. PyTorch's ``multi_margin_loss`` is another loss: it also divides by C.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores.
    target : Tensor of shape (N,) or ()
        Class indices.
    delta : float
        The margin.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    >>> multiclass_svm_loss(scores, np.array([0, 1, 2]), reduction="none").round(4)
    array([ 2.9,  0. , 12.9])
    """
    scores = raw(input)
    labels = class_targets("multiclass_svm_loss", scores, target)
    own = labels[..., None] == np.arange(scores.shape[-1])
    picked = getitem(input, index=own)
    margins = sub(input, _reshape(picked, shape=(*labels.shape, 1))) + delta
    hinge = where(own | raw(margins <= 0), 0.0, margins)
    losses = _sum(hinge, axis=(scores.ndim - 1,), keepdims=False)
    return reduced("multiclass_svm_loss", losses, reduction)


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error ``(input - target)**2``.

    Examples
    --------
    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    same_shape("mse_loss", input, target)
    return reduced("mse_loss", square(sub(input, target)), reduction)


def same_shape(name: str, input: Any, target: Any) -> None:
    """Refuse to broadcast a target: (N,) against (N, 1) would silently give (N, N) losses."""
    a, b = np.shape(raw(input)), np.shape(raw(target))
    if a != b:
        hint = "; use target.reshape(-1, 1)" if len(a) == 2 and len(b) == 1 else ""
        raise ShapeError(
            located(f"{name}: input has shape {a}, target {b}; they must be equal{hint}")
        )
