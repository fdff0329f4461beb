"""What the training loop keeps, and the objects that it tells of each step and epoch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import located
from .randomness import RandomSources


@dataclass(frozen=True)
class Epoch:
    """What one pass over the training set gave. NaN stands for what was not measured.

    Attributes
    ----------
    epoch
        Its number, from 1.
    lr
        The learning rate of its last step.
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
    val_loss: float = math.nan
    val_accuracy: float = math.nan


@dataclass
class Training:
    """A run of `fit` and where it stands: what callbacks see, and a checkpoint saves.

    Attributes
    ----------
    model, optimizer
        What is trained, and by which rule.
    batches
        Returns the minibatches of one epoch, each a pair of inputs and targets.
    data
        What the batches are, in words: a checkpoint of other data is refused.
    epochs
        How many there will be.
    random
        All sources of random numbers that the run draws from.
    callbacks
        Told of each step and epoch, in this order.
    epoch
        Number of the epoch that is being trained, from 1.
    step
        How many steps of it were taken.
    losses
        The loss of each of these steps.
    history
        The epochs that ended.
    stopped
        Why the run ends before its last epoch; empty while it goes on. See `stop`.
    """

    model: Any
    optimizer: Any
    batches: Callable[[], Iterable[Any]]
    data: str
    epochs: int
    random: RandomSources
    callbacks: Sequence[Callback] = ()
    epoch: int = 1
    step: int = 0
    losses: list[float] = field(default_factory=list)
    history: list[Epoch] = field(default_factory=list)
    stopped: str = ""
    epoch_start: list[Any] = field(default_factory=list, repr=False)  # random states, see below
    resumed: list[Any] = field(default_factory=list, repr=False)

    def stop(self, reason: str) -> None:
        """End the run after this epoch."""
        self.stopped = reason

    def rest(self) -> Iterator[Any]:
        """The minibatches of this epoch that are still to come.

        A run that was resumed within an epoch draws the epoch's order again, from the random
        states of the epoch's start, and leaves out the steps that were taken. Then it goes on with
        the random states of the checkpoint.
        """
        if self.step == 0:
            self.epoch_start = self.random.states()
            yield from self.batches()
            return
        self.random.set_states(self.epoch_start)
        batches = iter(self.batches())
        for taken in range(self.step):
            if next(batches, None) is None:
                raise ValueError(
                    f"the checkpoint is of step {self.step} of an epoch, but there are only "
                    f"{taken} minibatches: resume with the data and batch size it was made with"
                )
        self.random.set_states(self.resumed)
        yield from batches


class Callback:
    """Told by `fit` how a run goes. Subclasses define what they need of the four methods.

    One that remembers something from epoch to epoch defines ``state_dict()``, which returns it as
    plain data and arrays, and ``load_state_dict(state)``, so that a checkpoint can bring it back
    (arrays come back as tensors).

    Attributes
    ----------
    last : bool
        Whether it is told after all others, since it saves what they did.

    Examples
    --------
    >>> class Steps(Callback):
    ...     count = 0
    ...
    ...     def on_step(self, run):
    ...         self.count += 1
    """

    last = False

    def on_start(self, run: Training) -> None:
        """Before the first step."""

    def on_step(self, run: Training) -> None:
        """After each step; ``run.losses[-1]`` is its loss."""

    def on_epoch(self, run: Training) -> None:
        """After each epoch; ``run.history[-1]`` tells of it. ``run.stop(reason)`` ends the run."""

    def on_end(self, run: Training) -> None:
        """At the end, also when that is an error or Ctrl-C."""

    def state_dict(self) -> dict[str, Any]:
        """What must be saved to go on as if never stopped."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""


class OnEpoch(Callback):
    """Calls a function with each `Epoch` as it ends: for displays and logs.

    Examples
    --------
    >>> OnEpoch(lambda epoch: print(epoch.epoch, epoch.loss))  # doctest: +ELLIPSIS
    <...OnEpoch object at ...>
    """

    def __init__(self, function: Callable[[Epoch], Any]) -> None:
        self.function = function

    def on_epoch(self, run: Training) -> None:
        self.function(run.history[-1])


class LRSchedule(Callback):
    """Moves a learning rate schedule on, after each epoch or after each step.

    Parameters
    ----------
    scheduler : LRScheduler
        Any of ``optim.lr_scheduler``, made for the optimizer of the run.
    per : {"epoch", "step"}
        How it counts.
    monitor : str
        The measure of an `Epoch` that ``ReduceLROnPlateau`` watches.

    Examples
    --------
    >>> from tinygrad_edu import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(2, 2).parameters(), lr=0.1)
    >>> cosine = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=10)
    >>> LRSchedule(cosine, per="epoch").per
    'epoch'
    """

    def __init__(self, scheduler: Any, per: str = "epoch", monitor: str = "val_loss") -> None:
        if per not in ("epoch", "step"):
            raise ValueError(located(f"per: {per!r}; it must be 'epoch' or 'step'"))
        self.watches = hasattr(scheduler, "mode_worse")  # as ReduceLROnPlateau does
        if self.watches and per == "step":
            raise ValueError(
                located(f"per: {type(scheduler).__name__} watches {monitor}; use per='epoch'")
            )
        check_measure(monitor)
        self.scheduler, self.per, self.monitor = scheduler, per, monitor

    def on_step(self, run: Training) -> None:
        if self.per == "step":
            self.scheduler.step()

    def on_epoch(self, run: Training) -> None:
        if self.watches:
            self.scheduler.step(measured(run, self.monitor))
        elif self.per == "epoch":
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        return dict(self.scheduler.state_dict())

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.scheduler.load_state_dict(state_dict)


MEASURES = ("loss", "train_loss", "train_accuracy", "val_loss", "val_accuracy")


def check_measure(name: str) -> None:
    """Refuse what an `Epoch` does not measure."""
    if name not in MEASURES:
        raise ValueError(located(f"monitor: {name!r}; it must be one of {', '.join(MEASURES)}"))


def measured(run: Training, name: str) -> float:
    """A measure of the last epoch; without a validation set there is none of it."""
    value = float(getattr(run.history[-1], name))
    if math.isnan(value) and name.startswith("val"):
        raise ValueError(
            f"{name} was not measured: give fit() a validation set, or monitor 'train_loss'"
        )
    return value
