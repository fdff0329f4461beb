"""What a trace says: frames, partial sums, values, names, notes."""

import numpy as np
import pytest
from programs import backward, leaf, mlp, phases, vertex

import tinygrad_edu as tg
from tinygrad_edu import viz
from tinygrad_edu.autograd import Function
from tinygrad_edu.engine import primitive
from tinygrad_edu.errors import GradientError


def numbers(view):
    return None if view is None else view.numbers


# ------------------------------------------------------------------------------- frames


def test_an_mlp_step_on_real_digits():
    model, loss = mlp()
    run = viz.trace(loss, model)
    # linear, relu, linear, cross_entropy; edges: 1, 3 (input and two parameters), 1, 2 (no images)
    assert phases(run) == (4, 7)
    real = loss()
    real.backward()
    for name, parameter in model.named_parameters():
        at = vertex(run, name)
        assert run.graph.vertices[int(at[1:])].kind == "parameter"
        shown = run.moments[at].grad
        wanted = parameter.grad.numpy().astype(np.float64)
        assert shown.shape == wanted.shape
        assert shown.norm == pytest.approx(np.linalg.norm(wanted), rel=1e-6)
        assert shown.mean == pytest.approx(wanted.mean(), rel=1e-5)
    at = run.graph.vertices[-1].id
    assert run.moments[at].value.numbers == [pytest.approx(real.item(), rel=1e-5)]
    assert run.moments[at].grad.numbers == [1.0]


def test_fan_out_counts_parallel_edges():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    run = viz.trace((x * x + x * y).sum())
    assert phases(run) == (4, 7)
    into_x = [f for f in backward(run) if run.graph.edges[f.edge].source == vertex(run, "x")]
    assert [(f.arrived, f.expected) for f in into_x] == [(1, 3), (2, 3), (3, 3)]
    # x*y is newer than x*x, so its edge runs first: y, then y + x, then y + 2x
    assert [numbers(f.partial) for f in into_x] == [[3.0, 4.0], [4.0, 6.0], [5.0, 8.0]]
    assert [numbers(f.contribution) for f in into_x] == [[3.0, 4.0], [1.0, 2.0], [1.0, 2.0]]
    assert len({f.edge for f in into_x}) == 3
    assert run.moments[vertex(run, "x")].consumers == 3
    assert run.moments[vertex(run, "y")].consumers == 1


def test_an_op_waits_in_the_queue_until_all_its_consumers_have_run():
    x = leaf(0.5, 2.0)
    a = x.exp()
    b, c = a * 2.0, a * 3.0
    run = viz.trace((b + c).sum(), {"x": x})
    waiting = [f.queue for f in backward(run)]
    ids = {name: vertex(run, name) for name in "abc"}
    total = next(f.vertex for f in backward(run)[1:])  # the sum, then the addition
    assert waiting == [
        (total,),
        (ids["b"],),
        (ids["c"], ids["b"]),  # newest first
        (ids["b"],),  # c has run; a has one of its two contributions
        (ids["a"],),
        (),
    ]


def test_a_maximum_with_a_tie():
    x = leaf(1.0, 3.0, 3.0, 2.0)
    run = viz.trace(x.max())
    assert phases(run) == (1, 1)
    (frame,) = backward(run)
    assert numbers(frame.contribution) == [0.0, 0.5, 0.5, 0.0]
    assert frame.routing.kind == "ties" and "2" in frame.routing.text


def test_a_broadcast_bias_is_summed():
    rng = np.random.default_rng(0)
    x, b = tg.tensor(rng.normal(size=(4, 3))), leaf(1.0, 2.0, 3.0)
    column = tg.tensor(np.ones((4, 1)), requires_grad=True)
    h = x + b
    run = viz.trace((h * column).sum())
    assert phases(run) == (3, 4)
    into = {run.graph.edges[f.edge].source: f for f in backward(run)}
    bias = into[vertex(run, "b")]
    assert bias.summed == "sum(axis=0)"
    assert numbers(bias.contribution) == [4.0, 4.0, 4.0]
    assert run.graph.edges[bias.edge].label == "(3,) → (4, 3)"
    assert into[vertex(run, "column")].summed == "sum(axis=1, keepdims=True)"
    assert into[vertex(run, "h")].summed == ""


def test_formulas_have_the_names_and_shapes_of_this_program():
    x, w = tg.tensor(np.ones((5, 3))), tg.tensor(np.ones((3, 2)), requires_grad=True)

    def program():
        h = x @ w
        loss = h.sum()
        return loss

    run = viz.trace(program)
    assert run.frames[0].formula == "h = x @ w"
    frame = backward(run)[-1]
    assert frame.formula.startswith("dw = ") and "xᵀ" in frame.formula
    assert frame.shapes == "(3, 5) @ (5, 2)"
    assert frame.contributes == "∂loss/∂w += " + frame.formula.removeprefix("dw = ")


