"""``tinygrad-edu race``: several update rules over one test function, with pictures."""

from __future__ import annotations

import argparse
import ast
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..lab import (
    FUNCTIONS,
    LabError,
    Objective,
    Trace,
    contour,
    function_named,
    loss_curves,
    race_gif,
    race_html,
    rules,
    start_of,
    trace,
)
from ..lab.contours import steps_outside, window_of
from ..training import make_run_directory
from ..training.files import remove_if_empty, write, write_figure, write_json
from .options import DONE, FAILED, INTERRUPTED, UsageError, complain, count, number, seed

MOST_STEPS = 100_000
PICTURES = "contour.png, loss.png and race.gif"
REFRESH, PATIENCE = 0.1, 10.0  # seconds between two signs of life: on a terminal, in a log

Entry = tuple[str, dict[str, Any]]


def add_race(commands: Any) -> None:
    """Add the parser of ``race``."""
    command = commands.add_parser(
        "race",
        help="let update rules race over a test function, and draw it",
        description="Follow several update rules over a function of one or two variables.",
        epilog=(
            f"functions: {', '.join(FUNCTIONS)}. rules: {', '.join(rules())}. A rule may carry "
            "options: --rules sgd:lr=0.4,momentum:lr=0.6:momentum=0.5"
        ),
        allow_abbrev=False,
    )
    command.set_defaults(run=run_race)
    option = command.add_argument
    option("--function", default="beale", metavar="NAME", help="what to minimise (default: beale)")
    option(
        "--rules",
        default="sgd,momentum,adam",
        metavar="A,B,...",
        help="who takes part (default: sgd,momentum,adam)",
    )
    option("--start", metavar="X,Y", help="where all of them start (default: the function's own)")
    option("--steps", type=count("steps", MOST_STEPS), metavar="N", help="how many steps")
    option(
        "--lr",
        type=number(above=0),
        metavar="X",
        help="learning rate of all rules (default: one that suits rule and function)",
    )
    option(
        "--noise",
        type=number(least=0),
        default=0.0,
        metavar="X",
        help="standard deviation of what is added to each gradient (default: 0)",
    )
    option("--seed", type=seed, default=0, metavar="N", help="of that noise (default: 0)")
    option("--out", metavar="DIR", help="a new directory (default: runs/<date-time>)")


def run_race(args: argparse.Namespace) -> int:
    """Race as the options say."""
    try:
        function = function_named(args.function)
        start = start_of(function, read_start(args.start))
        entries = [(n, {"lr": args.lr, **o} if args.lr else o) for n, o in read_rules(args.rules)]
    except LabError as error:
        raise UsageError(first_line(error)) from error
    for name, options in entries:
        try:  # to find bad options before anything is made
            trace(name, function, start, 0, **options)
        except (ValueError, TypeError) as error:
            raise UsageError(f"rule {name}: {first_line(error)}") from error
    out = make_run_directory(args.out)
    try:
        run(args, function, start, entries, out)
    except KeyboardInterrupt:
        remove_if_empty(out)
        complain("interrupted" + (f"; what was finished is in {out}" if out.exists() else ""))
        return INTERRUPTED
    except (RuntimeError, ValueError, TypeError) as error:  # a rule that can't go on
        remove_if_empty(out)
        complain(first_line(error))
        return FAILED
    return DONE


def run(
    args: argparse.Namespace, function: Objective, start: Any, entries: list[Entry], out: Path
) -> None:
    """Make the traces, tell of them, and write the files."""
    steps = args.steps or function.steps
    traces = []
    for name, options in entries:
        with Progress(name, "step") as progress:
            traces.append(
                trace(
                    name,
                    function,
                    start,
                    steps,
                    noise=args.noise,
                    seed=args.seed,
                    progress=progress,
                    **options,
                )
            )
    print(f"{function.name}: {function.formula}")
    print(table(traces))
    write_json(
        out / "traces.json",
        {
            "function": function.name,
            "formula": function.formula,
            "start": start.tolist(),
            "steps": steps,
            "noise": args.noise,
            "seed": args.seed,
            "traces": [t.as_dict() for t in traces],
        },
    )
    write(out / "race.html", race_html(traces).encode())
    for line in (*outside(traces), *draw(traces, out), f"Everything is in {out}"):
        print(line)


