"""Steps, lines, powers, and functions of your own."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from ...errors import DTypeError, located
from .checks import between_0_and_1, not_negative, per_group, positive, saved_callable
from .schedule import Schedule


class StepLR(Schedule):
    """Times `gamma` every `step_size` steps: ``gamma ** (step // step_size)``.

    Parameters
    ----------
    optimizer : Optimizer
    step_size : int
    gamma : float
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = StepLR(opt, step_size=30)
    >>> [round(schedule.value(k), 3) for k in (29, 30, 59, 60, 89, 90)]
    [1.0, 0.1, 0.1, 0.01, 0.01, 0.001]
    >>> schedule.jumps(100)
    [30, 60, 90]
    """

    loads_next = False

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        positive(step_size=step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return float(self.gamma ** (step // self.step_size))

    def _span(self) -> int:
        return 3 * self.step_size


class MultiStepLR(Schedule):
    """Times `gamma` at each milestone: ``gamma ** (number of milestones <= step)``.

    Parameters
    ----------
    optimizer : Optimizer
    milestones : iterable of int
        One that stands twice counts twice.
    gamma : float
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.5)
    >>> MultiStepLR(opt, [15, 30], gamma=0.5).jumps(40)
    [15, 30]
    """

    loads_next = False

    def __init__(
        self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return float(self.gamma ** bisect_right(sorted(self.milestones.elements()), step))

    def _span(self) -> int:
        return max(self.milestones, default=0) + 5


class ConstantLR(Schedule):
    """Times `factor` for the first `total_iters` steps, then the base rate.

    Parameters
    ----------
    optimizer : Optimizer
    factor : float
        In [0, 1].
    total_iters : int
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> ConstantLR(opt, factor=0.25, total_iters=3).values(5)
    [0.25, 0.25, 0.25, 1.0, 1.0]
    """

    loads_next = False

    def __init__(
        self, optimizer: Any, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        between_0_and_1("factor", factor)
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        # With total_iters=0 the recursion of PyTorch never gets back to the base rate.
        return 1.0 if step >= self.total_iters > 0 else self.factor

    def _span(self) -> int:
        return self.total_iters + 2


class LinearLR(Schedule):
    """A straight line from `start_factor` to `end_factor` in `total_iters` steps, then constant.

    ``start_factor + (end_factor - start_factor) * min(step, total_iters) / total_iters``.

    Parameters
    ----------
    optimizer : Optimizer
    start_factor : float
        In (0, 1]. For a warm-up from 0 see `LinearWarmupLR`.
    end_factor : float
        In [0, 1].
    total_iters : int
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> LinearLR(opt, start_factor=0.5, total_iters=4).values(6)
    [0.5, 0.625, 0.75, 0.875, 1.0, 1.0]
    """

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        between_0_and_1("start_factor", start_factor)
        positive(start_factor=start_factor)
        between_0_and_1("end_factor", end_factor)
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        share = min(step, self.total_iters) / self.total_iters if self.total_iters else 0.0
        return self.start_factor + (self.end_factor - self.start_factor) * share

    def _span(self) -> int:
        return self.total_iters + 2


class ExponentialLR(Schedule):
    """Times `gamma` at every step: ``gamma ** step``. For ``e^(-k/tau)`` see `ExponentialDecayLR`.

    Parameters
    ----------
    optimizer : Optimizer
    gamma : float
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> ExponentialLR(opt, gamma=0.5).values(4)
    [1.0, 0.5, 0.25, 0.125]
    """

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        return float(self.gamma**step)


class PolynomialLR(Schedule):
    """To zero in `total_iters` steps: ``(1 - min(step, total_iters) / total_iters) ** power``.

    With ``power=1`` the straight line of S1, ``a0 (1 - t/T)``.

    Parameters
    ----------
    optimizer : Optimizer
    total_iters : int
    power : float
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> PolynomialLR(opt, total_iters=4).values(6)
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """

    def __init__(
        self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1
    ) -> None:
        not_negative(total_iters=total_iters)
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def multiplier(self, step: float) -> float:
        share = min(step, self.total_iters) / self.total_iters if self.total_iters else 0.0
        return float((1.0 - share) ** self.power)

    def _span(self) -> int:
        return self.total_iters


class _OwnFunctions(Schedule):
    """What the two schedules share that take a function of the step, or one for each group."""

    def __init__(
        self,
        optimizer: Any,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        self.lr_lambdas = per_group("lr_lambda", lr_lambda, optimizer)
        for function in self.lr_lambdas:
            if not callable(function):
                kind = type(function).__name__
                raise DTypeError(located(f"lr_lambda should be a function, but got {kind}"))
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        """As for all; of `lr_lambdas` only the attributes of callable objects are saved."""
        return {
            **super().state_dict(),
            "lr_lambdas": [saved_callable(function) for function in self.lr_lambdas],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As for all; functions stay those that this schedule was made with."""
        functions = self.lr_lambdas
        super().load_state_dict(state_dict)
        for function, attributes in zip(functions, self.lr_lambdas, strict=True):
            if attributes is not None:
                function.__dict__.update(attributes)
        self.lr_lambdas = functions


class LambdaLR(_OwnFunctions):
    """Times a function of yours: ``lr_lambda(step)``. Not chainable.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callable
        One for all groups, or one for each.
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.5)
    >>> LambdaLR(opt, lambda step: 0.5**step).values(4)
    [0.5, 0.25, 0.125, 0.0625]
    """

    chainable = False

    def _multiplier(self, step: float, group: int = 0) -> float:
        return float(self.lr_lambdas[group](step))

    def multiplier(self, step: float) -> float:
        return self._multiplier(step, 0)


class MultiplicativeLR(_OwnFunctions):
    """Times a function of yours at each step: ``lr_lambda(1) * ... * lr_lambda(step)``.

    Parameters
    ----------
    optimizer : Optimizer
    lr_lambda : callable or list of callable
        One for all groups, or one for each.
    last_epoch : int

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.5)
    >>> MultiplicativeLR(opt, lambda step: 1 / step).values(4)
    [0.5, 0.5, 0.25, 0.08333333333333333]
    """

    def _multiplier(self, step: float, group: int = 0) -> float:
        return math.prod(self.lr_lambdas[group](k) for k in range(1, int(step) + 1))

    def multiplier(self, step: float) -> float:
        return self._multiplier(step, 0)

    def values(self, steps: int, group: int = 0) -> list[float]:
        rates = self.base_lrs[group : group + 1]
        for step in range(1, steps):
            rates.append(self.advance(rates[-1], step, group))
        return rates[:steps]

    def advance(self, lr: float, step: int, group: int = 0) -> float:
        return lr * self.lr_lambdas[group](step) if step > 0 else lr

    def restarted(self, lr: float, group: int) -> float:
        # In PyTorch it has no closed form, and goes on from the last rate.
        return lr * self.lr_lambdas[group](0)

    def _get_closed_form_lr(self) -> list[float]:
        rates = [group["lr"] for group in self.optimizer.param_groups]
        return [lr * self.lr_lambdas[i](self.last_epoch) for i, lr in enumerate(rates)]
