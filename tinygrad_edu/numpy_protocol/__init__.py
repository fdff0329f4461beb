"""A Tensor among NumPy's arrays: the protocols by which NumPy functions work on it.

Two tables say which op of ours stands for a function of NumPy's: ``ufuncs`` and ``functions``. The
functions keep NumPy's conventions (argument order, ``ddof=0``, flattening without an axis), the ops
keep PyTorch's. What is in no table is a TypeError, never an object array and never a gradient lost
in silence.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import box, is_tensor
from ..errors import DTypeError, GradientError, located
from . import ufuncs


class NumPyCitizen:
    """The NumPy half of Tensor."""

    _array: Any
    _node: Any
    __array_priority__ = 1000

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """The array itself, not a copy; ``force=True`` is short for ``detach().numpy()``."""
        if self._node is not None and not force:
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
        return ufuncs.call(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if not all(issubclass(t, (NumPyCitizen, np.ndarray)) for t in types):
            return NotImplemented
        from . import functions

        return functions.call(function, args, kwargs)

    def __dlpack__(self, **options: Any) -> Any:
        if self._node is not None:
            raise BufferError(
                located("Can't export tensors that require gradient, use tensor.detach()")
            )
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[Any, Any]:
        return self._buffer().__dlpack_device__()  # type: ignore[attr-defined]


def from_dlpack(ext_tensor: Any) -> Any:
    """A tensor that shares the memory of another library's array or tensor.

    Parameters
    ----------
    ext_tensor : object
        Anything with ``__dlpack__`` and ``__dlpack_device__``: a PyTorch tensor, an ndarray, ...

    Examples
    --------
    >>> a = np.zeros(3)
    >>> t = from_dlpack(a)
    >>> a[0] = 7.0
    >>> t
    tensor([7., 0., 0.], dtype=float64)
    """
    if is_tensor(ext_tensor):
        return ext_tensor.detach()
    if not hasattr(ext_tensor, "__dlpack__"):
        raise DTypeError(
            located(
                f"from_dlpack: a {type(ext_tensor).__name__} has no __dlpack__ method; make a "
                "tensor of it with tensor(...)"
            )
        )
    return box(np.from_dlpack(ext_tensor))
