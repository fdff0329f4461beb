"""A report as HTML for a notebook: the words of the text, and heat maps of the relative error.

The fragment needs nothing from outside: no script, no style sheet, no font. Its colours are read on
light and on dark pages, and its scale by colour-blind readers, because it grows darker all the way.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from . import report_text as words
from .findings import Findings, InputReport
from .scale import label

# An error of 1e-12 and less has the first colour, 1 and more the last; a NaN has its own.
PALE, MIDDLE, DARK = (222, 235, 247), (240, 160, 60), (110, 20, 10)
STEPS = 13
NOT_FINITE = "#000000"

SIDE = 64  # more rows or columns than these are shown by block maxima
TIPPED = 400  # so many cells, the worst ones, say on hovering what they are
MAPS = 8  # more heat maps than these nobody looks at

BADGES = {  # colour and sign, so that neither has to be seen
    "pass": ("#1f6f9f", "✓"),
    "kink": ("#5a5fa8", "✓"),
    "inconclusive": ("#6b6b6b", "?"),
    "fail": ("#a3400a", "✗"),
}
FAINT = "1px solid rgba(128,128,128,.45)"


def colour(level: int) -> str:
    """The colour of errors near ``10 ** (level - 12)``.

    Examples
    --------
    >>> colour(0), colour(12)
    ('#deebf7', '#6e140a')
    """
    t = min(max(level, 0), STEPS - 1) / (STEPS - 1) * 2
    low, high = (PALE, MIDDLE) if t <= 1 else (MIDDLE, DARK)
    t -= t > 1
    mixed = (round(a + (b - a) * t) for a, b in zip(low, high, strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def level_of(error: float) -> int:
    """The step on the colour scale of an error.

    Examples
    --------
    >>> [level_of(error) for error in (0.0, 1e-12, 1e-7, 0.5, 3.0)]
    [0, 0, 5, 12, 12]
    """
    if not error > 0:
        return 0
    return min(max(round(math.log10(error)) + STEPS - 1, 0), STEPS - 1)


def grid(errors: np.ndarray) -> np.ndarray:
    """The errors as rows of the last axis; a vector as one row, a number as one cell."""
    return errors.reshape(1, -1) if errors.ndim < 2 else errors.reshape(-1, errors.shape[-1])


def blocks(errors: np.ndarray) -> tuple[np.ndarray, tuple[int, int]]:
    """The maxima of blocks, at most 64 a side, and the size of a block.

    Examples
    --------
    >>> small, size = blocks(np.eye(100))
    >>> small.shape, size
    ((50, 50), (2, 2))
    """
    tall, wide = (-(-n // SIDE) for n in errors.shape)
    for axis, block in ((0, tall), (1, wide)):
        starts = np.arange(0, errors.shape[axis], block)
        errors = np.maximum.reduceat(errors, starts, axis=axis)
    return errors, (tall, wide)


def values_of(one: InputReport, errors: np.ndarray, place: tuple[int, int], error: float) -> str:
    """What a cell says on hovering: its index, or those of its block, and its numbers."""
    size = words.error_text(error, 1)
    rows = grid(errors)
    block = blocks(rows)[1]
    if block != (1, 1):
        ends = [(p * b, (p + 1) * b - 1) for p, b in zip(place, block, strict=True)]
        down, along = (f"{a} to {b}" if a < b else str(a) for a, b in ends)
        return f"rows {down}, columns {along}: at most {size}, {label(error)}"
    flat = place[0] * rows.shape[1] + place[1]
    index = tuple(int(i) for i in np.unravel_index(flat, errors.shape))
    at = [np.broadcast_to(np.asarray(v), errors.shape)[index] for v in (one.analytic, one.numeric)]
    analytic, numeric = (words.number(float(v), words.digits_for(error, 6)) for v in at)
    where = words.shape_text(index)
    return f"{where}: analytic {analytic}, numeric {numeric}, error {size}, {label(error)}"


def square(place: tuple[int, int], side: int, look: str, inside: str = "") -> str:
    """A cell of the map."""
    at = f'x="{place[1] * side}" y="{place[0] * side}" width="{side}" height="{side}"'
    return f"<rect {at} {look}>{inside}</rect>"


def outline(place: tuple[int, int], side: int) -> str:
    """A frame around a cell: white on black is seen on every colour."""
    looks = ((4, "#000000"), (1.6, "#ffffff"))
    frame = 'fill="none" pointer-events="none" stroke="{}" stroke-width="{}"'
    return "".join(square(place, side, frame.format(ink, width)) for width, ink in looks)


def worst_cell(one: InputReport, errors: np.ndarray) -> tuple[int, int]:
    """The cell that holds the worst element."""
    rows = grid(errors)
    tall, wide = blocks(rows)[1]
    flat = np.ravel_multi_index(one.elements(1)[0].index, errors.shape) if errors.ndim else 0
    r, c = divmod(int(flat), rows.shape[1])
    return r // tall, c // wide


def drawing(one: InputReport, errors: np.ndarray) -> str:
    """The heat map of one input.

    Its worst cells have tooltips. The many others share one path a colour, which keeps the page
    small.
    """
    cells = blocks(grid(errors))[0]
    rows, columns = cells.shape
    side = min(max(480 // max(rows, columns), 7), 20)
    order = [divmod(int(k), columns) for k in np.argsort(-cells.ravel(), kind="stable")]
    paths: dict[str, list[str]] = {}
    body = []
    for k, place in enumerate(order):
        error = float(cells[place])
        fill = colour(level_of(error)) if math.isfinite(error) else NOT_FINITE
        if k < TIPPED:
            tip = f"<title>{text(values_of(one, errors, place, error))}</title>"
            body.append(square(place, side, f'fill="{fill}"', tip))
        else:
            r, c = place
            paths.setdefault(fill, []).append(f"M{c * side} {r * side}h{side}v{side}h-{side}z")
    body += [f'<path fill="{fill}" d="{"".join(parts)}"/>' for fill, parts in paths.items()]
    body.append(outline(worst_cell(one, errors), side))  # last, so that no neighbour covers it
    return picture(columns * side, rows * side, "".join(body), f"error of {one.name}")


def picture(width: int, height: int, body: str, name: str) -> str:
    """An inline SVG with a margin for the outline."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{text(name)}" '
        f'width="{width + 6}" height="{height + 6}" viewBox="-3 -3 {width + 6} {height + 6}">'
        f"{body}</svg>"
    )


