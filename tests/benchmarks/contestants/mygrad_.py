"""MyGrad, without its memory guard, as its page on performance says; it has no optimizers.

Weights are stored as (in features, out features), so that no transpose enters the graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mygrad as mg
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from .. import by_hand
from ..problems import Problem

mg.turn_memory_guarding_off()


def prepare(problem: Problem, rule: str) -> tuple[Callable[[], Any], list[Any]]:
    """A step that returns the loss before it, and the parameters that it changes."""
    parameters: list[Any] = [mg.tensor(value.T.copy()) for value in problem.weights()]
    layers = list(zip(parameters[::2], parameters[1::2], strict=True))
    update = {"sgd": by_hand.sgd, "adam": by_hand.adam}[rule]([p.data for p in parameters])
    x, y = problem.data()

    def step() -> Any:
        h: Any = x
        for w, b in layers[:-1]:
            h = relu(h @ w + b)
        w, b = layers[-1]
        loss = softmax_crossentropy(h @ w + b, y)
        loss.backward()
        update([p.grad for p in parameters])
        return loss

    # Views: the update writes in place.
    return step, [p.data.T for p in parameters]
