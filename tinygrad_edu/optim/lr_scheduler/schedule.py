"""A schedule as a curve: a pure function of the step, walked by the stepper.

A schedule is a subclass that says in `multiplier` by what its base rate is multiplied at a step.
"""

from __future__ import annotations

from collections.abc import Iterable

from .base import LRScheduler
from .table import ScheduleTable, jumps_of, tabulate


class Schedule(LRScheduler):
    """A learning rate that is a function of the step.

    A subclass defines `multiplier`, which multiplies the base rate. `value` is the rate itself.
    ``print(schedule)`` shows the curve as a table and says where it jumps.

    The stepper is chainable, as PyTorch's is: it multiplies the rate in the group by
    ``multiplier(step) / multiplier(step - 1)``. Therefore two schedules of one optimizer multiply,
    and a rate that was changed by hand stays changed; left alone, the rate is `value`. After a
    multiplier of 0, which no ratio leads away from, what the base rate gains is added. Schedules
    that are not `chainable` write `value` whatever the rate was.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> from tinygrad_edu.optim import SGD
    >>> class Inverse(Schedule):
    ...     def multiplier(self, step):
    ...         return 1 / (1 + step)
    >>> opt = SGD([tensor([1.0], requires_grad=True)], lr=0.8)
    >>> schedule = Inverse(opt)
    >>> schedule.value(3)
    0.2
    >>> print(schedule.table(3))
    Inverse: learning rate at each step
       step            lr
          0           0.8
          1           0.4
          2      0.266667
          3           0.2
    no jumps
    """

    chainable = True
    # The part of the rate that the multiplier does not touch.
    floor = 0.0
    # A rate loaded with `last_epoch` is already that of the next step (PyTorch's convention for
    # curves; step schedules still apply a drop that is due).
    loads_next = True

    # ---------------------------------------------------------------- the curve

    def multiplier(self, step: float) -> float:
        """By what the base rate (above `floor`) is multiplied at a step."""
        raise NotImplementedError(f"{type(self).__name__} does not define multiplier()")

    def _multiplier(self, step: float, group: int) -> float:
        return self.multiplier(step)

    def value(self, step: float, group: int = 0) -> float:
        """The learning rate at a step: a function of the step and the settings alone."""
        above = self.base_lrs[group] - self.floor
        return self.floor + above * self._multiplier(step, group)

    def values(self, steps: int, group: int = 0) -> list[float]:
        """The rates at steps 0 to ``steps - 1``."""
        return [self.value(step, group) for step in range(steps)]

    def advance(self, lr: float, step: int, group: int = 0) -> float:
        """The rate at a step, if that of the step before was `lr`."""
        if not self.chainable:
            return self.value(step, group)
        now = self._multiplier(step, group)
        before = self._multiplier(step - 1, group) if step > 0 else 1.0
        if now == before:
            return lr
        if before == 0:
            return lr + (self.base_lrs[group] - self.floor) * now
        return self.floor + (lr - self.floor) * (now / before)

    def restarted(self, lr: float, group: int) -> float:
        """The rate at step 0 again, after another schedule left it at `lr`."""
        return self.value(0, group)

    # ---------------------------------------------------------------- the stepper

    def get_lr(self) -> list[float]:
        self._warn_outside_step()
        rates = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial and self.last_epoch > 0 and self.chainable and self.loads_next:
            return rates
        return [self.advance(lr, self.last_epoch, i) for i, lr in enumerate(rates)]

    def _get_closed_form_lr(self) -> list[float]:
        return [self.value(self.last_epoch, i) for i in range(len(self.base_lrs))]

    # ---------------------------------------------------------------- how it shows itself

    def _span(self) -> int:
        """The last step that a table shows unless told otherwise."""
        return 10

    def table(self, steps: int | Iterable[int] | None = None, group: int = 0) -> ScheduleTable:
        """The rate at each step, as a table that prints and shows in a notebook.

        Parameters
        ----------
        steps : int or iterable of int, optional
            The last step to show, or the steps. Unless given, as many as show the schedule; of a
            long one, some.
        group : int
            Which parameter group.
        """
        if steps is None or isinstance(steps, int):
            shown, last = None, self._span() if steps is None else steps
        else:
            shown = list(steps)
            last = max(shown, default=0)
        rates = self.values(last + 1, group)
        return tabulate(type(self).__name__, rates, shown, every=steps is not None)

    def jumps(self, steps: int | None = None, factor: float = 1.5, group: int = 0) -> list[int]:
        """The steps up to `steps` where the rate changes by more than `factor`.

        The end of a smooth curve is no jump, where it goes to zero in changes like the ones
        before; see `jumps_of`.
        """
        last = self._span() if steps is None else steps
        return jumps_of(self.values(last + 1, group), factor)

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()
