"""Specs of activation functions, normalisations, and what layers are made of."""

import math

import numpy as np

from .spec import OpSpec, kink, op, reduction, sample, unary

F = "nn.functional."
INF = [np.inf, -np.inf]
LARGE = [[1000.0, 0.0, -1000.0], [0.0, 1e4, 1e4]]
ALONG = {"keeps": False, "whole": False, "many": False, "ints": False, "low_rtol": 1e-4}


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _softplus(x, beta=1, threshold=20):
    return np.where(x * beta > threshold, x, np.log(1 + np.exp(np.minimum(x * beta, 99))) / beta)


def _elu(x, alpha=1.0, rate=1.0):
    return np.where(x > 0, x, alpha * (np.exp(x * rate) - 1))


def _selu(x):
    return 1.0507009873554805 * _elu(x, 1.6732632423543772)


def _gelu(x, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return np.array([v * (1 + math.erf(v / math.sqrt(2))) / 2 for v in x.flat]).reshape(x.shape)


def _prelu(x, w):
    w = w.reshape(()) if w.size == 1 else w.reshape((-1,) + (1,) * (x.ndim - 2))
    return np.where(x > 0, x, w * x)


def _glu(x, dim=-1):
    a, b = np.split(x, 2, axis=dim)
    return a * _sigmoid(b)


def _softmax(x, axis):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


def _normalized(x, axis, eps):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + eps)


def _per_channel(x, w, b):
    shape = (-1,) + (1,) * (x.ndim - 2)
    x = x if w is None else x * w.reshape(shape)
    return x if b is None else x + b.reshape(shape)


def _layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    out = _normalized(x, tuple(range(x.ndim - len(shape), x.ndim)), eps)
    out = out if weight is None else out * weight
    return out if bias is None else out + bias


def _rms_norm(x, shape, weight=None, eps=None):
    axis = tuple(range(x.ndim - len(shape), x.ndim))
    eps = np.finfo(x.dtype).eps if eps is None else eps
    out = x / np.sqrt((x * x).mean(axis, keepdims=True) + eps)
    return out if weight is None else out * weight


