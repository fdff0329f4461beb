"""The adaptive rules: the fast code against the formula it prints, options, errors, edges."""

import inspect
import itertools
import math
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import optim, tensor
from tinygrad_edu.engine import raw
from tinygrad_edu.optim import pieces

SHRINK = ("l2", "lr_coupled", "schedule_only")


def cases() -> list[tuple[type, dict[str, Any]]]:
    """Every rule with every combination of the options that change its formula."""

    def grid(**options: Any) -> list[dict[str, Any]]:
        return [
            dict(zip(options, chosen, strict=True))
            for chosen in itertools.product(*options.values())
        ]

    sign = {"maximize": (False, True)}
    both = {"eps_mode": ("outside", "inside")}
    all_four = {"eps_mode": ("outside", "inside", "cpen", "eps_hat")}
    corrected = {"bias_correction": (True, False)}
    rules = {
        optim.Adagrad: {"lr_decay": (0, 0.1), "initial_accumulator_value": (0, 0.3), **both},
        optim.RMSprop: {"momentum": (0, 0.8), "centered": (False, True), **both},
        optim.Adadelta: {"rho": (0.9, 0.6)},
        optim.Adam: {"amsgrad": (False, True), **all_four, **corrected},
        optim.AdamW: {"amsgrad": (False, True)},
        optim.Adamax: {"betas": ((0.9, 0.999), (0.5, 0.7))},
        optim.NAdam: {"momentum_decay": (4e-3, 0.4)},
        optim.RAdam: {"betas": ((0.9, 0.999), (0.5, 0.7))},  # both sides of rho_t = 5
        optim.Yogi: {**all_four, **corrected},
    }
    found = [(rule, o) for rule, extra in rules.items() for o in grid(**extra, **sign)]
    found += [
        (rule, {"weight_decay": 0.1, "decay": decay, "maximize": up})
        for rule in rules
        for decay in SHRINK
        for up in (False, True)
    ]
    return found + [
        (optim.Adagrad, {"full_matrix": True, **o})
        for o in grid(weight_decay=(0, 0.1), lr_decay=(0, 0.1), **sign)
    ]


def name(value: Any) -> str:
    if isinstance(value, type):
        return value.__name__
    return "-".join(f"{k}={v}" for k, v in value.items()) or "plain"


