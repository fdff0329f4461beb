"""How far to go along a direction: three line searches.

Each takes ``phi``, which evaluates a step length and returns a `Trial`, and returns the trial it
chose and how often it called ``phi``. With ``phi(t) = f(x + t d)``, the conditions are

- sufficient decrease (Armijo): ``phi(t) <= phi(0) + c1 t phi'(0)``,
- weak Wolfe: also ``phi'(t) >= c2 phi'(0)``, the slope has risen,
- strong Wolfe: also ``|phi'(t)| <= c2 |phi'(0)|``, the slope is nearly flat.

The curvature conditions make ``y.s > 0``, without which a quasi-Newton update is useless: with
Armijo alone L-BFGS may reject pair after pair.

References
----------
Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6 and formula 3.59. The
safeguards (bounds of the extrapolation, minimal progress in a bracket) are those of M. Schmidt's
minFunc, which Torch and PyTorch use. Weak Wolfe: Lewis and Overton, Nonsmooth optimization via
quasi-Newton methods, 2013.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


class Trial(NamedTuple):
    """A point on the line: step length, value, gradient, and slope along the line."""

    t: float
    f: float
    g: np.ndarray
    slope: float


Phi = Callable[[float], Trial]


def cubic_minimum(a: Trial, b: Trial, bounds: tuple[float, float] | None = None) -> float:
    """Where the cubic through two values and slopes is least, kept within bounds.

    Examples
    --------
    The minimum of (t - 1)^2, from its values and slopes at 0 and 3:

    >>> none = np.zeros(0)
    >>> cubic_minimum(Trial(0, 1.0, none, -2.0), Trial(3, 4.0, none, 4.0))
    1.0
    """
    if a.t > b.t:
        a, b = b, a
    low, high = bounds or (a.t, b.t)
    with np.errstate(all="ignore"):
        return _cubic_minimum(a, b, low, high)


def _cubic_minimum(a: Trial, b: Trial, low: float, high: float) -> float:
    d1 = a.slope + b.slope - 3 * (np.float64(a.f) - b.f) / (a.t - b.t)
    square = d1 * d1 - a.slope * b.slope
    d2 = np.sqrt(square)  # nan if the cubic has no minimum
    best = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
    return (low + high) / 2 if np.isnan(best) else float(min(max(best, low), high))


def strong_wolfe(
    phi: Phi,
    start: Trial,
    t: float,
    reach: float = 1.0,
    c1: float = 1e-4,
    c2: float = 0.9,
    tolerance: float = 1e-9,
    max_iter: int = 25,
) -> tuple[Trial, int]:
    """A step with the strong Wolfe conditions: bracket one, then zoom in by cubic interpolation.

    Parameters
    ----------
    phi, start, t
        The line, the trial at 0, and the first step length to try.
    reach : float
        The largest element of the direction: a bracket of less than `tolerance` / `reach` ends it.
    max_iter : int
        How many trials are allowed after the first.
    """
    new, count = phi(t), 1

    def enough(trial: Trial) -> bool:
        return not trial.f > start.f + c1 * trial.t * start.slope

    def flat(trial: Trial) -> bool:
        return abs(trial.slope) <= -c2 * start.slope

    last, ends = start, None
    while count <= max_iter:
        if not enough(new) or (count > 2 and new.f >= last.f):
            ends = [last, new]  # it has gone up: a minimum lies between
            break
        if flat(new):
            return new, count
        if new.slope >= 0:
            ends = [last, new]  # it goes up from here
            break
        further = (new.t + 0.01 * (new.t - last.t), new.t * 10)
        last, new = new, phi(cubic_minimum(last, new, further))
        count += 1
    if ends is None:
        return (start if start.f <= new.f else new), count
    return _zoom(phi, ends, enough, flat, tolerance / reach, count, max_iter)


def _zoom(
    phi: Phi,
    ends: list[Trial],
    enough: Callable[[Trial], bool],
    flat: Callable[[Trial], bool],
    width: float,
    count: int,
    max_iter: int,
) -> tuple[Trial, int]:
    """Narrow a bracket that holds a good step; `ends` are in the order in which they were found."""
    low = 0 if ends[0].f <= ends[1].f else 1
    slow = False
    while count <= max_iter and not abs(ends[1].t - ends[0].t) < width:
        t, slow = _inside(cubic_minimum(ends[0], ends[1]), ends, slow)
        new = phi(t)
        count += 1
        if not enough(new) or new.f >= ends[low].f:
            ends[1 - low] = new
            low = 0 if ends[0].f <= ends[1].f else 1
            continue
        if flat(new):
            return new, count
        if new.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = new
    return ends[low], count


def _inside(t: float, ends: list[Trial], slow: bool) -> tuple[float, bool]:
    """Keep a trial away from the ends of the bracket: the second time in a row, or on an end."""
    left, right = sorted(end.t for end in ends)
    margin = 0.1 * (right - left)
    if not min(right - t, t - left) < margin:
        return t, False
    if not (slow or t >= right or t <= left):
        return t, True
    return (right - margin if right - t < t - left else left + margin), False


def weak_wolfe(
    phi: Phi,
    start: Trial,
    t: float,
    c1: float = 1e-4,
    c2: float = 0.9,
    max_iter: int = 25,
) -> tuple[Trial, int]:
    """A step with the weak Wolfe conditions: double it until it is too long, else bisect."""
    low, high = 0.0, np.inf
    for count in range(1, max_iter + 1):
        new = phi(t)
        if not new.f <= start.f + c1 * t * start.slope:
            high = t
        elif not new.slope >= c2 * start.slope:
            low = t
        else:
            return new, count
        t = (low + high) / 2 if high < np.inf else 2 * low
    return (new if new.f <= start.f else start), max_iter


def armijo(
    phi: Phi, start: Trial, t: float, c1: float = 1e-4, max_iter: int = 25
) -> tuple[Trial, int]:
    """A step with sufficient decrease alone: halve it until it is short enough."""
    for count in range(1, max_iter + 1):
        new = phi(t)
        if new.f <= start.f + c1 * t * start.slope:
            return new, count
        t = t / 2
    return start, max_iter
