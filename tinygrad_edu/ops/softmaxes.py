"""Softmax and its relatives: scores to probabilities along one axis."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, located
from ..quiet import quiet
from ..random import numpy_generator
from .arguments import axes, numpy_names, one_axis
from .exponential import exp, floats_only
from .fitting import cast
from .reduce import _sum

__all__ = ["gumbel_softmax", "log_softmax", "softmax", "softmin"]

_max: Any = np.maximum.reduce
_add: Any = np.add.reduce


@primitive(name="softmax")
@quiet
def _softmax(input: Any, *, axis: tuple[int, ...]) -> Any:
    floats_only(input)
    if not input.size:
        return input.copy()
    e = np.exp(input - _max(input, axis=axis, keepdims=True))
    e /= _add(e, axis=axis, keepdims=True)
    return e


_softmax.defvjp(
    lambda g, out, x, axis: out * (g - _sum(g * out, axis=axis, keepdims=True)),
)


def _prepared(name: str, input: Any, dim: Any, dtype: Any) -> tuple[Any, tuple[int, ...]]:
    """The input in the dtype that is wanted, and its axis."""
    ndim = raw(input).ndim
    if dtype is not None and np.dtype(dtype) != raw(input).dtype:
        input = cast(input, dtype=np.dtype(dtype))
    if dim is None:
        dim = 0 if ndim in (0, 1, 3) else 1
        warnings.warn(
            f"Implicit dimension choice for {name} has been deprecated. Change the call to include "
            "dim=X as an argument.",
            stacklevel=4,
        )
    return input, axes(name, one_axis(name, dim, ndim), ndim)


@numpy_names
def softmax(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """``exp(x) / sum(exp(x))`` along `dim`; gradient ``p (g - sum(g p))``. Never overflows.

    Examples
    --------
    >>> softmax(np.array([0.0, 0.0]), dim=0)
    array([0.5, 0.5])
    """
    input, axis = _prepared("softmax", input, dim, dtype)
    return _softmax(input, axis=axis)


@numpy_names
def softmin(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """``softmax(-x)`` along `dim`.

    Examples
    --------
    >>> softmin(np.array([0.0, 1000.0]), dim=0)
    array([1., 0.])
    """
    input, axis = _prepared("softmin", input, dim, dtype)
    return _softmax(-input, axis=axis)


@primitive(name="log_softmax")
@quiet
def _log_softmax(input: Any, *, axis: tuple[int, ...]) -> Any:
    floats_only(input)
    if not input.size:
        return input.copy()
    shifted = input - _max(input, axis=axis, keepdims=True)
    return shifted - np.log(_add(np.exp(shifted), axis=axis, keepdims=True))


_log_softmax.defvjp(
    lambda g, out, x, axis: g - exp(out) * _sum(g, axis=axis, keepdims=True),
)


@numpy_names
def log_softmax(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """``x - logsumexp(x)`` along `dim`, without overflow; gradient ``g - softmax(x) sum(g)``.

    Examples
    --------
    >>> log_softmax(np.array([0.0, 1000.0]), dim=0)
    array([-1000.,     0.])
    """
    input, axis = _prepared("log_softmax", input, dim, dtype)
    return _log_softmax(input, axis=axis)


@numpy_names
def gumbel_softmax(
    logits: Any,
    tau: float = 1.0,
    hard: bool = False,
    eps: float = 1e-10,
    dim: int = -1,
    *,
    generator: Any = None,
) -> Any:
    """A differentiable sample of one class: ``softmax((logits + noise) / tau)``.

    The noise is Gumbel's, ``-log(-log(u))``. With `hard` the result is one-hot, but its gradient
    that of the soft one. (`eps` has no effect; PyTorch keeps it, too.)

    Examples
    --------
    >>> float(gumbel_softmax(np.zeros(4), hard=True).sum())
    1.0
    """
    scores = raw(logits)
    if scores.dtype.kind != "f":
        raise DTypeError(located(f"gumbel_softmax: no noise for {scores.dtype}; use .float()"))
    noise = numpy_generator(generator).gumbel(size=scores.shape).astype(scores.dtype)
    soft = softmax((logits + noise) / tau, dim)
    if not hard:
        return soft
    p = raw(soft)
    top = np.expand_dims(np.argmax(p, axis=dim), dim)
    one_hot = np.zeros_like(p)
    np.put_along_axis(one_hot, top, 1.0, axis=dim)
    # Adds 0 to the value, and the soft gradient.
    return one_hot + (soft - p)
