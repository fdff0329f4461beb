"""Short names for all values of a trace, so that formulas can be read.

A name is the first of these that there is: the one in `params` (a parameter's path in its
Module), the tensor's own `.name`, the variable that holds it where the trace was asked for, the one
that held it where an op was called with it, the one on the left of the line that made it. What is
left is numbered: data x, x2, leaves w, w2, results h1, h2; the result of all is L.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
import itertools
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from tinygrad_edu.engine import LEAF, is_tensor

from ..graph import ROLES
from .matching import Match
from .recording import kept, users_frame, variables_in

# By the identity of a tensor, a node or an array: its name, and itself, so that it lives on.
Variables = Mapping[int, tuple[str, Any]]
_PLAIN = {"leaf", "input", "output"}  # labels of things without a name


def name_all(match: Match, root: Any, variables: Variables) -> dict[str, str]:
    """A name for every vertex of a graph, no two the same (but the last op and its output).

    Parameters
    ----------
    match
        The graph.
    root
        The node (or leaf) of the result; None if there is none.
    variables
        From `variables_of`.
    """
    names: dict[str, str] = {}
    new = _Names()
    nobody = ("", None)
    held = _held(match)
    # Given names first, so that no automatic one takes them, and among these those of constants
    # last: x.detach() shares its array with x.
    for vertex in sorted(match.graph.vertices, key=lambda vertex: vertex.kind == "input"):
        thing = match.objects.get(vertex.id)
        own = "" if vertex.kind == "op" or vertex.label in _PLAIN else vertex.label
        data = match.data.get(vertex.id)
        known = variables.get(id(thing), nobody)[0] or variables.get(id(data), nobody)[0]
        role = vertex.kind == "input" and own in ROLES  # the op's word, where the program has none
        name = (own if not role else "") or known or held.get(vertex.id) or own
        if name and vertex.kind != "output":
            names[vertex.id] = new.unique(name)
    for vertex in match.graph.vertices:
        if vertex.kind == "output" or vertex.id in names:
            continue
        if root is not None and match.objects.get(vertex.id) is root:
            names[vertex.id] = new.unique("L")
        elif vertex.kind == "op":
            names[vertex.id] = new.numbered("h")
        else:
            names[vertex.id] = new.unique("x" if vertex.kind == "input" else "w")
    for vertex in match.graph.vertices:
        if vertex.kind == "output":
            own = "" if vertex.label in _PLAIN else vertex.label
            at = match.vertices.get(root, "")
            names[vertex.id] = own or names.get(at, "L")
            if own and at:
                names[at] = own
    return names


def variables_of(function: Any = None) -> Variables:
    """Names of the tensors in the caller's variables, by the identity of tensor, node and array.

    With a `function`, also those in its closure and among the globals that it reads. Parameters of
    a Module that a variable holds have their path in it.
    """
    names: dict[int, tuple[str, Any]] = {}
    frame = users_frame(sys._getframe(1))
    spaces: list[Mapping[str, Any]] = []
    if inspect.isfunction(function):
        with contextlib.suppress(ValueError):  # a variable of the closure is not assigned yet
            closed = inspect.getclosurevars(function)
            spaces += [closed.nonlocals, closed.globals]
    if frame is not None:
        spaces += [variables_in(frame), frame.f_globals]
    modules: list[Any] = []
    for space in spaces:
        for name, value in list(space.items()):
            if name.startswith("_"):
                continue
            if is_tensor(value):
                for thing in (value, value._node, value._array):
                    if thing is not None and thing is not LEAF:
                        names.setdefault(id(thing), (name, thing))
            elif not isinstance(value, type) and hasattr(type(value), "named_parameters"):
                modules.append(value)
    for module in modules:
        for path, parameter in module.named_parameters():
            names.setdefault(id(parameter), (path, parameter))
    return names


def _held(match: Match) -> dict[str, str]:
    """Vertex -> the variable that held it, where an op was called with it or made it.

    A line may make several results: the last of them is what it assigns.
    """
    found: dict[str, str] = {}
    pages = [kept(node) for node in match.nodes]
    for node, page in zip(match.nodes, pages, strict=True):
        called = page.called if page else ()
        for source, name in zip(match.sources(node), called, strict=False):
            if source and name:
                found.setdefault(source, name)
    lines = [page.line if page else "" for page in pages]
    for node, line, after in zip(match.nodes, lines, [*lines[1:], ""], strict=False):
        name = assigned(line.partition(": ")[2]) if line != after else ""
        if name and name[0] != "_":
            found.setdefault(match.vertices[node], name)
    return found


@cache
def assigned(source: str) -> str:
    """The variable that a line of source assigns one result to, or nothing.

    Examples
    --------
    >>> (
    ...     assigned("h = x @ w"),
    ...     assigned("loss += (h * h).sum()"),
    ...     assigned("a, b = h, h"),
    ... )
    ('h', 'loss', '')
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # part of a longer statement
        return ""
    if len(statements) != 1:
        return ""
    match statements[0]:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            several = (ast.Tuple, ast.List, ast.Dict, ast.Set, ast.ListComp, ast.Lambda)
            return "" if isinstance(value, several) else name
        case ast.AugAssign(target=ast.Name(id=name)):
            return name
    return ""


class _Names:
    """Hands out names, each once."""

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._next: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """The name itself, or with the first number from 2 that makes it new."""
        return name if self._take(name) else self.numbered(name, 2)

    def numbered(self, name: str, first: int = 1) -> str:
        """The name with the first number that makes it new."""
        for number in itertools.count(self._next.get(name, first)):
            self._next[name] = number + 1
            if self._take(f"{name}{number}"):
                return f"{name}{number}"
        raise AssertionError("numbers do not end")

    def _take(self, name: str) -> bool:
        is_new = name not in self._used
        self._used.add(name)
        return is_new
