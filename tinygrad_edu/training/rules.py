"""The update rules and learning rate schedules of the main job, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .. import optim
from ..optim import lr_scheduler
from .callbacks import LRSchedule


@dataclass(frozen=True)
class Rule:
    """An update rule: its class, and its own default learning rate (None: that of the model)."""

    optimizer: Callable[..., Any]
    lr: float | None


OPTIMIZERS = {
    "sgd": Rule(optim.SGD, None),
    "rmsprop": Rule(optim.RMSprop, 0.001),
    "adagrad": Rule(optim.Adagrad, 0.01),
    "adam": Rule(optim.Adam, 0.001),
    "adamw": Rule(optim.AdamW, 0.001),
    "nadam": Rule(optim.NAdam, 0.002),
}

# What a schedule does with the rate over all epochs, from the optimizer and their number.
SCHEDULES: dict[str, Callable[[Any, int], Any] | None] = {
    "constant": None,
    "cosine": lambda optimizer, epochs: lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs),
    # A tenth after each third.
    "step": lambda optimizer, epochs: lr_scheduler.StepLR(optimizer, max(1, -(-epochs // 3))),
    # To a hundredth at the end.
    "exponential": lambda optimizer, epochs: lr_scheduler.ExponentialLR(
        optimizer, 0.01 ** (1 / epochs)
    ),
    # A tenth after five epochs without progress.
    "plateau": lambda optimizer, epochs: lr_scheduler.ReduceLROnPlateau(optimizer, patience=5),
}


def make_optimizer(name: str, parameters: Iterable[Any], lr: float, momentum: float) -> Any:
    """Make the optimizer of a name.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> type(make_optimizer("adam", nn.Linear(2, 1).parameters(), 0.01, 0.0)).__name__
    'Adam'
    """
    options = {"momentum": momentum} if name == "sgd" else {}
    return OPTIMIZERS[name].optimizer(parameters, lr=lr, **options)


def make_schedule(name: str, optimizer: Any, epochs: int) -> list[LRSchedule]:
    """Make the schedule of a name, as the callbacks of a run: one, or none for a constant rate.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> optimizer = make_optimizer("sgd", nn.Linear(2, 1).parameters(), 1.0, 0.9)
    >>> (cosine,) = make_schedule("cosine", optimizer, 10)
    >>> round(cosine.scheduler.value(5), 12)
    0.5
    """
    make = SCHEDULES[name]
    return [] if make is None else [LRSchedule(make(optimizer, epochs))]
