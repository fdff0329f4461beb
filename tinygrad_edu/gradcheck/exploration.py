"""Stage 2: where else to look. One good point misses what shows only at another.

Wrong at negative numbers, at ties, at zeros, for matrices that are not square, after the first
call: each has a kind of point that shows it. A point that the function rejects is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .subject import Broken, count, prepared

Arrays = list[np.ndarray]

_LARGE = 600  # elements: more are cut down to a few rows and columns
_SIZES = (8, 6, 10, 4, 7, 5, 9, 3)  # of the axes then; axes that were equal stay equal
_VARIANTS, _REJECTED = 3, 5  # shapes to check at, and how many may be in vain


@dataclass
class Point:
    """Inputs at which to check.

    Attributes
    ----------
    name : str
        "given", "fresh", "ties", "sorted", "calm", "zeros", "constant", "positive", "shape".
    xs : list of numpy.ndarray
        The inputs.
    grouped : bool
        Whether values tie, so that equal ones should move together.
    """

    name: str
    xs: Arrays
    grouped: bool = False


def fresh(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Values all over +-2.2 rms of `x`: both signs and both tails, whatever its size."""
    n = x.size
    spread = (rng.permutation(n) + rng.random(n)) / max(n, 1)
    return ((2 * spread - 1) * 2.2 * _rms(x)).reshape(x.shape)


