"""Losses of numbers: how far a prediction is from its target."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .arithmetic import mul, sign, square, sub
from .compare import where
from .exponential import exp, log
from .loss import chosen, reduced, same_shape, weighted
from .shape import unsqueeze

__all__ = [
    "gaussian_nll_loss",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
]

pairwise = primitive(elementwise=True, promotes="arithmetic")


def _reduced_by_weight(name: str, losses: Any, weight: Any, reduction: str) -> Any:
    """Weighted losses; their mean is the sum divided by the sum of the weights."""
    if weight is None:
        return reduced(losses, reduction)
    if raw(weight).shape != raw(losses).shape:
        raise ShapeError(
            located(
                f"{name}: Weights and input must have the same size, not {raw(weight).shape} and "
                f"{raw(losses).shape}"
            )
        )
    losses = weighted(losses, weight)
    if reduction != "mean":
        return reduced(losses, reduction)
    return reduced(losses, "sum") / reduced(weight, "sum")


@primitive(promotes="arithmetic", name="mse_loss")
@quiet
def _mean_square(input: Any, target: Any) -> Any:
    """``mean((input - target)**2)`` in one op, for it is what most regressions train on."""
    d = (input - target).ravel()
    if d.dtype.kind != "f":
        raise DTypeError(f"not implemented for {d.dtype}; convert with .float() first")
    return d.dtype.type(np.dot(d, d) / float(d.size))


def _d_mean_square(g: Any, x: Any, y: Any) -> Any:
    return (2.0 / math.prod(x.shape) * g) * (x - y)


_mean_square.defvjp(
    lambda g, out, x, y: _d_mean_square(g, x, y),
    lambda g, out, x, y: _d_mean_square(g, y, x),
)


def mse_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """The squared error ``(x - y)**2``; gradient ``2 g (x - y)``.

    Parameters
    ----------
    input, target : Tensors of one shape
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}
    weight : Tensor of the same shape, optional
        The mean is then one by weight.

    Raises
    ------
    ShapeError
        The shapes differ: they are not broadcast.

    Examples
    --------
    >>> mse_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    same_shape("mse_loss", input, target)
    reduction = chosen("mse_loss", reduction, size_average, reduce)
    if reduction == "mean" and weight is None and raw(input).size:
        return _mean_square(input, target)
    return _reduced_by_weight("mse_loss", square(sub(input, target)), weight, reduction)


@pairwise
@quiet
def _distance(input: Any, target: Any) -> Any:
    return np.abs(input - target)


_distance.defvjp(
    lambda g, out, x, y: g * sign(x - y),
    lambda g, out, x, y: g * sign(y - x),
)


def l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    weight: Any = None,
) -> Any:
    """The absolute error ``|x - y|``; gradient ``g sign(x - y)``, 0 where they are equal.

    Parameters are those of `mse_loss`.

    Examples
    --------
    >>> l1_loss(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(1.0)
    """
    same_shape("l1_loss", input, target)
    reduction = chosen("l1_loss", reduction, size_average, reduce)
    return _reduced_by_weight("l1_loss", _distance(input, target), weight, reduction)


@primitive(elementwise=True, promotes="arithmetic", name="huber_loss")
@quiet
def _huber(input: Any, target: Any, *, delta: float, scale: float) -> Any:
    """``scale`` times: ``d**2 / 2`` up to ``|d| = delta``, then ``delta (|d| - delta/2)``."""
    d = np.abs(input - target)
    near = np.minimum(d, delta)  # near * (d - near/2) is both cases in one
    return scale * near * (d - 0.5 * near)


def _d_huber(g: Any, x: Any, y: Any, delta: float, scale: float) -> Any:
    d = x - y
    far = np.abs(raw(d)) >= delta
    return (g * scale) * where(far, delta * sign(d), d)


_huber.defvjp(
    lambda g, out, x, y, delta, scale: _d_huber(g, x, y, delta, scale),
    lambda g, out, x, y, delta, scale: _d_huber(g, y, x, delta, scale),
)


