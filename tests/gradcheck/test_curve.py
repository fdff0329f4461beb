"""The U curve: slopes, minima and best steps that theory and GRADCHECK 3.3 give.

The slopes and the orders of the optimum follow from Taylor's series. The minima are those measured
elsewhere for log-softmax of a 3 x 5 array along one direction; they depend on the direction, so
that what must agree is the median over several.
"""

import math
from functools import cache

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu.gradcheck.curve import STENCILS, step_curve
from tinygrad_edu.gradcheck.curve_data import ORDERS, Curve
from tinygrad_edu.gradcheck.curve_function import Probed

EPS = {"float64": 2.0**-52, "float32": 2.0**-23}


def log_softmax(x):
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


@cache
def curves(count=9):
    points = [np.random.default_rng(k).normal(size=(3, 5)) for k in range(count)]
    return [step_curve(log_softmax, x, seed=k) for k, x in enumerate(points)]


def median(method, dtype, read):
    return np.median([read(c.of(method, dtype)) for c in curves()])


# ------------------------------------------------------------------------------- stencils


@pytest.mark.parametrize("method", STENCILS)
def test_a_stencil_is_exact_up_to_its_order_and_no_further(method):
    """sum(w k^n) is 0 but for n = 1, where it is 1, up to n = order."""
    for n in range(ORDERS[method] + 1):
        total = sum(w * k**n for k, w in STENCILS[method].items())
        assert total == pytest.approx(float(n == 1), abs=1e-12)
    n = ORDERS[method] + 1
    assert abs(sum(w * k**n for k, w in STENCILS[method].items())) > 0.1


# ------------------------------------------------------------------------------- slopes


@pytest.mark.parametrize(
    ("method", "dtype", "slope", "tolerance"),
    [
        ("forward", "float64", 1, 0.05),
        ("central", "float64", 2, 0.05),
        ("fourth", "float64", 4, 0.15),
        ("sixth", "float64", 6, 0.7),  # the next power of the step shows early
        ("complex", "float64", 2, 0.05),
        ("forward", "float32", 1, 0.2),
        ("central", "float32", 2, 0.2),
    ],
)
def test_slope_of_truncation(method, dtype, slope, tolerance):
    found = [c.of(method, dtype).slope for c in curves()]
    assert np.median([s for s in found if s is not None]) == pytest.approx(slope, abs=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 0.05), ("float32", 0.2)])
@pytest.mark.parametrize("method", STENCILS)
def test_slope_of_round_off(method, dtype, tolerance):
    assert median(method, dtype, lambda c: c.round_off) == pytest.approx(-1, abs=tolerance)


def test_a_complex_step_has_no_round_off():
    for c in curves():
        assert c.of("complex").round_off is None
        assert c.of("complex").theory is None
        small = c.of("complex").errors[c.of("complex").steps < 1e-9]
        assert small.max() < 1e-14


def test_no_truncation_where_the_stencil_is_exact():
    """The third derivative of x^2 is 0: central differences err by round-off alone."""
    c = step_curve(lambda x: x**2, np.array([0.3, -0.7]), dtypes=[np.float64])
    assert c.of("central").slope is None
    assert c.of("forward").slope == pytest.approx(1, abs=0.05)


# ------------------------------------------------------------------------------- minima


@pytest.mark.parametrize(
    ("method", "dtype", "error", "step"),
    [
        ("forward", "float64", 1.2e-7, 1e-7),
        ("central", "float64", 1.2e-11, 1e-5),
        ("sixth", "float64", 1.1e-12, 1e-3),
        ("forward", "float32", 1.5e-3, 1e-3),
        ("central", "float32", 1e-5, 1e-2),
        ("sixth", "float32", 4e-6, 1e-1),
    ],
)
def test_minima(method, dtype, error, step):
    """GRADCHECK 3.3; a direction along which the derivative is small has larger errors."""
    assert 1 / 5 < median(method, dtype, lambda c: c.at(step)) / error < 5
    assert 1 / 10 < median(method, dtype, lambda c: c.best_step) / step < 10


