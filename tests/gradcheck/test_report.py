"""Whatever a report holds, it fits on a screen, is JSON, and is well-formed as HTML."""

import copy
import json
import math
import pickle
import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_edu.gradcheck import heatmap, report_text
from tinygrad_edu.gradcheck.report import (
    VERDICTS,
    Directional,
    Evaluations,
    GradReport,
    InputReport,
    Worst,
    label,
    relative_errors,
)

ANY = st.floats(allow_nan=True, allow_infinity=True)
WORDS = st.one_of(
    st.text(max_size=300),
    st.sampled_from(["W", "layers.0.weight", "x" * 500, "a b " * 200, "<b>&\"'\n\x00\x1b"]),
)
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)


@st.composite
def inputs(draw):
    name, shape = draw(WORDS), draw(SHAPES)
    kind = draw(st.sampled_from(["none", "worst", "arrays", "misfit"]))
    if kind == "none":
        return InputReport(name, shape, draw(WORDS), wrong=draw(st.integers(0, 10**12)))
    if kind == "worst":
        worst = Worst(draw(ANY), shape, draw(ANY), draw(ANY), draw(ANY))
        return InputReport(name, shape, "float32", worst, wrong=draw(st.integers(0, 99)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    numeric = rng.normal(size=shape)
    if kind == "misfit":
        return InputReport.compare(name, "float64", np.ones((2, *shape)), numeric)
    analytic = numeric * (1 + 10.0 ** -rng.integers(0, 17, shape))
    bad = draw(st.sampled_from([0.0, 0.3]))
    odd = rng.choice([np.nan, np.inf, -np.inf, 0.0], shape)
    analytic = np.where(rng.random(shape) < bad, odd, analytic)
    return InputReport.compare(name, "float64", analytic, numeric, draw(st.floats(0, 1)))


@st.composite
def reports(draw, parts=True):
    number = st.one_of(st.none(), st.integers(0, 10**9))
    maybe = st.one_of(st.none(), WORDS)
    return GradReport(
        verdict=draw(st.sampled_from(VERDICTS)),
        name=draw(WORDS),
        inputs=draw(st.lists(inputs(), max_size=6)) * draw(st.sampled_from([1, 1, 9])),
        diagnosis=draw(st.lists(st.tuples(WORDS, WORDS), max_size=4)),
        evaluations=Evaluations(draw(st.integers(0, 10**9)), draw(st.integers(0, 99))),
        notes=draw(st.lists(WORDS, max_size=40)),
        points=draw(st.lists(WORDS, max_size=12)),
        point=draw(WORDS),
        directional=draw(st.one_of(st.none(), st.builds(Directional, ANY, ANY, ANY))),
        kinks=draw(st.integers(0, 10**6)),
        shapes=draw(st.lists(st.lists(SHAPES, max_size=3).map(tuple), max_size=5)),
        op=draw(maybe),
        node=draw(number),
        nodes=draw(number),
        where=draw(maybe),
        learn=draw(maybe),
        hint=draw(maybe),
        reason=draw(maybe),
        parts=draw(st.lists(reports(parts=False), max_size=3)) * draw(st.sampled_from([1, 20]))
        if parts
        else [],
    )


@settings(max_examples=50, deadline=None)
@given(reports())
def test_any_report_is_a_screenful(report):
    lines = str(report).split("\n")
    assert 1 <= len(lines) <= 25
    assert max(map(len, lines)) <= 100
    assert all(line.isprintable() and line == line.rstrip() for line in lines)


@settings(max_examples=25, deadline=None)
@given(reports())
def test_any_report_is_json(report):
    found = report.to_dict()
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert len(found["parts"]) == len(report.parts)


@settings(max_examples=25, deadline=None)
@given(reports())
def test_any_report_is_well_formed_html(report):
    html = report._repr_html_()
    root = ElementTree.fromstring(html)
    assert root.tag == "div"  # not the emergency exit
    text = "".join(root.itertext())
    assert report_text.VERDICT_WORDS[report.verdict] in text
    assert not re.search(r"<script|<link|<img|url\(|@import", html.replace("&lt;", ""))
    assert set(re.findall(r"https?://[^\"]*", html)) <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize(
    ("limit", "at", "above"),
    [
        (1e-7, "happy", "ok with kinks"),
        (1e-4, "ok with kinks", "uncomfortable"),
        (1e-2, "uncomfortable", "probably WRONG"),
    ],
)
def test_the_words_change_just_above_the_limits(limit, at, above):
    assert label(limit) == at
    assert label(np.nextafter(limit, 1)) == above
    assert InputReport("x", (), "float64", Worst(limit)).label == at


@pytest.mark.parametrize("error", [math.nan, math.inf, 1.0])
def test_what_is_not_a_small_number_is_wrong(error):
    assert label(error) == "probably WRONG"


def test_relative_error_is_of_the_larger_value():
    assert relative_errors([1.0, -1.0, 0.0], [4.0, 1.0, 2.0]).tolist() == [0.75, 2.0, 1.0]


def test_agreement_within_the_bound_is_no_large_relative_error():
    assert relative_errors(0.0, 1e-13, 1e-13) == 0
    assert relative_errors(0.0, 1e-13, 1e-14) == 1  # not within 4 bounds
    # Next to an element that matters, the size of the difference is still told.
    assert relative_errors([0.0, 2.0], [1e-13, 2.0], 1e-13)[0] == pytest.approx(5e-14, abs=0)
    found = InputReport.compare("x", "float64", 0.0, 1e-13, 1e-13)
    assert (found.wrong, found.label) == (0, "happy")
    assert "x (): 0 within 1e-13 happy" in str(GradReport("pass", "f", [found]))


def test_not_finite_is_infinitely_wrong_unless_both_are_the_same_infinity():
    inf, nan = math.inf, math.nan
    errors = relative_errors([nan, 1.0, inf, inf, -inf, nan], [1.0, nan, inf, -inf, 0.0, nan], 9.0)
    assert errors.tolist() == [inf, inf, 0, inf, inf, inf]


def test_compare_counts_and_finds_the_worst():
    numeric = np.arange(1.0, 13).reshape(3, 4)
    analytic = numeric.copy()
    analytic[1, 2] *= 2
    analytic[2, 3] *= 1 + 1e-9
    found = InputReport.compare("W", np.float32, analytic, numeric, 1e-11)
    assert (found.wrong, found.size, found.dtype) == (2, 12, "<class 'numpy.float32'>")
    assert (found.worst.index, found.worst.analytic, found.worst.numeric) == ((1, 2), 14.0, 7.0)
    assert (found.worst.ratio, found.worst.bound, float(found.worst)) == (2.0, 1e-11, 0.5)
    assert [one.index for one in found.elements(2)] == [(1, 2), (2, 3)]


def test_of_equal_relative_errors_the_element_that_matters_is_shown():
    numeric = np.array([1e-3, -70.0, 0.3, 7.0])
    found = InputReport.compare("b", "float64", numeric / 3, numeric)
    assert [one.index for one in found.elements(3)] == [(1,), (3,), (2,)]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_worst_is_a_float_that_survives_pickling(protocol):
    worst = Worst(0.25, (np.int64(2), 1), 3.0, 4.0, 1e-9)
    copies = (pickle.loads(pickle.dumps(worst, protocol)), copy.copy(worst), copy.deepcopy(worst))
    for one in (worst, *copies):
        assert isinstance(one, float) and one == 0.25 and f"{one:.1e}" == "2.5e-01"
        assert (one.index, one.analytic, one.numeric) == ((2, 1), 3.0, 4.0)
        assert (one.ratio, one.bound) == (0.75, 1e-9)


def test_the_ratio_to_zero_is_no_error():
    assert Worst.at((), 1.0, 0.0).ratio == math.inf
    assert math.isnan(Worst.at((), 0.0, 0.0).ratio)
    rows = str(GradReport("fail", "f", [InputReport.compare("x", "f", 1.0, 0.0)]))
    assert re.search(r"\(\) +1 +0 +-$", rows, re.MULTILINE)


def failing():
    rng = np.random.default_rng(0)
    x, W = (
        InputReport.compare(n, "float64", v, v)
        for n, v in (("x", rng.normal(size=(3, 4))), ("W", rng.normal(size=(4, 5))))
    )
    b = InputReport.compare("b", "float64", np.full(5, 1.0), np.full(5, 3.0), 2e-9)
    return GradReport(
        "fail",
        "loss",
        [x, W, b],
        [("mean_n", "3 is the size of axis 0 of y: mean instead of sum"), ("factor", "")],
        Evaluations(7, 4),
        op="linear",
        node=4,
        nodes=9,
        where="line 31 of mlp.py",
        directional=Directional(-4.02292335, -3.1134325, 2e-8),
        hint="b.grad += g.sum(axis=0)",
        learn="docs/broadcasting",
        reason="the gradient is off",
    )


def test_a_failure_says_all_of_it():
    assert str(failing()).split("\n") == [
        "gradcheck FAILED: op 'linear' (node 4 of 9, line 31 of mlp.py), at the inputs you gave",
        "    7 forward / 4 backward calls",
        "    directional derivative: analytic -4.02292335, numeric -3.1134325 +- 2e-08",
        "    x (3,4): 0 happy   W (4,5): 0 happy",
        "    b (5,): 6.7e-01 probably WRONG; 5/5 elements differ, error bound 2e-09",
        "       index   analytic   numeric   ratio",
        "       (0,)    1          3         0.3333",
        "       (1,)    1          3         0.3333",
        "       (2,)    1          3         0.3333",
        "    reason: the gradient is off",
        "    likely cause: mean_n - 3 is the size of axis 0 of y: mean instead of sum",
        "    or: factor",
        "    try: b.grad += g.sum(axis=0)",
        "    learn: docs/broadcasting",
    ]


def test_the_notebook_has_the_same_words():
    text = "".join(ElementTree.fromstring(failing()._repr_html_()).itertext())
    for line in str(failing()).split("\n")[1:]:
        for words in re.split(r" {3,}", line.strip()):
            assert words in text


def test_a_pass_says_what_it_covered():
    report = GradReport(
        "pass",
        "softmax",
        points=["given", "ties"],
        shapes=[((3, 4), (4,))],
        kinks=9,
        notes=["x is float32: checked in float64"],
    )
    assert str(report).split("\n")[1:] == [
        "    covered: 2 points (given, ties), 1 further shape: (3,4) (4,), "
        "9 kinks, sub-gradient verified",
        "    note: x is float32: checked in float64",
    ]


@pytest.mark.parametrize(
    ("verdict", "good"), list(zip(VERDICTS, (True, True, False, False), strict=True))
)
def test_a_verdict_is_a_truth_value_and_a_word(verdict, good):
    report = GradReport(verdict, "f", reason="it jumps")
    assert bool(report) is good
    assert str(report).startswith(f"gradcheck {report_text.VERDICT_WORDS[verdict]}: 'f'")
    assert "    reason: it jumps" in str(report)


def test_no_other_verdict():
    with pytest.raises(ValueError, match="verdict must be one of pass, kink"):
        GradReport("passed", "f")


def test_a_factor_of_1e_8_is_seen_in_the_digits():
    found = InputReport.compare("x", "float64", [3.0 * (1 + 1e-8)], [3.0], 1e-13)
    words = str(GradReport("fail", "f", [found]))
    assert "1.0e-08 happy; yet 1/1 elements differ, error bound 1e-13" in words
    assert re.search(r"3\.00000003 +3 +1\.00000001$", words, re.MULTILINE)


def test_many_inputs_fold():
    many = [InputReport.compare(f"p{k}", "float64", [2.0], [2.0]) for k in range(40)]
    words = str(GradReport("pass", "f", many))
    shown = len(re.findall(r"p\d+ \(1,\): 0 happy", words))
    assert f"... and {40 - shown} inputs more, all happy" in words
    assert 0 < shown < 40


def test_a_long_note_is_wrapped_not_lost():
    lines = str(GradReport("pass", "f", notes=["slope " * 28 + "end"])).split("\n")
    assert len(lines) == 3
    assert lines[2].startswith(" " * 8 + "slope") and lines[2].endswith("end")


def test_an_empty_input_is_told():
    found = InputReport.compare("x", "float64", np.ones((0, 3)), np.ones((0, 3)))
    assert (found.worst, found.wrong, found.label) == (None, 0, "happy")
    assert str(GradReport("pass", "f", [found])).endswith("\n    x (0,3), empty")


def test_long_words_leave_room_for_the_others():
    report = failing()
    long = "and on " * 300
    report.reason = report.hint = report.learn = long
    report.diagnosis = [("mask", long), ("sign", long), ("ties", long)]
    report.notes = ["first", "second", "third", "fourth", "fifth"]
    words = str(report)
    for title in ("reason", "likely cause", "or", "try", "learn"):
        assert f"\n    {title}: " in words
    assert words.count(" ...\n") == 6
    assert words.endswith("\n    note: third\n    ... and 2 notes more")


def test_a_gradient_of_another_shape_is_told():
    found = InputReport.compare("b", "float64", np.ones((4, 5)), np.ones(5))
    assert (found.wrong, found.worst, found.label) == (5, None, "probably WRONG")
    assert "b (5,): its gradient has shape (4,5)" in str(GradReport("fail", "f", [found]))


def test_parts_keep_the_failed_one_and_the_penalty_last():
    parts = [
        GradReport("pass", f"w{k}", [InputReport.compare(f"w{k}", "float64", [2.0], [2.0])])
        for k in range(60)
    ]
    parts[50] = GradReport("fail", "w50", [InputReport.compare("w50", "float64", [1.0], [2.0])])
    parts.insert(0, GradReport("pass", "regularization"))
    words = str(GradReport("fail", "MLP", parts=parts))
    assert "    FAILED: w50 (1,): 5.0e-01 probably WRONG; 1/1 elements differ" in words
    assert re.search(r"\.\.\. and \d+ parts more, all passed", words)
    few = str(GradReport("fail", "MLP", parts=parts[:3])).split("\n")
    assert few[-1].strip() == "regularization"


def test_a_part_at_a_kink_says_so():
    part = GradReport("kink", "w", [InputReport.compare("w", "float64", [2.0], [2.0])])
    assert str(GradReport("kink", "MLP", parts=[part])).endswith(
        "\n    PASSED at a kink, not a bug: w (1,): 0 happy"
    )


def test_large_arrays_are_summed_up_and_odd_numbers_are_words():
    small = InputReport.compare("x", "f", np.full(1000, math.inf), np.ones(1000)).to_dict()
    large = InputReport.compare("x", "f", np.full(1001, -math.inf), np.ones(1001)).to_dict()
    assert small["analytic"] == ["inf"] * 1000
    assert large["analytic"] == {"shape": [1001], "min": "-inf", "max": "-inf"}
    assert small["worst"]["error"] == "inf"


def svg_cells(one):
    root = ElementTree.fromstring(GradReport("fail", "f", [one])._repr_html_())
    return [e for e in root.iter() if e.tag.endswith("rect") and len(e)]


def test_the_heat_map_has_a_cell_for_each_element_and_outlines_the_worst():
    analytic = np.ones((2, 3, 4))
    analytic[1, 2, 3], analytic[0, 1, 2] = 2.0, math.nan
    one = InputReport.compare("W", "float64", analytic, np.ones((2, 3, 4)))
    cells = svg_cells(one)
    assert len(cells) == 24
    assert cells[0].get("fill") == heatmap.NOT_FINITE
    assert cells[1].get("fill") == heatmap.colour(12)
    assert cells[1][0].text == "(1,2,3): analytic 2, numeric 1, error 5.0e-01, probably WRONG"
    assert {c.get("fill") for c in cells[2:]} == {heatmap.colour(0)}
    # NaN at (0,1,2) is row 1, column 2 of the rows of the last axis.
    assert heatmap.worst_cell(one, one.errors()) == (1, 2)
    assert cells[0].get("x") == str(2 * 20) and cells[0].get("y") == str(1 * 20)


def test_a_large_map_shows_block_maxima_and_says_so():
    analytic = np.ones((300, 200))
    analytic[299, 101] = 3.0
    one = InputReport.compare("W", "float64", analytic, np.ones((300, 200)), 1e-12)
    html = GradReport("fail", "f", [one])._repr_html_()
    assert "each cell the worst of 5 x 4 elements" in html
    assert svg_cells(one)[0][0].text.startswith("rows 295 to 299, columns 100 to 103: at most 6.7e")
    assert len(svg_cells(one)) == heatmap.TIPPED
    assert heatmap.worst_cell(one, one.errors()) == (59, 25)


def test_only_the_worst_inputs_are_drawn():
    many = [InputReport.compare(f"p{k}", "float64", [2.0 + (k == 19)], [2.0]) for k in range(20)]
    html = GradReport("fail", "f", many)._repr_html_()
    assert re.findall(r'aria-label="error of (p\d+)"', html)[0] == "p19"
    assert html.count('aria-label="error of') == heatmap.MAPS
    assert f"... and {20 - heatmap.MAPS} heat maps more, of smaller errors" in html


def test_the_scale_grows_darker_all_the_way():
    def light(colour):
        return sum(
            weight * int(colour[i : i + 2], 16)
            for i, weight in zip((1, 3, 5), (0.21, 0.72, 0.07), strict=True)
        )

    lights = [light(heatmap.colour(k)) for k in range(heatmap.STEPS)]
    assert all(a > b + 3 for a, b in pairwise(lights))


def test_what_cannot_be_drawn_is_shown_as_text(monkeypatch):
    def broken(report):
        raise RuntimeError

    monkeypatch.setattr(heatmap, "heat_maps", broken)
    root = ElementTree.fromstring(failing()._repr_html_())
    assert (root.tag, root.text) == ("pre", str(failing()))
