"""The lectures' numbers for gradient descent, momentum, Nesterov, signs, and random search.

Rows are those of the course inventory (34-55, 23-25) and its regression vectors. Unless a test says
otherwise the function is ``.1 x1^2 + 2 x2^2``, started at (-5, -2), for 20 steps in float64.
"""

import math

import numpy as np
import pytest

import tinygrad_edu as t
from tinygrad_edu import nn, optim
from tinygrad_edu.optim import SGD

START = (-5.0, -2.0)


def quadratic(w):
    return 0.1 * w[0] ** 2 + 2 * w[1] ** 2


def saddle(w):
    return w[0] ** 2 - w[1] ** 2


def beale(w):
    x, y = w[0], w[1]
    terms = (1.5 - x + x * y, 2.25 - x + x * y**2, 2.625 - x + x * y**3)
    return terms[0] ** 2 + terms[1] ** 2 + terms[2] ** 2


def run(make, loss=quadratic, start=START, steps=20, changes=None):
    """Every point of a run, and the optimizer."""
    w = t.tensor(np.array(start, float), requires_grad=True)
    opt = make([w])

    def closure():
        opt.zero_grad()
        value = loss(w)
        value.backward()
        return value

    path = [w.detach().numpy().copy()]
    for k in range(steps):
        opt.param_groups[0].update((changes or {}).get(k, {}))
        opt.step(closure)
        path.append(w.detach().numpy().copy())
    return np.array(path), opt


def sgd(start=START, loss=quadratic, steps=20, changes=None, **options):
    return run(lambda ps: SGD(ps, **options), loss, start, steps, changes)[0]


# ------------------------------------------------------------------------------- the vectors


@pytest.mark.parametrize(
    ("options", "x1", "x2", "f"),
    [
        ({"lr": 0.01}, -4.803754785, -0.8840048678, 3.870535216),
        ({"lr": 0.1}, -3.338039859, -7.31231688e-05, 1.114251021),
        ({"lr": 0.4}, -0.9434666458, -7.31231688e-05, 0.08901294187),
        ({"lr": 0.5}, -0.607883273, -2.0, 8.036952207),
        ({"lr": 0.6}, -0.3878139682, -1673.365109, 5600301.588),
        ({"lr": 0.6, "momentum": 0.25}, -0.1263396302, -0.1866322301, 0.07125934885),
        ({"lr": 0.6, "momentum": 0.5}, 0.007187866737, 0.002553274755, 1.820496677e-05),
        ({"lr": 0.6, "momentum": 0.9}, -1.191637114, -1.118464691, 2.643926431),
        (
            {"lr": 0.4, "momentum": 0.5, "nesterov": "lookahead"},
            -0.1230861843,
            -23.1245111,
            1069.487542,
        ),
        (
            {"lr": 0.6, "momentum": 0.5, "nesterov": "lookahead"},
            -0.003524738236,
            -47633275.74,
            4537857915436318.0,
        ),
    ],
    ids=str,
)
def test_regression_vectors(options, x1, x2, f):
    end = sgd(**options)[-1]
    np.testing.assert_allclose(end, (x1, x2), rtol=1e-9)
    assert quadratic(end) == pytest.approx(f, rel=1e-9)


def test_regression_vectors_of_other_functions():
    end = sgd(loss=lambda w: w[0] ** 2 + 2 * w[1] ** 2, lr=0.1)[-1]
    np.testing.assert_allclose(end, (-0.05764607523, -7.31231688e-05), rtol=1e-9)
    for lr, x in [(0.2, 0.060466176), (0.05, 3.486784401), (1.1, 61.91736422)]:
        end = sgd([10.0], lambda w: (w * w).sum(), steps=10, lr=lr)[-1]
        assert end[0] == pytest.approx(x, rel=1e-9)
    end = sgd([10.0], lambda w: (w * t.cos(0.15 * np.pi * w)).sum(), steps=10, lr=2)[-1]
    assert end[0] == pytest.approx(-1.528165928, rel=1e-9)


