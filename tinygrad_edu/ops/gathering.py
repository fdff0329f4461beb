"""Reading elements by index tensors: the gradient goes to where each was read, and adds up."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import raw
from ..errors import AxisError, DTypeError, ShapeError, located
from .arguments import numpy_names, one_axis
from .fitting import broadcast_to
from .index import getitem
from .repeating import broadcast_shapes
from .shape import _reshape

__all__ = ["gather", "index_select", "masked_select", "take", "take_along_dim"]


def index_array(name: str, index: Any) -> np.ndarray:
    """An index argument as an array of integers."""
    array = raw(index)
    if not hasattr(array, "dtype"):
        raise DTypeError(
            located(f"{name}(): argument 'index' must be Tensor, not {type(index).__name__}")
        )
    if array.dtype.kind not in "iu":
        raise DTypeError(located(f"{name}(): Expected dtype int64 for index, not {array.dtype}"))
    return np.asarray(array)


def check_bounds(name: str, index: np.ndarray, n: int, axis: int, least: int = 0) -> None:
    """Raise IndexError for an index that an axis of length `n` does not have."""
    if index.size and (index.min() < least or index.max() >= n):
        bad = index[(index < least) | (index >= n)].flat[0]
        # PyTorch raises RuntimeError in the gather family, IndexError elsewhere.
        kind = AxisError if name in ("index_select", "take", "index_fill") else ShapeError
        raise kind(
            located(f"{name}: index {bad} is out of bounds for dimension {axis} with size {n}")
        )


def along(name: str, shape: tuple[int, ...], dim: int, index: Any) -> tuple[Any, ...]:
    """The NumPy index of the elements ``[i][index[i][j]]`` and the like, for gather and scatter."""
    places = index_array(name, index)
    axis = one_axis(name, dim, len(shape))
    shape = shape or (1,)
    places = places if places.ndim else places.reshape(1)
    if places.size == 0:
        return (np.zeros(places.shape, np.intp),) * len(shape)
    if places.ndim != len(shape):
        raise ShapeError(
            located(
                f"{name}(): Index tensor must have the same number of dimensions as input tensor, "
                f"but index has shape {places.shape}, input {shape}"
            )
        )
    if any(n > m for i, (n, m) in enumerate(zip(places.shape, shape, strict=True)) if i != axis):
        raise ShapeError(
            located(
                f"{name}(): Size does not match: expected index {places.shape} to be no larger "
                f"than self {shape} apart from dimension {axis}"
            )
        )
    check_bounds(name, places, shape[axis], axis)
    full: list[Any] = list(np.indices(places.shape, sparse=True))
    full[axis] = places
    return tuple(full)


@numpy_names
def gather(input: Any, dim: int, index: Any, *, sparse_grad: bool = False) -> Any:
    """Along an axis, the elements at `index`: ``out[i][j] = input[i][index[i][j]]`` for dim 1.

    The gradient of an element that was read several times adds up.

    Examples
    --------
    >>> gather(np.array([[1.0, 2.0], [3.0, 4.0]]), 1, np.array([[0], [1]]))
    array([[1.],
           [4.]])
    """
    shape = raw(input).shape
    places = along("gather", shape, dim, index)
    if not shape:
        input = _reshape(input, shape=(1,))
    out = getitem(input, index=places)
    wanted = np.shape(raw(index))
    return out if raw(out).shape == wanted else _reshape(out, shape=wanted)


@numpy_names
def index_select(input: Any, dim: int, index: Any) -> Any:
    """The slices along an axis that a vector of indices names, in its order.

    The gradient of a slice that was taken several times adds up.

    Examples
    --------
    >>> index_select(np.array([[1.0, 2.0], [3.0, 4.0]]), 1, np.array([1, 1, 0]))
    array([[2., 2., 1.],
           [4., 4., 3.]])
    """
    places, shape = index_array("index_select", index), raw(input).shape
    axis = one_axis("index_select", dim, len(shape))
    if places.ndim > 1:
        raise AxisError(located("index_select(): Index is supposed to be a vector"))
    places = places.reshape(-1)
    check_bounds("index_select", places, shape[axis] if shape else 1, axis)
    if not shape:
        if len(places) != 1:
            raise ShapeError(located("index_select(): Index to scalar can have only 1 value"))
        return _reshape(input, shape=())
    return getitem(input, index=places if axis == 0 else (slice(None),) * axis + (places,))


def take(input: Any, index: Any) -> Any:
    """The elements at `index`, counted as if all stood in one row.

    Examples
    --------
    >>> take(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0, 3]))
    array([1., 4.])
    """
    places, size = index_array("take", index), raw(input).size
    check_bounds("take", places, size, 0, -size)
    return getitem(_reshape(input, shape=(size,)), index=places)


@numpy_names
def take_along_dim(input: Any, indices: Any, dim: Any = None) -> Any:
    """`gather` with shapes that broadcast, such as the result of ``argsort`` or ``argmax``.

    Examples
    --------
    >>> take_along_dim(np.array([[2.0, 1.0], [3.0, 4.0]]), np.array([[1], [0]]), 1)
    array([[1.],
           [3.]])
    """
    places = index_array("take_along_dim", indices)
    if dim is None:
        return take(input, places.reshape(-1))
    shape = raw(input).shape
    axis = one_axis("take_along_dim", dim, len(shape))
    if places.ndim != len(shape):
        raise ShapeError(
            located(
                "take_along_dim(): input and indices should have the same number of dimensions, "
                f"but got {len(shape)} dimensions for input, and {places.ndim} for indices"
            )
        )
    if not shape:
        return gather(input, dim, places)
    check_bounds("take_along_dim", places, shape[axis], axis, -shape[axis])
    both = [
        broadcast_shapes((n,), (m,))[0] if i != axis else None
        for i, (n, m) in enumerate(zip(shape, places.shape, strict=True))
    ]
    full = tuple(shape[axis] if n is None else n for n in both)
    places = np.broadcast_to(places, tuple(places.shape[axis] if n is None else n for n in both))
    if full != shape:
        input = broadcast_to(input, shape=full)
    places = places.astype(np.intp, copy=False)  # the length may not fit a narrow integer
    return gather(input, axis, np.where(places < 0, places + shape[axis], places))


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where a mask holds, as a vector; input and mask broadcast.

    Examples
    --------
    >>> masked_select(np.array([1.0, 2.0, 3.0]), np.array([True, False, True]))
    array([1., 3.])
    """
    chosen = np.asarray(raw(mask))
    if chosen.dtype != bool:
        raise DTypeError(
            located(f"masked_select: expected BoolTensor for mask, not {chosen.dtype}")
        )
    shape = broadcast_shapes(raw(input).shape, chosen.shape)
    if raw(input).shape != shape:
        input = broadcast_to(input, shape=shape)
    return getitem(input, index=np.broadcast_to(chosen, shape))
