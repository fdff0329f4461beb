"""Search: which runs there are, and how each of them is made once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Any

import numpy as np

from ...errors import located
from .progress import Progress
from .runs import Run, Runs, RunsFile
from .space import Dimension, SpaceError, read_space
from .workers import Outcome, Workers

Objective = Callable[[dict[str, Any], int], Any]


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C stopped a sweep; what was done is kept, and the message says how to go on."""


class Plan:
    """All runs of a sweep, each made from its number alone.

    Parameters
    ----------
    space : mapping
        As for `sweep`.
    method : {"random", "grid"}
    n : int or None
        How many runs; a grid has as many as its dimensions give.
    seed : int

    Examples
    --------
    >>> plan = Plan({"a": [1, 2], "b": ["x", "y"]}, "grid", None, seed=0)
    >>> [plan.params(number) for number in range(plan.size)][1:3]
    [{'a': 1, 'b': 'y'}, {'a': 2, 'b': 'x'}]
    """

    def __init__(self, space: Mapping[str, Any], method: str, n: int | None, seed: int) -> None:
        self.space: dict[str, Dimension] = read_space(space)
        self.method, self.seed = method, _whole("seed", seed, 0)
        if method == "grid":
            if n is not None:
                text = "a grid has as many runs as it has points: log_uniform(1e-4, 1, points=5)"
                raise SpaceError(located(f"n={n!r}: {text}; leave n out, or use method='random'"))
            self.grid = {name: dimension.grid() for name, dimension in self.space.items()}
            self.size = math.prod(len(values) for values in self.grid.values())
        elif method == "random":
            self.size = _whole("n", n, 1)
        else:
            raise SpaceError(located(f"method: {method!r}; must be 'random' or 'grid'"))

    def params(self, number: int) -> dict[str, Any]:
        """The parameters of a run; those of random search do not depend on how many there are."""
        if self.method == "random":
            rng = np.random.default_rng(self._sequence(number))
            return {name: dimension.draw(rng) for name, dimension in self.space.items()}
        params = {}
        for name, values in reversed(self.grid.items()):  # the last one changes fastest
            number, place = divmod(number, len(values))
            params[name] = values[place]
        return {name: params[name] for name in self.space}

    def seed_of(self, number: int) -> int:
        """The seed of a run: 53 bits, which every reader of JSON keeps."""
        state = self._sequence(number, 1).generate_state(1, np.uint64)
        return int(state[0]) >> 11

    def about(self) -> dict[str, Any]:
        """What makes two sweeps the same."""
        space = {name: dimension.describe() for name, dimension in self.space.items()}
        return {"method": self.method, "seed": self.seed, "space": space}

    def _sequence(self, *key: int) -> np.random.SeedSequence:
        return np.random.SeedSequence(self.seed, spawn_key=key)


def sweep(
    objective: Objective,
    space: Mapping[str, Any],
    *,
    n: int | None = None,
    executor: Executor | int | None = None,
    path: str | os.PathLike[str] = "runs.jsonl",
    seed: int = 0,
    method: str = "random",
    goal: str = "max",
    retry_failed: bool = False,
    progress: bool | None = None,
) -> Runs:
    """Call an objective with many settings, and keep what it returns.

    Parameters
    ----------
    objective : callable
        ``objective(params, seed)`` gets a dict with one value for each name of the space and a
        seed of its own; returns the score, or a dict with ``"score"`` and other numbers. It runs
        with `tinygrad_edu.manual_seed(seed)`. What it raises is the reason why a run failed.
    space : mapping
        From a name to `uniform`, `log_uniform`, `integers`, `log_integers` or `choices`; a list
        stands for choices, any other value for itself.
    n : int, optional
        How many runs, for random search. More than last time adds to those of last time.
    executor : int or concurrent.futures.Executor, optional
        None: one run after another, in this process. A number: that many new processes; the
        objective must then be defined in a file, and a script must call `sweep` under
        ``if __name__ == "__main__":``. Or any executor: a thread or process pool,
        ``Client(...).get_executor()`` of Dask, ``MPIPoolExecutor()`` of mpi4py.
    path : path
        A file of JSON lines. If it holds runs of this sweep, they are not made again.
    seed : int
        With the number of a run, determines its parameters and its seed.
    method : {"random", "grid"}
        Draws from the space (Bergstra and Bengio, 2012: better as soon as one parameter matters
        more than another), or all combinations.
    goal : {"max", "min"}
        Whether a larger score is better (an accuracy) or a smaller one (a loss).
    retry_failed : bool
        Make runs again that failed last time.
    progress : bool, optional
        Show how far it is, on stderr. By default on a terminal, and elsewhere now and then.

    Returns
    -------
    Runs

    Raises
    ------
    SpaceError
        For a space, `n`, `method` or `goal` that makes no sense.
    RunsError
        The file holds another sweep.
    SweepInterrupted
        After Ctrl-C, a KeyboardInterrupt.

    Notes
    -----
    If a process dies (it was killed, or out of memory), a new pool takes over. Each run that was
    under way is made once more, alone; if it kills its process again, it has failed.

    Threads of one process share the default generator: an objective that runs in several of them
    should draw from a generator of its own, made from `seed`.

    Examples
    --------
    >>> import tempfile
    >>> from tinygrad_edu.training.sweep import integers
    >>> def objective(params, seed):
    ...     return (params["x"] - 3) ** 2
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     runs = sweep(
    ...         objective,
    ...         {"x": integers(0, 5, points=6)},
    ...         method="grid",
    ...         goal="min",
    ...         path=f"{folder}/runs.jsonl",
    ...     )
    >>> runs.best.params
    {'x': 3}
    """
    if not callable(objective):
        raise SpaceError(located(f"objective: {objective!r}; must be a function (params, seed)"))
    if goal not in ("max", "min"):
        raise SpaceError(located(f"goal: {goal!r}; must be 'max' or 'min'"))
    plan = Plan(space, method, n, seed)
    workers = Workers(objective, executor)
    file = RunsFile(path, {"goal": goal, **plan.about()})
    runs = {number: run for number, run in file.runs.items() if number < plan.size}
    made = {number for number, run in runs.items() if run.done or not retry_failed}
    todo = (number for number in range(plan.size) if number not in made)
    tasks = ((number, plan.params(number), plan.seed_of(number)) for number in todo)
    with Progress(plan.size, len(made), progress) as show:

        def keep(number: int, outcome: Outcome) -> None:
            params, run_seed = plan.params(number), plan.seed_of(number)
            run = runs[number] = Run(number, run_seed, params, **outcome)
            file.append(run)
            show(runs.values(), goal)

        try:
            with workers:
                workers.run(tasks, keep)
        except KeyboardInterrupt:
            raise SweepInterrupted(
                f"{sum(run.done for run in runs.values())} of {plan.size} runs are done and kept "
                f"in {file.path}; call the same sweep again to go on with it"
            ) from None
    space_now = plan.about()["space"]
    # With the values of the space, not with what JSON made of them (a tuple is a list there).
    known = (Run(**{**vars(run), "params": plan.params(run.number)}) for run in runs.values())
    return Runs(known, goal, space_now)


def _whole(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        hint = ": how many runs" if name == "n" else ""
        raise SpaceError(
            located(f"{name}={value!r}{hint}; must be a whole number, at least {least}")
        )
    return int(value)
