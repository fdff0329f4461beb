"""Checkpoints: files from which a killed run goes on as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import located
from ..serialization import FileFormatError, load, save
from .callbacks import Callback, Training
from .resume import capture, restore

NAME = re.compile(r"epoch-(\d+)-step-(\d+)\.npz")


class CheckpointError(OSError):
    """A checkpoint that cannot be read or written; the message names the file and the cure."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, after the run was saved; the message says where, and how to go on."""


class Checkpoint(Callback):
    """Saves the run again and again, so that it can be resumed after a crash, a kill or Ctrl-C.

    A file holds parameters, buffers, optimizer, schedules, early stopping, all random states, and
    the epoch and the step in it. A resumed run ends with the same weights, bit for bit, as one
    that was never stopped (on the same machine with as many threads: another order of additions
    rounds differently). Files are complete or not there at all; the newest `keep` are kept.

    Parameters
    ----------
    folder : path
        Where the files go; of this run alone. Made when the first is written.
    every_epochs : int
        Save after so many epochs.
    every_steps : int, optional
        Save also after so many steps within an epoch.
    seconds : float
        Leave a checkpoint out if the last one is not that old. Those at the end of a run and at
        Ctrl-C are always written.
    keep : int
        How many files, at least 2: the one before is the reserve if the newest is damaged.
    resume : bool
        Go on from the newest file that is whole, if there is one. Build model, optimizer, data and
        callbacks as in the run that was saved; their state is then replaced.
    say : callable, optional
        Gets a line on each damaged file; a warning unless given.

    Raises
    ------
    CheckpointError
        `folder` has checkpoints but not `resume`; or no file in it can be read.
    ResumeError
        The files are of another run; nothing was changed.

    Examples
    --------
    >>> import tempfile
    >>> from tinygrad_edu import nn, optim
    >>> from tinygrad_edu.data import load
    >>> from tinygrad_edu.training import fit
    >>> def train(epochs):
    ...     model = nn.Linear(64, 10)
    ...     optimizer = optim.Adam(model.parameters())
    ...     saver = Checkpoint(folder, resume=True)
    ...     data, loss = load("digits"), nn.CrossEntropyLoss()
    ...     return fit(model, loss, optimizer, data, epochs=epochs, callbacks=[saver])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first, both = train(epochs=1), train(epochs=2)
    >>> both[:1] == first, len(both)
    (True, 2)
    """

    last = True

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        every_epochs: int = 1,
        every_steps: int | None = None,
        seconds: float = 0.0,
        keep: int = 2,
        resume: bool = False,
        say: Callable[[str], None] | None = None,
    ) -> None:
        for name, value, least in (
            ("every_epochs", every_epochs, 1),
            ("every_steps", every_steps or 1, 1),
            ("keep", keep, 2),
            ("seconds", seconds, 0),
        ):
            if not value >= least:
                raise ValueError(located(f"{name}: {value}; it must be at least {least}"))
        self.folder, self.resume, self.keep = Path(folder), resume, keep
        self.every_epochs, self.every_steps, self.seconds = every_epochs, every_steps, seconds
        self.say = say or (lambda line: warnings.warn(line, stacklevel=2))
        self.saved_at = -float("inf")
        self.interrupted = False
        self._handler: Any = None

    # ---------------------------------------------------------------- as a callback

    def on_start(self, run: Training) -> None:
        files = checkpoints_in(self.folder)
        if files and not self.resume:
            raise CheckpointError(
                f"{self.folder}: holds checkpoints of another run; give resume=True to go on with "
                "that run, or the name of a new folder"
            )
        self._tidy()
        if files:
            self._restore_newest(run, files)
        self.saved_at = time.monotonic() if self.seconds else -float("inf")
        self._listen()

    def on_step(self, run: Training) -> None:
        due = self.every_steps is not None and run.step % self.every_steps == 0
        self._save_if(due, run)

    def on_epoch(self, run: Training) -> None:
        ended = bool(run.stopped) or run.epoch > run.epochs
        if ended:
            self.write(run)
        self._save_if(not ended and (run.epoch - 1) % self.every_epochs == 0, run)

    def on_end(self, run: Training) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            self._handler = None

    # ---------------------------------------------------------------- writing

    def write(self, run: Training) -> Path:
        """Save the run now, and remove what is older than the newest `keep` files."""
        path = self.folder / f"epoch-{run.epoch:04}-step-{run.step:06}.npz"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save(capture(run), path)
            for old in checkpoints_in(self.folder)[self.keep :]:
                old.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or error
            raise CheckpointError(
                f"{path}: can't be written ({reason}); free some space"
            ) from error
        self.saved_at = time.monotonic()
        return path

    def _save_if(self, due: bool, run: Training) -> None:
        if self.interrupted:
            path = self.write(run)
            raise Interrupted(f"stopped by Ctrl-C; saved in {path}; resume=True goes on from there")
        if due and time.monotonic() - self.saved_at >= self.seconds:
            self.write(run)

    def _tidy(self) -> None:
        """Remove what a killed process left half written."""
        for part in self.folder.glob(".epoch-*.tmp"):
            part.unlink(missing_ok=True)

    # ---------------------------------------------------------------- reading

    def _restore_newest(self, run: Training, files: list[Path]) -> None:
        faults: dict[Path, CheckpointError] = {}
        for path in files:
            try:
                saved = read_checkpoint(path)
            except CheckpointError as error:
                faults[path] = error
                continue
            restore(run, saved)
            for damaged, fault in faults.items():
                self.say(f"{fault}; going on from {path.name}")
                _set_aside(damaged)
            return
        raise CheckpointError(
            "; ".join(map(str, faults.values()))
            + "; none can be used: start anew in another folder"
        )

    # ---------------------------------------------------------------- Ctrl-C

    def _listen(self) -> None:
        """Let the first Ctrl-C wait for the end of the step; a second one acts at once.

        In the middle of a step the weights would be half old, half new.
        """
        self.interrupted = False
        if threading.current_thread() is not threading.main_thread():
            return
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._handler = signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, number: int, frame: Any) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True


def checkpoints_in(folder: str | os.PathLike[str]) -> list[Path]:
    """The checkpoints of a folder, the newest first.

    Examples
    --------
    >>> checkpoints_in("no/such/folder")
    []
    """
    found = [(NAME.fullmatch(path.name), path) for path in Path(folder).glob("epoch-*.npz")]
    numbered = [((int(m[1]), int(m[2])), path) for m, path in found if m]
    return [path for _, path in sorted(numbered, reverse=True)]


def read_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read what `Checkpoint` wrote.

    Raises
    ------
    CheckpointError
        The file is not there, is damaged, or is something else.
    """
    try:
        saved = load(path)
        if not isinstance(saved, dict) or not isinstance(saved.get("format"), int):
            raise FileFormatError("no checkpoint, but another file of arrays")
    except (OSError, FileFormatError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        raise CheckpointError(f"{path}: can't be read ({reason})") from error
    return saved


def _set_aside(path: Path) -> None:
    """Rename a damaged file, so that it no longer counts."""
    with contextlib.suppress(OSError):
        path.replace(path.with_name(path.name + ".damaged"))
