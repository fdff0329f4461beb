"""Sums, products, quotients, signs and powers."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..engine import primitive
from ..quiet import quiet, silently
from .compare import clash, no_slope, where
from .division import rounded_quotient
from .exponential import log
from .fitting import to_dtype

__all__ = [
    "abs",
    "absolute",
    "add",
    "div",
    "divide",
    "float_power",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "pow",
    "reciprocal",
    "rsub",
    "sgn",
    "sign",
    "square",
    "sub",
    "subtract",
    "true_divide",
]

arithmetic = primitive(elementwise=True, promotes="arithmetic")
_plus, _minus, _times, _over = operator.add, operator.sub, operator.mul, operator.truediv


@arithmetic
def add(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``input + alpha * other``; gradients ``g`` and ``alpha g``.

    Examples
    --------
    >>> add(np.array([1.0, 2.0]), 10.0)
    array([11., 12.])
    >>> add(np.array([1.0, 2.0]), np.array([10.0, 20.0]), alpha=0.5)
    array([ 6., 12.])
    """
    if alpha != 1 or alpha is True:
        other = _scaled(input, other, alpha)
    return silently(_plus, input, other)


@arithmetic
def sub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``input - alpha * other``; gradients ``g`` and ``-alpha g``. Two bools can't be subtracted.

    Examples
    --------
    >>> sub(np.array([1.0, 2.0]), 10.0)
    array([-9., -8.])
    """
    if alpha != 1 or alpha is True:
        other = _scaled(input, other, alpha)
    return silently(_minus, input, other)


def _scaled(input: Any, other: Any, alpha: Any) -> Any:
    """``alpha * other``, where the dtype of the result allows this alpha."""
    if hasattr(alpha, "item"):
        alpha = alpha.item()
    dtype = np.result_type(input, other)
    if dtype.kind == "b":
        return other if alpha else np.zeros_like(other)
    if isinstance(alpha, bool):
        raise TypeError("a bool alpha is only for bool inputs")
    if dtype.kind != "f":
        if isinstance(alpha, float):
            raise TypeError("for integer inputs, alpha must not be a float; convert with .float()")
        alpha = np.asarray(alpha).astype(dtype)  # PyTorch wraps what is out of range
    return silently(_times, other, alpha)


@arithmetic
def mul(input: Any, other: Any) -> Any:
    """``input * other``, element by element; gradients ``g * other`` and ``g * input``.

    Examples
    --------
    >>> mul(np.array([1.0, 2.0]), 10.0)
    array([10., 20.])
    """
    return silently(_times, input, other)


@primitive(elementwise=True, promotes="float", name="div")
def true_divide(input: Any, other: Any) -> Any:
    """``input / other``; gradients ``g / other`` and ``-g out / other``.

    Integers give floats. A number divided by 0 is ±inf, and 0 / 0 is nan.

    Examples
    --------
    >>> true_divide(np.array([1.0, 2.0]), 10.0)
    array([0.1, 0.2])
    """
    return silently(_over, input, other)


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """``input / other``; rounded, if wanted, towards 0 ("trunc") or down ("floor").

    The gradients are ``g / other`` and ``-g out / other``; those of a rounded quotient are 0.
    Rounded quotients of integers are integers.

    Examples
    --------
    >>> div(np.array([7, -7]), 2)
    array([ 3.5, -3.5])
    >>> div(np.array([7, -7]), 2, rounding_mode="floor")
    array([ 3, -4])
    """
    if rounding_mode is None:
        return true_divide(input, other)
    return rounded_quotient(input, other, rounding_mode=rounding_mode)


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``; gradients ``-alpha g`` and ``g``.

    Examples
    --------
    >>> rsub(np.array([1.0, 2.0]), 10.0)
    array([9., 8.])
    """
    return sub(other, input, alpha=alpha)


@arithmetic
def neg(input: Any) -> Any:
    """``-input``; gradient ``-g``. Not for bools: ``~`` inverts a mask.

    Examples
    --------
    >>> neg(np.array([1.0, -2.0]))
    array([-1.,  2.])
    """
    return -input


@arithmetic
def positive(input: Any) -> Any:
    """``+input``; gradient ``g``. Not for bools.

    Examples
    --------
    >>> positive(np.array([1.0, -2.0]))
    array([ 1., -2.])
    """
    return +input


@primitive(elementwise=True, promotes="float")
@quiet
def reciprocal(input: Any) -> Any:
    """``1 / input``; gradient ``-g out**2``. It is ±inf at 0.

    Examples
    --------
    >>> reciprocal(np.array([2.0, -4.0]))
    array([ 0.5 , -0.25])
    """
    return 1.0 / input