def gradients(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """From 1 down to 1e-8, and exact zeros."""
    g = rng.normal(size=shape) * 10.0 ** rng.integers(-8, 1, size=shape)
    return np.where(rng.random(shape) < 0.15, 0.0, g)


def parameter(values: Any, dtype: Any = np.float64) -> Any:
    return tensor(np.array(values, dtype=dtype), requires_grad=True)


def constant(rule: type, g: float, steps: int, **options: Any) -> np.ndarray:
    """The steps, in units of the learning rate, on a constant gradient."""
    p = parameter([0.0])
    opt, positions = rule([p], **options), [0.0]
    for _ in range(steps):
        p.grad = tensor(np.array([g]))
        opt.step()
        positions.append(p.item())
    return -np.diff(positions) / opt.param_groups[0]["lr"]


@pytest.mark.parametrize(("rule", "options"), cases(), ids=name)
@pytest.mark.parametrize("shape", [(2, 3), ()])
def test_formula_equals_the_fast_code(rule, options, shape):
    rng = np.random.default_rng(7)
    p = parameter(rng.normal(size=shape))
    opt = rule([p], lr=0.05, **options)
    for k in range(12):
        if k == 6:  # a schedule: the decay forms now differ
            opt.param_groups[0]["lr"] = 0.02
        p.grad = tensor(gradients(rng, shape))
        opt.step()
        for place in np.ndindex(shape):
            table = opt.explain_step(p, place)
            assert table["p"] == pytest.approx(p.detach().numpy()[place], rel=1e-12, abs=1e-14)
            for key, symbol in opt.symbols.items():
                if key in opt.state[p] and symbol in table.given:
                    ours = np.broadcast_to(raw(opt.state[p][key]), shape)[place]
                    assert table[symbol] == pytest.approx(ours, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize(("rule", "options"), cases(), ids=name)
def test_formula_prints(rule, options):
    formula = rule([parameter([1.0])], lr=0.05, **options).formula()
    assert str(formula).splitlines()[-1].startswith("θ ← θ − ")
    assert formula.latex.splitlines()[-1].startswith(r"\theta \leftarrow \theta - ")
    assert "_" not in str(formula)


@pytest.mark.parametrize(("rule", "options"), cases(), ids=name)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_is_only_read_and_the_parameter_stays_the_same_array(rule, options, dtype):
    rng = np.random.default_rng(3)
    p = parameter(rng.normal(size=(3, 2)), dtype)
    opt, array = rule([p], **options), p.detach().numpy()
    for _ in range(3):
        g = rng.normal(size=(3, 2)).astype(dtype)
        before = g.copy()
        g.flags.writeable = False
        p.grad = tensor(g)
        opt.step()
        assert np.array_equal(g, before)
        assert p.detach().numpy() is array or np.shares_memory(p.detach().numpy(), array)
        assert p.dtype == dtype
        for value in opt.state[p].values():
            assert not isinstance(raw(value), np.ndarray) or raw(value).dtype == dtype


@pytest.mark.parametrize(
    ("rule", "options"), [c for c in cases() if "full_matrix" not in c[1]], ids=name
)
def test_blocks_change_nothing(rule, options, monkeypatch):
    """Cut into blocks of 8 numbers, whole, and as a transposed view: the same bits."""

    def run(block: int, transposed: bool) -> np.ndarray:
        monkeypatch.setattr(pieces, "BLOCK", block)
        monkeypatch.setattr(pieces, "_LITTLE", 0)
        rng = np.random.default_rng(5)
        values = rng.normal(size=(7, 5))
        p = tensor(np.asfortranarray(values) if transposed else values, requires_grad=True)
        opt = rule([p], **options)
        for _ in range(4):
            p.grad = tensor(gradients(rng, (7, 5)))
            opt.step()
        return p.detach().numpy().copy()

    whole = run(1 << 18, False)
    assert np.array_equal(whole, run(64, False))
    assert np.array_equal(whole, run(64, True))


@pytest.mark.parametrize("rule", [optim.Adam, optim.RMSprop, optim.NAdam], ids=name)
def test_a_parameter_without_gradient_keeps_value_and_step_count(rule):
    a, b = parameter([1.0]), parameter([1.0])
    opt = rule([a, b])
    a.grad = tensor(np.array([1.0]))
    opt.step()
    assert b.item() == 1 and b not in opt.state  # Adagrad alone makes its state at once
    b.grad = tensor(np.array([1.0]))
    opt.step()
    assert opt.state[a]["step"] == 2 and opt.state[b]["step"] == 1


@pytest.mark.parametrize(("rule", "options"), cases(), ids=name)
def test_a_saved_state_goes_on_as_if_never_stopped(rule, options):
    rng = np.random.default_rng(11)
    start = rng.normal(size=4)
    grads = [gradients(rng, (4,)) for _ in range(8)]
    p = parameter(start)
    opt = rule([p], **options)
    for k, g in enumerate(grads):
        if k == 4:
            q = parameter(p.detach().numpy())
            again = rule([q], **options)
            again.load_state_dict(opt.state_dict())
            p, opt = q, again
        p.grad = tensor(g)
        opt.step()
    straight = parameter(start)
    other = rule([straight], **options)
    for g in grads:
        straight.grad = tensor(g)
        other.step()
    assert np.array_equal(p.detach().numpy(), straight.detach().numpy())


STATE = {
    optim.Adagrad: ({}, {"sum"}),
    optim.RMSprop: (
        {"momentum": 0.9, "centered": True},
        {"square_avg", "momentum_buffer", "grad_avg"},
    ),
    optim.Adadelta: ({}, {"square_avg", "acc_delta"}),
    optim.Adam: ({"amsgrad": True}, {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}),
    optim.AdamW: ({}, {"exp_avg", "exp_avg_sq"}),
    optim.Adamax: ({}, {"exp_avg", "exp_inf"}),
    optim.NAdam: ({}, {"exp_avg", "exp_avg_sq", "mu_product"}),
    optim.RAdam: ({}, {"exp_avg", "exp_avg_sq"}),
}


@pytest.mark.parametrize("rule", STATE, ids=name)
def test_state_has_pytorchs_names(rule):
    options, names = STATE[rule]
    p = parameter([1.0])
    opt = rule([p], **options)
    p.grad = tensor(np.array([1.0]))
    opt.step()
    assert set(opt.state[p]) == {"step", *names}


BAD = [
    (rule, {option: value}, ValueError, (word, str(value)))
    for rule, options in {
        optim.Adagrad: ("lr", "lr_decay", "initial_accumulator_value", "eps", "weight_decay"),
        optim.RMSprop: ("lr", "eps", "momentum", "alpha", "weight_decay"),
        optim.Adadelta: ("lr", "eps", "rho", "weight_decay"),
        optim.Adam: ("lr", "eps", "weight_decay"),
        optim.AdamW: ("lr", "eps", "weight_decay"),
        optim.Adamax: ("lr", "eps", "weight_decay"),
        optim.NAdam: ("lr", "eps", "weight_decay", "momentum_decay"),
        optim.RAdam: ("lr", "eps", "weight_decay"),
        optim.Yogi: ("lr", "eps", "weight_decay"),
    }.items()
    for option, word, value in [
        *((o, o, -0.1) for o in options),
        *((o, o, math.nan) for o in options),
        *([("rho", "rho", 1.1)] if rule is optim.Adadelta else []),
        *([("eps_mode", "eps_mode", "under")] if rule in (optim.Adam, optim.RMSprop) else []),
        ("decay", "decay", "soft"),
    ]
]
BETAS = (optim.Adam, optim.AdamW, optim.Adamax, optim.NAdam, optim.RAdam, optim.Yogi)
BAD += [
    (rule, {"betas": betas}, error, words)
    for rule in BETAS
    for betas, error, words in [
        ((1.0, 0.9), ValueError, ("beta", "index 0", "1.0")),
        ((0.9, -0.5), ValueError, ("beta", "index 1", "-0.5")),
        ((0.9, 0.99, 0.999), ValueError, ("betas", "3")),
        (0.9, TypeError, ("betas", "0.9")),
    ]
]
BAD += [
    (rule, {"decoupled_weight_decay": True, "decay": "l2"}, ValueError, ("decoupled", "l2"))
    for rule in (optim.Adam, optim.NAdam, optim.RAdam)
]


@pytest.mark.parametrize(("rule", "options", "error", "words"), BAD)
def test_bad_options_are_named(rule, options, error, words):
    with pytest.raises(error) as caught:
        rule([parameter([1.0])], **options)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("rule", STATE, ids=name)
def test_pytorchs_switches(rule):
    """Those that choose how a step is run change nothing; a recorded step does not exist."""
    given = inspect.signature(rule).parameters
    switches = [s for s in ("foreach", "capturable", "fused") if s in given]
    plain = constant(rule, 0.5, 3)
    assert np.array_equal(constant(rule, 0.5, 3, **dict.fromkeys(switches, True)), plain)
    with pytest.raises(ValueError, match="differentiable"):
        rule([parameter([1.0])], differentiable=True)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        (optim.Adam, {"amsgrad": True}),
        (optim.RMSprop, {"momentum": 0.9}),
        (optim.RMSprop, {"centered": True}),
    ],
)
def test_an_option_switched_on_between_steps_starts_from_0(rule, changes):
    p = parameter([1.0, -2.0])
    opt = rule([p])
    for k in range(4):
        if k == 2:
            opt.param_groups[0].update(changes)
        p.grad = tensor(np.array([0.3, -0.1]))
        opt.step()
        table = opt.explain_step(p, 0)
        assert table["p"] == pytest.approx(p.detach().numpy()[0], rel=1e-13)


