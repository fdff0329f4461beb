"""Specs of reductions: sums, extremes, statistics, cumulative ops, sorting."""

import numpy as np

from .spec import OpSpec, op, reduction, sample

TIES = [[1.0, 3.0, 3.0, 2.0], [[2.0, 2.0], [1.0, 2.0], [0.0, -1.0]]]


def _logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def _max(x, dim=None, keepdim=False):
    if dim is None or x.ndim == 0:
        return np.max(x) if dim is None else (np.max(x), np.argmax(x))
    return np.max(x, axis=dim, keepdims=keepdim), np.argmax(x, axis=dim, keepdims=keepdim)


def _max_samples(draw):
    return [
        sample(draw.spaced(3, 4)),
        sample(draw.spaced()),
        sample(draw.spaced(3, 4), 1),
        sample(draw.spaced(3, 4), 0, True),
        sample(draw.spaced(2, 3, 2), dim=-1),
        sample(draw.spaced(2, 3, 2), dim=1, keepdim=True),
        sample(draw.spaced(), 0),
        sample(draw.spaced(3, 0), dim=0),
    ]


SPECS: list[OpSpec] = [
    reduction("sum", np.sum),
    reduction("mean", np.mean),
    reduction("amax", np.max, values="spaced", empty=False, kinks=TIES),
    op("max", _max, _max_samples),
    reduction(
        "argmax",
        np.argmax,
        values="spaced",
        many=False,
        empty=False,
        differentiable=False,
        kinks=TIES,
    ),
    reduction(
        "logsumexp",
        _logsumexp,
        whole=False,
        empty=False,
        kinks=[[1000.0, 1000.0], [-1000.0, 0.0], [-np.inf, 1.0], [-np.inf, -np.inf]],
    ),
]
