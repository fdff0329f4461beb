"""The computation graph as plain data: what `dot`, `svg` and the other views read.

This is the only file of `viz` that knows the engine. `read_graph` walks what the engine recorded,
without recursion, and copies out names, shapes and short texts; the result holds no array.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from tinygrad_edu.engine import FREED, Node

from .texts import arguments, broadcast, is_data, op_label, op_notes, summarize

Kind = Literal["input", "leaf", "parameter", "op", "block", "output"]


@dataclass(frozen=True)
class Vertex:
    """One box of the picture.

    Attributes
    ----------
    id
        Unique in its graph: `"v0"`, `"v1"`, ... in order of creation.
    kind
        `"input"` (data, gets no gradient), `"leaf"` (requires a gradient), `"parameter"` (a leaf
        that `params` names), `"op"`, `"block"` (ops that repeat, folded into one) or `"output"`.
    label
        A tensor's name, or an op's with its scalar arguments and options: `"mul 2.0"`.
    shape, dtype
        Of the tensor, or of the op's result. `shape` is None when it is unknown or not shown.
    value, grad
        Short texts; empty when they are not shown, unknown or freed.
    cluster
        The module that a parameter belongs to (`"net.0"` for `"net.0.weight"`), else empty.
    op
        The bare name of an op: `"mul"`.
    notes
        More lines: an op's options and what it saved, or how often a block repeats.
    """

    id: str
    kind: Kind
    label: str
    shape: tuple[int, ...] | None = None
    dtype: str = ""
    value: str = ""
    grad: str = ""
    cluster: str = ""
    op: str = ""
    notes: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The text in the box, line by line.

        Examples
        --------
        >>> Vertex("v0", "parameter", "W", (3, 2), grad="[0, 1]").lines
        ('W', '(3, 2)', 'grad = [0, 1]')
        """
        lines = [self.label]
        if self.shape is not None:
            lines.append(str(self.shape))
        if self.value:
            lines.append(f"= {self.value}")
        if self.grad:
            lines.append(f"grad = {self.grad}")
        return (*lines, *self.notes)


@dataclass(frozen=True)
class Edge:
    """The value of `source` goes into `target` as its argument number `position`.

    Arrays among an op's options (class labels, an index) come after its positional arguments.
    """

    source: str
    target: str
    label: str = ""
    position: int = 0


@dataclass(frozen=True)
class Graph:
    """Vertices in order of creation; edges in order of their target, then of its arguments.

    `modules` holds the path and the class of each module: `(("net.0", "Linear"), ...)`.
    """

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]
    modules: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"Graph of {len(self.vertices)} nodes and {len(self.edges)} edges"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """What a notebook shows: the picture, or in words why there is none."""
        bundle = {"text/plain": str(self)}
        try:
            for painter in _painters:
                bundle["image/svg+xml"] = painter(self)
        # A notebook would print a traceback in place of the cell's result.
        except Exception as error:
            bundle["text/plain"] += f" (no picture: {error})"
        return bundle


_painters: list[Callable[[Graph], str]] = []


def shown_by(painter: Callable[[Graph], str]) -> Callable[[Graph], str]:
    """Let a renderer, which stands above this file, draw graphs in notebooks."""
    _painters[:] = [painter]
    return painter


