"""Every op, every check. What is checked is in ``checks.py``, on what in the ``specs_*`` files."""

import inspect
import sys
from collections import Counter

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, mutually_broadcastable_shapes

import tinygrad_edu
from tests.ops import checks
from tests.ops.differences import gradient
from tests.ops.spec import Draw
from tests.ops.specs import SPECS
from tinygrad_edu import Tensor, ops
from tinygrad_edu.engine import Primitive, state


@pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.id)
@pytest.mark.parametrize("check", checks.CHECKS.values(), ids=lambda c: c.__name__)
def test_op(spec, check):
    check(spec)


# ------------------------------------------------------------------------------ shapes at random


def _here(specs):
    """Those of the ops that exist; a missing one fails in test_op."""
    return [s for s in specs if exists(s) and s.differentiable]


def exists(spec):
    try:
        return callable(spec.function)
    except AttributeError:
        return False


@hypothesis.settings(max_examples=150)
@hypothesis.given(st.data(), st.integers(0, 9))
def test_elementwise_at_any_shape(data, seed):
    spec = data.draw(st.sampled_from(_here(s for s in SPECS if s.elementwise)))
    shapes = data.draw(
        mutually_broadcastable_shapes(
            num_shapes=spec.elementwise, max_dims=3, max_side=3, min_side=0
        )
    )
    checks.any_shape(spec, shapes.input_shapes, seed)


@hypothesis.settings(max_examples=60)
@hypothesis.given(st.data(), st.integers(0, 9))
def test_reductions_at_any_shape(data, seed):
    spec = data.draw(
        st.sampled_from(_here(s for s in SPECS if s.reduces and not s.samples[0].kwargs))
    )
    shape = data.draw(array_shapes(min_dims=0, max_dims=3, max_side=4))
    checks.any_shape(spec, [shape], seed)


# ------------------------------------------------------------------------------- nothing left out

# Exported names that are no ops with values and gradients of their own to check.
NOT_OPS = {
    "cast": "reached by every op that converts",
    "fit": "the engine's rule",
    "getitem": "under test as __getitem__",
    "index_put": "under test as __setitem__",
    "plain_index": "brings an index to NumPy's form",
    "promote": "the engine's rule; dtypes are compared with PyTorch",
    "to_dtype": "under test as float, double, long, ...",
    "sum_to": "reached by every op that broadcasts",
}


def test_every_exported_op_has_a_spec():
    known = {s.short for s in SPECS}
    exported = {
        name
        for name, value in vars(ops).items()
        if callable(value)
        and not name.startswith("_")
        and not inspect.isclass(value)
        and getattr(value, "__module__", "").startswith("tinygrad_edu")
    }
    missing = exported - known - NOT_OPS.keys()
    assert not missing, f"no spec in tests/ops/specs_*.py for: {', '.join(sorted(missing))}"
    stale = NOT_OPS.keys() - exported
    assert not stale, f"not exported, remove from NOT_OPS: {', '.join(sorted(stale))}"


def primitives():
    """Every Primitive in the modules of ops/."""
    modules = [m for name, m in sys.modules.items() if f"{name}.".startswith(f"{ops.__name__}.")]
    return {p for m in modules for p in vars(m).values() if isinstance(p, Primitive)}


class Seen:
    """Collects the ops that run."""

    def __init__(self):
        self.ops = set()

    def made(self, op, result, node):
        self.ops.add(op)

    def contribution(self, node, i, g, c):
        self.ops.add((node.op, i))


def test_every_primitive_is_run_by_the_table():
    """Its forward, and the formula of each differentiable input."""
    seen, before = Seen(), state.watch
    state.watch = seen
    try:
        for spec in SPECS:
            try:
                for sample in spec.samples:
                    call = checks.Call(spec, sample)
                    if spec.differentiable and spec.twice and call.live and not sample.at_kink:
                        call.second()
                    else:
                        call.gradients()
            except Exception:  # reported by test_op
                continue
    finally:
        state.watch = before
    idle = sorted(p.__name__ for p in primitives() - seen.ops)
    assert not idle, f"no spec runs: {', '.join(idle)}"
    untried = [
        f"{p.__name__} input {i}"
        for p in primitives()
        if p.differentiable and isinstance(p.formulas, list) and not p.joint
        for i, formula in enumerate(p.formulas)
        if formula is not None and (p, i) not in seen.ops
    ]
    assert not untried, f"no spec needs the gradient of: {', '.join(sorted(untried))}"


def test_ids_are_unique():
    twice = [name for name, n in Counter(s.id for s in SPECS).items() if n > 1]
    assert not twice, f"give these a label: {twice}"


# ---------------------------------------------------------------------------- the tools themselves


def test_differences_are_accurate():
    x = Draw("differences").positive(2, 3)
    (found,) = gradient(lambda a: float(np.sum(np.sin(a) * np.log(a))), [x], [0])
    np.testing.assert_allclose(found, np.cos(x) * np.log(x) + np.sin(x) / x, rtol=1e-10)


def test_locks_lock():
    with checks.Locks():
        assert not (Tensor(np.ones(3)) * 2).numpy().flags.writeable


@pytest.mark.parametrize(
    "wrong", ["value", "gradient", "second_gradient", "read_only", "on_arrays"]
)
def test_checks_notice(wrong):
    """Each check fails for an op with the fault that it is there for."""

    def writes(x):
        x *= 1.0
        return x

    forwards = {"value": lambda x: x * x + 1e-6, "read_only": lambda x: writes(x) * x}
    bad = tinygrad_edu.primitive(forwards.get(wrong, lambda x: x * x), elementwise=True)
    formulas = {
        "gradient": lambda g, out, x: 2 * x * x.shape[-1] / 4,
        "second_gradient": lambda g, out, x: (
            2 * g * x.detach() if isinstance(x, Tensor) else 2 * g * x
        ),
    }
    bad.defvjp(formulas.get(wrong, lambda g, out, x: 2 * g * x))
    ours = (lambda x: Tensor(np.asarray(bad(x)))) if wrong == "on_arrays" else bad
    spec = checks.OpSpec(
        "bad", np.square, lambda draw: [checks.Sample((draw(3, 4),))], ours=ours, method=None
    )
    with pytest.raises(AssertionError, match="bad"):
        checks.CHECKS[wrong](spec)
