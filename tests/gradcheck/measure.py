"""Run `check_op` over the corpus and collect what it said."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.gradcheck.check_op import check_op

from .corpus import OPS, Bug, Op
from .corpus.contract import contract_bugs
from .corpus.hostile import samplers
from .corpus.model import Inputs
from .corpus.proof import contract_visible
from .corpus.rare import rare_bugs

SEED = 12
RIGHT_SEEDS = 3


@dataclass(frozen=True)
class Trial:
    """One check: a formula with its inputs, and what the checker should say."""

    name: str
    op: Op
    inputs: Callable[[], list[Any]]
    make: Callable[[], Bug]  # a fresh formula, with an empty memory
    kind: str  # "value", "contract", "rare" or "right"

    @property
    def wrong(self) -> bool:
        return self.kind != "right"


@dataclass(frozen=True)
class Result:
    trial: Trial
    bug: Bug
    verdict: str  # "crash" when `check_op` raised
    guesses: tuple[str, ...]
    calls: tuple[int, int]
    seconds: float
    text: str

    @property
    def missed(self) -> bool:
        return self.trial.wrong and self.verdict != "fail"

    @property
    def false_alarm(self) -> bool:
        return not self.trial.wrong and self.verdict in ("fail", "crash")

    def named_within(self, many: int) -> bool:
        """Whether the class, or another that describes the bug, is among the first guesses."""
        fits = {self.bug.cls, *self.bug.also}
        # A formula wrong only where values tie or vanish is both: the cases overlap there.
        if self.bug.shows in ("ties", "zeros", "equal") and fits & {"ties", "mask"}:
            fits |= {"ties", "mask"}
        return bool(fits & set(self.guesses[:many]))

    @property
    def exact(self) -> bool:
        """Whether the first guess is the class itself, not one that describes it as well."""
        return self.guesses[:1] == (self.bug.cls,)


def drawn(inputs: Inputs, seed: int = SEED) -> Callable[[], list[Any]]:
    return lambda: inputs(np.random.default_rng(seed))


def where_it_shows(op: Op, bug: Bug) -> Inputs:
    """Good inputs; saturated ones for an overflow, which no checker has to look for."""
    return samplers(op)["saturated"] if bug.shows == "saturated" else op.inputs


def value_trials() -> list[Trial]:
    return [
        Trial(
            f"{op.name}[{k}] {bug.cls}",
            op,
            drawn(where_it_shows(op, bug)),
            lambda bug=bug: bug,
            "value",
        )
        for op in OPS
        for k, bug in enumerate(op.bugs)
    ]


def contract_trials() -> list[Trial]:
    """Those whose fault can be seen: the upstream of a scalar has no mean to hide behind."""
    with np.errstate(all="ignore"):
        return [
            Trial(
                f"{op.name} contract[{k}] {bug.cls}",
                op,
                drawn(op.inputs),
                lambda op=op, k=k: contract_bugs(op)[k],
                "contract",
            )
            for op in OPS
            for k, bug in enumerate(contract_bugs(op))
            if contract_visible(op, bug)
        ]


def rare_trials() -> list[Trial]:
    """Wrong at exact zeros only; the inputs given have none."""
    return [
        Trial(
            f"{op.name} rare[{k}] {bug.cls}",
            op,
            drawn(op.inputs),
            lambda op=op, k=k: rare_bugs(op)[k],
            "rare",
        )
        for op in OPS
        for k, bug in enumerate(rare_bugs(op))
    ]


def right_trials() -> list[Trial]:
    found = []
    for op in OPS:
        places = {f"good inputs {seed}": drawn(op.inputs, seed) for seed in range(RIGHT_SEEDS)}
        places |= {name: drawn(inputs) for name, inputs in samplers(op).items()}
        for name, inputs in places.items():
            found.append(
                Trial(f"{op.name} at {name}", op, inputs, lambda op=op: Bug("", op.vjp), "right")
            )
    return found


def run(trial: Trial, explore: bool = True) -> Result:
    bug, xs = trial.make(), trial.inputs()
    start = time.perf_counter()
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            report = check_op(trial.op.forward, bug.vjp, xs, explore=explore)
    except Exception as error:
        took = time.perf_counter() - start
        text = f"{type(error).__name__}: {error}"
        return Result(trial, bug, "crash", (), (0, 0), took, text)
    took = time.perf_counter() - start
    guesses = tuple(cls for cls, _ in report.diagnosis)
    calls = tuple(report.evaluations)
    return Result(trial, bug, report.verdict, guesses, calls, took, str(report))
