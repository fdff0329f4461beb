"""Numeric derivatives to test against: central differences of sixth order, in float64.

``f'(x) = (45 [f(x+h) - f(x-h)] - 9 [f(x+2h) - f(x-2h)] + [f(x+3h) - f(x-3h)]) / 60h + O(h^6)``:
with h = 1e-3 both the truncation error and the rounding error are near 1e-13 for smooth functions
of order one. Independent of the package's own gradient checker on purpose.
"""

from collections.abc import Callable, Sequence

import numpy as np

WEIGHTS = ((1, 45.0), (2, -9.0), (3, 1.0))
H = 1e-3


def gradient(
    f: Callable[..., float], arrays: Sequence[np.ndarray], which: Sequence[int], h: float = H
) -> list[np.ndarray]:
    """The gradient of ``f(*arrays)`` with respect to the arrays numbered in `which`."""
    return [partial(f, arrays, i, h) for i in which]


def partial(
    f: Callable[..., float], arrays: Sequence[np.ndarray], i: int, h: float = H
) -> np.ndarray:
    out = np.zeros(arrays[i].shape)
    moved = [a.copy() if k == i else a for k, a in enumerate(arrays)]
    x = moved[i]
    for at in np.ndindex(*x.shape):
        value, total = arrays[i][at], 0.0
        for steps, weight in WEIGHTS:
            x[at] = value + steps * h
            above = f(*moved)
            x[at] = value - steps * h
            total += weight * (above - f(*moved))
        x[at] = value
        out[at] = total / (60 * h)
    return out
