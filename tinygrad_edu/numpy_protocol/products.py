"""NumPy's products of Tensors and arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..engine import is_tensor
from .ufuncs import tensor_of


def operands_of(operands: Sequence[Any]) -> list[Any]:
    """The operands of a product as Tensors: bare arrays follow those that are, as for ``@``."""
    kinds = {a.dtype for a in operands if is_tensor(a) and a.dtype.kind == "f"}
    made = [tensor_of(o) for o in operands]
    if len(kinds) != 1:
        return made
    (wanted,) = kinds
    return [
        a if is_tensor(o) or a.dtype == wanted else ops.to_dtype(a, wanted)
        for a, o in zip(made, operands, strict=True)
    ]


def dot(a: Any, b: Any, with_axis: int = -2) -> Any:
    """The last axis of `a` with the second to last of `b`, or its last for ``np.inner``."""
    a, b = operands_of((a, b))
    if not a.ndim or not b.ndim:
        return ops.mul(a, b)
    if b.ndim < 3 and with_axis == -2:
        return ops.matmul(a, b)
    return ops.tensordot(a, b, dims=([a.ndim - 1], [b.ndim + with_axis]))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """``np.tensordot``, with axes as a number, a pair of numbers or a pair of lists."""
    a, b = operands_of((a, b))
    if np.ndim(axes) or isinstance(axes, (tuple, list)):
        axes = tuple([x] if np.ndim(x) == 0 else list(x) for x in axes)
    return ops.tensordot(a, b, dims=axes)