def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    """``d**2 / 2`` where ``|d| <= delta``, else ``delta (|d| - delta/2)``; ``d = x - y``.

    The gradient is ``g d``, kept between ``-delta g`` and ``delta g``. Other parameters are those
    of `mse_loss`, but the mean of weighted losses is the plain one, as in PyTorch.

    Examples
    --------
    >>> huber_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
    same_shape("huber_loss", input, target)
    reduction = chosen("huber_loss", reduction)
    if delta <= 0:
        raise RuntimeError(located("huber_loss: does not support non-positive values for delta."))
    losses = _huber(input, target, delta=delta, scale=1.0)
    if weight is not None:
        same_shape("huber_loss", input, weight)
    return reduced(weighted(losses, weight), reduction)


def smooth_l1_loss(
    input: Any,
    target: Any,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Any:
    """``d**2 / (2 beta)`` where ``|d| < beta``, else ``|d| - beta/2``: `huber_loss` over `beta`.

    With ``beta=0`` it is `l1_loss`. The gradient is ``g d / beta``, kept between -g and g.

    Examples
    --------
    >>> smooth_l1_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none")
    array([0.125, 2.5  ])
    """
    same_shape("smooth_l1_loss", input, target)
    reduction = chosen("smooth_l1_loss", reduction, size_average, reduce)
    if beta < 0:
        raise RuntimeError(located("smooth_l1_loss: does not support negative values for beta."))
    if beta == 0:
        return reduced(_distance(input, target), reduction)
    return reduced(_huber(input, target, delta=beta, scale=1.0 / beta), reduction)


def poisson_nll_loss(
    input: Any,
    target: Any,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Any:
    """Counts `y` with the Poisson rate ``exp(x)``: ``exp(x) - y x``; gradient ``g (exp(x) - y)``.

    Parameters
    ----------
    input, target : Tensors of one shape
    log_input : bool
        False: `x` is the rate itself, and the loss ``x - y log(x + eps)``.
    full : bool
        Add Stirling's approximation of ``log(y!)``, where ``y > 1``.
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    eps : float
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> poisson_nll_loss(np.array([0.0]), np.array([2.0]))
    np.float64(1.0)
    """
    same_shape("poisson_nll_loss", input, target)
    reduction = chosen("poisson_nll_loss", reduction, size_average, reduce)
    losses = exp(input) - mul(target, input) if log_input else input - target * log(input + eps)
    if full:
        stirling = target * log(target) - target + 0.5 * log(2.0 * math.pi * target)
        losses = losses + where(raw(target) <= 1, 0.0, stirling)
    return reduced(losses, reduction)


@primitive(elementwise=True)
def _at_least(var: Any, *, eps: float) -> Any:
    return np.maximum(var, eps)


# As in PyTorch, which does this out of autograd's sight, the gradient passes everywhere.
_at_least.defvjp(lambda g, out, var, eps: g)


def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    """Targets that are normal about `input`: ``(log(v) + (x - y)**2 / v) / 2``, ``v >= eps``.

    Parameters
    ----------
    input, target : Tensor
        Expectations, and samples; they may be broadcast against each other.
    var : Tensor or float
        Variances: of the shape of `input`, or that without its last axis, or with a last axis of
        length 1.
    full : bool
        Add ``log(2 π) / 2``.
    eps : float
        Variances below it are raised to it.
    reduction : {"mean", "sum", "none"}

    Examples
    --------
    >>> gaussian_nll_loss(np.array([1.0]), np.array([3.0]), np.array([1.0]))
    np.float64(2.0)
    """
    shape = raw(input).shape
    if isinstance(var, (int, float)):
        var = np.full(shape, var, raw(input).dtype)
    own = raw(var).shape
    if own not in (shape, ()):
        if own == shape[:-1]:
            var = unsqueeze(var, -1)
        elif own != (*shape[:-1], 1):
            raise ShapeError(
                located(
                    f"gaussian_nll_loss: var is of incorrect size: {own}; for input {shape} it "
                    f"must be {shape}, {(*shape[:-1], 1)} or {shape[:-1]}"
                )
            )
    reduction = chosen("gaussian_nll_loss", reduction)
    if np.any(raw(var) < 0):
        raise ValueError(located("gaussian_nll_loss: var has negative entry/entries"))
    v = _at_least(var, eps=eps)
    losses = 0.5 * (log(v) + square(sub(input, target)) / v)
    if full:
        losses = losses + 0.5 * math.log(2.0 * math.pi)
    return reduced(losses, reduction)
