"""Hooks of modules: their arguments, their order, what they replace, and that they cost nothing."""

import copy
import gc
import warnings

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.gradcheck import check_module


def plain(value):
    """Tensors of either library as lists, so that two runs can be compared."""
    if isinstance(value, (tuple, list)):
        return tuple(plain(v) for v in value)
    return value.tolist() if hasattr(value, "tolist") else value


def module(lib, forward):
    """A module with the given forward."""

    class Given(lib.nn.Module):
        def forward(self, *args, **kwargs):
            return forward(*args, **kwargs)

    return Given()


def leaf(lib, values):
    return lib.tensor(values, requires_grad=True)


# Each scenario runs in both libraries and returns (or logs) plain values.


def forward_arguments(lib, log):
    m = module(lib, lambda a, b=1: a * b)
    m.register_forward_pre_hook(lambda mod, args: log(("pre", mod is m, args)))
    m.register_forward_pre_hook(
        lambda mod, args, kwargs: log(("pre kw", args, kwargs["b"])), with_kwargs=True
    )
    m.register_forward_hook(lambda mod, args, out: log(("post", mod is m, args, out)))
    m.register_forward_hook(
        lambda mod, args, kwargs, out: log(("post kw", kwargs["b"], out)), with_kwargs=True
    )
    log(m(lib.tensor([1.0, 2.0]), b=3))


def forward_replacements(lib, log):
    m = module(lib, lambda a, b=1: a * b)
    m.register_forward_pre_hook(lambda mod, args: args[0] + 1)
    m.register_forward_pre_hook(lambda mod, args: (args[0] * 2,))
    m.register_forward_pre_hook(lambda mod, a, k: (a, {"b": 10}), with_kwargs=True)
    m.register_forward_hook(lambda mod, args, out: out - args[0])
    m.register_forward_hook(lambda mod, args, out: out / 2)
    log(m(lib.tensor([1.0])))


def kwargs_survive_a_plain_hook(lib, log):
    m = module(lib, lambda a, b=1: a * b)
    m.register_forward_pre_hook(lambda mod, args: args[0] + 1)
    log(m(lib.tensor([1.0]), b=5))


def order_and_prepend(lib, log):
    m = module(lib, lambda a: a * 2)
    for kind in ("forward_pre", "forward", "full_backward_pre", "full_backward"):
        register = getattr(m, f"register_{kind}_hook")
        register(lambda *a, kind=kind: log(kind + " 1"))
        register(lambda *a, kind=kind: log(kind + " 2"))
        register(lambda *a, kind=kind: log(kind + " 0"), prepend=True)
    m(leaf(lib, [1.0])).sum().backward()


def removal(lib, log):
    m = module(lib, lambda a: a * 2)
    handle = m.register_forward_hook(lambda *a: log("forward"))
    with m.register_full_backward_hook(lambda *a: log("backward")):
        m(leaf(lib, [1.0])).sum().backward()
    handle.remove()
    handle.remove()
    m(leaf(lib, [1.0])).sum().backward()


def always_called(lib, log):
    def fail(a):
        raise ZeroDivisionError

    m = module(lib, fail)
    m.register_forward_hook(lambda mod, args, out: log(("always", out)), always_call=True)
    m.register_forward_hook(lambda mod, args, out: log("never"))
    try:
        m(lib.ones(1))
    except ZeroDivisionError:
        log("raised")


def called_once(lib, log):
    def fail(mod, args, out):
        raise ZeroDivisionError

    m = module(lib, lambda a: a * 2)
    m.register_forward_hook(lambda mod, args, out: log(("once", out)), always_call=True)
    m.register_forward_hook(fail)
    m.register_forward_hook(lambda mod, args, out: log(("after", out)), always_call=True)
    try:
        m(lib.ones(1))
    except ZeroDivisionError:
        log("raised")


def backward_arguments(lib, log):
    m = module(lib, lambda a, b: a * b)
    m.register_full_backward_pre_hook(lambda mod, go: log(("pre", mod is m, go)))
    m.register_full_backward_hook(lambda mod, gi, go: log((mod is m, gi, go)))
    a, b = leaf(lib, [1.0, 2.0]), leaf(lib, [5.0, 7.0])
    (m(a, b) * lib.tensor([1.0, 10.0])).sum().backward()
    log((a.grad, b.grad))


