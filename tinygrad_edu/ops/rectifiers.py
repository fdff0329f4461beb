"""Activation functions made of straight pieces: their gradients are choices between slopes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import LEAF, SMALL, Meta, Node, box, primitive, raw, state, tick
from ..errors import ShapeError, located
from ..quiet import quiet
from ..random import numpy_generator
from .compare import _where as where
from .compare import flat
from .exponential import floats_only
from .kernels import ZEROS, passed, rectified
from .selection import select
from .shape import _reshape

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "softshrink",
    "threshold",
]

piecewise = primitive(elementwise=True)


# Masks have no derivative, so they are made of plain arrays. A NaN is neither outside nor within:
# where the gradient is 0 there, it passes for a NaN, as in PyTorch.


def _outside(x: Any, low: float, high: float) -> Any:
    x = raw(x)
    return (x <= low) | (x >= high)


def _within(x: Any, lambd: float) -> Any:
    x = raw(x)
    return (x >= -lambd) & (x <= lambd)


@piecewise
def relu(input: Any) -> Any:
    """``max(0, x)``; the gradient passes where ``x > 0``, and is 0 at the kink.

    Examples
    --------
    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return rectified(input)


@primitive(name="relu_backward")
def _through(g: Any, *, stops: Any) -> Any:
    return select(stops, 0.0, g)


_through.defvjp(lambda g, out, u, stops: _through(g, stops=stops))
# Asked this way round, a NaN lets its gradient through, as in PyTorch.
relu.defvjp(lambda g, out, x: flat(_through(g, stops=raw(out) <= 0), out))


def _d_relu(g: Any, out: Any, inputs: Any, options: Any) -> tuple[Any]:
    return (passed(g, out != ZEROS.get(g.dtype, 0), in_place=True),)  # `out` is never negative


relu.defquick(_d_relu, overwrites=True)


def relu_of_many(input: Any) -> Any:
    """``relu(input)`` as a layer calls it: for a Tensor of many elements, at less expense."""
    x: Any = getattr(input, "_array", None)
    if x.__class__ is not np.ndarray or x.size <= SMALL or state.watch is not None:
        return relu(input)
    out, edge = rectified(x), input._node
    if edge is None or not state.grad:
        return box(out)
    known = edge.out if edge.__class__ is Node else None
    saved = (known if known.__class__ is Meta else Meta(x),)
    return box(out, Node(relu, {}, (input if edge is LEAF else edge,), saved, out, tick()))


@primitive(elementwise=True, name="hardtanh")
@quiet
def _hardtanh(input: Any, *, low: float, high: float) -> Any:
    if input.dtype.kind in "iu":
        low, high = int(low), int(high)
    return np.minimum(np.maximum(input, low), high)


_hardtanh.defvjp(lambda g, out, x, low, high: flat(where(_outside(x, low, high), 0.0, g), x))


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """`input`, kept between `min_val` and `max_val`; the gradient is 0 outside and at both bounds.

    Examples
    --------
    >>> hardtanh(np.array([-3.0, 0.5, 3.0]))
    array([-1. ,  0.5,  1. ])
    """
    if min_val > max_val:
        raise ValueError(located(f"hardtanh: min_val {min_val} is above max_val {max_val}"))
    return _hardtanh(input, low=min_val, high=max_val)


def relu6(input: Any) -> Any:
    """``min(max(0, x), 6)``; the gradient is 0 outside and at both bounds.

    Examples
    --------
    >>> relu6(np.array([-3.0, 0.5, 7.0]))
    array([0. , 0.5, 6. ])
    """
    return _hardtanh(input, low=0.0, high=6.0)


@primitive(elementwise=True, name="leaky_relu")
@quiet
def _leaky_relu(input: Any, *, slope: Any) -> Any:
    floats_only(input)
    return select(input > 0, input, input * slope)


_leaky_relu.defvjp(lambda g, out, x, slope: flat(where(x > 0, g, g * slope), x))


def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """``x`` above 0, else ``negative_slope * x``; at 0 the gradient is `negative_slope`.

    Examples
    --------
    >>> leaky_relu(np.array([-1.0, 2.0]), 0.1)
    array([-0.1,  2. ])
    """
    return _leaky_relu(input, slope=negative_slope)


def rrelu(
    input: Any,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    *,
    generator: Any = None,
) -> Any:
    """Leaky ReLU whose slope is drawn anew for each element, and is the middle one in evaluation.

    Examples
    --------
    >>> rrelu(np.array([-1.0, 2.0]), 0.1, 0.3)
    array([-0.2,  2. ])
    """
    if not training:
        return _leaky_relu(input, slope=(lower + upper) / 2)
    x = raw(input)
    slope = numpy_generator(generator).uniform(lower, upper, x.shape).astype(x.dtype)
    return _leaky_relu(input, slope=slope)


