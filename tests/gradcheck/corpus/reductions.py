"""Many numbers to fewer: how to spread the upstream gradient back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import SAMPLERS, Op, bugs, shapes_of


def back(g: Any, axis: int | None) -> Any:
    """Give `g` its reduced axis back, of size 1."""
    return g if axis is None else np.expand_dims(g, axis)


def reduction(
    name: str,
    f: Callable,
    vjp: Callable,
    *wrong: tuple,
    domain: str = "real",
    skip: tuple[str, ...] = (),
    shape: tuple[int, ...] = (3, 4),
    empty: bool = False,
) -> Op:
    variants = shapes_of(domain, ones=[(1, 1)], long=[(512, 512)])
    if empty:
        variants |= shapes_of(domain, empty=[(0, 3)])
    return Op(name, f, vjp, SAMPLERS[domain](shape), bugs(*wrong), domain, skip, variants)


def at_max(x: Any, axis: Any) -> Any:
    hit = x == x.max(axis, keepdims=True)
    return hit / hit.sum(axis, keepdims=True)


def first_max(x: Any) -> Any:
    return np.arange(x.shape[1]) == x.argmax(1)[:, None]


def others(x: Any) -> Any:
    """Return the product of all other elements of each row, without a division."""
    before = np.cumprod(np.concatenate([np.ones_like(x[:, :1]), x[:, :-1]], 1), 1)
    after = np.cumprod(np.concatenate([np.ones_like(x[:, :1]), x[:, :0:-1]], 1), 1)[:, ::-1]
    return before * after


def quiet(f: Callable) -> Callable:
    def vjp(*args: Any) -> tuple:
        with np.errstate(all="ignore"):
            return f(*args)

    return vjp


def centred(x: Any, axis: Any = 1) -> Any:
    return x - x.mean(axis, keepdims=True)


def ratio(a: Any, b: Any) -> Any:
    """Return a / b, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros(np.broadcast_shapes(np.shape(a), np.shape(b))), where=b > 0)


def logsumexp(x: Any) -> Any:
    top = x.max(1, keepdims=True)
    return np.log(np.exp(x - top).sum(1)) + top[:, 0]


def share(x: Any, axis: int = 1) -> Any:
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


