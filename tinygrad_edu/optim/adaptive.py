"""What the adaptive rules share: options with their checks, and cache-sized blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import box, raw
from ..errors import DTypeError, located
from .decay import check_decay
from .optimizer import fractions
from .symbols import SYMBOLS

# Where epsilon stands: outside the root (PyTorch) or inside it (S2, D2L).
EPS_MODES = ("outside", "inside")

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
