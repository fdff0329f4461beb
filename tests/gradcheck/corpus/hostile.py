"""Valid inputs that right formulas are called wrong for: kinks, ties, scales, layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .model import Inputs, Op

Array = np.ndarray


def is_float(x: Any) -> bool:
    return bool(np.asarray(x).dtype.kind == "f")


def each(f: Callable[[Array], Array]) -> Callable[[list[Any]], list[Any]]:
    """Apply `f` to the floating inputs."""
    return lambda xs: [f(np.array(x)) if is_float(x) else x for x in xs]


def one_zero(x: Array) -> Array:
    x.reshape(-1)[x.size // 2 : x.size // 2 + 1] = 0
    return x


def repeated(x: Array) -> Array:
    return np.broadcast_to(x[:1], x.shape).copy() if x.ndim else x


def read_only(x: Array) -> Array:
    x.flags.writeable = False
    return x


def reversed_memory(x: Array) -> Array:
    """The same numbers with negative strides."""
    everywhere = (slice(None, None, -1),) * x.ndim
    return np.ascontiguousarray(x[everywhere])[everywhere] if x.ndim else x


def strided(x: Array) -> Array:
    """Every second element of a larger array."""
    if not x.ndim:
        return x
    wide = np.repeat(x, 2, -1)
    return wide[..., ::2]


def mixed(x: Array) -> Array:
    return x * 10.0 ** (np.arange(x.size).reshape(x.shape) % 7 - 3)


# Neither the values nor the domain change.
LAYOUTS = {
    "reversed": each(reversed_memory),
    "strided": each(strided),
    "fortran": each(np.asfortranarray),
    "readonly": each(read_only),
    "float32": each(np.float32),
    "repeated": each(repeated),
}

# What the real line allows.
REAL = {
    "kinks": each(np.round),
    "ties": each(lambda x: np.sign(x) * (np.abs(x) > 0.5)),
    "zeros": each(np.zeros_like),
    "one_zero": each(one_zero),
    "constant": each(lambda x: np.full(x.shape, 0.5)),
    "large": each(lambda x: 1e6 * x),
    "tiny": each(lambda x: 1e-6 * x),
    "mixed": each(mixed),
    "saturated": each(lambda x: 1000 * x),
}

POSITIVE = {
    "ties": each(lambda x: np.ceil(x)),
    "constant": each(lambda x: np.full(x.shape, 2.0)),
    "large": each(lambda x: 1e6 * x),
    "tiny": each(lambda x: 1e-6 * x),
    "mixed": each(mixed),
}

UNIT = {
    "kinks": each(lambda x: np.round(2 * x) / 2.5),
    "zeros": each(np.zeros_like),
    "one_zero": each(one_zero),
    "constant": each(lambda x: np.full(x.shape, 0.5)),
    "tiny": each(lambda x: 1e-6 * x),
}

OPEN = {
    "ties": each(lambda x: 0.25 + 0.5 * (x > 0.5)),
    "constant": each(lambda x: np.full(x.shape, 0.5)),
    "near_zero": each(lambda x: 1e-3 * x),
    "near_one": each(lambda x: 1 - 1e-3 * x),
}

DOMAINS: dict[str, dict[str, Callable[[list[Any]], list[Any]]]] = {
    "real": REAL,
    "positive": POSITIVE,
    "unit": UNIT,
    "open": OPEN,
    "given": {},
}


def samplers(op: Op) -> dict[str, Inputs]:
    """Return a sampler for each kind of hostile input that lies in the domain of `op`."""

    def after(change: Callable[[list[Any]], list[Any]]) -> Inputs:
        return lambda rng: change(op.inputs(rng))

    changes = LAYOUTS | DOMAINS[op.domain]
    found = {name: after(change) for name, change in changes.items()} | op.variants
    return {name: inputs for name, inputs in found.items() if name not in op.skip}


def hostile(op: Op, rng: np.random.Generator) -> Iterator[tuple[str, list[Any]]]:
    """Yield ``(name, inputs)`` where the right formula of `op` is right."""
    for name, inputs in samplers(op).items():
        yield name, inputs(rng)
