"""One training step of six networks, by everybody."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import by_hand
from .contestants import BY_HAND, OURS, Contestant
from .problems import BY_NAME, Problem
from .settings import Entry, Settings, explain, race
from .table import Section, compared, ratio, time
from .timing import Failed, Outcome, Times

STEPS_COMPARED = 5
LOSS_RTOL = 1e-3
PARAMETER_ATOL = 2e-4
# Adam divides a gradient by its own size. Where it is rounding and nothing else, so is the step,
# with the full learning rate: a few parameters in a thousand may go elsewhere.
STRAYS = {"sgd": 0.0, "adam": 2e-3}


def plain(value: Any) -> np.ndarray:
    """A loss or parameter of any library as an array."""
    return np.asarray(value.detach() if hasattr(value, "detach") else value)


def disagreement(
    problem: Problem, rule: str, step: Callable[[], Any], parameters: list[Any]
) -> str:
    """Where five steps differ from those by hand; empty if they do not."""
    reference, expected = by_hand.prepare(problem, rule)
    for i in range(STEPS_COMPARED):
        loss, known = float(plain(step())), float(reference())
        if not abs(loss - known) <= LOSS_RTOL * abs(known):
            return f"loss {loss:.6g} for {known:.6g} after {i} steps"
    off = total = 0
    for p, value in zip(parameters, expected, strict=True):
        if plain(p).shape != value.shape:
            return f"a parameter has shape {plain(p).shape} for {value.shape}"
        off += int((~(abs(plain(p) - value) <= PARAMETER_ATOL)).sum())
        total += value.size
    if off > STRAYS[rule] * total:
        return f"{off} of {total} parameters after {STEPS_COMPARED} steps"
    return ""


def step_of(contestant: list[str], problem: str, rule: str) -> Callable[[], Any]:
    """The step to be timed, once it was seen to do the same work as the one by hand."""
    who = Contestant(*contestant)
    wrong = disagreement(BY_NAME[problem], rule, *who.prepare(BY_NAME[problem], rule))
    if wrong:
        raise Failed(f"differs: {wrong}")
    return who.prepare(BY_NAME[problem], rule)[0]


def row(rule: str, problem: Problem, times: Mapping[str, Outcome]) -> list[str]:
    ours, hand = times[OURS.label], times[BY_HAND.label]
    cells = [rule, problem.name, str(problem.batch), time(hand), time(ours), ratio(ours, hand)]
    others = [name for name in times if name not in (OURS.label, BY_HAND.label)]
    return cells + [compared(times[name], ours) for name in others]


def keep(section: Section, rule: str, problem: Problem, times: Mapping[str, Outcome]) -> None:
    """Our time over each other's, for the budget."""
    ours = times[OURS.label]
    for name, outcome in times.items():
        if name != OURS.label and isinstance(ours, Times) and isinstance(outcome, Times):
            section.values[rule, problem.name, name] = ours.ratio(outcome).median


def finish(section: Section) -> None:
    """The mean of all, and how to read the columns."""
    ratios = [r for key, r in section.values.items() if key[-1] == BY_HAND.label]
    if ratios:
        mean = statistics.geometric_mean(ratios)
        section.note(f"Geometric mean of ours / by hand: {mean:.3f}x, of {len(ratios)}.")
    section.note("Ratios are medians over rounds of the ratio within a round (quartiles).")
    if len(section.header) > 6:
        section.note("Beside each other library's time: how many times ours it is.")


def measure(settings: Settings) -> Section:
    """Microseconds per step, of everyone who computes the same."""
    who = [BY_HAND, OURS, *settings.rivals()]
    header = ["rule", "model", "batch", "by hand", "ours", "ours / by hand"]
    header += [c.label for c in who[2:]]
    section = settings.open("steps", "Training step, microseconds", header)
    for rule in settings.rules:
        for problem in settings.problems:
            settings.say(f"steps: {rule} {problem.name}")
            entries = {
                c.label: Entry(
                    settings.worker(c.library),
                    "steps.step_of",
                    {"contestant": list(c), "problem": problem.name, "rule": rule},
                )
                for c in who
            }
            times = race(settings, entries)
            section.rows.append(row(rule, problem, times))
            keep(section, rule, problem, times)
            explain(section, times)
    finish(section)
    return section
