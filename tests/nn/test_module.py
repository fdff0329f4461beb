"""Module: what it finds, in which order, what it refuses, how it is copied and printed."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.gradcheck import check_module


def tiny(lib):
    """A module with one of everything, in either library."""

    class Tiny(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.late = None
            self.scale = lib.nn.Parameter(lib.ones(2))
            self.register_buffer("mean", lib.zeros(2))
            self.net = lib.nn.Sequential(lib.nn.Linear(2, 3), lib.nn.ReLU(), lib.nn.Linear(3, 2))
            self.register_parameter("bias", None)
            self.register_buffer("step", lib.zeros(1), persistent=False)
            self.shared = self.net[0]
            self.register_module("nothing", None)
            self.tied = self.net[2].weight
            self.late = lib.nn.Parameter(lib.zeros(1))
            self.bias = lib.nn.Parameter(lib.zeros(3))

        def forward(self, x):
            return self.net(x * self.scale - self.mean)

    return Tiny()


def names(pairs):
    return [name for name, _ in pairs]


def everything(lib):
    m = tiny(lib)
    order = []
    m.apply(lambda module: order.append(type(module).__name__))  # PyTorch: twice if shared
    return {
        "parameters": names(m.named_parameters()),
        "own": names(m.named_parameters(recurse=False)),
        "with prefix": names(m.named_parameters(prefix="p")),
        "each": names(m.named_parameters(remove_duplicate=False)),
        "buffers": names(m.named_buffers()),
        "modules": names(m.named_modules()),
        "all modules": names(m.named_modules(remove_duplicate=False)),
        "modules prefix": names(m.named_modules(prefix="q")),
        "children": names(m.named_children()),
        "state": list(m.state_dict()),
        "state prefix": list(m.state_dict(prefix="x.")),
        "_modules": list(m._modules),
        "_parameters": list(m._parameters),
        "_buffers": list(m._buffers),
        "counts": [len(list(f())) for f in (m.parameters, m.buffers, m.modules, m.children)],
        "repr": repr(m),
        "applied to": list(dict.fromkeys(order)),
    }


@pytest.mark.torch
def test_names_and_their_order_are_those_of_pytorch():
    torch = pytest.importorskip("torch")
    ours, theirs = everything(tg), everything(torch)
    assert ours == theirs


def test_names_without_pytorch():
    m = tiny(tg)
    net = ["net.0.weight", "net.0.bias", "net.2.bias"]
    assert names(m.named_parameters()) == ["scale", "bias", "tied", "late", *net]
    assert names(m.named_buffers()) == ["mean", "step"]
    assert names(m.named_children()) == ["net", "shared"]
    assert "step" not in m.state_dict() and "shared.weight" in m.state_dict()


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(1, 2), (nn.Linear(2, 3, bias=False),)]
        self.named = {"a": nn.Parameter(tg.ones(1)), 5: [nn.Parameter(tg.ones(2))]}
        self.again = self.layers[0]


def test_members_in_lists_tuples_and_dicts_are_found_once():
    m = Nested()
    found = names(m.named_parameters())
    assert found == [
        "named.a",
        "named.5.0",
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.0.weight",
    ]
    assert names(m.named_modules()) == ["", "layers.0", "layers.1.0"]
    assert {"again.weight", "layers.0.weight"} <= m.state_dict().keys()
    assert m.get_submodule("layers.1.0") is m.layers[1][0]
    assert m.get_parameter("named.5.0") is m.named[5][0]


def test_values_load_into_lists_tuples_and_dicts():
    for assign in (False, True):
        a, b = Nested(), Nested()
        for p in a.parameters():
            p.data = p.data + 7
        b.load_state_dict(a.state_dict(), assign=assign)
        values = {name: p.tolist() for name, p in b.named_parameters()}
        assert values == {name: p.tolist() for name, p in a.named_parameters()}
        assert values["named.5.0"] == [8.0, 8.0]
        assert isinstance(b.layers[1], tuple)


def test_a_deep_chain_and_a_circle_need_no_recursion():
    top = m = nn.Identity()
    for _ in range(5000):
        m.inner = nn.Identity()
        m = m.inner
    assert len(list(top.modules())) == 5001 and top.eval().inner.training is False
    assert top.apply(lambda module: None) is top
    m.top = top
    assert len(list(top.modules())) == 5001 and not top.state_dict()


# ---------------------------------------------------------------------------- refusals


def refusals(lib):
    """Each bad call, and the error it raises."""

    class Forgot(lib.nn.Module):
        def __init__(self, value):
            self.part = value

    m = tiny(lib)
    x = lib.ones(2, requires_grad=True) * 2
    p = lib.nn.Parameter(lib.ones(1))
    return {
        "no init, module": lambda: Forgot(lib.nn.ReLU()),
        "no init, parameter": lambda: Forgot(p),
        "parameter gets tensor": lambda: setattr(m, "scale", lib.ones(2)),
        "parameter gets module": lambda: setattr(m, "scale", lib.nn.ReLU()),
        "module gets tensor": lambda: setattr(m, "net", lib.ones(2)),
        "module gets number": lambda: setattr(m, "nothing", 3),
        "buffer gets number": lambda: setattr(m, "mean", 3.0),
        "taken": lambda: m.register_buffer("forward", lib.ones(1)),
        "taken by a parameter": lambda: m.register_buffer("scale", lib.ones(1)),
        "dot": lambda: m.register_parameter("a.b", p),
        "empty": lambda: m.register_parameter("", p),
        "no string": lambda: m.register_parameter(3, p),
        "no parameter": lambda: m.register_parameter("a", lib.ones(1)),
        "not a leaf": lambda: m.register_parameter("a", x),
        "no module": lambda: m.add_module("a", p),
        "no tensor": lambda: m.register_buffer("a", 3),
        "no such module": lambda: m.get_submodule("net.7"),
        "not a module": lambda: m.get_submodule("scale"),
        "not a parameter": lambda: m.get_parameter("mean"),
        "not a buffer": lambda: m.get_buffer("scale"),
        "no path": lambda: m.set_submodule("", lib.nn.ReLU()),
        "strict path": lambda: m.set_submodule("net.9", lib.nn.ReLU(), strict=True),
        "mode": lambda: m.train(1),
        "dtype": lambda: m.to(lib.int64),
        "device": lambda: m.to("nowhere"),
        "no forward": lambda: lib.nn.Module()(1),
    }


@pytest.mark.parametrize("case", refusals(tg))
def test_a_refusal_changes_nothing(case):
    bad = refusals(tg)[case]
    cells = [cell.cell_contents for cell in bad.__closure__ or ()]
    m = next((c for c in cells if isinstance(c, nn.Module)), tiny(tg))
    before = repr(m), list(m.state_dict()), m.training, m.scale.dtype
    with pytest.raises((TypeError, KeyError, AttributeError, ValueError, RuntimeError)) as error:
        bad()
    assert len(str(error.value)) > 10
    assert before == (repr(m), list(m.state_dict()), m.training, m.scale.dtype)


@pytest.mark.torch
@pytest.mark.parametrize("case", refusals(tg))
def test_refusals_are_those_of_pytorch(case):
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as theirs:
        refusals(torch)[case]()
    with pytest.raises(theirs.type):
        refusals(tg)[case]()


def test_places_that_are_empty_can_be_filled():
    m = tiny(tg)
    m.net, m.mean, m.scale = None, None, None
    assert names(m.named_children()) == ["shared"] and "(net): None" in repr(m)
    assert "mean" not in m.state_dict() and "scale" not in m.state_dict()
    m.mean = tg.ones(4)
    assert list(names(m.named_buffers())) == ["mean", "step"]
    m.scale = nn.Parameter(tg.ones(1))
    assert next(iter(m.state_dict())) == "scale"


def test_attributes_are_deleted_and_replaced():
    m = tiny(tg)
    del m.step, m.net
    assert names(m.named_buffers()) == ["mean"] and names(m.named_children()) == ["shared"]
    m.step = 3  # free again
    other = tiny(tg)
    other.step = nn.Parameter(tg.ones(1))
    assert "step" in other.state_dict() and names(other.named_buffers()) == ["mean"]
    m.mean = nn.Parameter(tg.zeros(1))
    assert not list(m.buffers()) and "mean" in names(m.named_parameters())


def test_a_buffer_object_registers_itself():
    m = nn.Module()
    m.kept, m.lost = nn.Buffer(tg.ones(1)), nn.Buffer(tg.ones(1), persistent=False)
    assert names(m.named_buffers()) == ["kept", "lost"] and list(m.state_dict()) == ["kept"]


def test_a_property_of_the_class_takes_what_is_assigned():
    class WithProperty(nn.Module):
        @property
        def part(self):
            return self._inner

        @part.setter
        def part(self, value):
            self._inner = value

    m = WithProperty()
    m.part = nn.ReLU()
    assert names(m.named_children()) == ["_inner"]


def test_the_dicts_of_pytorch_can_be_written():
    m = nn.Module()
    m._modules["a"] = nn.ReLU()
    m._parameters["w"] = nn.Parameter(tg.ones(1))
    m._buffers["b"] = tg.ones(1)
    assert (names(m.named_children()), list(m.state_dict())) == (["a"], ["w", "b"])
    del m._modules["a"]
    assert not list(m.children()) and not hasattr(m, "a") and "w" in m._parameters
    with pytest.raises(KeyError):
        m._modules["a"]


# ---------------------------------------------------------------------------- all of it at once


def test_training_mode_reaches_all():
    m = Nested()
    assert m.eval() is m and not any(part.training for part in m.modules())
    assert all(part.training for part in m.train().modules())


def test_apply_visits_children_first_and_in_order():
    order = []
    m = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh(), nn.ELU()), nn.SiLU())
    assert m.apply(lambda module: order.append(type(module).__name__)) is m
    assert order == ["ReLU", "Tanh", "ELU", "Sequential", "SiLU", "Sequential"]


def test_freezing_and_forgetting_gradients():
    m = tiny(tg)
    m(tg.ones(4, 2)).sum().backward()
    m.zero_grad(set_to_none=False)
    assert not m.scale.grad.numpy().any() and m.late.grad is None
    m.zero_grad()
    assert m.scale.grad is None
    assert m.requires_grad_(False) is m and not any(p.requires_grad for p in m.parameters())
    assert not m(tg.ones(1, 2)).requires_grad


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda m: m.double(), "float64"),
        (lambda m: m.half(), "float16"),
        (lambda m: m.double().float(), "float32"),
        (lambda m: m.to(tg.float64), "float64"),
        (lambda m: m.to("cpu", tg.float64), "float64"),
        (lambda m: m.to(tg.zeros(1, dtype=tg.float64)), "float64"),
        (lambda m: m.type(tg.float16), "float16"),
        (lambda m: m.to("cpu"), "float32"),
        (lambda m: m.cpu(), "float32"),
    ],
)
def test_conversion_keeps_the_parameters_and_leaves_integers(convert, dtype):
    m = tiny(tg)
    m.register_buffer("count", tg.tensor([3]))
    m(tg.ones(1, 2)).sum().backward()
    parameter, value = m.scale, m.scale.grad.numpy()
    assert convert(m) is m
    assert {str(p.dtype) for p in [*m.parameters(), m.mean, m.scale.grad]} == {dtype}
    assert m.scale is parameter and parameter.is_leaf and m.count.dtype == tg.int64
    np.testing.assert_allclose(m.scale.grad.numpy(), value, rtol=1e-3)
    assert m(tg.ones(1, 2, dtype=np.dtype(dtype))).dtype == dtype
    with pytest.raises(RuntimeError):
        m.cuda()


def test_an_optimizer_follows_a_conversion():
    m = nn.Linear(2, 1)
    optimizer = tg.optim.SGD(m.parameters(), lr=1.0)
    m.double()
    before = m.weight.detach().numpy().copy()
    m(tg.ones(1, 2, dtype=tg.float64)).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(m.weight.detach().numpy(), before - 1)


def test_copies_are_independent_and_keep_what_is_shared():
    m = tiny(tg)
    m(tg.ones(1, 2)).sum().backward()
    twin = copy.deepcopy(m)
    assert twin.tied is twin.net[2].weight and twin.shared is twin.net[0]
    assert twin.scale.grad is None and twin.scale.requires_grad  # as in PyTorch
    assert repr(twin) == repr(m) and list(twin.state_dict()) == list(m.state_dict())
    with tg.no_grad():
        twin.scale.add_(1)
    assert not copy.deepcopy(nn.Linear(1, 1).requires_grad_(False)).weight.requires_grad
    assert m.scale.tolist() == [1, 1]
    loaded = pickle.loads(pickle.dumps(nn.Sequential(m.net, m.net)))
    assert loaded[0] is loaded[1] and loaded[0][0].weight.requires_grad
    loaded[0](tg.ones(1, 2)).sum().backward()
    assert loaded[0][0].weight.grad is not None
    assert loaded[0][0].weight.is_leaf


def test_a_shallow_copy_has_books_of_its_own():
    m = nn.Linear(1, 1)
    twin = copy.copy(m)
    twin.extra = nn.Parameter(tg.ones(1))
    m.extra = 3
    assert twin.weight is m.weight and "extra" not in m.state_dict()


def test_printing():
    class Described(nn.Module):
        def __init__(self, text):
            super().__init__()
            self.text, self.act = text, nn.ReLU()

        def extra_repr(self):
            return self.text

    assert repr(Described("a=1\nb=2")) == "Described(\n  a=1\n  b=2\n  (act): ReLU()\n)"
    assert repr(Described("")) == "Described(\n  (act): ReLU()\n)"
    m = nn.Sequential(nn.ReLU())
    assert "0" not in dir(m) and "forward" in dir(m)


def test_submodules_are_set_by_path():
    m = tiny(tg)
    m.set_submodule("net.1", nn.Identity())
    assert isinstance(m.net[1], nn.Identity) and m.get_submodule("") is m
    m.set_submodule("net.extra", nn.ReLU())
    assert names(m.net.named_children()) == ["0", "1", "2", "extra"]
    assert m.get_buffer("mean") is m.mean and m.get_parameter("net.0.bias") is m.net[0].bias


def test_the_gradient_of_shared_parameters():
    x = np.random.default_rng(0).normal(size=(4, 2))
    report = check_module(tiny(tg), nn.MSELoss(), (tg.tensor(x), tg.zeros(4, 2)))
    used = ["scale", "tied", "net.0.weight", "net.0.bias", "net.2.bias"]
    verdicts = {part.name: part.verdict for part in report.parts}
    assert {name: verdicts[name] for name in used} == dict.fromkeys(used, "pass")


# ---------------------------------------------------------------------------- as a function


def test_functional_call_puts_everything_back():
    m = Nested()
    m.forward = lambda x: m.layers[1][0](m.layers[0](x)) * m.named[5][0].sum()
    own = dict(m.named_parameters())
    new = {name: tg.ones(*p.shape) for name, p in own.items()}
    out = nn.functional_call(m, new, tg.ones(1, 1))
    assert out.tolist() == [[8.0, 8.0, 8.0]]  # two hidden values of 2, summed, times 1 + 1
    assert all(p is own[name] for name, p in m.named_parameters())
    assert isinstance(m.layers[1], tuple)
    with pytest.raises(ZeroDivisionError):
        m.forward = lambda: 1 / 0
        nn.functional_call(m, new)
    assert all(p is own[name] for name, p in m.named_parameters())


def test_functional_call_gradients_reach_the_given_tensors():
    layer = nn.Linear(2, 1)
    given = tg.ones(1, 2, requires_grad=True)
    nn.functional_call(layer, [{"weight": given}], (tg.tensor([[3.0, 4.0]]),)).sum().backward()
    assert given.grad.tolist() == [[3.0, 4.0]] and layer.weight.grad is None


def test_functional_call_with_ties_and_buffers():
    m = tiny(tg)
    new = {"tied": tg.zeros(2, 3), "net.2.bias": tg.ones(2), "mean": tg.ones(2)}
    assert nn.functional_call(m, new, tg.ones(1, 2)).tolist() == [[1.0, 1.0]]
    untied = nn.functional_call(m, new, tg.ones(1, 2), tie_weights=False)
    with tg.no_grad():
        hidden = m.net[1](m.net[0](tg.zeros(1, 2)))
        expected = hidden @ m.net[2].weight.T + 1
    np.testing.assert_allclose(untied.detach().numpy(), expected.numpy(), rtol=1e-6)


def test_functional_call_replaces_buffers_that_are_not_saved():
    m = tiny(tg)
    m.forward = lambda: m.step * 2
    assert nn.functional_call(m, {"step": tg.ones(1) * 4}).tolist() == [8.0]
    assert m.step.tolist() == [0.0]


@pytest.mark.parametrize(
    ("values", "options", "text"),
    [
        ({"wieght": 1}, {}, "wieght"),
        ({"weight": 3}, {}, "must be a Tensor"),
        ({"weight": tg.ones(1, 2)}, {"strict": True}, "bias"),
        (3, {}, "must be a dict"),
        ([{"bias": tg.ones(1)}, {"bias": tg.ones(1)}], {}, "more than one"),
    ],
)
def test_functional_call_refuses(values, options, text):
    layer = nn.Linear(2, 1)
    weight = layer.weight
    with pytest.raises((KeyError, TypeError, ValueError), match=text):
        nn.functional_call(layer, values, tg.ones(1, 2), **options)
    assert layer.weight is weight


# ---------------------------------------------------------------------------- as a vector


def test_parameters_as_a_vector():
    m = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = nn.utils.parameters_to_vector(m.parameters())
    assert vector.shape == (6 + 3 + 3 + 1,)
    up = tg.tensor(np.random.default_rng(0).normal(size=13).astype(np.float32))
    (vector * up).sum().backward()
    got = np.concatenate([p.grad.numpy().ravel() for p in m.parameters()])
    np.testing.assert_array_equal(got, up.numpy())
    nn.utils.vector_to_parameters(tg.arange(13.0), m.parameters())
    assert m[0].weight.tolist() == [[0, 1], [2, 3], [4, 5]] and m[1].bias.tolist() == [12]
    assert m[0].weight.requires_grad and m[0].weight.is_leaf


@pytest.mark.parametrize("length", [12, 14])
def test_a_vector_that_does_not_fit_changes_nothing(length):
    m = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    before = nn.utils.parameters_to_vector(m.parameters()).tolist()
    with pytest.raises(ValueError, match=rf"\({length},\).*13 elements"):
        nn.utils.vector_to_parameters(tg.zeros(length), m.parameters())
    with pytest.raises(TypeError, match="vec"):
        nn.utils.vector_to_parameters([0.0] * 13, m.parameters())
    with pytest.raises(TypeError, match="number 1 is int"):
        nn.utils.parameters_to_vector([tg.ones(1), 3])
    with pytest.raises(ValueError, match="no parameters"):
        nn.utils.parameters_to_vector([])
    assert nn.utils.parameters_to_vector(m.parameters()).tolist() == before
