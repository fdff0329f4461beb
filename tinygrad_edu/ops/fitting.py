"""Broadcasting, and the one place where it is undone: fitting a gradient to its input.

The steps are ops themselves, so that gradients of gradients pass through them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import ShapeError, located
from ..quiet import quiet


@primitive
def sum_to(g: Any, *, shape: tuple[int, ...]) -> Any:
    """Sum over the axes that broadcasting added or stretched, so that the result has `shape`.

    Examples
    --------
    >>> sum_to(np.ones((4, 3)), shape=(3,))
    array([4., 4., 4.])
    """
    extra = g.ndim - len(shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, n in enumerate(shape) if n == 1 and g.shape[i + extra] != 1
    )
    return g.sum(axis=axes).reshape(shape) if axes else np.reshape(g, shape)


@primitive(views=True)
def broadcast_to(x: Any, *, shape: tuple[int, ...]) -> Any:
    """Repeat `x` along new or length-1 axes, without a copy.

    Examples
    --------
    >>> broadcast_to(np.array([1.0, 2.0]), shape=(2, 2))
    array([[1., 2.],
           [1., 2.]])
    """
    return np.broadcast_to(x, shape)


@primitive
@quiet
def cast(x: Any, *, dtype: np.dtype) -> Any:
    """Convert to another dtype; the gradient is converted back."""
    return x.astype(dtype)


sum_to.defvjp(lambda g, out, x, shape: broadcast_to(g, shape=x.shape))
broadcast_to.defvjp(lambda g, out, x, shape: sum_to(g, shape=x.shape))
cast.defvjp(lambda g, out, x, dtype: g)  # which `fit` brings to the dtype of x


def fit(c: Any, target: Any, op: Any, i: int) -> Any:
    """Contribution `c` of `op` to its input `i`, with the shape and dtype of `target`."""
    if not hasattr(c, "shape"):
        c = np.asarray(c)  # a Python number
    if c.shape != target.shape:
        if not (op.elementwise and _stretches(target.shape, c.shape)):
            raise ShapeError(
                located(
                    f"{op.name}: the gradient for input {i} has shape {tuple(c.shape)}, but that "
                    f"input has shape {tuple(target.shape)}; they must be equal"
                )
            )
        c = sum_to(c, shape=target.shape)
    return c if c.dtype == target.dtype else cast(c, dtype=target.dtype)


def _stretches(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether broadcasting could turn `shape` into `to`."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(n in (1, m) for n, m in pairs)


def to_dtype(x: Any, dtype: Any) -> Any:
    """Convert to `dtype`; a conversion to integers or bool ends the history.

    Examples
    --------
    >>> to_dtype(np.array([1.7]), np.int64)
    array([1])
    """
    dtype = np.dtype(dtype)
    if raw(x).dtype == dtype:
        return x
    return cast(x, dtype=dtype) if dtype.kind == "f" else cast_to_discrete(x, dtype=dtype)


@primitive(differentiable=False)
@np.errstate(all="ignore")
def cast_to_discrete(x: Any, *, dtype: np.dtype) -> Any:
    """Convert to integers or bool."""
    return x.astype(dtype)


@primitive
def clone(x: Any) -> Any:
    """A copy; the gradient passes through.

    Examples
    --------
    >>> clone(np.array([1.0]))
    array([1.])
    """
    return x.copy()


clone.defvjp(lambda g, out, x: g)
