"""What the adaptive rules share: options with their checks, and cache-sized blocks."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..engine import box, raw
from ..errors import DTypeError, located
from .decay import check_decay
from .optimizer import fractions
from .symbols import SYMBOLS

# Where epsilon stands: outside the root (PyTorch) or inside it (S2, D2L).
EPS_MODES = ("outside", "inside")

# Bytes per array in a block: five such arrays fit a second-level cache. Smaller blocks pay more for
# the calls than they save: Adam on 1.7 million float32 takes 2.6 ms with 64 KiB, 2.1 with 256. So
# does a small remainder: an array of up to two blocks is one piece.
BLOCK = 1 << 18
# Scratch memory is kept for pieces of sizes in between, bytes.
_LITTLE, _MUCH = 1 << 15, 8 * BLOCK

SYMBOLS.update(
    {
        "lr_decay": ("κ", r"\kappa"),
        "G": ("G", "G"),
        "g_T": ("gᵀ", r"g^\top"),
        "mu_next": ("μ₊", r"\mu_{+}"),
        "mu_product": ("Πμ", r"\Pi_\mu"),
        "momentum_decay": ("ψ", r"\psi"),
        "rho_inf": ("ρ∞", r"\rho_\infty"),
        "rho_t": ("ρₜ", r"\rho_t"),
    }
)


def check_betas(group: dict[str, Any]) -> None:
    """Refuse anything but two decay rates in [0, 1)."""
    betas = group["betas"]
    if not isinstance(betas, Sequence):
        raise DTypeError(located(f"betas must be a pair of floats, not {betas!r}"))
    if len(betas) != 2:
        raise ValueError(located(f"betas must be a pair of floats, not {len(betas)}: {betas}"))
    fractions(group, "beta", betas)


def check_decoupled(group: dict[str, Any]) -> None:
    """Settle ``decay``, which unless given follows PyTorch's ``decoupled_weight_decay``."""
    decoupled = group["decoupled_weight_decay"]
    if group["decay"] is None:
        group["decay"] = "lr_coupled" if decoupled else "l2"
    if decoupled and group["decay"] == "l2":
        raise ValueError(located("decoupled_weight_decay=True contradicts decay='l2'"))
    group["decoupled_weight_decay"] = group["decay"] != "l2"
    check_decay(group)


def root(v: np.ndarray, eps: float, mode: str) -> np.ndarray:
    """``sqrt(v) + eps`` or ``sqrt(v + eps)``, as a new array."""
    if mode == "inside":
        divisor = v + eps
        return np.sqrt(divisor, out=divisor)
    divisor = np.sqrt(v)
    divisor += eps
    return divisor


def root_text(v: str, mode: str) -> str:
    """The same in symbols."""
    return f"sqrt({v} + eps)" if mode == "inside" else f"(sqrt({v}) + eps)"


def average(mean: np.ndarray, x: np.ndarray, beta: float) -> None:
    """``mean = beta mean + (1 - beta) x``, in place."""
    mean *= beta
    mean += (1 - beta) * x


def average_square(mean: np.ndarray, x: np.ndarray, beta: float) -> None:
    """``mean = beta mean + (1 - beta) x^2``, in place."""
    mean *= beta
    square = x * x
    square *= 1 - beta
    mean += square


def running(state: dict[str, Any], names: list[str], p: np.ndarray) -> list[np.ndarray]:
    """Arrays of a state; one that only an option changed since then asks for starts at 0."""
    for name in names:
        if name not in state:
            state[name] = box(np.zeros_like(p))
    return [raw(state[name]) for name in names]


class _Scratch(threading.local):
    """Memory of the size of a piece for intermediate results, kept for the next step."""

    def __init__(self) -> None:
        self.memory = np.empty(0, np.int8)


_scratch = _Scratch()


def scratch(a: np.ndarray) -> np.ndarray | None:
    """An ``out=`` of the shape and dtype of `a`; None where a new array is as good."""
    if not _LITTLE < a.nbytes <= _MUCH:
        return None
    if _scratch.memory.size < a.nbytes:
        _scratch.memory = np.empty(a.nbytes, np.int8)
    return np.ndarray(a.shape, a.dtype, _scratch.memory)


def blocks(p: np.ndarray, g: np.ndarray, *state: np.ndarray, size: int = 1) -> Iterable[Any]:
    """Arrays of one shape, cut into matching pieces that stay in the cache.

    The pieces of `p` and `state` are views with at least one axis, so that writes reach the
    parameter and ``out=`` works even for a single number. Rules that pass over them only a few
    times may have pieces of `size` blocks.
    """
    arrays = (p, g, *state)
    few = p.nbytes <= 2 * size * BLOCK
    if p.ndim and (few or not all(a.flags.c_contiguous for a in (p, *state))):
        return (arrays,)
    flat = [np.reshape(a, -1) for a in arrays]
    if few:
        return (flat,)
    length = size * BLOCK // p.itemsize
    return ([a[i : i + length] for a in flat] for i in range(0, p.size, length))
