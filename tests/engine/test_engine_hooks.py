"""Hooks on leaves and intermediate results, retain_grad, and in-place writes to their tensors."""

import numpy as np
import pytest

from tinygrad_edu import autograd, ops, tensor
from tinygrad_edu.errors import GradientError

rng = np.random.default_rng(29)


def leaf(*shape):
    return tensor(rng.uniform(0.5, 2.0, shape), requires_grad=True)


def upstream(*shape):
    return rng.normal(size=shape)


def same(actual, expected):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-10)


def test_a_hook_sees_the_whole_gradient_once():
    x, g = leaf(3), upstream(3)
    y = x * 2
    seen = {"x": [], "y": []}
    x.register_hook(lambda g: seen["x"].append(g.tolist()))
    y.register_hook(lambda g: seen["y"].append(g.tolist()))
    (y * 3 + y * 4).backward(g)
    np.testing.assert_allclose(seen["y"], [7 * g])
    np.testing.assert_allclose(seen["x"], [14 * g])


@pytest.mark.parametrize("create_graph", [False, True])
def test_what_a_hook_returns_takes_the_place(create_graph):
    x, g = leaf(2, 3), upstream(2, 3)
    y = x * x
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.backward(g, create_graph=create_graph)
    same(x.grad, 2 * x.detach().numpy() * 10 * g + 1)


def test_hooks_run_in_the_order_of_registration_each_on_the_last_ones_result():
    for make in (lambda x: x, lambda x: x * 1.0):
        x = leaf(3)
        y = make(x)
        order = []
        y.register_hook(lambda g: order.append("a") or g * 2)  # noqa: B023
        y.register_hook(lambda g: order.append("b") or g + 1)  # noqa: B023
        y.register_hook(lambda g: order.append("c"))  # noqa: B023
        (y * 3).sum().backward()
        assert order == ["a", "b", "c"]
        same(x.grad, [7.0] * 3)


def test_remove():
    x = leaf(3)
    y = x * 2
    for t in (x, y):
        handle = t.register_hook(lambda g: g * 100)
        handle.remove()
        handle.remove()
    with x.register_hook(lambda g: g * 10):
        y.sum().backward(retain_graph=True)
    y.sum().backward()
    same(x.grad, [22.0] * 3)


def test_a_hook_may_remove_itself():
    x = leaf(3)
    calls = []

    def once(g):
        calls.append(1)
        handle.remove()

    handle = x.register_hook(once)
    for _ in range(2):
        (x * 2).sum().backward()
    assert calls == [1]


def test_hooks_run_for_grad_too():
    x = leaf(3)
    y = x * 2
    x.register_hook(lambda g: g * 3)
    y.register_hook(lambda g: g * 5)
    dx, dy = autograd.grad(y.sum(), [x, y])
    same(dx, [30.0] * 3)
    same(dy, [5.0] * 3)


def test_a_hook_on_the_root():
    x = leaf(3)
    y = (x * 2).sum()
    y.register_hook(lambda g: g * 7)
    y.backward()
    same(x.grad, [14.0] * 3)


def test_a_recorded_hook_is_differentiated():
    x = leaf(3)
    x.register_hook(lambda g: g * g)
    (dx,) = autograd.grad((x**2).sum(), x, create_graph=True)
    v = x.detach().numpy()
    same(dx, 4 * v**2)
    x._hooks.clear()
    (d2,) = autograd.grad(dx.sum(), x)
    same(d2, 8 * v)


@pytest.mark.parametrize(
    ("hook", "error", "text"),
    [
        (lambda g: g.sum(), RuntimeError, "changed the size of value"),
        (lambda g: g.float(), RuntimeError, "changed the type of value"),
        (lambda g: 3.0, TypeError, "must return a Tensor or None, not float"),
    ],
)
def test_a_hook_may_not_change_shape_or_dtype(hook, error, text):
    for make in (lambda x: x, lambda x: x * 1.0):
        x = leaf(3)
        y = make(x)
        y.register_hook(hook)
        with pytest.raises(error, match=text):
            (y * 3).sum().backward()


