"""Extremes along axes: the values, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import is_tensor, primitive, raw
from ..errors import AxisError, DTypeError, ShapeError, located
from .arguments import numpy_names, one_axis
from .compare import maximum, minimum, where
from .reduce import Axes, _sum, kept, reduced_axes
from .shape import _reshape

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]

_top: Any = np.maximum.reduce  # np.max without its argument handling
_bottom: Any = np.minimum.reduce

# ------------------------------------------------------------------------------ one per lane


@primitive(name="take_along_dim")
def _take(input: Any, *, indices: Any, axis: int) -> Any:
    return np.take_along_axis(input, indices, axis)


@primitive(name="put_along_dim")
def _put(input: Any, *, indices: Any, axis: int, shape: tuple[int, ...]) -> Any:
    # Each lane's indices are distinct here (a sort, an argmax), so writing needs no adding.
    out = np.zeros(shape, input.dtype)
    np.put_along_axis(out, indices, input, axis)
    return out


_take.defvjp(lambda g, out, x, indices, axis: _put(g, indices=indices, axis=axis, shape=x.shape))
_put.defvjp(lambda g, out, x, indices, axis, shape: _take(g, indices=indices, axis=axis))


def picked(input: Any, indices: Any, axis: int, keepdim: bool) -> tuple[Any, Any]:
    """The elements at `indices` (one per lane, with axes kept), and the indices."""
    values, shape = _take(input, indices=indices, axis=axis), list(indices.shape)
    if not keepdim:
        del shape[axis]
        values, indices = _reshape(values, shape=tuple(shape)), indices.reshape(shape)
    return values, like(input, indices)


@primitive(name="indices", differentiable=False)
def _as_result(input: Any, *, found: Any) -> Any:
    return found


def like(input: Any, found: np.ndarray) -> Any:
    """An array that was computed from `input`: a Tensor if that is one."""
    return _as_result(input, found=found) if is_tensor(input) else found


def lanes(name: str, input: Any, dim: Any) -> tuple[Any, int]:
    """`input` with at least one axis, and the axis that `dim` means."""
    array = raw(input)
    if isinstance(dim, (Sequence, float)):
        raise DTypeError(located(f"{name}(): argument 'dim' must be int, not {dim!r}"))
    axis = one_axis(name, dim, array.ndim)
    return (input if array.ndim else _reshape(input, shape=(1,))), axis


def nonempty(name: str, shape: tuple[int, ...], axis: Axes, whole: bool, error: type) -> None:
    """Refuse the extreme of nothing."""
    if whole:
        if 0 in shape:
            raise error(
                located(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0 "
                    f"(shape {shape}). Specify the reduction dim with the 'dim' argument."
                )
            )
        return
    for a in axis:
        if shape[a] == 0:
            raise AxisError(
                located(
                    f"{name}(): Expected reduction dim {a} to have non-zero size (shape {shape})"
                )
            )


# ------------------------------------------------------------------------------ ties share


def _share(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """``g`` in equal parts to the elements that equal the result (``amax``, ``amin``).

    A NaN equals nothing, so that its gradient is ``0/0``, as in PyTorch.
    """
    shape = kept(x.shape, axis)
    at = x == _reshape(out, shape=shape)
    return where(at, _reshape(g, shape=shape), 0.0) / _ties(at, axis=axis, dtype=g.dtype)


def _share_nan(g: Any, out: Any, x: Any, axis: Axes, keepdims: bool) -> Any:
    """The same for ``max()``, ``min()``, ``median()`` of all: NaN elements share that of a NaN."""
    at = x != x if np.isnan(raw(out)) else x == out
    return where(at, g / _ties(at, axis=None, dtype=g.dtype), 0.0)


@primitive(differentiable=False)
def _ties(at: Any, *, axis: Axes | None, dtype: Any) -> Any:
    return _sum.forward(at, axis=axis, keepdims=True).astype(dtype)


@primitive(name="amax")
def _amax(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _top(input, axis=axis, keepdims=keepdims)


@primitive(name="amin")
def _amin(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _bottom(input, axis=axis, keepdims=keepdims)


@primitive(name="max")
def _max(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _top(input, axis=axis, keepdims=keepdims)


@primitive(name="min")
def _min(input: Any, *, axis: Axes, keepdims: bool) -> Any:
    return _bottom(input, axis=axis, keepdims=keepdims)


_amax.defvjp(_share)
_amin.defvjp(_share)
_max.defvjp(_share_nan)
_min.defvjp(_share_nan)


def _checked_axes(name: str, input: Any, dim: Any) -> Axes:
    shape = raw(input).shape
    axis = reduced_axes(name, dim, len(shape))
    if 0 in shape:
        nonempty(name, shape, axis, dim is None or dim == () or dim == [], ShapeError)
    return axis


@numpy_names
def amax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The maximum along `dim`; elements that tie share the gradient equally.

    Examples
    --------
    >>> amax(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1)
    array([5., 4.])
    """
    return _amax(input, axis=_checked_axes("amax", input, dim), keepdims=keepdim)


