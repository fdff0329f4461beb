"""Half a cosine, once or with warm restarts."""

from __future__ import annotations

import math
from typing import Any

from ...errors import located
from .checks import positive
from .schedule import Schedule


def half_cosine(share: float) -> float:
    """``(1 + cos(pi share)) / 2``: from 1 to 0 while `share` goes from 0 to 1."""
    return (1.0 + math.cos(math.pi * share)) / 2.0


class CosineAnnealingLR(Schedule):
    """Half a cosine: ``eta_min + (base - eta_min) (1 + cos(pi step / T_max)) / 2``.

    Parameters
    ----------
    optimizer : Optimizer
    T_max : int
        The step at which the rate is `eta_min`.
    eta_min : float
    last_epoch : int
    clamp : bool
        Stay at `eta_min` after `T_max` (D2L). PyTorch, and False, follow the cosine up again.

    References
    ----------
    Loshchilov and Hutter 2017, "SGDR"; S1.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = CosineAnnealingLR(opt, T_max=100)
    >>> [round(schedule.value(k), 6) for k in (0, 25, 50, 75, 100, 125)]
    [1.0, 0.853553, 0.5, 0.146447, 0.0, 0.146447]
    """

    clamp = False

    def __init__(
        self,
        optimizer: Any,
        T_max: int,
        eta_min: float = 0.0,
        last_epoch: int = -1,
        *,
        clamp: bool = False,
    ) -> None:
        positive(T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        if clamp:  # otherwise left to the class: a state dict of PyTorch's knows no such entry
            self.clamp = True
        super().__init__(optimizer, last_epoch)

    @property
    def floor(self) -> float:  # type: ignore[override]
        """`eta_min`."""
        return self.eta_min

    def multiplier(self, step: float) -> float:
        return half_cosine((min(step, self.T_max) if self.clamp else step) / self.T_max)

    def _span(self) -> int:
        return math.ceil(self.T_max)


class CosineAnnealingWarmRestarts(Schedule):
    """Half cosines one after the other, each `T_mult` times as long as the last (SGDR).

    ``eta_min + (base - eta_min) (1 + cos(pi T_cur / T_i)) / 2``, where ``T_cur`` counts from the
    last restart and ``T_i`` is the length of its cycle. Not chainable.

    Parameters
    ----------
    optimizer : Optimizer
    T_0 : int
        The length of the first cycle.
    T_mult : int
    eta_min : float
    last_epoch : int

    References
    ----------
    Loshchilov and Hutter 2017, "SGDR"; S1.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> CosineAnnealingWarmRestarts(opt, T_0=10, T_mult=2).jumps(200)
    [10, 30, 70, 150]
    """

    chainable = False

    def __init__(
        self,
        optimizer: Any,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        for name, count in (("T_0", T_0), ("T_mult", T_mult)):
            if not isinstance(count, int) or count < 1:
                raise ValueError(located(f"Expected positive integer {name}, but got {count!r}"))
        if not isinstance(eta_min, (int, float)):
            kind = type(eta_min).__name__
            raise ValueError(located(f"Expected float or int eta_min, but got a {kind}: {eta_min}"))
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        self.T_cur: float
        self.T_cur, self.T_i = self.place(max(last_epoch, 0))
        super().__init__(optimizer, last_epoch)

    @property
    def floor(self) -> float:  # type: ignore[override]
        """`eta_min`."""
        return self.eta_min

    def place(self, step: float) -> tuple[float, int]:
        """The steps since the last restart, and the length of the cycle that it began."""
        if self.T_mult == 1:
            return step % self.T_0, self.T_0
        length = self.T_0
        while step >= length:
            step -= length
            length *= self.T_mult
        return step, length

    def multiplier(self, step: float) -> float:
        passed, length = self.place(step)
        return half_cosine(passed / length)

    def step(self, epoch: float | None = None) -> None:
        """Go to the next step, or to `epoch`, which may lie between two.

        Parameters
        ----------
        epoch : float, optional
            Such as ``epoch + i / len(batches)``, to move within an epoch.
        """
        self._check_groups()
        if epoch is not None and epoch < 0:
            raise ValueError(located(f"Expected non-negative epoch, but got {epoch}"))
        if epoch is not None or self.last_epoch < 0:
            self.T_cur, self.T_i = self.place(epoch or 0)
            self.last_epoch = math.floor(epoch or 0)
        else:
            # After a step to a fraction, its fraction is kept.
            self.last_epoch += 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        self._write(self._at_place())

    def _at_place(self) -> list[float]:
        shape = half_cosine(self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * shape for base in self.base_lrs]

    def get_lr(self) -> list[float]:
        return self._at_place()

    def _update_lr(self, epoch: int | None = None) -> None:
        self.step(epoch)

    def _span(self) -> int:
        return self.T_0 * (1 + self.T_mult + self.T_mult**2)
