"""Right formulas at hostile points must pass, wrong ones fail: what other checkers stumble over.

Numbers in the names are those of the list of pitfalls in the design notes of the checker.
"""

import numpy as np
import pytest

from tinygrad_edu.gradcheck.check_op import check_op

RNG = np.random.default_rng(3)
X = RNG.normal(size=(3, 4))


def good(report):
    assert report.verdict in ("pass", "kink"), str(report)
    assert report.evaluations.forward <= 60
    assert report.evaluations.backward <= 12
    return report


def bad(report):
    assert report.verdict == "fail", str(report)
    return report


def relu(x):
    return np.maximum(x, 0)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def softmax_vjp(g, y, x):
    return (y * (g - (g * y).sum(-1, keepdims=True)),)


def largest(x):
    return x.max(-1)


def shared(g, y, x):
    mask = x == y[..., None]
    return (g[..., None] * mask / mask.sum(-1, keepdims=True),)


def first(g, y, x):
    chosen = np.arange(x.shape[-1]) == x.argmax(-1)[..., None]
    return (g[..., None] * chosen,)


def every(g, y, x):
    return (g[..., None] * (x == y[..., None]),)


def sort_vjp(g, y, x):
    out = np.zeros_like(x)
    np.put_along_axis(out, np.argsort(x, -1, kind="stable"), g, -1)
    return (out,)


def median_vjp(g, y, x):
    out = np.zeros_like(x)
    middle = np.argsort(x, -1, kind="stable")[..., x.shape[-1] // 2]
    np.put_along_axis(out, middle[..., None], g[..., None], -1)
    return (out,)


def norm(x):
    return np.sqrt((x**2).sum(-1))


def norm_vjp(g, y, x):
    return (x * (g / np.where(y == 0, 1, y))[..., None],)


def test_1_a_view_of_the_input_as_output():
    good(check_op(lambda x: x.reshape(-1), lambda g, y, x: (g.reshape(x.shape),), [X]))
    good(check_op(lambda x: x.T, lambda g, y, x: (g.T,), [X]))


@pytest.mark.parametrize("f", [np.tanh, np.arctan, np.sinh])
def test_2_odd_functions_around_zero(f):
    slope = {np.tanh: lambda x: 1 - np.tanh(x) ** 2, np.arctan: lambda x: 1 / (1 + x * x),
             np.sinh: np.cosh}[f]  # fmt: skip
    good(check_op(f, lambda g, y, x: (slope(x) * g,), [np.zeros((2, 3))]))


def test_3_zeros_among_large_numbers():
    x = X * 1e6
    x[0] = 0
    good(check_op(np.sin, lambda g, y, x: (np.cos(x) * g,), [x]))
    good(check_op(np.tanh, lambda g, y, x: ((1 - y * y) * g,), [x]))
    bad(check_op(np.tanh, lambda g, y, x: ((1 - y * y) * g * (1 + 1e-6),), [x]))


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1e3, 1e6, 1e12])
def test_4_any_scale(scale):
    good(check_op(lambda x: x**3, lambda g, y, x: (3 * x * x * g,), [X * scale]))
    bad(check_op(lambda x: x**3, lambda g, y, x: (3.0001 * x * x * g,), [X * scale]))


def test_5_ties_of_a_median_and_a_sort():
    good(check_op(lambda x: np.sort(x, -1), sort_vjp, [np.ones((2, 5))]))
    good(check_op(lambda x: np.median(x, -1), median_vjp, [np.ones((2, 5))]))
    good(check_op(lambda x: np.median(x, -1), median_vjp, [np.array([[0, 1, 1, 1, 3.0]])]))


def test_7_a_standard_deviation_of_constant_rows():
    def std_vjp(g, y, x):
        off = x - x.mean(-1, keepdims=True)
        return (off * (g / np.where(y == 0, 1, y))[..., None] / x.shape[-1],)

    good(check_op(lambda x: x.std(-1), std_vjp, [X]))
    good(check_op(lambda x: x.std(-1), std_vjp, [np.full((2, 4), 0.1)]))


def test_8_gradients_that_cancel():
    def centred_square(x, b):
        z = x + b
        return (z - z.mean(0)) ** 2

    def vjp(g, y, x, b):
        z = x + b
        d = 2 * (z - z.mean(0)) * g
        d = d - d.mean(0)
        return d, d.sum(0)

    good(check_op(centred_square, vjp, [X, RNG.normal(size=4)]))


@pytest.mark.parametrize("scale", [1, 30, 1e3, 1e6])
def test_9_a_saturated_softmax(scale):
    good(check_op(softmax, softmax_vjp, [X * scale]))


def test_10_nothing_against_nothing_is_no_error():
    report = check_op(lambda x: 0 * x, lambda g, y, x: (1e-13 * g,), [X])
    if report.verdict == "fail":
        assert report.inputs[0].worst.numeric == 0


