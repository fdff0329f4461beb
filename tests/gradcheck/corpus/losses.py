"""Losses: means over the batch, targets as integers, margins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import Op, between, bugs, normal
from .reductions import logsumexp, quiet, share


def scores_and_labels(rng: np.random.Generator) -> list[Any]:
    return [rng.standard_normal((4, 3)), np.array([2, 0, 1, 2])]


LABELLED = {
    "long": lambda rng: [rng.standard_normal((256, 512)), rng.integers(0, 512, 256)],
    "one_row": lambda rng: [rng.standard_normal((1, 3)), np.array([1])],
    "equal_labels": lambda rng: [rng.standard_normal((4, 3)), np.array([1, 1, 1, 1])],
}


def hot(s: Any, t: Any) -> Any:
    return np.arange(s.shape[1]) == t[:, None]


def sigmoid(x: Any) -> Any:
    return np.exp(-np.logaddexp(0, -x))


def over(n: Any, formula: Callable) -> Callable[..., tuple]:
    """The gradient of scores: the formula of (s, t), times g, over n(s); None for the labels."""
    return lambda g, y, s, t: (g * formula(s, t) / n(s), None)


def margins(s: Any, t: Any) -> Any:
    m = np.maximum(0, s - s[np.arange(len(t)), t][:, None] + 1)
    return m * ~hot(s, t)


def hinge_slope(s: Any, t: Any) -> Any:
    hit = (margins(s, t) > 0) * 1.0
    return hit - hot(s, t) * hit.sum(1, keepdims=True)


def one(s: Any) -> int:
    return 1


def pair(d: Callable, both: bool = True) -> Callable[..., tuple]:
    """The gradients of a loss of predictions and targets of one shape."""
    return lambda g, y, p, t: (g * d(p, t), -g * d(p, t) if both else np.zeros_like(t))


def clip1(d: Any) -> Any:
    return np.clip(d, -1, 1)


SHAPED = {
    "ones": normal((1, 1), (1, 1)),
    "long": normal((512, 64), (512, 64)),
}

OPS = [
    Op(
        "cross_entropy",
        lambda s, t: (logsumexp(s) - s[np.arange(len(t)), t]).mean(),
        over(len, lambda s, t: share(s) - hot(s, t)),
        scores_and_labels,
        bugs(
            ("mean_n", over(one, lambda s, t: share(s) - hot(s, t))),
            ("sign", over(len, lambda s, t: hot(s, t) - share(s))),
            ("mean_n", over(np.size, lambda s, t: share(s) - hot(s, t))),
            ("missing_term", over(len, lambda s, t: share(s))),
            ("missing_term", over(len, lambda s, t: -1.0 * hot(s, t))),
            ("missing_chain", over(len, lambda s, t: s - hot(s, t)), "anywhere", ("missing_term",)),
            ("wrong_axis", over(len, lambda s, t: share(s, 0) - hot(s, t))),
            (
                "index",
                over(len, lambda s, t: share(s) - hot(s, (t + 1) % s.shape[1])),
                "anywhere",
                ("off_by_one", "missing_term"),
            ),
            ("upstream", lambda g, y, s, t: ((share(s) - hot(s, t)) / len(t), None)),
            (
                "nonfinite",
                quiet(
                    lambda g, y, s, t: (
                        g * (np.exp(s) / np.exp(s).sum(1, keepdims=True) - hot(s, t)) / len(t),
                        None,
                    )
                ),
                "saturated",
            ),
        ),
        variants=LABELLED,
    ),
    Op(
        "cross_entropy_each",
        lambda s, t: logsumexp(s) - s[np.arange(len(t)), t],
        lambda g, y, s, t: (g[:, None] * (share(s) - hot(s, t)), None),
        scores_and_labels,
        bugs(
            ("upstream", lambda g, y, s, t: (g.mean() * (share(s) - hot(s, t)), None)),
            ("upstream", lambda g, y, s, t: (share(s) - hot(s, t), None)),
            (
                "missing_chain",
                lambda g, y, s, t: (share(s) - g[:, None] * hot(s, t), None),
                "anywhere",
                ("upstream",),
            ),
            ("mean_n", lambda g, y, s, t: (g[:, None] * (share(s) - hot(s, t)) / len(t), None)),
            ("sign", lambda g, y, s, t: (g[:, None] * (hot(s, t) - share(s)), None)),
        ),
        variants=LABELLED,
    ),
    Op(
        "multiclass_hinge",
        lambda s, t: margins(s, t).sum() / len(t),
        over(len, hinge_slope),
        scores_and_labels,
        bugs(
            ("mean_n", over(one, hinge_slope)),
            ("missing_term", over(len, lambda s, t: (margins(s, t) > 0) * 1.0)),
            (
                "missing_chain",
                over(len, lambda s, t: (margins(s, t) > 0) - 1.0 * hot(s, t)),
                "second",
                ("missing_term", "mask"),
            ),
            ("sign", over(len, lambda s, t: -hinge_slope(s, t))),
            ("mask", over(len, lambda s, t: 1.0 - s.shape[1] * hot(s, t)), "second"),
            (
                "off_by_one",
                over(lambda s: max(len(s) - 1, 1), hinge_slope),
                "anywhere",
                ("mean_n", "factor"),
            ),
            (
                "missing_chain",
                over(
                    len,
                    lambda s, t: margins(s, t) - hot(s, t) * margins(s, t).sum(1, keepdims=True),
                ),
            ),
            (
                "sign",
                over(
                    len,
                    lambda s, t: (
                        (margins(s, t) > 0) * 1.0
                        + hot(s, t) * (margins(s, t) > 0).sum(1, keepdims=True)
                    ),
                ),
                "anywhere",
                ("missing_term",),
            ),
        ),
        variants=LABELLED,
    ),
    Op(
        "squared_hinge",
        lambda s, t: (margins(s, t) ** 2).sum() / len(t),
        over(
            len,
            lambda s, t: 2 * margins(s, t) - 2 * hot(s, t) * margins(s, t).sum(1, keepdims=True),
        ),
        scores_and_labels,
        bugs(
            (
                "factor",
                over(
                    len,
                    lambda s, t: margins(s, t) - hot(s, t) * margins(s, t).sum(1, keepdims=True),
                ),
            ),
            ("missing_chain", over(len, hinge_slope)),
            ("missing_term", over(len, lambda s, t: 2 * margins(s, t))),
            (
                "mean_n",
                over(
                    one,
                    lambda s, t: (
                        2 * margins(s, t) - 2 * hot(s, t) * margins(s, t).sum(1, keepdims=True)
                    ),
                ),
            ),
        ),
        variants=LABELLED,
    ),
    Op(
        "mse",
        lambda p, t: ((p - t) ** 2).mean(),
        lambda g, y, p, t: (2 * g * (p - t) / p.size, -2 * g * (p - t) / p.size),
        normal((3, 4), (3, 4)),
        bugs(
            ("mean_n", pair(lambda p, t: 2 * (p - t))),
            ("factor", pair(lambda p, t: (p - t) / p.size)),
            ("mean_n", pair(lambda p, t: 2 * (p - t) / len(p))),
            ("sign", pair(lambda p, t: 2 * (t - p) / p.size), "anywhere", ("swapped",)),
            ("detached", pair(lambda p, t: 2 * (p - t) / p.size, both=False)),
            ("missing_term", pair(lambda p, t: 2 * p / p.size)),
            ("sign", lambda g, y, p, t: (2 * g * (p - t) / p.size, 2 * g * (p - t) / p.size)),
        ),
        variants=SHAPED,
    ),
    Op(
        "half_squared_error",
        lambda p, t: 0.5 * ((p - t) ** 2).sum(),
        pair(lambda p, t: p - t),
        normal((3, 4), (3, 4)),
        bugs(
            ("factor", pair(lambda p, t: 2 * (p - t))),
            ("factor", pair(lambda p, t: 0.5 * (p - t))),
            ("mean_n", pair(lambda p, t: (p - t) / p.size)),
            ("sign", pair(lambda p, t: t - p), "anywhere", ("swapped",)),
            ("missing_chain", pair(lambda p, t: np.sign(p - t))),
        ),
        variants=SHAPED,
    ),
    Op(
        "l1_loss",
        lambda p, t: np.abs(p - t).mean(),
        pair(lambda p, t: np.sign(p - t) / p.size),
        normal((3, 4), (3, 4)),
        bugs(
            ("mean_n", pair(lambda p, t: np.sign(p - t))),
            ("missing_chain", pair(lambda p, t: (p - t) / p.size)),
            ("mask", pair(lambda p, t: (p > t) / p.size)),
            ("nonfinite", quiet(pair(lambda p, t: (p - t) / np.abs(p - t) / p.size)), "ties"),
            (
                "mask",
                pair(lambda p, t: (np.sign(p - t) + 3 * (p == t)) / p.size),
                "ties",
                ("ties",),
            ),
        ),
        variants=SHAPED,
    ),
    Op(
        "huber_loss",
        lambda p, t: np.where(np.abs(p - t) < 1, 0.5 * (p - t) ** 2, np.abs(p - t) - 0.5).mean(),
        pair(lambda p, t: clip1(p - t) / p.size),
        normal((3, 4), (3, 4)),
        bugs(
            ("mask", pair(lambda p, t: (p - t) / p.size)),
            ("mask", pair(lambda p, t: np.sign(p - t) / p.size)),
            ("mean_n", pair(lambda p, t: clip1(p - t))),
            ("factor", pair(lambda p, t: 2 * clip1(p - t) / p.size)),
            ("mask", pair(lambda p, t: np.minimum(p - t, 1) / p.size)),
        ),
        variants=SHAPED,
    ),
    Op(
        "bce",
        lambda p, t: -(t * np.log(p) + (1 - t) * np.log1p(-p)).mean(),
        lambda g, y, p, t: (
            g * (p - t) / (p * (1 - p)) / p.size,
            g * (np.log1p(-p) - np.log(p)) / p.size,
        ),
        between(0.1, 0.9, (3, 4), (3, 4)),
        bugs(
            (
                "missing_chain",
                lambda g, y, p, t: (g * (p - t) / p.size, g * (np.log1p(-p) - np.log(p)) / p.size),
            ),
            (
                "missing_term",
                lambda g, y, p, t: (-g * t / p / p.size, g * (np.log1p(-p) - np.log(p)) / p.size),
            ),
            (
                "sign",
                lambda g, y, p, t: (
                    -g * (t / p + (1 - t) / (1 - p)) / p.size,
                    g * (np.log1p(-p) - np.log(p)) / p.size,
                ),
                "anywhere",
                ("missing_term",),
            ),
            (
                "mean_n",
                lambda g, y, p, t: (g * (p - t) / (p * (1 - p)), g * (np.log1p(-p) - np.log(p))),
            ),
            (
                "missing_term",
                lambda g, y, p, t: (g * (p - t) / (p * (1 - p)) / p.size, -g * np.log(p) / p.size),
            ),
        ),
        domain="open",
    ),
    Op(
        "bce_with_logits",
        lambda s, t: (np.logaddexp(0, s) - s * t).mean(),
        lambda g, y, s, t: (g * (sigmoid(s) - t) / s.size, -g * s / s.size),
        normal((3, 4), (3, 4)),
        bugs(
            ("sign", lambda g, y, s, t: (g * (t - sigmoid(s)) / s.size, g * s / s.size)),
            ("missing_chain", lambda g, y, s, t: (g * (s - t) / s.size, -g * s / s.size)),
            ("mean_n", lambda g, y, s, t: (g * (sigmoid(s) - t), -g * s)),
            ("missing_term", lambda g, y, s, t: (g * sigmoid(s) / s.size, -g * s / s.size)),
            (
                "missing_chain",
                lambda g, y, s, t: (
                    g * (sigmoid(s) - t) * sigmoid(s) * sigmoid(-s) / s.size,
                    -g * s / s.size,
                ),
            ),
            ("swapped", lambda g, y, s, t: (-g * s / s.size, g * (sigmoid(s) - t) / s.size)),
        ),
        variants=SHAPED,
    ),
    Op(
        "kl_divergence",
        lambda p, q: (p * np.log(p / q)).sum(),
        lambda g, y, p, q: (g * (np.log(p / q) + 1), -g * p / q),
        between(0.1, 0.9, (3, 4), (3, 4)),
        bugs(
            ("missing_term", lambda g, y, p, q: (g * np.log(p / q), -g * p / q)),
            ("sign", lambda g, y, p, q: (g * (np.log(p / q) + 1), g * p / q)),
            (
                "swapped",
                lambda g, y, p, q: (g * (np.log(p / q) + 1), -g * q / p),
                "anywhere",
                ("missing_chain",),
            ),
            ("missing_chain", lambda g, y, p, q: (g * (np.log(p / q) + 1), -g / q)),
            ("swapped", lambda g, y, p, q: (-g * p / q, g * (np.log(p / q) + 1))),
            ("mean_n", lambda g, y, p, q: (g * (np.log(p / q) + 1) / len(p), -g * p / q / len(p))),
        ),
        domain="open",
    ),
    Op(
        "binary_hinge",
        lambda s: np.maximum(0, 1 - s).mean(),
        lambda g, y, s: (-g * (s < 1) / s.size,),
        normal((3, 4)),
        bugs(
            ("sign", lambda g, y, s: (g * (s < 1) / s.size,)),
            ("mean_n", lambda g, y, s: (-g * (s < 1),)),
            ("mask", lambda g, y, s: (np.full(s.shape, -g / s.size),)),
            ("mask", lambda g, y, s: (-g * (s > 1) / s.size,)),
            ("mask", lambda g, y, s: (-g * (s < 0) / s.size,)),
            ("missing_chain", lambda g, y, s: (-g * s * (s < 1) / s.size,)),
        ),
        variants={"long": normal((512, 64)), "scalar": normal(())},
    ),
    Op(
        "l2_penalty",
        lambda w: 0.5 * 0.1 * (w * w).sum(),
        lambda g, y, w: (0.1 * g * w,),
        normal((3, 4)),
        bugs(
            ("factor", lambda g, y, w: (0.2 * g * w,)),
            ("factor", lambda g, y, w: (g * w,)),
            ("factor", lambda g, y, w: (0.05 * g * w,)),
            ("missing_chain", lambda g, y, w: (0.1 * g * np.sign(w),)),
            ("mean_n", lambda g, y, w: (0.1 * g * w / w.size,)),
            ("detached", lambda g, y, w: (np.zeros_like(w),)),
            ("upstream", lambda g, y, w: (0.1 * w,)),
        ),
        variants={"empty": normal((0, 4)), "scalar": normal(()), "long": normal((512, 512))},
    ),
]
