"""What is fast and what is readable are two functions: here they are held equal."""

import gc

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, ops, primitive, tensor
from tinygrad_edu.engine import Meta, Primitive, state

rng = np.random.default_rng(31)


def quick_ops():
    gc.collect()
    found = [p for p in gc.get_objects() if issubclass(type(p), Primitive) and p.quick]
    return {p.forward.__name__: p for p in found if p.forward.__module__.startswith("tinygrad_edu")}


def random(*shape, dtype):
    return rng.normal(size=shape).astype(dtype)


def linear_inputs(dtype, *leading, bias=(5,)):
    return [random(*leading, 4, dtype=dtype), random(5, 4, dtype=dtype), random(*bias, dtype=dtype)]


def scores(dtype, n, classes):
    labels = rng.integers(0, classes, n)
    return [random(n, classes, dtype=dtype)], {"labels": labels, "kept": {}}


# For each op with fast formulas: inputs and options.
CASES = {
    "_linear": [
        lambda d: (linear_inputs(d, 3), {}),
        lambda d: (linear_inputs(d, 2, 3), {}),
        lambda d: (linear_inputs(d), {}),
        lambda d: (linear_inputs(d, 0), {}),
        lambda d: (linear_inputs(d, 3, bias=(1,)), {}),
    ],
    "_linear_without_bias": [
        lambda d: (linear_inputs(d, 3)[:2], {}),
        lambda d: (linear_inputs(d, 2, 3)[:2], {}),
        lambda d: (linear_inputs(d)[:2], {}),
    ],
    "relu": [
        lambda d: ([random(3, 4, dtype=d)], {}),
        lambda d: ([random(70, 4, dtype=d)], {}),
        lambda d: ([np.array([-1, 0, 2, np.nan, np.inf, -np.inf], d)], {}),
        lambda d: ([d(2.5)], {}),
        lambda d: ([random(0, 4, dtype=d)], {}),
    ],
    "_cross_entropy": [
        lambda d: scores(d, 6, 4),
        lambda d: scores(d, 3, 100),
        lambda d: scores(d, 1, 1),
    ],
}


def test_every_fast_formula_is_compared():
    assert quick_ops().keys() == CASES.keys()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "i"), [(n, i) for n, cases in CASES.items() for i in range(len(cases))]
)
def test_fast_formulas_equal_the_readable_ones(name, i, dtype):
    op = quick_ops()[name]
    arrays, options = CASES[name][i](dtype)
    out = op.forward(*arrays, **options)
    g = random(*np.shape(out), dtype=dtype) if np.shape(out) else dtype(1.7)
    before = [np.copy(a) for a in (*arrays, out)]
    expected = [f(g, out, *arrays, **options) for f in op.formulas]
    given = np.copy(g) if np.ndim(g) else g
    found = op.quick(given, out, *arrays, **options)
    assert len(found) == len(arrays)
    for array, a, b in zip(arrays, found, expected, strict=True):
        assert a.dtype == array.dtype and a.shape == array.shape, "nobody will fit it"
        np.testing.assert_allclose(a, b, rtol=20 * np.finfo(dtype).eps, atol=np.finfo(dtype).eps)
    assert op.overwrites or np.array_equal(given, g)
    for array, b in zip((*arrays, out), before, strict=True):
        np.testing.assert_array_equal(array, b)


