"""The main job: check the gradients, train the classifiers, and write what came out."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .. import viz
from ..creation import from_numpy
from .callbacks import Callback, Training
from .check import Verdict, check_gradients
from .checkpoint import Checkpoint
from .early_stopping import EarlyStopping
from .files import remove_if_empty, write, write_figure, write_json, write_weights
from .fit import DivergedError, Epoch, fit
from .job import Job, drop_checkpoints, note_job, put_finished
from .metrics import evaluate
from .models import CLASSIFIERS, Classifier, Settings, build, penalty
from .progress import Display, display
from .rules import make_optimizer, make_schedule

GRAPH_EXAMPLES = 8  # of the minibatch whose step is drawn
SECONDS = 2.0  # at least, between two checkpoints


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

    Until it ends, the directory has ``checkpoints``, from which `resumed_job` goes on.
    """
    say(describe(job))
    runs: list[Run] = []
    try:
        for name, settings in job.models.items():
            runs.append(prepare(job, name, settings))
            say(gradient_line(runs[-1]))
        note_job(job)
        for run in runs:
            if not put_finished(run, job):
                train(run, job, show, say)
                write_metrics(job, runs)
            say(test_line(run))
    except DivergedError:
        drop_checkpoints(job)  # from there, it would diverge again
        raise
    finally:
        drop_checkpoints(job, only_empty=True)
        finished = write_metrics(job, runs)
    say("\n" + table(finished))
    draw_graph(job, runs)
    for line in (*draw_plots(job, runs), f"Everything is in {job.out}"):
        say(line)
    drop_checkpoints(job)
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


def train(
    run: Run, job: Job, show: Callable[[str, int], Display], say: Callable[[str], None]
) -> None:
    """Train a model, measure it on the test set, and write its weights."""
    settings, loss, data = run.settings, run.classifier.loss(), job.splits
    parameters = dict(run.model.named_parameters())
    optimizer = make_optimizer(
        settings.optimizer, parameters.values(), settings.lr, settings.momentum
    )
    stopper = EarlyStopping(settings.early_stopping)
    with show(run.classifier.name, settings.epochs) as progress:
        watch = Watch(run, progress)
        fit(
            run.model,
            loss,
            optimizer,
            data,
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            rng=run.rng,
            penalty=lambda: penalty(parameters, settings.reg),
            callbacks=[
                *make_schedule(settings.schedule, optimizer, settings.epochs),
                *([stopper] if settings.early_stopping else []),
                watch,
                Checkpoint(
                    job.checkpoints / run.classifier.name,
                    every_steps=1,
                    seconds=SECONDS,
                    resume=True,
                    say=say,
                ),
            ],
        )
    if watch.stopped:
        say(f"{run.classifier.name:<8}stopped after epoch {len(run.history)}: {watch.stopped}")
    kept = run.history[stopper.best_epoch if settings.early_stopping else -1]
    test_loss, test_accuracy = evaluate(run.model, loss, data.x_test, data.y_test)
    write_weights(job.out / f"{run.classifier.name}.npz", run.model)
    run.metrics = {
        "model": run.classifier.name,
        "train_accuracy": kept.train_accuracy,
        "val_accuracy": kept.val_accuracy,
        "test_accuracy": test_accuracy,
        "test_loss": test_loss,
        "seconds": watch.seconds(),
        "gradcheck": asdict(run.verdict),
        "history": [asdict(epoch) for epoch in run.history],
    }
    if settings.early_stopping:
        run.metrics["kept_epoch"] = kept.epoch


class Watch(Callback):
    """Shows each epoch, counts the seconds over all parts of a run, and keeps its history."""

    def __init__(self, run: Run, progress: Display) -> None:
        self.run, self.progress = run, progress
        self.before, self.started, self.stopped = 0.0, time.perf_counter(), ""

    def seconds(self) -> float:
        """How long the run has been training, also before it was resumed."""
        return self.before + time.perf_counter() - self.started

    def on_start(self, run: Training) -> None:
        self.run.history = run.history

    def on_step(self, run: Training) -> None:
        if self.progress.before is None:
            self.progress.before = len(run.history)

    def on_epoch(self, run: Training) -> None:
        self.progress(run.history[-1])

    def on_end(self, run: Training) -> None:
        self.stopped = run.stopped

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.before = state_dict["seconds"]


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
