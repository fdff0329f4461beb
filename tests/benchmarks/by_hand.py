"""The step that everybody is compared with: written out in NumPy, as a careful student would.

It writes in place where that is natural, keeps the mask of no layer, computes no gradient for the
input, and makes its row numbers once. It has no blocks, no buffers that outlive a step but the
optimizer's, and no tricks.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .problems import BETAS, EPS, LR, MOMENTUM, Problem


def loss_and_gradients(
    x: np.ndarray, y: np.ndarray, rows: np.ndarray, values: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The softmax loss, and its gradient for weight and bias of each layer."""
    weights, biases = values[::2], values[1::2]
    inputs = [x]
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        h = inputs[-1] @ w.T
        h += b
        if i < len(weights) - 1:
            np.maximum(h, 0, out=h)
        inputs.append(h)
    scores = inputs.pop()
    scores -= scores.max(axis=1, keepdims=True)
    p = np.exp(scores)
    total = p.sum(axis=1, keepdims=True)
    loss = (np.log(total[:, 0]) - scores[rows, y]).mean()
    p /= total
    g = p
    g[rows, y] -= 1
    g /= len(y)
    gradients: list[np.ndarray] = []
    for w, h in zip(reversed(weights), reversed(inputs), strict=True):
        gradients = [g.T @ h, g.sum(axis=0), *gradients]
        if h is not x:
            g = g @ w
            g *= h > 0
    return loss, gradients


def sgd(values: list[np.ndarray]) -> Callable[[list[np.ndarray]], None]:
    """Momentum: ``v = mu v + g``, ``p = p - lr v``."""
    velocities = [np.zeros_like(p) for p in values]

    def update(gradients: list[np.ndarray]) -> None:
        for p, g, v in zip(values, gradients, velocities, strict=True):
            v *= MOMENTUM
            v += g
            p -= LR["sgd"] * v

    return update


def adam(values: list[np.ndarray]) -> Callable[[list[np.ndarray]], None]:
    """Adam: moving averages of the gradient and its square, corrected for their start."""
    m = [np.zeros_like(p) for p in values]
    v = [np.zeros_like(p) for p in values]
    beta1, beta2 = BETAS
    step = 0

    def update(gradients: list[np.ndarray]) -> None:
        nonlocal step
        step += 1
        rate = LR["adam"] / (1 - beta1**step)
        root = (1 - beta2**step) ** 0.5
        for p, g, mean, square in zip(values, gradients, m, v, strict=True):
            mean *= beta1
            mean += (1 - beta1) * g
            square *= beta2
            square += (1 - beta2) * g * g
            p -= rate * mean / (np.sqrt(square) / root + EPS)

    return update


def prepare(problem: Problem, rule: str) -> tuple[Callable[[], np.ndarray], list[np.ndarray]]:
    """A step that returns the loss before it, and the parameters that it changes."""
    values = problem.weights()
    x, y = problem.data()
    rows = np.arange(problem.batch)
    update = {"sgd": sgd, "adam": adam}[rule](values)

    def step() -> np.ndarray:
        loss, gradients = loss_and_gradients(x, y, rows, values)
        update(gradients)
        return loss

    return step, values
