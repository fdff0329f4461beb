"""Distances between all rows, and slices scaled to a norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .arithmetic import abs, mul, sign, sub
from .compare import _over, where
from .fitting import sum_to
from .linalg import turned
from .norms import _as_float, _vector_norm, vector_norm
from .reduce import _add, _sum, reduced_axes
from .shape import unsqueeze

__all__ = ["cdist", "dist", "renorm"]


def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """Scale each slice along `dim` whose p-norm is above `maxnorm` down to it.

    Examples
    --------
    >>> renorm(np.array([[3.0, 4.0], [0.1, 0.2]]), 2, 0, 5.0)
    array([[3. , 4. ],
           [0.1, 0.2]])
    """
    shape = np.shape(raw(input))
    if len(shape) < 2:
        raise ShapeError(located(f"renorm: input needs at least 2 dimensions, not {shape}"))
    if p <= 0 or maxnorm < 0:
        raise ShapeError(located(f"renorm: needs p > 0 and maxnorm >= 0, not {p} and {maxnorm}"))
    (axis,) = reduced_axes("renorm", dim, len(shape))
    others = [i for i in range(len(shape)) if i != axis]
    size = vector_norm(input, p, others, True)
    large = size > maxnorm
    return mul(input, where(large, maxnorm / (where(large, size, 1.0) + 1e-7), 1.0))


def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The p-norm of ``input - other``.

    Examples
    --------
    >>> dist(np.array([1.0, 2.0]), np.array([4.0, 6.0]))
    np.float64(5.0)
    """
    return vector_norm(sub(input, other), p)


@primitive(promotes="same", name="cdist")
@quiet
def _euclidean(x1: Any, x2: Any) -> Any:
    # |x - y|^2 = |x|^2 + |y|^2 - 2 x.y: one matrix product in place of all differences.
    squares = _add(x1 * x1, axis=-1, keepdims=True) - 2.0 * np.matmul(x1, turned(x2))
    squares += turned(_add(x2 * x2, axis=-1, keepdims=True))
    return np.sqrt(np.maximum(squares, 0.0))


def _pull(w: Any, x: Any, y: Any) -> Any:
    """``sum_j w[i, j] (x[i] - y[j])``."""
    total = _sum(w, axis=(w.ndim - 1,), keepdims=True)
    return sum_to(x * total - w @ y, shape=x.shape)


_euclidean.defvjp(
    lambda g, out, x, y: _pull(_over(g, out), x, y),
    lambda g, out, x, y: _pull(turned(_over(g, out)), y, x),
)


@primitive(name="chebyshev")
def _chebyshev(input: Any) -> Any:
    return np.maximum.reduce(np.abs(input), axis=-1)


def _d_chebyshev(g: Any, out: Any, x: Any) -> Any:
    # Unlike those of the inf-norm, ties do not share here: PyTorch gives each the whole.
    return where(abs(x) == unsqueeze(out, -1), unsqueeze(g, -1), 0.0) * sign(x)


_chebyshev.defvjp(_d_chebyshev)


def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The p-norm distance of every row of `x1` to every row of `x2`; gradient 0 at distance 0.

    Between many rows, the 2-norm is found by one matrix product, which is quick but less exact for
    rows that are near each other; ``compute_mode="donot_use_mm_for_euclid_dist"`` forbids it.

    Examples
    --------
    >>> cdist(np.array([[0.0, 0.0], [3.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([[5.],
           [4.]])
    """
    for name, x in (("x1", x1), ("x2", x2)):
        _as_float(f"cdist only supports floating-point dtypes, {name}", x, None)
        if np.ndim(raw(x)) < 2:
            raise ShapeError(located(f"cdist: {name} must be at least 2-D, not {np.shape(raw(x))}"))
    a, b = raw(x1).shape, raw(x2).shape
    if a[-1] != b[-1]:
        raise ShapeError(located(f"cdist: rows must have the same length, but got {a} and {b}"))
    if raw(x1).dtype != raw(x2).dtype:
        raise DTypeError(
            located(f"cdist: x1 is {raw(x1).dtype}, x2 {raw(x2).dtype}; convert one of them")
        )
    if p < 0:
        raise ShapeError(located(f"cdist only supports non-negative p values, not {p}"))
    many = a[-2] > 25 or b[-2] > 25
    quick = many and compute_mode != "donot_use_mm_for_euclid_dist"
    if p == 2 and (quick or compute_mode == "use_mm_for_euclid_dist"):
        return _euclidean(x1, x2)
    difference = sub(unsqueeze(x1, -2), unsqueeze(x2, -3))
    if p == math.inf and a[-1]:
        return _chebyshev(difference)
    axis = (raw(difference).ndim - 1,)
    return _vector_norm(difference, ord=float(p) if a[-1] else 2.0, axis=axis, keepdims=False)
