"""Rates that rise and fall, with a momentum that falls and rises."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...errors import located
from .checks import between_0_and_1, must_be_optimizer, per_group, positive, saved_callable
from .cosine import half_cosine
from .schedule import Schedule


class _Cycle(Schedule):
    """What cyclic schedules share: where in the cycle a step is, and the momentum against it."""

    chainable = False
    cycle_momentum: bool

    def _start_momentum(self, base: Any, highest: Any, begins: bool) -> None:
        """Check that the rule has a momentum, and put its bounds into the groups."""
        if not self.cycle_momentum:
            return
        defaults = self.optimizer.defaults
        if "momentum" not in defaults and "betas" not in defaults:
            raise ValueError(
                located(
                    "optimizer must support momentum or beta1 with `cycle_momentum` option "
                    f"enabled: {type(self.optimizer).__name__} has neither; pass "
                    "cycle_momentum=False"
                )
            )
        self.use_beta1 = "betas" in defaults
        lowest = per_group("base_momentum", base, self.optimizer)
        highest = per_group("max_momentum", highest, self.optimizer)
        if begins:
            for i, group in enumerate(self.optimizer.param_groups):
                group["max_momentum"], group["base_momentum"] = highest[i], lowest[i]
                self._write_momentum(group, highest[i])

    def _write_momentum(self, group: dict[str, Any], momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum

    def momentum(self, step: float, group: int = 0) -> float:
        """The momentum (or beta1) at a step."""
        raise NotImplementedError

    def get_lr(self) -> list[float]:
        self._warn_outside_step()
        groups = self.optimizer.param_groups
        rates = [self.value(self.last_epoch, i) for i in range(len(groups))]
        if self.cycle_momentum:
            for i, group in enumerate(groups):
                self._write_momentum(group, self.momentum(self.last_epoch, i))
        return rates

    def _get_closed_form_lr(self) -> list[float]:
        return self.get_lr()


class OneCycleLR(_Cycle):
    """Up to `max_lr` and down to almost nothing, once, with the momentum against it.

    From ``max_lr / div_factor`` up to `max_lr` in the share `pct_start` of the steps, and down to
    ``max_lr / div_factor / final_div_factor``; with `three_phase`, first down to where it began,
    in as many steps as up. Not chainable.

    Parameters
    ----------
    optimizer : Optimizer
    max_lr : float or list of float
        For all groups, or for each.
    total_steps : int, optional
        Otherwise ``epochs * steps_per_epoch``.
    epochs, steps_per_epoch : int, optional
    pct_start : float
    anneal_strategy : {"cos", "linear"}
    cycle_momentum : bool
        Move the momentum (Adam's beta1) between its two bounds, high where the rate is low.
    base_momentum, max_momentum : float or list of float
    div_factor, final_div_factor : float
    three_phase : bool
    last_epoch : int

    References
    ----------
    Smith and Topin 2018, "Super-convergence".

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = OneCycleLR(opt, max_lr=1.0, total_steps=10)
    >>> [round(schedule.value(k), 4) for k in (0, 1, 2, 9)]
    [0.04, 0.52, 1.0, 0.0]
    >>> schedule.momentum(2)
    0.85
    """

    def __init__(
        self,
        optimizer: Any,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = must_be_optimizer(optimizer)
        self.total_steps = _total_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float):
            raise ValueError(
                located(f"Expected float between 0 and 1 pct_start, but got {pct_start!r}")
            )
        between_0_and_1("pct_start", pct_start)
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                located(f"anneal_strategy must be 'cos' or 'linear', not {anneal_strategy!r}")
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        max_lrs = per_group("max_lr", max_lr, optimizer)
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, max_lrs, strict=True):
                group["initial_lr"], group["max_lr"] = highest / div_factor, highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        self._start_momentum(base_momentum, max_momentum, begins=last_epoch == -1)
        super().__init__(optimizer, last_epoch)

    def _between(self, step: float, what: str, group: int) -> float:
        """Where the rate or the momentum is between the ends of its phase."""
        if step > self.total_steps:
            raise ValueError(
                located(
                    f"Tried to step {step} times. The specified number of total steps is "
                    f"{self.total_steps}"
                )
            )
        begin = 0.0
        for phase in self._schedule_phases:
            if step <= phase["end_step"]:
                break
            # The last phase goes on past its end, by the one step that PyTorch allows.
            if phase is not self._schedule_phases[-1]:
                begin = phase["end_step"]
        length = phase["end_step"] - begin
        share = (step - begin) / length if length else 1.0
        options = self.optimizer.param_groups[group]
        start, end = options[phase[f"start_{what}"]], options[phase[f"end_{what}"]]
        left = half_cosine(share) if self._anneal_func_type == "cos" else 1 - share
        return float(end + (start - end) * left)

    def value(self, step: float, group: int = 0) -> float:
        return self._between(step, "lr", group)

    def momentum(self, step: float, group: int = 0) -> float:
        return self._between(step, "momentum", group)

    def _span(self) -> int:
        return self.total_steps - 1


def _total_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    given = {"total_steps": total_steps}
    if total_steps is None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
        if epochs is None or steps_per_epoch is None:
            raise ValueError(
                located("You must define either total_steps OR (epochs AND steps_per_epoch)")
            )
    for name, count in given.items():
        if not isinstance(count, int) or count <= 0:
            raise ValueError(located(f"Expected positive integer {name}, but got {count!r}"))
    return math.prod(given.values())


def _phases(total: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """Where each phase ends, and between which entries of a group it goes."""
    up = float(pct_start * total)
    moves = [
        (up - 1, "initial_lr", "max_lr", "max_momentum", "base_momentum"),
        (total - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"),
    ]
    if three_phase:
        moves[1:] = [
            (2 * up - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
            (total - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
        ]
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return [dict(zip(names, move, strict=True)) for move in moves]


class CyclicLR(_Cycle):
    """Up from `base_lr` to `max_lr` and down again in straight lines, over and over.

    Parameters
    ----------
    optimizer : Optimizer
    base_lr, max_lr : float or list of float
        The bounds, for all groups or for each. `max_lr` need not be reached, depending on `mode`.
    step_size_up, step_size_down : int
        Steps of each half of a cycle; as many down as up unless given.
    mode : {"triangular", "triangular2", "exp_range"}
        The height of the triangles: all the same, halved each cycle, or ``gamma ** step``.
    gamma : float
    scale_fn : callable, optional
        The height as a function of your own; then `mode` is ignored.
    scale_mode : {"cycle", "iterations"}
        Of what `scale_fn` is a function: the number of the cycle, from 1, or the step.
    cycle_momentum : bool
        Move the momentum (Adam's beta1) between its two bounds, high where the rate is low.
    base_momentum, max_momentum : float or list of float
    last_epoch : int

    References
    ----------
    Smith 2017, "Cyclical learning rates for training neural networks".

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    >>> CyclicLR(opt, base_lr=0.0, max_lr=1.0, step_size_up=2).values(6)
    [0.0, 0.5, 1.0, 0.5, 0.0, 0.5]
    """

    def __init__(
        self,
        optimizer: Any,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self.optimizer = must_be_optimizer(optimizer)
        down = step_size_up if step_size_down is None else step_size_down
        positive(step_size_up=step_size_up, step_size_down=down)
        if scale_fn is None and mode not in ("triangular", "triangular2", "exp_range"):
            raise ValueError(located(f"mode is invalid and scale_fn is None: {mode!r}"))
        base_lrs = per_group("base_lr", base_lr, optimizer)
        self.max_lrs = per_group("max_lr", max_lr, optimizer)
        self.total_size = float(step_size_up + down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        by_mode = "iterations" if mode == "exp_range" else "cycle"
        self.scale_mode = scale_mode if scale_fn is not None else by_mode
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums = per_group("base_momentum", base_momentum, optimizer)
            self.max_momentums = per_group("max_momentum", max_momentum, optimizer)
        self._start_momentum(base_momentum, max_momentum, begins=last_epoch == -1)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, base_lrs, strict=True):
                group["lr"] = lr
        super().__init__(optimizer, last_epoch)
        # A group may have had another initial rate from an earlier schedule.
        self.base_lrs = base_lrs
        self._write(self._get_rates())

    def _get_rates(self) -> list[float]:
        return [self.value(self.last_epoch, i) for i in range(len(self.base_lrs))]

    def scale_fn(self, x: float) -> float:
        """The height of the triangles at a cycle or step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 0.5 ** (x - 1) if self.mode == "triangular2" else self.gamma**x

    def multiplier(self, step: float) -> float:
        """How far up from the lower bound to the upper one, with the height of the triangle."""
        cycle = math.floor(1 + step / self.total_size)
        x = 1.0 + step / self.total_size - cycle
        up = x <= self.step_ratio
        height = x / self.step_ratio if up else (x - 1) / (self.step_ratio - 1)
        return height * self.scale_fn(cycle if self.scale_mode == "cycle" else step)

    def value(self, step: float, group: int = 0) -> float:
        base, highest = self.base_lrs[group], self.max_lrs[group]
        return base + (highest - base) * self.multiplier(step)

    def momentum(self, step: float, group: int = 0) -> float:
        lowest, highest = self.base_momentums[group], self.max_momentums[group]
        return highest - (highest - lowest) * self.multiplier(step)

    def state_dict(self) -> dict[str, Any]:
        """As for all; of `scale_fn` only the attributes of a callable object are saved."""
        return {**super().state_dict(), "_scale_fn_custom": saved_callable(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As for all; `scale_fn` stays the one that this schedule was made with."""
        function = self._scale_fn_custom
        super().load_state_dict(state_dict)
        attributes, self._scale_fn_custom = self._scale_fn_custom, function
        if attributes is not None:
            function.__dict__.update(attributes)  # type: ignore[call-overload]

    def _span(self) -> int:
        return math.ceil(self.total_size)
