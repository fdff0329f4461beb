"""The command line: ``tinygrad-edu`` and ``python -m tinygrad_edu``.

Every sub-command is a function that adds its parser, and one that runs it and returns the exit
code: 0 done, 1 the run failed, 2 bad input, 130 interrupted by Ctrl-C. Bad input is found before
anything is trained or written, and is told in one line on stderr.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any, NoReturn

from . import __version__
from .data import DataError, load
from .training import (
    CLASSIFIERS,
    DEFAULTS,
    DivergedError,
    Job,
    OutputError,
    Settings,
    make_run_directory,
    run_job,
    settings_for,
)

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
LARGEST_LAYER = 1_000_000


class UsageError(ValueError):
    """Options that do not go together."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        complain(message, self.prog)
        self.exit(BAD_INPUT)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process unless given.

    Examples
    --------
    >>> main(["--version"])
    tinygrad-edu ...
    0
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold what it can't encode
    try:
        args = parser().parse_args(argv)
        return int(args.run(args))
    except SystemExit as stop:  # argparse, after --help or an error
        return int(stop.code or 0)
    except (UsageError, DataError, OutputError) as error:
        complain(error)
        return BAD_INPUT
    except BrokenPipeError:
        # Whoever read our output has left (`tinygrad-edu train | head`). Python would complain
        # once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except MemoryError as error:
        complain(f"out of memory; try a smaller model or batch ({error})")
        return FAILED
    except OSError as error:
        complain(error)
        return FAILED
    except KeyboardInterrupt:
        complain("interrupted")
        return INTERRUPTED


def complain(message: object, prog: str = "tinygrad-edu") -> None:
    """Write one line to stderr, whatever the message holds."""
    print(f"{prog}: error: {' '.join(str(message).split())}", file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    """Make the parser of all commands."""
    main_parser = Parser(
        prog="tinygrad-edu",
        description="A teaching autograd on NumPy: read it, check it by hand, watch it run.",
        epilog="Start with: tinygrad-edu train",
        allow_abbrev=False,
    )
    main_parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = main_parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    add_train(commands)
    return main_parser


# ------------------------------------------------------------------------- train


def add_train(commands: Any) -> None:
    """Add the parser of ``train``."""
    command = commands.add_parser(
        "train",
        help="train classifiers of handwritten digits, and write what came out",
        description=(
            "Check the gradients of three classifiers, train them with minibatch SGD, and test "
            "them: a linear SVM, a linear softmax classifier, and an MLP (a neural network with "
            "one hidden layer or more)."
        ),
        epilog=defaults_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run_train)
    option = command.add_argument
    option(
        "--data",
        default="digits",
        metavar="NAME",
        help="digits (8x8 pixels, the default), mnist5k (28x28), or the path of your own .npz file "
        "with the arrays images and labels",
    )
    option("--model", choices=[*CLASSIFIERS, "all"], default="all", help="which one (default: all)")
    option("--epochs", type=count("epochs"), metavar="N", help="passes over the training set")
    option("--batch-size", type=count("examples"), metavar="N", help="examples a step of SGD")
    option("--lr", type=number(above=0), metavar="X", help="learning rate: the length of a step")
    option(
        "--momentum",
        type=number(least=0, below=1),
        metavar="X",
        help="share of the last step that is kept in the next, 0 to below 1",
    )
    option(
        "--reg",
        type=number(least=0),
        metavar="X",
        help="regularisation: X * (sum of the squared weights) is added to the loss",
    )
    option(
        "--hidden",
        type=count("units", LARGEST_LAYER),
        nargs="+",
        metavar="N",
        help="units of the MLP's hidden layer; give several numbers for several layers",
    )
    option(
        "--seed",
        type=seed,
        default=0,
        metavar="N",
        help="start of the random numbers (default: 0); the same seed gives the same result",
    )
    option(
        "--out",
        metavar="DIR",
        help="a new directory for metrics, weights and pictures (default: runs/<date-time>)",
    )


def run_train(args: argparse.Namespace) -> int:
    """Train as the options say."""
    names = list(CLASSIFIERS) if args.model == "all" else [args.model]
    if args.hidden and all(CLASSIFIERS[name].linear for name in names):
        raise UsageError(f"--hidden is for the MLP; {args.model} has no hidden layer")
    splits = load(args.data)
    job = Job(
        data=args.data,
        splits=splits,
        models={name: train_settings(args, name) for name in names},
        seed=args.seed,
        out=make_run_directory(args.out),  # the last check: after it there is something to clean up
    )
    try:
        run_job(job)
    except KeyboardInterrupt:
        complain(f"interrupted{kept(job)}")
        return INTERRUPTED
    except DivergedError as error:
        complain(f"{error}{kept(job)}")
        return FAILED
    return DONE


def kept(job: Job) -> str:
    """Tell where to find what a job did before it was stopped."""
    return f"; what was finished is in {job.out}" if job.out.exists() else ""


def train_settings(args: argparse.Namespace, model: str) -> Settings:
    """Return the settings of one model: those given on the command line, else the defaults."""
    given = {f.name: getattr(args, f.name) for f in fields(Settings)}
    hidden = None if CLASSIFIERS[model].linear else given.pop("hidden")
    given["hidden"] = tuple(hidden) if hidden else None
    return settings_for(args.data, model, **given)


def defaults_text() -> str:
    """Return a table of the default settings, for the help."""
    lines = ["defaults (your own file gets those of mnist5k):"]
    lines.append("           model    epochs batch-size     lr momentum    reg hidden")
    for data, models in DEFAULTS.items():
        for model, s in models.items():
            hidden = " ".join(map(str, s.hidden)) or "-"
            lines.append(
                f"  {data:<9}{model:<9}{s.epochs:>6}{s.batch_size:>11}{s.lr:>7g}{s.momentum:>9g}"
                f"{s.reg:>7g}{hidden:>7}"
            )
    return "\n".join(lines)


# ----------------------------------------------------- the values of options


def count(what: str, largest: int | None = None) -> Callable[[str], int]:
    """Return a reader of whole numbers from 1.

    Examples
    --------
    >>> count("epochs")("12")
    12
    """

    def read(text: str) -> int:
        value = whole(text)
        if value < 1:
            raise argparse.ArgumentTypeError(f"{value} {what}: must be at least 1")
        if largest is not None and value > largest:
            raise argparse.ArgumentTypeError(f"{value} {what}: must be at most {largest}")
        return value

    return read


def seed(text: str) -> int:
    """Read a seed: a whole number from 0."""
    value = whole(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"{value}: must be at least 0")
    return value


def whole(text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a whole number") from error


def number(
    above: float = -math.inf, least: float = -math.inf, below: float = math.inf
) -> Callable[[str], float]:
    """Return a reader of finite numbers within bounds.

    Examples
    --------
    >>> number(least=0, below=1)("0.9")
    0.9
    """
    bounds = [
        text
        for text, bound in ((f"above {above:g}", above), (f"at least {least:g}", least))
        if math.isfinite(bound)
    ]
    bounds += [f"below {below:g}"] if math.isfinite(below) else []

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (math.isfinite(value) and above < value and least <= value < below):
            rule = " and ".join(["a finite number", *bounds])
            raise argparse.ArgumentTypeError(f"{text!r}: must be {rule}")
        return value

    return read
