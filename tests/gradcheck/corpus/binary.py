"""Functions of two or three numbers with broadcasting: whose gradient, and summed over what?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import SAMPLERS, Bug, Op, bugs, fit, shapes_of

POLES = ("ties", "kinks", "zeros", "one_zero", "large", "tiny", "mixed", "saturated", "constant")


def pairwise(
    name: str,
    f: Callable,
    slopes: Callable,
    *wrong: tuple,
    domain: str = "real",
    skip: tuple[str, ...] = (),
    more: list[Bug] | None = None,
) -> Op:
    """Return an op of a (3,4) and a (4,) operand; `slopes` gives both partial derivatives.

    The bugs of every broadcast op come with it: a sum forgotten, kept, or over the wrong axis.
    """

    def vjp_of(d: Callable) -> Callable[..., tuple]:
        def vjp(g: Any, y: Any, a: Any, b: Any) -> tuple:
            da, db = d(a, b, y)
            return fit(g * da, np.shape(a)), fit(g * db, np.shape(b))

        return vjp

    right = vjp_of(slopes)

    def not_summed(g: Any, y: Any, a: Any, b: Any) -> tuple:
        da, db = slopes(a, b, y)
        return g * da, g * db * np.ones_like(g)

    def first_row(g: Any, y: Any, a: Any, b: Any) -> tuple:
        _, db = slopes(a, b, y)
        full = g * db * np.ones_like(g)
        return right(g, y, a, b)[0], full if full.shape == np.shape(b) else full[0]

    def mean(g: Any, y: Any, a: Any, b: Any) -> tuple:
        one, two = right(g, y, a, b)
        return one, two * np.size(b) / max(np.size(y), 1)

    def no_second(g: Any, y: Any, a: Any, b: Any) -> tuple:
        return right(g, y, a, b)[0], np.zeros_like(b)

    return Op(
        name,
        f,
        right,
        SAMPLERS[domain]((3, 4), (4,)),
        [Bug(cls, vjp_of(d), *where) for cls, d, *where in wrong]
        + bugs(
            ("unbroadcast", not_summed),
            ("unbroadcast", first_row),
            ("mean_n", mean),
            ("detached", no_second),
        )
        + (more or []),
        domain,
        skip,
        shapes_of(
            domain,
            empty=[(0, 4), (4,)],
            scalar=[(), ()],
            ones=[(3, 1), (1, 4)],
            both=[(2, 1, 3), (4, 1)],
            long=[(512, 512), (512,)],
        ),
    )


def wrong_axis_add(g: Any, y: Any, a: Any, b: Any) -> tuple:
    return fit(g, np.shape(a)), np.resize(np.sum(g, axis=-1), np.shape(b))


def power_slopes(a: Any, b: Any, y: Any) -> tuple:
    """The partial derivatives of a ** b, with log 0 taken for 0 as y is 0 there."""
    with np.errstate(all="ignore"):
        return np.where(b == 0, 0, b * a ** (b - 1)), y * np.log(np.where(a > 0, a, 1))


def sigmoid(x: Any) -> Any:
    return np.exp(-np.logaddexp(0, -x))


OPS = [
    pairwise(
        "add",
        np.add,
        lambda a, b, y: (1, 1),
        ("factor", lambda a, b, y: (2, 2)),
        ("sign", lambda a, b, y: (1, -1)),
        ("missing_chain", lambda a, b, y: (b, a), "anywhere", ("swapped",)),
        more=[Bug("wrong_axis", wrong_axis_add)],
    ),
    pairwise(
        "subtract",
        np.subtract,
        lambda a, b, y: (1, -1),
        ("sign", lambda a, b, y: (1, 1)),
        ("sign", lambda a, b, y: (-1, 1)),
        ("factor", lambda a, b, y: (1, -0.5)),
    ),
    pairwise(
        "multiply",
        np.multiply,
        lambda a, b, y: (b, a),
        ("swapped", lambda a, b, y: (a, b)),
        ("missing_chain", lambda a, b, y: (1, 1)),
        ("missing_chain", lambda a, b, y: (y, y)),
        ("sign", lambda a, b, y: (b, -a)),
        ("factor", lambda a, b, y: (b, 0.5 * a)),
    ),
    pairwise(
        "divide",
        np.divide,
        lambda a, b, y: (1 / b, -y / b),
        ("sign", lambda a, b, y: (1 / b, y / b)),
        ("missing_chain", lambda a, b, y: (1 / b, -y)),
        ("missing_chain", lambda a, b, y: (1 / b, -1 / b**2)),
        ("missing_chain", lambda a, b, y: (1, -y / b)),
        ("factor", lambda a, b, y: (1 / b, -2 * y / b)),
        ("missing_chain", lambda a, b, y: (b, -y / b)),
        domain="positive",
    ),
    pairwise(
        "power_of_two_inputs",
        np.power,
        power_slopes,
        ("factor", lambda a, b, y: (a ** (b - 1), y * np.log(a)), "anywhere", ("missing_chain",)),
        ("missing_chain", lambda a, b, y: (b * a ** (b - 1), y)),
        ("off_by_one", lambda a, b, y: (b * a**b, y * np.log(a)), "anywhere", ("missing_chain",)),
        ("missing_chain", lambda a, b, y: (b * a ** (b - 1), y * np.log(b))),
        ("missing_chain", lambda a, b, y: (b * a ** (b - 1), np.log(a))),
        domain="positive",
        skip=("large", "tiny", "mixed", "saturated"),
    ),
    pairwise(
        "maximum",
        np.maximum,
        lambda a, b, y: ((a > b) + 0.5 * (a == b), (b > a) + 0.5 * (a == b)),
        ("mask", lambda a, b, y: (1, 1)),
        ("swapped", lambda a, b, y: (a < b, b < a)),
        ("mask", lambda a, b, y: (a > b, a > b)),
        ("ties", lambda a, b, y: (a >= b, b >= a), "ties"),
        ("ties", lambda a, b, y: (a > b, b > a), "ties"),
        ("missing_chain", lambda a, b, y: (y * (a > b), y * (b > a))),
        ("mask", lambda a, b, y: (a > 0, b > 0)),
    ),
    pairwise(
        "minimum",
        np.minimum,
        lambda a, b, y: (a <= b, b < a),
        ("swapped", lambda a, b, y: (a > b, b >= a)),
        ("ties", lambda a, b, y: (a <= b, b <= a), "ties"),
        ("ties", lambda a, b, y: (a < b, b < a), "ties"),
        ("mask", lambda a, b, y: (1, b < a)),
        ("sign", lambda a, b, y: (-1.0 * (a <= b), -1.0 * (b < a))),
    ),
    pairwise(
        "hypot",
        np.hypot,
        lambda a, b, y: (a / np.where(y, y, 1), b / np.where(y, y, 1)),
        ("missing_chain", lambda a, b, y: (1 / y, 1 / y)),
        ("factor", lambda a, b, y: (2 * a / y, 2 * b / y)),
        ("swapped", lambda a, b, y: (b / y, a / y)),
        ("missing_chain", lambda a, b, y: (a, b)),
        ("nonfinite", lambda a, b, y: (quiet(a, y), quiet(b, y)), "zeros"),
    ),
    pairwise(
        "arctan2",
        np.arctan2,
        lambda a, b, y: (b / (a * a + b * b), -a / (a * a + b * b)),
        ("swapped", lambda a, b, y: (a / (a * a + b * b), -b / (a * a + b * b))),
        ("sign", lambda a, b, y: (b / (a * a + b * b), a / (a * a + b * b))),
        ("missing_chain", lambda a, b, y: (b / np.hypot(a, b), -a / np.hypot(a, b))),
        ("missing_chain", lambda a, b, y: (1 / (1 + (a / b) ** 2), -a / (a * a + b * b))),
        domain="positive",
    ),
    pairwise(
        "logaddexp",
        np.logaddexp,
        lambda a, b, y: (np.exp(a - y), np.exp(b - y)),
        ("swapped", lambda a, b, y: (np.exp(b - y), np.exp(a - y))),
        ("missing_chain", lambda a, b, y: (np.exp(a), np.exp(b))),
        ("missing_chain", lambda a, b, y: (a / y, b / y)),
        ("factor", lambda a, b, y: (2 * np.exp(a - y), 2 * np.exp(b - y))),
    ),
    pairwise(
        "squared_difference",
        lambda a, b: (a - b) ** 2,
        lambda a, b, y: (2 * (a - b), -2 * (a - b)),
        ("sign", lambda a, b, y: (2 * (a - b), 2 * (a - b))),
        ("factor", lambda a, b, y: (a - b, b - a)),
        ("swapped", lambda a, b, y: (2 * (b - a), -2 * (b - a)), "anywhere", ("sign",)),
        ("missing_term", lambda a, b, y: (2 * a, 2 * b)),
    ),
    pairwise(
        "absolute_difference",
        lambda a, b: np.abs(a - b),
        lambda a, b, y: (np.sign(a - b), -np.sign(a - b)),
        ("sign", lambda a, b, y: (np.sign(a - b), np.sign(a - b))),
        ("mask", lambda a, b, y: (1, -1), "anywhere", ("sign",)),
        ("nonfinite", lambda a, b, y: (quiet(a - b, y), quiet(b - a, y)), "ties"),
        ("missing_chain", lambda a, b, y: (a - b, b - a)),
    ),
    pairwise(
        "gated",
        lambda a, b: np.tanh(a) * sigmoid(b),
        lambda a, b, y: ((1 - np.tanh(a) ** 2) * sigmoid(b), y * sigmoid(-b)),
        ("missing_chain", lambda a, b, y: (sigmoid(b), y * sigmoid(-b))),
        ("missing_chain", lambda a, b, y: ((1 - np.tanh(a) ** 2) * sigmoid(b), np.tanh(a))),
        ("missing_chain", lambda a, b, y: ((1 - np.tanh(a)) * sigmoid(b), y * sigmoid(-b))),
        ("sign", lambda a, b, y: ((1 - np.tanh(a) ** 2) * sigmoid(b), -y * sigmoid(-b))),
    ),
    pairwise(
        "scale_by_two_uses",
        lambda a, b: a * b + b * b,
        lambda a, b, y: (b, a + 2 * b),
        ("missing_term", lambda a, b, y: (b, a)),
        ("missing_term", lambda a, b, y: (b, 2 * b)),
        ("missing_term", lambda a, b, y: (b, a + b), "anywhere", ("missing_chain",)),
    ),
]


def quiet(a: Any, b: Any) -> Any:
    with np.errstate(all="ignore"):
        return a / b


def lerp(g: Any, y: Any, a: Any, b: Any, t: Any) -> tuple:
    return fit(g * (1 - t), a.shape), fit(g * t, b.shape), fit(g * (b - a), t.shape)


def fused(g: Any, y: Any, a: Any, b: Any, c: Any) -> tuple:
    return fit(g * b, a.shape), fit(g * a, b.shape), fit(g, c.shape)


OPS += [
    Op(
        "lerp",
        lambda a, b, t: a + t * (b - a),
        lerp,
        SAMPLERS["real"]((3, 4), (3, 4), (3, 1)),
        bugs(
            ("sign", lambda g, y, a, b, t: (*lerp(g, y, a, b, t)[:2], fit(g * (a - b), t.shape))),
            ("swapped", lambda g, y, a, b, t: (g * t, g * (1 - t), lerp(g, y, a, b, t)[2])),
            ("missing_term", lambda g, y, a, b, t: (g, *lerp(g, y, a, b, t)[1:])),
            ("missing_term", lambda g, y, a, b, t: (*lerp(g, y, a, b, t)[:2], fit(g * b, t.shape))),
            ("unbroadcast", lambda g, y, a, b, t: (*lerp(g, y, a, b, t)[:2], g * (b - a))),
            ("unbroadcast", lambda g, y, a, b, t: (*lerp(g, y, a, b, t)[:2], (g * (b - a))[:, :1])),
            ("detached", lambda g, y, a, b, t: (*lerp(g, y, a, b, t)[:2], np.zeros_like(t))),
        ),
    ),
    Op(
        "multiply_add",
        lambda a, b, c: a * b + c,
        fused,
        SAMPLERS["real"]((3, 4), (3, 1), (4,)),
        bugs(
            ("swapped", lambda g, y, a, b, c: (g * a, fit(g * b, b.shape), g.sum(0))),
            ("unbroadcast", lambda g, y, a, b, c: (g * b, g * a, g.sum(0))),
            ("unbroadcast", lambda g, y, a, b, c: (g * b, fit(g * a, b.shape), g)),
            ("wrong_axis", lambda g, y, a, b, c: (g * b, (g * a).sum(0)[:3, None], g.sum(0))),
            ("mean_n", lambda g, y, a, b, c: (g * b, fit(g * a, b.shape), g.mean(0))),
            ("mean_n", lambda g, y, a, b, c: (g * b, (g * a).mean(1, keepdims=True), g.sum(0))),
            ("shape", lambda g, y, a, b, c: (g * b, (g * a).sum(1), g.sum(0))),
            ("missing_chain", lambda g, y, a, b, c: (g * b, fit(g * a, b.shape), (g * c).sum(0))),
        ),
    ),
]
