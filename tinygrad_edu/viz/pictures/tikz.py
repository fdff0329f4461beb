"""The graph, and every step of a trace, as LaTeX: a TikZ picture, and a Beamer slide that plays.

Only packages of a basic LaTeX are used: `tikz`, `geometry`, `beamer`. pdfLaTeX compiles the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..graph import Graph, Vertex
from ..layout.layout import Box, Layout, lay_out
from ..style import DETAIL_SIZE, STYLES, TITLE_SIZE, Style, line_height
from ..trace import TraceData
from .latex import escape
from .storyboard import Rows, Step, line_text, rows, steps
from .tikz_parts import (
    begin,
    document,
    edge,
    frame,
    module_titles,
    modules,
    text_node,
    tikzset,
)

LARGEST = 8000.0  # pt, almost 3 m; TeX counts to 16383, and LaTeX adds lengths up
MOST = 300  # overlays of one slide: LaTeX typesets the slide once for each
# Millimetres of a 16:9 slide: what is left for the graph beside a caption, and above one.
BESIDE, ABOVE = (70.0, 74.0), (144.0, 50.0)
PT_PER_MM = 72.27 / 25.4

# `on=<3>{active}` gives an option on these overlays alone.
ON_OVERLAYS = r"\tikzset{on/.code args={<#1>#2}{\alt<#1>{\pgfkeysalso{#2}}{}}}"


def graph_tikz(
    graph: Graph,
    layout: Layout | None = None,
    styles_override: Mapping[str, Style] | None = None,
) -> str:
    r"""A LaTeX document of one page with the picture of a graph.

    Parameters
    ----------
    graph
        What to draw.
    layout
        Where; computed when it is not given.
    styles_override
        Styles of some kinds of vertices instead of those of `style.STYLES`.

    Returns
    -------
    str
        The document. Its `tikzpicture` can be copied into another one, with the `\tikzset`.

    Examples
    --------
    >>> text = graph_tikz(Graph((Vertex("v0", "leaf", "x_1"),), ()))
    >>> "x\\_1" in text, text.count("\\begin{tikzpicture}")
    (True, 1)
    """
    layout = layout or lay_out(graph)
    scale = min(1.0, LARGEST / max(layout.width, layout.height, 1.0))
    styles: dict[Any, Style] = {**STYLES}
    styles.update(styles_override or {})
    picture = [
        *begin(layout, scale),
        *modules(layout),
        *(edge(route) for route in layout.routes),
        *module_titles(layout),
        *(line for vertex in graph.vertices for line in _still(vertex, layout.boxes[vertex.id])),
        r"\end{tikzpicture}%",
    ]
    # A little more than the picture: a rounded size must not send it to a second page.
    width, height = (side * scale + 3 for side in (layout.width, layout.height))
    size = f"paperwidth={width:.1f}pt,paperheight={height:.1f}pt"
    return document(
        r"\documentclass{article}",
        [rf"\usepackage[{size},margin=0pt]{{geometry}}", r"\usepackage{tikz}"],
        [*tikzset(styles, scale), r"\pagestyle{empty}", r"\parindent=0pt", r"\topskip=0pt"],
        picture,
    )


def beamer(data: TraceData) -> str:
    r"""A Beamer document of one slide that steps through a trace, one overlay per frame.

    The picture is drawn once; what changes has an overlay, as in `on=<3-4>{active}`.

    Raises
    ------
    ValueError
        For more than 300 frames.

    Examples
    --------
    >>> from tinygrad_edu.viz.trace import Frame
    >>> graph = Graph((Vertex("v0", "op", "exp"),), ())
    >>> text = beamer(
    ...     TraceData(graph, {}, (Frame("forward", "v0", formula="y = exp(x)"),))
    ... )
    >>> "\\only<1>" in text and "y = exp(x)" in text
    True
    """
    count = len(data.frames) + (data.failure is not None)
    if count > MOST:
        raise ValueError(
            f"beamer: {count} frames are too many for one slide, at most {MOST}; "
            'save("trace.html") shows them all'
        )
    told = steps(data)
    room = rows(told)
    layout = lay_out(data.graph, room.size)
    beside = layout.height > 0.6 * layout.width
    width, height = (side * PT_PER_MM for side in (BESIDE if beside else ABOVE))
    scale = min(1.0, width / layout.width, height / layout.height)
    picture = [*begin(layout, scale), *_moving(data.graph, layout, room, told)]
    picture.append(r"\end{tikzpicture}%")
    return document(
        r"\documentclass[aspectratio=169,10pt]{beamer}",
        [r"\usepackage{tikz}", r"\setbeamertemplate{navigation symbols}{}"],
        [*tikzset(STYLES, scale), ON_OVERLAYS],
        [
            rf"\begin{{frame}}{{{escape(data.title)}}}",
            *(_side_by_side if beside else _stacked)(picture, list(_captions(told))),
            r"\end{frame}",
        ],
    )


def _still(vertex: Vertex, box: Box) -> Iterator[str]:
    """A box with all lines of its vertex."""
    yield from frame(vertex, box)
    lines = [(text, DETAIL_SIZE if i else TITLE_SIZE) for i, text in enumerate(vertex.lines)]
    y = box.y - sum(line_height(size) for _, size in lines) / 2
    for text, size in lines:
        y += line_height(size)
        yield text_node((box.x, y - 4.5), text, "tg title" if size == TITLE_SIZE else "tg text")


# ----------------------------------------------------------------- what changes


def spans(values: Sequence[object]) -> list[tuple[str, object]]:
    """Equal neighbours as overlay numbers: from which step to which, and what.

    Examples
    --------
    >>> spans("aab")
    [('1-2', 'a'), ('3', 'b')]
    """
    starts = [i for i in range(len(values)) if not i or values[i] != values[i - 1]]
    ends = [*starts[1:], len(values)][: len(starts)]
    return [
        (f"{start + 1}" if end == start + 1 else f"{start + 1}-{end}", values[start])
        for start, end in zip(starts, ends, strict=True)
    ]


def _moving(graph: Graph, layout: Layout, room: Rows, told: Sequence[Step]) -> Iterator[str]:
    """The graph, each of its parts with the looks that it has on each overlay."""
    yield from modules(layout)
    for number, route in enumerate(layout.routes):
        ways = [
            "tg edge up"
            if step.edges[number] == "active" and step.phase == "backward"
            else f"tg edge {step.edges[number]}"
            for step in told
        ]
        yield edge(route, _on(ways, "tg edge ready"))
    yield from module_titles(layout)
    for vertex in graph.vertices:
        box = layout.boxes[vertex.id]
        looks = [f"tg box {step.looks[vertex.id]}" for step in told]
        yield from frame(vertex, box, _on(looks, "tg box ready"))
        lines = room.lines(vertex)
        y = box.y - sum(line_height(size) for _, _, size in lines) / 2
        for kind, text, size in lines:
            y += line_height(size)
            style = "tg title" if size == TITLE_SIZE else "tg text"
            style = "tg badge" if kind == "badge" else style
            if kind == "text":
                yield text_node((box.x, y - 4.5), text, style)
            else:
                texts = [line_text(kind, vertex.id, step) for step in told]
                yield from _only(texts, (box.x, y - 4.5), style)


def _on(options: Sequence[str], usual: str) -> str:
    return "".join(f", on=<{span}>{{{what}}}" for span, what in spans(options) if what != usual)


def _only(texts: Sequence[str], at: tuple[float, float], style: str) -> Iterator[str]:
    """A text that changes, where there is one."""
    for span, text in spans(texts):
        if text:
            yield rf"\only<{span}>{{{text_node(at, str(text), style)}}}"


def _captions(told: Sequence[Step]) -> Iterator[str]:
    """The words of each overlay."""
    fonts = {
        "head": r"\small\bfseries",
        "formula": r"\small\ttfamily\bfseries",
        "detail": r"\footnotesize",
        "warning": r"\footnotesize\color{tgfailed}",
    }
    for number, step in enumerate(told, 1):
        lines = [rf"{{{fonts[role]} {escape(text)}\par}}" for role, text in step.caption]
        yield rf"\only<{number}>{{" + r"\smallskip".join(lines) + "}%"


def _side_by_side(picture: list[str], captions: list[str]) -> list[str]:
    return [
        r"\begin{columns}[T,onlytextwidth]",
        rf"\begin{{column}}{{{BESIDE[0]:.0f}mm}}",
        r"\centering",
        *picture,
        r"\end{column}",
        r"\begin{column}{66mm}",
        r"\raggedright",
        *captions,
        r"\end{column}",
        r"\end{columns}",
    ]


def _stacked(picture: list[str], captions: list[str]) -> list[str]:
    # The words stand in a box of fixed height, so that the picture keeps its place.
    return [
        r"{\centering",
        *picture,
        r"\par}",
        r"\begin{minipage}[t][20mm][t]{\textwidth}",
        r"\raggedright",
        *captions,
        r"\end{minipage}",
    ]
