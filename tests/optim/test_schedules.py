"""Schedules: the course's numbers, the stepper, tables and jumps, saving, and bad input."""

import copy
import gc
import math
import pickle
import warnings
import weakref
from itertools import pairwise

import pytest

from tinygrad_edu import nn, optim, tensor
from tinygrad_edu.optim import lr_scheduler as s


def sgd(*rates, **options):
    rates = rates or (1.0,)
    groups = [{"params": [tensor([1.0], requires_grad=True)], "lr": r} for r in rates]
    return optim.SGD(groups, **options)


def run(schedule, steps):
    """The rates of the first group, as the optimizer sees them."""
    rates = []
    for _ in range(steps):
        rates.append(schedule.optimizer.param_groups[0]["lr"])
        schedule.optimizer.step()
        schedule.step()
    return rates


def at(schedule, *steps):
    """The value at some steps, which stepping there must give too."""
    walked = run(schedule, max(steps) + 1)
    for k in steps:
        assert walked[k] == pytest.approx(schedule.value(k), rel=1e-9, abs=1e-12)
    return pytest.approx([schedule.value(k) for k in steps], rel=1e-12, abs=1e-15)


# --------------------------------------------------------------- the course's numbers


def test_course_74_step():
    schedule = s.MultiStepLR(sgd(), [30, 60, 90])
    wanted = [1, 0.1, 0.1, 0.01, 0.01, 0.001]
    assert at(schedule, 29, 30, 59, 60, 89, 90) == wanted
    assert at(s.StepLR(sgd(), 30), 29, 30, 59, 60, 89, 90) == wanted
    assert schedule.jumps(100) == [30, 60, 90]


def test_course_75_cosine():
    digits = [1, 0.853553, 0.5, 0.146447, 0]
    for clamp in (False, True):
        values = s.CosineAnnealingLR(sgd(), 100, clamp=clamp).values(151)
        assert values[0:101:25] == pytest.approx(digits, abs=5e-7)
        # Beyond T it rises again, unless clamped.
        assert values[150] == pytest.approx(0.0 if clamp else 0.5, abs=1e-15)
    assert run(s.CosineAnnealingLR(sgd(), 10, clamp=True), 30)[10:] == [0.0] * 20


def test_course_75_restarts():
    schedule = s.CosineAnnealingWarmRestarts(sgd(), 10, T_mult=2)
    assert schedule.jumps(200) == [10, 30, 70, 150]
    assert all(schedule.value(k) == 1 for k in (0, 10, 30, 70, 150))
    assert at(schedule, 0, 10, 20, 30, 50) == [1, 1, 0.5, 1, 0.5]


def test_course_76_linear():
    wanted = [1, 0.75, 0.5, 0.25, 0]
    assert at(s.LinearToTauLR(sgd(), tau=4), 0, 1, 2, 3, 4) == wanted
    assert at(s.PolynomialLR(sgd(), 4), 0, 1, 2, 3, 4) == wanted
    assert at(s.LinearLR(sgd(), 1.0, 0.0, 4), 0, 1, 2, 3, 4) == wanted


def test_course_77_inverse_square_root():
    with pytest.raises(ValueError, match="shift=0 without warm-up divides by zero"):
        s.InverseSqrtLR(sgd(), shift=0)
    assert at(s.InverseSqrtLR(sgd()), 0, 1, 3, 99) == [1, 2**-0.5, 0.5, 0.1]
    # The Transformer's: up in a straight line, then down as 1/sqrt(t), and they meet at t = w.
    schedule = s.InverseSqrtLR(sgd(512**-0.5), warmup=4000)
    for step in (0, 100, 3998, 3999, 4000, 99_999):
        t = step + 1
        assert schedule.value(step) == pytest.approx(512**-0.5 * min(t**-0.5, t * 4000**-1.5))
    assert max(schedule.values(5000)) == schedule.value(3999)
    assert s.InverseSqrtLR(sgd(), warmup=4, shift=0).value(0) == 0


