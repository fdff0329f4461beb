"""Decision regions of a classifier of points in the plane, with the margins of an SVM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .canvas import COLORS, INK, as_array, look, new_figure, tint
from .forward import predictor

Array = NDArray[Any]
CHUNK = 8192  # points a call: a nearest-neighbour classifier compares each with all examples


def decision_regions(
    model: Any,
    x: Any,
    y: Any,
    margins: bool = True,
    ax: Any = None,
    *,
    names: Sequence[str] | None = None,
    resolution: int = 240,
) -> Any:
    """Colour the plane by the class that a model gives to each point; draw the examples over it.

    Parameters
    ----------
    model : Module or callable
        Maps points (M, 2) to class scores (M, K), to one score a point (its sign tells two classes
        apart), or to labels (M,). A Module is run in evaluation mode, without a graph; a function
        gets an ndarray.
    x : array of shape (N, 2)
        Examples.
    y : array of shape (N,)
        Their classes: ``0 .. K-1`` for K scores; two values for one score, the larger one on the
        positive side (0 and 1, or -1 and 1); for labels anything.
    margins : bool
        Draw dashed lines where the score is ±1; with K scores, where the best is 1 above the
        second best. There the hinge loss of a right example starts to be 0. (Labels have none.)
    ax : Axes, optional
        Where to draw. A new figure unless given.
    names : sequence of str, optional
        What the classes are called, in their order.
    resolution : int
        Points along each side at which the model is asked.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Shapes that do not fit, labels out of range, scores that are not finite.

    Examples
    --------
    >>> x, y = [[0.0, 1.0], [2.0, 0.5], [3.0, 2.0]], [-1, 1, 1]
    >>> svm = lambda points: 2 * points[:, 0] - 2
    >>> figure = decision_regions(svm, x, y)  # doctest: +SKIP
    >>> legend = figure.axes[0].get_legend()  # doctest: +SKIP
    >>> [text.get_text() for text in legend.get_texts()]  # doctest: +SKIP
    ['-1', '1', 'boundary', 'margin: score ±1']
    """
    points, labels = _examples(x, y)
    if resolution < 2:
        raise ValueError(f"decision_regions: resolution must be at least 2, not {resolution}")
    run = predictor(model, "decision_regions")
    plane = _ask(run, points, labels, resolution)
    titles = [str(c) for c in plane.classes] if names is None else list(map(str, names))
    if len(titles) < len(plane.classes):
        raise ValueError(
            f"decision_regions: {len(titles)} names for {len(plane.classes)} classes "
            f"({', '.join(map(str, plane.classes))})"
        )
    if ax is None:
        ax = new_figure("decision_regions", 7.6, 5.0).add_subplot()
    _draw_ground(ax, plane)
    _draw_examples(ax, plane.classes, points, labels, titles)
    handles, _ = ax.get_legend_handles_labels()
    handles += _draw_lines(ax, plane, margins)
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False, fontsize=9
    )
    ax.set_xlim(plane.horizontal[0], plane.horizontal[-1])
    ax.set_ylim(plane.vertical[0], plane.vertical[-1])
    ax.set_xlabel("x₁")
    ax.set_ylabel("x₂")
    return ax.figure


@dataclass(frozen=True)
class Plane:
    """What a model says on a grid of points.

    Attributes
    ----------
    horizontal, vertical
        Coordinates of its columns and rows.
    classes
        All labels, in their order.
    winner
        At each point, the number of its class in `classes`.
    leads
        For each class, by how much its score leads the best of the others; one array for two
        classes, that of the second. If the model gives labels: 0.5 inside and -0.5 outside.
    unit
        What a lead is, for the legend.
    """

    horizontal: Array
    vertical: Array
    classes: list[Any]
    winner: Array
    leads: list[Array]
    unit: str = ""


def _examples(x: Any, y: Any) -> tuple[Array, Array]:
    points = as_array(x, "decision_regions: x")
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise ValueError(
            f"decision_regions: x must be points in the plane, of shape (N, 2) with N > 0, not "
            f"{points.shape}; choose two features, or project"
        )
    if points.dtype.kind != "f":
        points = points.astype(np.float64)
    if not np.isfinite(points).all():
        raise ValueError("decision_regions: x is not finite")
    labels = np.asarray(y.detach() if hasattr(y, "detach") else y)
    if labels.shape != (len(points),):
        raise ValueError(
            f"decision_regions: y must hold one class for each of the {len(points)} points, shape "
            f"({len(points)},), not {labels.shape}"
        )
    return points, labels


def _ask(run: Any, points: Array, labels: Array, resolution: int) -> Plane:
    """Run the model on a grid around the points."""
    low, high = points.min(axis=0), points.max(axis=0)
    room = np.where(high > low, 0.08 * (high - low), 1.0)
    ends = zip(low - room, high + room, strict=True)
    across, up = (np.linspace(start, end, resolution) for start, end in ends)
    grid = np.stack([side.ravel() for side in np.meshgrid(across, up)], axis=1).astype(points.dtype)
    parts = [_checked(run(part), part) for part in np.array_split(grid, -(-len(grid) // CHUNK))]
    said = np.concatenate(parts)
    shape = (resolution, resolution)
    if said.ndim == 1 and said.dtype.kind != "f":
        classes = sorted({*said.tolist(), *labels.tolist()})
        winner = np.searchsorted(np.array(classes), said)
        winner = winner.reshape(shape)
        inside = [(winner == k) - 0.5 for k in range(len(classes))]
        return Plane(across, up, classes, winner, inside[1:] if len(classes) == 2 else inside)
    if not np.isfinite(said).all():
        bad = np.flatnonzero(~np.isfinite(said.reshape(len(said), -1)).all(axis=1))
        raise ValueError(
            f"decision_regions: the scores of {len(bad)} of {len(said)} points are not finite, the "
            f"first at {tuple(round(float(v), 3) for v in grid[bad[0]])}"
        )
    if said.ndim == 1:
        leads, unit = [said.reshape(shape)], "score ±1"
        classes = _two_classes(labels)
        return Plane(across, up, classes, (leads[0] > 0).astype(int), leads, unit)
    classes = list(range(said.shape[1]))
    _check_range(labels, classes)
    winner = said.argmax(axis=1).reshape(shape)
    if len(classes) == 2:
        lead = (said[:, 1] - said[:, 0]).reshape(shape)
        return Plane(across, up, classes, winner, [lead], "scores differ by 1")
    leads = [_lead(said, k).reshape(shape) for k in classes]
    return Plane(across, up, classes, winner, leads, "the best leads by 1")


def _checked(said: Array, points: Array) -> Array:
    """What a model said, with one score a point as a flat array."""
    if said.ndim not in (1, 2) or len(said) != len(points) or 0 in said.shape:
        raise ValueError(
            f"decision_regions: the model must map points of shape {points.shape} to scores "
            f"({len(points)}, K), one score each, or labels ({len(points)},), not {said.shape}"
        )
    return said[:, 0] if said.ndim == 2 and said.shape[1] == 1 else said


def _lead(scores: Array, k: int) -> Array:
    """By how much the score of class `k` leads the best of the others.

    Examples
    --------
    >>> _lead(np.array([[3.0, 1.0, 2.5], [0.0, 4.0, 1.0]]), 0)
    array([ 0.5, -4. ])
    """
    return scores[:, k] - np.delete(scores, k, axis=1).max(axis=1)


def _two_classes(labels: Array) -> list[Any]:
    """The labels of a negative and a positive score.

    Examples
    --------
    >>> _two_classes(np.array([1, 1])), _two_classes(np.array([-1, 1]))
    ([0, 1], [-1, 1])
    """
    found = np.unique(labels).tolist()
    if set(found) <= {0, 1}:
        return [0, 1]
    if set(found) <= {-1, 1}:
        return [-1, 1]
    if len(found) != 2:
        raise ValueError(
            f"decision_regions: one score tells two classes apart, y has {len(found)}: "
            f"{', '.join(map(str, found[:8]))}"
        )
    return found


def _check_range(labels: Array, classes: list[int]) -> None:
    strange = sorted({*labels.tolist()} - {*classes}, key=str)
    if strange:
        raise ValueError(
            f"decision_regions: the model has {len(classes)} scores, so classes are 0 .. "
            f"{len(classes) - 1}; y has {', '.join(map(str, strange[:8]))}"
        )


def ground_colors(count: int) -> list[str]:
    """Tints of the classes' colours; where a colour comes back, its tint is fuller.

    Examples
    --------
    >>> len(set(ground_colors(21)))
    21
    """
    return [tint(look(i).color, 0.28 + 0.2 * (i // COLORS % 4)) for i in range(count)]


def _draw_ground(ax: Any, plane: Plane) -> None:
    from matplotlib.colors import ListedColormap

    shades = ListedColormap(ground_colors(len(plane.classes)))
    x, y = plane.horizontal, plane.vertical
    half = ((x[1] - x[0]) / 2, (y[1] - y[0]) / 2)  # a grid point is the middle of its pixel
    ax.imshow(
        plane.winner,
        cmap=shades,
        vmin=-0.5,
        vmax=len(plane.classes) - 0.5,
        origin="lower",
        extent=(x[0] - half[0], x[-1] + half[0], y[0] - half[1], y[-1] + half[1]),
        interpolation="nearest",
        aspect="auto",
        zorder=0,
    )


def _draw_examples(
    ax: Any, classes: list[Any], points: Array, labels: Array, titles: list[str]
) -> None:
    size = 34.0 if len(points) <= 300 else 14.0
    for i, (value, title) in enumerate(zip(classes, titles, strict=False)):
        kind = look(i)
        mine = points[labels == value]
        ax.scatter(
            mine[:, 0],
            mine[:, 1],
            s=size,
            color=kind.color,
            marker=kind.marker,
            edgecolor="white",
            linewidth=0.6,
            label=title,
            zorder=3,
        )


def _draw_lines(ax: Any, plane: Plane, margins: bool) -> list[Any]:
    """The boundary, solid, and the margins, dashed; return what the legend says of them."""
    from matplotlib.lines import Line2D

    two = len(plane.leads) == 1
    drawn = set()
    for lead in plane.leads:
        for level in (0.0, 1.0, -1.0) if two else (0.0, 1.0):
            # matplotlib warns of a level that is nowhere reached.
            if (level and not margins) or not lead.min() < level < lead.max():
                continue
            style, width = ("--", 1.2) if level else ("-", 1.6)
            ax.contour(
                plane.horizontal,
                plane.vertical,
                lead,
                levels=[level],
                colors=INK,
                linestyles=style,
                linewidths=width,
                zorder=2,
            )
            drawn.add(abs(level))
    labels = {0.0: ("-", "boundary"), 1.0: ("--", f"margin: {plane.unit}")}
    return [
        Line2D([], [], color=INK, linestyle=labels[level][0], label=labels[level][1])
        for level in sorted(drawn)
    ]
