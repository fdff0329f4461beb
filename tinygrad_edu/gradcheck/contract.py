"""Stage 0: what every formula for a gradient promises, tested without any difference quotient.

A vector-Jacobian product is a *function* (called twice it gives the same), *linear* in its
upstream gradient, as precise as its input, finite where the function has finite slopes, and it
leaves alone what it is given. Four calls show all of that.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .subject import Broken, Subject, same

# A linear formula misses by a few roundings, 1e-15 relative; one that is not linear misses by its
# own size. Anything between would do; this leaves room for long sums that cancel.
_LINEAR = 1e-6
# Gradients that cancel to nothing (the bias before a normalisation) are all rounding: a floor,
# relative to the size that a gradient of this function has.
_FLOOR = 1e-12

Gradients = list[np.ndarray]


def upstream(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A random upstream gradient: both signs, no element near zero, 52 random bits each.

    Ones, or a single one among zeros, would not show a formula that ignores or masks `g`.
    """
    return np.asarray(rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape))


def gradients_at(
    subject: Subject, g: np.ndarray, y: np.ndarray, xs: Sequence[np.ndarray]
) -> Gradients:
    """The gradients of the differentiable inputs; no gradient counts as zeros."""
    found = subject.backward(g, y, xs)
    wanted = ((k, found[k]) for k in subject.differentiable)
    return [np.zeros(xs[k].shape) if b is None else b for k, b in wanted]


def check_contract(
    subject: Subject, rng: np.random.Generator, y: np.ndarray, xs: Sequence[np.ndarray]
) -> tuple[np.ndarray, Gradients]:
    """Four backward calls; the upstream gradient and the gradients of the first of them.

    Raises
    ------
    Broken
        With the class of the first promise that was not kept.
    """
    g1, g2 = upstream(rng, y.shape), upstream(rng, y.shape)
    given = gradients_at(subject, g1, y, xs)
    first = [np.array(b) for b in given]
    names = [subject.names[k] for k in subject.differentiable]
    floors = [_FLOOR * scale(y, xs[k]) for k in subject.differentiable]
    for name, b in zip(names, given, strict=True):
        check_dtype(name, b)
    again = gradients_at(subject, g1, y, xs)
    _check_repeatable(names, first, [np.array(b) for b in again])
    second = [np.array(b) for b in gradients_at(subject, g2, y, xs)]
    for name, b, kept in zip(names, given, first, strict=True):
        if not same(b, kept):
            raise Broken(
                "mutation",
                f"a later call of the formula changes the gradient for {name} that an earlier "
                "call returned: both share one buffer",
            )
    mixed = gradients_at(subject, 0.7 * g1 - 1.3 * g2, y, xs)
    for k, name in enumerate(names):
        _check_linear(name, first[k], second[k], np.array(mixed[k]), floors[k])
        _check_precision(name, first[k], floors[k])
    return g1, first


def scale(y: np.ndarray, x: np.ndarray) -> float:
    """The size that gradients of a function from `x` to `y` have: one size over the other."""
    size = np.abs(y[np.isfinite(y)]).max(initial=0.0)
    return float(size / (np.abs(x).max(initial=0.0) or 1.0))


def check_dtype(name: str, b: np.ndarray) -> None:
    """A gradient of a float64 input must be float64."""
    if b.dtype.kind == "f" and b.dtype.itemsize < 8:
        raise Broken("dtype", f"the gradient for {name} is {b.dtype}, but {name} is float64")


def _check_precision(name: str, b: np.ndarray, floor: float) -> None:
    """Nor may it be a rounded float32 in disguise.

    What is below `floor` is the rounding of a sum that cancels, and has few digits by nature.
    """
    values = b[np.isfinite(b) & (np.abs(b) > floor)] if b.dtype.kind == "f" else np.empty(0)
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float32)
    # By chance an element is a float32 with probability 2**-28: g has 52 random bits.
    if values.size and np.array_equal(rounded, values):
        raise Broken(
            "dtype",
            f"every number in the gradient for {name} is exactly a float32: "
            "it was computed in single precision",
        )


def _check_repeatable(names: list[str], first: Gradients, again: Gradients) -> None:
    for name, a, b in zip(names, first, again, strict=True):
        if same(a, b):
            continue
        size = np.max(np.abs(a[np.isfinite(a)]), initial=0.0)
        if np.allclose(b, 2 * a, rtol=1e-12, atol=1e-12 * size, equal_nan=True):
            raise Broken(
                "accumulate",
                f"the second call returns twice the gradient for {name}: "
                "the formula adds into the result of an earlier call",
            )
        # Threads may add in another order; a difference of roundings is no randomness.
        if not np.allclose(b, a, rtol=1e-12, atol=1e-12 * size, equal_nan=True):
            raise Broken(
                "nondeterministic",
                f"the same call twice gives two gradients for {name}: something random, or a "
                "state that is kept between calls",
            )


def _check_linear(
    name: str, first: np.ndarray, second: np.ndarray, mixed: np.ndarray, floor: float
) -> None:
    a, b = 0.7 * first, 1.3 * second
    finite = np.isfinite(a) & np.isfinite(b) & np.isfinite(mixed)
    with np.errstate(all="ignore"):
        off = np.abs(mixed - (a - b)) > _LINEAR * (np.abs(a) + np.abs(b)) + floor
    if np.any(off & finite):
        raise Broken(
            "upstream",
            f"the gradient for {name} is not linear in the upstream gradient g: the formula "
            "ignores g, masks it by its sign, or adds something that has no factor g",
        )
