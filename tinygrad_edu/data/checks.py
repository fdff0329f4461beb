"""Reading and checking the arrays of an ``.npz`` data set.

Each function takes `where`, the name of the file, and raises `DataError` with one line that names
the file, the fault and the cure.
"""

from __future__ import annotations

import operator
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

TRAIN, VALIDATION, TEST = 0, 1, 2
_PARTS = ("training", "validation", "test")
_SAVE = "save it with np.savez_compressed(path, images=images, labels=labels)"


class DataError(ValueError):
    """A data set that cannot be used; the message is one line with file, fault and cure."""


def read_arrays(file: IO[bytes], where: str) -> dict[str, NDArray[Any]]:
    """Read ``images``, ``labels`` and, if there, ``split`` from an open ``.npz`` file."""
    magic = file.read(2)
    file.seek(0)
    if not magic:
        raise DataError(f"{where}: the file is empty (0 bytes); {_SAVE}")
    if magic != b"PK":  # NumPy would take a lone .npy or a pickle here; neither has our keys
        raise DataError(f"{where}: is not an .npz archive; {_SAVE}")
    arrays: dict[str, NDArray[Any]] = {}
    key = ""
    try:
        with np.load(file, allow_pickle=False) as archive:
            present = list(archive.files)
            for key in ("images", "labels", "split"):
                if key in present:
                    arrays[key] = archive[key]
    except MemoryError as err:
        raise DataError(f"{where}: {key!r} does not fit into memory; store fewer images") from err
    except Exception as err:
        # A damaged archive can fail in any layer (zip, zlib, header, dtype), each with its own
        # exception, so all of them mean the same here.
        if "allow_pickle" in str(err):
            raise DataError(
                f"{where}: {key!r} is an object array, which needs pickle (unsafe, so not read); "
                "store numbers, all images of one shape"
            ) from err
        raise DataError(
            f"{where}: the archive is corrupt or truncated; copy or download it again"
        ) from err
    missing = [key for key in ("images", "labels") if key not in present]
    if missing:
        there = ", ".join(map(repr, present)) or "nothing"
        raise DataError(
            f"{where}: has no array {' and no array '.join(map(repr, missing))}, "
            f"it holds {there}; {_SAVE}"
        )
    for key, array in arrays.items():
        if not isinstance(array, np.ndarray):  # a member that is no .npy comes back as bytes
            raise DataError(f"{where}: {key!r} is not a NumPy array; {_SAVE}")
    return arrays


def check_shapes(images: NDArray[Any], labels: NDArray[Any], where: str) -> None:
    """Refuse arrays that do not hold one image and one label for each example."""
    if images.ndim < 2:
        raise DataError(
            f"{where}: images have shape {images.shape}, expected (N, ...); "
            "store one example a row, e.g. images.reshape(N, -1)"
        )
    if labels.ndim != 1:
        raise DataError(
            f"{where}: labels have shape {labels.shape}, expected (N,); "
            "store one class number an image (one-hot rows: labels.argmax(axis=1))"
        )
    if len(images) != len(labels):
        raise DataError(
            f"{where}: {len(images)} images but {len(labels)} labels; store one label an image"
        )
    if images.size == 0:
        raise DataError(
            f"{where}: holds no data, images have shape {images.shape}; "
            "store at least three examples a class"
        )


