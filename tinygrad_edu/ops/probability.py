"""Losses of probabilities: binary cross-entropy and the Kullback-Leibler divergence."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import located
from ..quiet import quiet
from .arithmetic import mul
from .compare import maximum
from .exponential import exp, log, log1p
from .loss import REDUCTIONS, chosen, reduced, same_shape, weighted
from .smooth import logsigmoid, sigmoid

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div"]

pairwise = primitive(elementwise=True, promotes="arithmetic")


@pairwise
@quiet
def _binary(input: Any, target: Any) -> Any:
    yes, no = np.maximum(np.log(input), -100.0), np.maximum(np.log1p(-input), -100.0)
    return (target - 1.0) * no - target * yes


_binary.defvjp(
    lambda g, out, p, t: g * ((p - t) / maximum((1.0 - p) * p, 1e-12)),
    lambda g, out, p, t: g * (log1p(-p) - log(p)),
)


def binary_cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """``-(t log p + (1 - t) log(1 - p))``; gradient ``g (p - t) / (p (1 - p))``.

    As in PyTorch, logarithms are kept above -100, and ``p (1 - p)`` above 1e-12.

    Parameters
    ----------
    input : Tensor
        Probabilities, from 0 to 1.
    target : Tensor of the same shape
        0 or 1, or a probability.
    weight : Tensor, optional
        Factors of the losses, broadcast to them. The mean is the plain one.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> binary_cross_entropy(
    ...     np.array([0.5, 1.0]), np.array([1.0, 0.0]), reduction="none"
    ... ).round(4)
    array([  0.6931, 100.    ])
    """
    name = "binary_cross_entropy"
    same_shape(name, input, target)
    reduction = chosen(name, reduction, size_average, reduce)
    p = raw(input)
    if not np.all((p >= 0) & (p <= 1)):
        raise RuntimeError(
            located(
                f"{name}: all elements of input should be between 0 and 1; for logits use "
                "binary_cross_entropy_with_logits"
            )
        )
    return reduced(weighted(_binary(input, target), weight), reduction)


@pairwise
@quiet
def _from_logits(input: Any, target: Any) -> Any:
    return np.maximum(input, 0.0) - input * target + np.log1p(np.exp(-np.abs(input)))


_from_logits.defvjp(
    lambda g, out, x, t: g * (sigmoid(x) - t),
    lambda g, out, x, t: -g * x,
)


@pairwise
@quiet
def _from_logits_weighted(input: Any, target: Any, pos_weight: Any) -> Any:
    """``(1 - t) x - (1 + (w - 1) t) log(sigmoid(x))``."""
    factor = 1.0 + (pos_weight - 1.0) * target
    softplus = np.maximum(-input, 0.0) + np.log1p(np.exp(-np.abs(input)))
    return (1.0 - target) * input + factor * softplus


_from_logits_weighted.defvjp(
    lambda g, out, x, t, w: g * ((1.0 + (w - 1.0) * t) * sigmoid(x) - w * t),
    lambda g, out, x, t, w: -g * (x + (w - 1.0) * logsigmoid(x)),
    None,
)


def binary_cross_entropy_with_logits(
    input: Any,
    target: Any,
    weight: Any = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Any = None,
) -> Any:
    """`binary_cross_entropy` of ``sigmoid(x)``, without overflow; gradient ``g (sigmoid(x) - t)``.

    Parameters
    ----------
    input : Tensor
        Scores (logits).
    target : Tensor of the same shape
        0 or 1, or a probability.
    weight : Tensor, optional
        Factors of the losses, broadcast to them. The mean is the plain one.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}
    pos_weight : Tensor, optional
        Factors of the part with ``t``, broadcast to it: above 1 they punish misses.

    Examples
    --------
    >>> x = np.array([0.0, 1000.0])
    >>> binary_cross_entropy_with_logits(x, np.zeros(2), reduction="none").round(4)
    array([6.931e-01, 1.000e+03])
    """
    name = "binary_cross_entropy_with_logits"
    same_shape(name, input, target)
    reduction = chosen(name, reduction, size_average, reduce)
    if pos_weight is None:
        losses = _from_logits(input, target)
    else:
        losses = _from_logits_weighted(input, target, pos_weight)
    return reduced(weighted(losses, weight), reduction)


@primitive(elementwise=True, promotes="arithmetic")
@quiet
def _t_log_t(target: Any) -> Any:
    return np.where(target == 0, 0.0 * target, target * np.log(target))


# At 0 this is NaN, as in PyTorch: there is no slope.
_t_log_t.defvjp(lambda g, out, t: g * (log(t) + t / t))


def kl_div(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Any:
    """The Kullback-Leibler divergence ``t (log t - x)``, 0 where ``t = 0``; gradient ``-t g``.

    Parameters
    ----------
    input : Tensor
        **Log**-probabilities.
    target : Tensor of the same shape
        Probabilities; log-probabilities if `log_target`.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "batchmean", "sum", "none"}
        The divergence itself is "batchmean": the sum, divided by the length of the first axis.
    log_target : bool

    Examples
    --------
    >>> kl_div(
    ...     np.log([[0.5, 0.5]]), np.array([[0.0, 1.0]]), reduction="batchmean"
    ... ).round(4)
    np.float64(0.6931)
    """
    same_shape("kl_div", input, target)
    if reduction == "batchmean":
        total = kl_div(input, target, reduction="sum", log_target=log_target)
        shape = raw(input).shape
        return total / float(shape[0]) if shape else total
    if reduction not in REDUCTIONS:
        raise ValueError(
            located(
                f"kl_div: {reduction!r} is not a valid value for reduction: use "
                f"{(*REDUCTIONS, 'batchmean')}"
            )
        )
    reduction = chosen("kl_div", reduction, size_average, reduce)
    if log_target:
        losses = exp(target) * (target - input)
    else:
        losses = _t_log_t(target) - mul(target, input)
    return reduced(losses, reduction)
