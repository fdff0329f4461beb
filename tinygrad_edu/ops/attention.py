"""Scaled dot-product attention."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import raw
from ..errors import located
from .compare import where
from .linalg import matmul
from .noise import dropout
from .shape import transpose
from .softmaxes import _softmax

__all__ = ["scaled_dot_product_attention"]


def _weights(scores: Any) -> Any:
    """Softmax along the last axis; zeros, as in PyTorch, where no key may be looked at."""
    axis = raw(scores).ndim - 1
    blind = (raw(scores) == -math.inf).all(axis, keepdims=True)
    if not blind.any():
        return _softmax(scores, axis=(axis,))
    return where(blind, 0.0, _softmax(where(blind, 0.0, scores), axis=(axis,)))


def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
) -> Any:
    """``softmax(q kᵀ / sqrt(d) + mask) v``: for each query, a mean of the values.

    Parameters
    ----------
    query : Tensor of shape (..., L, d)
    key : Tensor of shape (..., S, d)
    value : Tensor of shape (..., S, e)
    attn_mask : Tensor that can be broadcast to (..., L, S), optional
        Booleans that say which keys a query may see, or numbers that are added to the scores.
    dropout_p : float
        Probability to drop a weight; give 0 in evaluation.
    is_causal : bool
        Query number i sees keys up to number i only.
    scale : float, optional
        Takes the place of ``1 / sqrt(d)``.

    Returns
    -------
    Tensor of shape (..., L, e)

    Examples
    --------
    >>> q, k, v = np.zeros((1, 2)), np.ones((2, 2)), np.array([[1.0], [3.0]])
    >>> scaled_dot_product_attention(q, k, v)
    array([[2.]])
    """
    q, k = raw(query), raw(key)
    scale = 1.0 / math.sqrt(q.shape[-1]) if scale is None else scale
    scores = matmul(query * scale, transpose(key, -2, -1))
    if is_causal:
        if attn_mask is not None:
            raise RuntimeError(
                located("scaled_dot_product_attention: give attn_mask or is_causal, not both")
            )
        attn_mask = np.tri(q.shape[-2], k.shape[-2], dtype=bool)
    if attn_mask is not None:
        mask = raw(attn_mask)
        scores = where(mask, scores, -math.inf) if mask.dtype == bool else scores + attn_mask
    weights = _weights(scores)
    return matmul(dropout(weights, dropout_p), value)
