"""Plots: what is drawn (lines, labels, limits), what is said of bad input, what stays untouched."""

import doctest
import importlib
import pkgutil
import sys
from collections import namedtuple

import numpy as np
import pytest
from plotted import SQUARE, lines, net, texts

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Epoch
from tinygrad_edu.training.plots import Curve, Template, learning_curves, weight_templates
from tinygrad_edu.viz import plots
from tinygrad_edu.viz.plots.canvas import look, new_figure

HISTORY = {
    "train_loss": [2.0, 1.0, 0.5, 0.4],
    "val_loss": [2.1, None, float("nan"), 0.6],
    "train_accuracy": [0.3, 0.6, 0.8, 0.9],
    "val_accuracy": [0.2, 0.5, 0.7, 0.8],
    "lr": [0.1, 0.1, 0.01, 0.01],
}
RATIOS = {
    "grad_norm": {"w": [1.0, 2.0, 3.0], "b": [0.1, 0.2, 0.3]},
    "update_ratio": {"w": [1e-2, 2e-3, 0.0], "b": [1e-3, 1e-3, 1e-3]},
}

# -------------------------------------------------------------------------------- all of them

DRAW = {
    "curves": lambda: plots.curves(HISTORY),
    "ratios": lambda: plots.ratios(RATIOS),
    "decision_regions": lambda: plots.decision_regions(lambda p: p[:, 0], SQUARE, [0, 1, 0, 1]),
    "templates": lambda: plots.templates(np.eye(4), (2, 2)),
    "histograms": lambda: plots.histograms(*net()[:2]),
}


