"""A Tensor among NumPy's arrays: the protocols by which NumPy functions work on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .errors import GradientError, located

_UFUNCS = {
    np.add: ops.add,
    np.subtract: ops.sub,
    np.multiply: ops.mul,
    np.true_divide: ops.div,
    np.power: ops.pow,
    np.negative: ops.neg,
    np.square: ops.square,
    np.matmul: ops.matmul,
    np.exp: ops.exp,
    np.log: ops.log,
    np.sqrt: ops.sqrt,
    np.tanh: ops.tanh,
    np.maximum: ops.maximum,
    np.minimum: ops.minimum,
    np.equal: ops.eq,
    np.not_equal: ops.ne,
    np.less: ops.lt,
    np.less_equal: ops.le,
    np.greater: ops.gt,
    np.greater_equal: ops.ge,
}


class NumPyCitizen:
    """The NumPy half of Tensor."""

    _array: Any
    _node: Any
    __array_priority__ = 1000

    def numpy(self) -> np.ndarray:
        """The array itself, not a copy."""
        if self._node is not None:
            raise GradientError(
                located(
                    "Can't call numpy() on Tensor that requires grad. "
                    "Use tensor.detach().numpy() instead."
                )
            )
        return self._buffer()  # type: ignore[attr-defined]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        op = _UFUNCS.get(ufunc)
        if op is None or method != "__call__" or kwargs:
            return NotImplemented
        return op(*inputs)
