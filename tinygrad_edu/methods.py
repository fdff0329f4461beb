"""The methods of a Tensor: a table of names, each one an op."""

from __future__ import annotations

import builtins
from typing import Any

from . import dtypes, ops
from .engine import raw


def _converts(dtype: Any) -> Any:
    def method(self: Any) -> Any:
        return ops.to_dtype(self, dtype)

    method.__doc__ = f"Convert to {dtype}."
    return method


class Methods:
    """The ops that PyTorch has as methods, with its names."""

    _array: Any

    # ---------------------------------------------------------------- size and dtype

    def size(self, dim: builtins.int | None = None) -> Any:
        """The shape, or the length of one axis."""
        return self._array.shape if dim is None else self._array.shape[dim]

    def numel(self) -> builtins.int:
        """The number of elements."""
        return self._array.size

    def dim(self) -> builtins.int:
        """The number of axes."""
        return self._array.ndim

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        return ops.to_dtype(self, raw(other).dtype)

    def to(self, dtype: Any) -> Any:
        """Convert to a dtype, or to that of another tensor."""
        return ops.to_dtype(self, getattr(raw(dtype), "dtype", dtype))

    float = _converts(dtypes.float32)
    double = _converts(dtypes.float64)
    half = _converts(dtypes.float16)
    int = _converts(dtypes.int32)
    long = _converts(dtypes.int64)
    bool = _converts(dtypes.bool)

    # ---------------------------------------------------------------- ops

    T = property(ops.t, doc="Rows and columns exchanged.")
    abs = ops.abs
    add = ops.add
    amax = ops.amax
    argmax = ops.argmax
    clone = ops.clone
    div = ops.div
    eq = ops.eq
    exp = ops.exp
    ge = ops.ge
    gt = ops.gt
    le = ops.le
    log = ops.log
    log_softmax = ops.log_softmax
    logsumexp = ops.logsumexp
    lt = ops.lt
    matmul = ops.matmul
    max = ops.max
    maximum = ops.maximum
    mean = ops.mean
    minimum = ops.minimum
    mul = ops.mul
    ne = ops.ne
    neg = ops.neg
    permute = ops.permute
    pow = ops.pow
    relu = ops.relu
    reshape = ops.reshape
    sign = ops.sign
    softmax = ops.softmax
    sqrt = ops.sqrt
    square = ops.square
    sub = ops.sub
    sum = ops.sum
    t = ops.t
    tanh = ops.tanh
    transpose = ops.transpose
    unsqueeze = ops.unsqueeze
    view = ops.reshape
