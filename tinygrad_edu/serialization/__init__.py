"""Saving and loading: state dicts as ``.npz``, ``.safetensors`` or PyTorch's own ``.pt`` files."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import IO, Any

from ..device import check_device
from ..errors import DTypeError, located
from .atomic import written_at_once
from .refusals import DAMAGED, FileFormatError

__all__ = ["FileFormatError", "load", "save", "written_at_once"]

FORMATS = ("npz", "safetensors", "pt")


def save(obj: Any, f: str | os.PathLike[str] | IO[bytes], *, format: str | None = None) -> None:
    """Write a state dict, or any plain data with tensors in it, to a file.

    The file appears complete or not at all: it is written beside its place and then renamed, so
    that whatever interrupts, the old file is still there.

    Parameters
    ----------
    obj : dict, list, tuple, Tensor, ndarray or plain value
        Usually ``model.state_dict()`` or a dict of such. Numbers, strings and None may stand
        anywhere inside.
    f : path or binary file
        The ending chooses the format: ``.npz`` (NumPy's, readable by `numpy.load`),
        ``.safetensors`` (needs that extra), anything else, as an open file, PyTorch's own
        (readable by `torch.load`).
    format : {"npz", "safetensors", "pt"}, optional
        The format, whatever the ending.

    Raises
    ------
    TypeError
        Something inside can't be saved; the message names the place. Nothing is written.
    OSError
        The file can't be written. What was there stays.

    Examples
    --------
    >>> import io
    >>> from tinygrad_edu import load, save, tensor
    >>> file = io.BytesIO()
    >>> save({"weight": tensor([1.0, 2.0]), "epoch": 3}, file)
    >>> load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 2.]), 'epoch': 3}
    """
    write = _writer(_format_of(f, format))
    if isinstance(f, (str, os.PathLike)):
        with written_at_once(f) as file:
            write(obj, file)
        return
    if not hasattr(f, "write") or isinstance(f, io.TextIOBase):
        raise DTypeError(
            located(f"save: f must be a path or a file opened with 'wb', not {type(f).__name__}")
        )
    content = io.BytesIO()  # the file may have a beginning already, or be unable to seek
    write(obj, content)
    f.write(content.getvalue())


def load(
    f: str | os.PathLike[str] | IO[bytes],
    map_location: Any = None,
    *,
    weights_only: bool = True,
    mmap: bool | None = None,
) -> Any:
    """Read what `save`, `numpy.savez`, safetensors or `torch.save` has written.

    The content decides the format, not the ending. Nothing in a file is ever run: a file that
    holds anything but tensors and plain data is refused.

    Parameters
    ----------
    f : path or binary file
        An open file is read from where it stands to its end.
    map_location, weights_only, mmap
        Taken for PyTorch's sake. Everything is on the CPU, and only tensors and plain data are
        read, always.

    Returns
    -------
    object
        What was saved; every array in it is a Tensor.

    Raises
    ------
    FileFormatError
        The file is truncated, damaged, of another format, or holds what is not plain data.
    OSError
        There is no such file, or it can't be read.

    Examples
    --------
    >>> import io
    >>> import numpy as np
    >>> from tinygrad_edu import load
    >>> file = io.BytesIO()
    >>> np.savez(file, weight=np.ones(2, np.float32))
    >>> load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 1.])}
    """
    if not (callable(map_location) or isinstance(map_location, dict)):
        check_device(map_location)
    content, where = _content(f)
    try:
        return _reader(content)(content)
    except FileFormatError as error:
        raise FileFormatError(located(f"load: {where}: {error}")) from error.__cause__
    except ImportError:
        raise
    except MemoryError as error:
        raise FileFormatError(located(f"load: {where}: does not fit into memory")) from error
    except Exception as error:
        # A damaged file can fail in any layer (zip, zlib, header, pickle, JSON), each with
        # exceptions of its own, so all of them mean the same here.
        reason = f"{DAMAGED} ({type(error).__name__}: {error})"
        raise FileFormatError(located(f"load: {where}: {reason}")) from error


def _format_of(f: Any, format: str | None) -> str:
    """The format asked for, or the one that the ending means."""
    if format is not None:
        if format not in FORMATS:
            raise ValueError(located(f"save: format must be one of {FORMATS}, not {format!r}"))
        return format
    ending = os.path.splitext(os.fspath(f))[1][1:] if isinstance(f, (str, os.PathLike)) else ""
    return ending if ending in ("npz", "safetensors") else "pt"


def _writer(format: str) -> Callable[[Any, IO[bytes]], None]:
    # What a format needs (zipfile, json, an extra) is imported when it is first used.
    if format == "npz":
        from .npz import write
    elif format == "safetensors":
        from .safetensors_file import write
    else:
        from .torch_file import write
    return write


def _content(f: Any) -> tuple[bytes, str]:
    """All bytes of a file, and what to call it in a message."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            return file.read(), os.fspath(f)
    content = f.read() if hasattr(f, "read") else None
    if not isinstance(content, bytes):
        kind = type(f).__name__
        raise DTypeError(located(f"load: f must be a path or a file opened with 'rb', not {kind}"))
    return content, str(getattr(f, "name", "the open file"))


def _reader(content: bytes) -> Callable[[bytes], Any]:
    """The function that reads files which begin like this one."""
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        from .torch_file import is_torch_file

        if is_torch_file(content):
            from .torch_file import read
        else:
            from .npz import read
    elif content[8:9] == b"{" and int.from_bytes(content[:8], "little") < 2**40:
        from .safetensors_file import read
    else:
        raise FileFormatError(_foreign(content))
    return read


def _foreign(content: bytes) -> str:
    """Why a file is none of ours."""
    if not content:
        return "is empty (0 bytes); an open file that was just written needs seek(0) first"
    if content.startswith(b"\x93NUMPY"):
        return "is a single array (.npy), not a state dict; read it with numpy.load"
    if content.startswith(b"\x80"):
        return (
            "is a pickle, which could run code when read, so it is not; if PyTorch wrote it, load "
            "it there and save its state_dict() again with torch.save"
        )
    return "is no .npz, .safetensors or .pt file; save one with save(model.state_dict(), path)"
