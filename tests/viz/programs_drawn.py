"""The programs whose pictures are compared with stored texts, each with the names it gives."""

import tinygrad_edu as tg
from tinygrad_edu import nn


def weights(*shape):
    return tg.zeros(shape, requires_grad=True)


def mlp_step():
    """Two layers and cross-entropy, in the shapes of the 8 x 8 digits."""
    params = {"x": tg.zeros(32, 64), "W1": weights(64, 16), "b1": weights(16)}
    params |= {"W2": weights(16, 10), "b2": weights(10), "y": tg.zeros(32, dtype=tg.int64)}
    hidden = (params["x"] @ params["W1"] + params["b1"]).relu()
    scores = hidden @ params["W2"] + params["b2"]
    return nn.functional.cross_entropy(scores, params["y"]), params


def sum_of_products():
    x, y = weights(), weights()
    return x * x + x * y, {"x": x, "y": y}


def max_with_tie():
    x = tg.tensor([1.0, 3.0, 3.0], requires_grad=True)
    return x.max(), {"x": x}


def broadcast_bias():
    x, b = tg.zeros(32, 10), weights(10)
    return (x + b).sum(), {"x": x, "b": b}


class Block(nn.Module):
    """Two layers, and the input around them."""

    def __init__(self, size):
        super().__init__()
        self.a, self.b = nn.Linear(size, size), nn.Linear(size, size)
        self.scale = nn.Parameter(tg.ones(size))

    def forward(self, x):
        return x + self.scale * self.b(self.a(x).relu())


def module():
    net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), Block(3))
    return net(tg.zeros(5, 4)).sum(), net


class Cell(nn.Module):
    """One step of a recurrent net."""

    def __init__(self):
        super().__init__()
        self.x2h, self.h2h = nn.Linear(3, 5), nn.Linear(5, 5)

    def forward(self, x, h):
        return (self.x2h(x) + self.h2h(h)).tanh()


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell, self.out = Cell(), nn.Linear(5, 2)

    def forward(self, steps):
        h = tg.zeros(2, 5)
        for _ in range(steps):
            h = self.cell(tg.zeros(2, 3), h)
        return self.out(h)


def recurrent(steps=48):
    net = Recurrent()
    return net(steps).sum(), net


GOLDEN = {
    "mlp_step": (mlp_step, {}),
    "sum_of_products": (sum_of_products, {}),
    "max_with_tie": (max_with_tie, {"show_values": True}),
    "broadcast_bias": (broadcast_bias, {"show_shapes": True}),
    "module": (module, {}),
    "recurrent": (recurrent, {}),
}
