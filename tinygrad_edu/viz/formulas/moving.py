"""Ops that move elements in symbols: shape, order, index, joining, triangles."""

import numpy as np

from .rule import Call, Table, Text, rule, shown


def indexed(index: object) -> str:
    """What stands between the brackets of ``x[...]``.

    Examples
    --------
    >>> indexed((slice(None), 2)), indexed(np.array([2, 0, 2])), indexed(slice(1, 4))
    (':, 2', '[2, 0, 2]', '1:4')
    """
    parts = index if isinstance(index, tuple) else (index,)
    return ", ".join(_part(part) for part in parts)


def _part(part: object) -> str:
    if not isinstance(part, (np.ndarray, list)):
        return "None" if part is None else shown(part)
    array = np.asarray(part)
    if array.dtype.kind == "b":
        return "mask"
    return f"[{', '.join(map(str, array))}]" if array.ndim == 1 and array.size <= 6 else "index"


def _at(before: str, after: str = "") -> Text:
    """A text with the index of the call in brackets."""
    # Braces would read as an option, quotes as names.
    return lambda call: f"{before}[{indexed(call.params.get('index'))}]{after}"


def _back(call: Call) -> str:
    """The inverse permutation, applied to g."""
    dims = call.params.get("dims")
    if dims is None or tuple(dims) == (1, 0):
        return "gᵀ"
    return f"permute(g, {tuple(int(d) for d in np.argsort(dims))})"


def _turned(call: Call) -> str:
    dims = call.params.get("dims")
    return "xᵀ" if dims is None or tuple(dims) == (1, 0) else f"permute(x, {tuple(dims)})"


def _rolled(call: Call) -> str:
    shifts = call.params.get("shifts", ())
    return f"roll(g, shifts={shown(tuple(-s for s in shifts))}, dims={{dims}})"


_RESHAPED = rule("x", None, "reshape(g, shape of x)")
_PERMUTED = rule("x", _turned, _back)

TABLE: Table = {
    **dict.fromkeys(("reshape", "view", "flatten", "squeeze", "unsqueeze"), _RESHAPED),
    **dict.fromkeys(("permute", "transpose", "t"), _PERMUTED),
    "flip": rule("x", None, "flip(g, dims={dims})"),
    "roll": rule("x", None, _rolled),
    "repeat": rule("x", None, "sum over the copies in g"),
    "tril": rule("x", None, "tril(g, diagonal={diagonal})"),
    "triu": rule("x", None, "triu(g, diagonal={diagonal})"),
    "diagonal": rule("x", None, "g on the diagonal, 0 elsewhere"),
    "diag_embed": rule("x", None, "diagonal(g)"),
    "append": rule(
        "x y",
        None,
        "first part of g, along axis {axis}",
        "last part of g, along axis {axis}",
    ),
    "getitem": rule("x", _at("x"), _at("g at ", ", 0 elsewhere")),
    "unfold": rule("x", None, "g added where the windows lie, 0 elsewhere"),
    "put_zeros": rule("v", _at("zeros, v at "), _at("g")),
    "index_put": rule("x v", _at("x, v at "), _at("g, 0 at "), _at("g")),
    "accumulate": rule("x v", _at("x, v added at "), "g", _at("g")),
    "take_along_dim": rule("x", None, "g at the indices along axis {axis}, 0 elsewhere"),
    "put_along_dim": rule("v", None, "g at the indices along axis {axis}"),
    "windows": rule("x", "windows of x", "g put back to where the windows come from, added up"),
    "put_windows": rule("v", "windows v put back, added up", "windows of g"),
    "embedding": rule("w", "rows of w at index", "rows of g added up at index, 0 elsewhere"),
    "scatter_reduce": rule(
        "x src",
        lambda call: "{what} of x and src at index".replace("{what}", _what(call)),
        lambda call: (
            "g / ties where x = out, else 0" if "largest" in call.params else "g ⊙ out / x"
        ),
        lambda call: (
            "(g / ties)[index] where src = out[index], else 0"
            if "largest" in call.params
            else "(g ⊙ out)[index] / src"
        ),
    ),
}


def _what(call: Call) -> str:
    if "largest" not in call.params:
        return "product"
    return "maximum" if call.params["largest"] else "minimum"


def slice_of_joined(op: str, i: int, call: Call) -> str:
    """Which part of g goes to input `i` of ``cat`` or ``stack``.

    Examples
    --------
    >>> slice_of_joined("cat", 1, Call(("a", "b"), {"dim": 1, "ends": (3, 5)}))
    'g[:, 3:5]'
    >>> slice_of_joined("stack", 1, Call(("a", "b"), {"dim": 0}))
    'g[1]'
    """
    own = str(i)
    if op == "cat":
        ends = call.params["ends"]
        own = f"{ends[i - 1] if i else 0}:{ends[i]}"
    return f"g[{', '.join([':'] * call.params['dim'] + [own])}]"
