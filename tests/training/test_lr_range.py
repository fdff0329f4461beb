"""The learning-rate range test, on problems whose largest stable rate is known."""

from functools import partial

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.data import load
from tinygrad_edu.training import LRRange, evaluate, fit, lr_range_test
from tinygrad_edu.training.lr_range import _smoothed


class Weight(nn.Module):
    """One weight, far from its minimum 0."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(np.array([1000.0]))

    def forward(self, x):
        return self.w * x


X, Y = np.ones(4), np.zeros(4)


def parabola(output, target):
    """COURSE 37: 2 w^2, stable below lr = 1/2."""
    return (2 * output * output).mean()


def on_parabola(**options):
    return lr_range_test(Weight(), parabola, X, Y, **{"low": 1e-3, "high": 2.0, **options})


def test_37_the_loss_turns_at_the_limit_of_stability():
    """A step multiplies the loss by (1 - 4 lr)^2: less than 1 just below lr = 1/2."""
    found = on_parabola(steps=200)
    rates, losses = found.rates[:-1], found.losses
    np.testing.assert_allclose(losses[1:] / losses[:-1], (1 - 4 * rates) ** 2, rtol=1e-6)
    after = losses[1:]
    assert rates[after.argmin()] < 0.5 < rates[after.argmin() + 1]
    assert found.edge == pytest.approx(0.5, rel=0.1)
    assert 0 < found.suggestion <= found.edge / 3 < 0.25


def test_it_stops_when_the_loss_explodes():
    found = on_parabola(high=1e6, steps=100)
    assert len(found.rates) == len(found.losses) == len(found.smooth) < 100
    assert np.isfinite(found.losses).all()
    np.testing.assert_allclose(np.diff(np.log(found.rates)), np.log(1e9) / 99)
    # Only the last one is too much: the mean of three is then over 1.5 times the start.
    assert found.losses[-2] < 4.5 * found.losses[0] < 4.5 * found.losses[-1]


def test_rates_that_are_all_too_small():
    found = on_parabola(low=1e-9, high=1e-7)
    assert found.suggestion is None and "try a larger high=" in found.reason
    assert str(found).startswith("no suggestion: ")


def test_rates_that_are_all_too_large():
    found = on_parabola(low=0.51, high=0.6)
    assert found.suggestion is None and "begin with a smaller low=" in found.reason


def test_a_range_that_ends_before_the_turn():
    found = on_parabola(low=1e-4, high=0.02)
    assert found.suggestion is not None and "still falls at 0.02: try a larger high=" in str(found)


@pytest.fixture(scope="module")
def digits():
    return load("digits")


def classifier():
    rng = np.random.default_rng(0)
    hidden = nn.Linear(64, 64, generator=rng)
    return nn.Sequential(hidden, nn.ReLU(), nn.Linear(64, 10, generator=rng))


@pytest.mark.parametrize(
    "rule", [optim.SGD, partial(optim.SGD, momentum=0.9), optim.Adam], ids=["sgd", "mom", "adam"]
)
def test_the_suggestion_trains(rule, digits):
    model, loss = classifier(), nn.CrossEntropyLoss()
    found = lr_range_test(model, loss, digits.x_train, digits.y_train, optimizer=rule)
    assert found.suggestion <= found.edge / 3 * 1.0001
    reached = {}
    for lr in (found.suggestion, found.suggestion / 1000):
        model = classifier()
        optimizer = rule(model.parameters(), lr=lr)
        rng = np.random.default_rng(0)
        fit(model, loss, optimizer, digits, epochs=3, batch_size=64, rng=rng)
        reached[lr], _ = evaluate(model, loss, digits.x_train, digits.y_train)
    assert reached[found.suggestion] < 1.0 < 1.5 < reached[found.suggestion / 1000]


class Spy(nn.Module):
    modes = set()

    def forward(self, x):
        self.modes.add(self.training)
        return x


def test_the_copy_is_trained_in_training_mode():
    model = nn.Sequential(Weight(), Spy()).eval()
    lr_range_test(model, parabola, X, Y)
    assert Spy.modes == {True} and not any(module.training for module in model.modules())


def test_nothing_is_changed(digits):
    model = nn.Sequential(classifier(), nn.Dropout(0.1))  # draws random numbers
    before = [p.detach().numpy().tobytes() for p in model.parameters()]
    tg.manual_seed(1)
    expected = tg.rand(3).numpy()
    tg.manual_seed(1)
    loss = nn.CrossEntropyLoss()
    first = lr_range_test(model, loss, digits.x_train, digits.y_train, steps=20)
    np.testing.assert_array_equal(tg.rand(3).numpy(), expected)
    assert [p.detach().numpy().tobytes() for p in model.parameters()] == before
    assert all(p.grad is None for p in model.parameters())
    tg.manual_seed(1)
    again = lr_range_test(model, loss, digits.x_train, digits.y_train, steps=20)
    np.testing.assert_array_equal(first.losses, again.losses)
    rng = np.random.default_rng(7)
    other = lr_range_test(model, loss, digits.x_train, digits.y_train, steps=20, rng=rng)
    assert (first.losses != other.losses).any()


def test_smoothing_keeps_lines_and_drops_spikes():
    line = np.linspace(3, 1, 50)
    np.testing.assert_allclose(_smoothed(line, 3), line)
    spiked = line.copy()
    spiked[20] = 100
    assert abs(_smoothed(spiked, 3) - line).max() < 0.1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"low": 0.0}, "expected 0 < low < high"),
        ({"low": 3.0}, "expected 0 < low < high"),
        ({"steps": 9}, "steps: 9; a range test needs at least 10"),
        ({"batch_size": 0}, "batch_size: 0; it must be at least 1"),
    ],
)
def test_what_is_refused(options, words):
    with pytest.raises(ValueError, match=words):
        on_parabola(**options)


def test_labels_of_another_length():
    with pytest.raises(ValueError, match="x, y: 4 examples and 3 labels"):
        lr_range_test(Weight(), parabola, X, Y[:3])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_data_that_are_not_finite(value):
    with pytest.raises(ValueError, match="not finite"):
        lr_range_test(Weight(), parabola, X * value, Y)


@pytest.mark.plot
def test_the_picture():
    found = on_parabola()
    figure = found.plot()
    (axes,) = figure.axes
    raw, smooth, line = axes.get_lines()
    np.testing.assert_array_equal(raw.get_xydata(), np.stack([found.rates, found.losses], 1))
    np.testing.assert_array_equal(smooth.get_ydata(), found.smooth)
    assert set(line.get_xdata()) == {found.suggestion} and axes.get_xscale() == "log"
    assert axes.get_xlabel() == "learning rate"
    figure.canvas.draw()
    assert found.plot(axes) is figure


def test_a_picture_without_matplotlib(monkeypatch):
    import sys

    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    found = LRRange(np.ones(2), np.ones(2), np.ones(2), None, 1.0, "")
    with pytest.raises(ImportError, match=r"lr_range_test needs matplotlib: .*\[plot\]"):
        found.plot()
