"""Losses that are satisfied once a score is better by a margin: hinge losses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import is_tensor, primitive, raw
from ..errors import ShapeError, located
from ..quiet import quiet
from .arithmetic import mul, neg, sub
from .bounds import clamp_min
from .compare import where
from .index import getitem
from .kernels import rectified
from .loss import (
    by_columns,
    check_classes,
    chosen,
    class_indices,
    flat_places,
    one_hot_rows,
    reduced,
    same_shape,
    weighted,
)
from .reduce import _mean, _sum
from .shape import _reshape, unsqueeze
from .smooth import logsigmoid

__all__ = [
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multiclass_svm_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "soft_margin_loss",
]

# --------------------------------------------------------------------- one right class among many


@primitive(name="multiclass_svm_loss")
@quiet
def _class_hinge(
    input: Any, *, labels: Any, delta: float, power: int, factor: Any, total: bool, kept: dict
) -> Any:
    """``factor * sum_{j != y} max(0, s_j - s_y + delta)**power`` of each row, or of all rows.

    `factor` is a number, or has one for each row. Kept for the gradient: the hinges.
    """
    turned = kept["turned"] = by_columns(input)
    places = kept["places"] = flat_places(labels, input.shape, turned)
    s = input.T.copy() if turned else input.copy()
    own = s.reshape(-1)[places] - delta
    s -= own if turned else own[:, None]
    hinges = kept["hinges"] = rectified(s, out=s)
    hinges.reshape(-1)[places] = 0.0
    terms = hinges if power == 1 else hinges * hinges
    if total and isinstance(factor, float):
        return np.add.reduce(terms, axis=None) * factor
    losses = np.add.reduce(terms, axis=0 if turned else 1) * factor
    return np.add.reduce(losses) if total else losses


def _d_class_hinge(
    g: Any,
    out: Any,
    s: Any,
    labels: Any,
    delta: float,
    power: int,
    factor: Any,
    total: bool,
    kept: dict,
) -> Any:
    hinges, turned = kept["hinges"], kept["turned"]
    per_row = g * factor
    if not is_tensor(g):
        d = np.asarray(hinges > 0, hinges.dtype) if power == 1 else hinges * 2.0
        d.ravel()[kept["places"]] = -np.add.reduce(d, axis=0 if turned else 1)
        if turned:
            d *= per_row
            return d.T
        d *= per_row[:, None] if per_row.ndim else per_row
        return d
    # This pass is recorded: how often (and for squares, how much) each score counts.
    counts = np.asarray((hinges.T if turned else hinges) > 0, hinges.dtype)
    onehot = one_hot_rows(labels, s)
    slopes: Any = counts
    if power == 2:
        own = _sum(s * onehot, axis=(1,), keepdims=True)
        slopes = counts * (s - own + delta) * 2.0
    if per_row.ndim:
        per_row = unsqueeze(per_row, 1)
    return (slopes - onehot * _sum(slopes, axis=(1,), keepdims=True)) * per_row


_class_hinge.defvjp(_d_class_hinge)


def _class_margin(
    name: str,
    input: Any,
    target: Any,
    delta: float,
    power: int,
    weight: Any,
    reduction: str,
    over_classes: bool,
) -> Any:
    """The two hinge losses; PyTorch's divides by the number of classes."""
    s = raw(input)
    scores = input if s.ndim == 2 else _reshape(input, shape=(1, max(s.size, 1)))
    if s.ndim > 2:
        raise ShapeError(located(f"{name}: input must have shape (N, C) or (C,), not {s.shape}"))
    n, classes = raw(scores).shape
    if s.ndim < 2 and np.shape(raw(target)) == (1,):  # PyTorch takes (1,) for (), too
        target = np.reshape(raw(target), ())
    labels = class_indices(name, target, s.shape[:-1], s).reshape(n)
    check_classes(name, labels, classes)
    factor: Any = 1.0 / classes if over_classes else 1.0
    if weight is not None:
        w = raw(weight)
        if w.shape != (classes,):
            raise ShapeError(
                located(f"{name}: weight must have shape {(classes,)}, not {tuple(w.shape)}")
            )
        factor = w[labels].astype(s.dtype) * factor
    if reduction == "mean" and n:
        factor = factor / n
    losses = _class_hinge(
        scores,
        labels=labels,
        delta=delta,
        power=power,
        factor=factor,
        total=reduction != "none",
        kept={},
    )
    if reduction == "none" and s.ndim < 2:
        return _reshape(losses, shape=())
    return losses


