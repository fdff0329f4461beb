"""A layered drawing of a graph: where each box is, and the way of each edge. Needs no program.

`layers` gives every vertex a layer and a place in its order, `places` the x; here follow y and
the routes. The boxes of a layer stand in a band; edges run vertically through bands and bend
only in the gaps between them, so an edge never crosses a box. Units are px, y grows downwards.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..graph import Edge, Graph, Vertex
from ..style import CUT, DETAIL_SIZE, box_size, text_width
from .clusters import Cluster, find_clusters
from .layers import Layered, arrange, assign_ranks
from .nests import Nests
from .places import LANE, place, separate

MARGIN = 16.0
PORT = 14.0  # between the ends of two edges at the same box
GAP = 26.0  # between two layers, at least, and without the arrow heads
ARROW = 12.0  # the straight end of an edge
LABEL = 14.0  # height of an edge's label
HEAD = 20.0  # height of a frame's title
TITLE = 9.0  # between a frame's side and its title, and around it
FOOT = 10.0  # between a frame's bottom and what is inside

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """The place of a vertex: its centre and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Route:
    """The way of an edge, from the bottom of its source down to the top of its target.

    Two neighbouring points are joined by a straight line where their x agree, and otherwise by
    `bend`. The label goes to `label_at`, to the left of that point (`label_side` -1) or right (1).
    """

    edge: Edge
    points: tuple[Point, ...]
    label_at: Point = (0.0, 0.0)
    label_side: int = 1


@dataclass(frozen=True)
class Frame:
    """The frame of a module: its left upper corner, its size, and how deep it is nested.

    The title stands in its upper part, `HEAD` px high, and begins at `title_left`: on the left,
    unless edges come in there and none on the right.
    """

    title: str
    path: str
    left: float
    top: float
    width: float
    height: float
    depth: int = 0
    title_left: float = 0.0


@dataclass(frozen=True)
class Layout:
    """A drawing without its style: what renderers need besides the graph.

    Frames go behind everything, outer ones first.
    """

    width: float
    height: float
    boxes: dict[str, Box]
    routes: tuple[Route, ...]
    frames: tuple[Frame, ...] = ()


def lay_out(graph: Graph, size: Callable[[Vertex], tuple[float, float]] = box_size) -> Layout:
    """Place the vertices of a graph and route its edges.

    Parameters
    ----------
    graph
        Any graph without cycles.
    size
        Width and height of a vertex's box.

    Returns
    -------
    Layout
        Every edge points down, no two boxes overlap, and the same graph gives the same layout.

    Raises
    ------
    ValueError
        If the graph has a cycle, or an edge names an unknown vertex.

    Examples
    --------
    >>> graph = Graph(
    ...     (Vertex("x", "leaf", "x"), Vertex("f", "op", "exp")), (Edge("x", "f"),)
    ... )
    >>> layout = lay_out(graph)
    >>> layout.boxes["x"].y < layout.boxes["f"].y
    True
    """
    numbers = {vertex.id: number for number, vertex in enumerate(graph.vertices)}
    unknown = {end for edge in graph.edges for end in (edge.source, edge.target)} - set(numbers)
    if unknown:
        raise ValueError(f"edges name unknown vertices: {', '.join(sorted(unknown))}")
    count = len(graph.vertices)
    ends = [(numbers[edge.source], numbers[edge.target]) for edge in graph.edges]
    ranks = assign_ranks(count, ends)
    clusters = find_clusters(graph)
    nests = Nests(
        count,
        [({numbers[name] for name in c.members}, c.parent) for c in clusters],
        [text_width(c.title, DETAIL_SIZE) + 2 * FOOT for c in clusters],
    )
    layered = arrange(count, ends, nests.ranks(ends, ranks) if clusters else ranks)
    sizes = [size(vertex) for vertex in graph.vertices]
    return _Drawing(graph, layered, sizes, clusters, nests).finish()


def bend(start: Point, end: Point) -> tuple[Point, Point]:
    """Control points of the Bezier curve between two points: it leaves and arrives vertically.

    Examples
    --------
    >>> bend((0, 0), (30, 40))
    ((0, 20.0), (30, 20.0))
    """
    middle = (start[1] + end[1]) / 2
    return (start[0], middle), (end[0], middle)


