"""Functions that see a gradient on its way, and may replace it."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable
from typing import Any

from ..engine import LEAF, Node, box, is_tensor
from ..errors import DTypeError, GradientError, ShapeError, describe, located

_number = itertools.count().__next__
_RETAIN = "retain"


class RemovableHandle:
    """Takes a hook off again: ``handle.remove()``, or as a context manager."""

    def __init__(self, hooks: dict[Any, Any], key: Any) -> None:
        self._hooks, self._key = hooks, key

    def remove(self) -> None:
        """Take the hook off; a second call does nothing."""
        self._hooks.pop(self._key, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()


def register_hook(tensor: Any, hook: Callable[[Any], Any]) -> RemovableHandle:
    """Call `hook` with the whole gradient of `tensor`, before it is used or stored."""
    if tensor._node is None:
        raise GradientError(
            located("cannot register a hook on a tensor that doesn't require gradient")
        )
    holder = tensor if tensor._node is LEAF else tensor._node
    attribute = "_hooks" if holder is tensor else "hooks"
    hooks = getattr(holder, attribute)
    if hooks is None:
        hooks = {}
        setattr(holder, attribute, hooks)
    key = _number()
    hooks[key] = _checked(hook)
    if _RETAIN in hooks:  # what is retained is what all hooks have made of it
        hooks[_RETAIN] = hooks.pop(_RETAIN)
    return RemovableHandle(hooks, key)


def _checked(hook: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The hook, which may not change the shape or dtype of the gradient."""
    name = getattr(hook, "__name__", type(hook).__name__)

    def checked(g: Any) -> Any:
        new = hook(g)
        if new is None:
            return None
        if not is_tensor(new):
            raise DTypeError(
                located(f"hook '{name}' must return a Tensor or None, not {type(new).__name__}")
            )
        if new.shape != g.shape or new.dtype != g.dtype:
            what, kind = ("size", ShapeError) if new.shape != g.shape else ("type", DTypeError)
            raise kind(
                located(
                    f"hook '{name}' has changed the {what} of value: from {describe(g)} to "
                    f"{describe(new)}"
                )
            )
        return new

    return checked


def follow(tensor: Any, before: Any) -> None:
    """After a recorded write gave `tensor` a new node, retain its gradient there."""
    if isinstance(before, Node) and before.hooks and before.hooks.pop(_RETAIN, None):
        retain(tensor)


def retains(tensor: Any) -> bool:
    """Whether the gradient of a non-leaf tensor is stored."""
    return _RETAIN in (tensor._node.hooks or ())


def retain(tensor: Any) -> None:
    """Store the gradient of a non-leaf tensor in its ``.grad`` as it passes."""
    node, reference = tensor._node, weakref.ref(tensor)
    here = weakref.ref(node)  # a strong one would be a circle: the node holds its hooks

    def store(g: Any) -> None:
        kept = reference()
        if kept is not None and kept._node is here():
            # Memory of its own, and a new one next time: what passed here, and what was read from
            # .grad before, may be held by others.
            own = box(g._array.copy(), g._node)
            kept._grad = own if kept._grad is None else kept._grad + own

    if node.hooks is None:
        node.hooks = {}
    node.hooks[_RETAIN] = store
