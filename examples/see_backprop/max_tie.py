"""A maximum that two elements share: which of them gets the gradient?

`max()` shares it equally among the ties; `max(dim)` sends all of it to the first of them, as in
PyTorch. Both are subgradients; the frames show the mask that was chosen.

    python examples/see_backprop/max_tie.py
    tinygrad-edu viz examples/see_backprop/max_tie.py:loss --out max_tie.html
"""

import sys

import tinygrad_edu as tg
from tinygrad_edu import viz

x = tg.tensor([1.0, 4.0, 2.0, 4.0], requires_grad=True)


def loss() -> tg.Tensor:
    shared = x.max()
    first = x.max(0).values
    return shared + 10 * first


def main(out: str = "max_tie.html") -> viz.Trace:
    trace = viz.trace(loss, title="A maximum with a tie")
    print(trace)
    print(f"wrote {trace.save(out).path}")
    return trace


if __name__ == "__main__":
    main(*sys.argv[1:])
