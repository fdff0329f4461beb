"""Which part of a graph leads to given tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..engine import Node


def leading_to(wanted: set[Any], roots: Iterable[Any]) -> set[Any]:
    """Every edge between `roots` and `wanted`: what a sweep for these gradients must visit."""
    seen: set[Any] = set()
    stack = list(roots)
    while stack:
        edge = stack.pop()
        if edge is not None and edge not in seen:
            seen.add(edge)
            if isinstance(edge, Node):
                stack.extend(edge.edges)
    needed = seen & wanted
    for node in sorted((e for e in seen if isinstance(e, Node)), key=lambda n: n.order):
        if not needed.isdisjoint(node.edges):
            needed.add(node)
    return needed
