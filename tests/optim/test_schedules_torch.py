"""Schedules against PyTorch's: the same rates and momenta at every step."""

import warnings

import numpy as np
import pytest

import tinygrad_edu as tg

pytestmark = pytest.mark.torch

STEPS = 80


class Pair:
    """The same optimizer and schedule in both libraries."""

    def __init__(self, make, rates=(0.5, 0.07), rule="SGD", **options):
        torch = pytest.importorskip("torch")
        self.sides = []
        for library in (tg, torch):
            groups = [
                {"params": [library.tensor([1.0], requires_grad=True)], "lr": r} for r in rates
            ]
            optimizer = getattr(library.optim, rule)(groups, **options)
            self.sides.append((optimizer, make(library.optim.lr_scheduler, optimizer)))

    def compare(self, steps=STEPS, by_hand=None, args=lambda k: ()):
        for k in range(steps):
            self.check(k)
            for optimizer, schedule in self.sides:
                optimizer.step()
                if by_hand and k in by_hand:
                    for group in optimizer.param_groups:
                        group["lr"] = group["lr"] * by_hand[k]
                schedule.step(*args(k))

    def check(self, k):
        (ours, mine), (theirs, other) = self.sides
        for a, b in zip(ours.param_groups, theirs.param_groups, strict=True):
            assert a["lr"] == pytest.approx(b["lr"], rel=1e-10, abs=1e-13), k
            for name in ("momentum", "betas"):
                if name in b:
                    assert a[name] == pytest.approx(b[name], rel=1e-12, abs=1e-14), (k, name)
        assert mine.get_last_lr() == pytest.approx(other.get_last_lr(), rel=1e-10, abs=1e-13)
        if hasattr(other, "last_epoch"):
            assert mine.last_epoch == other.last_epoch


MAKERS = {
    "StepLR": lambda s, o: s.StepLR(o, 7),
    "StepLR gamma": lambda s, o: s.StepLR(o, step_size=1, gamma=0.9),
    "StepLR up": lambda s, o: s.StepLR(o, 20, 1.5),
    "StepLR to 0": lambda s, o: s.StepLR(o, 20, 0.0),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [3, 30, 31]),
    "MultiStepLR twice": lambda s, o: s.MultiStepLR(o, [30, 5, 5, 0], gamma=0.3),
    "MultiStepLR none": lambda s, o: s.MultiStepLR(o, []),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR long": lambda s, o: s.ConstantLR(o, factor=0.7, total_iters=40),
    "ConstantLR 0": lambda s, o: s.ConstantLR(o, factor=0.7, total_iters=0),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR down": lambda s, o: s.LinearLR(o, 1.0, 0.0, total_iters=50),
    "LinearLR part": lambda s, o: s.LinearLR(o, start_factor=0.2, end_factor=0.8, total_iters=33),
    "LinearLR 0": lambda s, o: s.LinearLR(o, total_iters=0),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.95),
    "ExponentialLR up": lambda s, o: s.ExponentialLR(o, gamma=1.1),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o),
    "PolynomialLR 2": lambda s, o: s.PolynomialLR(o, total_iters=60, power=2.0),
    "PolynomialLR half": lambda s, o: s.PolynomialLR(o, 41, 0.5),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 20),
    "CosineAnnealingLR min": lambda s, o: s.CosineAnnealingLR(o, T_max=13, eta_min=0.01),
    "CosineAnnealingLR 1": lambda s, o: s.CosineAnnealingLR(o, T_max=1, eta_min=0.02),
    "CosineAnnealingLR odd": lambda s, o: s.CosineAnnealingLR(o, T_max=7.5),
    "Restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 10),
    "Restarts x2": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.003),
    "Restarts x3": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=4, T_mult=3),
    "Restarts 1": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=1),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda e: 0.95**e),
    "LambdaLR list": lambda s, o: s.LambdaLR(o, [lambda e: 0.95**e, lambda e: 1 / (e + 1)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda e: 1 - 0.5 / (e + 1)),
    "MultiplicativeLR list": lambda s, o: s.MultiplicativeLR(o, [lambda e: 0.9, lambda e: 0.99]),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=10), s.CosineAnnealingLR(o, 50)], [10]
    ),
    "SequentialLR three": lambda s, o: s.SequentialLR(
        o,
        [s.ConstantLR(o, 0.1, 100), s.ExponentialLR(o, 0.9), s.StepLR(o, 10)],
        milestones=[7, 30],
    ),
    "SequentialLR restarts": lambda s, o: s.SequentialLR(
        o, [s.CosineAnnealingWarmRestarts(o, 6), s.CosineAnnealingWarmRestarts(o, 4, 2)], [15]
    ),
    "SequentialLR lambda": lambda s, o: s.SequentialLR(
        o, [s.LambdaLR(o, lambda e: e / 9), s.PolynomialLR(o, 30, 2.0)], [9]
    ),
    "SequentialLR multiplicative": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1), s.MultiplicativeLR(o, lambda e: 0.97)], [8]
    ),
    "SequentialLR from 0": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1), s.ExponentialLR(o, 0.97), s.StepLR(o, 9)], [0, 20]
    ),
    "SequentialLR of a chain": lambda s, o: s.SequentialLR(
        o, [s.StepLR(o, 3), s.LinearLR(o, 0.1, 0.4, 20), s.MultiStepLR(o, [0, 4])], [5, 5]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler(
        [s.ConstantLR(o, 0.1, 20), s.ExponentialLR(o, 0.95)]
    ),
    "ChainedScheduler three": lambda s, o: s.ChainedScheduler(
        [s.LinearLR(o, 0.2, total_iters=9), s.CosineAnnealingLR(o, 70), s.StepLR(o, 25, 0.5)], o
    ),
    "ChainedScheduler floor": lambda s, o: s.ChainedScheduler(
        [s.CosineAnnealingLR(o, 20, 0.01), s.ExponentialLR(o, 0.99)]
    ),
    "ChainedScheduler lambda": lambda s, o: s.ChainedScheduler(
        [s.ExponentialLR(o, 0.95), s.LambdaLR(o, lambda e: 1 / (1 + e)), s.StepLR(o, 9)]
    ),
}


