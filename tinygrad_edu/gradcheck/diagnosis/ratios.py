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


def counts(v: View) -> list[tuple[int, str]]:
    """Numbers that a mean divides by, each with the words for it."""
    known: list[tuple[int, str]] = []
    for axis, words in ((1, "inputs that one output reads"), (0, "outputs that read one input")):
        found = np.unique(v.needs.sum(axis))
        if found.size and (found[found > 0] == found.max()).all():
            known.append((int(found.max()), f"the number of {words}"))
    arrays = [(v.x, "the input"), (v.y, "y")]
    arrays += [(x, f"input {i}") for i, x in enumerate(v.xs) if i != v.k]
    for array, name in arrays:
        axes_of = range(array.ndim)
        known += [(array.shape[axis], f"the size of axis {axis} of {name}") for axis in axes_of]
        for length in range(2, array.ndim + 1):
            for axes in combinations(axes_of, length):
                n = prod(array.shape[axis] for axis in axes)
                known.append((n, f"the product of the sizes of axes {axes} of {name}"))
    return [(n, words) for n, words in known if n > 1]


def explanations(v: View, c: float) -> dict[str, str]:
    """Every way to read `c` as the factor of a mean: what is counted, and that with its number."""
    known, c = counts(v), abs(c)
    found = {w: f"{n} is {w}" for n, w in known[2:] + known[:2] if near(c, 1 / n) or near(c, n)}
    for n, w in known:
        if n > 2 and (near(c, n / (n - 1)) or near(c, (n - 1) / n)):
            found[f"{w} less 1"] = f"{c:.4g} is the ratio of {n} and {n - 1}, and {n} is {w}"
    for (n, w), (m, u) in combinations(known, 2):
        for p, q in ((n, m), (m, n)):
            if p != q and near(c, p / q):
                found[f"{w} / {u} {p > q}"] = f"{c:.4g} = {p}/{q}: {n} is {w}, {m} {u}"
    return found


def roots(v: View, c: float) -> str | None:
    """The same for a factor sqrt(n), as in scaled attention."""
    for n, words in counts(v):
        if near(abs(c), sqrt(n)) or near(abs(c), 1 / sqrt(n)):
            return f"the square root of {n:g}, {words}"
    return None


def scaled(s: Study) -> list[Finding] | None:
    """``analytic = c * numeric`` at every point: sign, a constant, or a count."""
    found = [ratio_of(v) for v in s.views]
    if not s.views or found[0] is None or any(c is None or not near(c, found[0]) for c in found):
        return None
    return name_factor(s, found[0], "analytic")


def name_factor(s: Study, c: float, what: str) -> list[Finding]:
    """The class of a constant ratio `c` between `what` and the numeric gradient."""
    v = s.views[0]
    if near(c, -1.0):
        return [Finding("sign", f"{what} = -1 x numeric: a minus sign is lost or too many", 0.97)]
    text = f"{what} = {c:.4g} x numeric" + (" (the sign is wrong as well)" if c < 0 else "")
    words, changes = surviving(s, c)
    elementwise = v.needs.sum(1).max(initial=0) <= 1 and v.x.shape == v.y.shape
    found = []
    fixed = "" if words else next(iter(explanations(v, c).values()), "")
    if words and (changes or not elementwise):
        sure = changes or not (near(abs(c), 2) or near(abs(c), 0.5))
        cause = f"{text} and {words}: mean instead of sum, or sum for mean"
        found.append(Finding("mean_n", cause, 0.95 if sure else 0.9))
        if "the ratio of" in words:
            cause = f"{text} and {words}: one too few or too many"
            found.append(Finding("off_by_one", cause, 0.935))
    elif changes:
        cause = f"{text}, and the number changes with the shape: a count of elements"
        found.append(Finding("mean_n", cause, 0.92 if roots(v, c) else 0.94))
    elif fixed and not elementwise:
        cause = f"{text} and {fixed}, but the number is the same for other shapes"
        found.append(Finding("mean_n", cause, 0.92))
    if roots(v, c):
        text += f"; {abs(c):.4g} is {roots(v, c)}"
    return [*found, Finding("factor", f"{text}: a constant is wrong or missing", 0.93)]


def surviving(s: Study, c: float) -> tuple[str, bool]:
    """A count that explains the ratio at every shape (or ""); does the ratio change with shape?

    A constant that happens to equal a size stays when the size changes; a count changes with it.
    """
    left = explanations(s.views[0], c)
    changes = False
    for v in s.resized():
        other = ratio_of(v)
        if other is None:
            continue
        changes |= not near(other, c)
        there = explanations(v, other)
        # a ratio of 1 is right: n / 1, or a single element
        left = {w: words for w, words in left.items() if w in there or near(other, 1.0)}
    return next(iter(left.values()), ""), changes


def counted(s: Study) -> Finding | None:
    """Each output, or each element, has its own ratio, and it is how many it is read with."""
    v = s.views[0]
    both = v.has & v.needs
    if not np.array_equal(v.has, v.needs) or not both.any():
        return None
    for axis, words in ((1, "elements its output reads"), (0, "outputs that read the element")):
        many = np.broadcast_to(both.sum(axis, keepdims=True), both.shape)
        if np.unique(many[both]).size < 2:
            continue  # one ratio: see `scaled`
        for power, what in ((-1.0, "1 over"), (1.0, "")):
            scale = np.where(both, many, 1.0) ** power
            if same(v.analytic, scale * v.numeric, scale * v.bound):
                text = f"analytic / numeric is {what} the number of {words}".replace("  ", " ")
                return Finding("mean_n", f"{text}: mean instead of sum, or sum for mean", 0.94)
    return None


def one_term(s: Study) -> list[Finding] | None:
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
    return [f._replace(weight=f.weight - 0.07) for f in named]


RULES = (detached, scaled, counted, one_term)
