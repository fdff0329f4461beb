"""The adaptive rules of the lectures: every number of COURSE rows 38, 55-65, 67-73, 89a and 1i.

Row 66 (airfoil) is not here: its data file is not part of this repository.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import optim, tensor

START = (-5.0, -2.0)
T = math.sqrt(0.5)
TURN = np.array([[T, -T], [T, T]])  # by 45 degrees


def bowl(x: Any) -> Any:
    return 0.1 * x[0] ** 2 + 2 * x[1] ** 2


def turned(x: Any) -> Any:
    return 0.1 * (x[0] + x[1]) ** 2 + 2 * (x[0] - x[1]) ** 2


def saddle(x: Any) -> Any:
    return x[0] ** 2 - x[1] ** 2


def beale(p: Any) -> Any:
    x, y = p[0], p[1]
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def run(
    rule: type,
    f: Callable[[Any], Any] = bowl,
    start: Any = START,
    steps: int = 20,
    **options: Any,
) -> np.ndarray:
    """All points of a trajectory."""
    p = tensor(np.array(start, dtype=np.float64), requires_grad=True)
    opt, points = rule([p], **options), [p.detach().numpy().copy()]
    for _ in range(steps):
        opt.zero_grad()
        f(p).backward()
        opt.step()
        points.append(p.detach().numpy().copy())
    return np.array(points)


def steps_on(rule: type, gradients: Any, lr: float = 1.0, **options: Any) -> np.ndarray:
    """The steps, in units of the learning rate, that given gradients cause."""
    p = tensor(np.zeros(1), requires_grad=True)
    opt, taken = rule([p], lr=lr, **options), []
    for g in gradients:
        before = p.item()
        p.grad = tensor(np.array([g], dtype=np.float64))
        opt.step()
        taken.append((before - p.item()) / lr)
    return np.array(taken)


def close(digits: str) -> Any:
    """To half a unit of the last digit that is printed."""
    mantissa, _, exponent = digits.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return pytest.approx(float(digits), rel=0, abs=0.51 * 10.0 ** (int(exponent or 0) - decimals))


# ---------------------------------------------------------------- 1i: regression vectors

ADAM = {"lr": 0.4}
VECTORS = [
    (
        optim.Adagrad,
        {"lr": 0.4, "eps": 1e-6, "eps_mode": "inside"},
        -2.382562772,
        -0.15859055,
        0.6179624614,
    ),
    (
        optim.Adagrad,
        {"lr": 2, "eps": 1e-6, "eps_mode": "inside"},
        -0.002295340252,
        None,
        5.268586873e-07,
    ),
    (
        optim.RMSprop,
        {"lr": 0.4, "alpha": 0.9, "eps": 1e-6, "eps_mode": "inside"},
        -0.01059867213,
        None,
        1.12331851e-05,
    ),
    (optim.RMSprop, {"lr": 0.4, "alpha": 0.9, "eps": 1e-6}, -0.0105983798, None, 1.123256544e-05),
    (optim.Adadelta, {"rho": 0.9, "eps": 1e-5}, -4.782488318, -1.787588865, 8.678167354),
    (optim.Adam, {**ADAM, "eps": 1e-6}, 0.9960286539, -0.2127502946, 0.1897326836),
    (
        optim.Adam,
        {**ADAM, "eps": 1e-8, "eps_mode": "cpen"},
        0.9960292412,
        -0.2127505911,
        0.189733053,
    ),
    (
        optim.Adam,
        {**ADAM, "eps": 1e-7, "bias_correction": False},
        0.3850059861,
        -0.5579741767,
        0.6374933246,
    ),
]


@pytest.mark.parametrize(("rule", "options", "x1", "x2", "f"), VECTORS)
def test_1i_vectors(rule, options, x1, x2, f):
    end = run(rule, **options)[-1]
    assert end[0] == pytest.approx(x1, rel=1e-9)
    assert bowl(end) == pytest.approx(f, rel=1e-9)
    if x2 is not None:
        assert end[1] == pytest.approx(x2, rel=1e-9)


def test_1i_coordinates_of_which_three_digits_are_given():
    adagrad = run(optim.Adagrad, lr=2, eps=1e-6, eps_mode="inside")[-1]
    assert adagrad[1] == pytest.approx(-1.43e-162, rel=4e-3)
    for mode in ("inside", "outside"):
        rms = run(optim.RMSprop, lr=0.4, alpha=0.9, eps=1e-6, eps_mode=mode)[-1]
        assert abs(rms[1]) == pytest.approx(1.036e-14, rel=5e-4)


def test_1i_closed_forms_on_a_constant_gradient():
    t = np.arange(1, 51)
    for g in (3.0, -0.02):
        adagrad = steps_on(optim.Adagrad, [g] * 50, eps=0)
        assert adagrad == pytest.approx(np.sign(g) / np.sqrt(t), rel=1e-12)
        for eps in (1e-8, 1e-2):
            adam = steps_on(optim.Adam, [g] * 50, eps=eps)
            assert adam == pytest.approx(np.full(50, g / (abs(g) + eps)), rel=1e-12)


def test_1i_qualitative():
    gd = run(optim.SGD, lr=0.4)
    adagrad = run(optim.Adagrad, lr=0.4, eps=1e-6, eps_mode="inside")
    rms = run(optim.RMSprop, lr=0.4, alpha=0.9, eps=1e-6, eps_mode="inside")
    adam = run(optim.Adam, lr=0.4, eps=1e-6)
    assert abs(adagrad[-1, 0]) > abs(gd[-1, 0])
    assert bowl(rms[-1]) < bowl(adagrad[-1])
    assert adam[0, 0] < 0 < adam[-1, 0]


@pytest.mark.parametrize(
    ("rule", "options", "straight", "rotated"),
    [
        (optim.Adagrad, {"lr": 2, "eps": 1e-6, "eps_mode": "inside"}, "5.27e-7", "0.2110"),
        (
            optim.RMSprop,
            {"lr": 0.4, "alpha": 0.9, "eps": 1e-6, "eps_mode": "inside"},
            "1.12e-5",
            "0.1454",
        ),
        (optim.Adam, {"lr": 0.4, "eps": 1e-6}, "0.1897", "1.3169"),
    ],
)
def test_1i_a_rotation_changes_what_adaptive_rules_do(rule, options, straight, rotated):
    def rotated_bowl(x: Any) -> Any:
        return bowl((T * x[0] + T * x[1], -T * x[0] + T * x[1]))

    assert bowl(run(rule, **options)[-1]) == close(straight)
    end = run(rule, rotated_bowl, TURN @ START, **options)[-1]
    assert rotated_bowl(end) == close(rotated)


def test_57_a_rotation_changes_nothing_for_full_matrix_adagrad():
    def rotated_bowl(x: Any) -> Any:
        return bowl((T * x[0] + T * x[1], -T * x[0] + T * x[1]))

    options = {"lr": 2, "eps": 1e-6, "full_matrix": True}
    here = run(optim.Adagrad, **options)
    there = run(optim.Adagrad, rotated_bowl, TURN @ START, **options)
    assert there @ TURN == pytest.approx(here, rel=1e-6, abs=1e-8)


# ---------------------------------------------------------------- rows 38 and 55: races


def test_38_escape_from_the_saddle():
    """(1, 1e-6): the step at which abs(y) first exceeds 1."""
    for rule, options, escape in [(optim.Adam, {}, 11), (optim.RMSprop, {"alpha": 0.9}, 4)]:
        y = np.abs(run(rule, saddle, (1.0, 1e-6), 15, lr=0.1, **options)[:, 1])
        assert np.argmax(y > 1) == escape, rule


def test_55_beale():
    assert beale((0.7, 1.4)) == close("26.4967")
    for rule, options, f in [
        (optim.Adagrad, {"lr": 0.5}, "1.8e-3"),
        (optim.Adadelta, {"rho": 0.95}, "6.71"),
        (optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-7}, "3.5e-3"),
        (optim.Adam, {"lr": 0.1}, "8.6e-5"),
    ]:
        end = run(rule, beale, (0.7, 1.4), 300, **options)[-1]
        assert beale(end) == close(f), rule


# ---------------------------------------------------------------- AdaGrad, RMSProp, Adadelta


def test_56_adagrad_step_decays_to_zero():
    steps = steps_on(optim.Adagrad, [1.0] * 10_000, eps=1e-7)
    for t, size in ((1, 1), (4, 0.5), (100, 0.1), (10_000, 0.01)):
        assert steps[t - 1] == pytest.approx(size, rel=1e-6)
    assert steps.sum() == close("198.5")
    assert steps.sum() == pytest.approx(2 * math.sqrt(10_000), rel=0.01)


def test_57_diagonal_adagrad_on_the_rotated_problem():
    options = {"lr": 2, "eps": 1e-6, "eps_mode": "inside"}
    end = run(optim.Adagrad, turned, **options)[-1]
    assert end[0] == close("-1.0548") and end[1] == close("-1.0465")
    end = run(optim.Adagrad, bowl, **options)[-1]
    assert end[0] == close("-0.0023") and abs(end[1]) < 1e-100


def test_58_adagrad_d2l():
    for lr, x1, x2 in ((0.4, "-2.382563", "-0.158591"), (2, "-0.002295", "-0.000000")):
        end = run(optim.Adagrad, lr=lr, eps=1e-6, eps_mode="inside")[-1]
        assert end[0] == close(x1) and end[1] == close(x2)


def test_59_rmsprop_first_step():
    for alpha, first in ((0.9, "3.162"), (0.99, "10")):
        steps = steps_on(optim.RMSprop, [1.0] * 3000, alpha=alpha, eps=1e-7)
        assert steps[0] == pytest.approx(1 / math.sqrt(1 - alpha), rel=1e-6)
        assert steps[0] == close(first)
        assert steps[-1] == pytest.approx(1, rel=1e-6)


def test_60_and_2_3_rmsprop_epsilon_inside_or_outside():
    options = {"lr": 0.4, "alpha": 0.9, "eps": 1e-6}
    end = run(optim.RMSprop, eps_mode="inside", **options)[-1]
    assert end[0] == close("-0.010599") and abs(end[1]) == close("1.04e-14")
    outside, inside = (
        steps_on(optim.RMSprop, [1e-4], alpha=0.9, eps=1e-6, eps_mode=mode)[0]
        for mode in ("outside", "inside")
    )
    assert outside == close("3.065")
    assert inside == close("0.09995")


def test_61_adadelta_starts_slowly():
    points = run(optim.Adadelta, rho=0.9, eps=1e-5)
    assert points[-1][0] == close("-4.782488") and points[-1][1] == close("-1.787589")
    first = abs(points[1] - points[0])
    assert first == pytest.approx([math.sqrt(1e-5 / 0.1)] * 2, rel=1e-4)


def test_89a_rare_features_keep_a_larger_rate():
    """Once in 100 steps against always, equal size: the last step is 10 times larger."""
    rare, always = (
        steps_on(optim.Adagrad, gradients, eps=1e-30)  # 0 would make 0 / 0 of the first 99
        for gradients in ([0.0] * 99 + [1.0], [1.0] * 100)
    )
    assert rare[-1] == 1.0
    assert always[-1] == pytest.approx(0.1, rel=1e-13)


# ---------------------------------------------------------------- Adam


def test_62_almost_adam():
    steps = steps_on(optim.Adam, [1.0] * 4000, eps=1e-7, bias_correction=False)
    assert steps[0] == close("3.1623")
    assert steps.max() == close("6.5685") and steps.argmax() + 1 == 12
    assert steps[99] == close("3.24") and steps[3999] == close("1.009")


def test_63_full_adam_takes_lr_at_once():
    assert steps_on(optim.Adam, [1.0] * 4000, eps=1e-7) == pytest.approx(1, rel=1e-6)


def test_64_cpen_form_equals_the_paper_iff_epsilon_is_0():
    def difference(eps: float) -> float:
        paper, cpen = (
            run(optim.Adam, lr=0.1, eps=eps, eps_mode=mode) for mode in ("outside", "cpen")
        )
        return float(np.abs(paper - cpen).max())

    assert difference(0.0) < 1e-14
    assert difference(1e-8) == close("1.9e-6")


def test_65_adam_d2l():
    end = run(optim.Adam, lr=0.4, eps=1e-6)[-1]
    assert end[0] == close("0.996029") and end[1] == close("-0.212750")


def test_67_bias_correction_is_exact_on_a_constant_gradient():
    p = tensor(np.zeros(1), requires_grad=True)
    opt = optim.Adam([p])
    for _ in range(30):
        p.grad = tensor(np.array([0.37]))
        opt.step()
        table = opt.explain_step()
        assert table["m_hat"] == pytest.approx(0.37, rel=1e-14)
        assert table["v_hat"] == pytest.approx(0.37**2, rel=1e-12)


def test_67_bias_correction_fails_under_drift():
    """E[g_t] = t: m^ is an average of past gradients, below the gradient of today."""
    rng = np.random.default_rng(1)
    p = tensor(np.zeros(5000), requires_grad=True)
    opt = optim.Adam([p])
    for t in range(1, 21):
        p.grad = tensor(t + rng.normal(size=5000))
        opt.step()
    weights = 0.1 * 0.9 ** np.arange(19, -1, -1)
    expected = (weights @ np.arange(1, 21)) / (1 - 0.9**20)
    m_hat = opt.state[p]["exp_avg"].numpy().mean() / (1 - 0.9**20)
    assert m_hat == pytest.approx(expected, rel=0.05)
    assert m_hat < 0.75 * 20


def test_68_and_2_8_lr_is_no_bound_for_one_step():
    """Zeros, then a one: the step tends to the bound of the paper, (1 - b1) / sqrt(1 - b2)."""
    bound = 0.1 / math.sqrt(0.001)
    for zeros, size in ((10, "0.482"), (100, "0.980"), (1000, "2.515"), (10_000, "3.162")):
        last = steps_on(optim.Adam, [0.0] * zeros + [1.0], eps=1e-8)[-1]
        assert last == close(size)
        assert last < bound * (1 + 1e-9)


def test_69_adam_without_momentum_and_correction_is_rmsprop():
    gradients = np.random.default_rng(4).normal(size=30)
    rms = steps_on(optim.RMSprop, gradients, alpha=0.99, eps=0)
    plain = {"betas": (0.0, 0.99), "eps": 0}
    adam = steps_on(optim.Adam, gradients, bias_correction=False, **plain)
    assert adam == pytest.approx(rms, rel=1e-14, abs=1e-15)
    for eps in (1e-8, 0.1):
        for mode in ("outside", "inside"):
            where = {"eps": eps, "eps_mode": mode}
            rms = steps_on(optim.RMSprop, gradients, alpha=0.99, **where)
            options = {"betas": (0.0, 0.99), "bias_correction": False, **where}
            assert steps_on(optim.Adam, gradients, **options) == pytest.approx(rms, rel=1e-12)
    corrected = steps_on(optim.Adam, gradients, **plain)
    assert abs(corrected[0]) == pytest.approx(1, rel=1e-14)
    assert abs(adam[0]) == pytest.approx(10, rel=1e-14)


SIZES = (1.0, 1e-2, 1e-3, 1e-4, 1e-6, 1e-8)
FIRST_STEPS = {
    "paper": ({"eps": 1e-8}, "1 1 1 .9999 .990 .5"),
    "S1": ({"eps": 1e-7}, "1 1 .9999 .9990 .909 .091"),
    "S4": ({"eps": 1e-6}, "1 .9999 .999 .990 .5 .0099"),
    "inside": ({"eps": 1e-8, "eps_mode": "inside"}, "1 .99995 .995 .707 .01 1e-4"),
    "S2": ({"eps": 1e-8, "eps_mode": "cpen"}, "1 .953 .302 .0316 3e-4 3e-6"),
    "TensorFlow": ({"eps": 1e-8, "eps_mode": "eps_hat"}, "1 1 .9997 .9968 .760 .031"),
}


@pytest.mark.parametrize("form", FIRST_STEPS)
def test_2_2_first_step_for_each_place_of_epsilon(form):
    options, digits = FIRST_STEPS[form]
    for g, expected in zip(SIZES, digits.split(), strict=True):
        assert steps_on(optim.Adam, [g], **options)[0] == close(expected), g


def test_2_2_eps_hat_scaled_is_the_paper():
    """eps^ = eps sqrt(1 - b2^t), anew at each step."""
    gradients = np.random.default_rng(8).normal(size=20) * 1e-6
    ends = []
    for mode in ("outside", "eps_hat"):
        p = tensor(np.zeros(1), requires_grad=True)
        opt = optim.Adam([p], lr=1.0, eps=1e-8, eps_mode=mode)
        for t, g in enumerate(gradients, start=1):
            if mode == "eps_hat":
                opt.param_groups[0]["eps"] = 1e-8 * math.sqrt(1 - 0.999**t)
            p.grad = tensor(np.array([g]))
            opt.step()
        ends.append(p.item())
    assert ends[0] == ends[1]


def test_2_2_without_epsilon_its_place_does_not_matter():
    gradients = np.random.default_rng(9).normal(size=20)
    paper, *others = (
        steps_on(optim.Adam, gradients, eps=0, eps_mode=mode)
        for mode in ("outside", "inside", "cpen", "eps_hat")
    )
    for other in others:
        assert other == pytest.approx(paper, rel=1e-12)


def test_2_14_and_2_15_the_count_starts_at_1():
    """With exponent t - 1 the first step divides by 0; with t + 1 it is .744 lr."""
    assert steps_on(optim.Adam, [1.0], eps=0)[0] == pytest.approx(1, rel=1e-14)
    late = (0.1 / (1 - 0.9**2)) / math.sqrt(0.001 / (1 - 0.999**2))
    assert late == close("0.744")
    p = tensor(np.zeros(1), requires_grad=True)
    opt = optim.Adam([p])
    p.grad = tensor(np.ones(1))
    opt.step()
    assert opt.state[p]["step"] == 1 == opt.explain_step()["t"]


# ---------------------------------------------------------------- weight decay


def decayed_once(rule: type, strength: float, **options: Any) -> float:
    p = tensor(np.ones(1), requires_grad=True)
    p.grad = tensor(np.zeros(1))
    rule([p], lr=0.1, weight_decay=strength, **options).step()
    return p.item()


def test_72_in_adam_the_strength_of_l2_cancels():
    for strength, coupled in ((0.001, 0.9999), (0.01, 0.999), (0.1, 0.99)):
        assert decayed_once(optim.Adam, strength) == close("0.9000")
        assert decayed_once(optim.AdamW, strength) == pytest.approx(coupled, rel=1e-15)
        assert decayed_once(optim.AdamW, strength, decay="l2") == close("0.9000")
        assert decayed_once(optim.Adam, strength, decay="lr_coupled") == coupled


def test_73_and_2_28_decay_coupled_to_the_rate_or_to_the_schedule():
    for decay, digits in (("lr_coupled", "0.946245"), ("schedule_only", "0.561550")):
        p = tensor(np.ones(1), requires_grad=True)
        opt = optim.AdamW([p], lr=0.1, weight_decay=0.1, decay=decay)
        for k in range(10):
            if k == 5:
                opt.param_groups[0]["lr"] = 0.01
            p.grad = tensor(np.zeros(1))
            opt.step()
        assert p.item() == close(digits), decay


# ---------------------------------------------------------------- Yogi


def test_70_yogi_by_hand():
    """D2L: s += (1 - b2) sgn(g^2 - s) g^2, eps 1e-3, bias correction of both."""
    gradients = [1.0, -0.5, 0.01, 0.0, 2.0]
    m = s = x = 0.0
    for t, g in enumerate(gradients, start=1):
        m = 0.9 * m + 0.1 * g
        s = s + 0.001 * np.sign(g * g - s) * g * g
        x -= 0.01 * (m / (1 - 0.9**t)) / (math.sqrt(s / (1 - 0.999**t)) + 1e-3)
    steps = steps_on(optim.Yogi, gradients, lr=0.01)
    assert -0.01 * steps.sum() == pytest.approx(x, rel=1e-12)
