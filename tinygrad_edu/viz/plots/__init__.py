"""Plots of training and of models, by matplotlib (the `plot` extra, imported when one draws).

Each takes plain data (arrays, Tensors, lists), draws on Axes of yours or on a figure of its own
made without `pyplot`, and returns the figure: ``figure.savefig("curves.png")``.

Examples
--------
>>> from tinygrad_edu.viz import plots
>>> history = {"train_loss": [2.3, 1.1], "val_loss": [2.2, 1.3], "lr": [0.1, 0.05]}
>>> plots.curves(history).savefig("curves.png")  # doctest: +SKIP
"""

from .learning import curves
from .regions import decision_regions
from .spread import histograms
from .steps import StepWatch, ratios
from .weights import templates

__all__ = ["curves", "ratios", "StepWatch", "decision_regions", "templates", "histograms"]
