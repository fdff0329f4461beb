"""Running sums and products, the product of all, and differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .arguments import numpy_names
from .arithmetic import sub
from .compare import ne
from .extremes import lanes
from .fitting import clone, to_dtype
from .index import getitem
from .reduce import accumulated, kept
from .shape import _reshape

__all__ = ["cumprod", "cumsum", "diff", "prod"]

_times: Any = np.multiply.reduce  # np.prod without its argument handling

# ------------------------------------------------------------- three moves along an axis


@primitive
def _backwards(input: Any, *, axis: int) -> Any:
    return np.flip(input, axis)


@primitive
def _shifted(input: Any, *, axis: int, first: float) -> Any:
    """Every element one place on; `first` takes the first place, the last one drops out."""
    out = np.empty_like(input)
    to, come = _parts(input.ndim, axis)
    out[to] = input[come]
    out[(slice(None),) * axis + (slice(0, 1),)] = first
    return out


def _parts(ndim: int, axis: int) -> tuple[Any, Any]:
    before = (slice(None),) * axis
    return (*before, slice(1, None)), (*before, slice(0, -1))


@primitive
@quiet
def _recurrence(input: Any, factor: Any, *, axis: int) -> Any:
    """``y[k] = input[k] + factor[k] y[k-1]``, with ``y[-1] = 0``."""
    out = np.array(input)
    a, x, y = (np.moveaxis(v, axis, 0) for v in (input, factor, out))
    for k in range(1, len(y)):
        y[k] = a[k] + x[k] * y[k - 1]
    return out


def _turned_recurrence(g: Any, factor: Any, axis: int) -> Any:
    """``s[k] = g[k] + factor[k+1] s[k+1]``: the same from the other end, the adjoint."""
    turned = _shifted(_backwards(factor, axis=axis), axis=axis, first=0.0)
    return _backwards(_recurrence(_backwards(g, axis=axis), turned, axis=axis), axis=axis)


_backwards.defvjp(lambda g, out, x, axis: _backwards(g, axis=axis))
_shifted.defvjp(
    lambda g, out, x, axis, first: _backwards(
        _shifted(_backwards(g, axis=axis), axis=axis, first=0.0), axis=axis
    )
)
_recurrence.defvjp(
    lambda g, out, a, x, axis: _turned_recurrence(g, x, axis),
    lambda g, out, a, x, axis: _turned_recurrence(g, x, axis) * _shifted(out, axis=axis, first=0.0),
)


# ------------------------------------------------------------------------ cumulative


@primitive(name="cumsum")
@quiet
def _cumsum(input: Any, *, axis: int) -> Any:
    return np.add.accumulate(input, axis)


_cumsum.defvjp(
    lambda g, out, x, axis: _backwards(_cumsum(_backwards(g, axis=axis), axis=axis), axis=axis)
)


@primitive(name="cumprod")
@np.errstate(all="ignore")
def _cumprod(input: Any, *, axis: int) -> Any:
    return np.multiply.accumulate(input, axis)


def _d_cumprod(g: Any, out: Any, x: Any, axis: int) -> Any:
    # dL/dx[k] = (x[0] ... x[k-1]) s[k] with s[k] = g[k] + x[k+1] s[k+1]. Without zeros this is the
    # sum of g out from k on, divided by x[k].
    if np.all(raw(x)):
        total = _cumsum(_backwards(g * out, axis=axis), axis=axis)
        return _backwards(total, axis=axis) / x
    return _shifted(out, axis=axis, first=1.0) * _turned_recurrence(g, x, axis)


_cumprod.defvjp(_d_cumprod)


def _running(op: Any, input: Any, dim: Any, dtype: Any) -> Any:
    rows, axis = lanes(op.name, input, dim)
    if rows is not input:
        return _reshape(accumulated(input, dtype), shape=())
    out = op(accumulated(input, dtype), axis=axis)
    return out if dtype is None else to_dtype(out, dtype)


@numpy_names
def cumsum(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Sums of the first 1, 2, 3, ... elements along `dim`.

    The gradient is the cumulative sum of ``g`` from the other end. Integers become int64.

    Examples
    --------
    >>> cumsum(np.array([1.0, 2.0, 3.0]), 0)
    array([1., 3., 6.])
    """
    return _running(_cumsum, input, dim, dtype)


