"""Make every formula wrong in every way, one at a time; print what no test notices."""

from __future__ import annotations

import argparse
import sys

from .trial import single_threaded

if __name__ == "__main__":
    single_threaded()

from .report import run
from .suites import SUITES


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--suite", choices=SUITES, help="unless given, all of them")
    which.add_argument(
        "--rules", action="store_const", const="optim", dest="suite", help="the update rules"
    )
    parser.add_argument("--sample", type=int, metavar="N", help="try N mutants, drawn at random")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--only", default="", metavar="TEXT", help="mutants that contain TEXT")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--forward", action="store_true", help="forward functions, no formulas")
    kind.add_argument("--all", action="store_true", help="forward functions, too (takes long)")
    parser.add_argument("--list", action="store_true", help="print them, try none")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    options = parser.parse_args(argv)
    scores: list[str] = []
    failed = 0
    for suite in [options.suite] if options.suite else SUITES:
        if suite == "optim" and options.forward:
            continue  # rules have no forward functions
        failed |= run(
            suite,
            sample=options.sample,
            seed=options.seed,
            only=options.only,
            jobs=options.jobs,
            kind="forward" if options.forward else "all" if options.all else "formulas",
            list_only=options.list,
            scores=scores,
        )
    if len(scores) > 1:
        print(*scores, sep="\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
