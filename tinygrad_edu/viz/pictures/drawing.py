"""One step of a trace as outlines, curves and texts; `paper` writes these as SVG or PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..graph import Graph
from ..layout.layout import Layout, Point, Route
from ..style import (
    ADVANCE,
    DETAIL_SIZE,
    FRAME_COLOR,
    FRAME_FILLS,
    STYLES,
    TEXT_COLOR,
    TITLE_SIZE,
    inner_box,
    line_height,
    outline,
    text_width,
)
from .storyboard import Look, Role, Rows, Step, line_text

WAITING, ACTIVE, QUEUED, DONE, FAILED = "#a8a8a8", "#c04a00", "#0072b2", "#00795a", "#b00020"
READY = "#4d4d4d"
# Colour and width of an edge. What is done or runs is thicker as well, what waits is dashed, so
# that a print without colours says the same.
WAYS: dict[Look, tuple[str, float]] = {
    "waiting": (WAITING, 1.0),
    "ready": (READY, 1.3),
    "active": (ACTIVE, 3.5),
    "queued": (READY, 1.3),
    "done": (DONE, 2.2),
    "failed": (FAILED, 3.5),
}
FRAMES: dict[Look, tuple[str, float]] = {
    **WAYS,
    "queued": (QUEUED, 2.2),
}
DONE_FILL, ACTIVE_FILL, FAILED_FILL = "#d3f0e6", "#ffe3cf", "#ffdada"

CAPTION: dict[Role, tuple[int, str]] = {
    "head": (15, TEXT_COLOR),
    "formula": (14, TEXT_COLOR),
    "detail": (12, TEXT_COLOR),
    "warning": (12, FAILED),
}
COLUMN = 400.0  # px, the least width of the caption
SPACE = 24.0  # px, between the caption and the graph


@dataclass(frozen=True)
class Outline:
    """A closed polygon, or a rectangle with round corners if it is `rounded`."""

    points: list[Point]
    fill: str
    stroke: str
    width: float = 1.5
    dashed: bool = False
    rounded: float = 0.0


@dataclass(frozen=True)
class Curve:
    """A line through points as a `Route` has it, with an arrow's head at its end or its start."""

    points: list[Point]
    color: str
    width: float
    dashed: bool = False
    head: tuple[Point, ...] = ()


@dataclass(frozen=True)
class Text:
    """One line of text; `anchor` is "start", "middle" or "end"."""

    at: Point
    text: str
    size: float
    color: str = TEXT_COLOR
    bold: bool = False
    anchor: str = "middle"


Shape = Outline | Curve | Text


@dataclass(frozen=True)
class Page:
    """Where the graph and the caption stand; the same for all steps of a series."""

    width: float
    height: float
    caption_at: Point
    columns: int  # characters of the smallest size in a line of the caption


def page_for(layout: Layout, shown: list[Step]) -> Page:
    """The page that holds every step: the caption beside a tall graph, below a wide one."""
    beside = layout.height > 0.6 * layout.width
    room = COLUMN if beside else max(COLUMN, layout.width - 2 * SPACE)
    columns = int(room / (ADVANCE * CAPTION["detail"][0]))
    tallest = max(sum(size + 7 for _, _, size, _ in wrapped(step, columns)) for step in shown)
    if beside:
        height = max(layout.height, tallest + 2 * SPACE)
        return Page(layout.width + room + SPACE, height, (layout.width, SPACE), columns)
    height = layout.height + tallest + SPACE
    return Page(max(layout.width, room + 2 * SPACE), height, (SPACE, layout.height), columns)


def wrapped(step: Step, columns: int) -> list[tuple[Role, str, int, str]]:
    """The caption's lines with role, text, size and colour, none wider than the column."""
    lines: list[tuple[Role, str, int, str]] = []
    for role, text in step.caption:
        size, color = CAPTION[role]
        width = max(20, int(columns * CAPTION["detail"][0] / size))
        lines += [(role, part, size, color) for part in textwrap.wrap(text, width)]
    return lines


def shapes(graph: Graph, layout: Layout, rows: Rows, step: Step, page: Page) -> list[Shape]:
    """All that is drawn of one step, the lowest first."""
    return [
        *_modules(layout),
        *(edge_shape(*pair, step.phase) for pair in zip(layout.routes, step.edges, strict=True)),
        *_labels(layout),
        *_module_titles(layout),
        *_boxes(graph, layout, rows, step),
        *_caption(step, page),
    ]


