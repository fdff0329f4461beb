"""Losses of class scores and class probabilities: softmax loss, negative log-likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import LEAF, Node, box, primitive, raw, state, tick
from ..errors import ShapeError, located
from ..quiet import quiet, silence
from .arithmetic import mul
from .compare import where
from .fitting import to_dtype
from .kernels import ZEROS, ones
from .loss import (
    by_columns,
    check_classes,
    chosen,
    class_indices,
    flat_places,
    one_hot_rows,
    reduced,
)
from .reduce import _sum
from .shape import _reshape
from .softmaxes import _log_softmax, _softmax

__all__ = ["cross_entropy", "nll_loss"]

_INT64 = np.dtype(np.int64)

# --------------------------------------------------------------------- one number per row, picked


@primitive(name="nll_loss")
def _picked(input: Any, *, labels: Any, scale: Any) -> Any:
    """``-scale * input[n, labels[n], ...]``, and 0 where the scale is 0, whatever the input."""
    values = np.take_along_axis(input, np.expand_dims(labels, 1), axis=1)[:, 0]
    return np.where(scale == 0, 0, -scale * values)


@primitive(name="nll_loss_backward")
def _unpicked(g: Any, *, labels: Any, scale: Any, classes: int) -> Any:
    """The transpose of `_picked`: zeros, with ``-scale * g`` at the labels."""
    out = np.zeros((labels.shape[0], classes, *labels.shape[1:]), g.dtype)
    values = np.where(scale == 0, 0, -scale * g)
    np.put_along_axis(out, np.expand_dims(labels, 1), np.expand_dims(values, 1), axis=1)
    return out


_picked.defvjp(
    lambda g, out, x, labels, scale: _unpicked(g, labels=labels, scale=scale, classes=x.shape[1])
)
_unpicked.defvjp(lambda g, out, u, labels, scale, classes: _picked(g, labels=labels, scale=scale))


def _with_batch(x: Any) -> tuple[Any, bool]:
    """Scores of shape (N, C, ...), and whether the N was added here."""
    shape = raw(x).shape
    return (_reshape(x, shape=(1, *shape)), True) if len(shape) == 1 else (x, False)


def _class_weights(name: str, weight: Any, classes: int, dtype: np.dtype) -> Any:
    if weight is None:
        return None
    w = np.asarray(raw(weight))
    if w.shape != (classes,):
        raise ShapeError(
            located(
                f"{name}: weight must have one element for each of the {classes} classes, not "
                f"shape {w.shape}"
            )
        )
    return w.astype(dtype, copy=False)


def _labels(
    name: str, input: Any, target: Any, weight: Any, ignore_index: int
) -> tuple[np.ndarray, np.ndarray]:
    """Labels that can be used as indices, and how much each counts: 0 if it is to be ignored."""
    x = raw(input)
    if not x.ndim:
        raise ShapeError(located(f"{name}: input needs an axis of classes, but is a number"))
    classes = x.shape[min(1, x.ndim - 1)]
    labels = class_indices(name, target, (*x.shape[:1], *x.shape[2:])[: x.ndim - 1], x)
    if x.ndim == 1:
        labels = labels[None]
    ignored = labels == ignore_index
    labels = np.where(ignored, 0, labels)
    check_classes(name, labels, classes)
    weights = _class_weights(name, weight, classes, x.dtype)
    scale = np.ones(labels.shape, x.dtype) if weights is None else weights[labels]
    return labels, np.where(ignored, np.zeros((), x.dtype), scale)


@quiet
def _nll(logp: Any, labels: Any, scale: Any, reduction: str, single: bool) -> Any:
    """Negative log-likelihoods of (N, C, ...), reduced; the mean is a mean by weight."""
    losses = _picked(logp, labels=labels, scale=scale)
    if reduction == "none":
        return _reshape(losses, shape=()) if single else losses
    total = reduced(losses, "sum")
    return total if reduction == "sum" else total / scale.sum()


def nll_loss(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Minus the log-probability of the right class, ``-w_y input[y]``; the gradient is ``-w_y g``.

    The mean is weighted: the sum divided by the sum of ``w_y`` (NaN if every target is ignored).

    Parameters
    ----------
    input : Tensor of shape (C,), (N, C) or (N, C, d1, ...)
        Log-probabilities, such as `log_softmax` gives.
    target : Tensor of shape (), (N,) or (N, d1, ...)
        Class indices.
    weight : Tensor of shape (C,), optional
        How much each class counts.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    ignore_index : int
        Targets of this value count nothing.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> nll_loss(np.log([[0.25, 0.75]]), np.array([1])).round(4)
    np.float64(0.2877)
    """
    reduction = chosen("nll_loss", reduction, size_average, reduce)
    labels, scale = _labels("nll_loss", input, target, weight, ignore_index)
    logp, single = _with_batch(input)
    return _nll(logp, labels, scale, reduction, single)