@pytest.mark.parametrize("f", [np.floor, np.round, np.sign])
def test_12_jumps_are_inconclusive(f):
    report = check_op(f, lambda g, y, x: (0 * g,), [np.array([-1.5, 0.0, 0.5, 1.0, 1.3])])
    assert report.verdict == "inconclusive"
    assert "jump" in report.reason
    good(check_op(f, lambda g, y, x: (0 * g,), [np.array([-1.3, 0.2, 0.7])]))


def test_13_infinite_slopes_at_the_edge_of_a_domain():
    good(check_op(np.sqrt, lambda g, y, x: (g / (2 * y),), [np.array([0.0, 1, 2])]))
    good(check_op(np.arcsin, lambda g, y, x: (g / np.sqrt(1 - x * x),), [np.array([1.0, -1, 0.3])]))
    x = np.array([1e-6, 1.0, 2.0])
    good(check_op(np.log, lambda g, y, x: (g / x,), [x]))


def test_14_singular_matrices_of_our_own_making():
    good(check_op(np.linalg.inv, lambda g, y, x: (-y.T @ g @ y.T,), [X[:, :3]]))
    good(check_op(np.linalg.det, lambda g, y, x: (g * y * np.linalg.inv(x).T,), [X[:, :3]]))


@pytest.mark.parametrize("at_zero", [0.0, 0.5, 1.0])
def test_any_sub_gradient_of_relu_passes(at_zero):
    def vjp(g, y, x):
        return (g * np.where(x == 0, at_zero, x > 0),)

    report = good(check_op(relu, vjp, [np.array([[-1.0, 0, 2], [0, 0, 1]])]))
    assert report.verdict == "kink"
    assert report.kinks == 3
    good(check_op(relu, vjp, [X]))


@pytest.mark.parametrize("at_zero", [2.0, -1.0, 1.01, -0.01, np.nan])
def test_no_sub_gradient_of_relu_fails(at_zero):
    def vjp(g, y, x):
        return (g * np.where(x == 0, at_zero, x > 0),)

    bad(check_op(relu, vjp, [np.array([[-1.0, 0, 2], [0, 0, 1]])]))
    bad(check_op(relu, vjp, [X]))  # at points of the checker's own


@pytest.mark.parametrize(("vjp", "fine"), [(shared, True), (first, True), (every, False)])
@pytest.mark.parametrize("x", [X, np.zeros((2, 3)), np.array([[1.0, 1, 0], [2, 3, 3]])])
def test_ties_of_a_maximum(vjp, fine, x):
    (good if fine else bad)(check_op(largest, vjp, [x]))


def test_a_norm_at_zero():
    good(check_op(norm, norm_vjp, [np.zeros((2, 3))]))
    assert bad(check_op(norm, lambda g, y, x: (x * (g / y)[..., None],), [X])).diagnosis[0][0] == (
        "nonfinite"
    )


def test_a_kink_close_by():
    for near in (1e-6, 1e-9, -1e-6, 1e-12):
        good(check_op(relu, lambda g, y, x: (g * (x > 0),), [np.array([near, 1.0, -1.0])]))
    # A centred difference with h = 1e-5 reads 0.45 or 0.55 there (COURSE 29).


def test_computing_in_single_precision_is_no_error_but_a_note():
    def forward(x):
        return np.exp(x.astype(np.float32)).astype(np.float64)

    report = good(check_op(forward, lambda g, y, x: (np.exp(x) * g,), [X]))
    assert any("noise" in note for note in report.notes)
    bad(check_op(forward, lambda g, y, x: (1.01 * np.exp(x) * g,), [X]))


@pytest.mark.parametrize("factor", [1 + 1e-8, 1 - 1e-8, 1 + 1e-6, 1.01])
@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (30, 40)])
def test_small_factors_are_seen(factor, shape):
    for seed in range(5):
        x = np.random.default_rng(seed).normal(size=shape)
        vjp = lambda g, y, x: (np.cos(x) * g * factor,)
        bad(check_op(np.sin, vjp, [x], seed=seed, explore=False))


def test_one_wrong_element_in_a_large_array_is_found():
    x = np.random.default_rng(0).normal(size=(512, 512))

    def vjp(g, y, x):
        gradient = 2 * x * g
        if x.shape == (512, 512):
            gradient[100, 77] *= 1.5
        return (gradient,)

    report = bad(check_op(np.square, vjp, [x]))
    assert report.inputs[0].worst.index == (100, 77)
    assert report.inputs[0].worst.ratio == pytest.approx(1.5)
    good(check_op(np.square, lambda g, y, x: (2 * x * g,), [x]))


def test_right_only_for_square_matrices():
    a, b = RNG.normal(size=(2, 4, 4))
    good(check_op(lambda a, b: a @ b, lambda g, y, a, b: (g @ b.T, a.T @ g), [a, b]))

    def sums_over_the_wrong_size(g, y, x):  # x.shape[0] where x.shape[1] is meant
        return (np.repeat(g[:, None], x.shape[0], 1) / x.shape[0],)

    bad(check_op(lambda x: x.mean(1), sums_over_the_wrong_size, [a]))
