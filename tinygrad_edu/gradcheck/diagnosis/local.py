"""Rules that tell a lost factor (missing_chain) from a lost term (missing_term).

Any wrong derivative is the right one times something, and the right one plus something.  The
simpler of the two is what the student forgot: these rules look for it among products of powers of
the functions that occur in derivatives.
"""

from __future__ import annotations

from itertools import combinations, product
from math import erf

import numpy as np

from .ratios import ratio_of
from .structure import swaps, turned
from .study import Finding, Study, View, agree, floating, same, view

POWERS = (-3.0, -2.0, -1.5, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0)


def samples(v: View) -> tuple[np.ndarray, ...]:
    """For each entry that either Jacobian has: row, column, analytic, numeric."""
    i, j = np.nonzero(v.has | v.needs)
    return i, j, v.analytic[i, j], v.numeric[i, j]


def atoms(v: View, i: np.ndarray, j: np.ndarray) -> dict[str, np.ndarray]:
    """Values of candidate factors at each entry: functions of its x, its y and other inputs."""
    x, y = v.x.reshape(-1)[j], v.y.reshape(-1)[i]
    found: dict[str, np.ndarray] = {}
    for name, t in (("x", x), ("y", y)):
        found |= {name: t, f"(1-{name})": 1 - t, f"(1+{name})": 1 + t}
        found |= {f"(1+{name}^2)": 1 + t * t}
    e = np.exp(np.clip(x, -200, 200))
    found |= {"exp(x)": e, "(1+exp(x))": 1 + e, "log|x|": np.log(abs(x)), "tanh(x)": np.tanh(x)}
    found |= {"cos(x)": np.cos(x), "sin(x)": np.sin(x), "cosh(x)": np.cosh(x)}
    found |= {"exp(-x^2)": np.exp(-x * x), "exp(y)": np.exp(np.clip(y, -200, 200))}
    found |= {"Phi(x)": np.array([0.5 + 0.5 * erf(t / 2**0.5) for t in x])}
    found |= {"sigmoid(x)": e / (1 + e), "sigmoid'(x)": e / (1 + e) ** 2}
    found |= {"exp(-x^2/2)": np.exp(-x * x / 2), "log|y|": np.log(abs(y))}
    for o in floating(v.xs):
        if o != v.k:
            other = beside(v, o, i, j)
            if other is not None:
                found |= {f"x{o}": other, f"log|x{o}|": np.log(abs(other))}
                found |= {f"(x-x{o})": x - other, f"(1-x{o})": 1 - other}
    return found


def beside(v: View, o: int, i: np.ndarray, j: np.ndarray) -> np.ndarray | None:
    """Input `o` at the same place as each entry, through y's shape or x's."""
    for array, flat in ((v.x, j), (v.y, i)):
        try:
            return np.broadcast_to(v.xs[o], array.shape).reshape(-1)[flat]
        except ValueError:  # this input has another shape
            continue
    return None


def named(values: np.ndarray, known: dict[str, np.ndarray], most: int) -> tuple[str, int] | None:
    """`values` as a constant times a product of at most `most` powers: (words, how many)."""
    if values.size < 4 or not np.all(np.isfinite(values)) or (values == 0).any():
        return None
    target = np.log(abs(values))
    if np.ptp(target) < 1e-6:
        return _constant(values), 0
    usable = {
        name: np.log(abs(t))
        for name, t in known.items()
        if np.all(np.isfinite(t)) and (abs(t) > 1e-12).all() and np.ptp(np.log(abs(t))) > 1e-6
    }
    target = target - target.mean()
    centred = {name: t - t.mean() for name, t in usable.items()}
    for count in range(1, most + 1):
        powers = np.array(list(product(POWERS if count < 3 else (-1.0, 1.0), repeat=count)))
        for names in combinations(centred, count):
            fit = powers @ np.stack([centred[n] for n in names])
            gap = abs(fit - target).max(1)
            best = int(np.argmin(gap))
            if gap[best] < 3e-6 * max(1.0, float(abs(target).max())):
                return " ".join(map(_power, names, powers[best])), count
    return None


def _constant(values: np.ndarray) -> str:
    """One number, or one number with either sign."""
    c = float(values[0])
    return f"{c:.4g}" if (values > 0).all() or (values < 0).all() else f"{abs(c):.4g} sign"


def _power(name: str, p: float) -> str:
    return name if p == 1 else f"{name}^{p:g}"


