"""Samples of ops that move elements: shape, order, indexing, joining, triangles."""

from __future__ import annotations

import numpy as np

from .case import Table, case, normal

_ROWS = (np.array([2, 0, 2, 1]),)  # one of them twice
_PLACES = (np.array([0, 2, 2, 1]), np.array([3, 0, 0, 1]))
_LANES = np.array([[2, 0], [1, 3], [0, 2]])  # distinct in each row, as a sort gives them

TABLE: Table = {
    # ------------------------------------------------------------------------------- shape
    "reshape": [case(normal(3, 4), shape=(2, 6))],
    "view": [case(normal(3, 4), shape=(2, 6))],
    "flatten": [case(normal(2, 3, 4), shape=(2, 12))],
    "squeeze": [case(normal(1, 3, 1), shape=(3,))],
    "unsqueeze": [case(normal(3, 4), shape=(3, 1, 4))],
    "permute": [case(normal(2, 3, 4), dims=(2, 0, 1))],
    "transpose": [case(normal(2, 3, 4), dims=(0, 2, 1))],
    "t": [case(normal(3, 4), dims=(1, 0))],
    # ------------------------------------------------------------------------------- order
    "flip": [case(normal(3, 4), dims=(1,)), case(normal(2, 3, 4), dims=(0, 2))],
    "roll": [case(normal(3, 4), shifts=(1,), dims=(1,)), case(normal(5), shifts=(2,), dims=None)],
    "repeat": [case(normal(3, 4), repeats=(2, 1, 3))],
    # ------------------------------------------------------------------------------- joining
    "cat": [case(normal(3, 1), normal(3, 2), normal(3, 4), dim=1, ends=(1, 3, 7))],
    "stack": [case(normal(3, 4), normal(3, 4), dim=1)],
    # ------------------------------------------------------------------------------- indexing
    "getitem": [
        case(normal(5, 4), index=(slice(1, None, 2),)),
        case(normal(3, 4), index=_ROWS),
        case(normal(3, 4), index=_PLACES),
    ],
    "unfold": [
        case(normal(3, 5), axis=1, size=3, step=2),
        case(normal(4, 2), axis=0, size=2, step=1),
    ],
    "put_zeros": [
        case(normal(2, 4), index=(slice(1, None, 2),), shape=(5, 4)),
        case(normal(4, 2), index=_ROWS, shape=(3, 2)),
    ],
    "index_put": [
        case(normal(5, 4), normal(4), index=(slice(1, None, 2),)),
        case(normal(3, 4), normal(2, 4), index=(np.array([2, 0]),)),
    ],
    "accumulate": [case(normal(3, 5), normal(4, 5), index=_ROWS)],
    "embedding": [
        case(normal(3, 4), index=_ROWS[0], scale=None),
        case(normal(4, 3), index=np.array([[1, 0], [3, 1]]), scale=None),
    ],
    "take_along_dim": [case(normal(3, 4), indices=_LANES, axis=1)],
    "put_along_dim": [case(normal(3, 2), indices=_LANES, axis=1, shape=(3, 4))],
    "scatter_prod": [case(normal(3, 5), normal(4, 5), index=_ROWS)],
    "scatter_extreme": [
        case(normal(3, 5), normal(4, 5), index=_ROWS, largest=True, include_self=True),
        case(normal(3, 5), normal(4, 5), index=_ROWS, largest=False, include_self=True),
        case(normal(3, 5), normal(4, 5), index=_ROWS, largest=True, include_self=False).only_here(
            "an input that takes no part counts among the ties, as in PyTorch"
        ),
    ],
    # ------------------------------------------------------------------------------- triangles
    "diagonal": [case(normal(2, 3, 4), offset=1, axis1=2, axis2=0)],
    "diag_embed": [case(normal(2, 3), offset=0, axis1=1, axis2=2, shape=(2, 3, 3))],
    "tril": [case(normal(3, 4), diagonal=1)],
    "triu": [case(normal(3, 4), diagonal=-1)],
}
