"""Specs of products and norms."""

import numpy as np

from .spec import OpSpec, op, sample


def _linear(x, w, b=None):
    out = x @ w.T
    return out if b is None else out + b


SPECS: list[OpSpec] = [
    op(
        "matmul",
        np.matmul,
        lambda draw: [
            sample(draw(*a), draw(*b))
            for a, b in [
                ((3, 2), (2, 4)),
                ((3,), (3,)),
                ((2, 3), (3,)),
                ((3,), (3, 2)),
                ((2, 3, 2), (2, 2, 2)),
                ((2, 3, 2), (2, 4)),
                ((3, 2), (2, 2, 1)),
                ((2, 1, 2, 3), (3, 3, 1)),
                ((2, 2, 3), (3,)),
                ((3,), (2, 3, 2)),
                ((0, 3), (3, 2)),
                ((2, 0), (0, 3)),
            ]
        ],
        operator="matmul",
    ),
    op(
        "nn.functional.linear",
        _linear,
        lambda draw: [
            sample(draw(4, 3), draw(2, 3), draw(2)),
            sample(draw(4, 3), draw(2, 3)),
            sample(draw(3), draw(2, 3), draw(2)),
            sample(draw(2, 2, 3), draw(2, 3), draw(2)),
            sample(draw(0, 3), draw(2, 3), draw(2)),
        ],
        method=None,
        ints=False,
    ),
]
