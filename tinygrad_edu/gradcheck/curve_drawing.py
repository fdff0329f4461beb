"""A U curve as plain text, as SVG, and with matplotlib."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .curve_data import Curve


class _Look(NamedTuple):
    """`letter` stands for the method in plain text, `marker` is matplotlib's name of a shape."""

    letter: str
    color: str
    marker: str
    shape: str  # the same marker about the origin, as an SVG path
    width: float = 1.8


# Colours of Okabe and Ito, some darkened to stand out from white; the markers say it without them.
_LOOKS = {
    "forward": _Look("f", "#d55e00", "s", "M-5-5H5V5H-5Z"),
    "central": _Look("c", "#0072b2", "o", "M-5 0A5 5 0 1 1 5 0A5 5 0 1 1-5 0Z"),
    "fourth": _Look("4", "#007a5a", "^", "M0-6L6 5H-6Z"),
    "sixth": _Look("6", "#a8447f", "D", "M0-6L6 0L0 6L-6 0Z"),
    # Its truncation error is that of central: a broad line beneath, so that both are seen.
    "complex": _Look("i", "#999999", "v", "M0 6L6-5H-6Z", 4),
}
_FLOOR = -16  # the exponent of the least error that is shown: float64 resolves no less
_HEAD = ("least", "at step", "theory", "slopes")
_LINES, _COLUMNS = 30, 80


def _dtypes(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(c.dtype for c in curves))


def _methods(curves: Sequence[Curve]) -> list[str]:
    return list(dict.fromkeys(c.method for c in curves))


def _drawn(curves: Sequence[Curve], dtype: str = "") -> list[Curve]:
    """The curves, of one dtype or all, the one that goes beneath the others first."""
    chosen = [c for c in curves if dtype in ("", c.dtype)]
    return sorted(chosen, key=lambda c: c.method != "complex")


def _reach(curves: Sequence[Curve]) -> tuple[int, int, int]:
    """Exponents of the smallest and largest step, and of the least error shown."""
    steps = np.concatenate([c.steps for c in curves])
    errors = np.concatenate([c.errors for c in curves])
    low = min((float(e) for e in errors if e > 0 and np.isfinite(e)), default=1.0)
    if not steps.size:
        return -15, 0, _FLOOR
    ends = math.floor(np.log10(steps.min()) + 1e-9), math.ceil(np.log10(steps.max()) - 1e-9)
    return ends[0], ends[1], max(_FLOOR, min(math.floor(math.log10(low)), -4))


def _heights(curve: Curve, floor: int) -> np.ndarray:
    """The exponents of the errors, from `floor` to 0."""
    errors = np.where(np.isfinite(curve.errors), curve.errors, 1.0)
    return np.log10(np.clip(errors, 10.0**floor, 1.0))


def _cells(curve: Curve | None) -> list[str]:
    """Least error, its step, theory's step and the two slopes, as a row of the table."""
    if curve is None:
        return ["-", "-", "-", "- -"]
    numbers = [curve.best_error, curve.best_step, curve.theory]
    shown = ["-" if n is None or math.isnan(n) else f"{n:.1e}" for n in numbers]
    slopes = ["-" if n is None else f"{n:+.1f}" for n in (curve.slope, curve.round_off)]
    return [*shown, " ".join(f"{s:>4}" for s in slopes)]


def _find(curves: Sequence[Curve], method: str, dtype: str) -> Curve | None:
    return next((c for c in curves if (c.method, c.dtype) == (method, dtype)), None)


def _cut(text: str, width: int) -> str:
    return textwrap.shorten(text, width, placeholder=" ...")


# ------------------------------------------------------------------------------- plain text


def draw_text(name: str, reference: str, curves: Sequence[Curve], notes: Sequence[str]) -> str:
    """At most 30 lines of 80 columns: the curves, the table, the notes."""
    dtypes = _dtypes(curves)
    reach = _reach(curves)
    per_decade = 2 if len(dtypes) > 1 else 4
    panels = [_panel(_drawn(curves, d), reach, per_decade) for d in dtypes]
    lines = [
        _cut(f"error of the numerical derivative of {name} against the step", _COLUMNS),
        _cut(f"compared with {reference}; on the axis: theory's best steps", _COLUMNS),
        "error  " + "   ".join(f"{d:^{len(p[0])}}" for d, p in zip(dtypes, panels, strict=True)),
    ]
    for i, row in enumerate(zip(*panels, strict=True)):
        label = f"1e{-i:<+4d}" if i % 2 == 0 and i <= -reach[2] else ""
        label = "step" if i == len(panels[0]) - 1 else label.replace("-0", "+0")
        lines.append(f"{label:<6} " + "   ".join(row))
    lines += _table(curves, dtypes)
    lines += _fitted([f"note: {n}" for n in notes], _LINES - len(lines))
    return "\n".join(line.rstrip() for line in lines)


