"""Early stopping: end a run when the validation loss has not improved for a while (S2)."""

from __future__ import annotations

import math

from ..errors import located


class EarlyStopping:
    """Watches one validation loss per epoch.

    Parameters
    ----------
    patience : int
        Stop after this many epochs in a row without a new best value.
    min_delta : float
        By how much a value must be lower to count as better.

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

    def __init__(self, patience: int, min_delta: float = 0.0) -> None:
        if patience < 1:
            raise ValueError(located(f"patience: {patience} epochs; it must be at least 1"))
        if not min_delta >= 0:
            raise ValueError(located(f"min_delta: {min_delta}; it must be >= 0"))
        self.patience, self.min_delta = patience, min_delta
        self.best, self.best_epoch, self.epoch = math.inf, -1, -1

    def step(self, loss: float) -> bool:
        """Enter the loss of one more epoch; True when it is time to stop. A NaN never improves."""
        self.epoch += 1
        if loss < self.best - self.min_delta:
            self.best, self.best_epoch = float(loss), self.epoch
        return self.epoch - self.best_epoch >= self.patience
