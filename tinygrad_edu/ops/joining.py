"""Putting tensors together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import is_tensor, primitive, raw
from ..errors import DTypeError, ShapeError, located
from .arguments import numpy_names, one_axis
from .arrange import _at_least
from .index import getitem
from .shape import _reshape

__all__ = [
    "block_diag",
    "cat",
    "column_stack",
    "concat",
    "concatenate",
    "dstack",
    "hstack",
    "row_stack",
    "stack",
    "vstack",
]


def _listed(name: str, tensors: Any) -> list[Any]:
    """The tensors to join, as a list; each must be a tensor or array."""
    if is_tensor(tensors):
        raise DTypeError(
            located(f"{name}(): argument 'tensors' must be tuple of Tensors, not Tensor")
        )
    found = list(tensors)
    if not found:
        raise ShapeError(located(f"{name}: expected a non-empty list of Tensors"))
    for i, x in enumerate(found):
        if not hasattr(raw(x), "dtype"):
            raise DTypeError(
                located(
                    f"{name}(): expected Tensor as element {i} in argument 'tensors', but got "
                    f"{type(x).__name__}; wrap it in tensor(...)"
                )
            )
    return found


@primitive(name="cat", promotes="arithmetic")
def _cat(*tensors: Any, dim: int, ends: tuple[int, ...]) -> Any:
    return np.concatenate(tensors, axis=dim)


def _parts(g: Any, out: Any, *tensors: Any, dim: int, ends: tuple[int, ...]) -> list[Any]:
    before, own = (slice(None),) * dim, map(slice, (0, *ends), ends)
    return [getitem(g, index=(*before, part)) for part in own]


# One formula for all inputs: a thousand calls with a thousand arguments each would be a million.
_cat.defvjp(joint=_parts)


def _join(name: str, tensors: list[Any], dim: int) -> Any:
    """`tensors` one after the other along axis `dim`."""
    shapes = [raw(x).shape for x in tensors]
    # PyTorch skips empty vectors whatever the other shapes are.
    real = [s for s in shapes if s != (0,)]
    if real and len(real) < len(shapes) and len(real[0]) > 1:
        tensors = [x for x, s in zip(tensors, shapes, strict=True) if s != (0,)]
        shapes = real
    first = shapes[0]
    if not first:
        raise ShapeError(
            located(f"{name}: zero-dimensional tensor (at position 0) cannot be concatenated")
        )
    axis = one_axis(name, dim, len(first))
    for i, shape in enumerate(shapes):
        if len(shape) != len(first):
            raise ShapeError(
                located(
                    f"{name}: Tensors must have same number of dimensions: got {len(first)} and "
                    f"{len(shape)} (tensor number {i} has shape {shape}, the first {first})"
                )
            )
        if shape[:axis] != first[:axis] or shape[axis + 1 :] != first[axis + 1 :]:
            raise ShapeError(
                located(
                    f"{name}: Sizes of tensors must match except in dimension {axis}. Expected "
                    f"shape {first}, but got {shape} for tensor number {i} in the list"
                )
            )
    ends, end = [], 0
    for shape in shapes:
        end += shape[axis]
        ends.append(end)
    return _cat(*tensors, dim=axis, ends=tuple(ends))


@numpy_names
def cat(tensors: Any, dim: int = 0) -> Any:
    """One tensor after the other along an axis; each gets its part of the gradient.

    Examples
    --------
    >>> cat([np.array([1.0, 2.0]), np.array([3.0])])
    array([1., 2., 3.])
    """
    return _join("cat", _listed("cat", tensors), dim)


@numpy_names
def concat(tensors: Any, dim: int = 0) -> Any:
    """Another name of `cat`.

    Examples
    --------
    >>> concat([np.array([1.0, 2.0]), np.array([3.0])])
    array([1., 2., 3.])
    """
    return cat(tensors, dim)


@numpy_names
def concatenate(tensors: Any, dim: int = 0) -> Any:
    """`cat` under NumPy's name.

    Examples
    --------
    >>> concatenate([np.array([1.0, 2.0]), np.array([3.0])])
    array([1., 2., 3.])
    """
    return cat(tensors, dim)


@primitive(name="stack", promotes="arithmetic")
def _stack(*tensors: Any, dim: int) -> Any:
    return np.stack(tensors, axis=dim)


def _layers(g: Any, out: Any, *tensors: Any, dim: int) -> list[Any]:
    before = (slice(None),) * dim
    return [getitem(g, index=(*before, i)) for i in range(len(tensors))]


_stack.defvjp(joint=_layers)


@numpy_names
def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape along a new axis; each gets its layer of the gradient.

    Examples
    --------
    >>> stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])], dim=1)
    array([[1., 3.],
           [2., 4.]])
    """
    found = _listed("stack", tensors)
    shapes = [raw(x).shape for x in found]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ShapeError(
                located(
                    f"stack: stack expects each tensor to be equal size, but got {shapes[0]} at "
                    f"entry 0 and {shape} at entry {i}"
                )
            )
    return _stack(*found, dim=one_axis("stack", dim, len(shapes[0]) + 1))


