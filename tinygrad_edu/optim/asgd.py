"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import box, raw
from .optimizer import Optimizer, at_least_0, refuse_switches
from .symbols import Line


class ASGD(Optimizer):
    """Gradient descent with a falling rate, and the average of the points it visits.

    ``p = p (1 - lambd eta) - eta g`` and ``ax = ax + mu (p - ax)``, where after step t
    ``eta = lr / (1 + lambd lr t)^alpha`` and ``mu = 1 / max(1, t - t0)``.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate at the start.
    lambd : float
        Decay of the weights, and of the rate.
    alpha : float
        Power with which the rate falls.
    t0 : float
        The step after which averaging starts. Before, the average is the point itself.
    weight_decay : float
        ``weight_decay * p`` is added to the gradient.
    maximize : bool
        Climb instead.
    foreach, differentiable, capturable
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.

    Notes
    -----
    The average is ``state[p]["ax"]``: the parameters themselves hold the last point. As in PyTorch
    the next step's rate is computed at the end of a step, so a new `lr` acts one step later.

    References
    ----------
    Polyak and Juditsky, Acceleration of stochastic approximation by averaging, 1992.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = ASGD([w], lr=0.1, lambd=0.0, t0=1)
    >>> for _ in range(3):
    ...     opt.zero_grad()
    ...     (w * w).sum().backward()
    ...     opt.step()
    >>> w, opt.state[w]["ax"]
    (tensor([0.5120], requires_grad=True), tensor([0.5120]))
    >>> print(opt.formula())
    θ ← θ (1 − γ ηₜ) − ηₜ g
    ax ← ax + μ (θ − ax)
    ηₜ ← η / (1 + γ η t)^α
    μ ← 1 / max(1, t − t0)
    """

    symbols = {"ax": "ax", "eta": "eta", "mu": "mu"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        refuse_switches(foreach=foreach, differentiable=differentiable, capturable=capturable)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "weight_decay")

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"eta": float(group["lr"]), "mu": 1.0, "ax": box(np.zeros_like(p))}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        eta, mu, ax = state["eta"], state["mu"], raw(state["ax"])
        if group["maximize"]:
            g = -g
        if group["weight_decay"]:
            g = g + group["weight_decay"] * p
        p *= 1 - group["lambd"] * eta
        p -= eta * g
        if mu == 1:
            ax[...] = p
        else:
            ax += mu * (p - ax)
        lr, t = group["lr"], state["step"]
        state["eta"] = lr / (1 + group["lambd"] * lr * t) ** group["alpha"]
        state["mu"] = 1 / max(1, t - group["t0"])

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines: list[Line] = [("g", "-g")] if group["maximize"] else []
        if group["weight_decay"]:
            lines.append(("g", "g + weight_decay * p"))
        return [
            *lines,
            ("p", "p * (1 - lambd * eta) - eta * g"),
            ("ax", "ax + mu * (p - ax)"),
            ("eta", "lr / (1 + lambd * lr * t) ** alpha"),
            ("mu", "1 / max(1, t - t0)"),
        ]
