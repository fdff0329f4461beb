"""The toy problems: where their points lie, and what a linear classifier and an MLP make of them.

COURSE 21: a linear classifier fails on XOR, the ring and three modes; an MLP gets all right.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.data import generators

PLANE = ["blobs", "moons", "circles", "spiral", "xor", "ring", "three_modes", "checkerboard"]
CLASSES = {"blobs": 3, "spiral": 3}
every = pytest.mark.parametrize("name", PLANE)


def make(name, *args, **options):
    return getattr(generators, name)(*args, **options)


# ------------------------------------------------------------------------------ what all share


@every
def test_types_and_balance(name):
    x, y = make(name, 101)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((101, 2), np.float32, (101,), np.int64)
    counts = np.bincount(y, minlength=CLASSES.get(name, 2))
    assert len(counts) == CLASSES.get(name, 2) and counts.max() - counts.min() <= 1
    assert np.abs(np.diff(y)).sum() > 20  # in random order
    assert np.isfinite(x).all() and len(np.unique(x, axis=0)) == 101


@every
def test_seed_decides(name):
    for a, b in zip(make(name, 30, rng=5), make(name, 30, rng=5), strict=True):
        np.testing.assert_array_equal(a, b)
    first = make(name, 30, rng=5)[0]
    assert not np.array_equal(first, make(name, 30, rng=6)[0])
    for rng in (tg.Generator(5), np.random.default_rng(5)):
        np.testing.assert_array_equal(make(name, 30, rng=rng)[0], first)
    rng = tg.Generator(5)
    make(name, 30, rng=rng)
    assert not np.array_equal(make(name, 30, rng=rng)[0], first)  # a generator goes on


@pytest.mark.parametrize("name", [*PLANE, "bandit"])
def test_bad_arguments_are_named(name):
    for n in (0, -3, 2.5, "many", True):
        with pytest.raises(ValueError, match=f"{name}: n must be a positive integer"):
            make(name, n)
    for rng in (None, -1, "seed"):
        with pytest.raises(TypeError, match=f"{name}: rng must be a seed"):
            make(name, 10, rng=rng)


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("moons", {"noise": -1}, "noise must be at least 0"),
        ("moons", {"noise": float("nan")}, "noise must be at least 0"),
        ("ring", {"gap": 1.0}, "gap must be under 1"),
        ("three_modes", {"gap": 7}, "gap must be under 1"),
        ("blobs", {"centers": [1.0, 2.0]}, "expected \\(classes, features\\)"),
        ("blobs", {"std": -1}, "std must be at least 0"),
        ("checkerboard", {"squares": 1}, "squares must be at least 2"),
        ("bandit", {"p": 1.5}, "p must be a probability"),
    ],
)
def test_bad_options_are_named(name, options, said):
    with pytest.raises(ValueError, match=said):
        make(name, 10, **options)


# ------------------------------------------------------------------------------ where points lie


def test_blobs():
    centers = np.array([[0.0, 0, 50], [10, -10, 50]])
    x, y = generators.blobs(4000, centers=centers, std=0.5)
    for k in (0, 1):
        assert x[y == k].mean(axis=0) == pytest.approx(centers[k], abs=5 * 0.5 / np.sqrt(2000))
        assert x[y == k].std(axis=0) == pytest.approx([0.5] * 3, rel=0.08)
    x, y = generators.blobs(10, centers=10, features=64, std=0)
    assert x.shape == (10, 64) and np.abs(x).max() <= 10


def test_moons():
    x, y = generators.moons(500, noise=0)
    up, down = x[y == 0], x[y == 1]
    np.testing.assert_allclose(np.hypot(*up.T), 1, atol=1e-6)
    np.testing.assert_allclose(np.hypot(*(down - [1, 0.5]).T), 1, atol=1e-6)
    assert up[:, 1].min() >= 0 and down[:, 1].max() <= 0.5
    assert up[:, 0].min() < -0.95 and down[:, 0].max() > 1.95  # whole half circles
    noisy = generators.moons(500, noise=0.3)[0]
    assert (noisy - x).std() == pytest.approx(0.3, rel=0.1)


def test_circles():
    x, y = generators.circles(500, noise=0, factor=0.3)
    radius = np.hypot(*x.T)
    np.testing.assert_allclose(radius, np.where(y == 0, 1, 0.3), atol=1e-6)
    assert (np.abs(x[y == 0]).max(axis=0) > 0.95).all()


def test_spiral():
    x, y = generators.spiral(600, noise=0)
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    turn = np.angle(np.exp(1j * (angle - 4 * (y + radius))))  # CS231n: theta from 4k to 4k + 4
    np.testing.assert_allclose(turn, 0, atol=1e-4)
    assert radius.max() <= 1 and radius.max() > 0.98


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_arms_of_a_spiral_stay_apart(classes):
    x, y = generators.spiral(1000, classes=classes, noise=0)
    outer = np.hypot(*x.T) > 0.5
    x, y = x[outer], y[outer]
    distance = np.hypot(*np.moveaxis(x[:, None] - x, -1, 0))
    assert distance[y[:, None] != y].min() > 0.05


def test_xor():
    x, y = generators.xor(400, noise=0)
    assert {tuple(p) for p in x.tolist()} == {(1, 1), (1, -1), (-1, 1), (-1, -1)}
    np.testing.assert_array_equal(y, x[:, 0] != x[:, 1])
    assert np.unique(x, axis=0, return_counts=True)[1].tolist() == [100] * 4


def test_ring():
    x, y = generators.ring(4000, gap=0.25)
    radius = np.hypot(*x.T)
    inside = (radius >= 1) & (radius <= 2)
    np.testing.assert_array_equal(y == 1, inside)
    away = radius[y == 0]
    assert ((away < 0.75) | (away > 2.25)).all() and (away < 0.75).any() and (away > 3).any()
    # Uniform over the ring: half of its area lies beyond sqrt(2.5).
    assert (radius[y == 1] > np.sqrt(2.5)).mean() == pytest.approx(0.5, abs=0.06)
    assert np.abs(x).max() <= 3


def test_three_modes():
    x, y = generators.three_modes(3000, gap=0.25)
    angles = np.pi / 2 + 2 * np.pi / 3 * np.arange(3)
    modes = 1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    distance = np.hypot(*np.moveaxis(x[:, None] - modes, -1, 0))
    assert (distance[y == 1].min(axis=1) <= 0.5).all() and (distance[y == 0] > 0.75).all()
    each = np.bincount(distance[y == 1].argmin(axis=1))
    assert np.abs(each - 500).max() < 5 * np.sqrt(1500 * 2 / 9)
    assert 2.9 < np.abs(x[y == 0]).max() <= 3


@pytest.mark.parametrize("squares", [2, 3, 4, 5])
def test_checkerboard(squares):
    x, y = generators.checkerboard(4000, squares=squares)
    assert np.abs(x).max() <= 1
    column, row = np.floor((x.astype(np.float64) + 1) / 2 * squares).astype(int).T
    np.testing.assert_array_equal((column + row) % 2, y)
    assert len(set(zip(column.tolist(), row.tolist(), strict=True))) == squares**2


def test_bandit():
    y = generators.bandit(5000, p=0.3)
    assert y.shape == (5000,) and y.dtype == np.float32 and set(y.tolist()) == {0, 1}
    assert y.mean() == pytest.approx(0.3, abs=5 * np.sqrt(0.21 / 5000))
    arms = generators.bandit(5000, p=[0.1, 0.9, 0.5], rng=2)
    assert arms.mean(axis=0) == pytest.approx([0.1, 0.9, 0.5], abs=5 * 0.5 / np.sqrt(5000))
    np.testing.assert_array_equal(arms, generators.bandit(5000, p=[0.1, 0.9, 0.5], rng=2))


# ------------------------------------------------------------------------------ COURSE 21


def accuracy(model, x, y, steps):
    """Train on all points at once, and count those it then gets right."""
    optimizer, loss = optim.Adam(model.parameters(), lr=0.01), nn.CrossEntropyLoss()
    x, y = tg.tensor(x), tg.tensor(y)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model(x), y).backward()
        optimizer.step()
    return (model(x).argmax(1) == y).float().mean().item()


def mlp(classes, seed):
    generator = tg.Generator(seed)
    sizes, layers = (2, 32, 32, classes), []
    for fan_in, fan_out in pairwise(sizes):
        layers += [nn.Linear(fan_in, fan_out, generator=generator), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(
    ("name", "steps"), [("xor", 300), ("ring", 600), ("three_modes", 600), ("spiral", 1500)]
)
def test_linear_fails_where_an_mlp_gets_all_right(name, steps, seed):
    x, y = make(name, 300, rng=seed)
    classes = CLASSES.get(name, 2)
    line = nn.Linear(2, classes, generator=tg.Generator(seed))
    assert accuracy(line, x, y, steps) <= 0.75
    assert accuracy(mlp(classes, seed), x, y, steps) == 1.0


@pytest.mark.parametrize("name", ["xor", "ring", "three_modes"])
def test_no_line_at_all_gets_more(name):
    """Every direction, and for each every threshold and either side: the best of all lines."""
    x, y = make(name, 400, rng=0)
    best = 0.0
    for angle in np.linspace(0, np.pi, 360, endpoint=False):
        order = np.argsort(x @ np.array([np.cos(angle), np.sin(angle)], np.float32))
        ones = np.concatenate([[0], np.cumsum(y[order])])  # class 1 before each threshold
        right = ones + (y.size - np.arange(y.size + 1)) - (y.sum() - ones)
        best = max(best, right.max() / y.size, 1 - right.min() / y.size)
    assert best <= 0.75 and best >= 0.5
