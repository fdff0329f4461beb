"""Rounding to integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from ..quiet import quiet
from .compare import no_slope
from .exponential import floats_only

__all__ = ["ceil", "fix", "floor", "frac", "round", "trunc"]

stepping = primitive(elementwise=True)


def _rounded(how: Any, input: Any) -> Any:
    # NumPy 2.0 would make floats of integers.
    return how(input) if input.dtype.kind == "f" else input.copy()


@stepping
def ceil(input: Any) -> Any:
    """The next integer above; the gradient is 0.

    Examples
    --------
    >>> ceil(np.array([-1.5, 1.5]))
    array([-1.,  2.])
    """
    return _rounded(np.ceil, input)


@stepping
def floor(input: Any) -> Any:
    """The next integer below; the gradient is 0.

    Examples
    --------
    >>> floor(np.array([-1.5, 1.5]))
    array([-2.,  1.])
    """
    return _rounded(np.floor, input)


@stepping
def trunc(input: Any) -> Any:
    """The next integer towards 0; the gradient is 0.

    Examples
    --------
    >>> trunc(np.array([-1.5, 1.5]))
    array([-1.,  1.])
    """
    return _rounded(np.trunc, input)


@stepping
@quiet
def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest integer, the even one of two, or the nearest multiple of ``10**-decimals``.

    The gradient is 0.

    Examples
    --------
    >>> round(np.array([0.5, 1.5, 2.6]))
    array([0., 2., 3.])
    >>> round(np.array([3.14159, 2.71828]), decimals=2)
    array([3.14, 2.72])
    """
    if not decimals:
        return _rounded(np.rint, input)
    floats_only(input)
    scale = 10.0 ** np.abs(decimals).item()
    if decimals > 0:
        return np.rint(input * scale) / scale
    return np.rint(input / scale) * scale


@stepping
@quiet
def frac(input: Any) -> Any:
    """The part after the point, ``x - trunc(x)``; the gradient passes through.

    Examples
    --------
    >>> frac(np.array([-1.25, 1.5]))
    array([-0.25,  0.5 ])
    """
    floats_only(input)
    return input - np.trunc(input)


fix = trunc

ceil.defvjp(lambda g, out, x: no_slope(g))
floor.defvjp(lambda g, out, x: no_slope(g))
trunc.defvjp(lambda g, out, x: no_slope(g))
round.defvjp(lambda g, out, x, decimals=0: no_slope(g))
frac.defvjp(lambda g, out, x: g)
