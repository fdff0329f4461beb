"""The backward sweep: reachable nodes, newest first.

A node is always newer than its inputs, so when the newest node that has received a gradient is
taken, everything that could still add to that gradient has been done. That is reverse topological
order, with a heap in place of recursion.
"""

from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

from numpy import ndarray

from ..errors import freed, overwritten
from ..holders import ALONE
from ..quiet import hush, silence
from ..signatures import Meta
from .node import FREED, Node
from .primitive import box, fit, is_tensor, raw
from .state import state
from .storage import last_write, overwritten_since


def sweep(
    roots: Any,
    *,
    create_graph: bool = False,
    retain_graph: bool = False,
    wanted: Any = None,
    needed: Any = None,
) -> dict[Any, Any]:
    """Send gradients from the roots to the leaves.

    Parameters
    ----------
    roots : sequence of (edge, gradient)
        An edge is a node, or a leaf tensor. Gradients are arrays, or Tensors if `create_graph`.
    create_graph : bool
        Run the formulas on Tensors, so that this pass is recorded too.
    retain_graph : bool
        Keep what the nodes saved.
    wanted : set of edges, optional
        Collect the gradients of these only.
    needed : set of edges, optional
        Visit only these: those that lead to one of `wanted`.

    Returns
    -------
    dict
        edge -> gradient, for each leaf that was reached, or each edge in `wanted`.
    """
    pending: dict[Any, Any] = {}
    ours: set[Any] = set()  # edges whose pending gradient is a buffer made here: add in place
    heap: list[tuple[float, Node]] = []
    collected: dict[Any, Any] = {}
    written, watch, run = last_write(), state.watch, silence.runner()
    plain = needed is None and watch is None and not create_graph
    errors: Any = None  # NumPy's warnings, switched off before the first formula that may give one
    arriving = roots if needed is None else [root for root in roots if root[0] in needed]
    own = checks = False  # is what arrives held by nobody else; did something else reach a leaf
    before, state.grad = state.grad, create_graph
    try:
        while True:
            for edge, c in arriving:
                if c is None or edge is None:
                    continue
                if edge not in pending:
                    pending[edge] = c
                    if isinstance(edge, Node):
                        heappush(heap, (-edge.order, edge))
                    elif not own:
                        checks = True
                    continue
                errors = errors or hush()
                if edge in ours:
                    pending[edge] += c
                else:
                    pending[edge] = pending[edge] + c
                    if not create_graph:
                        ours.add(edge)
            # What was sent on is let go, for it would count as a holder.
            c = parts = arriving = None
            if not heap:
                break
            own, node = False, heappop(heap)[1]
            g = pending.pop(node)
            if node.hooks is not None:
                g = run_hooks(node.hooks, g)
            if wanted is not None and node in wanted:
                collected[node] = g
            if node.fold is not None and plain and node.order > written:
                arriving = run(node.fold.back, g, retain_graph)
                if arriving is not None:
                    own = True
                    continue
            op = node.op
            if node.saved is FREED:
                raise freed(op)
            if node.order < written:
                for i, value in op.values_read(node):
                    if overwritten_since(value, node.order):
                        raise overwritten(op, i, value)
            if plain and op.quick is not None:
                if op.overwrites and (g.base is not None or getrefcount(g) > ALONE):
                    g = g.copy()  # somebody else may read it
                parts = run(op.quick, g, node.out, node.saved, node.params)
            else:
                errors = errors or hush()
                parts = _contributions(node, g, create_graph, needed, watch)
            arriving = zip(node.edges, parts)  # noqa: B905 (they are as many)
            if not retain_graph and op.keeps:
                # What was saved is dropped; a node that saved nothing can be passed again.
                node.saved = FREED
                if node.out.__class__ is ndarray:
                    node.out = Meta(node.out)
        g = roots = None
        for edge in pending:
            if checks or edge._hooks:
                g = pending[edge]
                if edge._hooks:
                    g = pending[edge] = run_hooks(edge._hooks, g)
                # Hand on a fresh result; copy what the graph, a hook or another leaf may hold.
                if isinstance(g, ndarray) and (g.base is not None or getrefcount(g) > ALONE + 1):
                    pending[edge] = g.copy()
    finally:
        state.grad = before
        if errors is not None:
            errors.__exit__(None, None, None)
    return {**collected, **pending} if collected else pending


def _contributions(node: Node, g: Any, create_graph: bool, needed: Any, watch: Any) -> list[Any]:
    """What the formulas give for each input; None where no gradient flows or none is needed."""
    op, params, inputs, out = node.op, node.params, node.saved, node.out
    if create_graph:
        inputs, out = op.boxed(node)
    if op.quick is not None and not create_graph:
        joint = op.quick(g.copy() if op.overwrites else g, out, inputs, params)
    else:
        joint = op.joint and op.joint(g, out, *inputs, **params)
    parts: list[Any] = [None] * len(node.edges)
    for i, edge in enumerate(node.edges):
        if edge is not None and (needed is None or edge in needed):
            c = joint[i] if joint else (op.formulas[i] or op.missing(i))(g, out, *inputs, **params)
            if watch is not None:
                watch.contribution(node, i, g, c)
            target = edge.out if isinstance(edge, Node) else edge._array
            # Two NumPy numbers of one class have one dtype, and no axes.
            if c is not None and (c.__class__ is not target.__class__ or c.__class__ is ndarray):  # noqa: SIM102
                if getattr(c, "dtype", None) is not target.dtype or c.shape != target.shape:
                    c = fit(c, target, op, i)
            parts[i] = c
    return parts


def run_hooks(hooks: dict[Any, Any], g: Any) -> Any:
    """Show the gradient to each hook; what a hook returns takes its place."""
    for hook in list(hooks.values()):
        seen = g if is_tensor(g) else box(g)
        replaced = hook(seen)
        g = g if replaced is None else replaced if seen is g else raw(replaced)
    return g
