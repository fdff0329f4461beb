"""Norms of vectors and matrices, and the directions and distances made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from .arguments import numpy_names
from .arithmetic import abs, mul, sub
from .compare import _over, flat, no_slope, where
from .decompositions import _svdvals
from .extremes import _bottom, _top, amax, amin
from .fitting import broadcast_to, to_dtype
from .reduce import Axes, _add, _sum, kept, reduced_axes
from .shape import _permute, _reshape

__all__ = [
    "cosine_similarity",
    "norm",
    "normalize",
    "pairwise_distance",
]

inf = math.inf


# ------------------------------------------------------------------------ of vectors


@primitive(name="vector_norm")
@np.errstate(all="ignore")
def _vector_norm(input: Any, *, ord: float, axis: Axes, keepdims: bool) -> Any:
    if ord == 2:
        return np.sqrt(_add(input * input, axis=axis, keepdims=keepdims))
    if ord == 0:
        count = np.count_nonzero(input, axis=axis, keepdims=keepdims)
        return np.asarray(count, input.dtype)
    size = np.abs(input)
    if ord == 1:
        return _add(size, axis=axis, keepdims=keepdims)
    if ord == inf:
        return _top(size, axis=axis, keepdims=keepdims)
    if ord == -inf:
        return _bottom(size, axis=axis, keepdims=keepdims)
    return _add(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _d_vector_norm(g: Any, out: Any, x: Any, ord: float, axis: Axes, keepdims: bool) -> Any:
    shape = kept(x.shape, axis)
    g, out = _reshape(g, shape=shape), _reshape(out, shape=shape)
    if ord == 0:
        return no_slope(x)
    if ord == 1:
        return g * flat(_slope(x), x)
    if ord == 2:
        return x * _over(g, out)
    size = abs(x)
    if ord in (inf, -inf):
        at = where(out == out, size == out, x != x)
        share = _count(at, axis=axis, dtype=g.dtype)
        return where(at, g / share, 0.0) * flat(_slope(x), x)
    # Where x is 0, its sign is, so that 1 may take the place of powers that are infinite there.
    steep = where(x == 0, 1.0, size) ** (ord - 1.0)
    if ord > 1:
        out = where(out == 0, 1.0, out)
    return _slope(x) * steep * (g * out ** (1.0 - ord))


@primitive(name="slope", differentiable=False)
def _slope(x: Any) -> Any:
    """The sign, 0 for NaN as in PyTorch."""
    return np.subtract(x > 0, x < 0, dtype=x.dtype)


@primitive(name="count", differentiable=False)
def _count(at: Any, *, axis: Axes, dtype: Any) -> Any:
    return np.asarray(np.count_nonzero(at, axis=axis, keepdims=True), dtype)


_vector_norm.defvjp(_d_vector_norm)


def _as_float(name: str, x: Any, dtype: Any) -> Any:
    """A norm's input, in `dtype` if that is given and no narrower."""
    own = raw(x).dtype
    if own.kind != "f":
        raise DTypeError(
            located(
                f"{name}: Expected a floating point tensor as input. Got {own}; "
                "convert it with .float()"
            )
        )
    if dtype is None:
        return x
    if not np.can_cast(own, dtype, "safe") or np.dtype(dtype).kind != "f":
        raise DTypeError(
            located(
                f"{name}: the dtype of the input ({own}) should be convertible without narrowing "
                f"to the specified dtype ({np.dtype(dtype)})"
            )
        )
    return to_dtype(x, dtype)