def test_tensors_without_history_have_no_hooks():
    c = tensor([1.0])
    with pytest.raises(GradientError, match="doesn't require gradient"):
        c.register_hook(print)
    with pytest.raises(GradientError, match="can't retain_grad"):
        c.retain_grad()


# ------------------------------------------------------------------------------- retain_grad


def test_retain_grad():
    x, g = leaf(3), upstream(3)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    z = y * y
    z.backward(g, retain_graph=True)
    same(y.grad, 2 * y.detach().numpy() * g)
    z.backward(g)
    same(y.grad, 4 * y.detach().numpy() * g)


def test_retain_grad_of_a_leaf_changes_nothing():
    x = leaf(3)
    x.retain_grad()
    (x * 2).sum().backward()
    same(x.grad, [2.0] * 3)


@pytest.mark.parametrize("retain_first", [True, False])
def test_what_is_retained_has_passed_all_hooks(retain_first):
    x = leaf(3)
    y = x * 2
    if retain_first:
        y.retain_grad()
    y.register_hook(lambda g: g * 10)
    if not retain_first:
        y.retain_grad()
    y.register_hook(lambda g: g + 1)
    y.sum().backward()
    same(y.grad, [11.0] * 3)
    same(x.grad, [22.0] * 3)


def test_retain_grad_with_create_graph_keeps_history():
    x = leaf(3)
    y = x * 1.0
    y.retain_grad()
    (y**3).sum().backward(create_graph=True)
    assert y.grad.requires_grad
    (d,) = autograd.grad(y.grad.sum(), x)
    same(d, 6 * x.detach().numpy())


def test_retain_grad_is_filled_by_grad_too():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    autograd.grad((y * 3).sum(), x)
    same(y.grad, [3.0] * 3)


def test_the_handle_of_a_dead_tensor_is_harmless():
    x = leaf(3)
    y = x * 2
    y.retain_grad()
    z = y * 3
    del y
    z.sum().backward()
    same(x.grad, [6.0] * 3)


# ------------------------------------------------------------------------------- in-place rebind

WRITES = {
    "+=": lambda y: y.add_(1.0),
    "*=": lambda y: y.mul_(4.0),
    "x[i] =": lambda y: y.__setitem__(0, 5.0),
    "relu_": lambda y: y.relu_(),
    "copy_": lambda y: y.copy_(y * 3),
}


@pytest.mark.parametrize("write", WRITES)
def test_retain_grad_follows_the_tensor(write):
    """`y.grad` is the gradient of what the name `y` holds at the end, as in PyTorch."""
    x, g = leaf(3), upstream(3)
    y = x * 2
    y.retain_grad()
    for _ in range(2):
        WRITES[write](y)
    (y * 3).backward(g)
    same(y.grad, 3 * g)


def test_hooks_stay_with_the_value_they_were_registered_for():
    x = leaf(3)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(("before", g.tolist())))
    y *= 4
    y.register_hook(lambda g: seen.append(("after", g.tolist())))
    (y * 3).sum().backward()
    assert seen == [("after", [3.0] * 3), ("before", [12.0] * 3)]


def test_a_write_after_retain_grad_does_not_touch_others():
    x = leaf(3)
    y = x * 2
    z = y * 1.0
    for t in (y, z):
        t.retain_grad()
    y += 1
    (y * 3 + z * 5).sum().backward()
    same(y.grad, [3.0] * 3)
    same(z.grad, [5.0] * 3)
    same(x.grad, [16.0] * 3)


def test_hooks_of_a_leaf_stay_when_its_data_are_written():
    x = leaf(3)
    x.register_hook(lambda g: g * 2)
    x.data -= 0.5
    x.data = ops.clone(x.data)
    (x * 3).sum().backward()
    same(x.grad, [6.0] * 3)
