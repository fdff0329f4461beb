"""Who makes the runs: this process, new processes, or an executor; and what if one dies."""

from __future__ import annotations

import contextlib
import math
import multiprocessing
import os
import pickle
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from itertools import islice
from typing import Any

from ... import random
from ...errors import located
from .space import SpaceError, plain

Outcome = dict[str, Any]
Task = tuple[int, dict[str, Any], int]  # number, params, seed

AHEAD = 1000  # runs that an executor of unknown size is given at once
# How long the thread of a pool may take to end, once its processes are gone.
_SECONDS = 5
CAN_MASK = hasattr(signal, "pthread_sigmask")  # not on Windows
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


# ------------------------------------------------------------------- inside the worker


def make_run(objective: Callable[..., Any], params: dict[str, Any], seed: int) -> Outcome:
    """Make one run, wherever this is called; what goes wrong becomes its reason.

    Examples
    --------
    >>> make_run(lambda params, seed: 1 / params["x"], {"x": 0}, 7)["reason"]
    'ZeroDivisionError: division by zero (<doctest...>:1)'
    """
    started = time.perf_counter()
    try:
        with random.fork_rng():
            random.manual_seed(seed)
            found = read_score(objective(dict(params), seed))
    except (Exception, SystemExit) as error:
        found = {"status": "failed", "reason": _reason(error)}
    return {**found, "seconds": time.perf_counter() - started}


def read_score(result: Any) -> Outcome:
    """What an objective returned: a finite number, or a dict that holds it.

    Examples
    --------
    >>> read_score({"score": 0.9, "epochs": 5})
    {'status': 'done', 'score': 0.9, 'measures': {'epochs': 5}}
    """
    measures = dict(result) if isinstance(result, Mapping) else {"score": result}
    if "score" not in measures:
        raise TypeError(f"the objective returned a dict without 'score', but {sorted(measures)}")
    value = measures.pop("score")
    try:
        score = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"the objective returned {type(value).__name__}; must be a number, or a dict with "
            "'score'"
        ) from error
    if not math.isfinite(score):
        raise ArithmeticError(f"the score is {score}")
    return {"status": "done", "score": score, "measures": plain(measures)}


def _reason(error: BaseException) -> str:
    """One line: kind, message, and where the user's code was when it happened."""
    text = " ".join(str(error).split())
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename != __file__]
    where = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return reason[:1000] + where


def probe(objective: Callable[..., Any]) -> int:
    """Arrive in a worker, with the objective."""
    return os.getpid()


