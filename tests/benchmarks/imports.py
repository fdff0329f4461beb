"""How long an import takes, in a new process each time."""

from __future__ import annotations

import os
import subprocess
import sys

from .process import ROOT
from .settings import Settings, explain
from .table import Section, number, time
from .timing import Failed, Runner, Times, in_turn

BASE, OURS = "numpy", "tinygrad_edu"
ROUNDS = 15


def fresh_import(name: str) -> float:
    """Microseconds for the import alone, without the start of the interpreter."""
    program = (
        "from time import perf_counter as now; start = now(); "
        f"import {name}; print(1e6 * (now() - start))"
    )
    # Compiled files are written by the first run, and read by the others.
    env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=env, capture_output=True, text=True
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
        missing = last[0] == f"ModuleNotFoundError: No module named {name!r}"
        raise Failed("not installed" if missing else f"failed: {last[0]}")
    return float(done.stdout)


def measure(settings: Settings) -> Section:
    """Milliseconds per import, and what it adds to that of NumPy."""
    section = settings.open(
        "imports",
        "Import in a new process, milliseconds",
        ["module", "median", "best", "over numpy, median (quartiles)", "over numpy, best"],
    )
    names = (BASE, OURS, *settings.against)
    settings.say(f"imports: {', '.join(names)}")

    def runner(name: str) -> Runner:
        return lambda steps: fresh_import(name)

    rounds = 3 if settings.quick else ROUNDS
    times = in_turn({name: runner(name) for name in names}, rounds, 0.0)
    base = times[BASE]
    for name in names:
        taken = times[name]
        cells = [name, time(taken, 1e-3), "-", "-", "-"]
        if isinstance(taken, Times) and isinstance(base, Times):
            cells[2] = number(taken.best / 1e3)
            if name != BASE:
                over, best = taken.minus(base), (taken.best - base.best) / 1e3
                low, high = number(over.low / 1e3), number(over.high / 1e3)
                cells[3:] = [f"{number(over.median / 1e3)} ({low}-{high})", number(best)]
                section.values[name, "median"] = over.median / 1e3
                section.values[name, "best"] = best
        section.rows.append(cells)
    explain(section, times)
    return section
