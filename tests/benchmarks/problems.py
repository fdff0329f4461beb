"""The six models that are trained: sizes of the layers, rows in a batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

RULES = ("sgd", "adam")
LR = {"sgd": 0.05, "adam": 1e-3}
MOMENTUM = 0.9
BETAS, EPS = (0.9, 0.999), 1e-8


@dataclass(frozen=True)
class Problem:
    """A multilayer perceptron with ReLU between its affine layers, and the softmax loss."""

    sizes: tuple[int, ...]
    batch: int

    @property
    def name(self) -> str:
        return "-".join(map(str, self.sizes))

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """One batch: features in float32, and labels."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(self.batch, self.sizes[0])).astype(np.float32)
        return x, rng.integers(0, self.sizes[-1], self.batch)

    def weights(self) -> list[np.ndarray]:
        """Weight and bias of each layer; a weight has shape (out features, in features)."""
        rng = np.random.default_rng(1)
        values = []
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            bound = fan_in**-0.5
            for shape in ((fan_out, fan_in), (fan_out,)):
                values.append(rng.uniform(-bound, bound, shape).astype(np.float32))
        return values


PROBLEMS = (
    Problem((64, 10), 64),
    Problem((64, 32, 10), 32),
    Problem((64, 100, 10), 200),
    Problem((784, 128, 10), 64),
    Problem((784, 256, 128, 10), 128),
    Problem((3072, 512, 256, 10), 256),
)
BY_NAME = {problem.name: problem for problem in PROBLEMS}
