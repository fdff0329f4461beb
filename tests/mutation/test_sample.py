"""A few mutants in every run of the suite; all of them with ``python -m tests.mutation``."""

import ast
import dataclasses
import sys

import pytest

from tests.mutation import report, suites
from tests.mutation.mutants import ROOT, all_mutants
from tests.mutation.trial import Trial
from tests.ops.checks import CHECKS
from tests.ops.specs import SPECS

pytestmark = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="needs the columns of code, Python 3.11"
)

SAMPLES = {"ops": 40, "optim": 10}


@pytest.fixture(scope="module")
def arithmetic():
    return all_mutants([ROOT / "tinygrad_edu" / "ops" / "arithmetic.py"])


@pytest.fixture(scope="module")
def trial():
    """The checks of two ops only."""
    suite = suites.ops()
    groups = tuple(g for g in suite.groups if g.name in ("mul", "neg"))
    return Trial(dataclasses.replace(suite, groups=groups))


def find(mutants, text):
    return next(m for m in mutants if text in m.texts[1])


# Some conventions at the edges are compared with PyTorch only.
@pytest.mark.parametrize("suite", [pytest.param("ops", marks=pytest.mark.torch), "optim"])
def test_sample_is_noticed(suite):
    mutants = report.choose(suite, sample=SAMPLES[suite], seed=0)
    tried = list(report.outcomes(suite, mutants, jobs=1))
    print(f"mutation score of a sample of {suite}: {report.score(tried)}")
    assert len(tried) == SAMPLES[suite]
    survived = report.unexplained(tried)
    assert not survived, "\n".join(f"{o.mutant}\n    {o.detail}" for o in survived)
    wrong = report.overexplained(tried)
    assert not wrong, "\n".join(f"explained, but noticed: {o.mutant}" for o in wrong)


@pytest.mark.parametrize("suite", SAMPLES)
def test_explanations_are_current(suite):
    assert not report.stale(suite), "these mutants do not exist any more"


def test_mutants_compile_and_differ(arithmetic):
    assert len(arithmetic) > 100
    for mutant in arithmetic:
        before, after = mutant.texts
        assert before != after
        mutant.codes()
    source = (ROOT / arithmetic[0].file).read_text(encoding="utf-8")
    fresh = ast.unparse(ast.parse(source))
    assert all(m.texts[0] in fresh for m in arithmetic)


def test_a_swapped_factor_is_noticed_and_put_back(arithmetic, trial):
    mutant = find(arithmetic, "lambda g, out, x, y: g * x")
    check = next(s for s in SPECS if s.id == "mul")
    with trial.live.swapped(mutant) as possible:
        assert possible
        with pytest.raises(AssertionError, match="gradient of input"):
            CHECKS["gradient"](check)
    CHECKS["gradient"](check)
    assert trial.verdict(mutant)[0] == "killed"


def test_the_second_lambda_of_a_line_is_the_one_swapped(arithmetic, trial):
    """``mul.defvjp(lambda ...: g * y, lambda ...: g * x)``: the two differ by columns only."""
    mutant = find(arithmetic, "lambda g, out, x: g")  # neg
    with trial.live.swapped(mutant) as possible:
        assert possible
        CHECKS["gradient"](next(s for s in SPECS if s.id == "mul"))
    assert trial.verdict(mutant)[0] == "killed"


def test_a_hanging_check_is_stopped(monkeypatch):
    from tests.mutation import trial as module

    def hang():
        while True:
            pass

    if not hasattr(module.signal, "SIGALRM"):
        pytest.skip("no alarms here")
    monkeypatch.setattr(module, "PATIENCE", 1)
    assert "no end after 1 s" in module.attempt(hang)
