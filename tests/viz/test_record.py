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


def test_a_leaf_alone():
    x = leaf(3.0)
    run = viz.trace(x)
    assert phases(run) == (0, 0)
    assert numbers(run.moments["v0"].grad) == [1.0]


def test_a_gradient_to_start_from():
    x = leaf(1.0, 2.0)
    run = viz.trace(x * x, gradient=[10.0, 1.0])
    assert numbers(run.moments[vertex(run, "x")].grad) == [20.0, 4.0]
    with pytest.raises(GradientError, match=r"gradient has shape \(3,\), the output \(2,\)"):
        viz.trace(x * x, gradient=[1.0, 1.0, 1.0])


# ------------------------------------------------------------------------------- errors


def test_a_loss_that_is_no_scalar():
    x = leaf(1.0, 2.0)
    with pytest.raises(GradientError, match=r"shape \(2,\): .*\.sum\(\).*gradient="):
        viz.trace(x * x)


def test_a_loss_without_history():
    with pytest.raises(GradientError, match="does not require grad"):
        viz.trace(tg.tensor(1.0))


@pytest.mark.parametrize(("given", "text"), [(3.0, "not float"), (lambda: 3.0, "must return")])
def test_something_else_than_a_loss(given, text):
    with pytest.raises(TypeError, match=text):
        viz.trace(given)


def test_a_shape_error_leaves_the_partial_graph():
    x, w = tg.tensor(np.ones((2, 3))), tg.tensor(np.ones((3, 4)), requires_grad=True)

    def program():
        h = (x @ w).relu()
        return (h @ w).sum()

    run = viz.trace(program)
    failure = run.data.failure
    assert failure.op == "matmul" and "inner dimensions must match, 4 != 3" in failure.message
    assert "return (h @ w).sum()" in failure.line
    last = run.graph.vertices[-1]
    assert (last.op, last.shape, last.label) == ("matmul", None, "matmul")
    assert failure.inputs == (vertex(run, "h"), vertex(run, "w"))
    assert [(e.source, e.target) for e in run.graph.edges[-2:]] == [
        (source, last.id) for source in failure.inputs
    ]
    assert phases(run) == (2, 0)
    assert run.moments[vertex(run, "h")].value.shape == (2, 4)
    assert run.moments[vertex(run, "w")].grad is None
    assert run.moments[last.id].value is None


def test_a_shape_error_of_two_inputs_without_history():
    x, y = tg.tensor([1.0, 2.0]), tg.tensor([1.0, 2.0, 3.0])
    run = viz.trace(lambda: x + y)
    assert run.data.failure.op == "add"
    assert [(v.kind, v.label) for v in run.graph.vertices] == [
        ("input", "x"),
        ("input", "y"),
        ("op", "add"),
    ]


def test_an_error_that_a_loss_finds_before_any_op():
    scores, labels = tg.tensor(np.ones((3, 2)), requires_grad=True), tg.tensor([0, 1])
    run = viz.trace(lambda: tg.nn.functional.cross_entropy(scores * 1, labels))
    assert run.data.failure.op == "cross_entropy"
    assert [run.graph.vertices[int(v[1:])].kind for v in run.data.failure.inputs] == ["op", "input"]


def test_an_error_of_the_users_own():
    x = leaf(1.0)

    def program():
        y = x * 2
        raise KeyError("no such layer") if y is not None else None

    run = viz.trace(program)
    assert run.data.failure.op == "KeyError" and "no such layer" in run.data.failure.message
    assert "raise KeyError" in run.data.failure.line


def test_the_first_op_that_made_a_nan():
    x = leaf(1.0, 0.0)
    with np.errstate(all="ignore"):
        run = viz.trace(lambda: ((x - 1.0).log() * 2.0).sum())
    bad = {v.op: run.moments[v.id].bad for v in run.graph.vertices if run.moments[v.id].bad}
    assert bad == {"log": "nan"}
    assert run.moments[run.graph.vertices[-1].id].value.nans == 1


def test_the_first_formula_that_made_an_infinity():
    x = leaf(4.0, 0.0)
    run = viz.trace(lambda: (x.sqrt() * 3.0).sum())
    bad = {v.op: run.moments[v.id].bad for v in run.graph.vertices if run.moments[v.id].bad}
    assert bad == {"sqrt": "inf"}


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


def test_labels_are_values_too():
    model, loss = mlp(5)
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
    loss.backward()
    two = viz.trace((x * 3.0).sum())
    assert one.beside(two).second.moments["v0"].grad.numbers == [5.0, 7.0]


# ------------------------------------------------------------------------------- finite differences


def test_right_formulas_agree_with_finite_differences():
    model, loss = mlp()
    run = viz.trace(loss, check=True)
    assert all(frame.agrees is True for frame in backward(run))
    assert {frame.numeric.shape for frame in backward(run)} == {(4,), (10,), (16,)}
    assert "random directions" in run.data.notes[-1]


def test_a_wrong_formula_is_seen():
    @primitive
    def square(x):
        return x * x

    square.defvjp(lambda g, out, x: g * x)  # the 2 is lost
    for size in (3, 50):
        x = tg.tensor(np.linspace(1, 2, size), requires_grad=True)
        run = viz.trace((square(x) * 3.0).sum(), check=True)
        verdicts = {v.op: [] for v in run.graph.vertices if v.op}
        for frame in backward(run):
            verdicts[run.graph.vertices[int(frame.vertex[1:])].op].append(frame.agrees)
        assert verdicts == {"sum": [True], "mul": [True], "square": [False]}


def test_a_subgradient_at_a_kink_agrees():
    x = leaf(0.0, 1.0, -1.0)
    run = viz.trace(x.relu().sum(), check=True)
    frame = backward(run)[-1]
    assert frame.agrees is True
    assert frame.numeric.numbers == pytest.approx([0.5, 1.0, 0.0], abs=1e-6)


def test_without_check_there_are_no_finite_differences():
    x = leaf(1.0)
    assert all(f.numeric is None and f.agrees is None for f in viz.trace((x * x).sum()).frames)
