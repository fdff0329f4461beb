"""Circular and hyperbolic functions, and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from ..quiet import quiet
from .compare import _over, clash
from .exponential import floating, floats_only, rsqrt

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "hypot",
    "sin",
    "sinh",
    "tan",
]


@floating
@quiet
def sin(input: Any) -> Any:
    """Sine; gradient ``g cos(x)``.

    Examples
    --------
    >>> sin(np.array([0.0, np.pi / 2]))
    array([0., 1.])
    """
    return np.sin(input)


@floating
@quiet
def cos(input: Any) -> Any:
    """Cosine; gradient ``-g sin(x)``.

    Examples
    --------
    >>> cos(np.array([0.0, np.pi]))
    array([ 1., -1.])
    """
    return np.cos(input)


@floating
@quiet
def tan(input: Any) -> Any:
    """Tangent; gradient ``g (1 + out**2)``.

    Examples
    --------
    >>> tan(np.array([0.0, np.pi / 4]))
    array([0., 1.])
    """
    return np.tan(input)


@floating
@quiet
def asin(input: Any) -> Any:
    """Inverse sine; gradient ``g / sqrt(1 - x**2)``, infinite at ±1. It is nan outside [-1, 1].

    Examples
    --------
    >>> asin(np.array([0.0, 1.0]))
    array([0.        , 1.57079633])
    """
    return np.arcsin(input)


@floating
@quiet
def acos(input: Any) -> Any:
    """Inverse cosine; gradient ``-g / sqrt(1 - x**2)``, infinite at ±1. nan outside [-1, 1].

    Examples
    --------
    >>> acos(np.array([0.0, 1.0]))
    array([1.57079633, 0.        ])
    """
    return np.arccos(input)


@floating
def atan(input: Any) -> Any:
    """Inverse tangent; gradient ``g / (1 + x**2)``.

    Examples
    --------
    >>> atan(np.array([0.0, 1.0]))
    array([0.        , 0.78539816])
    """
    return np.arctan(input)


@floating
@quiet
def sinh(input: Any) -> Any:
    """Hyperbolic sine; gradient ``g cosh(x)``.

    Examples
    --------
    >>> sinh(np.array([0.0, 2.0]))
    array([0.        , 3.62686041])
    """
    return np.sinh(input)


@floating
@quiet
def cosh(input: Any) -> Any:
    """Hyperbolic cosine; gradient ``g sinh(x)``.

    Examples
    --------
    >>> cosh(np.array([0.0, 1.0]))
    array([1.        , 1.54308063])
    """
    return np.cosh(input)


@floating
def asinh(input: Any) -> Any:
    """Inverse hyperbolic sine; gradient ``g / sqrt(x**2 + 1)``.

    Examples
    --------
    >>> asinh(np.array([0.0, 1.0]))
    array([0.        , 0.88137359])
    """
    return np.arcsinh(input)


@floating
@quiet
def acosh(input: Any) -> Any:
    """Inverse hyperbolic cosine; gradient ``g / sqrt(x**2 - 1)``, infinite at 1. nan below 1.

    Examples
    --------
    >>> acosh(np.array([1.0, 2.0]))
    array([0.       , 1.3169579])
    """
    return np.arccosh(input)


@floating
@quiet
def atanh(input: Any) -> Any:
    """Inverse hyperbolic tangent; gradient ``g / (1 - x**2)``. ±inf at ±1, nan beyond.

    Examples
    --------
    >>> atanh(np.array([0.0, 0.5]))
    array([0.        , 0.54930614])
    """
    return np.arctanh(input)


@primitive(elementwise=True, promotes="float")
def atan2(input: Any, other: Any) -> Any:
    """The angle of the point (other, input); gradients ``g y / (x²+y²)`` and ``-g x / (x²+y²)``.

    Here x is `input` and y is `other`. At the origin both gradients are 0.

    Examples
    --------
    >>> atan2(np.array([0.0, 1.0]), np.array([-1.0, 0.0]))
    array([3.14159265, 1.57079633])
    """
    return np.arctan2(input, other)


@primitive(elementwise=True, promotes="arithmetic")
@quiet
def hypot(input: Any, other: Any) -> Any:
    """``sqrt(x**2 + y**2)`` without overflow; gradients ``g x / out`` and ``g y / out``.

    Both must be floating. At the origin the gradients are nan, as in PyTorch.

    Examples
    --------
    >>> hypot(np.array([3.0, 3e200]), np.array([4.0, 4e200]))
    array([5.e+000, 5.e+200])
    """
    floats_only(input, other)
    return np.hypot(input, other)


arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
atan2.explain = hypot.explain = clash


sin.defvjp(lambda g, out, x: g * cos(x))
cos.defvjp(lambda g, out, x: -g * sin(x))
tan.defvjp(lambda g, out, x: g * (1.0 + out * out))
asin.defvjp(lambda g, out, x: g * rsqrt(1.0 - x * x))
acos.defvjp(lambda g, out, x: -g * rsqrt(1.0 - x * x))
atan.defvjp(lambda g, out, x: g / (x * x + 1.0))
sinh.defvjp(lambda g, out, x: g * cosh(x))
cosh.defvjp(lambda g, out, x: g * sinh(x))
asinh.defvjp(lambda g, out, x: g * rsqrt(x * x + 1.0))
acosh.defvjp(lambda g, out, x: g * rsqrt(x * x - 1.0))
atanh.defvjp(lambda g, out, x: g / (1.0 - x * x))
atan2.defvjp(
    lambda g, out, x, y: y * _over(g, x * x + y * y),
    lambda g, out, x, y: -x * _over(g, x * x + y * y),
)
hypot.defvjp(
    lambda g, out, x, y: g * (x / out),
    lambda g, out, x, y: g * (y / out),
)
