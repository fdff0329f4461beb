"""Lines to walk along: a random direction over all inputs at once, in proportion to their sizes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Arrays = Sequence[np.ndarray]


def joint_direction(
    rng: np.random.Generator,
    xs: Arrays,
    places: Sequence[int],
    gradients: Arrays,
    aligned: float = 0.5,
) -> list[np.ndarray]:
    """A random direction over all inputs at once, no element of it near zero.

    Each element moves in proportion to its size, and at least to a tenth of its input's. One in two
    (the share `aligned`) goes the way the gradient says, and the others either way: then the slope
    along the line is half of what it could be, and a factor that is wrong by 1e-8 stands out of the
    tolerance for any size.
    """
    direction = []
    for k, b in zip(places, gradients, strict=True):
        d = rng.uniform(0.5, 1.5, b.shape) * lengths(xs[k])
        direction.append(np.asarray(d * _signs(rng, np.asarray(b), aligned)))
    return direction


def grouped_direction(
    rng: np.random.Generator,
    xs: Arrays,
    places: Sequence[int],
    gradients: Arrays,
    aligned: float = 0.5,
) -> list[np.ndarray]:
    """A direction in which equal values, across all inputs, move together.

    Where values tie, max or sort have a kink along any other line. Along this one they are smooth
    and every choice of a sub-gradient has the same slope; a formula that gives k tied elements
    the full gradient reads exactly k times too much.
    """
    values = np.concatenate([xs[k].ravel() for k in places])
    slopes = np.concatenate([np.asarray(b, np.float64).ravel() for b in gradients])
    unique, group = np.unique(values, return_inverse=True)
    totals = np.bincount(group.ravel(), np.where(np.isfinite(slopes), slopes, 0), len(unique))
    step = rng.uniform(0.5, 1.5, len(unique)) * lengths(unique) * _signs(rng, totals, aligned)
    ends = np.cumsum([xs[k].size for k in places])[:-1]
    parts = np.split(step[group.ravel()], ends)
    return [part.reshape(xs[k].shape) for part, k in zip(parts, places, strict=True)]


def lengths(x: np.ndarray) -> np.ndarray:
    """Over which length a function of `x` may be expected to vary: the size of each element."""
    size = np.abs(x)
    size = np.where(np.isfinite(size), size, 0.0)
    return np.maximum(size, 0.1 * rms(size) or 1.0)


def _signs(rng: np.random.Generator, b: np.ndarray, aligned: float) -> np.ndarray:
    toss = rng.choice([-1.0, 1.0], b.shape)
    with np.errstate(invalid="ignore"):
        return np.where(
            (rng.random(b.shape) < aligned) & (b != 0) & np.isfinite(b), np.sign(b), toss
        )


def moved(xs: Arrays, places: Sequence[int], direction: Arrays, step: float) -> list[np.ndarray]:
    """The inputs, a step along."""
    new = [x.copy() for x in xs]
    for k, d in zip(places, direction, strict=True):
        new[k] = np.asarray(xs[k] + step * d)
    return new


def rms(values: np.ndarray) -> float:
    """Root mean square of what is finite."""
    finite = np.abs(values[np.isfinite(values)])
    top = float(finite.max(initial=0.0))
    return top * float(np.sqrt(np.mean((finite / top) ** 2))) if top > 0 else 0.0