OPS = [
    reduction(
        "sum",
        np.sum,
        lambda g, y, x: (np.full(x.shape, g),),
        ("mean_n", lambda g, y, x: (np.full(x.shape, g / x.size),)),
        ("mean_n", lambda g, y, x: (np.full(x.shape, g / x.shape[0]),)),
        ("sign", lambda g, y, x: (np.full(x.shape, -g),)),
        ("shape", lambda g, y, x: (g,)),
        ("missing_chain", lambda g, y, x: (g * x,)),
        ("upstream", lambda g, y, x: (np.ones_like(x),)),
        empty=True,
    ),
    reduction(
        "sum_rows",
        lambda x: x.sum(1),
        lambda g, y, x: (g[:, None] + np.zeros_like(x),),
        ("mean_n", lambda g, y, x: (g[:, None] / x.shape[1] + np.zeros_like(x),)),
        ("shape", lambda g, y, x: (g[:, None],), "anywhere", ("unbroadcast",)),
        ("wrong_axis", lambda g, y, x: (np.resize(g, x.shape[1]) + np.zeros_like(x),)),
        ("upstream", lambda g, y, x: (np.full(x.shape, g.sum()),), "anywhere", ("wrong_axis",)),
        ("index", lambda g, y, x: (g[::-1, None] + np.zeros_like(x),), "anywhere", ("transpose",)),
        empty=True,
    ),
    reduction(
        "sum_columns",
        lambda x: x.sum(0),
        lambda g, y, x: (g + np.zeros_like(x),),
        ("wrong_axis", lambda g, y, x: (g[: x.shape[0], None] + np.zeros_like(x),)),
        ("mean_n", lambda g, y, x: (g / len(x) + np.zeros_like(x),)),
        ("shape", lambda g, y, x: (g,)),
        ("off_by_one", lambda g, y, x: (g * (np.arange(len(x)) < len(x) - 1)[:, None],)),
        shape=(4, 4),
    ),
    reduction(
        "sum_keepdims",
        lambda x: x.sum(0, keepdims=True),
        lambda g, y, x: (g + np.zeros_like(x),),
        ("transpose", lambda g, y, x: (g.T + np.zeros_like(x),), "anywhere", ("wrong_axis",)),
        ("factor", lambda g, y, x: (2 * g + np.zeros_like(x),)),
        ("mean_n", lambda g, y, x: (g / x.shape[0] + np.zeros_like(x),)),
        ("mean_n", lambda g, y, x: (g * x.shape[0] + np.zeros_like(x),)),
        shape=(3, 3),
    ),
    reduction(
        "mean",
        np.mean,
        lambda g, y, x: (np.full(x.shape, g / x.size),),
        ("mean_n", lambda g, y, x: (np.full(x.shape, g),)),
        ("mean_n", lambda g, y, x: (np.full(x.shape, g / x.shape[0]),)),
        (
            "off_by_one",
            lambda g, y, x: (np.full(x.shape, g / max(x.size - 1, 1)),),
            "anywhere",
            ("mean_n", "factor"),
        ),
        ("mean_n", lambda g, y, x: (np.full(x.shape, g * x.size),), "anywhere", ("factor",)),
        ("sign", lambda g, y, x: (np.full(x.shape, -g / x.size),)),
    ),
    reduction(
        "mean_rows",
        lambda x: x.mean(1),
        lambda g, y, x: (g[:, None] / x.shape[1] + np.zeros_like(x),),
        ("mean_n", lambda g, y, x: (g[:, None] + np.zeros_like(x),)),
        ("mean_n", lambda g, y, x: (g[:, None] / x.shape[0] + np.zeros_like(x),)),
        ("mean_n", lambda g, y, x: (g[:, None] / x.size + np.zeros_like(x),)),
        ("missing_chain", lambda g, y, x: (g[:, None] * x / x.shape[1],)),
    ),
    reduction(
        "max",
        lambda x: x.max(),
        lambda g, y, x: (g * at_max(x, None),),
        ("mask", lambda g, y, x: (np.full(x.shape, g),)),
        ("ties", lambda g, y, x: (g * (x == y),), "ties"),
        ("mask", lambda g, y, x: (g * (x == x.min()),), "anywhere", ("index", "transpose")),
        ("missing_chain", lambda g, y, x: (g * x * (x == y),)),
        (
            "index",
            lambda g, y, x: (
                g * (np.arange(x.size).reshape(x.shape) == (x.argmax() + 1) % x.size),
            ),
            "anywhere",
            ("off_by_one", "mask"),
        ),
        ("ties", lambda g, y, x: (g * (x == y) * ((x == y).sum() == 1),), "ties"),
    ),
    reduction(
        "max_rows",
        lambda x: x.max(1),
        lambda g, y, x: (g[:, None] * first_max(x),),
        ("ties", lambda g, y, x: (g[:, None] * (x == y[:, None]),), "ties"),
        ("mask", lambda g, y, x: (g[:, None] * (x == x.max()),), "anywhere", ("wrong_axis",)),
        ("wrong_axis", lambda g, y, x: (g[:, None] * (x == x.max(0)),)),
        (
            "mask",
            lambda g, y, x: (g[:, None] * (x == x.min(1, keepdims=True)),),
            "anywhere",
            ("index", "transpose"),
        ),
        ("upstream", lambda g, y, x: (1.0 * first_max(x),)),
        (
            "off_by_one",
            lambda g, y, x: (g[:, None] * first_max(x) * (np.arange(x.shape[1]) < x.shape[1] - 1),),
            "second",
            ("mask",),
        ),
        ("mask", lambda g, y, x: (np.where(x > 0, g[:, None] * first_max(x), 0),), "second"),
    ),
    reduction(
        "min_columns",
        lambda x: x.min(0),
        lambda g, y, x: (g * at_max(-x, 0),),
        ("mask", lambda g, y, x: (g * at_max(x, 0),), "anywhere", ("index", "transpose")),
        ("ties", lambda g, y, x: (g * (x == y),), "ties"),
        ("sign", lambda g, y, x: (-g * at_max(-x, 0),)),
        ("wrong_axis", lambda g, y, x: (g * at_max(-x, 1),)),
    ),
    reduction(
        "prod",
        lambda x: x.prod(1),
        lambda g, y, x: (g[:, None] * others(x),),
        ("nonfinite", quiet(lambda g, y, x: ((g * y)[:, None] / x,)), "zeros"),
        ("missing_chain", lambda g, y, x: ((g * y)[:, None] + np.zeros_like(x),)),
        ("missing_chain", lambda g, y, x: ((g * y)[:, None] * x,)),
        ("missing_chain", lambda g, y, x: (g[:, None] + np.zeros_like(x),)),
        ("mask", lambda g, y, x: (np.where(x == 0, 0, g[:, None] * others(x)),), "zeros"),
        skip=("large", "mixed", "saturated", "long"),
    ),
    reduction(
        "variance",
        lambda x: x.var(1),
        lambda g, y, x: (2 * g[:, None] * centred(x) / x.shape[1],),
        ("missing_term", lambda g, y, x: (2 * g[:, None] * x / x.shape[1],)),
        ("factor", lambda g, y, x: (g[:, None] * centred(x) / x.shape[1],)),
        ("mean_n", lambda g, y, x: (2 * g[:, None] * centred(x),)),
        (
            "off_by_one",
            quiet(lambda g, y, x: (2 * g[:, None] * centred(x) / (x.shape[1] - 1),)),
            "anywhere",
            ("mean_n", "factor"),
        ),
        ("sign", lambda g, y, x: (-2 * g[:, None] * centred(x) / x.shape[1],)),
        (
            "wrong_axis",
            lambda g, y, x: (2 * g[:, None] * centred(x, 0) / x.shape[1],),
            "anywhere",
            ("missing_term",),
        ),
        (
            "missing_term",
            lambda g, y, x: (2 * g[:, None] * (x - x.mean()) / x.shape[1],),
            "anywhere",
            ("wrong_axis",),
        ),
    ),
    reduction(
        "std",
        lambda x: x.std(1),
        lambda g, y, x: (ratio(g[:, None] * centred(x), x.shape[1] * y[:, None]),),
        (
            "nonfinite",
            quiet(lambda g, y, x: (g[:, None] * centred(x) / (x.shape[1] * y[:, None]),)),
            "equal",
        ),
        ("missing_term", lambda g, y, x: (ratio(g[:, None] * x, x.shape[1] * y[:, None]),)),
        ("mean_n", lambda g, y, x: (ratio(g[:, None] * centred(x), y[:, None]),)),
        ("factor", lambda g, y, x: (ratio(2 * g[:, None] * centred(x), x.shape[1] * y[:, None]),)),
        ("missing_chain", lambda g, y, x: (g[:, None] * centred(x) / x.shape[1],)),
        skip=("ones",),
    ),
    reduction(
        "std_ddof",
        lambda x: x.std(0, ddof=1),
        lambda g, y, x: (ratio(g * centred(x, 0), (len(x) - 1) * y),),
        (
            "off_by_one",
            lambda g, y, x: (ratio(g * centred(x, 0), len(x) * y),),
            "anywhere",
            ("factor", "mean_n"),
        ),
        ("missing_chain", lambda g, y, x: (ratio(g * centred(x, 0), (len(x) - 1) * y**2),)),
        ("missing_term", lambda g, y, x: (ratio(g * x, (len(x) - 1) * y),)),
        ("nonfinite", quiet(lambda g, y, x: (g * centred(x, 0) / ((len(x) - 1) * y),)), "equal"),
        ("mean_n", lambda g, y, x: (ratio(g * centred(x, 0), y),), "anywhere", ("off_by_one",)),
        skip=("ones",),
    ),
    reduction(
        "logsumexp",
        logsumexp,
        lambda g, y, x: (g[:, None] * np.exp(x - y[:, None]),),
        ("missing_chain", lambda g, y, x: (g[:, None] * np.exp(x),)),
        ("wrong_axis", lambda g, y, x: (g[:, None] * share(x, 0),)),
        ("sign", lambda g, y, x: (-g[:, None] * share(x),)),
        (
            "nonfinite",
            quiet(lambda g, y, x: (g[:, None] * np.exp(x) / np.exp(x).sum(1, keepdims=True),)),
            "saturated",
        ),
        ("mean_n", lambda g, y, x: (g[:, None] * share(x) / x.shape[1],)),
        ("upstream", lambda g, y, x: (g.mean() * share(x),)),
    ),
    reduction(
        "softmax",
        share,
        lambda g, y, x: (y * (g - (g * y).sum(1, keepdims=True)),),
        ("missing_term", lambda g, y, x: (g * y,)),
        ("missing_term", lambda g, y, x: (g * y * (1 - y),)),
        ("wrong_axis", lambda g, y, x: (y * (g - (g * y).sum(0, keepdims=True)),)),
        ("wrong_axis", lambda g, y, x: (y * (g - (g * y).sum()),)),
        (
            "missing_term",
            lambda g, y, x: (y * (g - g.sum(1, keepdims=True)),),
            "anywhere",
            ("missing_chain",),
        ),
        ("sign", lambda g, y, x: (-y * (g - (g * y).sum(1, keepdims=True)),)),
        (
            "mean_n",
            lambda g, y, x: (y * (g - (g * y).mean(1, keepdims=True)),),
            "anywhere",
            ("missing_term",),
        ),
        (
            "sign",
            lambda g, y, x: (y * (g + (g * y).sum(1, keepdims=True)),),
            "anywhere",
            ("missing_term",),
        ),
    ),
    reduction(
        "log_softmax",
        lambda x: x - logsumexp(x)[:, None],
        lambda g, y, x: (g - np.exp(y) * g.sum(1, keepdims=True),),
        ("missing_term", lambda g, y, x: (g,)),
        ("missing_term", lambda g, y, x: (g - np.exp(y) * g,)),
        ("missing_chain", lambda g, y, x: (g - y * g.sum(1, keepdims=True),)),
        ("upstream", lambda g, y, x: (g - np.exp(y),)),
        (
            "sign",
            lambda g, y, x: (g + np.exp(y) * g.sum(1, keepdims=True),),
            "anywhere",
            ("missing_term",),
        ),
        (
            "mean_n",
            lambda g, y, x: (g - np.exp(y) * g.mean(1, keepdims=True),),
            "anywhere",
            ("missing_term",),
        ),
        ("wrong_axis", lambda g, y, x: (g - np.exp(y) * g.sum(0, keepdims=True),)),
    ),
    reduction(
        "rms",
        lambda x: np.sqrt((x * x).mean(1)),
        lambda g, y, x: (ratio(g[:, None] * x, x.shape[1] * y[:, None]),),
        ("mean_n", lambda g, y, x: (ratio(g[:, None] * x, y[:, None]),)),
        ("factor", lambda g, y, x: (ratio(2 * g[:, None] * x, x.shape[1] * y[:, None]),)),
        (
            "nonfinite",
            quiet(lambda g, y, x: (g[:, None] * x / (x.shape[1] * y[:, None]),)),
            "zeros",
        ),
        ("missing_chain", lambda g, y, x: (g[:, None] * x / x.shape[1],)),
    ),
    reduction(
        "median",
        lambda x: np.median(x, 1),
        lambda g, y, x: (g[:, None] * nearest(x, 2),),
        ("ties", lambda g, y, x: (g[:, None] * (x == y[:, None]),), "ties"),
        (
            "index",
            lambda g, y, x: (g[:, None] * nearest(x, 3),),
            "anywhere",
            ("off_by_one", "mask"),
        ),
        (
            "mean_n",
            lambda g, y, x: (g[:, None] / x.shape[1] + np.zeros_like(x),),
            "anywhere",
            ("mask",),
        ),
        shape=(3, 5),
        skip=("ones", "long"),
    ),
]


def nearest(x: Any, rank: int) -> Any:
    """Mark the element of each row that has this rank."""
    return np.argsort(np.argsort(x, 1, kind="stable"), 1, kind="stable") == rank
