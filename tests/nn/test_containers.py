"""Containers: PyTorch's list and dict behaviour, its names, its errors and how they print."""

from collections import OrderedDict

import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.gradcheck import check_module


def act(lib, *names):
    return [getattr(lib.nn, name)() for name in names]


def kinds(modules):
    return [type(m).__name__ for m in modules]


ACTS = ("ReLU", "Tanh", "Sigmoid", "Softplus")


# Each scenario runs in both libraries; what it returns must be equal.


def sequential(lib):
    s = lib.nn.Sequential(*act(lib, *ACTS))
    found = [kinds(s), len(s), type(s[1]).__name__, type(s[-1]).__name__, repr(s[1:3])]
    s[0] = lib.nn.Identity()
    s[-1] = lib.nn.Identity()
    found.append(repr(s))
    del s[1]
    found.append((list(s._modules), repr(s)))
    del s[:2]
    found.append(repr(s))
    s.append(lib.nn.ReLU()).extend(act(lib, "Tanh", "Sigmoid"))
    s.insert(1, lib.nn.Softplus())
    s.insert(-1, lib.nn.ELU())
    s.insert(len(s), lib.nn.SiLU())
    found.append(repr(s))
    found.append((type(s.pop(0)).__name__, repr(s)))
    found.append(type(s.pop(-1)).__name__)
    found.append(repr(s + lib.nn.Sequential(lib.nn.ReLU())))
    s += lib.nn.Sequential(lib.nn.ReLU())
    found.append(repr(s))
    found.append((repr(s * 2), repr(2 * s)))
    s *= 2
    found.append((repr(s), list(s._modules)))
    return found


def sequential_with_names(lib):
    s = lib.nn.Sequential(OrderedDict(first=lib.nn.ReLU(), second=lib.nn.Linear(2, 2)))
    found = [repr(s), repr(s[:1]), type(s.first).__name__, list(s.state_dict())]
    s.append(lib.nn.Tanh())
    s[0] = lib.nn.Sigmoid()
    found.append((repr(s), list(s._modules)))
    return found


def sequential_shared(lib):
    layer = lib.nn.Linear(2, 2)
    s = lib.nn.Sequential(layer, lib.nn.ReLU(), layer)
    with lib.no_grad():
        layer.weight.copy_(lib.ones(2, 2))
        layer.bias.copy_(lib.ones(2))
    names = [n for n, _ in s.named_parameters()]
    return [names, list(s.state_dict()), s(lib.ones(1, 2)).tolist(), len(s), repr(s)]


def sequential_subclass(lib):
    class Net(lib.nn.Sequential):
        def __init__(self, *args):
            super().__init__(*args)

    return [repr(Net(lib.nn.ReLU(), lib.nn.Tanh())[:1]), repr(Net() + Net(lib.nn.ReLU()))]


def module_list(lib):
    m = lib.nn.ModuleList(act(lib, "ReLU", "ReLU", "Tanh"))
    found = [repr(m), len(m), kinds(m), type(m[-1]).__name__, repr(m[1:]), repr(m + m)]
    m.append(lib.nn.Sequential(lib.nn.Linear(1, 2), lib.nn.ReLU()))
    m.extend([lib.nn.Sequential(lib.nn.Linear(1, 2), lib.nn.ReLU())])
    m.insert(0, lib.nn.Tanh())
    m += act(lib, "Sigmoid")
    found.append((repr(m), list(m.state_dict()), list(m._modules)))
    m[1] = lib.nn.Identity()
    del m[-1]
    found.append((type(m.pop(2)).__name__, repr(m)))
    del m[::2]
    return [*found, repr(m), list(m._modules), repr(lib.nn.ModuleList()), len(lib.nn.ModuleList())]


def module_dict(lib):
    m = lib.nn.ModuleDict({"b": lib.nn.ReLU(), "a": lib.nn.Linear(1, 2)})
    m["c"] = lib.nn.Tanh()
    found = [repr(m), len(m), list(m), list(m.keys()), kinds(m.values()), "a" in m, "z" in m]
    m.update([("d", lib.nn.Sigmoid()), ["b", lib.nn.ELU()]])
    m.update(OrderedDict(e=lib.nn.Tanh()))
    m.update(lib.nn.ModuleDict({"f": lib.nn.ReLU()}))
    found.append((repr(m), [k for k, _ in m.items()], list(m.state_dict())))
    found.append((type(m.pop("b")).__name__, type(m["a"]).__name__))
    del m["d"]
    found.append(repr(m))
    m.clear()
    return [*found, repr(m), len(m)]


