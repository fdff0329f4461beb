"""Specs of activation functions and normalisations."""

import numpy as np

from .spec import OpSpec, reduction, unary


def _softmax(x, axis):
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


LARGE = [[1000.0, 0.0, -1000.0], [0.0, 1e4, 1e4]]
ALONG = {"keeps": False, "whole": False, "many": False, "ints": False, "low_rtol": 1e-4}

SPECS: list[OpSpec] = [
    unary("relu", numpy=lambda x: np.maximum(x, 0), kinks=[0.0], edges=[-0.0, np.inf, -np.inf]),
    reduction("softmax", _softmax, kinks=LARGE, **ALONG),
    reduction("log_softmax", lambda x, axis: np.log(_softmax(x, axis)), kinks=LARGE, **ALONG),
]
