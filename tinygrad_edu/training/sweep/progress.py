"""How far a sweep is: a line of a terminal that updates itself, or a line for a log."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Collection
from types import TracebackType

from ..progress import PATIENCE, REFRESH, clock
from .runs import Run, Runs, short


class Progress:
    """Shows a sweep on stderr.

    Parameters
    ----------
    size : int
        Runs in all.
    before : int
        Those that were done before, which say nothing of how long the others will take.
    wanted : bool or None
        False: show nothing. None: always on a terminal, elsewhere one line in ten seconds.
    """

    def __init__(self, size: int, before: int, wanted: bool | None) -> None:
        self.size, self.before = size, before
        self.wanted = wanted is not False
        self.live = sys.stderr.isatty()
        self.patience = REFRESH if self.live else 0.0 if wanted else PATIENCE
        self.started = self.shown = time.perf_counter()
        self.width = 0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.width:
            print(file=sys.stderr, flush=True)

    def __call__(self, made: Collection[Run], goal: str) -> None:
        """Show where the sweep is now."""
        now = time.perf_counter()
        last = len(made) == self.size and self.live
        if not self.wanted or (now - self.shown < self.patience and not last):
            return
        self.shown = now
        text = self.text(Runs(made, goal), now - self.started)
        if self.live:
            text = text[: shutil.get_terminal_size().columns - 1]
            print("\r" + text.ljust(self.width), end="", file=sys.stderr, flush=True)
            self.width = max(self.width, len(text))
        else:
            print(text, file=sys.stderr, flush=True)

    def text(self, runs: Runs, seconds: float) -> str:
        """One line of a sweep.

        Examples
        --------
        >>> runs = Runs([Run(0, 7, {"lr": 0.1}, "done", score=0.9)])
        >>> Progress(4, 0, None).text(runs, 2.0)
        'run 1/4  best 0.9 (lr 0.1)  0:06 left'
        """
        parts = [f"run {len(runs)}/{self.size}"]
        if done := runs.done:
            params = ", ".join(f"{name} {short(v)}" for name, v in done[0].params.items())
            parts.append(f"best {short(done[0].score)} ({params})")
        if failed := len(runs.failed):
            parts.append(f"{failed} failed")
        here = max(1, len(runs) - self.before)
        parts.append(f"{clock(seconds / here * (self.size - len(runs)))} left")
        return "  ".join(parts)
