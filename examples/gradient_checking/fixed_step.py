"""Trap: a fixed step and a fixed tolerance. Both suit numbers of size 1 alone.

A step of 1e-5 is a third of the way to the pole of 1/x from x = 3e-5, and less than the spacing of
numbers at x = 1e12. A tolerance of 1e-5 is larger than every slope of 1/x from x = 317 on.

    python examples/gradient_checking/fixed_step.py
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.autograd import gradcheck
from tinygrad_edu.gradcheck import GradReport, check_op, eval_numerical_gradient_array, rel_error

SIZES = (3e-5, 1e-2, 1.0, 1e6, 1e12)


def inverse(x: np.ndarray) -> np.ndarray:
    return 1 / x


def d_inverse(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (-g * y**2,)


def d_inverse_wrong(g: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple:
    return (g * y**2,)  # the sign is lost


def at(size: float) -> np.ndarray:
    return size * np.array([1.0, 1.5, 3.0])


def classical_step(size: float) -> float:
    """Relative error of the right formula by CS231n's step of 1e-5."""
    x = at(size)
    g = np.array([1.0, -0.7, 1.2])
    numeric = eval_numerical_gradient_array(inverse, x, g)
    return rel_error(1.0, -numeric * x**2 / g)  # in units of the slope: rel_error has a floor


def classical_tolerance(size: float) -> bool:
    """PyTorch's test of the wrong formula, with PyTorch's numbers."""
    op = tg.primitive(inverse)
    op.defvjp(lambda g, out, x: d_inverse_wrong(g, out, x)[0])
    x = tg.tensor(at(size), dtype=tg.float64, requires_grad=True)
    return gradcheck(op, (x,), eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=False)


def ours(size: float) -> GradReport:
    return check_op(inverse, d_inverse, [at(size)])


def ours_wrong() -> GradReport:
    return check_op(inverse, d_inverse_wrong, [at(1e4)])


def main() -> None:
    print("The right formula of 1/x. Classical check with the step 1e-5, and ours:\n")
    for size in SIZES:
        print(f"    x of size {size:<6g} {classical_step(size):8.0e}    {ours(size).verdict}")
    print("\nA formula without the minus sign. Classical check with atol=1e-5, rtol=1e-3:\n")
    for size in (1.0, 1e4):
        verdict = "pass" if classical_tolerance(size) else "fail"
        print(f"    x of size {size:<6g} {verdict}")
    print("\nOurs, at size 1e4:\n")
    print(ours_wrong(), "\n")
    print("Learnt: the step must fit the input, and the tolerance the error of the differences.")


if __name__ == "__main__":
    main()
