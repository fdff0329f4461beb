"""Ops that move axes and elements about without changing any: their gradients move back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import AxisError, ShapeError, located
from .arguments import axes, one_axis, sizes
from .shape import _permute, _reshape, transpose

__all__ = [
    "adjoint",
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "flip",
    "fliplr",
    "flipud",
    "moveaxis",
    "movedim",
    "roll",
    "rot90",
    "swapaxes",
    "swapdims",
]

# ------------------------------------------------------------------------------------------- axes


def swapaxes(input: Any, axis0: Any, axis1: Any) -> Any:
    """Two axes exchanged, under NumPy's name.

    Examples
    --------
    >>> swapaxes(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return transpose(input, axis0, axis1)


def swapdims(input: Any, dim0: Any, dim1: Any) -> Any:
    """Two axes exchanged: another name of `transpose`.

    Examples
    --------
    >>> swapdims(np.zeros((2, 3, 4)), 0, 2).shape
    (4, 3, 2)
    """
    return transpose(input, dim0, dim1)


def adjoint(input: Any) -> Any:
    """The last two axes exchanged: the transposes of a stack of matrices, ``x.mT``.

    Examples
    --------
    >>> adjoint(np.zeros((5, 2, 3))).shape
    (5, 3, 2)
    """
    ndim = raw(input).ndim
    if ndim == 0:
        return _permute(input, dims=())
    if ndim == 1:
        raise ShapeError(
            located(f"tensor.mT is only supported on matrices or batches of them, not {ndim}-D")
        )
    return transpose(input, -2, -1)


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """Axes moved from `source` to `destination`; the others keep their order.

    Examples
    --------
    >>> movedim(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    ndim = raw(input).ndim
    ends = [d if isinstance(d, (tuple, list)) else (d,) for d in (source, destination)]
    if len(ends[0]) != len(ends[1]):
        raise ShapeError(
            located(
                f"movedim: Invalid source or destination dims: source ({list(ends[0])}) and "
                f"destination ({list(ends[1])}) must have the same number of elements"
            )
        )
    from_, to = ([one_axis("movedim", d, ndim) for d in end] for end in ends)
    if len(set(from_)) < len(from_) or len(set(to)) < len(to):
        raise ShapeError(
            located(f"movedim: repeated dim in source ({source}) or destination ({destination})")
        )
    if not ndim:
        return _permute(input, dims=())
    order = [i for i in range(ndim) if i not in from_]
    for target, origin in sorted(zip(to, from_, strict=True)):
        order.insert(target, origin)
    return _permute(input, dims=tuple(order))


def moveaxis(input: Any, source: Any, destination: Any) -> Any:
    """Axes moved, under NumPy's name; see `movedim`.

    Examples
    --------
    >>> moveaxis(np.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return movedim(input, source, destination)


def _at_least(n: int, x: Any) -> Any:
    shape = raw(x).shape
    if len(shape) >= n:
        return _reshape(x, shape=shape)
    if n == 3 and len(shape):  # a vector becomes (1, n, 1), a matrix (m, n, 1)
        return _reshape(x, shape=((1,) * (2 - len(shape)) + (*shape, 1)))
    return _reshape(x, shape=((1,) * (n - len(shape)) + shape))


def _each_at_least(n: int, tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return _at_least(n, tensors[0])
    if len(tensors) == 1:
        tensors = tuple(tensors[0])
    return tuple(_at_least(n, x) for x in tensors)


def atleast_1d(*tensors: Any) -> Any:
    """A number as a vector of length 1; several inputs give a tuple.

    Examples
    --------
    >>> atleast_1d(np.array(2.0))
    array([2.])
    """
    return _each_at_least(1, tensors)


def atleast_2d(*tensors: Any) -> Any:
    """A number or vector as a matrix of one row; several inputs give a tuple.

    Examples
    --------
    >>> atleast_2d(np.array([2.0, 3.0])).shape
    (1, 2)
    """
    return _each_at_least(2, tensors)


def atleast_3d(*tensors: Any) -> Any:
    """At least three axes: a vector becomes (1, n, 1), a matrix (m, n, 1).

    Examples
    --------
    >>> atleast_3d(np.zeros((2, 3))).shape
    (2, 3, 1)
    """
    return _each_at_least(3, tensors)


# --------------------------------------------------------------------------------------- elements


@primitive(name="flip")
def _flip(input: Any, *, dims: tuple[int, ...]) -> Any:
    return np.flip(
        input, dims if input.ndim else ()
    ).copy()  # a view of negative strides would share its memory


_flip.defvjp(lambda g, out, x, dims: _flip(g, dims=dims))


def flip(input: Any, *dims_: Any, dims: Any = None) -> Any:
    """The elements in reverse order along `dims`; the gradient is reversed again.

    Examples
    --------
    >>> flip(np.array([1.0, 2.0, 3.0]), 0)
    array([3., 2., 1.])
    """
    given = sizes("flip", dims_) if dims is None else dims
    given = (given,) if isinstance(given, int) else tuple(given)
    return _flip(input, dims=axes("flip", given, raw(input).ndim) if given else ())


def _needs_axes(name: str, n: int, input: Any) -> None:
    if raw(input).ndim < n:
        raise ShapeError(located(f"{name}: Input must be >= {n}-d, not {raw(input).ndim}-d"))


def fliplr(input: Any) -> Any:
    """Each row in reverse order: axis 1 reversed.

    Examples
    --------
    >>> fliplr(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 1.],
           [4., 3.]])
    """
    _needs_axes("fliplr", 2, input)
    return _flip(input, dims=(1,))


def flipud(input: Any) -> Any:
    """The rows in reverse order: axis 0 reversed.

    Examples
    --------
    >>> flipud(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[3., 4.],
           [1., 2.]])
    """
    _needs_axes("flipud", 1, input)
    return _flip(input, dims=(0,))


@primitive(name="roll")
def _roll(input: Any, *, shifts: tuple[int, ...], dims: tuple[int, ...] | None) -> Any:
    return np.roll(input, shifts, dims) if dims is not None else np.roll(input, shifts[0])


_roll.defvjp(lambda g, out, x, shifts, dims: _roll(g, shifts=tuple(-s for s in shifts), dims=dims))


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """The elements shifted along `dims`, those pushed out at the end let in at the beginning.

    Without `dims` the elements are shifted as if they stood in one row. The gradient is shifted
    back.

    Examples
    --------
    >>> roll(np.array([1.0, 2.0, 3.0]), 1)
    array([3., 1., 2.])
    """
    steps = sizes("roll", (shifts,))
    ndim = raw(input).ndim
    if dims is None or (not isinstance(dims, int) and not len(dims)):
        if len(steps) != 1:
            raise ShapeError(located(f"roll: shifts {steps} need as many dims, but none are given"))
        return _roll(input, shifts=steps, dims=None)
    if not ndim:
        raise AxisError(located("roll: Dimension specified as 0 but tensor has no dimensions"))
    along = tuple(one_axis("roll", d, ndim) for d in sizes("roll", (dims,)))
    if len(along) != len(steps):
        raise ShapeError(
            located(
                f"roll: shifts and dimensions must align. shifts: {len(steps)}, dims: {len(along)}"
            )
        )
    return _roll(input, shifts=steps, dims=along)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """`k` quarter turns in the plane of two axes, from the first towards the second.

    Examples
    --------
    >>> rot90(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 4.],
           [1., 3.]])
    """
    ndim = raw(input).ndim
    if len(dims) != 2 or ndim < 2:
        raise ShapeError(
            located(
                f"rot90: needs two dims and at least two axes, got dims {tuple(dims)}, {ndim}-d"
            )
        )
    a, b = (one_axis("rot90", d, ndim) for d in dims)
    if a == b:
        raise ShapeError(located(f"rot90: the two rotation dims must differ, got {tuple(dims)}"))
    turns = k % 4
    if turns == 1:
        return transpose(_flip(input, dims=(b,)), a, b)
    if turns == 3:
        return _flip(transpose(input, a, b), dims=(b,))
    return _flip(input, dims=(a, b) if turns else ())
