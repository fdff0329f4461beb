"""Routing of ops that read elements by index: how often each was read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..trace import Routing, look_at
from .seen import Seen, many

Route = Callable[[Seen], Routing | None]


def _places(shape: tuple[int, ...], index: Any) -> np.ndarray:
    """Which elements an index reads, as places in C order."""
    return np.arange(int(np.prod(shape))).reshape(shape)[index].ravel()


def _counts(shape: tuple[int, ...], index: Any) -> np.ndarray:
    size = int(np.prod(shape))
    return np.bincount(_places(shape, index), minlength=size).reshape(shape)


def _told(counts: np.ndarray, what: str, view: np.ndarray | None = None) -> Routing:
    used, repeated = int(np.count_nonzero(counts)), int(np.sum(counts > 1))
    text = f"{used} of {many(counts.size, what)} read"
    if repeated:
        text += f", {repeated} of them more than once (up to {int(counts.max())} times): "
        text += "their gradients add up"
    shown = counts if view is None else view
    return Routing("index", text, look_at(shown.astype(np.float64)))


def _getitem(seen: Seen) -> Routing:
    return _told(_counts(seen.contribution.shape, seen.params["index"]), "element")


def _embedding(seen: Seen) -> Routing:
    rows, *width = seen.contribution.shape
    index, scale = np.asarray(seen.params["index"]), seen.params.get("scale")
    read = np.bincount(index.ravel() % rows, minlength=rows)
    found = _told(read, "row", np.broadcast_to(read[:, None], (rows, *width[:1])))
    dropped = (
        0 if scale is None else int(np.sum(np.broadcast_to(scale, seen.out.shape)[..., 0] == 0))
    )
    if not dropped:
        return found
    return Routing("index", f"{found.text}; {many(dropped, 'read')} of padding dropped", found.view)


def _written(seen: Seen) -> Routing:
    """`index_put`: what was overwritten gets nothing."""
    counts = _counts(seen.out.shape, seen.params["index"])
    over = int(np.count_nonzero(counts))
    if seen.i == 1:
        return _told(counts, "element")
    text = f"{over} of {many(counts.size)} overwritten: they block, the others pass"
    return Routing("mask", text, look_at((counts == 0).astype(np.float64)))


def _accumulated(seen: Seen) -> Routing | None:
    if seen.i == 0:
        return None  # all of it passes
    return _told(_counts(seen.out.shape, seen.params["index"]), "element")


ROUTES: dict[str, Route] = {
    "getitem": _getitem,
    "embedding": _embedding,
    "index_put": _written,
    "accumulate": _accumulated,
}
