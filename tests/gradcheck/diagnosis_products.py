"""More wrong formulas: products of matrices, moved elements, and special points."""

from __future__ import annotations

from typing import Any

import numpy as np

from .diagnosis_cases import CASES, A, B, draw, largest, op

__all__ = ["CASES"]

# --- products -------------------------------------------------------------------------------------
M, N, S, T = draw(3, 4), draw(4, 5), draw(4, 4), draw(4, 4, high=3.0)
op(
    "matmul",
    np.matmul,
    [M, N],
    ("mean_n", 1, lambda g, y, a, b: a.T @ g / len(a)),
    ("transpose", 1, lambda g, y, a, b: g.T @ a),
    ("sign", 0, lambda g, y, a, b: -g @ b.T),
    ("factor", 0, lambda g, y, a, b: 0.7 * g @ b.T),
    ("transpose", 1, lambda g, y, a, b: (g.T @ a).reshape(b.shape)),
    ("detached", 0, lambda g, y, a, b: None),
)
op(
    "matmul_square",
    np.matmul,
    [S, T],
    ("transpose", 0, lambda g, y, a, b: g @ b),
    ("transpose", 1, lambda g, y, a, b: a @ g),
    ("swapped", 0, lambda g, y, a, b: b.T @ g),
    ("swapped", 1, lambda g, y, a, b: g @ a.T),
    ("swapped", 0, lambda g, y, a, b: a.T @ g),
    ("transpose", 0, lambda g, y, a, b: b @ g.T),
)
op(
    "gram",
    lambda x: x @ x.T,
    [M],
    ("missing_term", 0, lambda g, y, x: g @ x),
    ("missing_term", 0, lambda g, y, x: g.T @ x),
)
op(
    "outer",
    np.outer,
    [draw(3), draw(4)],
    ("swapped", 0, lambda g, y, a, b: a @ g),
    ("sign", 1, lambda g, y, a, b: -a @ g),
)
op(
    "inverse",
    np.linalg.inv,
    [np.eye(3) * 3 + draw(3, 3)],
    ("sign", 0, lambda g, y, x: y.T @ g @ y.T),
    ("transpose", 0, lambda g, y, x: -y @ g @ y),
    ("missing_chain", 0, lambda g, y, x: -g / x**2),
)
op(
    "determinant",
    np.linalg.det,
    [np.eye(3) * 3 + draw(3, 3)],
    ("transpose", 0, lambda g, y, x: g * y * np.linalg.inv(x)),
    ("missing_chain", 0, lambda g, y, x: g * np.linalg.inv(x).T),
)
op(
    "affine",
    lambda x, w, b: x @ w + b,
    [M, N, draw(5)],
    ("unbroadcast", 2, lambda g, y, x, w, b: g),
    ("mean_n", 2, lambda g, y, x, w, b: g.mean(0)),
    ("unbroadcast", 2, lambda g, y, x, w, b: g[0]),
    ("mean_n", 1, lambda g, y, x, w, b: x.T @ g / len(x)),
)

# --- moving elements ------------------------------------------------------------------------------
TAKEN = np.array([2, 0, 2, 1, 2])


def scattered(places: Any, g: Any, n: int, last: bool = False) -> Any:
    out = np.zeros((n, *g.shape[1:]))
    if last:
        out[places] = g
    else:
        np.add.at(out, places, g)
    return out


op(
    "take",
    lambda x, i: x[i],
    [A, TAKEN],
    ("index_dup", 0, lambda g, y, x, i: scattered(i, g, 3, last=True)),
    ("index", 0, lambda g, y, x, i: scattered(2 - i, g, 3)),
    ("index", 0, lambda g, y, x, i: scattered(np.sort(i), g, 3)),
    ("off_by_one", 0, lambda g, y, x, i: scattered(i[:-1], g[:-1], 3)),
)
op("repeat", lambda x: np.repeat(x, 3, 0), [A], ("index_dup", 0, lambda g, y, x: g[::3]))
op(
    "transpose",
    lambda x: x.T,
    [S],
    ("transpose", 0, lambda g, y, x: g),
    ("mask", 0, lambda g, y, x: g.T * (x > 0)),
)
op("transpose_3", lambda x: x.transpose(1, 2, 0), [draw(3, 3, 3)],
   ("transpose", 0, lambda g, y, x: g.transpose(1, 2, 0)))  # fmt: skip
