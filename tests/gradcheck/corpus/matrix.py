"""Functions of a whole matrix: inverse, solve, determinant, factorisations."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Bug, Op, bugs, normal

SINGULAR = (
    "ties",
    "kinks",
    "zeros",
    "one_zero",
    "constant",
    "repeated",
    "large",
    "mixed",
    "tiny",
    "saturated",
)
inv = np.linalg.inv


def well_conditioned(*shapes: tuple[int, ...]) -> Any:
    """A matrix near the identity, and more inputs."""

    def draw(rng: np.random.Generator) -> list[Any]:
        first, *rest = [rng.standard_normal(shape) for shape in shapes]
        return [np.eye(shapes[0][-1]) * 3 + 0.5 * first, *rest]

    return draw


def op(name: str, f: Any, vjp: Any, inputs: Any, wrong: list[Bug], **variants: Any) -> Op:
    return Op(name, f, vjp, inputs, wrong, "given", SINGULAR, variants)


def solve_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple:
    db = np.linalg.solve(a.T, g)
    return -np.multiply.outer(db, y) if y.ndim == 1 else -db @ y.T, db


def spd(a: Any) -> Any:
    """The symmetric positive definite matrix that `cholesky` factors."""
    return (a + a.T) / 2 + 3 * np.eye(len(a))


def lower(m: Any) -> Any:
    """The lower triangle with half the diagonal."""
    return np.tril(m) - np.diag(np.diag(m)) / 2


def cholesky_vjp(g: Any, y: Any, a: Any, half: Any = lower, symmetric: bool = True) -> tuple:
    s = inv(y).T @ half(y.T @ np.tril(g)) @ inv(y)
    return ((s + s.T) / 2 if symmetric else s,)


def eigenvalue_vjp(g: Any, y: Any, a: Any) -> tuple:
    v = np.linalg.eigh((a + a.T) / 2)[1]
    return ((v * g) @ v.T,)


def matrix_power_vjp(g: Any, y: Any, a: Any) -> tuple:
    return (g @ (a @ a).T + a.T @ g @ a.T + (a @ a).T @ g,)


def log_determinant(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def diagonal_vjp(g: Any, y: Any, a: Any) -> tuple:
    out = np.zeros_like(a)
    np.fill_diagonal(out, g)
    return (out,)


def difference_vjp(g: Any, y: Any, a: Any, b: Any) -> tuple:
    d = g * (a - b) / (y if y else 1)
    return d, -d


OPS = [
    op(
        "inverse",
        inv,
        lambda g, y, a: (-y.T @ g @ y.T,),
        well_conditioned((4, 4)),
        bugs(
            ("sign", lambda g, y, a: (y.T @ g @ y.T,)),
            ("transpose", lambda g, y, a: (-y @ g @ y,)),
            ("transpose", lambda g, y, a: (-y.T @ g.T @ y.T,)),
            ("missing_chain", lambda g, y, a: (-y.T @ g,)),
            ("missing_chain", lambda g, y, a: (-g * y * y,)),
            ("transpose", lambda g, y, a: (-y.T @ g @ y,)),
            ("factor", lambda g, y, a: (-2 * y.T @ g @ y.T,)),
        ),
        one=well_conditioned((1, 1)),
        larger=well_conditioned((12, 12)),
    ),
    op(
        "solve",
        np.linalg.solve,
        solve_vjp,
        well_conditioned((4, 4), (4, 2)),
        bugs(
            ("transpose", lambda g, y, a, b: (-np.linalg.solve(a, g) @ y.T, np.linalg.solve(a, g))),
            ("sign", lambda g, y, a, b: (-solve_vjp(g, y, a, b)[0], solve_vjp(g, y, a, b)[1])),
            (
                "transpose",
                lambda g, y, a, b: (-y @ solve_vjp(g, y, a, b)[1].T, solve_vjp(g, y, a, b)[1]),
            ),
            ("detached", lambda g, y, a, b: (np.zeros_like(a), solve_vjp(g, y, a, b)[1])),
            (
                "missing_chain",
                lambda g, y, a, b: (-solve_vjp(g, y, a, b)[1] @ b.T, solve_vjp(g, y, a, b)[1]),
            ),
            ("missing_chain", lambda g, y, a, b: (-g @ y.T, solve_vjp(g, y, a, b)[1])),
            ("factor", lambda g, y, a, b: (solve_vjp(g, y, a, b)[0], 2 * solve_vjp(g, y, a, b)[1])),
        ),
        one=well_conditioned((1, 1), (1, 1)),
        empty=well_conditioned((3, 3), (3, 0)),
    ),
    op(
        "solve_vector",
        np.linalg.solve,
        solve_vjp,
        well_conditioned((4, 4), (4,)),
        bugs(
            (
                "transpose",
                lambda g, y, a, b: (
                    -np.outer(y, solve_vjp(g, y, a, b)[1]),
                    solve_vjp(g, y, a, b)[1],
                ),
            ),
            ("transpose", lambda g, y, a, b: (solve_vjp(g, y, a, b)[0], np.linalg.solve(a, g))),
            ("sign", lambda g, y, a, b: (solve_vjp(g, y, a, b)[0], -solve_vjp(g, y, a, b)[1])),
            ("missing_chain", lambda g, y, a, b: (solve_vjp(g, y, a, b)[0], a.T @ g)),
        ),
    ),
    op(
        "determinant",
        np.linalg.det,
        lambda g, y, a: (g * y * inv(a).T,),
        well_conditioned((3, 3)),
        bugs(
            ("transpose", lambda g, y, a: (g * y * inv(a),)),
            ("missing_chain", lambda g, y, a: (g * inv(a).T,), "anywhere", ("factor",)),
            ("missing_chain", lambda g, y, a: (g * y * a.T,)),
            ("sign", lambda g, y, a: (-g * y * inv(a).T,)),
            ("missing_chain", lambda g, y, a: (g * y * np.eye(len(a)),)),
        ),
        one=well_conditioned((1, 1)),
    ),
    op(
        "log_determinant",
        log_determinant,
        lambda g, y, a: (g * inv(a).T,),
        well_conditioned((3, 3)),
        bugs(
            ("transpose", lambda g, y, a: (g * inv(a),)),
            ("missing_chain", lambda g, y, a: (g * np.exp(y) * inv(a).T,), "anywhere", ("factor",)),
            ("factor", lambda g, y, a: (2 * g * inv(a).T,)),
            ("missing_chain", lambda g, y, a: (g / a.T,)),
            ("upstream", lambda g, y, a: (inv(a).T,)),
        ),
    ),
    op(
        "cholesky",
        lambda a: np.linalg.cholesky(spd(a)),
        cholesky_vjp,
        normal((3, 3), scale=0.5),
        bugs(
            ("missing_chain", lambda g, y, a: cholesky_vjp(g, y, a, half=np.tril)),
            (
                "missing_term",
                lambda g, y, a: cholesky_vjp(g, y, a, symmetric=False),
                "anywhere",
                ("transpose", "missing_chain"),
            ),
            ("sign", lambda g, y, a: (-cholesky_vjp(g, y, a)[0],)),
            ("factor", lambda g, y, a: (2 * cholesky_vjp(g, y, a)[0],)),
            ("missing_chain", lambda g, y, a: cholesky_vjp(g, y, a, half=lambda m: m)),
        ),
    ),
    op(
        "eigenvalues",
        lambda a: np.linalg.eigvalsh((a + a.T) / 2),
        eigenvalue_vjp,
        lambda rng: [np.diag([1.0, 2.5, 4.0]) + 0.3 * rng.standard_normal((3, 3))],
        bugs(
            (
                "transpose",
                lambda g, y, a: ((lambda v: (v.T * g) @ v)(np.linalg.eigh((a + a.T) / 2)[1]),),
                "anywhere",
                ("missing_chain",),
            ),
            ("missing_chain", lambda g, y, a: (np.diag(g),)),
            ("index", lambda g, y, a: eigenvalue_vjp(g[::-1], y, a)),
            ("missing_chain", lambda g, y, a: eigenvalue_vjp(g * y, y, a)),
            ("factor", lambda g, y, a: eigenvalue_vjp(g / 2, y, a)),
        ),
    ),
    op(
        "matrix_cube",
        lambda a: a @ a @ a,
        matrix_power_vjp,
        normal((3, 3)),
        bugs(
            ("missing_term", lambda g, y, a: (g @ (a @ a).T + (a @ a).T @ g,)),
            ("missing_term", lambda g, y, a: (3 * g @ (a @ a).T,), "anywhere", ("missing_chain",)),
            ("missing_term", lambda g, y, a: (g @ (a @ a).T,)),
            ("transpose", lambda g, y, a: matrix_power_vjp(g, y, a.T)),
            ("transpose", lambda g, y, a: (matrix_power_vjp(g, y, a)[0].T,)),
        ),
    ),
    op(
        "trace",
        np.trace,
        lambda g, y, a: (g * np.eye(*a.shape),),
        normal((4, 4)),
        bugs(
            ("mask", lambda g, y, a: (np.full(a.shape, g),)),
            ("index", lambda g, y, a: (g * np.eye(len(a))[::-1],), "anywhere", ("transpose",)),
            ("missing_chain", lambda g, y, a: (g * np.diag(np.diag(a)),)),
            ("mean_n", lambda g, y, a: (g * np.eye(len(a)) / len(a),)),
            (
                "off_by_one",
                lambda g, y, a: (g * np.eye(len(a), k=1),),
                "anywhere",
                ("index", "transpose"),
            ),
            (
                "off_by_one",
                lambda g, y, a: (g * np.diag(np.arange(len(a)) < len(a) - 1),),
                "anywhere",
                ("index",),
            ),
        ),
        tall=normal((5, 3)),
    ),
    op(
        "diagonal",
        np.diag,
        diagonal_vjp,
        normal((4, 4)),
        bugs(
            ("mask", lambda g, y, a: (g[:, None] + np.zeros_like(a),)),
            ("index", lambda g, y, a: (np.diag(g[::-1]),), "anywhere", ("transpose",)),
            ("shape", lambda g, y, a: (g,)),
            ("index", lambda g, y, a: (np.diag(g)[:, ::-1],), "anywhere", ("transpose",)),
            ("off_by_one", lambda g, y, a: (np.diag(g * (np.arange(len(a)) < len(a) - 1)),)),
        ),
    ),
    op(
        "frobenius_of_difference",
        lambda a, b: np.sqrt(((a - b) ** 2).sum()),
        difference_vjp,
        normal((3, 4), (3, 4)),
        bugs(
            ("factor", lambda g, y, a, b: (2 * g * (a - b) / y, -2 * g * (a - b) / y)),
            ("sign", lambda g, y, a, b: (g * (a - b) / y, g * (a - b) / y)),
            (
                "missing_chain",
                lambda g, y, a, b: (g * (a - b), -g * (a - b)),
                "anywhere",
                ("factor",),
            ),
            (
                "swapped",
                lambda g, y, a, b: (-g * (a - b) / y, g * (a - b) / y),
                "anywhere",
                ("sign",),
            ),
            (
                "missing_chain",
                lambda g, y, a, b: (g * (a - b) / y**2, -g * (a - b) / y**2),
                "anywhere",
                ("factor",),
            ),
        ),
    ),
    op(
        "l1_norm_of_columns",
        lambda a: np.abs(a).sum(0),
        lambda g, y, a: (g * np.sign(a),),
        normal((4, 4)),
        bugs(
            ("wrong_axis", lambda g, y, a: (g[:, None] * np.sign(a),)),
            ("mask", lambda g, y, a: (g + np.zeros_like(a),), "anywhere", ("sign",)),
            ("missing_chain", lambda g, y, a: (g * a,)),
            ("mean_n", lambda g, y, a: (g * np.sign(a) / len(a),)),
        ),
    ),
]
