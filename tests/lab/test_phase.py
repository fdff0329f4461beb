"""Stability of momentum, and how rare minima are among critical points."""

import numpy as np
import pytest

from tinygrad_edu.lab import (
    LabError,
    best_descent,
    best_momentum,
    convergence_rate,
    heavy_ball_matrix,
    probability_of_minimum,
    random_hessians,
    spectral_radius,
    trace,
)

CURVATURES = (0.2, 4.0)


def test_the_closed_form_is_the_radius_of_the_matrix():
    draw = np.random.default_rng(3)
    for lr, beta, curvature in draw.uniform((0, 0, 0), (2, 1.2, 5), (200, 3)):
        matrix = heavy_ball_matrix(lr, beta, curvature)
        found = abs(np.linalg.eigvals(matrix)).max()
        assert spectral_radius(lr, beta, curvature) == pytest.approx(found, rel=1e-6)


def test_heavy_ball_is_a_power_of_the_matrix():
    """COURSE 1i: the closed form that no refactor changes."""
    t = trace("momentum", "quadratic", lr=0.6, momentum=0.5)
    for i, curvature in enumerate(CURVATURES):
        state = np.linalg.matrix_power(heavy_ball_matrix(0.6, 0.5, curvature), 20)
        assert (state @ [0.0, t.points[0, i]])[1] == pytest.approx(t.points[-1, i], rel=1e-9)


def test_course_35_condition_number():
    assert max(CURVATURES) / min(CURVATURES) == pytest.approx(20)
    plain = best_descent(CURVATURES)
    assert plain.lr == pytest.approx(0.47619, abs=5e-6) and plain.rate == pytest.approx(19 / 21)
    best = best_momentum(CURVATURES)
    assert best == pytest.approx((0.66791, 0.40261, 0.63451), abs=5e-6)


def test_course_35_nothing_is_faster():
    lr, beta = np.meshgrid(np.linspace(0, 1, 401), np.linspace(0, 1, 401))
    rates = convergence_rate(lr, beta, CURVATURES)
    best = best_momentum(CURVATURES)
    assert best.rate <= rates.min() < best.rate + 0.01
    assert best_descent(CURVATURES).rate <= rates[0].min()
    for setting in (best, best_descent(CURVATURES)):
        assert convergence_rate(setting.lr, setting.beta, CURVATURES) == pytest.approx(setting.rate)


def test_course_51_stability():
    found = spectral_radius(0.6, [0, 0.25, 0.5, 0.9], 4.0)
    assert found == pytest.approx([1.4, 0.859, 0.707, 0.949], abs=5e-4)
    assert spectral_radius(0.6, 0.2, 4.0) == pytest.approx(1)  # the least that stabilises
    draw = np.random.default_rng(4)
    for lr, beta, curvature in draw.uniform((0, 0, 0), (2, 1, 5), (300, 3)):
        stable = 0 < lr * curvature < 2 + 2 * beta
        assert (spectral_radius(lr, beta, curvature) < 1) == stable


def test_curvatures_must_be_positive():
    with pytest.raises(LabError, match="above 0"):
        best_momentum([-1.0, 2.0])


def test_course_39_probabilities_of_a_minimum():
    """The lectures' numbers for 5 and 6 dimensions count about 120 and 10 of a million samples."""
    found = [probability_of_minimum(d) for d in range(1, 7)]
    closed = [1 / 2, (2 - np.sqrt(2)) / 4, (np.pi - 2 * np.sqrt(2)) / (4 * np.pi)]
    assert found[:3] == pytest.approx(closed, rel=1e-6)
    assert found[:4] == pytest.approx([0.4999, 0.1467, 0.0250, 0.0025], rel=0.05)
    for exact, counted in zip(found[4:], (120, 10), strict=True):
        assert abs(1e6 * exact - counted) < 3 * np.sqrt(1e6 * exact)


def test_course_39_sampled():
    draw = np.random.default_rng(8)
    for dimension, probability in ((1, 0.4999), (2, 0.1467), (3, 0.0250)):
        hessians = random_hessians(100_000, dimension, draw)
        assert (hessians == hessians.swapaxes(1, 2)).all()
        share = (np.linalg.eigvalsh(hessians)[:, 0] > 0).mean()
        assert share == pytest.approx(probability, rel=0.05)