@numpy_names
def vector_norm(
    input: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """``sum(|x|**p)**(1/p)`` for `ord` p; the largest ``|x|`` for inf, the smallest for -inf.

    ``ord=0`` counts what is not 0. The gradient is ``g sign(x) (|x| / norm)**(p-1)``. At 0 it is
    taken to be 0; for inf and -inf, ties share it.

    Examples
    --------
    >>> vector_norm(np.array([3.0, 4.0]))
    np.float64(5.0)
    """
    if not isinstance(ord, (int, float)):
        raise DTypeError(located(f"linalg.vector_norm: ord must be a number, not {ord!r}"))
    input = _as_float("linalg.vector_norm", input, dtype)
    shape = raw(input).shape
    axis = reduced_axes("linalg.vector_norm", dim, len(shape))
    if 0 in shape and (ord < 0 or ord == inf) and 0 in [shape[a] for a in axis]:
        raise ShapeError(
            located(
                f"linalg.vector_norm cannot compute the {ord} norm on an empty tensor because the "
                f"operation does not have an identity (shape {shape}, dim {dim})"
            )
        )
    return _vector_norm(input, ord=float(ord), axis=axis, keepdims=keepdim)


# ------------------------------------------------------------------------ of matrices


@numpy_names
def matrix_norm(
    input: Any, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """A norm of matrices, in the two axes `dim`.

    ``"fro"`` is the root of the sum of squares; ``"nuc"`` the sum of the singular values; 2 and -2
    the largest and smallest of them; inf and -inf the largest and smallest sum of a row's ``|x|``;
    1 and -1 the same of columns. The gradients follow: of singular values ``U diag(g) Vh``, with
    ties shared.

    Examples
    --------
    >>> matrix_norm(np.array([[1.0, -2.0], [3.0, 4.0]]), 1)
    np.float64(6.0)
    """
    name = "linalg.matrix_norm"
    input = _as_float(name, input, dtype)
    shape = raw(input).shape
    if len(shape) < 2:
        raise ShapeError(
            located(f"{name}: The input tensor A must have at least 2 dimensions, not {shape}")
        )
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise DTypeError(located(f"{name}: dim must be a 2-tuple. Got {dim}"))
    axis = reduced_axes(name, (dim[0],), len(shape)) + reduced_axes(name, (dim[1],), len(shape))
    if axis[0] == axis[1]:
        raise ShapeError(located(f"{name}: dims must be different. Got {tuple(dim)}"))
    if ord == "fro":
        return _vector_norm(input, ord=2.0, axis=axis, keepdims=keepdim)
    if (isinstance(ord, str) and ord != "nuc") or ord not in ("nuc", 1, -1, 2, -2, inf, -inf):
        raise ShapeError(
            located(f"{name}: Order {ord} not supported; use 'fro', 'nuc', 1, 2, inf, -1, -2, -inf")
        )
    rest = tuple(i for i in range(len(shape)) if i not in axis)
    matrices = _permute(input, dims=(*rest, *axis))
    outer, (rows, columns) = tuple(shape[i] for i in rest), (shape[i] for i in axis)
    if ord in (2, -2, "nuc"):
        values, length = _svdvals(matrices), np.minimum(rows, columns)
    else:
        along = -2 if ord in (1, -1) else -1
        values = _sum(abs(matrices), axis=(len(shape) + along,), keepdims=False)
        length = columns if along == -2 else rows
    if ord == "nuc" or (not length and ord > 0):  # no elements: the norm is 0
        out = _sum(values, axis=(len(outer),), keepdims=False)
    else:
        out = (amax if ord > 0 else amin)(values, -1)
    return _reshape(out, shape=kept(shape, axis)) if keepdim else out


@numpy_names
def linalg_norm(
    input: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Any:
    """``torch.linalg.norm``: `vector_norm` or `matrix_norm`, as `ord` and `dim` say.

    Without `ord`, the 2-norm of all elements (or along `dim`). With it, a vector or one axis has
    `vector_norm`, a matrix or two axes `matrix_norm`.

    Examples
    --------
    >>> linalg_norm(np.array([[3.0, 0.0], [0.0, 4.0]]), "nuc")
    np.float64(7.0)
    """
    ndim = np.ndim(raw(input))
    axes = [dim] if isinstance(dim, int) else dim
    if axes is not None and len(axes) not in (1, 2):
        raise ShapeError(
            located(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}")
        )
    if ord is None:
        return vector_norm(input, 2, axes, keepdim, dtype=dtype)
    if axes is None and ndim not in (1, 2):
        raise ShapeError(
            located(
                "linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. "
                f"Got {ndim}D"
            )
        )
    if not isinstance(ord, str) and (len(axes) if axes is not None else ndim) == 1:
        return vector_norm(input, ord, axes, keepdim, dtype=dtype)
    return matrix_norm(input, ord, (0, 1) if axes is None else axes, keepdim, dtype=dtype)


@numpy_names
def norm(
    input: Any,
    p: Any = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: None = None,
    dtype: Any = None,
) -> Any:
    """``torch.norm``: ``sum(|x|**p)**(1/p)`` over all elements or `dim`; gradient 0 at 0.

    Unlike `linalg.norm`, a number `p` always means the norm of vectors. ``"fro"`` is the 2-norm,
    ``"nuc"`` the sum of the singular values of a matrix.

    Examples
    --------
    >>> norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
    np.float64(5.0)
    """
    if p is None or p == "fro":
        p = 2
    if not isinstance(p, str):
        return vector_norm(input, p, dim, keepdim, dtype=dtype)
    dims = tuple(range(np.ndim(raw(input)))) if dim is None else dim
    return matrix_norm(input, p, dims, keepdim, dtype=dtype)


linalg_vector_norm, linalg_matrix_norm = vector_norm, matrix_norm


# ------------------------------------------------------------------------ directions


@numpy_names
def normalize(
    input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: None = None
) -> Any:
    """``x / max(norm(x), eps)`` along `dim`; gradient ``(g - out sum(g out)) / norm`` for p = 2.

    Examples
    --------
    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    size = norm(input, p, dim, True)
    return input / where(size < eps, eps, size)  # a NaN stays one


@numpy_names
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """``sum(x1 x2) / (|x1| |x2|)`` along `dim`, the cosine of the angle; no norm below `eps`.

    Examples
    --------
    >>> cosine_similarity(np.array([[1.0, 0.0]]), np.array([[3.0, 4.0]]))
    array([0.6])
    """
    product = mul(x1, x2)  # of the common shape and dtype
    array = raw(product)
    (axis,) = reduced_axes("cosine_similarity", dim, array.ndim) or (0,)
    if array.dtype.kind != "f":
        raise DTypeError(
            located(f"cosine_similarity: expected floating-point tensors, but got {array.dtype}")
        )
    along = (axis,) if array.ndim else ()
    sizes = []
    for x in (x1, x2):
        x = broadcast_to(to_dtype(x, array.dtype), shape=array.shape)
        size = _vector_norm(x, ord=2.0, axis=along, keepdims=True)
        # Raised to eps by a constant, so that the slope of the norm stays, as in PyTorch.
        missing = np.maximum(eps - raw(size), 0.0)
        size = size + missing if missing.any() else size
        sizes.append(x / size)
    return _sum(sizes[0] * sizes[1], axis=along, keepdims=False)


@numpy_names
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """The p-norm of ``x1 - x2 + eps`` along the last axis. (`eps` keeps it away from 0.)

    Examples
    --------
    >>> pairwise_distance(np.array([[3.0, 4.0]]), np.zeros((1, 2)), eps=0)
    array([5.])
    """
    return vector_norm(sub(x1, x2) + eps, p, -1, keepdim)