@pytest.mark.parametrize("lr", [0.01, 0.1, 0.4, 0.6])
def test_gradient_descent_has_a_closed_form(lr):
    curvatures = np.array([0.2, 4.0])
    np.testing.assert_allclose(sgd(lr=lr)[-1], (1 - lr * curvatures) ** 20 * START, rtol=1e-12)


def heavy_ball(lr, beta, curvature):
    """What one step does to (v, x)."""
    return np.array([[beta, curvature], [-lr * beta, 1 - lr * curvature]])


@pytest.mark.parametrize(("lr", "beta"), [(0.6, 0.25), (0.6, 0.5), (0.6, 0.9), (0.05, 0.7)])
def test_heavy_ball_has_a_closed_form(lr, beta):
    end = sgd(lr=lr, momentum=beta)[-1]
    for i, curvature in enumerate((0.2, 4.0)):
        power = np.linalg.matrix_power(heavy_ball(lr, beta, curvature), 20)
        assert end[i] == pytest.approx((power @ [0, START[i]])[1], rel=1e-11)


def test_what_survives_any_refactor():
    f = {name: quadratic(np.array(START)) for name in ["0"]}
    f["gd4"], f["gd6"] = (quadratic(sgd(lr=lr)[-1]) for lr in (0.4, 0.6))
    f["m25"], f["m5"] = (quadratic(sgd(lr=0.6, momentum=b)[-1]) for b in (0.25, 0.5))
    assert f["gd6"] > f["0"] > f["gd4"]
    assert f["m5"] < 1e-4 < f["m25"] < f["0"]


@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.4},
        {"lr": 0.4, "momentum": 0.5},
        {"lr": 0.2, "momentum": 0.5, "nesterov": "lookahead"},
        {"lr": 0.2, "momentum": 0.5, "nesterov": True},
    ],
    ids=str,
)
def test_a_rotation_changes_nothing(options):
    c = math.sqrt(0.5)
    rotation = np.array([[c, -c], [c, c]])

    def rotated(w):
        return quadratic([c * (w[0] + w[1]), c * (w[1] - w[0])])

    straight = quadratic(sgd(**options)[-1])
    turned = rotated(sgd(rotation @ START, rotated, **options)[-1])
    assert turned == pytest.approx(straight, rel=1e-11, abs=1e-15)


# ------------------------------------------------------------------------------- rows 34-43


def test_row_34_gradient_descent():
    np.testing.assert_allclose(sgd(lr=0.4)[-1], (-0.943467, -7.312317e-5), rtol=1e-6)
    np.testing.assert_allclose(sgd(lr=0.6)[-1], (-0.387814, -1673.365109), rtol=1e-6)
    assert quadratic(sgd(lr=0.6)[-1]) == pytest.approx(5.6e6, rel=1e-3)


def test_row_35_condition_number():
    lowest, highest = 0.2, 4.0
    assert highest / lowest == pytest.approx(20)
    lr = 2 / (lowest + highest)
    assert lr == pytest.approx(0.47619, rel=1e-5)
    path = abs(sgd(lr=lr))
    np.testing.assert_allclose(path[1:] / path[:-1], 19 / 21, rtol=1e-9)
    assert abs(19 / 21 - 0.9048) < 5e-5
    for other in (0.9 * lr, 1.1 * lr):  # any other rate is slower in one of the two
        path = abs(sgd(lr=other))
        assert (path[1] / path[0]).max() > 19 / 21 + 0.003

    roots = math.sqrt(lowest), math.sqrt(highest)
    lr, rate = 4 / sum(roots) ** 2, (roots[1] - roots[0]) / sum(roots)
    assert (lr, rate**2, rate) == pytest.approx((0.66791, 0.40261, 0.63451), abs=6e-6)
    path = abs(sgd(steps=400, lr=lr, momentum=rate**2))
    # The two modes of a coordinate coincide, so that it falls like n rate^n.
    np.testing.assert_allclose((path[400] / path[200]) ** (1 / 200), rate, rtol=5e-3)


def test_row_36_curvature_directions():
    slow = sgd(steps=400, lr=0.01)
    share = slow / START
    np.testing.assert_allclose(share[100], (0.8186, 0.0169), rtol=3e-3)
    halves = np.argmax(share <= 0.5, axis=0)
    assert halves[1] == 17 and halves[0] in (346, 347)
    fast = sgd(lr=0.5)
    np.testing.assert_array_equal(fast[1:, 1], -fast[:-1, 1])
    np.testing.assert_allclose(fast[1:, 0] / fast[:-1, 0], 0.9)


