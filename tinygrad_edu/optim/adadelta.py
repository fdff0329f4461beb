"""Adadelta: RMSProp whose learning rate is the average size of its own past steps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import box, raw
from ..errors import located
from .adaptive import average_square, root
from .decay import check_decay, decay_lines, decayed
from .optimizer import Optimizer, at_least_0, refuse_switches
from .pieces import blocks
from .symbols import Line


class Adadelta(Optimizer):
    """Adadelta: ``g~ = sqrt(D + eps) / sqrt(s + eps) g``, then ``p = p - lr g~``.

    s is the moving average of g^2 and D that of g~^2. D starts at 0, so that the first steps have
    the size of sqrt(eps): a slow start is right.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Scale of the step; 1 in the paper.
    rho : float
        Share of the last averages that is kept.
    eps : float
        Under both roots; sets the size of the first steps.
    weight_decay : float
        Strength of the decay; see `decay`.
    foreach, capturable, differentiable : bool, optional
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    maximize : bool
        Climb instead.
    decay : {"l2", "lr_coupled", "schedule_only"}
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`.

    Raises
    ------
    ValueError
        A negative option, or rho outside [0, 1].

    References
    ----------
    Named in S2 of the lectures; Zeiler 2012.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = Adadelta([w], eps=1e-3)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.9001], requires_grad=True)
    >>> print(opt.formula())
    s ← ρ s + (1 − ρ) g²
    g̃ ← √(D + ε) / √(s + ε) g
    D ← ρ D + (1 − ρ) g̃²
    θ ← θ − η g̃
    """

    elementwise = True
    symbols = {"square_avg": "s", "acc_delta": "D"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
        decay: str = "l2",
    ) -> None:
        refuse_switches(foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "eps")
        if not 0 <= group["rho"] <= 1:
            raise ValueError(located(f"Invalid rho value: {group['rho']}; it must be in [0, 1]"))
        check_decay(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"square_avg": box(np.zeros_like(p)), "acc_delta": box(np.zeros_like(p))}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        lr, rho, eps = group["lr"], group["rho"], group["eps"]
        pieces = blocks(p, g, raw(state["square_avg"]), raw(state["acc_delta"]))
        for p, g, s, D in pieces:
            g = decayed(p, g, group)
            average_square(s, g, rho)
            step = root(D, eps, "inside")
            step /= root(s, eps, "inside")
            step *= g
            average_square(D, step, rho)
            step *= lr
            p -= step

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [
            *decay_lines(group),
            ("s", "rho * s + (1 - rho) * g ** 2"),
            ("g_tilde", "sqrt(D + eps) / sqrt(s + eps) * g"),
            ("D", "rho * D + (1 - rho) * g_tilde ** 2"),
            ("p", "p - lr * g_tilde"),
        ]
