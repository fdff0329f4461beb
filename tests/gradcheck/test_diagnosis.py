"""Does a diagnosis name the mistake, with its numbers, whatever the functions do?"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tinygrad_edu.gradcheck.diagnosis import Evidence, advice, diagnose, jacobians

from .diagnosis_cases import Case
from .diagnosis_products import CASES

# fmt: off
CLASSES = (
    "sign", "factor", "mean_n", "transpose", "unbroadcast", "wrong_axis", "mask", "ties",
    "accumulate", "swapped", "missing_term", "missing_chain", "detached", "dtype", "stale",
    "upstream", "mutation", "index_dup", "index", "shape", "nonfinite", "off_by_one",
    "nondeterministic",
)
# fmt: on
FLAGS = ("accumulate", "dtype", "stale", "mutation", "nondeterministic", "upstream", "nonfinite")


def evidence(case: Case) -> Evidence:
    """What the checker hands over: Jacobians, or the gradient when its shape is wrong."""
    xs = [x.copy() for x in case.inputs]
    y = np.asarray(case.forward(*xs), float)
    made = Evidence(case.forward, case.vjp, xs, y, case.k)
    g = np.random.default_rng(0).uniform(0.5, 1.5, y.shape)
    with np.errstate(all="ignore"):
        try:
            gradient = case.vjp(g, y, *xs)[case.k]
            analytic, made.numeric, _ = jacobians(case.forward, case.vjp, xs, case.k)
        except ValueError as error:
            made.error = error
            return made
    if gradient is not None and np.shape(gradient) != xs[case.k].shape:
        made.gradient, made.g = np.asarray(gradient), g
    else:
        made.analytic = analytic
    return made


def name(case: Case) -> str:
    return f"{case.op}-{case.number}-{case.cls}"


@pytest.mark.parametrize("case", CASES, ids=name)
def test_first_guess(case):
    found = diagnose(evidence(case))
    assert found[0][0] == case.cls, found
    assert len(found) <= 3
    assert len({cls for cls, _ in found}) == len(found)
    assert all(cls in CLASSES and sentence for cls, sentence in found)


def test_the_cases_cover_the_catalogue():
    flagged = {"accumulate", "dtype", "stale", "mutation", "nondeterministic"}
    assert {case.cls for case in CASES} == set(CLASSES) - flagged
    assert len(CASES) >= 120
    assert len({case.op for case in CASES}) >= 30
    assert max(Counter(case.cls for case in CASES).values()) < len(CASES) / 4


def test_every_formula_is_wrong():
    for case in CASES:
        e = evidence(case)
        # one-hot upstream gradients hide a formula that masks or rectifies g
        if e.analytic is not None and e.numeric is not None and case.cls != "upstream":
            assert not np.allclose(e.analytic, e.numeric, rtol=1e-6, atol=1e-9), name(case)


@pytest.mark.parametrize("flag", FLAGS)
def test_the_contract_decides(flag):
    case = CASES[0]
    made = evidence(case)
    made.flag = flag
    assert diagnose(made)[0][0] == flag


@pytest.mark.parametrize(
    ("op", "number", "words"),
    [
        ("sum_rows", 0, ("0.25", "4")),
        ("mean_rows", 0, ("4",)),
        ("exp", 2, ("analytic = 3 x numeric",)),
        ("exp", 1, ("-1",)),
        ("add_bias", 0, ("(3, 4)", "(4,)")),
        ("multiply", 0, ("input 1",)),
        ("take", 0, ("3 times",)),
        ("max_ties", 0, ("equals 1",)),
    ],
)
def test_sentences_name_the_numbers(op, number, words):
    case = next(c for c in CASES if (c.op, c.number) == (op, number))
    sentence = diagnose(evidence(case))[0][1]
    for word in words:
        assert word in sentence


def test_a_value_kept_from_the_first_call():
    first, now = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    made = Evidence(
        lambda x: x**3, lambda g, y, x: (g * 3 * first**2,), [now], now**3, 0, first=[first]
    )
    assert diagnose(made)[0][0] == "stale"


def test_accumulation_is_seen_without_a_flag():
    total = np.zeros(3)

    def vjp(g, y, x):
        total[:] += g * np.exp(x)
        return (total.copy(),)

    x = np.array([0.1, -0.4, 0.9])
    assert diagnose(Evidence(np.exp, vjp, [x], np.exp(x), 0))[0][0] == "accumulate"


def raising(*args):
    raise RuntimeError("no")


@pytest.mark.parametrize(
    ("forward", "vjp"),
    [
        (raising, raising),
        (np.exp, raising),
        (np.exp, lambda g, y, x: None),
        (np.exp, lambda g, y, x: ()),
        (np.exp, lambda g, y, x: ("text",)),
        (np.exp, lambda g, y, x: (np.zeros((7, 7, 7)),)),
        (np.exp, lambda g, y, x: (np.full(x.shape, np.nan),)),
        (lambda x: "text", lambda g, y, x: (g,)),
        (lambda x: x * np.nan, lambda g, y, x: (g,)),
    ],
)
@pytest.mark.parametrize("x", [np.ones((2, 3)), np.array(1.5), np.zeros((0, 3))])
def test_never_raises(forward, vjp, x):
    before = x.copy()
    found = diagnose(Evidence(forward, vjp, [x], np.exp(x), 0))
    assert 1 <= len(found) <= 3
    assert all(cls in CLASSES and sentence for cls, sentence in found)
    assert np.array_equal(x, before)


def test_inputs_are_safe_from_a_formula_that_writes():
    def vjp(g, y, x):
        x[:] = 0
        g[:] = 0
        return (g,)

    x = np.array([1.0, 2.0])
    diagnose(Evidence(np.exp, vjp, [x], np.exp(x), 0))
    assert x.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("cls", CLASSES)
def test_advice(cls):
    what, where = advice(cls, evidence(CASES[0]))
    assert what != advice("no such class", None)[0]
    assert where.startswith("docs/gradcheck.md#")


def test_advice_names_the_axis():
    case = next(c for c in CASES if c.op == "add_bias")
    assert "axis 0" in advice("unbroadcast", evidence(case))[0]


def test_jacobians_next_to_a_kink():
    x = np.array([1e-4, -1.0, 2.0])
    analytic, numeric, bound = jacobians(np.abs, lambda g, y, x: (g * np.sign(x),), [x], 0)
    assert np.all(abs(analytic - numeric) <= bound + 1e-9)
    assert bound.max() < 1e-6
