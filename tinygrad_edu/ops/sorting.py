"""Order: sorting, the largest k, the median, and distinct values."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine import primitive, raw
from ..errors import AxisError, DTypeError, ShapeError, located
from .arguments import expect_tensors, numpy_names, one_axis
from .extremes import _share_nan, _take, lanes, like, nonempty, picked
from .reduce import Axes
from .shape import _reshape

__all__ = [
    "argsort",
    "kthvalue",
    "median",
    "msort",
    "nanmedian",
    "sort",
    "topk",
    "unique",
]


class Sorted(NamedTuple):
    """Values, and where they were found."""

    values: Any
    indices: Any


def _order(array: np.ndarray, axis: int, descending: bool) -> np.ndarray:
    """The indices that sort, ties in their order, NaN taken to be the largest."""
    if not descending:
        return np.argsort(array, axis, kind="stable")
    mirrored = np.argsort(np.flip(array, axis), axis, kind="stable")
    return array.shape[axis] - 1 - np.flip(mirrored, axis)


@numpy_names
def sort(input: Any, dim: Any = -1, descending: bool = False, stable: bool = False) -> Sorted:
    """The elements in order along `dim`, and their indices; ``g`` goes back to their places.

    Equal elements keep their order, and NaN counts as the largest.

    Examples
    --------
    >>> sort(np.array([3.0, 1.0, 2.0])).values
    array([1., 2., 3.])
    """
    rows, axis = lanes("sort", input, dim)
    indices = _order(raw(rows), axis, descending)
    values = _take(rows, indices=indices, axis=axis)
    if rows is not input:
        values, indices = _reshape(values, shape=()), indices.reshape(())
    return Sorted(values, like(input, indices))


@numpy_names
def argsort(input: Any, dim: Any = -1, descending: bool = False, stable: bool = False) -> Any:
    """The indices that sort `input` along `dim`. They have no gradient.

    Examples
    --------
    >>> argsort(np.array([3.0, 1.0, 2.0]))
    array([1, 2, 0])
    """
    rows, axis = lanes("argsort", input, dim)
    return like(input, _order(raw(rows), axis, descending).reshape(raw(input).shape))


def msort(input: Any) -> Any:
    """The elements in order along the first axis.

    Examples
    --------
    >>> msort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    return sort(input, 0).values


@numpy_names
def topk(input: Any, k: int, dim: Any = -1, largest: bool = True, sorted: bool = True) -> Sorted:
    """The `k` largest (or smallest) elements along `dim`, in order, and their indices.

    The gradient goes to the elements that were taken. Of equal ones the first are taken.

    Examples
    --------
    >>> topk(np.array([3.0, 1.0, 2.0]), 2).values
    array([3., 2.])
    """
    rows, axis = lanes("topk", input, dim)
    array = raw(rows)
    if array.dtype.kind == "b":
        raise DTypeError(located("topk does not support bool input; convert it with .int()"))
    if not 0 <= k <= array.shape[axis]:
        raise ShapeError(
            located(
                f"topk: selected index k out of range: k={k}, but axis {axis} of "
                f"{array.shape} has {array.shape[axis]} elements"
            )
        )
    indices = _order(array, axis, largest)[(slice(None),) * axis + (slice(0, k),)]
    values = _take(rows, indices=indices, axis=axis)
    if rows is not input and k == 1:
        values, indices = _reshape(values, shape=()), indices.reshape(())
    return Sorted(values, like(input, indices))


def _numbers(name: str, array: Any) -> None:
    if array.dtype.kind == "b":
        raise DTypeError(located(f"{name}: not implemented for bool; convert it with .int()"))


