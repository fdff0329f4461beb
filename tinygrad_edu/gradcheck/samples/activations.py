"""Samples of activation functions, softmax and normalisation."""

from __future__ import annotations

from .case import Table, case, normal, unit
from .elementwise import at_kinks, binary, unary

_SMOOTH = "logsigmoid sigmoid softsign tanhshrink silu mish gelu_tanh"

TABLE: Table = {
    **{name: unary() for name in _SMOOTH.split()},
    "relu": at_kinks(),
    "hardsigmoid": unary(),
    "hardswish": unary(),
    "elu": unary(alpha=0.5, scale=1.5, rate=2.0),
    "gelu": unary(kept={}),
    "hardshrink": unary(lambd=0.5),
    "hardtanh": at_kinks(low=-1.0, high=1.0),
    "leaky_relu": at_kinks(slope=0.1),
    "logit": [case(unit(3, 4), eps=None), case(unit(3, 4), eps=0.25)],
    "prelu": binary(),
    "softplus": unary(beta=2.0, threshold=20.0),
    "softshrink": at_kinks(lambd=1.0),
    "threshold": unary(threshold=0.5, value=-3.0),
    "softmax": [case(normal(3, 4), axis=(1,)), case(normal(2, 3, 4), axis=(1,))],
    "log_softmax": [case(normal(3, 4), axis=(1,)), case(normal(2, 3, 4), axis=(1,))],
    "normalize": [
        case(normal(4, 3), axis=(0,), eps=1e-5, kept={}),
        case(normal(2, 3, 4), axis=(1, 2), eps=1e-5, kept={}),
    ],
    "rms_norm": [case(normal(3, 4), axis=(1,), eps=0.1, kept={})],
}
