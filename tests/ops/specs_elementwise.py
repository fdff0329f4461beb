"""Specs of arithmetic, exponentials, comparisons and what else works element by element."""

import numpy as np

from tinygrad_edu.ops import to_dtype

from .spec import OpSpec, binary, kink, op, sample, unary

SPECS: list[OpSpec] = [
    # ---------------------------------------------------------------- arithmetic
    binary("add", operator="add", ties=[(0.0, -0.0), (np.inf, 1.0)]),
    binary("sub", np.subtract, operator="sub"),
    binary("mul", np.multiply, operator="mul", ties=[(0.0, np.inf), (0.0, 0.0)]),
    binary("div", np.true_divide, 0.5, 2.5, operator="truediv", ties=[(1.0, 0.0), (0.0, 0.0)]),
    unary("neg", numpy=np.negative),
    unary("square", edges=[0.0]),
    unary("abs", kinks=[0.0], edges=[np.inf, -np.inf]),
    unary("sign", kinks=[0.0], edges=[np.inf, -np.inf]),
    binary(
        "pow",
        np.power,
        0.4,
        2.5,
        operator="pow",
        scalars=[2, 3.0, -1.5, 0.5, 1, 0],
        ties=[(0.0, 0.0), (0.0, 2.0), (0.0, 1.0), (0.0, 0.5), (0.0, -0.5), (-2.0, 3.0), (5.0, 0.0)],
        more=lambda draw: [
            sample(draw(2, 3), 2),
            sample(draw(2, 3), 3),
            kink(np.array([0.0, 1.0, -2.0]), 0),
            kink(np.array([0.0, 1.0, 4.0]), 0.5),
            kink(np.array([0.0, -1.5]), 1),
            kink(np.array([0.0, -1.5]), 2),
        ],
    ),
    # ---------------------------------------------------------------- exponential
    unary("exp", edges=[1000.0, -1000.0, np.inf, -np.inf]),
    unary("log", 0.3, 4, edges=[0.0, -1.0, np.inf]),
    unary("sqrt", 0.3, 4, edges=[0.0, -1.0, np.inf]),
    unary("tanh", edges=[1000.0, -1000.0, 0.0]),
    # ---------------------------------------------------------------- compare
    binary("maximum", spread=True, ties=[(1.0, 1.0), (0.0, -0.0), (np.nan, 1.0)], scalars=[]),
    binary("minimum", spread=True, ties=[(1.0, 1.0), (0.0, -0.0), (np.nan, 1.0)], scalars=[]),
    *[
        binary(name, reference, differentiable=False, ties=[(1.0, 1.0), (0.0, -0.0), (np.nan, 1.0)])
        for name, reference in [
            ("eq", np.equal),
            ("ne", np.not_equal),
            ("lt", np.less),
            ("le", np.less_equal),
            ("gt", np.greater),
            ("ge", np.greater_equal),
        ]
    ],
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
        lambda draw: [sample(draw.bools(3, 4))],
        label="one argument",
        ints=False,
        differentiable=False,
        method=None,
    ),
    # ---------------------------------------------------------------- dtype, copy
    *[
        op(
            name,
            lambda x, dtype=dtype: x.astype(dtype),
            lambda draw: [
                kink(draw(2, 3).astype(np.float32)),
                kink(draw(2, 3)),
                kink(np.array(1.7)),
                sample(draw.ints(-3, 4, 5)),
                sample(draw.bools(3)),
            ],
            ours=lambda x, dtype=dtype: to_dtype(x, dtype),
            torch=lambda x, name=name: getattr(x, name)(),
            method=name,
            differentiable=name in ("float", "double", "half"),
            keeps_dtype=False,
            ints=False,
        )
        for name, dtype in [
            ("float", np.float32),
            ("double", np.float64),
            ("half", np.float16),
            ("int", np.int32),
            ("long", np.int64),
            ("bool", np.bool_),
        ]
    ],
    unary("clone", numpy=np.copy),
]