@numpy_names
def cumprod(input: Any, dim: Any, *, dtype: Any = None) -> Any:
    """Products of the first 1, 2, 3, ... elements along `dim`.

    Gradient: ``sum(g[j] out[j] for j >= k) / x[k]``; with zeros among the elements, the same
    without dividing. Integers become int64.

    Examples
    --------
    >>> cumprod(np.array([1.0, 2.0, 3.0]), 0)
    array([1., 2., 6.])
    """
    return _running(_cumprod, input, dim, dtype)


# ------------------------------------------------------------------------ the product of all


@primitive(name="prod")
@np.errstate(all="ignore")
def _prod(input: Any, *, axis: int, keepdims: bool) -> Any:
    return _times(input, axis=axis, keepdims=keepdims)


def _d_prod(g: Any, out: Any, x: Any, axis: int, keepdims: bool) -> Any:
    shape = kept(x.shape, (axis,))
    g = _reshape(g, shape=shape)
    if np.all(raw(x)):
        return g * (_reshape(out, shape=shape) / x)
    # The product of the others: of those before times of those after.
    before = _cumprod(_shifted(x, axis=axis, first=1.0), axis=axis)
    after = _cumprod(_shifted(_backwards(x, axis=axis), axis=axis, first=1.0), axis=axis)
    return g * (before * _backwards(after, axis=axis))


_prod.defvjp(_d_prod)


@numpy_names
def prod(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The product of all elements, or along one axis; gradient ``g`` times that of the others.

    So of ``[0, 2, 3]`` the gradient is ``[6, 0, 0]``, and with two zeros it is 0. The product of
    integers and bools is int64; that of nothing is 1.

    Examples
    --------
    >>> prod(np.array([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    array([3., 8.])
    """
    ndim = raw(input).ndim
    if dim is None:
        rows, axis = _reshape(input, shape=(-1,)), 0
    else:
        rows, axis = lanes("prod", input, dim)
    if not ndim:  # one number is its own product, be it NaN
        return _reshape(accumulated(input, dtype), shape=())
    out = _prod(accumulated(rows, dtype), axis=axis, keepdims=keepdim and dim is not None)
    out = out if dtype is None else to_dtype(out, dtype)
    return _reshape(out, shape=(1,) * ndim) if keepdim and dim is None else out


# ------------------------------------------------------------------------ differences


@primitive(promotes="arithmetic", name="append")
def _append(input: Any, other: Any, *, axis: int) -> Any:
    return np.concatenate([input, other], axis)


def _slice(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    return getitem(x, index=(slice(None),) * axis + (slice(start, stop),))


_append.defvjp(
    lambda g, out, x, y, axis: _slice(g, axis, None, x.shape[axis]),
    lambda g, out, x, y, axis: _slice(g, axis, g.shape[axis] - y.shape[axis], None),
)


@numpy_names
def diff(input: Any, n: int = 1, dim: Any = -1, prepend: Any = None, append: Any = None) -> Any:
    """``x[k+1] - x[k]`` along `dim`, `n` times over; gradient ``g[k-1] - g[k]``.

    `prepend` and `append` are put before and after `input` first. Of bools: whether they differ.

    Examples
    --------
    >>> diff(np.array([1.0, 4.0, 9.0]))
    array([3., 5.])
    """
    if not raw(input).ndim:
        raise ShapeError(located("diff expects input to be at least one-dimensional, but got ()"))
    if n < 0:
        raise ShapeError(located(f"diff: order must be non-negative but got n={n}"))
    axis = lanes("diff", input, dim)[1]
    if n == 0:
        return clone(input)
    for other, order in ((prepend, -1), (append, 1)):
        if other is None:
            continue
        if raw(other).ndim != raw(input).ndim:
            raise DTypeError(
                located(
                    "diff expects prepend or append to be the same dimension as input, but got "
                    f"{raw(other).shape} for {raw(input).shape}"
                )
            )
        input = _append(*(input, other)[::order], axis=axis)
    subtract = ne if raw(input).dtype.kind == "b" else sub
    for _ in range(min(n, raw(input).shape[axis])):
        input = subtract(_slice(input, axis, 1, None), _slice(input, axis, None, -1))
    return input
