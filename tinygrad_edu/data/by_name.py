"""Load a data set by its name, or from a path whose kind is recognised."""

from __future__ import annotations

import os
from pathlib import Path

from tinygrad_edu.data.bundled import load_digits, load_mnist5k, load_npz
from tinygrad_edu.data.checks import DataError
from tinygrad_edu.data.cifar import holds_cifar10, load_cifar10
from tinygrad_edu.data.mnist import holds_mnist, load_mnist
from tinygrad_edu.data.splits import Splits


def load(name_or_path: str | os.PathLike[str], *, seed: int = 0) -> Splits:
    """Load a data set by its name, or from a path.

    Parameters
    ----------
    name_or_path : str or path
        ``'digits'``, ``'mnist5k'``, the path of an ``.npz`` file as `load_npz` or `load_mnist`
        reads it, or a folder with the files of MNIST (`load_mnist`) or CIFAR-10 (`load_cifar10`).
    seed : int, default 0
        Splits a file that brings no ``split`` of its own; see `load_npz`.

    Raises
    ------
    DataError
        When the name is unknown or the file cannot be used.

    Examples
    --------
    >>> load("digits").name
    'digits'
    >>> load("minst")
    Traceback (most recent call last):
        ...
    tinygrad_edu.data.checks.DataError: 'minst': unknown data set; known are 'digits', \
'mnist5k', or give a path that ends in .npz, or a folder of MNIST or CIFAR-10
    """
    if name_or_path == "digits":
        return load_digits()
    if name_or_path == "mnist5k":
        return load_mnist5k()
    if isinstance(name_or_path, (str, os.PathLike)):
        path = Path(name_or_path)
        if holds_mnist(path):
            return load_mnist(path)
        if holds_cifar10(path):
            return load_cifar10(path)
        if path.suffix.lower() == ".npz":
            return load_npz(path, seed=seed)
    raise DataError(
        f"{name_or_path!r}: unknown data set; known are 'digits', 'mnist5k', "
        "or give a path that ends in .npz, or a folder of MNIST or CIFAR-10"
    )
