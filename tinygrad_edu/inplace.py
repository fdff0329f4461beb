"""Writing in place without making a gradient silently wrong.

A tensor without history is really written to, and the write is entered in the engine's books. A
write that must be differentiated is recorded: the same Tensor object gets a new array and a new
node, and whoever saved the old array still has it.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

from . import ops
from .engine import LEAF, is_tensor, owner, raw, state, wrote
from .errors import DTypeError, InPlaceError, ShapeError, located
from .gradients import follow


def in_place(op: Callable[..., Any], doc: str = "") -> Any:
    """The method that writes the result of `op` back into its tensor."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._write(op, *args, **kwargs)

    method.__doc__ = doc or f"``{getattr(op, 'name', op.__name__)}``, in place."
    return method


class InPlace:
    """The writing half of Tensor."""

    _array: Any
    _node: Any
    dtype: Any
    shape: Any

    def _buffer(self) -> np.ndarray:
        """The array, made writable memory first if it is a bare NumPy scalar."""
        if not isinstance(self._array, np.ndarray):
            self._array = np.asarray(self._array)
        return self._array

    def _write(self, op: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Replace this tensor's value by ``op(self, *args)``, recorded if it must be."""
        tracked = self._node is not None or any(is_tensor(a) and a._node is not None for a in args)
        if not (state.grad and tracked):
            self._overwrite(raw(op(self.detach(), *map(_plain, args), **kwargs)))  # type: ignore
            return self
        self._check_may_record()
        new = op(self, *args, **kwargs)
        self._check_fits(new._array)
        return self._rebind(ops.to_dtype(new, self.dtype))

    def _rebind(self, new: Any) -> Any:
        """Become `new`: its array and its history."""
        before = self._node
        self._array, self._node = new._array, new._node
        follow(self, before)
        return self

    def _overwrite(self, value: Any) -> None:
        """Really write to the memory, and tell the books."""
        buffer = self._buffer()
        self._check_fits(value)
        self._check_writeable(buffer)
        np.copyto(buffer, value, casting="same_kind")
        wrote(buffer)

    def _check_writeable(self, buffer: np.ndarray) -> None:
        if not buffer.flags.writeable:
            raise InPlaceError(
                located("this tensor's memory is read-only (or shared by expand); clone() it first")
            )

    def _check_fits(self, value: Any) -> None:
        if np.shape(value) != self.shape:
            try:
                fits = np.broadcast_shapes(np.shape(value), self.shape) == self.shape
            except ValueError:
                fits = False
            if not fits:
                raise ShapeError(
                    located(
                        f"in place: the result has shape {np.shape(value)}, which does not fit "
                        f"the output shape {self.shape}"
                    )
                )
        if hasattr(value, "dtype") and not np.can_cast(value.dtype, self.dtype, "same_kind"):
            raise DTypeError(
                located(
                    f"in place: result type {value.dtype} can't be cast to the desired output "
                    f"type {self.dtype}; use the op that returns a new tensor"
                )
            )

    def _check_may_record(self) -> None:
        if self._node is LEAF:
            raise InPlaceError(
                located(
                    "a leaf Variable that requires grad is being used in an in-place operation: "
                    "write under no_grad(), or to a clone()"
                )
            )
        base = self._array.base if isinstance(self._array, np.ndarray) else None
        if base is None:
            return
        # A view: the write would be seen through the other names of the same memory, if there are
        # any: count who else holds the owner (here hold it: the view, `base`, and the argument).
        if getrefcount(owner(self._array)) > 3:
            raise InPlaceError(
                located(
                    "this tensor is a view of another one, whose history would miss an in-place "
                    "write: index the base directly (base[i] = v), or write to a clone()"
                )
            )

    def __setitem__(self, index: Any, value: Any) -> None:
        index = ops.plain_index(index)
        if self._must_record(value):
            self._check_may_record()
            self._rebind(ops.index_put(self, value, index=index))
            return
        buffer = self._buffer()
        self._check_writeable(buffer)
        try:
            buffer[index] = raw(value)
        except (ValueError, IndexError, TypeError) as error:
            kind = ShapeError if isinstance(error, ValueError) else type(error)
            raise kind(located(f"x[index] = value: {error} (x {self.shape})")) from error
        wrote(buffer)

    __iadd__ = in_place(ops.add)
    __isub__ = in_place(ops.sub)
    __imul__ = in_place(ops.mul)
    __itruediv__ = in_place(ops.div)
    __ipow__ = in_place(ops.pow)

    def copy_(self, source: Any) -> Any:
        """Take over the values of `source`, broadcast to this shape."""
        return self._put(source)

    def zero_(self) -> Any:
        """Set all elements to 0."""
        return self._put(0)

    def fill_(self, value: Any) -> Any:
        """Set all elements to `value`."""
        return self._put(value)

    def _put(self, value: Any) -> Any:
        if np.ndim(raw(value)) or is_tensor(value):
            self._check_fits(np.broadcast_to(np.zeros((), self.dtype), np.shape(raw(value))))
        self[...] = value
        return self

    def _must_record(self, value: Any) -> bool:
        """Whether writing `value` is part of the history. Integers and bools have none."""
        tracked = self._node is not None or (is_tensor(value) and value._node is not None)
        return tracked and state.grad and self.dtype.kind == "f"


def _plain(value: Any) -> Any:
    return value.detach() if is_tensor(value) else value
