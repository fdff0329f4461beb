"""Stage 0: each promise, broken one at a time, for an op whose values are all right."""

import numpy as np
import pytest

from tinygrad_edu.gradcheck.check_op import check_op

X = np.random.default_rng(1).normal(size=(3, 4))


def square(x):
    return x**2


def right(g, y, x):
    return (2 * x * g,)


def accumulates():
    total = np.zeros_like(X)

    def vjp(g, y, x):
        total.__iadd__(2 * x * g)
        return (total.copy(),)

    return vjp


def shares_a_buffer():
    buffer = np.zeros_like(X)

    def vjp(g, y, x):
        np.multiply(2 * x, g, out=buffer)
        return (buffer,)

    return vjp


def draws():
    rng = np.random.default_rng(0)
    return lambda g, y, x: (2 * x * g * (1 + 1e-9 * rng.random(x.shape)),)


def changes(which):
    def vjp(g, y, x):
        gradient = 2 * x * g
        {"g": g, "y": y, "x": x}[which][0, 0] += 1e-9
        return (gradient,)

    return vjp


def remembers():
    first = []

    def vjp(g, y, x):
        first.append(x.copy())
        return (2 * first[0] * g,) if first[0].shape == x.shape else (2 * x * g,)

    return vjp


BROKEN = {
    "accumulate": [accumulates],
    "mutation": [
        shares_a_buffer, lambda: changes("g"), lambda: changes("y"), lambda: changes("x"),
    ],
    "nondeterministic": [draws],
    "dtype": [
        lambda: lambda g, y, x: ((2 * x * g).astype(np.float32),),
        lambda: lambda g, y, x: ((2 * x * g).astype(np.float32).astype(np.float64),),
        lambda: lambda g, y, x: ((2 * x * g).astype(np.float16),),
    ],
    "upstream": [
        lambda: lambda g, y, x: (2 * x,),
        lambda: lambda g, y, x: (2 * x * (g > 0) * g,),
        lambda: lambda g, y, x: (2 * x * abs(g),),
        lambda: lambda g, y, x: (2 * x * g + 1,),
    ],
    "stale": [remembers],
    "shape": [
        lambda: lambda g, y, x: ((2 * x * g).ravel(),),
        lambda: lambda g, y, x: (2 * x * g, g),
        lambda: lambda g, y, x: ("nonsense",),
    ],
    "nonfinite": [lambda: lambda g, y, x: (2 * x * g * np.where(x == X[1, 1], np.nan, 1),)],
    "detached": [lambda: lambda g, y, x: (None,), lambda: lambda g, y, x: (0 * g,)],
}  # fmt: skip
CASES = [(cls, i) for cls, makers in BROKEN.items() for i in range(len(makers))]


@pytest.mark.parametrize(("cls", "i"), CASES, ids=lambda v: str(v))
def test_a_broken_promise_is_named(cls, i):
    before = X.copy()
    report = check_op(square, BROKEN[cls][i](), [X])
    assert report.verdict == "fail"
    assert cls in [c for c, _ in report.diagnosis[:2]], str(report)
    assert np.array_equal(before, X)


def test_the_promises_cost_four_calls():
    report = check_op(square, right, [X], explore=False)
    assert report.verdict == "pass"
    assert report.evaluations == (7, 4)


def test_a_forward_function_that_changes_its_input_is_told_and_undone():
    def forward(x):
        x *= 2
        return x.sum()

    x = X.copy()
    report = check_op(forward, lambda g, y, x: (2 * g * np.ones_like(x),), [x])
    assert (report.verdict, report.diagnosis[0][0]) == ("fail", "mutation")
    assert np.array_equal(x, X)


def test_a_random_forward_function_is_told():
    def forward(x):
        return x * (np.random.default_rng().random(x.shape) < 0.5)

    report = check_op(forward, lambda g, y, x: (g * (y != 0),), [X])
    assert (report.verdict, report.diagnosis[0][0]) == ("fail", "nondeterministic")


def test_a_seeded_dropout_passes():
    def mask(x):
        return (np.random.default_rng(0).random(x.shape) < 0.5) * 2.0

    assert check_op(lambda x: x * mask(x), lambda g, y, x: (g * mask(x),), [X]).verdict == "pass"
