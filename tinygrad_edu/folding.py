"""A node of the graph that stands for several in a row, until somebody looks.

In a small network the nodes between the layers cost as much as the arithmetic, and in training
nobody looks at them. A folded node has only what backward needs of it: a number, and a way to send
a gradient through all that it stands for. Whoever reads its op, edges or values finds the last of
the nodes, linked to those before it: they are made at that moment.
"""

from __future__ import annotations

import threading
from typing import Any, Protocol

from .engine import Node

_LATER = ("op", "params", "edges", "saved", "out")
_UNFOLDING = threading.RLock()
_new = object.__new__


class Fold(Protocol):
    """What a folded node stands for."""

    def back(self, g: Any, retain: bool) -> list[tuple[Any, Any]] | None:
        """Send `g` through: pairs of an edge and the gradient that arrives there.

        None if that takes the nodes. Unless it is to `retain` them, all arrays are let go.
        """

    def out(self) -> Any:
        """What is kept of the result, if that is known without the nodes; else None.

        The op that comes next asks for its shape.
        """

    def unfolded(self, order: float) -> tuple[Any, ...]:
        """Op, params, edges, saved and out of the last node, whose number is `order`."""


class Folded(Node):
    """A node that stands for several, and becomes the last of them when somebody looks."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        # Only what is missing is asked for here.
        if name in _LATER:
            with _UNFOLDING:  # others who look at the same time are to find the same nodes
                fold = self.fold
                if name == "out" and fold is not None and (out := fold.out()) is not None:
                    return out
                if fold is not None:
                    for key, value in zip(_LATER, fold.unfolded(self.order), strict=True):
                        setattr(self, key, value)
                    self.fold = None
                    self.__class__ = Node  # type: ignore[assignment]
        return object.__getattribute__(self, name)


def folded(fold: Fold, order: float) -> Node:
    """A node that stands for several."""
    node = _new(Folded)
    node.fold, node.order, node.hooks = fold, order, None
    return node
