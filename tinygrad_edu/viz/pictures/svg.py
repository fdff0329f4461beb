"""The built-in SVG of a graph: one stand-alone text, no program, no font file, no script."""

from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from ..graph import Graph, Vertex
from ..layout.layout import Box, Frame, Layout, Point, Route, bend, lay_out
from ..style import (
    DETAIL_SIZE,
    EDGE_COLOR,
    FONTS,
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
    text_width,
)

HEAD = (8.0, 4.0)  # length and half width of an arrow head


def to_svg(graph: Graph, layout: Layout | None = None, title: str = "Computation graph") -> str:
    """Draw a graph as SVG.

    Parameters
    ----------
    graph
        What to draw.
    layout
        Where; computed when it is not given.
    title
        Said by a screen reader, and shown by a browser.

    Returns
    -------
    str
        XML with one `<g class="node">` per vertex, one `<g class="edge">` per edge, and one
        `<rect class="cluster">` per frame.

    Examples
    --------
    >>> graph = Graph((Vertex("v0", "leaf", "x<y"),), ())
    >>> "x&lt;y" in to_svg(graph)
    True
    """
    layout = layout or lay_out(graph)
    width, height = _number(layout.width), _number(layout.height)
    summary = f"{title}: {len(graph.vertices)} nodes, {len(graph.edges)} edges"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(_clean(summary))}>',
        f"<title>{_text(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',  # legible on a dark page as well
        *(_cluster(frame) for frame in layout.frames),
        f'<g fill="none" stroke="{EDGE_COLOR}" stroke-width="1.3">',
        *(_edge(route) for route in layout.routes),
        "</g>",
        f'<g font-family="{FONTS}" font-size="{DETAIL_SIZE}" fill="{TEXT_COLOR}">',
        *(_title(frame) for frame in layout.frames),
        *(_label(route) for route in layout.routes if route.edge.label),
        *(_node(vertex, layout.boxes[vertex.id]) for vertex in graph.vertices),
        "</g>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _cluster(frame: Frame) -> str:
    return (
        f'<rect class="cluster" data-cluster={quoteattr(_clean(frame.path))} '
        f'x="{_number(frame.left)}" y="{_number(frame.top)}" width="{_number(frame.width)}" '
        f'height="{_number(frame.height)}" rx="6" fill="{FRAME_FILLS[frame.depth % 2]}" '
        f'stroke="{FRAME_COLOR}"/>'
    )


def _title(frame: Frame) -> str:
    """On a ground of its own, because an edge may come in behind it."""
    width = text_width(frame.title, DETAIL_SIZE)
    return (
        f'<rect x="{_number(frame.title_left - 3)}" y="{_number(frame.top + 3)}" '
        f'width="{_number(width + 6)}" height="{DETAIL_SIZE + 4}" '
        f'fill="{FRAME_FILLS[frame.depth % 2]}"/>'
        f'<text class="cluster-title" x="{_number(frame.title_left)}" '
        f'y="{_number(frame.top + 14)}" font-weight="bold">{_text(frame.title)}</text>'
    )


def _edge(route: Route) -> str:
    tip_x, tip_y = route.points[-1]
    length, half = HEAD
    line = [*route.points[:-1], (tip_x, tip_y - length)]  # the line stops inside the head
    path = "M" + _point(line[0])
    for start, end in pairwise(line):
        curve = f"C{_point(bend(start, end)[0])} {_point(bend(start, end)[1])} {_point(end)}"
        path += f"V{_number(end[1])}" if start[0] == end[0] else curve
    head = (
        f"M{_point((tip_x - half, tip_y - length))}L{_point((tip_x, tip_y))}"
        f"L{_point((tip_x + half, tip_y - length))}Z"
    )
    name = quoteattr(_clean(f"{route.edge.source}-{route.edge.target}-{route.edge.position}"))
    return (
        f'<g class="edge" data-edge={name}><path d="{path}"/>'
        f'<path d="{head}" fill="{EDGE_COLOR}" stroke="none"/></g>'
    )


def _label(route: Route) -> str:
    (x, y), width = route.label_at, text_width(route.edge.label, DETAIL_SIZE)
    right = route.label_side > 0
    return (
        f'<rect x="{_number(x if right else x - width)}" y="{_number(y - DETAIL_SIZE + 1)}" '
        f'width="{_number(width)}" height="{DETAIL_SIZE + 2}" fill="#ffffff"/>'
        f'<text x="{_number(x)}" y="{_number(y)}" text-anchor="{"start" if right else "end"}">'
        f"{_text(route.edge.label)}</text>"
    )


def _node(vertex: Vertex, box: Box) -> str:
    parts = [
        f'<g class="node {vertex.kind}" data-node={quoteattr(_clean(vertex.id))}>',
        f"<title>{_text(' '.join([vertex.kind, *vertex.lines, vertex.dtype]).strip())}</title>",
        _frame(vertex, box),
    ]
    lines = line_sizes(vertex)
    y = box.y - sum(line_height(size) for _, size in lines) / 2
    for text, size in lines:
        y += line_height(size)
        weight = f' font-size="{size}" font-weight="bold"' if size == TITLE_SIZE else ""
        parts.append(
            f'<text x="{_number(box.x)}" y="{_number(y - 4.5)}" text-anchor="middle"{weight}>'
            f"{_text(text)}</text>"
        )
    return "".join([*parts, "</g>"])


def _frame(vertex: Vertex, box: Box) -> str:
    style = STYLES[vertex.kind]
    paint = f'fill="{style.fill}" stroke="{style.stroke}" stroke-width="1.5"'
    frames = [(box.width, box.height), inner_box(box.width, box.height)]
    if vertex.kind in ROUNDED:
        return "".join(
            f'<rect x="{_number(box.x - width / 2)}" y="{_number(box.y - height / 2)}" '
            f'width="{_number(width)}" height="{_number(height)}" rx="9" {paint}/>'
            for width, height in frames[: style.peripheries]
        )
    return "".join(
        f'<polygon points="{" ".join(map(_point, outline(vertex.kind, box.x, box.y, *frame)))}" '
        f"{paint}/>"
        for frame in frames[: style.peripheries]
    )


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """Without the characters that XML can't hold."""
    return "".join(
        char if char.isprintable() or char in "\t\n" else "\N{REPLACEMENT CHARACTER}"
        for char in text
    )
