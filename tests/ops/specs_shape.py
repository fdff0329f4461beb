"""Specs of ops that only move elements."""

import numpy as np

from .spec import OpSpec, op, sample

SPECS: list[OpSpec] = [
    op(
        "reshape",
        lambda x, *shape: np.reshape(x, shape[0] if isinstance(shape[0], tuple) else shape),
        lambda draw: [
            sample(draw(3, 4), (2, 6)),
            sample(draw(3, 4), (-1,)),
            sample(draw(2, 3), (3, -1, 1)),
            sample(draw(1), ()),
            sample(draw(), (1, 1)),
            sample(draw(0, 3), (3, 0)),
        ],
    ),
    op(
        "permute",
        np.transpose,
        lambda draw: [
            sample(draw(2, 3, 4), (2, 0, 1)),
            sample(draw(2, 3, 4), (-1, 0, 1)),
            sample(draw(2, 3), (1, 0)),
            sample(draw(0, 3), (1, 0)),
        ],
    ),
    op(
        "transpose",
        np.swapaxes,
        lambda draw: [
            sample(draw(2, 3, 4), 0, 2),
            sample(draw(2, 3, 4), -1, 1),
            sample(draw(2, 3), 0, 1),
            sample(draw(0, 3), 0, 1),
        ],
    ),
    op(
        "broadcast_to",
        np.broadcast_to,
        lambda draw: [
            sample(draw(3), (2, 3)),
            sample(draw(2, 1), (2, 3)),
            sample(draw(1, 3), (2, 2, 3)),
            sample(draw(), (2,)),
            sample(draw(2, 3), (2, 3)),
            sample(draw(1, 3), (0, 3)),
        ],
    ),
    op("t", np.transpose, lambda draw: [sample(draw(2, 3)), sample(draw(3)), sample(draw())]),
    op(
        "unsqueeze",
        lambda x, dim: np.expand_dims(x, dim),
        lambda draw: [
            sample(draw(2, 3), 0),
            sample(draw(2, 3), 1),
            sample(draw(2, 3), -1),
            sample(draw(), 0),
            sample(draw(2, 0), dim=1),
        ],
    ),
]
