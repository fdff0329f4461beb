"""The most memory that a training step holds at any moment, beside the one by hand."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

from .contestants import BY_HAND, OURS, Contestant
from .problems import BY_NAME, PROBLEMS, Problem
from .settings import Settings, explain
from .table import Section, number
from .timing import Failed

WARM_UP = 3
KINDS = ("whole", "step alone")


def warm_up(who: Contestant, problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
    """A model that has taken some steps, with all that keeps it alive."""
    step, parameters = who.prepare(problem, rule)
    for _ in range(WARM_UP):
        step()
    return step, parameters


def peaks(contestant: list[str], problem: str, rule: str) -> list[int]:
    """Bytes at the height of one step: of all that stands then, and of what it allocated itself.

    All that stands is parameters, optimizer, activations and gradients, with the Python objects
    around them. NumPy tells tracemalloc of its arrays. The batch itself is not counted, being the
    same for all.
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
        whole = tracemalloc.get_traced_memory()[1] - before - x.nbytes - y.nbytes
        tracemalloc.stop()  # what stands is forgotten, so that its release counts for nothing
        step()  # the collection gave back Python's stock of small objects, which is no memory of it
        tracemalloc.start()
        step()
        return [whole, tracemalloc.get_traced_memory()[1]]
    finally:
        tracemalloc.stop()


def measure(settings: Settings) -> Section:
    """Kilobytes by hand and in this library."""
    section = settings.open(
        "memory",
        "Peak memory of a training step, KB",
        [
            *("rule", "model", "batch", "parameters", "by hand", "ours", "ours / by hand"),
            *("by hand, step alone", "ours, step alone", "ours / by hand, step alone"),
        ],
    )
    for rule in settings.rules:
        for problem in settings.problems:
            settings.say(f"memory: {rule} {problem.name}")
            parameters = sum(value.nbytes for value in problem.weights())
            found: list[list[int]] = []
            for who in (BY_HAND, OURS):
                try:
                    # A process of its own, so that memory kept from earlier steps counts as well.
                    worker = settings.worker("numpy", "memory")
                    asked = {"contestant": list(who), "problem": problem.name, "rule": rule}
                    found.append(worker.ask("memory.peaks", **asked))
                except Failed as error:
                    explain(section, {who.label: str(error)})
                finally:
                    settings.retire("memory")
            cells = [rule, problem.name, str(problem.batch), number(parameters / 1e3)]
            if len(found) < 2:
                section.rows.append([*cells, *["-"] * 6])
                continue
            for kind, hand, ours in zip(KINDS, *found, strict=True):
                section.values[rule, problem.name, kind] = ours / hand
                cells += [number(hand / 1e3), number(ours / 1e3), f"{ours / hand:.2f}x"]
            section.rows.append(cells)
    section.note(
        "Parameters, the state of the optimizer and the Python objects of a model are included, "
        "the batch is not."
    )
    section.note(
        "Of the step alone: the most that it holds at once of what it allocated itself; what it "
        "lets go of what stood before counts for nothing."
    )
    return section
