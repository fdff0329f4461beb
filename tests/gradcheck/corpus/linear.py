"""Products of matrices and vectors: transposes, operands, and batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import Op, bugs, fit, normal


def swap(a: Any) -> Any:
    return np.swapaxes(a, -1, -2)


def batched(g: Any, y: Any, a: Any, b: Any) -> tuple:
    return fit(g @ swap(b), a.shape), fit(swap(a) @ g, b.shape)


def affine(g: Any, y: Any, x: Any, w: Any, b: Any) -> tuple:
    return g @ w.T, x.T @ g, g.sum(0)


def bilinear(g: Any, y: Any, x: Any, a: Any, z: Any) -> tuple:
    return np.multiply.outer(g, a @ z), g * np.outer(x, z), g * (x @ a)


def quadratic(x: Any, a: Any) -> Any:
    return x @ a @ x


def cosine(u: Any, v: Any) -> Any:
    return (u * v).sum(1) / lengths(u)[:, 0] / lengths(v)[:, 0]


def lengths(u: Any) -> Any:
    return np.sqrt((u * u).sum(1, keepdims=True))


def cosine_vjp(g: Any, y: Any, u: Any, v: Any, keep: float = 1, scale: Callable = lengths) -> tuple:
    g, y = g[:, None], y[:, None] * keep
    a, b = u / lengths(u), v / lengths(v)
    return g * (b - y * a) / scale(u), g * (a - y * b) / scale(v)


def squared_distances(x: Any, z: Any) -> Any:
    return ((x[:, None] - z[None]) ** 2).sum(-1)


def distances_vjp(g: Any, y: Any, x: Any, z: Any) -> tuple:
    d = 2 * g[:, :, None] * (x[:, None] - z[None])
    return d.sum(1), -d.sum(0)


OPS = [
    Op(
        "matmul",
        np.matmul,
        lambda g, y, a, b: (g @ b.T, a.T @ g),
        normal((3, 4), (4, 2)),
        bugs(
            ("transpose", lambda g, y, a, b: (g @ b, a @ g)),
            ("transpose", lambda g, y, a, b: ((g @ b.T).T, a.T @ g)),
            ("swapped", lambda g, y, a, b: (a.T @ g, g @ b.T)),
            ("sign", lambda g, y, a, b: (g @ b.T, -a.T @ g)),
            ("mean_n", lambda g, y, a, b: (g @ b.T, a.T @ g / len(a))),
            ("factor", lambda g, y, a, b: (2 * g @ b.T, a.T @ g)),
            ("upstream", lambda g, y, a, b: (np.ones_like(g) @ b.T, a.T @ np.ones_like(g))),
            ("detached", lambda g, y, a, b: (g @ b.T, np.zeros_like(b))),
            ("transpose", lambda g, y, a, b: (g @ b.T, (a.T @ g).reshape(b.shape[::-1]).T)),
        ),
        variants={
            "empty": normal((0, 4), (4, 2)),
            "no_inner": normal((3, 0), (0, 2)),
            "ones": normal((1, 1), (1, 1)),
            "long": normal((512, 64), (64, 128)),
        },
    ),
    Op(
        "matmul_square",
        np.matmul,
        lambda g, y, a, b: (g @ b.T, a.T @ g),
        normal((4, 4), (4, 4)),
        bugs(
            ("transpose", lambda g, y, a, b: (g @ b, a.T @ g)),
            ("transpose", lambda g, y, a, b: (g @ b.T, a @ g)),
            ("transpose", lambda g, y, a, b: (g @ b.T, g.T @ a)),
            ("transpose", lambda g, y, a, b: (g @ b.T, a.T @ g.T)),
            ("swapped", lambda g, y, a, b: (a.T @ g, g @ b.T)),
            ("transpose", lambda g, y, a, b: (b.T @ g, a.T @ g)),
            ("transpose", lambda g, y, a, b: (g @ b.T, g @ a.T)),
            ("missing_chain", lambda g, y, a, b: (g * b, a.T @ g)),
        ),
    ),
    Op(
        "matvec",
        np.matmul,
        lambda g, y, a, x: (np.outer(g, x), a.T @ g),
        normal((3, 4), (4,)),
        bugs(
            ("transpose", lambda g, y, a, x: (np.outer(x, g), a.T @ g)),
            ("swapped", lambda g, y, a, x: (np.outer(g, a.T @ g), x)),
            ("transpose", lambda g, y, a, x: (np.outer(g, x), a @ np.resize(g, a.shape[1]))),
            (
                "wrong_axis",
                lambda g, y, a, x: (np.outer(g, x), a.sum(0) * g.sum()),
                "anywhere",
                ("upstream",),
            ),
            ("missing_chain", lambda g, y, a, x: (np.outer(g, np.ones_like(x)), a.T @ g)),
            ("sign", lambda g, y, a, x: (-np.outer(g, x), a.T @ g)),
        ),
        variants={"one": normal((1, 1), (1,)), "empty": normal((0, 4), (4,))},
    ),
    Op(
        "vecmat",
        np.matmul,
        lambda g, y, x, a: (a @ g, np.outer(x, g)),
        normal((3,), (3, 4)),
        bugs(
            ("transpose", lambda g, y, x, a: (a @ g, np.outer(g, x))),
            ("mean_n", lambda g, y, x, a: (a @ g / len(x), np.outer(x, g))),
            ("shape", lambda g, y, x, a: ((a @ g)[:, None], np.outer(x, g))),
            ("sign", lambda g, y, x, a: (a @ g, -np.outer(x, g))),
        ),
    ),
    Op(
        "dot",
        np.dot,
        lambda g, y, a, b: (g * b, g * a),
        normal((5,), (5,)),
        bugs(
            ("swapped", lambda g, y, a, b: (g * a, g * b)),
            ("missing_chain", lambda g, y, a, b: (g * np.ones_like(b), g * np.ones_like(a))),
            ("upstream", lambda g, y, a, b: (b.copy(), a.copy())),
            ("mean_n", lambda g, y, a, b: (g * b / len(a), g * a / len(a))),
            ("detached", lambda g, y, a, b: (np.zeros_like(a), g * a)),
            ("missing_chain", lambda g, y, a, b: (g * y * b, g * y * a)),
        ),
        variants={"empty": normal((0,), (0,)), "one": normal((1,), (1,))},
    ),
    Op(
        "outer",
        np.outer,
        lambda g, y, a, b: (g @ b, g.T @ a),
        normal((3,), (4,)),
        bugs(
            ("transpose", lambda g, y, a, b: (np.resize(g.T, g.shape) @ b, g.T @ a)),
            ("swapped", lambda g, y, a, b: (g.T @ a, g @ b)),
            ("missing_chain", lambda g, y, a, b: (g.sum(1), g.sum(0))),
            ("mean_n", lambda g, y, a, b: (g @ b / len(b), g.T @ a)),
            ("upstream", lambda g, y, a, b: (np.full(a.shape, b.sum()), np.full(b.shape, a.sum()))),
        ),
    ),
    Op(
        "batched_matmul",
        np.matmul,
        batched,
        normal((2, 3, 4), (2, 4, 5)),
        bugs(
            (
                "transpose",
                lambda g, y, a, b: (
                    np.resize(g @ np.resize(b, b.shape[:1] + b.shape[:0:-1]), a.shape),
                    swap(a) @ g,
                ),
            ),
            ("transpose", lambda g, y, a, b: (g @ swap(b), (swap(g) @ a).reshape(b.shape))),
            (
                "wrong_axis",
                lambda g, y, a, b: (
                    g @ swap(b),
                    np.broadcast_to((swap(a) @ g).sum(0), b.shape).copy(),
                ),
                "anywhere",
                ("upstream",),
            ),
            ("sign", lambda g, y, a, b: (-g @ swap(b), swap(a) @ g)),
            ("mean_n", lambda g, y, a, b: (g @ swap(b) / len(a), swap(a) @ g / len(a))),
            (
                "index",
                lambda g, y, a, b: (g @ swap(b), swap(a[::-1]) @ g),
                "anywhere",
                ("transpose",),
            ),
        ),
        variants={"one": normal((1, 1, 1), (1, 1, 1)), "empty": normal((0, 3, 4), (0, 4, 5))},
    ),
    Op(
        "broadcast_matmul",
        np.matmul,
        batched,
        normal((2, 3, 4), (4, 5)),
        bugs(
            ("unbroadcast", lambda g, y, a, b: (g @ swap(b), swap(a) @ g)),
            ("unbroadcast", lambda g, y, a, b: (g @ swap(b), (swap(a) @ g)[0])),
            ("mean_n", lambda g, y, a, b: (g @ swap(b), (swap(a) @ g).mean(0))),
            (
                "off_by_one",
                lambda g, y, a, b: (g @ swap(b), (swap(a) @ g)[:-1].sum(0)),
                "anywhere",
                ("unbroadcast",),
            ),
            ("detached", lambda g, y, a, b: (g @ swap(b), np.zeros_like(b))),
        ),
        variants={"empty": normal((0, 3, 4), (4, 5)), "four": normal((2, 1, 3, 4), (5, 4, 2))},
    ),
    Op(
        "affine",
        lambda x, w, b: x @ w + b,
        affine,
        normal((3, 4), (4, 5), (5,)),
        bugs(
            ("unbroadcast", lambda g, y, x, w, b: (g @ w.T, x.T @ g, g)),
            ("mean_n", lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.mean(0))),
            ("mean_n", lambda g, y, x, w, b: (g @ w.T, x.T @ g / len(x), g.sum(0))),
            ("unbroadcast", lambda g, y, x, w, b: (g @ w.T, x.T @ g, g[0])),
            ("wrong_axis", lambda g, y, x, w, b: (g @ w.T, x.T @ g, np.resize(g.sum(1), b.shape))),
            ("transpose", lambda g, y, x, w, b: (g @ w.T, (g.T @ x).reshape(w.shape), g.sum(0))),
            ("transpose", lambda g, y, x, w, b: (g @ w, x.T @ g, g.sum(0))),
            ("detached", lambda g, y, x, w, b: (g @ w.T, x.T @ g, np.zeros_like(b))),
            ("sign", lambda g, y, x, w, b: (g @ w.T, x.T @ g, -g.sum(0))),
            ("missing_chain", lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.sum(0) * b)),
            ("upstream", lambda g, y, x, w, b: (g @ w.T, x.T @ g, np.full(b.shape, len(x) * 1.0))),
            ("shape", lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.sum(0, keepdims=True))),
        ),
        variants={
            "one": normal((1, 1), (1, 1), (1,)),
            "empty": normal((0, 4), (4, 5), (5,)),
            "long": normal((512, 64), (64, 64), (64,)),
        },
    ),
    Op(
        "linear_transposed",
        lambda x, w: x @ w.T,
        lambda g, y, x, w: (g @ w, g.T @ x),
        normal((3, 4), (5, 4)),
        bugs(
            ("transpose", lambda g, y, x, w: (g @ w, x.T @ g)),
            ("transpose", lambda g, y, x, w: (g @ w, (x.T @ g).reshape(w.shape))),
            ("factor", lambda g, y, x, w: (g @ w, 0.5 * g.T @ x)),
            ("sign", lambda g, y, x, w: (-g @ w, g.T @ x)),
            ("mean_n", lambda g, y, x, w: (g @ w, g.T @ x / len(x))),
        ),
    ),
    Op(
        "bilinear_form",
        lambda x, a, z: x @ a @ z,
        bilinear,
        normal((3,), (3, 4), (4,)),
        bugs(
            (
                "swapped",
                lambda g, y, x, a, z: (
                    g * a @ z,
                    g * np.resize(np.outer(z, x), a.shape),
                    g * x @ a,
                ),
                "anywhere",
                ("transpose",),
            ),
            ("missing_chain", lambda g, y, x, a, z: (g * a.sum(1), g * np.outer(x, z), g * x @ a)),
            (
                "missing_chain",
                lambda g, y, x, a, z: (g * a @ z, g * np.outer(x, np.ones_like(z)), g * x @ a),
            ),
            ("factor", lambda g, y, x, a, z: (g * a @ z, 2 * g * np.outer(x, z), g * x @ a)),
            ("detached", lambda g, y, x, a, z: (g * a @ z, g * np.outer(x, z), None)),
        ),
    ),
    Op(
        "quadratic_form",
        quadratic,
        lambda g, y, x, a: (g * (a + a.T) @ x, g * np.outer(x, x)),
        normal((4,), (4, 4)),
        bugs(
            (
                "factor",
                lambda g, y, x, a: (g * 2 * a @ x, g * np.outer(x, x)),
                "anywhere",
                ("missing_term", "missing_chain", "transpose"),
            ),
            ("missing_term", lambda g, y, x, a: (g * a @ x, g * np.outer(x, x))),
            ("missing_term", lambda g, y, x, a: (g * a.T @ x, g * np.outer(x, x))),
            ("sign", lambda g, y, x, a: (g * (a + a.T) @ x, -g * np.outer(x, x))),
            ("missing_chain", lambda g, y, x, a: (g * (a + a.T) @ x, g * np.diag(x))),
        ),
    ),
    Op(
        "gram",
        lambda x: x.T @ x,
        lambda g, y, x: (x @ (g + g.T),),
        normal((3, 4)),
        bugs(
            ("missing_term", lambda g, y, x: (x @ g,)),
            ("missing_term", lambda g, y, x: (x @ g.T,)),
            ("factor", lambda g, y, x: (2 * x @ g,), "anywhere", ("missing_term", "transpose")),
            ("sign", lambda g, y, x: (x @ (g - g.T),), "anywhere", ("missing_term",)),
        ),
    ),
    Op(
        "three_factors",
        lambda a, b, c: a @ b @ c,
        lambda g, y, a, b, c: (g @ (b @ c).T, a.T @ g @ c.T, (a @ b).T @ g),
        normal((2, 3), (3, 3), (3, 2)),
        bugs(
            ("transpose", lambda g, y, a, b, c: (g @ (b.T @ c).T, a.T @ g @ c.T, (a @ b).T @ g)),
            ("transpose", lambda g, y, a, b, c: (g @ (b @ c).T, c @ g.T @ a, (a @ b).T @ g)),
            ("missing_chain", lambda g, y, a, b, c: (g @ c.T, a.T @ g @ c.T, (a @ b).T @ g)),
            ("detached", lambda g, y, a, b, c: (g @ (b @ c).T, np.zeros_like(b), (a @ b).T @ g)),
        ),
    ),
    Op(
        "cosine_similarity",
        cosine,
        cosine_vjp,
        normal((3, 4), (3, 4)),
        bugs(
            ("missing_term", lambda g, y, u, v: cosine_vjp(g, y, u, v, keep=0)),
            (
                "sign",
                lambda g, y, u, v: cosine_vjp(g, y, u, v, keep=-1),
                "anywhere",
                ("missing_term",),
            ),
            ("missing_chain", lambda g, y, u, v: cosine_vjp(g, y, u, v, scale=lambda u: 1)),
            (
                "missing_chain",
                lambda g, y, u, v: cosine_vjp(g, y, u, v, scale=lambda u: lengths(u) ** 2),
            ),
            ("swapped", lambda g, y, u, v: cosine_vjp(g, y, v, u)),
        ),
        domain="positive",
    ),
    Op(
        "squared_distances",
        squared_distances,
        distances_vjp,
        normal((3, 4), (5, 4)),
        bugs(
            (
                "sign",
                lambda g, y, x, z: (distances_vjp(g, y, x, z)[0], -distances_vjp(g, y, x, z)[1]),
            ),
            ("factor", lambda g, y, x, z: distances_vjp(g / 2, y, x, z)),
            (
                "missing_term",
                lambda g, y, x, z: (2 * x * g.sum(1)[:, None], 2 * z * g.sum(0)[:, None]),
            ),
            ("upstream", lambda g, y, x, z: distances_vjp(np.ones_like(g), y, x, z)),
            (
                "mean_n",
                lambda g, y, x, z: (
                    distances_vjp(g, y, x, z)[0] / len(z),
                    distances_vjp(g, y, x, z)[1],
                ),
            ),
        ),
    ),
    Op(
        "diagonal_of_product",
        lambda a, b: np.einsum("ij,ji->i", a, b),
        lambda g, y, a, b: (g[:, None] * b.T, g * a.T),
        normal((3, 4), (4, 3)),
        bugs(
            ("transpose", lambda g, y, a, b: (g[:, None] * b.reshape(a.shape), g * a.T)),
            (
                "wrong_axis",
                lambda g, y, a, b: (g[:, None] * b.T, g[::-1] * a.T),
                "anywhere",
                ("index",),
            ),
            ("shape", lambda g, y, a, b: (g * b, g * a.T)),
            ("missing_chain", lambda g, y, a, b: (np.repeat(g[:, None], a.shape[1], 1), g * a.T)),
        ),
    ),
]
