"""A bias that is added to every row: forward it is copied, so backward its gradient is summed.

The edge of the bias says (3,) -> (4, 3), and its backward frame says sum(axis=0).

    python examples/see_backprop/broadcast_bias.py
    tinygrad-edu viz examples/see_backprop/broadcast_bias.py:loss --out broadcast_bias.html
"""

import sys

import tinygrad_edu as tg
from tinygrad_edu import viz

x = tg.arange(8.0).reshape(4, 2)
w = tg.tensor([[1.0, 0.5, -1.0], [0.0, 2.0, 1.0]], requires_grad=True)
b = tg.tensor([0.1, 0.2, 0.3], requires_grad=True)


def loss() -> tg.Tensor:
    scores = x @ w
    shifted = scores + b
    return (shifted * shifted).mean()


def main(out: str = "broadcast_bias.html") -> viz.Trace:
    trace = viz.trace(loss, title="A bias for every row")
    print(trace)
    print(f"wrote {trace.save(out).path}")
    return trace


if __name__ == "__main__":
    main(*sys.argv[1:])