def test_options_differ_between_groups():
    a, b = parameter([1.0, -2.0]), parameter([1.0, -2.0])
    opt = optim.Adam([{"params": a, "eps_mode": "cpen", "lr": 0.1}, {"params": b}], eps=0.01)
    alone = parameter([1.0, -2.0]), parameter([1.0, -2.0])
    first = optim.Adam([alone[0]], lr=0.1, eps=0.01, eps_mode="cpen")
    second = optim.Adam([alone[1]], eps=0.01)
    for g in ([1.0, 0.1], [0.5, -0.2]):
        for p in (a, b, *alone):
            p.grad = tensor(np.array(g))
        for o in (opt, first, second):
            o.step()
    assert np.array_equal(a.detach().numpy(), alone[0].detach().numpy())
    assert np.array_equal(b.detach().numpy(), alone[1].detach().numpy())
    assert "ηₜ" in str(opt.formula(0)) and "ηₜ" not in str(opt.formula(1))


def test_decoupled_weight_decay_is_a_name_for_lr_coupled():
    for rule in (optim.Adam, optim.NAdam, optim.RAdam):
        group = rule([parameter([1.0])], decoupled_weight_decay=True).param_groups[0]
        assert group["decay"] == "lr_coupled"
        group = rule([{"params": parameter([1.0]), "decay": "schedule_only"}]).param_groups[0]
        assert group["decoupled_weight_decay"] is True
        assert rule([parameter([1.0])]).param_groups[0]["decay"] == "l2"
    assert optim.AdamW([parameter([1.0])]).param_groups[0]["weight_decay"] == 1e-2


