"""A program that stopped with an error: the graph up to there, with the op that failed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import replace
from linecache import getline
from traceback import walk_tb
from types import FrameType, SimpleNamespace
from typing import Any

from tinygrad_edu.engine import LEAF, Node, Primitive, box, is_tensor, tick

from ..graph import Graph, read_graph
from ..trace import Failure
from .recording import Kept, is_ours, names_of, remember
from .values import reachable


class _Nothing:
    """In place of the result that an op never had."""

    shape = None
    dtype = ""


def partial_graph(
    error: Exception, nodes: Iterable[Node], params: Any
) -> tuple[Graph, list[Node], Failure]:
    """What an error left behind.

    Parameters
    ----------
    error
        As it was caught, with its traceback.
    nodes
        What was recorded, and is still alive.
    params
        Names, as for `read_graph`.

    Returns
    -------
    graph, nodes, failure
        The graph; its nodes, of which the last is the op that failed, as is its last vertex.
    """
    op, given, options, caller = _culprit(error)
    edges = [t._node if t is not None and t._node is not LEAF else t for t in map(_tracked, given)]
    arrays = [value._array if is_tensor(value) else value for value in given]
    failed = Node(op, options, edges, arrays, _Nothing(), tick())
    remember(failed, Kept("", None, tuple(arrays), names_of(given, caller), arrays, failed.out))
    known = reachable([*nodes, failed])
    ends = set(known) - {e for node in known for e in node.edges if isinstance(e, Node)}
    roots = sorted(ends, key=lambda node: node.order)
    graph = _without_outputs(read_graph([box(None, node) for node in roots], params))
    last = graph.vertices[-1]
    into = tuple(edge.source for edge in graph.edges if edge.target == last.id)
    message, _, line = str(error).partition("\n  at ")
    failure = Failure(op.name, message or type(error).__name__, line or _line(error), into)
    return graph, known, failure


def _tracked(value: Any) -> Any:
    """A tensor with a history, or None."""
    return value if is_tensor(value) and value._node is not None else None


def _without_outputs(graph: Graph) -> Graph:
    """Nothing came out of a program that failed."""
    outputs = {vertex.id for vertex in graph.vertices if vertex.kind == "output"}
    return replace(
        graph,
        vertices=tuple(v for v in graph.vertices if v.id not in outputs),
        edges=tuple(e for e in graph.edges if e.target not in outputs),
    )


def _culprit(error: Exception) -> tuple[Any, list[Any], dict[str, Any], FrameType | None]:
    """The op that raised, its inputs and options, and the user's frame that called it.

    It may have been a function of this package that looked at its arguments before any op ran; or,
    if there is no such call, the user's own line: then it has the error's name.
    """
    frames = [frame for frame, _ in walk_tb(error.__traceback__)]
    users = [k for k, frame in enumerate(frames) if not is_ours(frame)]
    inner = frames[users[-1] + 1 :] if users else frames
    caller = frames[users[-1]] if users else None
    for frame in inner:
        if frame.f_code is Primitive.__call__.__code__:
            local = frame.f_locals
            return local["self"], list(local["args"]), dict(local["params"]), caller
    if inner:
        # Its name stands in the message: who raises may be a wrapper that all functions share.
        said = re.match(r"(\w+)(\(\))?: ", str(error))
        name = said[1] if said else inner[0].f_code.co_name.strip("_")
        return _stand_in(name), _tensors_among(inner[0]), {}, caller
    return _stand_in(type(error).__name__), [], {}, caller


def _stand_in(name: str) -> Any:
    return SimpleNamespace(name=name, elementwise=False)


def _tensors_among(frame: FrameType) -> list[Any]:
    """The tensors among the arguments of the function that a frame runs."""
    code = frame.f_code
    star = bool(code.co_flags & 0x04)  # *args comes after the named ones
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + star]
    found: list[Any] = []
    stack = [frame.f_locals.get(name) for name in reversed(names)]
    while stack:
        value = stack.pop()
        if is_tensor(value):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            stack.extend(reversed(value))
    return found


def _line(error: Exception) -> str:
    """The innermost line of the user's in a traceback."""
    for frame, number in reversed(list(walk_tb(error.__traceback__))):
        if not is_ours(frame):
            name = frame.f_code.co_filename
            return f"{os.path.basename(name)}:{number}: {getline(name, number).strip()}"
    return ""
