"""A race of several rules over one function, as a web page.

The page is one file that needs nothing else: contours and paths are SVG, and a short program moves
them. Without JavaScript it shows the finished race.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contours import contour_segments, grid, levels, window_of
from .functions import Objective
from .page import CONTROLS, DARK, KEYS, LIGHT, PROGRAM, STYLE
from .pictures import Window, common, heights, labels_of, span, visible
from .style import look
from .trace import Trace

_MOST_FRAMES = 600
_WIDTH, _HEIGHT = 600, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 16, 52
# Markers of radius 7 about the origin, under matplotlib's names.
_MARKERS = {
    "o": "M-6.5 0A6.5 6.5 0 1 0 6.5 0A6.5 6.5 0 1 0 -6.5 0Z",
    "s": "M-6 -6H6V6H-6Z",
    "^": "M0 -7.5L7.5 6H-7.5Z",
    "v": "M0 7.5L7.5 -6H-7.5Z",
    "D": "M0 -8L8 0L0 8L-8 0Z",
    "P": "M-2.5 -7H2.5V-2.5H7V2.5H2.5V7H-2.5V2.5H-7V-2.5H-2.5Z",
    "X": "M-7 -4L-4 -7L0 -3L4 -7L7 -4L3 0L7 4L4 7L0 3L-4 7L-7 4L-3 0Z",
}


@dataclass(frozen=True)
class _Panel:
    """A picture's range, and where it lies on the picture."""

    x: tuple[float, float]
    y: tuple[float, float]

    def place(self, x: Any, y: Any) -> NDArray[Any]:
        """Pixels, (n, 2). What is far outside is brought near, for the sake of SVG's numbers."""
        across = (np.asarray(x) - self.x[0]) / (self.x[1] - self.x[0])
        up = (np.asarray(y) - self.y[0]) / (self.y[1] - self.y[0])
        pixels = np.stack(
            [
                _LEFT + np.clip(across, -5, 6) * (_WIDTH - _LEFT - _RIGHT),
                _HEIGHT - _BOTTOM - np.clip(up, -5, 6) * (_HEIGHT - _TOP - _BOTTOM),
            ],
            -1,
        )
        return pixels.round(1)


def race_html(traces: Trace | Sequence[Trace], window: Window | None = None) -> str:
    """A race as a web page in one file: play, pause, a slider, the keyboard, light and dark.

    Parameters
    ----------
    traces : Trace or sequence of Trace
        Of one function.
    window : tuple of (low, high), optional
        The range of each variable; the function's own unless given, grown to hold the paths.

    Returns
    -------
    str

    Examples
    --------
    >>> from tinygrad_edu.lab import trace
    >>> page = race_html([trace(rule, "beale") for rule in ("sgd", "momentum")])
    >>> (
    ...     page.startswith("<!DOCTYPE html>"),
    ...     "http" in page.replace("http://www.w3.org", ""),
    ... )
    (True, False)
    """
    chosen, function = common(traces)
    names = [html.escape(name) for name in labels_of(chosen)]
    frames = _frames(chosen)
    ground, places = _ground(function, window or window_of(chosen))
    losses, curves = _loss_ground(chosen)
    moves = [
        {
            "map": places(t)[_until(frames, t)].tolist(),
            "loss": losses.place(range(t.steps + 1), _scaled(t))[_until(frames, t)].tolist(),
            "numbers": [_numbers(t, k) for k in _until(frames, t)],
        }
        for t in chosen
    ]
    cursor = losses.place(frames, np.zeros(len(frames)))[:, 0].tolist()
    data = {"steps": frames, "cursor": cursor, "traces": moves}
    views = "".join(
        _svg(view, background, names, moves, title)
        for view, background, title in (
            ("map", ground, f"Paths over {function.name}"),
            ("loss", curves, "Loss against step"),
        )
    )
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return _PAGE.format(
        title=html.escape(function.name),
        formula=html.escape(function.formula),
        start=", ".join(f"{x:g}" for x in chosen[0].points[0]),
        style=_style(len(chosen)),
        views=views,
        controls=CONTROLS.format(last=len(frames) - 1, steps=frames[-1]),
        table=_table(chosen, names, moves),
        keys=KEYS,
        data=text.replace("<", "\\u003c"),
        program=PROGRAM,
    )


