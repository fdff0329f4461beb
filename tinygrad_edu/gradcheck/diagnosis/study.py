"""A closer look at a wrong formula: more points, other shapes, the gradients of other inputs.

Rules ask a `Study` their questions. It keeps the answers, so that a question costs calls once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple, TypeVar

import numpy as np

from .evidence import Evidence, analytic_jacobian, numeric_jacobian, value

T = TypeVar("T")


class Finding(NamedTuple):
    """A class, the sentence that explains it, and how sure the rule is (0 to 1)."""

    cls: str
    sentence: str
    weight: float


def attempt(question: Callable[[], T]) -> T | None:
    """The answer, or None when the functions under test raise.

    A question may leave their domain or use a shape they do not take, and they are the user's:
    they can raise anything. No answer is then the right answer.
    """
    try:
        return question()
    except Exception:
        return None


def agree(a: np.ndarray, b: np.ndarray, bound: Any = 0.0) -> np.ndarray:
    """Elementwise: are `a` and `b` equal within round-off of the differences?"""
    if a.shape != b.shape:
        return np.zeros(1, bool)
    finite = abs(b[np.isfinite(b)])
    floor = 1e-8 * float(finite.max(initial=0.0)) + 1e-13
    near = abs(a - b) <= 1e-6 * np.maximum(abs(a), abs(b)) + floor + 4 * bound
    return near & np.isfinite(a)


def same(a: np.ndarray, b: np.ndarray, bound: Any = 0.0) -> bool:
    """Do two Jacobians agree everywhere?"""
    return a.shape == b.shape and bool(np.all(agree(a, b, bound)))


@dataclass
class View:
    """Both Jacobians at one point."""

    xs: list[np.ndarray]
    y: np.ndarray
    k: int
    analytic: np.ndarray
    numeric: np.ndarray
    bound: np.ndarray

    @property
    def x(self) -> np.ndarray:
        """The input whose gradient is wrong."""
        return self.xs[self.k]

    @cached_property
    def right(self) -> np.ndarray:
        """Where the formula agrees with the differences."""
        return agree(self.analytic, self.numeric, self.bound)

    @cached_property
    def floor(self) -> float:
        """Below it, an entry of either Jacobian is zero."""
        size = float(abs(self.numeric[np.isfinite(self.numeric)]).max(initial=0.0))
        return 1e-8 * size + 1e-13

    @cached_property
    def has(self) -> np.ndarray:
        """Entries that the formula has."""
        return ~(abs(self.analytic) <= self.floor)

    @cached_property
    def needs(self) -> np.ndarray:
        """Entries that the function has."""
        return ~(abs(self.numeric) <= self.floor + 2 * self.bound)

    @cached_property
    def grid(self) -> np.ndarray:
        """`right` with one axis for each axis of y, then of x."""
        return self.right.reshape(self.y.shape + self.x.shape)


def view(e: Evidence, xs: list[np.ndarray], k: int) -> View | None:
    """Both Jacobians at another point; None when either function does not take it."""

    def ask() -> View | None:
        y = value(e.forward, xs)
        analytic = analytic_jacobian(e.vjp, y, xs, k)
        if analytic is None or not np.all(np.isfinite(y)) or y.size * xs[k].size > 40000:
            return None
        numeric, bound = numeric_jacobian(e.forward, xs, k)
        if not np.all(np.isfinite(numeric)):
            return None
        return View(xs, y, k, analytic, numeric, bound)

    return attempt(ask)


def floating(xs: list[np.ndarray]) -> list[int]:
    """Places of the inputs that have a gradient."""
    return [i for i, x in enumerate(xs) if x.dtype.kind == "f"]


class Study:
    """What rules can ask about a piece of evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self.e = evidence
        self.k = evidence.k
        self.rng = np.random.default_rng(0)

    def jittered(self, xs: list[np.ndarray], amount: float) -> list[np.ndarray]:
        """The point, with every floating element moved a little."""
        moved = list(xs)
        for i in floating(xs):
            x = xs[i]
            rms = float(np.sqrt(np.mean(x * x))) if x.size else 0.0
            scale = np.maximum(abs(x), 0.5 * rms or 1.0)
            moved[i] = x + amount * scale * self.rng.uniform(-1.0, 1.0, x.shape)
        return moved

    def shuffled(self, xs: list[np.ndarray]) -> list[np.ndarray]:
        """The same numbers elsewhere: inside the domain of any elementwise function."""
        moved = list(xs)
        for i in floating(xs):
            moved[i] = self.rng.permutation(xs[i].reshape(-1)).reshape(xs[i].shape)
        return self.jittered(moved, 0.05)

    @cached_property
    def given(self) -> View | None:
        """Both Jacobians where the checker failed."""
        return view(self.e, self.e.xs, self.k)

    @cached_property
    def special(self) -> bool:
        """Is the formula wrong at this point alone, and right beside it?"""
        return self.given is not None and not self._general and bool(self._nearby)

    @cached_property
    def _nearby(self) -> list[View]:
        for amounts in ((0.05, 0.03), (1e-3, 1e-4)):  # the smaller if the larger leave the domain
            tried = [view(self.e, self.jittered(self.e.xs, a), self.k) for a in amounts]
            if any(tried):
                return [v for v in tried if v is not None]
        return []

    @cached_property
    def _general(self) -> list[View]:
        return [v for v in self._nearby if not np.all(v.right)]

    @cached_property
    def views(self) -> list[View]:
        """Points where the formula is wrong, the most telling first.

        A point beside the failing one comes before it: equal values and round numbers make
        entries of a Jacobian equal by accident.
        """
        points = self._general[:1] or [v for v in [self.given] if v is not None]
        for _ in range(4):
            if len(points) >= 3 or not self._general:
                break
            other = view(self.e, self.shuffled(self.e.xs), self.k)
            if other is not None and not np.all(other.right):
                points.append(other)
        return points

    def numeric(self, xs: list[np.ndarray], k: int) -> np.ndarray | None:
        """The true Jacobian by input `k` at another point; None outside the domain."""
        found = attempt(lambda: numeric_jacobian(self.e.forward, xs, k)[0])
        return None if found is None or not np.all(np.isfinite(found)) else found

    @cached_property
    def sizes(self) -> set[int]:
        """Sizes of all axes longer than 1."""
        arrays = [*self.e.xs, self.e.y]
        return {n for a in arrays for n in a.shape if n > 1}

    def resized(self) -> Iterator[View]:
        """The formula at smaller shapes: each size less 1 wherever it occurs, or in one axis."""
        xs = self.e.xs
        axes = [(i, a) for i, x in enumerate(xs) for a, n in enumerate(x.shape) if n > 1]
        groups = [[p for p in axes if xs[p[0]].shape[p[1]] == n] for n in sorted(self.sizes)]
        groups += [[p] for p in axes] + [list(p) for p in combinations(axes, 2) if len(axes) < 7]
        seen = []
        for group in groups:
            if not group or group in seen:
                continue
            seen.append(group)
            smaller = cut(xs, group)
            found = view(self.e, self.jittered(smaller, 0.05), self.k)
            if found is not None and found.x.size:
                yield found


