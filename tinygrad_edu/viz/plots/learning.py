"""Learning curves: loss, accuracy and learning rate over the epochs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .canvas import GREY, new_figure, tidy
from .history import Column, check_lengths, column, places, read_table

TRAIN: dict[str, Any] = {"color": "#0072b2", "linestyle": "-", "marker": "o", "label": "training"}
VALIDATION: dict[str, Any] = {
    "color": "#d55e00",
    "linestyle": "--",
    "marker": "s",
    "label": "validation",
}
# Panel -> its columns. `loss` is what SGD minimised, penalty included: no twin of val_loss, so it
# is drawn only where the data loss was not measured.
PANELS = {
    "loss": {"train_loss": TRAIN, "val_loss": VALIDATION},
    "accuracy": {"train_accuracy": TRAIN, "val_accuracy": VALIDATION},
}
INSTEAD = {"train_loss": "loss", "train_accuracy": "accuracy"}


def curves(history: Any, ax: Any = None, *, lr: bool = True, legend: bool = True) -> Any:
    """Draw loss (above) and accuracy (below) over the epochs, the learning rate on a second axis.

    Parameters
    ----------
    history : list of Epoch, list of dict, or dict of lists
        What `training.fit` returns; or your own, with any of ``train_loss`` (or ``loss``),
        ``val_loss``, ``train_accuracy`` (or ``accuracy``), ``val_accuracy``, ``lr``, ``epoch``.
        None or NaN stands for what was not measured.
    ax : Axes, or pair of Axes, optional
        Where to draw loss and accuracy. One Axes takes the loss, or the accuracy if there is no
        loss. A new figure unless given.
    lr : bool
        Whether to draw the learning rate, if the history has it.
    legend : bool
        Whether to say which line is which.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        Nothing to draw, or columns of different lengths.

    Examples
    --------
    >>> history = {"train_loss": [2.3, 1.1, 0.7], "lr": [0.1, 0.1, 0.01]}
    >>> figure = curves(history)  # doctest: +SKIP
    >>> [axes.get_ylabel() for axes in figure.axes]  # doctest: +SKIP
    ['loss', 'learning rate']
    """
    table = read_table(history, "curves")
    panels = _panels(table)
    rates = {"lr": column(table, "lr")} if lr and table.get("lr") is not None else {}
    everything = {name: c for panel in panels.values() for name, c in panel.items()} | rates
    count = check_lengths("curves", everything)
    unit, x = places(table, count)
    check_lengths("curves", {**everything, unit: x})
    targets = _targets(ax, panels)
    for title, axes in targets.items():
        for name, values in panels[title].items():
            draw_line(axes, x, values, PANELS[title][name])
        axes.set_ylabel(title)
        axes.set_ylim(**_limits(title, list(panels[title].values())))
        tidy(axes)
    lowest = list(targets.values())[-1]
    lowest.set_xlabel(unit)
    lowest.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    upper = next(iter(targets.values()))
    handles = list(upper.get_lines())
    if rates and np.isfinite(rates["lr"]).any():
        handles += _draw_rate(upper, x, rates["lr"]).get_lines()
    if legend and ax is None:  # above all panels, where no line can run
        upper.figure.legend(handles=handles, loc="outside upper center", ncols=3, frameon=False)
    elif legend:
        upper.legend(handles=handles, framealpha=0.7, edgecolor="none")
    return upper.figure


def _panels(table: Mapping[str, Any]) -> dict[str, dict[str, Column]]:
    """The columns that are there, by panel."""
    panels: dict[str, dict[str, Column]] = {}
    for title, names in PANELS.items():
        for name in names:
            given = name if table.get(name) is not None else INSTEAD.get(name, name)
            if table.get(given) is None:
                continue
            values = column(table, given)
            if np.isfinite(values).any() or not len(values):
                panels.setdefault(title, {})[name] = values
    if not panels:
        wanted = ", ".join([*(n for names in PANELS.values() for n in names), *INSTEAD.values()])
        raise ValueError(
            f"curves: nothing to draw; the history has {', '.join(map(repr, table)) or 'nothing'}, "
            f"expected some of {wanted}, with a finite number in it"
        )
    return panels


def _targets(ax: Any, panels: Mapping[str, Any]) -> dict[str, Any]:
    """Panel -> the Axes it is drawn in."""
    if ax is None:
        figure = new_figure("curves", 6.4, 0.6 + 2.7 * len(panels))
        grid = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
        return dict(zip(panels, grid, strict=True))
    if hasattr(ax, "plot"):
        return {next(iter(panels)): ax}
    given = list(np.ravel(np.asarray(ax, dtype=object)))
    if len(given) != len(PANELS):
        raise ValueError(
            f"curves: ax is one Axes, or a pair for loss and accuracy, not {len(given)}"
        )
    return {title: axes for title, axes in zip(PANELS, given, strict=True) if title in panels}


def draw_line(axes: Any, x: Column, y: Column, style: Mapping[str, Any]) -> None:
    """Join the points that were measured. One alone makes no line, so it gets a marker."""
    known = np.isfinite(y) & np.isfinite(x)
    size = 6 if known.sum() == 1 else 0
    axes.plot(x[known], y[known], linewidth=1.8, markersize=size, **style)


def _limits(title: str, columns: list[Column]) -> dict[str, float]:
    """The range of an axis: a loss from 0 if none is negative; an accuracy up to 1."""
    values = np.concatenate(columns)
    values = values[np.isfinite(values)]
    if title == "accuracy":
        return {"bottom": max(values.min() - 0.03, 0.0), "top": max(1.005, values.max())}
    if values.min() < 0:
        return {}
    return {"bottom": 0.0, "top": 1.05 * values.max() or 1.0}


def _draw_rate(axes: Any, x: Column, rates: Column) -> Any:
    """Draw it on a second axis of the panel; return that."""
    twin = axes.twinx()
    style = {"color": GREY, "linestyle": ":", "marker": "x", "label": "learning rate"}
    draw_line(twin, x, rates, style)
    twin.set_ylabel("learning rate", color=GREY)
    twin.tick_params(axis="y", colors=GREY)
    twin.spines["top"].set_visible(False)
    known = rates[np.isfinite(rates)]
    if known.min() > 0 and known.max() / known.min() >= 30:
        twin.set_yscale("log")
    else:
        twin.set_ylim(0, 1.1 * known.max() or 1.0)
    # The curves, and the legend, over the learning rate.
    axes.set_zorder(twin.get_zorder() + 1)
    axes.patch.set_visible(False)
    return twin
