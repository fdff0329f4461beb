"""Trap: one-hot upstream gradients. A formula that looks at the sign of g passes.

The full Jacobian, row by row, sounds like the most thorough check there is. Each row is asked for
with an upstream gradient of one 1 among zeros, so no formula ever meets a negative g. The relu of
guided backpropagation stops negative gradients: a fine picture, and no derivative.

    python examples/gradient_checking/one_hot_upstream.py
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.autograd import gradcheck
from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient_array

X = np.array([[0.5, -1.2, 2.0, -0.3], [-0.8, 1.4, 0.9, -2.1], [1.7, 0.6, -0.5, 1.1]])


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def guided_relu(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (g * (x > 0) * (g > 0),)  # the last factor is the mistake


def classical() -> float:
    """The largest error of all 12 rows of the Jacobian, each for a one-hot g."""
    y, worst = relu(X), 0.0
    for index in np.ndindex(y.shape):
        g = np.zeros_like(y)
        g[index] = 1.0
        numeric = eval_numerical_gradient_array(relu, X.copy(), g)
        worst = max(worst, float(np.abs(guided_relu(g, y, X)[0] - numeric).max()))
    return worst


def classical_torch(fast_mode: bool) -> bool:
    """PyTorch's test, with PyTorch's numbers. Its fast mode has a random g, but a positive one."""
    op = tg.primitive(relu)
    op.defvjp(lambda g, out, x: guided_relu(g, out, x)[0])
    x = tg.tensor(X, dtype=tg.float64, requires_grad=True)
    return gradcheck(
        op, (x,), eps=1e-6, atol=1e-5, rtol=1e-3, fast_mode=fast_mode, raise_exception=False
    )


def ours() -> GradReport:
    return check_op(relu, guided_relu, [X])


def main() -> None:
    print(f"classical check, all 12 rows of the Jacobian: largest error {classical():.0e}")
    for words, fast in (("slow", False), ("fast", True)):
        print(f"PyTorch's test, {words} mode: {'pass' if classical_torch(fast) else 'fail'}")
    print(f"\n{ours()}\n")
    print("Where x = 0.5 and g = -1, the gradient is -1. The formula says 0.")
    print("Learnt: a gradient is linear in g. Test that with a g of both signs.")


if __name__ == "__main__":
    main()
