"""Running one recorded op again, alone, on the inputs it really had.

A node keeps only what its formulas read. The rest is found in the graph: an input is a leaf, or
the result of another node, and that node can be run again as well.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from typing import Any

import numpy as np

from ..engine import LEAF, Meta, Node, box, is_tensor, raw
from ..engine.node import FREED
from ..engine.primitive import fit
from ..gradients import enable_grad, no_grad
from ..gradients.function import output
from .recording import input_name
from .subject import Subject

FREED_TEXT = (
    "the graph was freed by a backward pass: call blame(loss) before loss.backward(), or pass "
    "retain_graph=True to it, or compute the loss again"
)


class Unknown(Exception):
    """An op cannot be run again: something it was given is known to nobody."""


class Tape:
    """The nodes that lead to one or more results, oldest first, and the values on them.

    Parameters
    ----------
    roots : sequence of Node
        The nodes of the results.
    arguments : mapping, optional
        Of the calls of Functions, as a `Recorder` has them.

    Attributes
    ----------
    nodes : list of Node
        In the order in which they ran: numbers in reports count from 1.
    leaves : list of Tensor
    notes : list of str
        What had to be made up.
    """

    def __init__(
        self, roots: Sequence[Node], arguments: Mapping[Any, tuple[Any, ...]] | None = None
    ) -> None:
        self.roots, self.arguments = list(roots), arguments or {}
        self.nodes, self.leaves = _reachable(*roots)
        self._numbers = {node: k for k, node in enumerate(self.nodes, 1)}
        self.notes: list[str] = []
        self._values: dict[Any, Any] = {leaf: leaf._array for leaf in self.leaves}
        for node in self.nodes:
            self._note_values(node)

    @property
    def freed(self) -> bool:
        """Whether a backward pass has thrown away what some node saved."""
        return any(node.saved is FREED for node in self.nodes)

    @property
    def ops(self) -> list[Node]:
        """The nodes that compute something: not those that hand on one of several results."""
        return [node for node in self.nodes if node.op is not output]

    def number(self, node: Node) -> int:
        """The place of a node in the order of computation, from 1."""
        return self._numbers[node]

    def _note_values(self, node: Node) -> None:
        """Results that are still known: kept by their own node, or by one that reads them."""
        if _is_value(node.out):
            self._values[node] = node.out
        if node.saved is FREED or hasattr(node.op, "function"):
            return
        for value, edge in zip(node.saved, node.edges, strict=True):
            if edge is not None and _is_value(value):
                self._values.setdefault(edge, value)

    def value(self, edge: Any) -> Any:
        """The result of a node, or the array of a leaf."""
        # Oldest first, so that this never goes deeper than one node.
        for node in _reachable(edge, known=self._values)[0]:
            self._values[node] = self._run(node)
        return self._values[edge]

    def _run(self, node: Node) -> Any:
        if hasattr(node.op, "function"):
            outputs = _call(node.op, self.given(node))[1]
            return outputs[0] if len(outputs) == 1 else outputs
        if node.op is output:
            return self._values[node.edges[0]][node.params["i"]]
        with np.errstate(all="ignore"):
            return node.op.forward(*self.given(node), **_fresh(node.params))

    def given(self, node: Node) -> list[Any]:
        """What the op of a node was called with.

        Raises
        ------
        Unknown
            For a Function with an argument that was no tensor, recorded without a `Recorder`.
        """
        if hasattr(node.op, "function"):
            return self._arguments(node)
        found = []
        for i, (value, edge) in enumerate(zip(node.saved, node.edges, strict=True)):
            if value.__class__ is not Meta:
                found.append(value)
            elif edge is not None:
                found.append(np.asarray(self.value(edge)).astype(value.dtype, copy=False))
            else:
                found.append(self._stand_in(node, i, value))
        return found

    def _stand_in(self, node: Node, i: int, meta: Meta) -> np.ndarray:
        """Any numbers of the right shape: nothing keeps a constant that no formula reads."""
        self.notes.append(
            f"'{node.op.name}' did not keep {input_name(node.op, i)}, a constant of shape "
            f"{meta.shape}: random numbers stand in for it"
        )
        if meta.dtype.kind != "f":
            return np.zeros(meta.shape, meta.dtype)
        rng = np.random.default_rng(i)
        return rng.uniform(0.5, 1.5, meta.shape).astype(meta.dtype)

    def _arguments(self, node: Node) -> list[Any]:
        """Arguments of a Function: those with a history from the graph, constants if it saved."""
        call, known = node.op, self.arguments.get(node.op)
        if known is not None:
            return [raw(a) if is_tensor(a) else a for a in known]
        pairs = zip(node.saved, call.origins, strict=True)
        constants = [v for v, origin in pairs if origin is None and v is not None]
        found = []
        for i, (edge, takes) in enumerate(zip(node.edges, call.takes_gradient, strict=True)):
            name = input_name(call, i)
            if edge is not None:
                found.append(self.value(edge))
            elif takes and constants:
                found.append(constants.pop(0))
            elif hasattr(call.ctx, name):  # ctx.eps = eps: kept for backward under its own name
                found.append(raw(getattr(call.ctx, name)))
            else:
                raise Unknown(
                    f"'{call.name}' did not keep its argument '{name}', so it cannot be run "
                    "again; check_gradients(func, inputs) sees the arguments"
                )
        return found

    def alone(self, node: Node) -> tuple[Subject, list[np.ndarray]]:
        """The op of a node as a function of its inputs that have a gradient, and these inputs."""
        given = [_lift(v) for v in self.given(node)]
        places = [
            i
            for i, edge in enumerate(node.edges)
            if edge is not None and getattr(given[i], "dtype", np.dtype(bool)).kind == "f"
        ]
        make = _function_alone if hasattr(node.op, "function") else _primitive_alone
        forward, vjp = make(node, given, places)
        xs = [np.array(given[i], np.float64) for i in places]
        subject = Subject(forward, vjp, xs, name=node.op.name)
        subject.names = [input_name(node.op, i) for i in places]
        return subject, xs


def _reachable(*roots: Any, known: Container[Any] = ()) -> tuple[list[Node], list[Any]]:
    """All nodes from which `roots` were computed, oldest first, and the leaves.

    What is `known`, and what leads to that alone, is left out.
    """
    nodes: dict[Node, None] = {}
    leaves: dict[Any, None] = {}
    stack = list(roots)
    while stack:
        edge = stack.pop()
        if edge in known:
            continue
        if not isinstance(edge, Node):
            leaves.setdefault(edge)
        elif edge not in nodes:
            nodes[edge] = None
            stack.extend(e for e in edge.edges if e is not None)
    return sorted(nodes, key=lambda node: node.order), list(leaves)


def _is_value(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def _lift(value: Any) -> Any:
    """Floats in float64; anything else as it is."""
    floats = _is_value(value) and value.dtype.kind == "f"
    return np.asarray(value, np.float64) if floats else value


def _fresh(params: dict[str, Any]) -> dict[str, Any]:
    """Options for another run: an empty dict where forward leaves things for its formula."""
    return {k: {} if isinstance(v, dict) else v for k, v in params.items()}


def _lifted_options(params: dict[str, Any]) -> dict[str, Any]:
    """The same in double precision: a conversion to float32 is left out."""
    narrow = {k for k, v in params.items() if isinstance(v, np.dtype) and v.kind == "f"}
    return {k: np.dtype(np.float64) if k in narrow else v for k, v in _fresh(params).items()}


class _Like:
    """The shape of an input with the dtype of its gradient: `fit` sums to it, but does not cast."""

    def __init__(self, x: Any, c: Any) -> None:
        self.shape, self.dtype = np.shape(x), np.asarray(c).dtype


def _primitive_alone(
    node: Node, given: list[Any], places: list[int]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Forward and gradient of a primitive; only broadcasting is undone, where it asks for that."""
    op, keeps = node.op, any(isinstance(v, dict) for v in node.params.values())

    def filled(xs: tuple[Any, ...]) -> list[Any]:
        values = list(given)
        for i, x in zip(places, xs, strict=True):
            values[i] = x
        return values

    def forward(*xs: Any) -> Any:
        return op.forward(*filled(xs), **_lifted_options(node.params))

    def vjp(g: Any, y: Any, *xs: Any) -> tuple[Any, ...]:
        values, options = filled(xs), _lifted_options(node.params)
        if keeps:
            op.forward(*values, **options)
        if op.joint:
            every = op.joint(g, y, *values, **options)
            parts = [every[i] for i in places]
        else:
            found = [op.formulas[i] or op.missing(i) for i in places]
            parts = [formula(g, y, *values, **options) for formula in found]
        return tuple(_undone(c, x, op, i) for c, x, i in zip(parts, xs, places, strict=True))

    return forward, vjp


