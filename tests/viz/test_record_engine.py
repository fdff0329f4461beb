"""Recording is the engine's own sweep, and leaves everything as it was."""

import gc
import time
import weakref

import numpy as np
import pytest
from programs import Order, backward, leaf, mlp, nodes_behind, phases

import tinygrad_edu as tg
from tinygrad_edu import viz
from tinygrad_edu.autograd import Function
from tinygrad_edu.engine import FREED, state
from tinygrad_edu.errors import GradientError
from tinygrad_edu.viz.trace import look_at


def tangled():
    """A graph with fan-out, a diamond, a broadcast and a leaf that is read in three places."""
    rng = np.random.default_rng(5)
    x = tg.tensor(rng.normal(size=(4, 3)), requires_grad=True)
    w = tg.tensor(rng.normal(size=(3, 2)), requires_grad=True)
    b = tg.tensor(rng.normal(size=2), requires_grad=True)
    h = x @ w + b
    y = h.tanh() * h + (x * x).sum(1, keepdim=True)
    return (y * y + b).mean(), (x, w, b)


@pytest.mark.parametrize("make", [tangled, lambda: (mlp()[1](), ())])
def test_frames_stand_in_the_engines_order(make):
    loss, _ = make()
    run = viz.trace(loss)
    with Order() as watch:
        loss.backward(retain_graph=True)
    ops = [v.id for v in run.graph.vertices if v.kind == "op"]
    ids = dict(zip(nodes_behind(loss), ops, strict=True))
    shown = [(f.vertex, run.graph.edges[f.edge].position) for f in backward(run)]
    assert shown == [(ids[node], i) for node, i, _, _ in watch.seen]
    for frame, (_, _, g, c) in zip(backward(run), watch.seen, strict=True):
        assert run.graph.edges[frame.edge].target == frame.vertex
        assert frame.upstream.norm == pytest.approx(np.linalg.norm(g.astype(float)), rel=1e-6)
        if not frame.summed:
            assert frame.contribution.norm == pytest.approx(np.linalg.norm(c.astype(float)))
    forward = [frame.vertex for frame in run.frames if frame.phase == "forward"]
    assert forward == ops


def test_the_last_partial_sum_is_the_engines_gradient():
    loss, leaves = tangled()
    run = viz.trace(loss)
    exact = tg.autograd.grad(loss, leaves)
    by_target = {run.graph.edges[f.edge].source: f for f in backward(run)}
    for vertex, (leaf_, gradient, _) in run.leaves.items():
        at = next(k for k, t in enumerate(leaves) if t is leaf_)
        assert np.array_equal(gradient, exact[at].numpy())
        last = by_target[vertex]
        assert last.arrived == last.expected == run.moments[vertex].consumers
        assert last.partial == run.moments[vertex].grad == look_at(exact[at].numpy())


# --------------------------------------------------------------------------- left as it was


def everything(loss, leaves):
    """What must be the same afterwards, by identity and by value."""
    nodes = nodes_behind(loss)
    return [
        [(t.grad is None or t.grad.numpy().copy().tolist(), id(t.grad)) for t in leaves],
        [(id(n.saved), id(n.out), id(n.hooks), len(n.hooks or ())) for n in nodes],
        [[id(value) for value in n.saved] for n in nodes],
        [
            [id(v) for p in n.params.values() for v in (p.values() if p.__class__ is dict else [p])]
            for n in nodes
        ],
        [(id(t._hooks), len(t._hooks or ())) for t in leaves],
        state.watch,
        state.grad,
    ]


@pytest.mark.parametrize("check", [False, True])
def test_what_forward_left_for_its_formula_is_not_changed(check):
    model, loss_of = mlp(32)
    loss = loss_of()  # whose value nobody kept: it is computed again
    before = everything(loss, list(model.parameters()))
    viz.trace(loss, check=check)
    assert everything(loss, list(model.parameters())) == before


@pytest.mark.parametrize("check", [False, True])
def test_nothing_is_changed(check):
    loss, leaves = tangled()
    leaves[0].grad = tg.ones(4, 3, dtype=tg.float64)
    node = loss.grad_fn
    before = everything(loss, leaves)
    viz.trace(loss, check=check)
    assert everything(loss, leaves) == before
    loss.backward()
    assert node.saved is FREED or not node.op.keeps
    assert leaves[1].grad is not None


def test_a_retained_gradient_is_not_written():
    x = leaf(1.0, 2.0)
    h = x * x
    h.retain_grad()
    loss = h.sum()
    viz.trace(loss)
    assert h.grad is None and x.grad is None
    loss.backward()
    assert h.grad.tolist() == [1.0, 1.0]


def test_a_hook_is_called_as_by_backward():
    x = leaf(1.0, 2.0)
    h = x * x
    h.register_hook(lambda g: g * 10)
    run = viz.trace(h.sum())
    assert run.moments["v0"].grad.numbers == [20.0, 40.0]
    assert any("hooks" in note and "h" in note for note in run.data.notes)
    assert len(h.grad_fn.hooks) == 1


