"""Layers in a row are run at once and recorded as one node; nobody can tell."""

import gc
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, tensor
from tinygrad_edu.engine import FREED, Node, state
from tinygrad_edu.errors import InPlaceError
from tinygrad_edu.nn import row as row_room
from tinygrad_edu.ops.affine import _linear
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


def described(node, seen=None):
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


def losses(layers, make=lambda y: (y * y).sum()):
    return [make(run(layers, given(np.float64, grad=True))) for run in (at_once, one_by_one)]


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


# ----------------------------------------------------------------------- what is changed meanwhile


@pytest.mark.parametrize("which", [0, 2])
def test_a_weight_that_is_overwritten_before_backward(which):
    layers = layers_of([8, 0, 3])
    said = []
    for run in (at_once, one_by_one):
        loss = run(layers, given(grad=True)).sum()
        with tg.no_grad():
            layers[which].weight.mul_(2.0)
        with pytest.raises(InPlaceError) as error:
            loss.backward()
        said.append(str(error.value).splitlines()[0])
    assert said[0] == said[1] and "linear" in said[0]


def test_a_write_elsewhere_is_no_matter():
    layers = layers_of([8, 0, 3])
    loss = at_once(layers, given()).sum()
    with tg.no_grad():
        tg.ones(3).mul_(2.0)
        layers[2].bias.mul_(2.0)  # no formula reads it
    loss.backward()
    assert layers[0].weight.grad is not None


def test_values_that_are_exchanged_meanwhile():
    found = []
    for run in (at_once, one_by_one):
        layers = layers_of([8, 0, 3])
        for p in parameters_of(layers):
            p.data = tg.tensor(np.random.default_rng(p.numel()).normal(size=p.shape), dtype=p.dtype)
        loss = run(layers, given()).sum()
        layers[2].weight.data = layers[2].weight.data * 5.0
        loss.backward()
        found.append([p.grad.numpy() for p in parameters_of(layers)])
    np.testing.assert_equal(found[0], found[1])


@pytest.mark.parametrize("width", [1, 5])
@pytest.mark.parametrize("when", ["before", "after"])
def test_values_of_another_shape_meanwhile(width, when):
    found = []
    for run in (at_once, one_by_one):
        layers = layers_of([8, 0, 3])
        y = run(layers, given())
        if when == "after":
            y.backward(tg.ones(67, 3))
        layers[2].weight.data, layers[2].bias.data = tg.zeros(width, 8), tg.zeros(width)
        if when == "before":
            (y * y).sum().backward()
        found.append((layers[2].weight.grad.shape, described_shapes(y.grad_fn)))
    assert found[0] == found[1] and (67, 3) in found[0][1]


def described_shapes(node):
    """The shapes of all results, from a node on."""
    if not isinstance(node, Node):
        return []
    return [node.out.shape, *described_shapes(node.edges[0])]


@pytest.mark.parametrize("op", [relu, _linear])
def test_a_formula_that_is_exchanged_meanwhile_is_used(op, monkeypatch):
    layers = layers_of([8, 0, 3])
    loss = at_once(layers, given()).sum()
    loss.backward(retain_graph=True)
    right = layers[0].weight.grad.numpy().copy()
    layers[0].weight.grad = None
    formulas = [lambda *args, f=f, **kw: f(*args, **kw) * 2.0 for f in op.formulas]
    monkeypatch.setattr(op, "formulas", formulas)
    monkeypatch.setattr(op, "quick", None)
    loss.backward()
    np.testing.assert_allclose(layers[0].weight.grad.numpy(), (4 if op is _linear else 2) * right)


# ----------------------------------------------------------------------- who does not stand in one


class Doubled(nn.Linear):
    def forward(self, input):
        return super().forward(input) * 2.0


def _frozen():
    layers = layers_of([8, 0, 3])
    layers[2].weight.requires_grad_(False)
    return layers


def _hooked():
    layers = layers_of([8, 0, 3])
    layers[1].register_forward_hook(lambda module, args, out: out + 1.0)
    return layers


def _patched():
    layers = layers_of([8, 0, 3])
    forward = layers[2].forward
    layers[2].forward = lambda x: forward(x) * 3.0
    return layers


def _odd(place, name, shape):
    layers = layers_of([8, 0, 3])
    values = np.random.default_rng(2).normal(size=shape).astype(np.float32)
    setattr(layers[place], name, nn.Parameter(values))
    return layers


