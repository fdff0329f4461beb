"""Specs of arithmetic, exponentials, comparisons and what else works element by element."""

import math
from dataclasses import replace

import numpy as np

from tinygrad_edu import Tensor, ops

from .spec import OpSpec, binary, kink, op, sample, unary

inf, nan = np.inf, np.nan
TIES = [(1.0, 1.0), (0.0, -0.0), (nan, 1.0), (1.0, nan), (nan, nan), (inf, inf), (inf, -inf)]
ALPHAS = [{}, {"alpha": 2.5}, {"alpha": -1}, {"alpha": 0.0}, {"alpha": 2}]


def same(names, helper, *args, **kwargs):
    """One spec for an op and each of its other names."""
    return [helper(name, *args, **kwargs) for name in names.split()]


def divided(x, y, rounding_mode=None):
    """Quotients of floats."""
    with np.errstate(all="ignore"):
        quotient = np.true_divide(x, y)
    return {None: lambda q: q, "trunc": np.trunc, "floor": np.floor}[rounding_mode](quotient)


def clamped(x, min=None, max=None):
    lower = x if min is None else np.maximum(x, min)
    return lower if max is None else np.minimum(lower, max)


def error_function(function):
    return lambda x: np.reshape([function(v) for v in x.flat], x.shape).astype(x.dtype)


def quotients(draw, **kwargs):
    """Pairs whose quotient is far from where it jumps, and then some where it does."""

    def pair(x_shape, y_shape):
        y = draw.uniform(1, 2, *y_shape) * draw.rng.choice([-1, 1], y_shape)
        k = draw.ints(-4, 4, *x_shape) + draw.uniform(0.2, 0.8, *x_shape)
        return np.asarray(k * y), np.asarray(y)

    shapes = [((3, 4), (3, 4)), ((2, 3), (3,)), ((2, 3, 2), (3, 1)), ((3,), ()), ((), ())]
    ties = [(1, 0), (-1, 0), (0, 0), (6, -2), (inf, 2), (1, inf), (-5.5, -2), (nan, 1), (4, 2)]
    x, y = np.array(ties, float).T
    return [
        *(sample(*pair(*s), **kwargs) for s in shapes),
        sample(0.0625 * (draw.ints(-4, 4, 2, 3) + draw.uniform(0.2, 0.8, 2, 3)), 0.0625, **kwargs),
        sample(draw.uniform(2.2, 2.8, 3), 2, **kwargs),
        sample(np.array(5.3), draw.uniform(2, 2.4, 3, 1), **kwargs),
        sample(np.ones((0, 3)), np.ones(3), **kwargs),
        kink(x, y, **kwargs),
    ]


def on_tensors(function):
    """Call `function` on Tensors: on bare arrays the dtypes would be NumPy's."""

    def wrapped(*args):
        bare = isinstance(args[0], np.ndarray)
        result = function(*(Tensor(a) if isinstance(a, np.ndarray) else a for a in args))
        return result.numpy() if bare else result

    return wrapped


def whole(x):
    return x.astype(np.int64)


