"""Routing of ops that pass, scale or block each element: rectifiers, bounds, masks, hinges."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..trace import Routing, look_at
from .rule import shown
from .seen import Seen, many, mask, some

Route = Callable[[Seen], Routing | None]


def _where(test: Callable[[Seen], Any], kink: Callable[[Seen], Any] | None = None) -> Route:
    """A mask over the result; `kink` tells which elements are where two pieces meet."""

    def route(seen: Seen) -> Routing:
        passes = np.broadcast_to(test(seen), seen.out.shape)
        return mask(passes, _counted(passes, None if kink is None else _known(kink, seen)))

    return route


def _known(test: Callable[[Seen], Any], seen: Seen) -> Any:
    """Of relu only the result may be kept, which does not tell where its input is 0."""
    return None if any(x is None for x in seen.inputs) else test(seen)


def _counted(passes: Any, kinks: Any) -> str:
    """How many pass, and how many of them are at a kink, where a slope is chosen."""
    text = some(int(np.sum(passes)), passes.size)
    at = 0 if kinks is None else int(np.sum(np.broadcast_to(kinks, passes.shape)))
    if not at:
        return text
    slope = int(np.any(passes & kinks))
    return f"{text}; {at} at a kink: slope {slope} is chosen"


def _leaky(seen: Seen) -> Routing:
    """Some pass whole, the others scaled."""
    whole = np.broadcast_to(seen.x > 0, seen.out.shape)
    if seen.i == 1:  # the slope itself learns from where it was used
        return mask(~whole, some(int(np.sum(~whole)), whole.size, verb="use") + " the slope")
    slope = seen.y if len(seen.inputs) > 1 else seen.params["slope"]
    text = some(int(whole.sum()), whole.size)
    by = f" by {shown(slope)}" if np.size(slope) == 1 else ""
    text += f", {int(np.sum(~whole))} scaled{by}"
    shares = np.where(whole, 1.0, np.broadcast_to(slope, whole.shape))
    return Routing("mask", text, look_at(shares))


def _clamp(seen: Seen) -> Routing:
    x, low, high = seen.inputs
    tests = [(x >= low) & (x <= high), (x < low) & (low < high), (x > high) | (high < low)]
    return mask(np.broadcast_to(tests[seen.i], seen.out.shape))


def _bound(inside: Callable[[Any, Any], Any]) -> Route:
    def route(seen: Seen) -> Routing:
        passes = np.asarray(inside(seen.x, seen.y))
        passes = passes if seen.i == 0 else ~passes
        return mask(passes, _counted(passes, seen.x == seen.y))

    return route


def _chosen(seen: Seen) -> Routing:
    """`where` and `masked_fill`: an input passes where it was taken."""
    if len(seen.inputs) == 3 and seen.i == 0:
        return mask(~np.broadcast_to(seen.y, seen.out.shape))  # masked_fill, its input
    test = seen.x if seen.x.dtype.kind == "b" else seen.y
    taken = np.broadcast_to(test, seen.out.shape).astype(bool)
    other = seen.x.dtype.kind == "b" and seen.i == 2
    return mask(~taken if other else taken)


def _dropped(seen: Seen) -> Routing:
    factors = np.broadcast_to(seen.y, seen.out.shape).astype(np.float64)
    kept = factors != 0
    text = some(int(kept.sum()), kept.size)
    scale = np.unique(factors[kept])
    if scale.size == 1 and scale[0] != 1:
        text += f", scaled by {shown(float(scale[0]))}"
    return Routing("mask", text, look_at(factors))


def _pair(first: Callable[[Any, Any], Any], shared: bool) -> Route:
    """The larger (or smaller) of two: ties share, or go to the first."""

    def route(seen: Seen) -> Routing:
        wins = first(seen.x, seen.y) if seen.i == 0 else first(seen.y, seen.x)
        ties = seen.x == seen.y
        took = np.broadcast_to(wins | (ties & (shared or seen.i == 0)), seen.out.shape)
        tied = int(np.broadcast_to(ties, seen.out.shape).sum())
        text = some(int(took.sum()), took.size)
        if not tied:
            return mask(took, text)
        split = "half the gradient each" if shared else "the gradient goes to the first"
        shares = np.where(ties & shared, 0.5, 1.0) * took
        return Routing("ties", f"{text}; {tied} tied: {split}", look_at(shares))

    return route


def _flat(seen: Seen) -> Routing:
    return mask(np.zeros(seen.out.shape), "the op is flat: no element passes")


def _sign(seen: Seen) -> Routing:
    """`abs` and the loss of absolute differences: slope +1 or -1, and 0 at the kink."""
    d = seen.x if len(seen.inputs) == 1 else (seen.x - seen.y) * (1 - 2 * seen.i)
    zero = int(np.count_nonzero(d == 0))
    text = f"slope +1 at {many(int(np.sum(d > 0)))}, −1 at {int(np.sum(d < 0))}"
    if zero:
        text += f"; at the kink of {many(zero)} the sub-gradient 0 is chosen"
    return Routing("subgradient" if zero else "mask", text, look_at(np.sign(d)))


def _hinge(seen: Seen) -> Routing:
    """The classes whose margin is violated; the true one gets minus their number."""
    kept, labels = seen.params["kept"], np.asarray(seen.params["labels"])
    hinges = kept["hinges"].T if kept["turned"] else kept["hinges"]
    rows = np.arange(len(labels))
    margins = seen.x - seen.x[rows, labels][:, None] + seen.params["delta"]
    margins[rows, labels] = -1
    violated = (hinges > 0).astype(np.float64)
    text = f"{int(violated.sum())} of {many(hinges.size - len(rows), 'margin')} violated"
    text += f", in {int(violated.any(1).sum())} of {many(len(rows), 'row')}"
    if kinks := int(np.sum(margins == 0)):
        text += f"; {kinks} at the kink: slope 0 is chosen"
    violated[rows, labels] = -violated.sum(1)
    return mask(violated, text)


def _huber(seen: Seen) -> Routing:
    near = np.abs(seen.x - seen.y) < seen.params["delta"]
    inside = some(int(near.sum()), near.size, verb="lie")
    return mask(near, f"{inside} within delta: slope x − y, beyond it ±delta")


ROUTES: dict[str, Route] = {
    "relu": _where(lambda s: ~(s.out <= 0), lambda s: s.x == 0),
    "relu_backward": _where(lambda s: ~np.asarray(s.params["stops"])),
    "leaky_relu": _leaky,
    "prelu": _leaky,
    "hardtanh": _where(
        lambda s: (s.x > s.params["low"]) & (s.x < s.params["high"]),
        lambda s: (s.x == s.params["low"]) | (s.x == s.params["high"]),
    ),
    "hardsigmoid": _where(lambda s: np.abs(s.x) < 3),
    "softshrink": _where(lambda s: np.abs(s.x) > s.params["lambd"]),
    "hardshrink": _where(lambda s: np.abs(s.x) > s.params["lambd"]),
    "threshold": _where(lambda s: s.x > s.params["threshold"]),
    "clamp": _clamp,
    "clamp_min": _bound(lambda x, low: x >= low),
    "clamp_max": _bound(lambda x, high: x <= high),
    "nan_to_num": _where(lambda s: np.isfinite(s.x)),
    "where": _chosen,
    "masked_fill": _chosen,
    "dropout": _dropped,
    "maximum": _pair(lambda x, y: x > y, shared=True),
    "minimum": _pair(lambda x, y: x < y, shared=True),
    "fmax": _pair(lambda x, y: (x > y) | np.isnan(y), shared=False),
    "fmin": _pair(lambda x, y: (x < y) | np.isnan(y), shared=False),
    **dict.fromkeys(("sign", "floor", "ceil", "trunc", "round"), _flat),
    "abs": _sign,
    "distance": _sign,
    "multiclass_svm_loss": _hinge,
    "huber_loss": _huber,
}
