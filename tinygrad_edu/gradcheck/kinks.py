"""Points where a function has no derivative, but its formula must still be a sub-gradient.

At a kink there are many right answers: relu'(0) may be 0, 1/2 or 1, and the maximum of two equal
elements may send its gradient to either or to both. What they share: along any line, the slope
they give lies between the one-sided slopes, or at least between the slopes at nearby points (the
Clarke sub-differential). That is what is tested, so a kink neither fails nor hides a wrong formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .contract import gradients_at
from .directions import Slopes, lengths, moved, round_off, slopes_along
from .subject import Subject

# Nearby points are this far away, in units of the elements' sizes: so near that a smooth function
# has one slope there, even if it varies over a millionth of these. Slopes are taken over a 32nd.
_NEAR = 2.0**-28
# Slopes of a smooth function differ by less, those on the sides of a kink by more.
_SPREAD = 1e-4
_POINTS, _BATCH = 100, 4  # at most so many, in batches, until two batches widen nothing
_LOOSE = 1e-6


class Hull:
    """The range of the slopes of each output along `direction`, at random nearby points."""

    def __init__(
        self,
        subject: Subject,
        rng: np.random.Generator,
        xs: Sequence[np.ndarray],
        direction: Sequence[np.ndarray],
    ) -> None:
        self.subject, self.rng, self.xs = subject, rng, list(xs)
        self.direction = list(direction)
        self.low: np.ndarray = np.empty(0)
        self.high: np.ndarray = np.empty(0)

    def extend(self, points: int) -> None:
        """Look at more points."""
        for _ in range(points):
            slope = self._slope()
            if not self.low.size:
                self.low, self.high = slope.copy(), slope.copy()
            self.low = np.fmin(self.low, slope)
            self.high = np.fmax(self.high, slope)

    def _slope(self) -> np.ndarray:
        places = self.subject.differentiable
        aside = [
            self.rng.uniform(0.5, 1.5, self.xs[k].shape)
            * self.rng.choice([-1.0, 1.0], self.xs[k].shape)
            * lengths(self.xs[k])
            for k in places
        ]
        point = moved(self.xs, places, aside, _NEAR)
        step = _NEAR / 32
        up = self.subject.forward(moved(point, places, self.direction, step)).ravel()
        down = self.subject.forward(moved(point, places, self.direction, -step)).ravel()
        with np.errstate(all="ignore"):
            return np.asarray((up - down) / (2 * step))


def kinked_nearby(
    subject: Subject,
    rng: np.random.Generator,
    xs: Sequence[np.ndarray],
    direction: Sequence[np.ndarray],
    y: np.ndarray,
) -> np.ndarray:
    """Outputs whose slope depends on where nearby one looks, however near.

    A median of tied elements is smooth along *every* line, and still has no gradient there.
    """
    hull = Hull(subject, rng, xs, direction)
    hull.extend(3)
    if _differ(hull, y).any():
        hull.extend(3)
    return _differ(hull, y)


def _differ(hull: Hull, y: np.ndarray) -> np.ndarray:
    """Outputs whose slopes differ by more than their errors."""
    with np.errstate(all="ignore"):
        size = np.maximum(np.abs(hull.high), np.abs(hull.low))
        # An output whose slope is small by cancellation varies with the size of the others'.
        size = size + np.sqrt(np.nanmean(size**2))
        noise = round_off(y.reshape(1, -1)) / (_NEAR / 32)
        return np.asarray(hull.high - hull.low > _SPREAD * size + 2 * noise)


def is_subgradient(
    subject: Subject,
    rng: np.random.Generator,
    xs: Sequence[np.ndarray],
    y: np.ndarray,
    kinks: np.ndarray,
    align: Callable[..., list[np.ndarray]],
    grouped: bool,
    calls: float = np.inf,
) -> tuple[bool, float, float, float] | None:
    """Test the gradients of the kinked outputs, all at once.

    A random upstream gradient on the kinked outputs alone, and then a line along which the
    gradient it gives has the largest slope that it can have: if the formula exceeds the
    sub-differential anywhere, it shows there.

    Parameters
    ----------
    kinks : numpy.ndarray of bool
        Which outputs (flat).
    align : callable
        Makes the direction from the gradients.
    grouped : bool
        Whether equal values move together in it.
    calls : float
        How many forward calls the search for a step may take.

    Returns
    -------
    tuple or None
        None if that could not be seen with so few calls. Else whether it is one; the analytic
        slope, and the lowest and highest that it may have.
    """
    # Those of a group that moves together must not cancel.
    signs = 1.0 if grouped else rng.choice([-1.0, 1.0], y.size)
    g = np.where(kinks, rng.uniform(0.5, 1.5, y.size) * signs, 0.0)
    gradients = gradients_at(subject, g.reshape(y.shape), y, xs)
    if not all(np.isfinite(b).all() for b in gradients):
        return False, float("nan"), float("nan"), float("nan")
    direction = align(gradients, 1.0)
    analytic = along(gradients, direction)
    places = subject.differentiable
    slopes = slopes_along(subject.forward, xs, places, direction, y, calls=calls)
    if calls < np.inf and np.any(kinks & ~slopes.kink & ~slopes.smooth):
        return None
    low, high = _between(slopes, kinks, g)
    if _inside(analytic, low, high):
        return True, analytic, low, high
    hull = Hull(subject, rng, xs, direction)
    idle = 0
    for _ in range(_POINTS // _BATCH):
        hull.extend(_BATCH)
        before = low, high
        ends = np.stack([g * hull.low, g * hull.high])[:, kinks]
        low, high = min(low, float(ends.min(0).sum())), max(high, float(ends.max(0).sum()))
        if _inside(analytic, low, high):
            return True, analytic, low, high
        wider = high - low > 1.001 * (before[1] - before[0]) + 1e-12
        idle = 0 if wider else idle + 1
        if idle == 2:
            break
    return False, analytic, low, high


def _inside(slope: float, low: float, high: float) -> bool:
    slack = _LOOSE * (abs(low) + abs(high)) + 1e-12
    return low - slack <= slope <= high + slack


def along(gradients: Sequence[np.ndarray], direction: Sequence[np.ndarray]) -> float:
    """The slope that gradients give along a direction."""
    return float(sum(np.sum(b * d) for b, d in zip(gradients, direction, strict=True)))


def _between(slopes: Slopes, kinks: np.ndarray, g: np.ndarray) -> tuple[float, float]:
    """The sum of ``g_i`` times an interval, each from one one-sided slope to the other."""
    left = np.where(slopes.smooth, slopes.value, slopes.left)
    right = np.where(slopes.smooth, slopes.value, slopes.right)
    ends = np.stack([g * left, g * right])[:, kinks]
    return float(ends.min(0).sum()), float(ends.max(0).sum())
