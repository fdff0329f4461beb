"""Every rule, with every option that changes what it computes, against its plain reference.

Functions of a case, so that the mutation script runs them too.
"""

from __future__ import annotations

import functools
import itertools
import math
import types
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import optim, tensor
from tinygrad_edu.engine import raw
from tinygrad_edu.optim import pieces, radam, sign_sgd

from . import references as ref

RULES: dict[type, Any] = {
    optim.SGD: ref.sgd,
    optim.Adam: ref.adam,
    optim.AdamW: ref.adamw,
    optim.Yogi: ref.yogi,
    optim.Adagrad: ref.adagrad,
    optim.RMSprop: ref.rmsprop,
    optim.Adadelta: ref.adadelta,
    optim.Adamax: ref.adamax,
    optim.NAdam: ref.nadam,
    optim.RAdam: ref.radam,
    optim.ASGD: ref.asgd,
    optim.Rprop: ref.rprop,
    optim.SignSGD: ref.sign_sgd,
}
STEPS = 8
SIZES = np.array(
    [[1.0, -0.1, 1e-2, -1e-3], [1e-4, -1e-5, 1e-6, -1e-7], [1e-8, -1e-8, 0.0, 0.5]]
)  # 1 to 1e-8, both signs, an exact zero


class Case(NamedTuple):
    rule: type
    options: dict[str, Any]
    changes: dict[int, dict[str, Any]] = {}  # of options, before the step of that number
    shape: tuple[int, ...] = (3, 4)
    fortran: bool = False

    def __str__(self) -> str:
        parts = [f"{k}={v}" for k, v in self.options.items()]
        parts += [
            f"at_{t}_{k}={v}" for t, change in self.changes.items() for k, v in change.items()
        ]
        parts += [str(self.shape)] * (self.shape != (3, 4)) + ["fortran"] * self.fortran
        return "-".join([self.rule.__name__, *parts]).replace(" ", "")


def grid(**options: Any) -> list[dict[str, Any]]:
    return [
        dict(zip(options, chosen, strict=True)) for chosen in itertools.product(*options.values())
    ]


UP = {"maximize": (False, True)}
EPS = {"eps_mode": ("outside", "inside"), "eps": (1e-8, 1e-2)}
FOUR = {"eps_mode": ("outside", "inside", "cpen", "eps_hat"), "eps": (1e-8, 1e-2)}
RATES = {"betas": ((0.9, 0.999), (0.5, 0.7))}
DECAYS = ("l2", "lr_coupled", "schedule_only")
OPTIONS: dict[type, list[dict[str, Any]]] = {
    optim.SGD: [
        *grid(**UP),
        *grid(momentum=(0.9,), form=("sum", "ema", "lr_inside"), dampening=(0, 0.3), **UP),
        *grid(momentum=(0.9,), form=("sum", "ema", "lr_inside"), nesterov=(True, "torch")),
        *grid(momentum=(0.9,), nesterov=("tilde", "lookahead"), **UP),
        *grid(
            momentum=(0.8,),
            nesterov=(False, True, "tilde", "lookahead"),
            weight_decay=(0.1,),
            decay=DECAYS,
        ),
    ],
    optim.Adam: [
        {},
        *grid(amsgrad=(False, True), bias_correction=(True, False), **FOUR),
        *grid(**RATES, **UP),
    ],
    optim.AdamW: [{}, *grid(amsgrad=(False, True), **RATES)],
    optim.Yogi: [{}, *grid(bias_correction=(True, False), **FOUR), *grid(**RATES, **UP)],
    optim.Adagrad: [
        {},
        *grid(lr_decay=(0, 0.1), initial_accumulator_value=(0, 0.3), **EPS),
        *grid(
            full_matrix=(True,),
            lr_decay=(0, 0.1),
            initial_accumulator_value=(0, 0.3),
            eps=(1e-2,),
            weight_decay=(0, 0.1),
        ),
    ],
    optim.RMSprop: [{}, *grid(alpha=(0.7,), momentum=(0, 0.8), centered=(False, True), **EPS)],
    optim.Adadelta: [{}, *grid(rho=(0.9, 0.6), eps=(1e-6, 1e-2))],
    optim.Adamax: [{}, *grid(eps=(1e-8, 1e-2), **RATES)],
    optim.NAdam: [{}, *grid(momentum_decay=(4e-3, 0.4), eps=(1e-8, 1e-2), **RATES)],
    optim.RAdam: [{}, *grid(eps=(1e-8, 1e-2), **RATES), *grid(betas=((0.8, 0.9), (0.6, 0.5)))],
    optim.ASGD: grid(
        lambd=(1e-4, 0.3), alpha=(0.75, 2), t0=(0, 3, 1e6), weight_decay=(0, 0.1), **UP
    ),
    optim.Rprop: [{}, *grid(etas=((0.5, 1.2), (0.3, 2.0)), step_sizes=((1e-6, 50), (0.02, 0.07)))],
    optim.SignSGD: grid(normalize=("sign", "l2"), **UP),
}


