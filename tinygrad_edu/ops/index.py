"""Reading and writing parts of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import box, is_tensor, primitive, raw
from .fitting import sum_to

__all__ = ["getitem", "index_put", "nonzero"]


@primitive
def getitem(input: Any, *, index: Any) -> Any:
    """``input[index]`` with ints, slices, None, Ellipsis, integer and boolean arrays.

    Examples
    --------
    >>> getitem(np.arange(5.0), index=slice(1, 3))
    array([1., 2.])
    """
    return input[index]


@primitive
def put_zeros(input: Any, *, index: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of `shape` with `input` added at `index`; an element met twice is added twice.

    Examples
    --------
    >>> put_zeros(np.ones(3), index=np.array([0, 0, 2]), shape=(4,))
    array([2., 0., 1., 0.])
    """
    out = np.zeros(shape, input.dtype)
    if _repeats(index):
        np.add.at(out, index, input)
    else:
        out[index] = input
    return out


def _repeats(index: Any) -> bool:
    """Whether an index may meet an element twice: only integer arrays can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(isinstance(p, np.ndarray) and p.dtype.kind in "iu" for p in parts)


getitem.defvjp(lambda g, out, x, index: put_zeros(g, index=index, shape=x.shape))
put_zeros.defvjp(lambda g, out, x, index, shape: getitem(g, index=index))


@primitive
def index_put(input: Any, values: Any, *, index: Any) -> Any:
    """A copy of `input` with `values` written at `index`.

    Examples
    --------
    >>> index_put(np.zeros(3), 5.0, index=1)
    array([0., 5., 0.])
    """
    out = input.copy()
    out[index] = values
    return out


def _cleared(g: Any, index: Any) -> Any:
    return index_put(g, 0.0, index=index)


def _values_gradient(g: Any, out: Any, x: Any, values: Any, index: Any) -> Any:
    return sum_to(getitem(g, index=index), shape=values.shape)


index_put.defvjp(lambda g, out, x, values, index: _cleared(g, index), _values_gradient)


def plain_index(index: Any) -> Any:
    """An index as NumPy takes it: Tensors and lists inside become arrays."""
    if isinstance(index, tuple):
        return tuple(plain_index(i) for i in index)
    index = raw(index)
    return np.asarray(index) if isinstance(index, list) else index


def nonzero(input: Any, *, as_tuple: bool = False) -> Any:
    """Where the elements are not zero: one row of indices per element, or one array per axis.

    Examples
    --------
    >>> nonzero(np.array([0, 7, 8]))
    array([[1],
           [2]])
    """
    found = np.nonzero(raw(input))
    wrap = box if is_tensor(input) else np.asarray
    return tuple(map(wrap, found)) if as_tuple else wrap(np.stack(found, axis=-1))
