"""Keeping values within bounds, and free of nan and inf."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from ..errors import DTypeError, located
from ..quiet import quiet
from .compare import clash, where
from .logic import isfinite

__all__ = ["clamp", "clamp_max", "clamp_min", "clip", "nan_to_num"]

bounding = primitive(elementwise=True, promotes="arithmetic")


@bounding
@quiet
def clamp_min(input: Any, min: Any) -> Any:
    """The larger of `input` and the bound, a number or a tensor.

    The gradient goes to `input` where it is at or above the bound, else to the bound.

    Examples
    --------
    >>> clamp_min(np.array([-1.0, 0.5]), 0.0)
    array([0. , 0.5])
    """
    return np.maximum(input, min)


@bounding
@quiet
def clamp_max(input: Any, max: Any) -> Any:
    """The smaller of `input` and the bound, a number or a tensor.

    The gradient goes to `input` where it is at or below the bound, else to the bound.

    Examples
    --------
    >>> clamp_max(np.array([-1.0, 0.5]), 0.0)
    array([-1.,  0.])
    """
    return np.minimum(input, max)


@primitive(elementwise=True, promotes="arithmetic", name="clamp")
@quiet
def _clamp(input: Any, min: Any, max: Any) -> Any:
    return np.minimum(np.maximum(input, min), max)


def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """``min(max(input, min), max)`` for bounds that are numbers, tensors, or None.

    The gradient passes to `input` inside the bounds and on them, and to a bound that is a tensor
    where the input is beyond it. Where the bounds cross, the upper one is the result.

    Raises
    ------
    DTypeError
        Neither bound was given.

    Examples
    --------
    >>> clamp(np.array([-1.0, 0.5, 2.0]), 0, 1)
    array([0. , 0.5, 1. ])
    """
    if max is None:
        if min is None:
            raise DTypeError(located("clamp: at least one of min or max must not be None"))
        return clamp_min(input, min)
    return clamp_max(input, max) if min is None else _clamp(input, min, max)


clip = clamp


@primitive(elementwise=True, name="nan_to_num")
@quiet
def _nan_to_num(input: Any, *, nan: Any, posinf: Any, neginf: Any) -> Any:
    if input.dtype.kind != "f":
        return input.copy()
    return np.nan_to_num(input, nan=nan, posinf=posinf, neginf=neginf)


def nan_to_num(input: Any, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """nan, inf and -inf replaced by numbers: 0, and the largest of the dtype, unless given.

    The gradient is 0 where a value was replaced.

    Examples
    --------
    >>> nan_to_num(np.array([1.0, np.nan, np.inf]), posinf=100.0)
    array([  1.,   0., 100.])
    """
    return _nan_to_num(input, nan=0.0 if nan is None else nan, posinf=posinf, neginf=neginf)


clamp_min.explain = clamp_max.explain = _clamp.explain = clash

# Products of bools are "and", sums "or". A comparison with nan is false: it takes no gradient.
clamp_min.defvjp(
    lambda g, out, x, low: where(x >= low, g, 0.0),
    lambda g, out, x, low: where(x < low, g, 0.0),
)
clamp_max.defvjp(
    lambda g, out, x, high: where(x <= high, g, 0.0),
    lambda g, out, x, high: where(x > high, g, 0.0),
)
_clamp.defvjp(
    lambda g, out, x, low, high: where((x >= low) * (x <= high), g, 0.0),
    lambda g, out, x, low, high: where((x < low) * (low < high), g, 0.0),
    lambda g, out, x, low, high: where((x > high) + (high < low), g, 0.0),
)
# PyTorch multiplies here, so 0 * inf is nan.
_nan_to_num.defvjp(lambda g, out, x, nan, posinf, neginf: g * isfinite(x))