_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A race on {title}</title><style>{style}</style></head><body>
<header><div><h1>A race on {title}, from ({start})</h1><p>f = {formula}</p></div>
<button id="theme" type="button" aria-label="dark or light">&#9680;&#xfe0e;</button></header>
<main><div class="views">{views}</div>{controls}
<div class="results">{table}</div>{keys}</main>
<script type="application/json" id="data">{data}</script>
<script>{program}</script></body></html>
"""


def _frames(traces: Sequence[Trace]) -> list[int]:
    """The steps that are shown: all, or as many as a browser moves smoothly."""
    longest = max(t.steps for t in traces)
    if longest < _MOST_FRAMES:
        return list(range(longest + 1))
    return [int(k) for k in np.unique(np.linspace(0, longest, _MOST_FRAMES).round())]


def _until(frames: Sequence[int], t: Trace) -> list[int]:
    """Those of the frames that a trace reaches, and its last step."""
    return [k for k in frames if k < t.steps] + [t.steps]


def _numbers(t: Trace, k: int) -> list[str]:
    return [f"{x:.4g}" for x in (t.values[k], *t.points[k])]


def _style(count: int) -> str:
    looks = [look(i) for i in range(count)]
    light = "".join(f"--t{i}: {kind.color}; " for i, kind in enumerate(looks))
    dark = DARK + "".join(f"--t{i}: {kind.on_dark}; " for i, kind in enumerate(looks))
    return STYLE.replace("LIGHT", LIGHT + light).replace("DARK", dark)


def _table(traces: Sequence[Trace], names: Sequence[str], data: Sequence[Any]) -> str:
    """One row a rule, with the numbers of the step that is shown."""
    head = ["f", *traces[0].head[1:-2]]  # first of all what they compete for
    rows = []
    for i, (t, name) in enumerate(zip(traces, names, strict=True)):
        cells = "".join(
            f'<td id="cell-{i}-{j}">{text}</td>' for j, text in enumerate(data[i]["numbers"][-1])
        )
        swatch = f'<svg viewBox="-10 -10 20 20" aria-hidden="true">{_marker(i)}</svg>'
        rows.append(f"<tr><td>{swatch}{name}</td>{cells}<td>{t.outcome}</td></tr>")
    columns = "".join(f"<th>{text}</th>" for text in ("rule", *head, "outcome"))
    return f"<table><thead><tr>{columns}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _marker(i: int, name: str = "") -> str:
    given = f' id="{name}"' if name else ""
    return f'<path class="head"{given} d="{_MARKERS[look(i).marker]}" fill="var(--t{i})"/>'


def _svg(view: str, ground: str, names: Sequence[str], data: Sequence[Any], title: str) -> str:
    """A panel with the paths over its ground, finished; the program moves them."""
    lines, heads = [], []
    for i, name in enumerate(names):
        points = " ".join(f"{x:g},{y:g}" for x, y in data[i][view])
        dash = f' stroke-dasharray="{look(i).dash}"' if look(i).dash else ""
        lines.append(
            f'<polyline class="path" id="{view}-path-{i}" stroke="var(--t{i})"{dash} '
            f'points="{points}"><title>{name}</title></polyline>'
        )
        x, y = data[i][view][-1]
        head = _marker(i, f"{view}-head-{i}")
        heads.append(head.replace("<path ", f'<path transform="translate({x:g} {y:g})" '))
    box = f'x="{_LEFT}" y="{_TOP}" width="{_WIDTH - _LEFT - _RIGHT}"'
    box += f' height="{_HEIGHT - _TOP - _BOTTOM}"'
    now = f'<line class="now" id="now" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}"/>'
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(title)}">'
        f'<clipPath id="{view}-clip"><rect {box}/></clipPath>{ground}'
        f'<rect class="frame" {box}/>{now if view == "loss" else ""}'
        f'<g clip-path="url(#{view}-clip)">{"".join(lines + heads)}</g></svg>'
    )


# ------------------------------------------------------------------------------ grounds


def _ground(function: Objective, window: Window) -> tuple[str, Callable[[Trace], NDArray[Any]]]:
    """The function as SVG, and what turns a trace into pixels on it."""
    if function.dimension == 1:
        x = np.linspace(*window[0], 301)
        y = function(x)
        panel = _Panel(window[0], span(y))
        drawn = f'<polyline class="graph" points="{_points(panel.place(x, y))}"/>'
        return _axes(panel, "x", "f") + drawn, lambda t: panel.place(t.points[:, 0], t.values)
    panel = _Panel(window[0], window[1])
    x1, x2, values = grid(function, window, 101)
    lines = []
    for level in levels(values):
        ends = contour_segments(x1, x2, values, level).reshape(-1, 2)
        pixels = panel.place(*ends.T).reshape(-1, 4)
        path = "".join(f"M{a:g} {b:g}L{c:g} {d:g}" for a, b, c, d in pixels)
        lines.append(f'<path class="contour" d="{path}"><title>f = {level:.3g}</title></path>')
    for x, y in (panel.place(*m) for m in function.minima):
        cross = f"M{x - 8:g} {y:g}H{x + 8:g}M{x:g} {y - 8:g}V{y + 8:g}"
        lines.append(f'<path class="minimum" d="{cross}"><title>minimum</title></path>')
    return (
        "".join(lines) + _axes(panel, "x₁", "x₂", grid_lines=False),
        lambda t: panel.place(*t.points.T),
    )


def _scaled(t: Trace) -> NDArray[Any]:
    """Heights as the loss panel shows them: their decimal logarithm where that makes sense."""
    return heights(t) if t.function.lowest is None else np.log10(heights(t))


def _loss_ground(traces: Sequence[Trace]) -> tuple[_Panel, str]:
    curves = np.concatenate([_scaled(t) for t in traces])
    top = max(_scaled(t)[0] for t in traces)
    low, high = visible(curves, top, traces[0].function)
    steps = max(1, *(t.steps for t in traces))
    panel = _Panel((0, 1.02 * steps), (low, high))  # room for the markers at the end
    logarithmic = traces[0].function.lowest is not None
    name = "f" if not traces[0].function.lowest else "f − minimum"
    return panel, _axes(panel, "step", name, logarithmic=logarithmic)


def _axes(
    panel: _Panel, x_name: str, y_name: str, logarithmic: bool = False, grid_lines: bool = True
) -> str:
    """Ticks with their numbers, and the names of the axes."""
    parts = []
    left, bottom = _LEFT, _HEIGHT - _BOTTOM
    for value in ticks(*panel.x):
        x = panel.place(value, panel.y[0])[0]
        if grid_lines:
            parts.append(f'<path class="tick" d="M{x:g} {_TOP}V{bottom}"/>')
        parts.append(f'<text x="{x:g}" y="{bottom + 20}" text-anchor="middle">{value:g}</text>')
    for value in ticks(*panel.y, whole=logarithmic):
        y = panel.place(panel.x[0], value)[1]
        if grid_lines:
            parts.append(f'<path class="tick" d="M{left} {y:g}H{_WIDTH - _RIGHT}"/>')
        text = f"1e{value:g}" if logarithmic else f"{value:g}"
        y = min(y + 5, bottom - 1)  # clear of the first number below
        parts.append(f'<text x="{left - 6}" y="{y:g}" text-anchor="end">{text}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle}" y="{_HEIGHT - 6}" text-anchor="middle">{x_name}</text>')
    height = (_TOP + bottom) / 2
    parts.append(
        f'<text transform="translate(17 {height:g}) rotate(-90)" text-anchor="middle">'
        f"{y_name}</text>"
    )
    return "".join(parts)


def ticks(low: float, high: float, whole: bool = False) -> list[float]:
    """Four to eight round numbers within a range.

    Examples
    --------
    >>> ticks(-5.5, 1.0)
    [-5.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0]
    """
    unit = 10 ** math.floor(math.log10((high - low) / 4))
    step = next(unit * k for k in (1, 2, 5, 10) if (high - low) / (unit * k) <= 8)
    step = max(1, math.ceil(step)) if whole else step
    first, end = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.10g}") + 0.0 for k in range(first, end + 1)]


def _points(pixels: NDArray[Any]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in pixels)
