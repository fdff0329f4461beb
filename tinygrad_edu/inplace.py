"""Writing in place without making a gradient silently wrong.

A tensor without history is really written to, and the write is entered in the engine's books. A
write that must be differentiated is recorded: the same Tensor object gets a new array and a new
node, and whoever saved the old array still has it.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import setitem
from sys import getrefcount
from typing import Any

import numpy as np

from . import ops
from .engine import LEAF, is_tensor, owner, raw, state, wrote
from .errors import DTypeError, InPlaceError, ShapeError, located, named_kind
from .gradients import follow
from .ops.arguments import expect_tensors, telling_methods
from .ops.index import index_put
from .quiet import quiet

_copyto, _store = quiet(np.copyto), quiet(setitem)


def in_place(op: Callable[..., Any], doc: str = "") -> Any:
    """The method that writes the result of `op` back into its tensor."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._write(op, *args, **kwargs)

    method.__doc__ = doc or f"``{getattr(op, 'name', op.__name__)}``, in place."
    return method


class _Probe:
    """Counts the references to ``x[i]`` while ``x[i] += v`` runs: nobody else has a name for it."""

    unnamed = 0

    def __getitem__(self, i: int) -> Any:
        return _Probe()

    def __setitem__(self, i: int, count: int) -> None:
        _Probe.unnamed = count

    def __iadd__(self, other: Any) -> int:
        return getrefcount(self)


_probe = _Probe()
_probe[0] += 0


def operator(op: Callable[..., Any]) -> Any:
    """The method of ``+=`` and its like, whose result Python assigns.

    In ``x[i] += v`` the view ``x[i]`` has no other name, and its new value goes to ``x[i] = ...``,
    which records it. So nothing is lost if the view itself is left alone.
    """

    def method(self: Any, other: Any) -> Any:
        if state.grad and (self._node or (is_tensor(other) and other._node)):
            view = isinstance(self._array, np.ndarray) and self._array.base is not None
            if view and self._node is not LEAF and getrefcount(self) <= _Probe.unnamed:
                new = op(self, other)
                self._check_fits(new._array)
                return ops.to_dtype(new, self.dtype)
        return self._write(op, other)

    return method


@telling_methods
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
        given = [*args, *kwargs.values()] if kwargs else args
        tracked = self._node is not None or any(is_tensor(a) and a._node is not None for a in given)
        if not (state.grad and tracked):
            options = {k: _plain(v) for k, v in kwargs.items()}
            self._overwrite(raw(op(self.detach(), *map(_plain, args), **options)))  # type: ignore
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
        _copyto(buffer, value, casting="same_kind")
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
        if index is False:  # names no element
            return
        basic, arrays = ops.plain_index(index, self.shape)
        if self._must_record(value):
            self._check_may_record()
            self._rebind(_written(self, basic, arrays, value))
            return
        buffer = self._buffer()
        self._check_writeable(buffer)
        try:
            part = buffer if basic is None else buffer[basic]
            if part.__class__ is not np.ndarray:  # one element, but as a view
                part = buffer[(*basic, ...)]
            _store(part, ... if arrays is None else arrays, raw(value))
        except (ValueError, IndexError, TypeError) as error:
            kind = named_kind(error)
            raise kind(located(f"x[index] = value: {error} (x {self.shape})")) from error
        wrote(buffer)

    __iadd__ = operator(ops.add)
    __isub__ = operator(ops.sub)
    __imul__ = operator(ops.mul)
    __itruediv__ = operator(ops.true_divide)
    __ifloordiv__ = operator(ops.floor_divide)
    __imod__ = operator(ops.remainder)
    __iand__ = operator(ops.bitwise_and)
    __ior__ = operator(ops.bitwise_or)
    __ixor__ = operator(ops.bitwise_xor)
    __ipow__ = operator(ops.pow)

    def copy_(self, other: Any) -> Any:
        """Take over the values of `other`, broadcast to this shape."""
        expect_tensors("copy_", other=other)
        return self._put(other)

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


def _written(x: Any, basic: Any, arrays: Any, value: Any) -> Any:
    """A new tensor with `value` written at an index of one or two steps."""
    if basic is not None and arrays is not None:
        value = _written(ops.getitem(x, index=basic), None, arrays, value)
        arrays = None
    index = basic if arrays is None else arrays
    shape = np.shape(raw(value))
    if len(shape) and shape[0] == 1:  # what is written may have more axes of length 1 in front
        extra = len(shape) - ops.getitem(raw(x), index=index).ndim
        if extra > 0 and shape[:extra] == (1,) * extra:
            value = ops.reshape(value, shape[extra:])
    return index_put(x, value, index=index)


def _plain(value: Any) -> Any:
    return value.detach() if is_tensor(value) else value
