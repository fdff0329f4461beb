"""What to train, and the note in the run directory from which a killed job goes on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..data import Splits, load
from .callbacks import Epoch
from .files import OutputError, write_json
from .models import Settings
from .resume import load_model


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
        A directory: an empty one, or that of a job that goes on.
    """

    data: str
    splits: Splits
    models: Mapping[str, Settings]
    seed: int
    out: Path

    @property
    def checkpoints(self) -> Path:
        """Where its checkpoints are until it ends."""
        return self.out / "checkpoints"


def note_job(job: Job) -> None:
    """Write down what is trained, for `resumed_job`."""
    path = os.path.abspath(job.data) if os.path.exists(job.data) else job.data
    models = {name: asdict(settings) for name, settings in job.models.items()}
    job.checkpoints.mkdir(exist_ok=True)
    write_json(
        job.checkpoints / "job.json",
        {"data": job.data, "path": path, "seed": job.seed, "models": models},
    )


def resumed_job(out: str | os.PathLike[str]) -> Job:
    """Read the job of a run directory that was killed or interrupted.

    Raises
    ------
    OutputError
        There is none, it is finished, or its note can't be read.

    Examples
    --------
    >>> resumed_job("no/such/run")
    Traceback (most recent call last):
        ...
    tinygrad_edu.training.files.OutputError: no/such/run: no such directory, so nothing to resume
    """
    folder = Path(out)
    note = folder / "checkpoints" / "job.json"
    if not folder.is_dir():
        raise OutputError(f"{folder}: no such directory, so nothing to resume")
    if not note.exists():
        done = (folder / "metrics.json").exists()
        why = "this run has ended" if done else "no run was interrupted here"
        raise OutputError(f"{folder}: nothing to resume: {why}")
    try:
        saved = json.loads(note.read_text(encoding="utf-8"))
        models = {
            name: Settings(**{**settings, "hidden": tuple(settings["hidden"])})
            for name, settings in saved["models"].items()
        }
        return Job(saved["data"], load(saved["path"]), models, saved["seed"], folder)
    except (UnicodeError, json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise OutputError(f"{note}: is damaged ({error}); train anew") from error


def put_finished(run: Any, job: Job) -> bool:
    """Give a model that was finished before the job was resumed its weights and its metrics."""
    name = run.classifier.name
    try:
        metrics = json.loads((job.out / "metrics.json").read_text(encoding="utf-8"))
        entry = next(entry for entry in metrics["models"] if entry["model"] == name)
        with np.load(job.out / f"{name}.npz", allow_pickle=False) as file:
            load_model(run.model, {key: file[key] for key in file.files})
    except (OSError, StopIteration):
        return False
    run.metrics, run.history = entry, [Epoch(**epoch) for epoch in entry["history"]]
    return True


def drop_checkpoints(job: Job, only_empty: bool = False) -> None:
    """Remove the checkpoints of a job that has ended, or only if there are none."""
    if not only_empty or not any(job.checkpoints.glob("*/*.npz")):
        shutil.rmtree(job.checkpoints, ignore_errors=True)
