"""Normalisation: three ways for x to reach y, and all three are needed."""

from __future__ import annotations

from typing import Any

import numpy as np

from .model import Op, bugs, normal
from .reductions import quiet

EPS = 1e-5


def hat(x: Any, axis: int = 0, eps: float = EPS) -> Any:
    return (x - x.mean(axis, keepdims=True)) / spread(x, axis, eps)


def spread(x: Any, axis: int = 0, eps: float = EPS) -> Any:
    return np.sqrt(x.var(axis, keepdims=True) + eps)


def through(g: Any, x: Any, axis: int = 0, mean: float = 1, var: float = 1, n: Any = None) -> Any:
    """The gradient of `hat`: the direct path, and those through the mean and the variance."""
    h, n = hat(x, axis), n or x.shape[axis]
    by_mean = g.sum(axis, keepdims=True) / n
    by_var = h * (g * h).sum(axis, keepdims=True) / n
    return (g - mean * by_mean - var * by_var) / spread(x, axis)


def batch(g: Any, y: Any, x: Any, w: Any, b: Any) -> tuple:
    return through(g * w, x), (g * hat(x)).sum(0), g.sum(0)


def batch_x(**wrong: Any) -> Any:
    return lambda g, y, x, w, b: (through(g * w, x, **wrong), *batch(g, y, x, w, b)[1:])


def layer(g: Any, y: Any, x: Any, w: Any, b: Any) -> tuple:
    return through(g * w, x, 1), (g * hat(x, 1)).sum(0), g.sum(0)


def layer_x(**wrong: Any) -> Any:
    return lambda g, y, x, w, b: (through(g * w, x, 1, **wrong), *layer(g, y, x, w, b)[1:])


def length(x: Any, eps: float = 0) -> Any:
    return np.sqrt((x * x).sum(1, keepdims=True) + eps)


def unit_vjp(g: Any, y: Any, x: Any, keep: float = 1) -> tuple:
    return ((g - keep * y * (g * y).sum(1, keepdims=True)) / length(x, 1e-3),)


def zero_safe(a: Any, b: Any) -> Any:
    return a / np.where(b == 0, 1, b)


def rms(x: Any) -> Any:
    return np.sqrt((x * x).mean(1, keepdims=True) + 1e-3)


def rms_vjp(g: Any, y: Any, x: Any, w: Any) -> tuple:
    h = x / rms(x)
    return (g * w - h * (g * w * h).mean(1, keepdims=True)) / rms(x), (g * h).sum(0)


