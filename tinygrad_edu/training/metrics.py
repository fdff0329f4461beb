"""How good a classifier is: accuracy and mean loss, as plain functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..gradients import no_grad


def accuracy(scores: Any, labels: Any) -> float:
    """The share of rows whose largest score is at the label, between 0 and 1.

    Parameters
    ----------
    scores : Tensor or array of shape (N, C)
        One row of class scores an example. Among equal scores the first counts as the largest.
    labels : Tensor or array of shape (N,)
        Class indices.

    Raises
    ------
    ValueError
        If there is not one label for each row, or no row at all.

    Examples
    --------
    >>> accuracy(
    ...     np.array([[3.0, 1.0], [0.0, 2.0], [5.0, 4.0]]), np.array([0, 1, 1])
    ... ).__round__(3)
    0.667
    """
    scores, labels = _array(scores), _array(labels)
    if scores.ndim != 2 or labels.shape != scores.shape[:1] or not len(labels):
        raise ValueError(
            f"accuracy: scores of shape {scores.shape} and labels of shape {labels.shape}; "
            "expected (N, C) and (N,) with N > 0"
        )
    return float((scores.argmax(axis=1) == labels).mean())


def evaluate(
    model: Callable[[Any], Any], loss: Callable[[Any, Any], Any], x: Any, y: Any
) -> tuple[float, float]:
    """Mean loss and accuracy of a model on a whole data set; records no graph.

    Parameters
    ----------
    model : Module or callable
        Maps rows (N, D) to class scores (N, C).
    loss : Module or callable
        Maps scores and labels to the mean loss.
    x, y : arrays of shape (N, D) and (N,)
        Examples and their classes.

    Examples
    --------
    >>> from tinygrad_edu.nn.functional import cross_entropy
    >>> evaluate(
    ...     lambda x: 0 * x, cross_entropy, np.eye(4, dtype="f"), np.array([0, 1, 2, 3])
    ... )
    (1.386294..., 0.25)
    """
    with no_grad():
        scores = model(from_numpy(x))
        return float(loss(scores, y)), accuracy(scores, y)


def _array(values: Any) -> np.ndarray:
    return values.detach().numpy() if hasattr(values, "detach") else np.asarray(values)