def backward_replacements(lib, log):
    m = module(lib, lambda a, b: a * b)
    m.register_full_backward_pre_hook(lambda mod, go: (go[0] * 2,))
    m.register_full_backward_hook(lambda mod, gi, go: (gi[0] + 1, gi[1] * go[0]))
    m.register_full_backward_hook(lambda mod, gi, go: (gi[1], gi[0]))
    a, b = leaf(lib, [1.0, 2.0]), leaf(lib, [5.0, 7.0])
    (m(a, b) * lib.tensor([1.0, 10.0])).sum().backward()
    log((a.grad, b.grad))


def no_tensor_among_the_arguments(lib, log):
    m = module(lib, lambda a, text, b, k=None: (a * 2, text, b + 1))
    m.register_full_backward_hook(lambda mod, gi, go: log((gi, go)))
    a = leaf(lib, [1.0, 2.0])
    out = m(a, "text", lib.ones(2), k=a)
    out[0].sum().backward()
    log(a.grad)


def unused_inputs_and_outputs(lib, log):
    m = module(lib, lambda a, b: (a * 2, a * 3))
    m.register_full_backward_hook(lambda mod, gi, go: log((gi, go)))
    a, b = leaf(lib, [1.0, 2.0]), leaf(lib, [1.0, 2.0])
    out = m(a, b)
    out[1].sum().backward(retain_graph=True)
    (out[0].sum() + out[1].sum()).backward()
    log((a.grad, b.grad))


def inputs_without_gradient(lib, log):
    m = lib.nn.Linear(2, 1)
    m.register_full_backward_hook(lambda mod, gi, go: log((gi, go)))
    m(lib.ones(3, 2)).sum().backward()
    log(m.bias.grad)


def nothing_to_differentiate(lib, log):
    m = module(lib, lambda a: a * 2)
    m.register_full_backward_hook(lambda mod, gi, go: log("fired"))
    with lib.no_grad():
        log(m(leaf(lib, [1.0])).requires_grad)
    log(m(lib.ones(1)).requires_grad)


def shared_module(lib, log):
    inner = module(lib, lambda a: a * 3)
    inner.register_full_backward_hook(lambda mod, gi, go: log((gi, go)))
    a = leaf(lib, [1.0])
    inner(inner(a)).sum().backward()
    log(a.grad)


def second_derivative(lib, log):
    m = module(lib, lambda a: a**3)
    m.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 2,))
    a = leaf(lib, [2.0])
    g = m(a).sum()
    g = (lib.autograd.grad(g, a, create_graph=True))[0]
    log(g)
    g.sum().backward()
    log(a.grad)


def same_tensor_twice(lib, log):
    m = module(lib, lambda a, b: a * b)
    m.register_full_backward_hook(lambda mod, gi, go: log((gi, go)))
    a = leaf(lib, [3.0])
    m(a, a).sum().backward()
    log(a.grad)


def in_a_network(lib, log):
    net = lib.nn.Sequential(lib.nn.Linear(2, 2), lib.nn.Tanh(), lib.nn.Linear(2, 1))
    with lib.no_grad():
        for i, p in enumerate(net.parameters()):
            p.copy_(lib.ones(*p.shape) * 0.25 * (i + 1))
    for layer in net:
        layer.register_full_backward_hook(
            lambda mod, gi, go: log((type(mod).__name__, [g.shape for g in gi if g is not None]))
        )
    net(leaf(lib, [[1.0, 2.0]])).sum().backward()
    log(round(float(net[0].weight.grad.sum()), 4))


SCENARIOS = [
    forward_arguments,
    forward_replacements,
    kwargs_survive_a_plain_hook,
    order_and_prepend,
    removal,
    always_called,
    called_once,
    backward_arguments,
    backward_replacements,
    no_tensor_among_the_arguments,
    unused_inputs_and_outputs,
    inputs_without_gradient,
    nothing_to_differentiate,
    shared_module,
    second_derivative,
    same_tensor_twice,
    in_a_network,
]


def run(scenario, lib):
    found = []
    scenario(lib, lambda value: found.append(plain(value)))
    return found


