"""Reductions: sums, means and extremes along axes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine import primitive, raw
from .arguments import axes, numpy_names, one_axis
from .compare import where
from .exponential import exp
from .fitting import broadcast_to, cast
from .index import getitem
from .shape import _reshape

__all__ = ["amax", "argmax", "logsumexp", "max", "mean", "sum"]

_add: Any = np.add.reduce  # np.sum without its argument handling


def spread(g: Any, shape: tuple[int, ...], axis: tuple[int, ...]) -> Any:
    """A reduced gradient, repeated along the axes that were reduced, back to `shape`."""
    return broadcast_to(_reshape(g, shape=kept(shape, axis)), shape=shape)


def kept(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a reduction that keeps its axes with length 1."""
    return tuple(1 if i in axis else n for i, n in enumerate(shape))


@primitive(name="sum")
def _sum(input: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return _add(input, axis=axis, keepdims=keepdims)


_sum.defvjp(lambda g, out, x, axis, keepdims: spread(g, x.shape, axis))


@numpy_names
def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum along `dim` (all axes unless given); the gradient is spread back unchanged.

    Examples
    --------
    >>> sum(np.array([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    array([4., 6.])
    """
    array = raw(input)
    if dtype is not None or array.dtype.kind in "biu":
        input = cast(input, dtype=np.dtype(dtype or np.int64))
    return _sum(input, axis=axes("sum", dim, array.ndim), keepdims=keepdim)


@primitive(name="mean")
def _mean(input: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return _add(input, axis=axis, keepdims=keepdims) / _count(input.shape, axis)


def _count(shape: tuple[int, ...], axis: tuple[int, ...]) -> float:
    n = 1.0
    for a in axis:
        n *= shape[a]
    return n


_mean.defvjp(lambda g, out, x, axis, keepdims: spread(g / _count(x.shape, axis), x.shape, axis))


@numpy_names
def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean along `dim`; the gradient is spread back, divided by the number of elements.

    Examples
    --------
    >>> mean(np.array([[1.0, 2.0], [3.0, 4.0]]), dim=1)
    array([1.5, 3.5])
    """
    array = raw(input)
    if dtype is not None:
        input = cast(input, dtype=np.dtype(dtype))
    return _mean(input, axis=axes("mean", dim, array.ndim), keepdims=keepdim)


@primitive(name="amax")
def _amax(input: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    return np.max(input, axis=axis, keepdims=keepdims)


def _share_ties(g: Any, out: Any, x: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    at = x == _reshape(out, shape=kept(x.shape, axis))
    return where(at, spread(g, x.shape, axis) / _sum(at, axis=axis, keepdims=True), 0.0)


_amax.defvjp(_share_ties)


@numpy_names
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The maximum along `dim`; elements that tie share the gradient equally.

    Examples
    --------
    >>> amax(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1)
    array([5., 4.])
    """
    return _amax(input, axis=axes("amax", dim, raw(input).ndim), keepdims=keepdim)


@primitive(name="argmax", differentiable=False)
def _argmax(input: Any, *, axis: int | None, keepdims: bool) -> Any:
    return np.argmax(input, axis=axis, keepdims=keepdims)


@numpy_names
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the maximum; the first one of several.

    Examples
    --------
    >>> argmax(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1)
    array([1, 1])
    """
    axis = None if dim is None else one_axis("argmax", dim, raw(input).ndim)
    return _argmax(input, axis=axis, keepdims=keepdim)


class MaxResult(NamedTuple):
    """Values, and where they were found."""

    values: Any
    indices: Any


@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The maximum of all elements, or ``(values, indices)`` along `dim`.

    Over all elements, ties share the gradient; along an axis the first one gets it all.

    Examples
    --------
    >>> max(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1).values
    array([5., 4.])
    """
    array = raw(input)
    if dim is None:
        return _amax(input, axis=tuple(range(array.ndim)), keepdims=keepdim)
    axis = one_axis("max", dim, array.ndim)
    where_ = _argmax(input, axis=axis, keepdims=True)
    index = list(np.indices(raw(where_).shape, sparse=True))
    index[axis] = raw(where_)
    values = getitem(input, index=tuple(index))
    if not keepdim:
        shape = tuple(n for i, n in enumerate(raw(where_).shape) if i != axis)
        values, where_ = _reshape(values, shape=shape), _reshape(where_, shape=shape)
    return MaxResult(values, where_)


@primitive(name="logsumexp")
@np.errstate(all="ignore")
def _logsumexp(input: Any, *, axis: tuple[int, ...], keepdims: bool) -> Any:
    top = np.max(input, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(input - top), axis=axis, keepdims=keepdims))
    return total + top.reshape(total.shape)


_logsumexp.defvjp(
    lambda g, out, x, axis, keepdims: spread(g, x.shape, axis) * exp(x - spread(out, x.shape, axis))
)


@numpy_names
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """``log(sum(exp(x)))`` along `dim`, without overflow; the gradient is ``g softmax(x)``.

    Examples
    --------
    >>> logsumexp(np.array([1000.0, 1000.0]), 0)
    np.float64(1000.6931471805599)
    """
    return _logsumexp(input, axis=axes("logsumexp", dim, raw(input).ndim), keepdims=keepdim)
