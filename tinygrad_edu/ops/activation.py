"""Activation functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from .arguments import axes, numpy_names
from .compare import where
from .exponential import exp
from .fitting import cast
from .reduce import _sum

__all__ = ["log_softmax", "relu", "softmax"]


@primitive(elementwise=True)
def relu(input: Any) -> Any:
    """``max(0, x)``; the gradient passes where ``x > 0``, and is 0 at the kink.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return np.maximum(input, 0)


relu.defvjp(lambda g, out, x: where(out > 0, g, 0.0))


@primitive(name="softmax")
def _softmax(input: Any, *, axis: tuple[int, ...]) -> Any:
    e = np.exp(input - np.max(input, axis=axis, keepdims=True))
    e /= np.sum(e, axis=axis, keepdims=True)
    return e


_softmax.defvjp(
    lambda g, out, x, axis: out * (g - _sum(g * out, axis=axis, keepdims=True)),
)


@numpy_names
def softmax(input: Any, dim: Any = None, dtype: Any = None) -> Any:
    """``exp(x) / sum(exp(x))`` along `dim`; gradient ``p (g - sum(g p))``.

    Examples
    --------
    >>> softmax(np.array([0.0, 0.0]), dim=0)
    array([0.5, 0.5])
    """
    if dtype is not None:
        input = cast(input, dtype=np.dtype(dtype))
    return _softmax(input, axis=axes("softmax", dim, raw(input).ndim))


@primitive(name="log_softmax")
def _log_softmax(input: Any, *, axis: tuple[int, ...]) -> Any:
    shifted = input - np.max(input, axis=axis, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))


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
    if dtype is not None:
        input = cast(input, dtype=np.dtype(dtype))
    return _log_softmax(input, axis=axes("log_softmax", dim, raw(input).ndim))
