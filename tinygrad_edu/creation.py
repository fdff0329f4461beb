"""Making tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .engine import LEAF, box, raw
from .errors import DTypeError, GradientError, located
from .ops.arguments import sizes
from .tensor import Tensor


def tensor(data: Any, *, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`.

    Parameters
    ----------
    data : array_like
        Numbers, nested lists of them, an ndarray (which keeps its dtype) or a Tensor.
    dtype : dtype, optional
        Python floats become the default dtype (float32) unless given, ints int64.
    requires_grad : bool
        Whether gradients with respect to it are wanted.

    Examples
    --------
    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([1.0, 2.5])
    tensor([1.0000, 2.5000])
    """
    array = np.array(_unboxed(data), dtype=None if dtype is None else np.dtype(dtype))
    if array.dtype.kind not in "biuf":
        raise DTypeError(located(f"tensor: can't make a tensor of {array.dtype} data"))
    if dtype is None and array.dtype == np.float64 and _holds_python_numbers(data):
        array = array.astype(dtypes.get_default_dtype())
    return leaf(array, requires_grad)


def _unboxed(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        return [_unboxed(d) for d in data]
    return raw(data)


def _holds_python_numbers(data: Any) -> bool:
    while isinstance(data, (list, tuple)) and len(data):
        data = data[0]
    return not isinstance(data, (np.ndarray, np.generic, Tensor))


def leaf(array: Any, requires_grad: bool = False) -> Tensor:
    """A leaf around an array."""
    if requires_grad and array.dtype.kind != "f":
        raise GradientError(
            located(f"only floating-point tensors can require gradients, not {array.dtype}")
        )
    return box(array, LEAF if requires_grad else None)


def from_numpy(array: np.ndarray) -> Tensor:
    """A tensor that shares the memory of an array.

    Examples
    --------
    >>> from_numpy(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=float64)
    """
    if not isinstance(array, np.ndarray):
        raise DTypeError(located(f"from_numpy: expected an ndarray, got {type(array).__name__}"))
    return leaf(array)


def zeros(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros.

    Examples
    --------
    >>> zeros(2)
    tensor([0., 0.])
    """
    return leaf(np.zeros(sizes("zeros", size), dtype or dtypes.get_default_dtype()), requires_grad)


def ones(*size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones.

    Examples
    --------
    >>> ones(2)
    tensor([1., 1.])
    """
    return leaf(np.ones(sizes("ones", size), dtype or dtypes.get_default_dtype()), requires_grad)
