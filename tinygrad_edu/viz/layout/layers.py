"""The first half of a layered drawing (Sugiyama, Tagawa, Toda 1981): layers, and order in them.

Every vertex gets a layer below those of its inputs, and an edge that skips layers gets a dummy
vertex in each, so that all that remains are segments between neighbouring layers; then the order
in the layers is improved, sweep by sweep, until few segments cross.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

SWEEPS = 12


@dataclass(frozen=True)
class Link:
    """An edge by the numbers of its ends; `copy` counts the earlier edges between the same two."""

    source: int
    target: int
    copy: int


@dataclass
class Layered:
    """Vertices 0 .. real-1 and, after them, dummies; segments join neighbouring layers.

    All long edges of a source share one column of dummies, its trunk, and branch off it above
    their targets: an input that a thousand ops use costs a thousand dummies, not half a million.
    """

    real: int
    ranks: list[int]
    links: list[Link]
    copies: list[int]  # per vertex, the most edges from it to one target
    above: list[list[int]] = field(default_factory=list)
    below: list[list[int]] = field(default_factory=list)
    trunks: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    layers: list[list[int]] = field(default_factory=list)

    def add_dummy(self, rank: int) -> None:
        """One more dummy, at the end of a layer and joined to nothing."""
        self.layers[rank].append(len(self.ranks))
        self.ranks.append(rank)
        self.above.append([])
        self.below.append([])


def arrange(count: int, ends: list[tuple[int, int]], ranks: list[int] | None = None) -> Layered:
    """Layers of `count` vertices with their order, for the edges `ends` (source, target).

    The layers are those in `ranks` or, by default, of `assign_ranks`.

    Raises
    ------
    ValueError
        If the edges form a cycle.
    """
    copies: dict[tuple[int, int], int] = {}
    links = []
    for source, target in ends:
        copy = copies[source, target] = copies.get((source, target), -1) + 1
        links.append(Link(source, target, copy))
    most = [1] * count
    for (source, _), copy in copies.items():
        most[source] = max(most[source], copy + 1)
    layered = Layered(count, ranks or assign_ranks(count, list(copies)), links, most)
    _add_trunks(layered)
    _fill_layers(layered)
    _reduce_crossings(layered)
    return layered


def assign_ranks(count: int, ends: list[tuple[int, int]]) -> list[int]:
    """The layer of each vertex: its longest path from a vertex without inputs.

    What only waits for a later op (a weight, the input of a time step) then moves down to it.

    Examples
    --------
    >>> assign_ranks(4, [(0, 1), (1, 2), (3, 2)])
    [0, 1, 2, 1]
    """
    inputs: list[list[int]] = [[] for _ in range(count)]
    outputs: list[list[int]] = [[] for _ in range(count)]
    for source, target in ends:
        inputs[target].append(source)
        outputs[source].append(target)
    waiting = [len(sources) for sources in inputs]
    order = [vertex for vertex in range(count) if not waiting[vertex]]
    ranks = [0] * count
    for vertex in order:  # grows while it is read
        for target in outputs[vertex]:
            ranks[target] = max(ranks[target], ranks[vertex] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                order.append(target)
    if len(order) < count:
        raise ValueError("the graph has a cycle, so it has no layers")
    loose = [False] * count
    for vertex in order:
        own = [u for u in inputs[vertex] if loose[u] and len(outputs[u]) == 1]
        shared = [u for u in inputs[vertex] if u not in own]
        # Moving down takes its own inputs along; one shared leaf reaches it by its trunk.
        loose[vertex] = not shared or (bool(own) and len(shared) == 1 and not inputs[shared[0]])
    for vertex in reversed(order):
        if loose[vertex] and outputs[vertex]:
            ranks[vertex] = min(ranks[target] for target in outputs[vertex]) - 1
    return ranks


def _add_trunks(layered: Layered) -> None:
    """Make the dummies. The longest trunks stay empty when they would cost too many."""
    ends: dict[tuple[int, int], int] = {}
    for link in layered.links:
        last = layered.ranks[link.target] - 1
        if last > layered.ranks[link.source]:
            key = (link.source, link.copy)
            ends[key] = max(last, ends.get(key, 0))
    budget = 4 * layered.real + 1000
    for key in sorted(ends, key=lambda key: (ends[key] - layered.ranks[key[0]], key)):
        first = layered.ranks[key[0]] + 1
        length = ends[key] + 1 - first
        budget -= length
        start = len(layered.ranks)
        layered.trunks[key] = list(range(start, start + length)) if budget >= 0 else []
        if budget >= 0:
            layered.ranks.extend(range(first, first + length))


def _fill_layers(layered: Layered) -> None:
    """Join neighbouring layers by segments and put each layer in order of creation."""
    ranks, total = layered.ranks, len(layered.ranks)
    segments: dict[tuple[int, int], None] = {}
    for link in layered.links:
        trunk = layered.trunks.get((link.source, link.copy), [])
        span = ranks[link.target] - ranks[link.source]
        if span == 1:
            segments[link.source, link.target] = None
        elif trunk:
            segments[trunk[span - 2], link.target] = None
    created = list(range(total))  # a dummy counts as old as its source
    for (source, _), trunk in layered.trunks.items():
        for upper, lower in zip([source, *trunk], trunk, strict=False):
            segments[upper, lower] = None
            created[lower] = source
    layered.above = [[] for _ in range(total)]
    layered.below = [[] for _ in range(total)]
    for upper, lower in sorted(segments):
        layered.below[upper].append(lower)
        layered.above[lower].append(upper)
    layered.layers = [[] for _ in range(max(ranks, default=-1) + 1)]
    for vertex in sorted(range(total), key=lambda vertex: (created[vertex], vertex)):
        layered.layers[ranks[vertex]].append(vertex)


def _reduce_crossings(layered: Layered) -> None:
    """Barycentre sweeps, down and up in turn; the order with the fewest crossings stays."""
    place = [0] * len(layered.ranks)
    for layer in layered.layers:
        _number(layer, place)
    best, fewest, idle = layered.layers, _count_crossings(layered, place), 0
    for sweep in range(SWEEPS):
        if fewest == 0 or idle == 4:
            break
        down = sweep % 2 == 0
        neighbours = layered.above if down else layered.below
        layers = [list(layer) for layer in layered.layers]
        for layer in layers if down else reversed(layers):
            _sort_layer(layer, place, neighbours)
        layered.layers = layers
        crossings = _count_crossings(layered, place)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = layers, crossings, 0
    layered.layers = best


def _sort_layer(layer: list[int], place: list[int], neighbours: list[list[int]]) -> None:
    """Order by the mean place of the neighbours; who has none keeps its place."""
    means = {v: sum(place[u] for u in near) / len(near) for v in layer if (near := neighbours[v])}
    free = [slot for slot, vertex in enumerate(layer) if vertex in means]
    movable = sorted((layer[slot] for slot in free), key=means.__getitem__)
    for slot, vertex in zip(free, movable, strict=True):
        layer[slot] = vertex
    _number(layer, place)


def _number(layer: list[int], place: list[int]) -> None:
    for slot, vertex in enumerate(layer):
        place[vertex] = slot


def _count_crossings(layered: Layered, place: list[int]) -> int:
    return sum(_inversions(ends) for ends in _segment_ends(layered, place))


def _segment_ends(layered: Layered, place: list[int]) -> Iterator[list[int]]:
    """Per layer, the lower ends of the segments that leave it, from left to right."""
    for layer in layered.layers:
        yield [end for v in layer for end in sorted(place[u] for u in layered.below[v])]


def _inversions(numbers: list[int]) -> int:
    """How many pairs are in the wrong order.

    Examples
    --------
    >>> _inversions([3, 1, 2])
    2
    """
    seen: list[int] = []
    count = 0
    for number in numbers:
        # Negated, so that the left bisection counts what is strictly greater.
        count += bisect_left(seen, -number)
        insort(seen, -number)
    return count