def outside(traces: list[Trace]) -> list[str]:
    """A line for each path that the pictures do not show to its end."""
    window = window_of(traces)
    return [
        f"{t.label} leaves the picture in {away} of {t.steps} steps"
        for t in traces
        if (away := steps_outside(t, window))
    ]


def draw(traces: list[Trace], out: Path) -> list[str]:
    """Write the pictures that need matplotlib; return a line that says what was left out."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        install = f'{Path(sys.executable).name} -m pip install "tinygrad-edu[plot]"'
        return [f"Left out {PICTURES}, which need matplotlib: {install}"]
    write_figure(out / "contour.png", contour(traces))
    write_figure(out / "loss.png", loss_curves(traces))
    with Progress("race.gif", "picture") as progress:
        write(out / "race.gif", race_gif(traces, progress=progress))
    return []


def table(traces: list[Trace]) -> str:
    """Where each of them ended."""
    head = ("rule", "lr", "steps", *traces[0].head[1:], "outcome")
    rows = [
        (t.rule, f"{t.options.get('lr', float('nan')):g}", *t.rows()[-1], t.outcome) for t in traces
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])])
        for row in (head, *rows)
    )


# ----------------------------------------------------------------- reading the options


def read_start(text: str | None) -> list[float] | None:
    """Read a point.

    Examples
    --------
    >>> read_start("-5,-2")
    [-5.0, -2.0]
    """
    if text is None:
        return None
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise LabError(f"argument --start: {text!r}: must be numbers, as in 0.7,1.4") from error


def read_rules(text: str) -> list[Entry]:
    """Read names with options.

    Examples
    --------
    >>> read_rules("sgd,adam:lr=0.1:betas=(0.9,0.99)")
    [('sgd', {}), ('adam', {'lr': 0.1, 'betas': (0.9, 0.99)})]
    """
    entries = []
    for entry in re.split(r",(?![^(]*\))", text):  # not at a comma inside brackets
        name, *given = (part.strip() for part in entry.split(":"))
        if name not in rules():
            raise LabError(f"argument --rules: no rule {name!r}; there are {', '.join(rules())}")
        options: dict[str, Any] = {}
        for part in given:
            key, equals, value = part.partition("=")
            if not (equals and key.isidentifier()):
                raise LabError(f"argument --rules: {part!r} in {entry!r}: must be option=value")
            try:
                options[key] = ast.literal_eval(value)
            except (ValueError, SyntaxError):
                options[key] = value
        entries.append((name, options))
    return entries


def first_line(error: Exception) -> str:
    """Without the line of the user's program: the user of a command has none."""
    return str(error).partition("\n  at ")[0]


class Progress:
    """Says how far a long piece of work is: a terminal's line, or a line for a log now and then."""

    def __init__(self, title: str, unit: str) -> None:
        self.title, self.unit = title, unit
        self.live = sys.stderr.isatty()
        self.shown = time.perf_counter()
        self.width = 0

    def __enter__(self) -> Callable[[int, int], None]:
        return self.show

    def __exit__(self, *_: object) -> None:
        if self.width:  # leave no trace on the terminal
            print("\r" + " " * self.width + "\r", end="", file=sys.stderr, flush=True)

    def show(self, done: int, of: int) -> None:
        """Tell that so many of all are done."""
        now = time.perf_counter()
        if now - self.shown < (REFRESH if self.live else PATIENCE):
            return
        self.shown = now
        text = f"{self.title}: {self.unit} {done} of {of}"
        if self.live:
            print("\r" + text.ljust(self.width), end="", file=sys.stderr, flush=True)
            self.width = max(self.width, len(text))
        else:
            print(text, flush=True)
