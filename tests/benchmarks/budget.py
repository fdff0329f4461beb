"""The project's budget, line by line, against what the other sections measured."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import NamedTuple

from .chain import LENGTHS
from .contestants import BY_HAND, EAGER, FUSED, HIPS, JAX, MYGRAD
from .problems import PROBLEMS, RULES
from .settings import Settings
from .table import Section

Values = Mapping[tuple[str, ...], float]
NAMES = [problem.name for problem in PROBLEMS]
# The sections that are judged here; asked for alone, the budget measures them first.
NEEDS = ("steps", "memory", "chain", "imports")


class Points(NamedTuple):
    """What a line compares with its limit: some numbers, and how many there should be."""

    found: dict[str, float]
    wanted: int


class Line(NamedTuple):
    """One promise: about what, how much, who measured it; `least` turns the limit round."""

    work: str
    budget: str
    section: str
    points: Callable[[Values], Points]
    limit: float
    unit: str = "x"
    least: bool = False


def steps(rival: str, *models: str, faster: bool = False) -> Callable[[Values], Points]:
    """Our time over the rival's at these models for all rules, or the inverse."""
    keys = [(rule, model, rival) for rule in RULES for model in models]

    def points(values: Values) -> Points:
        found = {f"{k[0]} {k[1]}": values[k] ** (-1 if faster else 1) for k in keys if k in values}
        return Points(found, len(keys))

    return points


def mean_of_steps(values: Values) -> Points:
    found = steps(BY_HAND.label, *NAMES)(values).found
    return Points({f"{len(found)} steps": statistics.geometric_mean(found.values())}, 1)


def memory(kind: str) -> Callable[[Values], Points]:
    """Our peak over that by hand."""
    keys = [(rule, model, kind) for rule in RULES for model in NAMES]

    def points(values: Values) -> Points:
        return Points({f"{k[0]} {k[1]}": values[k] for k in keys if k in values}, len(keys))

    return points


def chain(values: Values) -> Points:
    keys = [("ratio", str(length)) for length in LENGTHS]
    return Points({f"{int(k[1]):,} ops": values[k] for k in keys if k in values}, len(keys))


def linear(values: Values) -> Points:
    """Time per op at each length, over that at the shortest."""
    first, *rest = (("ours", str(length)) for length in LENGTHS)
    found = {f"{int(k[1]):,} ops": values[k] / values[first] for k in rest if k in values}
    return Points(found, len(rest))


def imports(values: Values) -> Points:
    return Points({"median": values["tinygrad_edu", "median"]}, 1)


LINES = (
    Line("step / by hand", "<= 1.10x", "steps", steps(BY_HAND.label, *NAMES), 1.10),
    Line("step / by hand, geometric mean", "<= 1.00x", "steps", mean_of_steps, 1.00),
    *(
        Line(
            f"{EAGER.label} / step, {' and '.join(models)}",
            f">= {limit}x",
            "steps",
            steps(EAGER.label, *models, faster=True),
            limit,
            least=True,
        )
        for limit, models in ((3, NAMES[:2]), (1.5, NAMES[2:3]), (1, NAMES[3:4]))
    ),
    *(
        Line(
            f"{who.label} / step, up to {NAMES[4]}",
            ">= 1x",
            "steps",
            steps(who.label, *NAMES[:5], faster=True),
            1,
            least=True,
        )
        for who in (MYGRAD, HIPS, JAX)
    ),
    Line(
        f"step / {FUSED.label}, {NAMES[5]}",
        "<= 1.25x",
        "steps",
        steps(FUSED.label, NAMES[5]),
        1.25,
    ),
    Line("peak memory / by hand", "<= 1.20x", "memory", memory("whole"), 1.20),
    Line("the same of the step alone", "<= 1.20x", "memory", memory("step alone"), 1.20),
    Line("scalar chain / PyTorch", "<= 0.65x", "chain", chain, 0.65),
    # 2 times is linear: 1000 times the length would cost 1000 times as much per op if it were not.
    Line("chain, per op, long / short", "<= 2x", "chain", linear, 2),
    Line("import over numpy", "<= 30 ms", "imports", imports, 30, " ms"),
)


def verdict(line: Line, values: Values) -> list[str]:
    """The worst measurement, and whether it keeps the promise."""
    try:
        found, wanted = line.points(values)
    except (KeyError, statistics.StatisticsError):
        found, wanted = {}, 1
    if not found:
        return [line.work, line.budget, "-", "not measured"]
    where = (min if line.least else max)(found, key=lambda name: found[name])
    worst = found[where]
    kept = worst >= line.limit if line.least else worst <= line.limit
    said = "met" if kept else "NOT met"
    if len(found) < wanted:
        said += f", {len(found)} of {wanted} measured"
    return [line.work, line.budget, f"{worst:.2f}{line.unit} ({where})", said]


def judge(section: Section, sections: Mapping[str, Section]) -> None:
    for line in LINES:
        measured = sections.get(line.section)
        section.rows.append(verdict(line, measured.values if measured else {}))


def measure(settings: Settings) -> Section:
    """What was promised, what was measured at worst, and the verdict."""
    section = settings.open("budget", "Budget", ["work", "budget", "worst measured", "verdict"])
    judge(section, settings.sections)
    if settings.quick:
        section.note("A quick run: good to tell a factor of two, not a few percent.")
    return section
