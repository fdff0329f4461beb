"""Random expression graphs, with in-place writes among the ops, against PyTorch."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import ops

SHAPES = [(2, 3), (3,), (2, 1), (1, 3), ()]


def unary(rng):
    k = float(np.round(rng.uniform(0.5, 1.5), 3))
    return [
        ("tanh", lambda t, m: t.tanh()),
        ("exp(tanh)", lambda t, m: t.tanh().exp()),
        ("relu", lambda t, m: t.relu()),
        ("scale", lambda t, m: t * k),
        ("shift", lambda t, m: k - t),
        ("neg", lambda t, m: -t),
        ("square", lambda t, m: t.tanh() ** 2),
        ("inverse", lambda t, m: k / (t * t + 1)),
        ("log", lambda t, m: (t * t + k).log()),
        ("sqrt", lambda t, m: (t * t + k).sqrt()),
        ("clone", lambda t, m: t.clone()),
        ("sum over rows", lambda t, m: t.sum(0, keepdim=True) if t.ndim else t * 2),
        ("mean", lambda t, m: t.mean()),
        ("last softmax", lambda t, m: t.softmax(-1) if t.ndim else t),
        ("flat", lambda t, m: t.reshape(-1).logsumexp(0)),
        ("detach", lambda t, m: t.detach() * t),
        ("amax", lambda t, m: t.amax(-1, keepdim=True) if t.ndim else t),
    ]


def binary(rng):
    return [
        ("add", lambda a, b, m: a + b),
        ("sub", lambda a, b, m: a - b),
        ("mul", lambda a, b, m: a * b.tanh()),
        ("div", lambda a, b, m: a / (b * b + 1)),
        ("maximum", lambda a, b, m: m.maximum(a, b)),
        ("where", lambda a, b, m: m.where(a > b, a, b * 0.5)),
        ("pow", lambda a, b, m: (a * a + 0.5) ** b.tanh()),
        ("dot", lambda a, b, m: (a.reshape(-1, 1) @ b.reshape(1, -1)).mean()),
    ]


def writes(rng):
    k = float(np.round(rng.uniform(0.5, 1.5), 3))
    return [
        ("+= number", lambda t, o, m: t.add_(k)),
        ("*= number", lambda t, o, m: t.mul_(k)),
        ("-= other", lambda t, o, m: t.sub_(o)),
        ("*= other", lambda t, o, m: t.mul_(o)),
        ("/= other", lambda t, o, m: t.div_(o * o + 1)),
        ("relu_", lambda t, o, m: t.relu_()),
        ("exp_", lambda t, o, m: t.mul_(0.1).exp_()),
        ("zero_", lambda t, o, m: t.zero_()),
        ("copy_", lambda t, o, m: t.copy_(o)),
        ("t[0] =", lambda t, o, m: t.__setitem__(0, o.mean()) if t.ndim else t.fill_(k)),
        ("t[..., 1:] =", lambda t, o, m: t.__setitem__((..., slice(1, None)), k) if t.ndim else t),
        ("t[mask] =", lambda t, o, m: t.__setitem__(t > 0.3, k) if t.ndim else t),
        ("t[mask] *=", lambda t, o, m: t.__setitem__(t > 0.1, t[t > 0.1] * 2) if t.ndim else t),
    ]


def plan(seed):
    """A list of steps (kind, choice, operand numbers): the same for both libraries."""
    rng = np.random.default_rng(seed)
    values = [rng.normal(size=s) for s in SHAPES]
    steps = []
    count = len(SHAPES)
    for _ in range(rng.integers(6, 25)):
        kind = rng.choice(["unary", "binary", "write"], p=[0.35, 0.4, 0.25])
        steps.append((kind, int(rng.integers(100)), *map(int, rng.integers(count, size=2))))
        count += kind != "write"
    return values, steps, int(rng.integers(2**31))


def run(seed, make, module):
    values, steps, tables = plan(seed)
    leaves = [make(v) for v in values]
    nodes = list(leaves)
    for kind, choice, i, j in steps:
        i, j = i % len(nodes), j % len(nodes)
        rng = np.random.default_rng(tables + choice)
        if kind == "unary":
            table = unary(rng)
            nodes.append(table[choice % len(table)][1](nodes[i], module))
        elif kind == "binary":
            table = binary(rng)
            nodes.append(table[choice % len(table)][1](nodes[i], nodes[j], module))
        else:
            # Never onto a leaf; onto a fresh copy, so that no other name is a view of it.
            table = writes(rng)
            target = nodes[i] * 1.0
            source = nodes[j].mean() if choice % 2 else target.tanh()
            saved = (
                target * 1.0
            ).tanh()  # PyTorch would refuse a write to what `target * target` saved
            table[choice % len(table)][1](target, source, module)
            nodes[i if i >= len(leaves) else -1] = target + saved.mean()
    # Everything that was computed gets a random upstream gradient of its own.
    rng = np.random.default_rng(tables)
    loss = 0.0
    for node in nodes:
        loss = loss + (node * make(rng.normal(size=tuple(node.shape)), False)).sum()
    return leaves, loss


def ours(value, requires_grad=True):
    return tg.tensor(np.array(value), requires_grad=requires_grad)


@pytest.mark.torch
@pytest.mark.parametrize("block", range(8))
def test_random_graphs(block):
    torch = pytest.importorskip("torch")

    def theirs(value, requires_grad=True):
        return torch.tensor(np.array(value), requires_grad=requires_grad)

    compared = 0
    for seed in range(block * 40, block * 40 + 40):
        a, loss_a = run(seed, ours, ops)
        b, loss_b = run(seed, theirs, torch)
        np.testing.assert_allclose(loss_a.item(), loss_b.item(), rtol=1e-7, err_msg=f"seed {seed}")
        if not np.isfinite(loss_a.item()) or abs(loss_a.item()) > 1e12:
            continue
        first = tg.autograd.grad(loss_a, a, create_graph=True, materialize_grads=True)
        other = torch.autograd.grad(loss_b, b, create_graph=True, materialize_grads=True)
        rng = np.random.default_rng(seed)
        total_a = total_b = 0.0
        for x, y in zip(first, other, strict=True):
            np.testing.assert_allclose(
                x.detach().numpy(), y.detach().numpy(), 1e-6, 1e-8, err_msg=f"seed {seed}"
            )
            w = rng.normal(size=x.shape)
            total_a, total_b = (
                total_a + (x * ours(w, False)).sum(),
                total_b + (y * theirs(w, False)).sum(),
            )
        second = tg.autograd.grad(total_a, a, retain_graph=True, materialize_grads=True)
        third = torch.autograd.grad(total_b, b, retain_graph=True, materialize_grads=True)
        for x, y in zip(second, third, strict=True):
            scale = max(1.0, float(np.abs(y.numpy()).max()))
            np.testing.assert_allclose(
                x.numpy(), y.numpy(), 1e-6, 1e-8 * scale, err_msg=f"seed {seed}"
            )
        # The recorded pass and the plain one are two ways to the same numbers.
        loss_a.backward()
        for leaf, x in zip(a, first, strict=True):
            if leaf.grad is not None:
                np.testing.assert_allclose(leaf.grad.numpy(), x.detach().numpy(), 1e-9, 1e-12)
        compared += 1
    assert compared > 20
