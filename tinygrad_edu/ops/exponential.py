"""Exponentials, logarithms and square roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from ..quiet import quiet
from .compare import clash

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "rsqrt",
    "sqrt",
    "tanh",
]

floating = primitive(elementwise=True, promotes="float")
_LOG2, _LOG10 = float(np.log(2.0)), float(np.log(10.0))


@floating
@quiet
def exp(input: Any) -> Any:
    """``e**x``; gradient ``g * out``. It is inf for x above 709 (float32: 88).

    Examples
    --------
    >>> exp(np.array([0.0, 1.0]))
    array([1.        , 2.71828183])
    """
    return np.exp(input)


@floating
@quiet
def exp2(input: Any) -> Any:
    """``2**x``; gradient ``g * out * log(2)``.

    Examples
    --------
    >>> exp2(np.array([0.0, 3.0]))
    array([1., 8.])
    """
    return np.exp2(input)


@floating
@quiet
def expm1(input: Any) -> Any:
    """``e**x - 1``, exact for small x; gradient ``g * (out + 1)``.

    Examples
    --------
    >>> expm1(np.array([0.0, 1e-12]))
    array([0.e+00, 1.e-12])
    """
    return np.expm1(input)


@floating
@quiet
def log(input: Any) -> Any:
    """Natural logarithm; gradient ``g / x``. It is -inf at 0, nan below.

    Examples
    --------
    >>> log(np.array([1.0, np.e]))
    array([0., 1.])
    """
    return np.log(input)


@floating
@quiet
def log2(input: Any) -> Any:
    """Logarithm to base 2; gradient ``g / (x log(2))``. It is -inf at 0, nan below.

    Examples
    --------
    >>> log2(np.array([1.0, 8.0]))
    array([0., 3.])
    """
    return np.log2(input)


@floating
@quiet
def log10(input: Any) -> Any:
    """Logarithm to base 10; gradient ``g / (x log(10))``. It is -inf at 0, nan below.

    Examples
    --------
    >>> log10(np.array([1.0, 100.0]))
    array([0., 2.])
    """
    return np.log10(input)


@floating
@quiet
def log1p(input: Any) -> Any:
    """``log(1 + x)``, exact for small x; gradient ``g / (x + 1)``. It is -inf at -1, nan below.

    Examples
    --------
    >>> log1p(np.array([0.0, 1e-12]))
    array([0.e+00, 1.e-12])
    """
    return np.log1p(input)


@floating
@quiet
def sqrt(input: Any) -> Any:
    """Square root; gradient ``g / (2 out)``, which is infinite at 0. It is nan below 0.

    Examples
    --------
    >>> sqrt(np.array([4.0, 9.0]))
    array([2., 3.])
    """
    return np.sqrt(input)


@floating
@quiet
def rsqrt(input: Any) -> Any:
    """``1 / sqrt(x)``; gradient ``-g out**3 / 2``. It is inf at 0, nan below.

    Examples
    --------
    >>> rsqrt(np.array([1.0, 4.0]))
    array([1. , 0.5])
    """
    return 1 / np.sqrt(input)


@floating
def tanh(input: Any) -> Any:
    """Hyperbolic tangent; gradient ``g (1 - out**2)``.

    Examples
    --------
    >>> tanh(np.array([0.0, 100.0]))
    array([0., 1.])
    """
    return np.tanh(input)


@primitive(elementwise=True, promotes="arithmetic")
@quiet
def logaddexp(input: Any, other: Any) -> Any:
    """``log(exp(x) + exp(y))`` without overflow; gradients ``g / (1 + exp(y - x))`` and vice versa.

    Both must be floating. Where both are -inf, or both inf, the gradients are nan, as in PyTorch.

    Examples
    --------
    >>> logaddexp(np.array([0.0, 1000.0]), np.array([0.0, -1000.0]))
    array([6.93147181e-01, 1.00000000e+03])
    """
    floats_only(input, other)
    return np.logaddexp(input, other)


@primitive(elementwise=True, promotes="arithmetic")
@quiet
def logaddexp2(input: Any, other: Any) -> Any:
    """``log2(2**x + 2**y)`` without overflow; gradients ``g / (1 + 2**(y - x))`` and vice versa.

    Both must be floating.

    Examples
    --------
    >>> logaddexp2(np.array([0.0, 1000.0]), np.array([0.0, -1000.0]))
    array([   1., 1000.])
    """
    floats_only(input, other)
    return np.logaddexp2(input, other)


def floats_only(*values: Any) -> None:
    """Refuse integers and bools where PyTorch does."""
    for value in values:
        if hasattr(value, "dtype") and value.dtype.kind != "f":
            raise TypeError(f"not implemented for {value.dtype}; convert with .float() first")


logaddexp.explain = logaddexp2.explain = clash

exp.defvjp(lambda g, out, x: g * out)
exp2.defvjp(lambda g, out, x: g * out * _LOG2)
expm1.defvjp(lambda g, out, x: g * (out + 1.0))
log.defvjp(lambda g, out, x: g / x)
log2.defvjp(lambda g, out, x: g / (x * _LOG2))
log10.defvjp(lambda g, out, x: g / (x * _LOG10))
log1p.defvjp(lambda g, out, x: g / (x + 1.0))
sqrt.defvjp(lambda g, out, x: g / (2.0 * out))
rsqrt.defvjp(lambda g, out, x: -0.5 * g * (out * out * out))
tanh.defvjp(lambda g, out, x: g * (1.0 - out * out))
logaddexp.defvjp(
    lambda g, out, x, y: g / (1.0 + exp(y - x)),
    lambda g, out, x, y: g / (1.0 + exp(x - y)),
)
logaddexp2.defvjp(
    lambda g, out, x, y: g / (1.0 + exp2(y - x)),
    lambda g, out, x, y: g / (1.0 + exp2(x - y)),
)
