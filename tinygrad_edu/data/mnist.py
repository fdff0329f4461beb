"""Your own MNIST files, or those of a set in the same format (Fashion-MNIST, EMNIST, KMNIST)."""

from __future__ import annotations

import gzip
import math
import os
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.checks import DataError
from tinygrad_edu.data.official import Part, official_splits, opened
from tinygrad_edu.data.splits import Splits

# Type codes of the idx format, http://yann.lecun.com/exdb/mnist; numbers are big-endian.
_DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
_AGAIN = "copy or download it again"


def load_mnist(path: str | os.PathLike[str], *, validation: int = 5000) -> Splits:
    """Load MNIST from a folder of idx files or from an ``.npz`` file.

    Parameters
    ----------
    path : str or path
        A folder with ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
        ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each as it is or as ``.gz``
        (also where torchvision puts them, in ``MNIST/raw``). Or an ``.npz`` file as Keras has it,
        with ``x_train``, ``y_train``, ``x_test`` and ``y_test``.
    validation : int, default 5000
        The last so many training images become the validation part.

    Returns
    -------
    Splits
        Rows of pixels in [0, 1], in the order of the files; the test part is that of the files.

    Raises
    ------
    DataError
        A file is missing or damaged, or not what it should be.

    Examples
    --------
    >>> import tempfile
    >>> images, labels = np.zeros((20, 28, 28), np.uint8), np.arange(20) % 10
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "mnist.npz"
    ...     np.savez(file, x_train=images, y_train=labels, x_test=images, y_test=labels)
    ...     load_mnist(file, validation=5)
    Splits('mnist', train=15, val=5, test=20, image_shape=(28, 28), classes=10)
    """
    path = Path(path)
    if path.suffix.lower() == ".npz" and not path.is_dir():
        train, test = opened(_read_npz, path)
        return official_splits(path.stem, str(path), train, test, validation=validation)
    if not path.is_dir():
        raise DataError(f"{path}: no such folder; check the path (working directory {Path.cwd()})")
    train, test = (
        Part(read_idx(_find(path, f"{part}-images", 3)), read_idx(_find(path, f"{part}-labels", 1)))
        for part in ("train", "t10k")
    )
    return official_splits("mnist", str(path), train, test, validation=validation)


def holds_mnist(path: Path) -> bool:
    """Whether `load_mnist` is the reader for a folder or an ``.npz`` file."""
    if path.is_dir():
        return bool(_candidates(path, "train-images", 3))
    try:
        with zipfile.ZipFile(path) as archive:
            return "x_train.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    r"""Read one idx file, as it is or packed by gzip, as an array of native byte order.

    Parameters
    ----------
    path : str or path
        The format is told by the first bytes, not by the name.

    Raises
    ------
    DataError
        The file is missing, damaged, or no idx file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "labels"
    ...     _ = file.write_bytes(b"\0\0\x08\x01" + b"\0\0\0\x03" + bytes([5, 0, 4]))
    ...     read_idx(file)
    array([5, 0, 4], dtype=uint8)
    """
    path = Path(path)
    content = opened(_read_bytes, path)
    if not content:
        raise DataError(f"{path}: the file is empty (0 bytes); {_AGAIN}")
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _DTYPES:
        raise DataError(f"{path}: is not an idx file; give an MNIST file such as *-idx3-ubyte")
    dtype, dims = np.dtype(_DTYPES[content[2]]), content[3]
    start = 4 + 4 * dims
    if len(content) < start:
        raise DataError(f"{path}: the file is truncated, its header ends early; {_AGAIN}")
    shape = tuple(np.frombuffer(content[4:start], ">u4").tolist())
    if len(content) != start + math.prod(shape) * dtype.itemsize:
        raise DataError(
            f"{path}: the file is corrupt or truncated, {len(content) - start} bytes follow a "
            f"header that announces {dtype.name} of shape {shape}; {_AGAIN}"
        )
    array = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))  # a copy, which may be written to


def _read_bytes(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path}: is a directory; give the path of an idx file")
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as err:
        raise DataError(f"{path}: the gzip file is corrupt or truncated; {_AGAIN}") from err


def _candidates(folder: Path, stem: str, dims: int) -> list[Path]:
    places = (folder, folder / "raw", folder / "MNIST" / "raw")
    names = (f"{stem}{dot}idx{dims}-ubyte{end}" for dot in "-." for end in ("", ".gz"))
    return [place / name for name in names for place in places if (place / name).is_file()]


def _find(folder: Path, stem: str, dims: int) -> Path:
    if found := _candidates(folder, stem, dims):
        return found[0]
    raise DataError(
        f"{folder}: has no file {stem}-idx{dims}-ubyte, nor one that ends in .gz; "
        "put the four MNIST files there"
    )


def _read_npz(path: Path) -> tuple[Part, Part]:
    wanted = ("x_train", "y_train", "x_test", "y_test")
    save = (
        "save it with np.savez_compressed(path, x_train=..., y_train=..., x_test=..., y_test=...)"
    )
    try:
        # An archive of arrays only: object arrays would need pickle, and are refused.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            present = list(archive.files)
            arrays = {key: archive[key] for key in wanted if key in present}
    except (FileNotFoundError, PermissionError, MemoryError):
        raise
    except Exception as err:  # a damaged archive can fail in any layer, each with its own exception
        raise DataError(
            f"{path}: is not an .npz archive of number arrays, or is corrupt or truncated; {save}"
        ) from err
    if missing := [key for key in wanted if key not in arrays]:
        there = ", ".join(map(repr, present)) or "nothing"
        raise DataError(f"{path}: has no array {missing[0]!r}, it holds {there}; {save}")
    return (
        Part(arrays["x_train"], arrays["y_train"]),
        Part(arrays["x_test"], arrays["y_test"]),
    )
