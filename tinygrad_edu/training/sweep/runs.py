"""The runs of a sweep, and the file of JSON lines that keeps them."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import located
from ..files import write
from .space import plain

VERSION = 1
KEEP = "give another path, or the same sweep to go on with this one"


class RunsError(ValueError):
    """A file of runs that can't be used; nothing in it was changed."""


@dataclass(frozen=True)
class Run:
    """One run of a sweep.

    Attributes
    ----------
    number
        From 0: with the sweep's seed it determines `params` and `seed`.
    seed
        Of this run alone.
    params
        What was varied.
    status
        ``"done"`` or ``"failed"``.
    score
        What the objective returned; None of a run that failed.
    measures
        What else it returned.
    seconds
        How long it took.
    reason
        Why it failed.
    """

    number: int
    seed: int
    params: Mapping[str, Any]
    status: str
    score: float | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = field(default=0.0, compare=False)
    reason: str = ""

    @property
    def done(self) -> bool:
        """Whether there is a score."""
        return self.status == "done"

    def line(self) -> str:
        """The run as a line of JSON."""
        entry = {"run": self.number, "seed": self.seed, "params": plain(self.params)}
        entry |= {"status": self.status, "seconds": round(self.seconds, 3)}
        if self.done:
            entry |= {"score": self.score, **({"measures": self.measures} if self.measures else {})}
        else:
            entry["reason"] = self.reason
        return json.dumps(entry, allow_nan=False)


class Runs(list[Run]):
    """The runs of a sweep, in the order of their numbers.

    Parameters
    ----------
    runs : iterable of Run
    goal : {"max", "min"}
        Whether a larger or a smaller score is better.
    space : mapping
        The search space, as the file describes it.
    """

    def __init__(
        self,
        runs: Iterable[Run] = (),
        goal: str = "max",
        space: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sorted(runs, key=lambda run: run.number))
        self.goal, self.space = goal, dict(space or {})

    @property
    def done(self) -> list[Run]:
        """Those with a score, the best first."""
        sign = -1.0 if self.goal == "max" else 1.0
        return sorted((r for r in self if r.done), key=lambda r: sign * (r.score or 0.0))

    @property
    def failed(self) -> list[Run]:
        """Those without."""
        return [run for run in self if not run.done]

    @property
    def best(self) -> Run:
        """The run with the best score; of equals, the first.

        Raises
        ------
        RunsError
            No run is done; the message gives the reason of one that failed.
        """
        done = self.done
        if done:
            return done[0]
        why = f": run {self[0].number} failed: {self[0].reason}" if self else ""
        raise RunsError(located(f"best: none of {len(self)} runs is done{why}"))

    def table(self, most: int = 5) -> str:
        """The best runs as text, one a row.

        Examples
        --------
        >>> print(Runs([Run(0, 7, {"lr": 0.1}, "done", score=0.9)]).table())
        run   score   lr
          0     0.9  0.1
        """
        chosen = self.done[:most]
        names = list(dict.fromkeys(name for run in chosen for name in run.params))
        rows = [["run", "score", *names]]
        for run in chosen:
            values = [short(run.params.get(name)) for name in names]
            rows.append([str(run.number), f"{run.score:.4g}", *values])
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        # A score is never narrower than its digits need, so that tables of two sweeps line up.
        widths[1] = max(widths[1], 6)
        return "\n".join("  ".join(map(str.rjust, row, widths)) for row in rows)


def short(value: Any) -> str:
    """A value for people: four digits of a number, `64x32` of a list.

    Examples
    --------
    >>> short(0.0312499), short((64, 32)), short("adam")
    ('0.03125', '64x32', 'adam')
    """
    value = plain(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "x".join(map(short, value)) or "-"
    return str(value)


# ---------------------------------------------------------------------------- the file


def read_runs(path: str | os.PathLike[str]) -> Runs:
    """Read the runs of a file, also while a sweep still writes to it.

    A line that was cut off when a machine failed is left out: that run counts as not made. Of
    several lines of one run, the last counts.

    Raises
    ------
    RunsError
        The file holds no sweep.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = RunsFile(f"{folder}/runs.jsonl", {"goal": "min"})
    ...     file.append(Run(0, 7, {"lr": 0.1}, "done", score=0.5))
    ...     read_runs(file.path).best.params
    {'lr': 0.1}
    """
    header, runs = _read(Path(path))
    return Runs(runs.values(), header.get("goal", "max"), header.get("space"))


class RunsFile:
    """A file of JSON lines: the first describes the sweep, each other one is a run.

    Parameters
    ----------
    path : path
        Made if it is not there, with its folder; else it must hold the same sweep.
    about : mapping
        What makes it the same sweep: space, seed, method, goal.

    Raises
    ------
    RunsError
        The file holds another sweep, or none.
    """

    def __init__(self, path: str | os.PathLike[str], about: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self.about = {"sweep": VERSION, **about}
        self.runs: dict[int, Run] = {}
        if self.path.exists():
            header, self.runs = _read(self.path)
            _compare(self.path, header, self.about)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write(self.path, (json.dumps(self.about) + "\n").encode())

    def append(self, run: Run) -> None:
        """Add a run: one write of a whole line, on the disk before this returns."""
        line = (run.line() + "\n").encode()
        flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0)
        file = os.open(self.path, flags)
        try:
            size = os.fstat(file).st_size
            os.lseek(file, max(size - 1, 0), os.SEEK_SET)
            if os.read(file, 1) != b"\n":  # half a line of a run that was cut off stays apart
                line = b"\n" + line
            if os.write(file, line) < len(line):
                raise OSError(errno.ENOSPC, "the disk is full", str(self.path))
            os.fsync(file)
        finally:
            os.close(file)
        self.runs[run.number] = run


def _read(path: Path) -> tuple[dict[str, Any], dict[int, Run]]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RunsError(located(f"{path}: can't be read ({error.strerror})")) from error
    header = _object(lines[0])
    if header.get("sweep") != VERSION:
        raise RunsError(located(f"{path}: is no file of a sweep (version {VERSION}); {KEEP}"))
    runs = {}
    for line in lines[1:]:
        if (run := _run(_object(line))) is not None:
            runs[run.number] = run
    return header, runs


def _object(line: bytes) -> dict[str, Any]:
    """The JSON object of a line; an empty one of anything else."""
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _run(entry: dict[str, Any]) -> Run | None:
    score = entry.get("score")
    number = isinstance(score, (int, float)) and math.isfinite(score)
    status = entry.get("status")
    if status not in ("done", "failed") or (status == "done" and not number):
        return None
    try:
        return Run(
            int(entry["run"]),
            int(entry["seed"]),
            dict(entry["params"]),
            status,
            score,
            entry.get("measures", {}),
            float(entry["seconds"]),
            entry.get("reason", ""),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _compare(path: Path, header: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Raise if a file's sweep is not this one: its numbers would stand for other parameters."""
    wanted = json.loads(json.dumps(about))
    for key in dict.fromkeys([*wanted, *header]):
        if header.get(key) != wanted.get(key):
            found, now = json.dumps(header.get(key)), json.dumps(wanted.get(key))
            raise RunsError(
                located(f"{path}: holds another sweep, with {key} {found}, not {now}; {KEEP}")
            )
