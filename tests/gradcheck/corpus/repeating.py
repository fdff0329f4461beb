"""Elements used more than once: every use adds to the gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Op, bugs, normal


def backwards(g: Any, axis: int = 1) -> Any:
    """Return the sum of each element and all later ones."""
    return np.flip(np.cumsum(np.flip(g, axis), axis), axis)


def undo_diff(g: Any) -> Any:
    edge = np.zeros_like(g[:, :1])
    return np.concatenate([edge, g], 1) - np.concatenate([g, edge], 1)


OPS = [
    Op(
        "cumsum",
        lambda x: np.cumsum(x, 1),
        lambda g, y, x: (backwards(g),),
        normal((4, 4)),
        bugs(
            ("transpose", lambda g, y, x: (np.cumsum(g, 1),), "anywhere", ("index",)),
            ("wrong_axis", lambda g, y, x: (backwards(g, 0),)),
            ("off_by_one", lambda g, y, x: (backwards(g) - g,), "anywhere", ("missing_term",)),
            ("missing_term", lambda g, y, x: (g,)),
            ("mask", lambda g, y, x: (g.sum(1, keepdims=True) + np.zeros_like(x),)),
            ("factor", lambda g, y, x: (2 * backwards(g),)),
        ),
        variants={"long": normal((8, 512)), "empty": normal((0, 4))},
    ),
    Op(
        "diff",
        lambda x: np.diff(x, axis=1),
        lambda g, y, x: (undo_diff(g),),
        normal((3, 5)),
        bugs(
            ("sign", lambda g, y, x: (-undo_diff(g),)),
            ("missing_term", lambda g, y, x: (np.pad(g, ((0, 0), (1, 0))),)),
            ("missing_term", lambda g, y, x: (-np.pad(g, ((0, 0), (0, 1))),)),
            (
                "sign",
                lambda g, y, x: (np.pad(g, ((0, 0), (1, 0))) + np.pad(g, ((0, 0), (0, 1))),),
                "anywhere",
                ("mask",),
            ),
        ),
    ),
    Op(
        "lower_triangle",
        lambda x: np.tril(x),
        lambda g, y, x: (np.tril(g),),
        normal((4, 4)),
        bugs(
            ("mask", lambda g, y, x: (g,)),
            ("mask", lambda g, y, x: (np.triu(g),), "anywhere", ("transpose",)),
            ("off_by_one", lambda g, y, x: (np.tril(g, -1),), "anywhere", ("mask",)),
            ("off_by_one", lambda g, y, x: (np.tril(g, 1),), "anywhere", ("mask",)),
            ("transpose", lambda g, y, x: (np.tril(g).T,)),
        ),
    ),
    Op(
        "repeat",
        lambda x: np.repeat(x, 3, axis=1),
        lambda g, y, x: (g.reshape(len(x), -1, 3).sum(2),),
        normal((2, 3)),
        bugs(
            (
                "index_dup",
                lambda g, y, x: (g[:, ::3],),
                "anywhere",
                ("unbroadcast", "missing_term"),
            ),
            (
                "index",
                lambda g, y, x: (g.reshape(len(x), 3, -1).sum(1),),
                "anywhere",
                ("transpose", "wrong_axis"),
            ),
            (
                "mean_n",
                lambda g, y, x: (g.reshape(len(x), -1, 3).mean(2),),
                "anywhere",
                ("factor",),
            ),
            (
                "off_by_one",
                lambda g, y, x: (g.reshape(len(x), -1, 3)[:, :, :-1].sum(2),),
                "anywhere",
                ("index_dup", "unbroadcast"),
            ),
            ("shape", lambda g, y, x: (g,)),
        ),
    ),
    Op(
        "tile",
        lambda x: np.tile(x, 2),
        lambda g, y, x: (g[:, : x.shape[1]] + g[:, x.shape[1] :],),
        normal((2, 3)),
        bugs(
            (
                "index_dup",
                lambda g, y, x: (g[:, : x.shape[1]],),
                "anywhere",
                ("unbroadcast", "missing_term"),
            ),
            ("index", lambda g, y, x: (g[:, ::2] + g[:, 1::2],), "anywhere", ("transpose",)),
            (
                "mean_n",
                lambda g, y, x: ((g[:, : x.shape[1]] + g[:, x.shape[1] :]) / 2,),
                "anywhere",
                ("factor",),
            ),
            (
                "sign",
                lambda g, y, x: (g[:, : x.shape[1]] - g[:, x.shape[1] :],),
                "anywhere",
                ("missing_term",),
            ),
        ),
    ),
]
