"""Division that rounds, and what it leaves over."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from ..quiet import quiet
from .compare import clash, no_slope

__all__ = ["floor_divide", "fmod", "remainder"]

dividing = primitive(elementwise=True, promotes="arithmetic")


def _check_divisor(input: Any, other: Any) -> None:
    """Integers can't be divided by 0 (NumPy would give 0), and bools not at all."""
    kind = np.result_type(input, other).kind
    if kind == "b":
        raise TypeError("not implemented for bool; convert with .long() or .float() first")
    if kind in "iu" and not np.all(other):
        raise ValueError("ZeroDivisionError: an integer is divided by 0; convert with .float()")


def _floor(input: Any, other: Any) -> Any:
    _check_divisor(input, other)
    return np.floor_divide(input, other)


@primitive(elementwise=True, promotes="arithmetic", name="div")
@quiet
def rounded_quotient(input: Any, other: Any, *, rounding_mode: str) -> Any:
    """``input / other``, rounded down ("floor") or towards 0 ("trunc"); the gradients are 0.

    Examples
    --------
    >>> rounded_quotient(np.array([7, -7]), 2, rounding_mode="trunc")
    array([ 3, -3])
    """
    if rounding_mode == "floor":
        return _floor(input, other)
    if rounding_mode != "trunc":
        raise ValueError(
            f"expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"{rounding_mode!r}"
        )
    _check_divisor(input, other)
    if np.result_type(input, other).kind == "f":
        return np.trunc(np.true_divide(input, other))
    return np.floor_divide(input - np.fmod(input, other), other)


@dividing
@quiet
def floor_divide(input: Any, other: Any) -> Any:
    """``input // other``, rounded down. As in PyTorch it has no derivative, and says so.

    For gradients of 0, use ``div(input, other, rounding_mode="floor")``.

    Examples
    --------
    >>> floor_divide(np.array([7.0, -7.0]), 2)
    array([ 3., -4.])
    """
    return _floor(input, other)


@dividing
@quiet
def remainder(input: Any, other: Any) -> Any:
    """``input % other``, with the sign of `other`; gradients ``g`` and ``-g floor(x / y)``.

    Examples
    --------
    >>> remainder(np.array([5.0, -5.0]), 3)
    array([2., 1.])
    """
    _check_divisor(input, other)
    return np.remainder(input, other)


@dividing
@quiet
def fmod(input: Any, other: Any) -> Any:
    """What division leaves over, with the sign of `input`; gradients ``g`` and ``-g trunc(x / y)``.

    Examples
    --------
    >>> fmod(np.array([5.0, -5.0]), 3)
    array([ 2., -2.])
    """
    _check_divisor(input, other)
    return np.fmod(input, other)


for _op in (rounded_quotient, floor_divide, remainder, fmod):
    _op.explain = clash

rounded_quotient.defvjp(
    lambda g, out, x, y, rounding_mode: no_slope(g),
    lambda g, out, x, y, rounding_mode: no_slope(g),
)
remainder.defvjp(
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * rounded_quotient(x, y, rounding_mode="floor"),
)
fmod.defvjp(
    lambda g, out, x, y: g,
    lambda g, out, x, y: -g * rounded_quotient(x, y, rounding_mode="trunc"),
)
