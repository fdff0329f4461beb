"""Arrays in pieces that stay in the cache while an update passes over them several times."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np

# Bytes per array in a block: five such arrays fit a second-level cache. Smaller blocks pay more for
# the calls than they save: Adam on 1.7 million float32 takes 2.6 ms with 64 KiB, 2.1 with 256. So
# does a small remainder: an array of up to two blocks is one piece.
BLOCK = 1 << 18
# Scratch memory is kept for pieces of sizes in between, bytes.
_LITTLE, _MUCH = 1 << 15, 8 * BLOCK


class _Scratch(threading.local):
    """Memory of the size of a piece for intermediate results, kept for the next step."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.int8)


_scratch = _Scratch()


def scratch(a: np.ndarray) -> np.ndarray | None:
    """An ``out=`` of the shape and dtype of `a`; None where a new array is as good."""
    if not _LITTLE < a.nbytes <= _MUCH:
        return None
    if _scratch.memory.size < a.nbytes:
        _scratch.memory = np.empty(a.nbytes, np.int8)
    return np.ndarray(a.shape, a.dtype, _scratch.memory)


def scaled(a: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """``a * factor``, for use before the next call."""
    if a.nbytes <= _LITTLE:
        return a * factor
    return np.multiply(a, factor, out=scratch(a))


def blocks(p: np.ndarray, g: np.ndarray, *state: np.ndarray, size: int = 1) -> Iterable[Any]:
    """Arrays of one shape, cut into matching pieces that stay in the cache.

    The pieces of `p` and `state` are views with at least one axis, so that writes reach the
    parameter and ``out=`` works even for a single number. Rules that pass over them only a few
    times may have pieces of `size` blocks.
    """
    arrays = (p, g, *state)
    if p.ndim and p.nbytes <= _LITTLE:
        return (arrays,)
    size *= BLOCK
    few = p.nbytes <= 2 * size
    if p.ndim and (few or not all(a.flags.c_contiguous for a in (p, *state))):
        return (arrays,)
    flat = [np.reshape(a, -1) for a in arrays]
    if few:
        return (flat,)
    length = size // p.itemsize
    return ([a[i : i + length] for a in flat] for i in range(0, p.size, length))