def test_course_78_warmup():
    schedule = s.LinearWarmupLR(sgd(), 5000)
    assert at(schedule, 0, 1, 2500, 4999, 5000, 6000) == [0, 0.0002, 0.5, 0.9998, 1, 1]
    # The first update is a no-op with t starting at 0.
    for shift in (0, 1):
        w = tensor([2.0], requires_grad=True)
        opt = optim.SGD([w], lr=1.0)
        s.LinearWarmupLR(opt, 10, shift=shift)
        (w * 3).sum().backward()
        opt.step()
        assert w.item() == pytest.approx(2.0 - 0.3 * shift)


def test_course_79_linear_to_tau_then_constant():
    schedule = s.LinearToTauLR(sgd(), tau=100, lr_tau=0.01)
    assert at(schedule, 0, 50, 100, 101, 500) == [1, 0.505, 0.01, 0.01, 0.01]


def test_course_80_exponential():
    schedule = s.ExponentialDecayLR(sgd(), tau=100)
    digits = [1, 0.3679, 0.1353, 0.0498]
    assert [schedule.value(k) for k in (0, 100, 200, 300)] == pytest.approx(digits, abs=5e-5)
    # The sum of all rates is finite, so that Robbins and Monro's condition fails.
    total = sum(schedule.values(10_000))
    assert total == pytest.approx(100.5, abs=0.05)
    assert total == pytest.approx(1 / (1 - math.exp(-0.01)), rel=1e-12)


def test_course_80_travels_only_so_far():
    """With a gradient of 1 the way is the sum of the rates: 1000 steps do not reach 200."""
    w = tensor([0.0], requires_grad=True)
    opt = optim.SGD([w], lr=1.0)
    schedule = s.ExponentialDecayLR(opt, tau=100)
    for _ in range(1000):
        w.grad = tensor([-1.0])
        opt.step()
        schedule.step()
    assert w.item() == pytest.approx(100.5, abs=0.05)


def test_course_2_9_the_printed_condition_jumps():
    """ "For k >= tau" after the straight line: the rate goes up by a factor of 36.8 at tau."""

    def printed(k):
        return 1 - 0.99 * k / 100 if k <= 100 else math.exp(-k / 100)

    schedule = s.LambdaLR(sgd(), printed)
    assert schedule.jumps(300) == [101]
    assert math.exp(-1) / schedule.value(100) == pytest.approx(36.8, abs=0.05)
    assert s.ExponentialDecayLR(sgd(), 100).jumps(300) == []


def test_course_81_inverse_time():
    schedule = s.InverseTimeLR(sgd(), k=1)
    assert [schedule.value(t) for t in (0, 1, 10)] == pytest.approx([1, 0.5, 0.0909], abs=5e-5)
    assert at(s.InverseTimeLR(sgd(), 0.3), 0, 1, 10) == [1 / (1 + 0.3 * t) for t in (0, 1, 10)]


def test_course_82_factor():
    """D2L decays before the first use: its first call gives 1.8, its 50th 0.010308."""
    d2l = s.FactorLR(sgd(2.0), factor=0.9, stop_factor_lr=1e-2, decay_first=True)
    assert d2l.value(0) == pytest.approx(1.8)
    assert d2l.value(49) == pytest.approx(0.010308, abs=5e-7)
    assert d2l.value(51) == 0.01
    ours = s.FactorLR(sgd(2.0), factor=0.9, stop_factor_lr=1e-2)
    assert at(ours, 0, 1, 60) == [2.0, 1.8, 0.01]


def test_course_82_multi_factor():
    schedule = s.MultiStepLR(sgd(0.5), [15, 30], gamma=0.5)
    assert at(schedule, 14, 15, 29, 30) == [0.5, 0.25, 0.25, 0.125]


def test_course_82_cosine():
    schedule = s.CosineAnnealingLR(sgd(0.3), 20, eta_min=0.01, clamp=True)
    assert at(schedule, 0, 10, 20, 25) == [0.3, 0.155, 0.01, 0.01]


def test_course_82_cosine_with_warmup():
    opt = sgd(0.3)
    parts = [s.LinearWarmupLR(opt, 5), s.CosineAnnealingLR(opt, 15, eta_min=0.01, clamp=True)]
    schedule = s.SequentialLR(opt, parts, [5])
    assert at(schedule, 0, 1, 4, 5, 20, 21) == [0, 0.06, 0.24, 0.3, 0.01, 0.01]
    assert schedule.jumps(40) == []


