"""The order of the sweep, and graphs that are very deep or very wide."""

import gc
import weakref

import numpy as np
import pytest

from tinygrad_edu import autograd, primitive, tensor

rng = np.random.default_rng(11)


def test_depth_first_order_would_be_wrong_here():
    """x feeds both a (deep path) and the root (short path); b is reached by paths of unlike length.

    A sweep that follows edges as it meets them would run `b` before the long path has arrived.
    """
    ran = []

    @primitive
    def twice(x, *, label):
        return 2 * x

    @twice.defvjp
    def _formula(g, out, x, label):
        ran.append((label, float(g)))
        return 2 * g

    x = tensor(1.5, requires_grad=True)
    b = twice(x, label="b")
    c = twice(b, label="c")
    d = twice(c, label="d")
    root = b * 5 + d * 7 + c * 11
    root.backward()
    assert [label for label, _ in ran] == ["d", "c", "b"], "each once, and after all its users"
    assert dict(ran) == {"d": 7.0, "c": 7 * 2 + 11, "b": 5 + 2 * (7 * 2 + 11)}
    assert x.grad.item() == 2 * (5 + 2 * (7 * 2 + 11))


def test_inputs_used_in_the_reverse_of_their_creation():
    x = tensor(rng.normal(size=4), requires_grad=True)
    steps = [x * k for k in (2.0, 3.0, 5.0)]
    total = steps[2] * steps[0] + steps[1] * steps[2]
    g = rng.normal(size=4)
    total.backward(g)
    np.testing.assert_allclose(x.grad.numpy(), g * 2 * (10 + 15) * x.detach().numpy())


def test_a_leaf_younger_than_its_users_is_no_matter():
    x = tensor([2.0, 3.0], requires_grad=True)
    y = tensor([5.0, 7.0])
    z = y * 1.0
    y.requires_grad_()
    (x * z + y).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0] and y.grad.tolist() == [1.0, 1.0]


@pytest.mark.slow
def test_a_chain_of_a_million_ops():
    x = tensor(np.array([0.5, -1.25]), requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + x
    g = np.array([3.0, -2.0])
    middle = weakref.ref(y.grad_fn)
    y.backward(g, retain_graph=True)
    np.testing.assert_allclose(x.grad.numpy(), g * 1_000_001)
    del y
    assert middle() is None, "freed at once, and without recursion"


def test_a_chain_of_ops_that_keep_their_inputs_is_freed_without_recursion():
    x = tensor(np.array([1.0, 2.0]), requires_grad=True)
    y = x
    for _ in range(50_000):
        y = y * 1.00001
    last = weakref.ref(y.grad_fn)
    gc.disable()
    try:
        (y * 2).sum().backward()
        del y
        assert last() is None
    finally:
        gc.enable()
    np.testing.assert_allclose(x.grad.numpy(), 2 * 1.00001**50_000)


def test_a_chain_that_never_saw_backward_is_freed_without_recursion():
    y = x = tensor(1.0, requires_grad=True)
    for _ in range(200_000):
        y = y * x
    last = weakref.ref(y.grad_fn)
    del y
    assert last() is None


def test_grad_of_a_deep_chain_with_inputs():
    x, other = (tensor(1.0, requires_grad=True) for _ in range(2))
    y = x
    for _ in range(50_000):
        y = y + other
    (dx,) = autograd.grad(y, x, retain_graph=True)
    (do,) = autograd.grad(y, other)
    assert dx.item() == 1.0 and do.item() == 50_000.0


def test_wide_fan_out():
    x = tensor(rng.normal(size=(2, 3)), requires_grad=True)
    parts = [x * float(k) for k in range(10_000)]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    g = rng.normal(size=(2, 3))
    total.backward(g)
    np.testing.assert_allclose(x.grad.numpy(), g * sum(range(10_000)), rtol=1e-9)


def test_wide_fan_in_of_one_op():
    @primitive
    def total(*xs):
        return sum(xs[1:], xs[0] * 1)

    total.defvjp_each(lambda i, g, out, *xs: g * (i + 1))
    leaves = [tensor(rng.normal(size=3), requires_grad=True) for _ in range(1000)]
    g = rng.normal(size=3)
    total(*leaves).backward(g)
    for i in (0, 17, 999):
        np.testing.assert_allclose(leaves[i].grad.numpy(), g * (i + 1))


def test_deep_create_graph_chain():
    x = tensor(np.array([1.01, 0.99]), requires_grad=True)
    y = x
    for _ in range(300):
        y = y * x
    (d1,) = autograd.grad(y.sum(), x, create_graph=True)
    (d2,) = autograd.grad(d1.sum(), x)
    v = x.detach().numpy()
    np.testing.assert_allclose(d1.detach().numpy(), 301 * v**300, rtol=1e-9)
    np.testing.assert_allclose(d2.numpy(), 301 * 300 * v**299, rtol=1e-9)
