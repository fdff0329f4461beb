"""The pictures of the U curve: plain text, SVG, matplotlib, and its numbers as JSON."""

import itertools
import json
import math
import sys
from xml.etree import ElementTree

import numpy as np
import pytest

from tinygrad_edu.gradcheck.curve import step_curve
from tinygrad_edu.gradcheck.curve_data import ORDERS, Curve

# ------------------------------------------------------------------------------- plain text

CHOICES = [
    (methods, dtypes)
    for methods in (tuple(ORDERS), ("forward",), ("complex",), ("sixth", "central"))
    for dtypes in (("float64", "float32"), ("float32",), ("float64",))
]


@pytest.mark.parametrize(("methods", "dtypes"), CHOICES)
def test_text_fits_a_terminal(methods, dtypes):
    def a_function_with_quite_a_long_name_and_more_words_than_any_line_has_room_for(x):
        return np.exp(x)

    f = a_function_with_quite_a_long_name_and_more_words_than_any_line_has_room_for
    c = step_curve(f, np.array([0.3, 0.4]), methods=methods, dtypes=dtypes)
    c.notes += [f"note number {k} has a good many words, " * 4 for k in range(4)]
    lines = str(c).splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 80
    assert "more in .notes" in lines[-1] or len(dtypes) == 1 or len(methods) < 5
    for m in methods:
        assert any(line[2:].startswith(m) for line in lines)


def test_text_shows_the_curve_where_it_is():
    """Four columns a decade from 1e-15, one row a decade from 1."""
    h = 10.0 ** np.arange(-15, 0.1, 0.25)
    curve = Curve("central", "float64", h, np.maximum(h**2, 1e-16 / h))
    c = step_curve(np.exp, np.ones(1), methods=["central"], dtypes=["float64"])
    c.curves[:] = [curve]
    lines = str(c).splitlines()
    rows = [line[7:] for line in lines[3:]]
    assert lines[3].startswith("1e+0") and lines[5].startswith("1e-2")
    for step, error in ((1, 1), (1e-2, 1e-4), (1e-4, 1e-8), (1e-15, 0.1), (1e-9, 1e-7)):
        assert rows[round(-math.log10(error))][round(4 * (math.log10(step) + 15))] == "c"
    axis = next(row for row in rows if row.startswith("--"))
    assert axis.index("c") == round(4 * (math.log10(curve.theory) + 15))
    assert "+2.0 -1.0" in str(c)


# ------------------------------------------------------------------------------- pictures


def texts(svg):
    """The texts of a picture with the boxes that they take, from above what letters need."""
    root = ElementTree.fromstring(svg)
    for e in root.iter("{http://www.w3.org/2000/svg}text"):
        size = float(e.get("font-size", 13))
        width = 0.62 * size * len(e.text)
        shift = {"start": 0, "middle": 0.5, "end": 1}[e.get("text-anchor", "start")]
        x, y = float(e.get("x")) - shift * width, float(e.get("y"))
        yield e.text, (x, y - 0.8 * size, x + width, y + 0.25 * size)


@pytest.mark.parametrize(("methods", "dtypes"), CHOICES)
def test_svg_is_well_formed_and_no_text_overlaps(methods, dtypes):
    c = step_curve(np.exp, np.array([0.3, 0.4]), methods=methods, dtypes=dtypes)
    c.name = "a < b & c"
    c.notes.append("a note " * 40)
    svg = c.svg()
    root = ElementTree.fromstring(svg)
    lines = root.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == len(methods) * len(dtypes)
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = list(texts(svg))
    for text, (left, top, right, bottom) in boxes:
        assert left >= 0 and top >= 0 and right <= width and bottom <= height, text
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one!r} overlaps {other!r}"
    assert c._repr_html_() == svg


def test_svg_lines_stay_inside_their_panels():
    c = step_curve(np.exp, np.array([0.3, 0.4]), gradient=lambda g, y, x: -9 * g * y)
    root = ElementTree.fromstring(c.svg())
    frames = [
        [float(r.get(k)) for k in ("x", "y", "width", "height")]
        for r in root.findall(".//{http://www.w3.org/2000/svg}rect")[1:]
    ]
    assert len(frames) == 2
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        points = np.array([p.split(",") for p in line.get("points").split()], float)
        assert any(
            (points >= [x - 0.1, y - 0.1]).all() and (points <= [x + w + 0.1, y + h + 0.1]).all()
            for x, y, w, h in frames
        )


@pytest.mark.plot
def test_plot_draws_into_given_axes():
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = figure.subplots()
    c = step_curve(np.exp, np.array([0.3, 0.4]), methods=["central", "complex"])
    assert c.plot(ax) is ax
    labels = [x.get_text() for x in ax.get_legend().get_texts()]
    assert sorted(labels) == sorted(
        f"{m}, {d}" for m in ("central", "complex") for d in ("float64", "float32")
    )
    by_label = {x.get_label(): x for x in ax.get_lines()}
    h, e = by_label["central, float64"].get_data()
    np.testing.assert_array_equal(h, c.of("central").steps)
    shown = np.clip(c.of("central").errors, 1e-16, 1)
    np.testing.assert_allclose(e, shown, rtol=1e-9)
    assert ax.get_xscale() == ax.get_yscale() == "log"


@pytest.mark.plot
def test_plot_makes_axes_of_its_own():
    pytest.importorskip("matplotlib")
    ax = step_curve(np.exp, np.array([0.3]), dtypes=["float32"]).plot()
    ax.figure.canvas.draw()
    assert "exp" in ax.get_title()


def test_plot_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "tinygrad-edu\[plot\]"'):
        step_curve(np.exp, np.ones(1), methods=["central"]).plot()


def test_to_dict_is_json():
    c = step_curve(np.exp, np.array([0.3, 0.4]))
    c.curves[0].errors[0] = np.inf
    data = json.loads(json.dumps(c.to_dict(), allow_nan=False))
    assert [d["method"] for d in data["curves"][:5]] == list(ORDERS)
    assert data["curves"][1]["slope"] == pytest.approx(2, abs=0.1)
    assert data["curves"][4]["theory_step"] is None
    assert data["rows"][0] == ["forward", "float64", pytest.approx(1e-15), None]
    assert len(data["rows"]) == len(c.rows) == 10 * 61
