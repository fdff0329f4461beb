"""The built-in layout drawn by matplotlib, for PNG and PDF without Graphviz."""

import io
from typing import Any

from ..graph import Graph, Vertex
from ..layout.layout import Box, Frame, Layout, Route, bend, lay_out
from ..style import (
    DETAIL_SIZE,
    EDGE_COLOR,
    FRAME_COLOR,
    FRAME_FILLS,
    ROUNDED,
    STYLES,
    TEXT_COLOR,
    TITLE_SIZE,
    inner_box,
    line_height,
    line_sizes,
    outline,
)

SCALE = 2.0  # pixels of the PNG per px of the layout
LARGEST = 14400.0  # points: what common viewers still open


def to_image(graph: Graph, kind: str, layout: Layout | None = None) -> bytes:
    """Draw a graph as `"png"` or `"pdf"`.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    layout = layout or lay_out(graph)
    # One px of the layout is one point (font sizes hold as they are), less in huge drawings.
    zoom = min(1.0, LARGEST / max(layout.width, layout.height))
    figure = Figure(figsize=(layout.width * zoom / 72, layout.height * zoom / 72))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, layout.width)
    axes.set_ylim(layout.height, 0)
    axes.set_axis_off()
    for frame in layout.frames:
        _draw_frame(axes, frame, zoom)
    for route in layout.routes:
        _draw_edge(axes, route, zoom)
    for frame in layout.frames:
        ground = {"facecolor": FRAME_FILLS[frame.depth % 2], "edgecolor": "none", "pad": 1.0}
        options = {"ha": "left", "weight": "bold", "bbox": ground}
        size = DETAIL_SIZE * zoom
        _write(axes, frame.title_left, frame.top + 14, frame.title, size, **options)
    for vertex in graph.vertices:
        _draw_node(axes, vertex, layout.boxes[vertex.id], zoom)
    # No date and no version: the same graph gives the same file.
    metadata = {"CreationDate": None} if kind == "pdf" else {"Software": None}
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=72 * SCALE, metadata=metadata)
    return file.getvalue()


def _draw_frame(axes: Any, frame: Frame, zoom: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    paint: Any = {"facecolor": FRAME_FILLS[frame.depth % 2], "edgecolor": FRAME_COLOR}
    corner, rounding = (frame.left, frame.top), "round,pad=0,rounding_size=6"
    size = (frame.width, frame.height)
    axes.add_patch(FancyBboxPatch(corner, *size, boxstyle=rounding, linewidth=zoom, **paint))


def _draw_edge(axes: Any, route: Route, zoom: float) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    (tip_x, tip_y) = route.points[-1]
    points, codes = [route.points[0]], [Path.MOVETO]
    for start, end in zip(route.points, [*route.points[1:-1], (tip_x, tip_y - 8)], strict=False):
        points += [*bend(start, end), end]
        codes += [Path.CURVE4] * 3
    line = {"edgecolor": EDGE_COLOR, "linewidth": 1.3 * zoom}
    axes.add_patch(PathPatch(Path(points, codes), fill=False, **line))
    head = [(tip_x - 4, tip_y - 8), (tip_x + 4, tip_y - 8), (tip_x, tip_y)]
    axes.add_patch(Polygon(head, facecolor=EDGE_COLOR, edgecolor="none"))
    if route.edge.label:
        side = "left" if route.label_side > 0 else "right"
        patch = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        size = DETAIL_SIZE * zoom
        _write(axes, *route.label_at, route.edge.label, size, ha=side, bbox=patch)


def _draw_node(axes: Any, vertex: Vertex, box: Box, zoom: float) -> None:
    from matplotlib.patches import FancyBboxPatch, Polygon

    style = STYLES[vertex.kind]
    paint: Any = {"facecolor": style.fill, "edgecolor": style.stroke, "linewidth": 1.5 * zoom}
    frames = [(box.width, box.height), inner_box(box.width, box.height)]
    for width, height in frames[: style.peripheries]:
        if vertex.kind in ROUNDED:
            corner, rounding = (
                (box.x - width / 2, box.y - height / 2),
                "round,pad=0,rounding_size=9",
            )
            axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=rounding, **paint))
        else:
            axes.add_patch(Polygon(outline(vertex.kind, box.x, box.y, width, height), **paint))
    lines = line_sizes(vertex)
    y = box.y - sum(line_height(size) for _, size in lines) / 2
    for text, size in lines:
        y += line_height(size)
        bold = "bold" if size == TITLE_SIZE else "normal"
        _write(axes, box.x, y - 4.5, text, size * zoom, weight=bold)


def _write(axes: Any, x: float, y: float, text: str, size: float, **options: Any) -> None:
    """Literal text: a `$` in a name starts no formula."""
    options = {"ha": "center", "va": "baseline", "color": TEXT_COLOR, **options}
    axes.text(x, y, text, fontsize=size, family="monospace", parse_math=False, **options)
