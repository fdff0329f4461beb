"""Sums, products and powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from .compare import where
from .exponential import log

__all__ = ["abs", "add", "div", "mul", "neg", "pow", "sign", "square", "sub"]

arithmetic = primitive(elementwise=True, promotes="arithmetic")


@arithmetic
def add(input: Any, other: Any) -> Any:
    """``input + other``.

    Examples
    --------
    >>> add(np.array([1.0, 2.0]), 10.0)
    array([11., 12.])
    """
    return input + other


@arithmetic
def sub(input: Any, other: Any) -> Any:
    """``input - other``.

    Examples
    --------
    >>> sub(np.array([1.0, 2.0]), 10.0)
    array([-9., -8.])
    """
    return input - other


@arithmetic
def mul(input: Any, other: Any) -> Any:
    """``input * other``, element by element.

    Examples
    --------
    >>> mul(np.array([1.0, 2.0]), 10.0)
    array([10., 20.])
    """
    return input * other


@primitive(elementwise=True, promotes="float")
@np.errstate(all="ignore")
def div(input: Any, other: Any) -> Any:
    """``input / other``.

    Examples
    --------
    >>> div(np.array([1.0, 2.0]), 10.0)
    array([0.1, 0.2])
    """
    return input / other


@arithmetic
def neg(input: Any) -> Any:
    """``-input``.

    Examples
    --------
    >>> neg(np.array([1.0, -2.0]))
    array([-1.,  2.])
    """
    return -input


@arithmetic
@np.errstate(all="ignore")
def pow(input: Any, exponent: Any) -> Any:
    """``input ** exponent``. The gradients are ``p x**(p-1)`` and ``x**p log x``.

    Where the exponent is 0, the first is 0; where x is 0, the second (for p >= 0).

    Examples
    --------
    >>> pow(np.array([1.0, 2.0, 3.0]), 2)
    array([1., 4., 9.])
    """
    return input**exponent


@arithmetic
def square(input: Any) -> Any:
    """``input ** 2``; gradient ``2 x g``.

    Examples
    --------
    >>> square(np.array([1.0, -3.0]))
    array([1., 9.])
    """
    return input * input


@arithmetic
def abs(input: Any) -> Any:
    """``|x|``; gradient ``g sign(x)``, 0 at 0.

    Examples
    --------
    >>> abs(np.array([-2.0, 3.0]))
    array([2., 3.])
    """
    return np.abs(input)


@arithmetic
def sign(input: Any) -> Any:
    """-1, 0 or 1; the gradient is 0.

    Examples
    --------
    >>> sign(np.array([-2.0, 0.0, 3.0]))
    array([-1.,  0.,  1.])
    """
    return np.sign(input)


def _d_base(g: Any, out: Any, x: Any, p: Any) -> Any:
    # p x**(p-1) is 0 where p is 0, also at x = 0, where the power alone would be infinite.
    if isinstance(p, (int, float)):
        return g * 0.0 * x if p == 0 else g * (p * x ** (p - 1))
    return where(p == 0, g * 0.0, g * (p * x ** (p - 1)))


def _d_exponent(g: Any, out: Any, x: Any, p: Any) -> Any:
    # x**p log x tends to 0 as x tends to 0 from above (p >= 0), where the formula gives 0 * inf.
    at_zero = (x == 0) * (p >= 0)
    return g * where(at_zero, out * 0.0, out * log(where(at_zero, x * 0.0 + 1.0, x)))


add.defvjp(lambda g, out, x, y: g, lambda g, out, x, y: g)
sub.defvjp(lambda g, out, x, y: g, lambda g, out, x, y: -g)
mul.defvjp(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
div.defvjp(lambda g, out, x, y: g / y, lambda g, out, x, y: -g * (out / y))
neg.defvjp(lambda g, out, x: -g)
square.defvjp(lambda g, out, x: 2.0 * g * x)
pow.defvjp(_d_base, _d_exponent)
abs.defvjp(lambda g, out, x: g * sign(x))
sign.defvjp(lambda g, out, x: g * 0.0)
