"""The graph in Graphviz's language. Writing it needs no program, only drawing it does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ..folding import fold as fold_repeats
from ..graph import Graph, Vertex, read_graph
from ..layout.clusters import Cluster, find_clusters
from ..style import DETAIL_SIZE, EDGE_COLOR, FRAME_COLOR, FRAME_FILLS, STYLES, TEXT_COLOR
from .svg import to_svg

if TYPE_CHECKING:
    import graphviz


def make_dot(
    output: Any,
    params: Any = None,
    show_values: bool = False,
    show_grads: bool = False,
    show_shapes: bool = True,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
    fold: bool | None = None,
) -> graphviz.Digraph:
    r"""The computation graph of a tensor, as torchviz's function of the same name makes it.

    Parameters
    ----------
    output
        A Tensor, or a list or tuple of Tensors.
    params
        Names: a mapping from name to Tensor, or a Module (its `named_parameters()`). Names with
        dots, or a Module, put the boxes of each module into a frame.
    show_values, show_grads, show_shapes
        Which texts the nodes carry besides the name. Call this before `backward` to see data and
        scalars as well: the backward pass frees them.
    show_attrs, show_saved, max_attr_chars
        As in torchviz: a line per option of each op, a line with the shapes of the inputs that it
        keeps for the backward pass, and where such a line is cut.
    fold
        Whether blocks of ops that repeat are drawn once, with a count; by default they are if
        there are more than 200 nodes.

    Returns
    -------
    graphviz.Digraph
        Its `source` is the DOT text. A notebook shows it with or without Graphviz installed, and
        `viz.save` draws the same graph; its own `render` needs Graphviz.

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
    graph = read_graph(
        output,
        params,
        show_values,
        show_grads,
        show_shapes,
        show_attrs,
        show_saved,
        max_attr_chars,
    )
    return to_dot(fold_repeats(graph, fold))


def to_dot(graph: Graph) -> graphviz.Digraph:
    """A graph that was read before, in Graphviz's language."""
    import graphviz

    digraph = _digraph_class()(
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
    digraph.drawn_from = graph
    clusters = find_clusters(graph)
    inside = {name: number for number, c in enumerate(clusters) for name in c.members}
    frames = [_frame(cluster, clusters) for cluster in clusters]
    for vertex in graph.vertices:
        place = frames[inside[vertex.id]] if vertex.id in inside else digraph
        place.node(vertex.id, label=_label(vertex), **_attributes(vertex))
    inner: dict[int, list[Any]] = {}
    for cluster, frame in zip(clusters, frames, strict=True):
        inner.setdefault(cluster.parent, []).append(frame)
    for number in reversed(
        range(-1, len(clusters))
    ):  # a frame is copied as it is: inner ones first
        for frame in inner.get(number, []):
            (frames[number] if number >= 0 else digraph).subgraph(frame)
    for edge in graph.edges:
        digraph.edge(edge.source, edge.target, label=graphviz.escape(edge.label) or None)
    return digraph


@cache
def _digraph_class() -> Any:
    """The class of the result; made here, because graphviz is imported when first used."""
    import graphviz

    class Digraph(graphviz.Digraph):
        """A `graphviz.Digraph` that a notebook can show without the program `dot` as well."""

        drawn_from: Graph

        def _repr_mimebundle_(self, *args: Any, **options: Any) -> dict[str, str]:
            try:
                bundle: dict[str, str] = super()._repr_mimebundle_(*args, **options)
            # Whatever is wrong with the program or its answer, the built-in picture needs neither.
            except Exception:
                bundle = {"text/plain": self.source}
                if hasattr(self, "drawn_from"):  # a copy does not know it
                    bundle["image/svg+xml"] = to_svg(self.drawn_from)
            return bundle

        def render(self, *args: Any, **options: Any) -> str:
            with _told():
                return super().render(*args, **options)

        def pipe(self, *args: Any, **options: Any) -> Any:
            with _told():
                return super().pipe(*args, **options)

    return Digraph


@contextmanager
def _told() -> Iterator[None]:
    """Say what draws without the program, where it is missing."""
    import graphviz

    try:
        yield
    except graphviz.ExecutableNotFound as error:
        error.args = (f"{error}. viz.save(output, 'graph.png') draws without it",)
        raise


def _frame(cluster: Cluster, clusters: tuple[Cluster, ...]) -> graphviz.Digraph:
    """The subgraph of a module; Graphviz frames those whose names begin with `cluster`."""
    import graphviz

    calls = [other for other in clusters if other.path == cluster.path]
    call = f" call {calls.index(cluster) + 1}" if len(calls) > 1 else ""
    depth, parent = 0, cluster.parent
    while parent >= 0:
        depth, parent = depth + 1, clusters[parent].parent
    return graphviz.Digraph(
        f"cluster_{cluster.path}{call}",
        graph_attr={
            "color": FRAME_COLOR,
            "fillcolor": FRAME_FILLS[depth % 2],
            "fontcolor": TEXT_COLOR,
            "fontname": "monospace",
            "fontsize": str(DETAIL_SIZE),
            "label": graphviz.nohtml(graphviz.escape(cluster.title)),
            "labeljust": "l",
            "style": "rounded,filled",
        },
    )


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