@pytest.mark.parametrize(
    ("lr", "factor", "ratio"),
    [(0.1, 0.6, 1.3e-9), (0.01, 0.96, 0.195), (0.48, -0.92, 0.0356), (0.51, -1.04, 4.80)],
)
def test_row_37_learning_rate_diagnostics(lr, factor, ratio):
    path = sgd([1.0], lambda w: (2 * w * w).sum(), lr=lr)
    np.testing.assert_allclose(path[1:] / path[:-1], factor)
    assert (path[20, 0] / path[0, 0]) ** 2 == pytest.approx(ratio, rel=0.05 if lr == 0.1 else 3e-3)


def test_row_38_saddle():
    assert not sgd((1, 0), saddle, 200, lr=0.1)[:, 1].any()  # stuck for ever
    for momentum, step in [(0, 76), (0.9, 36)]:
        away = abs(sgd((1, 1e-6), saddle, 100, lr=0.1, momentum=momentum)[:, 1]) > 1
        assert np.argmax(away) == step


def test_row_40_noise_takes_away_the_effect_of_the_start():
    """Two wells: x^4/4 - x^2/2 + .15 x; the left one is the global minimum."""
    rng = np.random.default_rng(40)
    starts = np.linspace(-2, 2, 401)

    def wells(w):
        return (w**4 / 4 - w**2 / 2 + 0.15 * w).sum()

    def noisy(w):
        return wells(w) + (w * t.tensor(1.7 * rng.normal(size=401))).sum()

    still = sgd(starts, wells, 600, lr=0.1)[-1]
    assert np.corrcoef(starts, still)[0, 1] == pytest.approx(0.863, rel=2e-3)
    assert (still < 0).mean() == pytest.approx(0.539, rel=2e-3)
    shaken = sgd(starts, noisy, 600, lr=0.1)[-1]
    assert abs(np.corrcoef(starts, shaken)[0, 1]) < 0.15
    assert (shaken < 0).mean() > 0.7


def test_row_41_downhill_steadily_or_on_average():
    rng = np.random.default_rng(41)
    x = rng.normal(size=(200, 2))
    y = x @ [1.0, -2.0] + rng.normal(size=200)

    def loss(w, rows):
        return ((t.tensor(x[rows]) @ w - t.tensor(y[rows])) ** 2).mean()

    def increases(pick):
        path = sgd((3.0, 3.0), lambda w: loss(w, pick()), 100, lr=0.1)
        losses = [loss(t.tensor(p), slice(None)).item() for p in path]
        return np.mean(np.diff(losses) > 0), losses

    steady, _ = increases(lambda: slice(None))
    average, losses = increases(lambda: rng.integers(200, size=2))
    assert steady == 0 and average > 0.1
    assert losses[-1] < losses[0] / 3


def test_row_43_linear_scaling_is_first_order_only():
    def half_square(w):
        return (w * w).sum() / 2

    assert sgd([1.0], half_square, 4, lr=0.1)[-1, 0] == pytest.approx(0.6561)
    assert sgd([1.0], half_square, 1, lr=0.4)[-1, 0] == pytest.approx(0.6)


# ------------------------------------------------------------------------------- row 44


def signs(lr, steps, start=START, **options):
    return run(lambda ps: optim.SignSGD(ps, lr, **options), start=start, steps=steps)[0]


def test_row_44_normalised_gradient():
    path = signs(0.1, 120)
    np.testing.assert_allclose(path[20], (-3, 0), atol=1e-12)
    # Then a cycle between two points that are lr apart, for ever.
    np.testing.assert_allclose(abs(path[-1] - path[-2]), (0.1, 0.1))
    np.testing.assert_allclose(path[-1], path[-3], atol=1e-12)
    assert abs(path[-20:]).max() < 0.1 + 1e-9
    path = signs(0.3, 100)
    found = {round(v, 9) + 0.0 for v in path[-10:].ravel()}
    assert {-0.2, 0.1} == found