@numpy_names
def amin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The minimum along `dim`; elements that tie share the gradient equally.

    Examples
    --------
    >>> amin(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1)
    array([1., 3.])
    """
    return _amin(input, axis=_checked_axes("amin", input, dim), keepdims=keepdim)


class MinMax(NamedTuple):
    """The smallest and the largest."""

    min: Any
    max: Any


@numpy_names
def aminmax(input: Any, *, dim: Any = None, keepdim: bool = False) -> MinMax:
    """The minimum and the maximum, of all elements or along one axis; ties share the gradient.

    Examples
    --------
    >>> aminmax(np.array([3.0, 1.0, 2.0])).max
    np.float64(3.0)
    """
    if dim is not None:
        dim = lanes("aminmax", input, dim)[1]
    axis = _checked_axes("aminmax", input, dim)
    return MinMax(
        _amin(input, axis=axis, keepdims=keepdim), _amax(input, axis=axis, keepdims=keepdim)
    )


# ------------------------------------------------------------------------------ and where


@primitive(name="argmax", differentiable=False)
def _argmax(input: Any, *, axis: int | None, keepdims: bool) -> Any:
    return np.argmax(input, axis=axis, keepdims=keepdims)


@primitive(name="argmin", differentiable=False)
def _argmin(input: Any, *, axis: int | None, keepdims: bool) -> Any:
    return np.argmin(input, axis=axis, keepdims=keepdims)


def _arg(op: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    array = raw(input)
    if array.dtype.kind == "b":
        raise DTypeError(
            located(f"{op.name}(): does not support bool input; convert it with .int()")
        )
    axis = None if dim is None else lanes(op.name, input, dim)[1]
    nonempty(op.name, array.shape, (axis or 0,), axis is None, AxisError) if array.size == 0 else 0
    return op(input, axis=axis if array.ndim else None, keepdims=keepdim)


@numpy_names
def argmax(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the maximum; the first one of several. Without `dim`, into the flat array.

    Examples
    --------
    >>> argmax(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1)
    array([1, 1])
    """
    return _arg(_argmax, input, dim, keepdim)


@numpy_names
def argmin(input: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The index of the minimum; the first one of several. Without `dim`, into the flat array.

    Examples
    --------
    >>> argmin(np.array([[1.0, 5.0], [3.0, 2.0]]), dim=1)
    array([0, 1])
    """
    return _arg(_argmin, input, dim, keepdim)


class MaxResult(NamedTuple):
    """Values, and where they were found."""

    values: Any
    indices: Any


def _three_forms(ops: Any, input: Any, dim: Any, keepdim: bool, other: Any) -> Any:
    """Over all elements, of two tensors, or along an axis."""
    whole, arg, elementwise = ops
    if dim is None and other is None:
        return whole(input, axis=_checked_axes(whole.name, input, None), keepdims=keepdim)
    if other is not None or isinstance(dim, np.ndarray) or is_tensor(dim):
        return elementwise(input, dim if other is None else other)
    rows, axis = lanes(whole.name, input, dim)
    shape = raw(rows).shape
    if shape[axis] == 0:
        nonempty(whole.name, shape, (axis,), False, AxisError)
    indices = arg.forward(raw(rows), axis=axis, keepdims=True)
    return MaxResult(*picked(rows, indices, axis, keepdim and rows is input))


@numpy_names
def max(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The maximum of all elements, or ``(values, indices)`` along `dim`, or of two tensors.

    Over all elements, ties share the gradient; along an axis the first one gets it all. The maximum
    of anything with NaN is NaN. ``max(x, y)`` is ``maximum(x, y)``.

    Examples
    --------
    >>> max(np.array([[1.0, 5.0], [3.0, 4.0]]), dim=1).values
    array([5., 4.])
    """
    return _three_forms((_max, _argmax, maximum), input, dim, keepdim, other)


@numpy_names
def min(input: Any, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The minimum of all elements, or ``(values, indices)`` along `dim`, or of two tensors.

    Over all elements, ties share the gradient; along an axis the first one gets it all. The minimum
    of anything with NaN is NaN. ``min(x, y)`` is ``minimum(x, y)``.

    Examples
    --------
    >>> min(np.array([[1.0, 5.0], [3.0, 2.0]]), dim=1).indices
    array([0, 1])
    """
    return _three_forms((_min, _argmin, minimum), input, dim, keepdim, other)
