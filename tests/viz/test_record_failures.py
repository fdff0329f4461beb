"""What cannot be traced, and programs that fail: the graph up to there."""

import numpy as np
import pytest
from programs import leaf, phases, vertex

import tinygrad_edu as tg
from tinygrad_edu import viz
from tinygrad_edu.errors import GradientError


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
    assert [edge.label for edge in run.graph.edges] == ["", ""]
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
