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
_DIGITS = 1e-15  # a few last digits of a double
_TRIALS = 4  # of other last digits: at some of them, rounding is zero by luck
_SINGLE = 1e-5  # what single precision may lose; a mask or a lost factor is of size 1

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
    mixed = [np.array(b) for b in gradients_at(subject, 0.7 * g1 - 1.3 * g2, y, xs)]
    for _ in range(_TRIALS):
        if all(_is_linear(*each) for each in zip(first, second, mixed, floors, strict=True)):
            break
        floors = _raised(floors, subject, rng, (g1, y, xs), first)
    for name, a, b, m, floor in zip(names, first, second, mixed, floors, strict=True):
        if not _is_linear(a, b, m, floor):
            if _nearly_linear(a, b, m):
                raise Broken(
                    "dtype",
                    f"the gradient for {name} is linear in the upstream gradient g to 5 digits "
                    "only: it was computed in single precision",
                )
            raise Broken(
                "upstream",
                f"the gradient for {name} is not linear in the upstream gradient g: the formula "
                "ignores g, masks it by its sign, or adds something that has no factor g",
            )
        _check_precision(name, a, floor)
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


def _is_linear(first: np.ndarray, second: np.ndarray, mixed: np.ndarray, floor: float) -> bool:
    a, b = 0.7 * first, 1.3 * second
    finite = np.isfinite(a) & np.isfinite(b) & np.isfinite(mixed)
    with np.errstate(all="ignore"):
        off = np.abs(mixed - (a - b)) > _LINEAR * (np.abs(a) + np.abs(b)) + floor
    return not np.any(off & finite)


def _nearly_linear(first: np.ndarray, second: np.ndarray, mixed: np.ndarray) -> bool:
    """Whether what is missing is small beside the largest element."""
    gap, size = np.abs(mixed - (0.7 * first - 1.3 * second)), np.abs(first) + np.abs(second)
    return bool(np.isfinite(gap).all() and gap.max() < _SINGLE * size.max())


def _raised(
    floors: list[float], subject: Subject, rng: np.random.Generator, at: tuple, first: Gradients
) -> list[float]:
    """The floors, raised to what the last digits of x and g change: the formula's own rounding.

    A difference of equal numbers that a large weight multiplies (a saturated attention) is all
    rounding, far above the usual floor. But never to more than a thousandth of the gradient: what
    ignores or masks g is off by the size of it.
    """
    g, y, xs = at
    beside = [last_digits(rng, x) if x.dtype.kind == "f" else x for x in xs]
    there = subject.forward(beside)
    if there.shape != y.shape:
        return floors
    near = [np.array(b) for b in gradients_at(subject, last_digits(rng, g), there, beside)]
    raised = []
    for k, floor, a, b in zip(subject.differentiable, floors, first, near, strict=True):
        gap, size = np.abs(b - a), np.abs(a[np.isfinite(a)]).max(initial=0.0)
        moved = float(gap[np.isfinite(gap)].max(initial=0.0))
        top = 1e-3 * max(float(size), scale(y, xs[k]))
        raised.append(max(floor, min(100 * moved, top)))
    return raised


def last_digits(rng: np.random.Generator, x: np.ndarray) -> np.ndarray:
    """The array with its last digits changed."""
    return np.asarray(x * (1 + rng.uniform(-_DIGITS, _DIGITS, x.shape)))
