"""The main job: check the gradients, train the classifiers, and write what came out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import optim, viz
from ..creation import from_numpy
from ..data import Splits
from .check import Verdict, check_gradients
from .files import remove_if_empty, write, write_figure, write_json, write_weights
from .fit import Epoch, fit
from .metrics import evaluate
from .models import CLASSIFIERS, Classifier, Settings, build, penalty
from .progress import Display, display

GRAPH_EXAMPLES = 8  # of the minibatch whose step is drawn


@dataclass(frozen=True)
class Job:
    """What to train, on what, and where the results go.

    Attributes
    ----------
    data
        The data set as the user named it.
    splits
        The data itself.
    models
        Settings for each model, by its name in `CLASSIFIERS`.
    seed
        Of the initial weights and of the order of the examples; each model starts from it afresh,
        so that its result does not depend on which others are trained.
    out
        An empty directory.
    """

    data: str
    splits: Splits
    models: Mapping[str, Settings]
    seed: int
    out: Path


@dataclass
class Run:
    """One model of a job, before and after its training."""

    classifier: Classifier
    settings: Settings
    model: Any
    rng: np.random.Generator
    verdict: Verdict
    history: list[Epoch] = field(default_factory=list)
    metrics: dict[str, Any] | None = None  # its entry in metrics.json, once it is trained


def run_job(
    job: Job,
    say: Callable[[str], None] = print,
    show: Callable[[str, int], Display] = display,
) -> list[dict[str, Any]]:
    """Check, train and test every model of a job, and write the run directory.

    Parameters
    ----------
    job : Job
    say : callable
        Gets each line of the report.
    show : callable
        Makes the progress display of one model from its name and number of epochs.

    Returns
    -------
    list of dict
        One for each model, as in ``metrics.json``.

    Raises
    ------
    DivergedError
        If a loss becomes infinite or NaN.

    Notes
    -----
    However it ends, also by Ctrl-C: ``metrics.json`` tells of all models that were finished, whose
    weights are there too, and under ``"unfinished"`` of the epochs of the one that was not. Without
    a single epoch, nothing is written and the directory is removed.
    """
    say(describe(job))
    runs: list[Run] = []
    try:
        for name, settings in job.models.items():
            runs.append(prepare(job, name, settings))
            say(gradient_line(runs[-1]))
        for run in runs:
            train(run, job, show)
            say(test_line(run))
    finally:
        finished = write_metrics(job, runs)
    say("\n" + table(finished))
    draw_graph(job, runs)
    for line in (*draw_plots(job, runs), f"Everything is in {job.out}"):
        say(line)
    return finished


def prepare(job: Job, name: str, settings: Settings) -> Run:
    """Build a model and check its gradients."""
    classifier, data = CLASSIFIERS[name], job.splits
    rng = np.random.default_rng(job.seed)
    model = build(data.num_features, data.num_classes, settings.hidden, rng)
    # With random numbers of its own, so that the check leaves no trace in the training.
    draw = np.random.default_rng([job.seed, 1])
    verdict = check_gradients(
        model, classifier.loss(), data.x_train, data.y_train, reg=settings.reg, rng=draw
    )
    return Run(classifier, settings, model, rng, verdict)


def train(run: Run, job: Job, show: Callable[[str, int], Display]) -> None:
    """Train a model with SGD, measure it on the test set, and write its weights."""
    settings, loss, data = run.settings, run.classifier.loss(), job.splits
    parameters = dict(run.model.named_parameters())
    optimizer = optim.SGD(parameters.values(), lr=settings.lr, momentum=settings.momentum)
    started = time.perf_counter()
    with show(run.classifier.name, settings.epochs) as progress:

        def on_epoch(epoch: Epoch) -> None:
            run.history.append(epoch)
            progress(epoch)

        fit(
            run.model,
            loss,
            optimizer,
            data,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=run.rng,
            penalty=lambda: penalty(parameters, settings.reg),
            on_epoch=on_epoch,
        )
    seconds = time.perf_counter() - started
    test_loss, test_accuracy = evaluate(run.model, loss, data.x_test, data.y_test)
    write_weights(job.out / f"{run.classifier.name}.npz", run.model)
    run.metrics = {
        "model": run.classifier.name,
        "train_accuracy": run.history[-1].train_accuracy,
        "val_accuracy": run.history[-1].val_accuracy,
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "seconds": seconds,
        "gradcheck": asdict(run.verdict),
        "history": [asdict(epoch) for epoch in run.history],
    }


# ---------------------------------------------------------------- what is said


def describe(job: Job) -> str:
    """One line on the data."""
    data = job.splits
    shape = "x".join(map(str, data.image_shape))
    return (
        f"{job.data}: {len(data.y_train)} training, {len(data.y_val)} validation and "
        f"{len(data.y_test)} test images of {shape} pixels in {data.num_classes} classes; "
        f"seed {job.seed}"
    )


def gradient_line(run: Run) -> str:
    """The verdict of the gradient check."""
    verdict, error = run.verdict.passed, run.verdict.max_rel_error
    found = "the loss is not finite" if error is None else f"max relative error {error:.1e}"
    return f"{run.classifier.name:<8}gradient check {'passed' if verdict else 'FAILED'}: {found}"


def test_line(run: Run) -> str:
    """What a model reached."""
    assert run.metrics is not None
    accuracy, seconds = run.metrics["test_accuracy"], run.metrics["seconds"]
    return f"{run.classifier.name:<8}test accuracy {accuracy:.3f} after {seconds:.1f} s"


def table(finished: list[dict[str, Any]]) -> str:
    """The results of all models, one a row."""
    lines = ["model     train acc   val acc  test acc  test loss  seconds"]
    for entry in finished:
        lines.append(
            f"{entry['model']:<8}{entry['train_accuracy']:>11.3f}{entry['val_accuracy']:>10.3f}"
            f"{entry['test_accuracy']:>10.3f}{entry['test_loss']:>11.4f}{entry['seconds']:>9.1f}"
        )
    return "\n".join(lines)


# ------------------------------------------------------------- what is written


def write_metrics(job: Job, runs: list[Run]) -> list[dict[str, Any]]:
    """Write ``metrics.json`` and ``settings.json``; return the entries of the finished models."""
    finished = [run.metrics for run in runs if run.metrics is not None]
    if not any(run.history for run in runs):
        remove_if_empty(job.out)
        return []
    content: dict[str, Any] = {"data": job.data, "seed": job.seed, "models": finished}
    for run in runs:
        if run.metrics is None and run.history:
            history = [asdict(epoch) for epoch in run.history]
            content["unfinished"] = {"model": run.classifier.name, "history": history}
    write_json(job.out / "settings.json", {n: asdict(s) for n, s in job.models.items()})
    write_json(job.out / "metrics.json", content)
    return finished


def draw_graph(job: Job, runs: list[Run]) -> None:
    """Write ``graph.svg``: one step of the MLP, or of the first model if it is not there.

    The built-in renderer draws it on every machine alike, with Graphviz or without.
    """
    run = next((run for run in runs if run.settings.hidden), runs[0])
    images = from_numpy(job.splits.x_train[:GRAPH_EXAMPLES])
    labels = from_numpy(job.splits.y_train[:GRAPH_EXAMPLES])
    parameters = dict(run.model.named_parameters())
    loss = run.classifier.loss()(run.model(images), labels) + penalty(parameters, run.settings.reg)
    names = {**parameters, "images": images, "labels": labels, "loss": loss}
    graph = viz.read_graph(loss, params=names)
    title = f"Computation graph of one {run.classifier.title} step"
    write(job.out / "graph.svg", viz.to_svg(graph, title=title).encode())


def draw_plots(job: Job, runs: list[Run]) -> list[str]:
    """Write the pictures that need matplotlib; return a line that says what was left out."""
    linear = [run for run in runs if not run.settings.hidden]
    pictures = "curves.png and templates.png" if linear else "curves.png"
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        install = f'{Path(sys.executable).name} -m pip install "tinygrad-edu[plot]"'
        return [f"Left out {pictures}, which need matplotlib: {install}"]
    from .plots import Curve, Template, learning_curves, weight_templates

    curves = [
        Curve(r.classifier.title, r.classifier.loss_title, r.history, r.metrics["test_accuracy"])
        for r in runs
        if r.metrics is not None
    ]
    write_figure(job.out / "curves.png", learning_curves(curves, job.splits.name))
    if linear:
        templates = [
            Template(r.classifier.title, r.model[0].weight.detach().numpy()) for r in linear
        ]
        shape, classes = job.splits.image_shape, job.splits.classes
        write_figure(job.out / "templates.png", weight_templates(templates, shape, classes))
    return []
