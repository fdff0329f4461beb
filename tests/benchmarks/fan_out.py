"""One tensor that is used n times: its gradient is a sum of n parts, and must cost no more."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .settings import Entry, Settings, explain, race
from .table import Section, time
from .timing import Times

USES = (10, 100, 1_000, 10_000, 100_000)


def by_adding(m: Any, x: Any, n: int) -> Any:
    """n ops, each with an edge to x."""
    y = x
    for _ in range(n - 1):
        y = y + x
    return y


def by_stacking(m: Any, x: Any, n: int) -> Any:
    """One op with n edges to x."""
    return m.stack([x] * n).sum(dim=0)


# Times what a use costs at best: if it costs more, larger n could take for ever.
TOO_STEEP = 5


def too_steep(section: Section, way: str, uses: int) -> bool:
    """Whether our times per use grow, or there is none."""
    costs = [cost for key, cost in section.values.items() if key[0] == way]
    return (way, str(uses)) not in section.values or costs[-1] > TOO_STEEP * min(costs)


WAYS = {"y = y + x": by_adding, "stack([x] * n).sum(0)": by_stacking}


def step_of(library: str, way: str, uses: int) -> Callable[[], Any]:
    m = import_module(library)
    gradient = m.ones(3)

    def step() -> Any:
        x = m.ones(3, requires_grad=True)
        WAYS[way](m, x, uses).backward(gradient)
        return x.grad

    return step


def measure(settings: Settings) -> Section:
    """Microseconds per use, forward and backward: a column that grows is not linear."""
    libraries = {"ours": ("numpy", "tinygrad_edu")}
    if "torch" in settings.against:
        libraries["PyTorch"] = ("torch", "torch")
    section = settings.open(
        "fan_out", "One tensor used n times, microseconds per use", ["program", "n", *libraries]
    )
    for way in WAYS:
        for uses in USES[:-1] if settings.quick else USES:
            settings.say(f"fan_out: {way}, {uses:,} times")
            entries = {
                name: Entry(
                    settings.worker(worker),
                    "fan_out.step_of",
                    {"library": library, "way": way, "uses": uses},
                )
                for name, (worker, library) in libraries.items()
            }
            times = race(settings, entries, min(settings.rounds, 7), settings.seconds / 4)
            cells = [time(times[name], 1 / uses) for name in libraries]
            section.rows.append([way, f"{uses:,}", *cells])
            explain(section, times)
            ours = times["ours"]
            if isinstance(ours, Times):
                section.values[way, str(uses)] = ours.median / uses
            if too_steep(section, way, uses):
                section.note(f"{way}: not linear, larger n were left out.")
                break
    return section
