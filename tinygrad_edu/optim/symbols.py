"""The letters of update rules: what a name in a formula is called on paper."""

from __future__ import annotations

# A line of an update: a name, and the expression that it is set to.
Line = tuple[str, str]

# A name in the code: how it is written in Unicode, and in LaTeX.
SYMBOLS: dict[str, tuple[str, str]] = {
    "p": ("θ", r"\theta"),
    "g": ("g", "g"),
    "lr": ("η", r"\eta"),
    "momentum": ("μ", r"\mu"),
    "dampening": ("τ", r"\tau"),
    "weight_decay": ("λ", r"\lambda"),
    "initial_lr": ("η₀", r"\eta_0"),
    "eps": ("ε", r"\epsilon"),
    "beta1": ("β₁", r"\beta_1"),
    "beta2": ("β₂", r"\beta_2"),
    "alpha": ("α", r"\alpha"),
    "rho": ("ρ", r"\rho"),
    "t": ("t", "t"),
    "m_hat": ("m̂", r"\hat{m}"),
    "v_hat": ("v̂", r"\hat{v}"),
    "v_max": ("v̂ᵐᵃˣ", r"\hat{v}^{\max}"),
    "g_tilde": ("g̃", r"\tilde{g}"),
    "g_new": ("g′", "g'"),
    "eta": ("ηₜ", r"\eta_t"),
    "lambd": ("γ", r"\gamma"),
    "mu": ("μ", r"\mu"),
    "eta_minus": ("η₋", r"\eta_-"),
    "eta_plus": ("η₊", r"\eta_+"),
    "delta": ("Δ", r"\Delta"),
    "damping": ("δ", r"\delta"),
    "norm": ("‖g‖", r"\lVert g \rVert"),
}


def symbol(name: str, latex: bool = False) -> str:
    """How a name is written: ``beta1`` as β₁."""
    return SYMBOLS.get(name, (name, name.replace("_", r"\_")))[latex]