def legend() -> str:
    """The colour scale, with CS231n's limits on it."""
    width = 26
    cells = "".join(
        f'<rect x="{k * width}" y="0" width="{width}" height="10" fill="{colour(k)}"/>'
        for k in range(STEPS)
    )
    ticks = ((0.3, "≤1e-12"), (5, "1e-7"), (8, "1e-4"), (10, "1e-2"), (12, "≥1"))
    marks = "".join(
        f'<text x="{k * width + width // 2}" y="23" font-size="10" text-anchor="middle" '
        f'fill="currentColor">{name}</text>'
        for k, name in ticks
    )
    black = (
        f'<rect x="{STEPS * width + 16}" y="0" width="{width}" height="10" fill="{NOT_FINITE}" '
        f'stroke="#888" stroke-width="1"/><text x="{STEPS * width + 29}" y="23" font-size="10" '
        'text-anchor="middle" fill="currentColor">not finite</text>'
    )
    return picture(STEPS * width + 66, 26, cells + marks + black, "scale of the relative error")


def text(value: Any) -> str:
    """Text that HTML and XML can hold."""
    return escape(words.clean(value))


def lines(rows: Sequence[str], style: str = "") -> str:
    """Lines of the text report as blocks: the page wraps them, so what is wrapped is joined."""
    joined: list[str] = []
    for row in rows:
        if row.startswith(words.INDENT * 2) and joined:
            joined[-1] += " " + row.strip()
        else:
            joined.append(row.strip())
    apart = (text(row.replace("   ", " \N{MIDDLE DOT} ")) for row in joined)
    return "".join(f'<div style="margin:2px 0;{style}">{row}</div>' for row in apart)


