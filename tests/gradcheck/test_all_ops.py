"""The derivative table under the checker: every op has samples, and passes on them."""

import time

import numpy as np
import pytest

from tinygrad_edu import ops
from tinygrad_edu.engine import primitive
from tinygrad_edu.gradcheck import all_ops, samples
from tinygrad_edu.gradcheck.all_ops import as_pair, check_all_ops, check_samples, labels
from tinygrad_edu.gradcheck.samples import SAMPLES, case
from tinygrad_edu.gradcheck.samples.case import bools, constant, normal, regular, unit

LABELS = labels()
SQUARE = {"inv", "solve", "det"}  # defined for square matrices only


# ------------------------------------------------------------------------------ the samples


def test_every_op_has_a_sample():
    assert all_ops.without_samples() == []
    assert SAMPLES.keys() - LABELS.keys() == set(), "no such op: remove these samples"
    assert len(SAMPLES) == sum(len(kind.TABLE) for kind in samples._TABLES), "two tables have it"


def test_an_op_without_a_sample_is_noticed(monkeypatch):
    monkeypatch.delitem(SAMPLES, "erf")
    assert all_ops.without_samples() == ["erf"]
    assert list(check_all_ops(["erf"])) == []


def test_only_ops_without_a_derivative_are_left_out():
    named = set(LABELS.values())
    assert len(named) == len(LABELS) == len(all_ops.primitives()) > 140
    assert {ops.exp, ops.matmul, ops.compare._where, ops.add} <= named
    assert not {ops.floor_divide, ops.eq, ops.isnan, ops.logical_and} & named


@pytest.mark.parametrize("label", SAMPLES)
def test_samples_are_unequal_and_in_the_domain(label):
    """Axes of equal length hide a transposed gradient, and NaN hides everything."""
    for n, sample in enumerate(SAMPLES[label]):
        xs = sample.inputs(np.random.default_rng(n))
        for x in xs:
            sizes = [size for size in x.shape if size > 1]
            assert label in SQUARE or len(sizes) == len(set(sizes)), f"{label}: {x.shape}"
        forward, _ = as_pair(LABELS[label], sample.options)
        assert np.all(np.isfinite(forward(*xs))), label


def test_samples_come_from_their_generator():
    draws = (normal(3, 4), unit(3, 4), bools(3, 4), regular(2, 3, 3), constant(1, 2))
    for draw in draws:
        again = [draw(np.random.default_rng(seed)) for seed in (0, 0, 1)]
        np.testing.assert_array_equal(again[0], again[1])
    assert not np.array_equal(
        normal(3)(np.random.default_rng(0)), normal(3)(np.random.default_rng(1))
    )
    mask = bools(3, 4)(np.random.default_rng(0))
    assert mask.dtype == bool and mask.any() and not mask.all()
    assert np.all(np.abs(np.linalg.det(regular(9, 3, 3)(np.random.default_rng(0)))) > 0.5)


# ------------------------------------------------------------------------------ an op as a pair


def test_broadcasting_is_undone_for_elementwise_ops_only():
    def product(x, y):
        return x * y

    xs, g = [np.ones((3, 4)), np.arange(4.0)], np.arange(12.0).reshape(3, 4)
    for elementwise, shape in ((True, (4,)), (False, (3, 4))):
        op = primitive(product, elementwise=elementwise)
        op.defvjp(lambda g, out, x, y: g * y, lambda g, out, x, y: g * x)
        forward, vjp = as_pair(op, {})
        first, second = vjp(g, forward(*xs), *xs)
        assert first.shape == (3, 4) and second.shape == shape
    np.testing.assert_array_equal(as_pair(ops.mul, {})[1](g, None, *xs)[1], g.sum(0))


def test_neither_other_shapes_nor_dtypes_are_repaired():
    op = primitive(lambda x: x * 2.0, elementwise=True, name="double")
    op.defvjp(lambda g, out, x: np.float32(2) * g.T.astype(np.float32))
    x = np.ones((3, 4))
    (found,) = as_pair(op, {})[1](x, x, x)
    assert found.shape == (4, 3) and found.dtype == np.float32


def test_values_that_forward_keeps_are_those_of_the_same_inputs():
    forward, vjp = as_pair(LABELS["gelu"], {"kept": {}})
    x = np.array([0.3, -1.2])
    y, g = forward(x), np.ones(2)
    expected = vjp(g, y, x)[0]
    forward(x + 1.0)
    np.testing.assert_array_equal(vjp(g, y, x)[0], expected)


def test_joint_and_numbered_formulas():
    joint = primitive(lambda x, y: x * y, name="joint")
    joint.defvjp(joint=lambda g, out, x, y: (g * y, g * x))
    x, y = np.array([2.0]), np.array([5.0])
    assert [float(v[0]) for v in as_pair(joint, {})[1](np.ones(1), x * y, x, y)] == [5.0, 2.0]
    forward, vjp = as_pair(LABELS["cat"], {"dim": 0, "ends": (1, 3)})
    parts = np.array([1.0]), np.array([2.0, 3.0])
    found = vjp(np.array([7.0, 8.0, 9.0]), forward(*parts), *parts)
    assert [f.tolist() for f in found] == [[7.0], [8.0, 9.0]]


