"""Where a graph repeats itself: stretches of ops that are the same block again and again."""

import heapq
from dataclasses import dataclass

import numpy as np

from .graph import Edge, Graph, Vertex

LEAST = 3  # repetitions that are worth folding
LONGEST = 2000  # ops in a block
PASSES = 4  # a loop over what another loop made is seen only when that one is known
TURNED = 500  # ops in a block up to which every op is tried as its first


@dataclass(frozen=True)
class Repeat:
    """Ops `start` up to `stop`, by their number among the ops: `count` times `period` ops."""

    start: int
    period: int
    count: int

    @property
    def stop(self) -> int:
        """The first op after it."""
        return self.start + self.period * self.count


def find_repeats(graph: Graph) -> list[Repeat]:
    """Stretches that don't overlap, from left to right; those that save most vertices win.

    Examples
    --------
    >>> names = ["exp", "sin", "cos", "sin", "cos", "sin", "cos", "log"]
    >>> ops = tuple(Vertex(f"v{i}", "op", name) for i, name in enumerate(names))
    >>> edges = tuple(Edge(f"v{i}", f"v{i + 1}") for i in range(len(ops) - 1))
    >>> find_repeats(Graph(ops, edges))
    [Repeat(start=1, period=2, count=3)]
    """
    reader = _Wiring(graph)
    taken = np.zeros(len(reader.ops), bool)
    found: list[Repeat] = []
    for _ in range(PASSES if reader.ordered else 0):
        more = _search(reader, reader.codes(found), taken)
        if not more:
            break
        found += more
    return sorted(found, key=lambda repeat: repeat.start)


