"""What each step of a trace looks like on paper: the state of every box and edge, and the words.

`slides` draws these as SVG and PDF, `tikz` as overlays for Beamer; both therefore say the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from ..graph import Edge, Vertex
from ..style import DETAIL_SIZE, PADDING, TITLE_SIZE, box_size, line_height, text_width
from ..trace import Frame, Moment, TraceData, View

# A box waits for its value, has it ("ready"), runs now, has its whole gradient but must still run
# ("queued"), or is through ("done").
Look = Literal["waiting", "ready", "active", "queued", "done", "failed"]
Role = Literal["head", "formula", "detail", "warning"]
Line = Literal["text", "value", "grad", "badge"]  # in a box; only the first stands there always

FEW = 6  # elements that are written out in a caption
FEWER = 3  # ... and in a box


@dataclass(frozen=True)
class Step:
    """One picture of a series.

    Attributes
    ----------
    phase
        "forward" or "backward".
    looks : dict
        Vertex id -> look.
    edges : tuple of Look
        The look of each edge of the graph.
    values, grads : dict
        Vertex id -> the short text that is known by now.
    badges : dict
        Vertex id -> "1/2" where the first of two contributions has arrived.
    caption : list of (Role, str)
        The lines beside the picture.
    """

    phase: str
    looks: dict[str, Look]
    edges: tuple[Look, ...]
    values: dict[str, str] = field(default_factory=dict)
    grads: dict[str, str] = field(default_factory=dict)
    badges: dict[str, str] = field(default_factory=dict)
    caption: tuple[tuple[Role, str], ...] = ()


def steps(data: TraceData) -> list[Step]:
    """One step per frame; one more where the program failed; at least one.

    Examples
    --------
    >>> from tinygrad_edu.viz import Edge, Graph, Vertex
    >>> graph = Graph(
    ...     (Vertex("v0", "leaf", "x"), Vertex("v1", "op", "exp")), (Edge("v0", "v1"),)
    ... )
    >>> frames = (
    ...     Frame("forward", "v1"),
    ...     Frame("backward", "v1", 0, arrived=1, expected=1),
    ... )
    >>> [step.looks["v0"] for step in steps(TraceData(graph, {}, frames))]
    ['ready', 'done']
    """
    return list(_Teller(data).tell())


class _Teller:
    """Goes through the frames and keeps what is known so far."""

    def __init__(self, data: TraceData) -> None:
        self.data = data
        self.labels = {vertex.id: vertex.label for vertex in data.graph.vertices}
        self.outputs = {edge.source: edge.target for edge in self._edges_to_outputs()}
        self.senders = {frame.vertex for frame in data.frames if frame.phase == "backward"}
        ops = {vertex.id for vertex in data.graph.vertices if vertex.kind in ("op", "output")}
        self.looks: dict[str, Look] = {
            v.id: "waiting" if v.id in ops else "ready" for v in data.graph.vertices
        }
        self.edges: list[Look] = ["waiting"] * len(data.graph.edges)
        self.values = {v: text for v, text in self._values().items() if v not in ops}
        self.grads: dict[str, str] = {}
        self.badges: dict[str, str] = {}

    def _edges_to_outputs(self) -> Iterator[Edge]:
        kinds = {vertex.id: vertex.kind for vertex in self.data.graph.vertices}
        return (edge for edge in self.data.graph.edges if kinds[edge.target] == "output")

    def _values(self) -> dict[str, str]:
        moments = self.data.moments.items()
        return {v: short(moment.value) for v, moment in moments if moment.value is not None}

    def tell(self) -> Iterator[Step]:
        """The steps in their order."""
        known = self._values()
        for number, frame in enumerate(self.data.frames):
            if frame.phase == "forward":
                yield self._forward(number, frame, known)
            else:
                yield self._backward(number, frame)
        if self.data.failure is not None:
            yield self._failure()
        elif not self.data.frames:
            yield self._step("forward", [("head", self.data.title)])

    def _forward(self, number: int, frame: Frame, known: dict[str, str]) -> Step:
        for vertex in (frame.vertex, self.outputs.get(frame.vertex)):
            if vertex is not None:
                self.looks[vertex] = "ready"
                self.values |= {vertex: known[vertex]} if vertex in known else {}
        into = [i for i, e in enumerate(self.data.graph.edges) if e.target == frame.vertex]
        out = [i for i, e in enumerate(self.data.graph.edges) if e.source == frame.vertex]
        for i in out:
            if self.data.graph.edges[i].target == self.outputs.get(frame.vertex):
                self.edges[i] = "ready"
        step = self._step(
            "forward",
            forward_caption(self.data, number, self.labels[frame.vertex]),
            looks={frame.vertex: "active"},
            edges=dict.fromkeys(into, "active"),
        )
        for i in into:
            self.edges[i] = "ready"
        return step

    def _backward(self, number: int, frame: Frame) -> Step:
        target = self.data.graph.edges[frame.edge].source
        if frame.upstream is not None:
            self.grads.setdefault(frame.vertex, short(frame.upstream))
        if frame.vertex in self.outputs:
            output = self.outputs[frame.vertex]
            self.looks[output] = "done"
            self.edges = [
                "done" if edge.target == output else look
                for edge, look in zip(self.data.graph.edges, self.edges, strict=True)
            ]
            self.grads.setdefault(output, self.grads.get(frame.vertex, ""))
        if frame.partial is not None:
            self.grads[target] = short(frame.partial)
        if frame.expected > 1:
            self.badges[target] = f"{frame.arrived}/{frame.expected}"
        complete = frame.arrived >= frame.expected
        if complete and target not in self.senders:
            self.looks[target] = "done"  # a leaf, or an op through which nothing goes on
        for vertex in frame.queue:
            if vertex != frame.vertex:
                self.looks[vertex] = "queued"
        caption = backward_caption(self.data, number, self.labels[frame.vertex])
        step = self._step("backward", caption, {frame.vertex: "active"}, {frame.edge: "active"})
        self.edges[frame.edge] = "done"
        self.looks[frame.vertex] = "done"  # the frames of all its edges follow one another
        return step

    def _failure(self) -> Step:
        failure, vertex = self.data.failure, self.data.graph.vertices[-1].id
        assert failure is not None
        into = [i for i, e in enumerate(self.data.graph.edges) if e.target == vertex]
        caption: list[tuple[Role, str]] = [("head", f"{failure.op} fails")]
        caption += [("warning", line) for line in failure.message.splitlines() if line.strip()]
        caption += [("detail", failure.line)] if failure.line else []
        return self._step("forward", caption, {vertex: "failed"}, dict.fromkeys(into, "failed"))

    def _step(
        self,
        phase: str,
        caption: list[tuple[Role, str]],
        looks: dict[str, Look] | None = None,
        edges: dict[int, Look] | None = None,
    ) -> Step:
        """The state as it is, with these vertices and edges in other looks for this step."""
        ways = list(self.edges)
        for i, look in (edges or {}).items():
            ways[i] = look
        return Step(
            phase,
            {**self.looks, **(looks or {})},
            tuple(ways),
            dict(self.values),
            dict(self.grads),
            dict(self.badges),
            tuple(caption),
        )


# ----------------------------------------------------------------- words


def forward_caption(data: TraceData, number: int, label: str) -> list[tuple[Role, str]]:
    """The lines for an op that runs forward."""
    frame = data.frames[number]
    moment = data.moments.get(frame.vertex) or Moment()
    lines = _opening(data, number, f"forward, {label}")
    if moment.value is not None:
        lines.append(("detail", f"value: {in_words(moment.value)}"))
    if moment.bad:
        lines.append(("warning", f"the first {moment.bad} is made here"))
    if moment.line:
        lines.append(("detail", moment.line))
    return lines


def backward_caption(data: TraceData, number: int, label: str) -> list[tuple[Role, str]]:
    """The lines for one edge along which a gradient goes."""
    frame = data.frames[number]
    lines = _opening(data, number, f"backward, {label}")
    if frame.upstream is not None:
        lines.append(("detail", f"upstream g: {in_words(frame.upstream)}"))
    if frame.contribution is not None:
        # After "+=" come the numbers; the formula stands above.
        left, plus, _ = frame.contributes.partition("+=")
        lead = left + plus or "contribution:"
        lines.append(("formula", f"{lead} {in_words(frame.contribution)}"))
    elif frame.contributes:
        lines.append(("formula", frame.contributes))
    if frame.summed:
        lines.append(("detail", f"undoes broadcasting: {frame.summed}"))
    if frame.expected > 1:
        text = f"Σ {frame.arrived} of {frame.expected} contributions arrived"
        so_far = f", sum {in_words(frame.partial)}" if frame.partial is not None else ""
        lines.append(("detail", text + so_far))
    if frame.routing is not None:
        lines.append(("detail", frame.routing.text))
    if frame.numeric is not None:
        lines.append(_numeric(frame, frame.numeric))
    return lines


def _numeric(frame: Frame, numeric: View) -> tuple[Role, str]:
    """What finite differences say of a contribution."""
    verdict = {True: "agrees", False: "DISAGREES", None: "not decided"}[frame.agrees]
    whole = frame.contribution is not None and frame.contribution.shape == numeric.shape
    count = math.prod(numeric.shape)
    words = in_words(numeric) if whole else f"slopes along {count} random directions"
    return "warning" if frame.agrees is False else "detail", f"by differences: {words}, {verdict}"


def _opening(data: TraceData, number: int, what: str) -> list[tuple[Role, str]]:
    frame = data.frames[number]
    lines: list[tuple[Role, str]] = [("head", f"Step {number + 1} of {len(data.frames)}: {what}")]
    lines += [("formula", frame.formula)] if frame.formula else []
    # Of scalars there is nothing to tell: "()".
    lines += [("detail", frame.shapes)] if any(map(str.isdigit, frame.shapes)) else []
    return lines


def in_words(view: View) -> str:
    """An array in a caption: its numbers when they are few, else its shape and range.

    Examples
    --------
    >>> in_words(View((2, 2), "float32", [1.0, 2.0, 3.0, 4.5]))
    '[[1, 2], [3, 4.5]]'
    >>> in_words(View((32, 10), "float32", low=-1.0, mean=0.25, high=2.0))
    '(32, 10), min -1, mean 0.25, max 2'
    """
    if view.numbers is not None and len(view.numbers) <= FEW:
        return _nested(_texts(view), view.shape)
    parts = [str(view.shape)]
    if view.low is not None and view.mean is not None and view.high is not None:
        parts += [f"min {_digits(view.low)}", f"mean {_digits(view.mean)}"]
        parts += [f"max {_digits(view.high)}"]
    parts += [f"{view.nans} NaN"] if view.nans else []
    parts += [f"{view.infs} inf"] if view.infs else []
    return ", ".join(parts)


def short(view: View) -> str:
    """An array in a box.

    Examples
    --------
    >>> (
    ...     short(View((), "float32", [2.0])),
    ...     short(View((9,), "float32", low=-1.0, high=2.0)),
    ... )
    ('2', '-1 .. 2')
    """
    if view.nans or view.infs:
        return "NaN" if view.nans else "inf"
    if view.numbers is not None and len(view.numbers) <= FEWER:
        return _nested(_texts(view), view.shape)
    if view.low is None or view.high is None:
        return ""
    low, high = _digits(view.low, 3), _digits(view.high, 3)
    return f"all {low}" if view.low == view.high else f"{low} .. {high}"


def _texts(view: View) -> list[str]:
    """The numbers of a view; of those that are not finite only their sort is known."""
    missing = "NaN/inf" if view.nans and view.infs else "NaN" if view.nans else "inf"
    return [missing if number is None else _digits(number) for number in view.numbers or ()]


def _digits(number: float, count: int = 4) -> str:
    return f"{number + 0.0:.{count}g}"  # no "-0"


def _nested(texts: list[str], shape: tuple[int, ...]) -> str:
    """Texts in C order with the brackets of their shape."""
    if not shape:
        return texts[0]
    if not texts:
        return "[]"
    size = len(texts) // shape[0]
    rows = [texts[i : i + size] for i in range(0, len(texts), size)]
    return "[" + ", ".join(_nested(row, shape[1:]) for row in rows) + "]"


# ----------------------------------------------------------------- sizes


@dataclass(frozen=True)
class Rows:
    """The lines of every box: what stands there from the start, and room for what comes."""

    widths: dict[str, float]
    has_value: frozenset[str]
    has_grad: frozenset[str]
    has_badge: frozenset[str]

    def size(self, vertex: Vertex) -> tuple[float, float]:
        """Width and height that hold all lines of a vertex at every step."""
        width, height = box_size(bare(vertex))
        extra = sum(vertex.id in more for more in (self.has_value, self.has_grad, self.has_badge))
        room = self.widths.get(vertex.id, 0.0)
        return max(width, room), height + extra * line_height(DETAIL_SIZE)

    def lines(self, vertex: Vertex) -> list[tuple[Line, str, int]]:
        """Kind, text and font size of each line, from the top; what changes has no text yet."""
        lines: list[tuple[Line, str, int]] = [
            ("text", line, DETAIL_SIZE if i else TITLE_SIZE)
            for i, line in enumerate(bare(vertex).lines)
        ]
        if vertex.id in self.has_value:
            lines.append(("value", "", DETAIL_SIZE))
        if vertex.id in self.has_grad:
            lines.append(("grad", "", DETAIL_SIZE))
        if vertex.id in self.has_badge:
            lines.append(("badge", "", DETAIL_SIZE))
        return lines


def rows(shown: list[Step]) -> Rows:
    """How much room the boxes need for all steps, so that nothing moves from one to the next."""
    widths: dict[str, float] = {}
    for step in shown:
        for kind, texts in _changing(step):
            for vertex in texts:
                width = text_width(line_text(kind, vertex, step), DETAIL_SIZE) + 2 * PADDING
                widths[vertex] = max(widths.get(vertex, 0.0), width)
    valued = frozenset(v for step in shown for v, text in step.values.items() if text)
    graded = frozenset(v for step in shown for v, text in step.grads.items() if text)
    badged = frozenset(v for step in shown for v in step.badges)
    return Rows(widths, valued, graded, badged)


def _changing(step: Step) -> tuple[tuple[Line, dict[str, str]], ...]:
    return ("value", step.values), ("grad", step.grads), ("badge", step.badges)


def line_text(kind: Line, vertex: str, step: Step) -> str:
    """A line of a box that changes, as far as it is known at a step, else nothing."""
    text = dict(_changing(step))[kind].get(vertex, "")
    return text and {"value": "= ", "grad": "∂ ", "badge": "Σ "}[kind] + text


def bare(vertex: Vertex) -> Vertex:
    """The vertex without its own value and gradient, which a step writes when they are known."""
    return replace(vertex, value="", grad="")
