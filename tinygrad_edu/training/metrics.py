"""How good a classifier is: accuracy and mean loss, as plain functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..gradients import no_grad
from .batches import as_tensor


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

    A module is in evaluation mode meanwhile.

    Parameters
    ----------
    model : Module or callable
        Maps rows (N, D) to class scores (N, C).
    loss : Module or callable
        Maps scores and labels to the mean loss.
    x, y : arrays of shape (N, D) and (N,)
        Examples and their classes. If `y` is no array of classes, the accuracy is NaN.

    Examples
    --------
    >>> from tinygrad_edu.nn.functional import cross_entropy
    >>> evaluate(
    ...     lambda x: 0 * x, cross_entropy, np.eye(4, dtype="f"), np.array([0, 1, 2, 3])
    ... )
    (1.386294..., 0.25)
    """
    with no_grad(), in_mode(model, training=False):
        scores = model(as_tensor(x))
        classes = _array(y).dtype.kind in "iu" and _array(scores).ndim == 2
        return float(loss(scores, y)), accuracy(scores, y) if classes else math.nan


def evaluate_batches(
    model: Callable[[Any], Any], loss: Callable[[Any, Any], Any], batches: Iterable[Any]
) -> tuple[float, float]:
    """Mean loss and accuracy over minibatches, each weighted by its number of examples.

    Parameters
    ----------
    model, loss
        As in `evaluate`.
    batches : iterable of (x, y)
        A DataLoader, or a list.

    Raises
    ------
    ValueError
        There is no minibatch.

    Examples
    --------
    >>> from tinygrad_edu.nn.functional import cross_entropy
    >>> x, y = np.eye(4, dtype="f"), np.array([0, 1, 2, 3])
    >>> evaluate_batches(
    ...     lambda x: 0 * x, cross_entropy, [(x[:1], y[:1]), (x[1:], y[1:])]
    ... )
    (1.386294..., 0.25)
    """
    counts, losses, accuracies = [], [], []
    for x, y in batches:
        one, right = evaluate(model, loss, x, y)
        counts.append(len(y))
        losses.append(one * len(y))
        accuracies.append(right * len(y))
    if not sum(counts):
        raise ValueError("evaluate_batches: there is no minibatch; is the data set empty?")
    total = sum(counts)
    return sum(losses) / total, sum(accuracies) / total


@contextmanager
def in_mode(model: Any, training: bool) -> Iterator[None]:
    """Bring all modules of a model into a mode, and each back into its own."""
    modules = list(model.modules()) if hasattr(model, "modules") else []
    before = [module.training for module in modules]
    for module in modules:
        module.training = training
    try:
        yield
    finally:
        for module, mode in zip(modules, before, strict=True):
            module.training = mode


def _array(values: Any) -> np.ndarray:
    return values.detach().numpy() if hasattr(values, "detach") else np.asarray(values)
