"""What a picture of a landscape shows: which part of it, and contour lines without matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .functions import Objective
from .trace import Trace

Segments = NDArray[Any]  # (n, 2, 2): start and end, each with two coordinates


def window_of(traces: Sequence[Trace]) -> tuple[tuple[float, float], ...]:
    """The range of each variable that a picture shows: the function's window, if all start there.

    Else a larger one, that holds all starts, and the paths as far as it is wide: one that diverges
    would leave nothing to see of the others.

    Examples
    --------
    >>> from tinygrad_edu.lab import trace
    >>> inside, outside = (
    ...     trace("sgd", "beale", start=(x, 1.0), steps=1) for x in (1.0, 9.0)
    ... )
    >>> window_of([inside]) == inside.function.window
    True
    >>> window_of([inside, outside])[0][1] > 9
    True
    """
    usual = traces[0].function.window
    if not _outside(np.concatenate([t.points[:1] for t in traces]), usual).any():
        return usual
    sides = []
    for i, (low, high) in enumerate(usual):
        starts = [float(t.points[0, i]) for t in traces]
        left, right = min(low, *starts), max(high, *starts)
        width = right - left
        path = np.concatenate([t.points[:, i] for t in traces]).clip(left - width, right + width)
        left, right = min(left, float(path.min())), max(right, float(path.max()))
        room = 0.05 * (right - left)  # nothing new lies on the very edge
        sides.append((left - room * (left < low), right + room * (right > high)))
    return tuple(sides)


def steps_outside(t: Trace, window: tuple[tuple[float, float], ...]) -> int:
    """How many points of a path lie outside of a window."""
    return int(_outside(t.points, window).sum())


def _outside(points: NDArray[Any], window: tuple[tuple[float, float], ...]) -> NDArray[Any]:
    low, high = np.array(window).T
    return ((points < low) | (points > high)).any(axis=1)


def grid(
    function: Objective, window: tuple[tuple[float, float], ...], points: int = 161
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A function of two variables on a grid: the axes, and the values (rows are x2)."""
    (left, right), (bottom, top) = window
    x1, x2 = np.linspace(left, right, points), np.linspace(bottom, top, points)
    with np.errstate(all="ignore"):
        values = function(*np.meshgrid(x1, x2))
    return x1, x2, values


def levels(values: NDArray[Any], count: int = 16) -> NDArray[Any]:
    """Heights that spread over the area of a picture, denser where the function is low.

    A function such as Beale's spans five decades: equal steps would leave its valley empty.
    """
    finite = values[np.isfinite(values)]
    shares = np.linspace(0, 1, count + 1)[1:] ** 1.6
    return np.unique(np.quantile(finite, 0.97 * shares))


def contour_segments(
    x1: NDArray[Any], x2: NDArray[Any], values: NDArray[Any], level: float
) -> Segments:
    """The lines on which the interpolated values equal a level (marching squares).

    Each square of the grid is cut into two triangles, in which the interpolation is linear: a line
    enters by one side and leaves by another, without the ambiguous cases of a square.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 41)
    >>> found = contour_segments(x, x, x[None, :] ** 2 + x[:, None] ** 2, 0.5)
    >>> bool(np.allclose(np.hypot(*found.reshape(-1, 2).T), 0.5**0.5, atol=2e-3))
    True
    """
    place = np.stack(np.meshgrid(x1, x2), -1)
    corner = (slice(None, -1), slice(1, None))
    a, b, c, d = ((i, j) for i in corner for j in corner)
    found = []
    for triangle in ((a, b, d), (a, c, d)):
        points = np.stack([place[k] for k in triangle], -2).reshape(-1, 3, 2)
        heights = np.stack([values[k] for k in triangle], -1).reshape(-1, 3) - level
        above = heights > 0
        crossed = (above.any(1) & ~above.all(1)) & np.isfinite(heights).all(1)
        found.append(_cut(points[crossed], heights[crossed], above[crossed]))
    return np.concatenate(found)


def _cut(points: NDArray[Any], heights: NDArray[Any], above: NDArray[Any]) -> Segments:
    """The line through each triangle, one corner of which is on another side than the others."""
    alone = np.where(above.sum(1) == 1, above.argmax(1), (~above).argmax(1))
    row = np.arange(len(points))
    ends = []
    for turn in (1, 2):
        other = (alone + turn) % 3
        h0, h1 = heights[row, alone], heights[row, other]
        share = (h0 / (h0 - h1))[:, None]
        ends.append(points[row, alone] + share * (points[row, other] - points[row, alone]))
    return np.stack(ends, 1)
