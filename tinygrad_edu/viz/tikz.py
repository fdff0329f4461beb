"""The graph, and every step of a trace, as LaTeX: a TikZ picture, and a Beamer slide that plays.

Only packages of a basic LaTeX are used (`tikz`, `geometry`, `beamer`); pdfLaTeX, XeLaTeX and
LuaLaTeX compile the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from .drawing import (
    ACTIVE_FILL,
    DONE_FILL,
    FAILED_FILL,
    FRAMES,
    QUEUED,
    WAITING,
    WAYS,
    line_text,
)
from .graph import Graph, Vertex
from .latex import escape
from .layout import Box, Layout, Route, bend, lay_out
from .storyboard import Look, Rows, Step, rows, steps
from .style import (
    DETAIL_SIZE,
    EDGE_COLOR,
    STYLES,
    TEXT_COLOR,
    TITLE_SIZE,
    Style,
    inner_box,
    line_height,
    outline,
)
from .trace import TraceData

UNIT = 100.0  # px in one unit of TikZ's coordinates
LARGEST = 14000.0  # pt; TeX counts to 16383
MOST = 300  # overlays of one slide: LaTeX typesets the slide once for each
# Millimetres of a 16:9 slide: what is left for the graph beside a caption, and above one.
BESIDE, ABOVE = (70.0, 74.0), (144.0, 50.0)
PT_PER_MM = 72.27 / 25.4


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
        *_begin(layout, scale),
        *(_edge(route) for route in layout.routes),
        *(line for vertex in graph.vertices for line in _still(vertex, layout.boxes[vertex.id])),
        r"\end{tikzpicture}%",
    ]
    # A little more than the picture: a rounded size must not send it to a second page.
    width, height = (side * scale + 3 for side in (layout.width, layout.height))
    size = f"paperwidth={width:.1f}pt,paperheight={height:.1f}pt"
    return _document(
        r"\documentclass{article}",
        [rf"\usepackage[{size},margin=0pt]{{geometry}}", r"\usepackage{tikz}"],
        [*_tikzset(styles, scale), r"\pagestyle{empty}", r"\parindent=0pt", r"\topskip=0pt"],
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
    picture = [*_begin(layout, scale), *_moving(data.graph, layout, room, told)]
    picture.append(r"\end{tikzpicture}%")
    return _document(
        r"\documentclass[aspectratio=169,10pt]{beamer}",
        [r"\usepackage{tikz}", r"\setbeamertemplate{navigation symbols}{}"],
        [*_tikzset(STYLES, scale), ON_OVERLAYS],
        [
            rf"\begin{{frame}}{{{escape(data.title)}}}",
            *(_side_by_side if beside else _stacked)(picture, list(_captions(told))),
            r"\end{frame}",
        ],
    )


# ----------------------------------------------------------------- the document


# `on=<3>{active}` gives an option on these overlays alone.
ON_OVERLAYS = r"\tikzset{on/.code args={<#1>#2}{\alt<#1>{\pgfkeysalso{#2}}{}}}"


def _document(
    head: str, packages: Sequence[str], settings: Sequence[str], body: Sequence[str]
) -> str:
    lines = [
        "% made by tinygrad_edu viz; compile with pdflatex, xelatex or lualatex",
        head,
        # With these fonts accents and all sizes look right; without them it compiles as well.
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}\usepackage[T1]{fontenc}}{}",
        *packages,
        r"\usetikzlibrary{arrows.meta}",
        *settings,
        r"\begin{document}",
        r"\frenchspacing",  # the dots of `0 .. 9` end no sentence
        *body,
        r"\end{document}",
    ]
    return "\n".join(lines) + "\n"


def _tikzset(styles: Mapping[Any, Style], scale: float) -> list[str]:
    """Colours and styles; line widths and heads are not scaled by TikZ, so they are here."""
    colors = {"ink": TEXT_COLOR, "edge": EDGE_COLOR}
    colors |= {"doneFill": DONE_FILL, "activeFill": ACTIVE_FILL, "failedFill": FAILED_FILL}
    colors |= {"badge": QUEUED, "waiting": WAITING}
    colors |= {look: color for look, (color, _) in FRAMES.items()}
    for kind, style in styles.items():
        colors |= {f"{kind}Fill": style.fill, f"{kind}Line": style.stroke}
    lines = [
        rf"\definecolor{{tg{name}}}{{HTML}}{{{color.removeprefix('#').upper()}}}"
        for name, color in colors.items()
    ]
    thin = f"line width={1.5 * scale:.2f}pt"
    lines.append(r"\tikzset{")
    for kind in styles:
        corners = f", rounded corners={9 * scale:.1f}pt" if kind in ("op", "block") else ""
        lines.append(
            f"  tg {kind}/.style={{draw=tg{kind}Line, fill=tg{kind}Fill, {thin}{corners}}},"
        )
    for look in FRAMES:
        lines.append(f"  tg box {look}/.style={{{_box_options(look, scale)}}},")
        lines.append(f"  tg edge {look}/.style={{{_edge_options(look, scale)}}},")
    lines += [
        f"  tg edge/.style={{{_edge_options('ready', scale)}}},",
        f"  tg edge up/.style={{{_edge_options('active', scale, up=True)}}},",
        rf"  tg text/.style={{anchor=base, inner sep=0pt, text=tgink, font={_font(DETAIL_SIZE)}}},",
        rf"  tg title/.style={{tg text, font={_font(TITLE_SIZE)}\bfseries}},",
        rf"  tg badge/.style={{fill=tgbadge, text=white, rounded corners={6 * scale:.1f}pt, "
        rf"inner sep=3pt, font={_font(DETAIL_SIZE)}}},",
        "}",
    ]
    return lines


def _font(size: int) -> str:
    return rf"\fontsize{{{size}}}{{{size + 2}}}\selectfont\ttfamily"


def _box_options(look: Look, scale: float) -> str:
    if look == "ready":
        return ""
    color_fill = {"waiting": "white", "active": "tgactiveFill", "done": "tgdoneFill"}
    fill = {**color_fill, "failed": "tgfailedFill"}.get(look)
    options = f"draw=tg{look}, line width={FRAMES[look][1] * scale:.2f}pt"
    return options + (f", fill={fill}" if fill else "") + (", dashed" if look == "waiting" else "")


def _edge_options(look: Look, scale: float, up: bool = False) -> str:
    width = WAYS[look][1]
    length, wide = (8 + width) * scale, (7 + width) * scale
    tip = f"{{Triangle[length={length:.2f}pt,width={wide:.2f}pt]}}"
    arrow = f"{tip}-" if look == "done" or up else f"-{tip}"
    dashed = ", dashed" if look == "waiting" else ""
    return f"draw=tg{look}, line width={width * scale:.2f}pt, {arrow}{dashed}"


def _begin(layout: Layout, scale: float) -> list[str]:
    return [
        rf"\begin{{tikzpicture}}[x={UNIT * scale:.3f}pt, y={-UNIT * scale:.3f}pt, "
        rf"every node/.style={{scale={scale:.4f}}}]",
        rf"\useasboundingbox (0,0) rectangle {_at(layout.width, layout.height)};",
    ]


def _at(x: float, y: float) -> str:
    """A place; in hundreds of px, as TeX can't read the numbers of a huge picture."""
    return f"({x / UNIT:.3f},{y / UNIT:.3f})"


