"""Rounding is no mistake, and a mistake as small as rounding is named."""

import numpy as np
import pytest

from tinygrad_edu.gradcheck.check_op import check_op

RNG = np.random.default_rng(8)


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_det(a):
    return np.linalg.slogdet(a @ a.T + np.eye(len(a)))[1]


def log_det_vjp(g, y, a):
    return (2 * g * np.linalg.solve(a @ a.T + np.eye(len(a)), a),)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scale", [1e-7, 1e-6, 1e-5])
def test_a_tiny_number_that_is_added_to_one(seed, scale):
    x = scale * np.random.default_rng(seed).normal(size=(3, 4))
    report = check_op(log_det, log_det_vjp, [x], seed=seed)
    assert report.verdict != "fail", str(report)
    assert report.evaluations.forward <= 60
    assert bool(report) or scale < 1e-6  # below, no digit is left


def test_a_wrong_formula_there_still_fails():
    x = 1e-6 * np.random.default_rng(0).normal(size=(3, 4))
    assert check_op(log_det, lambda g, y, a: (a * g,), [x]).verdict == "fail"


def pooled(x, q):
    return np.einsum("nt,ntd->nd", softmax(x @ q), x)


def pooled_vjp(g, y, x, q):
    p = softmax(x @ q)
    ds = p * (np.einsum("nd,ntd->nt", g, x) - (g * y).sum(1, keepdims=True))
    return np.einsum("nt,nd->ntd", p, g) + ds[..., None] * q, np.einsum("nt,ntd->d", ds, x)


@pytest.mark.parametrize("scale", [1.0, 100.0, 1e4])
def test_a_difference_of_equal_numbers_times_a_large_one(scale):
    inputs = [scale * RNG.normal(size=(2, 4, 3)), scale * RNG.normal(size=3)]
    report = check_op(pooled, pooled_vjp, inputs)
    assert report, str(report)
    assert report.evaluations.backward <= 12


def quantile(x):
    return np.quantile(x, 0.3, axis=1)


def quantile_vjp(g, y, x):
    place = 0.3 * (x.shape[1] - 1)
    below, part = int(place), place - int(place)
    order, b = np.argsort(x, 1, kind="stable"), np.zeros_like(x)
    rows = np.arange(len(x))
    b[rows, order[:, below]] += g * (1 - part)
    b[rows, order[:, min(below + 1, x.shape[1] - 1)]] += g * part
    return (b,)


@pytest.mark.parametrize("seed", range(10))
def test_a_quantile_of_ties(seed):
    x = np.round(np.random.default_rng(seed).normal(size=(3, 6)))
    report = check_op(quantile, quantile_vjp, [x], seed=seed)
    assert report.verdict != "fail", str(report)
    assert report.evaluations.forward <= 60


def diagnosis(forward, vjp, *inputs):
    report = check_op(forward, vjp, list(inputs))
    assert report.verdict == "fail", str(report)
    return report.diagnosis[0][0]


X = RNG.normal(size=(3, 4))


def test_a_constant_with_too_few_digits():
    assert diagnosis(np.sin, lambda g, y, x: (g * np.cos(x) * (1 + 1e-8),), X) == "factor"


def test_single_precision_on_the_way():
    def half_way(g, y, x):
        return (np.float64(np.float32(g)) * np.cos(x),)

    assert diagnosis(np.sin, half_way, X) == "dtype"
    rounded = np.float64(np.float32(np.cos(X)))
    assert diagnosis(lambda x: X * 0 + x * np.cos(X), lambda g, y, x: (g * rounded,), X) == "dtype"