def _undone(c: Any, x: Any, op: Any, i: int) -> Any:
    """The gradient of an elementwise op, summed over the axes that were broadcast."""
    if c is None or np.shape(c) == np.shape(x):
        return c
    try:
        return fit(c, _Like(x, c), op, i)
    except ValueError:  # not elementwise, or no broadcasting makes this shape: for the report
        return c


def _function_alone(
    node: Node, given: list[Any], places: list[int]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Forward and gradient of an ``autograd.Function``, as its methods return them."""
    call = node.op

    def run(xs: tuple[Any, ...]) -> tuple[Any, list[Any]]:
        values = [_as_tensor(v, t) for v, t in zip(given, call.takes_gradient, strict=True)]
        for i, x in zip(places, xs, strict=True):
            values[i] = box(x, LEAF)
        return _call(call, values)

    def forward(*xs: Any) -> Any:
        return joined(run(xs)[1])

    def vjp(g: Any, y: Any, *xs: Any) -> tuple[Any, ...]:
        again, outputs = run(xs)
        parts = pieces(g, outputs)
        if len(again.op.outputs) > 1:
            slots = [output.formulas[0](p, None, None, i=i) for i, p in parts.items()]
            upstream = slots[0]
            for slot in slots[1:]:
                upstream = upstream + slot
        else:
            upstream = parts[0]
        with no_grad():
            found = again.op.joint(upstream, again.out, *again.saved)
        return tuple(raw(found[i]) for i in places)

    return forward, vjp


def _as_tensor(value: Any, takes_gradient: bool) -> Any:
    return box(value) if takes_gradient and not is_tensor(value) else value


def _call(call: Any, given: list[Any]) -> tuple[Any, list[Any]]:
    """Call a Function again: its node (None if nothing has a history), and its results."""
    values = [_as_tensor(v, t) for v, t in zip(given, call.takes_gradient, strict=True)]
    with enable_grad():
        result = call.function.apply(*values)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    node = next((r.grad_fn for r in results if is_tensor(r) and r.grad_fn is not None), None)
    if node is not None and node.op is output:
        node = node.edges[0]
    return node, [raw(r) for r in results]


def joined(outputs: list[Any]) -> np.ndarray:
    """One array of all floating results: the only one as it is, several as a vector."""
    arrays = [np.asarray(a) for a in outputs if getattr(a, "dtype", np.dtype(bool)).kind == "f"]
    if len(arrays) == 1:
        return arrays[0]
    return np.concatenate([a.ravel() for a in arrays]) if arrays else np.zeros(0)


def pieces(g: np.ndarray, outputs: list[Any]) -> dict[int, np.ndarray]:
    """The part of `g` for each floating result, undoing `joined`."""
    places = [i for i, a in enumerate(outputs) if getattr(a, "dtype", np.dtype(bool)).kind == "f"]
    found, start = {}, 0
    for i in places:
        size, shape = int(np.size(outputs[i])), np.shape(outputs[i])
        found[i] = np.asarray(g).reshape(-1)[start : start + size].reshape(shape)
        start += size
    return found
