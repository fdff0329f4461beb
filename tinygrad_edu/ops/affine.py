"""The affine map of a layer, fused: one op in place of three."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from .shape import _reshape

__all__ = ["linear"]


@primitive(promotes="same", name="linear")
def _linear(input: Any, weight: Any, bias: Any) -> Any:
    out = np.matmul(input, weight.T)
    out += bias
    return out


def _rows(x: Any) -> Any:
    """All leading axes as one: a matrix with one example per row."""
    return x if x.ndim == 2 else _reshape(x, shape=(-1, x.shape[-1]))


_linear.defvjp(
    lambda g, out, x, w, b: g @ w,
    lambda g, out, x, w, b: _rows(g).T @ _rows(x),
    lambda g, out, x, w, b: _rows(g).sum(0),
)


def _why_not(x: Any, w: Any, b: Any) -> str:
    return f"input {x.shape} has {x.shape[-1]} features, weight {w.shape} expects {w.shape[-1]}"


_linear.explain = _why_not


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``x Wᵀ + b``, for `weight` of shape (out features, in features).

    The gradients are ``g W``, ``gᵀ x`` and the sum of ``g`` over the examples.

    Examples
    --------
    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0, 10.0]]), np.array([0.5]))
    array([[21.5]])
    """
    if bias is None:
        return input @ weight.T
    return _linear(input, weight, bias)
