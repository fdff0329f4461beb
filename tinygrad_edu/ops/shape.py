"""Ops that only change the shape, or the order of the axes: their gradients change it back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import ShapeError, located
from .arguments import axes, expect_tensors, numpy_names, one_axis, sizes

__all__ = [
    "flatten",
    "permute",
    "ravel",
    "reshape",
    "squeeze",
    "t",
    "transpose",
    "unflatten",
    "unsqueeze",
]

# ------------------------------------------------------------------------------------ the shape


def _why_not(x: Any, shape: tuple[int, ...]) -> str:
    if shape.count(-1) > 1:
        return f"only one dimension can be inferred, got shape {list(shape)}"
    return f"shape '{list(shape)}' is invalid for input of size {x.size}"


def _reshaping(name: str) -> Any:
    """An op that reshapes; under several names, so that a graph says which one was called."""

    @primitive(name=name, views=True)
    def op(input: Any, *, shape: tuple[int, ...]) -> Any:
        return np.reshape(input, shape)

    op.explain = _why_not
    return op.defvjp(lambda g, out, x, shape: _reshape(g, shape=x.shape))


_reshape = _reshaping("reshape")
_flatten = _reshaping("flatten")
_squeeze = _reshaping("squeeze")
_unsqueeze = _reshaping("unsqueeze")


@primitive(name="view", views=True)
def _view(input: Any, *, shape: tuple[int, ...]) -> Any:
    out = np.reshape(input, shape)
    # A slice or a transpose may have a layout that the shape does not fit. (A result of an op that
    # NumPy happened to lay out otherwise has no base, and is as good as any copy of it.)
    if (
        getattr(input, "base", None) is not None
        and input.size
        and not np.may_share_memory(input, out)
    ):
        raise ShapeError(
            "view size is not compatible with input tensor's size and stride (its elements are "
            "not in order in memory). Use .reshape(...) instead"
        )
    return out


_view.explain = lambda x, shape: "" if _fits(x, shape) else _why_not(x, shape)
_view.defvjp(lambda g, out, x, shape: _reshape(g, shape=x.shape))


def _wanted(name: str, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape asked for."""
    found = sizes(name, shape)
    if found and min(found) < -1:  # NumPy would take any negative number for -1
        raise ShapeError(located(f"{name}: invalid shape dimension {min(found)} in {list(found)}"))
    return found


def _fits(x: Any, shape: tuple[int, ...]) -> bool:
    if shape.count(-1) > 1:
        return False
    known = math.prod(n for n in shape if n != -1)
    return known == x.size or (-1 in shape and known > 0 and x.size % known == 0)


def reshape(input: Any, *shape_: Any, shape: Any = None) -> Any:
    """The same elements in another shape; one size may be -1. A view where that is possible.

    The gradient takes the old shape again.

    Examples
    --------
    >>> reshape(np.arange(4.0), 2, -1)
    array([[0., 1.],
           [2., 3.]])
    """
    return _reshape(input, shape=_wanted("reshape", shape_ if shape is None else (shape,)))


def view(input: Any, *shape: Any, size: Any = None, dtype: Any = None) -> Any:
    """`reshape` without a copy; a transposed or sliced tensor that would need one is refused.

    With a dtype in place of a shape: the same memory read as that dtype, without a gradient.

    Examples
    --------
    >>> view(np.arange(4.0), 2, -1).shape
    (2, 2)
    """
    if dtype is None and len(shape) == 1 and isinstance(shape[0], np.dtype):
        dtype = shape[0]
    if dtype is not None:
        return _bits(input, dtype=dtype)
    return _view(input, shape=_wanted("view", shape if size is None else (size,)))


@primitive(name="view_as_dtype", differentiable=False)
def _bits(input: Any, *, dtype: Any) -> Any:
    return np.asarray(input).view(dtype)


def view_as(input: Any, other: Any) -> Any:
    """`input` as a view in the shape of `other`.

    Examples
    --------
    >>> view_as(np.arange(4.0), np.zeros((2, 2))).shape
    (2, 2)
    """
    return _view(input, shape=raw(other).shape)


def reshape_as(input: Any, other: Any) -> Any:
    """`input` in the shape of `other`."""
    return _reshape(input, shape=raw(other).shape)


