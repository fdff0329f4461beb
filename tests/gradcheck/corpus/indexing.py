"""Moving numbers about: where did each element come from, and how often?"""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Op, bugs, normal

WHERE = ((0, 1), (2, 1))


def scattered(shape: tuple[int, ...], index: Any, g: Any) -> Any:
    out = np.zeros(shape)
    np.add.at(out, index, g)
    return out


def overwritten(shape: tuple[int, ...], index: Any, g: Any) -> Any:
    out = np.zeros(shape)
    out[index] = g
    return out


def put(x: Any, i: Any, g: Any) -> Any:
    """Add `g` where ``np.take_along_axis(x, i, 1)`` took it."""
    out = np.zeros_like(x)
    np.add.at(out, (np.arange(len(x))[:, None], i), g)
    return out


def table(*index: int) -> Any:
    return lambda rng: [rng.standard_normal((4, 3)), np.array(index)]


OPS = [
    Op(
        "take_rows",
        lambda x, i: x[i],
        lambda g, y, x, i: (scattered(x.shape, i, g), None),
        table(2, 0, 2, 3, 2),
        bugs(
            ("index_dup", lambda g, y, x, i: (overwritten(x.shape, i, g), None)),
            ("index_dup", lambda g, y, x, i: (overwritten(x.shape, i[::-1], g[::-1]), None)),
            (
                "off_by_one",
                lambda g, y, x, i: (scattered(x.shape, (i + 1) % len(x), g), None),
                "anywhere",
                ("index", "transpose"),
            ),
            (
                "index",
                lambda g, y, x, i: (scattered(x.shape, i[::-1], g), None),
                "anywhere",
                ("transpose",),
            ),
            ("sign", lambda g, y, x, i: (-scattered(x.shape, i, g), None)),
            ("shape", lambda g, y, x, i: (g, None)),
            ("mean_n", lambda g, y, x, i: (scattered(x.shape, i, g) / len(i), None)),
            (
                "index",
                lambda g, y, x, i: (scattered(x.shape, len(x) - 1 - i, g), None),
                "anywhere",
                ("transpose",),
            ),
            (
                "off_by_one",
                lambda g, y, x, i: (scattered(x.shape, i[:-1], g[:-1]), None),
                "anywhere",
                ("index_dup",),
            ),
        ),
        variants={
            "none": lambda rng: [rng.standard_normal((4, 3)), np.array([], int)],
            "negative": table(-1, 1, -1),
        },
    ),
    Op(
        "gather",
        lambda x, i: np.take_along_axis(x, i, 1),
        lambda g, y, x, i: (put(x, i, g), None),
        lambda rng: [rng.standard_normal((3, 4)), np.array([[1, 1, 0], [3, 2, 3], [0, 0, 0]])],
        bugs(
            (
                "index_dup",
                lambda g, y, x, i: (overwritten(x.shape, (np.arange(len(x))[:, None], i), g), None),
            ),
            ("index", lambda g, y, x, i: (put(x, i[::-1], g), None), "anywhere", ("transpose",)),
            (
                "off_by_one",
                lambda g, y, x, i: (put(x, (i + 1) % x.shape[1], g), None),
                "anywhere",
                ("index", "transpose"),
            ),
            (
                "wrong_axis",
                lambda g, y, x, i: (
                    scattered(x.shape, (i % len(x), np.arange(i.shape[1])), g),
                    None,
                ),
                "anywhere",
                ("index", "transpose"),
            ),
            ("factor", lambda g, y, x, i: (2 * put(x, i, g), None)),
        ),
    ),
    Op(
        "pick_elements",
        lambda x: x[WHERE],
        lambda g, y, x: (scattered(x.shape, WHERE, g),),
        normal((3, 4)),
        bugs(
            (
                "transpose",
                lambda g, y, x: (scattered(x.shape, WHERE[::-1], g),),
                "anywhere",
                ("index",),
            ),
            (
                "index",
                lambda g, y, x: (scattered(x.shape, WHERE, g[::-1]),),
                "anywhere",
                ("transpose",),
            ),
            ("mask", lambda g, y, x: (np.full(x.shape, g.sum()),), "anywhere", ("upstream",)),
            (
                "off_by_one",
                lambda g, y, x: (scattered(x.shape, ((1, 2), (2, 1)), g),),
                "anywhere",
                ("index", "transpose"),
            ),
        ),
    ),
    Op(
        "slice",
        lambda x: x[1:, ::2],
        lambda g, y, x: (overwritten(x.shape, np.s_[1:, ::2], g),),
        normal((4, 5)),
        bugs(
            (
                "off_by_one",
                lambda g, y, x: (overwritten(x.shape, np.s_[:-1, ::2], g),),
                "anywhere",
                ("index", "transpose"),
            ),
            (
                "index",
                lambda g, y, x: (overwritten(x.shape, np.s_[1:, : g.shape[1]], g),),
                "anywhere",
                ("transpose",),
            ),
            (
                "mask",
                lambda g, y, x: (np.resize(g, x.shape),),
                "anywhere",
                ("shape", "index", "transpose"),
            ),
            (
                "index",
                lambda g, y, x: (overwritten(x.shape, np.s_[1:, ::-2], g),),
                "anywhere",
                ("transpose",),
            ),
            ("shape", lambda g, y, x: (g,)),
        ),
    ),
    Op(
        "transpose",
        lambda x: x.T,
        lambda g, y, x: (g.T,),
        normal((4, 4)),
        bugs(
            ("transpose", lambda g, y, x: (g,)),
            ("transpose", lambda g, y, x: (g[::-1].T,), "anywhere", ("index",)),
            ("sign", lambda g, y, x: (-g.T,)),
            ("factor", lambda g, y, x: (0.5 * g.T,)),
            ("missing_chain", lambda g, y, x: (g.T * x,)),
        ),
        variants={"tall": normal((4, 2)), "empty": normal((0, 3))},
    ),
    Op(
        "permute_axes",
        lambda x: x.transpose(1, 2, 0),
        lambda g, y, x: (g.transpose(2, 0, 1),),
        normal((2, 2, 2)),
        bugs(
            ("transpose", lambda g, y, x: (g.transpose(1, 2, 0),)),
            ("transpose", lambda g, y, x: (g.transpose(2, 1, 0),)),
            ("transpose", lambda g, y, x: (g,)),
            ("shape", lambda g, y, x: (g.reshape(g.shape[0], -1),)),
        ),
        variants={"unequal": normal((2, 3, 4))},
    ),
    Op(
        "reshape",
        lambda x: x.reshape(2, -1),
        lambda g, y, x: (g.reshape(x.shape),),
        normal((3, 4)),
        bugs(
            ("shape", lambda g, y, x: (g,)),
            ("transpose", lambda g, y, x: (g.reshape(x.shape, order="F"),), "anywhere", ("index",)),
            ("transpose", lambda g, y, x: (g.T.reshape(x.shape),), "anywhere", ("index",)),
            ("sign", lambda g, y, x: (-g.reshape(x.shape),)),
        ),
    ),
    Op(
        "broadcast_to",
        lambda x: np.broadcast_to(x, (5, 3, 4)),
        lambda g, y, x: (g.sum((0, 2))[:, None],),
        normal((3, 1)),
        bugs(
            ("unbroadcast", lambda g, y, x: (g.sum(0),)),
            ("unbroadcast", lambda g, y, x: (g[0, :, :1],)),
            ("mean_n", lambda g, y, x: (g.mean((0, 2))[:, None],)),
            ("unbroadcast", lambda g, y, x: (g,)),
            ("unbroadcast", lambda g, y, x: (g[0].sum(1)[:, None],)),
            ("wrong_axis", lambda g, y, x: (np.resize(g.sum((0, 1)), x.shape),)),
            ("shape", lambda g, y, x: (g.sum((0, 2)),)),
        ),
    ),
    Op(
        "concatenate",
        lambda a, b: np.concatenate([a, b], 1),
        lambda g, y, a, b: (g[:, : a.shape[1]], g[:, a.shape[1] :]),
        normal((3, 2), (3, 2)),
        bugs(
            ("swapped", lambda g, y, a, b: (g[:, a.shape[1] :], g[:, : a.shape[1]])),
            (
                "index",
                lambda g, y, a, b: (g[:, : a.shape[1]], g[:, : b.shape[1]]),
                "anywhere",
                ("swapped",),
            ),
            (
                "off_by_one",
                lambda g, y, a, b: (g[:, : a.shape[1]], g[:, a.shape[1] - 1 : -1]),
                "anywhere",
                ("index", "transpose"),
            ),
            ("index", lambda g, y, a, b: (g[:, ::2], g[:, 1::2]), "anywhere", ("transpose",)),
            ("detached", lambda g, y, a, b: (g[:, : a.shape[1]], np.zeros_like(b))),
        ),
        variants={"unequal": normal((3, 2), (3, 5)), "empty": normal((3, 0), (3, 2))},
    ),
    Op(
        "stack",
        lambda a, b: np.stack([a, b]),
        lambda g, y, a, b: (g[0], g[1]),
        normal((2, 3), (2, 3)),
        bugs(
            ("swapped", lambda g, y, a, b: (g[1], g[0])),
            (
                "wrong_axis",
                lambda g, y, a, b: (g[:, 0], g[:, 1]),
                "anywhere",
                ("index", "transpose"),
            ),
            ("shape", lambda g, y, a, b: (g[:1], g[1:])),
            ("index", lambda g, y, a, b: (g[0], g[0]), "anywhere", ("swapped",)),
            ("mean_n", lambda g, y, a, b: (g.mean(0), g.mean(0)), "anywhere", ("missing_chain",)),
        ),
    ),
    Op(
        "pad",
        lambda x: np.pad(x, ((1, 1), (2, 0))),
        lambda g, y, x: (g[1:-1, 2:],),
        normal((3, 4)),
        bugs(
            ("off_by_one", lambda g, y, x: (g[:-2, 2:],), "anywhere", ("index", "transpose")),
            ("index", lambda g, y, x: (g[1:-1, :-2],), "anywhere", ("off_by_one", "transpose")),
            ("shape", lambda g, y, x: (g,)),
            ("index", lambda g, y, x: (g[:-2, :-2],), "anywhere", ("off_by_one", "transpose")),
        ),
    ),
    Op(
        "roll",
        lambda x: np.roll(x, 1, axis=1),
        lambda g, y, x: (np.roll(g, -1, axis=1),),
        normal((3, 4)),
        bugs(
            ("index", lambda g, y, x: (np.roll(g, 1, axis=1),), "anywhere", ("sign", "transpose")),
            ("index", lambda g, y, x: (g,), "anywhere", ("transpose",)),
            (
                "wrong_axis",
                lambda g, y, x: (np.roll(g, -1, axis=0),),
                "anywhere",
                ("index", "transpose"),
            ),
            (
                "off_by_one",
                lambda g, y, x: (np.roll(g, -2, axis=1),),
                "anywhere",
                ("index", "transpose"),
            ),
        ),
    ),
    Op(
        "flip",
        lambda x: x[:, ::-1],
        lambda g, y, x: (g[:, ::-1],),
        normal((3, 4)),
        bugs(
            ("index", lambda g, y, x: (g,), "anywhere", ("transpose",)),
            ("wrong_axis", lambda g, y, x: (g[::-1],), "anywhere", ("index", "transpose")),
            ("sign", lambda g, y, x: (-g[:, ::-1],)),
            ("index", lambda g, y, x: (g[::-1, ::-1],), "anywhere", ("wrong_axis", "transpose")),
        ),
    ),
]
