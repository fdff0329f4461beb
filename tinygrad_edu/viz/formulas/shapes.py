"""A VJP in shapes: which arrays meet, and which axes are summed or put back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .moving import TABLE as MOVING
from .table import TABLE, text_of

Shape = tuple[int, ...]


def vjp_shapes(
    op: str, shapes: Sequence[Shape | None], out: Shape, i: int, params: Mapping[str, Any]
) -> str:
    """The VJP of `op` for input `i` in shapes.

    Parameters
    ----------
    op : str
        The op's name.
    shapes : sequence of tuple or None
        Of its inputs; None where it is unknown (a number, an option).
    out : tuple
        Of its result, which is the shape of the upstream gradient.
    i : int
        Which input.
    params : mapping
        The op's options.

    Returns
    -------
    str
        Empty if a shape that matters is unknown.

    Examples
    --------
    >>> vjp_shapes("matmul", [(32, 784), (784, 10)], (32, 10), 1, {})
    '(784, 32) @ (32, 10)'
    >>> vjp_shapes("add", [(32, 10), (10,)], (32, 10), 1, {})
    'sum over axis 0: (32, 10) → (10,)'
    >>> vjp_shapes("sum", [(32, 10)], (10,), 0, {"axis": (0,), "keepdims": False})
    'spread over axis 0: (10,) → (32, 10)'
    """
    try:
        return _shapes(op, shapes, tuple(out), i, params)
    except Exception:  # an op unlike its name: a frame without shapes is better than none
        return ""


def _shapes(
    op: str, shapes: Sequence[Shape | None], out: Shape, i: int, params: Mapping[str, Any]
) -> str:
    own = shapes[i]
    if own is None:
        return ""
    if op in ("matmul", "linear") and len(shapes) > 1:
        if i == 2:
            return summed(out, own)
        left, right = shapes[0], shapes[1]
        assert left is not None and right is not None
        if op == "linear":
            return _linear(left, right, out, i)
        return _matmul(left, right, out, i)
    if op == "einsum":
        return f"{out} with {shapes[1 - i]} → {own}"
    if _reduces(op, own, out, params):
        return _spread(op, own, out, params)
    if op == "inv":
        return f"{own} @ {own} @ {own}"
    if op in MOVING:
        return f"{own}" if own == out else f"{out} → {own}"
    given = [s for s in shapes if s is not None]
    if _broadcast(given) == out:
        return _elementwise(op, shapes, out, own, i, params)
    if op == "mse_loss":
        return f"{own}, n = {math.prod(own)}"
    return f"{own}" if own == out else f"{out} → {own}"


# ------------------------------------------------------------------------- products


def _turned(shape: Shape) -> Shape:
    return (*shape[:-2], shape[-1], shape[-2])


def _rows(shape: Shape) -> Shape:
    """A stack of matrices as one tall matrix."""
    return (math.prod(shape[:-1]), shape[-1])


def _product(a: Shape, b: Shape, own: Shape) -> str:
    full = (*(_broadcast([a[:-2], b[:-2]]) or ()), a[-2], b[-1])
    text = f"{a} @ {b}"
    return text if full == own else f"{text}, {summed(full, own)}"


def _matmul(x: Shape, y: Shape, out: Shape, i: int) -> str:
    """As the engine does it: vectors by outer products, stacks of matrices as tall ones."""
    if len(x) == 1 and len(y) == 1:
        return f"{out} · {(y, x)[i]}"
    if len(x) == 1 and len(y) == 2 and i == 1:
        return f"{x} ⊗ {out}"
    if i == 0:
        if len(y) == 1:
            return f"{out} ⊗ {y}"
        if len(x) == 1 and len(y) > 2:
            return f"{out} · {y} → {x}"
        return _product(out, _turned(y), x) if len(out) > 1 else f"{out} @ {_turned(y)}"
    if len(y) == 1:
        return f"{_rows(x)[::-1]} @ {(math.prod(out),)}"
    if len(y) == 2:
        return f"{_rows(x)[::-1]} @ {_rows(out)}"
    if len(x) == 1:
        return f"{x} ⊗ {out} → {y}"
    return _product(_turned(x), out, y)


def _linear(x: Shape, w: Shape, out: Shape, i: int) -> str:
    if i == 0:
        return f"{out} @ {w}"
    return f"{_rows(out)[::-1]} @ {_rows(x)}"


# ------------------------------------------------------------------------- sums and spreads


def summed(full: Shape, own: Shape) -> str:
    """Which axes are summed to come from one shape to another; empty if none.

    Examples
    --------
    >>> summed((32, 10), (10,)), summed((2, 3, 4), (3, 1)), summed((4,), (4,))
    ('sum over axis 0: (32, 10) → (10,)', 'sum over axes 0, 2: (2, 3, 4) → (3, 1)', '')
    """
    if full == own:
        return ""
    extra = len(full) - len(own)
    axes = [*range(extra)]
    axes += [k + extra for k, n in enumerate(own) if n == 1 and full[k + extra] != 1]
    if not axes:
        return f"{full} → {own}"
    return f"sum over {_axes(axes)}: {full} → {own}"


def _axes(axes: Sequence[int]) -> str:
    return f"ax{'i' if len(axes) == 1 else 'e'}s {', '.join(map(str, axes))}"


def _reduces(op: str, own: Shape, out: Shape, params: Mapping[str, Any]) -> bool:
    return params.get("axis") is not None and "spread" in (text_of(op, ("x",), 0, params) or "")


def _spread(op: str, own: Shape, out: Shape, params: Mapping[str, Any]) -> str:
    axis = params["axis"]
    axes = [axis] if isinstance(axis, int) else list(axis)
    if not axes:
        return f"{own}"
    text = f"spread over {_axes(axes)}: {out} → {own}"
    counts = re.search(r"\bn\b", text_of(op, ("x",), 0, params) or "")
    return f"{text}, n = {math.prod(own[a] for a in axes)}" if counts else text


def _broadcast(shapes: Sequence[Shape]) -> Shape | None:
    """The shape that arrays of these shapes take together, or None if they cannot."""
    length = max(map(len, shapes), default=0)
    full = [1] * length
    for shape in shapes:
        for k, n in enumerate(shape, length - len(shape)):
            if n != 1 and full[k] not in (1, n):
                return None
            full[k] = n if n != 1 else full[k]
    return tuple(full)


# ------------------------------------------------------------------------- elementwise


def _elementwise(
    op: str,
    shapes: Sequence[Shape | None],
    out: Shape,
    own: Shape,
    i: int,
    params: Mapping[str, Any],
) -> str:
    """Upstream gradient times slope; the slope has the shape of what its formula reads."""
    read = _read(op, shapes, out, i, params)
    slope = _broadcast(read) if read else None
    text = f"{out} ⊙ {slope}" if slope else f"{out}"
    back = summed(out, own)
    if not back:
        return text
    return f"{text}, {back}" if slope else back


def _read(
    op: str, shapes: Sequence[Shape | None], out: Shape, i: int, params: Mapping[str, Any]
) -> list[Shape]:
    rule = TABLE.get(op)
    if rule is None:
        return [out]
    names = tuple(f"_{k}_" for k in range(len(shapes)))
    text = text_of(op, names, i, params, out="_out_") or ""
    found = [s for name, s in zip(names, shapes, strict=True) if s is not None and name in text]
    return [*found, *([out] if "_out_" in text else [])]
