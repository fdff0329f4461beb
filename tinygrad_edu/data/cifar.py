"""Your own CIFAR-10 folder: the version for Python or the binary one."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu.data.checks import DataError
from tinygrad_edu.data.official import Part, official_splits, opened
from tinygrad_edu.data.splits import Splits

CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
_SHAPE = (3, 32, 32)  # planes of red, green and blue
_PIXELS = 3 * 32 * 32
_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))
_FOLDERS = ("", "cifar-10-batches-py", "cifar-10-batches-bin")
_AGAIN = "copy or download it again"


def load_cifar10(path: str | os.PathLike[str], *, validation: int = 1000) -> Splits:
    """Load CIFAR-10 from the folder that its archive unpacks to.

    Pickles can run programs. Those of CIFAR-10 hold arrays, lists and strings only, and only these
    are read; a file that asks for anything else is refused.

    Parameters
    ----------
    path : str or path
        The folder with ``data_batch_1`` to ``data_batch_5`` and ``test_batch`` (or the same with
        ``.bin``), or the one around it. The rows of all 60,000 images take 740 MB of memory, and
        1.2 GB while they are made.
    validation : int, default 1000
        The last so many training images become the validation part.

    Returns
    -------
    Splits
        Rows of 3072 pixels in [0, 1]: 1024 of red, of green, of blue, each row by row.

    Raises
    ------
    DataError
        A file is missing, damaged or not what it should be.

    Examples
    --------
    >>> import tempfile
    >>> record = bytes([7]) + bytes(3072)  # a black horse
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in [*_BATCHES, "test_batch"]:
    ...         _ = (Path(folder) / f"{name}.bin").write_bytes(record * 2)
    ...     horses = load_cifar10(folder, validation=3)
    >>> horses, horses.classes[horses.y_train[0]]
    (Splits('cifar10', train=7, val=3, test=2, image_shape=(3, 32, 32), classes=10), 'horse')
    """
    folder = _find(Path(path))
    ending = "" if (folder / _BATCHES[0]).is_file() else ".bin"
    read = read_binary if ending else read_pickle
    parts = [opened(read, folder / f"{name}{ending}") for name in (*_BATCHES, "test_batch")]
    train = Part(*(np.concatenate(column) for column in zip(*parts[:-1], strict=True)))
    return official_splits(
        "cifar10", str(path), train, parts[-1], validation=validation, classes=CLASSES
    )


def holds_cifar10(path: Path) -> bool:
    """Whether `load_cifar10` is the reader for a folder."""
    return _inside(path) is not None


def _inside(path: Path) -> Path | None:
    """The folder with the batches: this one, or one of the usual name in it."""
    names = (_BATCHES[0], f"{_BATCHES[0]}.bin")
    places = (path / folder for folder in _FOLDERS)
    return next((p for p in places if any((p / name).is_file() for name in names)), None)


def _find(path: Path) -> Path:
    if found := _inside(path):
        return found
    if not path.is_dir():
        raise DataError(f"{path}: no such folder; check the path (working directory {Path.cwd()})")
    raise DataError(
        f"{path}: has no file data_batch_1 or data_batch_1.bin; give the folder that the CIFAR-10 "
        "archive unpacks to"
    )


# ------------------------------------------------------------------------------ binary version


def read_binary(path: Path) -> Part:
    """One file of the binary version: records of a label and 3072 pixels, a byte each."""
    content = np.frombuffer(path.read_bytes(), np.uint8)
    if not content.size or content.size % (1 + _PIXELS):
        raise DataError(
            f"{path}: the file is corrupt or truncated, its {content.size} bytes are not records "
            f"of {1 + _PIXELS}; {_AGAIN}"
        )
    records = content.reshape(-1, 1 + _PIXELS)
    return Part(records[:, 1:].reshape(-1, *_SHAPE), records[:, 0])


# ------------------------------------------------------------------------------ version for Python


def read_pickle(path: Path) -> Part:
    """One file of the version for Python: a pickled dict of ``data`` and ``labels``."""
    try:
        found = _Restricted(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except DataError as refused:
        raise DataError(f"{path}: {refused}") from None
    except (OSError, MemoryError):
        raise
    except Exception as err:  # a damaged pickle can fail in any of its many instructions
        raise DataError(f"{path}: the pickle is corrupt or truncated; {_AGAIN}") from err
    if not isinstance(found, dict):
        raise DataError(f"{path}: holds a {type(found).__name__}, expected a dict; {_AGAIN}")
    data, labels = (found.get(key.encode(), found.get(key)) for key in ("data", "labels"))
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (_PIXELS,):
        said = f"{data.dtype} {data.shape}" if isinstance(data, np.ndarray) else "missing"
        raise DataError(f"{path}: data is {said}, expected uint8 (N, {_PIXELS}); {_AGAIN}")
    if not isinstance(labels, list) or not all(label in range(10) for label in labels):
        raise DataError(f"{path}: labels are missing or no list of integers 0 .. 9; {_AGAIN}")
    return Part(data.reshape(-1, *_SHAPE), np.array(labels, dtype=np.int64))


def _latin1(text: str, encoding: str) -> bytes:
    """The only use a pickle of protocol 2 has for a codec: bytes written as text."""
    if encoding != "latin1":
        raise DataError(f"the pickle asks for the codec {encoding!r}, which is not allowed")
    return text.encode("latin1")


# What an array's pickle is made of, under NumPy's old and new names, and nothing else.
_RECONSTRUCT = np.zeros(1).__reduce__()[0]
_FROM_BUFFER: Any = np.zeros(1).__reduce_ex__(5)[0]
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy.core.numeric", "_frombuffer"): _FROM_BUFFER,
    ("numpy._core.numeric", "_frombuffer"): _FROM_BUFFER,
    ("_codecs", "encode"): _latin1,
}


class _Restricted(pickle.Unpickler):
    """Builds arrays, lists, dicts and strings, and refuses every other class or function."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _ALLOWED:
            return _ALLOWED[module, name]
        raise DataError(
            f"the pickle asks for {module}.{name}, which CIFAR-10 does not need and which could "
            f"run a program, so it is not read; {_AGAIN} from its source"
        )
