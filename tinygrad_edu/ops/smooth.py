"""Smooth activation functions: the sigmoid and its relatives, gelu, elu."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import is_tensor, primitive, raw
from ..errors import ShapeError, located
from ..quiet import quiet
from .arguments import numpy_names, one_axis
from .arithmetic import abs, square
from .compare import _where as where
from .error_function import erf
from .exponential import exp, floats_only, tanh
from .index import getitem
from .selection import select

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "logit",
    "logsigmoid",
    "mish",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
]

smooth = primitive(elementwise=True)
floating = primitive(elementwise=True, promotes="float")


@floating
@quiet
def sigmoid(input: Any) -> Any:
    """``1 / (1 + exp(-x))``; gradient ``g out (1 - out)``. Never overflows.

    Examples
    --------
    >>> sigmoid(np.array([0.0, 1000.0, -1000.0]))
    array([0.5, 1. , 0. ])
    """
    # Where exp(-x) is infinite its reciprocal is 0, which is right.
    if not input.ndim:
        return 1.0 / (1.0 + np.exp(-input))
    e = np.negative(input)
    np.exp(e, out=e)
    e += 1.0
    return np.reciprocal(e, out=e)


sigmoid.defvjp(lambda g, out, x: g * (out * (1.0 - out)))


@primitive(elementwise=True, promotes="float", name="logit")
@quiet
def _logit(input: Any, *, eps: float | None) -> Any:
    p = input if eps is None else np.minimum(np.maximum(input, eps), 1.0 - eps)
    return np.log(p / (1.0 - p))


def _d_logit(g: Any, out: Any, x: Any, eps: float | None) -> Any:
    low, high = (0.0, 1.0) if eps is None else (eps, 1.0 - eps)
    within = (raw(x) >= low) & (raw(x) <= high)
    return where(within, g / (x * (1.0 - x)), math.nan if eps is None else 0.0)


_logit.defvjp(_d_logit)


def logit(input: Any, eps: float | None = None) -> Any:
    """``log(p / (1 - p))``, the inverse of the sigmoid; gradient ``g / (p (1 - p))``.

    With `eps`, the input is first kept between `eps` and ``1 - eps``, outside of which the gradient
    is 0; without it, there is none (NaN) outside of [0, 1].

    Examples
    --------
    >>> logit(np.array([0.5, 0.0]), eps=0.5)
    array([0., 0.])
    """
    return _logit(input, eps=eps)


def _log_sigmoid(x: Any) -> Any:
    return np.minimum(x, 0.0) - np.log1p(np.exp(-np.abs(x)))


@smooth
def logsigmoid(input: Any) -> Any:
    """``log(sigmoid(x)) = -log(1 + exp(-x))``, without overflow; gradient ``g sigmoid(-x)``.

    Examples
    --------
    >>> logsigmoid(np.array([0.0, -1000.0])).round(4)
    array([-6.931e-01, -1.000e+03])
    """
    floats_only(input)
    return _log_sigmoid(input)


logsigmoid.defvjp(lambda g, out, x: g * sigmoid(-x))


@primitive(elementwise=True, name="softplus")
@quiet
def _softplus(input: Any, *, beta: float, threshold: float) -> Any:
    floats_only(input)
    scaled = input * beta
    return select(scaled > threshold, input, -_log_sigmoid(-scaled) / beta)


_softplus.defvjp(
    lambda g, out, x, beta, threshold: where(x * beta > threshold, g, g * sigmoid(x * beta))
)


def softplus(input: Any, beta: float = 1, threshold: float = 20) -> Any:
    """``log(1 + exp(beta x)) / beta``, a smooth ReLU; gradient ``g sigmoid(beta x)``.

    Where ``beta x > threshold`` it is ``x``, with gradient ``g``, as in PyTorch.

    Examples
    --------
    >>> softplus(np.array([0.0, 100.0])).round(4)
    array([  0.6931, 100.    ])
    """
    return _softplus(input, beta=beta, threshold=threshold)


@floating
@quiet
def softsign(input: Any) -> Any:
    """``x / (1 + |x|)``; gradient ``g / (1 + |x|)**2``.

    Examples
    --------
    >>> softsign(np.array([-1.0, 0.0, 3.0]))
    array([-0.5 ,  0.  ,  0.75])
    """
    return input / (1.0 + np.abs(input))


softsign.defvjp(lambda g, out, x: g / square(1.0 + abs(x)))


@floating
@quiet
def tanhshrink(input: Any) -> Any:
    """``x - tanh(x)``; gradient ``g tanh(x)**2``.

    Examples
    --------
    >>> tanhshrink(np.array([0.0, 100.0]))
    array([ 0., 99.])
    """
    return input - np.tanh(input)


tanhshrink.defvjp(lambda g, out, x: g * square(tanh(x)))


@smooth
@quiet
def silu(input: Any) -> Any:
    """``x sigmoid(x)``, also called swish; gradient ``g s (1 + x (1 - s))``, ``s = sigmoid(x)``.

    Examples
    --------
    >>> silu(np.array([0.0, 100.0, -1000.0]))
    array([  0., 100.,  -0.])
    """
    floats_only(input)
    return input / (1.0 + np.exp(-input))


def _d_silu(g: Any, out: Any, x: Any) -> Any:
    s = sigmoid(x)
    return g * (s * (1.0 + x * (1.0 - s)))


silu.defvjp(_d_silu)


@smooth
@quiet
def mish(input: Any) -> Any:
    """``x tanh(softplus(x))``; gradient ``g (t + x sigmoid(x) (1 - t**2))``, `t` being the tanh.

    Examples
    --------
    >>> mish(np.array([0.0, 100.0]))
    array([  0., 100.])
    """
    floats_only(input)
    return input * np.tanh(-_log_sigmoid(-input))


def _d_mish(g: Any, out: Any, x: Any) -> Any:
    t = tanh(-logsigmoid(-x))
    return g * (t + x * sigmoid(x) * (1.0 - t * t))


mish.defvjp(_d_mish)


# ------------------------------------------------------------------------------------- gelu


def _normal_cdf(x: Any) -> Any:
    return 0.5 * (1.0 + erf(x * math.sqrt(0.5)))


def _normal_density(x: Any) -> Any:
    return exp(-0.5 * square(x)) * (1.0 / math.sqrt(2.0 * math.pi))


@primitive(elementwise=True, name="gelu")
@quiet
def _gelu(input: Any, *, kept: dict[str, Any]) -> Any:
    floats_only(input)
    cdf = kept["cdf"] = _normal_cdf(input)
    return input * cdf


def _d_gelu(g: Any, out: Any, x: Any, kept: dict[str, Any]) -> Any:
    # A pass that is recorded needs it with its history.
    cdf = _normal_cdf(x) if is_tensor(g) else kept["cdf"]
    return g * (cdf + x * _normal_density(x))


_gelu.defvjp(_d_gelu)

_K, _CUBIC = math.sqrt(2.0 / math.pi), 0.044715


@primitive(elementwise=True, name="gelu")
@quiet
def _gelu_tanh(input: Any) -> Any:
    floats_only(input)
    return 0.5 * input * (1.0 + np.tanh(_K * (input + _CUBIC * (input * input * input))))


def _d_gelu_tanh(g: Any, out: Any, x: Any) -> Any:
    t = tanh(_K * (x + _CUBIC * (x * x * x)))
    slope = _K * (1.0 + 3.0 * _CUBIC * square(x))
    return g * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope)


_gelu_tanh.defvjp(_d_gelu_tanh)


def gelu(input: Any, *, approximate: str = "none") -> Any:
    """``x Φ(x)``, Φ being the normal distribution function; gradient ``g (Φ(x) + x φ(x))``.

    With ``approximate="tanh"`` it is ``x/2 (1 + tanh(sqrt(2/π) (x + 0.044715 x**3)))``.

    Examples
    --------
    >>> gelu(np.array([-1.0, 0.0, 1.0])).round(4)
    array([-0.1587,  0.    ,  0.8413])
    """
    if approximate == "none":
        return _gelu(input, kept={})
    if approximate != "tanh":
        raise ShapeError(located(f"gelu: approximate must be 'none' or 'tanh': {approximate!r}"))
    return _gelu_tanh(input)


# -------------------------------------------------------------------------------------- elu


@primitive(elementwise=True, name="elu")
@quiet
def _elu(input: Any, *, alpha: float, scale: float, rate: float) -> Any:
    floats_only(input)
    below = (alpha * scale) * np.expm1(np.minimum(input, 0.0) * rate)
    return select(input <= 0, below, input * scale)


def _d_elu(g: Any, out: Any, x: Any, alpha: float, scale: float, rate: float) -> Any:
    below = x <= 0  # and only there the exponential is taken: above it might overflow
    slope = (alpha * scale * rate) * exp(where(below, x, 0.0) * rate)
    return where(below, g * slope, g * scale)


_elu.defvjp(_d_elu)


def elu(input: Any, alpha: float = 1.0) -> Any:
    """``x`` above 0, else ``alpha (exp(x) - 1)``; gradient ``g``, else ``g alpha exp(x)``.

    Examples
    --------
    >>> elu(np.array([-1000.0, 0.0, 2.0]))
    array([-1.,  0.,  2.])
    """
    return _elu(input, alpha=alpha, scale=1.0, rate=1.0)


def celu(input: Any, alpha: float = 1.0) -> Any:
    """``x`` above 0, else ``alpha (exp(x/alpha) - 1)``: an `elu` of slope 1 on both sides of 0.

    Examples
    --------
    >>> celu(np.array([-1000.0, 0.0, 2.0]), alpha=2.0)
    array([-2.,  0.,  2.])
    """
    if alpha == 0:
        raise RuntimeError(located("celu: ZeroDivisionError: alpha cannot be 0 for CELU"))
    return _elu(input, alpha=alpha, scale=1.0, rate=1.0 / alpha)


_SELU = {"alpha": 1.6732632423543772, "scale": 1.0507009873554805, "rate": 1.0}


def selu(input: Any) -> Any:
    """``scale * elu(x, alpha)`` with the two numbers that keep mean 0 and variance 1.

    They are ``scale = 1.0507...`` and ``alpha = 1.6732...`` (Klambauer et al. 2017).

    Examples
    --------
    >>> selu(np.array([-1000.0, 0.0, 1.0])).round(4)
    array([-1.7581,  0.    ,  1.0507])
    """
    return _elu(input, **_SELU)


@numpy_names
def glu(input: Any, dim: int = -1) -> Any:
    """``a sigmoid(b)``, `a` and `b` being the two halves of the input along `dim`.

    Examples
    --------
    >>> glu(np.array([1.0, 2.0, 0.0, 1000.0]))
    array([0.5, 2. ])
    """
    shape = raw(input).shape
    if not shape:
        raise ShapeError(located("glu: does not support 0-dimensional tensors"))
    axis = one_axis("glu", dim, len(shape))
    half, odd = divmod(shape[axis], 2)
    if odd:
        raise ShapeError(
            located(f"glu: Halving dimension must be even, but dimension {axis} is {shape[axis]}")
        )
    before = (slice(None),) * axis
    a = getitem(input, index=(*before, slice(half)))
    return a * sigmoid(getitem(input, index=(*before, slice(half, None))))
