"""Programs to trace: small enough to be counted by hand."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.data import load_digits
from tinygrad_edu.engine import Node, state

FACTOR = tg.tensor(np.array([2.0, 3.0]), requires_grad=True)


def doubled():
    """A program whose parameter is a global of this file."""
    return (FACTOR * 2.0).sum()


class Net(nn.Module):
    """Two linear layers, for the 8 x 8 digits."""

    def __init__(self, width=16):
        super().__init__()
        tg.manual_seed(1)
        self.first, self.second = nn.Linear(64, width), nn.Linear(width, 10)

    def forward(self, images):
        return self.second(self.first(images).relu())


def mlp(count=8):
    """A model, and a function that computes its loss on real digits."""
    digits = load_digits()
    images, labels = tg.tensor(digits.x_train[:count]), tg.tensor(digits.y_train[:count])
    model = Net()
    return model, lambda: nn.functional.cross_entropy(model(images), labels)


def leaf(*numbers):
    return tg.tensor(np.array(numbers), requires_grad=True)


class Order:
    """An observer of its own: which formula ran, and what it returned, in the engine's order."""

    def __init__(self):
        self.seen = []

    def made(self, op, result, node):
        pass

    def contribution(self, node, i, g, c):
        self.seen.append((node, i, np.array(g), None if c is None else np.array(c)))

    def __enter__(self):
        self.before, state.watch = state.watch, self
        return self

    def __exit__(self, *exc):
        state.watch = self.before


def nodes_behind(tensor):
    """All nodes of a graph, oldest first."""
    found, stack = set(), [tensor.grad_fn]
    while stack:
        node = stack.pop()
        if isinstance(node, Node) and node not in found:
            found.add(node)
            stack.extend(node.edges)
    return sorted(found, key=lambda node: node.order)


def phases(run):
    """How many frames go forward, and how many back."""
    forward = sum(frame.phase == "forward" for frame in run.frames)
    return forward, len(run.frames) - forward


def vertex(run, label):
    """The vertex with a label, or with a name in front of the label of its op."""
    found = [v for v in run.graph.vertices if label in (v.label, v.label.split(" = ")[0])]
    return found[0].id


def backward(run):
    return [frame for frame in run.frames if frame.phase == "backward"]
