"""The U curve: why a numerical derivative has a best step.

A long step leaves truncation error: it falls like h for forward differences, like h**2 for centred
ones, like h**6 for sixth order. A short one leaves round-off: it grows like 1/h for all of them.
A complex step subtracts nothing, so it has no left arm. With a file name as argument, the picture
is written there.

    python examples/gradient_checking/u_curve.py curve.svg
"""

import sys
from pathlib import Path

import numpy as np

from tinygrad_edu.gradcheck import StepCurve, step_curve

# The weights of the lecture's slide.
W = np.array([0.34, -1.11, 0.78, 0.12, 0.55, 2.81, -3.1, -1.5, 0.33])


def loss(w: np.ndarray) -> np.ndarray:
    return np.log(np.sum(np.exp(w))) + np.sum(np.sin(w) ** 2) / 2


def d_loss(g: float, y: float, w: np.ndarray) -> tuple:
    e = np.exp(w)
    return (g * (e / e.sum() + np.sin(w) * np.cos(w)),)


def error(method: str, h: float) -> float:
    """The largest error of a difference quotient, over all nine weights."""
    steps = h * np.eye(9)
    if method == "forward":
        numeric = [(loss(W + s) - loss(W)) / h for s in steps]
    else:
        numeric = [(loss(W + s) - loss(W - s)) / (2 * h) for s in steps]
    return float(np.abs(numeric - d_loss(1.0, loss(W), W)[0]).max())


def curve() -> StepCurve:
    return step_curve(loss, W, gradient=d_loss)


def main(out: str | None = None) -> None:
    print("     step     forward     centred")
    for h in (1e-2, 1e-5, 1e-8, 1e-12):
        print(f"{h:9.0e} {error('forward', h):11.0e} {error('central', h):11.0e}")
    found = curve()
    print(f"\n{found}\n")
    for dtype in ("float64", "float32"):
        best = found.of("central", dtype)
        words = f"best error {best.best_error:.0e} at a step of {best.best_step:.0e}"
        print(f"centred, {dtype}: {words}")
    if out is not None:
        Path(out).write_text(found.svg(), encoding="utf-8")
    print("\nLearnt: a smaller step is not a better one. The best is near eps**(1/2) for forward,")
    print("eps**(1/3) for centred and eps**(1/7) for sixth-order differences.")


if __name__ == "__main__":
    main(*sys.argv[1:2])
