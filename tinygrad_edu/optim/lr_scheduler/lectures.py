"""The schedules of the lectures that PyTorch does not have under a name."""

from __future__ import annotations

import math
from typing import Any

from ...errors import located
from .checks import not_negative, per_group, positive
from .schedule import Schedule


class LinearWarmupLR(Schedule):
    """A straight line from zero to the base rate: ``min(1, (step + shift) / warmup)``.

    Parameters
    ----------
    optimizer : Optimizer
    warmup : int
        The steps until the base rate is reached.
    last_epoch : int
    shift : int
        With 0, as in S1, the first update is made at rate 0 and does nothing; 1 avoids that.

    References
    ----------
    S1 ("linear warm-up over about 5000 iterations"); Goyal et al. 2017.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = LinearWarmupLR(opt, warmup=5000)
    >>> [schedule.value(k) for k in (0, 1, 2500, 4999, 5000, 6000)]
    [0.0, 0.0002, 0.5, 0.9998, 1.0, 1.0]
    """

    def __init__(
        self, optimizer: Any, warmup: int, last_epoch: int = -1, *, shift: int = 0
    ) -> None:
        positive(warmup=warmup)
        self.warmup, self.shift = warmup, shift
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return min(1.0, (step + self.shift) / self.warmup)

    def _span(self) -> int:
        return self.warmup + 2


class LinearToTauLR(Schedule):
    """A straight line to `lr_tau` at step `tau`, then constant. Not chainable.

    ``(1 - k/tau) base + (k/tau) lr_tau`` for k <= tau.

    Parameters
    ----------
    optimizer : Optimizer
    tau : int
    lr_tau : float or list of float
        The last rate, for all groups or for each. (Not a factor: with 0, the line ``1 - k/tau``.)
    last_epoch : int

    References
    ----------
    S3, where the last rate is called alpha_T by mistake; Goodfellow et al. 2016, (8.14).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = LinearToTauLR(opt, tau=100, lr_tau=0.01)
    >>> [schedule.value(k) for k in (0, 50, 100, 1000)]
    [1.0, 0.505, 0.01, 0.01]
    """

    chainable = False

    def __init__(
        self,
        optimizer: Any,
        tau: int,
        lr_tau: float | list[float] = 0.0,
        last_epoch: int = -1,
    ) -> None:
        positive(tau=tau)
        self.tau, self.final_lrs = tau, per_group("lr_tau", lr_tau, optimizer)
        not_negative(**{f"lr_tau (group {i})": lr for i, lr in enumerate(self.final_lrs)})
        super().__init__(optimizer, last_epoch)

    def value(self, step: float, group: int = 0) -> float:
        share = min(step / self.tau, 1.0)
        return float((1 - share) * self.base_lrs[group] + share * self.final_lrs[group])

    def multiplier(self, step: float) -> float:
        return self.value(step) / self.base_lrs[0]

    def _span(self) -> int:
        return self.tau + 2


class ExponentialDecayLR(Schedule):
    """``e^(-k/tau)``, for all k.

    Parameters
    ----------
    optimizer : Optimizer
    tau : float
        In so many steps the rate falls to 1/e.
    last_epoch : int

    Notes
    -----
    S3 prints the condition "for k >= tau". Read with the line of `LinearToTauLR` before it, the
    rate would jump up again, from 0.01 to 0.368 of the first: it is meant for all k >= 0.

    The sum of all rates is finite, ``1 / (1 - e^(-1/tau))`` times the first: farther than that
    the parameters can't travel, wherever the minimum is (Robbins and Monro ask for an infinite
    sum).

    References
    ----------
    S3.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = ExponentialDecayLR(opt, tau=100)
    >>> [round(schedule.value(k), 4) for k in (0, 100, 200, 300)]
    [1.0, 0.3679, 0.1353, 0.0498]
    """

    def __init__(self, optimizer: Any, tau: float, last_epoch: int = -1) -> None:
        positive(tau=tau)
        self.tau = tau
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return math.exp(-step / self.tau)

    def _span(self) -> int:
        return math.ceil(3 * self.tau)


