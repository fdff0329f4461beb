"""Variance and standard deviation, and histograms."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from .arguments import numpy_names
from .compare import _over, where
from .extremes import like
from .reduce import Axes, _add, _mean, count, kept, reduced_axes
from .shape import _reshape

__all__ = ["bincount", "histc", "histogram", "std", "std_mean", "var", "var_mean"]


def _moment(x: Any, axis: Axes, keepdims: bool, correction: float) -> Any:
    n = count(x.shape, axis)
    d = x - _add(x, axis=axis, keepdims=True) / (n or math.nan)
    d *= d
    return _add(d, axis=axis, keepdims=keepdims) / np.maximum(n - correction, 0.0).astype(x.dtype)


@primitive(name="var")
@np.errstate(all="ignore")
def _var(input: Any, *, axis: Axes, keepdims: bool, correction: float, whole: bool) -> Any:
    return _moment(input, axis, keepdims, correction)


@primitive(name="std")
@np.errstate(all="ignore")
def _std(input: Any, *, axis: Axes, keepdims: bool, correction: float, whole: bool) -> Any:
    return np.sqrt(_moment(input, axis, keepdims, correction))


def _slope(g: Any, x: Any, axis: Axes, correction: float, whole: bool) -> Any:
    """``2 (x - mean(x)) / (n - correction) g``; with too few elements, PyTorch's inf and NaN."""
    shape = kept(x.shape, axis)
    d, free = x - _mean(x, axis=axis, keepdims=True), count(x.shape, axis) - correction
    g = _reshape(g, shape=shape)
    if whole and free <= 0:
        return where(d == 0, math.nan, math.inf) * g
    return (2.0 / free if free else math.inf) * g * d


def _d_var(
    g: Any, out: Any, x: Any, axis: Axes, keepdims: bool, correction: float, whole: bool
) -> Any:
    return _slope(g, x, axis, correction, whole)


def _d_std(
    g: Any, out: Any, x: Any, axis: Axes, keepdims: bool, correction: float, whole: bool
) -> Any:
    # Where nothing varies, the slope of the root is taken to be 0.
    return _slope(_over(g, 2.0 * out), x, axis, correction, whole)


_var.defvjp(_d_var)
_std.defvjp(_d_std)


def _options(name: str, input: Any, dim: Any, unbiased: Any, correction: Any) -> dict[str, Any]:
    """The forms ``std(x, False)``, ``std(x, 0, False)`` and ``std(x, 0, correction=0)`` as one."""
    array = raw(input)
    if array.dtype.kind != "f":
        raise DTypeError(
            located(
                f"{name}: std and var only support floating point dtypes, but got "
                f"{array.dtype}; convert it with .float()"
            )
        )
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    if correction is None:
        correction = 1 if unbiased is None else int(unbiased)
    elif unbiased is not None:
        raise DTypeError(located(f"{name}: give either unbiased= or correction=, not both"))
    axis = reduced_axes(name, dim, array.ndim)
    return {"axis": axis, "correction": float(correction), "whole": dim is None or not array.ndim}


@numpy_names
def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """``sum((x - mean)**2) / (n - correction)``; gradient ``2 (x - mean) / (n - correction) g``.

    `correction` is 1 unless given: the unbiased estimate from a sample (NumPy's default is 0).
    ``unbiased=False`` means ``correction=0``.

    Examples
    --------
    >>> var(np.array([1.0, 2.0, 4.0, 5.0]), correction=0)
    np.float64(2.5)
    """
    options = _options("var", input, dim, unbiased, correction)
    return _var(input, keepdims=keepdim, **options)


@numpy_names
def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """The square root of `var`; gradient ``(x - mean) / ((n - correction) std) g``.

    Where the elements are equal the gradient is 0. Of one element without others, with
    ``correction=1``, value and gradient are NaN.

    Examples
    --------
    >>> std(np.array([[1.0, 3.0], [5.0, 5.0]]), dim=1, correction=0)
    array([1., 0.])
    """
    options = _options("std", input, dim, unbiased, correction)
    return _std(input, keepdims=keepdim, **options)


