"""Pictures of graphs: recording a backward pass, laying it out, and writing the file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .settings import Entry, Settings, explain, race
from .table import Section, time

# From here on only the static picture is drawn: a page has a frame per op, and would be 16 MB.
NO_PAGE = 10_000
NODES = (10, 100, 1_000, NO_PAGE)
JOBS = ("folded", "whole", "trace", "page")


def program(nodes: int) -> Any:
    """A loss after a loop of two ops, repeated until there are so many."""
    import tinygrad_edu as tg

    h, w = tg.tensor([0.1, 0.2, 0.3]), tg.tensor([0.3, -0.2, 0.4], requires_grad=True)
    for _ in range((nodes - 1) // 2):
        h = tg.tanh(h * w)
    return h.sum()


def step_of(job: str, nodes: int, folder: str) -> Callable[[], Any]:
    from tinygrad_edu import viz
    from tinygrad_edu.viz.folding import fold

    loss = program(nodes)
    if job in ("folded", "whole"):
        path, when = Path(folder, f"{job}.svg"), None if job == "folded" else False
        # What `viz.save` does where there is no Graphviz, so that all machines draw with the same.
        return lambda: path.write_text(
            viz.to_svg(fold(viz.read_graph(loss), when)), encoding="utf-8"
        )
    if job == "trace":
        return lambda: viz.trace(lambda: program(nodes))
    trace, page = viz.trace(lambda: program(nodes)), Path(folder, "page.html")
    return lambda: trace.save(page)


def kilobytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e3:,.0f}" if path.exists() else "-"


def measure(settings: Settings) -> Section:
    """Milliseconds for a picture, folded or not, for a trace, and for the page of that trace."""
    section = settings.open(
        "drawing",
        "Drawing a graph, milliseconds",
        ["ops", "SVG", "every op", "trace", "page", "SVG, kB", "every op, kB", "page, kB"],
    )
    for nodes in NODES:
        settings.say(f"drawing: {nodes:,} ops")
        with tempfile.TemporaryDirectory() as folder:
            entries = {
                job: Entry(
                    settings.worker("numpy"),
                    "drawing.step_of",
                    {"job": job, "nodes": nodes, "folder": folder},
                )
                for job in (JOBS if nodes < NO_PAGE else JOBS[:2])
            }
            times = race(settings, entries, min(settings.rounds, 7), settings.seconds / 2)
            sizes = [
                kilobytes(Path(folder, name)) for name in ("folded.svg", "whole.svg", "page.html")
            ]
        section.rows.append([f"{nodes:,}", *(time(times.get(job), 1e-3) for job in JOBS), *sizes])
        explain(section, times)
    section.note("The program is a loop: a picture of more than 200 boxes shows it once, folded.")
    section.note("The time for the page is without its trace.")
    section.note("The built-in layout draws, also where Graphviz is installed.")
    return section
