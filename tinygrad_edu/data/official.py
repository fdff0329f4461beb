"""Sets that come with a test part of their own: the last training examples become validation."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.checks import DataError, check_images, check_labels, check_shapes
from tinygrad_edu.data.splits import Splits

T = TypeVar("T")


class Part(NamedTuple):
    """Images and labels as they stand in the files."""

    images: NDArray[Any]
    labels: NDArray[Any]


def official_splits(
    name: str,
    where: str,
    train: Part,
    test: Part,
    *,
    validation: int,
    classes: Sequence[str] | None = None,
) -> Splits:
    """Check both parts and cut `validation` examples off the end of the first.

    Class names are the labels of the training part unless given.
    """
    for part, said in ((train, "training"), (test, "test")):
        check_shapes(part.images, part.labels, f"{where} ({said} part)")
    if train.images.shape[1:] != test.images.shape[1:]:
        raise DataError(
            f"{where}: training images have shape {train.images.shape[1:]}, test images "
            f"{test.images.shape[1:]}; take both from the same set"
        )
    if classes is None:
        known = check_labels(train.labels, f"{where} (training part)")
        classes = [str(label) for label in range(int(known.max()) + 1)]
    y, y_test = (_known_labels(part.labels, len(classes), where) for part in (train, test))
    cut = _check_validation(validation, len(train.labels), where)
    x = check_images(train.images, where, 255)
    return Splits(
        name=name,
        x_train=x[:cut],
        y_train=y[:cut],
        x_val=x[cut:],
        y_val=y[cut:],
        x_test=check_images(test.images, where, 255),
        y_test=y_test,
        image_shape=train.images.shape[1:],
        classes=tuple(classes),
    )


def _known_labels(labels: NDArray[Any], classes: int, where: str) -> NDArray[np.int64]:
    present = np.unique(labels)
    if labels.dtype.kind not in "iu" or present[0] < 0 or present[-1] >= classes:
        raise DataError(
            f"{where}: {labels.dtype} labels lie in {present[0]} .. {present[-1]}, expected "
            f"integers 0 .. {classes - 1} as in the training part; copy or download it again"
        )
    return labels.astype(np.int64)


def _check_validation(validation: int, count: int, where: str) -> int:
    try:
        wanted = operator.index(validation)
    except TypeError:
        wanted = -1
    if not 0 < wanted < count:
        raise DataError(
            f"{where}: validation={validation!r} cannot be cut off {count} training images; "
            f"give a whole number from 1 to {count - 1}"
        )
    return count - wanted


def opened(read: Callable[[Path], T], path: Path) -> T:
    """Call `read` with a path; what the operating system refuses becomes a `DataError`."""
    try:
        return read(path)
    except DataError:
        raise
    except FileNotFoundError as err:
        raise DataError(
            f"{path}: no such file; check the path (working directory {Path.cwd()})"
        ) from err
    except MemoryError as err:
        raise DataError(f"{path}: does not fit into memory; store fewer images") from err
    except (OSError, ValueError) as err:
        reason = getattr(err, "strerror", None) or err
        raise DataError(f"{path}: cannot be opened ({reason}); check path and rights") from err
