"""Graphs to draw: as plain data, and as recorded by hand, so that no op is needed to test them."""

import random
from types import SimpleNamespace

import numpy as np

from tinygrad_edu.engine import LEAF, Node
from tinygrad_edu.viz import Edge, Graph, Vertex


def plain(kinds, ends):
    """A graph of vertices of the given kinds, with edges by number."""
    return Graph(
        tuple(Vertex(f"v{i}", kind, f"{kind}{i}", (i, 3)) for i, kind in enumerate(kinds)),
        tuple(Edge(f"v{source}", f"v{target}") for source, target in ends),
    )


def chain(length, shared=False):
    """A leaf and a chain of ops; with `shared`, every op reads the leaf again."""
    ends = [(i, i + 1) for i in range(length)]
    if shared:
        ends += [(0, i + 1) for i in range(length)]
    return plain(["leaf"] + ["op"] * length, ends)


def scattered(count, seed):
    """A random graph with long, short and parallel edges."""
    rng = random.Random(seed)
    kinds = ["leaf", "parameter", "input"] + ["op"] * (count - 4) + ["output"]
    ends = [(rng.randrange(i), i) for i in range(3, count) for _ in range(rng.randint(1, 3))]
    return plain(kinds, ends)


def mlp():
    """Two linear layers, a loss, and a penalty on the first weight."""
    kinds = ["input", "parameter", "parameter", "op", "op", "parameter", "op", "input", "op"]
    kinds += ["op", "op", "op", "output"]
    ends = [(0, 3), (1, 3), (2, 3), (3, 4), (4, 6), (5, 6), (6, 8), (7, 8)]
    ends += [(1, 9), (1, 9), (9, 10), (8, 11), (10, 11), (11, 12)]
    return plain(kinds, ends)


def tensor(array, node=None, grad=None, name=None):
    array = np.asarray(array)
    return SimpleNamespace(
        _array=array, _node=node, requires_grad=node is not None, _grad=grad, name=name
    )


def leaf(array, **attributes):
    return tensor(array, LEAF, **attributes)


class Recorder:
    """Makes nodes as the engine does, numbered in order of creation."""

    def __init__(self):
        self.count = 0

    def __call__(self, name, out, edges, saved, elementwise=False, **params):
        self.count += 1
        op = SimpleNamespace(name=name, elementwise=elementwise)
        return Node(op, params, edges, saved, np.asarray(out), self.count)
