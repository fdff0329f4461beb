"""The stepper that all schedules share: it counts, and writes the rate into each group."""

from __future__ import annotations

import copy
import functools
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

from ...errors import located
from .checks import must_be_optimizer

_TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite "
    "order: `optimizer.step()`, then `lr_scheduler.step()`; otherwise the first value of the "
    "schedule is skipped."
)
_OVERRIDDEN = (
    "`optimizer.step()` has been overridden after the schedule was made, so that it can't be seen "
    "whether it is called before `lr_scheduler.step()`."
)
WITH_EPOCH = (
    "step(epoch) is deprecated: it sets the rate from the closed form, where the schedule has one, "
    "and not from the last rate. Call step()."
)


class _TrackedStep:
    """``optimizer.step``, remembering that it was called.

    It stands in the optimizer's own attributes, and must neither keep it alive in a circle nor,
    in a copy of the optimizer, step the original.
    """

    _wrapped_by_lr_sched = True

    def __init__(self, optimizer: Any) -> None:
        functools.update_wrapper(self, type(optimizer).step)
        self._optimizer = weakref.ref(optimizer)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        optimizer = self._optimizer()
        assert optimizer is not None, "the optimizer of this step() is gone"
        optimizer._opt_called = True
        return type(optimizer).step(optimizer, *args, **kwargs)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        optimizer = self._optimizer()
        return _TrackedStep(memo.get(id(optimizer), optimizer))

    def __reduce__(self) -> Any:
        # Unpickled, the optimizer finds the plain step of its class here.
        return getattr, (self._optimizer(), "step")


class LRScheduler:
    """The stepper: counts steps and writes the learning rate of each into the parameter groups.

    A subclass of your own defines ``get_lr()``, which returns the rates of the groups at
    ``self.last_epoch``, and may define ``_get_closed_form_lr()``. A schedule that is a function of
    the step is better a `Schedule`.

    Parameters
    ----------
    optimizer : Optimizer
    last_epoch : int
        The step that was last taken: -1 to start anew. Any other continues a run; then each group
        must have its ``initial_lr``.

    Attributes
    ----------
    base_lrs : list of float
        The rate that each group started from.
    last_epoch : int
        The step whose rate is in force.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> class Halved(LRScheduler):
    ...     def get_lr(self):
    ...         return [base * 0.5**self.last_epoch for base in self.base_lrs]
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.8)
    >>> schedule = Halved(opt)
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.4]
    """

    optimizer: Any
    base_lrs: list[float]
    _last_lr: list[float]
    _is_initial = False
    _get_lr_called_within_step = False

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        self.optimizer = must_be_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise KeyError(
                    located(
                        f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                        f"with last_epoch={last_epoch}: load the optimizer's state dict first"
                    )
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        if not hasattr(optimizer.step, "_wrapped_by_lr_sched"):
            optimizer.step = _TrackedStep(optimizer)
        self._initial_step()

    def _initial_step(self) -> None:
        """Put the rate of the first step in force, before the optimizer takes it."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    # ---------------------------------------------------------------- a step

    def get_lr(self) -> list[float]:
        """The rates at ``last_epoch``, computed within a step; from outside use `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr()")

    def get_last_lr(self) -> list[float]:
        """The rates in force, one for each group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go to the next step. Call it after ``optimizer.step()``.

        Parameters
        ----------
        epoch : int, optional
            Deprecated: go to this step.
        """
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(_OVERRIDDEN, UserWarning, stacklevel=2)
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(_TOO_EARLY, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(WITH_EPOCH, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self._check_groups()
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        try:
            closed = getattr(self, "_get_closed_form_lr", self.get_lr)
            self._write(self.get_lr() if epoch is None else closed())
        finally:
            self._get_lr_called_within_step = False

    def _check_groups(self) -> None:
        here, there = len(self.base_lrs), len(self.optimizer.param_groups)
        if here != there:
            raise ValueError(
                located(
                    f"this {type(self).__name__} was made for {here} parameter group(s), the "
                    f"optimizer has {there}: make the schedule after add_param_group()"
                )
            )

    def _write(self, rates: Sequence[float]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = lr
        self._remember()

    def _remember(self) -> None:
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    # ---------------------------------------------------------------- saving

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands, and its settings, without the optimizer."""
        return {k: copy.copy(v) for k, v in self.__dict__.items() if k != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state; a dict that does not fit changes nothing.

        The rates in the optimizer come with the optimizer's own state dict.

        Raises
        ------
        ValueError
            The state is of another schedule, or of another number of groups.
        """
        self._check_state(state_dict)
        self.__dict__.update(copy.deepcopy(state_dict))

    def _check_state(self, state: dict[str, Any]) -> None:
        name = type(self).__name__
        ours = {k for k in self.__dict__ if k[0] != "_" and k != "optimizer"}
        theirs = {k for k in state if k[0] != "_" and k != "verbose"}
        if ours != theirs:
            odd = ", ".join(sorted(ours ^ theirs))
            raise ValueError(
                located(f"load_state_dict: this is not the state of a {name}: {odd} do not fit")
            )
        for key, value in state.items():
            here = self.__dict__.get(key)
            if key.endswith("lrs") and here is not None and len(value) != len(here):
                raise ValueError(
                    located(
                        f"load_state_dict: {key} has {len(value)} groups in the state dict, "
                        f"{len(here)} here"
                    )
                )
