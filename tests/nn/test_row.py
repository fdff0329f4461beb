"""Layers in a row are run at once and recorded as one node; nobody can tell."""

import gc
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.rows import at_once, described, given, is_folded, layers_of, one_by_one, parameters_of
from tinygrad_edu import nn, tensor
from tinygrad_edu.engine import state
from tinygrad_edu.nn import row as row_room
from tinygrad_edu.ops.rectifiers import relu
from tinygrad_edu.viz import make_dot

rng = np.random.default_rng(11)

# Sizes of the layers; 0 stands for a ReLU.
ROWS = [
    [7, 0],
    [0, 7],
    [7, 9],
    [7, 0, 5],
    [0, 0, 7, 0, 0],
    [12, 0, 9, 0, 7, 0, 6],
    [9, 8, 0, 1],
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("source", ["constant", "leaf", "result"])
@pytest.mark.parametrize("sizes", ROWS, ids=str)
def test_same_numbers_and_the_same_graph(sizes, source, dtype):
    layers = layers_of(sizes, dtype)
    upstream, found = None, []
    for run in (at_once, one_by_one):
        x = given(dtype, grad=source != "constant")
        start = x * 2.0 if source == "result" else x
        y = run(layers, start)
        assert is_folded(y) == (run is at_once and (sizes[0] != 0 or source != "constant"))
        if upstream is None:
            upstream = tensor(rng.normal(size=y.shape).astype(dtype))
        before = upstream.numpy().copy()
        y.backward(upstream)
        np.testing.assert_array_equal(upstream.numpy(), before)
        grads = [p.grad.numpy() for p in parameters_of(layers)]
        grads += [x.grad.numpy()] if x.requires_grad else []
        for p in parameters_of(layers):
            p.grad = None
        freed = described(y.grad_fn)
        again = run(layers, x * 2.0 if source == "result" else x)
        found.append((y.detach().numpy(), grads, freed, described(again.grad_fn)))
    np.testing.assert_equal(found[0], found[1])


def test_whoever_looks_finds_the_nodes():
    layers = layers_of([12, 0, 9])
    x = given()
    y = at_once(layers, x)
    assert is_folded(y)
    node = y.grad_fn
    assert repr(node) == "<LinearBackward0>" and not is_folded(y)
    (above, _), (weight, _), (bias, _) = node.next_functions
    assert weight.variable is layers[2].weight and bias.variable is layers[2].bias
    assert repr(above) == "<ReluBackward0>" and above.order < node.order
    first = above.next_functions[0][0]
    assert first.name() == "LinearBackward0" and first.order < above.order
    (y * y).sum().backward()
    grads = [p.grad.numpy() for p in parameters_of(layers)]
    for p in parameters_of(layers):
        p.grad = None
    y = one_by_one(layers, x)
    (y * y).sum().backward()
    np.testing.assert_equal(grads, [p.grad.numpy() for p in parameters_of(layers)])


def test_order_is_that_of_the_calls():
    """What went in is older than all nodes of the row, what came after is newer."""
    layers = layers_of([12, 0, 9])
    x = given(grad=True) * 2.0
    y = at_once(layers, x)
    z = y.exp()
    orders = [z._node.order]
    node = y.grad_fn
    while node is not None and node.edges[0] is not None:
        orders.append(node.order)
        node = node.edges[0] if hasattr(node.edges[0], "edges") else None
    assert len(orders) == 5 and orders == sorted(orders, reverse=True)


@pytest.mark.parametrize("after", [False, True])
def test_pictures_are_the_same(after):
    layers = layers_of([12, 0, 9])
    dots = []
    for run in (at_once, one_by_one):
        loss = nn.functional.cross_entropy(run(layers, given()), tg.arange(67) % 9)
        if after:
            loss.backward()
        dots.append(make_dot(loss).source)
    assert dots[0] == dots[1] and dots[0].count("linear") >= 2


# ----------------------------------------------------------------------- passes of every kind


def losses(layers):
    results = [run(layers, given(np.float64, grad=True)) for run in (at_once, one_by_one)]
    return [(y * y).sum() for y in results]


def test_derivatives_of_higher_order():
    layers = layers_of([8, 0, 3], np.float64)
    found = []
    for run in (at_once, one_by_one):
        x = given(np.float64, grad=True)
        y = run(layers, x)
        first = tg.autograd.grad((y**3).sum(), [x, *parameters_of(layers)], create_graph=True)
        second = tg.autograd.grad(sum((g * g).sum() for g in first), [x, layers[0].weight])
        found.append([g.detach().numpy() for g in (*first, *second)])
    np.testing.assert_equal(found[0], found[1])


def test_a_recorded_pass():
    layers = layers_of([8, 0, 3], np.float64)
    found = []
    for run in (at_once, one_by_one):
        (run(layers, given(np.float64)) ** 2).sum().backward(create_graph=True)
        first = layers[0].weight.grad
        layers[0].weight.grad = None
        found.append((first.detach().numpy(), tg.autograd.grad(first.sum(), layers[2].weight)[0]))
    np.testing.assert_equal(found[0][0], found[1][0])
    np.testing.assert_equal(found[0][1].numpy(), found[1][1].numpy())


def test_who_watches_sees_the_ops():
    class Watch:
        def __init__(self):
            self.ops = []

        def made(self, op, result, node):
            self.ops.append(op.name)

        def contribution(self, node, i, g, c):
            self.ops.append((node.op.name, i))

    layers = layers_of([8, 0, 3])
    seen = []
    for watched in (("forward", "backward"), ("backward",)):
        for run in (at_once, one_by_one):
            for p in parameters_of(layers):
                p.grad = None
            watch = Watch()
            state.watch = watch if "forward" in watched else None
            try:
                y = run(layers, given())
                state.watch = watch
                y.sum().backward()
            finally:
                state.watch = None
            seen.append(watch.ops)
    assert seen[0] == seen[1] and seen[0][:3] == ["linear", "relu", "linear"]
    assert seen[2] == seen[3] and ("relu", 0) in seen[2]


def test_leaves_before_a_row_share_no_memory():
    a, b = given(grad=True), given(grad=True)
    y = at_once(layers_of([8, 0, 3]), a + b)
    assert is_folded(y)
    y.backward(tg.ones(67, 3))
    assert not np.shares_memory(a.grad.numpy(), b.grad.numpy())
    np.testing.assert_array_equal(a.grad.numpy(), b.grad.numpy())


def test_gradients_of_some_inputs_only():
    layers = layers_of([8, 0, 3], np.float64)
    found = []
    for run in (at_once, one_by_one):
        x = given(np.float64, grad=True)
        y = run(layers, x)
        found.append(tg.autograd.grad(y.sum(), [layers[2].bias, x])[1].numpy())
        assert all(p.grad is None for p in parameters_of(layers))
    np.testing.assert_array_equal(*found)


def test_backward_twice():
    layers = layers_of([8, 0, 3], np.float64)
    found = []
    for run in (at_once, one_by_one):
        loss = run(layers, given(np.float64)).sum()
        loss.backward(retain_graph=True)
        loss.backward()
        found.append([p.grad.numpy() for p in parameters_of(layers)])
        for p in parameters_of(layers):
            p.grad = None
        with pytest.raises(RuntimeError, match=r"linear.*second time|second time.*linear"):
            loss.backward()
    np.testing.assert_equal(found[0], found[1])


def test_an_interrupted_pass_is_no_pass(monkeypatch):
    layers = layers_of([8, 0, 3])
    loss = at_once(layers, given()).sum()

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(row_room, "_d_relu", interrupted)
        patch.setattr(relu, "quick", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loss.backward()
    assert all(p.grad is None for p in parameters_of(layers))
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_hooks_see_and_replace():
    layers = layers_of([8, 0, 3], np.float64)
    found = []
    for run in (at_once, one_by_one):
        seen = []
        y = run(layers, given(np.float64))
        y.retain_grad()
        y.register_hook(lambda g: g * 3.0)
        handle = layers[0].weight.register_hook(lambda g, seen=seen: seen.append(g.numpy().copy()))
        y.sum().backward()
        handle.remove()
        found.append((y.grad.numpy(), seen, [p.grad.numpy() for p in parameters_of(layers)]))
        for p in parameters_of(layers):
            p.grad = None
    np.testing.assert_equal(found[0], found[1])


def test_what_a_hook_of_a_leaf_holds_stays_what_it_is():
    """Every leaf is reached from a row, and only from rows."""
    model = nn.Sequential(*layers_of([8, 0, 3]))
    fixed, seen = tg.ones(3), []
    model[2].bias.register_hook(lambda g: fixed)
    model[0].weight.register_hook(seen.append)
    for _ in range(3):
        y = model(given())
        assert is_folded(y)
        y.backward(tg.ones(67, 3))
    first = seen[0].numpy().copy()
    model.zero_grad(set_to_none=False)
    assert fixed.tolist() == [1.0, 1.0, 1.0] and first.any()
    np.testing.assert_array_equal(seen[0].numpy(), first)


def test_whoever_looks_at_the_same_time_finds_the_same_nodes():
    layers = layers_of([8, 0, 3])
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            y = at_once(layers, given())
            found = [None] * 4
            start = threading.Barrier(4)

            def look(i, y=y, found=found, start=start):
                start.wait()
                found[i] = y._node.edges[0]

            threads = [threading.Thread(target=look, args=(i,)) for i in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert all(node is found[0] for node in found)
    finally:
        sys.setswitchinterval(interval)


def test_a_layer_that_is_used_twice():
    tied = nn.Linear(11, 11, dtype=np.float64)
    layers = [tied, nn.ReLU(), tied]
    found = []
    for loss in losses(layers):
        loss.backward()
        found.append([p.grad.numpy() for p in tied.parameters()])
        tied.weight.grad = tied.bias.grad = None
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-13)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-13)


def test_gradients_add_up_over_batches():
    layers = layers_of([8, 0, 3], np.float64)
    once, twice = losses(layers)
    once.backward()
    g = layers[0].weight.grad.numpy().copy()
    twice.backward()
    np.testing.assert_allclose(layers[0].weight.grad.numpy(), 2 * g, rtol=1e-14)


# ----------------------------------------------------------------------- memory, warnings


def test_what_was_kept_is_let_go():
    layers = layers_of([80, 0, 60])
    gc.collect()
    gc.disable()
    try:
        y = at_once(layers, given())
        hidden = weakref.ref(y._node.fold.calls[1][-1])
        loss = y.sum()
        loss.backward()
        assert hidden() is None
        y = at_once(layers, given())
        fold, hidden = weakref.ref(y._node), weakref.ref(y._node.fold.calls[1][-1])
        del y, loss
        assert fold() is None and hidden() is None
    finally:
        gc.enable()


def test_no_warning_whatever_goes_through():
    layers = layers_of([80, 0, 60])
    x = np.full((67, 11), 3e38, np.float32)
    x[0] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = at_once(layers, tg.tensor(x))
        (y * y).sum().backward()
    assert is_folded(at_once(layers, given()))