op("roll", lambda x: np.roll(x, 2, 1), [draw(3, 5)],
   ("transpose", 0, lambda g, y, x: np.roll(g, 2, 1)),
   ("wrong_axis", 0, lambda g, y, x: np.roll(g, -2, 0)),
   ("off_by_one", 0, lambda g, y, x: np.roll(g, -1, 1)))  # fmt: skip
op("flip", lambda x: x[:, ::-1], [A], ("transpose", 0, lambda g, y, x: g))
op("pad", lambda x: np.pad(x, ((0, 0), (2, 2))), [A],
   ("off_by_one", 0, lambda g, y, x: g[:, 1:-3]),
   ("index", 0, lambda g, y, x: g[:, :4]))  # fmt: skip
op("tril", np.tril, [S],
   ("mask", 0, lambda g, y, x: g),
   ("off_by_one", 0, lambda g, y, x: np.tril(g, -1)),
   ("off_by_one", 0, lambda g, y, x: np.tril(g, 1)))  # fmt: skip
op("diff", lambda x: np.diff(x, axis=1), [draw(3, 5)],
   ("missing_term", 0, lambda g, y, x: np.pad(g, ((0, 0), (1, 0)))),
   ("sign", 0, lambda g, y, x: np.diff(g, axis=1, prepend=0, append=0)))  # fmt: skip
op("sort", lambda x: np.sort(x, 1), [A],
   ("index", 0, lambda g, y, x: np.take_along_axis(g, np.argsort(x, 1), 1)),
   ("index", 0, lambda g, y, x: g))  # fmt: skip
op("where", lambda a, b: np.where(A > 0, a, b), [draw(3, 4, high=4.0), B],
   ("mask", 0, lambda g, y, a, b: g),
   ("mask", 0, lambda g, y, a, b: g * (A > 1)))  # fmt: skip
op("concatenate", lambda a, b: np.concatenate([a, b]), [A, B],
   ("swapped", 0, lambda g, y, a, b: g[3:]),
   ("sign", 1, lambda g, y, a, b: -g[3:]))  # fmt: skip

# --- what g is multiplied with --------------------------------------------------------------------
op("exp_of_g", np.exp, [A],
   ("upstream", 0, lambda g, y, x: y),
   ("upstream", 0, lambda g, y, x: abs(g) * y),
   ("upstream", 0, lambda g, y, x: np.maximum(g, 0) * y))  # fmt: skip

# --- special points -------------------------------------------------------------------------------
ZEROS = np.array([[0.0, 1.0, -1.0], [2.0, 0.0, 1.5]])
EQUAL = np.array([[1.0, 1.0, 0.0], [2.0, 0.5, 2.0]])
with np.errstate(all="ignore"):
    op("norm_at_0", lambda x: np.sqrt((x * x).sum(1) + 1e-30), [np.array([[0.0, 0.0], [1.0, 2.0]])],
       ("nonfinite", 0, lambda g, y, x: (g / np.sqrt((x * x).sum(1)))[:, None] * x))  # fmt: skip
op("product", lambda x: x.prod(1), [ZEROS],
   ("nonfinite", 0, lambda g, y, x: (g * y)[:, None] / x))  # fmt: skip
op("max_ties", lambda x: x.max(1), [EQUAL],
   ("ties", 0, lambda g, y, x: g[:, None] * (x == x.max(1, keepdims=True))),
   ("ties", 0, lambda g, y, x: g[:, None] * largest(x) / (largest(x).sum() - 1)))  # fmt: skip
op("abs_at_0", np.abs, [ZEROS],
   ("ties", 0, lambda g, y, x: g * np.where(x == 0, 3.0, np.sign(x))))  # fmt: skip
