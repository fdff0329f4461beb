"""Trap: the kink at 0. A classical checker calls the right derivative of relu wrong.

Within one step of a kink, a centred difference mixes both sides. The number it gives is no
derivative of relu anywhere, so a disagreement there proves nothing.

    python examples/gradient_checking/kink_at_zero.py
"""

from collections.abc import Callable

import numpy as np

from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient_array, rel_error


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def d_relu(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (g * (x > 0),)


def largest(x: np.ndarray) -> np.ndarray:
    return x.max()


def share(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    """Right: equal maxima share the gradient."""
    return (g * (x == y) / np.sum(x == y),)


def first(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    """Right as well: the first of them gets it."""
    return (g * (np.arange(x.size) == np.argmax(x)),)


def each(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    """Wrong: two equal maxima get twice the gradient that there is."""
    return (g * (x == y),)


NEAR = np.array([-1e-6, 1e-6])  # closer to the kink than the classical step of 1e-5
AT = np.array([[0.0, 0.7, -1.3], [1.1, -0.4, 2.0]])
TIED = np.array([0.3, 1.5, -0.2, 1.5])


def numeric() -> np.ndarray:
    """The centred difference at ``NEAR``: 0.45 and 0.55, where relu has the slopes 0 and 1."""
    return eval_numerical_gradient_array(relu, NEAR.copy(), np.ones(2))


def classical() -> float:
    """The relative error of the right formula, as CS231n's code has it."""
    return rel_error(d_relu(np.ones(2), relu(NEAR), NEAR)[0], numeric())


def near() -> GradReport:
    return check_op(relu, d_relu, [NEAR])


def at() -> GradReport:
    return check_op(relu, d_relu, [AT])


def tied(vjp: Callable) -> GradReport:
    return check_op(largest, vjp, [TIED])


def main() -> None:
    print(f"relu at {NEAR}, step 1e-5: numeric {numeric().round(6)}, analytic [0. 1.]")
    print(f"classical check: relative error {classical():.1g}, 'probably wrong'. It is right.\n")
    print("Ours takes ever finer steps, until none of them reaches over the kink:\n")
    print(near(), "\n")
    print("Exactly at 0 there is no derivative, and every slope from 0 to 1 is a right answer:\n")
    print(at(), "\n")
    print("Two equal maxima are a kink too. One formula of three is wrong:\n")
    for vjp in (share, first, each):
        print(f"    {vjp.__name__:<8}{tied(vjp).verdict}")
    print(f"\n{tied(each)}\n")
    print("Learnt: at a kink ask whether the slope lies between the slopes of both sides.")


if __name__ == "__main__":
    main()
