"""The graph in Graphviz's language. Writing it needs no program, only drawing it does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .graph import Graph, Vertex, read_graph
from .style import DETAIL_SIZE, EDGE_COLOR, STYLES, TEXT_COLOR

if TYPE_CHECKING:
    import graphviz


def make_dot(
    output: Any,
    params: Any = None,
    show_values: bool = False,
    show_grads: bool = False,
    show_shapes: bool = True,
) -> graphviz.Digraph:
    r"""The computation graph of a tensor, as torchviz's function of the same name makes it.

    Parameters
    ----------
    output
        A Tensor, or a list or tuple of Tensors.
    params
        Names: a mapping from name to Tensor, or a Module (its `named_parameters()`).
    show_values, show_grads, show_shapes
        Which texts the nodes carry besides the name. Call this before `backward` to see data and
        scalars as well: the backward pass frees them.

    Returns
    -------
    graphviz.Digraph
        Its `source` is the DOT text. `viz.save` draws it with or without Graphviz installed.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> w = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> print(make_dot((w * w).sum(), params={"w": w}).source)
    digraph computation_graph {
        ...
        v0 [label="w\n(2,)" ... peripheries=2 shape=box style=filled]
        v1 [label="mul\n(2,)" ... shape=box style="rounded,filled"]
        ...
        v0 -> v1
        v0 -> v1
        ...
    }
    """
    return to_dot(read_graph(output, params, show_values, show_grads, show_shapes))


def to_dot(graph: Graph) -> graphviz.Digraph:
    """A graph that was read before, in Graphviz's language."""
    import graphviz

    digraph = graphviz.Digraph(
        "computation_graph",
        format="svg",
        node_attr={
            "fontcolor": TEXT_COLOR,
            "fontname": "monospace",
            "fontsize": str(DETAIL_SIZE),
            "margin": "0.12,0.06",
        },
        edge_attr={
            "color": EDGE_COLOR,
            "fontcolor": TEXT_COLOR,
            "fontname": "monospace",
            "fontsize": str(DETAIL_SIZE),
        },
    )
    for vertex in graph.vertices:
        digraph.node(vertex.id, label=_label(vertex), **_attributes(vertex))
    for edge in graph.edges:
        digraph.edge(edge.source, edge.target, label=graphviz.escape(edge.label) or None)
    return digraph


def _label(vertex: Vertex) -> Any:
    """Always there: pygraphviz draws a node without a label blank. Never taken for HTML."""
    import graphviz

    return graphviz.nohtml("\\n".join(map(graphviz.escape, vertex.lines)))


def _attributes(vertex: Vertex) -> dict[str, str]:
    style = STYLES[vertex.kind]
    attributes = {
        "color": style.stroke,
        "fillcolor": style.fill,
        "shape": style.dot_shape,
        "style": style.dot_style,
    }
    if style.peripheries > 1:
        attributes["peripheries"] = str(style.peripheries)
    return attributes
