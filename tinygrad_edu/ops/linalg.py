"""Products of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import ShapeError, located
from ..quiet import quiet
from .arithmetic import mul
from .compare import where
from .fitting import sum_to
from .reduce import _sum, accumulated
from .shape import _permute, _reshape, unsqueeze

__all__ = [
    "addbmm",
    "addmm",
    "addmv",
    "addr",
    "baddbmm",
    "bmm",
    "dot",
    "ger",
    "matmul",
    "mm",
    "mv",
    "outer",
    "trace",
    "vdot",
]


@primitive(promotes="same")
@quiet
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
    if not np.ndim(x) or not np.ndim(y):
        return "both arguments need at least one axis; use * to scale by a number"
    inner = x.shape[-1], y.shape[-2] if y.ndim > 1 else y.shape[-1]
    if inner[0] != inner[1]:
        return f"{x.shape} @ {y.shape}: inner dimensions must match, {inner[0]} != {inner[1]}"
    return f"{x.shape} @ {y.shape}: the leading axes can't be broadcast against each other"


def turned(x: Any) -> Any:
    """The last two axes exchanged."""
    n = x.ndim
    return x.T if n == 2 else _permute(x, dims=(*range(n - 2), n - 1, n - 2))


def _rows(x: Any) -> Any:
    """All axes but the last as one: a matrix."""
    return x if x.ndim == 2 else _reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


def _d_left(g: Any, out: Any, x: Any, y: Any) -> Any:
    if y.ndim == 2:
        return g @ y.T
    if y.ndim == 1:
        return unsqueeze(g, -1) * y
    if x.ndim == 1:
        return sum_to(_sum(unsqueeze(g, -2) * y, axis=(y.ndim - 1,), keepdims=False), shape=x.shape)
    return sum_to(g @ turned(y), shape=x.shape)


def _d_right(g: Any, out: Any, x: Any, y: Any) -> Any:
    # A stack of matrices times one matrix or vector is one tall matrix times it.
    if y.ndim == 2:
        return _rows(x).T @ _rows(g)
    if y.ndim == 1:
        return _rows(x).T @ _reshape(g, shape=(math.prod(g.shape),))
    if x.ndim == 1:
        return _rows(x).T * unsqueeze(g, -2)
    return sum_to(turned(x) @ g, shape=y.shape)


matmul.defvjp(_d_left, _d_right)
matmul.explain = _why_not


# ------------------------------------------------------------------ for given numbers of axes


def _expect(name: str, **given: tuple[Any, int]) -> None:
    """Each argument must have so many axes: ``_expect("mv", input=(x, 2), vec=(v, 1))``."""
    for argument, (value, ndim) in given.items():
        if np.ndim(raw(value)) != ndim:
            kind = {1: "a vector (1-D)", 2: "a matrix (2-D)", 3: "a stack of matrices (3-D)"}[ndim]
            shapes = ", ".join(f"{k} {np.shape(raw(v))}" for k, (v, _) in given.items())
            raise ShapeError(
                located(
                    f"{name}: {argument} must be {kind}, but got {shapes}; matmul takes any axes"
                )
            )


def _equal(name: str, what: str, a: Any, b: Any) -> None:
    if a != b:
        raise ShapeError(located(f"{name}: {what} must match, but got {a} and {b}"))


def mm(input: Any, mat2: Any) -> Any:
    """The product of two matrices, `matmul` without broadcasting.

    Examples
    --------
    >>> mm(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    _expect("mm", input=(input, 2), mat2=(mat2, 2))
    return matmul(input, mat2)


def bmm(input: Any, mat2: Any) -> Any:
    """The products of two stacks of equally many matrices.

    Examples
    --------
    >>> bmm(np.ones((4, 1, 2)), np.ones((4, 2, 3))).shape
    (4, 1, 3)
    """
    _expect("bmm", input=(input, 3), mat2=(mat2, 3))
    x, y = raw(input).shape, raw(mat2).shape
    _equal("bmm", f"first axes of input {x} and mat2 {y}", x[0], y[0])
    return matmul(input, mat2)


def mv(input: Any, vec: Any) -> Any:
    """A matrix times a vector.

    Examples
    --------
    >>> mv(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """
    _expect("mv", input=(input, 2), vec=(vec, 1))
    return matmul(input, vec)


def dot(input: Any, tensor: Any) -> Any:
    """``sum(x * y)`` of two vectors; gradients ``g y`` and ``g x``.

    Examples
    --------
    >>> dot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    _expect("dot", input=(input, 1), tensor=(tensor, 1))
    return matmul(input, tensor)


def vdot(input: Any, other: Any) -> Any:
    """`dot`, of real vectors.

    Examples
    --------
    >>> vdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    return dot(input, other)


def outer(input: Any, vec2: Any) -> Any:
    """``x[i] y[j]`` of two vectors; gradients ``g @ y`` and ``gᵀ @ x``.

    Examples
    --------
    >>> outer(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    array([[3., 4.],
           [6., 8.]])
    """
    _expect("outer", input=(input, 1), vec2=(vec2, 1))
    return mul(unsqueeze(input, -1), vec2)


ger = outer


# ------------------------------------------------------------------ product and sum in one


def _blend(name: str, input: Any, product: Any, beta: Any, alpha: Any) -> Any:
    """``beta input + alpha product``. With ``beta=0``, not even a NaN in `input` passes."""
    x, shape = raw(input), raw(product).shape
    if x.dtype.kind != "f":  # of integers PyTorch takes integer factors only
        alpha, beta = int(alpha), int(beta)
    try:
        fits = np.broadcast_shapes(x.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            located(f"{name}: input {x.shape} can't be expanded to the product's shape {shape}")
        )
    _equal(name, "dtypes of input and the matrices", x.dtype, raw(product).dtype)
    if beta == 0:
        input = where(np.zeros((), bool), input, np.zeros((), x.dtype))
    elif beta != 1:
        input = input * beta
    return input + (product if alpha == 1 else product * alpha)


def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha mat1 @ mat2``.

    Examples
    --------
    >>> addmm(np.ones(1), np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[12.]])
    """
    _expect("addmm", mat1=(mat1, 2), mat2=(mat2, 2))
    return _blend("addmm", input, matmul(mat1, mat2), beta, alpha)


def addmv(input: Any, mat: Any, vec: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha mat @ vec``.

    Examples
    --------
    >>> addmv(np.ones(1), np.array([[1.0, 2.0]]), np.array([3.0, 4.0]))
    array([12.])
    """
    _expect("addmv", mat=(mat, 2), vec=(vec, 1))
    return _blend("addmv", input, matmul(mat, vec), beta, alpha)