def element_table(report: Findings) -> str:
    """The worst elements of the worst input."""
    rows = words.element_rows(report.inputs)
    if not rows:
        return ""
    cell = f"padding:2px 10px;text-align:left;border-bottom:{FAINT}"
    body = "".join(
        "<tr>" + "".join(f'<{tag} style="{cell}">{text(v)}</{tag}>' for v in row) + "</tr>"
        for tag, row in zip(["th"] + ["td"] * len(rows), rows, strict=False)
    )
    return (
        '<table style="font:inherit;color:inherit;background:transparent;border-collapse:collapse;'
        f'margin:4px 0;font-variant-numeric:tabular-nums">{body}</table>'
    )


def every_input(report: Findings) -> list[InputReport]:
    """The inputs of the report and of its parts."""
    return [*report.inputs, *(one for part in report.parts for one in part.inputs)]


def heat_maps(report: Findings) -> str:
    """A heat map for every input whose elements were compared, the worst inputs first."""
    drawn = [(one, one.errors()) for one in every_input(report)]
    known = [(one, e) for one, e in drawn if e is not None and e.size]
    known.sort(key=lambda pair: -float(pair[1].max()))
    figures = []
    for one, errors in known[:MAPS]:
        size = blocks(grid(errors))[1]
        note = "" if size == (1, 1) else f"; each cell the worst of {size[0]} x {size[1]} elements"
        note = note if errors.ndim < 3 else "; rows of the last axis" + note
        figures.append(
            '<figure style="display:inline-block;margin:6px 18px 6px 0;vertical-align:top">'
            f'<figcaption style="margin-bottom:3px">{text(words.input_text(one))}{text(note)}'
            f"</figcaption>{drawing(one, errors)}</figure>"
        )
    if not figures:
        return ""
    more = len(known) - len(figures)
    left = f"... and {words.plural(more, 'heat map')} more, of smaller errors"
    title = lines(["relative error of each element; the worst is outlined"], "margin-top:8px")
    return title + "".join(figures) + lines([left] if more else []) + f"<div>{legend()}</div>"


def fragment(report: Findings) -> str:
    """Badge, words, table and heat maps."""
    ink, sign = BADGES[report.verdict]
    badge = (
        f'<span style="background:{ink};color:#fff;border-radius:4px;padding:2px 8px;'
        f'font-weight:600">{sign} gradcheck {words.VERDICT_WORDS[report.verdict]}</span>'
    )
    price = words.calls(report)
    head = (
        f"<div>{badge} <b>{text(words.subject(report))}</b>"
        f'<span style="opacity:.75;margin-left:14px">{text(price)}</span></div>'
    )
    body = lines(words.slopes(report) + words.summary(report)) + element_table(report)
    body += lines(words.part_lines(report.parts, 40))
    body += lines(words.explanation(report))
    body += lines(words.note_lines(report.notes, 40), "opacity:.85")
    return (
        '<div style="font:13px/1.45 system-ui,sans-serif;color:inherit;background:transparent;'
        f'border-left:4px solid {ink};padding:6px 12px;max-width:70em">{head}{body}'
        f"{heat_maps(report)}</div>"
    )


def html(report: Findings) -> str:
    """The report as a self-contained HTML fragment; what cannot be drawn is shown as text."""
    try:
        return fragment(report)
    except Exception:  # an error here would hide the report behind a traceback
        rows = str(report).splitlines()
        return "<pre>" + "\n".join(escape(row) for row in rows) + "</pre>"
