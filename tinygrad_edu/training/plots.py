"""Pictures of the main job: several models side by side, each drawn by `viz.plots`.

Needs matplotlib (the `plot` extra), imported when a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from ..viz.plots import curves as draw_curves
from ..viz.plots import templates as draw_templates
from ..viz.plots.canvas import new_figure
from ..viz.plots.weights import figure_size
from .fit import Epoch


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
    figure = new_figure("learning_curves", max(4.0 * len(curves), 5.0), 6.2)
    grid = figure.subplots(2, len(curves), squeeze=False, sharex="col")
    lowest = min(min(e.train_accuracy, e.val_accuracy) for c in curves for e in c.history)
    for column, curve in enumerate(curves):
        losses, accuracies = grid[:, column]
        # The main job has a constant learning rate: `settings.json` says it.
        draw_curves(curve.history, ax=(losses, accuracies), lr=False, legend=column == 0)
        losses.set_title(f"{curve.title}: test accuracy {curve.test_accuracy:.3f}")
        losses.set_ylabel(curve.loss_title)
        # One scale for all models, so that they can be compared by eye.
        accuracies.set_ylim(max(lowest - 0.03, 0.0), 1.005)
        accuracies.set_ylabel("accuracy" if column == 0 else "")
    figure.suptitle(f"Learning curves on {data}", parse_math=False)  # a $ in it is no formula
    return figure


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
    size = figure_size([len(t.weights) for t in templates])
    figure = new_figure("weight_templates", *size)
    parts: Any = figure.subfigures(len(templates), 1, squeeze=False)
    for part, template in zip(parts.ravel(), templates, strict=True):
        title = f"Weight templates, {template.title}"
        draw_templates(template.weights, image_shape, classes, title=title, figure=part)
    return figure
