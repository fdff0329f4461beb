"""The value of every vertex: kept by its node, by one that reads it, or computed once more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.engine import FREED, Meta, Node, overwritten_since, raw

from .recording import kept

_UNKNOWN: Any = object()


def reachable(roots: Iterable[Any]) -> list[Node]:
    """All nodes behind the roots, oldest first: so each comes after its inputs."""
    found: set[Node] = set()
    stack = [root for root in roots if isinstance(root, Node)]
    while stack:
        node = stack.pop()
        if node not in found:
            found.add(node)
            stack.extend(edge for edge in node.edges if isinstance(edge, Node))
    return sorted(found, key=lambda node: node.order)


class Values:
    """What the results and inputs of some nodes are.

    Parameters
    ----------
    nodes : sequence of Node
        All that lead to a result, oldest first.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * 3).sum()
    >>> values = Values(reachable([y.grad_fn]))
    >>> values.of(y.grad_fn)
    np.float32(9.0)
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._known: dict[Any, Any] = {}
        for node in nodes:
            self._note(node)
        with np.errstate(all="ignore"):
            for node in nodes:
                if node not in self._known:
                    self._known[node] = self._again(node)

    def of(self, edge: Any) -> Any:
        """The result of a node, or the array of a leaf; None if nobody kept it."""
        if isinstance(edge, Node):
            value = self._known.get(edge, _UNKNOWN)
        else:
            value = self._known.get(edge, edge._array)
        return None if value is _UNKNOWN else value

    def inputs(self, node: Node) -> list[Any]:
        """What the op was called with; None where nobody knows."""
        return [None if value is _UNKNOWN else value for value in self._inputs(node)]

    def _note(self, node: Node) -> None:
        """Enter what this node knows: its result, and the inputs that its formulas read."""
        page = kept(node)
        for value in (page and page.value, node.out):
            if _is_value(value) and not overwritten_since(value, node.order):
                self._known[node] = value
                break
        if node.saved is FREED or hasattr(node.op, "function"):
            return  # what a Function saves are not its inputs in their order
        for edge, value in zip(node.edges, node.saved, strict=True):
            if edge is not None and _is_value(value) and edge not in self._known:
                source = edge.out if isinstance(edge, Node) else edge._array
                if value.dtype == source.dtype:  # else it is one that was converted for this op
                    self._known[edge] = _still(value, node)
            elif edge is not None and not isinstance(edge, Node):
                self._known.setdefault(edge, _still(edge._array, node))

    def _again(self, node: Node) -> Any:
        """Run the op of a node once more; not that of a Function, whose code is the user's."""
        if hasattr(node.op, "function") or not hasattr(node.op, "forward"):
            return _UNKNOWN
        inputs = self._inputs(node)
        if any(value is _UNKNOWN for value in inputs):
            return _UNKNOWN
        # An empty dict where forward leaves things for its formula: the first ones must stay.
        params = {k: {} if isinstance(v, dict) else v for k, v in node.params.items()}
        try:
            return node.op.forward(*inputs, **params)
        except Exception:  # whatever it is: a picture without this value is better than none
            return _UNKNOWN

    def _inputs(self, node: Node) -> list[Any]:
        page = kept(node)
        if page is not None and page.inputs is not None:
            return [_still(raw(value), node) for value in page.inputs]
        saved = node.saved
        if saved is FREED or hasattr(node.op, "function"):
            saved = [_UNKNOWN] * len(node.edges)
        return [self._input(node, e, s) for e, s in zip(node.edges, saved, strict=True)]

    def _input(self, node: Node, edge: Any, saved: Any) -> Any:
        if saved is not _UNKNOWN and not isinstance(saved, Meta):
            return _still(saved, node)
        if edge is None:
            return _UNKNOWN
        return self._known.get(edge, _UNKNOWN if isinstance(edge, Node) else edge._array)


def _still(value: Any, node: Node) -> Any:
    """A value, unless it was written to since an op read it."""
    return _UNKNOWN if overwritten_since(value, node.order) else value


def _is_value(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))
