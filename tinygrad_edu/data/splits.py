"""Splits: a data set for classification in three parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DTypeError, located

_PARTS = "take splits.x_train and splits.y_train, and so x_val, y_val, x_test, y_test"


@dataclass(frozen=True, eq=False, repr=False)
class Splits:
    """A data set for classification, cut into training, validation and test part.

    Parameters
    ----------
    name : str
        ``'digits'``, ``'mnist5k'``, or the file name without its ending.
    x_train, x_val, x_test : ndarray of float32, shape (N, D)
        One example a row; `D` is the product of `image_shape`. Pixels lie in [0, 1].
    y_train, y_val, y_test : ndarray of int64, shape (N,)
        The class of each row, ``0 .. num_classes - 1``.
    image_shape : tuple of int
        Shape of one example before it became a row, e.g. ``(28, 28)``.
    classes : tuple of str
        Name of each class; label ``k`` is ``classes[k]``.

    Examples
    --------
    >>> from tinygrad_edu.data import load_digits
    >>> digits = load_digits()
    >>> digits
    Splits('digits', train=1079, val=359, test=359, image_shape=(8, 8), classes=10)
    >>> digits.num_features, digits.num_classes
    (64, 10)
    >>> digits.x_train[0].reshape(digits.image_shape).shape
    (8, 8)
    """

    name: str
    x_train: NDArray[np.float32]
    y_train: NDArray[np.int64]
    x_val: NDArray[np.float32]
    y_val: NDArray[np.int64]
    x_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    image_shape: tuple[int, ...]
    classes: tuple[str, ...]

    @property
    def num_classes(self) -> int:
        """Number of classes, the width of the last layer."""
        return len(self.classes)

    @property
    def num_features(self) -> int:
        """Numbers in one row, the width of the first layer."""
        return int(self.x_train.shape[1])

    def __iter__(self) -> Iterator[Any]:
        raise DTypeError(located(f"a Splits can't be taken apart like a tuple: {_PARTS}"))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a Splits has no {name!r}: {_PARTS}")

    def __repr__(self) -> str:
        return (
            f"Splits({self.name!r}, train={len(self.y_train)}, val={len(self.y_val)}, "
            f"test={len(self.y_test)}, image_shape={self.image_shape}, classes={self.num_classes})"
        )
