"""Which vertex of the picture is which node, leaf or array of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinygrad_edu.engine import Meta, Node, raw

from ..graph import Edge, Graph
from .values import Values


@dataclass
class Match:
    """A graph and what is behind it.

    Attributes
    ----------
    nodes
        Oldest first.
    vertices
        Node or leaf -> vertex id.
    objects
        The same the other way: vertex id -> node or leaf.
    edges
        (vertex id of an op, number of its argument) -> number of the edge in ``graph.edges``.
    data
        Vertex id of an input that gets no gradient -> its array, None if nobody kept it.
    """

    graph: Graph
    nodes: list[Node]
    vertices: dict[Any, str] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    edges: dict[tuple[str, int], int] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)

    def sources(self, node: Node) -> list[str | None]:
        """The vertex of each argument of an op; None for a number, which has none."""
        found = [self.edges.get((self.vertices[node], i)) for i in range(len(node.edges))]
        return [None if k is None else self.graph.edges[k].source for k in found]


def match(graph: Graph, nodes: Sequence[Node], values: Values) -> Match:
    """Follow a graph that `read_graph` made of `nodes`.

    Its ops stand in order of creation, and the edges into each in the order of its arguments,
    those for arrays among its options last.
    """
    found = Match(graph, list(nodes))
    ops = [v.id for v in graph.vertices if v.kind == "op"]
    into: dict[str, list[tuple[int, Edge]]] = {}
    for number, edge in enumerate(graph.edges):
        into.setdefault(edge.target, []).append((number, edge))
    for vertex, node in zip(ops, nodes, strict=True):
        found.vertices[node] = vertex
    for vertex, node in zip(ops, nodes, strict=True):
        options = [value for value in node.params.values() if _is_array(value)]
        inputs = values.inputs(node)
        for number, edge in into.get(vertex, []):
            i = edge.position
            if i >= len(node.edges):
                found.data.setdefault(edge.source, raw(options.pop(0)) if options else None)
                continue
            found.edges[vertex, i] = number
            if node.edges[i] is not None:
                found.vertices.setdefault(node.edges[i], edge.source)
            else:
                value = inputs[i] if i < len(inputs) else None
                known = isinstance(value, (np.ndarray, np.generic))
                found.data.setdefault(edge.source, value if known else None)
    found.objects = {vertex: thing for thing, vertex in found.vertices.items()}
    return found


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, Meta)) or hasattr(value, "_array")
