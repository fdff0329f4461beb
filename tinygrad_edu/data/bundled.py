"""Data sets that come with the package, and the reader for a student's own ``.npz`` file.

Every loader returns a `Splits`: images as rows of numbers in [0, 1], labels as integers, cut into
training, validation and test part. A file that cannot be used raises `DataError`, whose one line
names the file, what is wrong with it, and the cure.
"""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.checks import (
    TEST,
    TRAIN,
    VALIDATION,
    DataError,
    check_images,
    check_labels,
    check_shapes,
    check_split,
    read_arrays,
    stratified_split,
)
from tinygrad_edu.data.splits import Splits

__all__ = ["DataError", "Splits", "load_digits", "load_mnist5k", "load_npz"]


def load_digits() -> Splits:
    """Load 1,797 handwritten digits of 8x8 pixels, the small set that trains in seconds.

    The split is fixed and stratified, 1079 / 359 / 359. Source, licence (CC BY 4.0) and making of
    the file stand beside it in ``files/digits.md``.

    Returns
    -------
    Splits
        Rows of 64 pixels; a stored count ``0 .. 16`` became ``count / 16``.

    Examples
    --------
    >>> digits = load_digits()
    >>> digits.x_train.shape, digits.x_train.dtype, digits.y_train.dtype
    ((1079, 64), dtype('float32'), dtype('int64'))
    >>> float(digits.x_train.min()), float(digits.x_train.max())
    (0.0, 1.0)
    """
    return _load_bundled("digits", white=16)


def load_mnist5k() -> Splits:
    """Load 5,000 MNIST digits of 28x28 pixels, 500 a class.

    The split is fixed and stratified, 3500 / 500 / 1000 (350 / 50 / 100 a class); the rows of each
    part come in a fixed random order. Source, licence (CC BY-SA 3.0) and making of the file stand
    beside it in ``files/mnist5k.md``.

    Returns
    -------
    Splits
        Rows of 784 pixels; a stored grey value ``0 .. 255`` became ``value / 255``.

    Examples
    --------
    >>> load_mnist5k()
    Splits('mnist5k', train=3500, val=500, test=1000, image_shape=(28, 28), classes=10)
    """
    return _load_bundled("mnist5k", white=255)


def load_npz(path: str | os.PathLike[str], *, seed: int = 0) -> Splits:
    """Load your own data set from an ``.npz`` file.

    Parameters
    ----------
    path : str or path
        A file with these arrays:

        - ``images``, shape (N, ...): integers in 0 .. 255 are divided by 255; floats (and
          booleans) are taken as they are.
        - ``labels``, shape (N,): integers ``0 .. C-1``, each class present, ``C >= 2``.
        - ``split``, shape (N,), optional: 0 train, 1 validation, 2 test, none of them empty.
    seed : int, default 0
        Without ``split``, rows are drawn at random by this seed, class by class: 20 % (rounded, at
        least one) for validation, as many for test, the rest for training. A seed gives the same
        split on every machine and under every NumPy. Not used when the file has a ``split``.

    Returns
    -------
    Splits
        In each part the rows keep the order of the file: shuffle them when you train.

    Raises
    ------
    DataError
        When the file is missing or damaged, or its arrays are not as said above.

    Examples
    --------
    >>> import tempfile
    >>> rng = np.random.default_rng(0)
    >>> images = rng.integers(0, 256, size=(50, 4, 4), dtype=np.uint8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "cats_and_dogs.npz"
    ...     np.savez_compressed(path, images=images, labels=np.arange(50) % 2)
    ...     load_npz(path)
    Splits('cats_and_dogs', train=30, val=10, test=10, image_shape=(4, 4), classes=2)
    """
    path = Path(path)
    where = str(path)
    try:
        if path.is_dir():
            raise DataError(f"{where}: is a directory; give the path of an .npz file")
        with path.open("rb") as file:
            arrays = read_arrays(file, where)
    except DataError:
        raise
    except FileNotFoundError as err:
        raise DataError(
            f"{where}: no such file; check the path (working directory {Path.cwd()})"
        ) from err
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise DataError(f"{where}: cannot be opened ({reason}); check path and rights") from err
    return _make_splits(path.stem, where, arrays, seed=seed, white=255)


def _load_bundled(name: str, *, white: int) -> Splits:
    where = f"{name}.npz (bundled)"
    try:
        with (files("tinygrad_edu.data") / "files" / f"{name}.npz").open("rb") as file:
            arrays = read_arrays(file, where)
    except FileNotFoundError as err:
        raise DataError(f"{where}: not in this installation; install tinygrad_edu again") from err
    return _make_splits(name, where, arrays, seed=0, white=white)


def _make_splits(
    name: str, where: str, arrays: dict[str, NDArray[Any]], *, seed: int, white: int
) -> Splits:
    images, labels = arrays["images"], arrays["labels"]
    check_shapes(images, labels, where)
    y = check_labels(labels, where)
    x = check_images(images, where, white)
    if "split" in arrays:
        split = check_split(arrays["split"], len(y), where)
    else:
        split = stratified_split(y, seed, where)
    train, val, test = (np.flatnonzero(split == part) for part in (TRAIN, VALIDATION, TEST))
    return Splits(
        name=name,
        x_train=x[train],
        y_train=y[train],
        x_val=x[val],
        y_val=y[val],
        x_test=x[test],
        y_test=y[test],
        image_shape=images.shape[1:],
        classes=tuple(str(label) for label in range(int(y.max()) + 1)),
    )