# ----------------------------------------------------------------- what stands still


def _edge(route: Route, options: str = "") -> str:
    """One path from the source down to the target, and the label."""
    path = _at(*route.points[0])
    for start, end in pairwise(route.points):
        if start[0] == end[0]:
            path += f" -- {_at(*end)}"
        else:
            first, second = bend(start, end)
            path += f" .. controls {_at(*first)} and {_at(*second)} .. {_at(*end)}"
    text = rf"\draw[tg edge{options}] {path};"
    if route.edge.label:
        side = "west" if route.label_side > 0 else "east"
        text += "\n" + _text(
            route.label_at, route.edge.label, f"tg text, anchor=base {side}, fill=white"
        )
    return text


def _still(vertex: Vertex, box: Box) -> Iterator[str]:
    """A box with all lines of its vertex."""
    yield from _frame(vertex, box)
    lines = [(text, DETAIL_SIZE if i else TITLE_SIZE) for i, text in enumerate(vertex.lines)]
    y = box.y - sum(line_height(size) for _, size in lines) / 2
    for text, size in lines:
        y += line_height(size)
        yield _text((box.x, y - 4.5), text, "tg title" if size == TITLE_SIZE else "tg text")


def _frame(vertex: Vertex, box: Box, options: str = "") -> Iterator[str]:
    """A box's outline, and its place by the vertex's name, for drawings of your own."""
    yield rf"\coordinate ({vertex.id}) at {_at(box.x, box.y)};"
    sizes = [(box.width, box.height), inner_box(box.width, box.height)]
    for size in sizes[: STYLES[vertex.kind].peripheries]:
        corners = outline(vertex.kind, box.x, box.y, *size)
        path = " -- ".join(_at(*corner) for corner in corners)
        yield rf"\draw[tg {vertex.kind}{options}] {path} -- cycle;"


def _text(at: tuple[float, float], text: str, options: str = "tg text") -> str:
    return rf"\node[{options}] at {_at(*at)} {{{escape(text)}}};"


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
    for number, route in enumerate(layout.routes):
        ways = [
            "tg edge up"
            if step.edges[number] == "active" and step.phase == "backward"
            else f"tg edge {step.edges[number]}"
            for step in told
        ]
        yield _edge(route, _on(ways, "tg edge ready"))
    for vertex in graph.vertices:
        box = layout.boxes[vertex.id]
        looks = [f"tg box {step.looks[vertex.id]}" for step in told]
        yield from _frame(vertex, box, _on(looks, "tg box ready"))
        lines = room.lines(vertex)
        y = box.y - sum(line_height(size) for _, _, size in lines) / 2
        for kind, text, size in lines:
            y += line_height(size)
            style = "tg title" if size == TITLE_SIZE else "tg text"
            if kind == "text":
                yield _text((box.x, y - 4.5), text, style)
            else:
                texts = [line_text(kind, vertex.id, step) for step in told]
                yield from _only(texts, (box.x, y - 4.5), style)
    for vertex_id in sorted({vertex for step in told for vertex in step.badges}):
        box = layout.boxes[vertex_id]
        texts = [step.badges.get(vertex_id, "") for step in told]
        words = [text and f"Σ {text}" for text in texts]
        yield from _only(words, (box.x + box.width / 2 - 6, box.y - box.height / 2), "tg badge")


def _on(options: Sequence[str], usual: str) -> str:
    return "".join(f", on=<{span}>{{{what}}}" for span, what in spans(options) if what != usual)


def _only(texts: Sequence[str], at: tuple[float, float], style: str) -> Iterator[str]:
    """A text that changes, where there is one."""
    for span, text in spans(texts):
        if text:
            yield rf"\only<{span}>{{{_text(at, str(text), style)}}}"


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
