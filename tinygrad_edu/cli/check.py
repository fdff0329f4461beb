"""``tinygrad-edu check``: gradients of every op of the table, or of a script of your own."""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from ..gradcheck.all_ops import OpResult, check_all_ops, labels, without_samples
from ..gradcheck.report import VERDICTS
from ..training.files import write_json
from .check_script import EPILOG, check_script
from .options import DONE, FAILED, INTERRUPTED, UsageError, complain, seed
from .race import Progress


def add_check(commands: Any) -> None:
    """Add the parser of ``check``."""
    command = commands.add_parser(
        "check",
        help="check the gradients of every op, or of a model or function in a script",
        description=(
            "Compare gradients with differences, at the inputs given and where formulas go wrong: "
            "ties, zeros, unequal shapes. Ends with 0 if they agree, with 1 if not."
        ),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run_check)
    option = command.add_argument
    option("script", nargs="?", metavar="SCRIPT.py:NAME", help="a model or function of your own")
    option("--all-ops", action="store_true", help="every op of the derivative table")
    option("--only", metavar="A,B,...", help="of the table only these ops")
    option("--json", metavar="FILE", help="write the reports to a file as well")
    option(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="of random inputs and of the points that are tried (default: 0)",
    )


def run_check(args: argparse.Namespace) -> int:
    """Check what the options say."""
    table = args.all_ops or args.only is not None
    if table == (args.script is not None):
        raise UsageError("give either SCRIPT.py:NAME, or --all-ops, or --only A,B")
    out = None if args.json is None else json_file(args.json)
    if not table:
        report = check_script(args.script, args.seed)
        print(report)
        if out:
            write_json(out, report.to_dict())
        return DONE if report else FAILED
    names = read_names(args.only)
    started = time.perf_counter()
    results: list[OpResult] = []
    try:
        collect(results, names, args.seed)
        stopped = False
    except KeyboardInterrupt:
        stopped = True
    seconds = time.perf_counter() - started
    for text in (table_of(results), *untried(results), *failures(results)):
        print(text)
    print(f"\n{summary(results, seconds)}")
    if out:
        write_json(out, as_dict(results, args.seed, seconds, stopped))
    return ending(results, names, stopped)


def collect(results: list[OpResult], names: Sequence[str], seed: int) -> None:
    """Add the results one by one, so that those so far remain when the user stops."""
    with counter() as show:
        for result in check_all_ops(names, seed=seed):
            results.append(result)
            show(len(results), len(names))


def counter() -> AbstractContextManager[Callable[[int, int], None]]:
    """A line that counts, on a terminal; elsewhere nothing."""
    return Progress("checking", "op") if sys.stderr.isatty() else nullcontext(lambda done, of: None)


def ending(results: list[OpResult], names: Sequence[str], stopped: bool) -> int:
    """Return the exit code, after a complaint if there is one."""
    if stopped:
        complain(f"interrupted after {len(results)} of {len(names)} ops")
        return INTERRUPTED
    failed = any(result.verdict == "fail" for result in results)
    if missing := [name for name in without_samples() if name in names]:
        complain(f"no sample inputs for: {', '.join(missing)}")
    return FAILED if failed or missing else DONE


# ----------------------------------------------------------------- reading the options


def read_names(only: str | None) -> list[str]:
    """Read the labels of ops; all of them unless given.

    Examples
    --------
    >>> read_names("exp, matmul")
    ['exp', 'matmul']
    """
    table = labels()
    if only is None:
        return list(table)
    names: list[str] = []
    for name in (part.strip() for part in only.split(",")):
        same = [name] if name in table else [key for key, op in table.items() if op.name == name]
        if not same:
            near = difflib.get_close_matches(name, table, 3)
            hint = f"did you mean {' or '.join(near)}?" if near else "--all-ops lists them all"
            raise UsageError(f"argument --only: no op {name!r} with a formula; {hint}")
        names += [label for label in same if label not in names]
    return names


def json_file(name: str) -> Path:
    """Make sure, before any work, that a file can be written there."""
    path = Path(name)
    if not name or path.is_dir():
        raise UsageError(f"argument --json: {name!r}: must be the name of a file")
    if not path.parent.is_dir():
        raise UsageError(f"argument --json: {path}: there is no directory {path.parent}")
    return path


# ----------------------------------------------------------------- what is told


def table_of(results: Sequence[OpResult]) -> str:
    """One line for each op."""
    head = ("op", "verdict", "points", "kinks", "worst", "calls")
    rows = [
        (
            r.label,
            r.verdict,
            str(len(r.points)),
            str(r.kinks or "-"),
            f"{r.worst:.0e}",
            f"{r.evaluations.forward}/{r.evaluations.backward}",
        )
        for r in results
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join([*map(str.ljust, row[:2], widths[:2]), *map(str.rjust, row[2:], widths[2:])])
        for row in (head, *rows)
    )


def untried(results: Sequence[OpResult]) -> list[str]:
    """What was left out on purpose, after a blank line."""
    lines = [f"{r.label}: {text}" for r in results for text in r.untried]
    return ["", *lines] if lines else []


def failures(results: Sequence[OpResult]) -> list[str]:
    """The reports of what did not pass, each after a blank line."""
    bad = [r for result in results for r in result.reports if not r]
    return [f"\n{report}" for report in bad]


def summary(results: Sequence[OpResult], seconds: float) -> str:
    """How many of each verdict, and what it cost."""
    found = Counter(result.verdict for result in results)
    told = ", ".join(f"{found[v]} {v}" for v in VERDICTS if found[v] or v in ("pass", "fail"))
    most = [max((r.evaluations[i] for r in results), default=0) for i in (0, 1)]
    ops = "1 op" if len(results) == 1 else f"{len(results)} ops"
    return (
        f"{ops} in {seconds:.1f} s: {told}; at most {most[0]} forward and {most[1]} backward "
        "calls for a sample"
    )


def as_dict(
    results: Sequence[OpResult], seed: int, seconds: float, stopped: bool
) -> dict[str, Any]:
    """All of it, for JSON."""
    return {
        "seed": seed,
        "seconds": round(seconds, 3),
        "interrupted": stopped,
        "verdicts": Counter(result.verdict for result in results),
        "ops": [result.to_dict() for result in results],
    }