def pooled(s: Study) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Analytic, numeric and atoms over the entries of all views."""
    parts = [(v, samples(v)) for v in s.views]
    a = np.concatenate([p[2] for _, p in parts])
    n = np.concatenate([p[3] for _, p in parts])
    tables = [atoms(v, p[0], p[1]) for v, p in parts]
    keys = [key for key in tables[0] if all(key in t for t in tables)]
    joined = {key: np.concatenate([t[key] for t in tables]) for key in keys}
    if a.size > 400:  # enough to know a formula by
        chosen = np.random.default_rng(0).choice(a.size, 400, replace=False)
        a, n, joined = a[chosen], n[chosen], {k: t[chosen] for k, t in joined.items()}
    return a, n, joined


def simpler(s: Study) -> list[Finding]:
    """The lost factor or the lost term, whichever has the shorter name."""
    with np.errstate(all="ignore"):
        a, n, known = pooled(s)
        wrong = ~agree(a, n)
        whole = wrong.all() and (a != 0).all() and (abs(n) > 1e-12 * abs(a)).all()
        factor = named(n / a, known, 2) if whole else None
        at = {name: t[wrong] for name, t in known.items()}
        enough = int(wrong.sum()) >= 4
        term = named((n - a)[wrong], at, 2) if enough else None
        if factor is None and term is None and enough:
            factor = named(n / a, known, 3) if whole else None
            term = named((n - a)[wrong], at, 3)
        simple = named(a, {"x": known["x"], "y": known["y"]}, 2) if whole else None
        part = named(a, known, 2) if whole else None
        total = named(a + n, known, 2) if term is not None else None
    found = []
    if simple in (("x^-1 y", 2), ("y x^-1", 2)) and factor is None:
        text = "analytic = y / x: of the two terms of (x f(x))' it has f(x) alone"
        found.append(Finding("missing_term", text, 0.83))
    # A term lost from a simple formula leaves the simple formula; a sign leaves a simple mean.
    if term and total and (part is None or term[1] + total[1] < part[1]):
        text = f"half of numeric - analytic is c x {term[0]}: a term has a wrong sign"
        found.append(Finding("sign", text, 0.76))
    if factor is not None:
        text = f"numeric = analytic x {factor[0]} (up to a constant): a factor of the chain is lost"
        found.append(Finding("missing_chain", text, 0.8 - 0.05 * factor[1]))
    if term is not None:
        text = f"numeric - analytic = {term[0]} (up to a constant): a term of the sum is lost"
        found.append(Finding("missing_term", text, 0.74 - 0.05 * term[1] + 0.03 * (term[1] == 0)))
    return found


def per_slice(s: Study) -> Finding | None:
    """The ratio depends on the output alone, or on the element alone: a factor is lost."""
    v = s.views[0]
    both = v.has & v.needs
    if not np.array_equal(v.has, v.needs):
        return None
    constants = [ratio_of(w) for w in s.views]
    if len(constants) > 1 and None not in constants and v.y.size == 1 < v.x.size:
        text = f"analytic / numeric is {constants[0]:.4g} here, {constants[1]:.4g} at another point"
        return Finding("missing_chain", f"{text}: a factor that depends on x is lost", 0.86)
    if min(v.numeric.shape) < 2:
        return None
    ratio = np.where(both, v.analytic, 0) / np.where(both, v.numeric, 1)
    for axis, words in ((1, "output"), (0, "element")):
        if both.sum(axis).max() < 2:
            continue
        top = ratio.sum(axis, keepdims=True) / np.maximum(both.sum(axis, keepdims=True), 1)
        if same(v.analytic, top * v.numeric) and np.all(
            abs(top.reshape(-1)[both.any(axis)]) > 1e-9
        ):
            text = f"analytic / numeric is one number for each {words}: a factor of it is lost"
            return Finding("missing_chain", text, 0.84)
    return None


def coupling(s: Study) -> Finding | None:
    """The formula has its own element only, though each output reads several."""
    v = s.views[0]
    lost = v.needs & ~v.has
    if not lost.any() or (v.has & ~v.needs).any() or v.needs.sum(1).max() < 2:
        return None
    kept = int(v.has.sum(1).max())
    text = f"each output reads {int(v.needs.sum(1).max())} elements, analytic has {kept} of them"
    if not v.right[v.has].all() and v.y.size > 1:
        return Finding("missing_chain", f"{text}, with wrong numbers", 0.6)
    return Finding("missing_term", f"{text}: the sum over the others is lost", 0.86)


def other_half(s: Study) -> Finding | None:
    """The input enters twice, and the other path gives the same with axes swapped."""
    v = s.views[0]
    gap = v.numeric - v.analytic
    for orders, axis in ((swaps(v.y.shape), 0), (swaps(v.x.shape), 1)):
        for words, order in orders:
            if same(gap, np.take(v.analytic, order, axis), v.bound):
                text = f"numeric - analytic = analytic with {words}: one of two paths is lost"
                return Finding("missing_term", text, 0.88)
    for kind, words, moved in turned(v.xs, s.k):
        there = view(s.e, moved, s.k) if kind == "swap" else None
        if there is not None and same(gap, there.analytic, v.bound):
            text = f"numeric - analytic = analytic for {words}: one of two paths is lost"
            return Finding("missing_term", text, 0.88)
    return None


def low_rank(s: Study) -> Finding | None:
    """What is lost is simple: one number for each slice, or a product of two vectors."""
    v = s.views[0]
    gap = v.numeric - v.analytic
    if min(gap.shape) < 3 or not np.isfinite(gap).all():
        return None
    wrong = abs(gap) > 1e-7 * abs(gap).max()
    if wrong.sum(1).max() < 2:
        return None
    ranks = [_rank(m) for m in (gap, v.numeric, v.analytic)]
    if ranks[0] > 0.7 * min(ranks[1:]) or ranks[0] == 0:
        return None
    text = (
        f"numeric - analytic has rank {ranks[0]}, numeric {ranks[1]}: the term of a mean or sum is"
    )
    return _strength(v, gap, text)


def _rank(m: np.ndarray) -> int:
    values = np.linalg.svd(m, compute_uv=False)
    return int((values > 1e-6 * max(values[0], 1e-300)).sum())


def _strength(v: View, gap: np.ndarray, text: str) -> Finding:
    """How much of the term the formula has: none, its negative, or a multiple.

    A normalisation removes directions: there numeric gives 0, and its terms are ``a - a``.  Without
    the second, analytic gives ``a``; with its sign wrong ``2 a``.  The other directions show ``a``.
    """
    lost = Finding("missing_term", f"{text} lost", 0.855)
    if gap.shape[0] != gap.shape[1]:
        return lost
    _, values, right = np.linalg.svd(gap)
    if np.linalg.norm(v.numeric @ right[0]) > 1e-3 * values[0]:
        return lost
    scales = np.linalg.svd(v.numeric, compute_uv=False)
    typical = float(values[0]) / scales[scales > 1e-3 * scales[0]]
    if (abs(typical - 1) < 1e-3).any() or not (abs(typical - 2) < 1e-3).any():
        return lost
    return Finding("sign", f"{text} there with the other sign", 0.875)


def sparse_difference(s: Study) -> Finding | None:
    """Right at most entries, and off by one number at the others: the label's term of a loss."""
    v = s.views[0]
    wrong = ~v.right & np.isfinite(v.analytic)
    gap = (v.numeric - v.analytic)[wrong]
    some = wrong.sum() >= 2 and v.needs.sum(1).max() > 1 and (v.right & v.needs).any()
    if not some or not (v.has[wrong].any() and v.needs[wrong].any()):
        return None
    if np.allclose(gap, gap[0], rtol=1e-5, atol=1e-9) and not np.all(v.numeric[wrong] == gap):
        text = f"numeric - analytic = {gap[0]:.4g} at {gap.size} entries, else 0: a term is lost"
        return Finding("missing_term", text, 0.83)
    return None


