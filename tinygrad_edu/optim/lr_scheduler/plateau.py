"""A schedule that watches a metric: down when it stops to improve."""

from __future__ import annotations

import math
import warnings
from typing import Any, SupportsFloat

from ...errors import located
from .base import WITH_EPOCH
from .checks import must_be_optimizer, not_negative, per_group
from .schedule import Schedule


class ReduceLROnPlateau(Schedule):
    """Times `factor` once a metric has not improved for more than `patience` epochs.

    Parameters
    ----------
    optimizer : Optimizer
    mode : {"min", "max"}
        Whether lower or higher is better.
    factor : float
        In [0, 1).
    patience : int
        So many epochs without improvement are let pass.
    threshold : float
    threshold_mode : {"rel", "abs"}
        An epoch is better than the best only if it is by this share, or by this amount.
    cooldown : int
        So many epochs after a reduction no epoch counts as bad.
    min_lr : float or list of float
        Not below this, for all groups or for each.
    eps : float
        A smaller reduction than this is left out.

    Notes
    -----
    It is no function of the step, but of the metrics: `value`, `table` and `jumps` tell how the
    rate has been so far.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(opt, patience=1)
    >>> for loss in (1.0, 0.5, 0.5, 0.5, 0.5):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    >>> print(schedule)
    ReduceLROnPlateau: learning rate at each step
       step            lr
          0             1
          1             1
          2             1
          3             1
          4           0.1  <- jumps x 0.1
          5           0.1
    jumps at 4
    """

    def __init__(
        self,
        optimizer: Any,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError(located(f"Factor should be < 1.0, not {factor}"))
        not_negative(factor=factor)
        if mode not in ("min", "max"):
            raise ValueError(located(f"mode {mode!r} is unknown! It must be 'min' or 'max'"))
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(
                located(f"threshold mode {threshold_mode!r} is unknown! It must be 'rel' or 'abs'")
            )
        self.optimizer = must_be_optimizer(optimizer)
        self.factor, self.patience, self.cooldown, self.eps = factor, patience, cooldown, eps
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.min_lrs = per_group("min_lr", min_lr, optimizer)
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.last_epoch = 0
        self._remember()
        self._history = [(0, list(self._last_lr))]
        self._reset()

    def _reset(self) -> None:
        """Forget the best metric and all counts."""
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def mode_worse(self) -> float:
        """What every metric is better than."""
        return math.inf if self.mode == "min" else -math.inf

    @property
    def in_cooldown(self) -> bool:
        """Whether the last reduction is so near that no epoch counts as bad."""
        return self.cooldown_counter > 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Look at the metric of an epoch, and reduce the rate if it is time.

        Parameters
        ----------
        metrics : float or Tensor
        epoch : int, optional
            Deprecated.
        """
        current = float(metrics)
        if epoch is not None:
            warnings.warn(WITH_EPOCH, UserWarning, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(current, self.best):
            self.best = current
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce_lr()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._remember()
        if self._last_lr != self._history[-1][1]:
            self._history.append((self.last_epoch, list(self._last_lr)))

    def _is_better(self, a: float, best: float) -> bool:
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            bar = best * (1 + sign * self.threshold)
        else:
            bar = best + sign * self.threshold
        return a > bar if self.mode == "max" else a < bar

    def _reduce_lr(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    located(
                        f"there are {len(groups)} parameter groups, but {len(self.min_lrs)} "
                        "min_lrs: add one to `min_lrs` when you add a group"
                    )
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            old = float(group["lr"])
            new = max(old * self.factor, lowest)
            if old - new > self.eps:
                group["lr"] = new

    # ---------------------------------------------------------------- how it has been

    def value(self, step: float, group: int = 0) -> float:
        """The rate after this many epochs, as far as they have been."""
        past = [rates for epoch, rates in self._history if epoch <= step and group < len(rates)]
        return float(past[-1][group])

    def _span(self) -> int:
        return self.last_epoch
