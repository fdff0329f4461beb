"""Why saddle points are more common than minima in many dimensions (S1 of the lectures)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def random_hessians(
    count: int, dimension: int, generator: np.random.Generator | None = None
) -> NDArray[Any]:
    """Random symmetric matrices of the Gaussian orthogonal ensemble, (count, d, d)."""
    draw = generator or np.random.default_rng(0)
    matrix = draw.standard_normal((count, dimension, dimension))
    return (matrix + matrix.swapaxes(1, 2)) / math.sqrt(2)


def probability_of_minimum(dimension: int, points: int = 20001) -> float:
    """The probability that all eigenvalues of such a matrix are positive.

    Where a gradient vanishes, this is the chance of a minimum if the Hessian is as good as random.
    Their joint density is ``prod |z_i - z_j| exp(-sum z_i^2 / 2)`` up to a constant. De Bruijn
    (1955) writes the integral of such a product as the Pfaffian of a matrix of double integrals
    ``sgn(y - x) p_i(x) p_j(y)``; here it is divided by the same over the whole line.

    Parameters
    ----------
    dimension : int
    points : int
        Of the grid on which the integrals are taken.

    Examples
    --------
    >>> [f"{probability_of_minimum(d):.4g}" for d in (1, 2, 3, 4)]
    ['0.5', '0.1464', '0.02492', '0.002457']
    """
    return _volume(dimension, 0.0, points) / _volume(dimension, -12.0, points)


def _volume(d: int, low: float, points: int) -> float:
    """The Pfaffian over (low, 12), beyond which nothing is left."""
    x, h = np.linspace(low, 12.0, points, retstep=True)
    # Any polynomials of rising degree do; Hermite's, normed, keep the matrix well conditioned.
    norms = np.sqrt([math.factorial(k) for k in range(d)])
    p = np.polynomial.hermite_e.hermevander(x, d - 1) / norms * np.exp(-x * x / 2)[:, None]
    below = np.vstack([np.zeros(d), np.cumsum((p[1:] + p[:-1]) / 2 * h, axis=0)])
    whole = below[-1]
    weights = np.full(points, h)
    weights[[0, -1]] /= 2
    matrix = ((2 * below - whole) * weights[:, None]).T @ p
    matrix = (matrix - matrix.T) / 2
    if d % 2:  # a Pfaffian needs an even size: the integrals themselves fill it up
        matrix = np.block([[matrix, whole[:, None]], [-whole[None, :], np.zeros((1, 1))]])
    return math.sqrt(abs(np.linalg.det(matrix)))