@numpy_names
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The axes from `start_dim` to `end_dim` as one; the gradient takes the old shape again.

    Examples
    --------
    >>> flatten(np.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    shape = raw(input).shape
    a, b = (one_axis("flatten", d, len(shape)) for d in (start_dim, end_dim))
    if a > b:
        raise ShapeError(
            located(f"flatten() has invalid args: start_dim {a} cannot come after end_dim {b}")
        )
    return _flatten(input, shape=(*shape[:a], math.prod(shape[a : b + 1]), *shape[b + 1 :]))


def ravel(input: Any) -> Any:
    """All elements as one axis.

    Examples
    --------
    >>> ravel(np.zeros((2, 3))).shape
    (6,)
    """
    return _flatten(input, shape=(raw(input).size,))


@numpy_names
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """Axis `dim` as several axes of the given sizes, one of which may be -1.

    Examples
    --------
    >>> unflatten(np.zeros((2, 12)), 1, (3, -1)).shape
    (2, 3, 4)
    """
    shape = raw(input).shape
    axis = one_axis("unflatten", dim, len(shape))
    new = tuple(int(n) for n in sizes)
    known = math.prod(n for n in new if n != -1)
    fits = known == shape[axis] if -1 not in new else known and shape[axis] % known == 0
    if not new or not fits or new.count(-1) > 1:
        raise ShapeError(
            located(
                f"unflatten: provided sizes {list(new)} don't multiply up to the size of dim "
                f"{axis} ({shape[axis]}) in the input tensor"
            )
        )
    new = tuple(shape[axis] // known if n == -1 else n for n in new)
    return _reshape(input, shape=(*shape[:axis], *new, *shape[axis + 1 :]))


@numpy_names
def squeeze(input: Any, dim: Any = None) -> Any:
    """Without the axes of length 1, or without those of them that `dim` names.

    Examples
    --------
    >>> squeeze(np.zeros((1, 3, 1))).shape
    (3,)
    >>> squeeze(np.zeros((1, 3, 1)), 0).shape
    (3, 1)
    """
    shape = raw(input).shape
    if dim is None or isinstance(dim, (tuple, list)):
        gone = () if dim is not None and not dim else axes("squeeze", dim, len(shape))
    else:
        gone = (one_axis("squeeze", dim, len(shape)),)
    return _squeeze(input, shape=tuple(n for i, n in enumerate(shape) if n != 1 or i not in gone))


@numpy_names
def unsqueeze(input: Any, dim: int) -> Any:
    """A new axis of length 1 before axis `dim`.

    Examples
    --------
    >>> unsqueeze(np.zeros(3), 0).shape
    (1, 3)
    """
    shape = np.shape(raw(input))
    axis = one_axis("unsqueeze", dim, len(shape) + 1)
    return _unsqueeze(input, shape=(*shape[:axis], 1, *shape[axis:]))


# ------------------------------------------------------------------------------ order of the axes


def _permuting(name: str) -> Any:
    """An op that permutes axes; the gradient is permuted back."""

    @primitive(name=name, views=True)
    def op(input: Any, *, dims: tuple[int, ...]) -> Any:
        return np.transpose(input, dims)

    return op.defvjp(
        lambda g, out, x, dims: _permute(
            g, dims=tuple(sorted(range(len(dims)), key=dims.__getitem__))
        )
    )


_permute = _permuting("permute")
_transpose = _permuting("transpose")
_t = _permuting("t")


def permute(input: Any, *dims_: Any, dims: Any = None) -> Any:
    """Axes in another order.

    Examples
    --------
    >>> permute(np.zeros((2, 3, 4)), 2, 0, 1).shape
    (4, 2, 3)
    """
    ndim = np.ndim(raw(input))
    order = sizes("permute", dims_ if dims is None else (dims,))
    if len(order) != ndim:
        raise ShapeError(
            located(
                f"permute: number of dimensions in the tensor input ({ndim}) does not match the "
                f"length of the desired ordering {list(order)}"
            )
        )
    order = tuple(one_axis("permute", d, ndim) for d in order)
    if len(set(order)) != ndim:
        raise ShapeError(located(f"permute: duplicate dims are not allowed, got {list(order)}"))
    return _permute(input, dims=order)


def transpose(input: Any, dim0: Any, dim1: Any) -> Any:
    """Two axes exchanged.

    Examples
    --------
    >>> transpose(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    ndim = np.ndim(raw(input))
    a, b = one_axis("transpose", dim0, ndim), one_axis("transpose", dim1, ndim)
    order = list(range(ndim))
    if ndim:
        order[a], order[b] = b, a
    return _transpose(input, dims=tuple(order))


def t(input: Any) -> Any:
    """The transpose of a matrix; arrays of fewer axes come back as they are.

    Examples
    --------
    >>> t(np.zeros((2, 3))).shape
    (3, 2)
    """
    expect_tensors("t", input=input)
    ndim = np.ndim(raw(input))
    if ndim > 2:
        raise ShapeError(
            located(
                f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D; use "
                ".transpose(-2, -1) or .permute(...)"
            )
        )
    return _t(input, dims=(1, 0)[2 - ndim :] if ndim == 2 else tuple(range(ndim)))


def reverse_axes(input: Any) -> Any:
    """All axes in reverse order: ``x.T``."""
    return _t(input, dims=tuple(reversed(range(raw(input).ndim))))


def matrix_transpose(input: Any) -> Any:
    """Rows and columns of a matrix exchanged: ``x.H``."""
    ndim = raw(input).ndim
    if ndim not in (0, 2):
        raise ShapeError(
            located(
                f"tensor.H is only supported on matrices (2-D tensors). Got {ndim}-D tensor; for "
                "batches of matrices use .mH"
            )
        )
    return reverse_axes(input)