def _batch_norm(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    if training:
        return _per_channel(_normalized(x, (0, *range(2, x.ndim)), eps), weight, bias)
    shape = (-1,) + (1,) * (x.ndim - 2)
    return _per_channel((x - mean.reshape(shape)) / np.sqrt(var.reshape(shape) + eps), weight, bias)


def _instance_norm(
    x, mean=None, var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    return _per_channel(_normalized(x, tuple(range(2, x.ndim)), eps), weight, bias)


def _group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    grouped = _normalized(x.reshape(len(x), groups, -1), 2, eps)
    return _per_channel(grouped.reshape(x.shape), weight, bias)


def _bilinear(x, y, w, b=None):
    out = np.einsum("...i,kij,...j->...k", x, w, y)
    return out if b is None else out + b


def _attention(q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None):
    scores = q @ np.swapaxes(k, -1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if is_causal:
        attn_mask = np.tri(*scores.shape[-2:], dtype=bool)
    if attn_mask is not None:
        hidden = np.where(attn_mask, 0, -np.inf) if attn_mask.dtype == bool else attn_mask
        scores = scores + hidden
    return _softmax(scores, -1) @ v


def _one_hot(x, num_classes=-1):
    return np.eye(x.max() + 1 if num_classes == -1 else num_classes, dtype=np.int64)[x]


SPECS: list[OpSpec] = [
    # ---------------------------------------------------------------- straight pieces
    unary("relu", numpy=lambda x: np.maximum(x, 0), kinks=[0.0], edges=[-0.0, np.nan, *INF]),
    unary(F + "relu6", -3, 9, numpy=lambda x: np.clip(x, 0, 6), kinks=[0.0, 6.0], edges=[np.nan]),
    unary(
        F + "hardtanh",
        numpy=lambda x, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
        kinks=[-1.0, 1.0],
        edges=[np.nan, *INF],
        variants=[{}, {"min_val": -1.0, "max_val": 0.5}],
        more=lambda draw: [kink(np.array([-2.0, 0.5, 3.0]), -2.0, 0.5)],
    ),
    unary(
        F + "leaky_relu",
        numpy=lambda x, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
        kinks=[0.0],
        edges=[-0.0, np.nan],
        variants=[{}, {"negative_slope": 0.3}, {"negative_slope": -0.5}],
    ),
    unary(
        F + "rrelu",
        numpy=lambda x, lower=1 / 8, upper=1 / 3: np.where(x > 0, x, (lower + upper) / 2 * x),
        kinks=[0.0],
        variants=[{}, {"lower": 0.1, "upper": 0.9}],
        torch_gradgrad=False,
    ),
    op(
        "prelu",
        _prelu,
        lambda draw: (
            [
                sample(draw.away(-2, 2, a, [0.0]), sign * draw.positive(*b))
                for sign in (1.0, -1.0)
                for a, b in [
                    ((3, 4), (1,)),
                    ((3, 4), (4,)),
                    ((2, 3, 4), (3,)),
                    ((5,), (1,)),
                    ((), (1,)),
                ]
            ]
            + [sample(draw(0, 3), draw(3)), kink(np.array([-1.0, 0.0, 2.0]), np.array([0.3]))]
        ),
        ints=False,
    ),
    unary(
        F + "hardsigmoid",
        -5,
        5,
        numpy=lambda x: np.clip(x / 6 + 0.5, 0, 1),
        kinks=[-3.0, 3.0],
        edges=INF,
        torch=lambda x: _hardsigmoid(x),
    ),
    unary(
        F + "hardswish",
        -5,
        5,
        numpy=lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
        kinks=[-3.0, 3.0],
        edges=[1000.0, -1000.0],
    ),
    unary(
        F + "softshrink",
        numpy=lambda x, lambd=0.5: np.sign(x) * np.maximum(np.abs(x) - lambd, 0),
        kinks=[-0.5, 0.5],
        variants=[{}, {"lambd": 0.5}],
        edges=[0.0, *INF, np.nan],
        more=lambda draw: [kink(np.array([-1.0, 0.3, 1.0, 2.0]), 1.0)],
    ),
    unary(
        "hardshrink",
        numpy=lambda x, lambd=0.5: np.where(np.abs(x) <= lambd, 0, x),
        kinks=[-0.5, 0.5],
        edges=[0.0, *INF, np.nan],
        more=lambda draw: [kink(np.array([-1.0, 0.3, 1.0, 2.0]), 1.0)],
    ),
    unary(
        F + "threshold",
        numpy=lambda x, threshold, value: np.where(x <= threshold, value, x),
        kinks=[0.5],
        edges=[np.nan],
        variants=[{"threshold": 0.5, "value": -3.0}, {"threshold": 0.5, "value": 2.0}],
    ),
    # ---------------------------------------------------------------- smooth
    unary("sigmoid", -4, 4, numpy=_sigmoid, edges=[1000.0, -1000.0, *INF]),
    unary(
        "logit",
        0.1,
        0.9,
        numpy=lambda p, eps=0.0: np.log(np.clip(p, eps, 1 - eps) / (1 - np.clip(p, eps, 1 - eps))),
        kinks=[0.25, 0.75],
        variants=[{}, {"eps": 0.25}],
        edges=[0.0, 1.0, -0.5, 1.5],
        ints=False,
        low_rtol=1e-4,
    ),
    unary(
        F + "logsigmoid",
        -4,
        4,
        numpy=lambda x: np.log(_sigmoid(x)),
        edges=[0.0, 1000.0, -1000.0],
    ),
    unary(
        F + "softplus",
        -4,
        4,
        numpy=_softplus,
        variants=[{}, {"beta": 2.5}, {"beta": 2.0, "threshold": 3.0}],
        kinks=[1.5],
        edges=[0.0, 20.0, 21.0, 1000.0, -1000.0],
    ),
    unary(F + "softsign", numpy=lambda x: x / (1 + np.abs(x)), edges=[0.0, 1000.0], ints=False),
    unary(F + "tanhshrink", numpy=lambda x: x - np.tanh(x), edges=[0.0, 1000.0], low_rtol=1e-3),
    unary(F + "silu", -4, 4, numpy=lambda x: x * _sigmoid(x), edges=[0.0, 1000.0, -1000.0]),
    unary(
        F + "mish",
        -4,
        4,
        numpy=lambda x: x * np.tanh(np.log(1 + np.exp(x))),
        edges=[0.0, 1000.0, -1000.0],
    ),
    unary(
        F + "gelu",
        -4,
        4,
        numpy=_gelu,
        variants=[{}, {"approximate": "tanh"}],
        edges=[0.0, 1000.0, -1000.0],
        low_rtol=1e-3,
    ),
    unary(
        F + "elu",
        numpy=_elu,
        kinks=[0.0],
        variants=[{}, {"alpha": 2.5}, {"alpha": -0.5}],
        edges=[1000.0, -1000.0, np.nan],
    ),
    unary(
        F + "celu",
        numpy=lambda x, alpha=1.0: _elu(x, alpha, 1 / alpha),
        kinks=[0.0],
        variants=[{}, {"alpha": 0.5}],
        edges=[1000.0, -1000.0],
    ),
    unary(F + "selu", numpy=_selu, kinks=[0.0], edges=[1000.0, -1000.0], torch_gradgrad=False),
    op(
        F + "glu",
        _glu,
        lambda draw: [
            sample(draw(3, 4)),
            sample(draw(4, 3), dim=0),
            sample(draw(2, 6, 3), 1),
            sample(draw(0, 4)),
        ],
        ints=False,
    ),
    # ---------------------------------------------------------------- softmax
    reduction("softmax", _softmax, kinks=LARGE, **ALONG),
    reduction("log_softmax", lambda x, axis: np.log(_softmax(x, axis)), kinks=LARGE, **ALONG),
    reduction(F + "softmin", lambda x, axis: _softmax(-x, axis), kinks=LARGE, **ALONG),
    op(
        "softmax",
        lambda x, dim, dtype: _softmax(x.astype(float), dim),
        lambda draw: [sample(draw.ints(0, 4, 3, 2), 1, np.float64)],
        torch=lambda x, dim, dtype: x.double().softmax(dim),
        label="dtype",
        ints=False,
    ),
    op(
        F + "gumbel_softmax",
        None,
        lambda draw: [sample(draw(3, 1)), sample(draw(3, 1), 0.5, True)],
        torch=None,
    ),
    op(
        F + "dropout",
        lambda x, p=0.5, training=True: x * (1 - p) if training else x,
        lambda draw: [
            sample(draw(3, 4), 0.0),
            sample(draw(3, 4), 1.0),
            sample(draw(3, 4), training=False),
            sample(draw(0, 4), 0.5, False),
        ],
        ints=False,
    ),
    # ---------------------------------------------------------------- normalisation
    op(
        F + "layer_norm",
        _layer_norm,
        lambda draw: [
            sample(draw(3, 4), (4,)),
            sample(draw(3, 4), (4,), draw(4), draw(4)),
            sample(draw(2, 3, 4), (3, 4), draw(3, 4), draw(3, 4), 0.1),
            sample(draw(0, 4), (4,)),
        ],
        ints=False,
        low_rtol=1e-4,
    ),
    op(
        F + "rms_norm",
        _rms_norm,
        lambda draw: [
            sample(draw(3, 4), (4,)),
            sample(draw(2, 3, 4), (3, 4), draw(3, 4)),
            sample(draw(3, 4), (4,), draw(4), eps=0.1),
        ],
        ints=False,
        low_rtol=1e-4,
    ),
    op(
        F + "batch_norm",
        _batch_norm,
        lambda draw: [
            sample(draw(4, 3), None, None, training=True),
            sample(draw(4, 3), None, None, draw(3), draw(3), True),
            sample(draw(3, 2, 4), None, None, draw(2), draw(2), training=True, eps=0.1),
            sample(draw(2, 3, 2, 2), None, None, draw(3), None, True),
            sample(draw(4, 3), draw(3), draw.positive(3)).constant(1, 2),
            sample(draw(4, 3, 2), draw(3), draw.positive(3), draw(3), draw(3)).constant(1, 2),
        ],
        ints=False,
        low_rtol=1e-3,
    ),
    op(
        F + "instance_norm",
        _instance_norm,
        lambda draw: [
            sample(draw(2, 3, 4)),
            sample(draw(2, 3, 2, 2), weight=draw(3), bias=draw(3), eps=0.1),
        ],
        ints=False,
        low_rtol=1e-3,
    ),
    op(
        F + "group_norm",
        _group_norm,
        lambda draw: [
            sample(draw(3, 4), 2),
            sample(draw(2, 6, 2), 3, draw(6), draw(6)),
            sample(draw(2, 4, 3), 1, draw(4), None, 0.1),
        ],
        ints=False,
        low_rtol=1e-3,
    ),
    # ---------------------------------------------------------------- layers
    op(
        F + "bilinear",
        _bilinear,
        lambda draw: [
            sample(draw(4, 2), draw(4, 3), draw(5, 2, 3), draw(5)),
            sample(draw(4, 2), draw(4, 3), draw(1, 2, 3)),
            sample(draw(2, 3, 2), draw(2, 3, 1), draw(2, 2, 1), draw(2)),
        ],
        ints=False,
        low_rtol=1e-4,
    ),
    op(
        F + "scaled_dot_product_attention",
        _attention,
        lambda draw: [
            sample(draw(3, 2), draw(4, 2), draw(4, 5)),
            sample(draw(2, 3, 2), draw(2, 4, 2), draw(2, 4, 1), draw(3, 4)),
            sample(draw(2, 3, 2), draw(2, 3, 2), draw(2, 3, 2), is_causal=True, scale=0.5),
            sample(draw(2, 3), draw(4, 3), draw(4, 2), np.array([[True, False, True, True]])),
        ],
        ints=False,
        low_rtol=1e-4,
        torch_gradgrad=False,
    ),
    op(
        F + "embedding",
        lambda i, w, **options: w[i],
        lambda draw: [
            sample(np.array([0, 2, 2, 0]), draw(4, 3)),
            sample(np.array([[1, 2], [3, 3]]), draw(4, 3)),
            sample(np.array(2), draw(4, 3)),
            sample(np.zeros((0, 2), int), draw(4, 3)),
            kink(np.array([0, 2, 2]), draw(4, 3), padding_idx=2),
            kink(np.array([0, 2, 2]), draw(4, 3), padding_idx=-4),
            kink(np.array([0, 2, 2]), draw(4, 3), scale_grad_by_freq=True),
        ],
        ints=False,
        method=None,
        torch_gradgrad=False,
    ),
    op(
        F + "one_hot",
        _one_hot,
        lambda draw: [
            sample(np.array([0, 2])),
            sample(np.array([[0, 2], [1, 1]]), 5),
            sample(np.array(1), num_classes=3),
        ],
        differentiable=False,
    ),
]


def _hardsigmoid(x):
    # PyTorch's gradient has float32's 1/6, whatever the dtype; this has the same pieces.
    import torch

    return torch.where(
        (x <= -3) | (x >= 3), torch.nn.functional.hardsigmoid(x).detach(), x / 6 + 0.5
    )
