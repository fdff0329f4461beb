"""What the checker knows about a wrong formula, and the two Jacobians that rules compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..differences import ORDER4, ORDER6

# Of f(x + i h) - f(x - i h) for i = 1, 2, 3.
SIXTH, FOURTH = ORDER6[4:], ORDER4[4:]
# The first step keeps the truncation error below round-off for smooth functions; the others are
# for elements that have a kink within reach of the first.
STEPS = (2.0**-10, 2.0**-15, 2.0**-20)


@dataclass
class Evidence:
    """A small point where a formula fails, and both functions for further questions.

    Attributes
    ----------
    forward, vjp : callable
        ``forward(*xs) -> y`` and ``vjp(g, y, *xs) -> tuple``; calls are not counted.
    xs, y : arrays
        The inputs and the result at the failing point, in float64 (integers as they are).
    k : int
        The input whose gradient is wrong.
    analytic, numeric : array or None
        Jacobians of shape (y.size, xs[k].size): by the formula, and by differences.
    point : str
        Name of the point: "given", "fresh", "ties", "sorted", "calm", "zeros", "constant", "shape".
    flag : str
        Class decided by the contract stage, if any.
    gradient, g : array or None
        What the formula returned for the upstream gradient `g` when its shape is wrong.
    error : Exception or None
        What the formula raised.
    first : list of arrays or None
        The inputs of the first point ever given to the formula.
    others : list of int
        Other inputs whose gradient is wrong as well.

    Examples
    --------
    >>> x = np.array([1.0, 2.0])
    >>> wrong = Evidence(lambda x: x * x, lambda g, y, x: (g * x,), [x], x * x, 0)
    >>> wrong.point
    'given'
    """

    forward: Callable[..., Any]
    vjp: Callable[..., Any]
    xs: list[np.ndarray]
    y: np.ndarray
    k: int
    analytic: np.ndarray | None = None
    numeric: np.ndarray | None = None
    point: str = "given"
    flag: str = ""
    gradient: np.ndarray | None = None
    g: np.ndarray | None = None
    error: Exception | None = None
    first: list[np.ndarray] | None = None
    others: list[int] = field(default_factory=list)


def value(forward: Callable[..., Any], xs: Sequence[np.ndarray]) -> np.ndarray:
    """``forward(*xs)`` as a float64 array of its own; `xs` are safe from it."""
    return np.array(forward(*[x.copy() for x in xs]), np.float64)


def pulled_back(
    vjp: Callable[..., Any], g: np.ndarray, y: np.ndarray, xs: Sequence[np.ndarray], k: int
) -> np.ndarray | None:
    """The gradient of input `k` for the upstream gradient `g`; None when there is none."""
    gradients = vjp(g.copy(), y.copy(), *[x.copy() for x in xs])
    gradient = gradients[k] if isinstance(gradients, (tuple, list)) else gradients
    return None if gradient is None else np.array(gradient, np.float64)


def analytic_jacobian(
    vjp: Callable[..., Any], y: np.ndarray, xs: Sequence[np.ndarray], k: int
) -> np.ndarray | None:
    """One row for each output, by a one-hot upstream gradient; None when a shape is wrong."""
    rows = np.zeros((y.size, xs[k].size))
    for i in range(y.size):
        g = np.zeros(y.shape)
        g.reshape(-1)[i] = 1.0
        row = pulled_back(vjp, g, y, xs, k)
        if row is None:
            continue  # no gradient is a gradient of zero
        if row.shape != xs[k].shape:
            return None
        rows[i] = row.reshape(-1)
    return rows


def _step(x: np.ndarray, j: int, relative: float) -> float:
    """A power of two, so that ``x + i h`` loses no digits of h."""
    rms = float(np.sqrt(np.mean(x * x))) if x.size else 0.0
    scale = max(abs(float(x.reshape(-1)[j])), 0.1 * rms) or 1.0
    return float(relative * 2.0 ** np.round(np.log2(scale)))


def _column(
    forward: Callable[..., Any], xs: Sequence[np.ndarray], k: int, j: int, h: float
) -> tuple[np.ndarray, np.ndarray]:
    """Derivative of every output along element `j`, and its error bound."""

    def at(i: int) -> np.ndarray:
        moved = [x.copy() for x in xs]
        moved[k].reshape(-1)[j] += i * h
        return np.array(forward(*moved), np.float64).reshape(-1)

    pairs = [(at(i), at(-i)) for i in (1, 2, 3)]
    odd = [right - left for right, left in pairs]
    sixth = sum(w * d for w, d in zip(SIXTH, odd, strict=True)) / h
    fourth = sum(w * d for w, d in zip(FOURTH, odd, strict=True)) / h
    size = np.maximum(abs(pairs[2][0]), abs(pairs[2][1]))
    return sixth, 0.1 * abs(sixth - fourth) + 4e-16 * size / h


def numeric_jacobian(
    forward: Callable[..., Any], xs: Sequence[np.ndarray], k: int
) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian with respect to input `k` by sixth-order differences, and its error bound."""
    # ascontiguousarray: an element is moved through a flat view
    xs = [np.ascontiguousarray(x).reshape(x.shape) for x in xs]
    columns, bounds = [], []
    for j in range(xs[k].size):
        best, bound = _column(forward, xs, k, j, _step(xs[k], j, STEPS[0]))
        for relative in STEPS[1:]:
            if np.all(bound <= 1e-7 * (abs(best).max(initial=0.0) + 1e-12)):
                break
            other, its = _column(forward, xs, k, j, _step(xs[k], j, relative))
            better = ~(bound <= its)  # a NaN bound is never better
            best, bound = np.where(better, other, best), np.where(better, its, bound)
        columns.append(best)
        bounds.append(bound)
    if not columns:
        size = np.size(forward(*[x.copy() for x in xs]))
        return np.zeros((size, 0)), np.zeros((size, 0))
    return np.stack(columns, 1), np.stack(bounds, 1)


def jacobians(
    forward: Callable[..., Any], vjp: Callable[..., Any], xs: Sequence[np.ndarray], k: int
) -> tuple[np.ndarray | None, np.ndarray, np.ndarray]:
    """Both Jacobians of ``y = forward(*xs)`` with respect to input `k`, and the error bound.

    Parameters
    ----------
    forward, vjp : callable
        ``forward(*xs) -> y`` and ``vjp(g, y, *xs) -> tuple``; what they raise passes through.
    xs : sequence of arrays
        The inputs, in float64; integer inputs as they are.
    k : int
        The input to differentiate by.

    Returns
    -------
    analytic : array of shape (y.size, xs[k].size) or None
        Row i is the gradient for an upstream gradient that is 1 at output i and 0 elsewhere;
        None when the formula's gradient has another shape than the input.
    numeric, bound : arrays of the same shape
        Sixth-order central differences, and an estimate of their error.

    Examples
    --------
    >>> x = np.array([1.0, 2.0])
    >>> a, n, bound = jacobians(lambda x: x**3, lambda g, y, x: (3 * g * x,), [x], 0)
    >>> a.tolist()
    [[3.0, 0.0], [0.0, 6.0]]
    >>> n.round(6).tolist()
    [[3.0, 0.0], [0.0, 12.0]]
    >>> bool(bound.max() < 1e-10)
    True
    """
    numeric, bound = numeric_jacobian(forward, xs, k)
    return analytic_jacobian(vjp, value(forward, xs), xs, k), numeric, bound
