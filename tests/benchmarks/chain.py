"""A chain of scalar ops: what the engine costs, and whether long graphs cost more per op."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .settings import Entry, Settings, explain, race
from .table import Section, ratio, time
from .timing import Outcome, Times

LENGTHS = (10**3, 10**4, 10**5, 10**6)
# Long chains run in processes of their own: what happens there must not touch other sections.
PURPOSE = "chain"


def step_of(library: str, length: int) -> Callable[[], Any]:
    """Build ``y = y * x + x`` until there are so many ops, and run backward."""
    m = import_module(library)

    def step() -> Any:
        x = m.tensor(0.5, requires_grad=True)
        y = x
        for _ in range(length // 2):
            y = y * x + x
        y.backward()
        return x.grad

    return step


def row(length: int, times: dict[str, Outcome]) -> list[str]:
    ours = times["ours"]
    cells = [f"{length:,}", time(ours, 1 / length)]
    if "PyTorch" in times:
        cells += [time(times["PyTorch"], 1 / length), ratio(ours, times["PyTorch"])]
    return cells


def measure(settings: Settings) -> Section:
    """Microseconds per op, forward and backward."""
    libraries = {"ours": ("numpy", "tinygrad_edu")}
    header = ["ops", "ours"]
    if "torch" in settings.against:
        libraries["PyTorch"] = ("torch", "torch")
        header += ["PyTorch", "ours / PyTorch"]
    section = settings.open("chain", "Chain y = y*x + x, microseconds per op", header)
    for length in LENGTHS[:-1] if settings.quick else LENGTHS:
        settings.say(f"chain: {length:,} ops")
        entries = {
            name: Entry(
                settings.worker(worker, PURPOSE),
                "chain.step_of",
                {"library": library, "length": length},
            )
            for name, (worker, library) in libraries.items()
        }
        rounds = min(settings.rounds, 5) if length == LENGTHS[-1] else settings.rounds
        times = race(settings, entries, rounds=rounds)
        section.rows.append(row(length, times))
        explain(section, times)
        ours, theirs = times["ours"], times.get("PyTorch")
        if isinstance(ours, Times):
            section.values["ours", str(length)] = ours.median / length
            if isinstance(theirs, Times):
                section.values["ratio", str(length)] = ours.ratio(theirs).median
    settings.retire(PURPOSE)
    section.note("Building the graph is included, and so is freeing it.")
    return section