def edge_shape(route: Route, look: Look, phase: str) -> Curve:
    """A value goes down; a gradient goes the same way up, so its arrow's head is at the source."""
    color, width = WAYS[look]
    up = look == "done" or (look == "active" and phase == "backward")
    tip, away = (route.points[0], 1) if up else (route.points[-1], -1)
    half, length = 3.5 + width / 2, 8.0 + width
    base = (tip[0], tip[1] + away * length)
    points = [base, *route.points[1:]] if up else [*route.points[:-1], base]
    head = ((base[0] - half, base[1]), (base[0] + half, base[1]), tip)
    return Curve(points, color, width, look == "waiting", head)


def _modules(layout: Layout) -> Iterator[Shape]:
    """The frames of modules, outer ones first."""
    for frame in layout.frames:
        fill = FRAME_FILLS[frame.depth % 2]
        place = (frame.left, frame.top), (frame.width, frame.height)
        yield replace(_rectangle(*place, fill, rounded=6.0), stroke=FRAME_COLOR, width=1.0)


def _module_titles(layout: Layout) -> Iterator[Shape]:
    """Their names, above the edges."""
    for frame in layout.frames:
        width = text_width(frame.title, DETAIL_SIZE)
        corner = (frame.title_left - 3, frame.top + 3)
        yield _rectangle(corner, (width + 6, 15.0), FRAME_FILLS[frame.depth % 2])
        at = (frame.title_left, frame.top + 14)
        yield Text(at, frame.title, DETAIL_SIZE, bold=True, anchor="start")


def _labels(layout: Layout) -> Iterator[Shape]:
    for route in layout.routes:
        if route.edge.label:
            (x, y), width = route.label_at, text_width(route.edge.label, DETAIL_SIZE)
            left = x if route.label_side > 0 else x - width
            yield _rectangle((left, y - DETAIL_SIZE + 1), (width, DETAIL_SIZE + 2), "#ffffff")
            anchor = "start" if route.label_side > 0 else "end"
            yield Text((x, y), route.edge.label, DETAIL_SIZE, anchor=anchor)


def _boxes(graph: Graph, layout: Layout, rows: Rows, step: Step) -> Iterator[Shape]:
    for vertex in graph.vertices:
        box, look = layout.boxes[vertex.id], step.looks[vertex.id]
        style = STYLES[vertex.kind]
        stroke, width = (style.stroke, 1.5) if look == "ready" else FRAMES[look]
        fill = box_fill(style.fill, look)
        sizes = [(box.width, box.height), inner_box(box.width, box.height)]
        for frame in sizes[: style.peripheries]:
            points = outline(vertex.kind, box.x, box.y, *frame)
            rounded = 9.0 if vertex.kind == "op" else 0.0
            yield Outline(points, fill, stroke, width, look == "waiting", rounded)
            width = min(width, 1.5)
        lines = rows.lines(vertex)
        y = box.y - sum(line_height(size) for _, _, size in lines) / 2
        for kind, text, size in lines:
            y += line_height(size)
            shown = text if kind == "text" else line_text(kind, vertex.id, step)
            if shown and kind == "badge":  # "1/2": the first of two contributions has arrived
                wide = text_width(shown, size) + 10
                corner = (box.x - wide / 2, y - 14)
                yield _rectangle(corner, (wide, 14.0), QUEUED, rounded=7.0)
                yield Text((box.x, y - 3.5), shown, size, "#ffffff", bold=True)
            elif shown:
                color = "#7a7a7a" if look == "waiting" else TEXT_COLOR
                yield Text((box.x, y - 4.5), shown, size, color, size == TITLE_SIZE)


def box_fill(fill: str, look: Look) -> str:
    """The colour of a box in each look."""
    fills = {"waiting": "#ffffff", "active": ACTIVE_FILL, "done": DONE_FILL, "failed": FAILED_FILL}
    return fills.get(look, fill)


def _caption(step: Step, page: Page) -> Iterator[Shape]:
    x, y = page.caption_at
    for role, text, size, color in wrapped(step, page.columns):
        y += size + 7
        yield Text((x, y - 5), text, size, color, role in ("head", "formula"), "start")


def _rectangle(
    corner: Point, size: tuple[float, float], fill: str, rounded: float = 0.0
) -> Outline:
    (x, y), (width, height) = corner, size
    points = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    return Outline(points, fill, "none", 0.0, rounded=rounded)