# ------------------------------------------------------------------------------- the softmax loss


@primitive(name="cross_entropy")
@quiet
def _cross_entropy(input: Any, *, labels: Any, kept: dict[str, Any]) -> Any:
    """Mean over the rows of ``logsumexp(s) - s[y]``; keeps what softmax(s) is made of."""
    n, classes = input.shape
    turned = by_columns(input)
    if turned:
        s = input.T.copy()
        s -= np.maximum.reduce(s, 0)
    else:
        s = np.subtract(input, np.maximum.reduce(input, 1, keepdims=True), order="C")
    places = flat_places(labels, input.shape, turned)
    own = s.ravel()[places]
    e = np.exp(s, s)
    one = ones(classes, s.dtype)
    total = one.dot(e) if turned else e.dot(one)
    kept["parts"] = e, total, places, turned
    losses = np.log(total)
    losses -= own
    return ones(n, s.dtype).dot(losses) / float(n)


_plain_loss = _cross_entropy.forward.__wrapped__


def _softmax_minus_onehot(g: Any, out: Any, s: Any, labels: Any, kept: dict[str, Any]) -> Any:
    return (_softmax(s, axis=(1,)) - one_hot_rows(labels, s)) * (g / float(len(labels)))


def _from_kept(g: Any, out: Any, inputs: Any, options: dict[str, Any]) -> tuple[Any]:
    """The same from what forward kept, whose memory becomes the result's."""
    parts = options["kept"].pop("parts", None)
    if parts is None:  # another pass has used it
        again: dict[str, Any] = {}
        _plain_loss(inputs[0], labels=options["labels"], kept=again)
        parts = again["parts"]
    elif state.watch is not None:  # who watches is to find everything as it was
        options["kept"]["parts"] = parts
        parts = (parts[0].copy(), *parts[1:])
    e, total, places, turned = parts
    share = g / float(len(total))
    factors = share / total
    d = np.multiply(e, factors if turned else factors[:, None], out=e)
    d.ravel()[places] -= share
    return (d.T if turned else d,)


def _taped(input: Any, s: np.ndarray, labels: np.ndarray) -> Any:
    """``_cross_entropy(input, labels=labels, kept={})``, at less expense."""
    edge = getattr(input, "_node", None)
    kept: dict[str, Any] = {}
    if edge is None or not state.grad or state.watch is not None:
        return _cross_entropy(input, labels=labels, kept=kept)
    try:
        out = silence.run(_plain_loss, s, labels=labels, kept=kept)
    except RuntimeError:  # it is silent already
        return _cross_entropy(input, labels=labels, kept=kept)
    edges = (input if edge is LEAF else edge,)
    options = {"labels": labels, "kept": kept}
    return box(out, Node(_cross_entropy, options, edges, (s,), out, tick()))


