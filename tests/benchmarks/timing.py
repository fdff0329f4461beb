"""Contestants run in turn, so that a busy minute of the machine hits all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Runs so many steps, and returns microseconds per step.
Runner = Callable[[int], float]

MOST_STEPS = 100_000


class Failed(Exception):
    """A contestant that cannot run; the message is for its cell in the table."""


class Spread(NamedTuple):
    """The median, with the quartiles as its spread."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        if len(samples) < 2:
            return cls(samples[0], samples[0], samples[0])
        low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
        return cls(median, low, high)


@dataclass(frozen=True)
class Times:
    """Microseconds per step, one sample per round."""

    samples: tuple[float, ...]

    @property
    def spread(self) -> Spread:
        return Spread.of(self.samples)

    @property
    def median(self) -> float:
        return self.spread.median

    @property
    def best(self) -> float:
        return min(self.samples)

    def ratio(self, other: Times) -> Spread:
        """How many times longer than the other, paired by round: each round has its own luck."""
        return Spread.of([a / b for a, b in zip(self.samples, other.samples, strict=True)])

    def minus(self, other: Times) -> Spread:
        """How much longer than the other, paired by round."""
        return Spread.of([a - b for a, b in zip(self.samples, other.samples, strict=True)])


# What is known of a contestant: its times, or why there are none.
Outcome = Times | str


def agreed_steps(run_all: Runner, seconds: float) -> int:
    """How many steps of all together fit into the time, found by trying.

    The first step may compile, import or allocate, and is judged only if nothing of that takes so
    long.
    """
    if run_all(1) / 1e6 > 1 + 3 * seconds or run_all(1) / 1e6 > seconds:
        return 1
    steps = 3
    while True:
        fit = max(1, min(MOST_STEPS, int(1e6 * seconds / max(run_all(steps), 1e-3))))
        # A short trial is a cold one: look again before using many times its steps.
        if fit <= 4 * steps:
            return fit
        steps = min(fit, 20 * steps)


def in_turn(
    runners: Mapping[str, Runner], rounds: int, seconds_per_round: float
) -> dict[str, Outcome]:
    """Time all of them, each with the same number of steps in each round.

    A round takes about `seconds_per_round`, and at least one step of each. Every second round goes
    backwards, so that nobody always runs after the same neighbour. One that raises `Failed` drops
    out, with its message in the place of its times.
    """
    outcomes: dict[str, Outcome] = {}
    left = dict(runners)

    def run(name: str, steps: int) -> float:
        try:
            return left[name](steps)
        except Failed as error:
            outcomes[name] = str(error)
            del left[name]
            return 0.0

    steps = agreed_steps(
        lambda steps: sum(run(name, steps) for name in list(left)), seconds_per_round
    )
    samples: dict[str, list[float]] = {name: [] for name in runners}
    for i in range(rounds):
        for name in list(left) if i % 2 == 0 else list(left)[::-1]:
            samples[name].append(run(name, steps))
    outcomes.update((name, Times(tuple(samples[name]))) for name in left)
    return outcomes
