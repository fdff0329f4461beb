"""The guide says what is so: its sections exist, its wrong formulas are wrong as it says."""

import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu.gradcheck import (
    check_gradients,
    comparison,
    contract,
    directions,
    examine,
    exploration,
    kinks,
)
from tinygrad_edu.gradcheck.check_op import check_op
from tinygrad_edu.gradcheck.diagnosis import advice
from tinygrad_edu.gradcheck.diagnosis.advice import ADVICE
from tinygrad_edu.gradcheck.report import VERDICTS
from tinygrad_edu.gradcheck.scale import SCALE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/gradcheck.md").read_text(encoding="utf-8")


def anchors():
    """The names under which a section can be linked to."""
    titles = re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles]


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows():
    """Class, forward and wrong formula of each row in the table of causes."""
    cell = r"`([^`]+)`"
    return re.findall(rf"^\| {cell} \| .+ \| {cell} \| {cell} \|$", section("Causes"), re.MULTILINE)


def test_each_anchor_is_unique():
    assert len(set(anchors())) == len(anchors())


@pytest.mark.parametrize("cls", [*ADVICE, "unheard of"])
def test_advice_points_to_a_section(cls):
    page, _, name = advice(cls)[1].partition("#")
    assert page == "docs/gradcheck.md"
    assert name in anchors()


def test_every_link_in_the_code_and_on_the_page_leads_somewhere():
    folder = Path(examine.__file__).parent
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    links = set(re.findall(r"docs/gradcheck\.md#([\w-]+)", code))
    assert {"hooks", "fan-out"} <= links
    links |= set(re.findall(r"\]\(#([\w-]+)\)", PAGE))
    assert links <= set(anchors())


def test_the_table_has_every_class_once():
    assert sorted(cls for cls, *_ in rows()) == sorted(ADVICE)


@pytest.mark.parametrize(
    ("cls", "forward", "wrong"), rows(), ids=lambda v: v if v in ADVICE else ""
)
def test_a_wrong_formula_has_the_class_of_its_row(cls, forward, wrong):
    rng = np.random.default_rng(0)
    given = {"a": rng.normal(size=(3, 4)), "x": rng.normal(size=(3, 4)), "v": rng.normal(size=5)}
    given["b"] = rng.normal(size=4)
    names = [name for name in given if re.search(rf"(?<![\w.]){name}\b", forward)]
    arguments, body = ", ".join(names), wrong if "return" in wrong else f"return {wrong}"
    made = {"np": np, "m": rng.normal(size=(4, 4)), "kept": {}}
    exec(f"def forward({arguments}): return {forward}", made)
    exec(f"def formula(g, y, {arguments}): {body}", made)

    def vjp(*args):
        found = made["formula"](*args)
        return found if isinstance(found, tuple) else (found,)

    with np.errstate(all="ignore"):
        report = check_op(made["forward"], vjp, [given[name] for name in names])
    assert report.verdict == "fail"
    assert report.diagnosis[0][0] == cls


def test_the_formulas_of_the_first_example_are_wrong_in_the_bias_alone():
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)
    right = check_op(
        lambda x, w, b: x @ w + b, lambda g, y, x, w, b: (g @ w.T, x.T @ g, g.sum(axis=0)), xs
    )
    assert right.verdict == "pass"


def test_verdicts_are_all_explained():
    listed = re.findall(r"^\| (\w+) \| (?:yes|no) \|", section("Verdicts"), re.MULTILINE)
    assert sorted(listed) == sorted(VERDICTS)


def test_numbers_are_those_of_the_code():
    words = " ".join(PAGE.split())
    assert f"at most {examine.FORWARD} forward and {examine.BACKWARD} backward calls" in words
    for limit, label in SCALE:
        number = f"{limit:.0e}".replace("e-0", "e-")
        assert f"{label} up to {number}" in words