def addr(input: Any, vec1: Any, vec2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha outer(vec1, vec2)``.

    Examples
    --------
    >>> addr(np.ones((1, 2)), np.array([2.0]), np.array([3.0, 4.0]))
    array([[7., 9.]])
    """
    _expect("addr", vec1=(vec1, 1), vec2=(vec2, 1))
    return _blend("addr", input, outer(vec1, vec2), beta, alpha)


def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha bmm(batch1, batch2)``.

    Examples
    --------
    >>> baddbmm(np.ones(1), np.ones((2, 1, 3)), np.ones((2, 3, 1))).ravel()
    array([4., 4.])
    """
    return _blend("baddbmm", input, bmm(batch1, batch2), beta, alpha)


def addbmm(input: Any, batch1: Any, batch2: Any, *, beta: Any = 1, alpha: Any = 1) -> Any:
    """``beta input + alpha`` times the sum of the products of two stacks of matrices.

    Examples
    --------
    >>> addbmm(np.ones(1), np.ones((2, 1, 3)), np.ones((2, 3, 1)))
    array([[7.]])
    """
    product = _sum(bmm(batch1, batch2), axis=(0,), keepdims=False)
    return _blend("addbmm", input, product, beta, alpha)


# ------------------------------------------------------------------ the diagonal


@primitive(name="trace")
@quiet
def _trace(input: Any) -> Any:
    return np.trace(input)


def _d_trace(g: Any, out: Any, x: Any) -> Any:
    return where(np.eye(*x.shape, dtype=bool), g, 0.0)


_trace.defvjp(_d_trace)


def trace(input: Any) -> Any:
    """The sum of the diagonal of a matrix; the gradient is ``g`` on the diagonal, else 0.

    Examples
    --------
    >>> trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(5.0)
    """
    _expect("trace", input=(input, 2))
    return _trace(accumulated(input, None))