# --------------------------------------------------------------- curves


FALLING = {
    "linear": lambda o: s.LinearToTauLR(o, 50, 0.01),
    "polynomial": lambda o: s.PolynomialLR(o, 60, 3.0),
    "exponential": lambda o: s.ExponentialLR(o, 0.9),
    "decay": lambda o: s.ExponentialDecayLR(o, 30),
    "inverse": lambda o: s.InverseTimeLR(o, 0.3),
    "inverse root": lambda o: s.InverseSqrtLR(o),
    "cosine": lambda o: s.CosineAnnealingLR(o, 70),
    "clamped cosine": lambda o: s.CosineAnnealingLR(o, 20, clamp=True),
    "factor": lambda o: s.FactorLR(o, 0.9, 0.05),
}
SMOOTH = {
    **FALLING,
    "warm-up": lambda o: s.LinearWarmupLR(o, 20),
    "transformer": lambda o: s.InverseSqrtLR(o, warmup=20),
    "rising cosine": lambda o: s.CosineAnnealingLR(o, 13),
    "triangles": lambda o: s.CyclicLR(o, 0.1, 1.0, step_size_up=10, cycle_momentum=False),
    "one cycle": lambda o: s.OneCycleLR(o, 1.0, 71, cycle_momentum=False),
}


@pytest.mark.parametrize("name", FALLING)
def test_falling(name):
    values = FALLING[name](sgd()).values(71)
    assert all(b <= a for a, b in pairwise(values))
    assert values[0] == 1


@pytest.mark.parametrize("name", SMOOTH)
def test_continuous(name):
    schedule = SMOOTH[name](sgd())
    assert schedule.jumps(70) == []
    assert "no jumps" in str(schedule)


@pytest.mark.parametrize("warmup", [1, 7, 20])
def test_warmup_rises(warmup):
    values = s.LinearWarmupLR(sgd(), warmup).values(30)
    assert all(b >= a for a, b in pairwise(values))


def test_jumps():
    assert s.StepLR(sgd(), 10, gamma=0.5).jumps(35) == [10, 20, 30]
    assert s.StepLR(sgd(), 10, gamma=0.5).jumps(35, factor=2.5) == []
    assert s.MultiStepLR(sgd(), [4, 5]).jumps(9) == [4, 5]
    assert s.ConstantLR(sgd(), total_iters=5).jumps() == [5]
    opt = sgd()
    restarted = s.SequentialLR(opt, [s.ExponentialLR(opt, 0.8), s.ExponentialLR(opt, 0.8)], [9])
    assert restarted.jumps(20) == [9]


def test_jumps_of_a_group():
    schedule = s.LambdaLR(sgd(1.0, 2.0), [lambda k: 1.0, lambda k: 1.0 if k < 3 else 0.1])
    assert schedule.jumps(10) == []
    assert schedule.jumps(10, group=1) == [3]


# --------------------------------------------------------------- tables


def test_table_prints():
    assert str(s.StepLR(sgd(), 2).table(3)) == (
        "StepLR: learning rate at each step\n"
        "   step            lr\n"
        "      0             1\n"
        "      1             1\n"
        "      2           0.1  <- jumps x 0.1\n"
        "      3           0.1\n"
        "jumps at 2"
    )


def test_table_of_chosen_steps():
    table = s.StepLR(sgd(), 30).table([29, 30, 90])
    assert table.steps == (29, 30, 90)
    assert table.rates == pytest.approx((1, 0.1, 0.001))
    assert table.jumps == pytest.approx({30: 0.1, 60: 0.1, 90: 0.1})
    assert s.StepLR(sgd(), 30).table([]).steps == ()


def test_table_of_a_long_schedule_is_short():
    text = str(s.StepLR(sgd(), 1000))
    assert text.count("\n") < 25
    assert text.count("jumps x 0.1") == 3
    assert "jumps at 1000, 2000, 3000" in text
    many = str(s.CosineAnnealingWarmRestarts(sgd(), 5).table(200))
    assert "and 28 more" in many


def test_table_of_a_group():
    assert s.ExponentialLR(sgd(1.0, 8.0), 0.5).table(2, group=1).rates == (8, 4, 2)


