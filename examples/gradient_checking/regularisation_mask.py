"""Trap: regularisation. A large penalty masks a wrong gradient of the data loss.

The penalty's gradient is easy to get right. Where it is a thousand times larger than that of the
data, a relative error of the sum says nothing about the data.

    python examples/gradient_checking/regularisation_mask.py
"""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.autograd import gradcheck
from tinygrad_edu.gradcheck import GradReport, check_op

RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(20, 3)), RNG.integers(0, 4, 20)
W = RNG.uniform(0.5, 1.5, (3, 4)) * RNG.choice([-1.0, 1.0], (3, 4))


def probabilities(w: np.ndarray) -> np.ndarray:
    e = np.exp(X @ w)
    return e / e.sum(axis=1, keepdims=True)


def data_loss(w: np.ndarray) -> np.ndarray:
    """The mean cross-entropy of a softmax classifier."""
    return -np.mean(np.log(probabilities(w)[np.arange(20), LABELS]))


def d_data_loss(g: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple:
    back = probabilities(w)
    back[np.arange(19), LABELS[:-1]] -= 1  # must be range(20): the last example is forgotten
    return (g * X.T @ back / 20,)


def classical(penalty: float) -> bool:
    """PyTorch's test of ``data_loss(W) + penalty * sum(W**2)``, with PyTorch's numbers."""
    op = tg.primitive(data_loss)
    op.defvjp(lambda g, out, w: d_data_loss(g, out, w)[0])
    w = tg.tensor(W, dtype=tg.float64, requires_grad=True)
    return gradcheck(
        lambda w: op(w) + penalty * (w * w).sum(),
        (w,),
        eps=1e-6,
        atol=1e-5,
        rtol=1e-3,
        raise_exception=False,
    )


def ours(penalty: float) -> GradReport:
    def loss(w: np.ndarray) -> np.ndarray:
        return data_loss(w) + penalty * np.sum(w**2)

    def d_loss(g: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple:
        return (d_data_loss(g, y, w)[0] + g * 2 * penalty * w,)

    return check_op(loss, d_loss, [W])


def main() -> None:
    for penalty in (50.0, 0.0):
        print(f"classical check, penalty {penalty:g}: {'pass' if classical(penalty) else 'fail'}")
    print("\nOurs has an error bound instead of a tolerance, and sees it behind the penalty:\n")
    print(ours(50.0), "\n")
    print("Learnt: check the data loss first, without its penalty, and then the penalty alone.")


if __name__ == "__main__":
    main()
