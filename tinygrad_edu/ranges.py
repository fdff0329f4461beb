"""Making tensors of evenly spaced numbers, and the indices of triangles."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import dtypes
from .creation import leaf
from .device import check_device
from .engine import raw
from .errors import ShapeError, located
from .ops.arguments import all_telling


def _number(value: Any) -> Any:
    """A Python number, also from a tensor of one element."""
    value = raw(value)
    return value.item() if hasattr(value, "item") else value


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The numbers ``start, start + step, ...`` below `end`; integers if all three are.

    Examples
    --------
    >>> arange(4)
    tensor([0, 1, 2, 3])
    >>> arange(0, 1, 0.25)
    tensor([0.0000, 0.2500, 0.5000, 0.7500])
    """
    check_device(device)
    if end is None:
        start, end = 0, start
    start, end, step = map(_number, (start, end, step))
    if step == 0:
        raise ShapeError(located("arange: step must be nonzero"))
    if (end - start) * step < 0:
        raise ShapeError(
            located(
                f"arange: upper bound and lower bound inconsistent with step sign: from {start} "
                f"to {end} by {step}"
            )
        )
    whole = all(isinstance(v, int) for v in (start, end, step))
    if dtype is None:
        dtype = dtypes.int64 if whole else dtypes.get_default_dtype()
    dtype = np.dtype(dtype)
    if dtype.kind != "f":
        start, end, step = int(start), int(end), int(step)
        return leaf(np.arange(start, end, step).astype(dtype), requires_grad)
    count = -((start - end) // step) if whole else math.ceil((end - start) / step)
    return leaf((start + step * np.arange(count, dtype=np.float64)).astype(dtype), requires_grad)


def linspace(
    start: Any,
    end: Any,
    steps: int,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`steps` evenly spaced numbers from `start` to `end`, both included.

    Examples
    --------
    >>> linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    check_device(device)
    dtype = np.dtype(dtypes.get_default_dtype() if dtype is None else dtype)
    return leaf(_evenly("linspace", start, end, steps, dtype).astype(dtype), requires_grad)


def _evenly(name: str, start: Any, end: Any, steps: int, dtype: np.dtype) -> np.ndarray:
    """Counted from the nearer end, with a step rounded to `dtype`: PyTorch's last digits."""
    if steps < 0:
        raise ShapeError(located(f"{name}: number of steps must be non-negative, got {steps}"))
    kind = dtype.type
    first, last = kind(_number(start)), kind(_number(end))
    if dtype.kind == "f":
        step = float((last - first) / kind(max(steps - 1, 1)))
    else:
        step = (float(last) - float(first)) / max(steps - 1, 1)
    i = np.arange(steps)
    near = i < steps // 2 if steps > 1 else i == 0
    return np.where(near, float(first) + step * i, float(last) - step * (steps - 1 - i))


def logspace(
    start: Any,
    end: Any,
    steps: int,
    base: float = 10.0,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`steps` numbers from ``base**start`` to ``base**end`` with equal ratios.

    Examples
    --------
    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    check_device(device)
    dtype = np.dtype(dtypes.get_default_dtype() if dtype is None else dtype)
    exact = np.dtype(np.float64)
    values = np.power(float(base), _evenly("logspace", start, end, steps, exact))
    return leaf(values.astype(dtype), requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A matrix with ones on its diagonal and zeros elsewhere.

    Examples
    --------
    >>> eye(2, 3)
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    check_device(device)
    if n < 0 or (m is not None and m < 0):
        raise ShapeError(located(f"eye: n and m must be greater or equal to 0, got {n} and {m}"))
    dtype = dtypes.get_default_dtype() if dtype is None else dtype
    return leaf(np.eye(n, m, dtype=dtype), requires_grad)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None
) -> Any:
    """The row and column numbers of the elements on and below a diagonal.

    Examples
    --------
    >>> tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    check_device(device)
    return leaf(np.stack(np.tril_indices(row, offset, col)).astype(dtype, copy=False))


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = dtypes.int64, device: Any = None
) -> Any:
    """The row and column numbers of the elements on and above a diagonal.

    Examples
    --------
    >>> triu_indices(2, 2)
    tensor([[0, 0, 1],
            [0, 1, 1]])
    """
    check_device(device)
    return leaf(np.stack(np.triu_indices(row, offset, col)).astype(dtype, copy=False))


_PUBLIC = """
    arange linspace logspace eye tril_indices triu_indices
"""
all_telling(globals(), _PUBLIC.split())
