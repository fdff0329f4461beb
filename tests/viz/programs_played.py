"""The programs that every player must show, recorded by the package itself."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import viz
from tinygrad_edu.data import load_digits


def digits_step():
    """A step of a 64-16-10 network on eight real digits, and the gradients of the engine."""
    digits, rng = load_digits(), np.random.default_rng(2)
    shapes = {"w1": (64, 16), "b1": (16,), "w2": (16, 10), "b2": (10,)}
    params = {
        name: tg.tensor(rng.normal(size=shape).astype(np.float32) / 4, requires_grad=True)
        for name, shape in shapes.items()
    }
    x, labels = tg.tensor(digits.x_train[:8]), tg.tensor(digits.y_train[:8])
    hidden = (x @ params["w1"] + params["b1"]).relu()
    logits = hidden @ params["w2"] + params["b2"]
    loss = tg.nn.functional.cross_entropy(logits, labels)
    data = viz.trace(loss, params).data
    loss.backward()
    return data, {name: tensor.grad.numpy() for name, tensor in params.items()}


def recorded(name):
    """The programs that every player must show, recorded by the package itself."""
    if name == "digits":
        return digits_step()[0]
    if name == "fan_out":
        x, y = (tg.tensor(value, requires_grad=True) for value in (3.0, 4.0))
        return viz.trace(x * x + x * y, {"x": x, "y": y}).data
    if name == "tie":
        x = tg.tensor([2.0, 5.0, 5.0], requires_grad=True)
        return viz.trace(x.max(), {"x": x}).data
    x, b = tg.tensor(np.ones((32, 10))), tg.tensor(np.arange(10.0), requires_grad=True)
    return viz.trace(((x + b) * x).mean(), {"b": b}).data