# ---------------------------------------------------------------- what the formulas say


def test_yogi_moves_the_average_by_the_square_at_most():
    """After large gradients, small ones: Adam forgets by 1 - b2 of v, Yogi by 1 - b2 of g^2."""
    averages = {}
    for rule in (optim.Adam, optim.Yogi):
        p = parameter([0.0])
        opt = rule([p])
        for g in (1.0, 0.01, 0.0):
            p.grad = tensor(np.array([g]))
            opt.step()
        averages[rule] = raw(opt.state[p]["exp_avg_sq"]).item()
    b2, fall = 0.999, 0.001
    assert averages[optim.Adam] == pytest.approx(((fall * b2) + fall * 1e-4) * b2, rel=1e-13)
    assert averages[optim.Yogi] == pytest.approx(fall - fall * 1e-4, rel=1e-13)


def test_yogi_equals_adam_on_its_first_step():
    """v starts at 0, below any square: both add (1 - b2) g^2. Only epsilon's default differs."""
    for g in (1.0, 1e-3):
        adam = constant(optim.Adam, g, 1, eps=1e-3)
        assert constant(optim.Yogi, g, 1) == pytest.approx(adam, rel=1e-15)


def test_amsgrad_never_divides_by_less():
    p = parameter([0.0])
    opt = optim.Adam([p], amsgrad=True, betas=(0.9, 0.5))
    largest = []
    for g in (1.0, 0.1, 0.1, 0.0):
        p.grad = tensor(np.array([g]))
        opt.step()
        largest.append(raw(opt.state[p]["max_exp_avg_sq"]).item())
    assert largest == [0.5] * 4


def test_adamax_divides_by_a_decaying_maximum():
    p = parameter([0.0])
    opt = optim.Adamax([p], betas=(0.9, 0.5), eps=0)
    for g, u in ((1.0, 1.0), (0.6, 0.6), (0.1, 0.3), (0.0, 0.15)):
        p.grad = tensor(np.array([g]))
        opt.step()
        assert raw(opt.state[p]["exp_inf"]).item() == u


def test_radam_is_momentum_until_the_average_is_long_enough():
    """b2 = .999: rho_t first exceeds 5 at t = 6; until then the step is m^, whatever its scale."""
    for g in (1.0, 100.0):
        steps = constant(optim.RAdam, g, 6, lr=1.0)
        assert steps[:5] == pytest.approx([g] * 5, rel=1e-14)
        assert steps[5] < 0.05
    p = parameter([0.0])
    opt = optim.RAdam([p])
    for t in range(1, 8):
        p.grad = tensor(np.array([1.0]))
        opt.step()
        table = opt.explain_step()
        assert (table["rho_t"] > 5) == (t > 5) == (table["r"] > 0)


