"""Does the engine add up what the formulas give it? A second, slower backward pass tells.

When every formula is right and the gradient is wrong, something was lost, doubled or replaced on
the way: where several ops use one result, or in a hook. The pass here keeps every contribution
apart, so that it can say which.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine import Node, box, raw
from ..engine.primitive import fit
from ..gradients import backward, grad
from .recording import flat
from .replay import Tape

# Two right sums of the same numbers differ by a few roundings, which may have been amplified on
# the way. A contribution that is lost is not that small.
_PART_OF_DIGITS = 0.5
# Up to so many uses of one result, every combination of contributions is tried.
_COMBINED = 6
_RETAIN = "retain"  # a hook of the engine's own: it stores a gradient


@dataclass
class Fault:
    """A place where the engine's gradient is not the sum of what arrived.

    Attributes
    ----------
    edge : Node or Tensor
        Where.
    fan_out : int
        How many ops use it.
    cls, sentence : str
        What happened.
    """

    edge: Any
    fan_out: int
    cls: str
    sentence: str
    expected: np.ndarray
    given: np.ndarray


def engine_fault(tape: Tape, upstream: Sequence[np.ndarray]) -> Fault | None:
    """The first place from the result where the engine's gradient is wrong; None if there is none.

    Parameters
    ----------
    tape : Tape
        Its formulas have been verified.
    upstream : sequence of numpy.ndarray
        The gradients of its roots, from which the pass starts.
    """
    expected = reference(tape, upstream)
    with _spied(tape) as seen:
        given = _by_engine(tape, upstream)
    for edge in [*reversed(tape.nodes), *tape.leaves]:
        parts = expected.get(edge, [])
        hooks = seen.get(edge, [])
        # What arrived is what the first hook saw, and what no hook saw is what came out.
        arrived = hooks[0].before if hooks else given.get(edge)
        if not _agrees(arrived, parts):
            return _accumulation(tape, edge, arrived, parts)
        for hook in hooks:
            if not _same(hook.before, hook.after, parts):
                return _hooked(tape, edge, hook, parts)
        if hooks and not _same(hooks[-1].after, given.get(edge), parts):
            return _accumulation(tape, edge, given.get(edge), parts)
    return None


def reference(tape: Tape, upstream: Sequence[np.ndarray]) -> dict[Any, list[Any]]:
    """Every contribution to every node and leaf, one by one.

    The gradient of a result is the sum over the ops that use it: newest first, so that the sum is
    complete when it is used.
    """
    parts: dict[Any, list[Any]] = {}
    for root, u in zip(tape.roots, upstream, strict=True):
        parts.setdefault(root, []).append(u)
    for node in reversed(tape.nodes):
        if node not in parts:
            continue
        g = parts[node][0]
        for more in parts[node][1:]:
            g = g + more
        for i, c in _contributions(node, g):
            edge = node.edges[i]
            target = edge.out if isinstance(edge, Node) else edge._array
            if getattr(c, "dtype", None) != target.dtype or c.shape != target.shape:
                c = fit(c, target, node.op, i)
            parts.setdefault(edge, []).append(c)
    return parts


def _contributions(node: Node, g: Any) -> Iterator[tuple[int, Any]]:
    """What the formulas of a node give, for each input with a history."""
    op, values, out = node.op, node.saved, node.out
    with np.errstate(all="ignore"):
        joint = op.joint(g, out, *values, **node.params) if op.joint else None
        for i, edge in enumerate(node.edges):
            if edge is None:
                continue
            c = joint[i] if joint is not None else op.formulas[i](g, out, *values, **node.params)
            if c is not None:
                yield i, c


def _by_engine(tape: Tape, upstream: Sequence[np.ndarray]) -> dict[Any, Any]:
    """The engine's gradient of every node, and what it leaves in ``.grad`` of every leaf."""
    # Boxes around the nodes alone: of an output, only the shape and dtype are asked for.
    outputs = [box(u, node) for node, u in zip(tape.roots, upstream, strict=True)]
    upper = [box(u) for u in upstream]
    nodes = [box(None, node) for node in tape.nodes]
    found = grad(outputs, nodes, upper, retain_graph=True, allow_unused=True)
    given = {n: raw(g) for n, g in zip(tape.nodes, found, strict=True) if g is not None}
    before = [(leaf, leaf._grad) for leaf in tape.leaves]
    try:
        for leaf in tape.leaves:
            leaf._grad = None
        backward(outputs, upper, retain_graph=True)
        given |= {leaf: raw(leaf._grad) for leaf in tape.leaves if leaf._grad is not None}
    finally:
        for leaf, gradient in before:
            leaf._grad = gradient
    return given


# ------------------------------------------------------------------------------- hooks


@dataclass
class _Seen:
    name: str
    before: np.ndarray
    after: np.ndarray