def check_labels(labels: NDArray[Any], where: str) -> NDArray[np.int64]:
    """Return labels as int64 when they are ``0 .. C-1``, each present, ``C >= 2``."""
    renumber = "renumber with np.unique(labels, return_inverse=True)[1]"
    if labels.dtype.kind not in "iu":
        cure = "store labels.astype(np.int64)" if labels.dtype.kind in "bf" else renumber
        raise DataError(f"{where}: labels are {labels.dtype}, not integers 0 .. C-1; {cure}")
    # Labels may be any 64-bit number, so look at those present; never allocate up to the largest.
    present = np.unique(labels)
    if present[0] < 0:
        raise DataError(f"{where}: label {present[0]} is negative; {renumber}")
    if present.size < 2:
        raise DataError(
            f"{where}: all labels are {present[0]}, and a classifier needs at least 2 classes; "
            "add examples of another"
        )
    if present[-1] != present.size - 1:
        gap = int(np.flatnonzero(present != np.arange(present.size))[0])
        raise DataError(
            f"{where}: labels go up to {present[-1]} but none is {gap}; "
            f"labels must be 0 .. C-1, each present: {renumber}"
        )
    return labels.astype(np.int64)


def check_images(images: NDArray[Any], where: str, white: int) -> NDArray[np.float32]:
    """Return images as finite float32 rows; `white` is the integer that becomes 1.0."""
    kind = images.dtype.kind
    if kind not in "biuf":
        raise DataError(
            f"{where}: images are {images.dtype}, not real numbers; "
            f"store uint8 0 .. {white} or float32"
        )
    if kind in "iu" and (images.min() < 0 or images.max() > white):
        raise DataError(
            f"{where}: integer images lie in {images.min()} .. {images.max()}, expected "
            f"0 .. {white}; scale them to [0, 1] and store them as float32"
        )
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes inf, reported below
        rows = images.reshape(len(images), -1).astype(np.float32)
    finite = kind != "f" or np.isfinite(rows).all(axis=1)
    bad = np.flatnonzero(np.logical_not(finite))
    if bad.size:
        raise DataError(
            f"{where}: {bad.size} of {len(rows)} images hold NaN, inf or a number beyond float32, "
            f"the first is images[{bad[0]}]; remove or repair them"
        )
    if kind in "iu":
        rows /= white
    return rows


def check_split(split: NDArray[Any], length: int, where: str) -> NDArray[Any]:
    """Return a user's split when it names one of three parts for each row, none empty."""
    rule = "store 0 train, 1 validation, 2 test for each image, or leave split out"
    if split.shape != (length,):
        raise DataError(f"{where}: split has shape {split.shape}, expected ({length},); {rule}")
    if split.dtype.kind not in "iu":
        raise DataError(f"{where}: split is {split.dtype}, not integers; {rule}")
    for value in np.unique(split):
        if value not in (TRAIN, VALIDATION, TEST):
            raise DataError(f"{where}: split holds {value}; {rule}")
    for part, part_name in enumerate(_PARTS):
        if not (split == part).any():
            raise DataError(f"{where}: split leaves the {part_name} part empty; {rule}")
    return split


def stratified_split(labels: NDArray[np.int64], seed: int, where: str) -> NDArray[Any]:
    """Draw 60 / 20 / 20 in each class; see `load_npz` for the rule."""
    counts = np.bincount(labels)
    if counts.min() < 3:
        scarce = int(counts.argmin())
        raise DataError(
            f"{where}: class {scarce} has too few examples to split, {counts[scarce]}, needs 3; "
            "add examples or store your own split"
        )
    try:
        # The raw bits of PCG64 never change between NumPy versions; `Generator.permutation` may.
        # `index` refuses None, which would draw another split each time.
        noise = np.random.PCG64(operator.index(seed)).random_raw(labels.size)
    except (TypeError, ValueError) as err:
        raise DataError(
            f"{where}: seed {seed!r} cannot split it; give a non-negative integer"
        ) from err
    order = np.lexsort((noise, labels))  # class by class, at random within each
    place = np.arange(labels.size) - np.repeat(np.cumsum(counts) - counts, counts)
    fifth = np.repeat(np.maximum(1, (counts + 2) // 5), counts)  # a class's count / 5, rounded
    split = np.empty(labels.size, np.uint8)
    split[order] = np.where(place < fifth, VALIDATION, np.where(place < 2 * fifth, TEST, TRAIN))
    return split
