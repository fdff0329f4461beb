"""Reading and writing parts of arrays."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import box, is_tensor, primitive, raw
from ..errors import DTypeError, located
from ..quiet import quiet
from .fitting import sum_to

__all__ = ["argwhere", "getitem", "nonzero"]


_INT64 = np.dtype(np.int64)


@primitive
def getitem(input: Any, *, index: Any) -> Any:
    """``input[index]`` with ints, slices, None, Ellipsis, integer and boolean arrays.

    The gradient is put back where the elements were read; one read twice gets it twice. Slices,
    and single elements too, are views.

    Examples
    --------
    >>> getitem(np.arange(5.0), index=slice(1, 3))
    array([1., 2.])
    """
    if index.__class__ is np.ndarray and index.dtype.kind == "i":  # rows: the fast way
        return input.take(index, 0)
    part = input[index]
    if part.__class__ is not np.ndarray:  # a scalar would be a copy
        return np.asarray(input)[(*index, ...) if isinstance(index, tuple) else (index, ...)]
    if not part.flags.c_contiguous and _has_arrays(index):  # a transposed copy
        return np.ascontiguousarray(part)
    return part


@primitive
def put_zeros(input: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `input` added at `index`; an element met twice is added twice.

    Examples
    --------
    >>> put_zeros(np.ones(3), index=np.array([0, 0, 2]), shape=(4,))
    array([2., 0., 1., 0.])
    """
    out = np.zeros(shape, input.dtype)
    if _has_arrays(index, "iu"):
        # np.add.at is several times faster on one axis than on many.
        np.add.at(out.reshape(-1), _places(index, shape).ravel(), np.ravel(input))
    else:
        out[index] = input
    return out


def _has_arrays(index: Any, kinds: str = "biu") -> bool:
    """Whether an index holds arrays. Only integer ones can meet an element twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, np.ndarray) and p.dtype.kind in kinds for p in parts)


def _places(index: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Where in memory the elements are that an index selects from a new array of `shape`."""
    if isinstance(index, np.ndarray):  # rows, such as those of an embedding
        width = math.prod(shape[1:])
        index = index.astype(np.intp, copy=False)  # the length may not fit a narrow integer
        rows = np.where(index < 0, index + shape[0], index)
        return rows if width == 1 else (rows * width)[..., None] + np.arange(width)
    return np.arange(math.prod(shape)).reshape(shape)[index]


def _why_not(x: Any, index: Any) -> str:
    text = "invalid index of a 0-d tensor: use x.item() for the number in it"
    return "" if np.ndim(x) else text


getitem.explain = _why_not
getitem.defvjp(lambda g, out, x, index: put_zeros(g, index=index, shape=x.shape))
put_zeros.defvjp(lambda g, out, x, index, shape: getitem(g, index=index))


@primitive
@quiet
def index_put(input: Any, values: Any, *, index: Any) -> Any:
    """A copy of `input` with `values` written at `index`.

    The gradient of `input` is 0 where it was overwritten; `values` get it there.

    Examples
    --------
    >>> index_put(np.zeros(3), 5.0, index=1)
    array([0., 5., 0.])
    """
    out = np.array(input)
    out[index] = values
    return out


def _cleared(g: Any, index: Any) -> Any:
    return index_put(g, 0.0, index=index)


def _values_gradient(g: Any, out: Any, x: Any, values: Any, index: Any) -> Any:
    return sum_to(getitem(g, index=index), shape=values.shape)


index_put.defvjp(lambda g, out, x, values, index: _cleared(g, index), _values_gradient)


@primitive
@quiet
def accumulate(input: Any, values: Any, *, index: Any) -> Any:
    """A copy of `input` with `values` added at `index`; an element met twice is added twice.

    The gradient of `input` passes; `values` get it where they were added.

    Examples
    --------
    >>> accumulate(np.ones(3), np.array([5.0, 6.0]), index=np.array([0, 0]))
    array([12.,  1.,  1.])
    """
    out = np.array(input, order="C")
    places = np.arange(out.size).reshape(out.shape)[index]
    values = np.broadcast_to(values, places.shape).ravel()
    np.add.at(out.reshape(-1), places.ravel(), values.astype(out.dtype, copy=False))
    return out


accumulate.defvjp(
    lambda g, out, x, values, index: g,
    lambda g, out, x, values, index: sum_to(getitem(g, index=index), shape=values.shape),
)


# ------------------------------------------------------------------------- PyTorch's index rules


def read(input: Any, index: Any) -> Any:
    """``input[index]`` by PyTorch's rules: first ints, slices and None, then all arrays."""
    if index.__class__ is int:
        return getitem(input, index=index)
    array = raw(index)
    if is_tensor(input) and not input._array.ndim:
        input._buffer()  # a number that is to be viewed
    if array.__class__ is np.ndarray and array.ndim and array.dtype is _INT64 and raw(input).ndim:
        return getitem(input, index=array)
    basic, arrays = plain_index(index, raw(input).shape)
    if basic is not None:
        input = getitem(input, index=basic)
    return input if arrays is None else getitem(input, index=arrays)