@pytest.mark.parametrize("name", MAKERS)
def test_rates(name):
    Pair(MAKERS[name]).compare()


@pytest.mark.parametrize("name", [n for n in MAKERS if n != "ChainedScheduler floor"])
def test_a_rate_changed_by_hand(name):
    """Where PyTorch's recursion keeps the change, ours does; where it does not, neither."""
    Pair(MAKERS[name]).compare(by_hand={4: 3.0, 33: 0.25, 75: 2.0})


@pytest.mark.parametrize("name", [n for n in MAKERS if "StepLR to 0" not in n])
def test_value_is_the_rate(name):
    """The pure function tells in advance what the stepper writes."""
    pair = Pair(MAKERS[name])
    (optimizer, schedule), _ = pair.sides
    for i in range(2):
        values = schedule.values(STEPS, i)
        for k in (0, 1, 5, 29, STEPS - 1):
            assert schedule.value(k, i) == pytest.approx(values[k], rel=1e-13)
    ahead = [schedule.values(STEPS, i) for i in range(2)]
    for k in range(STEPS):
        rates = [group["lr"] for group in optimizer.param_groups]
        assert rates == pytest.approx([ahead[0][k], ahead[1][k]], rel=1e-10, abs=1e-13)
        optimizer.step()
        schedule.step()


ONE_CYCLE = [
    {"max_lr": 0.5, "total_steps": STEPS},
    {"max_lr": [0.5, 0.1], "epochs": 8, "steps_per_epoch": 10, "anneal_strategy": "linear"},
    {"max_lr": 1.0, "total_steps": STEPS, "three_phase": True, "pct_start": 0.2},
    {"max_lr": 1.0, "total_steps": 97, "three_phase": True, "anneal_strategy": "linear"},
    {"max_lr": 1.0, "total_steps": STEPS, "pct_start": 0.0},
    {"max_lr": 1.0, "total_steps": STEPS, "pct_start": 0.99, "cycle_momentum": False},
    {"max_lr": 0.5, "total_steps": STEPS, "div_factor": 3.0, "final_div_factor": 7.0},
    {"max_lr": 0.5, "total_steps": 83, "base_momentum": [0.1, 0.3], "max_momentum": 0.7},
]


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
@pytest.mark.parametrize("options", ONE_CYCLE, ids=str)
def test_one_cycle(options, rule):
    more = {"momentum": 0.9} if rule == "SGD" else {}
    Pair(lambda s, o: s.OneCycleLR(o, **options), rule=rule, **more).compare(STEPS)


CYCLES = [
    {"base_lr": 0.01, "max_lr": 0.5, "step_size_up": 9},
    {"base_lr": [0.01, 0.2], "max_lr": [0.5, 0.1], "step_size_up": 5, "step_size_down": 13},
    {"base_lr": 0.01, "max_lr": 0.5, "step_size_up": 6, "mode": "triangular2"},
    {"base_lr": 0.01, "max_lr": 0.5, "step_size_up": 6, "mode": "exp_range", "gamma": 0.97},
    {"base_lr": 0.01, "max_lr": 0.5, "step_size_up": 6, "scale_fn": lambda x: 1 / (1 + x)},
    {
        "base_lr": 0.01,
        "max_lr": 0.5,
        "step_size_up": 6,
        "mode": "exp_range",
        "scale_fn": lambda x: 0.99**x,
        "scale_mode": "iterations",
    },
    {"base_lr": 0.01, "max_lr": 0.5, "step_size_up": 30, "cycle_momentum": False},
    {
        "base_lr": 0.01,
        "max_lr": 0.5,
        "step_size_up": 8,
        "base_momentum": [0.3, 0.2],
        "max_momentum": 0.99,
    },
]


