"""RAdam: Adam that waits with dividing until its average of squares can be trusted."""

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


class RAdam(Optimizer):
    """Rectified Adam: plain momentum while rho_t <= 5, then Adam with its rate times r_t.

    ``rho_t = rho_inf - 2 t b2^t / (1 - b2^t)``, ``rho_inf = 2 / (1 - b2) - 1``, is how many
    gradients v averages; r_t makes up for the variance of so short an average.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    betas : (float, float)
        Shares of m and v that are kept.
    eps : float
        Keeps the division finite; added to the root of the uncorrected v, as in PyTorch.
    weight_decay : float
        Strength of the decay; see `decay`.
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
    Liu et al. 2020.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    >>> opt.explain_step()["rho_t"] < 5
    True
    """

    elementwise = True
    symbols = {"exp_avg": "m", "exp_avg_sq": "v"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
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
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "eps")
        check_betas(group)
        check_decoupled(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {k: box(np.zeros_like(p)) for k in ("exp_avg", "exp_avg_sq")}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        t, (beta1, beta2) = state["step"], group["betas"]
        size = group["lr"] / (1 - beta1**t)
        rectified = _rectification(beta2, t)
        pieces = blocks(p, g, raw(state["exp_avg"]), raw(state["exp_avg_sq"]))
        for p, g, m, v in pieces:
            g = decayed(p, g, group)
            average(m, g, beta1)
            average_square(v, g, beta2)
            if rectified is None:
                p -= size * m
                continue
            step = np.sqrt(v)
            step += group["eps"]
            np.divide(m, step, out=step)
            step *= size * rectified
            p -= step

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        rectify = "(rho_t - 4) * (rho_t - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho_t)"
        adaptive = "p - lr * r * m_hat * sqrt(1 - beta2 ** t) / (sqrt(v) + eps)"
        return [
            *decay_lines(group),
            ("m", "beta1 * m + (1 - beta1) * g"),
            ("v", "beta2 * v + (1 - beta2) * g ** 2"),
            ("m_hat", "m / (1 - beta1 ** t)"),
            ("rho_inf", "2 / (1 - beta2) - 1"),
            ("rho_t", "rho_inf - 2 * t * beta2 ** t / (1 - beta2 ** t)"),
            ("r", f"sqrt({rectify}) if rho_t > 5 else 0"),
            ("p", f"{adaptive} if rho_t > 5 else p - lr * m_hat"),
        ]


def _rectification(beta2: float, t: int) -> float | None:
    """``r_t sqrt(1 - b2^t)``, or None while v averages too few gradients."""
    full = 2 / (1 - beta2) - 1
    length = full - 2 * t * beta2**t / (1 - beta2**t)
    if length <= 5:
        return None
    r = sqrt((length - 4) * (length - 2) * full / ((full - 4) * (full - 2) * length))
    return r * sqrt(1 - beta2**t)
