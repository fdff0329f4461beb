"""Finite differences beside the gradients of a trace."""

import numpy as np
import pytest
from programs import backward, leaf, mlp

import tinygrad_edu as tg
from tinygrad_edu import viz
from tinygrad_edu.autograd import Function
from tinygrad_edu.engine import primitive
from tinygrad_edu.gradcheck.all_ops import SAMPLES, primitives


def test_right_formulas_agree_with_finite_differences():
    _, loss = mlp()
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


def test_every_op_can_be_traced_and_agrees():
    ops, count = {op.name: op for op in primitives()}, 0
    for name, cases in SAMPLES.items():
        for case in cases if name in ops else []:
            xs = case.inputs(np.random.default_rng(0))
            inputs = [tg.tensor(x, requires_grad=x.dtype.kind == "f") for x in xs]
            weights = np.random.default_rng(1)

            def program(op=ops[name], case=case, inputs=inputs, weights=weights):
                out = op(*inputs, **case.options)
                return (out * weights.uniform(0.5, 1.5, out.shape)).sum()

            run = viz.trace(program, check=True)
            if run.data.failure:  # the name is that of another op's public function
                continue
            assert all(frame.agrees for frame in backward(run)), (name, case.options)
            assert not run.data.notes or "random directions" in run.data.notes[0]
            count += 1
    assert count > 200


def test_a_subgradient_at_a_kink_agrees():
    x = leaf(0.0, 1.0, -1.0)
    run = viz.trace(x.relu().sum(), check=True)
    frame = backward(run)[-1]
    assert frame.agrees is True
    assert frame.numeric.numbers == pytest.approx([0.5, 1.0, 0.0], abs=1e-6)


def test_without_check_there_are_no_finite_differences():
    x = leaf(1.0)
    assert all(f.numeric is None and f.agrees is None for f in viz.trace((x * x).sum()).frames)


def test_a_wrong_function_of_ones_own_is_seen():
    class Scale(Function):
        @staticmethod
        def forward(ctx, x, factor):
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx, g):
            return -ctx.factor * g, None

    x = leaf(1.0, 2.0)
    run = viz.trace(lambda: Scale.apply(x, 3.0).sum(), check=True)
    wrong = backward(run)[-1]
    assert wrong.agrees is False
    assert wrong.contribution.numbers == [-3.0, -3.0]
    assert wrong.numeric.numbers == pytest.approx([3.0, 3.0])


def test_a_formula_that_gives_none_disagrees_with_a_slope():
    @primitive
    def both(x, y):
        return x * y

    both.defvjp(lambda g, out, x, y: g * y, lambda g, out, x, y: None)
    x, y = leaf(1.0), leaf(2.0)
    run = viz.trace(both(x, y).sum(), check=True)
    assert [frame.agrees for frame in backward(run)] == [True, True, False]
    assert backward(run)[-1].numeric.numbers == pytest.approx([1.0])


def test_where_there_is_no_slope_nothing_is_said():
    @primitive
    def step(x):
        return np.where(x > 0, 1.0, 0.0)

    step.defvjp(lambda g, out, x: g * 0.0)
    run = viz.trace(step(leaf(0.0)).sum(), check=True)
    assert backward(run)[-1].agrees is None
