"""What is fast and what is readable are two functions: here they are held equal."""

import gc
from itertools import product

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, ops, primitive, tensor
from tinygrad_edu.engine import Meta, Primitive, state
from tinygrad_edu.nn import functional as F
from tinygrad_edu.ops import affine, classification, rectifiers
from tinygrad_edu.signatures import levels_needed

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
    found = op.quick(given, out, tuple(arrays), options)
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

    def fast(g, out, inputs, options):
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


# ------------------------------------------------------- what layers call, at less expense

LABELS = rng.integers(0, 4, 30)
# The short way, the op, and the arrays it is called with.
SHORT = {
    "linear": (ops.linear, affine._linear, lambda d: linear_inputs(d, 30)),
    "linear, broadcast bias": (
        ops.linear,
        affine._linear,
        lambda d: linear_inputs(d, 30, bias=(1,)),
    ),
    "linear, more axes": (ops.linear, affine._linear, lambda d: linear_inputs(d, 2, 15)),
    "relu": (rectifiers.relu_of_many, ops.relu, lambda d: [random(30, 4, dtype=d)]),
    "relu, few": (rectifiers.relu_of_many, ops.relu, lambda d: [random(3, 4, dtype=d)]),
    "cross entropy": (
        lambda s: ops.cross_entropy(s, tensor(LABELS)),
        lambda s: classification._cross_entropy(s, labels=LABELS, kept={}),
        lambda d: [random(30, 4, dtype=d)],
    ),
}


def described(out, inputs):
    """Everything that is known of a result, so that two can be compared."""
    node = out.grad_fn
    if node is None:
        return out.numpy(), out.dtype, out.requires_grad
    levels = levels_needed(node.op, node.edges)

    def kept(value, level):
        """Where formulas read its shape alone, only a small array may stand there."""
        assert isinstance(value, Meta) == (level < 2) or (level < 2 and value.size <= 12)
        return value.shape, value.dtype, None if level < 2 else np.array(value)

    edges = [
        None if e is None else next(i for i, t in enumerate(inputs) if t is e) for e in node.edges
    ]
    return (
        out.detach().numpy(),
        out.dtype,
        node.name(),
        edges,
        [kept(v, n) for v, n in zip([*node.saved, node.out], levels, strict=True)],
        sorted(node.params),
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", SHORT)
def test_the_short_way_records_what_the_op_records(name, dtype):
    short, op, make = SHORT[name]
    if name == "cross entropy" and dtype == np.float16:
        return  # goes by log_softmax
    arrays = make(dtype)
    for needs in product([False, True], repeat=len(arrays)):
        for grad in (True, False):
            leaves = [tensor(a, requires_grad=n) for a, n in zip(arrays, needs, strict=True)]
            with tg.set_grad_enabled(grad):
                np.testing.assert_equal(
                    described(short(*leaves), leaves), described(op(*leaves), leaves)
                )


@pytest.mark.parametrize("name", SHORT)
def test_the_short_way_from_and_to_other_nodes(name):
    short, op, make = SHORT[name]
    arrays = make(np.float64)
    results = []
    for call in (short, op):
        leaves = [tensor(a, requires_grad=True) for a in arrays]
        out = call(*[leaf * 1.5 for leaf in leaves])
        g = tensor(np.cos(np.arange(out.numel())).reshape(out.shape))
        results.append(autograd.grad((out * g).sum(), leaves))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


@pytest.mark.parametrize(
    "shapes",
    [[(3, 4), (5, 3), (5,)], [(3, 4), (5, 4), (4,)], [(3, 4), (5, 4), (5, 5)], [(4,), (4,), (4,)]],
)
def test_wrong_shapes_are_told_as_before(shapes):
    leaves = [tensor(rng.normal(size=s), requires_grad=True) for s in shapes]
    errors = []
    for call in (ops.linear, affine._linear):
        try:
            errors.append(("fine", call(*leaves).shape))
        except Exception as error:
            errors.append((type(error), str(error).split("\n")[0]))
    assert errors[0] == errors[1] or shapes[1] == (4,), "a weight with one axis is for linear alone"


def test_watchers_are_told_of_short_ways_and_anomalies_found():
    x, w, b = (tensor(a, requires_grad=True) for a in linear_inputs(np.float64, 30))
    seen = []

    class Observer:
        def made(self, op, result, node):
            seen.append(op.name)

    state.watch = Observer()
    try:
        F.cross_entropy(tg.nn.ReLU()(F.linear(x, w, b)), tensor(LABELS))
    finally:
        state.watch = None
    assert seen == ["linear", "relu", "cross_entropy"]
    with autograd.detect_anomaly(), pytest.raises(RuntimeError, match="linear"):
        F.linear(x * np.inf * 0.0, w, b)


@pytest.mark.parametrize("retain", [None, False, True])
def test_backward_of_a_number_is_backward(retain):
    x = tensor(random(6, 3, dtype=np.float32), requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=retain)
    np.testing.assert_array_equal(x.grad.numpy(), 2 * x.detach().numpy())
    if retain:
        loss.backward()
        np.testing.assert_array_equal(x.grad.numpy(), 4 * x.detach().numpy())
    else:
        with pytest.raises(RuntimeError, match="second time"):
            loss.backward()
    leaf = tensor(2.0, requires_grad=True)
    leaf.backward()
    assert leaf.grad.item() == 1.0
    with pytest.raises(RuntimeError, match="does not require grad"):
        tensor(2.0).backward()
