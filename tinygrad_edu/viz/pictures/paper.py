"""The shapes of `drawing` written as a stand-alone SVG, or as PDF by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from ..layout.layout import Point, bend
from ..style import FONTS
from .drawing import Curve, Outline, Page, Shape, Text

MARK = "made by tinygrad_edu viz"  # in every file, so that the next export may replace it


def to_svg_text(drawn: Sequence[Shape], page: Page, title: str) -> str:
    """A stand-alone SVG."""
    width, height = _number(page.width), _number(page.height)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(clean(title))}>',
            f"<!-- {MARK} -->",
            f"<title>{escape(clean(title))}</title>",
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            f'<g font-family="{FONTS}">',
            *map(_svg, drawn),
            "</g>",
            "</svg>\n",
        ]
    )


def _svg(shape: Shape) -> str:
    if isinstance(shape, Text):
        weight = ' font-weight="bold"' if shape.bold else ""
        return (
            f'<text x="{_number(shape.at[0])}" y="{_number(shape.at[1])}" fill="{shape.color}" '
            f'font-size="{_number(shape.size)}" text-anchor="{shape.anchor}"{weight}>'
            f"{escape(clean(shape.text))}</text>"
        )
    dash = ' stroke-dasharray="5 3"' if shape.dashed else ""
    if isinstance(shape, Curve):
        path = f"M{_point(shape.points[0])}"
        for start, end in pairwise(shape.points):
            path += "C" + " ".join(map(_point, (*bend(start, end), end)))
        head = " ".join(map(_point, shape.head))
        return (
            f'<path d="{path}" fill="none" stroke="{shape.color}" '
            f'stroke-width="{_number(shape.width)}"{dash}/>'
            f'<polygon points="{head}" fill="{shape.color}"/>'
        )
    paint = (
        f'fill="{shape.fill}" stroke="{shape.stroke}" stroke-width="{_number(shape.width)}"{dash}'
    )
    if shape.rounded:
        (left, top), (right, bottom) = shape.points[0], shape.points[2]
        return (
            f'<rect x="{_number(left)}" y="{_number(top)}" width="{_number(right - left)}" '
            f'height="{_number(bottom - top)}" rx="{_number(shape.rounded)}" {paint}/>'
        )
    return f'<polygon points="{" ".join(map(_point, shape.points))}" {paint}/>'


def _point(point: Point) -> str:
    return f"{_number(point[0])},{_number(point[1])}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def clean(text: str) -> str:
    r"""Without the characters that XML can't hold and LaTeX can't print.

    Examples
    --------
    >>> clean("a\x00b") == "a\ufffdb"
    True
    """
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


# ----------------------------------------------------------------- PDF


def to_pdf_bytes(drawn: Sequence[Shape], page: Page) -> bytes:
    """The same by matplotlib; ImportError without it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(page.width / 72, page.height / 72))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, page.width)
    axes.set_ylim(page.height, 0)
    axes.set_axis_off()
    for order, shape in enumerate(drawn):
        _MPL[type(shape)](axes, shape, order)
    file = io.BytesIO()
    # No date: the same trace gives the same file.
    figure.savefig(file, format="pdf", metadata={"CreationDate": None, "Creator": MARK})
    return file.getvalue()


def _mpl_outline(axes: Any, shape: Outline, order: int) -> None:
    from matplotlib.patches import FancyBboxPatch, Polygon

    style: dict[str, Any] = {
        "facecolor": shape.fill,
        "edgecolor": shape.stroke,
        "linewidth": shape.width,
        "linestyle": (0, (5, 3)) if shape.dashed else "-",
        "zorder": order,
    }
    if shape.rounded:
        (left, top), (right, bottom) = shape.points[0], shape.points[2]
        rounding = f"round,pad=0,rounding_size={shape.rounded}"
        size = right - left, bottom - top
        axes.add_patch(FancyBboxPatch((left, top), *size, boxstyle=rounding, **style))
    else:
        axes.add_patch(Polygon(shape.points, **style))


def _mpl_curve(axes: Any, shape: Curve, order: int) -> None:
    from matplotlib.patches import PathPatch, Polygon
    from matplotlib.path import Path

    points, codes = [shape.points[0]], [Path.MOVETO]
    for start, end in pairwise(shape.points):
        points += [*bend(start, end), end]
        codes += [Path.CURVE4] * 3
    line: dict[str, Any] = {"edgecolor": shape.color, "linewidth": shape.width, "zorder": order}
    dash: Any = (0, (5, 3)) if shape.dashed else "-"
    axes.add_patch(PathPatch(Path(points, codes), fill=False, linestyle=dash, **line))
    if shape.head:
        head: dict[str, Any] = {"facecolor": shape.color, "edgecolor": "none", "zorder": order}
        axes.add_patch(Polygon(shape.head, **head))


def _mpl_text(axes: Any, shape: Text, order: int) -> None:
    axes.text(
        *shape.at,
        clean(shape.text),
        fontsize=shape.size,
        color=shape.color,
        weight="bold" if shape.bold else "normal",
        ha={"start": "left", "middle": "center", "end": "right"}[shape.anchor],
        va="baseline",
        family="monospace",
        parse_math=False,  # a `$` in a name starts no formula
        zorder=order,
    )


_MPL: dict[type, Callable[[Any, Any, int], None]] = {
    Outline: _mpl_outline,
    Curve: _mpl_curve,
    Text: _mpl_text,
}
