"""Measure how fast it is, beside the same written by hand and beside other libraries."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from . import report, table
from .budget import NEEDS
from .contestants import LIBRARIES
from .problems import BY_NAME, RULES
from .process import cores
from .settings import Progress, Settings

# In the order in which they run; the budget needs the others.
SECTIONS = (
    "steps",
    "overhead",
    "memory",
    "chain",
    "fan_out",
    "checking",
    "drawing",
    "imports",
    "budget",
)
PROGRAM = "python -m tests.benchmarks"


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def some_of(known: Sequence[str], none: bool = False) -> Callable[[str], list[str]]:
    """Names with commas between them, put into the order of the known ones."""

    def parse(text: str) -> list[str]:
        names = [] if none and text == "none" else [name.strip() for name in text.split(",")]
        for name in names:
            if name not in known:
                choices = [*known, *["none"] * none]
                raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(choices)}")
        return [name for name in known if name in names]

    return parse


def thread_count(text: str) -> int:
    most = len(cores())
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
    return int(text)


def page_path(text: str) -> Path:
    path = Path(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in an existing folder")
    return path


def parse(argv: list[str]) -> argparse.Namespace:
    parser = Parser(prog=PROGRAM, description=__doc__, allow_abbrev=False)

    def names(flag: str, known: Sequence[str], what: str, none: bool = False) -> None:
        listed = ", ".join(known)
        parser.add_argument(
            flag,
            type=some_of(known, none),
            default=list(known),
            metavar="A,B",
            help=f"{what}: {listed}{', or none' if none else ''}",
        )

    names("--only", SECTIONS, "sections; the budget alone measures what it needs")
    names("--problems", list(BY_NAME), "models to be trained")
    names("--rules", RULES, "update rules")
    names("--against", LIBRARIES, "libraries to compare with", none=True)
    parser.add_argument(
        "--threads", type=thread_count, default=len(cores()), metavar="N", help="for everybody"
    )
    parser.add_argument("--quick", action="store_true", help="few rounds, a minute or so")
    parser.add_argument("--write", type=page_path, metavar="FILE.md", help="all tables as a page")
    return parser.parse_args(argv)


def run(chosen: Sequence[str], settings: Settings) -> bool:
    """Measure and print, section by section; False if it was interrupted."""
    shown: set[str] = set()

    def show(name: str) -> None:
        settings.say("")
        print(table.text(settings.sections[name]), flush=True)
        shown.add(name)

    try:
        for name in chosen:
            import_module(f"{__package__}.{name}").measure(settings)
            show(name)
        return True
    except KeyboardInterrupt:
        for name, section in settings.sections.items():
            if name not in shown:
                section.note("Interrupted: the rest is missing.")
                show(name)
        return False
    finally:
        settings.close()


def interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


def main(argv: list[str]) -> int:
    options = parse(argv)
    chosen = options.only
    if chosen == ["budget"]:
        chosen = [*NEEDS, "budget"]
    settings = Settings(
        threads=options.threads,
        quick=options.quick,
        problems=[BY_NAME[name] for name in options.problems],
        rules=options.rules,
        against=options.against,
        say=Progress(),
    )
    facts = report.machine(options.threads)
    for name, value in facts.items():
        print(f"{name:12} {value}")
    print(flush=True)
    if not run(chosen, settings):
        print("interrupted" + "; no page was written" * bool(options.write), file=sys.stderr)
        return 130
    if options.write:
        command = " ".join([PROGRAM, *argv])
        report.write(options.write, report.page(settings.sections.values(), facts, command))
    return 0


if __name__ == "__main__":
    # Whoever ends it, no worker stays behind.
    signal.signal(signal.SIGTERM, interrupt)
    sys.exit(main(sys.argv[1:]))
