"""Measure the gradient checker on the corpus of right and wrong formulas."""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterable

from .measure import Result, Trial, contract_trials, rare_trials, right_trials, run, value_trials

KINDS = {
    "value": value_trials,
    "contract": contract_trials,
    "rare": rare_trials,
    "right": right_trials,
}


def percent(part: int, whole: int) -> str:
    return f"{part}/{whole} = {100 * part / whole:.2f} %" if whole else "none"


def print_caught(results: list[Result]) -> None:
    """How many wrong formulas were seen: by kind, by where they show, by class."""
    for title, key in (
        ("kind", lambda r: r.trial.kind),
        ("shows", lambda r: r.bug.shows),
        ("class", lambda r: r.bug.cls),
    ):
        print(f"\ncaught, by {title}")
        every, caught = Counter(map(key, results)), Counter(key(r) for r in results if not r.missed)
        for name, many in every.most_common():
            print(f"  {name:18} {percent(caught[name], many)}")


def print_diagnosis(results: list[Result]) -> None:
    """How often the likely cause was right, and what it was taken for."""
    seen = [r for r in results if r.verdict == "fail"]
    if not seen:
        return
    strict = sum(r.exact for r in seen)
    print(f"\nlikely cause, first guess, label only: {percent(strict, len(seen))}")
    for many in (1, 2):
        right = sum(r.named_within(many) for r in seen)
        print(f"likely cause, first {many}: {percent(right, len(seen))}")
    confused: dict[str, Counter] = {}
    for r in seen:
        if not r.exact:
            confused.setdefault(r.bug.cls, Counter())[r.guesses[0] if r.guesses else "-"] += 1
    every = Counter(r.bug.cls for r in seen)
    for cls, many in every.most_common():
        wrong = confused.get(cls, Counter())
        taken = ", ".join(f"{name} {n}" for name, n in wrong.most_common(6))
        print(f"  {cls:18} {percent(many - wrong.total(), many):22} taken for: {taken or '-'}")


def print_names(title: str, results: Iterable[Result], lines: int) -> None:
    listed = list(results)
    print(f"\n{title}: {len(listed)}")
    for r in listed:
        print(f"  {r.trial.name}  -> {r.verdict} {', '.join(r.guesses)}")
        for line in r.text.splitlines()[:lines]:
            print(f"      {line}")


def print_cost(results: list[Result], what: str) -> None:
    forward, backward = (max(r.calls[k] for r in results) for k in (0, 1))
    times = sorted(r.seconds for r in results)
    median, worst = times[len(times) // 2], max(results, key=lambda r: r.seconds)
    print(
        f"\n{what}: at most {forward} forward and {backward} backward calls; median "
        f"{1e3 * median:.1f} ms, worst {1e3 * worst.seconds:.0f} ms ({worst.trial.name}), "
        f"in all {sum(times):.1f} s"
    )


def chosen(options: argparse.Namespace) -> list[Trial]:
    kinds = [options.kind] if options.kind else list(KINDS)
    trials = [trial for kind in kinds for trial in KINDS[kind]() if options.only in trial.name]
    if options.sample and options.sample < len(trials):
        trials = random.Random(options.seed).sample(trials, options.sample)
    return trials


def print_all(results: list[Result], options: argparse.Namespace) -> None:
    wrong = [r for r in results if r.trial.wrong]
    right = [r for r in results if not r.trial.wrong]
    if wrong:
        print_caught(wrong)
        print_diagnosis(wrong if options.kind else [r for r in wrong if r.trial.kind == "value"])
        print_names("missed", (r for r in wrong if r.missed), options.lines)
    if options.confused:
        bad = (r for r in wrong if not r.named_within(1) and not r.missed)
        print_names("another cause named", bad, 0)
    if right:
        print("\nright formulas:", dict(Counter(r.verdict for r in right)))
        print_names("false alarms", (r for r in right if r.false_alarm), options.lines)
        unsure = (r for r in right if r.verdict == "inconclusive")
        print_names("inconclusive", unsure, min(options.lines, 2))
    long = [r.trial.name for r in results if len(r.text.splitlines()) > 25]
    print(f"\nreports over 25 lines: {len(long)} {long[:3]}")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.gradcheck", description=__doc__)
    parser.add_argument("--sample", type=int, metavar="N", help="N checks, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--kind", choices=KINDS, help="unless given, all of them")
    parser.add_argument("--only", default="", metavar="TEXT", help="checks whose name has TEXT")
    parser.add_argument("--lines", type=int, default=6, help="of each report that is shown")
    parser.add_argument("--confused", action="store_true", help="list wrongly explained bugs")
    parser.add_argument(
        "--no-explore", action="store_true", help="only the inputs given: 7 forward, 4 backward"
    )
    options = parser.parse_args(argv)
    trials = chosen(options)
    print(f"{len(trials)} checks: {dict(Counter(trial.kind for trial in trials))}")
    results = [run(trial, explore=not options.no_explore) for trial in trials]
    if not results:
        return 0
    print_all(results, options)
    print_cost(results, "without exploration" if options.no_explore else "full")
    if not options.no_explore:
        few = [run(trial, explore=False) for trial in trials[:: max(1, len(trials) // 200)]]
        print_cost(few, f"without exploration, {len(few)} of them")
    return 1 if any(r.missed or r.false_alarm for r in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
