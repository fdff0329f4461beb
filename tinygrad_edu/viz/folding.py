"""Large graphs made readable: blocks of ops that repeat become one vertex with a count.

A layer that occurs 48 times, the step of a recurrent net, a chain of 10,000 multiplications: each
is a stretch of ops, in order of creation, in which every op looks like the one a period before it
and gets its inputs from the same places, relative to itself. `repeats` finds these stretches; here
they are replaced.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from .graph import Edge, Graph, Kind, Vertex, common_module
from .repeats import Repeat, find_repeats

LIMIT = 200  # vertices that a reader can still follow
NAMED = 4  # how many different ops of a block are named

Slot = tuple[int, int, int]  # number of the repeat, of the op in its block, and of the argument


def fold(graph: Graph, when: bool | None = None) -> Graph:
    """The same graph with one vertex for each block that repeats at least three times.

    Parameters
    ----------
    graph
        As `read_graph` returns it.
    when
        True folds, False does not; None folds what has more than 200 vertices.

    Returns
    -------
    Graph
        A folded vertex has the kind `"block"`, names its ops and says how often they repeat.
        Parameters and data that only one repetition reads are inside it, those that several
        share stay outside. The graph itself, if nothing repeats.

    Notes
    -----
    Ops repeat if their names, shapes and dtypes and the wiring among them are the same; scalars
    may differ. In the first repetition a leaf may stand where the others read the one before.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu.viz import read_graph
    >>> x = y = tg.tensor(2.0, requires_grad=True)
    >>> for _ in range(1000):
    ...     y = y * x
    >>> [vertex.lines for vertex in fold(read_graph(y)).vertices]
    [('leaf', '()'), ('mul', '()', '× 1000'), ('output', '()')]
    """
    if when is False or (when is None and len(graph.vertices) <= LIMIT):
        return graph
    repeats = find_repeats(graph)
    return _Folding(graph, repeats).finish() if repeats else graph


@dataclass(frozen=True)
class _Place:
    """Where an op is: number of the repeat, repetition, and number of the op in its block."""

    block: int
    turn: int
    step: int


class _Folding:
    """One folded graph in the making."""

    def __init__(self, graph: Graph, repeats: list[Repeat]) -> None:
        self.graph, self.repeats = graph, repeats
        self.vertices = {vertex.id: vertex for vertex in graph.vertices}
        self.ops = [vertex for vertex in graph.vertices if vertex.kind == "op"]
        self.places: dict[str, _Place] = {}
        for block, repeat in enumerate(repeats):
            for offset in range(repeat.period * repeat.count):
                place = _Place(block, *divmod(offset, repeat.period))
                self.places[self.ops[repeat.start + offset].id] = place
        self.ids = [self.ops[repeat.start].id for repeat in repeats]  # a block's is its first op's
        self.inside = self._absorbed()

    def finish(self) -> Graph:
        """Put it together; a block stands where its last op stood, so after all that it reads."""
        last = {self.ops[repeat.stop - 1].id: n for n, repeat in enumerate(self.repeats)}
        vertices = []
        for vertex in self.graph.vertices:
            if vertex.id in last:
                vertices.append(self._block(last[vertex.id]))
            elif vertex.id not in self.places and vertex.id not in self.inside:
                vertices.append(vertex)
        return Graph(tuple(vertices), tuple(self._edges()), self.graph.modules)

    def _seat(self, name: str) -> str:
        """The vertex that stands for this one now."""
        if name in self.places:
            return self.ids[self.places[name].block]
        return self.ids[self.inside[name]] if name in self.inside else name

    def _absorbed(self) -> dict[str, int]:
        """Leaves that belong to one repetition each, and the block that takes them in.

        The initial state of a loop is read by one repetition as well; it stays outside, because
        the other repetitions read no leaf there.
        """
        readers: dict[str, list[tuple[Edge, int]]] = {}
        slots: Counter[str] = Counter()
        for edge in self.graph.edges:
            if self.vertices[edge.source].kind in ("input", "leaf", "parameter"):
                readers.setdefault(edge.source, []).append((edge, slots[edge.target]))
            slots[edge.target] += 1
        candidates: dict[str, Slot] = {}
        for leaf, reads in readers.items():
            places = [self.places.get(edge.target) for edge, _ in reads]
            first = places[0]
            if first is None or None in places:
                continue
            turns = {place.turn for place in places if place and place.block == first.block}
            if len(turns) == 1:
                candidates[leaf] = (first.block, first.step, reads[0][1])
        filled = Counter(candidates.values())
        return {
            leaf: slot[0]
            for leaf, slot in candidates.items()
            if 2 * filled[slot] > self.repeats[slot[0]].count
        }

    def _block(self, number: int) -> Vertex:
        repeat = self.repeats[number]
        members = self.ops[repeat.start : repeat.stop]
        turns = [members[i : i + repeat.period] for i in range(0, len(members), repeat.period)]
        names = []
        for same in zip(*turns, strict=True):
            labels = {vertex.label for vertex in same}
            names.append(labels.pop() if len(labels) == 1 else same[0].op or same[0].label)
        read = {e.source for e in self.graph.edges if self._seat(e.target) == self.ids[number]}
        clusters = [self.vertices[name].cluster for name in sorted(read)]
        notes = [f"× {repeat.count}"]
        if inside := _in_words(self.vertices[n] for n, b in self.inside.items() if b == number):
            notes.append(f"with {inside}")
        return replace(
            members[-1],
            id=self.ids[number],
            kind="block",
            label=_title(names),
            value="",
            cluster=_common(name for name in clusters if name),
            notes=tuple(notes),
        )

    def _edges(self) -> Iterator[Edge]:
        """Edges between the same two vertices become one, with a count, if one is a block."""
        merged: dict[tuple[str, str], list[Edge]] = {}
        for number, edge in enumerate(self.graph.edges):
            source, target = self._seat(edge.source), self._seat(edge.target)
            folded = source in self.ids or target in self.ids
            key = (source, target) if folded else (str(number), "")
            if source != target:
                merged.setdefault(key, []).append(replace(edge, source=source, target=target))
        places = {vertex: number for number, vertex in enumerate(self._order())}
        positions: Counter[str] = Counter()
        for same in sorted(merged.values(), key=lambda edges: places[edges[0].target]):
            edge = same[0]
            if edge.target in self.ids:
                edge = replace(edge, position=positions[edge.target])
                positions[edge.target] += 1
            yield edge if len(same) == 1 else replace(edge, label=f"× {len(same)}")

    def _order(self) -> list[str]:
        """The new vertices, each at its last member."""
        return list(dict.fromkeys(self._seat(v.id) for v in reversed(self.graph.vertices)))[::-1]


def _title(names: list[str]) -> str:
    """`linear, relu`; equal neighbours are counted, and of many only the first are named."""
    counted = [(name, len(list(group))) for name, group in groupby(names)]
    texts = [name if count == 1 else f"{count} {name}" for name, count in counted]
    if len(texts) <= NAMED:
        return ", ".join(texts)
    return f"{len(names)} ops: " + ", ".join([*texts[: NAMED - 1], "…"])


def _in_words(leaves: Iterable[Vertex]) -> str:
    """`96 parameters, 48 inputs`."""
    words: dict[Kind, str] = {"parameter": "parameters", "leaf": "leaves", "input": "inputs"}
    counts = Counter(vertex.kind for vertex in leaves)
    return ", ".join(f"{counts[kind]} {word}" for kind, word in words.items() if counts[kind])


def _common(modules: Iterable[str]) -> str:
    shared: str | None = None
    for module in modules:
        shared = module if shared is None else common_module(shared, module)
    return shared or ""
