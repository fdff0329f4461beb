"""Routing of maxima along axes, and of norms where they are 0 or tie."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..trace import Routing, look_at
from .seen import Seen, many, mask, some

Route = Callable[[Seen], Routing | None]


def _axes(seen: Seen) -> tuple[int, ...]:
    axis = seen.params.get("axis")
    if axis is None:
        return tuple(range(seen.x.ndim))
    return (axis,) if isinstance(axis, int) else tuple(axis)


def _spread(seen: Seen) -> np.ndarray:
    """The result with its reduced axes as 1."""
    axes = _axes(seen)
    return seen.out.reshape([1 if k in axes else n for k, n in enumerate(seen.x.shape)])


def _extreme(seen: Seen) -> Routing:
    """The elements that equal the result; several share its gradient."""
    out = _spread(seen)
    return _shared((seen.x == out) | (np.isnan(seen.x) & np.isnan(out)), _axes(seen))


def _shared(at: np.ndarray, axes: tuple[int, ...]) -> Routing:
    ties = at.sum(axis=axes, keepdims=True)
    shares = at / np.maximum(ties, 1)
    groups, tied = ties.size, int(np.sum(ties > 1))
    if not tied:
        return mask(shares, some(int(at.sum()), at.size) + ", no ties")
    inside = int(np.sum(at & (ties > 1)))
    text = f"{many(inside, 'tied element')} share the gradient"
    if groups > 1:
        text += f": ties in {tied} of {groups} results"
    return Routing("ties", text, look_at(shares))


def _picked(seen: Seen) -> Routing | None:
    """`max` along one axis, `sort`, `topk`: results taken at known places."""
    places = np.asarray(seen.params["indices"])
    taken = np.zeros(seen.contribution.shape)
    np.put_along_axis(taken, places, 1.0, seen.params["axis"])
    return Routing(
        "index",
        f"{int(taken.sum())} of {many(taken.size)} were taken; of tied ones only those taken",
        look_at(taken),
    )


def _norm(seen: Seen) -> Routing | None:
    p, out = float(seen.params["ord"]), _spread(seen)
    if p == 2:
        zero = int(np.sum(out == 0))
        return _chosen(f"{many(zero, 'norm')} of 0", np.broadcast_to(out == 0, seen.x.shape), zero)
    if p == 0:
        return Routing("subgradient", "a count is flat: the gradient is 0", None)
    if np.isinf(p):
        size = np.abs(seen.x)
        return _shared((size == out) | (np.isnan(size) & np.isnan(out)), _axes(seen))
    zero = int(np.sum(seen.x == 0))
    return _chosen(f"{many(zero)} of 0", seen.x == 0, zero)


def _chosen(what: str, where: np.ndarray, count: int) -> Routing | None:
    """The sub-gradient 0 where there is a kink; nothing to say where there is none."""
    if not count:
        return None
    text = f"{what}: there the sub-gradient 0 is chosen"
    return Routing("subgradient", text, look_at(1.0 - where))


def _deviation(seen: Seen) -> Routing | None:
    zero = int(np.sum(seen.out == 0))
    at = np.broadcast_to(_spread(seen) == 0, seen.x.shape)
    return _chosen(f"{many(zero, 'deviation')} of 0", at, zero)


def _pairs(seen: Seen) -> Routing | None:
    zero = seen.out == 0
    return _chosen(f"{many(int(zero.sum()), 'distance')} of 0", zero, int(zero.sum()))


ROUTES: dict[str, Route] = {
    **dict.fromkeys(("amax", "amin", "max", "min", "median"), _extreme),
    "take_along_dim": _picked,
    "vector_norm": _norm,
    "std": _deviation,
    "cdist": _pairs,
}
