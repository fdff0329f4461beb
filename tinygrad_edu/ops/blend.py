"""Sums of products and mixtures of values in one op."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, describe, located
from ..quiet import quiet
from .compare import clash
from .exponential import floats_only
from .fitting import to_dtype

__all__ = ["addcdiv", "addcmul", "lerp"]


@primitive(elementwise=True, promotes="same", name="lerp")
@quiet
def _lerp(input: Any, end: Any, weight: Any) -> Any:
    floats_only(input, end)
    step = end - input
    # From the nearer end, so that weights 0 and 1 give the ends exactly.
    if isinstance(weight, (int, float)):
        return input + weight * step if abs(weight) < 0.5 else end - step * (1 - weight)
    return np.where(np.abs(weight) < 0.5, input + weight * step, end - step * (1 - weight))


def lerp(input: Any, end: Any, weight: Any) -> Any:
    """``input + weight * (end - input)``, for a weight that is a number or a tensor.

    The gradients are ``g (1 - weight)``, ``g weight`` and ``g (end - input)``.

    Examples
    --------
    >>> lerp(np.array([0.0, 10.0]), np.array([4.0, 20.0]), 0.25)
    array([ 1. , 12.5])
    """
    if hasattr(weight, "dtype") and not weight.ndim:  # like a number, it takes the others' dtype
        weight = to_dtype(weight, raw(input).dtype)
    return _lerp(input, end, weight)


@primitive(elementwise=True, promotes="arithmetic")
@quiet
def addcmul(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """``input + value * tensor1 * tensor2``; gradients ``g``, ``value g tensor2``, and vice versa.

    Examples
    --------
    >>> addcmul(np.array([1.0]), np.array([2.0]), np.array([3.0]), value=10)
    array([61.])
    """
    product = tensor1 * tensor2
    if value != 1:
        product = product * _number(value, product)
    return input + product


def _number(value: Any, like: Any) -> Any:
    """`value` in the dtype of an array; for integers it loses its fraction, as in PyTorch."""
    value = value.item() if hasattr(value, "item") else value
    return value if like.dtype.kind == "f" else np.asarray(int(value)).astype(like.dtype)


@primitive(elementwise=True, promotes="arithmetic", name="addcdiv")
@quiet
def _addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any) -> Any:
    quotient = tensor1 / tensor2
    return input + (quotient if value == 1 else quotient * _number(value, quotient))


def addcdiv(input: Any, tensor1: Any, tensor2: Any, *, value: Any = 1) -> Any:
    """``input + value * tensor1 / tensor2``.

    The gradients are ``g``, ``value g / tensor2`` and ``-value g tensor1 / tensor2**2``.

    Raises
    ------
    DTypeError
        Both `tensor1` and `tensor2` are integers: PyTorch no longer divides them here.

    Examples
    --------
    >>> addcdiv(np.array([1.0]), np.array([6.0]), np.array([3.0]), value=10)
    array([21.])
    """
    if "f" not in {raw(t).dtype.kind for t in (tensor1, tensor2)}:
        raise DTypeError(
            located(
                f"addcdiv: integers are not divided (tensor1 {describe(tensor1)}, tensor2 "
                f"{describe(tensor2)}); convert one of them with .float()"
            )
        )
    return _addcdiv(input, tensor1, tensor2, value=value)


_lerp.explain = addcmul.explain = _addcdiv.explain = clash

_lerp.defvjp(
    lambda g, out, x, end, weight: g * (1 - weight),
    lambda g, out, x, end, weight: g * weight,
    lambda g, out, x, end, weight: g * (end - x),
)
addcmul.defvjp(
    lambda g, out, x, t1, t2, value=1: g,
    lambda g, out, x, t1, t2, value=1: g * (t2 * value),
    lambda g, out, x, t1, t2, value=1: g * (t1 * value),
)
_addcdiv.defvjp(
    lambda g, out, x, t1, t2, value: g,
    lambda g, out, x, t1, t2, value: g * (value / t2),
    lambda g, out, x, t1, t2, value: -g * (value * t1 / (t2 * t2)),
)
