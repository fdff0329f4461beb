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
from .directions import Slopes, round_off, slopes_along
from .lines import lengths, moved
from .subject import Subject

# Nearby points are this far away, in units of the elements' sizes: so near that a smooth function
# has one slope there, even if it varies over a millionth of these. Slopes are taken over a 32nd.
_NEAR = 2.0**-28
_CLOSE = 2.0**-4
# Shares of the other elements that are put below: as for a maximum, a minimum, a quantile.
_BELOW = (1.0, 0.0, 0.5, 0.25, 0.75)
# Slopes of a smooth function differ by less, those on the sides of a kink by more.
_SPREAD = 1e-4
_POINTS, _BATCH, _IDLE = 100, 4, 3  # at most so many, in batches, until three widen nothing
_LOOSE = 1e-6


class Hull:
    """The range of the slopes of each output along `direction`, at random nearby points.

    At every other point the elements in `chosen`, those that the formula gives a gradient, stay
    close together, with some of the others below and the rest above: of many tied elements, a
    maximum or a median reads there those that the formula says it does, if it can read them.
    """

    def __init__(
        self,
        subject: Subject,
        rng: np.random.Generator,
        xs: Sequence[np.ndarray],
        direction: Sequence[np.ndarray],
        chosen: Sequence[np.ndarray] | None = None,
    ) -> None:
        self.subject, self.rng, self.xs = subject, rng, list(xs)
        self.direction = list(direction)
        self.chosen = chosen
        self.points = 0
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

    def _around(self, aside: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        below = self.rng.random(aside.shape) < _BELOW[self.points // 2 % len(_BELOW)]
        return np.where(chosen, aside * _CLOSE, np.where(below, -np.abs(aside), np.abs(aside)))

    def _slope(self) -> np.ndarray:
        places = self.subject.differentiable
        aside = [
            self.rng.uniform(0.5, 1.5, self.xs[k].shape)
            * self.rng.choice([-1.0, 1.0], self.xs[k].shape)
            * lengths(self.xs[k])
            for k in places
        ]
        self.points += 1
        if self.chosen is not None and self.points % 2:
            aside = [self._around(a, c) for a, c in zip(aside, self.chosen, strict=True)]
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
    calls: float = np.inf,
) -> np.ndarray:
    """Outputs whose slope depends on where nearby one looks, however near.

    A median of tied elements is smooth along *every* line, and still has no gradient there.
    """
    hull = Hull(subject, rng, xs, direction)
    hull.extend(3)
    if calls >= 12 and _differ(hull, y).any():
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
        How many forward calls the search may take.

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
    places, limit = subject.differentiable, subject.forwards + calls
    slopes = slopes_along(subject.forward, xs, places, direction, y, calls=calls)
    if calls < np.inf and np.any(kinks & ~slopes.kink & ~slopes.smooth):
        return None
    low, high = _between(slopes, kinks, g)
    if _inside(analytic, low, high):
        return True, analytic, low, high
    hull = Hull(subject, rng, xs, direction, chosen=[b != 0 for b in gradients])
    idle = 0
    for _ in range(_POINTS // _BATCH):
        if subject.forwards + 2 * _BATCH > limit:
            # With few calls only what is outside by more than half of the range is surely wrong.
            beyond = max(analytic - high, low - analytic) > (high - low) / 2 > 0
            return (False, analytic, low, high) if beyond and hull.points else None
        hull.extend(_BATCH)
        before = low, high
        ends = np.stack([g * hull.low, g * hull.high])[:, kinks]
        low, high = min(low, float(ends.min(0).sum())), max(high, float(ends.max(0).sum()))
        if _inside(analytic, low, high):
            return True, analytic, low, high
        wider = high - low > 1.001 * (before[1] - before[0]) + 1e-12
        idle = 0 if wider else idle + 1
        if idle == _IDLE:
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
