"""The few array expressions that every training step runs, each as NumPy runs it fastest.

On arrays of a few hundred elements the time goes into the call, not the arithmetic: a sum over an
axis takes five times as long as a product with a vector of ones, and a Python number twice as long
as an array without axes. Each function says in its first line what it computes, in the plain way
that its test compares it with.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

__all__ = [
    "INTEGERS",
    "ZEROS",
    "column_sums",
    "number",
    "ones",
    "passed",
    "rectified",
    "row_numbers",
]

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
# Integers as long as these floats, to work on their bits.
INTEGERS: dict[Any, Any] = {_FLOAT32: np.dtype(np.int32), _FLOAT64: np.dtype(np.int64)}
# Zero for arrays of these dtypes.
ZEROS = {dtype: np.zeros((), dtype) for dtype in INTEGERS}
# Constants of up to this many elements are made once.
_KEPT = 1 << 16
# Up to this many elements, memory for a whole intermediate result is nothing to save.
_LITTLE = 1 << 12


@functools.lru_cache(maxsize=256)
def _constant(make: str, n: int, dtype: Any) -> np.ndarray:
    array: np.ndarray = getattr(np, make)(n, dtype=dtype)
    array.flags.writeable = False
    return array


def ones(n: int, dtype: np.dtype) -> np.ndarray:
    """``np.ones(n, dtype)``, read-only."""
    return _constant("ones", n, dtype) if n <= _KEPT else np.ones(n, dtype)


def row_numbers(n: int) -> np.ndarray:
    """``np.arange(n)``, read-only."""
    return _constant("arange", n, np.int64) if n <= _KEPT else np.arange(n)


def number(value: Any, dtype: np.dtype) -> np.ndarray:
    """``dtype(value)`` as a read-only array without axes, for products with arrays."""
    # Of a Tensor the table would know no more than which it is.
    return _number(value if value.__class__ is float else float(value), dtype)


@functools.lru_cache(maxsize=1024)
def _number(value: float, dtype: np.dtype) -> np.ndarray:
    array = np.array(value, dtype)
    array.flags.writeable = False
    return array


def column_sums(x: np.ndarray) -> np.ndarray:
    """``x.sum(axis=0)`` of a matrix.

    Examples
    --------
    >>> column_sums(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    return ones(len(x), x.dtype).dot(x) if x.dtype in ZEROS else np.add.reduce(x, axis=0)


# NumPy runs `maximum` four times as fast on two arrays of one shape as on an array and a number.
_NOTHING = {dtype: np.zeros(_KEPT, dtype) for dtype in INTEGERS}
for _zeros in _NOTHING.values():
    _zeros.flags.writeable = False


@functools.lru_cache(maxsize=256)
def _zeros_of(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    return _NOTHING[dtype][: math.prod(shape)].reshape(shape)


def rectified(x: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
    """``np.maximum(x, 0, out=out)``.

    Examples
    --------
    >>> rectified(np.array([-1.0, np.nan, 2.0]))
    array([ 0., nan,  2.])
    """
    zero = ZEROS.get(x.dtype)
    if zero is None:
        return np.maximum(x, 0, out=out)
    if not x.flags.c_contiguous or not (out is None or out is x or out.flags.c_contiguous):
        return np.maximum(x, zero, out=out)
    if x.size <= _KEPT:
        return np.maximum(x, _zeros_of(x.shape, x.dtype), out=out)
    out = np.empty_like(x) if out is None else out
    flat, into, zeros = x.reshape(-1), out.reshape(-1), _NOTHING[x.dtype]
    for i in range(0, x.size, _KEPT):
        piece = flat[i : i + _KEPT]
        np.maximum(piece, zeros[: piece.size], out=into[i : i + _KEPT])
    return out


def passed(g: np.ndarray, where: np.ndarray, in_place: bool = False) -> np.ndarray:
    """``np.where(where, g, 0)``: what a gate that is open in some places lets through.

    A float times a bool would do for finite numbers; it is the bits that are multiplied, so that
    an infinity or a NaN is stopped as well.

    Examples
    --------
    >>> passed(np.array([1.0, np.inf, np.nan]), np.array([True, False, False]))
    array([1., 0., 0.])
    """
    integer = INTEGERS.get(g.dtype)
    if integer is None or where.shape != g.shape:
        return np.where(where, g, np.zeros((), g.dtype))
    bits = g.view(integer)
    if g.size <= _LITTLE:  # NumPy takes longer to convert it piece by piece
        where = where.astype(integer)
    if in_place and isinstance(g, np.ndarray):
        np.multiply(bits, where, out=bits)
        return g
    return np.multiply(bits, where).view(g.dtype)