def parameter_list(lib):
    p = lib.nn.ParameterList([lib.ones(2, 3), lib.nn.Parameter(lib.ones(4))])
    found = [repr(p), len(p), [tuple(x.shape) for x in p], list(p.state_dict())]
    p.append(lib.ones(1)).extend([lib.ones(5), "text"])
    p += [lib.ones(())]
    found.append((repr(p), [n for n, _ in p.named_parameters()], type(p[2]).__name__))
    p[0] = lib.ones(7)
    found.append((tuple(p[0].shape), tuple(p[-1].shape), repr(p[1:3]), p[4]))
    return [*found, repr(lib.nn.ParameterList()), repr(lib.nn.ParameterList([lib.ones(1)]))]


def parameter_dict(lib):
    p = lib.nn.ParameterDict({"b": lib.ones(2, 3), "a": lib.nn.Parameter(lib.ones(4))})
    p["n"] = 3
    found = [repr(p), len(p), list(p), list(reversed(p)), "a" in p, "z" in p, p.get("z", 5)]
    found.append((p.setdefault("n", 9), p.setdefault("m", 9), list(p.keys())))
    found.append([getattr(value, "shape", value) for value in p.values()])
    found.append([n for n, _ in p.named_parameters()])
    both = p | lib.nn.ParameterDict({"x": lib.ones(1)})
    found.append((list(both), list(p), list(p.copy())))
    p |= lib.nn.ParameterDict({"y": lib.ones(1)})
    found.append((list(p), p.popitem()[0], p.pop("m"), list(p)))
    found.append(list(p.fromkeys(["u", "v"], lib.ones(1))))
    del p["a"]
    found.append((list(p), [k for k, _ in p.items()], list(p.state_dict())))
    p.clear()
    return [*found, len(p), repr(p)]


def reshaping(lib):
    x = lib.ones(2, 3, 4, 5)
    flat = [lib.nn.Flatten(), lib.nn.Flatten(0), lib.nn.Flatten(2, 3), lib.nn.Flatten(0, -2)]
    found = [(repr(f), tuple(f(x).shape)) for f in flat]
    deep = [lib.nn.Unflatten(1, (3, 1)), lib.nn.Unflatten(-1, [5, 1]), lib.nn.Unflatten(2, (-1, 2))]
    found += [(repr(u), tuple(u(x).shape)) for u in deep]
    identity = lib.nn.Identity(3, bias=False)
    return [*found, repr(identity), identity(x) is x]


def nested(lib):
    return repr(
        lib.nn.Sequential(
            lib.nn.ModuleList([lib.nn.Sequential(lib.nn.Linear(1, 1), lib.nn.ReLU())] * 3),
            lib.nn.ModuleDict({"p": lib.nn.ParameterList([lib.ones(1), lib.ones(2)])}),
            lib.nn.ParameterDict({"w": lib.ones(2)}),
            lib.nn.Sequential(),
        )
    )


SCENARIOS = [
    sequential,
    sequential_with_names,
    sequential_shared,
    sequential_subclass,
    module_list,
    module_dict,
    parameter_list,
    parameter_dict,
    reshaping,
    nested,
]


@pytest.mark.torch
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_containers_are_those_of_pytorch(scenario):
    torch = pytest.importorskip("torch")
    assert scenario(tg) == scenario(torch)


