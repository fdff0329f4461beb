"""Routing of softmax losses: p - onehot, row by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..trace import Routing, look_at
from .seen import Seen, many, mask

Route = Callable[[Seen], Routing | None]


def _softmax(x: np.ndarray, axis: Any) -> np.ndarray:
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def _minus_onehot(p: np.ndarray, labels: np.ndarray, note: str = "") -> Routing:
    """The rows of p, less 1 at their labels; in words how many have theirs on top."""
    rows = np.arange(len(p))
    right = int(np.sum(p.argmax(1) == labels))
    d = p.astype(np.float64)
    own = float(np.mean(d[rows, labels])) if len(p) else 0.0
    d[rows, labels] -= 1
    text = f"p − onehot of {many(len(p), 'row')}{note}: the true class has p = {own:.3g} on average"
    return Routing("softmax", f"{text}, in {right} the largest", look_at(d))


def _cross_entropy(seen: Seen) -> Routing:
    return _minus_onehot(_softmax(seen.x, 1), np.asarray(seen.params["labels"]))


def _log_softmax(seen: Seen) -> Routing:
    """p - onehot where the gradient came from one class per row, as a likelihood's does.

    A contribution is then a positive multiple of p - onehot, negative at that class alone; so the
    class is where it is lowest, and the rest must agree.
    """
    (axis,) = seen.params["axis"]
    p = np.moveaxis(np.exp(seen.out), axis, -1).reshape(-1, seen.out.shape[axis])
    c = np.moveaxis(seen.contribution, axis, -1).reshape(p.shape)
    used = np.any(c != 0, axis=1)
    labels = c.argmin(1)
    expected = p - np.eye(p.shape[1])[labels]
    size = np.abs(c).sum(1) / np.maximum(np.abs(expected).sum(1), 1e-300)
    near = np.allclose(c, size[:, None] * expected, rtol=1e-3, atol=1e-5 * np.abs(c).max())
    if used.any() and near:
        note = "" if used.all() else f" ({int(np.sum(~used))} more get nothing)"
        return _minus_onehot(p[used], labels[used], note)
    text = f"{many(len(p), 'row')} of g − p Σ(g): each row of what is added sums to 0"
    return Routing("softmax", text, look_at(p))


def _logsumexp(seen: Seen) -> Routing:
    p = _softmax(seen.x, tuple(seen.params["axis"]))
    text = f"each element gets its share p = softmax(x), between {p.min():.3g} and {p.max():.3g}"
    return Routing("softmax", text, look_at(p))


def _picked(seen: Seen) -> Routing:
    """`nll_loss`: one element of each row."""
    labels, scale = np.asarray(seen.params["labels"]), np.asarray(seen.params["scale"])
    passes = np.zeros(seen.contribution.shape)
    weights = np.broadcast_to(scale != 0, labels.shape).astype(float)
    np.put_along_axis(passes, np.expand_dims(labels, 1), np.expand_dims(weights, 1), 1)
    text = f"{int(passes.sum())} of {many(passes.size)} pass: one for each label that counts"
    return mask(passes, text)


def _logits(seen: Seen) -> Routing | None:
    if seen.i:
        return None
    d = 1 / (1 + np.exp(-seen.x)) - seen.y
    text = f"σ(x) − target of {many(d.size)}, on average {np.abs(d).mean():.3g} apart"
    return Routing("softmax", text, look_at(d))


ROUTES: dict[str, Route] = {
    "cross_entropy": _cross_entropy,
    "log_softmax": _log_softmax,
    "logsumexp": _logsumexp,
    "nll_loss": _picked,
    "from_logits": _logits,
}
