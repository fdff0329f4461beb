"""What a sweep may vary: choices, and ranges of numbers, evenly or in log space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import located

POINTS = 5  # of a range in a grid


class SpaceError(ValueError):
    """A search space, or a part of it, that makes no sense; the message says which and why."""


@dataclass(frozen=True)
class Choices:
    """One of several values."""

    values: tuple[Any, ...]

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them, all alike."""
        return self.values[int(rng.integers(len(self.values)))]

    def grid(self) -> list[Any]:
        """All of them."""
        return list(self.values)

    def describe(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"choices": [plain(value) for value in self.values]}


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`; `log` spreads their logarithms evenly."""

    low: float
    high: float
    log: bool = False
    whole: bool = False
    points: int = POINTS

    def draw(self, rng: np.random.Generator) -> float | int:
        """A number of the range; of whole numbers, both ends belong to it."""
        return self._at(float(rng.random()))

    def grid(self) -> list[Any]:
        """`points` numbers, both ends among them; whole numbers that coincide come once."""
        if self.whole and not self.log:
            values = [round(x) for x in np.linspace(self.low, self.high, self.points)]
        else:
            space = np.geomspace if self.log else np.linspace
            numbers = space(self.low, self.high, self.points).tolist()
            values = [round(x) for x in numbers] if self.whole else numbers
        return list(dict.fromkeys(values))

    def describe(self) -> dict[str, Any]:
        """As JSON holds it."""
        kind = ("log_" if self.log else "") + ("integers" if self.whole else "uniform")
        return {kind: [self.low, self.high], "points": self.points}

    def _at(self, share: float) -> float | int:
        # Half a step more at both ends, so that the first and last number are not drawn less often.
        half = 0.5 if self.whole else 0.0
        low, high = self.low - half, self.high + half
        if self.log:
            low, high = math.log(low), math.log(high)
        value = low + share * (high - low)
        value = math.exp(value) if self.log else value
        value = round(value) if self.whole else value
        return min(max(value, self.low), self.high)  # exp(log(x)) may be off by a rounding


Dimension = Choices | Range


def choices(*values: Any) -> Choices:
    """One of several values: numbers, texts, lists of them, or functions and classes by name.

    Examples
    --------
    >>> choices("sgd", "adam").grid()
    ['sgd', 'adam']
    """
    if not values:
        raise SpaceError(located("choices(): there is none; give at least one value"))
    for value in values:
        plain(value)
    return Choices(tuple(values))


def uniform(low: float, high: float, points: int = POINTS) -> Range:
    """Numbers from `low` to `high`, all alike; a grid takes `points` of them.

    Examples
    --------
    >>> uniform(0, 1, points=3).grid()
    [0.0, 0.5, 1.0]
    """
    return _range("uniform", low, high, points)


def log_uniform(low: float, high: float, points: int = POINTS) -> Range:
    """Numbers whose logarithms are spread evenly: as many in 0.01..0.1 as in 0.1..1.

    The right way to search a learning rate or a penalty, which act by their factor (CS231n,
    "Hyperparameter ranges": ``learning_rate = 10 ** uniform(-6, 1)``).

    Examples
    --------
    >>> [round(x, 6) for x in log_uniform(1e-4, 1, points=5).grid()]
    [0.0001, 0.001, 0.01, 0.1, 1.0]
    """
    return _range("log_uniform", low, high, points, log=True)


def integers(low: int, high: int, points: int = POINTS) -> Range:
    """Whole numbers from `low` to `high`, both ends included.

    Examples
    --------
    >>> integers(1, 3).grid()
    [1, 2, 3]
    """
    return _range("integers", low, high, points, whole=True)


def log_integers(low: int, high: int, points: int = POINTS) -> Range:
    """Whole numbers in log space, both ends included: for the units of a layer.

    Examples
    --------
    >>> log_integers(16, 256).grid()
    [16, 32, 64, 128, 256]
    """
    return _range("log_integers", low, high, points, log=True, whole=True)


def _range(
    name: str, low: float, high: float, points: int, log: bool = False, whole: bool = False
) -> Range:
    try:
        good = math.isfinite(low) and math.isfinite(high) and low < high
    except TypeError:
        good = False
    if not good:
        raise SpaceError(located(f"{name}({low!r}, {high!r}): needs finite numbers, low < high"))
    if log and low <= 0:
        raise SpaceError(located(f"{name}({low!r}, {high!r}): in log space low must be above 0"))
    if whole and (low != int(low) or high != int(high)):
        raise SpaceError(located(f"{name}({low!r}, {high!r}): needs whole numbers"))
    if points != int(points) or points < 2:
        raise SpaceError(located(f"{name}: points={points!r}; a grid needs at least 2, both ends"))
    kind = int if whole else float
    return Range(kind(low), kind(high), log, whole, int(points))


def read_space(space: Mapping[str, Any]) -> dict[str, Dimension]:
    """Each parameter with its dimension: a list stands for choices, one value for itself.

    Examples
    --------
    >>> read_space({"lr": uniform(0, 1), "units": [8, 16], "epochs": 5})["units"]
    Choices(values=(8, 16))
    """
    if not isinstance(space, Mapping) or not space:
        raise SpaceError(
            located(f"space: {space!r}; must be a dict such as {{'lr': log_uniform(1e-4, 1)}}")
        )
    found: dict[str, Dimension] = {}
    for name, value in space.items():
        if not isinstance(name, str):
            raise SpaceError(located(f"space: the name {name!r} must be a text"))
        if isinstance(value, (Choices, Range)):
            found[name] = value
        elif isinstance(value, (list, tuple)):
            found[name] = choices(*value)
        else:
            found[name] = choices(value)
    return found


def plain(value: Any) -> Any:
    """A value as JSON holds it; functions and classes by their names.

    Examples
    --------
    >>> plain((64, 32)), plain(math.sqrt), plain(np.float32(0.5))
    ([64, 32], 'sqrt', 0.5)
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (Sequence, np.ndarray)):
        return [plain(item) for item in value]
    if isinstance(name := getattr(value, "__qualname__", None), str):
        return name
    raise SpaceError(
        located(
            f"choices(): {value!r} can't be written down; use numbers, texts, lists, functions or "
            "classes, and make the object from them in the objective"
        )
    )
