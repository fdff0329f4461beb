"""The run directory, and files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..serialization import written_at_once


class OutputError(OSError):
    """A run directory that cannot be used; the message is one line with path, fault and cure."""


def make_run_directory(out: str | os.PathLike[str] | None = None) -> Path:
    """Make the directory of a run, and make sure that files can be written there.

    Parameters
    ----------
    out : path, optional
        A new or an empty directory; ``runs/<date-time>`` unless given.

    Raises
    ------
    OutputError
        If it is a file, holds something, or can't be made or written. Nothing is left behind.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     make_run_directory(f"{folder}/a/b").name
    'b'
    """
    if out is None:
        return _make_dated("runs")
    path = Path(out)
    if not os.fspath(out):
        raise OutputError("the output path is empty; give the name of a new directory")
    if os.path.lexists(path) and not os.path.isdir(path):
        raise OutputError(f"{path}: is a file; give the name of a new directory")
    if os.path.isdir(path) and _holds_something(path):
        raise OutputError(f"{path}: is not empty; give the name of a new directory")
    _make(path)
    return path


def _make_dated(parent: str) -> Path:
    """A new directory, named by the time; more runs of the same second get a number."""
    name = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for number in range(1, 100):
        path = Path(parent, name if number == 1 else f"{name}_{number}")
        if os.path.lexists(path):
            continue
        try:
            _make(path)
        except FileExistsError:  # another run was faster
            continue
        return path
    raise OutputError(f"{parent}: holds 99 runs of this second; wait for the next")


def _holds_something(path: Path) -> bool:
    try:
        return any(path.iterdir())
    except OSError as error:
        raise OutputError(f"{path}: can't be read ({error.strerror})") from error


def _make(path: Path) -> None:
    """Make a directory with its parents and try to write there; undo all of it on failure."""
    missing = [folder for folder in (path, *path.parents) if not os.path.exists(folder)]
    made = []
    try:
        for folder in reversed(missing):
            folder.mkdir(exist_ok=folder != path)
            made.append(folder)
        with tempfile.TemporaryFile(dir=path):
            pass
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        for folder in reversed(made):
            remove_if_empty(folder)
        reason = getattr(error, "strerror", None) or error
        raise OutputError(
            f"{path}: can't be written ({reason}); choose another directory"
        ) from error


def remove_if_empty(folder: Path) -> None:
    """Remove a directory in which nothing was written."""
    with contextlib.suppress(OSError):  # tidying up must not hide why there is nothing
        folder.rmdir()


def write(path: Path, content: bytes) -> None:
    """Write beside the target, then rename: a reader never sees half a file.

    Examples
    --------
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write(Path(folder) / "a.txt", b"all of it")
    ...     [file.name for file in Path(folder).iterdir()]
    ['a.txt']
    """
    with written_at_once(path) as file:
        file.write(content)


def write_json(path: Path, value: Any) -> None:
    """Write JSON that any parser reads: a NaN or infinity is an error."""
    write(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def write_weights(path: Path, model: Any) -> None:
    """Write the parameters of a model as an ``.npz`` file of plain arrays, without pickle."""
    file = io.BytesIO()
    arrays = {name: parameter.detach().numpy() for name, parameter in model.named_parameters()}
    np.savez_compressed(file, **arrays)
    write(path, file.getvalue())


def write_figure(path: Path, figure: Any) -> None:
    """Write a matplotlib figure as PNG; the same figure gives the same bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=150, metadata={"Software": None})
    write(path, file.getvalue())
