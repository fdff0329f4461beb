"""NAdam: Adam with Nesterov's look-ahead and a momentum that grows."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np

from ..engine import box, raw
from .adaptive import average, average_square, check_betas, check_decoupled
from .decay import decay_lines, decayed
from .optimizer import Optimizer, at_least_0, refuse_switches
from .pieces import blocks
from .symbols import Line


class NAdam(Optimizer):
    """NAdam: Adam that steps along a mix of g and m, as Nesterov momentum does.

    ``mu_t = b1 (1 - 0.96^(t psi) / 2)`` is the momentum of step t, and P_t the product of those
    so far. The step is
    ``lr ((1 - mu_t) g / (1 - P_t) + mu_(t+1) m / (1 - P_(t+1))) / (sqrt(v^) + eps)``.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    betas : (float, float)
        Shares of m and v that are kept.
    eps : float
        Keeps the division finite.
    weight_decay : float
        Strength of the decay; see `decay`.
    momentum_decay : float
        psi: how fast mu grows from half of betas[0] to betas[0].
    decoupled_weight_decay : bool
        PyTorch's name for ``decay="lr_coupled"``.
    foreach, capturable, differentiable : bool, optional
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    maximize : bool
        Climb instead.
    decay : {"l2", "lr_coupled", "schedule_only"}, optional
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`. L2 unless given.

    Raises
    ------
    ValueError
        A negative option, or a beta outside [0, 1).

    References
    ----------
    Dozat 2016.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.8944], requires_grad=True)
    >>> str(opt.formula()).splitlines()[0]
    'μ ← β₁ (1 − 0.5 0.96^(t ψ))'
    """

    symbols = {"exp_avg": "m", "exp_avg_sq": "v", "mu_product": "mu_product"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        decay: str | None = None,
    ) -> None:
        refuse_switches(foreach=foreach, capturable=capturable, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "eps", "momentum_decay")
        check_betas(group)
        check_decoupled(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        averages = {k: box(np.zeros_like(p)) for k in ("exp_avg", "exp_avg_sq")}
        return {"mu_product": 1.0, **averages}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        t, lr, eps, psi = state["step"], group["lr"], group["eps"], group["momentum_decay"]
        beta1, beta2 = group["betas"]
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * psi))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * psi))
        state["mu_product"] = product = state["mu_product"] * mu
        # As in Adam, the correction of v goes into the numbers: v needs no pass of its own.
        s = sqrt(1 - beta2**t)
        share_g = lr * s * (1 - mu) / (1 - product)
        share_m = lr * s * mu_next / (1 - product * mu_next)
        pieces = blocks(p, g, raw(state["exp_avg"]), raw(state["exp_avg_sq"]))
        for p, g, m, v in pieces:
            g = decayed(p, g, group)
            average(m, g, beta1)
            average_square(v, g, beta2)
            divisor = np.sqrt(v)
            divisor += s * eps
            step = share_g * g
            step += share_m * m
            step /= divisor
            p -= step

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [
            *decay_lines(group),
            ("mu", "beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))"),
            ("mu_next", "beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))"),
            ("mu_product", "mu_product * mu"),
            ("m", "beta1 * m + (1 - beta1) * g"),
            ("v", "beta2 * v + (1 - beta2) * g ** 2"),
            ("g_tilde", "(1 - mu) * g / (1 - mu_product)"),
            ("m_hat", "mu_next * m / (1 - mu_product * mu_next)"),
            ("v_hat", "v / (1 - beta2 ** t)"),
            ("p", "p - lr * (g_tilde + m_hat) / (sqrt(v_hat) + eps)"),
        ]
