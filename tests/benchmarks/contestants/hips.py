"""HIPS autograd, as its example `neural_net.py`: one-hot targets, logsumexp; no optimizers here.

Weights are stored as (in features, out features), so that no transpose enters the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd import value_and_grad
from autograd.scipy.special import logsumexp

from .. import by_hand
from ..problems import Problem


def loss_of(parameters: list[np.ndarray], x: np.ndarray, targets: np.ndarray) -> Any:
    *hidden, (w_last, b_last) = zip(parameters[::2], parameters[1::2], strict=True)
    h = x
    for w, b in hidden:
        h = anp.maximum(anp.dot(h, w) + b, 0)
    scores = anp.dot(h, w_last) + b_last
    log_p = scores - logsumexp(scores, axis=1, keepdims=True)
    return -anp.sum(log_p * targets) / len(targets)


def prepare(problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
    """A step that returns the loss before it, and the parameters that it changes."""
    parameters = [value.T.copy() for value in problem.weights()]
    update = {"sgd": by_hand.sgd, "adam": by_hand.adam}[rule](parameters)
    x, y = problem.data()
    targets = np.eye(problem.sizes[-1], dtype=np.float32)[y]
    loss_and_gradients = value_and_grad(loss_of)

    def step() -> Any:
        loss, gradients = loss_and_gradients(parameters, x, targets)
        update(gradients)
        return loss

    # Views: the update writes in place.
    return step, [p.T for p in parameters]
