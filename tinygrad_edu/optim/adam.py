"""Adam and AdamW: moving averages of the gradient and of its square, corrected for their start."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import Any

import numpy as np

from ..engine import box
from ..ops.kernels import number
from .adaptive import check_betas, check_decoupled, running
from .decay import decay_lines, decayed
from .optimizer import Optimizer, at_least_0, one_of, refuse_switches
from .pieces import blocks, scratch
from .symbols import Line

_EPS_MODES = ("outside", "inside", "cpen", "eps_hat")


class Adam(Optimizer):
    """Adam: ``m^ = m / (1 - b1^t)``, ``v^ = v / (1 - b2^t)``, ``p = p - lr m^ / (sqrt(v^) + eps)``.

    m and v are the moving averages of g and g^2. They start at 0; the division by ``1 - beta^t``
    makes up for that.

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
    amsgrad : bool
        Divide by the root of the largest v so far.
    foreach, capturable, differentiable, fused : bool, optional
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    maximize : bool
        Climb instead.
    decoupled_weight_decay : bool
        PyTorch's name for ``decay="lr_coupled"``.
    eps_mode : {"outside", "inside", "cpen", "eps_hat"}
        The divisor. ``"outside"``: ``sqrt(v^) + eps`` (paper, PyTorch, S1, S4). ``"inside"``:
        ``sqrt(v^ + eps)``. With the step ``lr sqrt(1 - b2^t) / (1 - b1^t) m / divisor``, where
        epsilon is not corrected with v and so counts ``1 / sqrt(1 - b2^t)`` times more:
        ``"cpen"``: ``sqrt(v + eps)`` (S2), ``"eps_hat"``: ``sqrt(v) + eps`` (TensorFlow).
        All agree if eps is 0.
    bias_correction : bool
        False leaves out both corrections: S1's "almost Adam", whose first step is 3.16 lr.
    decay : {"l2", "lr_coupled", "schedule_only"}, optional
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`. L2 unless given.

    Raises
    ------
    ValueError
        A negative option, a beta outside [0, 1), or an unknown mode.

    References
    ----------
    S1, S2 and S4 of the lectures; Kingma and Ba 2015; Reddi, Kale and Kumar 2018 (AMSGrad).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    >>> print(opt.formula())
    m ← β₁ m + (1 − β₁) g
    v ← β₂ v + (1 − β₂) g²
    m̂ ← m / (1 − β₁ᵗ)
    v̂ ← v / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√(v̂) + ε)
    """

    elementwise = True
    symbols = {"exp_avg": "m", "exp_avg_sq": "v", "max_exp_avg_sq": "v_max"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
        eps_mode: str = "outside",
        bias_correction: bool = True,
        decay: str | None = None,
    ) -> None:
        refuse_switches(
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
        )
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "decoupled_weight_decay": decoupled_weight_decay,
            "eps_mode": eps_mode,
            "bias_correction": bias_correction,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "eps")
        check_betas(group)
        one_of(group, "eps_mode", _EPS_MODES)
        check_decoupled(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {name: box(np.zeros_like(p)) for name in _arrays(group)}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        beta1, beta2 = group["betas"]
        rate, shift = _corrected(group, state["step"])
        size, eps = np.asarray(rate, p.dtype), np.asarray(shift, p.dtype)
        keep, share = number(beta1, p.dtype), number(1 - beta1, p.dtype)
        inside = group["eps_mode"] in ("inside", "cpen")
        pieces = blocks(p, g, *running(state, _arrays(group), p))
        for p, g, m, v, *largest in pieces:
            g = decayed(p, g, group)
            buffer = np.multiply(g, share, out=scratch(p))
            m *= keep
            m += buffer
            self._average_square(v, g, beta2, buffer)
            if largest:
                v = np.maximum(v, largest[0], out=largest[0])
            if inside:
                np.add(v, eps, out=buffer)
                np.sqrt(buffer, out=buffer)
            else:
                np.sqrt(v, out=buffer)
                buffer += eps
            np.divide(m, buffer, out=buffer)
            buffer *= size
            p -= buffer

    def _average_square(self, v: Any, g: Any, beta2: float, scratch: Any) -> None:
        np.multiply(g, g, out=scratch)
        scratch *= number(1 - beta2, v.dtype)
        v *= number(beta2, v.dtype)
        v += scratch

    # The line that states `_average_square`.
    _square_line: Line = ("v", "beta2 * v + (1 - beta2) * g ** 2")

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines = [*decay_lines(group), ("m", "beta1 * m + (1 - beta1) * g"), self._square_line]
        m, v, rate, mode = "m", "v", "lr", group["eps_mode"]
        if group["amsgrad"]:
            lines.append(("v_max", "max(v_max, v)"))
            v = "v_max"
        if group["bias_correction"] and mode in ("outside", "inside"):
            lines += [("m_hat", "m / (1 - beta1 ** t)"), ("v_hat", f"{v} / (1 - beta2 ** t)")]
            m, v = "m_hat", "v_hat"
        elif group["bias_correction"]:
            lines.append(("eta", "lr * sqrt(1 - beta2 ** t) / (1 - beta1 ** t)"))
            rate = "eta"
        divisor = f"sqrt({v} + eps)" if mode in ("inside", "cpen") else f"(sqrt({v}) + eps)"
        return [*lines, ("p", f"p - {rate} * {m} / {divisor}")]


class AdamW(Adam):
    """Adam with decoupled weight decay: first ``p = p - lr weight_decay p``, then Adam's step.

    The decay does not pass through the averages, so that its strength counts: with Adam's L2 term
    a weight without gradient loses lr in the first step, whatever the strength.

    Parameters
    ----------
    params, lr, betas, eps, amsgrad, maximize, foreach, capturable, differentiable, fused
        As for `Adam`.
    weight_decay : float
        Strength of the decay.
    eps_mode, bias_correction
        As for `Adam`.
    decay : {"l2", "lr_coupled", "schedule_only"}
        ``"lr_coupled"`` shrinks by ``lr weight_decay`` (S2, PyTorch), ``"schedule_only"`` by
        ``weight_decay`` times the schedule's share of the rate (paper).

    References
    ----------
    S2 of the lectures; Loshchilov and Hutter 2019.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.8500], requires_grad=True)
    >>> str(opt.formula()).splitlines()[0]
    'θ ← θ − η λ θ'
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        eps_mode: str = "outside",
        bias_correction: bool = True,
        decay: str = "lr_coupled",
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=decay != "l2",
            eps_mode=eps_mode,
            bias_correction=bias_correction,
            decay=decay,
        )


def _arrays(group: dict[str, Any]) -> list[str]:
    """Which running values the options need, under PyTorch's names."""
    return ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * bool(group["amsgrad"])


def _corrected(group: dict[str, Any], t: int) -> tuple[float, float]:
    """The step size and epsilon with which m and v need no correction of their own.

    ``m^ / (sqrt(v^) + eps) = s / c m / (sqrt(v) + s eps)``, where ``s = sqrt(1 - b2^t)`` and
    ``c = 1 - b1^t``: one multiplication of numbers instead of two passes over arrays.
    """
    lr, eps, (beta1, beta2) = group["lr"], group["eps"], group["betas"]
    if not group["bias_correction"]:
        return lr, eps
    s = sqrt(1 - beta2**t)
    mode = group["eps_mode"]
    scale = s if mode == "outside" else s * s if mode == "inside" else 1.0
    return lr * s / (1 - beta1**t), eps * scale