def power_of_two(number):
    """As the page writes it: 2⁻¹⁰."""
    exponent = round(np.log2(number))
    assert number == 2.0**exponent
    return "2" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def test_thresholds_are_those_of_the_code():
    column = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section("How it works"), re.MULTILINE)
    why = dict(column[1:])
    assert list(why) == [
        f"step {power_of_two(directions.STEP)}",
        f"at most {directions._LONGEST:g}",
        "error bound",
        f"{comparison._SAFETY:g} times the bound",
        f"{comparison._ROUNDING:.0e}, {comparison._SYSTEMATIC:.0e}".replace("e-0", "e-"),
        f"rough above {directions._ROUGH:.0e}".replace("e-0", "e-"),
        "four finer steps",
        f"noise up to {directions._NOISE:.0e}".replace("e-0", "e-"),
        "second opinion",
        f"long step {power_of_two(directions._FAR)}",
        f"last digits, {contract._DIGITS:.0e}",
    ]
    assert power_of_two(directions._NOISY) in why["noise up to 2e-5"]
    parts = directions._FINER[1:] / directions._FINER[:-1]
    assert len(directions._FINER) == 4
    assert all(round(1 / part) == 58 for part in parts)
    assert "58 times finer each" in why["four finer steps"]
    words = " ".join(section("How it works").split())
    assert f"up to {kinks._POINTS} points nearby" in words
    assert f"more than {exploration._LARGE} numbers" in words


def test_lessons_are_listed():
    listed = re.findall(r"^\| `(\w+\.py)` \|", section("Lessons"), re.MULTILINE)
    there = [path.name for path in (ROOT / "examples/gradient_checking").glob("*.py")]
    assert sorted(listed) == sorted(there)
    mentioned = re.findall(r"`(\w+\.py)`", PAGE)
    assert set(mentioned) <= set(there)


# ------------------------------------------------------------------------------- limits


LIMITS = {
    "both wrong in the same way": (
        lambda x: 3 * x,
        lambda g, y, x: (3 * g,),
        np.array([1.0, 2.0, 4.0]),
        "pass",
    ),
    "wrong far away": (
        np.sin,
        lambda g, y, x: (np.where(abs(x) > 1e3, 0, g * np.cos(x)),),
        np.array([1.0, 2.0, 4.0]),
        "pass",
    ),
    "one example": (
        lambda x: x.sum(axis=0),
        lambda g, y, x: (np.tile(g / len(x), (len(x), 1)),),
        np.array([[1.0, 2.0, 4.0]]),
        "pass",
    ),
    "a jump": (np.round, lambda g, y, x: (0 * g,), np.array([0.5, 1.5]), "inconclusive"),
    "an error of 1e-10": (
        np.sin,
        lambda g, y, x: (g * np.cos(x) * (1 + 1e-10),),
        np.array([0.3, 0.7, 1.1]),
        "pass",
    ),
    "an error of 1e-8": (
        np.sin,
        lambda g, y, x: (g * np.cos(x) * (1 + 1e-8),),
        np.array([0.3, 0.7, 1.1]),
        "fail",
    ),
    "float32 inside, an error of 1e-7": (
        lambda x: np.sin(x.astype(np.float32)),
        lambda g, y, x: (g * np.cos(x) * (1 + 1e-7),),
        np.array([0.3, 0.7, 1.1]),
        "pass",
    ),
    "float32 inside, an error of 1e-4": (
        lambda x: np.sin(x.astype(np.float32)),
        lambda g, y, x: (g * np.cos(x) * (1 + 1e-4),),
        np.array([0.3, 0.7, 1.1]),
        "fail",
    ),
    "a random function": (
        lambda x: x * np.random.random(x.shape),
        lambda g, y, x: (g,),
        np.array([1.0, 2.0, 3.0]),
        "fail",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_are_told_honestly(name):
    forward, vjp, x, verdict = LIMITS[name]
    assert check_op(forward, vjp, [x]).verdict == verdict


def test_a_network_at_exact_kinks_gets_no_verdict():
    x = tg.tensor([0.0, 1.0, -1.0], requires_grad=True)
    report = check_gradients(lambda x: x.relu() - (-x).relu(), (x,))
    assert report.verdict == "inconclusive"
