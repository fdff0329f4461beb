"""The affine map of a layer, fused: one op in place of three. And its bilinear relative."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import LEAF, Meta, Node, box, primitive, raw, state, tick
from ..errors import ShapeError, located
from ..quiet import quiet, silence
from .fitting import sum_to
from .kernels import column_sums
from .linalg import matmul
from .shape import _reshape, unsqueeze

__all__ = ["bilinear", "linear"]


@primitive(promotes="same", name="linear")
@quiet
def _linear(input: Any, weight: Any, bias: Any) -> Any:
    out = input.dot(weight.T) if input.ndim == 2 else np.matmul(input, weight.T)
    out += bias
    return out


_plain_linear = _linear.forward.__wrapped__  # as it is written, for who is silent already


@primitive(promotes="same", name="linear")
@quiet
def _linear_without_bias(input: Any, weight: Any) -> Any:
    return input.dot(weight.T) if input.ndim == 2 else np.matmul(input, weight.T)


def _rows(x: Any) -> Any:
    """All leading axes as one: a matrix with one example per row."""
    if x.ndim == 2:
        return x
    return _reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


def _gradients(g: Any, out: Any, inputs: Any, options: Any) -> tuple[Any, ...]:
    """The formulas below at once. Where w was not kept, x needs no gradient, and vice versa."""
    x, w, b = inputs if len(inputs) == 3 else (*inputs, None)
    flat = g.ndim == 2
    d_x = d_w = None
    if w.__class__ is not Meta:
        d_x = g.dot(w) if flat else np.matmul(g, w)
    if x.__class__ is not Meta:
        d_w = g.T.dot(x) if flat else _rows(g).T.dot(_rows(x))
    if b is None:
        return d_x, d_w
    return d_x, d_w, column_sums(g) if g.shape[1:] == b.shape else sum_to(g, shape=b.shape)


_linear.defvjp(
    lambda g, out, x, w, b: g @ w,
    lambda g, out, x, w, b: _rows(g).T @ _rows(x),
    lambda g, out, x, w, b: sum_to(g, shape=b.shape),
)
_linear.defquick(_gradients)
_linear_without_bias.defvjp(
    lambda g, out, x, w: g @ w,
    lambda g, out, x, w: _rows(g).T @ _rows(x),
)
_linear_without_bias.defquick(_gradients)


def _why_not(x: Any, w: Any, b: Any = None) -> str:
    if x.ndim == 0:
        return "input needs at least one axis: its features"
    if w.ndim > 2 or w.ndim == 0:
        return f"weight must have shape (out features, in features), not {w.shape}"
    if x.shape[-1] != w.shape[-1]:
        return f"input {x.shape} has {x.shape[-1]} features, weight {w.shape} expects {w.shape[-1]}"
    if b is not None and b.size != 1 and b.shape != w.shape[:1]:
        return f"bias must have shape {w.shape[:1]}, one for each row of the weight, not {b.shape}"
    return ""


_linear.explain = _linear_without_bias.explain = _why_not


def linear(input: Any, weight: Any, bias: Any = None) -> Any:
    """``x Wᵀ + b``, for `weight` of shape (out features, in features).

    The gradients are ``g W``, ``gᵀ x`` and the sum of ``g`` over the examples.

    Parameters
    ----------
    input : Tensor of shape (..., in features)
    weight : Tensor of shape (out features, in features), or (in features,) for one output
    bias : Tensor of shape (out features,), or () for one output, optional

    Examples
    --------
    >>> linear(np.array([[1.0, 2.0]]), np.array([[1.0, 10.0]]), np.array([0.5]))
    array([[21.5]])
    """
    try:
        x, w, b = input._array, weight._array, bias._array
        if x.dtype is w.dtype is b.dtype and x.ndim == 2 == w.ndim and state.watch is None:
            return _taped(input, weight, bias, x, w, b)
    except (AttributeError, ValueError, RuntimeError):
        # An array, no bias, shapes that do not fit, or silent already: the long way tells.
        pass
    if raw(weight).ndim == 1:
        out = matmul(input, weight)
        return out if bias is None else out + bias
    if bias is None:
        return _linear_without_bias(input, weight)
    return _linear(input, weight, bias)


def _taped(input: Any, weight: Any, bias: Any, x: Any, w: Any, b: Any) -> Any:
    """``_linear(input, weight, bias)`` of matrices and a vector, at less expense."""
    out = silence.run(_plain_linear, x, w, b)
    e, f, h = input._node, weight._node, bias._node
    if not state.grad or (e is None and f is None and h is None):
        return box(out)
    if f is None:
        x = Meta(x)
    if e is None:
        w = Meta(w)
    if h is LEAF:  # it holds its array anyway
        h = bias
    else:
        b = Meta(b)
    edges = (input if e is LEAF else e, weight if f is LEAF else f, h)
    return box(out, Node(_linear, {}, edges, (x, w, b), Meta(out), tick()))


def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """``y_k = x1ᵀ W_k x2 + b_k``, for `weight` of shape (K, features of x1, features of x2).

    It is the affine map of all products of a feature of `input1` with one of `input2`, and so are
    its gradients.

    Examples
    --------
    >>> bilinear(np.array([[1.0, 2.0]]), np.array([[3.0]]), np.array([[[1.0], [10.0]]]))
    array([[63.]])
    """
    a, b, w = raw(input1).shape, raw(input2).shape, raw(weight).shape
    if len(w) != 3 or a[:-1] != b[:-1] or a[-1:] + b[-1:] != w[1:]:
        raise ShapeError(
            located(
                f"bilinear: inputs {a} and {b} need equal leading axes, and a weight of shape "
                f"(K, {a[-1] if a else '?'}, {b[-1] if b else '?'}), not {w}"
            )
        )
    products = unsqueeze(input1, -1) * unsqueeze(input2, -2)
    features = w[1] * w[2]
    out = linear(
        _reshape(products, shape=(*a[:-1], features)),
        _reshape(weight, shape=(w[0], features)),
        bias,
    )
    return out
