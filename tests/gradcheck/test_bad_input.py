"""Whatever is given, there is a verdict with a reason, and the inputs are as they were."""

import numpy as np
import pytest

from tinygrad_edu.gradcheck.check_op import check_op

X = np.random.default_rng(0).normal(size=(2, 3))


def double(x):
    return 2 * x


def vjp(g, y, x):
    return (2 * g,)


def raises(*_):
    raise RuntimeError("no luck today\nmore")


REASONS = [
    (lambda x: None, [X], "None"),
    (lambda x: "text", [X], "str"),
    (lambda x: (x, x), [X], "tuple of 2"),
    (lambda x: x + 1j, [X], "complex"),
    (raises, [X], "RuntimeError: no luck today"),
    (double, [np.array([1.0, np.nan])], "x holds nan at (1,)"),
    (double, [np.array([np.inf])], "x holds inf"),
    (double, ["text"], "input 0 is str"),
    (double, [object()], "input 0 is object"),
    (double, [[[1.0], [1.0, 2.0]]], "rows differ in length"),
    (double, [], "no inputs"),
    (double, [np.array([True])], "booleans"),
    (lambda x: x * np.nan, [X], "no finite value"),
]


@pytest.mark.parametrize(("forward", "inputs", "words"), REASONS)
def test_what_cannot_be_checked_is_inconclusive_with_a_reason(forward, inputs, words):
    report = check_op(forward, vjp, inputs)
    assert report.verdict == "inconclusive"
    assert not report
    assert words in report.reason
    assert words.split("\n")[0] in " ".join(str(report).split())


def test_a_formula_that_raises_fails_with_what_it_said():
    report = check_op(double, raises, [X])
    assert report.verdict == "fail"
    assert "RuntimeError: no luck today" in report.reason


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.zeros(()), 0.5, np.zeros((1, 1)), [1.0, 2.0]])
def test_empty_and_0d_and_lists(x):
    assert check_op(double, vjp, [x]).verdict == "pass"
    assert check_op(double, lambda g, y, x: (np.zeros((7,)),), [x]).verdict == "fail"


def test_integers_are_indices_beside_floats_and_lifted_alone():
    index = np.array([0, 2, 0])

    def scatter(g, y, x, i):
        out = np.zeros_like(x)
        np.add.at(out, i, g)
        return out, None

    assert check_op(lambda x, i: x[i], scatter, [np.array([1.0, 2, 3]), index]).verdict == "pass"
    report = check_op(double, vjp, [np.arange(6).reshape(2, 3)])
    assert report.verdict == "pass"
    assert any("integers" in note for note in report.notes)


def test_single_precision_is_lifted_and_said():
    report = check_op(double, vjp, [X.astype(np.float32)])
    assert report.verdict == "pass"
    assert any("float32" in note for note in report.notes)


def test_an_interrupt_passes_through_and_nothing_is_lost():
    x = X.copy()

    def forward(x):
        x += 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check_op(forward, vjp, [x])
    assert np.array_equal(x, X)


def test_read_only_inputs():
    x = X.copy()
    x.flags.writeable = False
    assert check_op(double, vjp, [x]).verdict == "pass"


SAMPLERS = [
    (raises, "the sampler raised RuntimeError"),
    (lambda rng: None, "must return a list of 1 array"),
    (lambda rng: [X, X], "must return a list of 1 array"),
    (lambda rng: ["text"], "the sampler's input 0 is str"),
    (lambda rng: [np.array([np.nan])], "no finite value at a point of the sampler"),
]


@pytest.mark.parametrize(("sampler", "words"), SAMPLERS)
def test_a_sampler_that_is_no_use_is_told_in_a_note(sampler, words):
    report = check_op(double, vjp, [X], sampler=sampler)
    assert report.verdict == "pass"
    assert words in " ".join(report.notes)
    assert report.points == ["given"]
