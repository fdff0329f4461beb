"""From what a sweep did to the frames and panels of a trace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from heapq import heappop, heappush, nsmallest
from typing import Any

import numpy as np

from tinygrad_edu.engine import Node

from ..graph import Graph
from ..trace import Frame, Moment, View, look_at
from .matching import Match
from .recording import kept
from .sweeping import Step, Sweep
from .values import Values

# So many of the ops that wait are listed in a frame: a page shows no more, and every frame has one.
QUEUE = 32
# Labels of larger graphs stay plain, so that their blocks are seen to repeat.
NAMED = 200


@dataclass
class Run:
    """All that is known about one run, for its frames to be made from."""

    match: Match
    names: dict[str, str]
    values: Values
    root: Any = None
    sweep: Sweep | None = None

    def __post_init__(self) -> None:
        self._views: dict[int, tuple[Any, View]] = {}

    def view(self, array: Any) -> View | None:
        """What is shown of an array; looked at once, in however many frames it is."""
        if array is None:
            return None
        parts = getattr(array, "grads", None)
        if parts is not None:  # the gradients of several outputs of a Function
            flat = [np.ravel(parts[i]) for i in sorted(parts)]
            array = np.asarray(parts[min(parts)]) if len(parts) == 1 else np.concatenate(flat)
        found = self._views.get(id(array))
        if found is None:
            found = self._views[id(array)] = (array, look_at(array))  # held, or its id is reused
        return found[1]

    def operands(self, node: Node) -> list[str]:
        """The name of each argument; a number is its own name."""
        inputs = self.values.inputs(node)
        named = []
        for i, source in enumerate(self.match.sources(node)):
            value = inputs[i] if i < len(inputs) else None
            named.append(self.names[source] if source else _constant(value))
        return named


def forward_frames(run: Run) -> list[Frame]:
    """One frame per op, in order of creation."""
    from ..formulas import forward_text

    frames = []
    for node in run.match.nodes:
        vertex = run.match.vertices[node]
        if vertex not in run.names:  # the op that failed
            continue
        text = forward_text(node.op.name, run.operands(node), run.names[vertex], node.params)
        shapes = [_shape(value) for value in run.values.inputs(node)]
        given = ", ".join(str(shape) for shape in shapes if shape is not None)
        out = _shape(node.out)
        moved = f"{given} → {out}" if given and out is not None else ""
        frames.append(Frame("forward", vertex, formula=text, shapes=moved))
    return frames


def backward_frames(run: Run) -> list[Frame]:
    """One frame per formula that ran, in the engine's order."""
    assert run.sweep is not None
    expected = Counter(run.match.vertices[s.node.edges[s.i]] for s in run.sweep.steps)
    waiting = _Queue(run, expected)
    frames = []
    for step in run.sweep.steps:
        waiting.runs(step.node)
        target = run.match.vertices[step.node.edges[step.i]]
        arrived = waiting.arrives(step.node.edges[step.i], target)
        frames.append(
            replace(
                _in_words(run, step, target),
                upstream=run.view(step.upstream),
                contribution=run.view(step.contribution),
                partial=run.view(step.partial),
                arrived=arrived,
                expected=expected[target],
                summed=step.summed,
                queue=waiting.list(),
            )
        )
    return frames


def _in_words(run: Run, step: Step, target: str) -> Frame:
    """A backward frame with its texts: formula, shapes and what it adds to."""
    from .. import formulas  # a large table: read when the first trace is made

    node, i = step.node, step.i
    op, params = node.op.name, node.params
    vertex = run.match.vertices[node]
    inputs, out = run.values.inputs(node), run.values.of(node)
    shapes = [_shape(value) for value in inputs]
    edge = node.edges[i]
    shapes += [None] * (len(node.edges) - len(shapes))
    shapes[i] = _shape(edge.out if isinstance(edge, Node) else edge._array)
    names = run.operands(node)
    primitive = None if hasattr(node.op, "function") else node.op
    formula = formulas.vjp_text(op, names, run.names[vertex], i, params, primitive)
    result = _shape(node.out) or ()
    what = formula.partition(" = ")[2] if step.contribution is not None else "nothing"
    c = step.contribution
    return Frame(
        "backward",
        vertex,
        run.match.edges[vertex, i],
        formula=formula,
        shapes=formulas.vjp_shapes(op, shapes, result, i, params),
        contributes=f"∂{run.names[_end(run)]}/∂{run.names[target]} += {what}",
        routing=None
        if c is None or hasattr(c, "grads")
        else formulas.routing(op, inputs, out, i, params, np.asarray(c)),
    )


