"""Is the gradient of a model right? Asked before it is trained."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..gradcheck import max_relative_error
from ..nn import functional_call
from .models import penalty

TOLERANCE = 1e-4
DRAWS = 3
SAMPLES = 50  # elements of each parameter


@dataclass(frozen=True)
class Verdict:
    """What a gradient check found.

    Attributes
    ----------
    passed
        Whether the error is at most 1e-4.
    max_rel_error
        The worst ``|a - n| / max(|a|, |n|)`` of the analytic and the numerical gradient; None when
        the loss is not a finite number.
    """

    passed: bool
    max_rel_error: float | None


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
    error = math.inf
    for _ in range(DRAWS):
        rows = rng.choice(len(x), min(examples, len(x)), replace=False)
        error = min(error, _error(model, loss, x[rows], y[rows], reg))
        if error <= TOLERANCE:
            break
    return Verdict(error <= TOLERANCE, float(error) if math.isfinite(error) else None)


@np.errstate(over="ignore", invalid="ignore")
def _error(model: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any, reg: float) -> float:
    """The worse of two checks, of the data loss and of the penalty.

    The gradient of their sum is the sum of their gradients. Beside a loss near 1, the differences
    of a small penalty would be lost in rounding, so each is compared on its own scale.
    """
    names, values = zip(*model.named_parameters(), strict=True)
    images = from_numpy(np.asarray(x, np.float64))

    def data_loss(*values: Any) -> Any:
        return loss(functional_call(model, dict(zip(names, values, strict=True)), (images,)), y)

    def regularisation(*values: Any) -> Any:
        return penalty(dict(zip(names, values, strict=True)), reg)

    terms = [data_loss, regularisation] if reg else [data_loss]
    # NumPy's max, unlike Python's, keeps a NaN.
    return float(np.max([max_relative_error(term, values, samples=SAMPLES) for term in terms]))
