"""``tinygrad-edu sweep``: train a classifier with many settings, and tell which were best."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from ..data import load
from ..training import CLASSIFIERS, OPTIMIZERS, SCHEDULES, Settings, make_run_directory
from ..training.files import remove_if_empty, write_figure
from ..training.sweep import (
    Run,
    Runs,
    RunsError,
    SpaceError,
    SweepInterrupted,
    choices,
    integers,
    log_integers,
    log_uniform,
    picture,
    sweep,
    uniform,
)
from ..training.sweep.trial import Trial
from .config import fill
from .options import DONE, FAILED, INTERRUPTED, UsageError, complain, count, number, seed

LARGEST_LAYER = 1_000_000
POINTS = 5  # of a range in a grid
RUNS = "runs.jsonl"
DEFAULT_LR = (1e-4, 1.0)  # searched if nothing else is said

EPILOG = """\
a value of an option that is searched is one of:
  0.1               this value in every run
  sgd,adam          one of these; so is `--optimizer sgd adam`
  uniform:0:0.95    any number of this range
  log:1e-4:1        the same in log space: for rates, penalties and numbers of units
  log:1e-4:1:9      so many of them in a grid (default: 5)
layers of the MLP are joined by x: --hidden 64,128,128x64. Numbers of epochs, examples and units are
whole. Each run has a seed of its own; `train` with that seed repeats the run.

