"""A schedule as a table, and where it jumps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

# So many rows are shown of a schedule whose steps were not asked for.
_ROWS = 12
# A change is the continuation of its neighbour's if it is at most this many times as large or
# small: near their end 1 - t/T changes 1:1, a cosine 1:3, (1 - t/T)^3 1:7.
_ALIKE = 7.5


class ScheduleTable(NamedTuple):
    """Steps, the rate at each, and the factors by which it jumps."""

    name: str
    steps: tuple[int, ...]
    rates: tuple[float, ...]
    jumps: dict[int, float]

    def __str__(self) -> str:
        rows = [f"{self.name}: learning rate at each step", f"{'step':>7}{'lr':>14}"]
        for step, rate in zip(self.steps, self.rates, strict=True):
            mark = f"  <- jumps x {self.jumps[step]:.4g}" if step in self.jumps else ""
            rows.append(f"{step:>7}{rate:>14.6g}{mark}")
        return "\n".join([*rows, self._summary()])

    def _summary(self) -> str:
        if not self.jumps:
            return "no jumps"
        shown = list(self.jumps)[:_ROWS]
        rest = len(self.jumps) - len(shown)
        return "jumps at " + ", ".join(map(str, shown)) + (f" and {rest} more" if rest else "")

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{step}</td><td>{rate:.6g}</td>"
            + (f"<td>jumps x {self.jumps[step]:.4g}</td></tr>" if step in self.jumps else "</tr>")
            for step, rate in zip(self.steps, self.rates, strict=True)
        )
        head = "<tr><th>step</th><th>lr</th></tr>"
        return f"<table><caption>{self.name}, {self._summary()}</caption>{head}{rows}</table>"


def tabulate(
    name: str, rates: Sequence[float], shown: Sequence[int] | None, every: bool
) -> ScheduleTable:
    """A table of the rates at steps 0, 1, ...: all, those in `shown`, or a few that tell enough."""
    jumps = {k: _times(rates[k - 1], rates[k]) for k in jumps_of(rates)}
    if shown is None:
        shown = range(len(rates))
        if not every and len(rates) > _ROWS:
            last = len(rates) - 1
            even = {round(i * last / (_ROWS - 2)) for i in range(_ROWS - 1)}
            around = {k for jump in list(jumps)[:_ROWS] for k in (jump - 1, jump)}
            shown = sorted(even | around)
    return ScheduleTable(name, tuple(shown), tuple(rates[k] for k in shown), jumps)


def _times(before: float, now: float) -> float:
    return now / before if before else math.inf


def jumps_of(rates: Sequence[float], factor: float = 1.5) -> list[int]:
    """The places where a sequence changes by more than a factor from the entry before.

    A change that only continues its neighbour's, in the same direction and of the same order of
    size, is none: a straight line to zero ends with a factor of infinity, but does not jump.

    Examples
    --------
    >>> jumps_of([1.0, 1.0, 0.1, 0.1, 0.01])
    [2, 4]
    >>> jumps_of([1.0, 0.75, 0.5, 0.25, 0.0])
    []
    """
    changes = [0.0] + [now - before for before, now in pairwise(rates)]
    found, peak = [], max(map(abs, rates), default=0.0)
    for k in range(1, len(rates)):
        low, high = sorted((abs(rates[k - 1]), abs(rates[k])))
        near = changes[k - 1 : k] * (k > 1) + changes[k + 1 : k + 2]
        if high <= factor * low or any(_alike(changes[k], c) for c in near):
            continue
        # A smooth curve turns round at its trough, with small steps on both sides.
        turns = high <= 0.1 * peak and any(_alike(changes[k], -c) for c in near)
        if not turns:
            found.append(k)
    return found


def _alike(change: float, other: float) -> bool:
    return change * other > 0 and 1 / _ALIKE <= change / other <= _ALIKE
