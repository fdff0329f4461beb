"""A recorded run, and two of them: what is done with it as a whole."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from ..graph import Graph
from ..pictures.render import RenderResult, write_atomically
from ..pictures.render import save as save_picture
from ..trace import Frame, Moment, TraceData, look_at
from .showing import bundle


class Leaf(NamedTuple):
    """A leaf of the engine's, the gradient of one run, and what its `.grad` was before."""

    tensor: Any
    gradient: np.ndarray | None
    before: np.ndarray | None


class Trace:
    """One recorded run: in a notebook, its picture and its player.

    Attributes
    ----------
    data : TraceData
        Everything, as plain data.
    leaves : dict
        Vertex id -> the Leaf, for two runs to be put beside each other.
    """

    def __init__(self, data: TraceData, leaves: Mapping[str, Leaf]) -> None:
        self.data, self.leaves = data, dict(leaves)

    @property
    def graph(self) -> Graph:
        """Its vertices and edges."""
        return self.data.graph

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Its steps: ops forward, then edges backward."""
        return self.data.frames

    @property
    def moments(self) -> dict[str, Moment]:
        """Vertex id -> what its panel says."""
        return self.data.moments

    def save(self, path: str | os.PathLike[str]) -> RenderResult:
        """Write the trace to a file; the suffix says as what.

        Parameters
        ----------
        path
            ``.html``: the player. ``.tex``: slides, with one overlay per frame. ``.svg``,
            ``.png``, ``.pdf``, ``.dot``: the graph, as `viz.save` draws it.

        Returns
        -------
        RenderResult
            The path, and which engine drew it.

        Examples
        --------
        >>> import tempfile, tinygrad_edu as tg
        >>> from tinygrad_edu import viz
        >>> x = tg.tensor(2.0, requires_grad=True)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     viz.trace(x * x).save(f"{folder}/square.dot").engine
        'text'
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix == ".html":
            return _write(path, self._html(), "player")
        if suffix == ".tex":
            from ..pictures.tikz import beamer

            return _write(path, beamer(self.data), "text")
        return save_picture(self.graph, path)

    def export_frames(
        self, folder: str | os.PathLike[str], kind: Literal["svg", "pdf"] = "svg"
    ) -> list[Path]:
        """Write one numbered picture per frame, for handouts and slides; see `slides`."""
        from ..pictures.slides import export_frames

        return export_frames(self.data, folder, kind)

    def beside(self, other: Trace) -> Beside:
        """This run and then `other`, without `zero_grad` between them: how gradients add up.

        Leaves that both runs read start the second with what the first left in their `.grad`.

        Examples
        --------
        >>> import tinygrad_edu as tg
        >>> from tinygrad_edu import viz
        >>> x = tg.tensor(3.0, requires_grad=True)
        >>> run = viz.trace(x * x)
        >>> second = run.beside(run).second
        >>> second.before["v0"].numbers, second.moments["v0"].grad.numbers
        ([6.0], [12.0])
        """
        return Beside(self.data, _after(self, other))

    def _html(self) -> str:
        from ..player import player_html

        return player_html(self.data)

    def __repr__(self) -> str:
        forward = sum(frame.phase == "forward" for frame in self.frames)
        text = f"<Trace: {forward} forward and {len(self.frames) - forward} backward frames"
        failure = self.data.failure
        return text + (f", failed in {failure.op}>" if failure else ">")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture and the player; never a traceback."""
        return bundle(repr(self), self.graph, self._html)


class Beside:
    """Two runs on one page.

    Attributes
    ----------
    first, second : TraceData
        The second with what the first left in its ``before``.
    """

    def __init__(self, first: TraceData, second: TraceData) -> None:
        self.first, self.second = first, second

    def save(self, path: str | os.PathLike[str]) -> RenderResult:
        """Write the player of both; the path must end in ``.html``."""
        path = Path(path)
        if path.suffix.lower() != ".html":
            raise ValueError(f"two runs are shown by a page: {path.name!r} must end in .html")
        return _write(path, self._html(), "player")

    def _html(self) -> str:
        from ..player import player_html

        return player_html(self.first, self.second)

    def __repr__(self) -> str:
        return f"<two runs: {len(self.first.frames)} and {len(self.second.frames)} frames>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: never a traceback."""
        return bundle(repr(self), self.first.graph, self._html)


def _after(first: Trace, other: Trace) -> TraceData:
    """The data of `other`, as it would be after the first run's `backward`."""
    left = {leaf.tensor: _total(leaf.before, leaf.gradient) for leaf in first.leaves.values()}
    before, panels = dict(other.data.before), dict(other.moments)
    for vertex, leaf in other.leaves.items():
        had = left.get(leaf.tensor)
        if vertex in before or had is None:  # a real backward ran in between
            continue
        before[vertex] = look_at(had)
        panels[vertex] = replace(panels[vertex], grad=look_at(_total(had, leaf.gradient)))
    return replace(other.data, before=before, moments=panels)


def _total(one: np.ndarray | None, other: np.ndarray | None) -> np.ndarray | None:
    if one is None or other is None:
        return other if one is None else one
    return np.asarray(one + other)


def _write(path: Path, text: str, engine: str) -> RenderResult:
    write_atomically(path, text.encode())
    return RenderResult(path, engine)