def multi_margin_loss(
    input: Any,
    target: Any,
    p: int = 1,
    margin: float = 1.0,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``sum_{j != y} w_y max(0, margin - s_y + s_j)**p / C``: a hinge loss, divided by C.

    The gradient of ``s_j`` is that of its term (0 at the kink), that of ``s_y`` minus their sum.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores.
    target : Tensor of shape (N,) or ()
        Class indices.
    p : {1, 2}
    margin : float
    weight : Tensor of shape (C,), optional
        A factor for each class. The mean is the plain one.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> multi_margin_loss(np.array([[3.2, 5.1, -1.7]]), np.array([0])).round(4)
    np.float64(0.9667)
    """
    reduction = chosen("multi_margin_loss", reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(located(f"multi_margin_loss: only p == 1 and p == 2 supported, not {p}"))
    return _class_margin(
        "multi_margin_loss", input, target, margin, p, weight, reduction, over_classes=True
    )


def multiclass_svm_loss(
    input: Any,
    target: Any,
    delta: float = 1.0,
    reduction: str = "mean",
    *,
    squared: bool = False,
) -> Any:
    """The lectures' multiclass hinge loss ``sum_{j != y} max(0, s_j - s_y + delta)``.

    The gradient of ``s_j`` is ``g`` where its margin is positive (0 at the kink), that of ``s_y``
    minus their number. PyTorch's `multi_margin_loss` is another loss: it also divides by C.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores.
    target : Tensor of shape (N,) or ()
        Class indices.
    delta : float
        The margin.
    reduction : {"mean", "sum", "none"}
    squared : bool
        Sum the squares of the hinges: one large violation then costs more than two small ones.

    Examples
    --------
    >>> scores = np.array([[3.2, 5.1, -1.7], [1.3, 4.9, 2.0], [2.2, 2.5, -3.1]])
    >>> multiclass_svm_loss(scores, np.array([0, 1, 2]), reduction="none").round(4)
    array([ 2.9,  0. , 12.9])
    """
    reduction = chosen("multiclass_svm_loss", reduction)
    power = 2 if squared else 1
    return _class_margin(
        "multiclass_svm_loss", input, target, delta, power, None, reduction, over_classes=False
    )


# ------------------------------------------------------------------------- pairs, targets 1 and -1


# PyTorch writes these with clamp: unlike relu's, the gradient passes at the kink.


def hinge_embedding_loss(
    input: Any,
    target: Any,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``x`` where the target is 1, ``max(0, margin - x)`` where it is -1.

    The gradient is ``g``, or ``-g`` up to the margin (and at it), or 0. Other parameters are those
    of `soft_margin_loss`.

    Examples
    --------
    >>> hinge_embedding_loss(np.array([0.3, 0.3]), np.array([1, -1]), reduction="none")
    array([0.3, 0.7])
    """
    same_shape("hinge_embedding_loss", input, target)
    reduction = chosen("hinge_embedding_loss", reduction, size_average, reduce)
    y = raw(target)
    far, near = where(y == 1, 0.0, clamp_min(margin - input, 0.0)), where(y == -1, 0.0, input)
    return reduced(far + near, reduction)


def margin_ranking_loss(
    input1: Any,
    input2: Any,
    target: Any,
    margin: float = 0.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``max(0, -y (x1 - x2) + margin)``: with ``y = 1``, `input1` should be larger.

    The gradients are ``-y g`` and ``y g`` where the hinge is at least 0. Other parameters are those
    of `soft_margin_loss`.

    Examples
    --------
    >>> margin_ranking_loss(np.array([3.0]), np.array([1.0]), np.array([-1.0]))
    np.float64(2.0)
    """
    same_shape("margin_ranking_loss", input1, target, input2=input2)
    reduction = chosen("margin_ranking_loss", reduction, size_average, reduce)
    hinges = clamp_min(neg(target) * sub(input1, input2) + margin, 0.0)
    return reduced(hinges, reduction)


def soft_margin_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``log(1 + exp(-y x))``; gradient ``-y g sigmoid(-y x)``. Never overflows.

    Parameters
    ----------
    input : Tensor
        Scores.
    target : Tensor of the same shape
        1 or -1.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> soft_margin_loss(np.array([0.0]), np.array([1.0])).round(4)
    np.float64(0.6931)
    """
    same_shape("soft_margin_loss", input, target)
    reduction = chosen("soft_margin_loss", reduction, size_average, reduce)
    return reduced(neg(logsigmoid(mul(target, input))), reduction)


# ------------------------------------------------------------------------------- several labels


def multilabel_soft_margin_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Binary cross-entropy of each class, ``t`` being 0 or 1, averaged over the last axis.

    Parameters
    ----------
    input : Tensor of shape (..., C)
        Scores.
    target : Tensor of the same shape
    weight : Tensor, optional
        Factors of the classes.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> multilabel_soft_margin_loss(
    ...     np.zeros((1, 3)), np.array([[1.0, 0.0, 1.0]])
    ... ).round(4)
    np.float64(0.6931)
    """
    same_shape("multilabel_soft_margin_loss", input, target)
    reduction = chosen("multilabel_soft_margin_loss", reduction, size_average, reduce)
    losses = -(target * logsigmoid(input) + (1.0 - target) * logsigmoid(-input))
    axis = (raw(input).ndim - 1,)
    return reduced(_mean(weighted(losses, weight), axis=axis, keepdims=False), reduction)


def multilabel_margin_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``sum_{j in labels, i not} max(0, 1 - (s_j - s_i)) / C``; the gradient is 0 at the kink.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (C,)
        Scores.
    target : Tensor of the same shape
        In each row the labels, then a -1.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> scores, labels = np.array([0.1, 0.2, 0.4, 0.8]), np.array([3, 0, -1, 1])
    >>> multilabel_margin_loss(scores, labels).round(4)
    np.float64(0.85)
    """
    name = "multilabel_margin_loss"
    same_shape(name, input, target)
    reduction = chosen(name, reduction, size_average, reduce)
    s = raw(input)
    scores = input if s.ndim == 2 else _reshape(input, shape=(1, max(s.size, 1)))
    n, classes = raw(scores).shape
    labels = class_indices(name, target, s.shape, s).reshape(n, classes)
    valid = np.logical_and.accumulate(labels >= 0, axis=1)  # what comes after a -1 is no label
    labels = np.where(valid, labels, 0)
    check_classes(name, labels, classes)
    rows = np.arange(n)[:, None]
    is_label = np.zeros((n, classes), bool)
    np.logical_or.at(is_label, (rows, labels), valid)
    own = getitem(scores, index=(rows, labels))
    margins = 1.0 - (unsqueeze(own, 2) - unsqueeze(scores, 1))
    counts = valid[:, :, None] & ~is_label[:, None, :] & (raw(margins) > 0)
    losses = _sum(where(counts, margins, 0.0), axis=(1, 2), keepdims=False) / float(classes)
    return reduced(losses if s.ndim == 2 else _reshape(losses, shape=()), reduction)
