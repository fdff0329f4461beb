"""The page: style, program, data and picture in one text that loads nothing."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from ..graph import Graph
from ..pictures.svg import to_svg
from ..trace import TraceData
from .compact import Compact
from .quiz import questions

PROGRAMS = ("tools.js", "sha256.js", "run.js", "views.js", "graph.js", "panels.js", "player.js")
STYLES = ("player.css", "graph.css")


def player_html(
    data: TraceData, side_by_side: TraceData | None = None, *, quiz: bool = False
) -> str:
    """A page that steps through a run; one file, which loads nothing.

    Parameters
    ----------
    data
        What was recorded.
    side_by_side
        A second run, shown beside the first: of two calls of `backward` without `zero_grad`, the
        second shows what was in `.grad` before it and what is there after it.
    quiz
        A page for an assignment: it always asks, and holds no gradient, only hashes of answers.
        (An answer has three digits, so who can program can try them all.)

    Returns
    -------
    str
        HTML. For tests and other programs, `<body>` carries `data-frame` (from 0), `data-frames`
        and `data-phase`, each node `data-node` and each edge `data-edge`. A page opened with
        ``#frame=7`` begins at that frame.

    Examples
    --------
    >>> from tinygrad_edu.viz import Edge, Graph, Vertex
    >>> from tinygrad_edu.viz.trace import Frame, look_at, Moment
    >>> graph = Graph(
    ...     (Vertex("v0", "leaf", "x"), Vertex("v1", "op", "exp")),
    ...     (Edge("v0", "v1"),),
    ... )
    >>> frames = (
    ...     Frame("forward", "v1", formula="y = exp(x)"),
    ...     Frame("backward", "v1", 0),
    ... )
    >>> page = player_html(TraceData(graph, {"v0": Moment(look_at(0.0))}, frames))
    >>> 'data-frames="2"' in page, "http://www.w3.org" in page, "src=" in page
    (True, True, False)
    """
    runs = [data] if side_by_side is None else [data, side_by_side]
    phases = [frame.phase for frame in data.frames]
    return _template("page.html").substitute(
        title=escape(data.title),
        frames=max(len(run.frames) for run in runs),
        phase=phases[0] if phases else "forward",
        css="".join(_read(name) for name in STYLES),
        graphs="\n".join(_pictures(runs)),
        data=_script_safe(json.dumps(_pack(runs, quiz), ensure_ascii=False, allow_nan=False)),
        js="\n".join(_read(name) for name in PROGRAMS),
    )


def _pack(runs: list[TraceData], quiz: bool) -> dict[str, Any]:
    """The data of the page."""
    compact = Compact(secret=quiz)
    packed = [compact.run(run) for run in runs]
    for entry, run in zip(packed, runs, strict=True):
        # The salt needs no secrecy, but the same run must ask the same: no clock, no chance.
        salt = hashlib.sha256(repr((run.title, run.frames)).encode()).hexdigest()[:16]
        entry |= {"salt": salt, "questions": questions(run.frames, salt)}
    return {"runs": packed, "views": compact.views, "quiz": quiz}


def _pictures(runs: list[TraceData]) -> list[str]:
    """One picture, or two if the second run drew another graph."""
    drawn = runs[:1] if len(runs) > 1 and _same(runs[0].graph, runs[1].graph) else runs
    return [
        f'<div class="graph" data-run="{number}">{to_svg(run.graph, title=run.title)}</div>'
        for number, run in enumerate(drawn)
    ]


def _same(one: Graph, other: Graph) -> bool:
    """Whether two graphs look the same, values aside."""
    names = [[(v.id, v.kind, v.label, v.shape) for v in graph.vertices] for graph in (one, other)]
    return names[0] == names[1] and one.edges == other.edges


def _script_safe(text: str) -> str:
    """JSON that no HTML parser takes for the end of its script, nor for a comment."""
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


@cache
def _read(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> Template:
    return Template(_read(name))
