"""Networks for the tests of rows, and two ways to run them."""

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.engine import FREED, Node


def layers_of(sizes, dtype=np.float32, features=11):
    made, before = [], features
    for size in sizes:
        made.append(nn.Linear(before, size, dtype=dtype) if size else nn.ReLU())
        before = size or before
    return made


def one_by_one(layers, x):
    for layer in layers:
        x = layer(x)
    return x


def at_once(layers, x):
    return nn.Sequential(*layers)(x)


def given(dtype=np.float32, rows=67, features=11, grad=False):
    values = np.random.default_rng(3).normal(size=(rows, features)).astype(dtype)
    return tg.tensor(values, requires_grad=grad)


def is_folded(y):
    return y._node is not None and y._node.fold is not None


def parameters_of(layers):
    return [p for layer in dict.fromkeys(layers) for p in layer.parameters()]


def described(node):
    """All that can be found from a node, as plain data."""
    if not isinstance(node, Node):
        return None if node is None else ("leaf", node._array.tolist())
    values = [
        v
        if isinstance(v, float)
        else (v.shape, str(v.dtype), v.tolist() if isinstance(v, np.ndarray) else None)
        for v in (*(() if node.saved is FREED else node.saved), node.out)
    ]
    return (node.op.name, node.params, values, [described(e) for e in node.edges])