def read_graph(
    output: Any,
    params: Any = None,
    show_values: bool = False,
    show_grads: bool = False,
    show_shapes: bool = True,
    show_attrs: bool = False,
    show_saved: bool = False,
    max_attr_chars: int = 50,
) -> Graph:
    """Read the recorded graph of a tensor, or of several.

    Parameters
    ----------
    output
        A Tensor, or a list or tuple of Tensors.
    params
        Names: a mapping from name to Tensor, or a Module (its `named_parameters()`).
    show_values, show_grads, show_shapes
        Which texts the vertices get. Values that a backward pass freed are left out.
    show_attrs, show_saved
        Give each op a line per option, or a line that tells the shapes of the inputs it keeps.
    max_attr_chars
        Where such a line is cut.

    Returns
    -------
    Graph
        `x*x` has two edges from `x`. Data that was read more than once is one vertex.

    Raises
    ------
    TypeError
        If an output is not a Tensor, or `params` is neither a mapping nor a Module.

    Examples
    --------
    >>> import tinygrad_edu as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> graph = read_graph(x * x, params={"x": x})
    >>> [(vertex.kind, vertex.label) for vertex in graph.vertices]
    [('parameter', 'x'), ('op', 'mul'), ('output', 'output')]
    >>> [(edge.source, edge.target) for edge in graph.edges]
    [('v0', 'v1'), ('v0', 'v1'), ('v1', 'v2')]
    """
    outputs = list(output) if isinstance(output, (list, tuple)) else [output]
    for tensor in outputs:
        if not hasattr(tensor, "_node"):
            raise TypeError(f"read_graph: the output must be a Tensor, not {_type_name(tensor)}")
    owners, modules = _modules(params)
    notes = (show_attrs, show_saved, max_attr_chars)
    reader = _Reader(_names(params), owners, show_values, show_grads, show_shapes, notes)
    for node in _reachable(tensor._node for tensor in outputs):
        reader.add_op(node)
    for tensor in outputs:
        reader.add_output(tensor)
    return Graph(tuple(reader.vertices), tuple(reader.edges), modules)


# What an op calls data that have no name of their own.
ROLES = {"index", "labels", "mask", "target"}


class _Reader:
    """Collects vertices and edges; every object is drawn once, however often it is used."""

    def __init__(
        self,
        names: dict[int, str],
        owners: dict[int, str],
        show_values: bool,
        show_grads: bool,
        show_shapes: bool,
        notes: tuple[bool, bool, int],
    ) -> None:
        self.vertices: list[Vertex] = []
        self.edges: list[Edge] = []
        self.names, self.owners, self.notes = names, owners, notes
        self.show_values, self.show_grads, self.show_shapes = show_values, show_grads, show_shapes
        self._ids: dict[int, str] = {}  # id(node, leaf or array) -> id of its vertex
        self._freed: list[Any] = []

    def add_op(self, node: Node) -> None:
        """Add an op, and before it those of its inputs that are not there yet."""
        sources: list[tuple[str, Any]] = []  # vertex and array
        positions = []
        for position, (edge, value) in enumerate(arguments(node)):
            if isinstance(edge, Node):
                sources.append((self._ids[id(edge)], edge.out))
            elif edge is not None:
                sources.append((self._add_tensor(edge), edge._array))
            elif is_data(value):
                names = getattr(node.op, "inputs", ())
                role = names[position] if position < len(names) else ""
                sources.append((self._add_data(value, role if role in ROLES else ""), value))
            elif node.saved is FREED and not node.op.elementwise:
                sources.append((self._add_freed(node, position), node.out))
            else:  # a number, which the op's own label tells
                continue
            positions.append(position)
        for name, value in node.params.items():
            if is_data(value):  # class labels, an index, a mask
                sources.append((self._add_data(value, name), node.out))
                positions.append(len(node.edges))
        target = self._add(node, "op", op_label(node, not self.notes[0]), node.out)
        for position, (source, array) in zip(positions, sources, strict=True):
            label = broadcast(node, array) if self.show_shapes else ""
            self.edges.append(Edge(source, target, label, position))

    def add_output(self, tensor: Any) -> None:
        """Add the result; a tensor without history is its own picture."""
        if not isinstance(tensor._node, Node):
            self._add_tensor(tensor)
            return
        label = self.names.get(id(tensor)) or _name(tensor) or "output"
        target = self._add(tensor, "output", label, tensor._array, tensor)
        self.edges.append(Edge(self._ids[id(tensor._node)], target))

    def _add_tensor(self, tensor: Any) -> str:
        """A leaf that requires a gradient, or an output that has no history."""
        if not tensor.requires_grad:
            return self._add_data(tensor._array, _name(tensor))
        named = self.names.get(id(tensor))
        label = named or _name(tensor) or "leaf"
        return self._add(tensor, "parameter" if named else "leaf", label, tensor._array, tensor)

    def _add_data(self, array: Any, name: str = "") -> str:
        return self._add(array, "input", self.names.get(id(array)) or name or "input", array)

    def _add_freed(self, node: Node, position: int) -> str:
        """Data that an op forgot in a backward pass: that it was there is all that is known."""
        key = (node, position)
        self._freed.append(key)  # or its id would be given to the next
        name = node.op.inputs[position] if position < len(node.op.inputs) else "input"
        added = self._add(key, "input", name, None)
        self.vertices[-1] = replace(self.vertices[-1], notes=("freed by backward",))
        return added

    def _add(self, key: object, kind: Kind, label: str, array: Any, tensor: Any = None) -> str:
        if id(key) in self._ids:
            return self._ids[id(key)]
        vertex_id = self._ids[id(key)] = f"v{len(self.vertices)}"
        has_value = isinstance(array, (np.ndarray, np.generic))
        shape = getattr(array, "shape", None) if self.show_shapes else None
        self.vertices.append(
            Vertex(
                id=vertex_id,
                kind=kind,
                label=label,
                shape=shape if shape is None else tuple(shape),
                dtype=str(getattr(array, "dtype", None) or ""),
                value=summarize(array) if self.show_values and has_value else "",
                grad=_grad_text(tensor) if self.show_grads and tensor is not None else "",
                cluster=self._cluster(label, tensor) if kind == "parameter" else "",
                op=key.op.name if isinstance(key, Node) else "",
                notes=op_notes(key, *self.notes) if isinstance(key, Node) else (),
            )
        )
        return vertex_id

    def _cluster(self, label: str, tensor: Any) -> str:
        """Known from the modules themselves, or else from a name with dots."""
        return self.owners.get(id(tensor), label.rpartition(".")[0])