@arithmetic
@quiet
def square(input: Any) -> Any:
    """``input ** 2``; gradient ``2 x g``.

    Examples
    --------
    >>> square(np.array([1.0, -3.0]))
    array([1., 9.])
    """
    if input.dtype.kind == "b":
        input = input.astype(np.int64)
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
    """-1, 0 or 1, and 0 for nan; the gradient is 0.

    Examples
    --------
    >>> sign(np.array([-2.0, 0.0, 3.0]))
    array([-1.,  0.,  1.])
    """
    if input.dtype.kind == "b":
        return input.copy()
    return np.subtract(input > 0, input < 0, dtype=input.dtype)


@arithmetic
@quiet
def pow(input: Any, exponent: Any) -> Any:
    """``input ** exponent``. The gradients are ``p x**(p-1)`` and ``x**p log x``, times ``g``.

    Where the exponent is 0, the first is 0; where x is 0, the second (for p >= 0). Integers stay
    integers: a negative number as exponent is refused, negative ones in a tensor round towards 0.

    Examples
    --------
    >>> pow(np.array([1.0, 2.0, 3.0]), 2)
    array([1., 4., 9.])
    >>> pow(2.0, np.array([1.0, 2.0, 3.0]))
    array([2., 4., 8.])
    """
    if exponent.__class__ is int or exponent.__class__ is float:
        # numpy.power takes a logarithm; products and roots are exact, and much faster. NumPy's own
        # `**` takes the short way for -1, 0.5, 1 and 2.
        if exponent == 3:
            return input * input * input
        return 1 / np.sqrt(input) if exponent == -0.5 else input**exponent
    if hasattr(exponent, "dtype") and exponent.dtype.kind == "i" and np.any(exponent < 0):
        return _integer_power(input, exponent)
    return input**exponent


def _integer_power(x: Any, p: Any) -> Any:
    """``x**p`` rounded towards 0, with negative p: only 1 and -1 have a reciprocal."""
    if isinstance(x, (int, float)):
        x = np.asarray(x, p.dtype if isinstance(x, int) else None)
    if x.dtype.kind == "f":
        return x**p
    below = np.where(np.abs(x) == 1, x ** (p & 1), 0)
    return np.where(p < 0, below, x ** np.maximum(p, 0))


def float_power(input: Any, exponent: Any) -> Any:
    """``input ** exponent`` in float64, whatever the dtypes; gradients as those of `pow`.

    Examples
    --------
    >>> float_power(np.array([1, 2, 3]), 2)
    array([1., 4., 9.])
    """
    if hasattr(input, "dtype"):
        input = to_dtype(input, np.float64)
    if hasattr(exponent, "dtype"):
        exponent = to_dtype(exponent, np.float64)
    return pow(input, exponent)


absolute, divide, multiply, negative, sgn, subtract = abs, div, mul, neg, sign, sub


for _op in (add, sub, mul, true_divide, pow):
    _op.explain = clash


def _d_base(g: Any, out: Any, x: Any, p: Any) -> Any:
    if isinstance(p, (int, float)):
        if p == 2:
            return g * (2.0 * x)
        return no_slope(g) if p == 0 else g * (p * pow(x, p - 1))
    # p x**(p-1) is 0 where p is 0, also at x = 0, where the power alone would be infinite.
    return where(p == 0, 0.0, g * (p * pow(x, p - 1)))


def _d_exponent(g: Any, out: Any, x: Any, p: Any) -> Any:
    # x**p log x tends to 0 as x tends to 0 from above (p >= 0), where the formula gives 0 * inf.
    if isinstance(x, (int, float)):
        return where(p >= 0, 0.0, g * (out * -np.inf)) if x == 0 else g * (out * log(x))
    return g * where((x == 0) * (p >= 0), 0.0, out * log(x))


add.defvjp(
    lambda g, out, x, y, alpha=1: g,
    lambda g, out, x, y, alpha=1: g if alpha == 1 else g * alpha,
)
sub.defvjp(
    lambda g, out, x, y, alpha=1: g,
    lambda g, out, x, y, alpha=1: -g if alpha == 1 else g * -alpha,
)
mul.defvjp(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
true_divide.defvjp(lambda g, out, x, y: g / y, lambda g, out, x, y: -g * (out / y))
neg.defvjp(lambda g, out, x: -g)
positive.defvjp(lambda g, out, x: g)
reciprocal.defvjp(lambda g, out, x: -g * (out * out))
square.defvjp(lambda g, out, x: g * (2.0 * x))
pow.defvjp(_d_base, _d_exponent)
abs.defvjp(lambda g, out, x: g * sign(x))
sign.defvjp(lambda g, out, x: no_slope(g))
