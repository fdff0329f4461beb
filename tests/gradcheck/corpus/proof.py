"""The corpus, checked by itself: central differences, and none of the checker's code."""

from __future__ import annotations

from typing import Any

import numpy as np

from .hostile import DOMAINS, is_float
from .model import Bug, Op

STEP = 1e-6


def numeric(op: Op, g: Any, xs: list[Any]) -> list[Any]:
    """The gradient of ``sum(g * forward(*xs))`` by central differences; None for integers."""
    grads: list[Any] = []
    for k, x in enumerate(xs):
        if not is_float(x):
            grads.append(None)
            continue
        d = np.zeros(np.shape(x))
        for index in np.ndindex(*d.shape):
            values = []
            for h in (STEP, -STEP):
                moved = np.array(x)
                moved[index] += h
                values.append(np.sum(g * op.forward(*xs[:k], moved, *xs[k + 1 :])))
            d[index] = (values[0] - values[1]) / (2 * STEP)
        grads.append(d)
    return grads


def upstream(y: Any, rng: np.random.Generator) -> Any:
    """Mixed signs, and no element near 0."""
    return np.asarray(rng.uniform(0.5, 1.5, np.shape(y)) * rng.choice([-1, 1], np.shape(y)))


def right(op: Op, seed: int = 0) -> float:
    """Return how far the right formula is from differences, relative to the largest gradient."""
    rng = np.random.default_rng(seed)
    xs = op.inputs(rng)
    y = op.forward(*xs)
    g = upstream(y, rng)
    worst = 0.0
    grads = op.vjp(g, y, *xs)
    for analytic, n in zip(grads, numeric(op, g, xs), strict=True):
        if n is None:
            assert analytic is None, f"{op.name}: a gradient of integers"
        else:
            assert np.shape(analytic) == n.shape, f"{op.name}: {np.shape(analytic)}, not {n.shape}"
            scale = np.abs(n).max(initial=1e-3)
            worst = max(worst, np.abs(analytic - n).max(initial=0) / scale)
    return worst


def differs(op: Op, bug: Bug, xs: list[Any], rng: np.random.Generator) -> bool:
    """Whether the wrong formula gives something else than the right one here."""
    y = op.forward(*xs)
    g = upstream(y, rng)
    good = op.vjp(g, y, *xs)
    try:
        bad = bug.vjp(g, y, *xs)
    except Exception:
        return True
    if len(good) != len(bad):
        return True
    return any(unlike(a, b) for a, b in zip(good, bad, strict=True))


def unlike(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return (a is None) != (b is None)
    if np.shape(a) != np.shape(b):
        return True
    return not np.allclose(a, b, rtol=1e-11, atol=1e-13)


def points(op: Op, shows: str, rng: np.random.Generator) -> list[list[Any]]:
    """The inputs at which a bug that `shows` there can be seen."""
    if shows == "anywhere":
        return [op.inputs(rng)]
    fresh = [op.inputs(rng) for _ in range(5)]
    fresh += [[3 * x if is_float(x) else x for x in xs] for xs in fresh]
    return fresh + [change(op.inputs(rng)) for change in DOMAINS[op.domain].values()]


def visible(op: Op, bug: Bug, seed: int = 0) -> bool:
    """Whether the bug shows at all where it is said to show."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        return any(differs(op, bug, xs, rng) for xs in points(op, bug.shows, rng))


def contract_visible(op: Op, bug: Bug, seed: int = 0) -> bool:
    """Whether a bug of `contract_bugs` shows for this op: a linear one is never stale, say."""
    if bug.cls in ("accumulate", "mutation", "nondeterministic"):
        return True
    rng = np.random.default_rng(seed)
    return any(differs(op, bug, op.inputs(rng), rng) for _ in range(6))


def hidden(op: Op, bug: Bug, seed: int = 0) -> bool:
    """Whether the bug cannot be seen at the first good random point."""
    rng = np.random.default_rng(seed)
    return not differs(op, bug, op.inputs(rng), rng)
