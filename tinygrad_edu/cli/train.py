"""``tinygrad-edu train``: train classifiers of handwritten digits."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Any

from ..data import load
from ..training import (
    CLASSIFIERS,
    DEFAULTS,
    DivergedError,
    Job,
    Settings,
    make_run_directory,
    run_job,
    settings_for,
)
from .options import DONE, FAILED, INTERRUPTED, UsageError, complain, count, number, seed

LARGEST_LAYER = 1_000_000


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
