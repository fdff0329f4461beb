"""Watching a computation: where each op stands in the user's file, and what its formulas return.

The engine sums a gradient to the shape of its input, and casts it to its dtype. Whoever looks at
the result afterwards cannot see that a formula forgot to. A `Recorder` sees what the formula gave.
"""

from __future__ import annotations

import inspect
import re
import weakref
from typing import Any, NamedTuple

import numpy as np

from ..engine import Node, is_tensor, raw, state
from ..errors import user_line
from ..gradients import Function


class Unfit(NamedTuple):
    """A gradient that the engine had to repair, or will refuse."""

    cls: str
    sentence: str
    node: Node


class Recorder:
    """Put in place of the engine's observer by ``with Recorder() as seen:``.

    Attributes
    ----------
    lines : mapping of Node to str
        ``line 31 of mlp.py``.
    arguments : dict
        The arguments of each call of an ``autograd.Function``, which its node does not keep.
    unfit : list of Unfit
        Gradients of the wrong shape or of less precision than their input.
    narrow : str
        The first op that made a float32 of float64 numbers, if any.
    """

    def __init__(self) -> None:
        self.lines: Any = weakref.WeakKeyDictionary()
        self.arguments: dict[Any, tuple[Any, ...]] = {}
        self.unfit: list[Unfit] = []
        self.narrow = ""
        self._before: list[Any] = []

    def __enter__(self) -> Recorder:
        apply = Function.__dict__["apply"]
        self._before.append((state.watch, apply))
        state.watch = self

        def keeping(cls: type, *args: Any) -> Any:
            result = apply.__func__(cls, *args)
            self._keep(result, args)
            return result

        setattr(Function, "apply", classmethod(keeping))  # noqa: B010 - mypy would object to "="
        return self

    def __exit__(self, *exc: object) -> None:
        state.watch, apply = self._before.pop()
        setattr(Function, "apply", apply)  # noqa: B010

    def _keep(self, result: Any, args: tuple[Any, ...]) -> None:
        for r in result if isinstance(result, (tuple, list)) else [result]:
            node = r.grad_fn if is_tensor(r) else None
            while node is not None and not hasattr(node.op, "function"):
                node = next((e for e in node.edges if isinstance(e, Node)), None)
            if node is not None:
                self.arguments.setdefault(node.op, args)

    def made(self, op: Any, result: Any, node: Node | None) -> None:
        """Called by every op with its result."""
        if node is not None:
            self.lines[node] = place(user_line())
        dtype = result._array.dtype
        if dtype.kind == "f" and dtype.itemsize < 8 and not self.narrow:
            line = place(user_line())
            self.narrow = f"'{op.name}'" + (f" ({line})" if line else "")

    def contribution(self, node: Node, i: int, g: Any, c: Any) -> None:
        """Called by the sweep with every gradient that a formula returns."""
        edge = node.edges[i]
        target = edge.out if isinstance(edge, Node) else edge._array
        found = unfit(node, i, raw(g), raw(c), target)
        if found:
            self.unfit.append(found)


def unfit(node: Node, i: int, g: Any, c: Any, target: Any) -> Unfit | None:
    """What is wrong with the shape or the dtype of gradient `c` for input `i`, if anything."""
    shape, dtype = getattr(c, "shape", None), getattr(c, "dtype", None)
    if shape is None or dtype is None or target.shape is None:
        return None
    op, name = node.op, input_name(node.op, i)
    # An op declared elementwise leaves it to the engine to undo broadcasting. A Function that a
    # student wrote does not, though the engine helps it out.
    if shape != target.shape and (hasattr(op, "function") or not op.elementwise):
        return Unfit(
            "shape",
            f"'{op.name}' returned a gradient of shape {tuple(shape)} for {name}, "
            f"which has shape {tuple(target.shape)}",
            node,
        )
    upper = getattr(g, "dtype", None) or target.dtype  # that of several outputs has none
    size = min(upper.itemsize, target.dtype.itemsize)
    if dtype.kind == "f" and dtype.itemsize < size and target.dtype.kind == "f":
        return Unfit(
            "dtype",
            f"'{op.name}' returned a {dtype} gradient for {name}, which is {target.dtype}",
            node,
        )
    return None


def input_name(op: Any, i: int) -> str:
    """How an op calls its input number `i`."""
    names = op.inputs
    if hasattr(op, "function"):  # an autograd.Function: `forward` may take ctx first
        names = list(inspect.signature(op.function.forward).parameters)
        names = names[1:] if op.function.setup_context is Function.setup_context else names
    return names[i] if i < len(names) else f"input {i}"


def place(line: str) -> str:
    """``line 31 of mlp.py``, from the engine's ``mlp.py:31: source text``.

    Examples
    --------
    >>> place("mlp.py:31: y = x @ w")
    'line 31 of mlp.py'
    """
    match = re.match(r"(.+?):(\d+)(?::|$)", line)
    return f"line {match[2]} of {match[1]}" if match else ""


def flat(gradient: Any) -> np.ndarray:
    """A gradient as a vector; that of a Function with several outputs has them one by one."""
    parts = getattr(gradient, "grads", None)
    if parts is None:
        return np.ravel(np.asarray(raw(gradient), np.float64))
    arrays = [np.ravel(np.asarray(raw(parts[i]), np.float64)) for i in sorted(parts)]
    return np.concatenate(arrays) if arrays else np.zeros(0)
