"""Slopes, kinks and relative errors of the lectures (COURSE rows 25 to 30)."""

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu.gradcheck.check_op import check_op
from tinygrad_edu.gradcheck.cs231n import (
    eval_numerical_gradient,
    grad_check_sparse,
    rel_error,
    relative_error,
)
from tinygrad_edu.gradcheck.curve import step_curve

# The table of the slides: the weights, the loss there, and the analytic gradient line.
W = np.array([0.34, -1.11, 0.78, 0.12, 0.55, 2.81, -3.1, -1.5, 0.33])
LOSS = 1.25347
LINE = np.array([-2.5, 0.6, 0.0, 0.2, 0.7, -0.5, 1.1, 1.3, -2.1])


def linear(w):
    """A loss with the slides' value and gradient at `W`; the slides do not say which theirs is."""
    return LOSS + (w - W) @ LINE


def bumpy(w):
    """logsumexp(w) + .5 sum sin^2(w), in the dtype of `w`."""
    return np.log(np.exp(w).sum()) + (np.sin(w) ** 2).sum() / 2


def bumpy_tensor(w):
    return w.logsumexp(0) + (w.sin() ** 2).sum() / 2


def analytic(f, x):
    x = t.tensor(x, requires_grad=True)
    f(x).backward()
    return x.grad.numpy()


def forward_difference(f, x, h):
    moved = x + x.dtype.type(h) * np.eye(x.size, dtype=x.dtype)
    return np.array([(f(row) - f(x)) / h for row in moved])


def central_difference(f, x, h):
    return eval_numerical_gradient(f, x.copy(), verbose=False, h=h)


# ------------------------------------------------------------------------------- row 25


def test_row_25_the_quotient_tends_to_the_slope():
    """(f(x + h) - f(x)) / h approaches the derivative in proportion to h."""
    c = step_curve(bumpy_tensor, t.tensor(W, requires_grad=True), methods=["forward"])
    assert c.of("forward").slope == pytest.approx(1, abs=0.05)


def test_row_25_the_slope_along_a_direction_is_its_product_with_the_gradient():
    g, h = analytic(bumpy_tensor, W), 1e-5
    steepest = -g / np.linalg.norm(g)
    slopes = []
    for d in [steepest, *np.random.default_rng(25).normal(size=(50, 9))]:
        d = d / np.linalg.norm(d)
        slopes.append((bumpy(W + h * d) - bumpy(W - h * d)) / (2 * h))
        assert slopes[-1] == pytest.approx(d @ g, abs=1e-9)
    assert np.argmin(slopes) == 0
    assert slopes[0] == pytest.approx(-np.linalg.norm(g))


# ------------------------------------------------------------------------------- rows 26 and 27


@pytest.mark.parametrize(
    ("index", "moved_loss", "slope"), [(0, 1.25322, -2.5), (1, 1.25353, 0.6), (2, 1.25347, 0)]
)
def test_row_26_the_table(index, moved_loss, slope):
    """A loss of five decimals, moved by 1e-4: what the slides print, and what they make of it."""
    h = 1e-4
    moved = linear(W + h * np.eye(9)[index])
    assert round(moved, 5) == moved_loss
    assert (moved_loss - LOSS) / h == pytest.approx(slope, abs=1e-6)
    assert forward_difference(linear, W, h)[index] == pytest.approx(slope, abs=1e-9)


def test_row_26_five_decimals_resolve_a_tenth():
    """So the third slope, "0", says no more than that it is less than .1."""
    h = 1e-4

    def printed(slope):
        return (round(LOSS + slope * h, 5) - LOSS) / h

    assert [round(printed(s), 6) for s in (0.0, 0.04, -0.04)] == [0, 0, 0]
    assert printed(0.06) == pytest.approx(0.1) and printed(0.14) == pytest.approx(0.1)


def test_row_27_the_analytic_line_is_what_differences_give(capsys):
    found = analytic(lambda w: LOSS + ((w - t.tensor(W)) * t.tensor(LINE)).sum(), W)
    np.testing.assert_array_equal(found, LINE)
    assert rel_error(central_difference(linear, W, 1e-5), LINE) < 1e-7
    grad_check_sparse(linear, W.copy(), LINE)
    errors = [float(line.split()[-1]) for line in capsys.readouterr().out.splitlines()]
    assert len(errors) == 10
    wrong = LINE.copy()
    wrong[6] = -1.1
    assert rel_error(central_difference(linear, W, 1e-5), wrong) == pytest.approx(1)


# ------------------------------------------------------------------------------- row 28


