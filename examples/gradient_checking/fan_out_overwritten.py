"""Trap: a value used twice. Each op passes its check, and the gradient of the whole is wrong.

In ``x + tanh(x @ w)`` two paths lead from x to the result, and their gradients add up. The small
engine below writes ``grads[name] = ...`` where it must add: the later path overwrites the earlier.

    python examples/gradient_checking/fan_out_overwritten.py
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu.gradcheck import (
    GradReport,
    blame,
    check_op,
    eval_numerical_gradient_array,
    rel_error,
)


class Op(NamedTuple):
    forward: Callable
    vjp: Callable


OPS = {
    "matmul": Op(lambda a, b: a @ b, lambda g, y, a, b: (g @ b.T, a.T @ g)),
    "tanh": Op(np.tanh, lambda g, y, a: (g * (1 - y**2),)),
    "add": Op(lambda a, b: a + b, lambda g, y, a, b: (g, g)),
}
# What is computed: the name of each result, its op, and the names that the op reads.
BLOCK = [("h", "matmul", ("x", "w")), ("t", "tanh", ("h",)), ("y", "add", ("x", "t"))]
RNG = np.random.default_rng(0)
INPUTS = RNG.normal(size=(3, 4)), RNG.normal(size=(4, 4))


def run(x: np.ndarray, w: np.ndarray) -> dict[str, np.ndarray]:
    values = {"x": x, "w": w}
    for result, op, names in BLOCK:
        values[result] = OPS[op].forward(*(values[name] for name in names))
    return values


def block(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return run(x, w)["y"]


def backward(g: np.ndarray, y: np.ndarray, x: np.ndarray, w: np.ndarray) -> tuple:
    values, grads = run(x, w), {"y": g}
    for result, op, names in reversed(BLOCK):
        inputs = [values[name] for name in names]
        for name, b in zip(names, OPS[op].vjp(grads[result], values[result], *inputs), strict=True):
            grads[name] = b  # must be grads.get(name, 0) + b
    return grads["x"], grads["w"]


def classical(op: str) -> float:
    """The worst relative error of one op alone, over all its inputs."""
    values = run(*INPUTS)
    result, _, names = next(row for row in BLOCK if row[1] == op)
    xs, y = [values[name].copy() for name in names], values[result]
    g = np.random.default_rng(1).normal(size=y.shape)
    return max(
        rel_error(b, eval_numerical_gradient_array(lambda _: OPS[op].forward(*xs), x, g))
        for b, x in zip(OPS[op].vjp(g, y, *xs), xs, strict=True)
    )


def ours() -> GradReport:
    return check_op(block, backward, INPUTS)


def engine() -> GradReport:
    """The same block by the engine of this library."""
    x, w = (tg.tensor(v, dtype=tg.float64, requires_grad=True) for v in INPUTS)
    return blame(x + tg.tanh(x @ w))


def main() -> None:
    for op in OPS:
        print(f"classical check of {op:<8}relative error {classical(op):.0e}, happy")
    print("\nOurs, of the whole block:\n")
    print(ours(), "\n")
    print("Whose fault is it, an op's or the engine's? blame(loss) tells. This library's engine:\n")
    print(engine(), "\n")
    print("Learnt: gradients of a value used twice add up. Check the whole, not its parts alone.")


if __name__ == "__main__":
    main()
