"""Files that appear complete or not at all."""

from __future__ import annotations

import contextlib
import os
import stat
import threading
from collections.abc import Iterator
from typing import IO


@contextlib.contextmanager
def written_at_once(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file to write; at the end of the block it takes its place under `path`.

    Until then whoever opens `path` gets what was there before, also after a crash, a full disk or
    Ctrl-C. After the block the content is on the disk, not only in memory.

    Parameters
    ----------
    path : path
        Where the file shall be. A symbolic link stays one: what it points to is replaced.

    Raises
    ------
    OSError
        The folder is missing or can't be written, or `path` is a folder.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.txt")
    ...     with written_at_once(path) as file:
    ...         _ = file.write(b"all of it")
    ...     path.read_bytes()
    b'all of it'
    """
    target = os.path.realpath(path)
    folder, name = os.path.split(target)
    if os.path.isdir(target):
        raise IsADirectoryError(f"{os.fspath(path)}: is a folder; give the name of a file in it")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"{os.fspath(path)}: there is no folder {folder}; make it first")
    # Beside the target, since a rename to another disk is a copy. Two writers never share it.
    temporary = os.path.join(folder, f".{name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):  # a file that others may not read stays so
            os.chmod(temporary, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _sync_folder(folder: str) -> None:
    """Make a rename survive a power cut, where the system can."""
    with contextlib.suppress(OSError):  # Windows can't open a folder, and needs no such call
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
