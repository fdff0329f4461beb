"""Everything dies by reference counting: with the collector off, training uses flat memory."""

import contextlib
import gc
import sys
import weakref

import numpy as np
import pytest

from tinygrad_edu import autograd, no_grad, ops, tensor

rng = np.random.default_rng(17)


@pytest.fixture(autouse=True)
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def leaf(*shape):
    return tensor(rng.normal(size=shape), requires_grad=True)


def assert_no_garbage(work):
    """`work` leaves nothing that only the collector could free."""
    work()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        work()
        gc.collect()
        kinds = [type(o).__name__ for o in gc.garbage]
        ours = [o for o in gc.garbage if type(o).__module__.startswith(("tinygrad_edu", "numpy"))]
        assert not ours, kinds
        assert len(kinds) < 3, kinds
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def train(steps, x, w, b, optimise=True):
    for _ in range(steps):
        hidden = (x @ w + b).relu()
        loss = ((hidden.logsumexp(1) - hidden[:, 0]) ** 2).mean()
        loss.backward()
        with no_grad():
            for p in (w, b):
                p -= 1e-3 * p.grad
                p.grad = None if optimise else p.grad


def test_two_thousand_training_steps_leave_nothing_behind():
    x, w, b = tensor(rng.normal(size=(8, 5))), leaf(5, 4), leaf(4)
    train(2000, x, w, b)  # fills the free lists of the interpreter
    blocks, objects = sys.getallocatedblocks(), len(gc.get_objects())
    train(2000, x, w, b)
    assert sys.getallocatedblocks() - blocks < 1000
    assert len(gc.get_objects()) - objects < 100


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_resident_memory_is_flat():
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    x, w, b = tensor(rng.normal(size=(256, 200))), leaf(200, 100), leaf(100)
    train(20, x, w, b)
    before = resident()
    train(200, x, w, b)
    assert resident() - before < 8e6, "200 steps that each touch about 1 MB"


def test_tensors_and_nodes_die_with_their_last_name():
    x = leaf(3, 2)
    y = x.exp()
    z = (y * y).sum()
    refs = [weakref.ref(o) for o in (y, z, y.grad_fn, z.grad_fn)]
    del y, z
    assert [r() for r in refs] == [None] * 4


def test_a_graph_dies_after_backward_too():
    x = leaf(3, 2)
    y = x.exp()
    arrays = [weakref.ref(y.detach().numpy())]
    z = (y * y).sum()
    z.backward()
    refs = [weakref.ref(y.grad_fn), weakref.ref(z.grad_fn)]
    del y
    assert arrays[0]() is None, "backward frees what it saved although the root lives"
    del z
    assert [r() for r in refs] == [None] * 2


def test_saved_arrays_are_kept_only_where_they_are_read():
    x = leaf(100, 2)
    y = x + 1.0
    array = weakref.ref(y.detach().numpy())
    z = y + 2.0
    del y
    assert array() is None and z.requires_grad


def test_a_join_of_very_many_is_linear():
    """A formula per input, called with all inputs, would take a thousand times as long."""
    xs = [leaf(2) for _ in range(30_000)]
    for join, axis in ((ops.stack, 0), (ops.cat, 0)):
        (join(xs, axis) * 2.0).sum().backward()
    assert all(np.array_equal(x.grad.numpy(), [4.0, 4.0]) for x in xs)


def test_no_grad_keeps_nothing():
    x = leaf(3, 2)
    with no_grad():
        y = x.exp()
        array = weakref.ref(y.detach().numpy())
        z = y * y
    del y
    assert array() is None and z.grad_fn is None


class Cube(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        y = x * x * x
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, g):
        x, _ = ctx.saved_tensors
        return 3 * x * x * g


class Split(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        a, b = x * 2, x * 3
        ctx.save_for_backward(a, None, x)
        return a, b

    @staticmethod
    def backward(ctx, ga, gb):
        return 2 * ga + 3 * gb


def ordinary():
    x = leaf(3, 2)
    (x * x).sum().backward()


def failed():
    x = leaf(3, 2)
    y = x.exp().sum()
    y.backward()
    with contextlib.suppress(RuntimeError):
        y.backward()


def function():
    x = leaf(3, 2)
    Cube.apply(x * 2).sum().backward()


def function_unused():
    Cube.apply(leaf(3, 2))


def function_of_many():
    x = leaf(3, 2)
    a, b = Split.apply(x)
    autograd.grad((a * b).sum(), x, create_graph=True)


def function_twice():
    x = leaf(3, 2)
    (dx,) = autograd.grad(Cube.apply(x).sum(), x, create_graph=True)
    autograd.grad(dx.sum(), x)


def hooks():
    x = leaf(3, 2)
    y = x * 2
    x.register_hook(lambda g: g * 2)
    handle = y.register_hook(lambda g: None)
    (y * 3).sum().backward()
    handle.remove()


def retained():
    x = leaf(3, 2)
    y = x * 2
    y.retain_grad()
    y += 1.0
    (y * y).sum().backward()


def second_order():
    x = leaf(3, 2)
    (dx,) = autograd.grad((x**3).sum(), x, create_graph=True)
    (dx * dx).sum().backward()


def in_place():
    x, y = leaf(3, 2), tensor(np.zeros((3, 2)))
    y[0] = x[1]
    y += x
    y.copy_(x)
    y.zero_()
    y.sum().backward()


def functional():
    autograd.functional.hessian(lambda t: (t**3).sum(), tensor(rng.normal(size=3)))
    autograd.functional.jacobian(lambda t: t.exp(), leaf(3), create_graph=True)


def anomaly():
    x = leaf(3, 2)
    with autograd.detect_anomaly():
        (x * x).sum().backward()


def softmax_loss():
    x = leaf(3, 4)
    ops.cross_entropy(x, tensor([0, 3, 1])).backward()
    (dx,) = autograd.grad(ops.cross_entropy(x, tensor([0, 3, 1])), x, create_graph=True)
    dx.sum().backward()


WORK = [
    ordinary,
    failed,
    function,
    function_unused,
    function_of_many,
    function_twice,
    hooks,
    retained,
    second_order,
    in_place,
    functional,
    anomaly,
    softmax_loss,
]


@pytest.mark.parametrize("work", WORK, ids=lambda f: f.__name__)
def test_no_reference_circles(work):
    assert_no_garbage(work)


def test_backward_with_create_graph_and_its_grad_is_no_circle():
    """PyTorch warns about x.grad holding the graph that holds x; ours holds it, too."""
    x = leaf(3)
    node = None
    (x**3).sum().backward(create_graph=True)
    node = weakref.ref(x.grad.grad_fn)
    x.grad = None
    assert node() is None


def test_the_books_of_writes_forget_dead_arrays():
    from tinygrad_edu.engine import storage

    before = len(storage._writes)
    for _ in range(100):
        t = tensor(np.zeros(3))
        t += 1.0
    del t
    assert len(storage._writes) == before
