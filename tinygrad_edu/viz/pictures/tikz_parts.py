"""The pieces of a LaTeX picture: the document, its styles, edges, boxes and texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from ..graph import Vertex
from ..layout.layout import Box, Layout, Route, bend
from ..style import (
    DETAIL_SIZE,
    EDGE_COLOR,
    FRAME_COLOR,
    FRAME_FILLS,
    STYLES,
    TEXT_COLOR,
    TITLE_SIZE,
    Style,
    inner_box,
    outline,
)
from .drawing import (
    ACTIVE_FILL,
    DONE_FILL,
    FAILED_FILL,
    FRAMES,
    QUEUED,
    WAITING,
    WAYS,
)
from .latex import escape
from .storyboard import Look

UNIT = 100.0  # px in one unit of TikZ's coordinates


def document(
    head: str, packages: Sequence[str], settings: Sequence[str], body: Sequence[str]
) -> str:
    """A LaTeX document: its class, its packages, what follows them, and what it shows."""
    lines = [
        "% made by tinygrad_edu viz; compile with pdflatex",
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


def tikzset(styles: Mapping[Any, Style], scale: float) -> list[str]:
    """Colours and styles; line widths and heads are not scaled by TikZ, so they are here."""
    colors = {"ink": TEXT_COLOR, "edge": EDGE_COLOR}
    colors |= {"doneFill": DONE_FILL, "activeFill": ACTIVE_FILL, "failedFill": FAILED_FILL}
    colors |= {"badge": QUEUED, "waiting": WAITING}
    colors |= {"module": FRAME_COLOR, "moduleA": FRAME_FILLS[0], "moduleB": FRAME_FILLS[1]}
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
    for number, name in enumerate("AB"):
        options = f"draw=tgmodule, fill=tgmodule{name}, line width={scale:.2f}pt"
        lines.append(
            f"  tg module {number}/.style={{{options}, rounded corners={6 * scale:.1f}pt}},"
        )
    lines += [
        f"  tg edge/.style={{{_edge_options('ready', scale)}}},",
        f"  tg edge up/.style={{{_edge_options('active', scale, up=True)}}},",
        rf"  tg text/.style={{anchor=base, inner sep=0pt, text=tgink, font={_font(DETAIL_SIZE)}}},",
        rf"  tg title/.style={{tg text, font={_font(TITLE_SIZE)}\bfseries}},",
        rf"  tg badge/.style={{anchor=base, fill=tgbadge, text=white, inner sep=2pt, "
        rf"rounded corners={6 * scale:.1f}pt, font={_font(DETAIL_SIZE)}}},",
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


def begin(layout: Layout, scale: float) -> list[str]:
    """The first lines of a picture."""
    return [
        rf"\begin{{tikzpicture}}[x={UNIT * scale:.3f}pt, y={-UNIT * scale:.3f}pt, "
        rf"every node/.style={{scale={scale:.4f}}}]",
        rf"\useasboundingbox (0,0) rectangle {_at(layout.width, layout.height)};",
    ]


def _at(x: float, y: float) -> str:
    """A place; in hundreds of px, as TeX can't read the numbers of a huge picture."""
    return f"({x / UNIT:.3f},{y / UNIT:.3f})"


# ----------------------------------------------------------------- the parts


def modules(layout: Layout) -> Iterator[str]:
    """The frames of modules, outer ones first."""
    for module in layout.frames:
        corners = (
            _at(module.left, module.top),
            _at(module.left + module.width, module.top + module.height),
        )
        yield rf"\draw[tg module {module.depth % 2}] {corners[0]} rectangle {corners[1]};"


def module_titles(layout: Layout) -> Iterator[str]:
    """Their names, above the edges."""
    for module in layout.frames:
        style = f"tg text, anchor=base west, fill=tgmodule{'AB'[module.depth % 2]}"
        yield text_node((module.title_left, module.top + 14), module.title, style)


def edge(route: Route, options: str = "") -> str:
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
        text += "\n" + text_node(
            route.label_at, route.edge.label, f"tg text, anchor=base {side}, fill=white"
        )
    return text


def frame(vertex: Vertex, box: Box, options: str = "") -> Iterator[str]:
    """A box's outline, and its place by the vertex's name, for drawings of your own."""
    yield rf"\coordinate ({vertex.id}) at {_at(box.x, box.y)};"
    sizes = [(box.width, box.height), inner_box(box.width, box.height)]
    for size in sizes[: STYLES[vertex.kind].peripheries]:
        corners = outline(vertex.kind, box.x, box.y, *size)
        path = " -- ".join(_at(*corner) for corner in corners)
        yield rf"\draw[tg {vertex.kind}{options}] {path} -- cycle;"


def text_node(at: tuple[float, float], text: str, options: str = "tg text") -> str:
    """A text that stands on a place, its middle there unless an anchor says otherwise."""
    return rf"\node[{options}] at {_at(*at)} {{{escape(text)}}};"
