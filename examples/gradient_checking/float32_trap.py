"""Trap: single precision. A right formula fails, and a formula that loses half its digits passes.

The difference of two float32 numbers of size 1 is good to 1e-7; divided by a step of 1e-5, to 1e-2.

    python examples/gradient_checking/float32_trap.py
"""

import numpy as np

from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient, rel_error

# The weights of the lecture's slide on numerical gradients.
W = np.array([0.34, -1.11, 0.78, 0.12, 0.55, 2.81, -3.1, -1.5, 0.33])


def loss(w: np.ndarray) -> np.ndarray:
    return np.log(np.sum(np.exp(w))) + w.dtype.type(0.5) * np.sum(np.sin(w) ** 2)


def d_loss(g: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple:
    e = np.exp(w)
    return (g * (e / e.sum() + np.sin(w) * np.cos(w)),)


def d_loss_narrow(g: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple:
    return (d_loss(g, y, w)[0].astype(np.float32),)  # a float32 buffer somewhere


def classical(dtype: type, h: float = 1e-5) -> float:
    """Largest error of the centred difference, relative to the largest slope."""
    w = W.astype(dtype)
    numeric = eval_numerical_gradient(loss, w, verbose=False, h=h)
    exact = d_loss(np.array(1.0), loss(W), W)[0]
    return float(np.abs(numeric - exact).max() / np.abs(exact).max())


def classical_narrow() -> float:
    """The relative error of the formula that returns float32, in double precision."""
    numeric = eval_numerical_gradient(loss, W.copy(), verbose=False)
    return rel_error(d_loss_narrow(np.array(1.0), loss(W), W)[0], numeric)


def ours() -> GradReport:
    return check_op(loss, d_loss, [W.astype(np.float32)])


def ours_narrow() -> GradReport:
    return check_op(loss, d_loss_narrow, [W])


def main() -> None:
    print("The right formula, classical check:")
    for dtype in (np.float64, np.float32):
        print(f"    {dtype.__name__} weights, step 1e-5: error {classical(dtype):.0e}")
    print("\nOurs, given the float32 weights:\n")
    print(ours(), "\n")
    print("A formula that returns float32 where the weights are float64, classical check:")
    print(f"    relative error {classical_narrow():.0e}, happy\n")
    print(ours_narrow(), "\n")
    print("Learnt: check in double precision, also code that will run in single precision.")


if __name__ == "__main__":
    main()
