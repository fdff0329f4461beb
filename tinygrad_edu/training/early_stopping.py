"""Early stopping: end a run when the validation loss has not improved for a while (S2)."""

from __future__ import annotations

import copy
import math
from typing import Any

from ..errors import located
from .callbacks import Callback, Training, check_measure, measured
from .resume import load_model, model_state


class EarlyStopping(Callback):
    """Watches one validation loss per epoch, and brings the best weights back at the end.

    Parameters
    ----------
    patience : int or None
        Stop after this many epochs in a row without a new best value; None: never, so that the
        run goes on to its last epoch and then keeps the best.
    min_delta : float
        By how much a value must be lower to count as better.
    monitor : str
        Which measure of an `Epoch` to watch. Of an accuracy, higher is better.
    restore_best : bool
        Whether the model has, when the run ends, parameters and buffers of the best epoch.

    Attributes
    ----------
    best_epoch : int
        The epoch (from 0) with the best value so far: the one whose weights to keep, also if the
        run reaches its end without being stopped.
    best : float
        That value.

    Examples
    --------
    >>> stopper = EarlyStopping(patience=2)
    >>> [stopper.step(loss) for loss in [1.0, 0.8, 0.9, 0.85]]
    [False, False, False, True]
    >>> stopper.best_epoch
    1
    """

    def __init__(
        self,
        patience: int | None,
        min_delta: float = 0.0,
        *,
        monitor: str = "val_loss",
        restore_best: bool = True,
    ) -> None:
        if patience is not None and patience < 1:
            raise ValueError(located(f"patience: {patience} epochs; it must be at least 1"))
        if not min_delta >= 0:
            raise ValueError(located(f"min_delta: {min_delta}; it must be >= 0"))
        check_measure(monitor)
        self.patience, self.min_delta = patience, min_delta
        self.monitor, self.restore_best = monitor, restore_best
        self.sign = -1.0 if monitor.endswith("accuracy") else 1.0
        self._reset()

    def _reset(self) -> None:
        # The first value that is a number improves on this one, also an accuracy of 0.
        self.best, self.best_epoch, self.epoch = self.sign * math.inf, -1, -1
        self.best_model: dict[str, Any] | None = None

    def step(self, value: float) -> bool:
        """Enter the value of one more epoch; True when it is time to stop. NaN never improves."""
        self.epoch += 1
        if self.sign * value < self.sign * self.best - self.min_delta:
            self.best, self.best_epoch = float(value), self.epoch
        return self.patience is not None and self.epoch - self.best_epoch >= self.patience

    # ---------------------------------------------------------------- as a callback

    def on_start(self, run: Training) -> None:
        self._reset()

    def on_epoch(self, run: Training) -> None:
        enough = self.step(measured(run, self.monitor))
        if self.best_epoch == self.epoch and self.restore_best:
            # A copy: the steps to come write into the parameters.
            self.best_model = copy.deepcopy(model_state(run.model))
        if enough:
            run.stop(
                f"{self.monitor} was best in epoch {self.best_epoch + 1} ({self.best:.4g}) and has "
                f"not improved in {self.epoch - self.best_epoch} epochs"
            )

    def on_end(self, run: Training) -> None:
        if self.best_model is not None:
            load_model(run.model, self.best_model)

    def state_dict(self) -> dict[str, Any]:
        names = ("best", "best_epoch", "epoch", "best_model")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        vars(self).update(state_dict)
