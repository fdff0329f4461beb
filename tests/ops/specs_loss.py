"""Specs of the loss functions."""

import numpy as np

from .spec import OpSpec, loss

F = "nn.functional."


def _cross_entropy(scores, labels):
    e = np.exp(scores)
    p = e / e.sum(axis=-1, keepdims=True)
    return -np.log(np.take_along_axis(p, labels[..., None], axis=-1)[..., 0])


def _svm(scores, labels, delta=1.0):
    losses = np.zeros(labels.shape)
    for i in np.ndindex(*labels.shape):
        for j in range(scores.shape[-1]):
            if j != labels[i]:
                losses[i] += max(0.0, scores[i][j] - scores[i][labels[i]] + delta)
    return losses


SPECS: list[OpSpec] = [
    loss(
        F + "cross_entropy",
        _cross_entropy,
        lambda draw: [(draw(4, 3), draw.ints(0, 3, 4)), (draw(3), draw.ints(0, 3))],
        kinks=lambda draw: [(np.array([[1e4, 0.0, -1e4], [0.0, 1.0, 1e4]]), np.array([2, 1]))],
    ),
    loss(
        "multiclass_svm_loss",
        _svm,
        lambda draw: [
            (3 * draw.spaced(4, 3), draw.ints(0, 3, 4)),
            (draw.spaced(3), draw.ints(0, 3)),
        ],
        variants=[{}, {"delta": 0.55}],
        torch=None,
        twice=True,
    ),
    loss(
        F + "mse_loss",
        lambda x, y: (x - y) ** 2,
        lambda draw: [(draw(3, 4), draw(3, 4)), (draw(5), draw(5)), (draw(), draw())],
    ),
]
