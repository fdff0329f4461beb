"""What the kinds of vertices look like, and how large their boxes are: shared by all renderers.

Fills are light tints and strokes full tones of the Okabe-Ito palette, which readers with any
common colour blindness can tell apart; the kinds differ in outline as well, so that colour is
never the only sign.
"""

import unicodedata
from dataclasses import dataclass

from .graph import Kind, Vertex

TITLE_SIZE = 13  # px, the first line of a box
DETAIL_SIZE = 11  # px, the others
FONTS = "DejaVu Sans Mono, Menlo, Consolas, Liberation Mono, monospace"
TEXT_COLOR = "#1a1a1a"
EDGE_COLOR = "#4d4d4d"
PADDING = 12  # px, left and right of the text
CUT = 9  # px, how much of a corner an outline takes
# The advance of a character in the widest common monospace font (DejaVu Sans Mono); the names and
# shapes in boxes are code, and a fixed pitch tells their width without a font file.
ADVANCE = 0.602


@dataclass(frozen=True)
class Style:
    """Colours and outline of one kind of vertex.

    `dot_shape` is Graphviz's name of the outline; `dot_style` and `peripheries` refine it.
    """

    fill: str
    stroke: str
    dot_shape: str
    dot_style: str = "filled"
    peripheries: int = 1


STYLES: dict[Kind, Style] = {
    "input": Style("#ddf0fb", "#0072b2", "parallelogram"),
    "leaf": Style("#fcf8c9", "#8a7d00", "box"),
    "parameter": Style("#fdecc8", "#b87a00", "box", peripheries=2),
    "op": Style("#f2f2f2", "#4d4d4d", "box", dot_style="rounded,filled"),
    "block": Style("#f2f2f2", "#4d4d4d", "box", dot_style="rounded,filled", peripheries=2),
    "output": Style("#d3f0e6", "#00795a", "octagon"),
}
ROUNDED = ("op", "block")  # the kinds with round corners
FRAME_FILLS = ("#f6f6fb", "#ececf6")  # of modules, alternating with their depth
FRAME_COLOR = "#8585a8"


def text_width(text: str, size: float) -> float:
    """Width of one line in px; East Asian characters take two columns.

    Examples
    --------
    >>> round(text_width("matmul", 10), 2)
    36.12
    """
    columns = sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )
    return columns * ADVANCE * size


def line_sizes(vertex: Vertex) -> list[tuple[str, int]]:
    """The lines of a box, each with its font size."""
    return [
        (line, DETAIL_SIZE if number else TITLE_SIZE) for number, line in enumerate(vertex.lines)
    ]


def box_size(vertex: Vertex) -> tuple[float, float]:
    """Width and height in px of the box that holds all lines of a vertex."""
    lines = line_sizes(vertex)
    width = max(text_width(line, size) for line, size in lines)
    height = sum(line_height(size) for _, size in lines)
    slant = CUT if vertex.kind == "input" else 0
    return max(width + 2 * PADDING + slant, 46.0), height + 12.0


def line_height(size: int) -> float:
    """Distance between the baselines of two lines, in px."""
    return size + 4.0


def inner_box(width: float, height: float) -> tuple[float, float]:
    """The second frame of a box with two."""
    return width - 6.0, height - 6.0


def outline(
    kind: Kind, x: float, y: float, width: float, height: float
) -> list[tuple[float, float]]:
    """Corners of the outline around the centre (x, y), clockwise (some are then rounded)."""
    left, right, top, bottom = x - width / 2, x + width / 2, y - height / 2, y + height / 2
    if kind == "input":
        return [(left + CUT, top), (right, top), (right - CUT, bottom), (left, bottom)]
    if kind == "output":
        return [
            (left + CUT, top),
            (right - CUT, top),
            (right, top + CUT),
            (right, bottom - CUT),
            (right - CUT, bottom),
            (left + CUT, bottom),
            (left, bottom - CUT),
            (left, top + CUT),
        ]
    return [(left, top), (right, top), (right, bottom), (left, bottom)]