@pytest.mark.plot
@pytest.mark.parametrize("name", DRAW)
def test_every_figure_saves_without_pyplot(name, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    DRAW[name]().savefig(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size > 3000
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("name", DRAW)
def test_without_matplotlib_the_extra_is_named(name, monkeypatch):
    for module in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf"^{name} needs matplotlib: .*tinygrad-edu\[plot\]"):
        DRAW[name]()


MODULES = [f"{plots.__name__}.{m.name}" for m in pkgutil.iter_modules(plots.__path__)]


@pytest.mark.plot
@pytest.mark.parametrize("name", [plots.__name__, *MODULES])
def test_drawing_examples_run(name, tmp_path, monkeypatch):
    """They are skipped where doctests run without matplotlib."""
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in doctest.DocTestFinder().find(module):
        for example in test.examples:
            example.options.pop(doctest.SKIP, None)
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0


def test_every_drawing_function_has_an_example():
    for name in DRAW:
        assert ">>> figure = " + name in getattr(plots, name).__doc__


def test_many_things_look_different():
    looks = [look(i) for i in range(28)]
    assert len({(k.color, k.line) for k in looks}) == 28
    assert len({(k.color, k.marker) for k in looks}) == 28


# ----------------------------------------------------------------------------------- curves


@pytest.mark.plot
def test_curves_join_what_was_measured():
    figure = plots.curves(HISTORY)
    loss, accuracy, rate = figure.axes
    drawn = lines(loss)
    assert drawn["training"] == [[1, 2.0], [2, 1.0], [3, 0.5], [4, 0.4]]
    assert drawn["validation"] == [[1, 2.1], [4, 0.6]]
    assert lines(accuracy)["validation"] == [[1, 0.2], [2, 0.5], [3, 0.7], [4, 0.8]]
    assert lines(rate) == {"learning rate": [[1, 0.1], [2, 0.1], [3, 0.01], [4, 0.01]]}
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels == ["loss", "accuracy", "learning rate"] and accuracy.get_xlabel() == "epoch"
    assert texts(figure.legends[0]) == ["training", "validation", "learning rate"]
    assert loss.get_ylim() == pytest.approx((0, 2.1 * 1.05))
    assert accuracy.get_ylim() == pytest.approx((0.17, 1.005))
    assert rate.get_yscale() == "linear" and rate.bbox.bounds == loss.bbox.bounds


def rows(kind):
    names = list(HISTORY)
    return [
        kind(**dict(zip(names, row, strict=True))) for row in zip(*HISTORY.values(), strict=True)
    ]


@pytest.mark.plot
@pytest.mark.parametrize(
    "history",
    [
        rows(dict),
        rows(namedtuple("Row", list(HISTORY))),
        {k: np.array(v, float) for k, v in HISTORY.items()},
        {
            k: tg.tensor([np.nan if x is None else x for x in v], dtype=tg.float64)
            for k, v in HISTORY.items()
        },
    ],
    ids=["dicts", "tuples", "arrays", "tensors"],
)
def test_every_form_of_a_history_gives_the_same_curves(history):
    expected, drawn = plots.curves(HISTORY).axes, plots.curves(history).axes
    assert [lines(a) for a in drawn] == [lines(a) for a in expected]


@pytest.mark.plot
def test_what_fit_returns_is_drawn():
    history = [Epoch(i, 0.1 / 10**i, 9.0, 1.0 / i, 0.5, 2.0 / i, 0.25) for i in (1, 2, 3)]
    loss, accuracy, rate = plots.curves(history).axes
    assert lines(loss)["validation"] == [[i, 2.0 / i] for i in (1, 2, 3)]
    assert lines(accuracy)["training"] == [[i, 0.5] for i in (1, 2, 3)]
    assert rate.get_yscale() == "log"  # it falls by a factor of 100
    assert len(plots.curves(history, lr=False).axes) == 2


@pytest.mark.plot
def test_the_main_job_draws_its_models_side_by_side():
    history = [Epoch(i, 0.1, 9.0, 1.0 / i, 0.5, 2.0 / i, 0.25) for i in (1, 2)]
    figure = learning_curves([Curve(t, "nats", history, 0.9) for t in "ab"], "$digits")
    losses, accuracies = np.array(figure.axes).reshape(2, 2)  # no axis for the learning rate
    assert [a.get_title() for a in losses] == [f"{t}: test accuracy 0.900" for t in "ab"]
    assert [a.get_ylabel() for a in losses] == ["nats", "nats"]
    assert all(lines(a)["validation"] == [[1, 2.0], [2, 1.0]] for a in losses)
    assert all(lines(a)["training"] == [[1, 0.5], [2, 0.5]] for a in accuracies)
    assert [a.get_ylim() for a in accuracies] == [pytest.approx((0.22, 1.005))] * 2
    assert [bool(a.get_legend()) for a in losses] == [True, False]
    both = weight_templates([Template(t, np.eye(4)) for t in "ab"], (2, 2), list("wxyz"))
    assert [p.get_suptitle() for p in both.subfigs] == [f"Weight templates, {t}" for t in "ab"]
    assert all(sum(bool(a.get_images()) for a in p.axes) == 4 for p in both.subfigs)


@pytest.mark.plot
def test_curves_draw_on_given_axes():
    upper, lower = new_figure("test", 4, 4).subplots(2, 1)
    assert plots.curves(HISTORY, ax=(upper, lower), lr=False) is upper.figure
    assert len(lines(upper)) == len(lines(lower)) == 2
    alone = new_figure("test", 4, 4).subplots()
    plots.curves({"loss": [3.0, -1.0], "step": [0, 50]}, ax=alone)
    assert lines(alone) == {"training": [[0, 3.0], [50, -1.0]]} and alone.get_xlabel() == "step"
    assert texts(alone.get_legend()) == ["training"]
    only = new_figure("test", 4, 4).subplots()
    plots.curves({"accuracy": [0.5]}, ax=only)
    assert only.get_ylabel() == "accuracy" and only.get_lines()[0].get_markersize() == 6


@pytest.mark.parametrize(
    ("history", "error", "text"),
    [
        ({"train_loss": [1, 2], "lr": [1]}, ValueError, "one length, got train_loss 2, lr 1"),
        ({"train_loss": [1, 2], "epoch": [1]}, ValueError, "train_loss 2, epoch 1"),
        ({"train_loss": []}, ValueError, "history is empty"),
        ({"cost": [1.0]}, ValueError, "the history has 'cost', expected some of train_loss"),
        ({"train_loss": [None]}, ValueError, "with a finite number"),
        ([], ValueError, "the history has nothing"),
        ({"train_loss": ["low"]}, TypeError, "history 'train_loss': expected numbers"),
        ({"train_loss": np.ones((2, 2))}, ValueError, r"an array of shape \(2, 2\)"),
        ([1.0, 2.0], TypeError, "got float"),
        (3, TypeError, "got int"),
    ],
)
def test_bad_histories(history, error, text):
    with pytest.raises(error, match=text):
        plots.curves(history)


@pytest.mark.plot
def test_a_wrong_number_of_axes():
    with pytest.raises(ValueError, match="a pair for loss and accuracy, not 3"):
        plots.curves(HISTORY, ax=new_figure("test", 4, 4).subplots(3, 1))
    with pytest.raises(ValueError, match="a pair for norm and ratio, not 3"):
        plots.ratios(RATIOS, ax=new_figure("test", 4, 4).subplots(3, 1))


# ----------------------------------------------------------------------------------- ratios


@pytest.mark.plot
def test_ratios_have_a_line_a_parameter_and_one_at_a_thousandth():
    norm, ratio = plots.ratios(RATIOS).axes
    assert lines(norm) == {
        "w": [[1, 1.0], [2, 2.0], [3, 3.0]],
        "b": [[1, 0.1], [2, 0.2], [3, 0.3]],
    }
    assert lines(ratio)["w"] == [[1, 1e-2], [2, 2e-3]]  # 0 has no place on a logarithmic axis
    assert [y for _, y in lines(ratio)["1e-3, a rule of thumb"]] == [1e-3, 1e-3]
    assert norm.get_yscale() == ratio.get_yscale() == "log"
    assert texts(ratio.get_legend()) == ["w", "b", "1e-3, a rule of thumb"]


@pytest.mark.plot
def test_ratios_of_rows_on_one_axes():
    axes = new_figure("test", 4, 4).subplots()
    plots.ratios([{"step": 5, "update_ratio": {"w": 0.1}}, {"step": 9, "update_ratio": {}}], axes)
    assert lines(axes)["w"] == [[5, 0.1]] and axes.get_xlabel() == "step"
    both = new_figure("test", 4, 4).subplots()
    plots.ratios(RATIOS, ax=both)
    assert lines(both)["b"] == [[1, 1e-3], [2, 1e-3], [3, 1e-3]]  # the ratio, of the two


@pytest.mark.parametrize(
    ("history", "error", "text"),
    [
        (HISTORY, ValueError, "needs 'grad_norm' or 'update_ratio'"),
        ({"grad_norm": [1.0]}, TypeError, "history 'grad_norm': expected a dict"),
        ({"grad_norm": {"w": [1, 2], "b": [1]}}, ValueError, r"grad_norm\[w\] 2, grad_norm\[b\] 1"),
    ],
)
def test_bad_ratios(history, error, text):
    with pytest.raises(error, match=text):
        plots.ratios(history)


@pytest.mark.parametrize("rule", [optim.SGD, optim.Adam])
def test_a_watch_measures_steps(rule):
    model, x, y = net()
    with tg.no_grad():
        model[2].bias.zero_()
    watch, optimizer = plots.StepWatch(model), rule(model.parameters(), lr=0.01)
    nn.functional.cross_entropy(model(tg.tensor(x, dtype=tg.float32)), y).backward()
    before = model[0].weight.detach().numpy().copy()
    g = model[0].weight.grad.numpy().copy()
    with watch:
        optimizer.step()
    moved = np.linalg.norm(model[0].weight.detach().numpy() - before)
    assert moved > 0
    assert watch.history["grad_norm"]["0.weight"] == pytest.approx([np.linalg.norm(g)])
    expected = moved / np.linalg.norm(before)
    assert watch.history["update_ratio"]["0.weight"] == pytest.approx([expected], rel=1e-4)
    assert np.isnan(watch.history["update_ratio"]["2.bias"]).all()  # it was 0


def test_a_watch_skips_a_step_that_failed():
    model, _, _ = net()
    watch = plots.StepWatch(model)
    with pytest.raises(KeyError), watch:
        raise KeyError
    with watch:
        pass
    assert watch.history["step"] == [1]
    assert np.isnan(watch.history["grad_norm"]["0.bias"]).all()  # there was no backward