example: tinygrad-edu sweep --model mlp --lr log:1e-3:1 --hidden log:16:256 --n 40 --workers 2"""


def add_sweep(commands: Any) -> None:
    """Add the parser of ``sweep``."""
    command = commands.add_parser(
        "sweep",
        help="train a classifier with many settings, and tell which were best",
        description=(
            "Search hyper-parameters: train one classifier with many settings, at random or on a "
            "grid, and compare the accuracy on the validation set. Runs are kept in "
            f"DIR/{RUNS}; the same command goes on where it was stopped."
        ),
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=partial(run_sweep, command=command))
    option = command.add_argument
    option("--data", metavar="NAME", help="digits (default), mnist5k, or your own .npz file")
    option("--model", choices=list(CLASSIFIERS), help="which classifier (default: mlp)")
    for name, read in READERS.items():
        option(
            "--" + name.replace("_", "-"),
            type=partial(values_of, read),
            nargs="+",
            metavar="X",
            help=HELP[name],
        )
    option("--n", type=count("runs"), metavar="N", help="runs of a random search (default: 20)")
    option("--method", choices=["random", "grid"], help="random (default), or all combinations")
    option("--workers", type=count("processes"), metavar="N", help="processes (default: 1)")
    option("--seed", type=seed, metavar="N", help="of the whole search (default: 0)")
    option("--retry-failed", action="store_const", const=True, help="make failed runs again")
    option("--out", metavar="DIR", help="a new directory, or that of this sweep, to go on with it")
    option("--config", metavar="FILE", help="a TOML or JSON file with these options by name")


def run_sweep(args: argparse.Namespace, command: argparse.ArgumentParser) -> int:
    """Search as the options say."""
    if args.config is not None:
        fill(args, command, args.config, without=["retry_failed"])
    data, model = args.data or "digits", args.model or "mlp"
    space, method = read_space(args, model), args.method or "random"
    if method == "grid" and args.n:
        raise UsageError("--n is for a random search; a grid has as many runs as it has points")
    load(data)  # to find a bad file before anything is made
    out = open_directory(args.out)
    try:
        runs = sweep(
            Trial(os.path.abspath(data) if os.path.exists(data) else data, model),
            # The data and the model are no choice, but a part of what makes it the same sweep.
            {"data": data, "model": model, **space},
            n=None if method == "grid" else args.n or 20,
            executor=args.workers if (args.workers or 1) > 1 else None,
            path=out / RUNS,
            seed=args.seed or 0,
            method=method,
            retry_failed=bool(args.retry_failed),
            progress=True if sys.stderr.isatty() else None,
        )
    except (RunsError, SpaceError) as error:
        remove_if_empty(out)
        raise UsageError(str(error).partition("\n  at ")[0]) from error
    except SweepInterrupted as stop:
        again = "the same command" if args.out else f"the same command and --out {out}"
        complain(f"interrupted: {str(stop).partition(';')[0]}; go on with {again}")
        return INTERRUPTED
    return report(runs, out, data, model)


def report(runs: Runs, out: Path, data: str, model: str) -> int:
    """Tell which runs were best, and why others failed; draw the picture."""
    print(f"{data}, {CLASSIFIERS[model].title}: {len(runs.done)} of {len(runs)} runs done")
    for reason, times in reasons(runs).items():
        print(f"{times} failed: {reason}")
    if not runs.done:
        complain(f"no run is done; all are in {out / RUNS}")
        return FAILED
    shown = Runs((without_fixed(run) for run in runs), runs.goal, runs.space)
    print("\nscore: accuracy on the validation set\n" + shown.table())
    print(f"\nthe best again: {train_command(runs.best)}")
    try:
        title = f"{data}, {CLASSIFIERS[model].title}: {len(runs)} runs"
        write_figure(out / "sweep.png", picture(shown, title))
    except ImportError as error:
        print(f"Left out sweep.png: {error}")
    print(f"Everything is in {out}")
    return DONE


def reasons(runs: Runs) -> dict[str, int]:
    """Why runs failed, the most common reason first, at most three."""
    counts: dict[str, int] = {}
    for run in runs.failed:
        kind = run.reason.partition(":")[0]
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: -item[1])[:3])


def without_fixed(run: Run) -> Run:
    """A run without what all have in common."""
    params = {n: v for n, v in run.params.items() if n not in ("data", "model")}
    return Run(**{**vars(run), "params": params})


def train_command(run: Run) -> str:
    """The command that repeats a run.

    Examples
    --------
    >>> params = {"data": "digits", "model": "mlp", "lr": 0.1, "hidden": (64, 32)}
    >>> train_command(Run(0, 7, params, "done", score=0.9))
    'tinygrad-edu train --data digits --model mlp --lr 0.1 --hidden 64 32 --seed 7'
    """
    params = dict(run.params)
    if params.get("optimizer", "sgd") != "sgd":
        params.pop("momentum", None)  # of SGD alone
    words = ["tinygrad-edu", "train"]
    for name, value in params.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        words += ["--" + name.replace("_", "-"), *map(str, values)]
    return shlex.join([*words, "--seed", str(run.seed)])


def open_directory(out: str | None) -> Path:
    """A new directory, or one that holds a sweep."""
    if out and (Path(out) / RUNS).is_file():
        return Path(out)
    return make_run_directory(out)


# ------------------------------------------------------------------------ reading the options


def layers(text: str) -> tuple[int, ...]:
    """Read the units of hidden layers.

    Examples
    --------
    >>> layers("128x64")
    (128, 64)
    """
    return tuple(count("units", LARGEST_LAYER)(part) for part in text.split("x"))


def one_of(names: Mapping[str, Any]) -> Callable[[str], str]:
    """Return a reader of names."""

    def read(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r}: must be one of {', '.join(names)}")
        return text

    return read


READERS: dict[str, Callable[[str], Any]] = {
    "lr": number(above=0),
    "momentum": number(least=0, below=1),
    "reg": number(least=0),
    "hidden": layers,
    "epochs": count("epochs"),
    "batch_size": count("examples"),
    "optimizer": one_of(OPTIMIZERS),
    "schedule": one_of(SCHEDULES),
    "early_stopping": count("epochs"),
}
HELP = {
    "lr": f"learning rate (default: log:{DEFAULT_LR[0]:g}:{DEFAULT_LR[1]:g})",
    "momentum": "of sgd",
    "reg": "factor of the penalty on the squared weights",
    "hidden": "units of the MLP's hidden layers",
    "epochs": "passes over the training set",
    "batch_size": "examples a step",
    "optimizer": f"update rule: {', '.join(OPTIMIZERS)}",
    "schedule": f"course of the learning rate: {', '.join(SCHEDULES)}",
    "early_stopping": "stop after so many epochs without a better validation loss",
}


def values_of(read: Callable[[str], Any], text: str) -> Any:
    """Read a range, or values with commas between them.

    Examples
    --------
    >>> values_of(float, "0.1,0.3")
    [0.1, 0.3]
    >>> values_of(float, "log:1e-4:1").log
    True
    """
    kind, colon, rest = text.partition(":")
    if not colon:
        return [read(part) for part in text.split(",")]
    ends = rest.split(":")
    if kind not in ("log", "uniform") or len(ends) not in (2, 3):
        raise argparse.ArgumentTypeError(
            f"{text!r}: must be log:LOW:HIGH or uniform:LOW:HIGH, or values such as 0.1,0.3"
        )
    points = count("points")(ends[2]) if len(ends) == 3 else POINTS
    low, high = (_end(read, part) for part in ends[:2])
    whole = isinstance(low, int)
    make: Any = (log_integers if whole else log_uniform) if kind == "log" else None
    make = make or (integers if whole else uniform)
    try:
        return make(low, high, points)
    except SpaceError as error:
        reason = str(error).partition("\n  at ")[0]
        raise argparse.ArgumentTypeError(f"{text!r}: {reason}") from error


def _end(read: Callable[[str], Any], text: str) -> Any:
    """One end of a range: a number that the option itself would take."""
    value = read(text)
    value = value[0] if isinstance(value, tuple) and len(value) == 1 else value
    if not isinstance(value, (int, float)):
        raise argparse.ArgumentTypeError(f"{text!r}: a range is of numbers")
    return value


def read_space(args: argparse.Namespace, model: str) -> dict[str, Any]:
    """The search space: what was given, and the learning rate in any case."""
    space: dict[str, Any] = {}
    for name in (f.name for f in fields(Settings)):
        given = getattr(args, name, None)
        if not given:
            continue
        if any(not isinstance(values, list) for values in given):
            if len(given) > 1:
                raise UsageError(f"argument --{name.replace('_', '-')}: a range stands alone")
            space[name] = given[0]
        else:
            space[name] = choices(*(value for values in given for value in values))
    if "hidden" in space and CLASSIFIERS[model].linear:
        raise UsageError(f"--hidden is for the MLP; {model} has no hidden layer")
    rules = getattr(space.get("optimizer"), "values", ("sgd",))
    if "momentum" in space and "sgd" not in rules:
        raise UsageError(f"--momentum is for sgd; {', '.join(rules)} has none to choose")
    return {"lr": log_uniform(*DEFAULT_LR), **space}
