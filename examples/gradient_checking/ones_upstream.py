"""Trap: an upstream gradient of ones. A formula that ignores its upstream gradient passes.

``f(x).sum()`` is the usual way to make a number out of an array. It sets the upstream gradient g
to ones, and then ``g * y`` and ``y`` are the same.

    python examples/gradient_checking/ones_upstream.py
"""

from collections.abc import Callable

import numpy as np

from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient

X = np.random.default_rng(0).normal(size=(3, 4))


def exp(x: np.ndarray) -> np.ndarray:
    return np.exp(x)


def exp_without_g(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (y,)  # must be g * y


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_nothing(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (np.zeros_like(x),)  # must be y * (g - (g * y).sum(axis=1, keepdims=True))


def classical(forward: Callable, vjp: Callable) -> float:
    """Largest error of the gradient of ``forward(x).sum()``."""
    y = forward(X)
    analytic = vjp(np.ones_like(y), y, X)[0]
    numeric = eval_numerical_gradient(lambda x: forward(x).sum(), X.copy(), verbose=False)
    return float(np.abs(analytic - numeric).max())


def ours(forward: Callable, vjp: Callable) -> GradReport:
    return check_op(forward, vjp, [X])


def main() -> None:
    for forward, vjp, wrong in (
        (exp, exp_without_g, "returns y instead of g * y"),
        (softmax, softmax_nothing, "returns zeros"),
    ):
        print(f"The formula of {forward.__name__} {wrong}.")
        print(f"classical check of f(x).sum(): largest error {classical(forward, vjp):.0e}\n")
        print(ours(forward, vjp), "\n")
    print("Each row of a softmax sums to 1, whatever x: with g = 1 zeros are the right answer.")
    print("Learnt: draw the upstream gradient at random, with both signs.")


if __name__ == "__main__":
    main()