@numpy_names
def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Any, Any]:
    """The variance and the mean.

    Examples
    --------
    >>> var_mean(np.array([1.0, 3.0]))
    (np.float64(2.0), np.float64(2.0))
    """
    options = _options("var_mean", input, dim, unbiased, correction)
    return (
        _var(input, keepdims=keepdim, **options),
        _mean(input, axis=options["axis"], keepdims=keepdim),
    )


@numpy_names
def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> tuple[Any, Any]:
    """The standard deviation and the mean.

    Examples
    --------
    >>> std_mean(np.array([1.0, 3.0]), correction=0)
    (np.float64(1.0), np.float64(2.0))
    """
    options = _options("std_mean", input, dim, unbiased, correction)
    return (
        _std(input, keepdims=keepdim, **options),
        _mean(input, axis=options["axis"], keepdims=keepdim),
    )


# ------------------------------------------------------------------------------ histograms


def bincount(input: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How often each of 0, 1, 2, ... occurs; or the sum of its `weights`. It has no gradient.

    Examples
    --------
    >>> bincount(np.array([1, 1, 3]))
    array([0, 2, 0, 1])
    """
    array = raw(input)
    if array.dtype.kind not in "iu":
        raise DTypeError(located(f"bincount: input must hold integers, but is {array.dtype}"))
    if array.ndim != 1 or (array < 0).any():
        raise ShapeError(
            located(
                "bincount only supports 1-d non-negative integral inputs, but got shape "
                f"{array.shape}{' with negative values' if array.ndim == 1 else ''}"
            )
        )
    given = raw(weights)
    if given is not None and given.shape != array.shape:
        raise ShapeError(
            located(f"bincount: weights {given.shape} should have the shape of input {array.shape}")
        )
    out = np.bincount(array, given, minlength)
    return like(
        input,
        out
        if given is None or given.dtype.itemsize != 4 or given.dtype.kind != "f"
        else out.astype(given.dtype),
    )


@np.errstate(all="ignore")
def histc(input: Any, bins: int = 100, min: float = 0, max: float = 0) -> Any:
    """How many elements fall in each of `bins` equal parts of [min, max]. It has no gradient.

    With ``min == max`` the range is that of the elements. What lies outside, or is NaN, is not
    counted.

    Examples
    --------
    >>> histc(np.array([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    array([0., 2., 1., 0.])
    """
    array = raw(input)
    if array.dtype.kind != "f":
        raise DTypeError(located(f"histc: input must be floating-point, but is {array.dtype}"))
    if bins <= 0:
        raise ShapeError(located(f"histc: bins must be > 0, but is {bins}"))
    low, high = min, max
    if low > high:
        raise ShapeError(located(f"histc: max must be larger than min, but got [{low}, {high}]"))
    if low == high and array.size:
        low, high = array.min(), array.max()
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ShapeError(located(f"histc: the range [{low}, {high}] is not finite"))
    return like(input, np.histogram(array, bins, (low, high))[0].astype(array.dtype))


class Histogram(NamedTuple):
    """Counts (or densities), and the edges between the bins."""

    hist: Any
    bin_edges: Any


@np.errstate(all="ignore")
def histogram(
    input: Any,
    bins: Any = 100,
    *,
    range: Any = None,
    weight: Any = None,
    density: bool = False,
) -> Histogram:
    """``(hist, bin_edges)`` of all elements, in the dtype of `input`. It has no gradient.

    Parameters
    ----------
    input : Tensor
        Floating-point.
    bins : int or Tensor
        How many bins of equal width, or their edges.
    range : (float, float), optional
        The outer edges; those of the elements unless given.
    weight : Tensor, optional
        What each element counts.
    density : bool
        Scale so that the integral is 1.

    Examples
    --------
    >>> histogram(np.array([1.0, 2.0, 1.0]), bins=2).hist
    array([2., 1.])
    """
    array = raw(input)
    if array.dtype.kind != "f":
        raise DTypeError(located(f"histogram: input must be floating-point, but is {array.dtype}"))
    hist, edges = np.histogram(array, raw(bins), range=range, weights=raw(weight), density=density)
    return Histogram(like(input, hist.astype(array.dtype)), like(input, edges.astype(array.dtype)))
