"""How tensors print: PyTorch's layout, number format and summaries."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_DEFAULT: dict[str, Any] = {
    "precision": 4,
    "threshold": 1000,
    "edgeitems": 3,
    "linewidth": 80,
    "sci_mode": None,
}
_options = dict(_DEFAULT)
_PROFILES: dict[str, dict[str, Any]] = {
    "default": _DEFAULT,
    "short": {**_DEFAULT, "precision": 2, "edgeitems": 2},
    "full": {**_DEFAULT, "threshold": math.inf},
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Change how tensors print.

    Parameters
    ----------
    precision : int
        Digits after the point (4).
    threshold : float
        From this many elements on, only the edges are shown (1000).
    edgeitems : int
        Elements at each edge of a summary (3).
    linewidth : int
        Characters per line (80).
    profile : {"default", "short", "full"}
        Several of these at once.
    sci_mode : bool
        Always, or never, in scientific notation.
    """
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"profile must be one of {sorted(_PROFILES)}, not {profile!r}")
        _options.update(_PROFILES[profile])
    given = {
        "precision": precision,
        "threshold": threshold,
        "edgeitems": edgeitems,
        "linewidth": linewidth,
    }
    _options.update({k: v for k, v in given.items() if v is not None})
    _options["sci_mode"] = sci_mode


def _number_format(array: np.ndarray) -> tuple[Any, int]:
    """A function that formats one element, and the width of the longest finite one but zero.

    By this rule of PyTorch's, "nan" and "inf" can be wider than their column.
    """
    if array.dtype.kind != "f":
        texts = [str(v) for v in array.ravel().tolist()]
        return str, max(map(len, texts), default=1)
    digits = _options["precision"]
    values = array[np.isfinite(array) & (array != 0)].astype(np.float64)
    whole = not values.size or bool((values == np.ceil(values)).all())
    sci = False
    if values.size:
        sizes = np.abs(values)
        low, high = float(sizes.min()), float(sizes.max())
        sci = high / low > 1000 or high > 1e8 or low < 1e-4
        if _options["sci_mode"] is not None:
            sci = _options["sci_mode"]
    kind = f".{digits}e" if sci else ".0f" if whole else f".{digits}f"

    def one(value: float) -> str:
        text = format(value, kind)
        return text + "." if whole and not sci and math.isfinite(value) else text

    return one, max((len(one(v)) for v in values.tolist()), default=1)


def _edges(array: np.ndarray) -> np.ndarray:
    """The elements that a summary shows."""
    e = _options["edgeitems"]
    for axis, n in enumerate(array.shape):
        if n > 2 * e:
            index = [*range(e), *range(n - e, n)]
            array = np.take(array, index, axis=axis)
    return array


def _rows(array: np.ndarray, indent: int, summary: bool, one: Any, width: int) -> str:
    if array.ndim == 0:
        return f"{one(array.item()):>{width}}"
    e = _options["edgeitems"]
    cut = summary and len(array) > 2 * e
    if array.ndim == 1:
        parts = [f"{one(v):>{width}}" for v in (array[:e] if cut else array).tolist()]
        if cut:
            parts += [" ..."] + [f"{one(v):>{width}}" for v in array[-e:].tolist()]
        per_line = max(1, math.floor((_options["linewidth"] - indent) / (width + 2)))
        lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    picked = [*array[:e], None, *array[-e:]] if cut else list(array)
    texts = ["..." if a is None else _rows(a, indent + 1, summary, one, width) for a in picked]
    return "[" + ("," + "\n" * (array.ndim - 1) + " " * (indent + 1)).join(texts) + "]"


def format_tensor(array: np.ndarray, suffixes: list[str], prefix: str = "tensor(") -> str:
    """The text of a tensor, with ``dtype=...`` and the like at the end.

    Examples
    --------
    >>> print(format_tensor(np.array([1.0, 2.5]), ["dtype=float64"]))
    tensor([1.0000, 2.5000], dtype=float64)
    """
    indent = len(prefix)
    if array.size == 0:
        if array.ndim != 1:
            suffixes = [f"size={tuple(array.shape)}", *suffixes]
        text = "[]"
    else:
        summary = array.size > _options["threshold"]
        one, width = _number_format(_edges(array) if summary else array)
        text = _rows(array, indent, summary, one, 0 if array.ndim == 0 else width)
    out = prefix + text
    last = len(out) - out.rfind("\n") + 1  # as PyTorch counts
    for suffix in suffixes:
        if last + len(suffix) + 2 > _options["linewidth"]:
            out, last = out + ",\n" + " " * indent + suffix, indent + len(suffix)
        else:
            out, last = out + ", " + suffix, last + len(suffix) + 2
    return out + ")"