@pytest.mark.parametrize(
    ("h", "forward", "central"),
    [(1e-2, 5e-3, 3e-5), (1e-5, 5e-6, 5e-11), (1e-8, 3e-8, 4e-8), (1e-12, 6e-4, 6e-4)],
)
def test_row_28_error_against_step(h, forward, central):
    """The largest error of nine slopes: down with the step at first, then up again."""
    g = analytic(bumpy_tensor, W)
    for difference, expected in ((forward_difference, forward), (central_difference, central)):
        error = abs(difference(bumpy, W, h) - g).max()
        assert 0.5 < error / expected < 2


@pytest.mark.parametrize(("h", "expected"), [(1e-2, 3e-4), (1e-5, 0.14)])
def test_row_28_in_float32(h, expected):
    """The largest relative error; what float32 rounds away depends on the order of its sums."""
    found = central_difference(bumpy, W.astype(np.float32), h)
    error = relative_error(analytic(bumpy_tensor, W), found.astype(float)).max()
    assert 1 / 3 < error / expected < 3


def test_row_28_the_u():
    c = step_curve(bumpy_tensor, t.tensor(W, requires_grad=True))
    for method, order in (("forward", 1), ("central", 2)):
        assert c.of(method).slope == pytest.approx(order, abs=0.1)
        assert c.of(method).round_off == pytest.approx(-1, abs=0.1)
    assert 1e-6 < c.of("central").best_step < 1e-4
    assert c.of("central").best_error < 1e-9 < c.of("forward").best_error
    coarse = c.of("central", "float32")
    assert 1e-3 < coarse.best_step < 1e-1
    assert coarse.at(1e-2) < 1e-3 and coarse.at(1e-5) > 50 * coarse.at(1e-2)


def test_row_28_slow_and_easy():
    """Centred differences take two values of the loss per weight; the engine takes one pass."""
    calls = []
    central_difference(lambda w: calls.append(0) or bumpy(w), W, 1e-5)
    assert len(calls) == 2 * W.size


# ------------------------------------------------------------------------------- row 29


@pytest.mark.parametrize(("x", "numeric", "exact"), [(-1e-6, 0.45, 0.0), (1e-6, 0.55, 1.0)])
def test_row_29_a_step_across_the_kink_of_relu(x, numeric, exact):
    """Steps of 1e-5 from 1e-6 beside the kink see both sides of it; the derivative sees one."""
    x = np.array([x])
    found = central_difference(lambda x: np.maximum(x, 0).sum(), x, 1e-5)
    assert found[0] == pytest.approx(numeric, rel=1e-9)
    assert analytic(lambda x: x.relu().sum(), x)[0] == exact
    # A step that stays on one side agrees: the formula is right.
    found = central_difference(lambda x: np.maximum(x, 0).sum(), x, 1e-7)
    assert found[0] == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("x", "verdict"), [(-1e-6, "pass"), (1e-6, "pass"), (0.0, "kink")])
def test_row_29_the_checker_is_not_misled(x, verdict):
    """It flags a kink, and chooses steps that do not cross one which is only near."""

    def relu(x):
        return np.maximum(x, 0)

    right = check_op(relu, lambda g, y, x: (g * (x > 0),), [np.array([x])], explore=False)
    wrong = check_op(relu, lambda g, y, x: (g * 1.1 * (x >= 0),), [np.array([x])], explore=False)
    assert right.verdict == verdict
    assert wrong.verdict == "fail" or x < 0


# ------------------------------------------------------------------------------- row 30


def test_row_30_two_definitions_within_a_factor_of_two():
    rng = np.random.default_rng(30)
    a, n = rng.normal(size=(2, 1000)) * 10.0 ** rng.integers(-9, 9, (2, 1000))
    largest = relative_error(a, n, denominator="max")
    summed = relative_error(a, n, denominator="sum")
    assert (summed <= largest).all() and (largest <= 2 * summed * (1 + 1e-12)).all()
    close = relative_error(a, a * (1 + 1e-6)) / relative_error(a, a * (1 + 1e-6), denominator="sum")
    np.testing.assert_allclose(close, 2, rtol=1e-5)  # near agreement the sum is twice the maximum
    np.testing.assert_allclose(relative_error(a, -a), 2)  # of opposite sign: the largest possible
    np.testing.assert_allclose(relative_error(a, -a, denominator="sum"), 1)


def test_row_30_the_floor():
    """The course's code divides by 1e-8 at least, so that round-off about 0 is no error."""
    assert rel_error(1e-16, 0.0) == pytest.approx(1e-8)
    assert relative_error(1e-16, 0.0) == 1
    assert relative_error(1e-16, 0.0, floor=1e-8) == pytest.approx(1e-8)
