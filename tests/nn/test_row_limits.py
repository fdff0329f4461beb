"""What is changed before backward, and layers that can't stand in a row: as one by one."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tests.nn.rows import at_once, described, given, is_folded, layers_of, one_by_one, parameters_of
from tinygrad_edu import nn
from tinygrad_edu.engine import Node
from tinygrad_edu.errors import InPlaceError
from tinygrad_edu.ops.affine import _linear
from tinygrad_edu.ops.rectifiers import relu

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
