"""The checker on the corpus: a small fixed sample always, everything under ``-m slow``."""

from collections import Counter

import pytest

from .corpus import OPS, Bug
from .corpus.hostile import samplers
from .corpus.proof import hidden, right, visible
from .measure import (
    Result,
    Trial,
    contract_trials,
    drawn,
    rare_trials,
    right_trials,
    run,
    value_trials,
)

FORWARD_CALLS, BACKWARD_CALLS = 60, 12
FEW_FORWARD, FEW_BACKWARD = 7, 4

VALUE, CONTRACT, ZEROS, RIGHT = value_trials(), contract_trials(), rare_trials(), right_trials()
# Those that classical checkers never see, and some of the others.
SELDOM = [t for t in VALUE if t.make().shows != "anywhere"]
OFTEN = [t for t in VALUE if t.make().shows == "anywhere"]
SAMPLE = SELDOM + OFTEN[::13] + CONTRACT[::67] + ZEROS[::11]
# Inputs where `fractional_part` jumps have no right answer but "inconclusive".
QUICK = [t for t in RIGHT if not t.name.endswith("long") and t.op.name != "fractional_part"]

every_op = pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)


def by_name(trials: list[Trial]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("trial", trials, ids=lambda trial: trial.name)


def told(results: list[Result]) -> str:
    return "\n".join(f"{r.trial.name} -> {r.verdict}\n{r.text}" for r in results)


# ---------------------------------------------------------------------- the corpus itself


def test_the_corpus_is_as_large_as_promised():
    classes = Counter(t.make().cls for t in VALUE)
    assert len(OPS) == len({op.name for op in OPS}) >= 150
    assert len(VALUE) >= 900
    assert sum(len({b.cls for b in op.bugs}) >= 4 and len(op.bugs) >= 5 for op in OPS) >= 60
    assert len(RIGHT) >= 3000
    assert len(classes) >= 18


@every_op
def test_right_formulas_are_right_and_wrong_ones_show(op):
    assert right(op) < 1e-6
    assert [k for k, bug in enumerate(op.bugs) if not visible(op, bug)] == []
    seldom = [bug for bug in op.bugs if bug.shows in ("ties", "zeros", "equal", "saturated")]
    assert all(hidden(op, bug) for bug in seldom)


# ------------------------------------------------------------------- a sample of the checks


@by_name(SAMPLE)
def test_a_wrong_formula_fails(trial):
    result = run(trial)
    assert result.verdict == "fail", result.text


@by_name(QUICK[::17])
def test_a_right_formula_passes(trial):
    result = run(trial)
    assert result.verdict in ("pass", "kink"), result.text
    assert result.calls[0] <= FORWARD_CALLS
    assert result.calls[1] <= BACKWARD_CALLS


def test_a_jump_is_no_fault():
    op = next(op for op in OPS if op.name == "fractional_part")
    at_integers = drawn(samplers(op)["kinks"])
    result = run(Trial("jumps", op, at_integers, lambda: Bug("", op.vjp), "right"))
    assert result.verdict == "inconclusive", result.text


# ------------------------------------------------------------------------------ all of them


@pytest.mark.slow
@pytest.mark.parametrize("trials", [VALUE, CONTRACT, ZEROS], ids=["value", "contract", "zeros"])
def test_no_wrong_formula_passes(trials):
    results = [run(trial) for trial in trials]
    missed = [r for r in results if r.missed]
    assert not missed, told(missed)


@pytest.mark.slow
def test_no_right_formula_fails():
    results = [run(trial) for trial in RIGHT]
    alarms = [r for r in results if r.false_alarm]
    assert not alarms, told(alarms)
    unsure = [r for r in results if r.verdict == "inconclusive"]
    assert len(unsure) <= 0.01 * len(results), told(unsure)
    assert max(r.calls[0] for r in results) <= FORWARD_CALLS
    assert max(r.calls[1] for r in results) <= BACKWARD_CALLS


@pytest.mark.slow
def test_few_calls_without_exploration():
    smooth = [t for t in RIGHT if "good inputs" in t.name]
    results = [run(trial, explore=False) for trial in smooth]
    assert not [r for r in results if r.false_alarm]
    assert max(r.calls[0] for r in results) <= FEW_FORWARD
    assert max(r.calls[1] for r in results) <= FEW_BACKWARD


@pytest.mark.slow
def test_the_likely_cause_is_named():
    results = [run(trial) for trial in VALUE]
    seen = [r for r in results if r.verdict == "fail"]
    assert sum(r.named_within(1) for r in seen) >= 0.88 * len(seen)
    assert sum(r.named_within(2) for r in seen) >= 0.94 * len(seen)
