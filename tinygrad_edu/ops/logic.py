"""Questions with yes or no for an answer, and logic by element and by bit. None has a gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..engine import primitive, raw
from ..errors import DTypeError, describe, located
from ..quiet import quiet
from .arguments import expect_tensors
from .compare import clash

__all__ = [
    "allclose",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "equal",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]

question = primitive(elementwise=True, differentiable=False)
bitwise = primitive(elementwise=True, promotes="arithmetic", differentiable=False)


@question
def logical_and(input: Any, other: Any) -> Any:
    """Whether both are not 0; nan is not 0.

    Examples
    --------
    >>> logical_and(np.array([True, True]), np.array([True, False]))
    array([ True, False])
    """
    return np.logical_and(input, other)


@question
def logical_or(input: Any, other: Any) -> Any:
    """Whether either is not 0; nan is not 0.

    Examples
    --------
    >>> logical_or(np.array([True, False]), np.array([False, False]))
    array([ True, False])
    """
    return np.logical_or(input, other)


@question
def logical_xor(input: Any, other: Any) -> Any:
    """Whether just one is not 0; nan is not 0.

    Examples
    --------
    >>> logical_xor(np.array([True, True]), np.array([True, False]))
    array([False,  True])
    """
    return np.logical_xor(input, other)


@question
def logical_not(input: Any) -> Any:
    """Whether it is 0.

    Examples
    --------
    >>> logical_not(np.array([0.0, 2.0]))
    array([ True, False])
    """
    return np.logical_not(input)


@bitwise
def bitwise_and(input: Any, other: Any) -> Any:
    """``input & other`` of integers, bit by bit, or of bools.

    Examples
    --------
    >>> bitwise_and(np.array([6, 5]), 3)
    array([2, 1])
    """
    return np.bitwise_and(input, other)


@bitwise
def bitwise_or(input: Any, other: Any) -> Any:
    """``input | other`` of integers, bit by bit, or of bools.

    Examples
    --------
    >>> bitwise_or(np.array([6, 5]), 3)
    array([7, 7])
    """
    return np.bitwise_or(input, other)


@bitwise
def bitwise_xor(input: Any, other: Any) -> Any:
    """``input ^ other`` of integers, bit by bit, or of bools.

    Examples
    --------
    >>> bitwise_xor(np.array([6, 5]), 3)
    array([5, 6])
    """
    return np.bitwise_xor(input, other)


@bitwise
def bitwise_not(input: Any) -> Any:
    """``~input``: all bits of integers turned, or bools.

    Examples
    --------
    >>> bitwise_not(np.array([True, False]))
    array([False,  True])
    """
    return np.bitwise_not(input)


def _why_no_bits(*values: Any) -> str:
    if any(getattr(v, "dtype", np.asarray(v).dtype).kind == "f" for v in values):
        return "bits are those of integers and bools; compare first, as in (x > 0) & (y > 0)"
    return clash(*values)


for _op in (bitwise_and, bitwise_or, bitwise_xor, bitwise_not):
    _op.explain = _why_no_bits


@question
def isnan(input: Any) -> Any:
    """Whether it is nan.

    Examples
    --------
    >>> isnan(np.array([1.0, np.nan]))
    array([False,  True])
    """
    return np.isnan(input)


@question
def isinf(input: Any) -> Any:
    """Whether it is inf or -inf.

    Examples
    --------
    >>> isinf(np.array([1.0, -np.inf]))
    array([False,  True])
    """
    return np.isinf(input)


@question
def isfinite(input: Any) -> Any:
    """Whether it is neither nan nor infinite.

    Examples
    --------
    >>> isfinite(np.array([1.0, np.nan, np.inf]))
    array([ True, False, False])
    """
    return np.isfinite(input)


@question
def isposinf(input: Any) -> Any:
    """Whether it is inf.

    Examples
    --------
    >>> isposinf(np.array([np.inf, -np.inf]))
    array([ True, False])
    """
    return np.equal(input, np.inf)


@question
def isneginf(input: Any) -> Any:
    """Whether it is -inf.

    Examples
    --------
    >>> isneginf(np.array([np.inf, -np.inf]))
    array([False,  True])
    """
    return np.equal(input, -np.inf)


@primitive(elementwise=True, promotes="arithmetic", differentiable=False, name="isclose")
@quiet
def _isclose(input: Any, other: Any, *, rtol: float, atol: float, equal_nan: bool) -> Any:
    if rtol < 0 or atol < 0:
        raise ValueError("rtol and atol must be at least 0")
    close = np.equal(input, other)
    if equal_nan:
        close = close | ((input != input) & (other != other))
    if rtol == 0 and atol == 0:
        return close
    if input.dtype.kind != "f":  # PyTorch computes the differences of integers in floats
        input, other = (np.asarray(v, dtypes.get_default_dtype()) for v in (input, other))
    error = np.abs(input - other)
    return close | (np.isfinite(error) & (error <= atol + np.abs(rtol * other)))


for _op in (logical_and, logical_or, logical_xor, _isclose):
    _op.explain = clash


def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """``|input - other| <= atol + rtol * |other|``, element by element.

    Infinities are close to themselves; nan is to nothing, or to nan with ``equal_nan=True``.

    Raises
    ------
    DTypeError
        The dtypes differ.

    Examples
    --------
    >>> isclose(np.array([1.0, 1.0]), np.array([1.000001, 1.1]))
    array([ True, False])
    """
    one, two = (getattr(raw(v), "dtype", None) for v in (input, other))
    if one != two and one is not None and two is not None:
        raise DTypeError(
            located(
                f"isclose: {one} did not match {two} (input {describe(input)}, other "
                f"{describe(other)}); convert one of them"
            )
        )
    return _isclose(input, other, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are close, as `isclose` says.

    Examples
    --------
    >>> allclose(np.array([1.0, 2.0]), np.array([1.0, 2.000001]))
    True
    """
    return bool(np.all(raw(isclose(input, other, rtol, atol, equal_nan))))


def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and the same elements; nan equals nothing.

    Examples
    --------
    >>> equal(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    True
    """
    expect_tensors("equal", input=input, other=other)
    return bool(np.array_equal(raw(input), raw(other)))
