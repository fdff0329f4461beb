"""The short texts of a graph: what an array, an op and an edge say of themselves."""

import math
from itertools import zip_longest
from typing import Any

import numpy as np

from tinygrad_edu.engine import FREED, Node


def summarize(array: Any) -> str:
    """A short text for an array: its numbers when they are few, else its range and mean.

    Examples
    --------
    >>> summarize(np.array([1.0, 2.5]))
    '[1, 2.5]'
    >>> summarize(np.arange(10.0))
    '0 .. 9, mean 4.5'
    """
    array = np.asarray(array)
    if array.size == 0:
        return "empty"
    if array.ndim == 0:
        return number(array)
    if array.size <= 4:
        return "[" + ", ".join(number(entry) for entry in array.ravel()) + "]"
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return f"{int((~np.isfinite(array)).sum())} of {array.size} are NaN or inf"
    if array.dtype.kind not in "fiu":
        return ""
    low, high, mean = array.min(), array.max(), array.mean(dtype=np.float64)
    return f"{number(low)} .. {number(high)}, mean {number(mean)}"


def arguments(node: Node) -> list[tuple[Any, Any]]:
    """Edge and saved value of each positional argument; freed values are None."""
    saved = () if node.saved is FREED else node.saved
    return list(zip_longest(node.edges, saved[: len(node.edges)]))


def op_label(node: Node, with_options: bool = True) -> str:
    """`mul 2.0`; `1.0 div` when the scalar is the left operand; `sum axis=0` with an option."""
    before: list[str] = []
    after: list[str] = []
    seen_tensor = False
    for edge, value in arguments(node):
        if edge is None and isinstance(value, (bool, int, float, np.generic)):
            (after if seen_tensor else before).append(number(value, exact=True))
        elif edge is not None or is_data(value):
            seen_tensor = True
    options = [
        f"{name}={value!r}"
        for name, value in node.params.items()
        if with_options and isinstance(value, (bool, int, float, str, tuple)) and value is not False
    ]
    return " ".join([*before, node.op.name, *after, *(text for text in options if len(text) <= 24)])


def op_notes(node: Node, show_attrs: bool, show_saved: bool, max_chars: int) -> tuple[str, ...]:
    """All options line by line, and the shapes of the inputs that were kept for backward."""
    notes = []
    if show_attrs:
        notes += [f"{name}: {v!r}" for name, v in node.params.items() if not is_data(v)]
    if show_saved and node.saved is FREED:
        notes.append("saved: freed")
    elif show_saved:
        kept = [str(value.shape) for value in node.saved if isinstance(value, np.ndarray)]
        notes.append("saved: " + (", ".join(kept) or "nothing"))
    return tuple(n if len(n) <= max_chars else n[: max(max_chars, 1) - 1] + "…" for n in notes)


def broadcast(node: Node, array: Any) -> str:
    """`(10,) → (32, 10)` where an elementwise op stretches its input, else nothing."""
    if not node.op.elementwise or node.out.shape in (None, array.shape):  # None: several results
        return ""
    return f"{tuple(array.shape)} → {tuple(node.out.shape)}"


def is_data(value: Any) -> bool:
    """An array, or what stands for one whose numbers were not kept; a NumPy scalar is neither."""
    return hasattr(value, "shape") and hasattr(value, "dtype") and not isinstance(value, np.generic)


def number(value: Any, exact: bool = False) -> str:
    """Four digits; `exact` keeps Python's own text when it is short (2.0 stays 2.0)."""
    plain = value.item() if hasattr(value, "item") else value
    if exact and len(repr(plain)) <= 8:
        return repr(plain)
    if isinstance(plain, float) and math.isfinite(plain):
        return f"{plain:.4g}"
    return str(plain)
