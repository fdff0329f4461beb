"""Taking tensors apart. The parts are views; each sends its gradient back to its place."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..engine import primitive, raw
from ..errors import AxisError, ShapeError, located
from .arguments import numpy_names, one_axis
from .index import getitem, put_zeros
from .shape import _permute, _reshape

__all__ = [
    "chunk",
    "dsplit",
    "hsplit",
    "narrow",
    "select",
    "split",
    "split_with_sizes",
    "tensor_split",
    "unbind",
    "vsplit",
]


def _axis(name: str, input: Any, dim: Any) -> int:
    """An axis of an input that has one."""
    if not raw(input).ndim:
        kind = AxisError if name in ("select", "unbind") else ShapeError
        raise kind(located(f"{name}: expects at least a 1-dimensional tensor, not a 0-d one"))
    return one_axis(name, dim, raw(input).ndim)


def _between(input: Any, axis: int, ends: list[int]) -> tuple[Any, ...]:
    """The parts between neighbouring `ends` along an axis."""
    before = (slice(None),) * axis
    return tuple(getitem(input, index=(*before, slice(a, b))) for a, b in pairwise(ends))


@numpy_names
def split(
    tensor: Any, split_size_or_sections: Any = None, dim: int = 0, *, split_size: Any = None
) -> tuple[Any, ...]:
    """Parts of a given length along an axis (the last may be shorter), or of given lengths.

    Examples
    --------
    >>> split(np.arange(5.0), 2)
    (array([0., 1.]), array([2., 3.]), array([4.]))
    """
    size = split_size_or_sections if split_size_or_sections is not None else split_size
    if isinstance(size, (list, tuple)):
        return split_with_sizes(tensor, size, dim)
    axis = _axis("split", tensor, dim)
    n, size = raw(tensor).shape[axis], int(size)
    if size < 0 or (size == 0 and n):
        raise ShapeError(
            located(f"split: split_size must be positive to split {n} elements, not {size}")
        )
    starts = list(range(0, n, size)) if n else [0]
    return _between(tensor, axis, [*starts, n])


@numpy_names
def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> tuple[Any, ...]:
    """Parts of given lengths along an axis, which must add up to its length.

    Examples
    --------
    >>> split_with_sizes(np.arange(3.0), [1, 2])
    (array([0.]), array([1., 2.]))
    """
    axis = _axis("split_with_sizes", input, dim)
    lengths = [int(n) for n in split_sizes]
    n = raw(input).shape[axis]
    if sum(lengths) != n or any(length < 0 for length in lengths):
        raise ShapeError(
            located(
                f"split_with_sizes expects split_sizes to sum exactly to {n} (input tensor's size "
                f"at dimension {axis}), but got split_sizes={lengths}"
            )
        )
    return _between(input, axis, [sum(lengths[:i]) for i in range(len(lengths) + 1)])


@numpy_names
def chunk(input: Any, chunks: int, dim: int = 0) -> tuple[Any, ...]:
    """At most `chunks` parts along an axis, all of one length but for the last.

    Examples
    --------
    >>> chunk(np.arange(5.0), 3)
    (array([0., 1.]), array([2., 3.]), array([4.]))
    """
    axis = _axis("chunk", input, dim)
    if chunks <= 0:
        raise ShapeError(located(f"chunk expects `chunks` to be greater than 0, got: {chunks}"))
    n = raw(input).shape[axis]
    if not n:
        return _between(input, axis, [0] * (chunks + 1))
    return split(input, math.ceil(n / chunks), axis)


@numpy_names
def tensor_split(
    input: Any,
    indices_or_sections: Any = None,
    dim: int = 0,
    *,
    indices: Any = None,
    sections: Any = None,
) -> tuple[Any, ...]:
    """A number of parts along an axis, of nearly equal lengths, or parts that end at indices.

    Examples
    --------
    >>> tensor_split(np.arange(5.0), 3)
    (array([0., 1.]), array([2., 3.]), array([4.]))
    >>> tensor_split(np.arange(5.0), (1, 4))
    (array([0.]), array([1., 2., 3.]), array([4.]))
    """
    axis = _axis("tensor_split", input, dim)
    n = raw(input).shape[axis]
    given = [v for v in (indices_or_sections, indices, sections) if v is not None]
    cuts = np.asarray(raw(given[0]))
    if cuts.ndim:
        places = [slice(int(c)).indices(n)[1] for c in cuts]  # negative ones count from the end
        before = (slice(None),) * axis
        ends = pairwise([0, *places, n])
        return tuple(getitem(input, index=(*before, slice(a, max(a, b)))) for a, b in ends)
    parts = int(cuts)
    if parts <= 0:
        raise ShapeError(
            located(f"tensor_split: number of sections must be larger than 0, got {parts}")
        )
    each, longer = divmod(n, parts)
    return _between(input, axis, [i * each + min(i, longer) for i in range(parts + 1)])


def _named_split(name: str, input: Any, indices_or_sections: Any, axis: int, least: int) -> Any:
    if raw(input).ndim < least:
        raise ShapeError(
            located(
                f"{name} requires a tensor with at least {least} dimension, got {raw(input).ndim}"
            )
        )
    n, cuts = raw(input).shape[axis], np.asarray(raw(indices_or_sections))
    if not cuts.ndim and (int(cuts) <= 0 or n % int(cuts)):
        raise ShapeError(
            located(
                f"{name} attempted to split along dimension {axis}, but the size of the dimension "
                f"{n} is not divisible by the split_size {int(cuts)}; see tensor_split"
            )
        )
    return tensor_split(input, indices_or_sections, axis)


def hsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal parts side by side (axis 1; axis 0 of a vector), or parts that end at indices.

    Examples
    --------
    >>> [part.shape for part in hsplit(np.zeros((3, 4)), 2)]
    [(3, 2), (3, 2)]
    """
    return _named_split("hsplit", input, indices_or_sections, int(raw(input).ndim > 1), 1)


def vsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal parts one below the other (axis 0), or parts that end at indices.

    Examples
    --------
    >>> [part.shape for part in vsplit(np.zeros((4, 3)), 2)]
    [(2, 3), (2, 3)]
    """
    return _named_split("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Any, indices_or_sections: Any) -> tuple[Any, ...]:
    """Equal parts one behind the other (axis 2), or parts that end at indices.

    Examples
    --------
    >>> [part.shape for part in dsplit(np.zeros((2, 3, 4)), 2)]
    [(2, 3, 2), (2, 3, 2)]
    """
    return _named_split("dsplit", input, indices_or_sections, 2, 3)


@numpy_names
def unbind(input: Any, dim: int = 0) -> tuple[Any, ...]:
    """All slices along an axis, without that axis.

    Examples
    --------
    >>> unbind(np.array([[1.0, 2.0], [3.0, 4.0]]))
    (array([1., 2.]), array([3., 4.]))
    """
    axis = _axis("unbind", input, dim)
    before = (slice(None),) * axis
    return tuple(getitem(input, index=(*before, i)) for i in range(raw(input).shape[axis]))


@numpy_names
def select(input: Any, dim: int, index: int) -> Any:
    """One slice along an axis, without that axis.

    Examples
    --------
    >>> select(np.array([[1.0, 2.0], [3.0, 4.0]]), 1, 0)
    array([1., 3.])
    """
    axis = _axis("select", input, dim)
    n, i = raw(input).shape[axis], int(raw(index))
    if not -n <= i < n:
        raise AxisError(
            located(
                f"select(): index {i} out of range for tensor of size {list(raw(input).shape)} at "
                f"dimension {axis}"
            )
        )
    return getitem(input, index=(slice(None),) * axis + (i,))


@numpy_names
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """`length` elements along an axis, from `start` on.

    Examples
    --------
    >>> narrow(np.arange(5.0), 0, 1, 3)
    array([1., 2., 3.])
    """
    axis = _axis("narrow", input, dim)
    n, first = raw(input).shape[axis], int(raw(start))
    if length < 0:
        raise ShapeError(located(f"narrow(): length must be non-negative, got {length}"))
    if not -n <= first <= n:
        raise AxisError(
            located(
                f"narrow: start out of range (expected to be in range of [{-n}, {n}], but got "
                f"{first})"
            )
        )
    first = first + n if first < 0 else first
    if first + length > n:
        raise ShapeError(
            located(f"narrow: start ({first}) + length ({length}) exceeds dimension size ({n})")
        )
    return getitem(input, index=(slice(None),) * axis + (slice(first, first + length),))


@primitive(name="unfold", views=True)
def _unfold(input: Any, *, axis: int, size: int, step: int) -> Any:
    windows = sliding_window_view(input, size, axis, writeable=input.flags.writeable)
    return windows[(slice(None),) * axis + (slice(None, None, step),)]


def _d_unfold(g: Any, out: Any, x: Any, axis: int, size: int, step: int) -> Any:
    windows = np.arange(0, x.shape[axis] - size + 1, step)[:, None] + np.arange(size)
    ndim = len(x.shape)
    order = (*range(axis + 1), ndim, *range(axis + 1, ndim))
    index = (slice(None),) * axis + (windows,)
    return put_zeros(_permute(g, dims=order), index=index, shape=x.shape)


_unfold.defvjp(_d_unfold)


def unfold(input: Any, dimension: int, size: int, step: int) -> Any:
    """All windows of `size` neighbours, `step` apart, along an axis; each along a new last axis.

    Where windows overlap the gradient adds up.

    Examples
    --------
    >>> unfold(np.arange(4.0), 0, 2, 1)
    array([[0., 1.],
           [1., 2.],
           [2., 3.]])
    """
    shape = raw(input).shape
    axis = one_axis("unfold", dimension, len(shape))
    n = shape[axis] if shape else 1
    if not 0 <= size <= n:
        raise ShapeError(
            located(
                f"unfold: maximum size for tensor at dimension {axis} is {n} but size is {size}"
            )
        )
    if step <= 0:
        raise ShapeError(located(f"unfold: step is {step} but must be > 0"))
    if not shape:
        return getitem(_reshape(input, shape=(1,)), index=slice(size))
    return _unfold(input, axis=axis, size=size, step=step)
