"""Questions about tensors, as functions."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .engine import is_tensor, raw
from .errors import DTypeError, located

__all__ = [
    "Size",
    "is_complex",
    "is_floating_point",
    "is_nonzero",
    "is_tensor",
    "numel",
    "result_type",
]

Size = tuple
"""The type of shapes."""


def numel(input: Any) -> int:
    """The number of elements.

    Examples
    --------
    >>> numel(np.zeros((2, 3)))
    6
    """
    return raw(input).size


def is_floating_point(input: Any) -> bool:
    """Whether a tensor is one of floats.

    Examples
    --------
    >>> is_floating_point(np.zeros(2))
    True
    """
    kind = getattr(raw(input), "dtype", None)
    if kind is None:
        raise DTypeError(
            located(f"is_floating_point: input must be a Tensor, not {type(input).__name__}")
        )
    return kind.kind == "f"


def is_complex(input: Any) -> bool:
    """False: there are no complex tensors."""
    return False


def is_nonzero(input: Any) -> bool:
    """Whether the one number in a tensor is not zero.

    Examples
    --------
    >>> is_nonzero(np.array(0.5))
    True
    """
    if raw(input).size != 1:
        raise RuntimeError(
            located("Boolean value of Tensor with more than one value is ambiguous: use .any()")
        )
    return bool(raw(input))


def result_type(tensor1: Any, tensor2: Any) -> np.dtype:
    """The dtype of ``tensor1 + tensor2``.

    Examples
    --------
    >>> result_type(np.zeros(2, np.int64), 1.5)
    dtype('float32')
    """
    return dtypes.result_type([raw(tensor1), raw(tensor2)])
