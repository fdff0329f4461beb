"""The gradient check of the main job: it passes what is right, and only that."""

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.data import load
from tinygrad_edu.engine import primitive
from tinygrad_edu.training import CLASSIFIERS, build, check_gradients

DIGITS = load("digits")


@primitive(name="wrong_square")
def wrong_square(input):
    return input * input


wrong_square.defvjp(lambda g, out, x: g * x)  # the factor 2 is missing


def check(classifier, seed=0, hidden=(), **options):
    rng = np.random.default_rng(seed)
    model = build(64, 10, hidden, rng)
    loss = classifier() if isinstance(classifier, type) else classifier
    return check_gradients(model, loss, DIGITS.x_train, DIGITS.y_train, rng=rng, **options)


@pytest.mark.parametrize("reg", [0.0, 1e-10, 1e-4, 10.0])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_right_gradients_pass(name, reg):
    hidden = () if CLASSIFIERS[name].linear else (16, 8)
    for seed in range(3):
        verdict = check(CLASSIFIERS[name].loss, seed, hidden, reg=reg)
        assert verdict.passed
        assert 0 <= verdict.max_rel_error <= 1e-4


def test_a_wrong_loss_fails():
    loss = nn.CrossEntropyLoss()
    verdict = check(lambda scores, y: loss(wrong_square(scores), y))
    assert not verdict.passed
    assert verdict.max_rel_error > 0.1


@pytest.mark.parametrize("reg", [1e-10, 1e-4, 10.0])
def test_a_wrong_penalty_fails_however_small(monkeypatch, reg):
    monkeypatch.setattr(nn, "l2_penalty", lambda ws: sum(wrong_square(w).sum() for w in ws))
    verdict = check(nn.CrossEntropyLoss, reg=reg)
    assert not verdict.passed
    assert verdict.max_rel_error == pytest.approx(0.5, rel=1e-3)


def test_a_loss_that_is_not_finite_fails():
    verdict = check(lambda scores, y: scores.sum() * float("nan"))
    assert not verdict.passed
    assert verdict.max_rel_error is None


def test_the_model_stays_as_it_is():
    rng = np.random.default_rng(0)
    model = build(64, 10, (8,), rng)
    before = [(name, p, p.detach().numpy().copy()) for name, p in model.named_parameters()]
    check_gradients(model, nn.CrossEntropyLoss(), DIGITS.x_train, DIGITS.y_train, rng=rng)
    after = dict(model.named_parameters())
    for name, parameter, values in before:
        assert after[name] is parameter and parameter.grad is None
        assert parameter.dtype == np.float32
        np.testing.assert_array_equal(parameter.detach().numpy(), values)
