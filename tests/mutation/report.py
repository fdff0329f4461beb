"""Trying many mutants in several processes, and the report."""

from __future__ import annotations

import multiprocessing
import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from .explained import explained_keys
from .mutants import Mutant, all_mutants
from .suites import SUITES
from .trial import Trial


class Outcome(NamedTuple):
    mutant: Mutant
    verdict: str
    detail: str


EXPLAINED = set(explained_keys())

# Set before the processes fork, so that all of them have it.
_trial: Any = None
_mutants: list[Mutant] = []


def _try(number: int) -> tuple[int, str, str, dict[str, str]]:
    verdict, detail = _trial.verdict(_mutants[number])
    return number, verdict, detail, _trial.broken


def outcomes(suite: str, mutants: list[Mutant], jobs: int) -> Iterator[Outcome]:
    """Try each mutant."""
    global _trial, _mutants
    _trial, _mutants = Trial(SUITES[suite]()), mutants
    numbers = range(len(mutants))
    if jobs > 1 and "fork" in multiprocessing.get_all_start_methods():
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            for number, verdict, detail, broken in pool.imap_unordered(_try, numbers, 4):
                _trial.broken.update(broken)
                yield Outcome(mutants[number], verdict, detail)
    else:
        for number in numbers:
            yield Outcome(mutants[number], *_try(number)[1:3])


def choose(
    suite: str,
    only: str = "",
    sample: int | None = None,
    seed: int = 0,
    kind: str = "formulas",
) -> list[Mutant]:
    """The mutants to try; `kind` is "formulas", "forward" or "all"."""
    mutants = [
        m
        for m in all_mutants(SUITES[suite]().files)
        if (only in m.file or only == m.unit.name or only in m.texts[0])
        and (kind == "all" or m.formula == (kind == "formulas"))
    ]
    if sample is not None and sample < len(mutants):
        mutants = random.Random(seed).sample(mutants, sample)
    return mutants


def stale(suite: str) -> list[tuple[str, str, str]]:
    """Explanations of mutants that do not exist any more."""
    chosen = SUITES[suite]()
    keys = {m.key for m in all_mutants(chosen.files)}
    return sorted(k for k in EXPLAINED - keys if k[0].startswith(chosen.folder))


def unexplained(tried: list[Outcome]) -> list[Outcome]:
    """Survivors that nobody has explained."""
    return [o for o in tried if o.verdict == "survived" and o.mutant.key not in EXPLAINED]


def overexplained(tried: list[Outcome]) -> list[Outcome]:
    """Mutants that are said to be equivalent, and are not."""
    return [o for o in tried if o.verdict == "killed" and o.mutant.key in EXPLAINED]


def run(
    suite: str,
    sample: int | None = None,
    seed: int = 0,
    only: str = "",
    jobs: int = 2,
    kind: str = "formulas",
    list_only: bool = False,
    scores: list[str] | None = None,
) -> int:
    """Try mutants and print the score, also into `scores`; 1 if one survives unexplained."""
    mutants = choose(suite, only, sample, seed, kind)
    if only and not mutants:
        return 0
    if list_only:
        for mutant in mutants:
            print(mutant)
        print(f"{len(mutants)} mutants")
        return 0
    tried = sorted(outcomes(suite, mutants, jobs), key=lambda o: (o.mutant.file, o.mutant.line))
    missing, wrong = unexplained(tried), overexplained(tried)
    for outcome in missing:
        print(f"survived: {outcome.mutant}\n    {outcome.detail}")
    for outcome in wrong:
        print(f"explained, but noticed: {outcome.mutant}\n    {outcome.detail}")
    gone = stale(suite)
    for file, before, after in gone:
        print(f"explained, but there is no such mutant: {file}\n    - {before}\n    + {after}")
    for name, error in sorted(_trial.broken.items()):
        print(f"left out, fails without any mutant: {name}: {error}")
    lines = table(tried, SUITES[suite]().title)
    if scores is not None:
        scores += lines
    return bool(missing or wrong or gone)


def table(tried: list[Outcome], formulas: str) -> list[str]:
    """Per file, and then in all: how many mutants were noticed, explained, neither.

    Gives the lines of the scores.
    """
    lines = []
    other = "forward functions" if formulas == "formulas" else "other functions"
    for formula, title in ((True, formulas), (False, other)):
        group = [o for o in tried if o.mutant.formula == formula]
        if not group:
            continue
        print(f"{title:40} {'mutants':>8} {'noticed':>8} {'explained':>10} {'neither':>8}")
        for file in sorted({o.mutant.file for o in group}):
            print(f"{file:40} " + _cells(count([o for o in group if o.mutant.file == file])))
        print(f"{'all':40} " + _cells(count(group)))
        lines.append(f"mutation score of the {title}: {score(group)}")
        print(lines[-1] + "\n")
    return lines


def _cells(counts: tuple[int, int, int]) -> str:
    n, noticed, fine = counts
    return f"{n:8} {noticed:8} {fine or '':>10} {n - noticed - fine or '':>8}"


def count(tried: list[Outcome]) -> tuple[int, int, int]:
    """How many mutants, how many of them noticed, how many explained."""
    noticed = sum(o.verdict == "killed" for o in tried)
    fine = sum(o.verdict != "killed" and o.mutant.key in EXPLAINED for o in tried)
    return len(tried), noticed, fine


def score(tried: list[Outcome]) -> str:
    """The share that was noticed, and what became of the others."""
    n, noticed, fine = count(tried)
    return (
        f"{noticed / n:.1%} ({noticed} of {n} mutants noticed; of {n - noticed} survivors {fine} "
        "explained)"
    )