def _fitted(notes: list[str], room: int) -> list[str]:
    """The notes in `room` lines: whole, else cut, else the first ones."""
    whole = [line for n in notes for line in textwrap.wrap(n, _COLUMNS)]
    if len(whole) <= room:
        return whole
    if len(notes) <= room:
        return [_cut(n, _COLUMNS) for n in notes]
    more = f" (and {len(notes) - room} more in .notes)"
    last = _cut(notes[room - 1], _COLUMNS - len(more)) + more
    return [*(_cut(n, _COLUMNS) for n in notes[: room - 1]), last]


def _panel(curves: Sequence[Curve], reach: tuple[int, int, int], per_decade: int) -> list[str]:
    """Rows of one decade each, the axis, and the numbers below it."""
    low, high, floor = reach
    width = (high - low) * per_decade + 1
    cells = [[" "] * width for _ in range(1 - floor)]
    axis = ["-"] * width
    for curve in curves:
        letter = _LOOKS[curve.method].letter
        columns = np.rint((np.log10(curve.steps) - low) * per_decade).astype(int)
        for x, y in zip(columns, np.rint(-_heights(curve, floor)).astype(int), strict=True):
            cells[y][x] = letter
        if curve.theory is not None:
            axis[round((np.log10(curve.theory) - low) * per_decade)] = letter
    numbers = [" "] * width
    for exponent in range(high, low - 1, -5):
        text = f"1e{exponent}"
        at = min((exponent - low) * per_decade, width - len(text))
        numbers[at : at + len(text)] = text
    return ["".join(row) for row in [*cells, axis, numbers]]


def _table(curves: Sequence[Curve], dtypes: Sequence[str]) -> list[str]:
    """A line per method, with a block per dtype."""
    block = "{:<7} {:<7} {:<7} {:<9}"
    lines = [" " * 10 + "  ".join(block.format(*_HEAD) for _ in dtypes)]
    for m in _methods(curves):
        blocks = [block.format(*_cells(_find(curves, m, d))) for d in dtypes]
        lines.append(f"{_LOOKS[m].letter} {m:<8}" + "  ".join(blocks))
    return lines


# ------------------------------------------------------------------------------- SVG

_PANEL, _HEIGHT, _LEFT, _TOP, _GAP, _LINE = 360, 300, 64, 84, 64, 20
_STYLE = "font-family:system-ui,sans-serif;font-size:13px;background:#ffffff"


def _text(x: float, y: float, text: str, extra: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="#222222"{extra}>{html.escape(text)}</text>'


def draw_svg(name: str, reference: str, curves: Sequence[Curve], notes: Sequence[str]) -> str:
    """A panel per dtype, and below them the table, which is the legend."""
    dtypes = _dtypes(curves)
    width = _LEFT + max(2, len(dtypes)) * (_PANEL + _GAP)
    title = _cut(f"Error of the numerical derivative of {name} against the step", 80)
    parts = [
        _text(_LEFT, 26, title, ' font-size="16" font-weight="600"'),
        _text(_LEFT, 46, _cut(f"Relative error, compared with {reference}", 100)),
    ]
    reach = _reach(curves)
    for i, dtype in enumerate(dtypes):
        left = _LEFT + i * (_PANEL + _GAP)
        parts.append(_svg_panel(_drawn(curves, dtype), dtype, left, reach))
    y = _TOP + _HEIGHT + 72
    parts.append(_svg_legend(curves, dtypes, y))
    y += (len(_methods(curves)) + 2) * _LINE + 10
    marks = "Shape: the least error measured. Tick on the axis: the best step by theory."
    for line in [marks, *(part for n in notes for part in textwrap.wrap(n, 100))]:
        parts.append(_text(_LEFT, y, line))
        y += _LINE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" '
        f'viewBox="0 0 {width} {y}" role="img" aria-label="{html.escape(title)}" '
        f'style="{_STYLE}"><rect width="{width}" height="{y}" fill="#ffffff"/>'
        f"{''.join(parts)}</svg>"
    )


