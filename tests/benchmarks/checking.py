"""What a gradient check costs: along lines through all inputs, or for each element by itself."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from .settings import Entry, Settings, explain, race
from .table import Section, time


class Check(NamedTuple):
    """The shapes of the inputs, the call in either library, and a NumPy function with its VJP."""

    shapes: tuple[tuple[int, ...], ...]
    call: Callable[..., Any]
    forward: Callable[..., Any] | None = None
    vjp: Callable[..., Any] | None = None

    def inputs(self) -> list[np.ndarray]:
        rng = np.random.default_rng(0)
        return [rng.normal(size=shape) for shape in self.shapes]


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def linear(*shapes: tuple[int, ...]) -> Check:
    return Check(
        shapes,
        lambda m, x, w, b: m.nn.functional.linear(x, w, b),
        lambda x, w, b: x @ w.T + b,
        lambda g, y, x, w, b: (g @ w, g.T @ x, g.sum(axis=0)),
    )


CHECKS = {
    "tanh": Check(((5, 4),), lambda m, x: m.tanh(x), np.tanh, lambda g, y, x: g * (1 - y * y)),
    "softmax": Check(
        ((8, 10),),
        lambda m, x: m.softmax(x, dim=1),
        softmax,
        lambda g, y, x: y * (g - (g * y).sum(axis=1, keepdims=True)),
    ),
    "linear": linear((8, 6), (5, 6), (5,)),
    "linear, larger": linear((4, 32), (16, 32), (16,)),
    "conv2d": Check(((2, 3, 6, 6), (4, 3, 3, 3)), lambda m, x, w: m.nn.functional.conv2d(x, w)),
}

# The columns: a library, and what its `gradcheck` is given.
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "gradcheck": ("tinygrad_edu", {}),
    "gradcheck, eps given": ("tinygrad_edu", {"eps": 1e-6}),
    "PyTorch": ("torch", {}),
    "PyTorch fast_mode": ("torch", {"fast_mode": True}),
}


def op_step(check: str) -> Callable[[], Any]:
    """`check_op` of the NumPy formula."""
    from tinygrad_edu.gradcheck import check_op

    spec = CHECKS[check]
    inputs, forward, vjp = spec.inputs(), spec.forward, spec.vjp
    assert forward and vjp

    def step() -> None:
        if not check_op(forward, vjp, inputs):
            raise AssertionError(f"check_op rejects {check}")

    return step


def step_of(check: str, way: str) -> Callable[[], Any]:
    """`gradcheck` of the library's function; it raises if a check fails."""
    library, options = WAYS[way]
    m = import_module(library)
    gradcheck = import_module(f"{library}.autograd").gradcheck
    inputs = [m.from_numpy(value) for value in CHECKS[check].inputs()]
    for tensor in inputs:
        tensor.requires_grad = True
    call = CHECKS[check].call

    def step() -> None:
        gradcheck(lambda *xs: call(m, *xs), inputs, **options)

    return step


def measure(settings: Settings) -> Section:
    """Milliseconds for checks of right formulas."""
    ways = [w for w in WAYS if WAYS[w][0] != "torch" or "torch" in settings.against]
    section = settings.open(
        "checking",
        "Checking a right gradient, milliseconds",
        ["function", "numbers in", "check_op", *ways],
    )
    for check, spec in CHECKS.items():
        settings.say(f"checking: {check}")
        entries = {}
        if spec.vjp is not None:
            worker = settings.worker("numpy")
            entries["check_op"] = Entry(worker, "checking.op_step", {"check": check})
        for way in ways:
            worker = settings.worker("torch" if WAYS[way][0] == "torch" else "numpy")
            entries[way] = Entry(worker, "checking.step_of", {"check": check, "way": way})
        times = race(settings, entries, min(settings.rounds, 7))
        size = sum(value.size for value in spec.inputs())
        cells = [time(times.get(name), 1e-3) for name in ("check_op", *ways)]
        section.rows.append([check, f"{size:,}", *cells])
        explain(section, times)
    section.note("check_op and gradcheck also look at the contract, at ties, and at other shapes.")
    section.note("With eps given, gradcheck is PyTorch's classical test.")
    return section