def moments(run: Run, before: Mapping[Any, Any]) -> tuple[dict[str, Moment], list[str]]:
    """The panel of every vertex; and which values nobody kept.

    A leaf's gradient is what its `.grad` will be: what it had `before`, and what this run adds.
    """
    gradients = run.sweep.gradients if run.sweep else {}
    counts: Counter[str] = Counter()
    if run.sweep:
        counts.update(run.match.vertices[s.node.edges[s.i]] for s in run.sweep.steps)
    found: dict[str, Moment] = {}
    lost = []
    for vertex in run.match.graph.vertices:
        thing = run.match.objects.get(vertex.id)
        if vertex.kind == "output" and run.root is not None:
            thing = run.root
        value = run.match.data.get(vertex.id) if thing is None else run.values.of(thing)
        gradient = None if thing is None else gradients.get(thing)
        if gradient is not None and thing in before:
            gradient = before[thing] + gradient
        page = kept(thing) if isinstance(thing, Node) else None
        found[vertex.id] = Moment(
            value=run.view(value),
            grad=run.view(gradient),
            line=page.line if page else "",
            consumers=counts[vertex.id],
        )
        if value is None:
            lost.append(vertex.id)
    _mark_bad(run, found)
    return found, lost


def renamed(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph with these names in its boxes, as the formulas have them."""
    is_small = len(graph.vertices) <= NAMED
    vertices = []
    for vertex in graph.vertices:
        name = names.get(vertex.id, vertex.label)
        if vertex.kind == "op":
            label = f"{name} = {vertex.label}" if is_small and vertex.id in names else vertex.label
        else:
            label = name
        vertices.append(replace(vertex, label=label))
    return replace(graph, vertices=tuple(vertices))


def _mark_bad(run: Run, found: dict[str, Moment]) -> None:
    """Say where the first NaN or infinity appeared: going forward, or else going back."""
    for vertex in run.match.graph.vertices:
        word = _bad(found[vertex.id].value)
        if word:
            found[vertex.id] = replace(found[vertex.id], bad=word)
            return
    for step in run.sweep.steps if run.sweep else []:
        word = _bad(run.view(step.contribution))
        if word:
            vertex_id = run.match.vertices[step.node]
            found[vertex_id] = replace(found[vertex_id], bad=word)
            return


def _bad(view: View | None) -> str:
    if view is None:
        return ""
    return "nan" if view.nans else "inf" if view.infs else ""


class _Queue:
    """The ops whose gradient is complete and whose formulas are still to run, newest first."""

    def __init__(self, run: Run, expected: Counter[str]) -> None:
        self.run, self.expected = run, expected
        self.arrived: Counter[str] = Counter()
        self._heap: list[tuple[float, str]] = []
        self._done: set[str] = set()

    def runs(self, node: Node) -> None:
        """The formulas of this node run now."""
        self._done.add(self.run.match.vertices[node])
        while self._heap and self._heap[0][1] in self._done:
            heappop(self._heap)

    def arrives(self, edge: Any, target: str) -> int:
        """One more contribution has reached its target; how many it has."""
        self.arrived[target] += 1
        complete = self.arrived[target] == self.expected[target]
        if complete and isinstance(edge, Node):
            heappush(self._heap, (-edge.order, target))
        return self.arrived[target]

    def list(self) -> tuple[str, ...]:
        """The first of them, in their order."""
        return tuple(vertex for _, vertex in nsmallest(QUEUE, self._heap))


def _end(run: Run) -> str:
    """The vertex of the loss."""
    return run.match.vertices.get(run.root, run.match.graph.vertices[-1].id)


def _shape(value: Any) -> tuple[int, ...] | None:
    shape = getattr(value, "shape", None)
    return None if shape is None else tuple(int(n) for n in shape)


def _constant(value: Any) -> str:
    """A number among the arguments, as it would be written."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float)):
        return f"{value:.6g}" if isinstance(value, float) else str(value)
    return "c"