def test_row_44_the_sign_is_not_the_direction():
    g = np.array([0.2, 4.0]) * START
    cosine = np.sign(g) @ g / np.linalg.norm(np.sign(g)) / np.linalg.norm(g)
    assert cosine == pytest.approx(0.789, abs=5e-4)
    by_sign, by_norm = (
        START - run(lambda ps, n=n: optim.SignSGD(ps, 0.1, n), steps=1)[0][-1]
        for n in ("sign", "l2")
    )
    assert by_sign @ g / np.linalg.norm(by_sign) / np.linalg.norm(g) == pytest.approx(cosine)
    assert by_norm @ g / np.linalg.norm(by_norm) / np.linalg.norm(g) == pytest.approx(1)
    assert np.linalg.norm(by_norm) == pytest.approx(0.1)
    np.testing.assert_allclose(by_sign, np.sign(g) * 0.1)


@pytest.mark.parametrize("normalize", ["sign", "l2"])
def test_row_44_nothing_over_nothing_is_nothing(normalize):
    path = signs(0.1, 3, start=(0.0, 0.0), normalize=normalize)
    np.testing.assert_array_equal(path, 0)
    path = signs(0.5, 1, start=(0.0, -2.0), normalize=normalize)
    np.testing.assert_allclose(path[-1], (0, -1.5))


# ------------------------------------------------------------------------------- rows 45-48, 2.1


def test_row_45_momentum():
    np.testing.assert_allclose(sgd(lr=0.6, momentum=0.5)[-1], (0.007188, 0.002553), atol=1e-6)
    np.testing.assert_allclose(sgd(lr=0.6, momentum=0.25)[-1], (-0.126340, -0.186632), atol=1e-6)


def sutskever(lr, rho, steps=20):
    """Row 46: v = rho v - lr g; x = x + v. Row 47 is the same with the other sign of v."""
    x, v, path = np.array(START), np.zeros(2), [np.array(START)]
    for _ in range(steps):
        v = rho * v - lr * np.array([0.2, 4.0]) * x
        x = x + v
        path.append(x)
    return np.array(path)


