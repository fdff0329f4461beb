"""Run the engine's own sweep and write down every step, leaving everything as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.engine import FREED, LEAF, Node, raw, state, sweep
from tinygrad_edu.engine.primitive import fit
from tinygrad_edu.errors import GradientError, located

from .recording import kept

# Where `Tensor.retain_grad` puts itself among the hooks of a node: it would write a `.grad`.
RETAIN = "retain"


@dataclass(frozen=True)
class Step:
    """One formula that ran: the gradient of input `i` of `node`.

    Attributes
    ----------
    upstream
        The gradient of the node's result that the formula was given.
    contribution
        What it returned, as it was added to its target; None if it returned None.
    partial
        The sum at the target after it.
    summed
        ``sum(axis=0)`` where the engine undid broadcasting, else empty.
    """

    node: Node
    i: int
    upstream: Any
    contribution: Any
    partial: Any
    summed: str


@dataclass(frozen=True)
class Sweep:
    """The steps in the engine's order, and the gradient of every edge at the end."""

    steps: list[Step]
    gradients: dict[Any, Any]


def run_sweep(root: Any, seed: np.ndarray, nodes: Sequence[Node]) -> Sweep:
    """Send `seed` from `root`, a node or a leaf, through `nodes`."""
    watch = _Watch(nodes, root, seed, state.watch)
    leaves = {e for node in nodes for e in node.edges if e is not None and not isinstance(e, Node)}
    grads = [(leaf, leaf._grad) for leaf in leaves]
    before, state.watch = state.watch, watch
    try:
        gradients = sweep([(root, seed)], retain_graph=True)
    finally:
        state.watch = before
        for leaf, grad in grads:  # a hook of the user's may have set one
            leaf._grad = grad
    return Sweep(watch.steps, {**watch.upstream, **gradients})


@contextmanager
def as_recorded(nodes: Sequence[Node]) -> Iterator[None]:
    """Give freed nodes back what they saved, and take away hooks that write; for a while.

    Raises
    ------
    GradientError
        If a node was freed, and not made in a `recording`.
    """
    now = [(node, node.saved, node.out, node.hooks) for node in nodes]
    try:
        for node in nodes:
            page = kept(node)
            if node.saved is FREED and page is None:
                raise GradientError(located(_freed_text(node)))
            if node.saved is FREED and page is not None:
                node.saved, node.out = page.saved, page.out
            if node.hooks and RETAIN in node.hooks:
                node.hooks = {k: hook for k, hook in node.hooks.items() if k != RETAIN}
        yield
    finally:
        for node, saved, out, hooks in now:
            node.saved, node.out, node.hooks = saved, out, hooks


def seed_of(loss: Any, gradient: Any) -> np.ndarray:
    """The gradient to start from: 1, or what the caller gave."""
    array = loss._array
    if loss._node is None:
        raise GradientError(
            located(
                "viz.trace: the loss does not require grad: make an input with "
                "requires_grad=True, and compute the loss outside no_grad()"
            )
        )
    if gradient is None:
        if array.size != 1:
            raise GradientError(
                located(
                    f"viz.trace: the loss must be a scalar, this one has shape {array.shape}: "
                    "reduce it first (.sum(), .mean()), or pass gradient= of that shape"
                )
            )
        return np.ones(array.shape, array.dtype)
    given = np.asarray(raw(gradient))
    if given.shape != array.shape:
        raise GradientError(
            located(f"viz.trace: gradient has shape {given.shape}, the output {array.shape}")
        )
    return given.astype(array.dtype)


def edge_of(tensor: Any) -> Any:
    """Where gradients of `tensor` are collected: its node, or itself if it is a leaf."""
    return tensor if tensor._node is LEAF else tensor._node


def _freed_text(node: Node) -> str:
    return (
        f"viz.trace: what '{node.op.name}' saved was freed by a backward pass. Pass "
        "retain_graph=True to it, or compute the loss under viz.recording(), or trace a function: "
        "viz.trace(lambda: loss_of_the_model())"
    )


class _Watch:
    """The observer: repeats the engine's sums, so that they can be seen one by one."""

    def __init__(self, nodes: Sequence[Node], root: Any, seed: Any, before: Any) -> None:
        self.nodes, self.before = set(nodes), before
        self.steps: list[Step] = []
        self.upstream: dict[Any, Any] = {}  # node -> the gradient it was run with
        self.sums: dict[Any, Any] = {root: seed}

    def made(self, op: Any, result: Any, node: Node | None) -> None:
        if self.before is not None:
            self.before.made(op, result, node)

    def contribution(self, node: Node, i: int, g: Any, c: Any) -> None:
        if self.before is not None:
            self.before.contribution(node, i, g, c)
        if node not in self.nodes:  # of a sweep inside of a Function's backward
            return
        self.upstream[node] = g
        edge, summed = node.edges[i], ""
        if c is not None:
            target = edge.out if isinstance(edge, Node) else edge._array
            shape = getattr(c, "shape", ())
            if shape is not None:  # that of several outputs has none
                c = fit(c, target, node.op, i)
                summed = _sum_text(shape, target.shape)
            so_far = self.sums.get(edge)
            self.sums[edge] = c if so_far is None else so_far + c
        self.steps.append(Step(node, i, g, c, self.sums.get(edge), summed))


def _sum_text(shape: tuple[int, ...], target: tuple[int, ...]) -> str:
    """How a gradient is summed to the shape of its input.

    >>> _sum_text((32, 10), (10,)), _sum_text((4, 3), (4, 1)), _sum_text((2,), (2,))
    ('sum(axis=0)', 'sum(axis=1, keepdims=True)', '')
    """
    extra = len(shape) - len(target)
    stretched = tuple(i + extra for i, n in enumerate(target) if n == 1 and shape[i + extra] != 1)
    axes = tuple(range(extra)) + stretched
    if not axes:
        return ""
    text = f"axis={axes[0] if len(axes) == 1 else axes}"
    if not stretched:
        return f"sum({text})"
    if not extra:
        return f"sum({text}, keepdims=True)"
    return f"sum({text}).reshape{target}"
