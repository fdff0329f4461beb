"""One line of a table of samples: what to call an op with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Draw = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Case:
    """One call of an op.

    Attributes
    ----------
    draws : tuple of callable
        Each makes one input from a random number generator.
    options : dict
        The op's keyword arguments. An empty dict among them is where forward leaves values for
        the formula; every call gets one of its own.
    explored : bool
        Whether the op is also checked at ties, zeros and other special points.
    shapes : bool
        Whether it is also checked on other shapes that it accepts.
    reason : str
        Why not, if one of them is False.

    Examples
    --------
    >>> xs = case(normal(3, 4), axis=(1,)).inputs(np.random.default_rng(0))
    >>> [x.shape for x in xs]
    [(3, 4)]
    """

    draws: tuple[Draw, ...]
    options: dict[str, Any]
    explored: bool = True
    shapes: bool = True
    reason: str = ""

    def inputs(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Draw the inputs."""
        return [draw(rng) for draw in self.draws]

    def only_here(self, reason: str) -> Case:
        """The same, checked at the drawn inputs only."""
        return replace(self, explored=False, shapes=False, reason=reason)

    def in_these_shapes(self, reason: str) -> Case:
        """The same, without a try of other shapes."""
        return replace(self, shapes=False, reason=reason)


Table = dict[str, list[Case]]


def case(*draws: Draw, **options: Any) -> Case:
    """One call: how to draw its inputs, and its options."""
    return Case(draws, options)


# ------------------------------------------------------------------------------- what to draw


def normal(*shape: int) -> Draw:
    """Numbers of both signs."""
    return lambda rng: np.asarray(rng.standard_normal(shape))


def uniform(low: float, high: float, *shape: int) -> Draw:
    """Numbers from an interval: the domain of the op, less its ends."""
    return lambda rng: np.asarray(rng.uniform(low, high, shape))


def positive(*shape: int) -> Draw:
    """Numbers above zero."""
    return uniform(0.3, 2.5, *shape)


def steps(*shape: int) -> Draw:
    """Only -1, 0 and 1: where piecewise functions have their kinks, and where values tie."""
    return lambda rng: rng.integers(-1, 2, shape).astype(np.float64)


def unit(*shape: int) -> Draw:
    """Probabilities."""
    return uniform(0.1, 0.9, *shape)


def regular(*shape: int) -> Draw:
    """Square matrices that are far from singular: noise about twice the identity."""
    return lambda rng: 2.0 * np.eye(shape[-1]) + 0.5 * rng.uniform(-1.0, 1.0, shape)


def bools(*shape: int) -> Draw:
    """A mask that is neither empty nor full."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        size = int(np.prod(shape))
        return np.asarray(rng.permutation(np.arange(size) % 3 > 0).reshape(shape))

    return draw


def constant(*values: Any) -> Draw:
    """Integers, which have no gradient: always the same."""
    return lambda rng: np.array(values)
