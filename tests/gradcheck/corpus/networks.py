"""Small networks by hand: cells, attention, layers one after another."""

from __future__ import annotations

from typing import Any

import numpy as np

from .activations import sigmoid
from .model import Op, bugs, normal
from .reductions import share


def softmax_vjp(g: Any, p: Any) -> Any:
    return p * (g - (g * p).sum(-1, keepdims=True))


# ---------------------------------------------------------------------------- a recurrent cell


def rnn(x: Any, h: Any, wx: Any, wh: Any, b: Any) -> Any:
    return np.tanh(x @ wx + h @ wh + b)


def rnn_vjp(g: Any, y: Any, x: Any, h: Any, wx: Any, wh: Any, b: Any, slope: Any = None) -> tuple:
    d = g * ((1 - y * y) if slope is None else slope(y))
    return d @ wx.T, d @ wh.T, x.T @ d, h.T @ d, d.sum(0)


def rnn_with(k: int, f: Any) -> Any:
    """The right gradients, but `f` of number `k`."""

    def vjp(*args: Any) -> tuple:
        grads = list(rnn_vjp(*args))
        grads[k] = f(grads[k])
        return tuple(grads)

    return vjp


# ---------------------------------------------------------------------------- scan over time


def scan(x: Any, w: Any) -> Any:
    """Return h_t = tanh(x_t + w h_(t-1)) for all t."""
    h, out = np.zeros_like(x[0]), []
    for row in x:
        h = np.tanh(row + w * h)
        out.append(h)
    return np.array(out)


def scan_vjp(g: Any, y: Any, x: Any, w: Any, carry: float = 1, last: int = 0) -> tuple:
    dx, dw, dh = np.zeros_like(x), np.zeros_like(w), np.zeros_like(x[0])
    for t in reversed(range(last, len(x))):
        d = (g[t] + carry * dh) * (1 - y[t] ** 2)
        dx[t], dh = d, d * w
        dw += d * (y[t - 1] if t else 0)
    return dx, dw


# --------------------------------------------------------------------------------- attention


def weights(q: Any, k: Any) -> Any:
    return share(q @ k.T / np.sqrt(q.shape[1]))


def attention_vjp(
    g: Any, y: Any, q: Any, k: Any, v: Any, scale: Any = None, inner: Any = softmax_vjp
) -> tuple:
    p = weights(q, k)
    s = inner(g @ v.T, p) * (1 / np.sqrt(q.shape[1]) if scale is None else scale)
    return s @ k, s.T @ q, p.T @ g


# ------------------------------------------------------------------------------ two layers


def mlp(x: Any, w1: Any, b1: Any, w2: Any) -> Any:
    return np.tanh(x @ w1 + b1) @ w2


def mlp_vjp(
    g: Any, y: Any, x: Any, w1: Any, b1: Any, w2: Any, slope: Any = lambda h: 1 - h * h
) -> tuple:
    h = np.tanh(x @ w1 + b1)
    d = g @ w2.T * slope(h)
    return d @ w1.T, x.T @ d, d.sum(0), h.T @ g


def relu_layer_vjp(g: Any, y: Any, x: Any, w: Any, masked: bool = True) -> tuple:
    d = g * (y > 0) if masked else g
    return d @ w.T, x.T @ d


def gate_vjp(g: Any, y: Any, z: Any, a: Any, h: Any) -> tuple:
    s = sigmoid(z)
    return g * (a - h) * s * (1 - s), g * s, g * (1 - s)


def glu_vjp(g: Any, y: Any, x: Any) -> tuple:
    a, b = np.split(x, 2, 1)
    s = sigmoid(b)
    return (np.concatenate([g * s, g * a * s * (1 - s)], 1),)


def halves(x: Any, left: Any, right: Any) -> tuple:
    a, b = np.split(x, 2, 1)
    return (np.concatenate([left(a, b), right(a, b)], 1),)