@pytest.mark.parametrize("wanted", [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_linear_with_some_inputs_frozen(wanted):
    """Each choice of inputs keeps other arrays; the sweep gives what the formulas give."""
    arrays = linear_inputs(np.float64, 3)
    leaves = [tensor(a, requires_grad=i in wanted) for i, a in enumerate(arrays)]
    out = ops.linear(*leaves)
    g = random(3, 5, dtype=np.float64)
    out.backward(tensor(g))
    x, w, _ = arrays
    for leaf, expected in zip(leaves, (g @ w, g.T @ x, g.sum(0)), strict=True):
        if leaf.requires_grad:
            np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-12)
        else:
            assert leaf.grad is None


def test_a_recorded_pass_reads_the_readable_formulas_and_all_others_the_fast_ones():
    calls = []

    @primitive
    def twice(x):
        return 2 * x

    def slow(g, out, x):
        calls.append("readable")
        return g * 2

    def fast(g, out, x):
        calls.append("fast")
        return (g * 2,)

    twice.defvjp(slow)
    twice.defquick(fast)
    x = tensor([1.0, 2.0], requires_grad=True)
    twice(x).sum().backward()
    autograd.grad(twice(x).sum(), x)
    with autograd.detect_anomaly():
        twice(x).sum().backward()
    assert calls == ["fast"] * 3
    autograd.grad(twice(x).sum(), x, create_graph=True)
    assert calls.pop() == "readable"
    twice.defvjp(slow)
    assert twice.quick is None, "a new formula has no fast form"


def test_what_is_watched_is_what_runs():
    """An observer sees the numbers of the plain pass, to the last bit, and no gradient spoiled."""
    x = tensor(random(40, 4, dtype=np.float32), requires_grad=True)
    w = tensor(random(5, 4, dtype=np.float32), requires_grad=True)
    b = tensor(random(5, dtype=np.float32), requires_grad=True)
    g = tensor(random(40, 5, dtype=np.float32))

    class Observer:
        seen = {}

        def made(self, op, result, node):
            pass

        def contribution(self, node, i, g, c):
            self.seen[node.name(), i] = g.copy(), c.copy()

    plain = autograd.grad(ops.linear(x, w, b).relu(), [x, w, b], g)
    state.watch = Observer()
    try:
        watched = autograd.grad(ops.linear(x, w, b).relu(), [x, w, b], g)
    finally:
        state.watch = None
    for one, other in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    upstream, sent = Observer.seen["ReluBackward0", 0]
    np.testing.assert_array_equal(upstream, g.numpy())
    assert np.count_nonzero(sent) < sent.size


def test_one_that_overwrites_gets_a_gradient_of_its_own():
    """relu writes into its upstream gradient, which here is the gradient of others as well."""
    x = tensor(random(40, 5, dtype=np.float64), requires_grad=True)
    z = tensor(random(40, 5, dtype=np.float64), requires_grad=True)
    seen = []
    h = x * 1.0
    r = h.relu()
    r.register_hook(lambda g: seen.append(g))
    r.retain_grad()
    out = r + z  # hands the same array to both
    given = tensor(random(40, 5, dtype=np.float64))
    before = given.numpy().copy()
    out.backward(given)
    np.testing.assert_array_equal(given.numpy(), before)
    np.testing.assert_array_equal(z.grad.numpy(), before)
    np.testing.assert_array_equal(seen[0].numpy(), before)
    np.testing.assert_array_equal(r.grad.numpy(), before)
    np.testing.assert_array_equal(x.grad.numpy(), np.where(x.detach().numpy() > 0, before, 0))


def test_relu_of_relu_of_a_shared_gradient():
    x = tensor(random(30, 5, dtype=np.float64), requires_grad=True)
    y = tensor(random(30, 5, dtype=np.float64), requires_grad=True)
    a, b = x.relu(), y.relu()
    g = random(30, 5, dtype=np.float64)
    (a + b).backward(tensor(g))
    for leaf in (x, y):
        np.testing.assert_array_equal(leaf.grad.numpy(), np.where(leaf.detach().numpy() > 0, g, 0))


def test_a_kept_gradient_that_is_overwritten_twice_backward():
    x = tensor(random(30, 5, dtype=np.float64), requires_grad=True)
    loss = (x.relu() * 3.0).sum()
    loss.backward(retain_graph=True)
    first = x.grad.numpy().copy()
    loss.backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * first)


# ------------------------------------------------------------------- two numbers, the short way

NUMBERS = [
    (kind, other)
    for kind in (np.float32, np.float64)
    for other in (np.float32, np.float64, float, int, np.int64, bool)
]


@pytest.mark.parametrize(("kind", "other"), NUMBERS)
@pytest.mark.parametrize("sign", ["add", "sub", "mul", "truediv"])
@pytest.mark.parametrize("needs", [(True, True), (True, False), (False, True), (False, False)])
def test_operators_of_numbers_do_what_the_op_does(sign, kind, other, needs):
    op = getattr(ops, {"truediv": "true_divide"}.get(sign, sign))
    results = []
    for call in (op, getattr(tg.Tensor, f"__{sign}__")):
        a = tensor(kind(1.5), requires_grad=needs[0])
        value = other(2)
        b = value if other in (float, int, bool) else tensor(value)
        if needs[1] and other in (np.float32, np.float64):
            b.requires_grad_()
        out = call(a, b)
        recorded = None
        if out.requires_grad:
            node = out.grad_fn
            recorded = node.name(), [e is None or e in (a, b) for e in node.edges], node.params
            saved = [s if isinstance(s, Meta) else np.asarray(s).item() for s in node.saved]
            out.backward()
            recorded = *recorded, saved, [getattr(t, "grad", None) for t in (a, b)]
            recorded = (
                *recorded[:-1],
                [None if g is None else (g.item(), g.dtype) for g in recorded[-1]],
            )
        results.append((out.item(), out.dtype, out.is_leaf, recorded))
    assert results[0] == results[1]


def test_numbers_are_silent_watched_and_higher_order_too():
    x = tensor(3e38, requires_grad=True)
    with np.errstate(all="raise"):
        assert (x * 10.0).item() == np.inf
        assert (x / 0.0).item() == np.inf
    y = tensor(2.0, requires_grad=True)
    (first,) = autograd.grad(y * y * y, y, create_graph=True)
    (second,) = autograd.grad(first, y)
    assert (first.item(), second.item()) == (12.0, 12.0)
    with tg.no_grad():
        assert (y * y).is_leaf and not (y * y).requires_grad
    with autograd.detect_anomaly(), pytest.raises(RuntimeError):
        tensor(0.0, requires_grad=True) / 0.0


def test_a_number_is_an_array_as_soon_as_its_memory_is_asked_for():
    x = tensor(2.0)
    shared = x.numpy()
    x.add_(1.0)
    assert shared == 3.0 and isinstance(shared, np.ndarray)
    y = tensor(1.0, requires_grad=True)
    alias = y.data
    alias.mul_(5.0)
    assert y.item() == 5.0
    p = tg.nn.Parameter(x)
    p.data.fill_(7.0)
    assert x.item() == 7.0
