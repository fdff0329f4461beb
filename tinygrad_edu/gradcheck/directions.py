"""Stage 1: the slope of every output along one line, with a bound on its error.

Seven equally spaced values give a centred difference of sixth order, the one of fourth order
beside it says how well the step was chosen, and the sixth difference says how smooth the function
is there. So no step and no tolerance has to be guessed: an output that is not smooth at one step
is looked at with a finer one, until it is smooth, or turns out to have a kink, a jump, an edge of
its domain, or noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .differences import ORDER4, ORDER6
from .lines import Arrays, moved, rms

EPS = float(np.finfo(np.float64).eps)

# eps**(1/7) = 2**-7.4 is the best step of a sixth-order difference for a function that varies over
# a length of 1; 2**-12 also suits one that varies over a length of 1/25, and costs a factor 25 in
# an error bound of 1e-14.
STEP = 2.0**-12
# But no element moves by more than this: sin(x) varies over 1 also where x is a million.
_LONGEST = 0.25
# Parts of the first step. No power of two: steps that are multiples of each other would let a
# periodic function look smooth, with the same wrong slope, at all of them.
_FINER = 0.0171 ** np.array([1, 2, 3, 4])
# With noise far above round-off (a forward pass in float32) a long step divides it by more.
_NOISY = 2.0**-6
# The longest step, when a function of tiny inputs seems constant over shorter ones.
_FAR = 2.0**-4
# Steps that stay inside a domain are short ones; the coarser of the two is tried last.
_INSIDE = _FINER[[3, 1]]

_OFFSETS = np.arange(-3, 4)
_SIXTH = np.array([1, -6, 15, -20, 15, -6, 1.0])  # sixth difference
_FIFTH = np.array([[-1, 5, -10, 10, -5, 1, 0], [0, -1, 5, -10, 10, -5, 1.0]])
_RIGHT = np.array([-11, 18, -9, 2]) / 6  # third-order one-sided slope from 4 values
_THIRD = np.array([-1, 3, -3, 1.0])
# A smooth function's sixth difference at the right step is step**5 of its range (1e-15); that of
# a kink is the range itself. 1e-9 lies between them, well away from both.
_ROUGH = 1e-9
# The same for the third difference of each side of a kink: step**2 = 1e-6 of the range.
_SIDE = 2.0**-16
# Noise above this part of the values would be a random function, not an imprecise one.
_NOISE = 2e-5


@dataclass
class Slopes:
    """Slopes of all outputs (flat) along one line.

    Attributes
    ----------
    value, bound : numpy.ndarray
        Slope and bound of its error, where `smooth`.
    smooth, kink, jump, steep, outside : numpy.ndarray of bool
        What each output does there; exactly one of them holds. `steep` is a vertical slope,
        `outside` a value or a neighbour that is not finite.
    left, right : numpy.ndarray
        One-sided slopes, where `kink`.
    noise : float
        Noise in the outputs, relative to them; 0 if it is round-off.
    """

    value: np.ndarray
    bound: np.ndarray
    smooth: np.ndarray
    kink: np.ndarray
    jump: np.ndarray
    steep: np.ndarray
    outside: np.ndarray
    left: np.ndarray
    right: np.ndarray
    noise: float = 0.0


def slopes_along(
    f: Callable[[Arrays], np.ndarray],
    xs: Arrays,
    places: Sequence[int],
    direction: Arrays,
    y: np.ndarray,
    calls: float = np.inf,
    again: bool = False,
) -> Slopes:
    """Slopes of ``f(xs)`` along ``direction``, a list of arrays for the inputs at `places`.

    Parameters
    ----------
    f : callable
        Takes the list of inputs, returns an array; called 6 times, and 6 times more for each
        finer step that is needed.
    y : numpy.ndarray
        ``f(xs)``.
    calls : float
        How often `f` may be called; what is not clear by then counts as a jump.
    again : bool
        A second opinion: with other steps, and, where elements are large, believing nothing before
        two of them agree on it.
    """
    line = _Line(f, xs, places, direction, y, calls)
    furthest = max(float(np.abs(d).max(initial=0.0)) for d in direction)
    step = min(STEP, _LONGEST / furthest if furthest else 1.0) * (0.5 if again else 1.0)
    line.doubted |= again and furthest * STEP > _LONGEST
    line.look(step)
    only_outside = not np.any(line.open & ~line.outside_at_last)
    for part in _INSIDE if only_outside else _FINER:
        if line.open.any() and line.affordable():
            line.look(step * part)
    return line.finish()


def far_slopes(
    f: Callable[[Arrays], np.ndarray],
    xs: Arrays,
    places: Sequence[int],
    direction: Arrays,
    y: np.ndarray,
) -> Slopes:
    """The same over one long step (6 calls), which rounding inside of `f` disturbs least."""
    line = _Line(f, xs, places, direction, y, 6)
    found = line.found
    found.value, found.bound = _slopes(line.values(_FAR), _FAR)
    found.smooth = line.open & np.isfinite(found.bound)
    return found


class _Line:
    """The search for a step at which each output is smooth, or seen not to be."""

    def __init__(
        self,
        f: Callable[[Arrays], np.ndarray],
        xs: Arrays,
        places: Sequence[int],
        direction: Arrays,
        y: np.ndarray,
        calls: float,
    ) -> None:
        self.calls = calls
        self.f, self.xs, self.places, self.direction, self.y = f, xs, places, direction, y.ravel()
        m = self.y.size
        self.open = np.isfinite(self.y)
        self.outside_at_last = np.zeros(m, bool)
        none = np.zeros(m, bool)
        self.rough = np.zeros(m)  # of the step before
        self.steady = np.zeros(m, int)  # steps over which it stayed what it was
        self.gap = np.full(m, np.nan)
        self.doubted = np.zeros(m, bool)  # rough at some step
        self.said: Any = None  # slopes and bounds of the step before, where smooth
        self.best: Any = (np.zeros(m), np.full(m, np.inf))  # slopes and bounds
        self.first_span = np.zeros(m)
        self.steps = 0
        self.found = Slopes(
            np.zeros(m), np.zeros(m), none.copy(), none.copy(), none.copy(), none.copy(),
            ~self.open, np.zeros(m), np.zeros(m),
        )  # fmt: skip

    def affordable(self) -> bool:
        """Whether another look is."""
        return self.calls >= 6

    def values(self, step: float) -> np.ndarray:
        """The outputs at the seven points, (7, m)."""
        self.calls -= 6
        rows = []
        for i in _OFFSETS:
            try:
                xs = moved(self.xs, self.places, self.direction, i * step)
                rows.append(self.y if i == 0 else self.f(xs).ravel())
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                rows.append(np.full(self.y.size, np.nan))  # outside of its domain
            if rows[-1].size != self.y.size:
                rows[-1] = np.full(self.y.size, np.nan)  # the result's shape depends on values
        return np.stack(rows)

    def look(self, step: float) -> None:
        """Try one step; close the outputs about which it is conclusive."""
        values = self.values(step)
        found, waiting = self.found, self.open.copy()
        finite = np.isfinite(values).all(0)
        self.outside_at_last = waiting & ~finite
        waiting &= finite
        with np.errstate(all="ignore"):
            slopes = _slopes(values, step)
            noise = round_off(values) + _moved_by_rounding(slopes[0])
            span = np.ptp(values, 0)
            # Both: the even difference is blind to an odd function around its centre.
            rough = np.maximum(np.abs(_SIXTH @ values), np.abs(_FIFTH @ values).max(0))
            # An output that is small by cancellation carries rounding of numbers of size 1.
            small = rough <= 30 * (_NOISE * np.abs(values).max(0) + 4 * EPS)
            single = waiting & small & _in_single_precision(values, span)
            smooth = waiting & ~single & (rough <= 32 * noise + _ROUGH * span)
            # Values on a grid (1 + x*x - 1 for a tiny x) are smooth between its lines, where the
            # slope is 0; at the longer step before, it was not.
            off = np.abs(slopes[0] - self.best[0]) > 4 * (slopes[1] + self.best[1])
            grid = smooth & off & (np.abs(slopes[0]) < 0.5 * np.abs(self.best[0]))
            bent = waiting & ~smooth & ~single
            smooth = self._confirmed(smooth & ~grid, slopes)
            self._accept(smooth, slopes)
            if not grid.any():
                self._remember(slopes)
            sided = self._two_sides(values, step, bent, noise, span)
            waiting &= ~smooth & ~sided & ~single
            jump = waiting & self._jumps(values, span)
            same = (rough > self.rough / 4) & (rough < self.rough * 4)
            self.steady = np.where(same, self.steady + 1, 0)
            noisy = waiting & ~jump & small & (self.steady > 1) | single | grid
        if noisy.any():
            self._accept_noisy(noisy & ~found.jump, values)
        self.open &= ~(found.smooth | found.kink | found.jump)
        if self.steps == len(_FINER):
            # A cusp: values close up as the step does, but slopes do not.
            found.steep |= self.open & finite & (span < self.first_span / 64)
            self.open &= ~found.steep
        self.doubted |= waiting
        self.rough, self.steps = rough, self.steps + 1
        if self.steps == 1:
            self.first_span = span

    def _confirmed(self, smooth: np.ndarray, slopes: tuple) -> np.ndarray:
        """What was rough before must be smooth at two steps, with the same slope.

        A periodic function looks smooth at a step that happens to be a multiple of its period.
        """
        before, self.said = self.said, (*slopes, smooth)
        if self.steps == len(_FINER) or not self.doubted.any():
            return smooth
        again = np.zeros(smooth.size, bool)
        if before is not None:
            again = before[2] & (np.abs(slopes[0] - before[0]) <= 4 * (slopes[1] + before[1]))
            sharper = again & (before[1] < slopes[1])
            for new, old in zip(slopes, before, strict=False):
                np.copyto(new, old, where=sharper)
        return np.asarray(smooth & (again | ~self.doubted))

    def _accept(self, which: np.ndarray, slopes: tuple[np.ndarray, np.ndarray]) -> None:
        """Close the outputs in `which` with these slopes and bounds."""
        self.found.value[which], self.found.bound[which] = slopes[0][which], slopes[1][which]
        self.found.smooth |= which

    def _accept_noisy(self, which: np.ndarray, values: np.ndarray) -> None:
        """Close outputs with noise at whichever step has the best bound; try a long one as well."""
        if self.affordable():
            self._remember(_slopes(self.values(_NOISY), _NOISY))
        self._accept(which, self.best)
        with np.errstate(all="ignore"):
            part = np.abs(_SIXTH @ values) / 30 / np.abs(values).max(0)
        self.found.noise = max(self.found.noise, float(part[which].max(initial=0.0)))

    def _remember(self, slopes: tuple[np.ndarray, np.ndarray]) -> None:
        better = slopes[1] < self.best[1]  # a NaN is not
        self.best = tuple(np.where(better, n, o) for n, o in zip(slopes, self.best, strict=True))

    def _two_sides(
        self, values: np.ndarray, step: float, which: np.ndarray, noise: np.ndarray, span: Any
    ) -> np.ndarray:
        """Close outputs that are smooth on both sides of the middle; where they were.

        With two slopes it is a kink; with one, only the curvature jumps there.
        """
        sides = values[3:], values[3::-1]
        bent = np.maximum(*(np.abs(_THIRD @ side) for side in sides))
        right, left = _RIGHT @ sides[0] / step, -(_RIGHT @ sides[1]) / step
        bend = np.abs(right - left) * step
        sided = which & (bent <= 8 * noise + _SIDE * span)
        kink = sided & (bend > 8 * bent + 32 * noise)
        self.found.kink |= kink
        self.found.left[kink], self.found.right[kink] = left[kink], right[kink]
        joined = sided & ~kink
        self._accept(joined, ((left + right) / 2, (bend + bent + 4 * noise) / step))
        return sided

    def _jumps(self, values: np.ndarray, span: np.ndarray) -> np.ndarray:
        """Outputs straight on both sides that do not meet in the middle.

        A jump is one that is the same at two steps.
        """
        right, left = values[4:], values[2::-1]
        bent = np.maximum(*(np.abs(s[2] - 2 * s[1] + s[0]) for s in (right, left)))
        ends = 2 * right[0] - right[1], 2 * left[0] - left[1]
        gap = ends[0] - ends[1]
        alone = np.maximum(*(np.abs(values[3] - end) for end in ends))
        gap = np.where(np.abs(gap) >= alone, gap, alone)  # one point by itself is a jump as well
        jump = (bent <= 0.05 * np.abs(gap)) & (np.abs(gap) > 0.1 * span)
        same = np.abs(gap - self.gap) <= 1e-3 * np.abs(gap)
        self.found.jump |= self.open & jump & same & ~self.found.smooth & ~self.found.kink
        self.gap = np.where(jump, gap, np.nan)
        return np.asarray(jump)

    def finish(self) -> Slopes:
        """What no step made sense of is outside of its domain, or a jump."""
        found = self.found
        found.outside |= self.open & self.outside_at_last
        found.jump |= self.open & ~self.outside_at_last
        found.kink &= ~found.outside
        return found


def _slopes(values: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Slopes of sixth order from values at seven points, and bounds of their errors."""
    with np.errstate(all="ignore"):
        value = ORDER6 @ values / step
        noise = round_off(values) + _moved_by_rounding(value)
        # Where the curvature jumps (ELU, Huber at their joints), the error of the odd stencil is
        # a third of the fifth difference, and the sixth may be blind to it.
        fifth = np.abs(_FIFTH @ values).max(0)
        rough = np.maximum(np.abs(_SIXTH @ values) / 15, fifth / np.where(fifth > 8 * noise, 2, 5))
        bound = (
            0.1 * np.abs(value - ORDER4 @ values / step)
            + (noise + rough) / step
            + EPS * np.abs(values[4] - 2 * values[3] + values[2]) / step**2
        )
        return value, bound


def _moved_by_rounding(slope: np.ndarray) -> np.ndarray:
    """How much outputs change because ``x + step * direction`` is rounded to the digits of x."""
    return EPS * (np.abs(slope) + rms(slope))


def _in_single_precision(values: np.ndarray, span: np.ndarray) -> np.ndarray:
    """Outputs that are exactly float32 numbers at all probes: computed in single precision.

    A double has 29 bits more, which come from the random direction. (At fine steps such values
    stand on a regular grid, which looks smooth with a slope that is wrong.)
    """
    with np.errstate(all="ignore"):
        probes = np.delete(values, 3, 0)
        return (probes == probes.astype(np.float32)).all(0) & (span > 0)


def round_off(values: np.ndarray) -> np.ndarray:
    """What rounding may do to values of this size: a few units in the last place.

    An output that is small by cancellation carries the rounding of its neighbours' size.
    """
    largest = np.abs(values).max(0)
    return np.asarray(4 * EPS * (largest + 0.1 * rms(largest)))