OTHERS = {
    "a bias for all": lambda: _odd(0, "bias", (1,)),
    "a bias with rows": lambda: _odd(0, "bias", (1, 8)),
    "a bias without axes": lambda: _odd(0, "bias", ()),
    "a bias that does not fit": lambda: _odd(0, "bias", (7,)),
    "a weight that is a vector": lambda: _odd(0, "weight", (11,)),
    "a weight of three axes": lambda: _odd(0, "weight", (2, 8, 11)),
    "a weight that does not fit": lambda: _odd(2, "weight", (3, 9)),
    "a subclass": lambda: [Doubled(11, 8), nn.ReLU(), Doubled(8, 3)],
    "frozen": _frozen,
    "hooked": _hooked,
    "patched": _patched,
    "no bias": lambda: [nn.Linear(11, 8, bias=False), nn.ReLU(), nn.Linear(8, 3, bias=False)],
    "in place": lambda: [nn.Linear(11, 8), nn.ReLU(inplace=True), nn.Linear(8, 3)],
    "two dtypes": lambda: [nn.Linear(11, 8), nn.ReLU(), nn.Linear(8, 3, dtype=np.float64)],
    "a single one": lambda: [nn.Linear(11, 8)],
    "others between": lambda: [nn.Linear(11, 8), nn.Tanh(), nn.Linear(8, 3)],
}


@pytest.mark.parametrize("name", OTHERS)
def test_others_are_called_one_by_one(name):
    layers = OTHERS[name]()
    said = []
    for run in (at_once, one_by_one):
        try:
            y = run(layers, given())
        except Exception as error:
            said.append((type(error), str(error).splitlines()[0]))
            continue
        assert not is_folded(y)
        y.sum().backward()
        grads = [p.grad if p.grad is None else p.grad.numpy() for p in parameters_of(layers)]
        said.append((y.detach().numpy(), grads))
        for p in parameters_of(layers):
            p.grad = None
    np.testing.assert_equal(said[0], said[1])


def test_a_vector_for_a_weight_and_as_many_biases_as_rows():
    layers = [nn.Linear(70, 70), nn.ReLU()]
    layers[0].weight = nn.Parameter(np.arange(70, dtype=np.float32))
    found = []
    for run in (at_once, one_by_one):
        y = run(layers, given(rows=70, features=70))
        y.sum().backward()
        found.append((y.detach().numpy(), layers[0].weight.grad.numpy()))
        layers[0].weight.grad = None
    np.testing.assert_equal(found[0], found[1])


@pytest.mark.parametrize("shape", [(11,), (5, 4, 11), (2, 11), (67, 10), (0, 11)])
def test_other_shapes(shape):
    layers = layers_of([8, 0, 3])
    said = []
    for run in (at_once, one_by_one):
        try:
            y = run(layers, tg.tensor(np.ones(shape, np.float32)))
            said.append((y.detach().numpy(), described(y.grad_fn)))
        except Exception as error:
            said.append((type(error), str(error).splitlines()[0]))
    np.testing.assert_equal(said[0], said[1])


def test_small_results_keep_all_that_is_shown():
    assert not is_folded(at_once(layers_of([8, 0, 3]), given(rows=8)))
    assert is_folded(at_once(layers_of([8, 0, 3]), given(rows=9)))


def test_part_of_a_network_may_stand_in_a_row():
    layers = [nn.Flatten(), *layers_of([8, 0]), nn.Dropout(0.5), *layers_of([8, 0], features=8)]
    y = at_once(layers, given())
    assert is_folded(y)
    assert y.grad_fn.edges[0].edges[0].op.name == "dropout"


def test_a_class_or_an_op_that_somebody_exchanged(monkeypatch):
    layers = layers_of([8, 0, 3])
    calls = []
    forward = nn.Linear.forward
    with monkeypatch.context() as patch:
        patch.setattr(nn.Linear, "forward", lambda self, x: calls.append(1) or forward(self, x))
        at_once(layers, given())
    assert len(calls) == 2
    rectify = nn.ReLU.forward
    with monkeypatch.context() as patch:
        patch.setattr(nn.ReLU, "forward", lambda self, x: calls.append(3) or rectify(self, x))
        at_once(layers, given())
    assert calls.count(3) == 1
    call = nn.Module.__call__
    with monkeypatch.context() as patch:
        patch.setattr(nn.Module, "__call__", lambda self, x: calls.append(2) or call(self, x))
        at_once(layers, given())
    assert calls.count(2) == 4
    assert is_folded(at_once(layers, given()))


def test_without_grad_nothing_is_recorded():
    layers = layers_of([8, 0, 3])
    with tg.no_grad():
        y = at_once(layers, given())
    assert y._node is None and not y.requires_grad
    np.testing.assert_array_equal(y.numpy(), one_by_one(layers, given()).detach().numpy())


def test_inputs_that_are_no_tensors():
    layers = layers_of([8, 0, 3])
    for odd in (np.ones((67, 11), np.float32), [[1.0] * 11], None, 3):
        said = []
        for run in (at_once, one_by_one):
            try:
                said.append(raw_of(run(layers, odd)))
            except Exception as error:
                said.append((type(error), str(error).splitlines()[0]))
        np.testing.assert_equal(said[0], said[1])


def raw_of(y):
    return y.detach().numpy() if isinstance(y, tg.Tensor) else y


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