def constant_difference(s: Study) -> Finding | None:
    """For each output the difference is one number, or one number times x: the term of a mean."""
    v = s.views[0]
    gap = np.where(v.needs | v.has, v.numeric - v.analytic, 0)
    where = v.needs | v.has
    if where.sum(1).max() < 3 or ratio_of(v) is not None:
        return None
    shapes = [("one number", np.ones(v.x.size)), ("a multiple of x", v.x.reshape(-1))]
    for o in floating(v.xs):
        if o != v.k and v.xs[o].shape == v.x.shape:
            shapes.append((f"a multiple of input {o}", v.xs[o].reshape(-1)))
    for words, direction in shapes:
        rows = where * direction
        size = (rows * rows).sum(1, keepdims=True)
        fit = (gap * rows).sum(1, keepdims=True) / np.where(size > 0, size, 1) * rows
        plain = (v.numeric * rows).sum(1, keepdims=True) / np.where(size > 0, size, 1) * rows
        if same(fit, gap, v.bound) and not same(plain, v.numeric):
            text = f"for each output, numeric - analytic is {words}: the term of a mean or norm is"
            return _strength(v, gap, text)
    return None


def last(s: Study) -> list[Finding]:
    """What to say when no pattern fits: which of the two is usual for such a function."""
    v = s.views[0]
    i, j = (int(n) for n in np.argwhere(~v.right)[0])
    numbers = f"{v.analytic[i, j]:.4g} instead of {v.numeric[i, j]:.4g}"
    chain = f"the local derivative is wrong: {numbers} for output {i} and element {j}"
    term = f"a term of the derivative is lost or wrong: {numbers} for output {i} and element {j}"
    coupled = v.needs.sum(1).max(initial=0) > 1 and v.y.size > 1
    support = np.array_equal(v.has, v.needs)
    if v.needs.sum(1).max(initial=0) > 1 and (v.right & v.needs).any():
        # a wrong factor spoils every entry; a lost path only the entries that it passes
        return [Finding("missing_term", term, 0.55), Finding("missing_chain", chain, 0.5)]
    return [
        Finding("missing_chain", chain, 0.4 if coupled and not support else 0.5),
        Finding("missing_term", term, 0.45),
    ]


RULES = (per_slice, coupling, other_half, low_rank, sparse_difference, constant_difference)