OPS = [
    Op(
        "batch_norm",
        lambda x, w, b: w * hat(x) + b,
        batch,
        normal((6, 3), (3,), (3,)),
        bugs(
            ("missing_term", batch_x(mean=0)),
            ("missing_term", batch_x(var=0)),
            ("missing_term", batch_x(mean=0, var=0)),
            ("sign", batch_x(var=-1), "anywhere", ("missing_term",)),
            ("factor", batch_x(var=0.5), "anywhere", ("missing_term",)),
            ("off_by_one", batch_x(n=5), "anywhere", ("missing_term", "factor")),
            ("missing_chain", lambda g, y, x, w, b: (through(g, x), *batch(g, y, x, w, b)[1:])),
            (
                "missing_chain",
                lambda g, y, x, w, b: (through(g * w, x) * spread(x), *batch(g, y, x, w, b)[1:]),
            ),
            (
                "missing_chain",
                lambda g, y, x, w, b: (batch(g, y, x, w, b)[0], (g * x).sum(0), g.sum(0)),
            ),
            (
                "missing_chain",
                lambda g, y, x, w, b: (batch(g, y, x, w, b)[0], (g * y).sum(0), g.sum(0)),
            ),
            ("mean_n", lambda g, y, x, w, b: (*batch(g, y, x, w, b)[:2], g.mean(0))),
            (
                "swapped",
                lambda g, y, x, w, b: (batch(g, y, x, w, b)[0], g.sum(0), (g * hat(x)).sum(0)),
            ),
            ("unbroadcast", lambda g, y, x, w, b: (batch(g, y, x, w, b)[0], g * hat(x), g.sum(0))),
            ("wrong_axis", lambda g, y, x, w, b: (through(g * w, x, 1), *batch(g, y, x, w, b)[1:])),
        ),
        skip=("large", "mixed", "tiny"),
        variants={
            "one_channel": normal((4, 1), (1,), (1,)),
            "long": normal((512, 64), (64,), (64,)),
        },
    ),
    Op(
        "batch_norm_eval",
        lambda x, w, b: w * (x - 0.3) / np.sqrt(1.7 + EPS) + b,
        lambda g, y, x, w, b: (
            g * w / np.sqrt(1.7 + EPS),
            (g * (x - 0.3)).sum(0) / np.sqrt(1.7 + EPS),
            g.sum(0),
        ),
        normal((6, 3), (3,), (3,)),
        bugs(
            (
                "missing_term",
                lambda g, y, x, w, b: (
                    through(g * w, x),
                    (g * (x - 0.3)).sum(0) / np.sqrt(1.7 + EPS),
                    g.sum(0),
                ),
                "anywhere",
                ("missing_chain",),
            ),
            (
                "factor",
                lambda g, y, x, w, b: (
                    g * w / 1.7,
                    (g * (x - 0.3)).sum(0) / np.sqrt(1.7 + EPS),
                    g.sum(0),
                ),
            ),
            (
                "missing_term",
                lambda g, y, x, w, b: (
                    g * w / np.sqrt(1.7 + EPS),
                    (g * x).sum(0) / np.sqrt(1.7 + EPS),
                    g.sum(0),
                ),
                "anywhere",
                ("missing_chain",),
            ),
            (
                "factor",
                lambda g, y, x, w, b: (
                    g * w / np.sqrt(1.7),
                    (g * (x - 0.3)).sum(0) / np.sqrt(1.7 + EPS),
                    g.sum(0),
                ),
            ),
            (
                "detached",
                lambda g, y, x, w, b: (g * w / np.sqrt(1.7 + EPS), np.zeros_like(w), g.sum(0)),
            ),
        ),
    ),
    Op(
        "layer_norm",
        lambda x, w, b: w * hat(x, 1) + b,
        layer,
        normal((3, 5), (5,), (5,)),
        bugs(
            ("missing_term", layer_x(mean=0)),
            ("missing_term", layer_x(var=0)),
            ("sign", layer_x(mean=-1), "anywhere", ("missing_term",)),
            ("mean_n", layer_x(n=1), "anywhere", ("missing_term",)),
            ("off_by_one", layer_x(n=4), "anywhere", ("missing_term", "factor")),
            ("missing_chain", lambda g, y, x, w, b: (through(g, x, 1), *layer(g, y, x, w, b)[1:])),
            ("wrong_axis", lambda g, y, x, w, b: (through(g * w, x, 0), *layer(g, y, x, w, b)[1:])),
            (
                "wrong_axis",
                lambda g, y, x, w, b: (*layer(g, y, x, w, b)[:2], np.resize(g.sum(1), b.shape)),
            ),
            (
                "missing_chain",
                lambda g, y, x, w, b: (layer(g, y, x, w, b)[0], g.sum(0), g.sum(0)),
                "anywhere",
                ("swapped",),
            ),
            (
                "mean_n",
                lambda g, y, x, w, b: (layer(g, y, x, w, b)[0], (g * hat(x, 1)).mean(0), g.sum(0)),
            ),
        ),
        skip=("large", "mixed", "tiny"),
        variants={"long": normal((64, 512), (512,), (512,))},
    ),
    Op(
        "rms_norm",
        lambda x, w: w * x / rms(x),
        rms_vjp,
        normal((3, 4), (4,)),
        bugs(
            ("missing_term", lambda g, y, x, w: (g * w / rms(x), rms_vjp(g, y, x, w)[1])),
            (
                "mean_n",
                lambda g, y, x, w: (
                    (g * w - x / rms(x) * (g * w * x / rms(x)).sum(1, keepdims=True)) / rms(x),
                    rms_vjp(g, y, x, w)[1],
                ),
                "anywhere",
                ("missing_term",),
            ),
            ("missing_chain", lambda g, y, x, w: (rms_vjp(g, y, x, w)[0], (g * x).sum(0))),
            ("unbroadcast", lambda g, y, x, w: (rms_vjp(g, y, x, w)[0], g * x / rms(x))),
            (
                "missing_chain",
                lambda g, y, x, w: (rms_vjp(g, y, x, np.ones_like(w))[0], rms_vjp(g, y, x, w)[1]),
            ),
        ),
        skip=("mixed",),
    ),
    Op(
        "l2_normalise",
        lambda x: x / length(x, 1e-3),
        unit_vjp,
        normal((3, 4)),
        bugs(
            ("missing_term", lambda g, y, x: (g / length(x, 1e-3),)),
            ("sign", lambda g, y, x: unit_vjp(g, y, x, keep=-1), "anywhere", ("missing_term",)),
            ("factor", lambda g, y, x: unit_vjp(g, y, x, keep=2), "anywhere", ("missing_term",)),
            ("wrong_axis", lambda g, y, x: ((g - y * (g * y).sum(0)) / length(x, 1e-3),)),
            ("missing_chain", lambda g, y, x: (unit_vjp(g, y, x)[0] * length(x, 1e-3),)),
            (
                "missing_term",
                lambda g, y, x: ((g - y * g.sum(1, keepdims=True)) / length(x, 1e-3),),
                "anywhere",
                ("missing_chain",),
            ),
        ),
        variants={"one": normal((1, 1)), "long": normal((256, 512))},
        skip=("mixed",),
    ),
    Op(
        "norm",
        lambda x: length(x)[:, 0],
        lambda g, y, x: (g[:, None] * zero_safe(x, y[:, None]),),
        normal((3, 4)),
        bugs(
            ("nonfinite", quiet(lambda g, y, x: (g[:, None] * x / y[:, None],)), "zeros"),
            ("factor", lambda g, y, x: (2 * g[:, None] * zero_safe(x, y[:, None]),)),
            ("factor", lambda g, y, x: (0.5 * g[:, None] * zero_safe(x, y[:, None]),)),
            ("missing_chain", lambda g, y, x: (g[:, None] * x,)),
            (
                "missing_chain",
                lambda g, y, x: (zero_safe(g[:, None] * np.ones_like(x), y[:, None]),),
            ),
            (
                "mask",
                lambda g, y, x: (g[:, None] * zero_safe(np.abs(x), y[:, None]),),
                "anywhere",
                ("sign",),
            ),
            ("upstream", lambda g, y, x: (zero_safe(x, y[:, None]),)),
            (
                "mask",
                lambda g, y, x: (
                    np.where(
                        y[:, None] == 0, 9 * g[:, None], g[:, None] * zero_safe(x, y[:, None])
                    ),
                ),
                "zeros",
                ("nonfinite", "missing_chain"),
            ),
        ),
        variants={"one": normal((1, 1)), "long": normal((256, 512)), "empty": normal((0, 4))},
    ),
    Op(
        "frobenius_norm",
        lambda x: np.sqrt((x * x).sum()),
        lambda g, y, x: (g * zero_safe(x, y),),
        normal((3, 4)),
        bugs(
            ("nonfinite", quiet(lambda g, y, x: (g * x / y,)), "zeros"),
            ("missing_chain", lambda g, y, x: (2 * g * x,), "anywhere", ("factor",)),
            ("factor", lambda g, y, x: (2 * g * zero_safe(x, y),)),
            ("missing_chain", lambda g, y, x: (g * x,), "anywhere", ("factor",)),
            ("missing_chain", lambda g, y, x: (g * zero_safe(x, y * y),), "anywhere", ("factor",)),
            ("sign", lambda g, y, x: (-g * zero_safe(x, y),)),
        ),
    ),
    Op(
        "centre",
        lambda x: x - x.mean(0),
        lambda g, y, x: (g - g.mean(0),),
        normal((5, 3)),
        bugs(
            ("missing_term", lambda g, y, x: (g,)),
            ("missing_term", lambda g, y, x: (-g.mean(0) + np.zeros_like(x),)),
            ("sign", lambda g, y, x: (g + g.mean(0),), "anywhere", ("missing_term",)),
            ("wrong_axis", lambda g, y, x: (g - g.mean(1, keepdims=True),)),
            ("mean_n", lambda g, y, x: (g - g.sum(0),), "anywhere", ("missing_term",)),
            ("off_by_one", lambda g, y, x: (g - g.sum(0) / 4,), "anywhere", ("missing_term",)),
        ),
    ),
    Op(
        "standardise",
        lambda x: hat(x, 0, 1e-2),
        lambda g, y, x: ((g - g.mean(0) - y * (g * y).mean(0)) / spread(x, 0, 1e-2),),
        normal((6, 3)),
        bugs(
            ("missing_term", lambda g, y, x: ((g - g.mean(0)) / spread(x, 0, 1e-2),)),
            ("missing_term", lambda g, y, x: ((g - y * (g * y).mean(0)) / spread(x, 0, 1e-2),)),
            ("missing_term", lambda g, y, x: (g / spread(x, 0, 1e-2),)),
            (
                "mean_n",
                lambda g, y, x: ((g - g.mean(0) - y * (g * y).sum(0)) / spread(x, 0, 1e-2),),
                "anywhere",
                ("missing_term",),
            ),
            ("missing_chain", lambda g, y, x: (g - g.mean(0) - y * (g * y).mean(0),)),
            (
                "factor",
                lambda g, y, x: ((g - g.mean(0) - y * (g * y).mean(0)) / spread(x, 0, 0),),
                "anywhere",
                ("missing_chain",),
            ),
        ),
        skip=("large", "mixed", "equal", "constant", "zeros", "repeated", "ties", "kinks"),
    ),
    Op(
        "proportions",
        lambda x: x / x.sum(1, keepdims=True),
        lambda g, y, x: ((g - (g * y).sum(1, keepdims=True)) / x.sum(1, keepdims=True),),
        lambda rng: [rng.uniform(0.5, 2.5, (3, 4))],
        bugs(
            ("missing_term", lambda g, y, x: (g / x.sum(1, keepdims=True),)),
            ("missing_chain", lambda g, y, x: (g - (g * y).sum(1, keepdims=True),)),
            (
                "sign",
                lambda g, y, x: ((g + (g * y).sum(1, keepdims=True)) / x.sum(1, keepdims=True),),
                "anywhere",
                ("missing_term",),
            ),
            ("wrong_axis", lambda g, y, x: ((g - (g * y).sum(0)) / x.sum(1, keepdims=True),)),
            ("missing_term", lambda g, y, x: ((g - g * y) / x.sum(1, keepdims=True),)),
        ),
        domain="positive",
    ),
]