@numpy_names
def kthvalue(input: Any, k: int, dim: Any = -1, keepdim: bool = False) -> Sorted:
    """The `k`-th smallest element along `dim` (the first is 1), and its index.

    Examples
    --------
    >>> kthvalue(np.array([30.0, 10.0, 20.0]), 2).values
    array(20.)
    """
    rows, axis = lanes("kthvalue", input, dim)
    array = raw(rows)
    _numbers("kthvalue", array)
    if not 1 <= k <= array.shape[axis]:
        raise ShapeError(
            located(
                f"kthvalue(): selected number k out of range for dimension {axis}: k={k}, but "
                f"{array.shape} has {array.shape[axis]} elements there"
            )
        )
    indices = np.take(_order(array, axis, False), [k - 1], axis)
    return Sorted(*picked(rows, indices, axis, keepdim and rows is input))


def _middle(array: np.ndarray, axis: int, skip_nan: bool) -> np.ndarray:
    """The index of the median of each lane: the lower of two; of a lane with NaN, the first NaN."""
    order = _order(array, axis, False)
    valid = np.count_nonzero(array == array, axis=axis, keepdims=True)
    n = array.shape[axis]
    # All NaN come last in `order`, so that the first of them is at place `valid`.
    place = (valid - 1) // 2 if skip_nan else np.where(valid == n, (n - 1) // 2, valid)
    return np.take_along_axis(order, np.maximum(place, 0), axis)


@primitive(name="median")
def _median(input: Any, *, axis: Axes, keepdims: bool, skip_nan: bool) -> Any:
    flat = input.reshape(-1)
    return flat[_middle(flat, 0, skip_nan)[0]] if flat.size else input.dtype.type(np.nan)


_median.defvjp(lambda g, out, x, axis, keepdims, skip_nan: _share_nan(g, out, x, axis, keepdims))


def _any_median(name: str, input: Any, dim: Any, keepdim: bool, skip_nan: bool) -> Any:
    array = raw(input)
    _numbers(name, array)
    if dim is None:
        whole = tuple(range(array.ndim))
        return _median(input, axis=whole, keepdims=False, skip_nan=skip_nan)
    rows, axis = lanes(name, input, dim)
    nonempty(name, raw(rows).shape, (axis,), False, AxisError)
    indices = _middle(raw(rows), axis, skip_nan)
    return Sorted(*picked(rows, indices, axis, keepdim and rows is input))


@numpy_names
def median(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The element in the middle, the lower of two; along `dim`, ``(values, indices)``.

    Elements equal to the median of all share its gradient; along an axis it goes to one index. A
    NaN makes the median NaN.

    Examples
    --------
    >>> median(np.array([1.0, 30.0, 20.0, 4.0]))
    np.float64(4.0)
    """
    return _any_median("median", input, dim, keepdim, False)


@numpy_names
def nanmedian(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The median of what is not NaN.

    Examples
    --------
    >>> nanmedian(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    return _any_median("nanmedian", input, dim, keepdim, True)


@numpy_names
def unique(
    input: Any,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: Any = None,
) -> Any:
    """The distinct values in order (or distinct slices along `dim`). They have no gradient.

    With `return_inverse`, also where each element went; with `return_counts`, how often it occurs.

    Examples
    --------
    >>> unique(np.array([3, 1, 3]), return_counts=True)
    (array([1, 3]), array([1, 2]))
    """
    expect_tensors("unique", input=input)
    array = raw(input)
    axis = None if dim is None else one_axis("unique", dim, array.ndim)
    if axis is not None and array.size == 0:
        return _unique_nothing(input, axis, return_inverse + return_counts)
    found: Any = np.unique(  # type: ignore[call-overload]
        array,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
        equal_nan=False,
    )
    if not isinstance(found, tuple):
        return like(input, found)
    parts = list(found)
    if return_inverse:
        parts[1] = parts[1].reshape(-1) if axis is not None else parts[1].reshape(array.shape)
    return tuple(like(input, p) for p in parts)


def _unique_nothing(input: Any, axis: int, more: int) -> Any:
    shape = raw(input).shape
    if shape.count(0) > (shape[axis] == 0):
        raise ShapeError(
            located(f"unique: there are axes of size 0 beside the selected one, {axis}: {shape}")
        )
    found = [like(input, a) for a in [raw(input), *[np.zeros(0, np.int64)] * more]]
    return tuple(found) if more else found[0]