def test_nadam_first_step_by_hand():
    mu1, mu2 = (0.9 * (1 - 0.5 * 0.96 ** (t * 4e-3)) for t in (1, 2))
    step = (1 - mu1) / (1 - mu1) + mu2 * 0.1 / (1 - mu1 * mu2)
    assert constant(optim.NAdam, 1.0, 1, eps=0) == pytest.approx([step], rel=1e-14)


def test_centered_divides_by_the_standard_deviation():
    p = parameter([0.0])
    opt = optim.RMSprop([p], lr=1.0, alpha=0.5, eps=0, centered=True)
    v = a = 0.0
    for g in (1.0, 3.0, -2.0):
        before = p.item()
        p.grad = tensor(np.array([g]))
        opt.step()
        v, a = 0.5 * v + 0.5 * g * g, 0.5 * a + 0.5 * g
        assert before - p.item() == pytest.approx(g / math.sqrt(v - a * a), rel=1e-13)


def test_full_matrix_adagrad_by_hand():
    """(G + eps I)^(-1/2) g against a root found by Newton's iteration, not by eigenvalues."""
    rng = np.random.default_rng(2)
    p = parameter(rng.normal(size=(2, 2)))
    opt = optim.Adagrad([p], lr=1.0, eps=0.1, initial_accumulator_value=0.5, full_matrix=True)
    G = 0.5 * np.eye(4)
    for _ in range(5):
        g, before = rng.normal(size=(2, 2)), p.detach().numpy().copy()
        p.grad = tensor(g)
        opt.step()
        G += np.outer(g, g)
        y, z = G + 0.1 * np.eye(4), np.eye(4)  # Denman-Beavers: z -> (G + eps I)^(-1/2)
        for _ in range(40):
            y, z = (y + np.linalg.inv(z)) / 2, (z + np.linalg.inv(y)) / 2
        assert before - p.detach().numpy() == pytest.approx(
            (z @ g.reshape(-1)).reshape(2, 2), rel=1e-9
        )


def test_full_matrix_adagrad_of_one_number_is_adagrad_with_epsilon_inside():
    for shape in ((), (1,), (1, 1)):
        a, b = parameter(np.ones(shape)), parameter(np.ones(shape))
        full = optim.Adagrad([a], lr=0.5, eps=1e-2, full_matrix=True)
        diagonal = optim.Adagrad([b], lr=0.5, eps=1e-2, eps_mode="inside")
        for g in (1.0, 0.1, 0.0, -0.3):
            a.grad, b.grad = tensor(np.full(shape, g)), tensor(np.full(shape, g))
            full.step()
            diagonal.step()
        assert a.detach().numpy() == pytest.approx(b.detach().numpy(), rel=1e-14)
        full.load_state_dict(full.state_dict())


def test_full_matrix_adagrad_without_epsilon_leaves_unseen_directions_alone():
    p = parameter([1.0, 1.0, 1.0])
    opt = optim.Adagrad([p], lr=0.5, eps=0, full_matrix=True)
    p.grad = tensor(np.array([3.0, 4.0, 0.0]))
    opt.step()
    assert p.detach().numpy() == pytest.approx([1 - 0.5 * 0.6, 1 - 0.5 * 0.8, 1.0], abs=1e-6)
    opt.zero_grad(set_to_none=False)
    p.grad = tensor(np.zeros(3))
    opt.step()
    assert np.isfinite(p.detach().numpy()).all()


def test_full_matrix_adagrad_explains_where_its_direction_comes_from():
    opt = optim.Adagrad([parameter([1.0, 2.0])], full_matrix=True)
    assert str(opt.formula()).splitlines() == [
        "G ← G + g gᵀ",
        "h ← (G + ε I)^(−0.5) g",
        "θ ← θ − η h",
    ]


def test_an_average_over_a_zero_gradient_does_not_move_a_fresh_parameter():
    for rule in (*STATE, optim.Yogi):
        assert constant(rule, 0.0, 3, weight_decay=0).tolist() == [0.0] * 3
