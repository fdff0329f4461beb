"""The most memory that a training step holds at any moment, beside the one by hand."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

from .contestants import BY_HAND, OURS, Contestant
from .problems import BY_NAME, PROBLEMS, Problem
from .settings import Settings, explain
from .table import Section, number, reason
from .timing import Failed

WARM_UP = 3


def warm_up(who: Contestant, problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
    """A model that has taken some steps, with all that keeps it alive."""
    step, parameters = who.prepare(problem, rule)
    for _ in range(WARM_UP):
        step()
    return step, parameters


def peak(contestant: list[str], problem: str, rule: str) -> int:
    """Bytes at the height of one step: parameters, optimizer, activations, and gradients.

    NumPy tells tracemalloc of its arrays. The batch itself is not counted, being the same for all.
    """
    who = Contestant(*contestant)
    # What is imported at the first step is no memory of the step.
    warm_up(who, PROBLEMS[0], rule)
    x, y = BY_NAME[problem].data()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        step, _alive = warm_up(who, BY_NAME[problem], rule)
        # Cycles of the warm-up are not the step's; those of the step count.
        gc.collect()
        tracemalloc.reset_peak()
        step()
        return tracemalloc.get_traced_memory()[1] - before - x.nbytes - y.nbytes
    finally:
        tracemalloc.stop()


def measure(settings: Settings) -> Section:
    """Megabytes by hand and in this library."""
    section = settings.open(
        "memory",
        "Peak memory of a training step, MB",
        ["rule", "model", "batch", "parameters", "by hand", "ours", "ours / by hand"],
    )
    for rule in settings.rules:
        for problem in settings.problems:
            settings.say(f"memory: {rule} {problem.name}")
            parameters = sum(value.nbytes for value in problem.weights())
            cells = [rule, problem.name, str(problem.batch), number(parameters / 1e6)]
            peaks: list[float] = []
            for who in (BY_HAND, OURS):
                try:
                    peaks.append(
                        settings.worker("numpy").ask(
                            "memory.peak", contestant=list(who), problem=problem.name, rule=rule
                        )
                    )
                    cells.append(f"{peaks[-1] / 1e6:.3f}")
                except Failed as error:
                    cells.append(reason(str(error)))
                    explain(section, {who.label: str(error)})
            if len(peaks) == 2:
                section.values[rule, problem.name] = peaks[1] / peaks[0]
            section.rows.append([*cells, f"{peaks[1] / peaks[0]:.2f}x" if len(peaks) == 2 else "-"])
    section.note("Parameters and the state of the optimizer are included, the batch is not.")
    return section
