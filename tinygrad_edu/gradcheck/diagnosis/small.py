"""Rules for a gradient that is right to six digits or more, and wrong in the others."""

from __future__ import annotations

import numpy as np

from .evidence import pulled_back
from .study import Finding, Study, View

# Half a unit in the last place of single precision is 6e-8; sums of such errors stay below this.
_SINGLE = 1e-6


def small(s: Study) -> list[Finding]:
    """A constant with too few digits, or single precision on the way."""
    v = s.given
    if v is None or not np.all(v.right):
        return []
    return _entries(v) or _upstream(s, v)


def _entries(v: View) -> list[Finding]:
    """What the Jacobians show: one factor, or errors of either sign."""
    big = v.has & v.needs & (abs(v.numeric) > 1e-3 * abs(v.numeric).max(initial=0.0))
    if not big.any():
        return []
    off = v.analytic[big] / v.numeric[big] - 1
    sure = abs(off) > 4 * np.broadcast_to(v.bound, v.numeric.shape)[big] / abs(v.numeric[big])
    if not sure.any():
        return []
    c = float(np.median(off[sure]))
    if off[sure].size > 1 and np.ptp(off[sure]) > 0.2 * abs(c):
        return [_single(float(abs(off[sure]).max()))]
    text = f"analytic = (1 {'+' if c > 0 else '-'} {abs(c):.1e}) x numeric"
    return [Finding("factor", f"{text}: a constant with too few digits", 0.6)]


def _upstream(s: Study, v: View) -> list[Finding]:
    """One-hot g are exact in any precision: then the error shows for a random g alone."""
    g = s.e.g
    if g is None:
        return []
    given = pulled_back(s.e.vjp, g, v.y, v.xs, v.k)
    exact = (g.reshape(-1) @ v.analytic).reshape(v.x.shape)
    if given is None or given.shape != exact.shape:
        return []
    off = float(abs(given - exact).max(initial=0.0) / (abs(exact).max(initial=0.0) or 1.0))
    return [_single(off)] if 1e-11 < off < _SINGLE else []


def _single(off: float) -> Finding:
    text = f"right to about {off:.0e} and no further, with errors of either sign"
    return Finding("dtype", f"{text}: single precision somewhere on the way", 0.6)