def cases() -> list[Case]:
    found = [Case(rule, o, {5: {"lr": 0.02}}) for rule, many in OPTIONS.items() for o in many]
    for rule in RULES:
        if rule not in (optim.ASGD, optim.Rprop, optim.SignSGD):
            found += [
                Case(rule, {"weight_decay": 0.1, **o}, {5: {"lr": 0.02}})
                for o in grid(decay=DECAYS, **UP)
            ]
        found += [Case(rule, {}, shape=()), Case(rule, {}, shape=(2, 3), fortran=True)]
    # A rate that starts at 0; running values that only a later change of options asks for.
    zero = {"weight_decay": 0.1, "decay": "schedule_only", "lr": 0.0}
    found += [Case(rule, zero, {3: {"lr": 0.05}}) for rule in (optim.SGD, optim.Adam)]
    found += [
        Case(optim.SGD, {}, {3: {"momentum": 0.9, "dampening": 0.4}}),
        Case(optim.SGD, {}, {3: {"momentum": 0.9, "nesterov": True, "form": "ema"}}),
        Case(optim.Adam, {}, {3: {"amsgrad": True}}),
        Case(optim.RMSprop, {"alpha": 0.7}, {3: {"momentum": 0.8}}),
        Case(optim.RMSprop, {"alpha": 0.7}, {3: {"centered": True}, 5: {"momentum": 0.8}}),
        Case(optim.Rprop, {"maximize": True}),
    ]
    # Arrays of more than one block; of more than one, but not in C order.
    found += [
        Case(rule, {}, shape=(150, 300), fortran=fortran)
        for rule in (optim.Adam, optim.RMSprop)
        for fortran in (False, True)
    ]
    return found


