"""Trap: a stale cache. A layer that keeps its first mask for ever passes at the first point.

Backward needs something of forward, so layers keep it. This one never renews it. A check at one
point cannot see that: all its steps belong to the point that was kept.

    python examples/gradient_checking/stale_cache.py
"""

import numpy as np

from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient_array, rel_error

RNG = np.random.default_rng(0)
FIRST, SECOND = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4))


class Tanh:
    """tanh with the derivative kept for backward."""

    def __init__(self) -> None:
        self.slope: np.ndarray | None = None

    def forward(self, x: np.ndarray) -> np.ndarray:
        return np.tanh(x)

    def backward(self, g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
        if self.slope is None:  # must be computed at every call
            self.slope = 1 - y**2
        return (g * self.slope,)


def classical(layer: Tanh, x: np.ndarray) -> float:
    """Relative error with a random upstream gradient."""
    g = np.random.default_rng(1).normal(size=x.shape)
    analytic = layer.backward(g, layer.forward(x), x)[0]
    return rel_error(analytic, eval_numerical_gradient_array(layer.forward, x.copy(), g))


def ours() -> GradReport:
    layer = Tanh()
    return check_op(layer.forward, layer.backward, [FIRST])


def main() -> None:
    layer = Tanh()
    print(
        f"classical check of a new layer:     relative error {classical(layer, FIRST):.0e}, happy"
    )
    print(f"the same layer, at a second point:  relative error {classical(layer, SECOND):.0e}\n")
    print("Ours visits further points by itself:\n")
    print(ours(), "\n")
    print("Learnt: one point is not enough for code that remembers.")


if __name__ == "__main__":
    main()
