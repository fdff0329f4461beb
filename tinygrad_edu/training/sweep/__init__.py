"""Hyper-parameter search: many runs over any executor, kept in a file that can be gone on with.

Examples
--------
>>> from tinygrad_edu.training.sweep import log_uniform, sweep
>>> import tempfile
>>> def objective(params, seed):
...     return -((params["lr"] - 0.1) ** 2)
>>> with tempfile.TemporaryDirectory() as folder:
...     runs = sweep(
...         objective,
...         {"lr": log_uniform(1e-3, 1)},
...         n=20,
...         path=f"{folder}/runs.jsonl",
...     )
>>> len(runs), 0.05 < runs.best.params["lr"] < 0.2
(20, True)
"""

from .picture import picture
from .runs import Run, Runs, RunsError, read_runs
from .search import SweepInterrupted, sweep
from .space import SpaceError, choices, integers, log_integers, log_uniform, uniform

__all__ = [
    "sweep",
    "choices",
    "uniform",
    "log_uniform",
    "integers",
    "log_integers",
    "read_runs",
    "picture",
    "Run",
    "Runs",
    "RunsError",
    "SpaceError",
    "SweepInterrupted",
]
