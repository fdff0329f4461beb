"""When was this memory last really overwritten? Costs nothing until somebody writes in place.

Nodes and writes draw their numbers from one clock, so "overwritten after it was saved" is one
comparison. Views share the answer because the books are kept for the array that owns the memory.
"""

import itertools
import weakref
from typing import Any

import numpy as np

tick = itertools.count(1).__next__

_writes: dict[int, tuple[Any, list[list[int]]]] = {}  # id(owner) -> weak reference, its pages
_last = 0


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of a view."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def pages(array: np.ndarray) -> list[list[int]]:
    """The pages on an array's memory in the books: tick of the last write, and count of writes.

    The first is its own. Memory that is always written to together with other may share one more.
    """
    root = owner(array)
    key = id(root)
    if key not in _writes:
        _writes[key] = weakref.ref(root, lambda _: _writes.pop(key, None)), [[0, 0]]
    return _writes[key][1]


def enter(page: list[int]) -> None:
    """Enter a write on a page."""
    global _last
    _last = page[0] = tick()
    page[1] += 1


def wrote(array: np.ndarray) -> None:
    """Enter a write to `array` in the books."""
    enter(pages(array)[0])


def last_write() -> int:
    """The tick of the newest write anywhere."""
    return _last


def overwritten_since(array: Any, order: float) -> bool:
    """Whether `array`'s memory was written to after tick `order`."""
    return isinstance(array, np.ndarray) and any(last > order for last, _ in pages(array))


def version(array: Any) -> int:
    """How often the memory of `array` was written to in place."""
    return sum(n for _, n in pages(array)) if isinstance(array, np.ndarray) else 0
