"""Reductions: sums, means and counts along axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import dtypes
from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .arguments import numpy_names, one_axis
from .exponential import exp
from .fitting import broadcast_to, to_dtype
from .shape import _reshape

__all__ = [
    "all",
    "any",
    "count_nonzero",
    "logsumexp",
    "mean",
    "nanmean",
    "nansum",
    "sum",
]

_add: Any = np.add.reduce  # np.sum without its argument handling
_and: Any = np.logical_and.reduce
_or: Any = np.logical_or.reduce
Axes = tuple[int, ...]


def reduced_axes(name: str, dim: Any, ndim: int) -> Axes:
    """The axes to reduce, counted from the front; None or an empty sequence stands for all."""
    if dim is None:
        return tuple(range(ndim))
    several = isinstance(dim, (tuple, list))
    found = tuple(one_axis(name, d, ndim) for d in (dim if several else (dim,)))
    if len(set(found)) != len(found):
        twice = next(d for d in found if found.count(d) > 1)
        raise ShapeError(
            located(f"{name}: dim {twice} appears multiple times in the list of dims {dim}")
        )
    if not ndim:
        return ()  # the one number of a 0-d array has no axis to NumPy
    return found if found else tuple(range(ndim))


def spread(g: Any, shape: tuple[int, ...], axis: Axes) -> Any:
    """A reduced gradient, repeated along the axes that were reduced, back to `shape`."""
    if axis != tuple(range(len(axis))):  # else broadcasting puts the axes back by itself
        g = _reshape(g, shape=kept(shape, axis))
    return broadcast_to(g, shape=shape)


def kept(shape: tuple[int, ...], axis: Axes) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes with length 1."""
    return tuple(1 if i in axis else n for i, n in enumerate(shape))


def count(shape: tuple[int, ...], axis: Axes) -> float:
    """How many elements one result of a reduction is made of."""
    n = 1.0
    for a in axis:
        n *= shape[a]
    return n


def accumulated(input: Any, dtype: Any) -> Any:
    """The input of a sum or product: as `dtype` if given; integers and bool become int64."""
    if dtype is not None:
        return to_dtype(input, dtype)
    kind = raw(input).dtype
    return to_dtype(input, np.int64) if kind.kind in "biu" and kind != np.int64 else input


def floating(name: str, input: Any, cure: str = "convert it with .float()") -> None:
    """Refuse what has no floating-point dtype."""
    dtype = raw(input).dtype
    if dtype.kind != "f":
        raise DTypeError(
            located(f"{name}(): expected a floating-point input, but got {dtype}; {cure}")
        )