def test_table_in_a_notebook():
    html = s.StepLR(sgd(), 2)._repr_html_()
    assert html.startswith("<table>")
    assert "<td>2</td><td>0.1</td><td>jumps x 0.1</td>" in html


def test_every_schedule_prints():
    opt = sgd(momentum=0.9)
    chain = s.ChainedScheduler([s.StepLR(opt, 5), s.ExponentialLR(opt, 0.9)])
    for schedule in (
        chain,
        s.SequentialLR(opt, [chain, s.LinearWarmupLR(opt, 3)], [4]),
        s.LambdaLR(opt, lambda k: 1.0),
        s.MultiplicativeLR(opt, lambda k: 0.9),
        s.ReduceLROnPlateau(opt),
        s.OneCycleLR(opt, 1.0, 10),
        s.CyclicLR(opt, 0.1, 1.0, 5),
        s.InverseSqrtLR(opt, 10),
        s.LinearToTauLR(opt, 10),
        s.FactorLR(opt, 0.9),
    ):
        assert str(schedule).startswith(type(schedule).__name__ + ": learning rate")


def test_value_is_pure():
    schedule = s.CosineAnnealingLR(sgd(), 20)
    before = schedule.values(60)
    run(schedule, 33)
    schedule.optimizer.param_groups[0]["lr"] = 77.0
    assert schedule.values(60) == before


# --------------------------------------------------------------- the stepper