def plain_index(index: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """An index in two steps as NumPy takes them: ints, slices and None, and then the arrays.

    NumPy counts an int beside arrays as one of them, which moves axes: with x of shape (2, 3, 4),
    ``x[0, :, [0, 1]]`` has shape (2, 3) there, (3, 2) in PyTorch and here.

    Raises
    ------
    IndexError
        Too many indices, a mask of another shape, an array of floats.
    ValueError
        A slice with a step of 0 or less.

    Examples
    --------
    >>> plain_index((0, 1, [0, 1]), (2, 3, 4))
    ((0, 1, slice(None, None, None)), array([0, 1]))
    """
    parts = [_part(p) for p in (index if _is_tuple(index) else (index,))]
    _check_count(parts, shape)
    if not any(isinstance(p, (np.ndarray, bool)) for p in parts):
        return tuple(parts), None
    if len(parts) == 1 and parts[0].__class__ is np.ndarray:
        _check_mask(parts[0], shape, 0)
        return None, parts[0]
    return _two_steps(parts, shape)


def _two_steps(parts: list[Any], shape: tuple[int, ...]) -> tuple[Any, Any]:
    whole = slice(None)
    basic: list[Any] = []
    arrays: list[Any] = []
    for part in parts:
        axis = sum(p is not None for p in basic)
        if part is Ellipsis:
            n = len(shape) - sum(map(_consumed, parts))
            basic += [whole] * n
            arrays += [whole] * n
        elif isinstance(part, bool):  # a new axis, and all or nothing of it
            basic.append(None)
            arrays.append(np.zeros(int(part), np.intp))
        elif isinstance(part, np.ndarray):
            _check_mask(part, shape, axis)
            basic += [whole] * _consumed(part)
            arrays.append(part)
        else:
            basic.append(part)
            if not isinstance(part, int):
                arrays.append(whole)
    first = None if all(p is whole for p in basic) else tuple(basic)
    while arrays[-1] is whole:
        arrays.pop()
    return first, arrays[0] if len(arrays) == 1 else tuple(arrays)


def _is_tuple(index: Any) -> bool:
    """Whether an index stands for one index per axis; PyTorch reads some lists so, too."""
    if isinstance(index, tuple):
        return True
    if not isinstance(index, list) or len(index) >= 32:
        return False
    several = (Sequence, np.ndarray, slice, type(None), type(Ellipsis))
    return any(isinstance(i, several) or is_tensor(i) for i in index)


def _part(part: Any) -> Any:
    """One part of an index as an int, bool, slice, None, Ellipsis or array."""
    kind = part.__class__
    if part is None or part is Ellipsis or kind is int or kind is bool:
        return part
    if kind is slice:
        if part.step is not None and operator.index(part.step) <= 0:
            raise ValueError(
                located(
                    f"x[...]: slice step must be greater than zero, not {part.step}; reverse an "
                    "axis with flip()"
                )
            )
        return part
    if isinstance(part, (list, tuple, range)):
        if any(map(is_tensor, part)):
            part = [raw(p) for p in part]
        array = np.asarray(part, dtype=None if len(part) else np.intp)
    else:
        array = raw(part)
        if not isinstance(array, (np.ndarray, np.generic)):
            return _number(array)
        if is_tensor(part) and array.dtype == np.uint8:  # a mask, to PyTorch
            array = array.astype(bool)
    if array.dtype.kind not in "biu":
        raise IndexError(
            located(
                f"x[...]: tensors used as indices must be of integers or bool, not {array.dtype}"
            )
        )
    if array.ndim:
        return np.asarray(array)
    return bool(array) if array.dtype.kind == "b" else int(array)


def _number(part: Any) -> int:
    try:
        return operator.index(part)
    except TypeError:
        raise IndexError(
            located(
                "x[...]: only integers, slices (`:`), ellipsis (`...`), None and integer or "
                f"boolean arrays are valid indices, not {type(part).__name__}"
            )
        ) from None


def _consumed(part: Any) -> int:
    """How many axes a part of an index takes."""
    if part is None or part is Ellipsis or isinstance(part, bool):
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1


def _check_count(parts: list[Any], shape: tuple[int, ...]) -> None:
    for i in [i for i, part in enumerate(parts) if part is Ellipsis][:0:-1]:
        del parts[i]  # a second Ellipsis stands for nothing
    if sum(map(_consumed, parts)) > len(shape):
        raise IndexError(
            located(
                f"x[...]: too many indices for tensor of dimension {len(shape)}"
                + ("" if shape else "; use x.item() for the number in it")
            )
        )


def _check_mask(part: np.ndarray, shape: tuple[int, ...], axis: int) -> None:
    if part.dtype.kind == "b" and part.shape != shape[axis : axis + part.ndim]:
        raise IndexError(
            located(
                f"x[...]: the shape of the mask {part.shape} at index {axis} does not match the "
                f"shape of the indexed tensor {shape} at index {axis}"
            )
        )


# ------------------------------------------------------------------------------- finding elements


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Where the elements are not zero: one row of indices per element, or one array per axis.

    Examples
    --------
    >>> nonzero(np.array([0, 7, 8]))
    array([[1],
           [2]])
    """
    array = raw(input)
    if not hasattr(array, "dtype"):
        raise DTypeError(located(f"nonzero: input must be a Tensor, not {type(array).__name__}"))
    wrap = box if is_tensor(input) else np.asarray
    if as_tuple:
        return tuple(map(wrap, np.nonzero(np.atleast_1d(array))))
    return wrap(np.argwhere(array))


def argwhere(input: Any) -> Any:
    """Where the elements are not zero: one row of indices per element.

    Examples
    --------
    >>> argwhere(np.array([[0, 7], [8, 0]]))
    array([[0, 1],
           [1, 0]])
    """
    return nonzero(input)