def test_a_formula_that_gives_none_is_a_frame_that_adds_nothing():
    class Forgetful(Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, g):
            return g, None

    x, y = leaf(1.0), leaf(2.0)
    run = viz.trace(Forgetful.apply(x, y).sum())
    assert phases(run) == (2, 3)
    frame = backward(run)[-1]
    assert frame.contribution is None and frame.partial is None
    assert frame.contributes == "∂L/∂y += nothing"
    assert run.moments[vertex(run, "y")].grad is None
    assert numbers(run.moments[vertex(run, "x")].grad) == [1.0]


def test_several_outputs_of_a_function():
    class Both(Function):
        @staticmethod
        def forward(ctx, a):
            return a * 2, a * 5

        @staticmethod
        def backward(ctx, g, k):
            return 2 * g + 5 * k

    x = leaf(1.0, -1.0)

    def program():
        p, q = Both.apply(x)
        return (p * q).sum()

    run = viz.trace(program, check=True)
    assert phases(run) == (5, 6)
    assert numbers(run.moments[vertex(run, "x")].grad) == [20.0, -20.0]
    assert numbers(run.moments[vertex(run, "p")].value) == [2.0, -2.0]
    # q and p: the gradients of the first and the second output, one after the other
    assert numbers(backward(run)[-1].upstream) == [5.0, -5.0, 2.0, -2.0]


def test_a_primitive_of_ones_own():
    @primitive
    def cube(x):
        return x**3

    cube.defvjp(lambda g, out, x: 3 * x**2 * g)
    x = leaf(1.0, 2.0)
    run = viz.trace(cube(x).sum(), check=True)
    assert run.graph.vertices[1].op == "cube"
    assert numbers(backward(run)[-1].contribution) == [3.0, 12.0]
    assert [f.agrees for f in backward(run)] == [True, True]


def test_what_is_detached_or_computed_under_no_grad_has_no_frames():
    x = leaf(1.0, 2.0)

    def program():
        with tg.no_grad():
            scale = (x * x).sum()
        return (x.detach() * x * scale).sum()

    run = viz.trace(program)
    assert phases(run) == (3, 3)
    assert numbers(run.moments[vertex(run, "x")].grad) == [5.0, 10.0]


def test_writes_in_place_are_ops():
    x = leaf(1.0, 2.0)

    def program():
        h = x * 2
        h += 1
        h[0] = 7.0
        return (h * h).sum()

    run = viz.trace(program)
    assert [v.op for v in run.graph.vertices if v.kind == "op"] == [
        *["mul", "add", "index_put", "mul", "sum"]
    ]
    assert numbers(run.moments[vertex(run, "x")].grad) == [0.0, 20.0]


def test_gradients_of_gradients():
    x = leaf(2.0)
    (dx,) = tg.autograd.grad(x**3, x, create_graph=True)
    run = viz.trace(dx.sum(), check=True)
    assert numbers(run.moments[vertex(run, "x")].grad) == [12.0]
    assert all(frame.agrees for frame in backward(run))


def test_a_leaf_alone():
    x = leaf(3.0)
    run = viz.trace(x)
    assert phases(run) == (0, 0)
    assert numbers(run.moments["v0"].grad) == [1.0]


def test_a_gradient_to_start_from():
    x = leaf(1.0, 2.0)
    run = viz.trace(x * x, gradient=[10, 1])
    assert backward(run)[0].upstream.dtype == "float64"
    assert numbers(run.moments[vertex(run, "x")].grad) == [20.0, 4.0]
    with pytest.raises(GradientError, match=r"gradient has shape \(3,\), the output \(2,\)"):
        viz.trace(x * x, gradient=[1.0, 1.0, 1.0])


# ------------------------------------------------------------------------------- values


def test_values_that_formulas_do_not_read_are_computed_again():
    rng = np.random.default_rng(3)
    array = rng.normal(size=(20, 5))
    x = tg.tensor(array, requires_grad=True)
    h = x + 1.0  # 100 elements, and no formula reads them
    g = h.sum(1)
    loss = g.mean()
    run = viz.trace(loss)
    assert run.moments[vertex(run, "h")].value.mean == pytest.approx((array + 1).mean())
    assert run.moments[vertex(run, "g")].value.numbers == pytest.approx(
        (array + 1).sum(1).tolist(), rel=1e-5
    )
    assert run.data.notes == ()


