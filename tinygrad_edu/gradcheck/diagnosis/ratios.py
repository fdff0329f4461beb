"""Rules for a gradient that is a number times the right one: detached, sign, factor, mean_n."""

from __future__ import annotations

from itertools import combinations
from math import prod, sqrt

import numpy as np

from .study import Finding, Study, View, same


def ratio_of(v: View) -> float | None:
    """The number c with ``analytic = c * numeric`` everywhere, if there is one."""
    both = v.has & v.needs
    if not both.any():
        return None
    # the largest entries have the most digits
    i = np.argmax(np.where(both, abs(v.numeric), 0))
    c = float(v.analytic.reshape(-1)[i] / v.numeric.reshape(-1)[i])
    return c if np.isfinite(c) and same(v.analytic, c * v.numeric, abs(c) * v.bound) else None


def near(a: float, b: float) -> bool:
    """Equal to six digits."""
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))


def detached(s: Study) -> Finding | None:
    """No gradient arrives although the result depends on the input."""
    if not s.views or any(v.has.any() for v in s.views):
        return None
    size = max(float(abs(v.numeric).max(initial=0)) for v in s.views)
    text = f"analytic = 0 everywhere, but y changes with this input (derivatives up to {size:.4g})"
    return Finding("detached", text, 1.0)


def counts(v: View) -> dict[float, str]:
    """Numbers that a mean divides by, each with the words for it."""
    known: dict[float, str] = {}

    def add(n: float, words: str) -> None:
        if n > 1:
            known.setdefault(n, words)

    named = [*((x, f"input {i}") for i, x in enumerate(v.xs)), (v.x, "the input"), (v.y, "y")]
    for array, name in reversed(named):
        for axis, n in enumerate(array.shape):
            add(n, f"the size of axis {axis} of {name}")
        for length in range(2, array.ndim + 1):
            for axes in combinations(range(array.ndim), length):
                n = prod(array.shape[a] for a in axes)
                add(n, f"the product of the sizes of axes {axes} of {name}")
    for axis, words in ((1, "inputs that one output reads"), (0, "outputs that read one input")):
        found = np.unique(v.needs.sum(axis))
        if found.size and (found[found > 0] == found.max()).all():
            add(float(found.max()), f"the number of {words}")
    return known


def mean_words(v: View, c: float) -> str | None:
    """Why `c` is the factor of a mean: "3 is the size of axis 0 of y"; None when it is not."""
    known = counts(v)
    c = abs(c)
    for n, words in known.items():
        if near(c, 1 / n) or near(c, n):
            return f"{n:g} is {words}"
    for n, words in known.items():
        if n > 2 and (near(c, n / (n - 1)) or near(c, (n - 1) / n)):
            return f"{c:.4g} is {n:g} and {n - 1:g} in a ratio, and {n:g} is {words}"
    for (n, words), (m, others) in combinations(known.items(), 2):
        for p, q in ((n, m), (m, n)):
            if near(c, p / q):
                return f"{c:.4g} = {p:g}/{q:g}: {n:g} is {words}, {m:g} {others}"
    return None


def roots(v: View, c: float) -> str | None:
    """The same for a factor sqrt(n), as in scaled attention."""
    for n, words in counts(v).items():
        if near(abs(c), sqrt(n)) or near(abs(c), 1 / sqrt(n)):
            return f"the square root of {n:g}, {words}"
    return None


def scaled(s: Study) -> Finding | None:
    """``analytic = c * numeric`` at every point: sign, a constant, or a count."""
    found = [ratio_of(v) for v in s.views]
    if not s.views or found[0] is None or any(c is None or not near(c, found[0]) for c in found):
        return None
    return name_factor(s, found[0], "analytic")


def name_factor(s: Study, c: float, what: str) -> Finding:
    """The class of a constant ratio `c` between `what` and the numeric gradient."""
    v = s.views[0]
    if near(c, -1.0):
        return Finding("sign", f"{what} = -1 x numeric: a minus sign is lost or too many", 0.97)
    text = f"{what} = {c:.4g} x numeric"
    if c < 0:
        text += " (the sign is wrong as well)"
    words = mean_words(v, c)
    verdict = varies(s, c)
    if words and verdict is not False:
        elementwise = v.needs.sum(1).max(initial=0) <= 1 and v.x.shape == v.y.shape
        if verdict or not elementwise:
            return Finding(
                "mean_n", f"{text} and {words}: mean instead of sum, or sum for mean", 0.95
            )
    if verdict and not roots(v, c):
        text += ", and the number changes with the shape: a count of elements"
        return Finding("mean_n", text, 0.8)
    if roots(v, c):
        text += f"; {abs(c):.4g} is {roots(v, c)}"
    return Finding("factor", f"{text}: a constant is wrong or missing", 0.93)


def varies(s: Study, c: float) -> bool | None:
    """Does the ratio change with the shape?  None when no other shape can tell."""
    told = None
    for v in s.resized():
        other = ratio_of(v)
        if other is None:
            continue
        if not near(other, c):
            return True
        if mean_words(v, c) is None:
            told = False  # the counts have changed, and the number has not
    return told


def one_term(s: Study) -> Finding | None:
    """One term of a sum has a wrong number: the entries that it alone makes show the ratio.

    In the Jacobian of softmax, the entries off the diagonal come from the sum over the axis alone.
    """
    v = s.views[0] if s.views else None
    if v is None or v.x.shape != v.y.shape or v.x.size < 2:
        return None
    off = ~np.eye(v.x.size, dtype=bool)
    both = off & v.has & v.needs
    if not both.any() or not np.array_equal(off & v.has, off & v.needs):
        return None
    ratio = v.analytic[both] / v.numeric[both]
    c = float(np.median(ratio))
    wrong = ~v.right & both
    if near(c, 1.0) or not np.allclose(ratio, c, rtol=1e-5) or not wrong.any():
        return None
    named = name_factor(s, c, "between different elements, analytic")
    return named._replace(weight=0.86)


RULES = (detached, scaled, one_term)
