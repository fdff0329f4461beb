"""The training loop: minibatch gradient descent, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..creation import from_numpy
from ..data import Splits
from .metrics import evaluate


class DivergedError(ArithmeticError):
    """The loss became infinite or NaN; the message names the learning rate."""


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training set gave.

    Attributes
    ----------
    epoch
        Its number, from 1.
    lr
        The learning rate of its steps.
    loss
        What SGD minimises, data loss plus penalty: the mean over the minibatches as they came.
    train_loss, val_loss
        The data loss on the whole training and validation set, after the epoch.
    train_accuracy, val_accuracy
        The share of examples classified right, after the epoch.
    """

    epoch: int
    lr: float
    loss: float
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float


# Overflow is no surprise to a learning rate that is too large: the loss says so in plain words.
@np.errstate(over="ignore", invalid="ignore")
def fit(
    model: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    data: Splits,
    *,
    epochs: int,
    batch_size: int,
    rng: np.random.Generator,
    penalty: Callable[[], Any] = lambda: 0.0,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
) -> list[Epoch]:
    """Train a classifier by minibatch gradient descent.

    Parameters
    ----------
    model : Module
        Maps rows (N, D) to class scores (N, C). Its parameters are changed.
    loss : Module or callable
        Maps scores and labels to the mean loss of a minibatch.
    optimizer : Optimizer
        Holds the parameters of the model.
    data : Splits
        Trains on its training part; measures on its training and validation part.
    epochs, batch_size : int
        Passes over the training set, and examples a step. The last minibatch may be smaller.
    rng : numpy.random.Generator
        Shuffles the examples of each epoch.
    penalty : callable
        Returns what is added to the loss of every minibatch, such as an L2 penalty.
    on_epoch : callable
        Called with each `Epoch` as it ends: for progress displays.

    Returns
    -------
    list of Epoch

    Raises
    ------
    DivergedError
        As soon as the loss of a step, or of a data set, is infinite or NaN.

    Examples
    --------
    >>> from tinygrad_edu import nn, optim
    >>> from tinygrad_edu.data import load
    >>> rng = np.random.default_rng(0)
    >>> model = nn.Linear(64, 10, generator=rng)
    >>> optimizer = optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    >>> history = fit(
    ...     model,
    ...     nn.CrossEntropyLoss(),
    ...     optimizer,
    ...     load("digits"),
    ...     epochs=5,
    ...     batch_size=64,
    ...     rng=rng,
    ... )
    >>> history[-1].val_accuracy > 0.9
    True
    """
    history = []
    for number in range(1, epochs + 1):
        losses = []
        for rows in minibatches(len(data.x_train), batch_size, rng):
            optimizer.zero_grad()
            scores = model(from_numpy(data.x_train[rows]))
            total = loss(scores, data.y_train[rows]) + penalty()
            losses.append(_finite(float(total), number, optimizer))
            total.backward()
            optimizer.step()
        train_loss, train_accuracy = evaluate(model, loss, data.x_train, data.y_train)
        val_loss, val_accuracy = evaluate(model, loss, data.x_val, data.y_val)
        epoch = Epoch(
            epoch=number,
            lr=_learning_rate(optimizer),
            loss=math.fsum(losses) / len(losses),
            train_loss=_finite(train_loss, number, optimizer),
            train_accuracy=train_accuracy,
            val_loss=_finite(val_loss, number, optimizer),
            val_accuracy=val_accuracy,
        )
        history.append(epoch)
        on_epoch(epoch)
    return history


def minibatches(
    length: int, batch_size: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Cut a random order of ``0 .. length-1`` into minibatches; each number comes once.

    Examples
    --------
    >>> batches = list(minibatches(5, 2, np.random.default_rng(0)))
    >>> [len(rows) for rows in batches], sorted(np.concatenate(batches).tolist())
    ([2, 2, 1], [0, 1, 2, 3, 4])
    """
    order = rng.permutation(length)
    for start in range(0, length, batch_size):
        yield order[start : start + batch_size]


def _finite(loss: float, epoch: int, optimizer: Any) -> float:
    if math.isfinite(loss):
        return loss
    lr = _learning_rate(optimizer)
    raise DivergedError(
        f"training diverged in epoch {epoch}: the loss is {loss}; the learning rate {lr:g} is too "
        f"large; try {lr / 10:g}, a smaller penalty, or inputs scaled to about 0 .. 1"
    )


def _learning_rate(optimizer: Any) -> float:
    return float(optimizer.param_groups[0]["lr"])
