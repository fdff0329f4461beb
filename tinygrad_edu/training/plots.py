"""Pictures of a training run: learning curves, and the weight templates of linear models.

Needs matplotlib (the `plot` extra), imported when a picture is drawn. Figures are made without
`pyplot`, so that the backend a notebook chose stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .fit import Epoch

# Blue and vermillion of the Okabe-Ito palette: apart for every common colour blindness, and the
# line style tells them apart without colour.
TRAIN = {"color": "#0072b2", "linestyle": "-", "marker": "o", "label": "training"}
VALIDATION = {"color": "#d55e00", "linestyle": "--", "marker": "s", "label": "validation"}
MOST_TEMPLATES = 40
COLUMNS = 10


@dataclass(frozen=True)
class Curve:
    """What is drawn of one model: `title` heads the column, `loss_title` names the loss's unit."""

    title: str
    loss_title: str
    history: Sequence[Epoch]
    test_accuracy: float


@dataclass(frozen=True)
class Template:
    """The weights of one linear model: one row of numbers a class."""

    title: str
    weights: NDArray[Any]


def learning_curves(curves: Sequence[Curve], data: str) -> Any:
    """Draw loss (above) and accuracy (below) over the epochs, one column a model.

    Parameters
    ----------
    curves : sequence of Curve
    data : str
        Name of the data set, for the title.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(max(4.0 * len(curves), 5.0), 6.2), layout="constrained")
    grid = figure.subplots(2, len(curves), squeeze=False, sharex="col")
    lowest = min(min(e.train_accuracy, e.val_accuracy) for c in curves for e in c.history)
    for column, curve in enumerate(curves):
        losses, accuracies = grid[0][column], grid[1][column]
        epochs = [e.epoch for e in curve.history]
        _plot(losses, epochs, [e.train_loss for e in curve.history], TRAIN)
        _plot(losses, epochs, [e.val_loss for e in curve.history], VALIDATION)
        _plot(accuracies, epochs, [e.train_accuracy for e in curve.history], TRAIN)
        _plot(accuracies, epochs, [e.val_accuracy for e in curve.history], VALIDATION)
        losses.set_title(f"{curve.title}: test accuracy {curve.test_accuracy:.3f}")
        losses.set_ylabel(curve.loss_title)
        losses.set_ylim(0, 1.05 * max(max(e.train_loss, e.val_loss) for e in curve.history) or 1.0)
        # One scale for all models, so that they can be compared by eye.
        accuracies.set_ylim(max(lowest - 0.03, 0.0), 1.005)
        accuracies.set_xlabel("epoch")
        accuracies.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    grid[1][0].set_ylabel("accuracy")
    grid[0][0].legend(frameon=False)
    figure.suptitle(f"Learning curves on {data}", parse_math=False)  # a $ in it is no formula
    return figure


def _plot(axes: Any, x: Sequence[int], y: Sequence[float], style: dict[str, str]) -> None:
    # One epoch makes no line, so it gets a marker.
    axes.plot(x, y, linewidth=1.8, markersize=6 if len(x) == 1 else 0, **style)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def weight_templates(
    templates: Sequence[Template], image_shape: tuple[int, ...], classes: Sequence[str]
) -> Any:
    """Draw each row of the weights as an image: what a linear model looks for in a class.

    Parameters
    ----------
    templates : sequence of Template
    image_shape : tuple of int
        Of one example, e.g. ``(28, 28)``, or ``(32, 32, 3)`` with colours.
    classes : sequence of str
        Their names; of many, the first 40 are drawn.

    Returns
    -------
    matplotlib.figure.Figure
    """
    from matplotlib.figure import Figure

    shown = min(len(classes), MOST_TEMPLATES)
    columns = min(shown, COLUMNS)
    rows = -(-shown // columns)
    height = len(templates) * (rows * 1.15 + 0.45) + 0.35
    figure = Figure(figsize=(columns * 1.05 + 1.4, height), layout="constrained")
    parts: Any = figure.subfigures(len(templates), 1, squeeze=False)
    for part, template in zip(parts.ravel(), templates, strict=True):
        grid = part.subplots(rows, columns, squeeze=False)
        image = _draw(grid.ravel(), template.weights[:shown], image_shape, classes)
        first = f", the first {shown} of {len(classes)} classes" if shown < len(classes) else ""
        scale = ", grey is zero" if image is None else ""
        part.suptitle(f"Weight templates, {template.title}{first}{scale}")
        if image is not None:
            part.colorbar(image, ax=grid, fraction=0.03, pad=0.02, label="weight")
    return figure


def _draw(
    places: Any, weights: NDArray[Any], image_shape: tuple[int, ...], classes: Sequence[str]
) -> Any:
    """Draw templates of one model on one colour scale; return what a colour bar can explain."""
    for axes in places:
        axes.set_axis_off()
    limit = float(np.abs(weights).max()) or 1.0
    mapped = None
    for axes, row, name in zip(places, weights, classes, strict=False):
        axes.set_title(name, fontsize=10)
        picture = as_picture(row, image_shape)
        if picture.ndim == 3:  # colours: grey means zero
            axes.imshow(picture / (2 * limit) + 0.5, aspect="equal")
        else:
            mapped = axes.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="equal")
    return mapped


def as_picture(row: NDArray[Any], image_shape: tuple[int, ...]) -> NDArray[Any]:
    """Give a row of numbers the shape of a picture: (H, W), or (H, W, 3) with colours.

    Examples
    --------
    >>> [
    ...     as_picture(np.zeros(n), s).shape
    ...     for n, s in [(12, (3, 4)), (5, (5,)), (75, (3, 5, 5))]
    ... ]
    [(3, 4), (1, 5), (5, 5, 3)]
    """
    image = row.reshape(image_shape)
    if image.ndim == 3 and image.shape[-1] not in (1, 3) and image.shape[0] in (1, 3):
        image = np.moveaxis(image, 0, -1)  # channels first, as PyTorch has them
    if image.ndim == 3 and image.shape[-1] == 3:
        return image
    if image.ndim == 3 and image.shape[-1] == 1:
        return image[..., 0]
    return image if image.ndim == 2 else image.reshape(1 if image.ndim < 2 else len(image), -1)