@primitive(elementwise=True, promotes="same", name="prelu")
@quiet
def _prelu(input: Any, weight: Any) -> Any:
    floats_only(input)
    return select(input > 0, input, weight * input)


_prelu.defvjp(
    lambda g, out, x, w: where(x > 0, g, w * g),
    lambda g, out, x, w: where(x > 0, 0.0, x * g),
)


def prelu(input: Any, weight: Any) -> Any:
    """Leaky ReLU with slopes to learn: ``x`` above 0, else ``weight * x``.

    The gradients are those of the leaky ReLU, and ``x g`` where ``x <= 0``, summed over the
    elements that share a weight.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    weight : Tensor of shape (C,) or (1,)
        One slope for each channel (axis 1), or one for all.

    Examples
    --------
    >>> prelu(np.array([[-1.0, -2.0]]), np.array([0.1, 0.5]))
    array([[-0.1, -1. ]])
    """
    shape, slopes = raw(input).shape, raw(weight)
    channels = shape[1] if len(shape) > 1 else 1
    if slopes.size not in (1, channels) or slopes.ndim > 1:
        raise ShapeError(
            located(
                f"prelu: weight must have one element, or one for each of the {channels} channels "
                f"of input {shape}, not shape {slopes.shape}"
            )
        )
    if slopes.size == 1:
        return _prelu(input, _reshape(weight, shape=()))
    return _prelu(input, _reshape(weight, shape=(channels,) + (1,) * (len(shape) - 2)))


@piecewise
def hardsigmoid(input: Any) -> Any:
    """``relu6(x + 3) / 6``; the gradient is ``g / 6`` strictly between -3 and 3, else 0.

    Examples
    --------
    >>> hardsigmoid(np.array([-4.0, 0.0, 1.5]))
    array([0.  , 0.5 , 0.75])
    """
    floats_only(input)
    return np.minimum(np.maximum(input + 3.0, 0.0), 6.0) / 6.0


hardsigmoid.defvjp(lambda g, out, x: where(abs(raw(x)) < 3.0, g / 6.0, 0.0))


@piecewise
@quiet
def hardswish(input: Any) -> Any:
    """``x relu6(x + 3) / 6``; gradient 0 up to -3, ``g`` from 3 on, ``g (x/3 + 1/2)`` between.

    Examples
    --------
    >>> hardswish(np.array([-4.0, 0.0, 1.5, 4.0]))
    array([-0.   ,  0.   ,  1.125,  4.   ])
    """
    floats_only(input)
    return input * np.minimum(np.maximum(input + 3.0, 0.0), 6.0) / 6.0


hardswish.defvjp(lambda g, out, x: where(x <= -3.0, 0.0, where(x < 3.0, g * (x / 3.0 + 0.5), g)))


@primitive(elementwise=True, name="softshrink")
def _softshrink(input: Any, *, lambd: float) -> Any:
    floats_only(input)
    # A NaN is in neither half, and so comes out of the sum as NaN.
    return np.where(
        input > lambd, input - lambd, np.where(input < -lambd, input + lambd, input * 0)
    )


_softshrink.defvjp(lambda g, out, x, lambd: flat(where(_within(x, lambd), 0.0, g), x))


@quiet
def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """``x`` moved towards 0 by `lambd`, and 0 within it; the gradient passes outside.

    Examples
    --------
    >>> softshrink(np.array([-2.0, 0.25, 1.0]))
    array([-1.5,  0. ,  0.5])
    """
    if lambd < 0:
        raise ValueError(located(f"softshrink: lambd must not be negative, but is {lambd}"))
    return _softshrink(input, lambd=lambd)


@primitive(elementwise=True, name="hardshrink")
def _hardshrink(input: Any, *, lambd: float) -> Any:
    floats_only(input)
    return np.where(_within(input, lambd), 0.0, input)


_hardshrink.defvjp(lambda g, out, x, lambd: flat(where(_within(out, lambd), 0.0, g), out))


def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """``x``, but 0 where ``|x| <= lambd``; the gradient passes outside.

    Examples
    --------
    >>> hardshrink(np.array([-2.0, 0.25, 1.0]))
    array([-2.,  0.,  1.])
    """
    return _hardshrink(input, lambd=lambd)


@primitive(elementwise=True, name="threshold")
@quiet
def _threshold(input: Any, *, threshold: float, value: float) -> Any:
    if input.dtype.kind in "iu":
        threshold, value = int(threshold), int(value)
    return np.where(input <= threshold, np.asarray(value, input.dtype), input)


_threshold.defvjp(lambda g, out, x, threshold, value: flat(where(x <= threshold, 0.0, g), x))


def threshold(input: Any, threshold: float, value: float) -> Any:
    """``x`` above `threshold`, else `value`; the gradient passes above.

    Examples
    --------
    >>> threshold(np.array([-1.0, 1.0, 2.0]), 1.0, 20.0)
    array([20., 20.,  2.])
    """
    return _threshold(input, threshold=threshold, value=value)
