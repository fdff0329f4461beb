"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any

from ...errors import DTypeError, located
from .base import LRScheduler
from .plateau import ReduceLROnPlateau
from .schedule import Schedule


class _Composite(Schedule):
    """What schedules made of schedules share: the checks, and their state."""

    _schedulers: list[Any]

    def _take(self, schedulers: Sequence[Any], optimizer: Any) -> None:
        name = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(located(f"{name} expects at least one scheduler, but got none"))
        self.optimizer = (
            getattr(schedulers[0], "optimizer", None) if optimizer is None else optimizer
        )
        for i, schedule in enumerate(schedulers):
            kind = type(schedule).__name__
            if not isinstance(schedule, LRScheduler):
                raise DTypeError(located(f"{name}: schedulers[{i}] is a {kind}, not a schedule"))
            if isinstance(schedule, ReduceLROnPlateau):
                raise ValueError(
                    located(
                        f"{name} does not support ReduceLROnPlateau (at index {i}), whose step() "
                        "needs a metric: step it on its own"
                    )
                )
            if schedule.optimizer is not self.optimizer:
                raise ValueError(
                    located(
                        f"{name} expects all schedulers to belong to the same optimizer, but "
                        f"{kind} at index {i} has another"
                    )
                )
        self._schedulers = list(schedulers)

    @property
    def base_lrs(self) -> list[float]:  # type: ignore[override]
        """The rate that each group started from."""
        return [group["initial_lr"] for group in self.optimizer.param_groups]

    def _begin(self) -> None:
        """Start all over: rates, members and all."""
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        self._warn_outside_step()
        return [group["lr"] for group in self.optimizer.param_groups]

    # ---------------------------------------------------------------- the curve

    def values(self, steps: int, group: int = 0) -> list[float]:
        rates: list[float] = []
        lr = self.base_lrs[group]
        for step in range(steps):
            rates.append(lr := self.advance(lr, step, group))
        return rates

    def value(self, step: float, group: int = 0) -> float:
        return self.values(int(step) + 1, group)[-1]

    def restarted(self, lr: float, group: int) -> float:
        return self.advance(self.base_lrs[group], 0, group)

    # ---------------------------------------------------------------- saving

    def state_dict(self) -> dict[str, Any]:
        """Where this schedule and its members stand, without the optimizer."""
        return {**super().state_dict(), "_schedulers": [s.state_dict() for s in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state; a dict that does not fit changes nothing."""
        members = self._schedulers
        super().load_state_dict(state_dict)
        for member, state in zip(members, self._schedulers, strict=True):
            member.load_state_dict(state)
        self._schedulers = members

    def _check_state(self, state: dict[str, Any]) -> None:
        super()._check_state(state)
        theirs = state.get("_schedulers", [])
        if len(theirs) != len(self._schedulers):
            raise ValueError(
                located(
                    f"load_state_dict: {len(theirs)} schedulers in the state dict, "
                    f"{len(self._schedulers)} here"
                )
            )
        for member, inner in zip(self._schedulers, theirs, strict=True):
            member._check_state(inner)


class SequentialLR(_Composite):
    """One schedule after the other; each starts from its step 0 at its milestone.

    Parameters
    ----------
    optimizer : Optimizer
    schedulers : list of LRScheduler
    milestones : list of int
        The steps at which the second, third, ... take over: one fewer than `schedulers`.
    last_epoch : int

    Notes
    -----
    A schedule that takes over begins from the base rate, not where the last one ended
    (`MultiplicativeLR`, as in PyTorch, goes on from there): ``print(schedule)`` says if that jumps.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> from tinygrad_edu.optim.lr_scheduler import CosineAnnealingLR, LinearWarmupLR
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.3)
    >>> warmup, decay = (
    ...     LinearWarmupLR(opt, 5),
    ...     CosineAnnealingLR(opt, T_max=15, eta_min=0.01),
    ... )
    >>> schedule = SequentialLR(opt, [warmup, decay], milestones=[5])
    >>> [round(schedule.value(k), 4) for k in (0, 1, 4, 5, 20)]
    [0.0, 0.06, 0.24, 0.3, 0.01]
    """

    def __init__(
        self,
        optimizer: Any,
        schedulers: list[Any],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        self._take(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                located(
                    "SequentialLR expects one milestone fewer than schedulers, but got "
                    f"{len(schedulers)} schedulers and {len(milestones)} milestones"
                )
            )
        self._milestones = list(milestones)
        self._begin()
        self.last_epoch = last_epoch + 1

    def _begin(self) -> None:
        self.last_epoch = 0
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for schedule in _all_simple(self):
            schedule.last_epoch = -1
        first = self._schedulers[bisect_right(self._milestones, 0)]
        _begin(first)
        self._remember()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next step of the schedule whose turn it is."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            if isinstance(schedule, _Composite):
                schedule._begin()
            else:
                schedule._update_lr(0)
        else:
            schedule.step()
        self._remember()

    def advance(self, lr: float, step: int, group: int = 0) -> float:
        i = bisect_right(self._milestones, step)
        schedule = _curve(self._schedulers[i])
        if step == 0:
            return schedule.advance(self.base_lrs[group], 0, group)
        local = step - (self._milestones[i - 1] if i else 0)
        if local == 0:
            return schedule.restarted(lr, group)
        return schedule.advance(lr, local, group)

    def _span(self) -> int:
        return max(self._milestones, default=0) + _curve(self._schedulers[-1])._span()


class ChainedScheduler(_Composite):
    """Several schedules at once: each changes the rate that the one before it left.

    Chainable ones multiply; one that is not (see `Schedule`) hides those before it.

    Parameters
    ----------
    schedulers : sequence of LRScheduler
    optimizer : Optimizer, optional
        That of the first, unless given.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> from tinygrad_edu.optim.lr_scheduler import ConstantLR, ExponentialLR
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> both = [
    ...     ConstantLR(opt, factor=0.5, total_iters=2),
    ...     ExponentialLR(opt, gamma=0.5),
    ... ]
    >>> ChainedScheduler(both).values(4)
    [0.5, 0.25, 0.25, 0.125]
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Any = None) -> None:
        self._take(schedulers, optimizer)
        self._remember()

    def _begin(self) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]
        for schedule in _all_simple(self):
            schedule.last_epoch = -1
        for schedule in self._schedulers:
            _begin(schedule)
        self._remember()

    def step(self) -> None:  # type: ignore[override]
        """One step of each."""
        for schedule in self._schedulers:
            schedule.step()
        self._remember()

    def advance(self, lr: float, step: int, group: int = 0) -> float:
        for schedule in self._schedulers:
            lr = _curve(schedule).advance(lr, step, group)
        return lr

    def _span(self) -> int:
        return max(_curve(schedule)._span() for schedule in self._schedulers)


def _begin(schedule: Any) -> None:
    if isinstance(schedule, _Composite):
        schedule._begin()
    else:
        schedule._initial_step()


def _all_simple(schedule: Any) -> Iterator[Any]:
    """All members that are not made of others, at any depth."""
    if isinstance(schedule, _Composite):
        for member in schedule._schedulers:
            yield from _all_simple(member)
    else:
        yield schedule


def _curve(schedule: Any) -> Schedule:
    if not isinstance(schedule, Schedule):
        kind = type(schedule).__name__
        raise DTypeError(
            located(f"{kind} defines only get_lr(): to show it as a curve, make it a Schedule")
        )
    return schedule