OPS = [
    Op(
        "rnn_cell",
        rnn,
        rnn_vjp,
        normal((2, 3), (2, 4), (3, 4), (4, 4), (4,), scale=0.5),
        bugs(
            ("missing_chain", lambda *a: rnn_vjp(*a, slope=lambda y: 1)),
            ("missing_chain", lambda *a: rnn_vjp(*a, slope=lambda y: 1 - y)),
            ("missing_chain", lambda *a: rnn_vjp(*a, slope=lambda y: 1 - np.tanh(y) ** 2)),
            ("transpose", rnn_with(3, np.transpose)),
            ("sign", rnn_with(1, np.negative)),
            ("mean_n", rnn_with(4, lambda d: d / 2), "anywhere", ("factor",)),
            ("detached", rnn_with(1, np.zeros_like)),
            ("factor", rnn_with(2, lambda d: 3 * d), "anywhere", ("mean_n",)),
            (
                "transpose",
                lambda g, y, x, h, wx, wh, b: (
                    rnn_vjp(g, y, x, h, wx, wh, b)[0],
                    (g * (1 - y * y)) @ wh,
                    *rnn_vjp(g, y, x, h, wx, wh, b)[2:],
                ),
            ),
        ),
        skip=("large", "mixed"),
    ),
    Op(
        "scan_over_time",
        scan,
        scan_vjp,
        normal((4, 3), (3,)),
        bugs(
            ("missing_term", lambda g, y, x, w: scan_vjp(g, y, x, w, carry=0)),
            (
                "off_by_one",
                lambda g, y, x, w: scan_vjp(g, y, x, w, last=1),
                "anywhere",
                ("missing_term", "mask"),
            ),
            (
                "sign",
                lambda g, y, x, w: scan_vjp(g, y, x, w, carry=-1),
                "anywhere",
                ("missing_term",),
            ),
            ("detached", lambda g, y, x, w: (scan_vjp(g, y, x, w)[0], np.zeros_like(w))),
            (
                "mean_n",
                lambda g, y, x, w: (scan_vjp(g, y, x, w)[0], scan_vjp(g, y, x, w)[1] / len(x)),
            ),
            (
                "missing_term",
                lambda g, y, x, w: (scan_vjp(g, y, x, w)[0], g[-1] * (1 - y[-1] ** 2) * y[-2]),
            ),
        ),
        skip=("large", "mixed"),
    ),
    Op(
        "attention",
        lambda q, k, v: weights(q, k) @ v,
        attention_vjp,
        normal((3, 4), (5, 4), (5, 2)),
        bugs(
            ("factor", lambda *a: attention_vjp(*a, scale=1)),
            ("factor", lambda g, y, q, k, v: attention_vjp(g, y, q, k, v, scale=1 / q.shape[1])),
            ("missing_term", lambda *a: attention_vjp(*a, inner=lambda g, p: g * p)),
            ("missing_chain", lambda *a: attention_vjp(*a, inner=lambda g, p: g)),
            (
                "wrong_axis",
                lambda *a: attention_vjp(*a, inner=lambda g, p: p * (g - (g * p).sum(0))),
            ),
            (
                "detached",
                lambda g, y, q, k, v: (
                    attention_vjp(g, y, q, k, v)[0],
                    np.zeros_like(k),
                    weights(q, k).T @ g,
                ),
            ),
            (
                "upstream",
                lambda g, y, q, k, v: (
                    *attention_vjp(g, y, q, k, v)[:2],
                    weights(q, k).T @ np.ones_like(g),
                ),
            ),
            (
                "sign",
                lambda g, y, q, k, v: (
                    -attention_vjp(g, y, q, k, v)[0],
                    *attention_vjp(g, y, q, k, v)[1:],
                ),
            ),
            (
                "missing_chain",
                lambda g, y, q, k, v: (*attention_vjp(g, y, q, k, v)[:2], share(k @ q.T) @ g),
                "anywhere",
                ("wrong_axis",),
            ),
        ),
        skip=("large", "mixed", "saturated"),
    ),
    Op(
        "self_attention",
        lambda x: weights(x, x) @ x,
        lambda g, y, x: (sum(attention_vjp(g, y, x, x, x)),),
        normal((4, 4)),
        bugs(
            ("missing_term", lambda g, y, x: (attention_vjp(g, y, x, x, x)[2],)),
            ("missing_term", lambda g, y, x: (sum(attention_vjp(g, y, x, x, x)[:2]),)),
            ("missing_term", lambda g, y, x: (sum(attention_vjp(g, y, x, x, x)[1:]),)),
            ("factor", lambda g, y, x: (2 * sum(attention_vjp(g, y, x, x, x)),)),
            (
                "mean_n",
                lambda g, y, x: (sum(attention_vjp(g, y, x, x, x)) / 3,),
                "anywhere",
                ("factor",),
            ),
        ),
        skip=("large", "mixed", "saturated"),
    ),
    Op(
        "two_layers",
        mlp,
        mlp_vjp,
        normal((3, 4), (4, 5), (5,), (5, 2), scale=0.6),
        bugs(
            ("missing_chain", lambda *a: mlp_vjp(*a, slope=lambda h: 1)),
            ("missing_chain", lambda *a: mlp_vjp(*a, slope=lambda h: 1 - h)),
            (
                "missing_chain",
                lambda g, y, x, w1, b1, w2: (
                    *mlp_vjp(g, y, x, w1, b1, w2)[:3],
                    (x @ w1 + b1).T @ g,
                ),
            ),
            (
                "mean_n",
                lambda g, y, x, w1, b1, w2: (
                    *mlp_vjp(g, y, x, w1, b1, w2)[:2],
                    mlp_vjp(g, y, x, w1, b1, w2)[2] / 3,
                    mlp_vjp(g, y, x, w1, b1, w2)[3],
                ),
            ),
            (
                "detached",
                lambda g, y, x, w1, b1, w2: (
                    *mlp_vjp(g, y, x, w1, b1, w2)[:2],
                    np.zeros_like(b1),
                    mlp_vjp(g, y, x, w1, b1, w2)[3],
                ),
            ),
            (
                "sign",
                lambda g, y, x, w1, b1, w2: (
                    *mlp_vjp(g, y, x, w1, b1, w2)[:3],
                    -mlp_vjp(g, y, x, w1, b1, w2)[3],
                ),
            ),
        ),
        skip=("large", "mixed"),
    ),
    Op(
        "relu_layer",
        lambda x, w: np.maximum(x @ w, 0),
        relu_layer_vjp,
        normal((3, 4), (4, 5)),
        bugs(
            ("mask", lambda *a: relu_layer_vjp(*a, masked=False)),
            ("mask", lambda g, y, x, w: (g * (y > 0) @ w.T, x.T @ g)),
            ("mask", lambda g, y, x, w: (g * (y == 0) @ w.T, x.T @ (g * (y == 0)))),
            ("missing_chain", lambda g, y, x, w: relu_layer_vjp(g * y, y, x, w)),
            ("mask", lambda g, y, x, w: relu_layer_vjp(g, x @ w + 1, x, w)),
            (
                "upstream",
                lambda g, y, x, w: relu_layer_vjp(np.maximum(g, 0), y, x, w),
                "anywhere",
                ("mask",),
            ),
        ),
    ),
    Op(
        "update_gate",
        lambda z, a, h: sigmoid(z) * a + (1 - sigmoid(z)) * h,
        gate_vjp,
        normal((3, 4), (3, 4), (3, 4)),
        bugs(
            (
                "missing_term",
                lambda g, y, z, a, h: (
                    g * a * sigmoid(z) * sigmoid(-z),
                    *gate_vjp(g, y, z, a, h)[1:],
                ),
            ),
            (
                "sign",
                lambda g, y, z, a, h: (
                    g * (a + h) * sigmoid(z) * sigmoid(-z),
                    *gate_vjp(g, y, z, a, h)[1:],
                ),
                "anywhere",
                ("missing_term",),
            ),
            (
                "swapped",
                lambda g, y, z, a, h: (gate_vjp(g, y, z, a, h)[0], *gate_vjp(g, y, z, a, h)[:0:-1]),
            ),
            ("missing_chain", lambda g, y, z, a, h: (g * (a - h), *gate_vjp(g, y, z, a, h)[1:])),
            (
                "missing_chain",
                lambda g, y, z, a, h: (g * (a - h) * sigmoid(z), *gate_vjp(g, y, z, a, h)[1:]),
            ),
            ("missing_term", lambda g, y, z, a, h: (*gate_vjp(g, y, z, a, h)[:2], g)),
        ),
    ),
    Op(
        "gated_linear_unit",
        lambda x: x[:, : x.shape[1] // 2] * sigmoid(x[:, x.shape[1] // 2 :]),
        glu_vjp,
        normal((3, 4)),
        bugs(
            (
                "swapped",
                lambda g, y, x: halves(
                    x, lambda a, b: g * a * sigmoid(b) * sigmoid(-b), lambda a, b: g * sigmoid(b)
                ),
                "anywhere",
                ("transpose", "index"),
            ),
            (
                "missing_term",
                lambda g, y, x: halves(x, lambda a, b: g * sigmoid(b), lambda a, b: 0 * b),
                "anywhere",
                ("mask", "detached"),
            ),
            (
                "missing_chain",
                lambda g, y, x: halves(
                    x, lambda a, b: g * sigmoid(b), lambda a, b: g * a * sigmoid(b)
                ),
            ),
            (
                "missing_chain",
                lambda g, y, x: halves(
                    x, lambda a, b: g * sigmoid(b), lambda a, b: g * sigmoid(b) * sigmoid(-b)
                ),
            ),
            (
                "sign",
                lambda g, y, x: halves(
                    x, lambda a, b: g * sigmoid(b), lambda a, b: -g * a * sigmoid(b) * sigmoid(-b)
                ),
            ),
        ),
    ),
    Op(
        "residual_tanh",
        lambda x: x + np.tanh(x),
        lambda g, y, x: (g * (2 - np.tanh(x) ** 2),),
        normal((3, 4)),
        bugs(
            ("missing_term", lambda g, y, x: (g * (1 - np.tanh(x) ** 2),)),
            ("missing_term", lambda g, y, x: (g,)),
            (
                "sign",
                lambda g, y, x: (g * np.tanh(x) ** 2,),
                "anywhere",
                ("missing_term", "missing_chain"),
            ),
            ("missing_chain", lambda g, y, x: (g * (2 - y**2),)),
        ),
    ),
]
