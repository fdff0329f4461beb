"""Methods that tell size and dtype, and convert."""

from __future__ import annotations

import builtins
from typing import Any

from .. import dtypes, ops
from ..engine import raw


def _converts(dtype: Any) -> Any:
    def method(self: Any) -> Any:
        return ops.to_dtype(self, dtype)

    method.__doc__ = f"Convert to {dtype}."
    return method


class Conversion:
    """Size, dtype, and conversions."""

    _array: Any

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
