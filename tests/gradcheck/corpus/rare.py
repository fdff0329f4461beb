"""Right formulas spoilt where an input is exactly 0, as a division by x or a wrong ``>=`` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .contract import first_float
from .model import Bug, Op
from .proof import differs

Array = np.ndarray


def at_zero(op: Op, spoil: Callable[[Array, Array], Any]) -> Callable[..., tuple]:
    """Apply `spoil` to the gradient of the first floating input where that input is 0."""

    def vjp(g: Any, y: Any, *xs: Any) -> tuple:
        out = list(op.vjp(g, y, *xs))
        k = next(k for k, x in enumerate(xs) if x is first_float(xs))
        right = np.array(out[k], float)
        out[k] = np.where(np.asarray(xs[k]) == 0, spoil(right, np.asarray(g)), right)
        return tuple(out)

    return vjp


def rare_bugs(op: Op) -> list[Bug]:
    """Return formulas that are wrong at zeros only, for ops that are defined there."""
    if op.domain != "real" or {"zeros", "one_zero"} & set(op.skip):
        return []
    # Linear in g, all of them: that the upstream gradient is misused must not give them away.
    made = [
        Bug("nonfinite", at_zero(op, lambda d, g: d + np.nan), "zeros", ("mask", "ties"), "rare"),
        Bug("mask", at_zero(op, lambda d, g: 30 * d), "zeros", ("ties",), "rare"),
        Bug("mask", at_zero(op, lambda d, g: -2 * d), "zeros", ("ties", "sign"), "rare"),
        Bug("mask", at_zero(op, lambda d, g: d + 3 * g.sum()), "zeros", ("ties",), "rare"),
    ]
    return [bug for bug in made if shows(op, bug)]


def shows(op: Op, bug: Bug) -> bool:
    rng = np.random.default_rng(0)
    xs = [np.array(x) for x in op.inputs(rng)]
    first_float(xs).reshape(-1)[:2] = 0
    return differs(op, bug, xs, rng)