@pytest.mark.parametrize("rule", ["SGD", "Adam"])
@pytest.mark.parametrize("number", range(len(CYCLES)))
def test_cyclic(number, rule):
    more = {"momentum": 0.9} if rule == "SGD" else {}
    Pair(lambda s, o: s.CyclicLR(o, **CYCLES[number]), rule=rule, **more).compare()


def metrics(seed, mode):
    """A loss that falls with noise, rests, and falls again."""
    rng = np.random.default_rng(seed)
    curve = np.exp(-np.arange(STEPS) / 9.0) + 0.1 * rng.random(STEPS)
    curve[30:50] = curve[29]
    return -curve if mode == "max" else curve


PLATEAU = [
    {},
    {"patience": 2},
    {"patience": 0, "factor": 0.5, "cooldown": 3},
    {"patience": 1, "threshold": 0.05, "threshold_mode": "abs"},
    {"patience": 1, "threshold": 0.2, "min_lr": [0.01, 0.05]},
    {"patience": 1, "min_lr": 0.001, "eps": 1e-3},
]


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("options", PLATEAU, ids=str)
def test_plateau(options, mode):
    for seed in range(3):
        losses = metrics(seed, mode)
        pair = Pair(lambda s, o: s.ReduceLROnPlateau(o, mode=mode, **options))
        pair.compare(args=lambda k, losses=losses: (float(losses[k]),))
        (_, ours), (_, theirs) = pair.sides
        for name in ("best", "num_bad_epochs", "cooldown_counter", "min_lrs"):
            assert getattr(ours, name) == getattr(theirs, name)


CLOSED = ["StepLR", "MultiStepLR twice", "LinearLR part", "ExponentialLR", "PolynomialLR 2"]
CLOSED += ["CosineAnnealingLR min", "Restarts x2", "LambdaLR list", "MultiplicativeLR"]


@pytest.mark.parametrize("name", CLOSED)
def test_step_to_an_epoch(name):
    pair = Pair(MAKERS[name])
    for k in (3, 4, 17, 5, 0, 40):
        for optimizer, schedule in pair.sides:
            optimizer.step()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                schedule.step(k)
        pair.check(k)


def test_restarts_step_to_a_fraction():
    pair = Pair(MAKERS["Restarts x2"])
    for k in (0.25, 3.5, None, None, None, None, 4.75, None, 12.0, 37.5, None, None, *[None] * 60):
        for optimizer, schedule in pair.sides:
            optimizer.step()
            schedule.step(k)
        pair.check(k)


RESUMED = ["StepLR", "MultiStepLR", "ConstantLR long", "LinearLR part", "ExponentialLR"]
RESUMED += ["PolynomialLR 2", "CosineAnnealingLR min", "LambdaLR list", "MultiplicativeLR"]


@pytest.mark.parametrize("last", [5, 6, 29, 39])
@pytest.mark.parametrize("name", [*RESUMED, "Restarts"])
def test_resume_with_last_epoch(name, last):
    """The rate that was loaded is taken for the same step as in PyTorch."""
    torch = pytest.importorskip("torch")

    def make(library):
        p = library.tensor([1.0], requires_grad=True)
        groups = [{"params": [p], "lr": 0.3, "initial_lr": 0.5}]
        optimizer = library.optim.SGD(groups, lr=0.1)
        modules = library.optim.lr_scheduler
        settings = {
            "StepLR": (7,),
            "MultiStepLR": ([3, 30, 31],),
            "ConstantLR long": (0.7, 40),
            "LinearLR part": (0.2, 0.8, 33),
            "ExponentialLR": (0.95,),
            "PolynomialLR 2": (60, 2.0),
            "CosineAnnealingLR min": (13, 0.01),
            "LambdaLR list": (lambda e: 1 / (1 + e),),
            "MultiplicativeLR": (lambda e: 1 - 0.5 / (e + 1),),
            "Restarts": (10,),
        }[name]
        kind = {"Restarts": "CosineAnnealingWarmRestarts"}.get(name, name.split()[0])
        return optimizer, getattr(modules, kind)(optimizer, *settings, last_epoch=last)

    pair = Pair.__new__(Pair)
    pair.sides = [make(tg), make(torch)]
    pair.compare(40)


@pytest.mark.parametrize("name", ["StepLR", "CosineAnnealingLR min", "Restarts x2"])
def test_a_state_dict_of_pytorch_is_understood(name):
    pair = Pair(MAKERS[name])
    pair.compare(12)
    (_, _), (torch_optimizer, torch_schedule) = pair.sides
    fresh = Pair(MAKERS[name])
    optimizer, schedule = fresh.sides[0]
    for group, theirs in zip(optimizer.param_groups, torch_optimizer.param_groups, strict=True):
        group["lr"] = theirs["lr"]
    schedule.load_state_dict(torch_schedule.state_dict())
    fresh.sides[1] = pair.sides[1]
    fresh.compare(30)
