"""Ops that only move elements: their gradients move back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from .arguments import numpy_names, one_axis, sizes

__all__ = ["permute", "reshape", "t", "transpose", "unsqueeze"]


@primitive(name="reshape")
def _reshape(input: Any, *, shape: tuple[int, ...]) -> Any:
    return np.reshape(input, shape)


_reshape.defvjp(lambda g, out, x, shape: _reshape(g, shape=x.shape))


def reshape(input: Any, *shape: Any) -> Any:
    """The same elements in another shape; one size may be -1. A view where that is possible.

    Examples
    --------
    >>> reshape(np.arange(4.0), 2, -1)
    array([[0., 1.],
           [2., 3.]])
    """
    return _reshape(input, shape=sizes("reshape", shape))


@primitive(name="permute")
def _permute(input: Any, *, dims: tuple[int, ...]) -> Any:
    return np.transpose(input, dims)


_permute.defvjp(
    lambda g, out, x, dims: _permute(g, dims=tuple(sorted(range(len(dims)), key=dims.__getitem__)))
)


def permute(input: Any, *dims: Any) -> Any:
    """Axes in another order.

    Examples
    --------
    >>> permute(np.zeros((2, 3, 4)), 2, 0, 1).shape
    (4, 2, 3)
    """
    ndim = np.ndim(raw(input))
    order = tuple(one_axis("permute", d, ndim) for d in sizes("permute", dims))
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
    return _permute(input, dims=tuple(order))


def t(input: Any) -> Any:
    """The transpose of a matrix; arrays of fewer axes come back as they are.

    Examples
    --------
    >>> t(np.zeros((2, 3))).shape
    (3, 2)
    """
    return _permute(input, dims=tuple(reversed(range(np.ndim(raw(input))))))


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
    return _reshape(input, shape=(*shape[:axis], 1, *shape[axis:]))
