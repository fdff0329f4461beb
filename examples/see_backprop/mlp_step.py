"""One training step of a network with two layers, on real digits.

64 pixels, 32 hidden units, 10 classes, a minibatch of 32. Step through it and see that each
gradient has the shape of what it belongs to, and that relu lets it pass only where its input was
positive.

    python examples/see_backprop/mlp_step.py
    tinygrad-edu viz examples/see_backprop/mlp_step.py:loss --out mlp_step.html
"""

import sys

import tinygrad_edu as tg
from tinygrad_edu import data, nn, viz

tg.manual_seed(0)
digits = data.load("digits")
x, labels = tg.tensor(digits.x_train[:32]), tg.tensor(digits.y_train[:32])
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def loss() -> tg.Tensor:
    logits = model(x)
    return nn.functional.cross_entropy(logits, labels)


def main(out: str = "mlp_step.html") -> viz.Trace:
    trace = viz.trace(loss, params=model, title="One step of an MLP on digits")
    print(trace)
    print(f"wrote {trace.save(out).path}")
    return trace


if __name__ == "__main__":
    main(*sys.argv[1:])