def test_step_before_the_optimizer_warns():
    schedule = s.StepLR(sgd(), 2)
    with pytest.warns(UserWarning, match=r"`lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        schedule.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()
        s.StepLR(sgd(), 2)


def test_the_optimizer_counts_without_gradients():
    run(s.StepLR(sgd(), 2), 3)


def test_overridden_step_warns():
    opt = sgd()
    schedule = s.StepLR(opt, 2)
    opt.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        schedule.step()


def test_step_with_an_epoch_warns():
    schedule = s.ExponentialLR(sgd(), 0.5)
    schedule.optimizer.step()
    with pytest.warns(UserWarning, match="deprecated"):
        schedule.step(3)
    assert schedule.get_last_lr() == [0.125]
    with pytest.warns(UserWarning, match="deprecated"):
        s.ReduceLROnPlateau(sgd()).step(1.0, 3)


def test_get_lr_from_outside_warns():
    schedule = s.StepLR(sgd(), 2)
    with pytest.warns(UserWarning, match="get_last_lr"):
        assert schedule.get_lr() == [1.0]


def test_the_optimizer_steps_as_before():
    w = tensor([1.0], requires_grad=True)
    opt = optim.SGD([w], lr=0.5)
    s.StepLR(opt, 2)
    assert opt.step.__name__ == "step"

    def closure():
        opt.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    assert opt.step(closure).item() == 1.0
    assert w.item() == 0.0


def test_a_copy_of_the_optimizer_steps_itself():
    opt = sgd()
    s.StepLR(opt, 2)
    for copied in (copy.deepcopy(opt), pickle.loads(pickle.dumps(opt))):
        for optimizer in (opt, copied):
            optimizer.param_groups[0]["params"][0].grad = tensor([1.0])
        before = opt.param_groups[0]["params"][0].item()
        copied.step()
        assert opt.param_groups[0]["params"][0].item() == before
        assert copied.param_groups[0]["params"][0].item() == before - 1


def test_a_schedule_makes_no_circle():
    opt = sgd()
    schedule = s.StepLR(opt, 2)
    gone = weakref.ref(opt)
    gc.disable()
    try:
        del opt, schedule
        assert gone() is None
    finally:
        gc.enable()


def with_a_new_group(schedule):
    new = {"params": [tensor([1.0], requires_grad=True)], "lr": 4.0}
    schedule.optimizer.add_param_group(new)
    schedule.optimizer.step()
    return schedule


@pytest.mark.parametrize(
    "make",
    [
        lambda o: s.StepLR(o, 2),
        lambda o: s.CosineAnnealingWarmRestarts(o, 2),
        lambda o: s.OneCycleLR(o, 1.0, 9, cycle_momentum=False),
        lambda o: s.SequentialLR(o, [s.StepLR(o, 2)], []),
        lambda o: s.ChainedScheduler([s.StepLR(o, 2)]),
    ],
)
def test_a_new_group_is_refused(make):
    schedule = with_a_new_group(make(sgd()))
    with pytest.raises(ValueError, match=r"made for 1 parameter group.*, the optimizer has 2"):
        schedule.step()


def test_a_plateau_takes_a_new_group():
    schedule = with_a_new_group(s.ReduceLROnPlateau(sgd(), patience=0))
    for _ in range(2):
        schedule.step(1.0)
    assert schedule.get_last_lr() == pytest.approx([0.1, 0.4])
    fixed = with_a_new_group(s.ReduceLROnPlateau(sgd(), patience=0, min_lr=[0.5]))
    fixed.step(1.0)
    with pytest.raises(RuntimeError, match="2 parameter groups, but 1 min_lrs"):
        fixed.step(1.0)


def test_plateau_tells_how_it_has_been():
    schedule = s.ReduceLROnPlateau(sgd(), patience=1, factor=0.5, min_lr=0.3)
    for loss in (3, 2, tensor(2.0), 2, 2, 2, 2, 2):
        schedule.step(loss)
    assert schedule.values(9) == [1, 1, 1, 1, 0.5, 0.5, 0.3, 0.3, 0.3]
    assert schedule.jumps() == [4, 6]


def test_resume_needs_the_initial_rate():
    with pytest.raises(KeyError, match=r"'initial_lr' is not specified in param_groups\[0\]"):
        s.StepLR(sgd(), 2, last_epoch=3)


def test_restarts_resume_in_their_cycle():
    opt = sgd()
    opt.param_groups[0]["initial_lr"] = 1.0
    schedule = s.CosineAnnealingWarmRestarts(opt, 10, T_mult=2, last_epoch=24)
    assert run(schedule, 20) == pytest.approx(schedule.values(45)[25:], rel=1e-12)


def test_restarts_find_the_cycle_of_any_step():
    """A logarithm would land one cycle early where the step is the restart itself."""
    schedule = s.CosineAnnealingWarmRestarts(sgd(), 10, T_mult=3)
    for n in range(12):
        restart = 10 * (3**n - 1) // 2
        assert schedule.place(restart) == (0, 10 * 3**n)


def test_nested_schedules_start_at_their_step_0():
    def nested(opt):
        inner = s.SequentialLR(opt, [s.ConstantLR(opt, 0.5, 99), s.ExponentialLR(opt, 0.5)], [3])
        chain = s.ChainedScheduler([s.ConstantLR(opt, 0.25, 2), s.ExponentialLR(opt, 0.5)])
        return s.SequentialLR(opt, [inner, chain], [6])

    schedule = nested(sgd())
    wanted = [0.5, 0.5, 0.5, 1, 0.5, 0.25, 0.25, 0.125, 0.25, 0.125]
    assert schedule.values(10) == wanted
    assert run(schedule, 10) == wanted
    opt = sgd()
    first = s.ChainedScheduler([s.ConstantLR(opt, 0.25, 2), s.ExponentialLR(opt, 0.5)])
    schedule = s.SequentialLR(opt, [first, s.StepLR(opt, 9)], [3])
    assert schedule.values(5) == [0.25, 0.125, 0.25, 1, 1]
    assert run(schedule, 5) == [0.25, 0.125, 0.25, 1, 1]


def test_schedules_multiply():
    """Warm-up and decay at once, though the warm-up starts from 0."""
    opt = sgd(2.0)
    schedule = s.ChainedScheduler([s.LinearWarmupLR(opt, 5), s.CosineAnnealingLR(opt, 50)])
    warm, cosine = (s.LinearWarmupLR(sgd(), 5), s.CosineAnnealingLR(sgd(), 50))
    rates = run(schedule, 40)
    assert rates == pytest.approx([2 * warm.value(k) * cosine.value(k) for k in range(40)])
    assert schedule.values(40) == rates


def test_own_schedules():
    class Old(s._LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    opt = sgd()
    assert run(Old(opt), 3) == pytest.approx([1, 1 / 2, 1 / 3])
    opt = sgd()
    both = s.SequentialLR(opt, [Old(opt), s.ExponentialLR(opt, 0.5)], [2])
    assert run(both, 4) == pytest.approx([1, 1 / 2, 1, 1 / 2])
    with pytest.raises(TypeError, match="Old defines only get_lr"):
        both.table(5)
    with pytest.raises(NotImplementedError, match="does not define get_lr"):
        s.LRScheduler(sgd())
    with pytest.raises(NotImplementedError, match="does not define multiplier"):
        s.Schedule(sgd())


def test_the_rate_is_used():
    w = tensor([1.0], requires_grad=True)
    opt = optim.SGD([w], lr=1.0)
    schedule = s.StepLR(opt, 1)
    for wanted in (0.0, -0.1, -0.11):
        w.grad = tensor([1.0])
        opt.step()
        schedule.step()
        assert w.item() == pytest.approx(wanted, abs=1e-6)


def test_cycled_momentum_is_used():
    opt = sgd(momentum=0.5)
    schedule = s.OneCycleLR(opt, 1.0, 10)
    assert opt.param_groups[0]["momentum"] == pytest.approx(0.95)
    run(schedule, 2)
    assert opt.param_groups[0]["momentum"] == pytest.approx(schedule.momentum(2)) == 0.85
    opt = sgd(momentum=0.5)
    schedule = s.CyclicLR(opt, 0.1, 1.0, step_size_up=2)
    assert schedule.momentum(0) == pytest.approx(0.9)
    assert schedule.momentum(2) == pytest.approx(0.8)


def test_cyclic_writes_its_base_rate_after_another_schedule():
    opt = sgd(5.0)
    s.StepLR(opt, 3)
    s.CyclicLR(opt, 0.1, 1.0, 4, cycle_momentum=False)
    assert opt.param_groups[0]["lr"] == pytest.approx(0.1)


# --------------------------------------------------------------- saving


class Held:
    """A callable with a setting, which goes into the state dict."""

    def __init__(self, rate):
        self.rate = rate

    def __call__(self, k):
        return self.rate**k


SAVED = {
    "step": lambda o: s.StepLR(o, 3),
    "multi-step": lambda o: s.MultiStepLR(o, [2, 9]),
    "cosine": lambda o: s.CosineAnnealingLR(o, 7, 0.01),
    "clamped": lambda o: s.CosineAnnealingLR(o, 12, clamp=True),
    "restarts": lambda o: s.CosineAnnealingWarmRestarts(o, 3, 2),
    "one cycle": lambda o: s.OneCycleLR(o, 1.0, 40),
    "cyclic": lambda o: s.CyclicLR(o, 0.1, 1.0, 4, scale_fn=Held(0.9)),
    "lambda": lambda o: s.LambdaLR(o, [Held(0.9), lambda k: 1 / (1 + k)]),
    "multiplicative": lambda o: s.MultiplicativeLR(o, lambda k: 0.9),
    "chained": lambda o: s.ChainedScheduler([s.StepLR(o, 3), s.ExponentialLR(o, 0.9)]),
    "sequential": lambda o: s.SequentialLR(o, [s.LinearLR(o), s.CosineAnnealingLR(o, 9)], [5]),
    "warm-up": lambda o: s.LinearWarmupLR(o, 9),
    "to tau": lambda o: s.LinearToTauLR(o, 9, [0.1, 0.2]),
    "factor": lambda o: s.FactorLR(o, 0.9),
    "inverse": lambda o: s.InverseSqrtLR(o, 4),
}


@pytest.mark.parametrize("stop", [0, 4, 9])
@pytest.mark.parametrize("name", SAVED)
def test_continued_bit_for_bit(name, stop):
    first = SAVED[name](sgd(1.0, 0.3, momentum=0.9))
    run(first, stop)
    saved = pickle.loads(pickle.dumps((first.state_dict(), first.optimizer.state_dict())))
    again = SAVED[name](sgd(7.0, 7.0, momentum=0.9))
    again.load_state_dict(saved[0])
    again.optimizer.load_state_dict(saved[1])
    assert again.get_last_lr() == first.get_last_lr()
    assert run(again, 15) == run(first, 15)


def test_plateau_continues():
    losses = [3.0, 2, 2, 2, 2, 1, 1, 1, 1, 1]
    first, again = (s.ReduceLROnPlateau(sgd(), patience=1) for _ in range(2))
    for loss in losses[:4]:
        first.step(loss)
    again.load_state_dict(first.state_dict())
    again.optimizer.load_state_dict(first.optimizer.state_dict())
    for loss in losses[4:]:
        first.step(loss)
        again.step(loss)
        assert again.get_last_lr() == first.get_last_lr()
    assert again.values(11) == first.values(11)


def test_callables_keep_their_settings():
    first, again = s.LambdaLR(sgd(), Held(0.5)), s.LambdaLR(sgd(), Held(0.9))
    again.load_state_dict(first.state_dict())
    assert again.value(2) == 0.25


def test_state_is_a_copy():
    schedule = s.StepLR(sgd(), 3)
    state = schedule.state_dict()
    run(schedule, 5)
    assert state["last_epoch"] == 0
    assert "optimizer" not in state
    other = s.StepLR(sgd(), 3)
    other.load_state_dict(state)
    state["base_lrs"][0] = 99.0
    assert other.base_lrs == [1.0]


@pytest.mark.parametrize(
    ("make", "other", "text"),
    [
        (SAVED["step"], SAVED["cosine"], "not the state of a CosineAnnealingLR"),
        (SAVED["warm-up"], SAVED["step"], "not the state of a StepLR: gamma, shift, step_size"),
        (SAVED["chained"], SAVED["sequential"], "not the state of a SequentialLR"),
        (
            lambda o: s.ChainedScheduler([s.StepLR(o, 3)]),
            SAVED["chained"],
            "1 schedulers in the state dict, 2 here",
        ),
        (
            lambda o: s.ChainedScheduler([s.StepLR(o, 3), s.StepLR(o, 4)]),
            SAVED["chained"],
            "not the state of a ExponentialLR",
        ),
        (lambda o: s.StepLR(sgd(), 3), SAVED["step"], "base_lrs has 1 groups .* 2 here"),
    ],
)
def test_a_state_that_does_not_fit_changes_nothing(make, other, text):
    state = make(sgd(1.0, 2.0)).state_dict()
    schedule = other(sgd(1.0, 2.0))
    before = schedule.state_dict()
    with pytest.raises(ValueError, match=text):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == before


# --------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("make", "kind", "text"),
    [
        (lambda o: s.StepLR(None, 3), TypeError, "NoneType is not an Optimizer"),
        (lambda o: s.StepLR(nn.Linear(1, 1), 3), TypeError, "Linear is not an Optimizer"),
        (lambda o: s.OneCycleLR([], 1.0, 3), TypeError, "list is not an Optimizer"),
        (lambda o: s.ReduceLROnPlateau(3), TypeError, "int is not an Optimizer"),
        (lambda o: s.StepLR(o, 0), ValueError, "step_size must be positive, not 0"),
        (lambda o: s.CosineAnnealingLR(o, 0), ValueError, "T_max must be positive, not 0"),
        (lambda o: s.ConstantLR(o, 1.5), ValueError, "factor must be between 0 and 1, not 1.5"),
        (lambda o: s.ConstantLR(o, -0.5), ValueError, "factor must be between 0 and 1"),
        (lambda o: s.LinearLR(o, 0), ValueError, "start_factor must be positive"),
        (lambda o: s.LinearLR(o, 2.0), ValueError, "start_factor must be between"),
        (lambda o: s.LinearLR(o, 0.5, 2.0), ValueError, "end_factor must be between"),
        (lambda o: s.PolynomialLR(o, -1), ValueError, "total_iters must be >= 0, not -1"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 0), ValueError, "positive integer T_0"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 2.5), ValueError, "T_0, but got 2.5"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 2, 0), ValueError, "integer T_mult"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 2, 1, "0"), ValueError, "int eta_min"),
        (lambda o: s.CosineAnnealingWarmRestarts(o, 2).step(-1), ValueError, "non-negative epoch"),
        (lambda o: s.OneCycleLR(o, 1.0), ValueError, "either total_steps OR"),
        (lambda o: s.OneCycleLR(o, 1.0, epochs=3), ValueError, "either total_steps OR"),
        (lambda o: s.OneCycleLR(o, 1.0, 0), ValueError, "integer total_steps, but got 0"),
        (lambda o: s.OneCycleLR(o, 1.0, None, 2.5, 3), ValueError, "integer epochs"),
        (lambda o: s.OneCycleLR(o, 1.0, None, 2, -3), ValueError, "integer steps_per_epoch"),
        (lambda o: s.OneCycleLR(o, 1.0, 9, pct_start=2.0), ValueError, "pct_start"),
        (lambda o: s.OneCycleLR(o, 1.0, 9, pct_start=1), ValueError, "pct_start"),
        (lambda o: s.OneCycleLR(o, 1.0, 9, anneal_strategy="x"), ValueError, "anneal_strategy"),
        (lambda o: s.OneCycleLR(o, [1.0], 9), ValueError, "max_lr must have the same length"),
        (lambda o: s.CyclicLR(o, 0.1, 1.0, mode="x"), ValueError, "mode is invalid.*'x'"),
        (lambda o: s.CyclicLR(o, 0.1, 1.0, 0), ValueError, "step_size_up must be positive"),
        (lambda o: s.LambdaLR(o, [len]), ValueError, "lr_lambda must have the same length"),
        (lambda o: s.LambdaLR(o, 3), TypeError, "lr_lambda should be a function, but got int"),
        (lambda o: s.MultiplicativeLR(o, 3), TypeError, "should be a function, but got int"),
        (lambda o: s.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be < 1.0"),
        (lambda o: s.ReduceLROnPlateau(o, factor=-1), ValueError, "factor must be >= 0"),
        (lambda o: s.ReduceLROnPlateau(o, mode="x"), ValueError, "mode 'x' is unknown"),
        (lambda o: s.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode 'x'"),
        (lambda o: s.ReduceLROnPlateau(o, min_lr=[0]), ValueError, "min_lr must have the same"),
        (lambda o: s.SequentialLR(o, [], []), ValueError, "at least one scheduler"),
        (lambda o: s.SequentialLR(o, [3], []), TypeError, r"schedulers\[0\] is a int"),
        (lambda o: s.SequentialLR(o, [s.StepLR(o, 3)], [4]), ValueError, "1 schedulers and 1 mile"),
        (
            lambda o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
            ValueError,
            "does not support ReduceLROnPlateau",
        ),
        (
            lambda o: s.ChainedScheduler([s.StepLR(o, 3), s.StepLR(sgd(), 3)]),
            ValueError,
            "StepLR at index 1 has another",
        ),
        (lambda o: s.ChainedScheduler([]), ValueError, "at least one scheduler"),
        (lambda o: s.LinearWarmupLR(o, 0), ValueError, "warmup must be positive, not 0"),
        (lambda o: s.LinearToTauLR(o, 0), ValueError, "tau must be positive, not 0"),
        (lambda o: s.LinearToTauLR(o, 9, -1.0), ValueError, "lr_tau .* must be >= 0, not -1.0"),
        (lambda o: s.ExponentialDecayLR(o, -3), ValueError, "tau must be positive, not -3"),
        (lambda o: s.InverseTimeLR(o, -1), ValueError, "k must be >= 0, not -1"),
        (lambda o: s.FactorLR(o, -1), ValueError, "factor must be >= 0, not -1"),
    ],
)
def test_bad_input(make, kind, text):
    with pytest.raises(kind, match=text) as caught:
        make(sgd(1.0, 2.0, momentum=0.9))
    assert "at test_schedules.py" in str(caught.value)


def test_cycling_needs_a_momentum():
    w = tensor([1.0], requires_grad=True)
    for make in (lambda o: s.OneCycleLR(o, 1.0, 9), lambda o: s.CyclicLR(o, 0.1, 1.0, 9)):
        with pytest.raises(ValueError, match=r"must support momentum or beta1 .* Adagrad has"):
            make(optim.Adagrad([w], lr=0.1))


def test_one_cycle_ends():
    schedule = s.OneCycleLR(sgd(momentum=0.9), 1.0, 3)
    run(schedule, 3)
    schedule.optimizer.step()
    with pytest.raises(ValueError, match="Tried to step 4 times"):
        schedule.step()
