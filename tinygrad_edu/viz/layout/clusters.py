"""Which boxes belong to which module: the frames of a picture.

A parameter belongs to the module that owns it. An op that reads parameters belongs to the innermost
module that contains them all; one that reads none belongs to the innermost module that contains
both the op before it and the op after it. So the ReLU between two layers of a block is in the
block, and the loss is in no module. Nor is a penalty, which makes a number of parameters alone. But
a normalisation is in the module that scales its result.
Nothing else is known: a module leaves no mark in the graph.
"""

import math
from dataclasses import dataclass

from ..graph import Graph, Vertex, common_module
from .nests import Nests

# Ops that read no parameter, yet are the better half of a module.
_NORMALISES = ("normalize", "rms_norm")


@dataclass(frozen=True)
class Cluster:
    """A module with its boxes, or one of its calls, if other ops ran between them.

    Attributes
    ----------
    path
        Of the module: `"net.0"`.
    title
        What the frame says: the path, within the frame around it, and the module's class.
    members
        Ids of all vertices inside, also of those in frames within this one.
    parent
        Number of the frame around it, or -1.
    """

    path: str
    title: str
    members: tuple[str, ...]
    parent: int = -1


def find_clusters(graph: Graph) -> tuple[Cluster, ...]:
    """The frames of a graph, outer ones first.

    Every two are nested or disjoint, and none has to be left and entered again on the way down.

    Examples
    --------
    >>> from tinygrad_edu import nn, randn
    >>> from tinygrad_edu.viz import read_graph
    >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> [(c.title, c.members) for c in find_clusters(read_graph(net(randn(5, 4)), net))]
    [('0: Linear', ('v1', 'v2', 'v3')), ('2: Linear', ('v5', 'v6', 'v7'))]
    """
    owners = _owners(graph)
    if not owners:
        return ()
    order = {vertex.id: number for number, vertex in enumerate(graph.vertices)}
    inputs: list[list[int]] = [[] for _ in graph.vertices]
    for edge in graph.edges:
        inputs[order[edge.target]].append(order[edge.source])
    groups = _groups({order[name]: path for name, path in owners.items()}, inputs)
    ends = [(u, v) for v, sources in enumerate(inputs) for u in sources]
    while tangled := Nests(len(inputs), [(g.members, g.parent) for g in groups]).tangled(ends):
        groups = _without(groups, tangled)
    classes = dict(graph.modules)
    clusters = []
    for group in groups:
        outer = groups[group.parent].path + "." if group.parent >= 0 else ""
        title = group.path.removeprefix(outer)
        if group.path in classes:
            title += f": {classes[group.path]}"
        members = tuple(graph.vertices[v].id for v in sorted(group.members))
        clusters.append(Cluster(group.path, title, members, group.parent))
    return tuple(clusters)


def _owners(graph: Graph) -> dict[str, str]:
    """The module of each vertex that has one."""
    vertices = {vertex.id: vertex for vertex in graph.vertices}
    sources: dict[str, list[str]] = {}
    readers: dict[str, list[str]] = {}
    for edge in graph.edges:
        sources.setdefault(edge.target, []).append(edge.source)
        readers.setdefault(edge.source, []).append(edge.target)
    parameters = {v.id: v.cluster for v in graph.vertices if v.kind == "parameter"}
    if not any(parameters.values()) and not any(v.cluster for v in graph.vertices):
        return {}
    penalties = _penalties(graph, sources, readers)
    direct: dict[str, str] = {}
    disguised: dict[str, str] = {}  # parameters behind a transpose or the like
    for vertex in graph.vertices:
        if vertex.kind in ("op", "block") and vertex.id not in penalties:
            read = sources.get(vertex.id, [])
            found = [parameters.get(s, disguised.get(s)) for s in read]
            known = [path for path in found if path is not None]
            if vertex.kind == "block" and vertex.cluster:
                direct[vertex.id] = vertex.cluster
            elif known:
                direct[vertex.id] = _innermost(known)
                if len(read) == 1 and _size(vertex) == _size(vertices[read[0]]):
                    disguised[vertex.id] = known[0]
    for vertex in graph.vertices:
        if vertex.op in _NORMALISES:
            reader = _scaled_by(vertex, vertices, readers)
            if reader in direct:
                direct[vertex.id] = direct[reader]
    ops = [v.id for v in graph.vertices if v.kind in ("op", "block")]
    before = _flow(ops, sources, direct, set(ops))
    after = _flow(ops[::-1], readers, direct, set(vertices))
    owners = {name: path for name, path in parameters.items() if path}
    for name in ops:
        path = direct.get(name, common_module(before[name], after[name]))
        if path:
            owners[name] = path
    return owners


