"""All ops of the derivative table in symbols, and what to write for those that are not in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from . import elementwise, losses, moving, piecewise, products, reductions
from .rule import Call, Table, called, differential, written
from .source import from_source

_KINDS = (elementwise, piecewise, products, reductions, losses, moving)

TABLE: Table = {name: rule for kind in _KINDS for name, rule in kind.TABLE.items()}


def forward_text(op: str, names: Sequence[str], result: str, params: Mapping[str, Any]) -> str:
    """What an op computes, in symbols.

    Parameters
    ----------
    op : str
        The op's name.
    names : sequence of str
        Of its inputs; a number stands for itself. Names of arrays among the options (class labels)
        may follow.
    result : str
        The name of what it makes.
    params : mapping
        Its options.

    Examples
    --------
    >>> forward_text("matmul", ["x", "w"], "h", {})
    'h = x @ w'
    >>> forward_text("softmax", ["scores"], "p", {"axis": (1,)})
    'p = softmax(scores, axis=1)'
    """
    call = Call(tuple(names), params)
    try:
        rule = TABLE.get(op)
        if rule is not None and rule.forward is not None and len(names) >= _needed(op, params):
            return f"{result} = {written(rule.forward, call, rule.letters, 'g', result)}"
        return f"{result} = {called(op, call)}"
    except Exception:  # options of an op that is not ours
        return f"{result} = {op}({', '.join(names)})"


def _needed(op: str, params: Mapping[str, Any]) -> int:
    """How many names the text of an op cannot do without."""
    if op in ("linear", "cross_entropy", "nll_loss", "multiclass_svm_loss"):
        return 2 if op == "linear" else 1  # a bias or class labels may be missing
    return len(TABLE[op].letters)


def vjp_text(
    op: str,
    names: Sequence[str],
    result: str,
    i: int,
    params: Mapping[str, Any],
    primitive: Any = None,
) -> str:
    """What an op hands back to input `i`, in symbols; ``g`` is the gradient of its result.

    Where broadcasting is undone, the sum over axes comes on top.

    Parameters
    ----------
    op, names, result, params
        As in :func:`forward_text`.
    i : int
        Which input.
    primitive : optional
        The op itself: the source of its formula is read if the table has no line for it.

    Examples
    --------
    >>> vjp_text("matmul", ["x", "w"], "h", 1, {})
    'dw = xᵀ g'
    >>> vjp_text("relu", ["h"], "a", 0, {})
    'dh = g ⊙ 1(h > 0)'
    >>> vjp_text("mystery", ["x"], "y", 0, {})
    'dx = vjp(g)'
    """
    g = upstream(names, result)
    target = differential(names[i]) if i < len(names) else f"d(input {i})"
    try:
        text = text_of(op, names, i, params, result, g)
    except Exception:  # an op of the user's with the name of one of ours
        text = None
    return f"{target} = {text or from_source(primitive, names, result, i, g)}"


def upstream(names: Sequence[str], result: str) -> str:
    """What the upstream gradient is called: ``g``, unless something else is.

    Examples
    --------
    >>> upstream(["x", "w"], "h"), upstream(["g", "w"], "h")
    ('g', 'dh')
    """
    return differential(result) if "g" in (*names, result) else "g"


def text_of(
    op: str,
    names: Sequence[str],
    i: int,
    params: Mapping[str, Any],
    out: str = "out",
    g: str = "g",
) -> str | None:
    """The right-hand side of a VJP by the table, or None if it has no line for the op."""
    call = Call(tuple(names), params)
    if op in ("cat", "stack"):
        return written(moving.slice_of_joined(op, i, call), call, (), g, out)
    rule = TABLE.get(op)
    if rule is None or i >= len(rule.vjps) or rule.vjps[i] is None:
        return None
    return written(rule.vjps[i], call, rule.letters, g, out)
