"""Formulas with the right numbers and bad manners; and right rules fed the wrong upstream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .model import Bug, Op

Vjp = Callable[..., tuple]


def mapped(op: Op, f: Callable[[Any], Any]) -> Vjp:
    """The right gradients, each one through `f`."""
    return lambda *args: tuple(None if d is None else f(np.asarray(d)) for d in op.vjp(*args))


def kept(op: Op, put: Callable[[Any, Any], Any], hand_out: Callable[[Any], Any]) -> Vjp:
    """Keep one buffer for each gradient and shape; `put` each new result into it."""
    buffers: dict[Any, Any] = {}

    def vjp(*args: Any) -> tuple:
        out = []
        for k, d in enumerate(op.vjp(*args)):
            if d is None:
                out.append(None)
                continue
            d = np.array(d, float)
            buffer = buffers.setdefault((k, d.shape), np.zeros(d.shape))
            put(buffer, d)
            out.append(hand_out(buffer))
        return tuple(out)

    return vjp


def add(buffer: Any, d: Any) -> None:
    buffer += d


def overwrite(buffer: Any, d: Any) -> None:
    buffer[...] = d


def changing(op: Op, which: int) -> Vjp:
    """Change g (0), y (1) or the first floating x (2) after the gradients are known."""

    def vjp(g: Any, y: Any, *xs: Any) -> tuple:
        out = tuple(None if d is None else np.array(d) for d in op.vjp(g, y, *xs))
        victim = (g, y, first_float(xs))[which]
        if isinstance(victim, np.ndarray):
            victim *= 0.5
        return out

    return vjp


def first_float(xs: Any) -> Any:
    return next(x for x in xs if np.asarray(x).dtype.kind == "f")


def fed(op: Op, f: Callable[[Any], Any]) -> Vjp:
    """The right formula with ``f(g)`` in place of g."""
    return lambda g, y, *xs: op.vjp(f(np.asarray(g)), y, *xs)


def remembering(op: Op) -> Vjp:
    """Keep x and y of the first call with these shapes, as a layer does that forgets to update."""
    first: dict[Any, Any] = {}

    def vjp(g: Any, y: Any, *xs: Any) -> tuple:
        key = tuple(np.shape(x) for x in xs)
        if key not in first:
            first[key] = [np.array(a) for a in (y, *xs)]
        return op.vjp(g, *first[key])

    return vjp


def noisy(op: Op, size: float) -> Vjp:
    rng = np.random.default_rng(7)
    return mapped(op, lambda d: d * (1 + size * rng.standard_normal(d.shape)))


def low_precision(op: Op) -> Vjp:
    """Compute in float32 and return float64."""

    def vjp(g: Any, y: Any, *xs: Any) -> tuple:
        narrow = [np.float32(a) if np.asarray(a).dtype.kind == "f" else a for a in (g, y, *xs)]
        out = op.vjp(*narrow)
        return tuple(None if d is None else np.array(np.float32(d), np.float64) for d in out)

    return vjp


def one_less(op: Op) -> Vjp:
    """Forget the gradient of the first floating input altogether."""

    def vjp(g: Any, y: Any, *xs: Any) -> tuple:
        k = next(k for k, x in enumerate(xs) if x is first_float(xs))
        out = list(op.vjp(g, y, *xs))
        del out[k]
        return tuple(out)

    return vjp


def reshaped(d: Any) -> Any:
    return d.ravel() if d.ndim > 1 else d[None]


def spoilt(value: float) -> Callable[[Any], Any]:
    def spoil(d: Any) -> Any:
        d = np.array(d, float)
        d.reshape(-1)[:1] = value
        return d

    return spoil


def contract_bugs(op: Op) -> list[Bug]:
    """Return fresh wrong formulas, each with an empty memory."""

    def bug(cls: str, vjp: Vjp, *also: str, shows: str = "anywhere") -> Bug:
        return Bug(cls, vjp, shows, also, "contract")

    return [
        bug("accumulate", kept(op, add, np.array)),
        bug("accumulate", kept(op, add, lambda buffer: buffer)),
        bug("accumulate", kept(op, overwrite, lambda buffer: buffer), "mutation"),
        bug("mutation", changing(op, 0)),
        bug("mutation", changing(op, 1)),
        bug("mutation", changing(op, 2)),
        bug("dtype", mapped(op, np.float32)),
        bug("dtype", mapped(op, lambda d: np.float64(np.float32(d)))),
        bug("dtype", low_precision(op)),
        bug("nondeterministic", noisy(op, 1e-3)),
        bug("nondeterministic", noisy(op, 1e-9)),
        bug("upstream", fed(op, np.ones_like)),
        bug("upstream", fed(op, np.abs)),
        bug("upstream", fed(op, lambda g: np.maximum(g, 0))),
        bug("upstream", fed(op, np.sign)),
        bug("upstream", fed(op, lambda g: np.full(g.shape, g.mean())), "wrong_axis"),
        bug("stale", remembering(op), shows="second"),
        bug("detached", mapped(op, np.zeros_like)),
        bug("detached", lambda *args: tuple(None for _ in op.vjp(*args)), "shape"),
        bug("shape", mapped(op, reshaped)),
        bug("shape", one_less(op), "detached"),
        bug("nonfinite", mapped(op, spoilt(np.nan))),
        bug("nonfinite", mapped(op, spoilt(np.inf))),
    ]