def positive(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The same, above zero, for functions with a domain."""
    return np.abs(fresh(rng, x)) + 0.05 * _rms(x)


def unit(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Values inside (0, 1): probabilities, correlations."""
    return rng.uniform(0.05, 0.95, x.shape)


def ties(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Only -1, 0 and 1, as many of each."""
    return (rng.permutation(x.size) % 3 - 1.0).reshape(x.shape)


def positive_ties(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Only 1 and 2."""
    return rng.integers(1, 3, x.shape).astype(np.float64)


def ascending(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Sorted small integers with repetitions; the last element is the largest."""
    n = x.size
    values = np.sort(rng.integers(-(n // 4) - 1, n // 4 + 1, n)).astype(np.float64)
    values[-1:] += 1
    return values.reshape(x.shape)


def calm(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """A tenth of the size, sorted by it, so that the last element is the largest."""
    values = 0.1 * fresh(rng, x).ravel()
    values = values[np.argsort(np.abs(values))]
    values[-1:] = np.abs(values[-1:])
    return values.reshape(x.shape)


def zero_slice(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Zeros in the first row (or element), and one in the last; small numbers elsewhere.

    A row of zeros has no norm; a product with one zero still has a slope.
    """
    values = rng.integers(1, 6, x.shape) * rng.choice([-0.5, 0.5], x.shape)
    values = np.asarray(values, np.float64)
    if x.ndim == 0:
        return np.zeros(())
    values[:1] = 0.0
    values[-1:].flat[-1:] = 0.0
    return values


def zero(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Nothing but zeros: no norm, no spread, all inputs equal."""
    return np.zeros(x.shape)


def one(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """Ones: a power of two, so that a mean of equal numbers is that number exactly."""
    return np.ones(x.shape)


# Name, values, whether they tie, and what to try where the function has no value there.
_KINDS: tuple[tuple[str, Callable, bool, tuple[Callable, ...]], ...] = (
    ("fresh", fresh, False, (positive, unit)),
    ("ties", ties, True, (positive_ties,)),
    ("zeros", zero_slice, True, ()),
    ("calm", calm, False, (unit,)),
    ("constant", zero, False, (one,)),
    ("sorted", ascending, True, ()),
    ("shape", fresh, False, (positive,)),
)
_CALM = tuple(kind for kind in _KINDS if kind[0] in ("fresh", "calm"))
# The kinds that are tried with other shapes, as far as there are any.
_RESHAPED = {"sorted", "calm", "shape"}


def points(
    xs: Arrays,
    rng: np.random.Generator,
    accepts: Callable[[Arrays], bool],
    *,
    everywhere: bool,
    shapes: bool,
    sampler: Callable[..., Sequence] | None = None,
) -> Iterator[Point]:
    """Points worth a look, most telling first.

    Parameters
    ----------
    accepts : callable
        Whether the function has a finite value at given inputs.
    everywhere : bool
        Also where values tie; a whole network at exact kinks proves nothing.
    shapes : bool
        Also with axes that were equal made unequal.
    sampler : callable, optional
        ``sampler(rng)`` gives inputs inside the domain, and replaces our own.
    """
    if sampler is not None:
        yield from _sampled(sampler, rng, len(xs))
        return
    base = cut_down(xs)
    if base is not xs and not accepts(base):
        base = xs
    others = variants(base, accepts) if shapes else iter(())
    for name, values, grouped, substitutes in _KINDS if everywhere else _CALM:
        like = next(others, base) if name in _RESHAPED else base
        if name == "shape" and like is base:
            continue
        for attempt in (values, *substitutes):
            inputs = [attempt(rng, x) if x.dtype.kind == "f" else x.copy() for x in like]
            if accepts(inputs):
                yield Point(name, inputs, grouped or attempt is one)
                break


def _sampled(
    sampler: Callable[..., Sequence], rng: np.random.Generator, many: int
) -> Iterator[Point]:
    """Three points of the user's own.

    Raises
    ------
    Broken
        If the sampler raises, or does not return as many arrays as the function takes.
    """
    for _ in range(3):
        try:
            drawn = sampler(rng)
        except Exception as error:  # it is the user's, and can raise anything
            raise Broken("", f"the sampler raised {type(error).__name__}: {error}") from None
        drawn = [drawn] if isinstance(drawn, np.ndarray) and many == 1 else drawn
        if not isinstance(drawn, (list, tuple)) or len(drawn) != many:
            raise Broken("", f"the sampler must return a list of {count(many, 'array')}")
        try:
            yield Point("sampled", prepared(drawn)[0])
        except Broken as error:
            raise Broken("", f"the sampler's {error.sentence}") from None


def cut_down(xs: Arrays) -> Arrays:
    """Inputs of more than 600 numbers, sliced to a few along each axis; equal axes stay equal."""
    if sum(x.size for x in xs) <= _LARGE:
        return xs
    sizes: dict[int, int] = {}
    for size in sorted({n for x in xs for n in x.shape if n > 3}):
        sizes[size] = min(size, _SIZES[len(sizes) % len(_SIZES)])
    return [x[tuple(slice(sizes.get(n, n)) for n in x.shape)].copy() for x in xs]


def variants(xs: Arrays, accepts: Callable[[Arrays], bool]) -> Iterator[Arrays]:
    """Shapes that differ where sizes were equal: (4, 4) @ (4, 4) becomes (3, 4) @ (4, 4), ...

    A formula that is right only for square matrices is wrong for one of them.
    """
    found = tried = 0
    for axes in _unequal(xs):
        smaller = [_without_last(x, [a for j, a in axes if j == k]) for k, x in enumerate(xs)]
        if accepts(smaller):
            found += 1
            yield smaller
        else:
            tried += 1
        if found == _VARIANTS or tried == _REJECTED:
            return


def _unequal(xs: Arrays) -> Iterator[list[tuple[int, int]]]:
    """Axes (input, axis) to shrink by one: alone, or one in each of two inputs.

    None shrinks to 1: it would be broadcast, where it was not meant to be.
    """
    axes = [(k, a, n) for k, x in enumerate(xs) for a, n in enumerate(x.shape) if n > 2]
    for size in sorted({n for *_, n in axes}, reverse=True):
        equal = [(k, a) for k, a, n in axes if n == size]
        if len(equal) < 2:
            continue
        pairs = [[p, q] for i, p in enumerate(equal) for q in equal[i + 1 :] if p[0] != q[0]]
        # First and last alone fit products of matrices, pairs fit what they share.
        yield from ([equal[0]], *pairs, *([p] for p in equal[1:]))


def _without_last(x: np.ndarray, axes: list[int]) -> np.ndarray:
    return x[tuple(slice(-1) if a in axes else slice(None) for a in range(x.ndim))].copy()


def _rms(x: np.ndarray) -> float:
    finite = np.abs(x[np.isfinite(x)])
    top = float(finite.max(initial=0.0))
    return top * float(np.sqrt(np.mean((finite / top) ** 2))) if top > 0 else 1.0