_cross_entropy.defvjp(_softmax_minus_onehot)
_cross_entropy.defquick(_from_kept)


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """The softmax loss ``-log(exp(s_y) / sum_j exp(s_j))``, in nats; gradient ``p - onehot(y)``.

    With probabilities `t` as target it is ``-sum_j t_j log p_j``. With smoothing ``ε``, a target
    counts ``(1 - ε) t + ε/C``. A weight multiplies the term of its class; the mean over class
    indices is then a mean by weight, that over probabilities the plain one.

    Parameters
    ----------
    input : Tensor of shape (C,), (N, C) or (N, C, d1, ...)
        Scores (logits).
    target : Tensor
        Class indices, of shape (), (N,) or (N, d1, ...); or class probabilities, of the shape (and
        a dtype) like that of `input`.
    weight : Tensor of shape (C,), optional
        How much each class counts.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    ignore_index : int
        Class indices of this value count nothing.
    reduction : {"mean", "sum", "none"}
    label_smoothing : float
        The ε above, from 0 to 1.

    Examples
    --------
    >>> cross_entropy(np.zeros((1, 10)), np.array([3])).round(6)
    np.float64(2.302585)
    """
    try:
        s, t = input._array, target._array
    except AttributeError:
        s, t = raw(input), raw(target)
    if (
        reduction == "mean"
        and weight is None
        and not label_smoothing
        and s.ndim == 2
        and not 0 <= ignore_index < s.shape[1]
        and size_average is None is reduce
        and s.dtype in ZEROS
        and len(s)
        and getattr(t, "dtype", None) is _INT64
        and t.shape == s.shape[:1]
    ):
        try:
            return _taped(input, s, t)
        except ValueError:
            pass  # a label that names no class: the long way says which
    reduction = chosen("cross_entropy", reduction, size_average, reduce)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(
            located(
                "cross_entropy: label_smoothing must be between 0.0 and 1.0. Got: "
                f"{label_smoothing}"
            )
        )
    if s.ndim and np.shape(t) == s.shape and np.asarray(t).dtype.kind == "f":
        return _from_probabilities(input, target, weight, reduction, label_smoothing)
    labels, scale = _labels("cross_entropy", input, target, weight, ignore_index)
    scores, single = _with_batch(input)
    logp = _log_softmax(scores, axis=(1,))
    loss = _nll(logp, labels, scale, reduction, single)
    if not label_smoothing:
        return loss
    classes = raw(scores).shape[1]
    weights = _class_weights("cross_entropy", weight, classes, s.dtype)
    counts = np.reshape(t, labels.shape) != ignore_index
    spread = where(counts, _over_classes(logp, None, weights), 0.0)
    if reduction != "none":
        spread = reduced(spread, "sum")
    elif single:
        spread = _reshape(spread, shape=())
    if reduction == "mean":
        with np.errstate(all="ignore"):
            spread = spread / scale.sum()
    return (1.0 - label_smoothing) * loss + (label_smoothing / classes) * spread


def _over_classes(logp: Any, target: Any, weights: Any) -> Any:
    """``-sum_c w_c t_c log p_c`` over axis 1; without a target, its ``t_c`` are 1."""
    terms = logp if target is None else logp * target
    if weights is not None:
        terms = terms * weights.reshape(-1, *(1,) * (raw(logp).ndim - 2))
    return -_sum(terms, axis=(1,), keepdims=False)


@quiet
def _from_probabilities(
    input: Any, target: Any, weight: Any, reduction: str, smoothing: float
) -> Any:
    scores, single = _with_batch(input)
    probabilities = _with_batch(target)[0]
    s = raw(scores)
    classes = s.shape[1]
    if smoothing:
        probabilities = mul(probabilities, 1.0 - smoothing) + smoothing / classes
    weights = _class_weights("cross_entropy", weight, classes, s.dtype)
    losses = _over_classes(_log_softmax(scores, axis=(1,)), probabilities, weights)
    if reduction == "none":
        return to_dtype(_reshape(losses, shape=()) if single else losses, s.dtype)
    total = reduced(losses, "sum")
    return total if reduction == "sum" else total / float(s.size // max(classes, 1))
