"""What one op costs beyond its arithmetic: forward and backward on arrays of a few numbers."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .settings import Entry, Settings, explain, race
from .table import Section, compared, time
from .timing import Times


class Op(NamedTuple):
    """The shapes of its inputs, the call in either library, and the arithmetic alone."""

    shapes: tuple[tuple[int, ...], ...]
    call: Callable[..., Any]
    bare: Callable[..., Any]
    classes: int = 0

    def inputs(self) -> list[np.ndarray]:
        """Numbers in float32, and labels at the end if there are classes."""
        rng = np.random.default_rng(0)
        arrays: list[np.ndarray] = [
            np.asarray(rng.uniform(0.5, 1.5, s), dtype=np.float32) for s in self.shapes
        ]
        if self.classes:
            arrays.append(rng.integers(0, self.classes, self.shapes[0][0]))
        return arrays


ROWS = np.arange(4)


def cross_entropy(scores: np.ndarray, y: np.ndarray) -> np.floating:
    scores = scores - scores.max(axis=1, keepdims=True)
    return (np.log(np.exp(scores).sum(axis=1)) - scores[ROWS, y]).mean()


OPS = {
    "add": Op(((), ()), lambda m, a, b: a + b, np.add),
    "mul": Op(((), ()), lambda m, a, b: a * b, np.multiply),
    "exp": Op(((),), lambda m, x: m.exp(x), np.exp),
    "relu": Op(((),), lambda m, x: m.relu(x), lambda x: np.maximum(x, 0)),
    "sum": Op(((4, 4),), lambda m, x: x.sum(), np.sum),
    "mean": Op(((4, 4),), lambda m, x: x.mean(dim=0), lambda x: x.mean(axis=0)),
    "reshape": Op(((4, 4),), lambda m, x: x.reshape(2, 8), lambda x: x.reshape(2, 8)),
    "getitem": Op(((4, 4),), lambda m, x: x[1], lambda x: x[1]),
    "add a row": Op(((4, 4), (4,)), lambda m, a, b: a + b, np.add),
    "matmul": Op(((4, 4), (4, 4)), lambda m, a, b: a @ b, np.matmul),
    "linear": Op(
        ((4, 4), (4, 4), (4,)),
        lambda m, x, w, b: m.nn.functional.linear(x, w, b),
        lambda x, w, b: x @ w.T + b,
    ),
    "softmax": Op(
        ((4, 4),),
        lambda m, x: m.softmax(x, dim=1),
        lambda x: (e := np.exp(x - x.max(axis=1, keepdims=True))) / e.sum(axis=1, keepdims=True),
    ),
    "cross_entropy": Op(
        ((4, 4),), lambda m, x, y: m.nn.functional.cross_entropy(x, y), cross_entropy, classes=4
    ),
}


def step_of(op: str, library: str) -> Callable[[], Any]:
    """Forward and backward in the library; with NumPy, forward alone."""
    spec = OPS[op]
    arrays = spec.inputs()
    if library == "numpy":
        return lambda: spec.bare(*arrays)
    m = import_module(library)
    inputs = [m.from_numpy(a) for a in arrays]
    leaves = inputs[: len(spec.shapes)]
    for leaf in leaves:
        leaf.requires_grad = True
    call = spec.call
    # A gradient other than the default of ones, which both libraries would make anew each time.
    gradient = m.ones_like(call(m, *inputs).detach())

    def step() -> None:
        for leaf in leaves:
            leaf.grad = None
        call(m, *inputs).backward(gradient)

    return step


def measure(settings: Settings) -> Section:
    """Microseconds for one op, forward and backward."""
    torch = "torch" in settings.against
    header = ["op", "inputs", "NumPy, forward", "ours", "PyTorch"]
    section = settings.open(
        "overhead", "One small op, forward and backward, microseconds", header[: 4 + torch]
    )
    for op, spec in OPS.items():
        settings.say(f"overhead: {op}")
        here = settings.worker("numpy")
        entries = {
            "NumPy": Entry(here, "overhead.step_of", {"op": op, "library": "numpy"}),
            "ours": Entry(here, "overhead.step_of", {"op": op, "library": "tinygrad_edu"}),
        }
        if torch:
            entries["PyTorch"] = Entry(
                settings.worker("torch"), "overhead.step_of", {"op": op, "library": "torch"}
            )
        times = race(settings, entries, seconds=settings.seconds / 10)
        shapes = " ".join("x".join(map(str, shape)) or "scalar" for shape in spec.shapes)
        cells = [op, shapes, time(times["NumPy"]), time(times["ours"])]
        section.rows.append(cells + [compared(times["PyTorch"], times["ours"])] * torch)
        if isinstance(times["ours"], Times):
            section.values[(op,)] = times["ours"].median
        explain(section, times)
    section.note("Every call includes some 0.05 microseconds of the loop around it.")
    return section