# Bad calls: the error must be one of PyTorch's kind, and nothing may change.
MISUSE = {
    "index": lambda lib, s: s[4],
    "negative index": lambda lib, s: s[-5],
    "set beyond": lambda lib, s: s.__setitem__(9, lib.nn.ReLU()),
    "delete beyond": lambda lib, s: s.__delitem__(9),
    "insert beyond": lambda lib, s: s.insert(9, lib.nn.ReLU()),
    "append a number": lambda lib, s: s.append(3),
    "set a number": lambda lib, s: s.__setitem__(0, 3),
    "add a list": lambda lib, s: s.__add__([3]),
    "times zero": lambda lib, s: s * 0,
    "times a float": lambda lib, s: s * 1.5,
    "construct": lambda lib, s: lib.nn.Sequential(3),
    "dots": lambda lib, s: lib.nn.Sequential(OrderedDict({"a.b": lib.nn.ReLU()})),
    "a method's name": lambda lib, s: lib.nn.ModuleDict({"forward": lib.nn.ReLU()}),
    "no pairs": lambda lib, s: lib.nn.ModuleDict([3]),
    "not iterable": lambda lib, s: lib.nn.ModuleDict(3),
    "three of a pair": lambda lib, s: lib.nn.ModuleDict([("a", 1, 2)]),
    "no such key": lambda lib, s: lib.nn.ModuleDict()["a"],
    "pop no such key": lambda lib, s: lib.nn.ModuleDict().pop("a"),
    "number in a list": lambda lib, s: lib.nn.ModuleList([3]),
    "extend by a number": lambda lib, s: lib.nn.ModuleList().extend(3),
    "call a list": lambda lib, s: lib.nn.ModuleList()(1),
    "call parameters": lambda lib, s: lib.nn.ParameterList()(1),
    "call a dict": lambda lib, s: lib.nn.ParameterDict()(1),
    "extend by a tensor": lambda lib, s: lib.nn.ParameterList().extend(lib.ones(3)),
    "parameter beyond": lambda lib, s: lib.nn.ParameterList([lib.ones(1)])[1],
    "integer key": lambda lib, s: lib.nn.ParameterDict([(3, lib.ones(1))]),
    "dict of a number": lambda lib, s: lib.nn.ParameterDict(3),
    "size of floats": lambda lib, s: lib.nn.Unflatten(1, (2.0, 3)),
    "size a number": lambda lib, s: lib.nn.Unflatten(1, 6),
    "sizes that do not fit": lambda lib, s: lib.nn.Unflatten(1, (2, 3))(lib.ones(2, 5)),
    "flatten backwards": lambda lib, s: lib.nn.Flatten(2, 1)(lib.ones(2, 5, 3)),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_changes_nothing(case):
    s = nn.Sequential(*act(tg, *ACTS))
    with pytest.raises((TypeError, KeyError, ValueError, RuntimeError, IndexError)):
        MISUSE[case](tg, s)
    assert kinds(s) == list(ACTS)


@pytest.mark.torch
@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_as_in_pytorch(case):
    torch = pytest.importorskip("torch")
    with pytest.raises(Exception) as theirs:
        MISUSE[case](torch, torch.nn.Sequential(*act(torch, *ACTS)))
    with pytest.raises(theirs.type):
        MISUSE[case](tg, nn.Sequential(*act(tg, *ACTS)))


def test_a_key_cannot_hide_a_method():
    with pytest.raises(KeyError, match="keys"):
        nn.ParameterDict({"keys": tg.ones(1)})
    assert list(nn.ParameterDict({"k": tg.ones(1)}).keys()) == ["k"]


def test_insert_needs_a_module():
    s = nn.Sequential(nn.ReLU())
    with pytest.raises(TypeError, match=r"nn\.Module"):
        s.insert(0, 3)
    assert kinds(s) == ["ReLU"]


def test_the_gradient_through_all_of_them():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(2))
            self.heads = nn.ModuleDict({"a": nn.Linear(4, 1), "b": nn.Linear(4, 1)})
            self.factors = nn.ParameterList([tg.ones(4), tg.ones(1) * 2])
            self.shift = nn.ParameterDict({"left": tg.ones(4)})
            self.form = nn.Sequential(nn.Flatten(), nn.Identity(), nn.Unflatten(1, (2, 2)))

        def forward(self, x):
            x = self.form(x).reshape(-1, 4)
            for layer in self.layers:
                x = tg.tanh(layer(x)) * self.factors[0] + self.shift["left"]
            return (self.heads["a"](x) + self.heads["b"](x)) * self.factors[1]

    tg.manual_seed(0)
    x = tg.randn(3, 2, 2, dtype=tg.float64)
    report = check_module(Net(), nn.MSELoss(), (x, tg.zeros(3, 1)))
    assert report.verdict == "pass" and len(report.parts) == 4 + 4 + 2 + 1
