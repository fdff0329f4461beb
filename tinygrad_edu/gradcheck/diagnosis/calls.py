"""Rules about calls: what happens to the arrays, between calls, and at single points."""

from __future__ import annotations

from functools import partial

import numpy as np

from .evidence import analytic_jacobian, pulled_back, value
from .study import Finding, Study, attempt, same

# The contract stage has seen these directly; a Jacobian adds nothing.
DECIDED = {
    "accumulate": "two calls with the same g differ by a factor of 2: the second adds to the first",
    "nondeterministic": "two calls with the same g give different gradients: the formula is random",
    "mutation": "g, x or y has changed after the call: the formula writes into its arguments",
    "dtype": "every digit beyond float32 is lost: the formula computes in a narrower dtype",
    "upstream": "the gradient is not linear in g: it ignores or masks the upstream gradient",
    "nonfinite": "the gradient is not finite where the function has a slope",
    "stale": "the gradient belongs to the inputs of an earlier call",
    "detached": "there is no gradient, but y changes with this input",
}


def decided(s: Study) -> Finding | None:
    """What the contract stage has decided."""
    if s.e.flag in DECIDED:
        return Finding(s.e.flag, DECIDED[s.e.flag], 1.1)
    return None


def linear(s: Study) -> Finding | None:
    """A formula that is right for one-hot g and wrong for others is not linear in g."""
    if s.given is None:
        return None
    v = s.given
    g1, g2 = (s.rng.uniform(0.5, 1.5, v.y.shape) * s.rng.choice([-1, 1], v.y.shape) for _ in "12")

    def ask(g: np.ndarray) -> np.ndarray | None:
        return pulled_back(s.e.vjp, g, v.y, v.xs, s.k)

    parts = [attempt(partial(ask, g)) for g in (g1, g2, 0.7 * g1 - 1.3 * g2)]
    if any(p is None or p.shape != v.x.shape for p in parts):
        return None
    one, two, sum_ = (p for p in parts if p is not None)
    if (
        same(sum_, 0.7 * one - 1.3 * two, 1e-9 * (abs(one) + abs(two)))
        or not np.isfinite(sum_).all()
    ):
        return None
    if same(one, two):
        return Finding("upstream", "the gradient is the same for every g: g is not used", 1.0)
    gap = float(abs(sum_ - 0.7 * one + 1.3 * two).max())
    text = (
        f"B(0.7 g1 - 1.3 g2) is not 0.7 B(g1) - 1.3 B(g2) (off by {gap:.3g}): g is masked or lost"
    )
    return Finding("upstream", text, 0.99)


def repeated(s: Study) -> Finding | None:
    """The same call twice."""
    if s.given is None:
        return None
    v = s.given
    g = s.rng.uniform(0.5, 1.5, v.y.shape)
    one, two = (attempt(lambda: pulled_back(s.e.vjp, g, v.y, v.xs, s.k)) for _ in "12")
    if one is None or two is None or one.shape != two.shape or np.array_equal(one, two):
        return None
    if np.isnan(one).any():
        return None
    again = attempt(lambda: pulled_back(s.e.vjp, g, v.y, v.xs, s.k))
    if again is not None and same(again - two, two - one, 1e-12 * abs(two)):
        return Finding(
            "accumulate", "each call adds the same amount to the gradient before it", 1.0
        )
    return Finding("nondeterministic", DECIDED["nondeterministic"], 1.0)


def stale(s: Study) -> Finding | None:
    """Wrong here, and equal to the true Jacobian at the first point ever seen."""
    first = s.e.first
    v = s.given
    if first is None or v is None or [x.shape for x in first] != [x.shape for x in v.xs]:
        return None
    if all(np.array_equal(a, b) for a, b in zip(first, v.xs, strict=True)):
        return None
    old = s.numeric(first, s.k)
    if old is not None and same(v.analytic, old):
        text = (
            "analytic = the derivative at the inputs of the first call: a value was kept from then"
        )
        return Finding("stale", text, 1.05)
    # y comes fresh with each call, so the formula may mix the old x with the new y
    frozen = attempt(lambda: analytic_jacobian(s.e.vjp, value(s.e.forward, first), first, s.k))
    kept = frozen is not None and same(frozen, v.analytic) and not np.all(v.right)
    if kept and frozen is not None and old is not None and same(frozen, old):
        return Finding("stale", "the gradient does not change when the inputs do", 1.0)
    return None


def nonfinite(s: Study) -> Finding | None:
    """NaN or infinity where the function has a slope."""
    v = s.given
    if v is None:
        g = s.e.gradient
        bad = g is not None and g.dtype.kind == "f" and not np.isfinite(g).all()
        return Finding("nonfinite", DECIDED["nonfinite"], 0.9) if bad else None
    bad_entries = ~np.isfinite(v.analytic)
    if not bad_entries.any():
        return None
    j = int(np.argmax(bad_entries.any(0)))
    at = tuple(int(n) for n in np.unravel_index(j, v.x.shape))
    number = v.analytic[bad_entries][0]
    text = f"analytic = {number} at {at}, where x = {v.x.reshape(-1)[j]:.4g} and y has a slope"
    return Finding("nonfinite", text, 1.02)


def ties(s: Study) -> list[Finding] | None:
    """Wrong only where values are equal (or exactly 0), right as soon as they are moved."""
    v = s.given
    if v is None or not s.special:
        return None
    wrong = np.flatnonzero(~v.right.all(0))
    if not wrong.size:
        return None
    j = int(wrong[0])
    number = float(v.x.reshape(-1)[j])
    at = tuple(int(n) for n in np.unravel_index(j, v.x.shape))
    i = int(np.argmax(~v.right[:, j]))
    equal = int((v.x == number).sum()) - 1
    others = any((x == number).any() for n, x in enumerate(v.xs) if n != s.k)
    reason = f"x[{at}] = {number:.4g} "
    reason += f"equals {equal} other elements" if equal else "is a special value"
    text = f"right beside this point and wrong at it: {reason}; "
    text += f"analytic {v.analytic[i, j]:.4g}, numeric {v.numeric[i, j]:.4g}"
    mask = Finding("mask", f"{text}: the boundary of a mask", 0.9)
    return [Finding("ties", text, 0.98 if equal or others or number == 0 else 0.92), mask]


RULES = (decided, linear, repeated, stale, nonfinite, ties)
