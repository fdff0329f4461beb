"""The sanity checks of the course notes, one by one and as a report."""

import copy
import math

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.nn import functional as F
from tinygrad_edu.training import (
    chance_loss,
    overfit_tiny,
    reg_increases_loss,
    sanity_checks,
    update_ratio,
)


def task(count=200, features=6, classes=3, seed=0):
    """Classes that are told apart by their largest feature."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, features)).astype(np.float32)
    return x, x[:, :classes].argmax(axis=1)


def mlp(features=6, classes=3, hidden=32, seed=0):
    rng = np.random.default_rng(seed)
    layers = nn.Linear(features, hidden, generator=rng), nn.ReLU()
    return nn.Sequential(*layers, nn.Linear(hidden, classes, generator=rng))


class Shrink(nn.Module):
    """Passes on a share; called like a dropout layer it is switched off like one."""

    def forward(self, x):
        if self.training:
            return x * 0.0
        return x


class Dropout(Shrink):
    pass


def bits(model):
    return [p.detach().numpy().tobytes() for p in model.parameters()]


# ---------------------------------------------------------------- chance


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
@pytest.mark.parametrize(
    ("names", "closed_form"),
    [
        (("softmax", F.cross_entropy, nn.CrossEntropyLoss()), math.log),
        (("hinge", F.multiclass_svm_loss, nn.MulticlassSVMLoss()), lambda c: c - 1),
        ((nn.MulticlassSVMLoss(delta=0.5),), lambda c: (c - 1) / 2),
        ((nn.MulticlassSVMLoss(delta=3.0, squared=True),), lambda c: (c - 1) * 9),
        ((nn.MultiMarginLoss(),), lambda c: (c - 1) / c),
        ((nn.CrossEntropyLoss(label_smoothing=0.3),), math.log),
        ((nn.CrossEntropyLoss(reduction="sum"), nn.CrossEntropyLoss(reduction="none")), math.log),
    ],
)
def test_chance_loss(names, closed_form, classes):
    """COURSE 6: C - 1 and ln C."""
    for loss in names:
        assert chance_loss(loss, classes) == pytest.approx(closed_form(classes), rel=1e-12)


def test_6_the_chance_values_of_the_notes_at_w_0():
    model, (x, y) = nn.Linear(6, 10), task()
    with tg.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    for name, loss, value in [
        ("hinge", nn.MulticlassSVMLoss(), 9.0),
        ("softmax", nn.CrossEntropyLoss(), 2.302585),
    ]:
        assert float(loss(model(tg.from_numpy(x)), y)) == pytest.approx(value, abs=5e-7)
        assert chance_loss(name, 10) == pytest.approx(value, abs=5e-7)


@pytest.mark.parametrize("classes", [1, 0, 2.0, "3", True])
def test_a_number_of_classes_that_is_none(classes):
    with pytest.raises(ValueError, match="classes: expected an int of at least 2"):
        chance_loss("hinge", classes)


def test_an_unknown_loss():
    with pytest.raises(ValueError, match="unknown name 'svm'; known are 'softmax', 'hinge'"):
        chance_loss("svm", 3)


# ---------------------------------------------------------------- a few by heart


def test_overfit_tiny():
    model, (x, y) = mlp(), task()
    before = bits(model)
    found = overfit_tiny(model, nn.CrossEntropyLoss(), x, y)
    assert found and found.passed and found.accuracy == 1.0
    assert found.loss <= 0.02 * found.start and 0 < found.steps < 500
    assert bits(model) == before and all(p.grad is None for p in model.parameters())


def test_a_low_loss_alone_is_not_by_heart():
    """A tenth off the loss comes long before the last example is right."""
    found = overfit_tiny(mlp(), nn.CrossEntropyLoss(), *task(), target=0.9)
    assert found.passed and found.accuracy == 1.0


def test_only_the_first_examples_count():
    x, y = task()
    y[20:] = 0
    x[20:] = np.nan
    assert overfit_tiny(mlp(), nn.CrossEntropyLoss(), x, y, examples=20).passed


def test_a_model_that_ignores_its_input_cannot():
    x, y = task()
    model = nn.Sequential(nn.Linear(6, 3, generator=np.random.default_rng(0)), Shrink())
    found = overfit_tiny(model, nn.CrossEntropyLoss(), x, y, steps=30)
    assert not found and found.steps == 30 and found.accuracy < 1
    assert found.loss == pytest.approx(math.log(3), rel=1e-6)


def test_dropout_is_switched_off():
    x, y = task()
    model = nn.Sequential(mlp(), Dropout())
    assert overfit_tiny(model, nn.CrossEntropyLoss(), x, y)
    assert all(module.training for module in model.modules())


def test_regression_needs_no_accuracy():
    x, _ = task()
    y = (x @ np.arange(6, dtype=np.float32))[:, None]
    found = overfit_tiny(nn.Linear(6, 1), nn.MSELoss(), x, y, lr=0.3)
    assert found and found.accuracy is None


def test_a_run_that_explodes_has_failed():
    x, y = task()
    with np.errstate(all="ignore"):
        found = overfit_tiny(
            mlp(), nn.CrossEntropyLoss(), x, y, lr=1e30, optimizer=optim.SGD, steps=50
        )
    assert not found.passed and not math.isfinite(found.loss) and found.steps < 50


@pytest.mark.parametrize("options", [{"examples": 0}, {"steps": 0}])
def test_what_overfit_tiny_refuses(options):
    with pytest.raises(ValueError, match=r"examples|x, y"):
        overfit_tiny(mlp(), nn.CrossEntropyLoss(), *task(), **options)


def test_labels_of_another_length():
    x, y = task()
    with pytest.raises(ValueError, match=r"one label for each example, got shapes \(200, 6\)"):
        overfit_tiny(mlp(), nn.CrossEntropyLoss(), x, y[:-1])


# ---------------------------------------------------------------- penalty


def test_the_loss_grows_by_the_penalty():
    model, (x, y) = mlp(), task()
    loss, strengths = nn.CrossEntropyLoss(), (0.0, 0.5, 2.0)
    squares = sum(
        float((p.detach().numpy().astype(np.float64) ** 2).sum())
        for p in model.parameters()
        if p.ndim > 1
    )
    data = float(loss(model(tg.from_numpy(x)), y))
    found = reg_increases_loss(model, loss, x, y, strengths=strengths)
    np.testing.assert_allclose(found, [data + s * squares for s in strengths], rtol=1e-6)


@pytest.mark.parametrize("penalty", [lambda model, s: -s, lambda model, s: 0.0])
def test_a_penalty_that_does_not_raise_the_loss(penalty):
    with pytest.raises(ValueError, match="the penalty has the wrong sign, or leaves the weights"):
        reg_increases_loss(mlp(), nn.CrossEntropyLoss(), *task(), penalty=penalty)


def test_the_penalty_check_draws_no_random_numbers():
    tg.manual_seed(5)
    expected = tg.rand(3).numpy()
    tg.manual_seed(5)
    reg_increases_loss(nn.Sequential(mlp(), Noise()), nn.CrossEntropyLoss(), *task())
    np.testing.assert_array_equal(tg.rand(3).numpy(), expected)


@pytest.mark.parametrize("strengths", [(1.0,), (1.0, 1.0), (2.0, 1.0)])
def test_strengths_must_rise(strengths):
    with pytest.raises(ValueError, match="strengths: expected rising numbers"):
        reg_increases_loss(mlp(), nn.CrossEntropyLoss(), *task(), strengths=strengths)


# ---------------------------------------------------------------- update ratio


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_update_ratio(dtype):
    """SGD: lr ||g|| / ||w||, by hand."""
    model = nn.Linear(3, 2, dtype=dtype)
    x = np.random.default_rng(0).standard_normal((4, 3)).astype(dtype)
    (model(tg.from_numpy(x)) ** 2).sum().backward()
    expected = {
        name: 0.01 * np.linalg.norm(p.grad.numpy()) / np.linalg.norm(p.detach().numpy())
        for name, p in model.named_parameters()
    }
    found = update_ratio(model, optim.SGD(model.parameters(), lr=0.01))
    assert found.keys() == {"weight", "bias"}
    assert found == pytest.approx(expected, rel=1e-4)


def test_a_parameter_of_zeros_has_no_ratio():
    model = nn.Linear(2, 2)
    with tg.no_grad():
        model.bias.zero_()
    model(tg.ones(1, 2)).sum().backward()
    found = update_ratio(model, optim.SGD(model.parameters(), lr=0.1))
    assert math.isnan(found["bias"]) and found["weight"] > 0


def test_without_gradients_there_is_no_step():
    model = mlp()
    before = bits(model)
    with pytest.raises(ValueError, match=r"no parameter has a gradient; call backward\(\)"):
        update_ratio(model, optim.SGD(model.parameters(), lr=0.1))
    assert bits(model) == before


# ---------------------------------------------------------------- the report


def report(model, **options):
    x, y = options.pop("data", None) or task()
    return sanity_checks(model, options.pop("loss", nn.CrossEntropyLoss()), x, y, **options)


def failed(found):
    return [check.name for check in found.checks if not check.passed]


def test_a_sane_model_passes():
    found = report(mlp(), lr=0.01)
    assert found and found.passed and not failed(found)
    lines = str(found).splitlines()
    assert len(lines) == 4 and all(line.startswith("ok  ") for line in lines)
    assert "at chance it is 1.099" in lines[0]


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.MulticlassSVMLoss()])
def test_initial_weights_that_are_too_large(loss):
    model = mlp()
    with tg.no_grad():
        for parameter in model.parameters():
            parameter.mul_(100)
    found = report(model, loss=loss)
    assert "chance loss" in failed(found) and "smaller initial weights" in str(found)


def test_a_model_that_knows_the_answer():
    _, y = task()
    found = report(Knows(), data=(30 * np.eye(3, dtype="f")[y], y))
    assert "chance loss" in failed(found) and "labels that leak" in str(found)


class Knows(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(np.eye(3, dtype=np.float32))

    def forward(self, x):
        return x @ self.weight


def test_a_model_that_cannot_learn():
    layers = nn.Linear(6, 3, generator=np.random.default_rng(0)), Shrink()
    assert "overfit a few" in failed(report(nn.Sequential(*layers), steps=20))


@pytest.mark.parametrize(("lr", "words"), [(10.0, "lower the"), (1e-6, "raise the")])
def test_a_first_step_of_the_wrong_length(lr, words):
    found = report(mlp(), lr=lr)
    assert failed(found) == ["first step"] and f"{words} learning rate" in str(found)


def test_biases_that_begin_near_0_are_no_matter():
    model = mlp()
    with tg.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter.mul_(1e-6)
    assert report(model)


def test_a_penalty_of_the_wrong_sign_is_reported():
    found = report(mlp(), penalty=lambda model, strength: -strength)
    assert failed(found) == ["penalty"] and "\n  at" not in str(found)


def test_nothing_is_changed():
    """Neither weights, nor gradients, nor modes, nor the library's random numbers."""
    model = mlp()
    model[1].eval()
    modes, before = [m.training for m in model.modules()], bits(copy.deepcopy(model))
    tg.manual_seed(5)
    expected = tg.rand(3).numpy()
    tg.manual_seed(5)
    report(nn.Sequential(model, Noise()))
    assert bits(model) == before and [m.training for m in model.modules()] == modes
    assert all(p.grad is None for p in model.parameters())
    np.testing.assert_array_equal(tg.rand(3).numpy(), expected)


class Noise(nn.Module):
    def forward(self, x):
        return x + 1e-6 * tg.randn(*x.shape)
