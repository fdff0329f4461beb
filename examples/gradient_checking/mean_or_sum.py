"""Trap: mean or sum. A mean makes gradients so small that an absolute tolerance passes anything.

Here the formula divides by the number of elements twice. Each slope is smaller than PyTorch's
``atol`` of 1e-5, so any formula passes whose slopes are small too: even one
that returns zeros.

    python examples/gradient_checking/mean_or_sum.py
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.autograd import gradcheck
from tinygrad_edu.gradcheck import GradReport, check_op

RNG = np.random.default_rng(0)
TARGET = RNG.normal(size=(40, 30))
NEAR = TARGET + 2e-3 * RNG.uniform(-1, 1, TARGET.shape)  # what a trained model predicts


def mean_square(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.mean((x - t) ** 2)


def d_mean_square(g: np.ndarray, y: np.ndarray, x: np.ndarray, t: np.ndarray) -> tuple:
    back = g * 2 * (x - t) / x.size
    return back / x.size, -back / x.size  # must be back, -back


def classical(factor: float = 1.0) -> bool:
    """PyTorch's test of ``factor * mean_square(x, t)``, with PyTorch's numbers."""
    op = tg.primitive(mean_square)
    op.defvjp(*(lambda g, out, x, t, k=k: d_mean_square(g, out, x, t)[k] for k in (0, 1)))
    x, t = (tg.tensor(v, dtype=tg.float64, requires_grad=True) for v in (NEAR, TARGET))
    return gradcheck(
        lambda x, t: factor * op(x, t),
        (x, t),
        eps=1e-6,
        atol=1e-5,
        rtol=1e-3,
        raise_exception=False,
    )


def ours() -> GradReport:
    return check_op(mean_square, d_mean_square, [NEAR, TARGET])


def main() -> None:
    slope = np.abs(2 * (NEAR - TARGET) / NEAR.size).max()
    print(f"The largest slope of the mean over {NEAR.size} elements is {slope:.0e}.")
    for words, factor in (("the mean", 1.0), ("the sum", float(NEAR.size))):
        print(f"classical check of {words}: {'pass' if classical(factor) else 'fail'}")
    print()
    print(ours(), "\n")
    print("Learnt: an absolute tolerance needs gradients of size 1; an error bound does not.")
    print("A batch of one element would hide this mistake from any checker: its mean is its sum.")


if __name__ == "__main__":
    main()