class _Drawing:
    """One drawing in the making; vertices and edges go by their numbers in the graph."""

    def __init__(
        self,
        graph: Graph,
        layered: Layered,
        sizes: Sequence[tuple[float, float]],
        clusters: tuple[Cluster, ...],
        nests: Nests,
    ) -> None:
        self.graph, self.layered, self.sizes = graph, layered, sizes
        self.clusters, self.nests = clusters, nests
        if clusters:
            nests.seat_dummies(layered)
        half = [width / 2 for width, _ in sizes] + [0.0] * (len(layered.ranks) - layered.real)
        for edge, link in zip(graph.edges, layered.links, strict=True):
            if edge.label:  # room beside the box for the label
                room = PORT + text_width(edge.label, DETAIL_SIZE)
                half[link.target] = max(half[link.target], sizes[link.target][0] / 2 + room)
        self.x, self.borders = self._places(half)
        self.right = max((x + w for x, w in zip(self.x, half, strict=True)), default=MARGIN)
        self.right = max([self.right, *(right for _, right in self.borders)])
        empty = [key for key, trunk in layered.trunks.items() if not trunk]
        self.lanes = {key: self.right + LANE * (n + 1) for n, key in enumerate(empty)}
        self.starts = [self._start(edge) for edge in range(len(graph.edges))]
        self.ends, self.rows = self._ends()
        self.top, self.bottom = self._bands()

    def _places(self, half: list[float]) -> tuple[list[float], list[tuple[float, float]]]:
        """The x of vertices and dummies, and the sides of the frames."""
        x = place(self.layered, half)
        borders: list[tuple[float, float]] = []
        if self.clusters:
            self.nests.sort(self.layered, x)
            x = place(self.layered, half, self.nests.borders)
            x, borders = self.nests.push_apart(self.layered, x, half)
        lefts = [a - w for a, w in zip(x, half, strict=True)] + [left for left, _ in borders]
        shift = MARGIN - min(lefts, default=0.0)
        sides = [(round(left + shift, 1), round(right + shift, 1)) for left, right in borders]
        return [round(a + shift, 1) for a in x], sides

    def finish(self) -> Layout:
        """Put it together."""
        boxes = {}
        for v, vertex in enumerate(self.graph.vertices):
            boxes[vertex.id] = Box(self.x[v], self._middle(v), *self.sizes[v])
        runs = {key: self._runs(key) for key in self.layered.trunks}
        routes = tuple(self._route(number, runs) for number in range(len(self.graph.edges)))
        width = max([self.right, *self.lanes.values()]) + MARGIN
        height = self.bottom[-1] + self.foot + MARGIN if self.bottom else 2 * MARGIN
        return Layout(round(width, 1), round(height, 1), boxes, routes, self._frames(routes))

    def _frames(self, routes: tuple[Route, ...]) -> tuple[Frame, ...]:
        """Frames begin above the ends of the edges that come in."""
        frames = []
        for number, cluster in enumerate(self.clusters):
            (left, right), (first, last) = self.borders[number], self.nests.spans[number]
            top = self.top[first] - ARROW - self.label_room[first] - HEAD * self.starting[number]
            height = self.bottom[last] + FOOT * self.ending[number] - top
            size = (round(right - left, 1), round(height, 1))
            depth = len(self.nests.chains[number]) - 1
            at = _title_left(cluster.title, left, right, _crossing(routes, top, top + HEAD))
            frames.append(Frame(cluster.title, cluster.path, left, round(top, 1), *size, depth, at))
        return tuple(frames)

    def _nested(self) -> tuple[list[int], list[int]]:
        """Per frame, how many begin in its first layer, inside it and itself; how many end."""
        starting, ending = [1] * len(self.clusters), [1] * len(self.clusters)
        for number in reversed(range(len(self.clusters))):
            parent, spans = self.clusters[number].parent, self.nests.spans
            if parent >= 0 and spans[parent][0] == spans[number][0]:
                starting[parent] = max(starting[parent], starting[number] + 1)
            if parent >= 0 and spans[parent][1] == spans[number][1]:
                ending[parent] = max(ending[parent], ending[number] + 1)
        return starting, ending

    def _start(self, number: int) -> float:
        """The x where an edge leaves: the middle of its source, unless it has a parallel edge."""
        link, copies = self.layered.links[number], self.layered.copies
        wide = min(PORT, (self.sizes[link.source][0] - 2 * CUT) / copies[link.source])
        return self.x[link.source] + wide * (link.copy - (copies[link.source] - 1) / 2)

    def _last_bend(self, number: int) -> float:
        """The x from which an edge comes to its target."""
        link, ranks = self.layered.links[number], self.layered.ranks
        span = ranks[link.target] - ranks[link.source]
        key = (link.source, link.copy)
        if span == 1:
            return self.starts[number]
        return self.lanes[key] if key in self.lanes else self.x[self.layered.trunks[key][span - 2]]

    def _ends(self) -> tuple[list[float], list[int]]:
        """Per edge the x where it arrives, in the order in which it comes, and its label's row."""
        arrivals: dict[int, list[int]] = {}
        for number, link in enumerate(self.layered.links):
            arrivals.setdefault(link.target, []).append(number)
        ends, rows = [0.0] * len(self.starts), [0] * len(self.starts)
        for target, numbers in arrivals.items():
            numbers.sort(key=lambda number: (self._last_bend(number), number))
            room = self.sizes[target][0] / 2 - CUT - 4
            port = min(PORT, 2 * room / len(numbers))
            wanted = [self._last_bend(number) - self.x[target] for number in numbers]
            wanted = separate(wanted, [1.0] * len(wanted), [port] * (len(wanted) - 1))
            for slot, (number, x) in enumerate(zip(numbers, wanted, strict=True)):
                low, high = port * slot - room, room - port * (len(numbers) - 1 - slot)
                ends[number] = round(self.x[target] + min(max(x, low), high), 1)
                # The outermost labels stand at their own sides, those between above them.
                rows[number] = slot if slot < len(numbers) - 1 else 0
        return ends, rows

    def _bands(self) -> tuple[list[float], list[float]]:
        """Top and bottom of the layers; wide bends and labels need higher gaps."""
        ranks, layers = self.layered.ranks, self.layered.layers
        reach, rows = [0.0] * len(layers), [0] * len(layers)
        for number, link in enumerate(self.layered.links):
            rank = ranks[link.target]
            reach[rank] = max(reach[rank], abs(self.ends[number] - self._last_bend(number)))
            if self.graph.edges[number].label:
                rows[rank] = max(rows[rank], self.rows[number] + 1)
        self.label_room = [LABEL * count for count in rows]
        self.starting, self.ending = self._nested()
        heads, feet = [0.0] * (len(layers) + 1), [0.0] * (len(layers) + 1)
        for number in range(len(self.clusters)):
            first, last = self.nests.spans[number]
            heads[first] = max(heads[first], HEAD * self.starting[number])
            feet[last] = max(feet[last], FOOT * self.ending[number])
        tops, bottoms, y = [], [], MARGIN
        for rank, layer in enumerate(layers):
            if rank:
                y += GAP + min(reach[rank] / 8, 40.0) + ARROW + self.label_room[rank]
                y += heads[rank] + feet[rank - 1]
            elif heads[0]:
                y += heads[0] + ARROW
            tops.append(round(y, 1))
            y += max((self.sizes[v][1] for v in layer if v < self.layered.real), default=LANE)
            bottoms.append(round(y, 1))
        self.foot = feet[len(layers) - 1]
        return tops, bottoms

    def _middle(self, v: int) -> float:
        rank = self.layered.ranks[v]
        return round((self.top[rank] + self.bottom[rank]) / 2, 1)

    def _runs(self, key: tuple[int, int]) -> list[tuple[float, int, int]]:
        """A trunk's straight parts: x, first and last layer."""
        runs: list[tuple[float, int, int]] = []
        for dummy in self.layered.trunks[key]:
            rank = self.layered.ranks[dummy]
            if runs and runs[-1][0] == self.x[dummy]:
                runs[-1] = (self.x[dummy], runs[-1][1], rank)
            else:
                runs.append((self.x[dummy], rank, rank))
        return runs

    def _route(
        self, number: int, all_runs: dict[tuple[int, int], list[tuple[float, int, int]]]
    ) -> Route:
        link, edge = self.layered.links[number], self.graph.edges[number]
        first, last = self.layered.ranks[link.source], self.layered.ranks[link.target]
        key, start, end = (link.source, link.copy), self.starts[number], self.ends[number]
        runs = [(self.lanes[key], first + 1, last)] if key in self.lanes else all_runs.get(key, [])
        points = [
            (start, self._middle(link.source) + self.sizes[link.source][1] / 2),
            (start, self.bottom[first]),
        ]
        for x, begin, stop in runs:
            if begin < last:
                points += [(x, self.top[begin]), (x, self.bottom[min(stop, last - 1)])]
        arrive = self.top[last] - ARROW - self.label_room[last]
        tip = (end, self._middle(link.target) - self.sizes[link.target][1] / 2)
        side = -1 if end < self.x[link.target] else 1
        label_at = (end + 5 * side, self.top[last] - ARROW / 2 - LABEL * self.rows[number])
        return Route(edge, _straightened([*points, (end, arrive), tip]), label_at, side)


def _straightened(points: list[Point]) -> tuple[Point, ...]:
    """Without the points inside straight vertical lines."""
    kept = points[:1]
    for point, after in pairwise(points[1:]):
        if not kept[-1][0] == point[0] == after[0]:
            kept.append(point)
    rounded = [(round(x, 1), round(y, 1)) for x, y in [*kept, points[-1]]]
    return tuple(rounded)


def _crossing(routes: tuple[Route, ...], top: float, bottom: float) -> list[tuple[float, float]]:
    """From where to where edges run sideways between two heights, at most."""
    found = []
    for route in routes:
        for (x, y), (next_x, next_y) in pairwise(route.points):
            if y < bottom and next_y > top:
                found.append((min(x, next_x), max(x, next_x)))
    return found


def _title_left(
    title: str, left: float, right: float, crossing: list[tuple[float, float]]
) -> float:
    """Where a title stands in the way of no edge, if it need not."""
    width = text_width(title, DETAIL_SIZE)
    for x in (left + TITLE, right - TITLE - width):
        if all(b < x - TITLE or a > x + width + TITLE for a, b in crossing):
            return round(x, 1)
    return left + TITLE