def _svg_panel(
    curves: Sequence[Curve], dtype: str, left: float, reach: tuple[int, int, int]
) -> str:
    """Axes with their numbers, and the curves of one dtype."""
    low, high, floor = reach
    bottom, right = _TOP + _HEIGHT, left + _PANEL

    def place(step: Any, height: Any) -> tuple[Any, Any]:
        x = left + _PANEL * (np.log10(step) - low) / (high - low)
        return x, _TOP + _HEIGHT * height / floor

    parts = [_text(left, _TOP - 10, dtype, ' font-weight="600"')]
    for exponent in range(high, low - 1, -3):
        x = place(10.0**exponent, 0)[0]
        parts.append(f'<path d="M{x:g} {_TOP}V{bottom}" stroke="#dddddd"/>')
        parts.append(_text(x, bottom + 20, f"1e{exponent}", ' text-anchor="middle"'))
    for exponent in range(0, floor - 1, -2):
        y = place(1.0, exponent)[1]
        parts.append(f'<path d="M{left} {y:g}H{right}" stroke="#dddddd"/>')
        parts.append(_text(left - 8, y + 4, f"1e{exponent}", ' text-anchor="end"'))
    parts.append(_text(left + _PANEL / 2, bottom + 42, "step", ' text-anchor="middle"'))
    parts.append(
        f'<rect x="{left}" y="{_TOP}" width="{_PANEL}" height="{_HEIGHT}" fill="none" '
        'stroke="#666666"/>'
    )
    for curve in curves:
        kind = _LOOKS[curve.method]
        points = zip(*place(curve.steps, _heights(curve, floor)), strict=True)
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{kind.color}" '
            f'stroke-width="{kind.width}"><title>{curve.method}, {curve.dtype}</title></polyline>'
        )
        if curve.theory is not None:
            x = place(curve.theory, 0)[0]
            tick = f'd="M{x:.1f} {bottom}v-12" stroke="{kind.color}" stroke-width="4"'
            parts.append(f"<path {tick}/>")
    # Markers last, so that no curve hides one.
    for curve in curves:
        if not math.isnan(curve.best_error):
            height = math.log10(min(max(curve.best_error, 10.0**floor), 1.0))
            parts.append(_marker(curve.method, *place(curve.best_step, height)))
    return "".join(parts)


def _marker(method: str, x: float, y: float) -> str:
    kind = _LOOKS[method]
    return (
        f'<path transform="translate({x:.1f} {y:.1f})" d="{kind.shape}" fill="{kind.color}" '
        'stroke="#ffffff"/>'
    )


def _svg_legend(curves: Sequence[Curve], dtypes: Sequence[str], y: float) -> str:
    """The table: a line per method, five columns per dtype."""
    head = {0: "least error", 84: "at step", 156: "theory", 228: "slope", 284: "round-off"}
    columns = [_LEFT + 116 + i * 364 for i in range(len(dtypes))]
    parts = []
    for x, dtype in zip(columns, dtypes, strict=True):
        parts.append(_text(x, y, dtype, ' font-weight="600"'))
        parts += [_text(x + j, y + _LINE, h, ' font-size="12"') for j, h in head.items()]
    for i, m in enumerate(_methods(curves)):
        at = y + (i + 2) * _LINE
        kind = _LOOKS[m]
        line = f'stroke="{kind.color}" stroke-width="{kind.width}"'
        parts.append(f'<path d="M{_LEFT} {at - 4:g}h28" {line}/>')
        parts.append(_marker(m, _LEFT + 14, at - 4))
        parts.append(_text(_LEFT + 38, at, m))
        for x, dtype in zip(columns, dtypes, strict=True):
            cells = " ".join(_cells(_find(curves, m, dtype))).split()
            parts += [
                _text(x + j, at, c.replace("-", "−")) for j, c in zip(head, cells, strict=True)
            ]
    return "".join(parts)


# ------------------------------------------------------------------------------- matplotlib


def draw_axes(name: str, curves: Sequence[Curve], ax: Any = None) -> Any:
    """Both dtypes in one picture: float64 solid, float32 dashed."""
    if ax is None:
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise ImportError(
                'plot needs matplotlib: python -m pip install "tinygrad-edu[plot]"'
            ) from error
        # Without pyplot: the backend that a notebook chose stays as it is.
        ax = Figure(figsize=(9, 5), layout="constrained").subplots()
    low, high, floor = _reach(curves)
    for curve in _drawn(curves):
        kind = _LOOKS[curve.method]
        lowest = np.flatnonzero(curve.steps == curve.best_step)
        ax.plot(
            curve.steps,
            10.0 ** _heights(curve, floor),
            color=kind.color,
            linestyle="-" if curve.dtype == "float64" else "--",
            marker=kind.marker,
            linewidth=kind.width,
            markevery=[int(i) for i in lowest],
            label=f"{curve.method}, {curve.dtype}",
        )
        if curve.theory is not None:
            bottom = ax.get_xaxis_transform()
            ax.plot([curve.theory] * 2, [0, 0.04], color=kind.color, lw=3, transform=bottom)
    ax.set(xscale="log", yscale="log", xlabel="step", ylabel="relative error")
    ax.set(xlim=(10.0**low, 10.0**high), ylim=(10.0**floor / 2, 2))
    ax.set_title(_cut(f"Numerical derivative of {name}", 60))
    ax.grid(alpha=0.3)
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
    return ax