def _reachable(roots: Iterable[Any]) -> list[Node]:
    """All nodes behind the roots, oldest first: so each comes after its inputs."""
    found: dict[int, Node] = {}
    stack = [root for root in roots if isinstance(root, Node)]
    while stack:
        node = stack.pop()
        if id(node) not in found:
            found[id(node)] = node
            stack.extend(edge for edge in node.edges if isinstance(edge, Node))
    return sorted(found.values(), key=lambda node: node.order)


def _names(params: Any) -> dict[int, str]:
    """Names by the identity of a tensor, and of its array: data is recorded as its array alone."""
    if params is None:
        return {}
    if hasattr(params, "named_parameters"):
        items = params.named_parameters()
    elif isinstance(params, Mapping):
        items = params.items()
    else:
        raise TypeError(
            f"params must be a mapping from name to Tensor, or a Module, not {_type_name(params)}"
        )
    names: dict[int, str] = {}
    for name, tensor in items:
        names[id(tensor)] = names[id(tensor._array)] = str(name)
    return names


def _modules(params: Any) -> tuple[dict[int, str], tuple[tuple[str, str], ...]]:
    """Path of the module that holds each parameter, by identity; path and class of all modules.

    A parameter that several modules share belongs to the innermost that contains them all.
    """
    if not hasattr(params, "named_modules"):
        return {}, ()
    owners: dict[int, str] = {}
    modules = []
    for path, module in params.named_modules():
        modules.append((str(path), _type_name(module)))
        for _, tensor in module.named_parameters(recurse=False):
            owners[id(tensor)] = common_module(owners.get(id(tensor), path), path)
    return owners, tuple(modules)


def common_module(first: str, second: str) -> str:
    """The innermost module that contains both.

    Examples
    --------
    >>> common_module("net.0.linear", "net.1"), common_module("net.0", "net.0")
    ('net', 'net.0')
    """
    shared = []
    for a, b in zip(first.split("."), second.split("."), strict=False):
        if a != b:
            break
        shared.append(a)
    return ".".join(shared)


def _grad_text(tensor: Any) -> str:
    return "None" if tensor._grad is None else summarize(tensor._grad._array)


def _name(tensor: Any) -> str:
    return str(getattr(tensor, "name", None) or "")


def _type_name(value: object) -> str:
    return type(value).__name__
