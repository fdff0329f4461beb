"""x*x + x*y: a value that is used three times gets three contributions.

At x = 2, y = 3 the gradient of x is 2 + 2 + 3: two from the parallel edges of x*x, and y from x*y.
The gradient counts as complete only when the last of them has arrived.

    python examples/see_backprop/fan_out.py
    tinygrad-edu viz examples/see_backprop/fan_out.py:loss --out fan_out.html
"""

import sys

import tinygrad_edu as tg
from tinygrad_edu import viz

x = tg.tensor(2.0, requires_grad=True)
y = tg.tensor(3.0, requires_grad=True)


def loss() -> tg.Tensor:
    square = x * x
    product = x * y
    return square + product


def main(out: str = "fan_out.html") -> viz.Trace:
    trace = viz.trace(loss, title="x*x + x*y")
    print(trace)
    print(f"wrote {trace.save(out).path}")
    return trace


if __name__ == "__main__":
    main(*sys.argv[1:])
