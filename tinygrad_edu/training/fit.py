"""The training loop: minibatch gradient descent, and nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..data import Splits
from ..errors import DTypeError, describe, located
from .batches import as_tensor, at_least_1, in_words, is_pair, minibatches, reader
from .callbacks import Callback, Epoch, OnEpoch, Training
from .metrics import evaluate, evaluate_batches, in_mode
from .randomness import RandomSources

__all__ = ["DivergedError", "Epoch", "fit", "minibatches"]


class DivergedError(ArithmeticError):
    """The loss became infinite or NaN; the message names the learning rate."""


# Overflow is no surprise to a learning rate that is too large: the loss says so in plain words.
@np.errstate(over="ignore", invalid="ignore")
def fit(
    model: Any,
    loss: Callable[[Any, Any], Any],
    optimizer: Any,
    data: Any,
    *,
    epochs: int,
    batch_size: int = 32,
    rng: Any = None,
    validation: Any = None,
    penalty: Callable[[], Any] = lambda: 0.0,
    on_epoch: Callable[[Epoch], None] | None = None,
    callbacks: Iterable[Callback] = (),
) -> list[Epoch]:
    """Train a model by minibatch gradient descent.

    Parameters
    ----------
    model : Module
        Maps inputs (N, ...) to class scores (N, C). Its parameters are changed. It is in training
        mode for the steps, in evaluation mode for the measures, and afterwards as before.
    loss : Module or callable
        Maps scores and targets to the mean loss of a minibatch.
    optimizer : Optimizer
        Holds the parameters of the model.
    data : Splits, pair of arrays, or DataLoader
        What to train on: arrays ``(x, y)``, or anything that gives pairs of inputs and targets
        each time it is iterated. Of `Splits`, the training part.
    epochs, batch_size : int
        Passes over the training set, and examples a step. The last minibatch may be smaller. A
        DataLoader has a batch size of its own.
    rng : numpy.random.Generator or Generator, optional
        Shuffles the examples of each epoch; the default generator unless given.
    validation : pair of arrays or DataLoader, optional
        Measured after each epoch. Of `Splits`, their validation part.
    penalty : callable
        Returns what is added to the loss of every minibatch, such as an L2 penalty.
    on_epoch : callable, optional
        Called with each `Epoch` as it ends.
    callbacks : iterable of Callback
        Told of each step and epoch: `EarlyStopping`, `Checkpoint`, `LRSchedule`, your own.

    Returns
    -------
    list of Epoch
        Accuracies are NaN where the targets are no classes.

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
    if isinstance(data, Splits):
        own = (data.x_val, data.y_val)
        data, validation = (data.x_train, data.y_train), own if validation is None else validation
    if hasattr(loss, "param_groups"):
        raise DTypeError(
            located("fit: the loss is an optimizer; the order is fit(model, loss, optimizer, data)")
        )
    run = Training(
        model=model,
        optimizer=optimizer,
        batches=reader(data, batch_size, rng),
        data=in_words(data, batch_size),
        epochs=at_least_1("epochs", epochs),
        random=RandomSources(rng, data, validation, model, loss, optimizer),
        callbacks=in_order(callbacks, on_epoch),
    )
    try:
        tell(run, "on_start")
        while run.epoch <= run.epochs and not run.stopped:
            with in_mode(model, training=True):
                for x, y in run.rest():
                    optimizer.zero_grad()
                    total = loss(model(as_tensor(x)), y) + penalty()
                    run.losses.append(finite(float(total), run))
                    total.backward()
                    optimizer.step()
                    run.step += 1
                    tell(run, "on_step")
            run.history.append(measure(run, loss, data, validation))
            run.epoch, run.step, run.losses = run.epoch + 1, 0, []
            tell(run, "on_epoch")
    finally:
        tell(run, "on_end")
    return run.history


def in_order(
    callbacks: Iterable[Callback], on_epoch: Callable[[Epoch], None] | None
) -> list[Callback]:
    """All callbacks, those last that save what the others did."""
    given = [*callbacks, *([OnEpoch(on_epoch)] if on_epoch else [])]
    for callback in given:
        if not isinstance(callback, Callback):
            raise DTypeError(
                located(f"callbacks: {describe(callback)} is no Callback; see training.Callback")
            )
    return sorted(given, key=lambda callback: callback.last)


def tell(run: Training, event: str) -> None:
    """Call one method of all callbacks."""
    for callback in run.callbacks:
        getattr(callback, event)(run)


def measure(run: Training, loss: Callable[[Any, Any], Any], data: Any, validation: Any) -> Epoch:
    """Measure the model at the end of an epoch."""
    if not run.losses:
        raise ValueError(located("data: there is no minibatch; is the data set empty?"))
    rate = learning_rate(run.optimizer)
    train_loss, train_accuracy = _on_all(run, loss, data)
    val_loss, val_accuracy = math.nan, math.nan
    if validation is not None:
        val_loss, val_accuracy = _on_all(run, loss, validation)
        finite(val_loss, run)
    return Epoch(
        epoch=run.epoch,
        lr=rate,
        loss=math.fsum(run.losses) / len(run.losses),
        train_loss=finite(train_loss, run),
        train_accuracy=train_accuracy,
        val_loss=val_loss,
        val_accuracy=val_accuracy,
    )


def _on_all(run: Training, loss: Callable[[Any, Any], Any], data: Any) -> tuple[float, float]:
    if is_pair(data):
        return evaluate(run.model, loss, *data)
    # A loader that shuffles draws random numbers: measuring must not change the training.
    before = run.random.states()
    measures = evaluate_batches(run.model, loss, data)
    run.random.set_states(before)
    return measures


def finite(loss: float, run: Training) -> float:
    """The loss, if it is a finite number."""
    if math.isfinite(loss):
        return loss
    lr = learning_rate(run.optimizer)
    raise DivergedError(
        f"training diverged in epoch {run.epoch}: the loss is {loss}; the learning rate {lr:g} is "
        f"too large; try {lr / 10:g}, a smaller penalty, or inputs scaled to about 0 .. 1"
    )


def learning_rate(optimizer: Any) -> float:
    """The rate of the first parameter group."""
    return float(optimizer.param_groups[0]["lr"])