@pytest.mark.torch
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_hooks_are_those_of_pytorch(scenario):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of inputs that require no grad
        theirs = run(scenario, torch)
    assert theirs and run(scenario, tg) == theirs


def test_forward_hooks_by_hand():
    # (1 + 1) * 2 = 4; 4 * 10 = 40; (40 - 4) / 2 = 18
    assert run(forward_replacements, tg) == [[18.0]]


def test_backward_hooks_by_hand():
    # Upstream (1, 10) doubled: (2, 20). By a: b * g = (10, 140), + 1; by b: a * g * g = (4, 800).
    # The second hook exchanges the two.
    assert run(backward_replacements, tg) == [([4.0, 800.0], [11.0, 141.0])]


def test_a_hook_does_not_change_the_gradient():
    net = nn.Sequential(nn.Linear(2, 3), nn.Identity(), nn.Linear(3, 1))
    for layer in net:
        layer.register_full_backward_hook(lambda *a: None)
        layer.register_forward_hook(lambda *a: None)
    x = tg.tensor(np.random.default_rng(0).normal(size=(4, 2)))
    assert check_module(net, nn.MSELoss(), (x, tg.zeros(4, 1))).verdict == "pass"


@pytest.mark.parametrize(
    ("register", "hook", "text"),
    [
        (
            "register_full_backward_hook",
            lambda m, gi, go: (gi[0], gi[0]),
            "grad_input: 2, but expec",
        ),
        ("register_full_backward_pre_hook", lambda m, go: (), "grad_output: 0, but expected 1"),
        ("register_full_backward_hook", 3, "callable, not int"),
        ("register_forward_hook", None, "callable, not NoneType"),
    ],
)
def test_bad_hooks_are_refused(register, hook, text):
    m = module(tg, lambda a: a * 2)
    with pytest.raises((RuntimeError, TypeError), match=text):
        getattr(m, register)(hook)
        m(leaf(tg, [1.0])).sum().backward()


def test_a_pre_hook_with_kwargs_returns_a_pair():
    m = module(tg, lambda a: a)
    m.register_forward_pre_hook(lambda mod, a, k: a[0], with_kwargs=True)
    with pytest.raises(RuntimeError, match="new_args, new_kwargs"):
        m(tg.ones(1))


def test_a_gradient_for_inputs_that_have_none_is_refused():
    m = nn.Linear(1, 1)
    m.register_full_backward_hook(lambda mod, gi, go: (tg.ones(1, 1),))
    with pytest.raises(RuntimeError, match="no input"):
        m(tg.ones(1, 1)).sum().backward()


def test_an_output_that_is_no_tensor_warns():
    m = module(tg, lambda a: {"y": a})
    m.register_full_backward_hook(lambda *a: None)
    with pytest.warns(UserWarning, match="not dict"):
        m(leaf(tg, [1.0]))


def test_the_first_error_is_the_one_raised():
    def bad_hook(mod, args, out):
        raise KeyError("second")

    m = module(tg, lambda a: 1 / 0)
    m.register_forward_hook(bad_hook, always_call=True)
    with pytest.warns(UserWarning, match="second"), pytest.raises(ZeroDivisionError):
        m(1)


def test_a_module_without_hooks_has_no_books_of_them():
    m = nn.Linear(1, 1)
    assert m._hooks is None and "_hooks" not in vars(m)
    seen = []
    handle = m.register_forward_hook(lambda *a: seen.append(1))
    m(tg.ones(1, 1))
    handle.remove()
    m(tg.ones(1, 1))
    assert seen == [1]


def test_a_module_as_a_hook_is_no_member():
    class Hook(nn.Module):
        def forward(self, mod, args, out):
            return out * 2

    m = nn.Identity()
    m.register_forward_hook(Hook())
    assert not list(m.children()) and m(tg.ones(1)).tolist() == [2.0]
    assert copy.deepcopy(m)(tg.ones(1)).tolist() == [2.0]


def test_hooks_leave_no_reference_circles():
    m = nn.Linear(4, 4)
    m.register_full_backward_hook(lambda *a: None)
    m.register_full_backward_pre_hook(lambda *a: None)
    m(tg.ones(2, 4, requires_grad=True)).sum().backward()
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            m(tg.ones(2, 4, requires_grad=True)).sum().backward()
        assert gc.collect() == 0
    finally:
        gc.enable()
