"""Samples of ops that work element by element: arithmetic, functions, comparisons, bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .case import Case, Draw, Table, bools, case, constant, normal, positive, steps, uniform

Shaped = Callable[..., Draw]

MATRIX = normal(3, 4)


def unary(draw: Draw = MATRIX, **options: Any) -> list[Case]:
    """One input, with two unequal axes."""
    return [case(draw, **options)]


def binary(x: Shaped = normal, y: Shaped = normal, **options: Any) -> list[Case]:
    """Two inputs that broadcast: first one of them is stretched, then both."""
    return [case(x(3, 4), y(4), **options), case(x(2, 1, 4), y(3, 1), **options)]


def at_kinks(**options: Any) -> list[Case]:
    """One input at ordinary points, then one at -1, 0 and 1, where the op has its kinks."""
    return [case(MATRIX, **options), case(steps(3, 4), **options)]


def tied(**options: Any) -> list[Case]:
    """Two inputs that broadcast, then two of which many elements are equal."""
    return [*binary(**options), case(steps(3, 4), steps(4), **options)]


def ternary(**options: Any) -> list[Case]:
    """Three inputs that broadcast."""
    return [case(normal(3, 4), normal(4), positive(2, 1, 1), **options)]


# Defined for every real number.
_UNARY = (
    "asinh atan ceil clone cos cosh erf erfc exp exp2 expm1 floor frac neg positive sign sin "
    "sinh square tanh trunc"
)
_BINARY = "add atan2 logaddexp logaddexp2 mul sub"

TABLE: Table = {
    **{name: unary() for name in _UNARY.split()},
    **{name: binary() for name in _BINARY.split()},
    # ------------------------------------------------------ with kinks
    "abs": at_kinks(),
    **{name: tied() for name in ("clamp_max", "clamp_min", "fmax", "fmin", "maximum", "minimum")},
    # ------------------------------------------------------ one input, from where it is defined
    "acos": unary(uniform(-0.9, 0.9, 3, 4)),
    "acosh": unary(uniform(1.1, 3.0, 3, 4)),
    "asin": unary(uniform(-0.9, 0.9, 3, 4)),
    "atanh": unary(uniform(-0.9, 0.9, 3, 4)),
    "log": unary(positive(3, 4)),
    "log10": unary(positive(3, 4)),
    "log1p": unary(uniform(-0.8, 2.0, 3, 4)),
    "log2": unary(positive(3, 4)),
    "reciprocal": unary(positive(3, 4)),
    "rsqrt": unary(positive(3, 4)),
    "sqrt": unary(positive(3, 4)),
    "tan": unary(uniform(-1.2, 1.2, 3, 4)),
    "round": [case(normal(3, 4)), case(normal(3, 4), decimals=1)],
    "cast": unary(dtype=np.dtype(np.float64)),
    "nan_to_num": unary(nan=0.0, posinf=None, neginf=None),
    # ------------------------------------------------------ two inputs
    "true_divide": binary(normal, positive),
    "rounded_quotient": [
        case(normal(3, 4), positive(4), rounding_mode=mode) for mode in ("floor", "trunc")
    ],
    "remainder": binary(normal, positive),
    "fmod": binary(normal, positive),
    "pow": binary(positive, normal),
    "hypot": [sample.only_here("NaN where both are 0, as in PyTorch") for sample in binary()],
    # ------------------------------------------------------ three inputs
    "lerp": ternary(),
    "addcmul": ternary(value=0.7),
    "addcdiv": ternary(value=0.7),
    "clamp": [
        case(normal(3, 4), uniform(-0.8, -0.3, 4), uniform(0.3, 0.8, 3, 1)).only_here(
            "two equal bounds above the input get no gradient, as in PyTorch"
        ),
        case(normal(3, 4), constant(-1, -1, 0, -1), constant(1, 2, 1, 1)),
    ],
    "where": [case(bools(3, 4), normal(4), normal(3, 1))],
    "masked_fill": [case(normal(3, 4), bools(4), normal())],
    "dropout": [case(normal(3, 4), bools(3, 4))],
    # ------------------------------------------------------ of losses
    "t_log_t": unary(positive(3, 4)),
    "at_least": [
        case(positive(3, 4), eps=1e-6).only_here(
            "below eps the gradient passes on purpose, as in PyTorch"
        )
    ],
}