SPECS: list[OpSpec] = [
    # ---------------------------------------------------------------- arithmetic
    binary(
        "add",
        lambda x, y, alpha=1: x + alpha * y,
        operator="add",
        protocol=np.add,
        ties=[(0.0, -0.0), (inf, 1.0), (inf, -inf), (3e38, 3e38)],
        variants=[{}],
        more=lambda draw: [sample(draw(1), draw(1, 4)), sample(draw(4, 1), draw(1, 1))],
    ),
    binary(
        "sub",
        lambda x, y, alpha=1: x - alpha * y,
        operator="sub",
        protocol=np.subtract,
        ties=[(inf, inf), (-3e38, 3e38)],
        variants=[{}],
    ),
    *[
        binary(name, reference, label="alpha", variants=ALPHAS[1:], scalars=[2], ints=False)
        for name, reference in [
            ("add", lambda x, y, alpha=1: x + alpha * y),
            ("sub", lambda x, y, alpha=1: x - alpha * y),
        ]
    ],
    *[
        op(
            name,
            reference,
            lambda draw: [
                sample(draw.ints(-5, 5, 2, 3), draw.ints(-5, 5, 3), alpha=3),
                sample(draw.ints(-5, 5, 4), 2, alpha=-2),
                sample(draw(4), draw.ints(-5, 5, 4), alpha=0.5),
            ],
            label="alpha of integers",
            ints=False,
        )
        for name, reference in [
            ("add", lambda x, y, alpha: x + alpha * y),
            ("sub", lambda x, y, alpha: x - alpha * y),
        ]
    ],
    binary("subtract", lambda x, y, alpha=1: x - alpha * y, variants=ALPHAS[:2], ints=False),
    binary(
        "rsub", lambda x, y, alpha=1: y - alpha * x, variants=ALPHAS[:2], ints=False, method=None
    ),
    binary("mul", np.multiply, operator="mul", ties=[(0.0, inf), (0.0, 0.0), (1e30, 1e30)]),
    binary("multiply"),
    *same(
        "div divide true_divide",
        binary,
        np.true_divide,
        0.5,
        2.5,
        operator="truediv",
        ties=[(1.0, 0.0), (0.0, 0.0), (-1.0, 0.0), (inf, inf), (1.0, inf)],
    ),
    *[
        op(name, divided, lambda draw, mode=mode: quotients(draw, rounding_mode=mode), label=mode)
        for name in ("div", "divide")
        for mode in ("trunc", "floor")
    ],
    op(
        "div",
        lambda x, y, rounding_mode: whole(divided(x, y, rounding_mode)),
        lambda draw: [
            sample(draw.ints(-9, 9, 3, 4), number, rounding_mode=mode)
            for mode in ("trunc", "floor")
            for number in (2, -3, np.array([4, -3, 2, 7]))
        ],
        label="of integers",
    ),
    op(
        "floor_divide",
        np.floor_divide,
        lambda draw: [
            sample(draw.uniform(-9, 9, 3, 4), draw.uniform(1, 3, 4)).constant(0, 1),
            sample(draw.uniform(-9, 9, 3), -0.7).constant(0),
            sample(draw.ints(-9, 9, 3), 2),
            sample(draw.uniform(-9, 9, 3), draw.ints(1, 4, 3)).constant(0),
        ],
        operator="floordiv",
        ints=False,
    ),
    *[
        op(name, reference, quotients, operator=operator, protocol=reference)
        for name, reference, operator in [
            ("remainder", np.remainder, "mod"),
            ("fmod", np.fmod, ""),
        ]
    ],
    *[
        op(
            name,
            reference,
            lambda draw: [
                sample(draw.ints(-9, 9, 3, 4), 4),
                sample(draw.ints(-9, 9, 3, 4), np.array([3, -4, 5, -1])),
                kink(draw.uniform(1, 2, 4), draw.ints(1, 9, 4)),
            ],
            label="of integers",
            ints=False,
        )
        for name, reference in [("remainder", np.remainder), ("fmod", np.fmod)]
    ],
    *same("neg negative", unary, numpy=np.negative),
    unary("positive"),
    unary("square", edges=[0.0, 1e30, inf]),
    unary("reciprocal", 0.3, 4, edges=[0.0, -0.0, inf, nan], protocol=np.reciprocal),
    unary("reciprocal", -4, -0.3, label="negative"),
    binary(
        "pow",
        np.power,
        0.4,
        2.5,
        operator="pow",
        scalars=[2, 3.0, -1.5, 0.5, 1, 0, -1, 4],
        ties=[(0.0, 0.0), (0.0, 2.0), (0.0, 1.0), (0.0, 0.5), (0.0, -0.5), (-2.0, 3.0), (5.0, 0.0)],
        more=lambda draw: [
            sample(draw(2, 3), 2),
            sample(draw(2, 3), 3),
            kink(np.array([0.0, 1.0, -2.0, nan]), 0),
            kink(np.array([0.0, 1.0, 4.0, -1.0, inf]), 0.5),
            kink(np.array([0.0, -1.5, nan]), 1),
            kink(np.array([0.0, -1.5, 1e30]), 2),
            kink(np.array([0.0, -1.5, 1e30]), 3),
            kink(np.array([0.0, -1.5]), -2),
        ],
        ints=False,
    ),
    op(
        "pow",
        np.power,
        lambda draw: [
            sample(1.7, draw(2, 3)),
            sample(2, draw(4)),
            kink(0.0, np.array([-1.0, 0.0, 2.0])),
            kink(0, np.array([-1.0, 0.0, 2.0])),
            kink(-0.0, np.array([-1.0, 0.0, 2.0])),
            sample(draw.ints(-3, 4, 2, 3), 2),
            sample(draw.ints(-3, 4, 2, 3), 3),
            sample(draw.ints(-3, 4, 4), draw.ints(0, 4, 4)),
            sample(3, draw.ints(0, 4, 4)),
        ],
        label="of numbers and integers",
        method=None,
    ),
    op(
        "pow",
        lambda x, p: np.trunc(np.power(np.asarray(x, float), p)).astype(np.int64),
        lambda draw: [
            sample(np.array([2, 1, -1, -1, -3]), np.array([-1, -2, -3, -2, 2])),
            sample(2, np.array([-1, 3])),
        ],
        label="of integers with negative exponents",
        method=None,
    ),
    binary(
        "float_power",
        np.float_power,
        0.4,
        2.5,
        scalars=[2, -1.5, 0],
        ties=[(0.0, 0.0), (0.0, 2.0), (0.0, 0.5)],
        keeps_dtype=False,
    ),
    op(
        "float_power",
        np.float_power,
        lambda draw: [
            sample(draw.positive(3, 4), draw(4).astype(np.float32)).constant(0, 1),
            sample(1.7, draw(4).astype(np.float32)).constant(0),
            sample(draw.positive(4), draw.ints(-3, 3, 4)).constant(0),
            sample(1.7, draw.ints(1, 4, 3)),
        ],
        label="dtype",
        ints=False,
        method=None,
    ),
    # ---------------------------------------------------------------- signs and rounding
    *same("abs absolute", unary, numpy=np.abs, kinks=[0.0], edges=[inf, nan, -0.0]),
    *same("sign sgn", unary, numpy=np.sign, kinks=[0.0], edges=[inf, nan, -0.0]),
    unary("ceil", kinks=[-2.0, -1.0, 0.0, 1.0, 2.0], edges=[inf, nan]),
    unary("floor", kinks=[-2.0, -1.0, 0.0, 1.0, 2.0], edges=[inf, nan]),
    *same("trunc fix", unary, numpy=np.trunc, kinks=[-2.0, -1.0, 0.0, 1.0, 2.0], edges=[inf, nan]),
    unary(
        "frac",
        numpy=lambda x: np.fmod(x, 1.0),
        kinks=[-2.0, -1.0, 0.0, 1.0, 2.0],
        edges=[-0.5],
    ),
    unary("round", kinks=[-1.5, -0.5, 0.5, 1.5], edges=[2.5, inf, nan], numpy=np.round),
    unary(
        "round",
        -30,
        30,
        label="decimals",
        numpy=np.round,
        kinks=list(np.arange(-30, 31) / 2),
        variants=[{"decimals": 0}, {"decimals": -1}],
        ints=False,
    ),
    op(
        "round",
        np.round,
        lambda draw: [
            kink(draw(3, 4), decimals=2),
            kink(draw(3), decimals=3),
            kink(100 * draw(3), decimals=-2),
        ],
        label="positive decimals",
        ints=False,
    ),
    # ---------------------------------------------------------------- exponentials and logarithms
    unary("exp", edges=[1000.0, -1000.0, inf, -inf]),
    unary("exp2", edges=[1100.0, -1100.0, inf, -inf]),
    unary("expm1", edges=[1000.0, -1000.0, 1e-12, inf]),
    unary("log", 0.3, 4, edges=[0.0, -1.0, inf]),
    unary("log2", 0.3, 4, edges=[0.0, -1.0, inf]),
    unary("log10", 0.3, 4, edges=[0.0, -1.0, inf]),
    unary("log1p", -0.7, 4, edges=[-1.0, -2.0, 1e-12, inf]),
    unary("sqrt", 0.3, 4, edges=[0.0, -1.0, inf]),
    unary("rsqrt", 0.3, 4, numpy=lambda x: x**-0.5, edges=[0.0, -1.0, inf]),
    unary("tanh", edges=[1000.0, -1000.0, 0.0]),
    binary("logaddexp", scalars=[], ties=[(1000.0, 1000.0), (-inf, -inf), (inf, 0.0), (0.0, -inf)]),
    binary(
        "logaddexp2", scalars=[], ties=[(2000.0, 2000.0), (-inf, -inf), (inf, 0.0), (0.0, -inf)]
    ),
    # ---------------------------------------------------------------- trigonometry
    unary("sin", edges=[inf]),
    unary("cos", edges=[inf]),
    unary("tan", -1.2, 1.2, edges=[inf, 2.0]),
    *same("asin arcsin", unary, -0.9, 0.9, np.arcsin, edges=[1.0, -1.0, 2.0]),
    *same("acos arccos", unary, -0.9, 0.9, np.arccos, edges=[1.0, -1.0, 2.0]),
    *same("atan arctan", unary, numpy=np.arctan, edges=[inf, 1e30]),
    unary("sinh", edges=[1000.0, -1000.0]),
    unary("cosh", edges=[1000.0, -1000.0]),
    *same("asinh arcsinh", unary, numpy=np.arcsinh, edges=[inf, -inf]),
    *same("acosh arccosh", unary, 1.2, 4, np.arccosh, edges=[1.0, 0.5, inf]),
    *same("atanh arctanh", unary, -0.9, 0.9, np.arctanh, edges=[1.0, -1.0, 2.0]),
    *[
        spec
        for low, high, label in [(0.3, 2, ""), (-2, -0.3, "negative")]
        for spec in same(
            "atan2 arctan2",
            binary,
            np.arctan2,
            low,
            high,
            label=label,
            scalars=[],
            ties=[(0.0, 0.0), (0.0, -1.0), (1.0, 0.0), (-0.0, -1.0), (-1.0, 2.0)],
        )
    ],
    binary(
        "hypot", None, 0.3, 2, scalars=[], ties=[(0.0, 0.0), (3e30, 4e30), (-3.0, 0.0), (inf, 1.0)]
    ),
    unary("erf", numpy=error_function(math.erf), edges=[0.0, -0.0, 6.0, -40.0, inf, nan]),
    unary("erf", -4, 4, label="wide", numpy=error_function(math.erf)),
    unary("erfc", numpy=error_function(math.erfc), edges=[0.0, 6.0, 26.0, 40.0, -40.0, inf, nan]),
    unary("erfc", -4, 4, label="wide", numpy=error_function(math.erfc)),
    # ---------------------------------------------------------------- mixtures
    op(
        "lerp",
        lambda x, end, weight: x + weight * (end - x),
        lambda draw: [
            sample(draw(3, 4), draw(3, 4), 0.3),
            sample(draw(3, 1), draw(4), 0.8),
            sample(draw(), draw(3), weight=2),
            sample(draw(2, 3), draw(3), weight=-1.0),
            sample(draw(0, 3), draw(3), 0.5),
        ],
        label="number as weight",
    ),
    op(
        "lerp",
        lambda x, end, weight: x + weight * (end - x),
        lambda draw: [
            sample(draw(3, 4), draw(3, 4), draw(3, 4)),
            sample(draw(3, 1), draw(4), draw(2, 1, 1)),
            sample(draw(3), draw(3), draw()),
            sample(draw(), draw(), draw()),
            sample(draw(0, 3), draw(3), draw(3)),
        ],
        label="tensor weight",
    ),
    op(
        "addcmul",
        lambda x, a, b, value=1: x + value * a * b,
        lambda draw: [
            sample(draw(3, 4), draw(3, 4), draw(3, 4)),
            sample(draw(3, 1), draw(4), draw(2, 1, 1), value=0.7),
            sample(draw(), draw(), draw(3), value=-2),
            sample(draw(0, 3), draw(3), draw(3), value=0),
        ],
    ),
    op(
        "addcdiv",
        lambda x, a, b, value=1: x + value * a / b,
        lambda draw: [
            sample(draw(3, 4), draw(3, 4), draw.positive(3, 4)),
            sample(draw(3, 1), draw(4), draw.positive(2, 1, 1), value=0.7),
            sample(draw(), draw(), draw.positive(3), value=-2),
            sample(draw(0, 3), draw(3), draw.positive(3), value=0),
            kink(draw(3), np.array([0.0, 1.0, -1.0]), np.zeros(3)),
        ],
    ),
    # ---------------------------------------------------------------- bounds and choices
    *[
        spec
        for name in ("clamp", "clip")
        for spec in [
            replace(
                unary(
                    name,
                    label="numbers",
                    numpy=clamped,
                    kinks=[-0.5, 0.8],
                    edges=[nan, inf, -inf],
                    variants=[
                        {"min": -0.5, "max": 0.8},
                        {"min": -0.5},
                        {"max": 0.8},
                        {"min": 0.8, "max": -0.5},
                        {"max": 0.8, "min": None},
                    ],
                    more=lambda draw: [
                        sample(draw(2, 3), -1, 0.5),
                        sample(draw(4), 0),
                        sample(draw(4), None, 0),
                    ],
                ),
                elementwise=0,
            ),  # it needs a bound
            op(
                name,
                clamped,
                lambda draw: [
                    sample(draw(3, 4), draw(4) - 1, draw(3, 1) + 1),
                    sample(draw(3, 4), draw(3, 4)),
                    sample(draw(3, 4), draw(3, 4), draw(3, 4)),
                    sample(draw(3, 4), None, draw(3, 4)),
                    sample(draw(), draw(3)),
                    sample(draw(3), min=draw(2, 1)),
                    sample(draw(3), max=draw(3)),
                    sample(draw(0, 3), draw(3), draw(3)),
                    kink(
                        np.array([0, 1, nan, 2, 1, 0, 1, 3.0, 0, 2]),
                        np.array([0, 2, 0, nan, 1, 3, 1, 1.0, 1, 1]),
                        np.array([1, 3, 1, 1, nan, 2, 1, 3.0, 1, 1]),
                    ),
                    kink(np.array([0, 1, nan, 2, -1.0]), np.array([0, 2, 0, nan, 3.0])),
                    kink(np.array([0, 1, nan, 2, 5.0]), None, np.array([0, 2, 0, nan, 3.0])),
                ],
                label="tensors",
                ints=False,
            ),
        ]
    ],
    binary("clamp_min", np.maximum, spread=True, ties=TIES, scalars=[0.13, 1], protocol=None),
    binary("clamp_max", np.minimum, spread=True, ties=TIES, scalars=[0.13, 1], protocol=None),
    *[binary(name, spread=True, ties=TIES, scalars=[]) for name in ("maximum", "minimum")],
    *[binary(name, spread=True, ties=TIES, scalars=[]) for name in ("fmax", "fmin")],
    unary(
        "nan_to_num",
        numpy=lambda x, nan=0.0, posinf=None, neginf=None: np.nan_to_num(
            x, nan=nan or 0.0, posinf=posinf, neginf=neginf
        ),
        edges=[nan, inf, -inf, 0.0],
        variants=[{}, {"nan": 2.0}, {"posinf": 3.0, "neginf": -4.0}, {"nan": None}],
        more=lambda draw: [kink(np.array([nan, inf, -inf, 1.0]), 1.0, 2.0, 3)],
    ),
    op(
        "where",
        np.where,
        lambda draw: [
            sample(draw.bools(3, 4), draw(3, 4), draw(3, 4)),
            sample(draw.bools(3, 1), draw(4), draw(3, 4)),
            sample(draw.bools(4), draw(2, 1), draw()),
            sample(draw.bools(3), draw(3), 0.5),
            sample(draw.bools(3), 2.5, draw(3)),
            sample(draw.bools(0, 3), draw(0, 3), draw(3)),
            sample(np.array(True), draw(), draw()),
        ],
        method=None,
        ints=False,
    ),
    op(
        "where",
        np.where,
        lambda draw: [
            sample(draw.bools(3, 4), 1, 2),
            sample(draw.bools(3), True, False),
            sample(draw.bools(3), draw.ints(0, 5, 3), 2),
        ],
        label="numbers",
        method=None,
        differentiable=False,
    ),
    op(
        "where",
        np.where,
        lambda draw: [
            sample(draw.bools(3), 1, 2.5),
            sample(draw.bools(3), draw.ints(0, 5, 3), 2.5),
        ],
        ours=on_tensors(ops.where),
        label="dtype of numbers",
        method=None,
        differentiable=False,
    ),
    op(
        "where",
        lambda condition: np.where(np.atleast_1d(condition)),
        lambda draw: [sample(draw.bools(3, 4)), sample(draw.ints(0, 2, 4)), sample(np.array(True))],
        label="one argument",
        ints=False,
        differentiable=False,
        method=None,
    ),
    # ---------------------------------------------------------------- comparisons and logic
    *[
        binary(name, reference, differentiable=False, ties=TIES)
        for names, reference in [
            ("eq", np.equal),
            ("ne not_equal", np.not_equal),
            ("lt less", np.less),
            ("le less_equal", np.less_equal),
            ("gt greater", np.greater),
            ("ge greater_equal", np.greater_equal),
        ]
        for name in names.split()
    ],
    *[
        unary(name, edges=[nan, inf, -inf], differentiable=False)
        for name in ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "logical_not")
    ],
    *[
        binary(name, differentiable=False, scalars=[], ties=[*TIES, (0.0, 1.0), (0.0, 0.0)])
        for name in ("logical_and", "logical_or", "logical_xor")
    ],
    *[
        op(
            name,
            getattr(np, name),
            lambda draw: [
                sample(draw.ints(-9, 9, 3, 4), draw.ints(-9, 9, 4)),
                sample(draw.bools(3, 1), draw.bools(4)),
                sample(draw.bools(3), draw.ints(-9, 9, 3)),
                sample(draw.ints(-9, 9, 3), 5),
                sample(draw.ints(-9, 9), draw.ints(-9, 9)),
            ],
            operator=name.removeprefix("bitwise_"),
            differentiable=False,
        )
        for name in ("bitwise_and", "bitwise_or", "bitwise_xor")
    ],
    op(
        "bitwise_not",
        np.bitwise_not,
        lambda draw: [sample(draw.ints(-9, 9, 3, 4)), sample(draw.bools(3))],
        operator="invert",
        differentiable=False,
    ),
    op(
        "isclose",
        np.isclose,
        lambda draw: [
            sample(draw(3, 4), draw(4)),
            sample(np.array([1.0, 1.0, nan, inf, -inf]), np.array([1.000001, 1.1, nan, inf, inf])),
            sample(np.array([1.0, nan]), np.array([1.4, nan]), 0.5, 0, True),
            sample(np.array([1.0, 0.0]), np.array([1.4, 0.1]), rtol=0, atol=0.3),
            sample(np.array([1, 5]), np.array([2, 5]), rtol=0.6),
            sample(np.array([1, 5]), np.array([2, 5]), rtol=0, atol=0),
        ],
        differentiable=False,
        ints=False,
    ),
    op(
        "allclose",
        np.allclose,
        lambda draw: [
            sample(np.array([1.0, 2.0]), np.array([1.000001, 2.0])),
            sample(np.array([1.0, 2.0]), np.array([1.1, 2.0])),
            sample(np.array([1.0, nan]), np.array([1.0, nan]), equal_nan=True),
            sample(np.array([1.0]), np.array([1.1, 1.05]), 0.2),
        ],
        differentiable=False,
        ints=False,
    ),
    op(
        "equal",
        np.array_equal,
        lambda draw: [
            sample(np.array([1.0, 2.0]), np.array([1.0, 2.0])),
            sample(np.array([1.0, 2.0]), np.array([1.0])),
            sample(np.array([1.0, nan]), np.array([1.0, nan])),
            sample(np.array([1, 2]), np.array([1.0, 2.0])),
        ],
        differentiable=False,
    ),
    # ---------------------------------------------------------------- dtype, copy, broadcasting
    unary("clone", numpy=np.copy),
]
