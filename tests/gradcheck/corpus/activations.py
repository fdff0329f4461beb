"""Activations, and functions with kinks: the bugs at exactly 0 show nowhere else."""

from __future__ import annotations

import math

import numpy as np

from .model import unary

ROOT = math.sqrt(2 / math.pi)


def sigmoid(x):
    return np.exp(-np.logaddexp(0, -x))


def inner(x):
    """What GELU's tanh approximation takes the tanh of."""
    return ROOT * (x + 0.044715 * x**3)


def gelu_slope(x, cubic):
    t = np.tanh(inner(x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * ROOT * (1 + cubic * x**2)


OPS = [
    unary(
        "sigmoid",
        sigmoid,
        lambda x, y: y * (1 - y),
        ("missing_chain", lambda x, y: y),
        ("missing_chain", lambda x, y: 1 - y),
        ("missing_chain", lambda x, y: x * (1 - x)),
        ("missing_chain", lambda x, y: 1 - y * y),
        ("sign", lambda x, y: y * (y - 1)),
        ("missing_chain", lambda x, y: sigmoid(y) * (1 - sigmoid(y))),
        ("factor", lambda x, y: 4 * y * (1 - y)),
    ),
    unary(
        "log_sigmoid",
        lambda x: -np.logaddexp(0, -x),
        lambda x, y: sigmoid(-x),
        ("swapped", lambda x, y: sigmoid(x), "anywhere", ("missing_chain", "sign")),
        ("sign", lambda x, y: -sigmoid(-x)),
        ("missing_chain", lambda x, y: sigmoid(x) * sigmoid(-x)),
        ("missing_chain", lambda x, y: 1 - y),
    ),
    unary(
        "softplus",
        lambda x: np.logaddexp(0, x),
        lambda x, y: sigmoid(x),
        ("missing_chain", lambda x, y: sigmoid(-x)),
        ("missing_chain", lambda x, y: (x > 0) * 1.0),
        ("sign", lambda x, y: -sigmoid(x)),
        ("missing_chain", lambda x, y: sigmoid(y)),
        ("factor", lambda x, y: 2 * sigmoid(x)),
    ),
    unary(
        "silu",
        lambda x: x * sigmoid(x),
        lambda x, y: sigmoid(x) * (1 + x * sigmoid(-x)),
        ("missing_term", lambda x, y: sigmoid(x)),
        ("missing_term", lambda x, y: x * sigmoid(x) * sigmoid(-x)),
        ("missing_chain", lambda x, y: sigmoid(x) * (1 + x)),
        ("missing_chain", lambda x, y: sigmoid(x) * (1 + y)),
    ),
    unary(
        "gelu",
        lambda x: 0.5 * x * (1 + np.tanh(inner(x))),
        lambda x, y: gelu_slope(x, 3 * 0.044715),
        ("missing_chain", lambda x, y: gelu_slope(x, 0.044715)),
        ("missing_term", lambda x, y: gelu_slope(x, 0)),
        ("missing_term", lambda x, y: 0.5 * (1 + np.tanh(inner(x)))),
        ("missing_chain", lambda x, y: gelu_slope(x, 0.134)),
        skip=("large",),
    ),
    unary(
        "softsign",
        lambda x: x / (1 + np.abs(x)),
        lambda x, y: 1 / (1 + np.abs(x)) ** 2,
        ("missing_chain", lambda x, y: 1 / (1 + np.abs(x))),
        ("missing_chain", lambda x, y: 1 / (1 + x) ** 2),
        ("mask", lambda x, y: np.sign(x) / (1 + np.abs(x)) ** 2, "anywhere", ("sign",)),
    ),
    unary(
        "mish",
        lambda x: x * np.tanh(np.logaddexp(0, x)),
        lambda x, y: (
            np.tanh(np.logaddexp(0, x)) + x * sigmoid(x) * (1 - np.tanh(np.logaddexp(0, x)) ** 2)
        ),
        ("missing_term", lambda x, y: np.tanh(np.logaddexp(0, x))),
        (
            "missing_chain",
            lambda x, y: np.tanh(np.logaddexp(0, x)) + x * (1 - np.tanh(np.logaddexp(0, x)) ** 2),
        ),
    ),
    unary(
        "relu",
        lambda x: np.maximum(x, 0),
        lambda x, y: (x > 0) * 1.0,
        ("mask", lambda x, y: np.ones_like(x)),
        ("mask", lambda x, y: (x < 0) * 1.0),
        ("mask", lambda x, y: (x > 0.1) * 1.0, "second"),
        ("missing_chain", lambda x, y: x * (x > 0)),
        ("sign", lambda x, y: -1.0 * (x > 0)),
        ("sign", lambda x, y: np.sign(x), "anywhere", ("mask",)),
        ("nonfinite", lambda x, y: y / x, "zeros"),
        ("mask", lambda x, y: (x > 0) + 2.0 * (x == 0), "zeros", ("ties",)),
        ("mask", lambda x, y: (x > 0) - 1.0 * (x == 0), "zeros", ("ties",)),
    ),
    unary(
        "leaky_relu",
        lambda x: np.where(x > 0, x, 0.1 * x),
        lambda x, y: np.where(x > 0, 1.0, 0.1),
        ("mask", lambda x, y: (x > 0) * 1.0),
        ("swapped", lambda x, y: np.where(x > 0, 0.1, 1.0), "anywhere", ("mask",)),
        ("mask", lambda x, y: np.where(x > 0, 1.0, -0.1), "anywhere", ("sign",)),
        ("missing_chain", lambda x, y: np.where(x > 0, 1.0, 0.1 * x), "anywhere", ("mask",)),
        ("mask", lambda x, y: np.where(x > 0, 1.0, 0.01), "anywhere", ("factor", "missing_chain")),
        ("mask", lambda x, y: np.where(x > 0, 1.0, np.where(x < 0, 0.1, 0.0)), "zeros", ("ties",)),
    ),
    unary(
        "elu",
        lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
        lambda x, y: np.where(x > 0, 1.0, np.exp(np.minimum(x, 0))),
        ("mask", lambda x, y: np.where(x > 0, 1.0, y), "anywhere", ("missing_term",)),
        ("mask", lambda x, y: (x > 0) * 1.0),
        ("mask", lambda x, y: np.exp(x)),
        ("mask", lambda x, y: np.where(x > 0, 1.0, -y), "anywhere", ("missing_chain",)),
        ("mask", lambda x, y: np.where(x == 0, 0.0, np.where(x > 0, 1.0, y + 1)), "zeros"),
    ),
    unary(
        "selu",
        lambda x: 1.0507 * np.where(x > 0, x, 1.67326 * np.expm1(np.minimum(x, 0))),
        lambda x, y: np.where(x > 0, 1.0507, y + 1.0507 * 1.67326),
        ("factor", lambda x, y: np.where(x > 0, 1.0, y / 1.0507 + 1.67326)),
        ("mask", lambda x, y: np.where(x > 0, 1.0507, y), "anywhere", ("missing_term",)),
        ("mask", lambda x, y: np.where(x > 0, 1.0507, y + 1.67326)),
        ("mask", lambda x, y: np.where(x > 0, 1.0, y + 1.0507 * 1.67326)),
    ),
    unary(
        "relu6",
        lambda x: np.clip(4 * x, 0, 6),
        lambda x, y: 4.0 * ((x > 0) & (x < 1.5)),
        ("mask", lambda x, y: 4.0 * (x > 0), "second"),
        ("mask", lambda x, y: 4.0 * (x < 1.5)),
        ("factor", lambda x, y: 1.0 * ((x > 0) & (x < 1.5))),
        ("sign", lambda x, y: -4.0 * ((x > 0) & (x < 1.5))),
        ("mask", lambda x, y: 4.0 * ((x > 0) & (x < 6)), "second"),
        ("mask", lambda x, y: 4.0 * ((x > 0) & (x < 1.5)) + 8.0 * (x == 0), "zeros", ("ties",)),
    ),
    unary(
        "hardtanh",
        lambda x: np.clip(x, -1, 1),
        lambda x, y: 1.0 * (np.abs(x) < 1),
        ("mask", lambda x, y: np.ones_like(x)),
        ("mask", lambda x, y: 1.0 * (np.abs(x) > 1)),
        ("mask", lambda x, y: 1.0 * (x < 1)),
        ("mask", lambda x, y: 1.0 * (x > -1)),
        ("mask", lambda x, y: 1.0 * ((x > 0) & (x < 1))),
        ("mask", lambda x, y: 1.0 * (np.abs(x) < 1) + 2.0 * (np.abs(x) == 1), "ties", ("ties",)),
    ),
    unary(
        "hardswish",
        lambda x: x * np.clip(4 * x + 3, 0, 6) / 6,
        lambda x, y: np.where(4 * x <= -3, 0.0, np.where(4 * x >= 3, 1.0, 4 * x / 3 + 0.5)),
        ("missing_term", lambda x, y: np.clip(4 * x + 3, 0, 6) / 6),
        ("mask", lambda x, y: np.where(4 * x <= -3, 0.0, 4 * x / 3 + 0.5)),
        ("mask", lambda x, y: np.where(4 * x >= 3, 1.0, 4 * x / 3 + 0.5)),
    ),
    unary(
        "abs",
        np.abs,
        lambda x, y: np.sign(x),
        ("mask", lambda x, y: np.ones_like(x), "anywhere", ("sign",)),
        ("sign", lambda x, y: -np.sign(x)),
        ("mask", lambda x, y: (x > 0) * 1.0),
        ("missing_chain", lambda x, y: x),
        ("nonfinite", lambda x, y: x / y, "zeros"),
        ("mask", lambda x, y: np.sign(x) + 3.0 * (x == 0), "zeros", ("ties",)),
        ("missing_chain", lambda x, y: np.tanh(50 * x), "anywhere", ("mask",)),
    ),
    unary(
        "abs_root",
        lambda x: np.sqrt(np.abs(x) + 1),
        lambda x, y: 0.5 * np.sign(x) / y,
        ("mask", lambda x, y: 0.5 / y, "anywhere", ("sign",)),
        ("factor", lambda x, y: np.sign(x) / y),
        ("nonfinite", lambda x, y: 0.5 * x / np.abs(x) / y, "zeros"),
        ("missing_chain", lambda x, y: 0.5 * np.sign(x) * y),
    ),
    unary(
        "positive_part_squared",
        lambda x: np.maximum(x, 0) ** 2,
        lambda x, y: 2 * np.maximum(x, 0),
        ("factor", lambda x, y: np.maximum(x, 0)),
        ("mask", lambda x, y: 2 * x),
        ("missing_chain", lambda x, y: 2.0 * (x > 0)),
        ("nonfinite", lambda x, y: 2 * y / x, "zeros"),
    ),
    unary(
        "soft_threshold",
        lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
        lambda x, y: 1.0 * (np.abs(x) > 0.5),
        ("mask", lambda x, y: np.ones_like(x)),
        ("mask", lambda x, y: 1.0 * (x > 0.5)),
        ("sign", lambda x, y: np.sign(x) * (np.abs(x) > 0.5), "anywhere", ("mask",)),
    ),
    unary(
        "huber",
        lambda x: np.where(np.abs(x) <= 1, 0.5 * x * x, np.abs(x) - 0.5),
        lambda x, y: np.clip(x, -1, 1),
        ("mask", lambda x, y: x),
        ("mask", lambda x, y: np.sign(x)),
        ("mask", lambda x, y: np.where(np.abs(x) <= 1, x, 1.0), "anywhere", ("sign",)),
        ("mask", lambda x, y: np.where(np.abs(x) <= 1, x, 0.0)),
        ("mask", lambda x, y: np.where(np.abs(x) <= 1, 0.5 * x, np.sign(x)), "anywhere"),
        ("sign", lambda x, y: -np.clip(x, -1, 1)),
    ),
    unary(
        "fractional_part",
        lambda x: x - np.floor(x),
        lambda x, y: np.ones_like(x),
        ("detached", lambda x, y: np.zeros_like(x)),
        ("missing_chain", lambda x, y: y),
        ("sign", lambda x, y: -np.ones_like(x)),
        ("factor", lambda x, y: np.full_like(x, 1.001)),
        skip=("zeros", "one_zero"),
    ),
]