def test_a_constant_that_nobody_kept_is_unknown_unless_it_was_recorded():
    x = tg.tensor(np.ones((20, 5)), requires_grad=True)
    constant = np.full((20, 5), 3.0)
    run = viz.trace((x + constant).sum())
    at = next(v.id for v in run.graph.vertices if v.kind == "input")
    assert run.moments[at].value is None
    assert "not kept" in run.data.notes[0] and "viz.recording()" in run.data.notes[0]
    run = viz.trace(lambda: (x + constant).sum())
    at = next(v.id for v in run.graph.vertices if v.kind == "input")
    assert run.moments[at].value.mean == 3.0
    assert run.data.notes == ()


def test_a_value_that_was_written_to_since_is_not_shown():
    w = tg.tensor(np.ones(100), requires_grad=True)
    loss = (w + 1.0).sum()
    w.data.mul_(5.0)
    run = viz.trace(loss)
    assert run.moments[vertex(run, "w")].value is None
    assert run.moments[vertex(run, "w")].grad.norm == 10.0
    assert "not kept: the value of w" in run.data.notes[0]


def test_a_result_that_was_written_to_since_is_computed_again():
    x = leaf(1.0, 2.0)
    h = x * 2.0
    loss = h.sum()
    with tg.no_grad():
        h.mul_(100.0)
    assert viz.trace(loss).moments["v1"].value.numbers == [2.0, 4.0]


def test_a_leaf_that_an_op_converted_is_shown_as_it_is():
    x = tg.tensor(np.ones(2, np.float32), requires_grad=True)
    y = leaf(1.0, 2.0)
    run = viz.trace((x * y).sum())
    assert [run.moments[vertex(run, name)].value.dtype for name in "xy"] == ["float32", "float64"]


def test_labels_are_values_too():
    _, loss = mlp(5)
    run = viz.trace(loss)
    at = vertex(run, "labels")
    assert run.moments[at].value.dtype.startswith("int")
    assert len(run.moments[at].value.numbers) == 5


def test_lines_are_known_for_a_function_and_in_a_recording():
    x = leaf(1.0, 2.0)
    assert viz.trace((x * x).sum()).moments["v1"].line == ""
    run = viz.trace(lambda: (x * x).sum())
    assert run.moments["v1"].line.startswith("test_record.py:")
    assert "(x * x).sum()" in run.moments["v1"].line
    with viz.recording():
        loss = (x * x).sum()
    assert "loss = (x * x).sum()" in viz.trace(loss).moments["v1"].line


# ------------------------------------------------------------------------------- two runs


def test_a_leaf_that_has_a_gradient_starts_from_it():
    x = leaf(1.0, 2.0)
    x.grad = tg.tensor(np.array([10.0, 20.0]))
    run = viz.trace((x * x).sum())
    assert {v: view.numbers for v, view in run.data.before.items()} == {"v0": [10.0, 20.0]}
    assert run.moments["v0"].grad.numbers == [12.0, 24.0]
    assert backward(run)[-1].partial.numbers == [2.0, 4.0]  # of this run alone
    assert x.grad.tolist() == [10.0, 20.0]


def test_two_runs_beside_each_other_accumulate():
    x = leaf(1.0, 2.0)
    one, two = viz.trace((x * x).sum()), viz.trace((x * 3.0).sum())
    both = one.beside(two)
    assert both.first.before == {} and both.first.moments["v0"].grad.numbers == [2.0, 4.0]
    assert both.second.before["v0"].numbers == [2.0, 4.0]
    assert both.second.moments["v0"].grad.numbers == [5.0, 7.0]
    assert two.moments["v0"].grad.numbers == [3.0, 3.0] and x.grad is None
    assert "two runs" in both._repr_mimebundle_()["text/plain"]


def test_two_runs_with_a_real_backward_between_them():
    x = leaf(1.0, 2.0)
    loss = (x * x).sum()
    one = viz.trace(loss)
    loss.backward(retain_graph=True)
    loss.backward()
    two = viz.trace((x * 3.0).sum())
    assert one.beside(two).second.before["v0"].numbers == [4.0, 8.0]
    assert one.beside(two).second.moments["v0"].grad.numbers == [7.0, 11.0]


def test_a_trace_keeps_the_gradient_that_was_there():
    x = leaf(1.0, 2.0)
    x.grad = tg.tensor(np.array([10.0, 10.0]))
    one = viz.trace((x * x).sum())
    x.grad += 100.0  # in place
    x.grad = None
    two = viz.trace((x * 3.0).sum())
    assert one.beside(two).second.before["v0"].numbers == [12.0, 14.0]
