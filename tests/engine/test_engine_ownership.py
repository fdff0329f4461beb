"""Who owns which array: formulas mutate nothing, and no two gradients share memory."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import autograd, ops, tensor
from tinygrad_edu.engine import Node

rng = np.random.default_rng(13)


def leaf(*shape):
    return tensor(rng.uniform(0.5, 2.0, shape), requires_grad=True)


def nodes(root):
    found, stack = {}, [root.grad_fn]
    while stack:
        node = stack.pop()
        if isinstance(node, Node) and id(node) not in found:
            found[id(node)] = node
            stack.extend(node.edges)
    return list(found.values())


def arrays_of(node):
    for value in [*node.saved, node.out]:
        if isinstance(value, np.ndarray):
            yield value


GRAPHS = {
    "arithmetic": lambda x, y: (x * y - x / y + y**x) * 2.0 - (-x),
    "reductions": lambda x, y: x.sum(0) * y.mean(1, keepdim=True).sum() + x.amax(),
    "shapes": lambda x, y: x.reshape(3, 2).transpose(0, 1) * y.unsqueeze(0).permute(0, 1, 2),
    "products": lambda x, y: x.T @ y + (x @ y.T).sum(),
    "softmax": lambda x, y: x.softmax(1) * y.log_softmax(0) + x.logsumexp(1, keepdim=True),
    "indexing": lambda x, y: x[[0, 0, 1]] * y[1] + x[:, 1:][0, 1],
    "choice": lambda x, y: ops.where(x > y, x, y * 2) + ops.maximum(x, y) + x.relu(),
    "transcendental": lambda x, y: x.exp() + y.log() * x.sqrt() + y.tanh(),
    "broadcast": lambda x, y: x[0] + y * x[:, :1] + x.sum(),
    "bare": lambda x, y: x + y,
    "same": lambda x, y: x + x,
}


@pytest.fixture(params=GRAPHS, ids=list(GRAPHS))
def graph(request):
    return GRAPHS[request.param]


@pytest.mark.parametrize("create_graph", [False, True])
def test_formulas_run_on_read_only_arrays(graph, create_graph):
    x, y = leaf(2, 3), leaf(2, 3)
    z = graph(x, y)
    g = rng.normal(size=z.shape)
    g.setflags(write=False)
    expected = autograd.grad(z, [x, y], g, retain_graph=True, allow_unused=True)
    for node in nodes(z):
        for array in arrays_of(node):
            array.setflags(write=False)
    actual = autograd.grad(z, [x, y], g, create_graph=create_graph, allow_unused=True)
    for a, b in zip(actual, expected, strict=True):
        if b is not None:
            np.testing.assert_allclose(a.detach().numpy(), b.numpy())


def test_backward_changes_no_input_value(graph):
    x, y = leaf(2, 3), leaf(2, 3)
    before = x.detach().numpy().copy(), y.detach().numpy().copy()
    z = graph(x, y)
    g = rng.normal(size=z.shape)
    kept = g.copy()
    z.backward(g)
    np.testing.assert_array_equal(x.detach().numpy(), before[0])
    np.testing.assert_array_equal(y.detach().numpy(), before[1])
    np.testing.assert_array_equal(g, kept)


def test_gradients_share_no_memory(graph):
    x, y = leaf(2, 3), leaf(2, 3)
    z = graph(x, y)
    z.retain_grad()
    g = rng.normal(size=z.shape)
    held = [a for node in nodes(z) for a in arrays_of(node)]
    z.backward(g, retain_graph=True)
    found = [t.grad.numpy() for t in (x, y, z) if t.grad is not None]
    others = [g, x.detach().numpy(), y.detach().numpy(), z.detach().numpy(), *held]
    for i, a in enumerate(found):
        assert a.flags.writeable
        for b in [*found[i + 1 :], *others]:
            assert not np.shares_memory(a, b)


def test_intermediate_inputs_share_no_memory():
    x = leaf(2, 3)
    a, b = x * 2, x * 3
    z = a + b
    g = rng.normal(size=(2, 3))
    kept = g.copy()
    for _ in range(2):
        z.backward(g, inputs=[a, b, z], retain_graph=True)
    np.testing.assert_array_equal(g, kept)
    for t in (a, b, z):
        np.testing.assert_allclose(t.grad.numpy(), 2 * kept)
    results = [r.numpy() for r in autograd.grad(z, [a, b, z], g)]
    for i, r in enumerate(results):
        r += 1.0
        np.testing.assert_array_equal(g, kept)
        for other in results[i + 1 :]:
            np.testing.assert_array_equal(other, kept)


def test_the_users_gradient_is_not_adopted():
    for make in (np.asarray, tensor):
        x, v = leaf(3), rng.normal(size=3)
        given = make(v.copy())
        x.backward(given)
        x.backward(given)
        (x * 1.0 + 0.0).backward(given)
        np.testing.assert_array_equal(np.asarray(given), v)
        np.testing.assert_allclose(x.grad.numpy(), 3 * v)


def test_accumulating_adds_in_place_as_pytorch_does():
    x = leaf(3)
    (x * 2).sum().backward()
    held, memory = x.grad, x.grad.numpy()
    (x * 3).sum().backward()
    assert x.grad is held and np.shares_memory(x.grad.numpy(), memory)
    np.testing.assert_array_equal(memory, [5.0] * 3)


def test_a_gradient_returned_by_grad_stays_as_it_is():
    x = leaf(2, 3)
    y = x * 2 + x
    (first,) = autograd.grad(y.sum(), x, retain_graph=True)
    copy = first.numpy().copy()
    for _ in range(3):
        y.sum().backward(retain_graph=True)
        autograd.grad(y.sum(), x, retain_graph=True)
    np.testing.assert_array_equal(first.numpy(), copy)


def test_a_gradient_with_history_is_not_written_to():
    """Accumulation onto a gradient that was recorded makes a new tensor with the right history."""
    x = leaf(3)
    (x**3).sum().backward(create_graph=True)
    first = x.grad
    values = first.detach().numpy().copy()
    (x**3).sum().backward(create_graph=True)
    np.testing.assert_array_equal(first.detach().numpy(), values)
    (d2,) = autograd.grad(x.grad.sum(), x)
    np.testing.assert_allclose(d2.numpy(), 12 * x.detach().numpy())


def test_a_hook_that_keeps_the_gradient_keeps_its_value():
    x = leaf(3)
    seen = []
    x.register_hook(seen.append)
    (x * 2).sum().backward()
    (x * 3).sum().backward()
    assert [s.tolist() for s in seen] == [[2.0] * 3, [3.0] * 3]
    assert x.grad.tolist() == [5.0] * 3


def test_a_hook_that_returns_the_users_tensor_does_not_give_it_away():
    x, mine = leaf(3), tensor([1.0, 2.0, 3.0], dtype=np.float64)
    x.register_hook(lambda g: mine)
    for _ in range(2):
        (x * 2).sum().backward()
    assert mine.tolist() == [1.0, 2.0, 3.0]
    assert x.grad.tolist() == [2.0, 4.0, 6.0]


def test_retained_gradients_are_not_changed_by_later_accumulation():
    x = leaf(3)
    a = x + 0.0
    a.retain_grad()
    b = a + 0.0
    b.retain_grad()
    for _ in range(2):
        b.sum().backward(retain_graph=True)
    for t in (x, a, b):
        assert t.grad.tolist() == [2.0] * 3


def test_setting_grad_by_hand_shares_what_was_given():
    x, g = leaf(3), tensor([1.0, 1.0, 1.0], dtype=np.float64)
    x.grad = g
    (x * 2).sum().backward()
    assert x.grad is g and g.tolist() == [3.0] * 3


# ------------------------------------------------------------------------------- copies


@pytest.mark.parametrize("make", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copied_leaf_is_a_leaf_of_its_own(make):
    x = leaf(2, 3)
    (x * 2).sum().backward()
    y = make(x)
    assert y.requires_grad and y.is_leaf
    (y * y).sum().backward()
    same_grad = x.grad.numpy()
    np.testing.assert_array_equal(same_grad, np.full((2, 3), 2.0))
    np.testing.assert_allclose(y.grad.numpy(), 2.0 + 2 * x.detach().numpy())
    assert not np.shares_memory(x.detach().numpy(), y.detach().numpy())


def test_a_tensor_with_history_has_no_deep_copy():
    with pytest.raises(RuntimeError, match=r"leaves.*deepcopy"):
        copy.deepcopy(leaf(3) * 2)


@pytest.mark.parametrize("create_graph", [False, True])
def test_new_data_after_forward_do_not_change_what_was_saved(create_graph):
    x = tensor([2.0, 3.0], requires_grad=True)
    y = x * x * x
    x.data = tensor([10.0, 10.0])
    (d,) = autograd.grad(y.sum(), x, create_graph=create_graph)
    assert d.tolist() == [12.0, 27.0]


# ----------------------------------------------------------------------- gradients with a history


def test_recorded_gradients_of_two_leaves_share_no_memory():
    x, y = (tensor([1.0, 1.0, 1.0], requires_grad=True) for _ in "xy")
    upstream = tensor([1.0, 2.0, 3.0])
    (x + y).backward(upstream, create_graph=True)
    (x * 10.0).sum().backward()
    assert upstream.tolist() == [1.0, 2.0, 3.0]
    assert x.grad.tolist() == [11.0, 12.0, 13.0] and y.grad.tolist() == [1.0, 2.0, 3.0]


def test_a_recorded_gradient_that_is_expanded_can_be_added_to():
    x, y = (tensor([1.0, 1.0, 1.0], requires_grad=True) for _ in "xy")
    (x + y).sum().backward(create_graph=True)
    (x * 2.0).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0, 3.0] and y.grad.tolist() == [1.0, 1.0, 1.0]


def test_what_a_hook_returned_is_not_added_to():
    constant, x = tensor([1.0, 2.0]), tensor([1.0, 1.0], requires_grad=True)
    x.register_hook(lambda g: constant)
    for _ in range(2):
        (x * 2.0).sum().backward(create_graph=True)
    (x * 2.0).sum().backward()
    assert constant.tolist() == [1.0, 2.0] and x.grad.tolist() == [3.0, 6.0]


def test_a_retained_gradient_is_added_to_in_new_memory():
    x = tensor([1.0, 2.0], requires_grad=True)
    y = x * 2.0
    y.retain_grad()
    z = (y * y).sum()
    z.backward(retain_graph=True)
    first = y.grad
    z.backward()
    assert first.tolist() == [4.0, 8.0] and y.grad.tolist() == [8.0, 16.0]


def test_a_retained_gradient_shares_nothing_with_hooks_and_the_graph():
    x = tensor([1.0, 2.0], requires_grad=True)
    y, kept = x * x, []
    y.retain_grad()
    y.register_hook(kept.append)
    (gx,) = autograd.grad((y * y).sum(), x, create_graph=True)
    gx.sum().backward(retain_graph=True)
    assert kept[0].tolist() == [2.0, 8.0]
    x.grad = None
    gx.sum().backward()
    assert x.grad.tolist() == [12.0, 48.0]
