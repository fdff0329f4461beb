"""Everything that is measured runs in worker processes, one for each library.

A worker has its threads set before anything is imported, keeps what it has prepared, and can die
without taking the others along. It reads one JSON request per line, and answers with one line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import Any, TextIO

from .timing import Failed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = __package__
# As it is called from ROOT, also where pytest knows this package by a shorter name.
PROGRAM = "tests.benchmarks.process"
# Seconds after which a worker that does not answer is killed.
PATIENCE = 120
THREAD_VARIABLES = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NPROC",  # XLA's name for it
)


def cores() -> list[int]:
    """The processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def environment(threads: int) -> dict[str, str]:
    """The variables of this process, with those that say how many threads to use."""
    return {
        **os.environ,
        **dict.fromkeys(THREAD_VARIABLES, str(threads)),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'}",
        "JAX_PLATFORMS": "cpu",
    }


class Worker:
    """A process that is started when it is first asked, and again if it died."""

    def __init__(self, library: str, threads: int) -> None:
        self.library, self.threads = library, threads
        self._process: subprocess.Popen[str] | None = None
        self._errors: Any = None

    def ask(self, call: str, **arguments: Any) -> Any:
        """Call ``module.function`` of this package there; `Failed` says why it did not work."""
        if self._process is None:
            self._start()
        process = self._process
        assert process is not None and process.stdin and process.stdout
        timer = threading.Timer(PATIENCE, process.kill)
        started = time.monotonic()
        timer.start()
        try:
            process.stdin.write(json.dumps([call, arguments]) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            timer.cancel()
        if not line:
            late = time.monotonic() - started >= PATIENCE
            raise Failed(f"failed: no answer in {PATIENCE} s" if late else self._epitaph())
        answer = json.loads(line)
        if "failed" in answer:
            raise Failed(answer["failed"])
        return answer["result"]

    def close(self) -> None:
        """Kill it, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            with suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
            self._process.stdout.close()  # type: ignore[union-attr]
            self._errors.close()
            self._process = None

    def _start(self) -> None:
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", PROGRAM, self.library, str(self.threads)],
            cwd=ROOT,
            env=environment(self.threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            # Ctrl-C is for the parent, which then kills its workers.
            start_new_session=True,
        )

    def _epitaph(self) -> str:
        """Why it died."""
        assert self._process is not None
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            code = 0
        self._errors.seek(0)
        last = [line.strip() for line in self._errors if line.strip()][-1:]
        self.close()
        if code < 0:
            return f"failed: killed by {signal.Signals(-code).name}"
        return f"failed: {last[0]}" if last else f"failed: ended with code {code}"


# Below is the other end: what the worker does.

held: dict[str, Callable[[], Any]] = {}


def function(name: str) -> Callable[..., Any]:
    module, _, attribute = name.rpartition(".")
    return getattr(import_module(f"{PACKAGE}.{module}"), attribute)


def hold(key: str, make: str, arguments: dict[str, Any]) -> None:
    """Keep the step that ``make(**arguments)`` returns."""
    held[key] = function(make)(**arguments)


def block(key: str, steps: int) -> float:
    """Microseconds per step."""
    step = held[key]
    if steps > 1:
        # The caches, and the clock of the processor, are as the others left them.
        for _ in range(1 + steps // 10):
            step()
    start = time.perf_counter_ns()
    for _ in repeat(None, steps):
        step()
    return (time.perf_counter_ns() - start) / 1e3 / steps


BUILT_IN: dict[str, Callable[..., Any]] = {"hold": hold, "block": block, "forget": held.clear}


def answer(call: str, arguments: dict[str, Any], library: str) -> dict[str, Any]:
    try:
        return {"result": (BUILT_IN.get(call) or function(call))(**arguments)}
    except Failed as error:
        return {"failed": str(error)}
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        return {"failed": "not installed" if name == library else f"failed: needs {name}"}
    except Exception as error:
        first = f"{type(error).__name__}: {error}".strip().splitlines()[0]
        return {"failed": f"failed: {first}"}


def serve(requests: TextIO, answers: TextIO, library: str, threads: int) -> None:
    """Answer until the parent hangs up."""
    if threads < len(cores()) and hasattr(os, "sched_setaffinity"):
        # Not every library obeys a variable.
        os.sched_setaffinity(0, cores()[:threads])
    if library == "torch":
        with suppress(ModuleNotFoundError):
            import_module("torch").set_num_threads(threads)
    for line in requests:
        call, arguments = json.loads(line)
        answers.write(json.dumps(answer(call, arguments, library)) + "\n")
        answers.flush()


if __name__ == "__main__":
    # Answers go to the real stdout; whatever a library prints goes to stderr.
    real = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    with suppress(BrokenPipeError):
        serve(sys.stdin, real, sys.argv[1], int(sys.argv[2]))