def test_a_hook_that_sets_a_gradient_is_undone():
    x = leaf(1.0, 2.0)

    def keep(g):
        x.grad = g

    x.register_hook(keep)
    viz.trace((x * x).sum())
    assert x.grad is None


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_in_the_sweep_leaves_everything_as_it_was(error):
    loss, leaves = tangled()

    def stop(g):
        raise error("stop")

    leaves[1].register_hook(stop)
    nodes_behind(loss)[0].hooks = {"retain": lambda g: None}
    leaves[0].grad = tg.ones(4, 3, dtype=tg.float64)
    before = everything(loss, leaves)
    with pytest.raises(error):
        viz.trace(loss)
    assert everything(loss, leaves) == before


def test_ctrl_c_in_the_program_is_not_swallowed():
    def program():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        viz.trace(program)
    assert state.watch is None


# --------------------------------------------------------------------------- freed graphs


def test_a_freed_graph_names_the_cures():
    x = leaf(1.0, 2.0)
    loss = (x * x).sum()
    loss.backward()
    with pytest.raises(GradientError, match=r"retain_graph=True(.|\n)*viz\.recording\(\)"):
        viz.trace(loss)
    assert nodes_behind(loss)[0].saved is FREED


def test_a_recorded_graph_can_be_traced_after_backward():
    model, loss_of = mlp()
    with viz.recording():
        loss = loss_of()
    fresh = viz.trace(loss, model)
    loss.backward()
    before = everything(loss, list(model.parameters()))
    freed = [n.saved is FREED for n in nodes_behind(loss)]
    assert any(freed)
    again = viz.trace(loss, model)
    assert [f.contribution for f in again.frames] == [f.contribution for f in fresh.frames]
    assert [f.formula for f in again.frames] == [f.formula for f in fresh.frames]
    assert everything(loss, list(model.parameters())) == before
    assert [n.saved is FREED for n in nodes_behind(loss)] == freed


def test_a_trace_does_not_hold_the_graph():
    gc.collect()
    gc.disable()
    try:
        _, loss_of = mlp()
        with viz.recording():
            loss = loss_of()
        page = weakref.ref(loss.grad_fn)
        run = viz.trace(loss, check=True)
        del loss
        assert page() is None
        failed = viz.trace(lambda: loss_of() + tg.zeros(3) @ tg.zeros(4))
        assert failed.data.failure is not None
    finally:
        gc.enable()
    assert phases(run) == (4, 7)


def test_a_function_that_writes_in_place_makes_no_circle():
    class Double(Function):
        @staticmethod
        def forward(ctx, h):
            ctx.mark_dirty(h)
            h.mul_(2.0)
            return h

        @staticmethod
        def backward(ctx, g):
            return 2.0 * g

    gc.disable()
    try:
        with viz.recording():
            h = leaf(1.0) * 3.0
            h = Double.apply(h)
        node = weakref.ref(h.grad_fn)
        del h
        assert node() is None
    finally:
        gc.enable()


def test_what_a_recording_keeps_goes_with_the_graph():
    x = tg.tensor(np.ones(1000), requires_grad=True)
    gc.disable()
    try:
        with viz.recording() as book:
            h = x + 1.0
            kept = weakref.ref(h._array)
            loss = h.sum()
            del h
            assert len(book.nodes) == 2 and kept() is not None
            del loss
            assert len(book.nodes) == 0 and kept() is None
    finally:
        gc.enable()


def test_another_observer_still_sees_the_ops():
    x = leaf(1.0, 0.0)
    with (
        np.errstate(all="ignore"),
        tg.autograd.detect_anomaly(),
        viz.recording(),
        pytest.raises(RuntimeError, match="'log' made inf"),
    ):
        x.log()


@pytest.mark.parametrize("how", ["trace", "backward"])
def test_another_observer_still_sees_the_gradients(how):
    x = leaf(1.0, 0.0)
    loss = x.sqrt().sum()
    with tg.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="'sqrt' made inf"):
        if how == "trace":
            viz.trace(loss)
        else:
            with viz.recording():
                loss.backward()


def test_a_sweep_inside_of_a_backward_has_no_frames():
    class Checkpoint(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.exp() * 2.0

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with tg.enable_grad():
                again = x.detach().requires_grad_()
                (dx,) = tg.autograd.grad(again.exp() * 2.0, again, g)
            return dx

    x = leaf(0.0, 0.0)
    run = viz.trace(Checkpoint.apply(x).sum())
    assert phases(run) == (2, 2)
    assert run.moments["v0"].grad.numbers == [2.0, 2.0]


def test_a_long_chain():
    x = leaf(0.5)
    h = x
    for _ in range(5000):
        h = h * 0.9999
    loss = h.sum()
    start = time.process_time()
    run = viz.trace(loss)
    assert time.process_time() - start < 4  # about half a second, whatever else the machine does
    assert phases(run) == (5001, 5001)
    assert run.moments["v0"].grad.numbers == [pytest.approx(0.9999**5000, rel=1e-5)]
