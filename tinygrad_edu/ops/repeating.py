"""Ops that repeat elements: their gradients add up over the repetitions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import box, is_tensor, primitive, raw
from ..errors import AxisError, DTypeError, ShapeError, located
from .arguments import numpy_names, one_axis, sizes
from .fitting import broadcast_to as _broadcast
from .fitting import sum_to
from .index import getitem
from .joining import stack
from .shape import _reshape, _view

__all__ = [
    "broadcast_shapes",
    "broadcast_tensors",
    "broadcast_to",
    "cartesian_prod",
    "meshgrid",
    "repeat_interleave",
    "tile",
]

# ---------------------------------------------------------------------------------- without copies


def _expanded(name: str, input: Any, size: tuple[int, ...]) -> Any:
    shape = raw(input).shape
    extra = len(size) - len(shape)
    if extra < 0:
        raise ShapeError(
            located(
                f"{name}: the number of sizes provided ({len(size)}) must be greater or equal to "
                f"the number of dimensions in the tensor ({len(shape)})"
            )
        )
    new = []
    for i, n in enumerate(size):
        old = shape[i - extra] if i >= extra else None
        if n == -1 and old is not None:
            n = old
        if n < 0:
            raise ShapeError(
                located(
                    f"{name}: The expanded size of the tensor ({n}) isn't allowed in a leading, "
                    f"non-existing dimension {i}; -1 keeps a length that is there"
                )
            )
        if old not in (None, 1, n):
            raise ShapeError(
                located(
                    f"{name}: The expanded size of the tensor ({n}) must match the existing size "
                    f"({old}) at non-singleton dimension {i}. Target sizes: {list(size)}. Tensor "
                    f"sizes: {list(shape)}"
                )
            )
        new.append(n)
    if tuple(new) == shape:
        return _view(input, shape=shape)
    return _broadcast(input, shape=tuple(new))


def expand(input: Any, *sizes_: Any, size: Any = None, implicit: bool = False) -> Any:
    """Axes of length 1 repeated to new lengths without a copy; -1 keeps a length.

    The gradient adds up over the repetitions.

    Examples
    --------
    >>> expand(np.array([[1.0], [2.0]]), 2, 3)
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    return _expanded("expand", input, sizes("expand", sizes_ if size is None else (size,)))


def expand_as(input: Any, other: Any) -> Any:
    """`input` expanded to the shape of `other`."""
    return _expanded("expand_as", input, raw(other).shape)


def broadcast_to(input: Any, size: Any = None, *, shape: Any = None) -> Any:
    """Axes of length 1 repeated to the lengths in `size` without a copy.

    The gradient adds up over the repetitions. (NumPy calls `size` `shape`.)

    Examples
    --------
    >>> broadcast_to(np.array([1.0, 2.0]), (2, 2))
    array([[1., 2.],
           [1., 2.]])
    """
    wanted = shape if size is None else size
    return _expanded("broadcast_to", input, sizes("broadcast_to", (wanted,)))


def broadcast_shapes(*shapes: Any) -> tuple[int, ...]:
    """The shape to which arrays of these shapes broadcast.

    Examples
    --------
    >>> broadcast_shapes((3, 1), (4,))
    (3, 4)
    """
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            located(
                f"broadcast: shapes {', '.join(map(str, shapes))} do not fit: from the right, "
                "lengths must be equal or 1"
            )
        ) from None


def _several(tensors: tuple[Any, ...]) -> tuple[Any, ...]:
    """Tensors given one by one, or as one list."""
    return (
        tuple(tensors[0])
        if len(tensors) == 1 and isinstance(tensors[0], (list, tuple))
        else tensors
    )


