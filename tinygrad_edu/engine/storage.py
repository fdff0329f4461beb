"""When was this memory last really overwritten? Costs nothing until somebody writes in place.

Nodes and writes draw their numbers from one clock, so "overwritten after it was saved" is one
comparison. Views share the answer because the books are kept for the array that owns the memory.
"""

import itertools
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

tick = itertools.count(1).__next__

_writes: dict[int, list[Any]] = {}  # id(owner) -> its page
_last = 0


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def page(array: np.ndarray) -> list[Any]:
    """The page on an array's memory in the books: weak reference, tick of the last write, count."""
    root = owner(array)
    key = id(root)
    if key not in _writes:
        _writes[key] = [weakref.ref(root, lambda _: _writes.pop(key, None)), 0, 0]
    return _writes[key]


def enter(pages: Iterable[list[Any]]) -> None:
    """Enter one write on several pages."""
    global _last
    _last = tick()
    for entry in pages:
        entry[1] = _last
        entry[2] += 1


def wrote(array: np.ndarray) -> None:
    """Enter a write to `array` in the books."""
    enter([page(array)])


def last_write() -> int:
    """The tick of the newest write anywhere."""
    return _last


def overwritten_since(array: Any, order: float) -> bool:
    """Whether `array`'s memory was written to after tick `order`."""
    return isinstance(array, np.ndarray) and page(array)[1] > order


def version(array: Any) -> int:
    """How often the memory of `array` was written to in place."""
    return page(array)[2] if isinstance(array, np.ndarray) else 0