def hstack(tensors: Any) -> Any:
    """Side by side: joined along axis 1, vectors along axis 0.

    Examples
    --------
    >>> hstack([np.array([1.0, 2.0]), np.array([3.0])])
    array([1., 2., 3.])
    """
    found = [_at_least(1, x) for x in _listed("hstack", tensors)]
    return _join("hstack", found, 0 if raw(found[0]).ndim == 1 else 1)


def vstack(tensors: Any) -> Any:
    """One below the other: joined along axis 0, vectors as rows.

    Examples
    --------
    >>> vstack([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    array([[1., 2.],
           [3., 4.]])
    """
    return _join("vstack", [_at_least(2, x) for x in _listed("vstack", tensors)], 0)


def row_stack(tensors: Any) -> Any:
    """Another name of `vstack`.

    Examples
    --------
    >>> row_stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])]).shape
    (2, 2)
    """
    return vstack(tensors)


def dstack(tensors: Any) -> Any:
    """One behind the other: joined along axis 2.

    Examples
    --------
    >>> dstack([np.zeros((2, 3)), np.ones((2, 3))]).shape
    (2, 3, 2)
    """
    return _join("dstack", [_at_least(3, x) for x in _listed("dstack", tensors)], 2)


def column_stack(tensors: Any) -> Any:
    """Side by side, vectors as columns.

    Examples
    --------
    >>> column_stack([np.array([1.0, 2.0]), np.array([3.0, 4.0])])
    array([[1., 3.],
           [2., 4.]])
    """
    found = [
        _reshape(x, shape=(raw(x).size, 1)) if raw(x).ndim < 2 else x
        for x in _listed("column_stack", tensors)
    ]
    return _join("column_stack", found, 1)


def block_diag(*tensors: Any) -> Any:
    """Matrices along the diagonal of a larger one, zeros elsewhere; vectors count as rows.

    Examples
    --------
    >>> block_diag(np.ones((1, 2)), np.array([[5.0]]))
    array([[1., 1., 0.],
           [0., 0., 5.]])
    """
    for i, x in enumerate(tensors):
        if np.ndim(raw(x)) > 2:
            raise ShapeError(
                located(
                    "block_diag: Input tensors must have 2 or fewer dimensions. Input "
                    f"{i} has {np.ndim(raw(x))} dimensions"
                )
            )
    blocks = [_at_least(2, x) for x in _listed("block_diag", tensors)]
    width, left, rows = sum(raw(b).shape[1] for b in blocks), 0, []
    for block in blocks:
        height, own = raw(block).shape
        dtype = raw(block).dtype
        sides = np.zeros((height, left), dtype), np.zeros((height, width - left - own), dtype)
        rows.append(_join("block_diag", [sides[0], block, sides[1]], 1))
        left += own
    return _join("block_diag", rows, 0)