def broadcast_tensors(*tensors: Any) -> tuple[Any, ...]:
    """All tensors expanded to one shape.

    Examples
    --------
    >>> a, b = broadcast_tensors(np.zeros((3, 1)), np.zeros(4))
    >>> a.shape, b.shape
    ((3, 4), (3, 4))
    """
    given = _several(tensors)
    shape = broadcast_shapes(*(raw(x).shape for x in given))
    return tuple(_expanded("broadcast_tensors", x, shape) for x in given)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Any, ...]:
    """The coordinates of a grid: each vector expanded along an axis of its own.

    With ``indexing="xy"`` the first two axes are exchanged, as in pictures.

    Examples
    --------
    >>> x, y = meshgrid(np.array([1.0, 2.0]), np.array([3.0, 4.0, 5.0]))
    >>> x
    array([[1., 1., 1.],
           [2., 2., 2.]])
    """
    given = _several(tensors)
    if not given:
        raise ShapeError(located("meshgrid expects a non-empty TensorList"))
    if indexing not in ("ij", "xy"):
        raise ShapeError(
            located(f'meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
        )
    for x in given:
        if raw(x).ndim > 1:
            raise ShapeError(
                located(f"meshgrid: expected 0-d or 1-d tensors, got shape {raw(x).shape}")
            )
    if len({raw(x).dtype for x in given}) > 1:
        raise DTypeError(located("meshgrid expects all tensors to have the same dtype"))
    if indexing == "xy" and len(given) > 1:
        order = [1, 0, *range(2, len(given))]
    else:
        order = list(range(len(given)))
    shape = tuple(raw(given[i]).size for i in order)
    grids = []
    for i, x in enumerate(given):
        own = tuple(raw(x).size if k == i else 1 for k in order)
        grids.append(_expanded("meshgrid", _reshape(x, shape=own), shape))
    return tuple(grids)


def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of one element of each vector, one per row.

    Examples
    --------
    >>> cartesian_prod(np.array([1, 2]), np.array([5, 6]))
    array([[1, 5],
           [1, 6],
           [2, 5],
           [2, 6]])
    """
    given = _several(tensors)
    for x in given:
        if raw(x).ndim != 1:
            raise ShapeError(
                located(f"cartesian_prod: Expect a 1D vector, but got shape {raw(x).shape}")
            )
    if len(given) == 1:
        return _reshape(given[0], shape=(raw(given[0]).size,))
    columns = [_reshape(grid, shape=(raw(grid).size,)) for grid in meshgrid(*given)]
    return stack(columns, 1)


# ------------------------------------------------------------------------------------ with copies


@primitive(name="repeat")
def _tile(input: Any, *, repeats: tuple[int, ...]) -> Any:
    return np.tile(input, repeats)


def _added_up(g: Any, out: Any, x: Any, repeats: tuple[int, ...]) -> Any:
    """Repetitions as axes of their own, summed over."""
    shape = (1,) * (len(repeats) - len(x.shape)) + x.shape
    pairs = [n for pair in zip(repeats, shape, strict=True) for n in pair]
    once = [n for length in shape for n in (1, length)]
    return _reshape(sum_to(_reshape(g, shape=tuple(pairs)), shape=tuple(once)), shape=x.shape)


_tile.defvjp(_added_up)


def repeat(input: Any, *repeats_: Any, repeats: Any = None) -> Any:
    """Copies of the whole, so many along each axis; NumPy calls this tile.

    The gradient adds up over the copies.

    Examples
    --------
    >>> repeat(np.array([1.0, 2.0]), 2, 2)
    array([[1., 2., 1., 2.],
           [1., 2., 1., 2.]])
    """
    counts = sizes("repeat", repeats_ if repeats is None else (repeats,))
    ndim = raw(input).ndim
    if len(counts) < ndim:
        raise ShapeError(
            located(
                f"repeat: Number of dimensions of repeat dims ({len(counts)}) can not be smaller "
                f"than number of dimensions of tensor ({ndim})"
            )
        )
    return _repeated("repeat", input, counts)


def _repeated(name: str, input: Any, counts: tuple[int, ...]) -> Any:
    if any(n < 0 for n in counts):
        raise ShapeError(located(f"{name}: repeats can not be negative, got {list(counts)}"))
    return _tile(input, repeats=counts)


def tile(input: Any, *dims_: Any, dims: Any = None) -> Any:
    """Copies of the whole, so many along each of the last axes.

    Examples
    --------
    >>> tile(np.array([[1.0], [2.0]]), (2,))
    array([[1., 1.],
           [2., 2.]])
    """
    counts = sizes("tile", dims_ if dims is None else (dims,))
    return _repeated("tile", input, (1,) * (raw(input).ndim - len(counts)) + counts)


@numpy_names
def repeat_interleave(
    input: Any, repeats: Any = None, dim: Any = None, *, output_size: Any = None
) -> Any:
    """Each element repeated, as often as `repeats` says: a number, or one for each element.

    Without `dim` the input is flattened. Called with the repeats alone it gives the indices.

    Examples
    --------
    >>> repeat_interleave(np.array([1.0, 2.0]), 2)
    array([1., 1., 2., 2.])
    >>> repeat_interleave(np.array([1.0, 2.0]), np.array([1, 3]))
    array([1., 2., 2., 2.])
    """
    if repeats is None:
        counts = np.asarray(raw(input))
        found = np.repeat(np.arange(len(counts)), counts)
        return box(found) if is_tensor(input) else found
    if dim is None:
        input, dim = _reshape(input, shape=(raw(input).size,)), 0
    if not raw(input).ndim:
        raise AxisError(
            located("repeat_interleave: Dimension specified as 0 but tensor has no dimensions")
        )
    axis = one_axis("repeat_interleave", dim, raw(input).ndim)
    n, counts = raw(input).shape[axis], np.asarray(raw(repeats))
    if counts.dtype.kind not in "iu":
        raise DTypeError(
            located(f"repeat_interleave: repeats must be integers, not {counts.dtype}")
        )
    if counts.size not in (1, n) or counts.ndim > 1:
        raise ShapeError(
            located(
                f"repeat_interleave: repeats must have the same size as input along dim, but got "
                f"{counts.size} repeats and {n} elements along dim {axis}"
            )
        )
    if counts.size and counts.min() < 0:
        raise ShapeError(located("repeat_interleave: repeats can not be negative"))
    rows = np.repeat(np.arange(n), np.broadcast_to(counts.reshape(-1), (n,)))
    return getitem(input, index=(slice(None),) * axis + (rows,))
