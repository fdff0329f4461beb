"""When was this memory last really overwritten? Costs nothing until somebody writes in place.

Nodes and writes draw their numbers from one clock, so "overwritten after it was saved" is one
comparison. Views share the answer because the books are kept for the array that owns the memory.
"""

import itertools
import weakref
from typing import Any

import numpy as np

tick = itertools.count(1).__next__

_writes: dict[int, tuple[Any, int, int]] = {}  # id(owner) -> (weak reference, last tick, count)
_last = 0


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def wrote(array: np.ndarray) -> None:
    """Enter a write to `array` in the books."""
    global _last
    root = owner(array)
    key = id(root)
    entry = _writes.get(key)
    reference = entry[0] if entry else weakref.ref(root, lambda _: _writes.pop(key, None))
    _last = tick()
    _writes[key] = (reference, _last, (entry[2] if entry else 0) + 1)


def last_write() -> int:
    """The tick of the newest write anywhere."""
    return _last


def overwritten_since(array: Any, order: int) -> bool:
    """Whether `array`'s memory was written to after tick `order`."""
    if not isinstance(array, np.ndarray):
        return False
    entry = _writes.get(id(owner(array)))
    return entry is not None and entry[1] > order


def version(array: Any) -> int:
    """How often the memory of `array` was written to in place."""
    entry = _writes.get(id(owner(array))) if isinstance(array, np.ndarray) else None
    return entry[2] if entry else 0
