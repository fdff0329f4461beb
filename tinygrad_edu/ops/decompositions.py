"""Solving, inverses, determinants and singular values: the names of ``torch.linalg``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .contraction import multi_dot_matrices
from .fitting import sum_to
from .index import getitem
from .linalg import matmul, turned
from .shape import _reshape, unsqueeze

__all__ = ["det", "inverse"]


def _square(name: str, x: Any) -> None:
    shape, dtype = np.shape(raw(x)), raw(x).dtype
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ShapeError(located(f"{name}: A must be batches of square matrices, but is {shape}"))
    _float(name, dtype)


def _float(name: str, dtype: np.dtype) -> None:
    if dtype.kind != "f":
        raise DTypeError(
            located(f"{name}: expected a floating-point matrix, but got {dtype}; use .float()")
        )


class LinAlgError(np.linalg.LinAlgError, RuntimeError):
    """A matrix is singular, or an iteration did not converge."""


def _checked(name: str, run: Any, *arrays: Any) -> Any:
    try:
        return run(*arrays)
    except np.linalg.LinAlgError as error:
        new = LinAlgError(located(f"{name}: {error} (A {np.shape(arrays[0])})"))
        new.explained = True  # type: ignore[attr-defined]
        raise new from error


# ------------------------------------------------------------------------ inverses


@primitive(name="inv")
@quiet
def _inv(input: Any) -> Any:
    return _checked("linalg.inv", np.linalg.inv, input)


_inv.defvjp(lambda g, out, x: -(turned(out) @ g @ turned(out)))


def inv(A: Any) -> Any:
    """The inverse of a square matrix, or of each in a stack; gradient ``-A⁻ᵀ g A⁻ᵀ``.

    Examples
    --------
    >>> inv(np.array([[2.0, 0.0], [0.0, 4.0]]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    _square("linalg.inv", A)
    return _inv(A)


def inverse(input: Any) -> Any:
    """`linalg.inv` under its short name.

    Examples
    --------
    >>> inverse(np.array([[2.0, 0.0], [0.0, 4.0]]))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    return inv(input)


@primitive(promotes="same", name="solve")
def _solve(input: Any, other: Any) -> Any:
    return _checked("linalg.solve", np.linalg.solve, input, other)


_solve.defvjp(
    lambda g, out, a, b: sum_to(-(_solve(turned(a), g) @ turned(out)), shape=a.shape),
    lambda g, out, a, b: sum_to(_solve(turned(a), g), shape=b.shape),
)


def solve(A: Any, B: Any, *, left: bool = True) -> Any:
    """The X with ``A X = B`` (``X A = B`` with ``left=False``); ``dB = A⁻ᵀ g``, ``dA = -dB Xᵀ``.

    Examples
    --------
    >>> solve(np.array([[2.0, 0.0], [0.0, 4.0]]), np.array([2.0, 2.0]))
    array([1. , 0.5])
    """
    _square("linalg.solve", A)
    a, b = np.shape(raw(A)), np.shape(raw(B))
    vector = len(b) == 1 or (len(a) - 1 == len(b) and b == a[:-1])
    if not left:
        return turned(solve(turned(A), turned(B)))
    if (b[-1] if vector else b[-2]) != a[-1]:
        raise ShapeError(located(f"linalg.solve: incompatible shapes: A {a}, B {b}"))
    if not vector:
        return _solve(A, B)
    x = _solve(A, unsqueeze(B, -1))
    return _reshape(x, shape=raw(x).shape[:-1])


# ------------------------------------------------------------------------ singular values


@primitive(name="svd")
@quiet
def _svd(input: Any) -> Any:
    """U, S and V of ``A = U diag(S) Vᵀ``, as the rows of one array, so that it is one op."""
    u, s, v = _checked("linalg.svd", lambda x: np.linalg.svd(x, full_matrices=False), input)
    return np.concatenate([u, s[..., None, :], turned(v)], -2)


def _unpack(packed: Any, m: int) -> tuple[Any, Any, Any]:
    return (
        getitem(packed, index=(..., slice(0, m), slice(None))),
        getitem(packed, index=(..., slice(m, m + 1), slice(None))),
        getitem(packed, index=(..., slice(m + 1, None), slice(None))),
    )


def _d_svd(g: Any, out: Any, x: Any) -> Any:
    # J. Townsend, "Differentiating the singular value decomposition" (2016).
    m, n = x.shape[-2:]
    eye = np.eye(min(m, n), dtype=x.dtype)
    (u, s, v), (gu, gs, gv) = _unpack(out, m), _unpack(g, m)
    ut, vt = turned(u), turned(v)
    gaps = s * s - turned(s * s) + eye
    in_u, in_v = ut @ gu, vt @ gv
    core = (in_u - turned(in_u)) / gaps * s + turned(s) * ((in_v - turned(in_v)) / gaps)
    total = u @ (core + eye * gs) @ vt
    if m > n:
        total = total + ((gu - u @ in_u) / s) @ vt
    if n > m:
        total = total + u @ turned((gv - v @ in_v) / s)
    return total


@primitive(name="svdvals")
@quiet
def _svdvals(input: Any) -> Any:
    return _checked("linalg.svdvals", lambda x: np.linalg.svd(x, compute_uv=False), input)


def _d_svdvals(g: Any, out: Any, x: Any) -> Any:
    u, _, v = _unpack(_svd(x), x.shape[-2])
    return (u * unsqueeze(g, -2)) @ turned(v)


_svd.defvjp(_d_svd)
_svdvals.defvjp(_d_svdvals)


class SVD(NamedTuple):
    """Factors of ``A = U diag(S) Vh``."""

    U: Any
    S: Any
    Vh: Any


def svd(A: Any, full_matrices: bool = False) -> SVD:
    """``A = U diag(S) Vh``, with orthonormal columns in U and rows in Vh, and S in falling order.

    Only the reduced form; unlike in PyTorch that is the default. Signs of the singular vectors are
    free, so only what does not depend on them has a meaningful gradient.

    Examples
    --------
    >>> svd(np.array([[3.0, 0.0], [0.0, 4.0]])).S
    array([4., 3.])
    """
    if full_matrices:
        raise DTypeError(located("linalg.svd: only full_matrices=False is supported"))
    _matrix("linalg.svd", A)
    packed = _svd(A)
    u, s, v = _unpack(packed, raw(A).shape[-2])
    shape = raw(s).shape
    return SVD(u, _reshape(s, shape=(*shape[:-2], shape[-1])), turned(v))


def svdvals(A: Any) -> Any:
    """The singular values, in falling order; gradient ``U diag(g) Vh``.

    Examples
    --------
    >>> svdvals(np.array([[3.0, 0.0], [0.0, 4.0]]))
    array([4., 3.])
    """
    _matrix("linalg.svdvals", A)
    return _svdvals(A)


def _matrix(name: str, x: Any) -> None:
    if np.ndim(raw(x)) < 2:
        raise ShapeError(
            located(
                f"{name}: The input tensor A must have at least 2 dimensions, "
                f"but has shape {np.shape(raw(x))}"
            )
        )
    _float(name, raw(x).dtype)


# ------------------------------------------------------------------------ determinant


@primitive(name="det")
@quiet
def _det(input: Any) -> Any:
    return np.linalg.det(input)


def _d_det(g: Any, out: Any, x: Any) -> Any:
    each = (*out.shape, 1, 1)  # one number for each matrix
    g = _reshape(g, shape=each)
    if np.all(raw(out)):
        return g * _reshape(out, shape=each) * turned(_inv(x))
    return g * _cofactors(x)


def _cofactors(x: Any) -> Any:
    """The derivative of the determinant, also of a singular matrix: ``U diag(c) Vᵀ``.

    ``c[i]`` is the product of the other singular values, with the sign of det(U) det(V).
    """
    n = x.shape[-1]
    u, s, v = _unpack(_svd(x), n)
    sign = np.sign(np.linalg.det(raw(u)) * np.linalg.det(raw(v)))[..., None, None]
    others: Any = sign
    for shift in range(1, n):
        others = others * getitem(s, index=(..., (np.arange(n) + shift) % n))
    return (u * others) @ turned(v)


_det.defvjp(_d_det)


def det(input: Any) -> Any:
    """The determinant of a square matrix, or of each in a stack; gradient ``g det(A) A⁻ᵀ``.

    That is the matrix of cofactors, which a singular matrix has as well.

    Examples
    --------
    >>> det(np.array([[2.0, 0.0], [0.0, 4.0]])).round(9)
    np.float64(8.0)
    """
    _square("linalg.det", input)
    return _det(input)


# ------------------------------------------------------------------------ products


def multi_dot(tensors: Sequence[Any]) -> Any:
    """The product of several matrices in the cheapest order; the first and last may be vectors.

    Examples
    --------
    >>> multi_dot([np.ones(2), np.ones((2, 3)), np.ones((3, 1))])
    array([6.])
    """
    given = [np.ndim(raw(x)) for x in tensors]
    if len(given) < 2:
        raise ShapeError(located(f"multi_dot(): expected at least 2 tensors but got {len(given)}"))
    for i, ndim in enumerate(given):
        if ndim != 2 and not (ndim == 1 and i in (0, len(given) - 1)):
            raise ShapeError(
                located(
                    f"multi_dot(): tensor {i} must be 2D, not {ndim}D "
                    "(the first and the last may be 1D)"
                )
            )
    matrices = list(tensors)
    if given[0] == 1:
        matrices[0] = unsqueeze(matrices[0], 0)
    if given[-1] == 1:
        matrices[-1] = unsqueeze(matrices[-1], -1)
    if len(given) == 2:
        return matmul(*tensors)
    out = multi_dot_matrices(matrices)
    rows, columns = raw(out).shape
    return _reshape(out, shape=(rows,) * (given[0] == 2) + (columns,) * (given[-1] == 2))
