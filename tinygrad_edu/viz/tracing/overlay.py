"""Finite differences beside every formula: ``trace(loss, check=True)``.

Each op is run again alone, in float64, on the inputs it really had, and its result is weighed with
the upstream gradient of its frame. The slopes of that number are what the formula should give:
element by element for small inputs, along a few random directions for large ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu.engine import Node

from ..trace import SMALL, Frame, look_at
from .recording import kept
from .sweeping import Step

DIRECTIONS = 4
# A formula is computed in the dtype of its input: what rounding does to a sum of some hundred
# terms, in units of that dtype's precision.
ROUNDING = 1000
# What a slope from one side of a kink may be off by, relative to it.
ONE_SIDED = 1e-6
LARGE_NOTE = (
    f"finite differences: of inputs with more than {SMALL} elements, slopes along {DIRECTIONS} "
    "random directions are compared"
)


def with_numeric(frames: Sequence[Frame], steps: Sequence[Step], root: Node) -> list[Frame]:
    """The backward frames, each with what finite differences say.

    Parameters
    ----------
    frames, steps
        In the same order.
    root
        The node of the loss.

    Returns
    -------
    list of Frame
        `agrees` is None where there is no slope to compare with, as at a jump.
    """
    from tinygrad_edu.gradcheck.replay import Tape, joined

    tape = Tape([root], _arguments(steps))
    alone: dict[Node, Any] = {}
    checked = []
    for frame, step in zip(frames, steps, strict=True):
        if step.node not in alone:
            try:
                alone[step.node] = tape.alone(step.node)
            except Exception:  # an op that nobody can run again has no numbers to show
                alone[step.node] = None
        checked.append(_compared(frame, step, alone[step.node], joined))
    return checked


def _arguments(steps: Sequence[Step]) -> Mapping[Any, tuple[Any, ...]]:
    """What each Function was called with, as far as it was recorded."""
    pages = {s.node.op: kept(s.node) for s in steps if hasattr(s.node.op, "function")}
    return {op: page.inputs for op, page in pages.items() if page and page.inputs}


def _compared(frame: Frame, step: Step, alone: Any, joined: Callable[..., Any]) -> Frame:
    c, places = step.contribution, [k for k, e in enumerate(step.node.edges) if e is not None]
    if alone is None or len(alone[1]) != len(places) or hasattr(c, "grads"):
        return frame
    subject, xs = alone
    k = places.index(step.i)
    parts = getattr(step.upstream, "grads", None)
    g = step.upstream if parts is None else joined([parts[i] for i in sorted(parts)])
    g = np.asarray(g, np.float64)

    def weighed(values: Sequence[np.ndarray]) -> np.ndarray:
        result = np.asarray(subject.forward(values))
        return np.asarray(np.vdot(g, result))

    analytic = np.zeros(xs[k].shape) if c is None else np.asarray(c, np.float64)
    eps = np.finfo(np.float64 if c is None or c.dtype.kind != "f" else c.dtype).eps
    try:
        with np.errstate(all="ignore"):
            if weighed(xs).shape != () or analytic.shape != xs[k].shape:
                return frame
            rows, shape = _directions(xs[k])
            numeric, agrees = _slopes(weighed, xs, k, rows, analytic, float(eps), g)
    except Exception:  # the user's own forward, at points it was not made for
        return frame
    return replace(frame, numeric=look_at(numeric.reshape(shape)), agrees=agrees)


def _directions(x: np.ndarray) -> tuple[list[np.ndarray], tuple[int, ...]]:
    """One direction per element, or a few random ones; and the shape of their slopes."""
    if x.size > SMALL:
        rng = np.random.default_rng(0)
        rows = [rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.5, x.shape) for _ in "1234"]
        return rows, (DIRECTIONS,)
    return [one.reshape(x.shape) for one in np.eye(x.size)], x.shape


def _slopes(
    weighed: Callable[..., Any],
    xs: Sequence[np.ndarray],
    k: int,
    rows: Sequence[np.ndarray],
    analytic: np.ndarray,
    eps: float,
    g: np.ndarray,
) -> tuple[np.ndarray, bool | None]:
    """The slope along each row, and whether all that can be compared agree."""
    from tinygrad_edu.gradcheck.directions import slopes_along

    y = weighed(xs).reshape(1)
    numeric, verdicts = np.full(len(rows), np.nan), []
    floor = eps * ROUNDING * max(np.abs(analytic).max(initial=0.0), np.abs(g).max(initial=0.0))
    for n, row in enumerate(rows):
        found = slopes_along(lambda values: weighed(values).reshape(1), xs, [k], [row], y)
        claimed = float(np.vdot(analytic, row))
        room = max(floor, eps * ROUNDING * float(np.abs(analytic * row).sum()))
        if found.smooth[0]:
            numeric[n] = found.value[0]
            verdicts.append(abs(claimed - numeric[n]) <= room + found.bound[0])
        elif found.kink[0]:  # any slope between the two sides is a subgradient
            low, high = sorted((found.left[0], found.right[0]))
            numeric[n] = (low + high) / 2
            room += ONE_SIDED * max(abs(low), abs(high))
            verdicts.append(low - room <= claimed <= high + room)
    if not verdicts:
        return numeric, None
    return numeric, bool(all(verdicts))
