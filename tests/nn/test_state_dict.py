"""State dicts: what is in them, and that they load as a whole or not at all."""

import pickle
import re
from collections import OrderedDict

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn


def net(lib):
    """Layers, a tied weight, buffers that are saved and not, a number without axes."""

    class Net(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.ReLU(), lib.nn.Linear(4, 3))
            self.out = self.layers[2].weight
            self.register_buffer("mean", lib.ones(3))
            self.register_buffer("count", lib.tensor(7))
            self.register_buffer("scratch", lib.ones(5), persistent=False)
            self.scale = lib.nn.Parameter(lib.tensor(2.0))

        def forward(self, x):
            return self.layers(x) * self.scale + self.mean

    return Net()


KEYS = [
    *("out", "scale", "mean", "count"),
    *("layers.0.weight", "layers.0.bias", "layers.2.weight", "layers.2.bias"),
]


def values(module):
    return {name: t.detach().numpy().copy() for name, t in module.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def test_keys_and_sharing():
    m = net(tg)
    state = m.state_dict()
    assert list(state) == KEYS and isinstance(state, OrderedDict)
    assert not any(t.requires_grad for t in state.values())
    state["mean"] += 1  # memory is shared
    assert m.mean.tolist() == [2, 2, 2]
    assert np.shares_memory(state["out"].numpy(), m.layers[2].weight.detach().numpy())
    kept = m.state_dict(keep_vars=True)
    assert kept["out"] is m.out and kept["layers.2.weight"] is m.out
    given = {"other": 1}
    assert m.state_dict(destination=given, prefix="m.") is given
    assert list(given) == ["other", *("m." + key for key in KEYS)]


def test_a_round_trip_copies_the_values():
    a, b = net(tg), net(tg)
    with tg.no_grad():
        a.mean.fill_(5)
        a.count.fill_(9)
    own = list(b.parameters())
    result = b.load_state_dict(a.state_dict())
    assert result.missing_keys == [] and result.unexpected_keys == []
    assert tuple(result) == ([], []) and repr(result) == "<All keys matched successfully>"
    assert same(values(a), values(b)) and b.count.item() == 9
    assert all(p is q for p, q in zip(own, b.parameters(), strict=True))
    with tg.no_grad():
        a.mean.fill_(6)
    assert b.mean.tolist() == [5, 5, 5]


def test_values_may_be_views_of_the_module_itself():
    m = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before, state = values(m), m.state_dict()
    exchanged = {key: state[("1" if key[0] == "0" else "0") + key[1:]] for key in state}
    m.load_state_dict(exchanged)
    after = values(m)
    np.testing.assert_array_equal(after["0.weight"], before["1.weight"])
    np.testing.assert_array_equal(after["1.weight"], before["0.weight"])


def test_dtypes_are_those_of_the_module():
    m = net(tg)
    state = {name: np.asarray(v, np.float64) + 1 for name, v in values(m).items()}
    m.load_state_dict(state)
    assert m.mean.dtype == tg.float32 and m.count.dtype == tg.int64 and m.count.item() == 8


def test_a_backward_after_loading_says_that_values_changed():
    m = net(tg)
    loss = (m.layers(tg.ones(1, 3)) ** 2).sum()
    m.load_state_dict(values(m))
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        loss.backward()


# ---------------------------------------------------------------------------- misfits


def changed(**changes):
    state = values(net(tg))
    for name, value in changes.items():
        name = name.replace("__", ".")
        if value is None:
            del state[name]
        else:
            state[name] = value
    return state


MISFITS = {
    "missing": (changed(mean=None), ['Missing key(s) in state_dict: "mean"']),
    "unexpected": (changed(extra=np.ones(1)), ['Unexpected key(s) in state_dict: "extra"']),
    "shape": (
        changed(layers__2__bias=np.ones(4)),
        ["size mismatch for layers.2.bias", "(4,) from checkpoint", "current model is (3,)"],
    ),
    "same size": (changed(mean=np.ones((1, 3))), ["size mismatch for mean", "(1, 3) from"]),
    "number": (changed(mean=3.0), ['"mean"', "got float"]),
    "text": (changed(mean=np.array(["a", "b", "c"])), ['"mean"', "<U1"]),
    "complex": (changed(mean=np.ones(3, complex)), ['"mean"', "complex128"]),
    "object": (changed(mean=np.array([1, 2, None])), ['"mean"', "object"]),
    "all": (
        changed(mean=None, extra=np.ones(1), layers__2__bias=np.ones(4), count=np.ones(2)),
        ["Missing", "Unexpected", "for layers.2.bias", "for count"],
    ),
}


@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("case", MISFITS)
def test_a_misfit_names_key_and_shapes_and_changes_nothing(case, assign):
    state, texts = MISFITS[case]
    m = net(tg)
    before, own = values(m), dict(m.named_parameters())
    with pytest.raises(RuntimeError, match=re.escape("loading state_dict for Net")) as error:
        m.load_state_dict(state, assign=assign)
    assert all(text in str(error.value) for text in texts), str(error.value)
    assert same(before, values(m)) and all(own[n] is p for n, p in m.named_parameters())


def test_unless_strict_only_names_may_differ():
    m = net(tg)
    before = values(m)
    state = changed(mean=None, extra=np.ones(1), scale=np.array(5.0))
    result = m.load_state_dict(state, strict=False)
    assert result == (["mean"], ["extra"]) and m.scale.item() == 5
    assert "missing_keys=['mean']" in repr(result)
    np.testing.assert_array_equal(m.mean.numpy(), before["mean"])
    before = values(m)
    with pytest.raises(RuntimeError, match="size mismatch"):
        m.load_state_dict({"scale": np.array(1.0), "mean": np.ones(4)}, strict=False)
    assert same(before, values(m))


def test_what_is_no_dict_is_refused():
    with pytest.raises(TypeError, match="dict-like, got list"):
        net(tg).load_state_dict([("mean", np.ones(3))])


def test_read_only_memory_is_refused_before_anything_is_written():
    m = nn.Sequential(nn.Linear(2, 1), nn.Linear(1, 1))
    array = np.ones((1, 1), np.float32)
    array.flags.writeable = False
    m[1].weight = nn.Parameter(array)
    before = values(m)
    state = {name: value + 1 for name, value in before.items()}
    with pytest.raises(RuntimeError, match=r"1\.weight is read-only"):
        m.load_state_dict(state)
    assert same(before, values(m))
    m.load_state_dict(state, assign=True)
    assert same(state, values(m))


# ---------------------------------------------------------------------------- assign


def test_assign_takes_dtype_and_memory():
    m = net(tg)
    m.layers.requires_grad_(False)
    state = {name: tg.tensor(np.asarray(v, np.float64)) for name, v in values(m).items()}
    m.load_state_dict(state, assign=True)
    assert m.mean is state["mean"] and m.scale.dtype == tg.float64
    assert np.shares_memory(m.scale.detach().numpy(), state["scale"].numpy())
    assert isinstance(m.scale, nn.Parameter) and m.scale.requires_grad
    assert not m.layers[0].weight.requires_grad
    assert m(tg.ones(1, 3, dtype=tg.float64)).dtype == tg.float64


def test_assign_keeps_a_given_parameter():
    m, p = nn.Linear(2, 1, bias=False), nn.Parameter(tg.ones(1, 2), requires_grad=False)
    m.load_state_dict({"weight": p}, assign=True)
    assert m.weight is p and p.requires_grad


def test_assign_refuses_integers_for_what_is_trained():
    m = nn.Linear(2, 1, bias=False)
    weight = m.weight
    with pytest.raises(RuntimeError, match="cannot be int64"):
        m.load_state_dict({"weight": np.ones((1, 2), np.int64)}, assign=True)
    assert m.weight is weight


# ---------------------------------------------------------------------------- PyTorch


def outcome(lib, change, **options):
    """What loading a changed state dict returns or raises, and what is in the module then."""
    a, b = net(lib), net(lib)
    with lib.no_grad():
        for i, t in enumerate(b.state_dict().values()):
            t.fill_(i)
    state = b.state_dict()
    change(state, lib)
    result = None
    try:
        result = tuple(a.load_state_dict(state, **options))
    except Exception as error:
        return type(error).__name__
    return result, {
        k: (v.tolist(), str(v.dtype).rpartition(".")[2])
        for k, v in a.state_dict().items()
        if k in state
    }


CHANGES = {
    "nothing": lambda s, lib: None,
    "missing": lambda s, lib: s.pop("mean"),
    "extra": lambda s, lib: s.update(extra=lib.ones(1)),
    "shape": lambda s, lib: s.update(mean=lib.ones(4)),
    "dtype": lambda s, lib: s.update(mean=lib.ones(3, dtype=lib.float64) / 3),
    "float into integer": lambda s, lib: s.update(count=lib.tensor(2.7)),
    "tied apart": lambda s, lib: s.update(out=lib.ones(3, 4)),
    "number": lambda s, lib: s.update(mean=3.0),
    "order": lambda s, lib: s.move_to_end("out"),
}


@pytest.mark.torch
@pytest.mark.parametrize("options", [{}, {"strict": False}, {"assign": True}])
@pytest.mark.parametrize("change", CHANGES)
def test_loading_ends_as_in_pytorch(change, options):
    torch = pytest.importorskip("torch")
    ours, theirs = (outcome(lib, CHANGES[change], **options) for lib in (tg, torch))
    assert ours == theirs


@pytest.mark.torch
def test_the_error_has_the_words_of_pytorch():
    torch = pytest.importorskip("torch")
    state = {"extra": np.ones(1), "mean": np.ones(4)}
    messages = []
    for lib, wrap in ((tg, tg.tensor), (torch, torch.tensor)):
        with pytest.raises(RuntimeError) as error:
            net(lib).load_state_dict({name: wrap(v) for name, v in state.items()})
        text = str(error.value).partition("\n  at ")[0].replace("torch.Size([4])", "(4,)")
        messages.append(text.replace("torch.Size([3])", "(3,)").replace(". \n", ".\n"))
    assert messages[0] == messages[1]


@pytest.mark.torch
def test_weights_travel_both_ways():
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    ours, theirs = net(tg), net(torch)
    # A state dict of PyTorch's, and its parameters with their history.
    for state in (theirs.state_dict(), dict(theirs.state_dict(keep_vars=True))):
        ours.load_state_dict(state)
        expected = theirs(torch.tensor(x)).detach().numpy()
        np.testing.assert_allclose(
            ours(tg.tensor(x)).detach().numpy(), expected, rtol=1e-5, atol=1e-6
        )
    fresh = net(tg)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in fresh.state_dict().items()})
    expected = fresh(tg.tensor(x)).detach().numpy()
    np.testing.assert_allclose(
        theirs(torch.tensor(x)).detach().numpy(), expected, rtol=1e-5, atol=1e-6
    )


def test_a_state_dict_survives_pickling():
    m = net(tg)
    state = pickle.loads(pickle.dumps(m.state_dict()))
    assert list(state) == KEYS and same(values(m), {k: v.numpy() for k, v in state.items()})
    assert net(tg).load_state_dict(state).missing_keys == []
