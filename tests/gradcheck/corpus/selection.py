"""Choices by value or by mask: sort, where, clip, masked softmax, maxout."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Op, bugs, normal
from .reductions import share

CAUSAL = np.tril(np.ones((4, 4), bool))


def chosen(rng: np.random.Generator) -> list[Any]:
    c = np.array(
        [[True, False, True, False], [False, False, True, True], [True, True, False, True]]
    )
    return [c, rng.standard_normal((3, 4)), rng.standard_normal((3, 4))]


def masked_softmax(x: Any) -> Any:
    return share(np.where(CAUSAL, x, -np.inf))


def softmax_vjp(g: Any, y: Any) -> Any:
    return y * (g - (g * y).sum(1, keepdims=True))


def inside(x: Any) -> Any:
    return (x > -0.5) & (x < 0.5)


def in_order(x: Any, g: Any) -> Any:
    out = np.empty_like(x)
    np.put_along_axis(out, np.argsort(x, 1, kind="stable"), g, 1)
    return out


OPS = [
    Op(
        "sort",
        lambda x: np.sort(x, 1),
        lambda g, y, x: (in_order(x, g),),
        normal((3, 4)),
        bugs(
            (
                "index",
                lambda g, y, x: (np.take_along_axis(g, np.argsort(x, 1), 1),),
                "anywhere",
                ("transpose", "mask"),
            ),
            ("index", lambda g, y, x: (g,), "anywhere", ("transpose", "mask")),
            ("index", lambda g, y, x: (in_order(-x, g),), "anywhere", ("transpose", "mask")),
            ("wrong_axis", lambda g, y, x: (in_order(x.T, g.T).T,), "anywhere", ("index",)),
            (
                "ties",
                lambda g, y, x: (
                    np.where((x[:, :, None] == x[:, None]).sum(2) > 1, 0, in_order(x, g)),
                ),
                "ties",
            ),
        ),
        skip=("long",),
    ),
    Op(
        "where",
        lambda c, a, b: np.where(c, a, b),
        lambda g, y, c, a, b: (None, g * c, g * ~c),
        chosen,
        bugs(
            ("swapped", lambda g, y, c, a, b: (None, g * ~c, g * c), "anywhere", ("mask",)),
            ("mask", lambda g, y, c, a, b: (None, g, g)),
            ("mask", lambda g, y, c, a, b: (None, g * c, g)),
            ("detached", lambda g, y, c, a, b: (None, g * c, np.zeros_like(b))),
            ("mask", lambda g, y, c, a, b: (None, g * c, g * c)),
            ("missing_chain", lambda g, y, c, a, b: (None, g * c * a, g * ~c * b)),
            ("mask", lambda g, y, c, a, b: (None, g * c * (a != b), g * ~c), "ties", ("ties",)),
        ),
    ),
    Op(
        "where_greater",
        lambda a, b: np.where(a > b, a, b),
        lambda g, y, a, b: (g * (a > b), g * (a <= b)),
        normal((3, 4), (3, 4)),
        bugs(
            ("ties", lambda g, y, a, b: (g * (a >= b), g * (a <= b)), "ties"),
            ("ties", lambda g, y, a, b: (g * (a > b), g * (a < b)), "ties"),
            ("swapped", lambda g, y, a, b: (g * (a <= b), g * (a > b)), "anywhere", ("mask",)),
            ("mask", lambda g, y, a, b: (g, g * (a <= b))),
            ("sign", lambda g, y, a, b: (g * (a > b), -g * (a <= b))),
        ),
    ),
    Op(
        "clip",
        lambda x: np.clip(x, -0.5, 0.5),
        lambda g, y, x: (g * inside(x),),
        normal((3, 4)),
        bugs(
            ("mask", lambda g, y, x: (g,)),
            ("mask", lambda g, y, x: (g * ~inside(x),)),
            ("mask", lambda g, y, x: (g * (x < 0.5),)),
            ("mask", lambda g, y, x: (g * (x > -0.5),)),
            ("missing_chain", lambda g, y, x: (g * y,)),
            ("sign", lambda g, y, x: (-g * inside(x),)),
            ("mask", lambda g, y, x: (g * (x == y) * np.sign(x),), "anywhere", ("sign",)),
        ),
    ),
    Op(
        "clip_at_one",
        lambda x: np.clip(x, -1, 1),
        lambda g, y, x: (g * (np.abs(x) <= 1),),
        normal((3, 4)),
        bugs(
            (
                "mask",
                lambda g, y, x: (g * (np.abs(x) < 1) + 2 * g * (np.abs(x) == 1),),
                "ties",
                ("ties",),
            ),
            (
                "mask",
                lambda g, y, x: (g * (np.abs(x) < 1) - g * (np.abs(x) == 1),),
                "ties",
                ("ties",),
            ),
            (
                "mask",
                lambda g, y, x: (np.clip(g, -1, 1) * (np.abs(x) <= 1),),
                "anywhere",
                ("upstream",),
            ),
            ("mask", lambda g, y, x: (g * (x <= 1),)),
        ),
    ),
    Op(
        "masked_fill",
        lambda c, x: np.where(c, -1.0, x),
        lambda g, y, c, x: (None, g * ~c),
        lambda rng: chosen(rng)[:2],
        bugs(
            ("mask", lambda g, y, c, x: (None, g)),
            ("mask", lambda g, y, c, x: (None, g * c)),
            ("mask", lambda g, y, c, x: (None, np.where(c, -1.0, g)), "anywhere", ("upstream",)),
            ("sign", lambda g, y, c, x: (None, -g * ~c)),
            ("detached", lambda g, y, c, x: (None, np.zeros_like(x))),
        ),
    ),
    Op(
        "dropout_with_given_mask",
        lambda c, x: x * c / 0.8,
        lambda g, y, c, x: (None, g * c / 0.8),
        lambda rng: chosen(rng)[:2],
        bugs(
            ("factor", lambda g, y, c, x: (None, g * c)),
            ("mask", lambda g, y, c, x: (None, g / 0.8)),
            ("factor", lambda g, y, c, x: (None, g * c * 0.8)),
            ("mask", lambda g, y, c, x: (None, g * ~c / 0.8)),
            (
                "nondeterministic",
                lambda g, y, c, x: (None, g * (np.random.random(x.shape) < 0.8) / 0.8),
            ),
            ("missing_chain", lambda g, y, c, x: (None, g * y)),
        ),
    ),
    Op(
        "masked_softmax",
        masked_softmax,
        lambda g, y, x: (softmax_vjp(g, y),),
        normal((4, 4)),
        bugs(
            ("mask", lambda g, y, x: (softmax_vjp(g, share(x)),)),
            ("missing_term", lambda g, y, x: (g * y,)),
            ("missing_term", lambda g, y, x: (y * (g - g.sum(1, keepdims=True)),)),
            ("wrong_axis", lambda g, y, x: (y * (g - (g * y).sum(0)),)),
            ("transpose", lambda g, y, x: (softmax_vjp(g, y).T,)),
        ),
    ),
    Op(
        "range_of_rows",
        lambda x: x.max(1) - x.min(1),
        lambda g, y, x: (g[:, None] * (hit(x, x.argmax(1)) - hit(x, x.argmin(1))),),
        normal((3, 4)),
        bugs(
            ("missing_term", lambda g, y, x: (g[:, None] * hit(x, x.argmax(1)),)),
            (
                "sign",
                lambda g, y, x: (g[:, None] * (hit(x, x.argmax(1)) + hit(x, x.argmin(1))),),
                "anywhere",
                ("missing_term",),
            ),
            (
                "sign",
                lambda g, y, x: (-g[:, None] * (hit(x, x.argmax(1)) - hit(x, x.argmin(1))),),
                "anywhere",
                ("swapped",),
            ),
            (
                "wrong_axis",
                lambda g, y, x: (g[:, None] * (1.0 * (x == x.max(0)) - (x == x.min(0))),),
            ),
            (
                "ties",
                lambda g, y, x: (
                    g[:, None]
                    * (1.0 * (x == x.max(1, keepdims=True)) - (x == x.min(1, keepdims=True))),
                ),
                "ties",
            ),
        ),
    ),
    Op(
        "maxout",
        lambda x: x.reshape(len(x), -1, 2).max(2),
        lambda g, y, x: ((g[:, :, None] * hit3(x)).reshape(x.shape),),
        normal((3, 4)),
        bugs(
            ("mask", lambda g, y, x: (np.repeat(g, 2, 1),)),
            ("ties", lambda g, y, x: (np.repeat(g, 2, 1) * (x == np.repeat(y, 2, 1)),), "ties"),
            ("mask", lambda g, y, x: ((g[:, :, None] * ~hit3(x)).reshape(x.shape),)),
            ("missing_chain", lambda g, y, x: ((g[:, :, None] * hit3(x)).reshape(x.shape) * x,)),
            (
                "index",
                lambda g, y, x: (np.concatenate([g, g], 1) * hit3(x).reshape(x.shape),),
                "anywhere",
                ("transpose", "mask"),
            ),
        ),
    ),
]


def hit(x: Any, i: Any) -> Any:
    return (np.arange(x.shape[1]) == i[:, None]) * 1.0


def hit3(x: Any) -> Any:
    pairs = x.reshape(len(x), -1, 2)
    return np.arange(2) == pairs.argmax(2)[:, :, None]
