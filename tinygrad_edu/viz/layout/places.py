"""Horizontal places in a layered drawing: neighbours above each other, and nothing too close."""

from collections.abc import Callable, Sequence
from itertools import pairwise

from .layers import Layered

SPACE = 22.0  # px between two boxes of a layer
LANE = 12.0  # px between an edge and what is beside it
ROUNDS = 4


def separate(
    desired: Sequence[float], weights: Sequence[float], gaps: Sequence[float]
) -> list[float]:
    """The places nearest to the desired ones that keep order and distances.

    Minimises `sum(weights * (x - desired)**2)` subject to `x[i+1] - x[i] >= gaps[i]`: with the
    gaps taken off this is isotonic regression, solved by pooling neighbours that collide.

    Examples
    --------
    >>> separate([0.0, 1.0, 50.0], [1.0, 1.0, 1.0], [10.0, 10.0])
    [-4.5, 5.5, 50.0]
    """
    shifts = [0.0]
    for gap in gaps:
        shifts.append(shifts[-1] + gap)
    pools: list[tuple[float, float, int]] = []  # mean, weight, members
    for want, weight, shift in zip(desired, weights, shifts, strict=False):
        mean, members = want - shift, 1
        while pools and pools[-1][0] > mean:
            other, other_weight, others = pools.pop()
            mean = (mean * weight + other * other_weight) / (weight + other_weight)
            weight, members = weight + other_weight, members + others
        pools.append((mean, weight, members))
    means = [mean for mean, _, members in pools for _ in range(members)]
    return [mean + shift for mean, shift in zip(means, shifts, strict=False)]


def place(
    layered: Layered,
    half: Sequence[float],
    borders: Callable[[int, int], float] | None = None,
) -> list[float]:
    """The x of each vertex and dummy; the leftmost box begins at 0.

    Parameters
    ----------
    layered
        Layers with their order.
    half
        Half the width that each vertex needs.
    borders
        How much more room two neighbours need between them, if any do.

    Notes
    -----
    Sweeps down and up: each layer moves under (over) the neighbours that matter most to it, as
    far as its order and the distances allow.
    """
    above = followed(layered, layered.above, layered.below)
    below = followed(layered, layered.below, layered.above)
    x = [0.0] * len(half)
    gaps: dict[tuple[int, int], float] = {}
    for layer in layered.layers:  # side by side, to start from
        for left, right in pairwise(layer):
            x[right] = x[left] + half[left] + half[right] + SPACE
            gap = half[left] + half[right] + (SPACE if max(left, right) < layered.real else LANE)
            gaps[left, right] = gap + (borders(left, right) if borders else 0.0)
    for _ in range(ROUNDS):
        for layer in reversed(layered.layers):
            _move(layered, layer, below, x, gaps)
        for layer in layered.layers:
            _move(layered, layer, above, x, gaps)
    for layer in layered.layers:
        _move(layered, layer, below, x, gaps, only_inputs=True)
    leftmost = min((a - b for a, b in zip(x, half, strict=True)), default=0.0)
    return [a - leftmost for a in x]


def followed(layered: Layered, first: list[list[int]], second: list[list[int]]) -> list[list[int]]:
    """Per vertex, the neighbours that it follows: the ends of the segments that matter most."""
    followed = []
    for v, (near, others) in enumerate(zip(first, second, strict=True)):
        best, ends = _strongest(layered, v, near)
        if best == 0:  # nothing there but inputs, which will come to v: don't go to them
            best, other_ends = _strongest(layered, v, others)
            ends = other_ends if best else ends
        followed.append(ends)
    return followed


def _strongest(layered: Layered, v: int, near: list[int]) -> tuple[int, list[int]]:
    """The highest priority of the segments from v to these neighbours, and whose it is."""
    ranks = layered.ranks
    found = [_priority(layered, *((u, v) if ranks[u] < ranks[v] else (v, u))) for u in near]
    best = max(found, default=0)
    return best, [u for u, priority in zip(near, found, strict=True) if priority == best]


def _priority(layered: Layered, upper: int, lower: int) -> int:
    """Long edges are straight first, then the way from op to op; inputs just come in."""
    dummies = (upper >= layered.real) + (lower >= layered.real)
    if dummies == 2:
        return 3
    if not layered.above[upper]:
        return 0
    return 1 if dummies else 2


def _move(
    layered: Layered,
    layer: list[int],
    followed: list[list[int]],
    x: list[float],
    gaps: dict[tuple[int, int], float],
    only_inputs: bool = False,
) -> None:
    """Move a layer to those it follows; at the end only the inputs: they stand where ops are."""
    desired, weights = [], []
    for v in layer:
        is_input = not layered.above[v]
        near = followed[v] if is_input or not only_inputs else []
        desired.append(sum(x[u] for u in near) / len(near) if near else x[v])
        weights.append(1.0 if is_input else 1e6 if only_inputs else 8.0 if v >= layered.real else 4)
    wide = [gaps[pair] for pair in pairwise(layer)]
    for v, moved in zip(layer, separate(desired, weights, wide), strict=True):
        x[v] = moved