@functools.cache
def fixture(shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Where a run starts, and the gradients of its steps: one step, the fourth, has none at all."""
    rng = np.random.default_rng(0)
    sizes = np.asarray(np.resize(SIZES, shape) if shape else 0.5)
    start = rng.normal(size=shape) * np.where(rng.random(shape) < 0.3, 0.0, 1.0)
    # The factors turn some signs, and leave out some steps.
    factors = rng.uniform(0.2, 1.0, (STEPS, *shape))
    factors *= rng.choice([1.0, 1.0, 1.0, -1.0, 0.0], (STEPS, *shape))
    factors[3] = 0.0
    if not shape:
        factors = np.array([0.7, 1.0, -0.4, 0.0, 0.9, 0.3, 0.0, -1.0])
    return start, sizes * factors


def compare(case: Case) -> None:
    """A run of two parameters, the second without gradient at some steps, and its reference."""
    reference, options = RULES[case.rule], {"lr": 0.05, **case.options}
    start, gradients = fixture(case.shape)
    starts, slopes = [start, np.array([0.3, -0.2])], [gradients, fixture((2,))[1]]
    ours = [
        tensor(np.array(x, order="F" if case.fortran else "C"), requires_grad=True) for x in starts
    ]
    theirs: list[Any] = list(starts)
    kept: list[dict[str, Any]] = [{"lr_0": options["lr"]} for _ in starts]
    counts = [0, 0]
    opt = case.rule(ours, **options)
    opt.keep_last_step = False
    looks_ahead = options.get("nesterov") == "lookahead"
    for t in range(1, STEPS + 1):
        change = case.changes.get(t, {})
        opt.param_groups[0].update(change)
        options.update(change)
        # Of ours the gradients depend on the point only where it matters which point it is.
        bend = 0.3 if looks_ahead else 0.0

        def closure(t=t, bend=bend):
            for i, p in enumerate(ours):
                g = slopes[i][t - 1] + bend * p.detach().numpy()
                p.grad = None if i == 1 and t in (1, 6) else tensor(g)

        if looks_ahead:
            opt.step(closure)
        else:
            closure()
            opt.step()
        points = [
            ref.ahead(p, s, options["momentum"]) if looks_ahead else p
            for p, s in zip(theirs, kept, strict=True)
        ]
        given = [g[t - 1] + bend * x for g, x in zip(slopes, points, strict=True)]
        live = [0] if t in (1, 6) else [0, 1]
        for i in live:
            counts[i] += 1
            kept[i]["all"] = (
                np.concatenate([given[j].ravel() for j in live])
                if case.rule is optim.SignSGD
                else None
            )
            with np.errstate(all="ignore"):
                theirs[i] = reference(theirs[i], given[i], counts[i], kept[i], **options)
        for i, (p, q) in enumerate(zip(ours, theirs, strict=True)):
            # The iteration for the root of a matrix is exact to about nine digits.
            rtol = 1e-7 if options.get("full_matrix") else 1e-12
            message = f"{case}: parameter {i} after step {t}"
            atol = rtol * 1e-3
            np.testing.assert_allclose(p.detach().numpy(), q, rtol=rtol, atol=atol, err_msg=message)
            state = opt.state.get(p, {})
            assert set(state) <= {"step", *opt.symbols}, f"{message}: {[*state]}"
            assert not any(isinstance(x, np.ndarray) for x in state.values()), "not Tensors"
            if case.rule is optim.ASGD and "ax" in kept[i]:
                ax = raw(opt.state[p]["ax"])
                np.testing.assert_allclose(ax, kept[i]["ax"], rtol=rtol, atol=atol, err_msg=message)


# ------------------------------------------------------------------------- single helpers


def check_blocks() -> None:
    """Pieces of a block at most, in order, which share their memory; or one of up to two."""
    a, b = np.arange(100_000.0).reshape(250, 400), np.ones((250, 400))
    length = pieces.BLOCK // 8
    found = list(pieces.blocks(a, b, b))
    assert [[len(x) for x in piece] for piece in found] == [
        [n] * 3 for n in (length, length, length, 100_000 - 3 * length)
    ]
    assert all(np.shares_memory(piece[0], a) for piece in found)
    assert np.array_equal(np.concatenate([piece[0] for piece in found]), a.ravel())
    for size in (1, 4):
        exactly, more = np.zeros((2, size * length)), np.zeros(2 * size * length + 1)
        assert next(iter(pieces.blocks(exactly, exactly, size=size)))[0] is exactly
        lengths = [len(x) for x, _ in pieces.blocks(more, more, size=size)]
        assert lengths == [size * length, size * length, 1]
    small = np.zeros((2, 3))
    assert next(iter(pieces.blocks(small, small)))[0] is small
    turned = a.T
    assert next(iter(pieces.blocks(turned, a.T)))[0] is turned
    assert next(iter(pieces.blocks(a, a, b.T.copy().T)))[0] is a
    edge = np.zeros((1 << 12) + 1)  # the first that is not left alone for being small
    assert next(iter(pieces.blocks(edge[:-1], edge[:-1])))[1].base is edge
    assert next(iter(pieces.blocks(edge, edge)))[0] is edge
    number = np.array(1.0)
    (piece,) = pieces.blocks(number, number)
    assert piece[0].shape == (1,) and np.shares_memory(piece[0], number)


def check_scratch() -> None:
    """Memory for pieces that are neither small nor larger than any; larger ones after smaller."""
    for n, needed in ((1 << 12, False), (1 << 13, True), (1 << 18, True), (1 << 19, False)):
        given = pieces.scratch(np.zeros((2, n // 2 + 1), np.float32))
        assert (given is not None) == needed, n
        assert given is None or (given.shape, given.dtype) == ((2, n // 2 + 1), np.float32)


def check_scaled() -> None:
    """A product in memory of its own if it is small, else in scratch memory."""
    half = np.array(0.5)
    for n, apart in ((1 << 12, True), ((1 << 12) + 1, False), ((1 << 18) + 1, True)):
        a = np.arange(float(n))
        first = pieces.scaled(a, half)
        assert np.array_equal(first, a / 2) and np.array_equal(a, np.arange(float(n))), n
        assert apart == (not np.shares_memory(first, pieces.scaled(a, half))), n


def check_total_norm() -> None:
    norm = sign_sgd.total_norm
    tiny, huge = np.array([3e-200, -4e-200]), np.array([[3e300], [-4e300]])
    assert math.isclose(norm([tiny]), 5e-200, rel_tol=1e-12)
    assert math.isclose(norm([huge]), 5e300, rel_tol=1e-12)
    assert math.isclose(norm([np.array(2.0), np.zeros(0), np.array([-1.0, 2.0])]), 3.0)
    assert math.isclose(norm([np.array([-3.0, -4.0])]), 5.0)
    assert norm([]) == 0 and norm([np.zeros(0)]) == 0 and norm([np.zeros(3)]) == 0
    assert norm([np.array([1.0, -np.inf])]) == np.inf
    assert math.isnan(norm([np.array([np.nan, 1.0])]))


def check_full_matrix_without_epsilon() -> None:
    """Directions without any gradient stay; along the only one seen the step is lr."""
    p = tensor(np.zeros((2, 2)), requires_grad=True)
    opt = optim.Adagrad([p], lr=0.1, eps=0.0, full_matrix=True)
    p.grad = tensor(np.array([[3.0, 0.0], [0.0, -4.0]]))
    opt.step()
    np.testing.assert_allclose(p.detach().numpy(), [[-0.06, 0], [0, 0.08]], atol=1e-9)
    number = tensor(np.array([1.0]), requires_grad=True)
    opt = optim.Adagrad([number], lr=0.1, eps=0.0, full_matrix=True, initial_accumulator_value=3.0)
    number.grad = tensor(np.array([1.0]))
    opt.step()
    assert opt.state[number]["sum"].shape == (1,)
    assert math.isclose(number.item(), 0.95)


def check_moved_parameters_are_put_back() -> None:
    """Looking at the other point changes nothing, and an error on the way neither."""
    p = tensor(np.array([1.0, -0.3]), requires_grad=True)
    opt = optim.SGD([p], lr=0.1, momentum=0.9, nesterov="tilde")
    for _ in range(2):
        p.grad = tensor(np.array([0.7, 1e-8]))
        opt.step()
    version = p._version
    before, v = p.detach().numpy().copy(), raw(opt.state[p]["momentum_buffer"]).copy()
    try:
        with opt.params_at("x"):
            np.testing.assert_allclose(p.detach().numpy(), before - 0.9 * v, rtol=1e-12)
            assert p._version > version
            version = p._version
            raise KeyError
    except KeyError:
        assert p._version > version
    assert np.array_equal(p.detach().numpy(), before)
    with opt.params_at("x_tilde"):
        assert np.array_equal(p.detach().numpy(), before)


def check_asgd_starts_to_average_from_the_very_point() -> None:
    """Not from a sum of differences, which rounding would spoil."""
    p = tensor(np.array([0.1]), requires_grad=True)
    opt = optim.ASGD([p], lr=1.0, lambd=1.0, alpha=0.0)
    for g in (1e17, -0.7):
        p.grad = tensor(np.array([g]))
        opt.step()
        assert p.item() == opt.state[p]["ax"].item() == -g


def check_radam_waits_at_five() -> None:
    """At rho exactly 5, which these rates hit, it does not divide yet."""
    for t, beta in ((6, 0.8397685748659791), (7, 0.7678067796924252), (9, 0.7074214607621472)):
        rho = 2 / (1 - beta) - 1 - 2 * t * beta**t / (1 - beta**t)
        assert (radam._rectification(beta, t) is None) == (rho <= 5)
        assert radam._rectification(beta - 1e-9, t) is None
        assert radam._rectification(beta + 1e-9, t) is not None


HELPERS: dict[str, types.FunctionType] = {
    f.__name__: f
    for f in (
        check_blocks,
        check_scratch,
        check_scaled,
        check_total_norm,
        check_full_matrix_without_epsilon,
        check_moved_parameters_are_put_back,
        check_asgd_starts_to_average_from_the_very_point,
        check_radam_waits_at_five,
    )
}
