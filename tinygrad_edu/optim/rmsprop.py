"""RMSProp: AdaGrad with a moving average, so that the steps do not die out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import box
from .adaptive import EPS_MODES, average, average_square, root, root_text, running
from .decay import check_decay, decay_lines, decayed
from .optimizer import Optimizer, at_least_0, one_of, refuse_switches
from .pieces import blocks
from .symbols import Line


class RMSprop(Optimizer):
    """RMSProp: ``v = alpha v + (1 - alpha) g^2``, then ``p = p - lr g / (sqrt(v) + eps)``.

    v starts at 0 and is not corrected for it: the first step is ``lr / sqrt(1 - alpha)``.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    alpha : float
        Share of the last average that is kept (the lectures' decay rate or rho).
    eps : float
        Keeps the division finite.
    weight_decay : float
        Strength of the decay; see `decay`.
    momentum : float
        Above 0: step along ``b = momentum b + g / root``.
    centered : bool
        Divide by the standard deviation: the average gradient's square is taken off v.
    capturable, foreach, differentiable : bool, optional
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    maximize : bool
        Climb instead.
    eps_mode : {"outside", "inside"}
        ``sqrt(v) + eps`` (S1, PyTorch) or ``sqrt(v + eps)`` (S2, S4, D2L).
    decay : {"l2", "lr_coupled", "schedule_only"}
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`.

    Raises
    ------
    ValueError
        A negative option, or an unknown mode.

    References
    ----------
    S1, S2 and S4 of the lectures; Tieleman and Hinton 2012; Graves 2013 (centered).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    >>> print(opt.formula())
    v ← α v + (1 − α) g²
    θ ← θ − η g / (√(v) + ε)
    """

    elementwise = True
    symbols = {"square_avg": "v", "grad_avg": "a", "momentum_buffer": "b"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        *,
        eps_mode: str = "outside",
        decay: str = "l2",
    ) -> None:
        refuse_switches(capturable=capturable, foreach=foreach, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "eps_mode": eps_mode,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "eps", "momentum", "alpha")
        one_of(group, "eps_mode", EPS_MODES)
        check_decay(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {name: box(np.zeros_like(p)) for name in _arrays(group)}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        lr, alpha, mu, centered = (group[k] for k in ("lr", "alpha", "momentum", "centered"))
        pieces = blocks(p, g, *running(state, _arrays(group), p))
        for p, g, v, *more in pieces:
            g = decayed(p, g, group)
            average_square(v, g, alpha)
            if centered:
                average(more[-1], g, alpha)
                v = v - more[-1] * more[-1]
            step = root(v, group["eps"], group["eps_mode"])
            np.divide(g, step, out=step)
            if mu:
                more[0] *= mu
                more[0] += step
                np.multiply(more[0], lr, out=step)
            else:
                step *= lr
            p -= step

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines = [*decay_lines(group), ("v", "alpha * v + (1 - alpha) * g ** 2")]
        variance = "v"
        if group["centered"]:
            lines.append(("a", "alpha * a + (1 - alpha) * g"))
            variance = "v - a ** 2"
        step = f"g / {root_text(variance, group['eps_mode'])}"
        if group["momentum"]:
            return [*lines, ("b", f"momentum * b + {step}"), ("p", "p - lr * b")]
        return [*lines, ("p", f"p - lr * {step}")]


def _arrays(group: dict[str, Any]) -> list[str]:
    """Which running values the options need, under PyTorch's names."""
    names = ["square_avg"]
    if group["momentum"]:
        names.append("momentum_buffer")
    if group["centered"]:
        names.append("grad_avg")
    return names