@primitive(name="sum")
@quiet
def _sum(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _add(input, axis=axis, keepdims=keepdims)


_sum.defvjp(lambda g, out, x, axis, keepdims: spread(g, x.shape, axis))


@numpy_names
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum along `dim` (all axes unless given); the gradient is spread back unchanged.

    The sum of integers and bools is int64; that of nothing is 0.

    Examples
    --------
    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    array([4., 6.])
    """
    array = raw(input)
    if dtype is not None or array.dtype.kind != "f":
        input = accumulated(input, dtype)
    out = _sum(input, axis=reduced_axes("sum", dim, array.ndim), keepdims=keepdim)
    # NumPy widens small integers as it adds.
    return out if dtype is None else to_dtype(out, dtype)


@primitive(name="mean")
@quiet
def _mean(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    # The mean of nothing is NaN: dividing by NaN says so without a warning.
    return _add(input, axis=axis, keepdims=keepdims) / (count(input.shape, axis) or math.nan)


_mean.defvjp(
    lambda g, out, x, axis, keepdims: spread(g / (count(x.shape, axis) or 1.0), x.shape, axis)
)


@numpy_names
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean along `dim`; the gradient is spread back, divided by the number of elements.

    Integers have no mean unless `dtype` says in which floating-point type; that of nothing is NaN.

    Examples
    --------
    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    array([1.5, 3.5])
    """
    array = raw(input)
    if dtype is not None:
        input = to_dtype(input, dtype)
    if raw(input).dtype.kind != "f":
        floating("mean", input, "convert it with .float(), or pass dtype=")
    return _mean(input, axis=reduced_axes("mean", dim, array.ndim), keepdims=keepdim)


@primitive(name="nansum")
@quiet
def _nansum(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _add(np.where(input == input, input, 0), axis=axis, keepdims=keepdims)


_nansum.defvjp(lambda g, out, x, axis, keepdims: spread(g, x.shape, axis) * (x == x))


@numpy_names
def nansum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum along `dim` of what is not NaN; the gradient of a NaN is 0.

    Examples
    --------
    >>> nansum(np.array([1.0, np.nan, 3.0]))
    np.float64(4.0)
    """
    array = raw(input)
    axis = reduced_axes("nansum", dim, array.ndim)
    out = _nansum(accumulated(input, dtype), axis=axis, keepdims=keepdim)
    return out if dtype is None else to_dtype(out, dtype)


@primitive(name="count_valid", differentiable=False)
def _count_valid(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return np.asarray(np.count_nonzero(input == input, axis=axis, keepdims=keepdims), input.dtype)


@numpy_names
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean along `dim` of what is not NaN; without any such element, NaN.

    Examples
    --------
    >>> nanmean(np.array([1.0, np.nan, 3.0]))
    np.float64(2.0)
    """
    floating("nanmean", input)
    if dtype is not None:
        input = to_dtype(input, dtype)
        floating("nanmean", input, "so must dtype be")
    axis = reduced_axes("nanmean", dim, raw(input).ndim)
    total = nansum(input, axis, keepdim)
    with np.errstate(all="ignore"):
        return total / to_dtype(_count_valid(input, axis=axis, keepdims=keepdim), raw(total).dtype)


@primitive(name="logsumexp")
@np.errstate(all="ignore")
def _logsumexp(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    top = np.max(input, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    total = np.log(_add(np.exp(input - top), axis=axis, keepdims=keepdims))
    return total + top.reshape(total.shape)


_logsumexp.defvjp(
    lambda g, out, x, axis, keepdims: spread(g, x.shape, axis) * exp(x - spread(out, x.shape, axis))
)


@numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """``log(sum(exp(x)))`` along `dim`, without overflow; the gradient is ``g softmax(x)``.

    Where all elements are -inf, the value is -inf and the gradient NaN, as in PyTorch.

    Examples
    --------
    >>> logsumexp(np.array([1000.0, 1000.0]), 0)
    np.float64(1000.6931471805599)
    """
    array = raw(input)
    if array.dtype.kind != "f":
        input = to_dtype(input, dtypes.get_default_dtype())
    return _logsumexp(input, axis=reduced_axes("logsumexp", dim, array.ndim), keepdims=keepdim)


# ------------------------------------------------------------------------------ counts and logic


@primitive(name="count_nonzero", differentiable=False)
def _count_nonzero(input: Any, *, axis: Axes) -> Any:
    # Counting over all axes, NumPy would return a Python int.
    return (
        np.int64(np.count_nonzero(input))
        if input.ndim == len(axis)
        else np.count_nonzero(input, axis=axis)
    )


@numpy_names
def count_nonzero(input: Any, dim: Any = None) -> Any:
    """How many elements along `dim` are not zero (NaN is not). It has no gradient.

    Examples
    --------
    >>> count_nonzero(np.array([[0.0, 2.0], [3.0, 4.0]]), dim=0)
    array([1, 2])
    """
    return _count_nonzero(input, axis=reduced_axes("count_nonzero", dim, raw(input).ndim))


@primitive(name="all", differentiable=False)
def _all(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _logic(input, _and(input, axis=axis, keepdims=keepdims))


@primitive(name="any", differentiable=False)
def _any(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _logic(input, _or(input, axis=axis, keepdims=keepdims))


def _logic(input: Any, out: Any) -> Any:
    """The answers as bool, or as uint8 if asked of uint8 (PyTorch's bool before it had one)."""
    return out.astype(np.uint8) if input.dtype == np.uint8 else out


def _logic_axes(name: str, dim: Any, ndim: int) -> Axes:
    # Unlike a sum, all and any over "no axes" reduce nothing.
    empty = isinstance(dim, (tuple, list)) and not dim
    return () if empty else reduced_axes(name, dim, ndim)


@numpy_names
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all elements along `dim` are nonzero. It has no gradient.

    Examples
    --------
    >>> all(np.array([[True, False], [True, True]]), dim=1)
    array([False,  True])
    """
    return _all(input, axis=_logic_axes("all", dim, raw(input).ndim), keepdims=keepdim)


@numpy_names
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether any element along `dim` is nonzero. It has no gradient.

    Examples
    --------
    >>> any(np.array([[True, False], [False, False]]), dim=1)
    array([ True, False])
    """
    return _any(input, axis=_logic_axes("any", dim, raw(input).ndim), keepdims=keepdim)
