"""What tests of plots share: points, a small model, and what stands on an Axes."""

import numpy as np

from tinygrad_edu import nn

SQUARE = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])


def lines(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}


def texts(legend):
    return [text.get_text() for text in legend.get_texts()]


def net(seed=0):
    rng = np.random.default_rng(seed)
    layers = nn.Linear(4, 6, generator=rng), nn.ReLU(), nn.Linear(6, 3, generator=rng)
    return nn.Sequential(*layers), rng.standard_normal((5, 4)), np.array([0, 2, 1, 1, 0])
