"""Numerical derivatives: what an analytic gradient is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

# Weights of f(x - 3h), ..., f(x + 3h) in centred differences of sixth and fourth order.
ORDER6 = np.array([-1, 9, -45, 0, 45, -9, 1]) / 60
ORDER4 = np.array([0, 1, -8, 0, 8, -1, 0]) / 12


def central_difference(
    f: Callable[[], Any], x: np.ndarray, index: tuple[int, ...], h: float
) -> np.ndarray:
    """The derivative of ``f()`` with respect to ``x[index]``, by 4 values of `f`.

    The stencil ``(8 (f(+h) - f(-h)) - (f(+2h) - f(-2h))) / 12h`` has an error of order ``h**4``.
    `x` is what it was afterwards, also when `f` raises.

    Examples
    --------
    >>> x = np.array([3.0])
    >>> bool(abs(central_difference(lambda: x[0] ** 2, x, (0,), 1e-3) - 6) < 1e-9)
    True
    """
    before = x[index]
    values = []
    try:
        for step in (h, -h, 2 * h, -2 * h):
            x[index] = before + step
            values.append(np.array(f(), np.float64))
    finally:
        x[index] = before
    return (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * h)


def step_for(x: np.ndarray, index: tuple[int, ...]) -> float:
    """A power of two near ``eps**(1/5)`` of the element's scale: the best step for order 4."""
    scale = max(abs(float(x[index])), 1e-1)
    return float(2.0 ** np.round(np.log2(scale * np.finfo(np.float64).eps ** 0.2)))
