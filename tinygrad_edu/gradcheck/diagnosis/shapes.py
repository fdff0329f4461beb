"""Rules for a gradient of the wrong shape, and for a formula that raises."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np

from .evidence import numeric_jacobian, pulled_back, value
from .study import Finding, Study, agree, attempt, floating


def answer(s: Study) -> tuple[np.ndarray, np.ndarray] | None:
    """A gradient as the formula returns it, and the upstream gradient it was for."""
    e = s.e
    if e.gradient is not None and e.g is not None:
        return np.asarray(e.gradient), np.asarray(e.g, np.float64)

    def ask() -> tuple[np.ndarray, np.ndarray] | None:
        y = value(e.forward, e.xs)
        g = s.rng.uniform(0.5, 1.5, y.shape) * s.rng.choice([-1, 1], y.shape)
        found = pulled_back(e.vjp, g, y, e.xs, e.k)
        return None if found is None else (found, g)

    return attempt(ask)


def truth(s: Study, g: np.ndarray, k: int) -> np.ndarray | None:
    """The right gradient of input `k` for `g`."""
    n = attempt(lambda: numeric_jacobian(s.e.forward, s.e.xs, k)[0])
    return None if n is None else (g.reshape(-1) @ n).reshape(s.e.xs[k].shape)


def summed(gradient: np.ndarray, shape: tuple[int, ...]) -> np.ndarray | None:
    """`gradient` summed over the axes that broadcasting to its shape would have added."""
    extra = gradient.ndim - len(shape)
    if extra < 0:
        return None
    full = (1,) * extra + shape
    if any(n not in (1, m) for n, m in zip(full, gradient.shape, strict=True)):
        return None
    axes = tuple(a for a, (n, m) in enumerate(zip(full, gradient.shape, strict=True)) if n != m)
    return gradient.sum(axes, keepdims=True).reshape(shape)


def equal(a: np.ndarray, b: np.ndarray) -> bool:
    """Same shape and numbers."""
    return a.shape == b.shape and bool(np.all(agree(a, b)))


def wrong_shape(s: Study) -> list[Finding]:
    """Everything that a gradient of the wrong shape suggests, from its numbers and its shape."""
    found = answer(s)
    x = s.e.xs[s.k]
    if found is None or found[0].shape == x.shape or found[0].dtype.kind not in "fiub":
        return []
    gradient, g = found[0].astype(np.float64), found[1]
    right = truth(s, g, s.k)
    start = f"gradient has shape {gradient.shape}, the input {x.shape}"
    findings = [*_by_numbers(s, gradient, right, start), *_other_input(s, gradient, g, start)]
    total = summed(gradient, x.shape)
    if total is not None and gradient.size > x.size:
        text = f"{start}: not summed over the broadcast axis"
        exact = right is not None and equal(total, right)
        findings.append(Finding("unbroadcast", text, 0.99 if exact else 0.7))
    elif right is not None and gradient.size != right.size and _sums_to(gradient, right):
        text = f"{start}: right after a sum over another axis: not summed over the broadcast axis"
        findings.append(Finding("unbroadcast", text, 0.97))
    if gradient.shape != x.shape[::-1]:
        longer = [m - n for m, n in zip(gradient.shape, x.shape, strict=False)]
        if gradient.ndim == x.ndim and sum(d != 0 for d in longer) == 1 and 1 in map(abs, longer):
            findings.append(Finding("off_by_one", f"{start}: one element too many or too few", 0.6))
    findings.append(Finding("shape", f"{start}", 0.5))
    return findings


def _sums_to(gradient: np.ndarray, right: np.ndarray) -> bool:
    """Is there a set of axes over which the sum of `gradient` is right?"""
    for count in range(1, gradient.ndim + 1):
        for axes in combinations(range(gradient.ndim), count):
            if equal(np.squeeze(gradient.sum(axes)), np.squeeze(right)):
                return True
    return False


def _by_numbers(
    s: Study, gradient: np.ndarray, right: np.ndarray | None, start: str
) -> list[Finding]:
    """The right numbers in another shape."""
    if right is None:
        return []
    for axes in permutations(range(right.ndim)):
        turned = right.transpose(axes)
        if turned.shape != right.shape and equal(gradient, turned):
            text = f"{start}: right numbers with the axes in the order {axes}"
            return [Finding("transpose", text, 0.97)]
    if gradient.size == right.size and equal(gradient.reshape(right.shape), right):
        return [Finding("shape", f"{start}: right numbers, not reshaped to the input", 0.95)]
    spread = attempt(lambda: np.broadcast_to(gradient, right.shape))
    if spread is not None and equal(spread, right):
        return [Finding("shape", f"{start}: right numbers, not expanded to the input", 0.94)]
    if gradient.shape == right.shape[::-1] and right.ndim > 1:
        return [Finding("transpose", f"{start}: the axes are in reverse order", 0.8)]
    return []


def _other_input(s: Study, gradient: np.ndarray, g: np.ndarray, start: str) -> list[Finding]:
    """Another input's gradient."""
    for o in floating(s.e.xs):
        if o == s.k or s.e.xs[o].shape != gradient.shape:
            continue
        other = truth(s, g, o)
        if other is not None and equal(gradient, other):
            return [Finding("swapped", f"{start}: it is the gradient of input {o}", 0.98)]
        return [Finding("swapped", f"{start}, and input {o} has the gradient's shape", 0.55)]
    return []


def raised(s: Study) -> list[Finding]:
    """What an exception says."""
    if s.e.error is None:
        return []
    name = type(s.e.error).__name__
    text = f"the formula raised {name}: {' '.join(str(s.e.error).split())[:120]}"
    if isinstance(s.e.error, IndexError):
        return [Finding("index", text, 0.6), Finding("off_by_one", text, 0.5)]
    if isinstance(s.e.error, (ZeroDivisionError, FloatingPointError)):
        return [Finding("nonfinite", text, 0.8)]
    if "matmul" in str(s.e.error) or "aligned" in str(s.e.error):
        return [Finding("transpose", text, 0.6), Finding("shape", text, 0.5)]
    return [Finding("shape", text, 0.5)]