class InverseTimeLR(Schedule):
    """``1 / (1 + k t)``.

    Parameters
    ----------
    optimizer : Optimizer
    k : float
        At step ``1/k`` the rate is half the first.
    last_epoch : int

    References
    ----------
    CS231n, notes to S1 ("1/t decay").

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = InverseTimeLR(opt, k=1)
    >>> [round(schedule.value(t), 4) for t in (0, 1, 10)]
    [1.0, 0.5, 0.0909]
    """

    def __init__(self, optimizer: Any, k: float = 1.0, last_epoch: int = -1) -> None:
        not_negative(k=k)
        self.k = k
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return 1 / (1 + self.k * step)


class InverseSqrtLR(Schedule):
    """``t ** -0.5``, or with warm-up ``min(t ** -0.5, t * warmup ** -1.5)``; ``t = step + shift``.

    Parameters
    ----------
    optimizer : Optimizer
        For the schedule of the Transformer, its lr is ``d_model ** -0.5``.
    warmup : int
        So many steps the rate grows in a straight line; 0 for no warm-up.
    last_epoch : int
    shift : int
        1 counts steps from 1 (D2L, and the Transformer). With 0, the formula of S1, the first step
        would divide by zero; with a warm-up it has rate 0.

    References
    ----------
    S1; Vaswani et al. 2017, "Attention is all you need", section 5.3.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> [round(InverseSqrtLR(opt).value(k), 4) for k in (0, 3, 8)]
    [1.0, 0.5, 0.3333]
    >>> InverseSqrtLR(opt, warmup=4).values(5)
    [0.125, 0.25, 0.375, 0.5, 0.4472135954999579]
    """

    def __init__(
        self, optimizer: Any, warmup: int = 0, last_epoch: int = -1, *, shift: int = 1
    ) -> None:
        not_negative(warmup=warmup, shift=shift)
        if not warmup and not shift:
            raise ValueError(
                located(
                    "shift=0 without warm-up divides by zero at step 0, as a0 / sqrt(t) does: "
                    "count from 1 with shift=1"
                )
            )
        self.warmup, self.shift = warmup, shift
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        t = step + self.shift
        falling = t**-0.5 if t else math.inf
        return float(min(falling, t * self.warmup**-1.5) if self.warmup else falling)

    def _span(self) -> int:
        return 4 * self.warmup or 10


class FactorLR(Schedule):
    """``max(stop_factor_lr, base * factor ** step)``. Not chainable.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float
    stop_factor_lr : float
        The rate does not go below this.
    last_epoch : int
    decay_first : bool
        True for the numbers of D2L, which decays before the first use: with a base rate of 2 and a
        factor of 0.9 its first step is made with 1.8.

    References
    ----------
    Dive into Deep Learning, "Learning rate scheduling" (FactorScheduler).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=2.0)
    >>> FactorLR(opt, 0.9, 1.7).values(3)
    [2.0, 1.8, 1.7]
    >>> FactorLR(opt, 0.9, 1.7, decay_first=True).values(3)
    [1.8, 1.7, 1.7]
    """

    chainable = False

    def __init__(
        self,
        optimizer: Any,
        factor: float = 1.0,
        stop_factor_lr: float = 1e-7,
        last_epoch: int = -1,
        *,
        decay_first: bool = False,
    ) -> None:
        not_negative(factor=factor, stop_factor_lr=stop_factor_lr)
        self.factor, self.stop_factor_lr, self.decay_first = factor, stop_factor_lr, decay_first
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return float(self.factor ** (step + self.decay_first))

    def value(self, step: float, group: int = 0) -> float:
        return max(self.stop_factor_lr, super().value(step, group))
