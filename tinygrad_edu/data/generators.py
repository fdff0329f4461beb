"""Toy problems drawn on demand: points in the plane with a class each, and a bandit's payouts.

Each returns points, float32 of shape (n, 2), and their classes, int64 of shape (n,), in random
order and as equal in number as `n` allows. `rng` is a seed, a `Generator` or a NumPy generator: the
same seed gives the same points.

Examples
--------
>>> from tinygrad_edu.data import generators
>>> x, y = generators.moons(100, rng=3)
>>> x.shape, x.dtype, np.bincount(y)
((100, 2), dtype('float32'), array([50, 50]))
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DTypeError, ShapeError, located
from ..random import Generator, numpy_generator

Points = tuple[NDArray[np.float32], NDArray[np.int64]]

_HALF = 3.0  # ring and three_modes lie in the square from -3 to 3
_MODES = 1.5 * np.array([[0.0, 1.0], [-(3**0.5) / 2, -0.5], [3**0.5 / 2, -0.5]])


def blobs(
    n: int = 300,
    *,
    centers: int | ArrayLike = 3,
    features: int = 2,
    std: float = 1.0,
    rng: Any = 0,
) -> Points:
    """Normally distributed points around a centre for each class.

    Parameters
    ----------
    n : int
        Points in all.
    centers : int or array_like, shape (classes, features)
        Where they are; or how many, drawn uniformly from -10 to 10.
    features : int
        Coordinates of a point, if `centers` is a number.
    std : float
        Spread of each coordinate about the centre.
    rng : int, Generator or numpy.random.Generator
        The seed, or where the numbers come from.

    Examples
    --------
    >>> x, y = blobs(4, centers=[[0, 0], [5, 5]], std=0.0)
    >>> x[y == 1]
    array([[5., 5.],
           [5., 5.]], dtype=float32)
    """
    draw = _draws("blobs", n, rng, std=std)
    if isinstance(centers, (int, np.integer)):
        places = draw.uniform(-10, 10, (int(centers), features))
    else:
        places = np.asarray(centers, np.float64)
    if places.ndim != 2 or not places.size:
        raise ShapeError(
            located(f"blobs: centers have shape {places.shape}, expected (classes, features)")
        )
    y = _labels(draw, n, len(places))
    return _points(draw, places[y], y, std)


def moons(n: int = 200, *, noise: float = 0.1, rng: Any = 0) -> Points:
    """Two half circles of radius 1 that reach into one another, with normal noise on them.

    Examples
    --------
    >>> x, y = moons(50, noise=0)
    >>> np.allclose(np.hypot(*x[y == 0].T), 1)
    True
    """
    draw = _draws("moons", n, rng, noise=noise)
    y, t = _labels(draw, n, 2), draw.uniform(0, np.pi, n)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    return _points(draw, np.where(y[:, None] == 0, upper, [1, 0.5] - upper), y, noise)


def circles(n: int = 200, *, noise: float = 0.05, factor: float = 0.5, rng: Any = 0) -> Points:
    """A circle of radius 1 (class 0) around one of radius `factor` (class 1), with normal noise.

    Examples
    --------
    >>> x, y = circles(50, noise=0, factor=0.25)
    >>> np.allclose(np.hypot(*x[y == 1].T), 0.25)
    True
    """
    draw = _draws("circles", n, rng, noise=noise, factor=factor)
    y, t = _labels(draw, n, 2), draw.uniform(0, 2 * np.pi, n)
    return _points(draw, _polar(np.where(y == 0, 1.0, factor), t), y, noise)


def spiral(n: int = 300, *, classes: int = 3, noise: float = 0.2, rng: Any = 0) -> Points:
    """An arm of a spiral for each class, out to radius 1 (the toy data of CS231n's notes).

    Parameters
    ----------
    n, classes : int
        Points in all, and arms.
    noise : float
        Spread of the angles, in radians.
    rng : int, Generator or numpy.random.Generator
        The seed, or where the numbers come from.

    Examples
    --------
    >>> x, y = spiral(300)
    >>> bool(np.hypot(*x.T).max() <= 1), np.bincount(y)
    (True, array([100, 100, 100]))
    """
    draw = _draws("spiral", n, rng, noise=noise)
    y, radius = _labels(draw, n, classes), draw.random(n)
    # An arm turns by 4 radians, and the arms of three classes start 4 radians apart.
    start = 4.0 if classes == 3 else 2 * np.pi / classes
    angle = start * y + 4 * radius + noise * draw.standard_normal(n)
    return _points(draw, _polar(radius, angle), y, 0.0)


def xor(n: int = 200, *, noise: float = 0.2, rng: Any = 0) -> Points:
    """Points about the corners (±1, ±1); class 1 where the signs differ.

    No line has more than three corners on their right side: a linear classifier stops at 75 %.

    Examples
    --------
    >>> x, y = xor(100)
    >>> np.array_equal(y == 1, x[:, 0] * x[:, 1] < 0)
    True
    """
    draw = _draws("xor", n, rng, noise=noise)
    corner = _labels(draw, n, 4)  # in the order of a Gray code, so that classes take turns
    signs = np.array([[1, 1], [1, -1], [-1, -1], [-1, 1]], np.float64)
    return _points(draw, signs[corner], corner % 2, noise)


def ring(n: int = 400, *, gap: float = 0.2, rng: Any = 0) -> Points:
    """Class 1 where ``1 <= |x| <= 2``; class 0 elsewhere in the square from -3 to 3.

    Points of class 0 keep a distance of `gap` from the ring.

    Examples
    --------
    >>> x, y = ring(100, gap=0)
    >>> radius = np.hypot(*x.T)
    >>> np.array_equal(y == 1, (radius >= 1) & (radius <= 2))
    True
    """
    draw = _draws("ring", n, rng, gap=gap)

    def distance(x: NDArray[Any]) -> NDArray[Any]:
        return np.abs(np.hypot(x[:, 0], x[:, 1]) - 1.5) - 0.5

    return _inside_or_out(draw, n, distance, gap)


def three_modes(n: int = 400, *, gap: float = 0.2, rng: Any = 0) -> Points:
    """Class 1 in three discs of radius 1/2; class 0 elsewhere in the square from -3 to 3.

    The discs lie 1.5 from the origin, 120 degrees apart. Points of class 0 keep a distance of `gap`
    from them.

    Examples
    --------
    >>> x, y = three_modes(100)
    >>> bool(np.hypot(*x[y == 1].T).max() <= 2)
    True
    """
    draw = _draws("three_modes", n, rng, gap=gap)

    def distance(x: NDArray[Any]) -> NDArray[Any]:
        return np.hypot(*np.moveaxis(x[:, None] - _MODES, -1, 0)).min(axis=1) - 0.5

    return _inside_or_out(draw, n, distance, gap)


def checkerboard(n: int = 800, *, squares: int = 4, rng: Any = 0) -> Points:
    """Points in the square from -1 to 1, of the colour of their field (`squares` a side).

    Examples
    --------
    >>> x, y = checkerboard(100, squares=2)
    >>> np.array_equal(y == 1, x[:, 0] * x[:, 1] < 0)
    True
    """
    draw = _draws("checkerboard", n, rng)
    if squares < 2:
        raise ShapeError(located(f"checkerboard: squares must be at least 2, got {squares}"))
    y = _labels(draw, n, 2)
    column = draw.integers(squares, size=n)
    first = (column + y) % 2  # the first row of this column in the colour wanted: every other is
    row = first + 2 * draw.integers((squares - first + 1) // 2)
    # Not on the lines between fields, where rounding to float32 could change the colour.
    within = draw.uniform(1e-5, 1 - 1e-5, (n, 2))
    return _points(draw, (np.stack([column, row], axis=1) + within) * 2 / squares - 1, y, 0.0)


def bandit(n: int = 10, *, p: float | Sequence[float] = 0.3, rng: Any = 0) -> NDArray[np.float32]:
    """Payouts of a one-armed bandit: 1 with probability `p`, else 0.

    Parameters
    ----------
    n : int
        Draws.
    p : float or sequence of float
        The probability; several give a column for each arm.
    rng : int, Generator or numpy.random.Generator
        The seed, or where the numbers come from.

    Returns
    -------
    ndarray of float32, shape (n,) or (n, arms)

    Examples
    --------
    >>> bandit(3, p=[0.0, 1.0])
    array([[0., 1.],
           [0., 1.],
           [0., 1.]], dtype=float32)
    """
    draw, chances = _draws("bandit", n, rng), np.asarray(p, np.float64)
    if not ((chances >= 0) & (chances <= 1)).all():
        raise ShapeError(located(f"bandit: p must be a probability, from 0 to 1, got {p}"))
    return (draw.random((n, *chances.shape)) < chances).astype(np.float32)


# ------------------------------------------------------------------------------ what all share


def _draws(name: str, n: int, rng: Any, **widths: float) -> np.random.Generator:
    """The generator, after a look at the arguments."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise ShapeError(located(f"{name}: n must be a positive integer, got {n!r}"))
    for argument, width in widths.items():
        if not 0 <= width < np.inf:
            raise ShapeError(located(f"{name}: {argument} must be at least 0, got {width}"))
    if isinstance(rng, (int, np.integer)) and rng >= 0:
        return np.random.default_rng(rng)
    if isinstance(rng, (Generator, np.random.Generator)):
        return numpy_generator(rng)
    raise DTypeError(
        located(f"{name}: rng must be a seed of at least 0 or a Generator, got {rng!r}")
    )


def _labels(draw: np.random.Generator, n: int, classes: int) -> NDArray[np.int64]:
    return draw.permutation(np.arange(n, dtype=np.int64) % classes)


def _polar(radius: Any, angle: Any) -> NDArray[np.float64]:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _points(draw: np.random.Generator, exact: Any, y: NDArray[np.int64], noise: float) -> Points:
    return (exact + noise * draw.standard_normal(exact.shape)).astype(np.float32), y


def _inside_or_out(draw: np.random.Generator, n: int, distance: Any, gap: float) -> Points:
    """Points of a region (class 1) and of the square around it, farther off than `gap` (class 0).

    `distance` from the region is negative inside.
    """
    if gap >= 1:  # hardly anything is farther off
        raise ShapeError(located(f"ring, three_modes: gap must be under 1, got {gap}"))
    y = _labels(draw, n, 2)
    x = np.empty((n, 2), np.float32)
    waiting = np.arange(n)
    while waiting.size:
        x[waiting] = draw.uniform(-_HALF, _HALF, (waiting.size, 2))
        away = distance(x[waiting].astype(np.float64))
        right = np.where(y[waiting] == 1, away <= 0, away > gap)
        waiting = waiting[~right]
    return x, y
