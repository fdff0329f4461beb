"""Showing how a training run goes: a line that updates itself, or lines for a log.

Each display is a context manager for the training of one model, and is called with every `Epoch`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from types import TracebackType
from typing import Any, TextIO

from .fit import Epoch

LINES = 10  # that a log gets of each model, evenly spread
PATIENCE = 10.0  # seconds after which a log gets a line in any case
REFRESH = 0.1  # seconds between two updates of a terminal's line


class Display:
    """What all displays share: the clock and the text. This one shows nothing.

    Parameters
    ----------
    title : str
        Stands in front, the name of the model.
    epochs : int
        How many there will be.
    stream : text file, optional
        Where to write.

    Examples
    --------
    >>> with Display("svm", 10) as show:
    ...     show(Epoch(1, 0.1, 2.3, 2.2, 0.3, 2.1, 0.25))
    """

    def __init__(self, title: str, epochs: int, stream: TextIO | None = None) -> None:
        self.title, self.epochs = title, epochs
        self.stream: TextIO = sys.stdout if stream is None else stream
        self.started = self.shown = time.perf_counter()
        self.before: int | None = None  # epochs that ended before this run was resumed

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __call__(self, epoch: Epoch) -> None:
        """Show an epoch that has just ended."""

    def close(self) -> None:
        """Leave the terminal in order, however the training ended."""

    def seconds_left(self, epoch: Epoch) -> float:
        """How long the epochs to come will take if they take as long as those before."""
        passed = time.perf_counter() - self.started
        done = epoch.epoch - (self.before or 0)
        return passed / done * (self.epochs - epoch.epoch)

    def text(self, epoch: Epoch) -> str:
        """One line of an epoch."""
        width = len(str(self.epochs))
        return (
            f"{self.title:<8}epoch {epoch.epoch:>{width}}/{self.epochs}  {numbers(epoch)}  "
            f"{clock(self.seconds_left(epoch))} left"
        )


class Lines(Display):
    """Plain lines, about ten for each model: for a file or a pipe.

    Examples
    --------
    >>> with Lines("svm", 2) as show:
    ...     show(Epoch(2, 0.1, 2.3, 2.2, 0.3, 2.1, 0.25))
    svm     epoch 2/2  loss 2.3000  val acc 0.250  lr 0.1  0:00 left
    """

    def __call__(self, epoch: Epoch) -> None:
        every = max(1, self.epochs // LINES)
        now = time.perf_counter()
        if epoch.epoch in (1, self.epochs) or not epoch.epoch % every or self._waited(now):
            self.shown = now
            print(self.text(epoch), file=self.stream, flush=True)

    def _waited(self, now: float) -> bool:
        return now - self.shown > PATIENCE


class Line(Display):
    """One line of a terminal, written again and again."""

    def __init__(self, title: str, epochs: int, stream: TextIO | None = None) -> None:
        super().__init__(title, epochs, sys.stderr if stream is None else stream)
        self.width = 0  # of the text that stands there now

    def __call__(self, epoch: Epoch) -> None:
        now = time.perf_counter()
        if self.width and epoch.epoch < self.epochs and now - self.shown < REFRESH:
            return
        self.shown = now
        text = self.text(epoch)[: _columns()]
        print("\r" + text.ljust(self.width), end="", file=self.stream, flush=True)
        self.width = len(text)

    def close(self) -> None:
        if self.width:
            print(file=self.stream, flush=True)


class Bar(Display):
    """The progress bar of tqdm."""

    def __init__(self, title: str, epochs: int, stream: TextIO | None = None) -> None:
        super().__init__(title, epochs, sys.stderr if stream is None else stream)
        from tqdm import tqdm

        self.bar: Any = tqdm(
            total=epochs,
            desc=f"{title:<8}",
            file=self.stream,
            unit="epoch",
            ncols=_columns(),
            bar_format="{desc}{bar:20} epoch {n_fmt}/{total_fmt}{postfix}, {remaining} left",
        )

    def __call__(self, epoch: Epoch) -> None:
        self.bar.set_postfix_str(numbers(epoch), refresh=False)
        self.bar.update(epoch.epoch - self.bar.n)  # more than one when a run was resumed

    def close(self) -> None:
        self.bar.close()


def display(title: str, epochs: int) -> Display:
    """Return the display that suits where the program writes to.

    A terminal gets tqdm's bar if it is installed, else our line, both on stderr; anything else gets
    plain lines on stdout.
    """
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return Lines(title, epochs)
    try:
        return Bar(title, epochs)
    except ImportError:
        return Line(title, epochs)


def numbers(epoch: Epoch) -> str:
    """What every display says of an epoch."""
    return f"loss {epoch.loss:.4f}  val acc {epoch.val_accuracy:.3f}  lr {epoch.lr:g}"


def _columns() -> int:
    """Width of the terminal but one: a full line would wrap, and could not be overwritten."""
    return shutil.get_terminal_size().columns - 1


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any.

    Examples
    --------
    >>> clock(75), clock(3675)
    ('1:15', '1:01:15')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
