"""What an entry of the corpus is: an op, its right formula, and the ways to get it wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

Inputs = Callable[[np.random.Generator], list[Any]]


class Bug(NamedTuple):
    """A wrong formula and its class.

    `shows` says where it differs from the right one: "anywhere", "ties" (only where values tie),
    "zeros" (only where values are 0), "equal" (only where a whole input is constant), or "second"
    (only at a second point).
    """

    cls: str
    vjp: Callable[..., tuple]
    shows: str = "anywhere"
    also: tuple[str, ...] = ()  # class names that describe it as well
    kind: str = "value"  # or "contract"


@dataclass(eq=False)
class Op:
    """``forward(*xs) -> y``, ``vjp(g, y, *xs) -> tuple``, and a sampler of good inputs.

    `domain` is "real", "positive", "unit" (between -1 and 1), "open" (between 0 and 1) or "given"
    (only what `inputs` draws). `skip` names the hostile inputs where the right formula is not
    right, or is not defined. `variants` are samplers of other shapes.
    """

    name: str
    forward: Callable[..., Any]
    vjp: Callable[..., tuple]
    inputs: Inputs
    bugs: list[Bug]
    domain: str = "real"
    skip: tuple[str, ...] = ()
    variants: dict[str, Inputs] = field(default_factory=dict)


def normal(*shapes: tuple[int, ...], scale: float = 1.0) -> Inputs:
    return lambda rng: [np.asarray(scale * rng.standard_normal(shape)) for shape in shapes]


def between(low: float, high: float, *shapes: tuple[int, ...]) -> Inputs:
    return lambda rng: [np.asarray(rng.uniform(low, high, shape)) for shape in shapes]


def bugs(*pairs: tuple) -> list[Bug]:
    """Return a `Bug` for each ``(class, vjp)`` or ``(class, vjp, where it shows)``."""
    return [Bug(*pair) for pair in pairs]


SAMPLERS = {
    "real": normal,
    "positive": lambda *shapes: between(0.5, 2.5, *shapes),
    "unit": lambda *shapes: between(-0.8, 0.8, *shapes),
    "open": lambda *shapes: between(0.1, 0.9, *shapes),
}


def shapes_of(domain: str, **shapes: Any) -> dict[str, Inputs]:
    """Return samplers of other shapes: ``shapes_of("real", empty=[(0, 3), (3,)])``."""
    return {name: SAMPLERS[domain](*each) for name, each in shapes.items()}


def unary(
    name: str,
    f: Callable[[Any], Any],
    derivative: Callable[[Any, Any], Any],
    *wrong: tuple,
    domain: str = "real",
    skip: tuple[str, ...] = (),
) -> Op:
    """Return an elementwise op; `derivative` and each wrong one is a function of x and y."""

    def chain(d: Callable[[Any, Any], Any]) -> Callable[..., tuple]:
        def vjp(g: Any, y: Any, x: Any) -> tuple:
            with np.errstate(all="ignore"):
                return (g * d(x, y),)

        return vjp

    return Op(
        name,
        f,
        chain(derivative),
        SAMPLERS[domain]((3, 4)),
        [Bug(cls, chain(d), *where) for cls, d, *where in wrong],
        domain,
        skip,
        shapes_of(domain, empty=[(0, 3)], scalar=[()], ones=[(1, 1)], long=[(512, 512)]),
    )


def fit(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Sum over the axes along which an operand of `shape` was broadcast."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    stretched = tuple(k for k, size in enumerate(shape) if size == 1)
    return g.sum(axis=stretched, keepdims=True) if stretched else g
