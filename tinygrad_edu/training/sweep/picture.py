"""A picture of a sweep: the score against each parameter, and each run as a line through all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .runs import Run, Runs, short

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#6b6b6b"
COLUMNS = 3
DECADE = 10.0  # values that span this factor get a logarithmic axis, where the space is not known


def picture(runs: Runs, title: str = "") -> Any:
    """Draw the score against each parameter, and all runs in parallel coordinates.

    A parameter whose best values lie at the edge of its panel was searched in too narrow a range.

    Parameters
    ----------
    runs : Runs
        Of `sweep` or `read_runs`. Those that failed are crosses at the foot of each panel.
    title : str

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ImportError
        Without matplotlib; the message says how to install it.
    RunsError
        No run is done.

    Examples
    --------
    >>> runs = Runs(
    ...     Run(i, i, {"lr": 10.0**-i}, "done", score=0.9 - 0.1 * i) for i in range(3)
    ... )
    >>> picture(runs).axes[0].get_xscale()  # doctest: +SKIP
    'log'
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            'The picture of a sweep needs matplotlib: python -m pip install "tinygrad-edu[plot]"'
        ) from error
    _ = runs.best  # an error if there is none
    axes = [Axis(name, runs) for name in varied(runs)]
    several = len(axes) > 1
    columns = 2 if len(axes) in (2, 4) else max(1, min(COLUMNS, len(axes)))
    rows = max(1, -(-len(axes) // columns))
    figure = Figure(figsize=(3.6 * columns + 1, 2.8 * rows + (3.2 if several else 0)))
    figure.set_layout_engine("constrained")
    parts = figure.add_gridspec(rows + several, columns)
    for place, axis in enumerate(axes):
        panel = figure.add_subplot(parts[place // columns, place % columns])
        _scatter(panel, axis, runs)
        if place == 0 and runs.failed:
            panel.legend(fontsize="small")
        if place % columns == 0:
            panel.set_ylabel("score")
    if several:
        _parallel(figure, figure.add_subplot(parts[rows, :]), axes, runs)
    if title:
        figure.suptitle(title)
    return figure


def varied(runs: Sequence[Run]) -> list[str]:
    """The parameters that differ between runs; all, if none does."""
    names = list(dict.fromkeys(name for run in runs for name in run.params))
    different = [n for n in names if len({short(run.params.get(n)) for run in runs}) > 1]
    return different or names


class Axis:
    """Where the values of a parameter stand: numbers as they are, others side by side.

    Examples
    --------
    >>> runs = Runs(
    ...     Run(i, i, {"rule": name}, "done", score=0.5) for i, name in enumerate("ab")
    ... )
    >>> Axis("rule", runs).ticks
    ['a', 'b']
    """

    def __init__(self, name: str, runs: Runs) -> None:
        self.name = name
        values = [run.params.get(name) for run in runs]
        self.ticks: list[str] = []
        if not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values):
            self.ticks = list(dict.fromkeys(map(short, values)))
        self.log = not self.ticks and self._is_log(values, runs.space.get(name))

    def at(self, run: Run) -> float:
        """The place of a run."""
        value: Any = run.params.get(self.name)
        return float(self.ticks.index(short(value)) if self.ticks else value)

    def share(self, runs: Sequence[Run]) -> Any:
        """The places of runs between 0 and 1."""
        places = np.array([self.at(run) for run in runs])
        places = np.log(places) if self.log else places
        span = np.ptp(places)
        return (places - places.min()) / span if span else np.full(len(places), 0.5)

    @staticmethod
    def _is_log(values: list[Any], dimension: Any) -> bool:
        if min(values) <= 0:
            return False
        if isinstance(dimension, dict) and "choices" not in dimension:
            return any(kind.startswith("log") for kind in dimension)
        return bool(max(values) >= DECADE * min(values))


def _scatter(panel: Any, axis: Axis, runs: Runs) -> None:
    """The score against one parameter; the best run is a star, a failed one a cross."""
    best, done, failed = runs.best, runs.done, runs.failed
    panel.plot([axis.at(r) for r in done], [r.score for r in done], "o", color=BLUE, alpha=0.6)
    panel.plot([axis.at(best)], [best.score], "*", color=ORANGE, markersize=14, label="best")
    if failed:
        foot = panel.get_xaxis_transform()
        places = [axis.at(run) for run in failed]
        panel.plot(places, [0.02] * len(places), "x", color=GREY, transform=foot, label="failed")
    if axis.log:
        panel.set_xscale("log")
    if axis.ticks:
        panel.set_xticks(range(len(axis.ticks)), axis.ticks)
        panel.set_xlim(-0.5, len(axis.ticks) - 0.5)
    panel.set_xlabel(axis.name + (" (log scale)" if axis.log else ""))
    panel.grid(alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)


def _parallel(figure: Any, panel: Any, axes: list[Axis], runs: Runs) -> None:
    """Each run a line through the parameters, coloured by its score; the best lie on top."""
    from matplotlib import colormaps
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    done = runs.done[::-1]
    scores = [run.score or 0.0 for run in done]
    colors: Any = ScalarMappable(Normalize(min(scores), max(scores)), colormaps["viridis_r"])
    if runs.goal == "min":
        colors.set_cmap("viridis")
    lines = np.stack([axis.share(done) for axis in axes], axis=1)
    for line, score in zip(lines, scores, strict=True):
        panel.plot(range(len(axes)), line, color=colors.to_rgba(score), linewidth=1.3, alpha=0.8)
    for place, axis in enumerate(axes):
        panel.axvline(place, color=GREY, linewidth=0.8)
        order = sorted(done, key=axis.at)
        for run, y, side in ((order[0], -0.04, "top"), (order[-1], 1.04, "bottom")):
            text = short(run.params.get(axis.name))
            panel.text(place, y, text, ha="center", va=side, fontsize="small")
    panel.set_xticks(range(len(axes)), [axis.name for axis in axes])
    panel.tick_params(axis="x", length=0, pad=14)
    panel.set_yticks([])
    panel.set_ylim(-0.05, 1.12)
    panel.spines[:].set_visible(False)
    figure.colorbar(colors, ax=panel, label="score", pad=0.02)
