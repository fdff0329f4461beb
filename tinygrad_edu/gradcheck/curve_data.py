"""The error of one kind of difference against the step: its best step and its two slopes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

# How fast the truncation error falls with the step: the error is of order h**p.
ORDERS = {"forward": 1, "central": 2, "fourth": 4, "sixth": 6, "complex": 2}


class Row(NamedTuple):
    """One measurement."""

    method: str
    dtype: str
    step: float
    error: float


@dataclass(frozen=True)
class Curve:
    """The relative errors of one method in one dtype.

    Attributes
    ----------
    method, dtype : str
    steps, errors : numpy.ndarray
        Steps from small to large. A step whose probe left the function's domain has no entry.
    scale : float
        The size of the inputs: the best step of theory is in proportion to it.
    """

    method: str
    dtype: str
    steps: np.ndarray
    errors: np.ndarray
    scale: float = 1.0

    @property
    def eps(self) -> float:
        """The spacing of the dtype's numbers at 1."""
        return float(np.finfo(self.dtype).eps)

    @property
    def theory(self) -> float | None:
        """The step of least error, up to a constant; None if smaller is always better.

        The error is about ``h**p + eps / h``: truncation and round-off. It is least at
        ``eps**(1 / (p + 1))``. A complex step subtracts nothing, so that there is no round-off.
        """
        if self.method == "complex":
            return None
        return float(self.scale * self.eps ** (1 / (ORDERS[self.method] + 1)))

    @cached_property
    def _lowest(self) -> int | None:
        finite = np.isfinite(self.errors)
        return int(np.argmin(np.where(finite, self.errors, np.inf))) if finite.any() else None

    @property
    def best_step(self) -> float:
        """The step of the least error that was measured; NaN if there is none."""
        return math.nan if self._lowest is None else float(self.steps[self._lowest])

    @property
    def best_error(self) -> float:
        """The least error that was measured; NaN if there is none."""
        return math.nan if self._lowest is None else float(self.errors[self._lowest])

    @cached_property
    def slope(self) -> float | None:
        """The slope of truncation: the curve right of its minimum, in powers of the step.

        About the order of the method; None where there is no straight part, as for a polynomial
        that the stencil differentiates exactly.
        """
        return self._fit(right=True)

    @cached_property
    def round_off(self) -> float | None:
        """The slope of round-off: the curve left of its minimum; about -1. None as above."""
        return self._fit(right=False)

    def _fit(self, right: bool) -> float | None:
        """A straight line through one branch, drawn in logarithms.

        A branch is straight where one of the two errors outweighs the other, so it begins well
        above the minimum. Truncation ends where higher powers of the step show, round-off where
        the step vanishes beside the inputs.
        """
        if self._lowest is None:
            return None
        side = slice(self._lowest, None) if right else slice(self._lowest, None, -1)
        h, e = self.steps[side], self.errors[side]
        # A complex step rounds nothing and may measure 0: begin at what the dtype can show.
        low = max(self.best_error, self.eps)
        for start, end in ((10 * low, 0.01), (5 * low, 0.1)):  # float32 leaves less room
            beyond = np.flatnonzero(~(e < end))  # NaN and inf end it as well
            last = beyond[0] if beyond.size else e.size
            inside = (np.arange(e.size) < last) & (e > start)
            if inside.sum() >= 4:
                return float(np.polyfit(np.log(h[inside]), np.log(e[inside]), 1)[0])
        return None

    def at(self, step: float) -> float:
        """The error at the measured step next to `step`."""
        return float(self.errors[np.argmin(abs(np.log(self.steps / step)))])

    def to_dict(self) -> dict:
        """The numbers as JSON takes them; None stands for what is not finite."""
        return {
            "method": self.method,
            "dtype": self.dtype,
            "order": ORDERS[self.method],
            "best_step": plain(self.best_step),
            "best_error": plain(self.best_error),
            "theory_step": plain(self.theory),
            "slope": plain(self.slope),
            "round_off": plain(self.round_off),
        }


def plain(number: float | None) -> float | None:
    """`number` if JSON can hold it, else None."""
    return float(number) if number is not None and math.isfinite(number) else None
