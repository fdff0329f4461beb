"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import AxisError, ShapeError, located
from .arguments import one_axis
from .fitting import clone

__all__ = [
    "diag",
    "diag_embed",
    "diagflat",
    "diagonal",
    "tril",
    "triu",
]


def _view(array: np.ndarray, offset: int, axis1: int, axis2: int) -> np.ndarray:
    """A diagonal as a view, writable if the array is."""
    view = np.diagonal(array, offset, axis1, axis2)
    if array.flags.writeable and not view.flags.writeable:
        view.flags.writeable = True
    return view


@primitive(name="diagonal")
def _diagonal(input: Any, *, offset: int, axis1: int, axis2: int) -> Any:
    return _view(input, offset, axis1, axis2)


@primitive(name="diag_embed")
def _on_diagonal(input: Any, *, offset: int, axis1: int, axis2: int, shape: tuple) -> Any:
    out = np.zeros(shape, input.dtype)
    _view(out, offset, axis1, axis2)[...] = input
    return out


_diagonal.defvjp(
    lambda g, out, x, offset, axis1, axis2: _on_diagonal(
        g, offset=offset, axis1=axis1, axis2=axis2, shape=x.shape
    )
)
_on_diagonal.defvjp(
    lambda g, out, x, offset, axis1, axis2, shape: _diagonal(
        g, offset=offset, axis1=axis1, axis2=axis2
    )
)


def _two_axes(name: str, dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    if ndim < 2:
        raise AxisError(located(f"{name}: needs a tensor of at least 2 dimensions, not {ndim}-d"))
    a, b = one_axis(name, dim1, ndim), one_axis(name, dim2, ndim)
    if a == b:
        raise AxisError(located(f"{name}: diagonal dimensions cannot be identical {dim1}, {dim2}"))
    return a, b


def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """The diagonal of the planes of two axes, as a view along a new last axis.

    An `offset` above 0 takes one above the main diagonal. The gradient is put on the diagonal.

    Examples
    --------
    >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    a, b = _two_axes("diagonal", dim1, dim2, raw(input).ndim)
    return _diagonal(input, offset=offset, axis1=a, axis2=b)


def linalg_diagonal(A: Any, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """`diagonal` of the matrices in the last two axes: ``torch.linalg.diagonal``.

    Examples
    --------
    >>> linalg_diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]), offset=1)
    array([2.])
    """
    return diagonal(A, offset, dim1, dim2)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices with the last axis of `input` on a diagonal and zeros elsewhere.

    The gradient is taken from the diagonal.

    Examples
    --------
    >>> diag_embed(np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    shape = raw(input).shape
    if not shape:
        raise AxisError(located("diag_embed: input must have at least one dimension"))
    a, b = _two_axes("diag_embed", dim1, dim2, len(shape) + 1)
    side = shape[-1] + (offset if offset >= 0 else -offset)
    lengths = iter(shape[:-1])
    full = tuple(side if i in (a, b) else next(lengths) for i in range(len(shape) + 1))
    return _on_diagonal(input, offset=offset, axis1=a, axis2=b, shape=full)


def diag(input: Any, diagonal: int = 0) -> Any:
    """The matrix with a vector on its diagonal, or the diagonal of a matrix.

    Examples
    --------
    >>> diag(np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    >>> diag(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    ndim = raw(input).ndim
    if ndim == 1:
        return diag_embed(input, diagonal)
    if ndim == 2:
        return clone(_diagonal(input, offset=diagonal, axis1=0, axis2=1))
    raise ShapeError(located(f"diag(): Supports 1D or 2D tensors. Got {ndim}D"))


def diagflat(input: Any, offset: int = 0) -> Any:
    """The matrix with all elements of `input` on its diagonal.

    Examples
    --------
    >>> diagflat(np.array([[1.0, 2.0]]))
    array([[1., 0.],
           [0., 2.]])
    """
    return diag_embed(input.reshape(-1), offset)


@primitive(name="tril")
def _tril(input: Any, *, diagonal: int) -> Any:
    return np.tril(input, diagonal)


@primitive(name="triu")
def _triu(input: Any, *, diagonal: int) -> Any:
    return np.triu(input, diagonal)


_tril.defvjp(lambda g, out, x, diagonal: _tril(g, diagonal=diagonal))
_triu.defvjp(lambda g, out, x, diagonal: _triu(g, diagonal=diagonal))


def tril(input: Any, diagonal: int = 0) -> Any:
    """The elements on and below a diagonal, zeros above it; so is the gradient.

    Examples
    --------
    >>> tril(np.ones((2, 3)))
    array([[1., 0., 0.],
           [1., 1., 0.]])
    """
    _matrix("tril", input)
    return _tril(input, diagonal=diagonal)


def triu(input: Any, diagonal: int = 0) -> Any:
    """The elements on and above a diagonal, zeros below it; so is the gradient.

    Examples
    --------
    >>> triu(np.ones((2, 3)))
    array([[1., 1., 1.],
           [0., 1., 1.]])
    """
    _matrix("triu", input)
    return _triu(input, diagonal=diagonal)


def _matrix(name: str, input: Any) -> None:
    if raw(input).ndim < 2:
        raise ShapeError(
            located(
                f"{name}: input tensor must have at least 2 dimensions, not shape "
                f"{raw(input).shape}"
            )
        )