# ------------------------------------------------------------------------------ the check


@pytest.mark.parametrize("label", SAMPLES)
def test_op(label):
    result = check_samples(label, LABELS[label], SAMPLES[label])
    for report in result.reports:
        assert report.verdict in ("pass", "kink"), str(report)
        assert report.evaluations.forward <= 60 and report.evaluations.backward <= 12
        assert report.op == label


def test_all_of_them_take_less_than_20_seconds():
    started = time.process_time()
    assert len(list(check_all_ops())) == len(LABELS)
    assert time.process_time() - started < 20


WRONG = {
    "exp": [lambda g, out, x: g * x],
    "sqrt": [lambda g, out, x: g / out],
    "mul": [lambda g, out, x, y: g * y, lambda g, out, x, y: g * y],
    "sub": [lambda g, out, x, y, alpha=1: g, lambda g, out, x, y, alpha=1: g],
    "relu": [lambda g, out, x: g],
    "sum": [lambda g, out, x, axis, keepdims: np.ones_like(x)],
    "matmul": [
        lambda g, out, x, y: g @ y.swapaxes(-1, -2),
        lambda g, out, x, y: x.swapaxes(-1, -2) @ g,
    ],
    "amax": [lambda g, out, x, axis, keepdims: g],
    "softmax": [lambda g, out, x, axis: g * out * (1 - out)],
    "flip": [lambda g, out, x, dims: g],
    "huber_loss": [lambda g, out, x, y, delta, scale: g, None],
    "inv": [lambda g, out, x: -out @ g @ out],
}


@pytest.mark.parametrize("label", WRONG)
def test_a_wrong_formula_in_the_table_fails(label, monkeypatch):
    monkeypatch.setattr(LABELS[label], "formulas", WRONG[label])
    (result,) = check_all_ops([label])
    assert result.verdict == "fail"
    bad = next(r for r in result.reports if r.verdict == "fail")
    assert bad.op == label and label in str(bad) and bad.diagnosis


FLAT = {"ceil", "flat", "floor", "round", "rounded_quotient", "sign", "trunc"}  # the gradient is 0


@pytest.mark.parametrize("label", sorted(SAMPLES.keys() - FLAT))
def test_no_formula_may_be_off_by_a_ten_millionth(label, monkeypatch):
    """Whatever the op, and whichever of its inputs: the samples show every formula."""
    real = all_ops.as_pair
    xs = SAMPLES[label][0].inputs(np.random.default_rng(0))
    for k in (k for k, x in enumerate(xs) if x.dtype.kind == "f"):

        def bent(op, options, k=k):
            forward, vjp = real(op, options)

            def wrong(g, y, *xs):
                found = list(vjp(g, y, *xs))
                found[k] = found[k] * (1 + 1e-7)
                return tuple(found)

            return forward, wrong

        monkeypatch.setattr(all_ops, "as_pair", bent)
        (result,) = check_all_ops([label])
        assert result.verdict == "fail", f"{label}: input {k}"


def test_wrong_only_at_ties(monkeypatch):
    """Each of several ties gets the whole gradient: no random point shows it."""
    whole = lambda g, out, x, axis, keepdims: np.where(x == out, g, 0.0)
    monkeypatch.setattr(LABELS["max"], "formulas", [whole])
    (result,) = check_all_ops(["max"])
    assert result.verdict == "fail" and result.reports[0].point != "given"
    sample = SAMPLES["max"][0].only_here("to show what exploring is for")
    here = check_samples("max", LABELS["max"], [sample])
    assert here.verdict == "pass"
    assert here.untried == ["other points not tried: to show what exploring is for"]
    assert here.untried[0] in here.reports[0].notes


# ------------------------------------------------------------------------------ a result


def test_results_add_up():
    (result,) = check_all_ops(["relu"], seed=3)
    ordinary, at_kinks = result.reports
    assert (ordinary.verdict, at_kinks.verdict, result.verdict) == ("pass", "kink", "kink")
    assert result.kinks == at_kinks.kinks > 0 == ordinary.kinks
    assert set(result.points) == {*ordinary.points, *at_kinks.points}
    assert result.evaluations == max(ordinary.evaluations, at_kinks.evaluations)
    assert 0 <= result.worst < 1e-7
    assert result.to_dict()["op"] == "relu"


def test_the_seed_decides():
    found = [next(check_all_ops(["erf"], seed=s)).to_dict() for s in (1, 1, 2)]
    assert found[0] == found[1] != found[2]


def test_the_least_favourable_report_counts():
    right, wrong = case(normal(3, 4)), case(normal(4, 3))
    op = primitive(lambda x: x * 2.0, name="double")
    op.defvjp(lambda g, out, x: g * 2.0 * len(x) / 3)
    result = check_samples("double", op, [right, wrong])
    assert [r.verdict for r in result.reports][1] == result.verdict == "fail"
