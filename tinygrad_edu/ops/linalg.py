"""Products of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from .fitting import sum_to
from .reduce import _sum
from .shape import _permute, unsqueeze

__all__ = ["matmul"]


@primitive(promotes="same")
def matmul(input: Any, other: Any) -> Any:
    """``input @ other`` for vectors, matrices, and stacks of matrices that broadcast.

    The gradients are ``g @ otherᵀ`` and ``inputᵀ @ g``.

    Examples
    --------
    >>> matmul(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """
    return np.matmul(input, other)


def _why_not(x: Any, y: Any) -> str:
    if x.ndim == 0 or y.ndim == 0:
        return "both arguments need at least one axis; use * to scale by a number"
    inner = x.shape[-1], y.shape[-2] if y.ndim > 1 else y.shape[-1]
    if inner[0] != inner[1]:
        return f"{x.shape} @ {y.shape}: inner dimensions must match, {inner[0]} != {inner[1]}"
    return f"{x.shape} @ {y.shape}: the leading axes can't be broadcast against each other"


def _turned(x: Any) -> Any:
    """The last two axes exchanged."""
    n = x.ndim
    return x.T if n == 2 else _permute(x, dims=(*range(n - 2), n - 1, n - 2))


def _d_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 and y.ndim == 2:
        return g @ y.T
    if y.ndim == 1:
        return unsqueeze(g, -1) * y if x.ndim > 1 else g * y
    if x.ndim == 1:
        return sum_to(_sum(unsqueeze(g, -2) * y, axis=(y.ndim - 1,), keepdims=False), shape=x.shape)
    return sum_to(g @ _turned(y), shape=x.shape)


def _d_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    if x.ndim == 2 and y.ndim == 2:
        return x.T @ g
    if x.ndim == 1:
        if y.ndim == 1:
            return g * x
        return sum_to(unsqueeze(x, -1) * unsqueeze(g, -2), shape=y.shape)
    if y.ndim == 1:
        return sum_to(unsqueeze(g, -1) * x, shape=y.shape)
    return sum_to(_turned(x) @ g, shape=y.shape)


matmul.defvjp(_d_left, _d_right)
matmul.explain = _why_not