@pytest.mark.parametrize(("lr", "rho"), [(0.6, 0.5), (0.6, 0.25), (0.1, 0.9)])
def test_rows_45_46_47_are_one_rule_at_constant_rate(lr, rho):
    summed = sgd(lr=lr, momentum=rho)
    inside = sgd(lr=lr, momentum=rho, form="lr_inside")
    np.testing.assert_allclose(inside, summed, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(inside, sutskever(lr, rho), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("lr", "beta"), [(0.6, 0.5), (0.6, 0.25), (0.1, 0.9)])
def test_row_48_the_average_form_is_the_sum_with_another_rate(lr, beta):
    average = sgd(lr=lr / (1 - beta), momentum=beta, form="ema")
    np.testing.assert_allclose(average, sgd(lr=lr, momentum=beta), rtol=1e-11, atol=1e-14)
    different = sgd(lr=lr, momentum=beta, form="ema")
    assert abs(different - sgd(lr=lr, momentum=beta)).max() > 0.1


def test_2_1_the_forms_differ_under_a_schedule():
    """The rate falls from .4 to .04 after step 10 (beta .5)."""

    def end(form, lr=0.4):
        changes = {10: {"lr": lr / 10}}
        return sgd(changes=changes, lr=lr, momentum=0.5, form=form)[-1, 0]

    assert end("sum") == pytest.approx(-0.6329, abs=5e-5)
    assert end("ema", 0.8) == pytest.approx(-0.6329, abs=5e-5)
    assert end("lr_inside") == pytest.approx(-0.4712, abs=5e-5)


# ------------------------------------------------------------------------------- rows 49-52


def feed(gradients, **options):
    """The velocity after each of these gradients, and where the parameter went (from 0)."""
    gradients = np.asarray(gradients, float)
    w = t.tensor(np.zeros(gradients.shape[1:]), requires_grad=True)
    opt = SGD([w], **options)
    velocities, places = [], []
    for g in gradients:
        w.grad = t.tensor(g)
        opt.step()
        velocities.append(opt.state[w]["momentum_buffer"].numpy().copy())
        places.append(w.detach().numpy().copy())
    return np.array(velocities), np.array(places)


def test_row_49_effective_step():
    v, x = feed(np.ones(400), lr=0.1, momentum=0.9)
    assert v[-1] == pytest.approx(10) and x[-2] - x[-1] == pytest.approx(1)
    noise = np.random.default_rng(49).normal(size=(200, 4000))
    v, _ = feed(noise, lr=0.1, momentum=0.9)
    assert v[-1].var() == pytest.approx(5.263, rel=0.05)
    v, _ = feed(noise, lr=0.1, momentum=0.9, form="ema")
    assert v[-1].var() == pytest.approx(0.0526, rel=0.05)


def test_row_50_weights_of_the_moving_average():
    b = 0.9
    # An impulse at each of three steps: what is left of it at k = 2 is its weight.
    v, _ = feed(np.eye(3), lr=1, momentum=b, form="ema")
    np.testing.assert_allclose(v[2], (0.081, 0.09, 0.1), rtol=1e-12)
    v, _ = feed(np.ones(51), lr=1, momentum=b, form="ema")
    np.testing.assert_allclose(v[[0, 2, 10, 50]], (0.1, 0.271, 0.686, 0.99536), rtol=5e-4)
    np.testing.assert_allclose(v, 1 - b ** np.arange(1, 52), rtol=1e-14)
    s = np.random.default_rng(50).normal(size=51)
    v, _ = feed(s, lr=1, momentum=b, form="ema")
    closed = [(1 - b) * sum(b ** (k - i) * s[i] for i in range(k + 1)) for k in range(51)]
    np.testing.assert_allclose(v, closed, atol=2e-15)
    for beta, half_life in [(0.9, 6.58), (0.99, 69), (0.999, 693)]:
        v, _ = feed([1.0] + [0.0] * 700, lr=1, momentum=beta, form="ema")
        assert np.argmax(v <= v[0] / 2) == math.ceil(half_life - 0.2)
        assert math.log(0.5) / math.log(beta) == pytest.approx(half_life, rel=1e-3)


@pytest.mark.parametrize(
    ("beta", "radius"), [(0.0, 1.4), (0.25, 0.859), (0.5, 0.707), (0.9, 0.949)]
)
def test_row_51_stability(beta, radius):
    eigenvalues = np.linalg.eigvals(heavy_ball(0.6, beta, 4.0))
    assert abs(eigenvalues).max() == pytest.approx(radius, abs=5e-4)
    path = abs(sgd(steps=400, lr=0.6, momentum=beta)[:, 1])
    # Largest of 20 points, since the path swings; the growth per step is the spectral radius.
    growth = (path[380:].max() / path[180:201].max()) ** (1 / 200)
    assert growth == pytest.approx(radius, rel=0.01)


def test_row_51_how_much_momentum_stabilises():
    """0 < lr lambda < 2 + 2 beta: at lr .6 and curvature 4, beta = .2 is the least."""
    for beta, falls in [(0.19, False), (0.21, True), (0.25, True)]:
        path = abs(sgd(steps=400, lr=0.6, momentum=beta)[:, 1])
        assert (path[-1] < path[0]) == falls
    turning = abs(sgd(steps=400, lr=0.6, momentum=0.2)[:, 1])
    assert 0.1 < turning[-1] / turning[0] < 10


def test_row_52_too_much_momentum_is_slower():
    ends = {b: quadratic(sgd(lr=0.6, momentum=b)[-1]) for b in (0.25, 0.5, 0.9, 0.99)}
    assert min(ends, key=ends.get) == 0.5
    np.testing.assert_allclose(sgd(lr=0.6, momentum=0.9)[-1], (-1.19, -1.12), atol=5e-3)


# ------------------------------------------------------------------------------- rows 53-55


def test_row_53_nesterov_looks_ahead():
    end = sgd(lr=0.2, momentum=0.5, nesterov="lookahead")[-1]
    np.testing.assert_allclose(end, (-0.961041, 1.63e-10), rtol=3e-3)
    assert end[0] == pytest.approx(-0.961041, abs=5e-7)


@pytest.mark.parametrize("weight_decay", [0, 0.1])
def test_row_54_tilde_is_the_point_that_is_looked_ahead_to(weight_decay):
    options = {"lr": 0.2, "momentum": 0.5, "weight_decay": weight_decay}
    tilde = sgd(nesterov="tilde", **options)
    x = sgd(nesterov="lookahead", **options)
    # x~ = x + rho v, and v is the last move of x.
    ahead = x[1:] + 0.5 * (x[1:] - x[:-1])
    np.testing.assert_allclose(tilde[1:], ahead, atol=2e-15 * 5)
    np.testing.assert_allclose(sgd(nesterov="torch", **options), tilde, atol=2e-15)
    np.testing.assert_array_equal(sgd(nesterov=True, **options), sgd(nesterov="torch", **options))
    if not weight_decay:
        np.testing.assert_allclose(tilde[-1], (-0.916953, 2.9e-10), rtol=5e-3)
        assert tilde[-1, 0] == pytest.approx(-0.916953, abs=5e-7)
    assert abs(tilde[-1, 0] - x[-1, 0]) > 0.02  # a different point


def test_rows_53_and_54_give_each_others_point():
    options = {"lr": 0.2, "momentum": 0.5}
    _, ahead = run(lambda ps: SGD(ps, nesterov="lookahead", **options))
    _, tilde = run(lambda ps: SGD(ps, nesterov="tilde", **options))
    found = {}
    for name, opt in (("lookahead", ahead), ("tilde", tilde)):
        (w,) = opt.param_groups[0]["params"]
        held = w.detach().numpy().copy()
        for point in ("x", "x_tilde"):
            with opt.params_at(point):
                found[name, point] = w.detach().numpy().copy()
        np.testing.assert_array_equal(w.detach().numpy(), held)
        with pytest.raises(ValueError, match="'y'"), opt.params_at("y"):
            pass
    for point, x1 in (("x", -0.961041), ("x_tilde", -0.916953)):
        np.testing.assert_allclose(
            found["lookahead", point], found["tilde", point], rtol=1e-9, atol=1e-15
        )
        assert found["tilde", point][0] == pytest.approx(x1, abs=5e-7)


def test_params_at_before_the_first_step():
    w = t.tensor([1.0], requires_grad=True)
    opt = SGD([w], lr=0.1, momentum=0.9, nesterov="tilde")
    with opt.params_at("x"):
        assert w.item() == 1.0


def test_2_4_momentum_with_the_rate_inside_is_not_nesterov():
    inside = sgd(lr=0.2, momentum=0.5, form="lr_inside")
    ahead = sgd(lr=0.2, momentum=0.5, nesterov="lookahead")
    assert abs(inside - ahead).max() == pytest.approx(0.64)


@pytest.mark.parametrize(
    ("options", "f"),
    [
        ({"lr": 0.01}, 7.7e-3),
        ({"lr": 0.01, "momentum": 0.9}, 1.1e-3),
        ({"lr": 0.01, "momentum": 0.9, "nesterov": True}, 1.7e-10),
    ],
    ids=str,
)
def test_row_55_beale(options, f):
    path = sgd((0.7, 1.4), beale, 300, **options)
    assert beale(path[0]) == pytest.approx(26.4967, abs=5e-5)
    assert beale(path[-1]) == pytest.approx(f, rel=0.02)


# ------------------------------------------------------------------------------- row 71, 2.28


def test_row_71_l2_and_decay_are_one_for_sgd():
    for decay in ("l2", "lr_coupled"):
        path = sgd([1.0], lambda w: 0.5 * w.sum(), 1, lr=0.1, weight_decay=0.01, decay=decay)
        assert path[-1, 0] == pytest.approx(0.949, abs=1e-12)
    options = {"lr": 0.3, "weight_decay": 0.2}
    l2, coupled = (sgd(decay=d, **options) for d in ("l2", "lr_coupled"))
    np.testing.assert_allclose(l2, coupled, rtol=1e-12, atol=1e-300)


def test_l2_and_decay_differ_with_momentum():
    options = {"lr": 0.3, "weight_decay": 0.2, "momentum": 0.5}
    l2, coupled, alone = (
        sgd(decay=d, changes={10: {"lr": 0.03}}, **options)
        for d in ("l2", "lr_coupled", "schedule_only")
    )
    for one, other in ((l2, coupled), (coupled, alone), (l2, alone)):
        assert abs(one - other).max() > 1e-3


def test_decay_by_the_schedule_alone():
    """Zero gradient: w shrinks by 1 - (lr / first lr) * weight_decay at each step."""
    options = {"lr": 0.1, "weight_decay": 0.1, "decay": "schedule_only"}
    path = sgd([1.0], lambda w: 0 * w.sum(), 10, {5: {"lr": 0.01}}, **options)
    assert path[-1, 0] == pytest.approx(0.9**5 * 0.99**5, rel=1e-12)
    options["decay"] = "lr_coupled"
    path = sgd([1.0], lambda w: 0 * w.sum(), 10, {5: {"lr": 0.01}}, **options)
    assert path[-1, 0] == pytest.approx(0.99**5 * 0.999**5, rel=1e-12)


# ------------------------------------------------------------------------------- rows 23-25


def blobs(n=500, features=64, classes=10, seed=23, distance=0.5):
    """The lectures' images in small: 10 classes in 64 dimensions, linearly separable in part."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(classes, features)) * distance
    y = rng.integers(classes, size=n)
    return centres[y] + rng.normal(size=(n, features)), y


def classifier(seed=0, scale=0.0):
    rng = np.random.default_rng(seed)
    x, y = blobs()
    w = t.tensor(scale * rng.normal(size=(10, 64)), requires_grad=True)

    def loss():
        return nn.functional.cross_entropy(t.tensor(x) @ w.T, t.tensor(y))

    def accuracy():
        return np.mean((x @ w.detach().numpy().T).argmax(1) == y)

    return w, loss, accuracy


def test_rows_23_24_25_searching_is_worse_than_following_the_slope():
    """The lectures' images are not here, nor their random stream: the order is what is tested.

    Random search is a little better than chance, local search much better, the slope by far.
    """
    results = {}
    for name, scale, make in [
        ("random", 0.0, lambda w: optim.RandomSearch([w], 0.1, np.random.default_rng(1))),
        ("local", 0.1, lambda w: optim.RandomLocalSearch([w], 0.02, np.random.default_rng(2))),
        ("slope", 0.1, lambda w: SGD([w], lr=0.5)),
    ]:
        w, loss, accuracy = classifier(scale=scale)
        opt = make(w)
        if name == "slope":
            for _ in range(200):
                opt.zero_grad()
                loss().backward()
                opt.step()
        else:
            losses = [opt.step(loss) for _ in range(1000)]
            assert losses == sorted(losses, reverse=True)
            assert losses[-1] == loss().item()  # the best point is the one that is held
        results[name] = loss().item(), accuracy()
    assert results["random"][0] > results["local"][0] > 2 * results["slope"][0]
    assert 0.12 < results["random"][1] < results["local"][1] < results["slope"][1]
    assert results["slope"][1] > 0.9


def test_row_25_the_slope_of_steepest_descent():
    """(f(x + h d) - f(x)) / h tends to d . grad, which is least along -grad."""
    w = t.tensor(np.array(START), requires_grad=True)
    quadratic(w).backward()
    g = w.grad.numpy()
    for d in np.random.default_rng(25).normal(size=(50, 2)):
        d = d / np.linalg.norm(d)
        slope = (quadratic(START + 1e-7 * d) - quadratic(np.array(START))) / 1e-7
        assert slope == pytest.approx(d @ g, abs=1e-5)
        assert d @ g >= -np.linalg.norm(g)


def test_row_25_step_sizes():
    """Too small a step does nothing, too large a one goes up; the best lies between."""
    sweep = {k: quadratic(sgd(steps=1, lr=10.0**k)[-1]) for k in range(-10, 1)}
    before = quadratic(np.array(START))
    assert sweep[-10] == pytest.approx(before, rel=1e-7) and sweep[0] > before
    assert -3 < min(sweep, key=sweep.get) < 0
