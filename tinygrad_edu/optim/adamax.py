"""Adamax: Adam with the largest recent gradient in place of the root of the mean square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import box, raw
from .adaptive import average, check_betas
from .decay import check_decay, decay_lines, decayed
from .optimizer import Optimizer, at_least_0, refuse_switches
from .pieces import blocks
from .symbols import Line


class Adamax(Optimizer):
    """Adamax: ``u = max(b2 u, |g| + eps)``, then ``p = p - lr / (1 - b1^t) m / u``.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    betas : (float, float)
        Share of m that is kept, and how slowly the maximum u is forgotten.
    eps : float
        Keeps the division finite.
    weight_decay : float
        Strength of the decay; see `decay`.
    foreach, differentiable, capturable : bool, optional
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    maximize : bool
        Climb instead.
    decay : {"l2", "lr_coupled", "schedule_only"}
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`.

    Raises
    ------
    ValueError
        A negative option, or a beta outside [0, 1).

    References
    ----------
    Kingma and Ba 2015, section 7.1 (without eps; its place is PyTorch's).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    >>> print(opt.formula())
    m ← β₁ m + (1 − β₁) g
    u ← max(β₂ u, |g| + ε)
    θ ← θ − η / (1 − β₁ᵗ) m / u
    """

    elementwise = True
    symbols = {"exp_avg": "m", "exp_inf": "u"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
        decay: str = "l2",
    ) -> None:
        refuse_switches(foreach=foreach, differentiable=differentiable, capturable=capturable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "eps")
        check_betas(group)
        check_decay(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"exp_avg": box(np.zeros_like(p)), "exp_inf": box(np.zeros_like(p))}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        beta1, beta2 = group["betas"]
        size = group["lr"] / (1 - beta1 ** state["step"])
        pieces = blocks(p, g, raw(state["exp_avg"]), raw(state["exp_inf"]))
        for p, g, m, u in pieces:
            g = decayed(p, g, group)
            average(m, g, beta1)
            u *= beta2
            scratch = np.abs(g)
            scratch += group["eps"]
            np.maximum(u, scratch, out=u)
            np.divide(m, u, out=scratch)
            scratch *= size
            p -= scratch

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [
            *decay_lines(group),
            ("m", "beta1 * m + (1 - beta1) * g"),
            ("u", "max(beta2 * u, abs(g) + eps)"),
            ("p", "p - lr / (1 - beta1 ** t) * m / u"),
        ]