def _ignore_interrupts() -> None:
    """Ctrl-C reaches every process of a terminal; only the first one answers it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if CAN_MASK:  # it was held back while this process started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


# ------------------------------------------------------------------- outside of it


class InProcess(Executor):
    """Makes each run at once, in this process.

    Examples
    --------
    >>> InProcess().submit(max, 1, 2).result()
    2
    """

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))  # make_run raises nothing but KeyboardInterrupt
        return future


class Workers:
    """Makes runs over an executor; close it by leaving the ``with`` block.

    Parameters
    ----------
    objective : callable
    executor : Executor, int or None
        As for `sweep`.
    """

    def __init__(self, objective: Callable[..., Any], executor: Executor | int | None) -> None:
        self.objective = objective
        self.pending: dict[Future[Outcome], Task] = {}
        self.context: Any = None  # of multiprocessing; None while the executor is not ours
        self.executor: Any = executor
        if executor is None:
            self.executor, self.count = InProcess(), 1
        elif isinstance(executor, int) and not isinstance(executor, bool) and executor > 0:
            # Spawned, not forked: works the same on every system, and beside threads.
            self.context, self.count = multiprocessing.get_context("spawn"), executor
        elif callable(getattr(executor, "submit", None)):
            self.count = getattr(executor, "_max_workers", None) or AHEAD
        else:
            raise SpaceError(
                located(
                    f"executor: {executor!r}; must be None, a number of processes from 1, or an "
                    "executor with submit()"
                )
            )
        if self.context is not None or isinstance(executor, ProcessPoolExecutor):
            self._check_objective()

    def __enter__(self) -> Workers:
        if self.context is not None:
            self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for future in self.pending:
            future.cancel()
        if self.context is not None:
            _shut(self.executor, at_once=kind is not None)

    def run(self, tasks: Iterator[Task], keep: Callable[[int, Outcome], None]) -> None:
        """Make the runs; `keep` gets each as it ends.

        A worker that dies breaks its whole pool. Those runs that were under way are made again
        one by one: so the guilty one is found, and no other suffers.
        """
        try:
            while suspects := self._make_together(tasks, keep):
                self._replace()
                for task in suspects:
                    future = self._submit(task)
                    wait([future])
                    outcome = _outcome(future)
                    keep(task[0], outcome or DIED)
                    if outcome is None:
                        self._replace()
        except KeyboardInterrupt:
            for future, task in self.pending.items():
                if future.done() and (outcome := _outcome(future)):
                    keep(task[0], outcome)
            raise

    def _make_together(
        self, tasks: Iterator[Task], keep: Callable[[int, Outcome], None]
    ) -> list[Task]:
        """Make runs until none is left, or a worker dies: then return those under way.

        No more are submitted than there are workers, so that these are few.
        """
        suspects: list[Task] = []
        while not suspects:
            for task in islice(tasks, self.count - len(self.pending)):
                self.pending[self._submit(task)] = task
            if not self.pending:
                break
            finished, _ = wait(self.pending, return_when=FIRST_COMPLETED)
            suspects += self._collect(finished, keep)
        wait(self.pending)  # in a broken pool, all of them end now
        return suspects + self._collect(set(self.pending), keep)

    def _collect(
        self, finished: set[Future[Outcome]], keep: Callable[[int, Outcome], None]
    ) -> list[Task]:
        """Keep what ended well or badly; return the runs whose worker died."""
        died = []
        for future in finished:
            outcome, task = _outcome(future), self.pending.pop(future)
            if outcome is None:
                died.append(task)
            else:
                keep(task[0], outcome)
        return sorted(died, key=lambda task: task[0])

    def _submit(self, task: Task) -> Future[Outcome]:
        _, params, seed = task
        try:
            with _starting(self.context is not None):
                future: Future[Outcome] = self.executor.submit(
                    make_run, self.objective, params, seed
                )
        except BrokenExecutor as error:
            future = Future()
            future.set_exception(error)
        return future

    # ------------------------------------------------------------- a pool of our own

    def _open(self) -> None:
        """Start a pool, and make sure that the objective arrives there."""
        self.executor = ProcessPoolExecutor(
            self.count, mp_context=self.context, initializer=_ignore_interrupts
        )
        try:
            with _starting(True):
                arrived = self.executor.submit(probe, self.objective)
            arrived.result()
        except BrokenExecutor as error:
            _shut(self.executor, at_once=True)
            raise SpaceError(
                located(
                    f"executor={self.count}: a new process can't import the objective. Define it "
                    "in a file, and call sweep() under `if __name__ == '__main__':`; or leave "
                    "executor out"
                )
            ) from error
        except BaseException:
            _shut(self.executor, at_once=True)
            raise

    def _replace(self) -> None:
        """Put a new pool in the place of one that broke."""
        if self.context is not None:
            _shut(self.executor, at_once=True)
        elif isinstance(self.executor, ProcessPoolExecutor):
            self.context = getattr(self.executor, "_mp_context", multiprocessing)
        else:
            raise RuntimeError(
                f"{type(self.executor).__name__} broke, and only its owner can start another; "
                "what is done is kept: call the same sweep again with a new executor"
            )
        self._open()

    def _check_objective(self) -> None:
        try:
            pickle.dumps(self.objective)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise SpaceError(
                located(
                    f"objective: can't be sent to another process ({error}); define it at the top "
                    "level of a file, or leave executor out"
                )
            ) from error


DIED = {
    "status": "failed",
    "reason": "the process died (killed, crashed, or out of memory), twice, the second time with "
    "no other run beside it",
}


def _outcome(future: Future[Outcome]) -> Outcome | None:
    """What came of a run; None if its worker died."""
    if future.cancelled():
        raise RuntimeError(
            "the executor cancelled a run; what is done is kept: call the same sweep again"
        )
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, BrokenExecutor):
        return None
    # Of the executor itself, such as Dask's KilledWorker: an objective's own never gets here.
    return {"status": "failed", "reason": _reason(error)}


def _shut(pool: Any, at_once: bool) -> None:
    """End a pool; at once: without waiting for what it does now."""
    processes = list((getattr(pool, "_processes", None) or {}).values()) if at_once else []
    manager = getattr(pool, "_executor_manager_thread", None) if at_once else None
    pool.shutdown(wait=not at_once, cancel_futures=True)
    for process in processes:
        process.terminate()
    if manager is not None:
        manager.join(_SECONDS)  # or else Python's exit may write to the pipe that it closes


@contextlib.contextmanager
def _starting(wanted: bool) -> Iterator[None]:
    """Processes that start now get one BLAS thread each: together they fill the machine.

    And Ctrl-C waits, in them until they can ignore it, here until the end of the block.
    """
    added = [name for name in ONE_THREAD if wanted and name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    before = (
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT]) if wanted and CAN_MASK else ()
    )
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)
        if wanted and CAN_MASK:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
