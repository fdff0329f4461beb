"""When gradient descent with momentum is stable, and how fast: the (lr, beta) plane.

On a quadratic each direction of curvature goes its own way: with ``v = beta v + curvature x`` and
``x = x - lr v`` the pair (v, x) is multiplied by one 2x2 matrix at each step, and its spectral
radius is the factor by which it shrinks or grows in the long run. (S4 of the lectures; Goh, "Why
momentum really works", Distill 2017.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import located
from .functions import LabError


def heavy_ball_matrix(lr: float, beta: float, curvature: float) -> NDArray[Any]:
    """The matrix R of one step: ``(v, x) <- R (v, x)``.

    Examples
    --------
    >>> heavy_ball_matrix(lr=0.5, beta=0.25, curvature=4.0)
    array([[ 0.25 ,  4.   ],
           [-0.125, -1.   ]])
    """
    return np.array([[beta, curvature], [-lr * beta, 1 - lr * curvature]])


def spectral_radius(lr: ArrayLike, beta: ArrayLike, curvature: ArrayLike) -> NDArray[Any]:
    """The larger absolute eigenvalue of `heavy_ball_matrix`, element by element.

    Its eigenvalues solve ``z^2 - (1 + beta - lr curvature) z + beta = 0``. While they are complex,
    the radius is sqrt(beta) whatever the curvature; it is below 1 just where
    ``0 < lr curvature < 2 + 2 beta``.

    Examples
    --------
    >>> spectral_radius(0.6, [0.0, 0.25, 0.5, 0.9], 4.0).round(3)
    array([1.4  , 0.859, 0.707, 0.949])
    """
    beta = np.asarray(beta, dtype=np.float64)
    middle = 1 + beta - np.asarray(lr) * np.asarray(curvature)
    discriminant = middle * middle - 4 * beta
    real = (abs(middle) + np.sqrt(np.maximum(discriminant, 0))) / 2
    return np.where(discriminant < 0, np.sqrt(np.maximum(beta, 0)), real)


def convergence_rate(lr: ArrayLike, beta: ArrayLike, curvatures: Sequence[float]) -> NDArray[Any]:
    """The spectral radius of the slowest of several directions."""
    return np.max([spectral_radius(lr, beta, c) for c in curvatures], axis=0)


class Setting(NamedTuple):
    """A learning rate and a momentum, with the factor by which a step shrinks the error."""

    lr: float
    beta: float
    rate: float


def best_descent(curvatures: Sequence[float]) -> Setting:
    """The fastest setting without momentum: ``lr = 2 / (smallest + largest curvature)``.

    Examples
    --------
    >>> print("{:.5f} {:g} {:.4f}".format(*best_descent([0.2, 4.0])))
    0.47619 0 0.9048
    """
    low, high = _extremes(curvatures)
    return Setting(2 / (low + high), 0.0, (high - low) / (high + low))


def best_momentum(curvatures: Sequence[float]) -> Setting:
    """The fastest setting with momentum (Polyak 1964).

    ``lr = (2 / (sqrt(smallest) + sqrt(largest)))^2``, and its rate is the square root of beta.

    Examples
    --------
    >>> print("{:.5f} {:.5f} {:.5f}".format(*best_momentum([0.2, 4.0])))
    0.66791 0.40261 0.63451
    """
    low, high = map(math.sqrt, _extremes(curvatures))
    rate = (high - low) / (high + low)
    return Setting((2 / (low + high)) ** 2, rate**2, rate)


def _extremes(curvatures: Sequence[float]) -> tuple[float, float]:
    low, high = min(curvatures), max(curvatures)
    if not low > 0:
        raise LabError(located(f"curvatures = {list(curvatures)}: all must be above 0"))
    return float(low), float(high)