@contextmanager
def _spied(tape: Tape) -> Iterator[dict[Any, list[_Seen]]]:
    """While it is open, every hook says what it was given and what it made of it."""
    seen: dict[Any, list[_Seen]] = {}
    own = []
    try:
        for edge in [*tape.nodes, *tape.leaves]:
            attribute = "hooks" if isinstance(edge, Node) else "_hooks"
            hooks = getattr(edge, attribute)
            if hooks:
                own.append((edge, attribute, hooks))
                users = {key: hook for key, hook in hooks.items() if key != _RETAIN}
                spies = {key: _spy(hook, seen, edge) for key, hook in users.items()}
                setattr(edge, attribute, spies or None)
        yield seen
    finally:
        for edge, attribute, hooks in own:
            setattr(edge, attribute, hooks)


def _spy(hook: Any, seen: dict[Any, list[_Seen]], edge: Any) -> Any:
    def spied(g: Any) -> Any:
        before = flat(g).copy()
        new = hook(g)
        name = _hook_name(hook)
        rows = seen.setdefault(edge, [])
        # The second of the two passes calls the same hooks again: keep the first call of each.
        if not any(row.name == name and np.array_equal(row.before, before) for row in rows):
            rows.append(_Seen(name, before, flat(g if new is None else new).copy()))
        return new

    return spied


def _hook_name(hook: Any) -> str:
    """The name of the user's function inside the engine's wrapper."""
    cells = zip(hook.__code__.co_freevars, hook.__closure__ or (), strict=False)
    inner = next((cell.cell_contents for name, cell in cells if name == "hook"), hook)
    return getattr(inner, "__name__", type(inner).__name__)


# ----------------------------------------------------------------------- what went wrong


def _agrees(value: Any, parts: list[Any]) -> bool:
    if not parts:
        return value is None or not np.any(flat(value))
    return value is not None and _same(flat(sum(parts[1:], start=parts[0])), value, parts)


def _same(a: Any, b: Any, parts: list[Any]) -> bool:
    """Whether two gradients are the same but for rounding, on the scale of what was added."""
    if b is None or flat(a).shape != flat(b).shape:
        return False
    scale = max((float(np.max(np.abs(flat(p)), initial=0.0)) for p in parts), default=0.0)
    dtypes = [p.dtype for p in parts if getattr(p, "dtype", None) is not None]
    digits = np.finfo(dtypes[0] if dtypes and dtypes[0].kind == "f" else np.float64).eps
    tolerance = float(digits) ** _PART_OF_DIGITS * scale * len(parts)
    return bool(np.allclose(flat(a), flat(b), rtol=0.0, atol=tolerance, equal_nan=True))


def _where(tape: Tape, edge: Any, uses: int) -> str:
    if isinstance(edge, Node):
        return f"node {tape.number(edge)} ('{edge.op.name}', fan-out {uses})"
    return f"leaf {edge.name or tuple(edge.shape)} (fan-out {uses})"


def _accumulation(tape: Tape, edge: Any, given: Any, parts: list[Any]) -> Fault:
    n = len(parts)
    expected = flat(sum(parts[1:], start=parts[0])) if parts else np.zeros(flat(given).shape)
    value = np.zeros(expected.shape) if given is None else flat(given)
    text = f"engine: accumulation at {_where(tape, edge, n)}: {_what(value, parts)}"
    return Fault(edge, n, "accumulate", text, expected, value)


def _what(value: np.ndarray, parts: list[Any]) -> str:
    """Which contributions make up `value`, and how often each."""
    n, whole = len(parts), [flat(part) for part in parts]
    for times in _guesses(value, whole):
        if not _same(value, sum(k * p for k, p in zip(times, whole, strict=True)), parts):
            continue
        arrived, twice = sum(k > 0 for k in times), sum(k > 1 for k in times)
        if arrived < n:
            alone = ": the others were overwritten" if arrived == 1 and n > 2 else ""
            return f"{arrived} of {n} contributions arrived{alone}"
        return f"{twice} of {n} contributions were counted twice"
    size = float(np.linalg.norm(value - sum(whole)))
    return f"the sum of {n} contributions is off by {size:.3g}"


def _guesses(value: np.ndarray, parts: list[np.ndarray]) -> Iterator[Sequence[int]]:
    """How often each contribution may have been counted: 0, 1 or 2 times, fewest changes first."""
    n = len(parts)
    if n <= _COMBINED:
        every = itertools.product((0, 1, 2), repeat=n)
        yield from sorted(every, key=lambda times: sum(k != 1 for k in times))
    else:  # too many to try: let the numbers say
        found = np.linalg.lstsq(np.stack(parts, 1), value, rcond=None)[0]
        yield [min(max(int(k), 0), 2) for k in np.rint(found)]


def _hooked(tape: Tape, edge: Any, hook: _Seen, parts: list[Any]) -> Fault:
    factor = ""
    with np.errstate(all="ignore"):
        ratio = hook.after / hook.before if hook.after.shape == hook.before.shape else np.zeros(0)
    if ratio.size and np.allclose(ratio, ratio.flat[0], equal_nan=False):
        factor = f" by a factor {ratio.flat[0]:.4g}"
    text = (
        f"hook '{hook.name}' on {_where(tape, edge, len(parts))} changes the gradient{factor}: "
        "the formulas and the engine are right"
    )
    return Fault(edge, len(parts), "upstream", text, hook.before, hook.after)
