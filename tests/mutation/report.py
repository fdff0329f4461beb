"""Trying many mutants in several processes, and the report."""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
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
    formulas: bool = False,
) -> list[Mutant]:
    """The mutants to try."""
    mutants = [
        m
        for m in all_mutants(SUITES[suite]().files)
        if (only in m.file or only == m.unit.name or only in m.texts[0])
        and (m.unit.formula or not formulas)
    ]
    if sample is not None and sample < len(mutants):
        mutants = random.Random(seed).sample(mutants, sample)
    return mutants


def stale(suite: str) -> list[tuple[str, str, str]]:
    """Explanations of mutants that do not exist any more."""
    keys = {m.key for m in all_mutants(SUITES[suite]().files)}
    return sorted(EXPLAINED - keys)


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
    formulas: bool = False,
    list_only: bool = False,
) -> int:
    """Try mutants and print the score; 1 if one survives unexplained."""
    mutants = choose(suite, only, sample, seed, formulas)
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
    table(tried)
    return bool(missing or wrong or gone)


def table(tried: list[Outcome]) -> None:
    """Noticed of tried, per file; explained survivors count as noticed in the score."""
    total: Counter[tuple[str, bool]] = Counter()
    noticed: Counter[tuple[str, bool]] = Counter()
    explained: Counter[tuple[str, bool]] = Counter()
    for o in tried:
        for file in (o.mutant.file, "all"):
            at = (file, o.mutant.unit.formula)
            total[at] += 1
            noticed[at] += o.verdict == "killed"
            explained[at] += o.verdict != "killed" and o.mutant.key in EXPLAINED
    print(f"{'file':34} {'formulas':>22} {'forward':>22}")
    for file in [*sorted({f for f, _ in total} - {"all"}), "all"]:
        cells = []
        for formula in (True, False):
            at = (file, formula)
            n = total[at]
            extra = f" +{explained[at]}" if explained[at] else ""
            share = f"{(noticed[at] + explained[at]) / n:7.1%}" if n else ""
            cells.append(f"{noticed[at]}{extra} of {n}{share}" if n else "")
        print(f"{file:34} {cells[0]:>22} {cells[1]:>22}")
    n, killed = len(tried), sum(o.verdict == "killed" for o in tried)
    fine = sum(explained[("all", f)] for f in (True, False))
    if n:
        print(
            f"mutation score: {killed / n:.1%} ({killed} of {n} mutants noticed, {fine} more "
            f"explained, {n - killed - fine} survived)"
        )
