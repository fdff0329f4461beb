"""Trap: square matrices. A formula that takes the size of the wrong axis passes.

The mean over axis 0 divides by the number of rows. This formula divides by the number of columns:
on a square matrix that is the same number.

    python examples/gradient_checking/square_matrices.py
"""

import numpy as np

from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient_array, rel_error

RNG = np.random.default_rng(0)
SQUARE, OBLONG = RNG.normal(size=(4, 4)), RNG.normal(size=(3, 4))


def column_means(x: np.ndarray) -> np.ndarray:
    return x.mean(axis=0)


def d_column_means(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (np.broadcast_to(g / x.shape[1], x.shape),)  # must be x.shape[0]


def classical(x: np.ndarray) -> float:
    """Relative error with a random upstream gradient."""
    y = column_means(x)
    g = np.random.default_rng(1).normal(size=y.shape)
    numeric = eval_numerical_gradient_array(column_means, x.copy(), g)
    return rel_error(d_column_means(g, y, x)[0], numeric)


def ours() -> GradReport:
    """Given the square matrix alone; it makes the oblong ones itself."""
    return check_op(column_means, d_column_means, [SQUARE])


def main() -> None:
    print(f"classical check on 4 x 4: relative error {classical(SQUARE):.0e}, happy")
    print(f"classical check on 3 x 4: relative error {classical(OBLONG):.0e}, probably wrong\n")
    print("Ours was given the 4 x 4 matrix, and tried other shapes by itself:\n")
    print(ours(), "\n")
    print("Learnt: give no two axes of a test the same size.")


if __name__ == "__main__":
    main()
