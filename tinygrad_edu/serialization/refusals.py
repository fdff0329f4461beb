"""What can't be saved or read, and the arrays that can."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import is_tensor, raw
from ..errors import DTypeError, located

DAMAGED = "is damaged or truncated; copy it again or go back to an older one"

# What every format can hold, and every library can read.
DTYPES = frozenset(np.dtype(code).name for code in "?efdbhiqBHIQ")


class FileFormatError(ValueError, RuntimeError):
    """A file that can't be read: damaged, of another format, or with more than plain data in it."""


def is_array(value: Any) -> bool:
    """Whether a value is saved as an array."""
    return is_tensor(value) or isinstance(value, np.ndarray)


def checked_array(value: Any, where: str) -> np.ndarray:
    """The numbers of a Tensor or ndarray, contiguous and in this machine's byte order."""
    array = raw(value)
    if array.dtype.name not in DTYPES:
        kind = "Python objects" if array.dtype.hasobject else str(array.dtype)
        cure = "only real numbers of up to 64 bits can be saved, e.g. as float32"
        raise DTypeError(located(f"save: {where or 'the array'} holds {kind}; {cure}"))
    # np.ascontiguousarray would give a 0-d array an axis.
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def refused(value: Any, where: str) -> DTypeError:
    """The error for a value that is neither tensor nor plain data."""
    place = where or "the object"
    kind = type(value).__name__
    if hasattr(value, "state_dict"):
        cure = "save its state_dict()"
    elif type(value).__module__.partition(".")[0] == "torch":
        cure = "save value.numpy(), or use torch.save"
    else:
        cure = "only tensors, arrays, numbers, strings, None, and dicts, lists and tuples of them"
    return DTypeError(located(f"save: {place} is a {kind}, which can't be saved: {cure}"))