def _scaled_by(vertex: Vertex, vertices: dict[str, Vertex], readers: dict[str, list[str]]) -> str:
    """The product with a parameter that follows, past changes of shape; "" if there is none."""
    after = readers.get(vertex.id, [])
    while len(after) == 1 and vertices[after[0]].op in ("reshape", "transpose"):
        after = readers.get(after[0], [])
    return after[0] if len(after) == 1 and vertices[after[0]].op == "mul" else ""


def _penalties(
    graph: Graph, sources: dict[str, list[str]], readers: dict[str, list[str]]
) -> set[str]:
    """Ops that make numbers of arrays of parameters, and read no data."""
    arrays: dict[str, bool] = {}  # what is made of parameters alone: was one of them an array?
    for vertex in graph.vertices:
        read = sources.get(vertex.id)
        if vertex.kind == "parameter":
            arrays[vertex.id] = _size(vertex) not in (1, None)
        elif vertex.kind == "op" and read and all(name in arrays for name in read):
            arrays[vertex.id] = any(arrays[name] for name in read)
    found: set[str] = set()
    for vertex in reversed(graph.vertices):
        if vertex.kind == "op" and arrays.get(vertex.id):
            after = [name for name in readers.get(vertex.id, []) if name in arrays]
            used = len(after) < len(readers.get(vertex.id, []))
            if set(after) <= found and ((after and not used) or _size(vertex) == 1):
                found.add(vertex.id)
    return found


def _flow(
    ops: list[str], neighbours: dict[str, list[str]], direct: dict[str, str], counted: set[str]
) -> dict[str, str]:
    """The module that each op comes from (or goes to): of its neighbours, unless it has its own."""
    flow: dict[str, str] = {}
    for name in ops:
        near = [n for n in neighbours.get(name, []) if n in counted]
        flow[name] = direct.get(name, _innermost([flow.get(n, "") for n in near]))
    return flow


def _innermost(paths: list[str]) -> str:
    shared = paths[0] if paths else ""
    for path in paths[1:]:
        shared = common_module(shared, path)
    return shared


def _size(vertex: Vertex) -> int | None:
    """How many elements, so that a transpose counts as the same and a sum does not."""
    return None if vertex.shape is None else math.prod(vertex.shape)


@dataclass(frozen=True)
class _Group:
    path: str
    members: frozenset[int]
    parent: int


def _groups(owners: dict[int, str], inputs: list[list[int]]) -> list[_Group]:
    """Modules level by level, each divided into the calls that other ops separate."""
    groups: list[_Group] = []
    waiting = [("", frozenset(owners), -1)]
    for prefix, members, parent in waiting:  # grows while it is read
        inner: dict[str, set[int]] = {}
        for v in members:
            if owners[v] != prefix:
                rest = owners[v][len(prefix) + 1 :] if prefix else owners[v]
                name = rest.partition(".")[0]
                inner.setdefault(f"{prefix}.{name}" if prefix else name, set()).add(v)
        for path, whole in sorted(inner.items(), key=lambda item: min(item[1])):
            for call in _calls(whole, inputs):
                same = parent >= 0 and groups[parent].members == call
                if same:  # one frame for both, with the inner name
                    groups[parent] = _Group(path, call, groups[parent].parent)
                else:
                    groups.append(_Group(path, call, parent))
                waiting.append((path, call, parent if same else len(groups) - 1))
    return groups


def _calls(members: set[int], inputs: list[list[int]]) -> list[frozenset[int]]:
    """Divide the ops of a module where a way from one to the other leaves the module."""
    calls: dict[int, int] = {}  # of all that comes after a member, how often the module was left
    first, last = min(members), max(members)
    for v in range(first, last + 1):
        counts = [calls[u] + (v in members and u not in members) for u in inputs[v] if u in calls]
        if counts or v in members:
            calls[v] = max(counts, default=0)
    readers: dict[int, int] = {}  # a parameter stands at its first reader
    for v in members:
        for u in inputs[v]:
            if u in members and not inputs[u]:
                readers[u] = min(readers.get(u, calls[v]), calls[v])
    calls.update(readers)
    parts: dict[int, set[int]] = {}
    for v in members:
        parts.setdefault(calls[v], set()).add(v)
    return [frozenset(parts[number]) for number in sorted(parts) if len(parts[number]) > 1]


def _without(groups: list[_Group], dropped: set[int]) -> list[_Group]:
    """Groups whose frames would have to overlap go; what is inside them moves out."""
    numbers = {-1: -1}
    kept: list[_Group] = []
    for number, group in enumerate(groups):
        parent = numbers[group.parent]
        numbers[number] = parent if number in dropped else len(kept)
        if number not in dropped:
            kept.append(_Group(group.path, group.members, parent))
    return kept
