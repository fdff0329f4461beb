"""Stages 1 and 2 at one point: do the gradients agree with the slopes, within the error bound?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from .contract import Gradients, check_dtype, gradients_at, last_digits
from .directions import EPS, STEP, Slopes, far_slopes, slopes_along
from .exploration import Point
from .kinks import along, is_subgradient, kinked_nearby
from .lines import grouped_direction, joint_direction
from .report import Directional
from .subject import Broken, Subject, count, same

_SAFETY = 4.0  # times the bound, which is an estimate: measured errors stay below 1.5 times it
# Rounding in the formula itself. It is random, so it adds up like the root of the squares.
_ROUNDING, _SYSTEMATIC = 1e-9, 1e-11
# What rounding may do to a slope at most, relative to the terms that are added up; it is seen with
# 2 backward calls, of at most 12.
_CANCELLED, _BACKWARD = 1e-3, 12
# A slope with fewer digits than this says nothing about a formula.
_FEW = 0.02


@dataclass
class Outcome:
    """What was found at one point.

    Attributes
    ----------
    fault : str
        "" if the gradients agree, "value" if not, "kink" if they are no sub-gradient, or the class
        of a broken contract.
    sentence : str
        What is wrong.
    directional : Directional, optional
        Both slopes along the line.
    kinks, jumps, verified : int
        Outputs at a kink whose sub-gradient was verified; at a jump; and compared exactly.
    notes : list of str
        Worth knowing.
    """

    fault: str = ""
    sentence: str = ""
    directional: Directional | None = None
    kinks: int = 0
    jumps: int = 0
    verified: int = 0
    notes: tuple[str, ...] = ()


class Comparison:
    """Gradients against slopes at a point.

    Parameters
    ----------
    g, gradients : numpy.ndarray, list
        The upstream gradient, and the gradients for it if they are known already.
    kinks : bool
        Whether to verify sub-gradients (6 forward calls and 1 backward call, if there are kinks).
    calls : float
        How many forward calls it may take.
    """

    def __init__(
        self,
        subject: Subject,
        rng: np.random.Generator,
        point: Point,
        y: np.ndarray,
        g: np.ndarray,
        gradients: Gradients | None = None,
        kinks: bool = True,
        calls: float = np.inf,
    ) -> None:
        self.subject, self.rng, self.point, self.y, self.g = subject, rng, point, y, g
        self.gradients, self.test_kinks = gradients, kinks
        self.limit = subject.forwards + calls
        self.xs, self.places = point.xs, subject.differentiable
        self.still: list[np.ndarray] | None = None  # where the slope is rightly infinite

    def run(self) -> Outcome:
        """Compare; what the point's jumps and kinks leave."""
        with np.errstate(all="ignore"):  # an overflow shows in the verdict
            return self._run()

    def _run(self) -> Outcome:
        known = self.gradients
        if known is not None and (wrong := self._infinite(known)):
            return wrong
        direction = self.direct(known or [np.zeros(self.xs[k].shape) for k in self.places])
        slopes = slopes_along(
            self.subject.forward, self.xs, self.places, direction, self.y,
            calls=self._left(),
        )  # fmt: skip
        given = self.gradients is not None
        if given and slopes.jump.any() and not same(self.subject.forward(self.xs), self.y):
            return Outcome(
                "nondeterministic", "the forward function gives another result at each call"
            )
        outcome = self._exactly(slopes, direction, known)
        affordable = self.test_kinks and self.subject.forwards + 6 <= self.limit
        if not outcome.fault and slopes.kink.any() and affordable:
            self._subgradient(outcome, slopes.kink)
        return outcome

    def direct(self, gradients: Gradients, aligned: float = 0.5) -> list[np.ndarray]:
        """A direction for these gradients; equal values move together where they tie."""
        make: Callable = grouped_direction if self.point.grouped else joint_direction
        direction = make(self.rng, self.xs, self.places, gradients, aligned)
        if self.still is not None:
            direction = [np.where(s, 0.0, d) for s, d in zip(self.still, direction, strict=True)]
        return list(direction)

    def _exactly(self, slopes: Slopes, direction: list, known: Gradients | None) -> Outcome:
        """The outputs that are smooth along the line, compared within the error bound."""
        smooth = slopes.smooth.copy()
        gradients = known if known is not None and smooth.all() else self._masked(smooth)
        if known is None and (wrong := self._infinite(gradients)):
            return wrong
        if self.still is not None and known is None:
            return Outcome(notes=("skipped: the slope is infinite there",))
        found, agree = self.compare(slopes, smooth, gradients, direction)
        if not agree and self.point.name == "constant" and not self.point.grouped:
            # All elements tie and move apart: a median is smooth along the line, yet kinked. Its
            # value was compared at other ties; here only kinks and infinities are looked for.
            return Outcome(notes=("skipped: not smooth there",))
        if not agree and self._rounded_away(found):
            found, agree, smooth = self._far(found, smooth, gradients, direction)
        if not agree:
            found, agree, smooth = self._second_opinion(slopes, smooth, gradients)
        outcome = Outcome("" if agree else "value", directional=found, verified=int(smooth.sum()))
        outcome.jumps = int(slopes.jump.sum())
        outcome.notes = tuple(self._notes(slopes))
        return outcome

    def _second_opinion(
        self, slopes: Slopes, smooth: np.ndarray, gradients: Gradients
    ) -> tuple[Directional, bool, np.ndarray]:
        """A mismatch must survive another line and other steps, and be neither kink nor noise.

        Two kinks between two samples may cancel, but not along two lines. Adds to ``slopes.kink``
        what turns out to be one.
        """
        if self._left() < 6:  # no second opinion, no verdict
            none = np.zeros(smooth.size, bool)
            return Directional(0.0, 0.0), True, none
        direction = self.direct(gradients)
        other = self._slopes_again(direction, self._left() - 6)
        other.smooth &= smooth
        if not other.smooth.all():
            gradients = self._masked(other.smooth)
        found, agree = self.compare(other, other.smooth, gradients, direction)
        slopes.kink |= other.kink & smooth
        smooth = other.smooth
        bent = np.zeros(smooth.size, bool)
        if not agree and self._left() >= 6:
            bent = smooth & kinked_nearby(
                self.subject, self.rng, self.xs, direction, self.y, self._left()
            )
        if bent.any():
            smooth = smooth & ~bent
            slopes.kink |= bent
            gradients = self._masked(smooth)
            found, agree = self.compare(other, smooth, gradients, direction)
        furthest = max(float(np.abs(d).max(initial=0.0)) for d in direction)
        tiny = 1e-9 * furthest * float(np.abs(self.g).sum())
        if not agree and abs(found.analytic - found.numeric) < tiny:
            agree = self._is_noise(found, other, smooth, direction)
        if not agree and smooth.any() and self._loses_digits(found, smooth, direction):
            return found, True, smooth
        return found, agree, smooth

    def _loses_digits(self, found: Directional, smooth: np.ndarray, direction: list) -> bool:
        """Whether the mismatch is rounding in the formula, which the last digits of x change.

        (g - y) of a saturated softmax is a difference of equal numbers; a weight of 1e6 that
        multiplies it makes its rounding large.
        """
        gap, sides = abs(found.analytic - found.numeric), []
        trials = int(min(2, self._left(), _BACKWARD - self.subject.backwards))
        if self.point.grouped or trials < 1:
            return False
        for _ in range(trials):
            xs = list(self.xs)
            for k in self.places:
                xs[k] = last_digits(self.rng, xs[k])
            y, g = self.subject.forward(xs), np.where(smooth.reshape(self.y.shape), self.g, 0.0)
            if y.shape != self.y.shape:
                return False
            gradients = gradients_at(self.subject, g, y, xs)
            sides.append(along(gradients, direction))
            terms = sum(
                float(np.abs(b * d).sum()) for b, d in zip(gradients, direction, strict=True)
            )
            if not gap < _CANCELLED * terms:
                return False  # larger than what rounding may do
        return min(abs(a - found.analytic) for a in sides) > 0.1 * gap

    def _left(self) -> float:
        """Forward calls that may still be made."""
        return self.limit - self.subject.forwards

    def _slopes_again(self, direction: list, calls: float = np.inf) -> Slopes:
        return slopes_along(
            self.subject.forward, self.xs, self.places, direction, self.y, calls, again=True
        )

    def _rounded_away(self, found: Directional) -> bool:
        """Would the missing slope be lost if the function adds it to a number of size 1?

        log(1 + x) of a tiny x is constant over a short step: 1 + x is.
        """
        gap = abs(found.analytic - found.numeric) / max(float(np.abs(self.g).max(initial=0.0)), 1.0)
        return gap * STEP < 16 * EPS and self._left() >= 6

    def _far(
        self, found: Directional, smooth: np.ndarray, gradients: Gradients, direction: list
    ) -> tuple[Directional, bool, np.ndarray]:
        """The comparison over a long step; nothing to compare if all digits are lost there too."""
        far = far_slopes(self.subject.forward, self.xs, self.places, direction, self.y)
        there, agree = self.compare(far, smooth & far.smooth, gradients, direction)
        if not agree:
            return found, False, smooth
        close = there.bound < _FEW * abs(there.analytic)
        return there, True, smooth & far.smooth & close

    def _is_noise(
        self, found: Directional, slopes: Slopes, smooth: np.ndarray, direction: list
    ) -> bool:
        """Whether the mismatch is rounding that its bound, an estimate, missed by luck.

        A slope does not change if the steps are stretched a little; one that is rounding
        (x - tanh(x) at 0) is another then.
        """
        stretch = 1 + 1e-6
        stretched = self._slopes_again([d * stretch for d in direction], self._left())
        both = smooth & stretched.smooth
        change = (self.g.ravel() * (stretched.value / stretch - slopes.value))[both].sum()
        return bool(abs(change) > 0.1 * abs(found.analytic - found.numeric))

    def _masked(self, keep: np.ndarray) -> Gradients:
        """Gradients for the upstream gradient on the outputs to `keep` alone."""
        g = np.where(keep.reshape(self.y.shape), self.g, 0.0)
        gradients = gradients_at(self.subject, g, self.y, self.xs)
        for k, b in zip(self.places, gradients, strict=True):
            check_dtype(self.subject.names[k], b)
        return [np.array(b, np.float64) for b in gradients]

    def compare(
        self, slopes: Slopes, smooth: np.ndarray, gradients: Gradients, direction: Sequence
    ) -> tuple[Directional, bool]:
        """Both slopes along the line, and whether they agree."""
        g = self.g.ravel()[smooth]
        numeric = float(np.sum(g * slopes.value[smooth]))
        bound = float(np.sum(np.abs(g) * slopes.bound[smooth]))
        if self.still is not None:
            gradients = [np.where(s, 0.0, b) for s, b in zip(self.still, gradients, strict=True)]
        analytic = along(gradients, direction)
        terms = np.concatenate(
            [np.ravel(b * d) for b, d in zip(gradients, direction, strict=True)] or [np.empty(0)]
        )
        rounding = _ROUNDING * float(np.sqrt(np.sum(terms**2))) + _SYSTEMATIC * float(
            np.sum(np.abs(terms))
        )
        agree = abs(analytic - numeric) <= _SAFETY * bound + rounding
        return Directional(analytic, numeric, bound), bool(agree)

    def _subgradient(self, outcome: Outcome, kinks: np.ndarray) -> None:
        found = is_subgradient(
            self.subject, self.rng, self.xs, self.y, kinks, self.direct, self.point.grouped,
            calls=self._left(),
        )  # fmt: skip
        if found is None:
            outcome.notes += (f"{count(int(kinks.sum()), 'kink')}: not enough calls to verify",)
            return
        ok, analytic, low, high = found
        if not ok:
            outcome.fault = "kink"
            outcome.sentence = (
                f"at {count(int(kinks.sum()), 'kink')} the formula gives a slope of "
                f"{analytic:.6g}; every sub-gradient lies between {low:.6g} and {high:.6g}"
            )
            outcome.directional = Directional(analytic, low if analytic < low else high, 0.0)
            return
        outcome.kinks = int(kinks.sum())
        outcome.notes += (
            f"{count(outcome.kinks, 'kink')}: analytic slope {analytic:.6g} lies between the "
            f"one-sided slopes {low:.6g} and {high:.6g}",
        )

    def _notes(self, slopes: Slopes) -> list[str]:
        notes = []
        if slopes.noise:
            notes.append(
                f"the outputs carry noise of {slopes.noise:.0e} relative to them (single "
                "precision inside?); the slopes are that much less exact"
            )
        if slopes.steep.any():
            notes.append(
                f"{count(int(slopes.steep.sum()), 'output')} with a vertical slope left out"
            )
        if slopes.outside.any():
            n = count(int(slopes.outside.sum()), "output")
            notes.append(f"{n} at the edge of the domain left out")
        return notes

    def _infinite(self, gradients: Gradients) -> Outcome | None:
        """A gradient that is not finite must belong to a slope that is not."""
        for k, b in zip(self.places, gradients, strict=True):
            for index in np.argwhere(~np.isfinite(b))[: 3 if self.gradients is not None else 1]:
                if not self._slope_is_infinite(k, tuple(index)):
                    name, place = self.subject.names[k], ", ".join(map(str, index))
                    return Outcome(
                        "nonfinite",
                        f"the gradient for {name} is {b[tuple(index)]} at ({place}), "
                        "where the slopes on both sides are finite",
                    )
        if any(not np.isfinite(b).all() for b in gradients):
            self.still = [~np.isfinite(b) for b in gradients]
        return None

    def _slope_is_infinite(self, k: int, index: tuple) -> bool:
        """Whether the function leaves its domain there, gets ever steeper, or jumps."""
        if not np.isfinite(self.y).all() or self.subject.forwards + 6 > self.limit:
            return True
        return any(self._steep_on(k, index, side) for side in (1.0, -1.0))

    def _steep_on(self, k: int, index: tuple, side: float) -> bool:
        steps = max(1.0, abs(float(self.xs[k][index]))) * 2.0 ** np.array([-20, -30, -40])
        rows = []
        for h in steps:
            xs = [x.copy() for x in self.xs]
            xs[k][index] += side * h
            try:
                rows.append(np.abs(self.subject.forward(xs) - self.y).ravel() / h)
            except (ArithmeticError, ValueError, np.linalg.LinAlgError):
                return True
        slopes = np.stack(rows)
        if not np.isfinite(slopes).all():
            return True
        return bool(np.any((slopes[1] > 1.2 * slopes[0]) & (slopes[2] > 1.2 * slopes[1])))


def broken(error: Broken) -> Outcome:
    """The outcome when a function broke its contract."""
    return Outcome(error.cls or "raised", error.sentence)
