"""What a tape does not keep: the line, the inputs and the result of every op, while it is watched.

A node keeps only what its formulas read, and backward frees even that. In a `with recording():`
block an observer writes the rest into a book, whose pages go away together with the nodes.
"""

from __future__ import annotations

import inspect
import os
import sys
import weakref
from collections.abc import Iterable, Mapping
from contextlib import ContextDecorator
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from tinygrad_edu.engine import Node, box, is_tensor, raw, state
from tinygrad_edu.errors import user_line


class Kept(NamedTuple):
    """One page of the book.

    Attributes
    ----------
    line
        ``file.py:31: source text``.
    value
        The result; None for the node that several results of a Function share.
    inputs
        What the op was called with, unboxed; None if nobody could say.
    called
        For each input, the user's variable that held it, where the op was called; or "".
    saved, out
        As they were in the node before any backward pass freed them.
    """

    line: str
    value: Any
    inputs: tuple[Any, ...] | None
    called: tuple[str, ...]
    saved: Any
    out: Any


_HOME = str(Path(__file__).resolve().parents[2]) + os.sep
_book: Any = weakref.WeakKeyDictionary()  # Node -> Kept


def kept(node: Node) -> Kept | None:
    """The page of a node that was made in a `recording`, else None."""
    page: Kept | None = _book.get(node)
    return page


def remember(node: Node, page: Kept) -> None:
    """Enter the page of a node."""
    _book[node] = page


class recording(ContextDecorator):
    """Remember source lines and all values, for a later `viz.trace`.

    Everything stays in memory as long as the graph does. A graph that was made here can be traced
    also after its backward pass has freed it.

    Attributes
    ----------
    nodes : iterable of Node
        What was recorded and is still alive.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> from tinygrad_edu import viz
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> with viz.recording():
    ...     loss = (x * x).sum()
    >>> loss.backward()
    >>> viz.trace(loss).moments["v1"].line.partition(": ")[2]
    'loss = (x * x).sum()'
    """

    def __init__(self) -> None:
        self.nodes: Any = weakref.WeakSet()
        self._before: list[Any] = []

    def __enter__(self) -> recording:
        self._before.append(state.watch)
        state.watch = self
        return self

    def __exit__(self, *exc: object) -> None:
        state.watch = self._before.pop()

    def made(self, op: Any, result: Any, node: Node | None) -> None:
        """Called by every op with its result."""
        if node is not None:
            line = user_line()
            inputs, called = _given(op)
            if node.op is not op:  # one of several results of a Function
                whole = node.edges[0]
                self._keep(whole, Kept(line, None, inputs, called, whole.saved, whole.out))
                inputs, called = None, ()
            self._keep(node, Kept(line, result._array, inputs, called, node.saved, node.out))
        if self._before[-1] is not None:
            self._before[-1].made(op, result, node)

    def contribution(self, node: Node, i: int, g: Any, c: Any) -> None:
        """Called by every sweep; that of another observer goes on to it."""
        if self._before[-1] is not None:
            self._before[-1].contribution(node, i, g, c)

    def _keep(self, node: Node, page: Kept) -> None:
        remember(node, page)
        self.nodes.add(node)


def _given(op: Any) -> tuple[tuple[Any, ...] | None, tuple[str, ...]]:
    """The inputs of the op that is running, and the user's names for them.

    They are read from the frames of the calls: an observer is told the result alone.
    """
    frame: Any = sys._getframe(1)
    local: Mapping[str, Any] = {}
    while frame is not None and is_ours(frame):
        local = frame.f_locals
        if local.get("self", local.get("call")) is op:
            break
        frame = frame.f_back
    else:
        return None, ()
    args = local.get("args", ())
    called = names_of(args, users_frame(frame))
    if "arrays" in local:
        return tuple(local["arrays"]), called
    # The arguments of a Function: without their history, which may lead to its own node.
    return tuple(box(raw(a)) if is_tensor(a) else a for a in args), called


def names_of(args: Iterable[Any], frame: FrameType | None) -> tuple[str, ...]:
    """The variable of a frame that holds each of some tensors; empty where there is none."""
    variables = {} if frame is None else variables_in(frame)
    names = {id(v): k for k, v in variables.items() if is_tensor(v) and k[0] != "_"}
    return tuple(names.get(id(a), "") for a in args)


def variables_in(frame: FrameType) -> dict[str, Any]:
    """The local variables of a frame, which stays as it was.

    Before Python 3.13 a frame that was asked for its variables keeps a copy of them: tensors, and
    with them whole graphs, would stay in memory for as long as the user's function runs.
    """
    found = frame.f_locals
    variables = dict(found)
    if frame.f_code.co_flags & inspect.CO_OPTIMIZED and isinstance(found, dict):
        found.clear()
    return variables


def users_frame(frame: FrameType | None) -> FrameType | None:
    """The innermost frame, from this one outwards, that runs code outside of this package."""
    while frame is not None and is_ours(frame):
        frame = frame.f_back
    return frame


def is_ours(frame: FrameType) -> bool:
    """Whether a frame runs code of this package, or of NumPy on its behalf."""
    name = frame.f_code.co_filename
    return name.startswith(_HOME) or f"{os.sep}numpy{os.sep}" in name
