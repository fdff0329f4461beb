"""Is the gradient of a model right? Asked before it is trained."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..gradcheck import max_relative_error
from .models import penalty

TOLERANCE = 1e-4
DRAWS = 3


@dataclass(frozen=True)
class Verdict:
    """What a gradient check found: `max_rel_error` is the worst ``|a - n| / max(|a|, |n|)``."""

    passed: bool
    max_rel_error: float


def check_gradients(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    *,
    reg: float = 0.0,
    examples: int = 8,
    rng: np.random.Generator,
) -> Verdict:
    """Compare the gradient of the whole loss with differences, in float64, for every parameter.

    A kink of the loss (of ReLU, of the hinge) that lies within the step of a difference spoils that
    difference, and no other. So a check that fails is repeated on other examples, up to three
    times in all: a wrong gradient fails on all of them.

    Parameters
    ----------
    model : Module
        Stays as it is.
    loss : Module or callable
        Maps scores and labels to the mean loss.
    x, y : arrays of shape (N, D) and (N,)
        Examples and their classes, of which a few are drawn.
    reg : float
        Factor of the L2 penalty.
    examples : int
        How many to draw.
    rng : numpy.random.Generator
        Draws them.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> from tinygrad_edu.data import load
    >>> digits, rng = load("digits"), np.random.default_rng(0)
    >>> model = nn.Linear(64, 10, generator=rng)
    >>> check_gradients(
    ...     model, nn.CrossEntropyLoss(), digits.x_train, digits.y_train, rng=rng
    ... ).passed
    True
    """
    error = np.inf
    for _ in range(DRAWS):
        rows = rng.choice(len(x), min(examples, len(x)), replace=False)
        error = min(error, _error(model, loss, x[rows], y[rows], reg))
        if error <= TOLERANCE:
            break
    return Verdict(bool(error <= TOLERANCE), float(error))


def _error(model: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any, reg: float) -> float:
    names = [name for name, _ in model.named_parameters()]
    images = from_numpy(np.asarray(x, np.float64))

    def total(*values: Any) -> Any:
        with replaced(model, dict(zip(names, values, strict=True))):
            return loss(model(images), y) + penalty(model, reg)

    return max_relative_error(total, list(model.parameters()), samples=50)
