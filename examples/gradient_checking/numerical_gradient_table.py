"""The lecture's table of a numerical gradient: nine weights, one step of 1e-4 after another.

The slide prints the loss with five decimals. So a slope is known to 1e-5 / 1e-4 = 0.1 there, and
"0" means less than about 0.1. Its loss is "some function of data and W"; the one below has the
same value and the same gradient at the same weights.

    python examples/gradient_checking/numerical_gradient_table.py
"""

import numpy as np

from tinygrad_edu.gradcheck import eval_numerical_gradient, rel_error

W = np.array([0.34, -1.11, 0.78, 0.12, 0.55, 2.81, -3.1, -1.5, 0.33])
ANALYTIC = np.array([-2.5, 0.6, 0.0, 0.2, 0.7, -0.5, 1.1, 1.3, -2.1])
LOSS, H = 1.25347, 1e-4


def loss(w: np.ndarray, slopes: np.ndarray = ANALYTIC) -> float:
    """The slide's loss at W, with some curvature."""
    d = w - W
    return float(LOSS + slopes @ d + 0.5 * d @ d)


def forward_difference(k: int, decimals: int | None, slopes: np.ndarray = ANALYTIC) -> float:
    """``(loss(W + h) - loss(W)) / h`` for one weight, from rounded losses if so wished."""
    step = np.zeros(9)
    step[k] = H
    above, here = loss(W + step, slopes), loss(W, slopes)
    if decimals is not None:
        above, here = round(above, decimals), round(here, decimals)
    return (above - here) / H


def main() -> None:
    centred = eval_numerical_gradient(loss, W.copy(), verbose=False)
    print("      W   loss(W + h)   five decimals     forward      centred   analytic")
    for k in range(9):
        step = np.zeros(9)
        step[k] = H
        slide, exact = forward_difference(k, 5), forward_difference(k, None)
        print(
            f"{W[k]:7.2f} {loss(W + step):13.5f} {slide:15.1f} {exact:11.5f} {centred[k]:12.8f} "
            f"{ANALYTIC[k]:10.1f}"
        )
    worst = max(abs(forward_difference(k, None) - ANALYTIC[k]) for k in range(9))
    print(f"\nforward: wrong by {worst:.0e}, half the step times the curvature of 1")
    print(f"centred: relative error {rel_error(centred, ANALYTIC):.0e}")
    small = ANALYTIC.copy()
    small[2] = 0.04
    print(f"a slope of 0.04 from five decimals: {abs(forward_difference(2, 5, small)):.1f}")
    print(
        "\nLearnt: numeric is approximate, slow and easy; analytic is exact, fast and easy to get"
    )
    print("wrong. So use the analytic gradient, and check it with the numeric one.")


if __name__ == "__main__":
    main()
