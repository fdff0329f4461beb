"""Exponentials, logarithms and roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive

__all__ = ["exp", "log", "sqrt", "tanh"]

floating = primitive(elementwise=True, promotes="float")


@floating
@np.errstate(all="ignore")
def exp(input: Any) -> Any:
    """``e**x``; gradient ``g * out``.

    Examples
    --------
    >>> exp(np.array([0.0, 1.0]))
    array([1.        , 2.71828183])
    """
    return np.exp(input)


@floating
@np.errstate(all="ignore")
def log(input: Any) -> Any:
    """Natural logarithm; gradient ``g / x``.

    Examples
    --------
    >>> log(np.array([1.0, np.e]))
    array([0., 1.])
    """
    return np.log(input)


@floating
@np.errstate(all="ignore")
def sqrt(input: Any) -> Any:
    """Square root; gradient ``g / (2 out)``.

    Examples
    --------
    >>> sqrt(np.array([4.0, 9.0]))
    array([2., 3.])
    """
    return np.sqrt(input)


@floating
def tanh(input: Any) -> Any:
    """Hyperbolic tangent; gradient ``g (1 - out**2)``.

    Examples
    --------
    >>> tanh(np.array([0.0, 100.0]))
    array([0., 1.])
    """
    return np.tanh(input)


exp.defvjp(lambda g, out, x: g * out)
log.defvjp(lambda g, out, x: g / x)
sqrt.defvjp(lambda g, out, x: g / (2.0 * out))
tanh.defvjp(lambda g, out, x: g * (1.0 - out * out))