def test_float32_with_the_steps_of_others():
    """GRADCHECK 3.3: at PyTorch's step 1e-6 off by 10 %, at 1e-8 by 100 %."""
    assert 0.03 < median("central", "float32", lambda c: c.at(1e-6)) < 0.3
    assert median("central", "float32", lambda c: c.at(1e-8)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("dtype", EPS)
@pytest.mark.parametrize(("method", "root"), [("forward", 2), ("central", 3), ("sixth", 7)])
def test_theory_and_measurement_agree(method, root, dtype):
    theory = EPS[dtype] ** (1 / root)
    assert curves()[0].of(method, dtype).theory == pytest.approx(theory)
    assert 1 / 6 < median(method, dtype, lambda c: c.best_step) / theory < 6


def test_better_stencils_reach_smaller_errors_at_larger_steps():
    for dtype in EPS:
        errors = [median(m, dtype, lambda c: c.best_error) for m in STENCILS]
        steps = [median(m, dtype, lambda c: c.best_step) for m in STENCILS]
        assert errors == sorted(errors, reverse=True)
        assert steps == sorted(steps)


def test_large_inputs_need_large_steps():
    """At 1e6 a step of 1e-5 is lost beside the input; theory's step grows with it."""
    c = step_curve(lambda x: x**3 / 1e12, np.array([1e6, 2e6]), dtypes=[np.float64]).of("central")
    assert c.theory == pytest.approx(1e6 * EPS["float64"] ** (1 / 3))
    assert c.at(1e-5) > 1e-6
    assert c.at(c.theory) < 1e-9


def test_the_curve_of_one_error():
    """Fits and minimum of a curve drawn by hand: 3 h^2 + 1e-16 / h."""
    h = 10.0 ** np.arange(-15, 0.1, 0.25)
    c = Curve("central", "float64", h, 3 * h**2 + 1e-16 / h)
    assert c.slope == pytest.approx(2, abs=0.01)
    assert c.round_off == pytest.approx(-1, abs=0.01)
    assert c.best_step == pytest.approx(10**-5.5)
    assert c.at(1.1e-5) == pytest.approx(3e-10 + 1e-11)


# ------------------------------------------------------------------------------- references


def test_tensors_are_compared_with_the_engine():
    x = np.random.default_rng(0).normal(size=(3, 5))
    c = step_curve(lambda x: t.log_softmax(x, 1), t.tensor(x, requires_grad=True))
    assert "engine" in c.reference
    assert c.of("sixth").best_error < 1e-11
    assert c.of("central", "float32").at(1e-8) == pytest.approx(1, abs=1e-3)
    assert c.notes == ["no complex step: Tensors hold no complex numbers"]
    assert {r.method for r in c.rows} == set(STENCILS)


def test_only_tensors_that_require_grad_are_moved():
    x, w = t.tensor([1.0, 2.0], requires_grad=True), t.tensor([0.0, 0.0])
    c = step_curve(lambda x, w: x.sin() + w.sqrt(), [x, w], methods=["central"])
    assert c.of("central").best_error < 1e-9  # the slope of sqrt at 0 is infinite


def test_several_inputs_and_outputs():
    x, w = t.tensor([[1.0, 2.0]], requires_grad=True), t.tensor([[3.0], [1.0]], requires_grad=True)
    c = step_curve(lambda x, w: ((x @ w).sin(), x.exp()), [x, w])
    assert c.of("sixth").best_error < 1e-11


def test_a_wrong_gradient_stops_every_curve():
    x = np.array([0.3, -0.5])
    wrong = step_curve(np.exp, x, gradient=lambda g, y, x: g * y / 3)
    right = step_curve(np.exp, x, gradient=lambda g, y, x: (g * y,))
    assert wrong.of("complex").at(1e-5) == pytest.approx(2, rel=1e-6)  # |n - n/3| / |n/3|
    assert any("the gradient is wrong" in n for n in wrong.notes)
    assert right.of("complex").best_error < 1e-15
    assert not right.notes
    assert right.reference == "the gradient you gave"


@pytest.mark.parametrize("of_k", [None, np.zeros(2)])
def test_a_formula_with_an_integer_input(of_k):
    x, k = np.array([0.3, -0.5]), np.array([2, 3])
    c = step_curve(lambda x, k: x**k, [x, k], gradient=lambda g, y, x, k: (g * k * y / x, of_k))
    assert c.of("complex").best_error < 1e-15


def test_the_gradient_of_a_loss_as_an_array():
    x = np.array([0.3, -0.5])
    c = step_curve(lambda x: np.exp(x).sum(), x, gradient=np.exp(x))
    assert c.of("sixth").best_error < 1e-12


@pytest.mark.parametrize(
    ("func", "reason"),
    [
        (lambda x: abs(x) ** 1.5, "abs"),
        (lambda x: np.array([math.sin(v) for v in x]), "complex"),
        (lambda x: np.sin(x.astype(float)), "imaginary"),
    ],
)
def test_without_complex_step_richardson_is_the_reference(func, reason):
    c = step_curve(func, np.array([0.4, -0.9, 1.3]), dtypes=[np.float64])
    assert "Richardson" in c.reference
    (note,) = c.notes
    assert "no complex step" in note and reason in note
    assert c.of("sixth").best_error < 1e-11
    assert c.of("central").slope == pytest.approx(2, abs=0.05)
    with pytest.raises(KeyError, match="no curve of complex float64"):
        c.of("complex")


@pytest.mark.parametrize(
    ("func", "derivative", "x"),
    [
        (lambda x: abs(x) ** 1.5, lambda x: 1.5 * np.sign(x) * abs(x) ** 0.5, [0.4, -0.9, 1.3]),
        (lambda x: np.exp(x.astype(float)), np.exp, [0.4, -0.9, 1.3]),
        (lambda x: np.log(x.astype(float)), lambda x: 1 / x, [1e-7, 2.0]),  # a small domain
    ],
)
def test_richardson_is_accurate(func, derivative, x):
    x = np.array(x)
    probed = Probed(func, x, np.random.default_rng(0), 4)
    found, source, _ = probed.reference(None)
    assert "Richardson" in source
    exact = [np.sum(probed.g * derivative(x) * d) for (d,) in probed.directions]
    np.testing.assert_allclose(found, exact, rtol=3e-12)


def test_a_random_function_says_so():
    rng = np.random.default_rng(0)
    c = step_curve(lambda x: np.exp(x) + 1e-6 * rng.normal(size=2), np.ones(2), dtypes=["float64"])
    assert any("random" in n for n in c.notes)


def test_a_kink_says_so():
    x = t.tensor([0.0, 1.0], requires_grad=True)
    assert any("kink" in n for n in step_curve(lambda x: x.relu(), x).notes)


def test_a_derivative_that_is_zero_has_absolute_errors():
    c = step_curve(lambda x: np.array([3.0]) + 0 * x, np.ones(1))
    assert any("absolute" in n for n in c.notes)
    assert c.of("central").best_error == 0


def test_a_function_that_widens_says_so():
    weights = np.array([1.0, 2.0])
    c = step_curve(lambda x: np.exp(x) * weights, np.array([0.3, 0.4]))
    assert "given float32, the function returns float64" in c.notes


def test_steps_that_leave_the_domain_are_left_out():
    c = step_curve(lambda x: np.log(x), np.array([1e-3, 2.0])).of("central")
    assert c.steps.max() < 2e-3
    assert np.isfinite(c.errors).all()
    assert c.best_error < 1e-8


def test_steps_at_which_the_function_raises_are_left_out():
    def f(x):
        if abs(x).max() > 1:
            raise ValueError("outside the unit circle")
        return np.exp(x)

    c = step_curve(f, np.array([0.9]))
    for method in ORDERS:
        assert 1e-3 < c.of(method).steps.max() < 1
        assert c.of(method).best_error < 1e-7


def test_inputs_are_left_alone():
    def rude(x, k):
        y = np.exp(x) * k
        x[...], k[...] = 700, 700
        return y

    x, k = np.array([0.3, 0.4]), np.array([1, 2])
    c = step_curve(rude, [x, k]).of("sixth")
    assert c.best_error < 1e-11 and c.scale == 1
    np.testing.assert_array_equal(x, [0.3, 0.4])
    np.testing.assert_array_equal(k, [1, 2])


def test_the_seed_repeats_it():
    x = np.array([0.3, -0.5])
    first, again, other = (step_curve(np.exp, x, seed=s).rows for s in (1, 1, 2))
    assert first == again != other


# ------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("func", "inputs", "options", "error", "message"),
    [
        (np.exp, np.array([1, 2]), {}, ValueError, r"must hold floats; given \(2,\) int64"),
        (np.exp, [], {}, ValueError, "given nothing"),
        (np.exp, np.zeros((0, 2)), {}, ValueError, "must hold floats"),
        (np.log, np.array([-1.0]), {}, ValueError, "not finite"),
        (np.exp, np.array([np.nan]), {}, ValueError, "not finite"),
        (lambda x: None, np.ones(2), {}, TypeError, "must return numbers, not NoneType"),
        (lambda x: x[:0], np.ones(2), {}, ValueError, "returns nothing"),
        (np.exp, np.ones(2), {"methods": ["fifth"]}, ValueError, "methods: fifth is not known"),
        (np.exp, np.ones(2), {"methods": []}, ValueError, "there is none"),
        (np.exp, np.ones(2), {"dtypes": [np.float16]}, ValueError, "dtypes: float16"),
        (np.exp, np.ones(2), {"gradient": np.ones(2)}, TypeError, "must be a formula"),
        (
            np.exp,
            np.ones(2),
            {"gradient": lambda g, y, x: g.sum()},
            ValueError,
            r"shapes \[\(\)\] for inputs of \[\(2,\)\]",
        ),
    ],
)
def test_bad_input(func, inputs, options, error, message):
    with pytest.raises(error, match=message):
        step_curve(func, inputs, **options)


def test_an_error_of_the_function_comes_through():
    def broken(x):
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        step_curve(broken, np.ones(2))
