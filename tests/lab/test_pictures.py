"""Pictures: what is drawn, where, and what is said when matplotlib is missing."""

import io
import sys

import numpy as np
import pytest

from tinygrad_edu.lab import (
    QUADRATIC,
    LabError,
    contour,
    loss_curves,
    phase_diagram,
    race_gif,
    trace,
)
from tinygrad_edu.lab.contours import contour_segments, grid, levels

PICTURES = (contour, loss_curves, race_gif)


@pytest.fixture(scope="module")
def valley():
    return [
        trace("sgd", "quadratic", lr=0.4),
        trace("momentum", "quadratic", lr=0.6, momentum=0.5),
        trace("momentum", "quadratic", lr=0.6, momentum=0.25),
    ]


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def inside(figure):
    """Whether all that is drawn lies within the picture."""
    figure.canvas.draw()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.01, box


@pytest.mark.plot
def test_contour_shows_the_window_of_the_lecture(valley):
    figure = contour(valley)
    axes = figure.axes[0]
    assert axes.get_xlim() == (-5.5, 1.0) and axes.get_ylim() == (-3.0, 1.0)
    for line, t in zip(axes.lines[-4:-1], valley, strict=True):
        np.testing.assert_array_equal(line.get_xydata(), t.points)
    assert legend(figure) == [
        "sgd 0.4",
        "momentum 0.6 β=0.5",
        "momentum 0.6 β=0.25",
        "−η∇f at the start",
    ]
    inside(figure)
    assert contour(valley, ((-6, 2), (-3, 2))).axes[0].get_xlim() == (-6, 2)


@pytest.mark.plot
def test_the_arrow_is_the_first_step():
    t = trace("sgd", "quadratic", lr=0.1)
    (arrow,) = (a for a in contour(t).axes[0].texts if a.get_text() == "" and hasattr(a, "xy"))
    np.testing.assert_allclose(arrow.xy, t.points[1])
    far = contour(trace("sgd", "quadratic", lr=0.4))  # to x2 = 1.2, outside
    (arrow,) = (a for a in far.axes[0].texts if hasattr(a, "xy"))
    assert arrow.xy[1] == pytest.approx(1.0)


@pytest.mark.plot
@pytest.mark.parametrize("name", ["beale", "saddle", "two-wells", "x-cos", "quadratic-rotated"])
def test_all_kinds_of_functions_can_be_drawn(name):
    traces = [trace(rule, name, steps=40) for rule in ("sgd", "adam", "nesterov", "rmsprop")]
    for figure in (contour(traces), loss_curves(traces)):
        inside(figure)


@pytest.mark.plot
def test_loss_curves_are_logarithmic_above_the_minimum(valley):
    axes = loss_curves(valley).axes[0]
    assert axes.get_yscale() == "log"
    np.testing.assert_allclose(axes.lines[0].get_ydata(), valley[0].values)
    wells = loss_curves(trace("sgd", "two-wells", steps=60)).axes[0]
    assert wells.get_ylabel() == "f − minimum" and wells.lines[0].get_ydata()[-1] > 0.29
    saddle = loss_curves(trace("momentum", "saddle", steps=80)).axes[0]
    assert saddle.get_yscale() == "linear" and saddle.get_ylim()[0] > -100


@pytest.mark.plot
def test_a_trace_that_blows_up_leaves_room_for_the_others():
    traces = [trace("sgd", "beale", (4, 4), lr=1.0), trace("adam", "beale", (4, 4), steps=50)]
    assert loss_curves(traces).axes[0].get_ylim()[1] < 1e9
    inside(contour(traces))


@pytest.mark.plot
def test_phase_diagram_marks_the_best(valley):
    figure = phase_diagram(QUADRATIC, valley)
    axes = figure.axes[0]
    assert axes.get_xlim() == pytest.approx((0, 1.0)) and axes.get_ylim() == (0, 1)
    assert "best with momentum: η 0.6679, β 0.4026, rate 0.6345" in legend(figure)
    assert "best without momentum: η 0.4762, β 0, rate 0.9048" in legend(figure)
    inside(figure)
    assert phase_diagram([1.0, 3.0], lr_max=2.0).axes[0].get_xlim() == (0, 2)
    with pytest.raises(LabError, match="saddle has no minimum"):
        phase_diagram(trace("sgd", "saddle").function)


@pytest.mark.plot
def test_gif_moves(valley):
    from PIL import Image

    told = []
    content = race_gif(valley, frames=8, progress=lambda *numbers: told.append(numbers))
    image = Image.open(io.BytesIO(content))
    assert image.format == "GIF" and image.n_frames == 8 and image.info["loop"] == 0
    assert told[0] == (1, 8) and told[-1] == (8, 8)
    image.seek(0)
    first = np.asarray(image.convert("RGB")).astype(int)
    image.seek(7)
    last = np.asarray(image.convert("RGB")).astype(int)
    assert (first != last).any()
    blue = np.abs(last - (0x00, 0x72, 0xB2)).sum(-1) < 24  # the colours are kept
    assert blue.sum() > 100


def test_without_matplotlib_the_extra_is_named(monkeypatch, valley):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (*PICTURES, lambda _: phase_diagram(QUADRATIC)):
        with pytest.raises(ImportError, match=r"needs matplotlib: .*tinygrad-edu\[plot\]"):
            draw(valley)


@pytest.mark.plot
def test_one_function_a_picture(valley):
    for draw in PICTURES:
        with pytest.raises(LabError, match="different functions: beale, quadratic"):
            draw([valley[0], trace("sgd", "beale")])
        with pytest.raises(LabError, match="there is none"):
            draw([])


def test_contour_lines_lie_on_their_level():
    x1, x2, values = grid(QUADRATIC, QUADRATIC.window)
    for level in levels(values):
        ends = contour_segments(x1, x2, values, level)
        assert len(ends)
        np.testing.assert_allclose(QUADRATIC(ends.reshape(-1, 2)), level, atol=2e-3)
    values = np.where(values > 15, np.nan, values)  # a hole makes no line, and no warning
    assert len(contour_segments(x1, x2, values, 16.0)) == 0


@pytest.mark.plot
def test_a_picture_holds_starts_outside_of_the_functions_window():
    """And the paths from there, except for what runs away from them."""
    near = trace("adam", "quadratic", start=(100.0, 100.0), steps=20)
    gone = trace("sgd", "quadratic", start=(100.0, 100.0), steps=20, lr=5.0)
    for traces in ([near], [near, gone], [trace("sgd", "quadratic"), near]):
        axes = contour(traces).axes[0]
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert left <= -5.5 and bottom <= -3.0, "the function's own window is a part of it"
        assert (near.points >= (left, bottom)).all() and (near.points <= (right, top)).all()
        assert right - left < 400 and top - bottom < 400
