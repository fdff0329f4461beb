"""Wrong formulas with the mistake that each of them is: what `diagnose` is tuned on.

Each op has a forward function, inputs, and rows of (class, input with the wrong gradient, formula).
The formula returns that one gradient, as a function of g, y and the inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Case(NamedTuple):
    op: str
    cls: str
    number: int
    forward: Callable[..., Any]
    inputs: list[np.ndarray]
    k: int
    formula: Callable[..., Any]

    def vjp(self, g: Any, y: Any, *xs: Any) -> tuple:
        gradients: list[Any] = [None] * len(xs)
        gradients[self.k] = self.formula(g, y, *xs)
        return tuple(gradients)


CASES: list[Case] = []


def draw(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    rng = np.random.default_rng([*shape, int(10 * high)])
    return rng.uniform(low, high, shape)


def op(name: str, forward: Callable, inputs: list[np.ndarray], *rows: tuple) -> None:
    for number, (cls, k, formula) in enumerate(rows):
        CASES.append(Case(name, cls, number, forward, inputs, k, formula))


def unary(name: str, f: Callable, *rows: tuple, low: float = -2.0, high: float = 2.0) -> None:
    chained = [(cls, 0, lambda g, y, x, d=d: g * d(x, y)) for cls, d in rows]
    op(name, f, [draw(3, 4, low=low, high=high)], *chained)


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def rows_of(values: Any, n: int) -> Any:
    return np.repeat(values[:, None], n, 1)


def largest(x: Any) -> Any:
    return x == x.max(1, keepdims=True)


# --- elementwise ----------------------------------------------------------------------------------
unary(
    "exp",
    np.exp,
    ("missing_chain", lambda x, y: np.ones_like(x)),
    ("sign", lambda x, y: -y),
    ("factor", lambda x, y: 3 * y),
    ("detached", lambda x, y: 0 * y),
)
unary(
    "log",
    np.log,
    ("missing_chain", lambda x, y: x),
    ("missing_chain", lambda x, y: 1 / x**2),
    ("sign", lambda x, y: -1 / x),
    low=0.5,
    high=3.0,
)
unary(
    "sigmoid",
    sigmoid,
    ("missing_chain", lambda x, y: y),
    ("missing_chain", lambda x, y: 1 - y),
    ("missing_chain", lambda x, y: x * (1 - x)),
    ("sign", lambda x, y: y * (y - 1)),
)
unary(
    "tanh",
    np.tanh,
    ("missing_chain", lambda x, y: 1 - y),
    ("missing_chain", lambda x, y: 1 - x * x),
    ("sign", lambda x, y: y * y - 1),
    ("factor", lambda x, y: 0.5 * (1 - y * y)),
)
unary("sin", np.sin, ("sign", lambda x, y: -np.cos(x)), ("missing_chain", lambda x, y: y))
unary(
    "square",
    np.square,
    ("factor", lambda x, y: x),
    ("missing_chain", lambda x, y: 2 * np.ones_like(x)),
    ("missing_chain", lambda x, y: 2 * y),
)
unary(
    "sqrt",
    np.sqrt,
    ("factor", lambda x, y: 1 / y),
    ("missing_chain", lambda x, y: 0.5 * y),
    low=0.5,
    high=3.0,
)
unary(
    "silu",
    lambda x: x * sigmoid(x),
    ("missing_term", lambda x, y: sigmoid(x)),
    ("missing_term", lambda x, y: x * sigmoid(x) * (1 - sigmoid(x))),
)
unary(
    "x_sin_x", lambda x: x * np.sin(x), ("missing_term", lambda x, y: np.sin(x)),
    ("missing_term", lambda x, y: x * np.cos(x)), low=0.3,
)  # fmt: skip
unary(
    "x_log_x",
    lambda x: x * np.log(x),
    ("missing_term", lambda x, y: np.log(x)),
    low=0.5,
    high=3.0,
)
unary(
    "relu",
    lambda x: np.maximum(x, 0),
    ("mask", lambda x, y: np.ones_like(x)),
    ("mask", lambda x, y: 1.0 * (x < 0)),
    ("mask", lambda x, y: 1.0 * (x > 1)),
    ("missing_chain", lambda x, y: x),
)
unary(
    "clip",
    lambda x: np.clip(x, -1, 1),
    ("mask", lambda x, y: np.ones_like(x)),
    ("mask", lambda x, y: 1.0 * (x < 1)),
    ("mask", lambda x, y: 1.0 * (abs(x) > 1)),
)
unary(
    "leaky_relu",
    lambda x: np.where(x > 0, x, 0.1 * x),
    ("mask", lambda x, y: 1.0 * (x > 0)),
    ("mask", lambda x, y: np.where(x < 0, 1.0, 0.1)),
)
unary("abs", np.abs, ("sign", lambda x, y: np.ones_like(x)))
unary(
    "huber",
    lambda x: np.where(abs(x) < 1, 0.5 * x * x, abs(x) - 0.5),
    ("mask", lambda x, y: x),
)

# --- two operands ---------------------------------------------------------------------------------
A, B, V = draw(3, 4), draw(3, 4, high=3.0), draw(4)
op(
    "multiply",
    np.multiply,
    [A, B],
    ("swapped", 0, lambda g, y, a, b: g * a),
    ("missing_chain", 0, lambda g, y, a, b: g),
    ("sign", 0, lambda g, y, a, b: -g * b),
    ("detached", 1, lambda g, y, a, b: None),
)
op("subtract", np.subtract, [A, B], ("sign", 1, lambda g, y, a, b: g))
op(
    "divide",
    np.divide,
    [A, draw(3, 4, low=1.0, high=3.0)],
    ("sign", 1, lambda g, y, a, b: g * a / b**2),
    ("missing_chain", 1, lambda g, y, a, b: -g / b**2),
    ("missing_chain", 0, lambda g, y, a, b: g),
)
op(
    "add_bias",
    np.add,
    [A, V],
    ("unbroadcast", 1, lambda g, y, a, v: g),
    ("unbroadcast", 1, lambda g, y, a, v: g[0]),
    ("mean_n", 1, lambda g, y, a, v: g.mean(0)),
    ("upstream", 1, lambda g, y, a, v: np.full(4, g.sum())),
    ("detached", 1, lambda g, y, a, v: np.zeros(4)),
    ("shape", 1, lambda g, y, a, v: g.sum(0, keepdims=True)),
)
op(
    "add_bias_square",
    np.add,
    [draw(4, 4), V],
    ("wrong_axis", 1, lambda g, y, a, v: g.sum(1)),
)
op(
    "multiply_broadcast",
    np.multiply,
    [A, V],
    ("unbroadcast", 1, lambda g, y, a, v: g * a),
    ("unbroadcast", 1, lambda g, y, a, v: (g * a)[-1]),
    ("mean_n", 1, lambda g, y, a, v: (g * a).mean(0)),
)
op(
    "hypot",
    np.hypot,
    [A, B],
    ("swapped", 0, lambda g, y, a, b: g * b / y),
    ("missing_chain", 0, lambda g, y, a, b: g * a),
)
op("maximum", np.maximum, [A, B], ("mask", 0, lambda g, y, a, b: g))

# --- reductions -----------------------------------------------------------------------------------
op(
    "sum_rows",
    lambda x: x.sum(1),
    [A],
    ("mean_n", 0, lambda g, y, x: rows_of(g, 4) / 4),
    ("shape", 0, lambda g, y, x: g[:, None]),
    ("sign", 0, lambda g, y, x: -rows_of(g, 4)),
)
op(
    "sum_rows_square",
    lambda x: x.sum(1),
    [draw(4, 4)],
    ("wrong_axis", 0, lambda g, y, x: rows_of(g, 4).T),
)
op(
    "mean_rows",
    lambda x: x.mean(1),
    [A],
    ("mean_n", 0, lambda g, y, x: rows_of(g, x.shape[1])),
    ("mean_n", 0, lambda g, y, x: rows_of(g, x.shape[1]) / x.shape[0]),
    ("factor", 0, lambda g, y, x: 1.5 * rows_of(g, x.shape[1]) / x.shape[1]),
)
op(
    "variance",
    lambda x: x.var(1),
    [A],
    ("missing_term", 0, lambda g, y, x: 2 * g[:, None] * x / x.shape[1]),
    ("mean_n", 0, lambda g, y, x: 2 * g[:, None] * (x - x.mean(1, keepdims=True))),
    ("factor", 0, lambda g, y, x: g[:, None] * (x - x.mean(1, keepdims=True)) / x.shape[1]),
    ("wrong_axis", 0, lambda g, y, x: 2 * g[:, None] * (x - x.mean(0)) / x.shape[1]),
)
op(
    "std",
    lambda x: x.std(1),
    [A],
    (
        "missing_chain",
        0,
        lambda g, y, x: g[:, None] * (x - x.mean(1, keepdims=True)) / x.shape[1],
    ),
    ("missing_term", 0, lambda g, y, x: (g / y)[:, None] * x / x.shape[1]),
)
op(
    "norm",
    lambda x: np.sqrt((x * x).sum()),
    [A],
    ("missing_chain", 0, lambda g, y, x: g * x),
    ("factor", 0, lambda g, y, x: 2 * g * x / y),
)
op(
    "max_rows",
    lambda x: x.max(1),
    [A],
    ("index", 0, lambda g, y, x: g[:, None] * (x == x.min(1, keepdims=True))),
    ("wrong_axis", 0, lambda g, y, x: g[:, None] * (x == x.max(0))),
    ("missing_chain", 0, lambda g, y, x: g[:, None] * x * (x == x.max(1, keepdims=True))),
)
op(
    "logsumexp",
    lambda x: np.log(np.exp(x).sum(1)),
    [A],
    ("missing_chain", 0, lambda g, y, x: g[:, None] * np.exp(x)),
    ("wrong_axis", 0, lambda g, y, x: g[:, None] * np.exp(x) / np.exp(x).sum(0)),
)
op(
    "cumsum",
    lambda x: np.cumsum(x, 1),
    [A],
    ("transpose", 0, lambda g, y, x: np.cumsum(g, 1)),
    ("off_by_one", 0, lambda g, y, x: np.cumsum(g[:, ::-1], 1)[:, ::-1] - g),
    ("wrong_axis", 0, lambda g, y, x: np.cumsum(g[::-1], 0)[::-1]),
    ("missing_term", 0, lambda g, y, x: g),
)

# --- softmax, normalisation and losses ------------------------------------------------------------
op(
    "softmax",
    softmax,
    [A],
    ("missing_term", 0, lambda g, y, x: g * y * (1 - y)),
    ("missing_term", 0, lambda g, y, x: g * y),
    ("sign", 0, lambda g, y, x: y * (g + (g * y).sum(1, keepdims=True))),
    ("wrong_axis", 0, lambda g, y, x: y * (g - (g * y).sum(0, keepdims=True))),
    ("mean_n", 0, lambda g, y, x: y * (g - (g * y).mean(1, keepdims=True))),
)
op(
    "log_softmax",
    lambda x: np.log(softmax(x)),
    [A],
    ("missing_term", 0, lambda g, y, x: g),
    ("mean_n", 0, lambda g, y, x: g - np.exp(y) * g.mean(1, keepdims=True)),
    ("upstream", 0, lambda g, y, x: g - np.exp(y)),
    ("wrong_axis", 0, lambda g, y, x: g - np.exp(y) * g.sum(0, keepdims=True)),
)
LABELS = np.array([1, 0, 3])


def cross_entropy(x: Any, t: Any) -> Any:
    return -np.log(softmax(x))[np.arange(len(t)), t].mean()


def hot(t: Any, n: int) -> Any:
    return np.eye(n)[t]


op(
    "cross_entropy",
    cross_entropy,
    [A, LABELS],
    ("missing_term", 0, lambda g, y, x, t: g * softmax(x) / len(t)),
    ("missing_term", 0, lambda g, y, x, t: -g * hot(t, 4) / len(t)),
    ("mean_n", 0, lambda g, y, x, t: g * (softmax(x) - hot(t, 4))),
    ("sign", 0, lambda g, y, x, t: g * (hot(t, 4) - softmax(x)) / len(t)),
)
op(
    "mse",
    lambda p, t: ((p - t) ** 2).mean(),
    [A, B],
    ("mean_n", 0, lambda g, y, p, t: 2 * g * (p - t)),
    ("factor", 0, lambda g, y, p, t: g * (p - t) / p.size),
    ("sign", 0, lambda g, y, p, t: 2 * g * (t - p) / p.size),
    ("mean_n", 0, lambda g, y, p, t: 2 * g * (p - t) / len(p)),
)


def normalise(x: Any, axis: int) -> tuple[Any, Any]:
    d = x - x.mean(axis, keepdims=True)
    s = np.sqrt((d * d).mean(axis, keepdims=True))
    return d / s, s


def normal_rule(axis: int, mean: float = 1, var: float = 1, scale: bool = True) -> Callable:
    def formula(g: Any, y: Any, x: Any) -> Any:
        y, s = normalise(x, axis)
        out = g - mean * g.mean(axis, keepdims=True) - var * y * (g * y).mean(axis, keepdims=True)
        return out / s if scale else out

    return formula


for _name, _axis in (("layer_norm", 1), ("batch_norm", 0)):
    op(
        _name,
        lambda x, axis=_axis: normalise(x, axis)[0],
        [draw(5, 6)],
        ("missing_term", 0, normal_rule(_axis, mean=0)),
        ("missing_term", 0, normal_rule(_axis, var=0)),
        ("missing_term", 0, normal_rule(_axis, mean=0, var=0)),
        ("sign", 0, normal_rule(_axis, mean=-1)),
        ("missing_chain", 0, normal_rule(_axis, scale=False)),
    )
