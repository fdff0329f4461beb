"""``tinygrad-edu train``: train classifiers of handwritten digits."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import fields
from functools import partial
from typing import Any

from ..data import load
from ..training import (
    CLASSIFIERS,
    DEFAULTS,
    OPTIMIZERS,
    SCHEDULES,
    CheckpointError,
    DivergedError,
    Job,
    ResumeError,
    Settings,
    make_run_directory,
    resumed_job,
    run_job,
    settings_for,
)
from .config import fill
from .options import DONE, FAILED, INTERRUPTED, UsageError, complain, count, number, seed

LARGEST_LAYER = 1_000_000
NO_OPTIONS = ("resume", "run")  # what else argparse puts among them


def add_train(commands: Any) -> None:
    """Add the parser of ``train``."""
    command = commands.add_parser(
        "train",
        help="train classifiers of handwritten digits, and write what came out",
        description=(
            "Check the gradients of three classifiers, train them with minibatch SGD or another "
            "update rule, and test them: a linear SVM, a linear softmax classifier, and an MLP (a "
            "neural network with one hidden layer or more)."
        ),
        epilog=defaults_text(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=partial(run_train, command=command))
    option = command.add_argument
    option(
        "--data",
        metavar="NAME",
        help="digits (8x8 pixels, the default), mnist5k (28x28), or the path of your own .npz file "
        "with the arrays images and labels",
    )
    option("--model", choices=[*CLASSIFIERS, "all"], help="which one (default: all)")
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
        "--optimizer",
        choices=list(OPTIMIZERS),
        help="update rule (default: sgd); the others have learning rates of their own",
    )
    option(
        "--schedule",
        choices=list(SCHEDULES),
        help="course of the learning rate: constant (default); cosine to 0; step, to a tenth after "
        "each third; exponential, to a hundredth at the end; plateau, to a tenth where the "
        "validation loss stays",
    )
    option(
        "--early-stopping",
        type=count("epochs"),
        metavar="N",
        help="stop after N epochs without a better validation loss, and keep the best weights",
    )
    option(
        "--seed",
        type=seed,
        metavar="N",
        help="start of the random numbers (default: 0); the same seed gives the same result",
    )
    option(
        "--out",
        metavar="DIR",
        help="a new directory for metrics, weights and pictures (default: runs/<date-time>)",
    )
    option(
        "--config",
        metavar="FILE",
        help="a TOML or JSON file with these options by name; those on the command line come first",
    )
    option(
        "--resume",
        metavar="DIR",
        help="go on with the run in DIR that was killed or interrupted, with all its options; it "
        "ends as if it had never stopped",
    )


def run_train(args: argparse.Namespace, command: argparse.ArgumentParser) -> int:
    """Train as the options say."""
    job = job_to_resume(args) if args.resume is not None else new_job(args, command)
    try:
        run_job(job)
    except KeyboardInterrupt:
        complain(f"interrupted{kept(job)}{how_to_resume(job)}")
        return INTERRUPTED
    except (DivergedError, CheckpointError, ResumeError) as error:
        complain(f"{error}{kept(job)}")
        return FAILED
    return DONE


def new_job(args: argparse.Namespace, command: argparse.ArgumentParser) -> Job:
    """Read the options, of the command line and of a file, and make the run directory."""
    if args.config is not None:
        fill(args, command, args.config, without=["resume"])
    data, model = args.data or "digits", args.model or "all"
    names = list(CLASSIFIERS) if model == "all" else [model]
    if args.hidden and all(CLASSIFIERS[name].linear for name in names):
        raise UsageError(f"--hidden is for the MLP; {model} has no hidden layer")
    if args.momentum is not None and args.optimizer not in (None, "sgd"):
        raise UsageError(f"--momentum is for sgd; {args.optimizer} has none to choose")
    return Job(
        data=data,
        splits=load(data),
        models={name: train_settings(args, data, name) for name in names},
        seed=args.seed or 0,
        out=make_run_directory(args.out),  # the last check: after it there is something to clean up
    )


def job_to_resume(args: argparse.Namespace) -> Job:
    """Read the job of a run directory; all its options are there."""
    others = [
        name for name, value in vars(args).items() if value is not None and name not in NO_OPTIONS
    ]
    if others:
        named = ", ".join("--" + name.replace("_", "-") for name in others)
        raise UsageError(f"--resume takes all options from {args.resume}; leave out {named}")
    return resumed_job(args.resume)


def how_to_resume(job: Job) -> str:
    """Tell the command that goes on, if there is a checkpoint."""
    if not job.checkpoints.exists():
        return ""
    return f"; go on with: tinygrad-edu train --resume {shlex.quote(str(job.out))}"


def kept(job: Job) -> str:
    """Tell where to find what a job did before it was stopped."""
    return f"; what was finished is in {job.out}" if job.out.exists() else ""


def train_settings(args: argparse.Namespace, data: str, model: str) -> Settings:
    """Return the settings of one model: those given on the command line, else the defaults."""
    given = {f.name: getattr(args, f.name) for f in fields(Settings)}
    hidden = None if CLASSIFIERS[model].linear else given.pop("hidden")
    given["hidden"] = tuple(hidden) if hidden else None
    return settings_for(data, model, **given)


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
