"""Histograms of activations and their gradients, a row a layer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .activations import measure_layers
from .canvas import GREY, new_figure

MOST = 16
BINS = 60
BAD = "#c00000"
ACTIVATION = ("#0072b2", "activation")
GRADIENT = ("#d55e00", "gradient of the loss by the activation")
TAIL = 0.005  # share of a layer's elements that the scale leaves out at either end


def histograms(
    model: Any,
    batch: Any,
    loss: Callable[..., Any] | None = None,
    *,
    figure: Any = None,
) -> Any:
    """Draw how activations (left) and their gradients (right) are spread, a row a layer.

    All layers share a scale, so that a signal that vanishes or explodes on its way is seen; the
    outermost bars hold what is beyond it. Exact zeros are not in the bars but said in words.
    A copy of the model runs once, forward and backward; yours, and each ``.grad``, stays as it is.

    Parameters
    ----------
    model : Module
        Its layers are the modules without modules of their own; of many, the first 16 calls are
        drawn. Each in the mode it is in: dropout drops while it trains.
    batch : Tensor or array, or a tuple of inputs and targets
        What it is run on.
    loss : callable, optional
        Called as ``loss(output, targets)``, or ``loss(output)``; gives a scalar. Unless given, the
        output receives standard normal numbers (seed 0) as its gradient.
    figure : Figure or SubFigure, optional
        Where to draw. A new one unless given.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> figure = histograms(model, np.ones((5, 2)))  # doctest: +SKIP
    >>> len(figure.axes)  # doctest: +SKIP
    4
    """
    layers = measure_layers(model, batch, loss)
    if not layers:
        raise ValueError("histograms: no layer of the model returned a Tensor")
    shown = layers[:MOST]
    if figure is None:
        figure = new_figure("histograms", 8.6, 1.0 + 1.15 * len(shown))
    grid = figure.subplots(len(shown), 2, squeeze=False, sharex="col")
    _draw_column(grid[:, 0], [layer.values for layer in shown], *ACTIVATION)
    _draw_column(grid[:, 1], [layer.gradient for layer in shown], *GRADIENT)
    for axes, layer in zip(grid[:, 0], shown, strict=True):
        axes.set_ylabel(layer.name, rotation=0, ha="right", va="center")
    first = f", the first {MOST} of {len(layers)}" if len(layers) > MOST else ""
    source = "" if loss is not None else "; standard normal numbers as gradient of the output"
    note = "exact zeros left out; the outermost bars hold all beyond"
    figure.suptitle(f"Layers on one batch{first}{source}\n{note}", fontsize=10)
    return figure


def _draw_column(
    places: Sequence[Any], layers: Sequence[NDArray[Any] | None], color: str, label: str
) -> None:
    """All layers' activations, or all their gradients, one below the other."""
    edges = _bins(layers)
    for axes, values in zip(places, layers, strict=True):
        _draw(axes, values, edges, color)
        _say(axes, values)
    places[-1].set_xlabel(label)


def _finite(values: NDArray[Any] | None) -> NDArray[Any]:
    """The finite elements, flat."""
    flat = np.zeros(0) if values is None else np.asarray(values, np.float64).ravel()
    return flat[np.isfinite(flat)]


def _bins(layers: Sequence[NDArray[Any] | None]) -> NDArray[Any]:
    """Edges that all layers share. One of them is 0, so that no bar holds both signs."""
    kept = [some[some != 0] for some in map(_finite, layers)]
    ends = np.array([np.quantile(some, [TAIL, 1 - TAIL]) for some in kept if some.size])
    low = min(ends[:, 0].min(), 0.0) if len(ends) else -1.0
    high = max(ends[:, 1].max(), 0.0) if len(ends) else 1.0
    width = (high - low) / BINS
    return width * np.arange(np.floor(low / width), np.ceil(high / width) + 1)


def _draw(axes: Any, values: NDArray[Any] | None, edges: NDArray[Any], color: str) -> None:
    """Bars as shares of all elements. Relu's zeros would dwarf them: they are said in words."""
    some = _finite(values)
    counts, _ = np.histogram(np.clip(some[some != 0], edges[0], edges[-1]), edges)
    size = 0 if values is None else values.size
    axes.stairs(counts / max(size, 1), edges, fill=True, color=color, alpha=0.75)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_xlim(edges[0], edges[-1])
    axes.xaxis.get_major_locator().set_params(nbins=5)
    axes.set_yticks([])
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _say(axes: Any, values: NDArray[Any] | None) -> None:
    """Above a histogram, its numbers; in red if some are not finite."""
    if values is None:
        axes.set_title("no gradient comes here", loc="left", fontsize=9, color=GREY)
        return
    some, parts = _finite(values), []
    if some.size:
        parts.append(f"mean {some.mean():.2g}, std {some.std():.2g}")
    if (values == 0).any():
        parts.append(f"{100 * np.mean(values == 0):.0f} % zeros")
    bad = values.size - some.size
    if bad:
        parts.append(f"{bad} NaN or infinite")
    axes.set_title(", ".join(parts), loc="left", fontsize=9, color=BAD if bad else "black")