def cut(xs: list[np.ndarray], axes: list[tuple[int, int]]) -> list[np.ndarray]:
    """`xs` without the last slice along each (input, axis)."""
    smaller = list(xs)
    for i, axis in axes:
        n = smaller[i].shape[axis] - 1
        smaller[i] = np.take(smaller[i], range(n), axis)
        if smaller[i].dtype.kind in "iu" and n:
            smaller[i] = np.minimum(smaller[i], n)
    return smaller


def spread(e: Evidence) -> Evidence | None:
    """The formula with every input broadcast to the shape of y beforehand."""

    def ask() -> Evidence | None:
        xs = [np.broadcast_to(x, e.y.shape).copy() if x.dtype.kind == "f" else x for x in e.xs]
        if all(a.shape == b.shape for a, b in zip(xs, e.xs, strict=True)):
            return None
        found = view(e, xs, e.k)
        if found is None or np.all(found.right):
            return None
        return Evidence(e.forward, e.vjp, xs, found.y, e.k, others=e.others)

    return attempt(ask)


def square(e: Evidence, size: int = 3) -> Evidence | None:
    """The formula where all axes have one size, so that no product fails for its shapes."""
    rng = np.random.default_rng(1)
    xs = []
    for x in e.xs:
        shape = tuple(size if n > 1 else n for n in x.shape)
        if x.dtype.kind == "f":
            # numbers of the given input, so that the copy stays in its domain
            xs.append(rng.choice(x.reshape(-1), shape) * rng.uniform(0.8, 1.2, shape))
        else:
            xs.append(np.resize(x, shape) % size if x.dtype.kind in "iu" else np.resize(x, shape))

    def ask() -> Evidence | None:
        copy = Evidence(e.forward, e.vjp, xs, value(e.forward, xs), e.k, others=e.others)
        found = view(e, xs, e.k)
        return copy if found is not None and not np.all(found.right) else None

    return attempt(ask)
