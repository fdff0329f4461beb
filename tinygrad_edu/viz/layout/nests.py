"""Groups of vertices that get a frame: the layers that this asks for, and places without overlap.

Whatever a group reads stands above all of it, and whatever reads it below; so a frame is entered at
its top and left at its bottom. In every layer the members of a group stand side by side, and the
groups are in the same order in all layers; then frames can be pushed apart.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property

from .layers import Layered
from .places import LANE, SPACE, followed

PAD = 10.0  # px between a frame and what is inside
ROUNDS = 7  # odd: the last one goes down, the way that a reader follows

End = tuple[int, int]


class Nests:
    """Groups of the vertices 0 .. count-1, every two of them nested or disjoint.

    Parameters
    ----------
    count
        How many vertices there are.
    groups
        The members of each group and the number of the group around it, or -1; outer ones first.
    widths
        How much room the title of each group needs, in px.

    Examples
    --------
    >>> nests = Nests(4, [({1, 2, 3}, -1), ({2, 3}, 0)])
    >>> nests.chain(3), nests.chain(1), nests.chain(0)
    ((0, 1), (0,), ())
    """

    def __init__(
        self,
        count: int,
        groups: Sequence[tuple[Iterable[int], int]],
        widths: Sequence[float] = (),
    ) -> None:
        self.count, self.widths = count, widths
        self.parents = [parent for _, parent in groups]
        self.seats = [-1] * count  # per vertex the innermost group
        for number, (members, _) in enumerate(groups):
            for v in members:
                self.seats[v] = number
        self.chains: list[tuple[int, ...]] = []
        for number, parent in enumerate(self.parents):
            self.chains.append((*self.chains[parent], number) if parent >= 0 else (number,))

    def chain(self, v: int) -> tuple[int, ...]:
        """The groups around a vertex, outermost first."""
        return self.chains[self.seats[v]] if self.seats[v] >= 0 else ()

    # ------------------------------------------------------------------ layers

    def _steps(self, ends: Iterable[End]) -> dict[End, int]:
        """How many layers at least lie between two vertices, or tops and bottoms of groups."""
        steps: dict[End, int] = {}
        for number, parent in enumerate(self.parents):
            if parent >= 0:
                steps[self._top(parent), self._top(number)] = 0
                steps[self._bottom(number), self._bottom(parent)] = 0
        for v, seat in enumerate(self.seats):
            if seat >= 0:
                steps[self._top(seat), v] = steps[v, self._bottom(seat)] = 0
        for source, target in ends:
            out, into, depth = self.chain(source), self.chain(target), 0
            while depth < min(len(out), len(into)) and out[depth] == into[depth]:
                depth += 1
            upper = self._bottom(out[depth]) if depth < len(out) else source
            lower = self._top(into[depth]) if depth < len(into) else target
            steps[source, target] = steps[upper, lower] = 1
        return steps

    def _top(self, group: int) -> int:
        return self.count + 2 * group

    def _bottom(self, group: int) -> int:
        return self.count + 2 * group + 1

    def tangled(self, ends: Iterable[End]) -> set[int]:
        """Groups that would have to be above and below each other at once.

        Examples
        --------
        >>> Nests(4, [({0, 1}, -1), ({2, 3}, -1)]).tangled([(0, 2), (3, 1)])
        {0, 1}
        """
        total = self.count + 2 * len(self.parents)
        steps = list(self._steps(ends))
        forward = set(_sorted(total, steps))
        backward = set(_sorted(total, [(b, a) for a, b in steps]))
        stuck = set(range(self.count, total)) - forward - backward
        return {(v - self.count) // 2 for v in stuck}

    def ranks(self, ends: Sequence[End], least: Sequence[int]) -> list[int]:
        """Layers, none above the one in `least`, that keep each group together.

        Examples
        --------
        >>> Nests(3, [({1, 2}, -1)]).ranks([(0, 2), (1, 2)], [0, 0, 1])
        [0, 1, 2]
        """
        total = self.count + 2 * len(self.parents)
        steps = self._steps(ends)
        order = _sorted(total, list(steps))
        below: list[list[End]] = [[] for _ in range(total)]
        has_input = [False] * self.count
        for (upper, lower), step in steps.items():
            below[upper].append((lower, step))
        for _, target in ends:
            has_input[target] = True
        ranks = [*least, *[0] * (total - self.count)]
        for v in order:
            for lower, step in below[v]:
                ranks[lower] = max(ranks[lower], ranks[v] + step)
        for v in range(self.count):  # what only waits stands just above its first reader
            if not has_input[v] and below[v]:
                ranks[v] = max(ranks[v], min(ranks[lower] - step for lower, step in below[v]))
        used = {rank: number for number, rank in enumerate(sorted(set(ranks[: self.count])))}
        return [used[rank] for rank in ranks[: self.count]]

    def seat_dummies(self, layered: Layered) -> None:
        """Give each dummy the group that its edge runs through there; groups get a full column."""
        for _ in range(len(layered.ranks) - self.count):
            self.seats.append(-1)
        self.spans = self._spans(layered)
        targets: dict[tuple[int, int], list[int]] = {}
        for link in layered.links:
            targets.setdefault((link.source, link.copy), []).append(link.target)
        for key, trunk in layered.trunks.items():
            for dummy in trunk:
                rank = layered.ranks[dummy]
                ahead = [self.chain(t) for t in targets[key] if layered.ranks[t] > rank]
                shared = [
                    group
                    for group in self.chain(key[0]) + (ahead[0] if ahead else ())
                    if self.spans[group][0] <= rank <= self.spans[group][1]
                    and (group in self.chain(key[0]) or all(group in other for other in ahead))
                ]
                self.seats[dummy] = max(shared, key=lambda g: len(self.chains[g]), default=-1)
        filled = {(g, layered.ranks[v]) for v in range(len(self.seats)) for g in self.chain(v)}
        for group, (first, last) in reversed(list(enumerate(self.spans))):
            for rank in range(first, last + 1):
                if (group, rank) not in filled:
                    layered.add_dummy(rank)
                    self.seats.append(group)
                    filled.update((outer, rank) for outer in self.chains[group])

    def _spans(self, layered: Layered) -> list[tuple[int, int]]:
        """First and last layer of each group."""
        ranks: list[list[int]] = [[] for _ in self.parents]
        for v in range(self.count):
            for group in self.chain(v):
                ranks[group].append(layered.ranks[v])
        return [(min(found), max(found)) for found in ranks]

    # ------------------------------------------------------------------ places

    def sort(self, layered: Layered, x: Sequence[float]) -> None:
        """Order all layers from left to right by x, each group as one, at the mean of its x."""
        members: list[list[float]] = [[] for _ in self.parents]
        for v in range(self.count):
            for group in self.chain(v):
                members[group].append(x[v])
        means = [sum(found) / len(found) for found in members]
        self.keys = [
            (*((means[group], group, 0) for group in self.chain(v)), (x[v], -1, v))
            for v in range(len(self.seats))
        ]
        layered.layers = [sorted(layer, key=self.keys.__getitem__) for layer in layered.layers]

    def borders(self, u: int, v: int) -> float:
        """The room that the frames between two neighbours of a layer need."""
        out, into = self.chain(u), self.chain(v)
        shared = sum(1 for a, b in zip(out, into, strict=False) if a == b)
        return PAD * (len(out) + len(into) - 2 * shared)

    @cached_property
    def _events(self) -> list[tuple[str, int]]:
        """What comes from left to right: boxes and dummies, and the borders of groups."""
        events: list[tuple[str, int]] = []
        opened: tuple[int, ...] = ()
        for v in sorted(range(len(self.seats)), key=self.keys.__getitem__):
            chain = self.chain(v)
            while opened != chain[: len(opened)]:
                events.append(("close", opened[-1]))
                opened = opened[:-1]
            events += [("open", group) for group in chain[len(opened) :]]
            events.append(("box", v))
            opened = chain
        return events + [("close", group) for group in reversed(opened)]

    def push_apart(
        self, layered: Layered, x: Sequence[float], half: Sequence[float]
    ) -> tuple[list[float], list[tuple[float, float]]]:
        """Places near x where no two frames, and no frame and a box outside, overlap.

        All conditions are of the form `a + distance <= b`, so the mean of two solutions is one:
        of that which moves things only to the right, and that which moves them only to the left.
        """
        right = self._pushed(layered, x, half, self._events)
        mirrored = [
            ({"open": "close", "close": "open"}.get(what, what), n)
            for what, n in reversed(self._events)
        ]
        left = self._pushed(layered, [-a for a in x], half, mirrored)
        places = [(a - b) / 2 for a, b in zip(right[0], left[0], strict=True)]
        borders = [
            ((a[0] - b[1]) / 2, (a[1] - b[0]) / 2) for a, b in zip(right[1], left[1], strict=True)
        ]
        self._settle(layered, places, half, borders)
        return places, self._tightened(places, half, borders)

    def _settle(
        self,
        layered: Layered,
        x: list[float],
        half: Sequence[float],
        borders: Sequence[tuple[float, float]],
    ) -> None:
        """Straighten edges again: each box goes to those it follows, as far as it has room."""
        above = followed(layered, layered.above, layered.below)
        below = followed(layered, layered.below, layered.above)
        for turn in range(ROUNDS):
            down = turn % 2 == 0
            for layer in layered.layers if down else reversed(layered.layers):
                for slot, v in enumerate(layer):
                    near = above[v] if down else below[v]
                    if not near:
                        continue
                    wanted = sum(x[u] for u in near) / len(near)
                    left = layer[slot - 1] if slot else None
                    right = layer[slot + 1] if slot + 1 < len(layer) else None
                    start = self._limit(left, v, x, half, borders, 1)
                    stop = self._limit(right, v, x, half, borders, -1)
                    x[v] = max(start, min(wanted, stop))

    def _limit(
        self,
        neighbour: int | None,
        v: int,
        x: Sequence[float],
        half: Sequence[float],
        borders: Sequence[tuple[float, float]],
        side: int,
    ) -> float:
        """How far to the left (side 1) or right (-1) a box may go, for its neighbour and frames."""
        own, other = self.chain(v), () if neighbour is None else self.chain(neighbour)
        limits = [borders[g][side < 0] + side * PAD for g in own if g not in other]
        if neighbour is not None:
            gap = SPACE if max(neighbour, v) < self.count else LANE
            limits.append(x[neighbour] + side * (half[neighbour] + gap))
            limits += [borders[g][side > 0] + side * gap for g in other if g not in own]
        if not limits:
            return -side * 1e9
        return (max(limits) if side > 0 else min(limits)) + side * half[v]

    def _pushed(
        self,
        layered: Layered,
        x: Sequence[float],
        half: Sequence[float],
        events: Sequence[tuple[str, int]],
    ) -> tuple[list[float], list[tuple[float, float]]]:
        """Move things to the right as far as what is left of them asks for."""
        places = list(x)
        starts, stops = [0.0] * len(self.parents), [0.0] * len(self.parents)
        edges = [-1e9] * len(layered.layers)  # per layer, where the last thing ended
        gaps = [0.0] * len(layered.layers)  # and the distance that it wants
        for what, number in events:
            if what == "box":
                rank, gap = layered.ranks[number], SPACE if number < self.count else LANE
                least = edges[rank] + min(gaps[rank], gap) + half[number]
                places[number] = max(places[number], least)
                edges[rank], gaps[rank] = places[number] + half[number], gap
                continue
            span = range(self.spans[number][0], self.spans[number][1] + 1)
            if what == "open":
                starts[number] = max(edges[rank] + min(gaps[rank], LANE) for rank in span)
                wanted = [x[v] - half[v] for v in self._inside[number]]
                starts[number] = max(starts[number], min(wanted) - PAD * self._height[number])
                for rank in span:
                    edges[rank], gaps[rank] = starts[number] + PAD, 0.0
            else:
                stops[number] = max(edges[rank] for rank in span) + PAD
                stops[number] = max(stops[number], starts[number] + self.widths[number])
                for rank in span:
                    edges[rank], gaps[rank] = stops[number], SPACE
        return places, list(zip(starts, stops, strict=True))

    @cached_property
    def _inside(self) -> list[list[int]]:
        inside: list[list[int]] = [[] for _ in self.parents]
        for v in range(len(self.seats)):
            for group in self.chain(v):
                inside[group].append(v)
        return inside

    @cached_property
    def _height(self) -> list[int]:
        """Per group, how many frames are nested in it at most, and itself."""
        heights = [1] * len(self.parents)
        for number in reversed(range(len(self.parents))):
            parent = self.parents[number]
            if parent >= 0:
                heights[parent] = max(heights[parent], heights[number] + 1)
        return heights

    def _tightened(
        self,
        x: Sequence[float],
        half: Sequence[float],
        borders: Sequence[tuple[float, float]],
    ) -> list[tuple[float, float]]:
        """Frames as narrow as their members and titles allow."""
        tight = list(borders)
        for number in reversed(range(len(borders))):
            within = [(x[v] - half[v], x[v] + half[v]) for v in self._inside[number]]
            within += [tight[n] for n, parent in enumerate(self.parents) if parent == number]
            start, stop = min(a for a, _ in within) - PAD, max(b for _, b in within) + PAD
            stop = max(stop, min(start + self.widths[number], borders[number][1]))
            tight[number] = (min(start, stop - self.widths[number]), stop)
        return tight


def _sorted(total: int, ends: Iterable[End]) -> list[int]:
    """Vertices after those above them; those on a cycle, or after one, are missing."""
    below: list[list[int]] = [[] for _ in range(total)]
    waiting = [0] * total
    for upper, lower in ends:
        below[upper].append(lower)
        waiting[lower] += 1
    order = [v for v in range(total) if not waiting[v]]
    for v in order:  # grows while it is read
        for lower in below[v]:
            waiting[lower] -= 1
            if not waiting[lower]:
                order.append(lower)
    return order