def _search(reader: "_Wiring", codes: np.ndarray, taken: np.ndarray) -> list[Repeat]:
    """One pass: stretches that don't overlap each other or what is taken; marks them as taken."""
    queue = [
        (-(size // period - 1) * period, period, start, start + size)
        for period in range(1, min(len(codes) // LEAST, LONGEST) + 1)
        for start, size in _stretches(codes, period)
    ]
    heapq.heapify(queue)
    found = []
    while queue:
        _, period, start, stop = heapq.heappop(queue)
        if taken[start:stop].any():  # what is left of it has to queue again
            left, right = _longest_gap(taken, start, stop)
            if right - left >= (LEAST - 1) * period:
                saved = ((right - left) // period - 1) * period
                heapq.heappush(queue, (-saved, period, left, right))
            continue
        repeat = _best_turn(reader, period, start, stop, taken)
        if repeat.count >= LEAST:
            taken[repeat.start : repeat.stop] = True
            found.append(repeat)
    return found


def _stretches(codes: np.ndarray, period: int) -> list[tuple[int, int]]:
    """Start and size of all stretches in which every op equals the one a period before.

    They may be a block too short: the first one often looks different.
    """
    differs = np.flatnonzero(codes[period:] != codes[:-period])
    bounds = np.concatenate([[-1], differs, [len(codes) - period]])
    sizes = np.diff(bounds) - 1
    long = np.flatnonzero(sizes >= (LEAST - 2) * period)
    return [(int(bounds[i]) + 1, int(sizes[i]) + period) for i in long]


def _longest_gap(taken: np.ndarray, start: int, stop: int) -> tuple[int, int]:
    """The longest part that is free."""
    bounds = np.concatenate([[-1], np.flatnonzero(taken[start:stop]), [stop - start]])
    sizes = np.diff(bounds) - 1
    longest = int(sizes.argmax())
    left = start + int(bounds[longest]) + 1
    return left, left + int(sizes[longest])


def _best_turn(reader: "_Wiring", period: int, start: int, stop: int, taken: np.ndarray) -> Repeat:
    """A stretch may begin anywhere in a block: begin where the most whole blocks fit.

    The first of them is seldom found by the stretch itself, since it reads leaves where the others
    read the block before, nor the last, whose results may have other readers: `is_like_next` takes
    them in.
    """
    best = Repeat(start, period, (stop - start) // period)
    for shift in range(period if period <= TURNED else 1):
        first, count = start + shift, (stop - start - shift) // period
        if count < LEAST - 1:
            break
        free = first >= period and not taken[first - period : first].any()
        if free and reader.is_like_next(first - period, period):
            first, count = first - period, count + 1
        after = first + count * period
        free = after + period <= len(taken) and not taken[after : after + period].any()
        if free and reader.is_like_next(after - period, period, first=False):
            count += 1
        if count > best.count:
            best = Repeat(first, period, count)
    return best


class _Wiring:
    """How each op looks, and from where it gets its inputs."""

    def __init__(self, graph: Graph) -> None:
        self.vertices = {vertex.id: vertex for vertex in graph.vertices}
        self.ops = [vertex for vertex in graph.vertices if vertex.kind == "op"]
        self.numbers = {vertex.id: number for number, vertex in enumerate(self.ops)}
        self.inputs: list[list[Edge]] = [[] for _ in self.ops]
        order = {vertex.id: number for number, vertex in enumerate(graph.vertices)}
        self.ordered = True  # every edge goes from an older vertex to a newer one
        for edge in graph.edges:
            self.ordered = self.ordered and order[edge.source] < order[edge.target]
            if edge.target in self.numbers:
                self.inputs[self.numbers[edge.target]].append(edge)

    def codes(self, found: list[Repeat]) -> np.ndarray:
        """A number per op: equal for ops that look alike and are wired alike.

        A source that was read before is told by its last reader, another op by its distance, and
        a leaf by its looks: so the codes of a loop's body don't depend on the turn, be its weights
        shared or not. What comes from a known repeat is told by the place in its block alone.
        """
        seats = {
            number: (block, (number - repeat.start) % repeat.period)
            for block, repeat in enumerate(found)
            for number in range(repeat.start, repeat.stop)
        }
        readers: dict[str, tuple[int, int]] = {}
        known: dict[tuple, int] = {}
        codes = np.empty(len(self.ops), np.int64)
        for number, vertex in enumerate(self.ops):
            wiring: list[tuple] = []
            for slot, edge in enumerate(self.inputs[number]):
                origin = self._origin(number, edge.source, readers, seats)
                readers[edge.source] = number, slot
                wiring.append((edge.position, edge.label, origin))
            looks = ("known", number) if number in seats else (*_looks(vertex), *wiring)
            codes[number] = known.setdefault(looks, len(known))
        return codes

    def _origin(
        self,
        number: int,
        source: str,
        readers: dict[str, tuple[int, int]],
        seats: dict[int, tuple[int, int]],
    ) -> tuple:
        reader, slot = readers.get(source, (-1, 0))
        if reader >= 0 and reader not in seats:
            return "again", number - reader, slot
        made = self.numbers.get(source, -1)
        if made in seats or reader >= 0:
            return "in a repeat", seats.get(made) or seats[reader], slot if made < 0 else 0
        if made >= 0:
            return "result", number - made
        return self.vertices[source].kind, self.vertices[source].shape

    def is_like_next(self, start: int, period: int, first: bool = True) -> bool:
        """Whether the block at `start` is like the next, but for where they read from outside.

        Where one reads an op from outside, so has the other, unless the block is the first.
        """
        after = start + period
        for number in range(start, after):
            twin = number + period
            if _looks(self.ops[number]) != _looks(self.ops[twin]):
                return False
            if len(self.inputs[number]) != len(self.inputs[twin]):
                return False
            for edge, other in zip(self.inputs[number], self.inputs[twin], strict=True):
                mine = self.numbers.get(edge.source, -1)
                its = self.numbers.get(other.source, -1)
                outside = mine < start and its < after
                if not outside and its - mine != period:
                    return False
                if not first and (mine < 0) != (its < 0):
                    return False
                shapes = {self.vertices[end.source].shape for end in (edge, other)}
                if len(shapes) > 1 or edge.position != other.position:
                    return False
        return True


def _looks(vertex: Vertex) -> tuple:
    return vertex.op or vertex.label, vertex.shape, vertex.dtype
