"""AdaGrad: each weight has a learning rate that falls with the gradients it has seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import box, raw
from .adaptive import EPS_MODES, root, root_text
from .decay import check_decay, decay_lines, decayed
from .explained import formula_of
from .optimizer import Optimizer, at_least_0, one_of, refuse_switches
from .pieces import blocks
from .symbols import Line

if TYPE_CHECKING:
    from .formula import Formula


class Adagrad(Optimizer):
    """AdaGrad: ``G = G + g^2``, then ``p = p - lr g / (sqrt(G) + eps)``.

    On a constant gradient the step is ``lr / sqrt(t)``. A weight whose feature is rare keeps a
    large rate.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    lr_decay : float
        The rate of step t is ``lr / (1 + (t - 1) lr_decay)``.
    weight_decay : float
        Strength of the decay; see `decay`.
    initial_accumulator_value : float
        G before the first step.
    eps : float
        Keeps the division finite.
    foreach, differentiable, fused : bool, optional
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    maximize : bool
        Climb instead.
    eps_mode : {"outside", "inside"}
        ``sqrt(G) + eps`` (S1, PyTorch) or ``sqrt(G + eps)`` (S2, D2L).
    full_matrix : bool
        Sum the outer products g gᵀ instead of the squares, and step along
        ``(G + eps I)^(-1/2) g`` (S2). Costs O(n^2) memory and O(n^3) time for a parameter of n
        elements; in return a rotation of the problem changes nothing.
    decay : {"l2", "lr_coupled", "schedule_only"}
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`.

    Raises
    ------
    ValueError
        A negative option, or an unknown mode.

    References
    ----------
    S1, S2 and S4 of the lectures; Duchi, Hazan and Singer 2011.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    >>> print(opt.formula())
    G ← G + g²
    θ ← θ − η g / (√(G) + ε)
    """

    symbols = {"sum": "G", "direction": "h"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        eps_mode: str = "outside",
        full_matrix: bool = False,
        decay: str = "l2",
    ) -> None:
        refuse_switches(foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "maximize": maximize,
            "eps_mode": eps_mode,
            "full_matrix": full_matrix,
            "decay": decay,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:  # as in PyTorch, G exists before the first step
            for p in group["params"]:
                self._state[p] = {"step": 0, **self._start(raw(p), group)}

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "lr_decay", "initial_accumulator_value", "eps")
        one_of(group, "eps_mode", EPS_MODES)
        check_decay(group)

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        first = group["initial_accumulator_value"]
        if group["full_matrix"] and p.size > 1:
            return {"sum": box(first * np.eye(p.size, dtype=p.dtype))}
        return {"sum": box(np.full_like(p, first))}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        lr = group["lr"] / (1 + (state["step"] - 1) * group["lr_decay"])
        if group["full_matrix"]:
            g = decayed(p, g, group)
            p -= lr * _whitened(g, raw(state["sum"]), group["eps"])
            return
        pieces = blocks(p, g, raw(state["sum"]))
        for p, g, G in pieces:
            g = decayed(p, g, group)
            G += g * g
            step = root(G, group["eps"], group["eps_mode"])
            np.divide(g, step, out=step)
            step *= lr
            p -= step

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines, rate = decay_lines(group), "lr"
        if group["lr_decay"]:
            lines.append(("eta", "lr / (1 + (t - 1) * lr_decay)"))
            rate = "eta"
        if group["full_matrix"]:
            return [*lines, ("p", f"p - {rate} * h")]
        return [
            *lines,
            ("G", "G + g ** 2"),
            ("p", f"p - {rate} * g / {root_text('G', group['eps_mode'])}"),
        ]

    # With full_matrix the step of one element needs all others: a step by hand is given the
    # element of h = (G + eps I)^(-1/2) g, and only the formula shows where it comes from.

    def formula(self, group: int = 0) -> Formula:
        """The update in symbols, for the options in force in a group."""
        lines = super().formula(group).lines
        if not self.param_groups[group]["full_matrix"]:
            return formula_of(lines)
        whitening = (("G", "G + g * g_T"), ("h", "(G + eps * I) ** -0.5 * g"))
        return formula_of((*lines[:-1], *whitening, lines[-1]))

    def _step_one(self, p: Any, group: dict[str, Any], keeps: bool) -> None:
        super()._step_one(p, group, keeps)
        if keeps and group["full_matrix"]:
            last = self._last[p]
            g = decayed(last["p"].copy(), last["g"], last["options"])
            last["direction"] = _whitened(g, last.pop("sum"), group["eps"])


def _whitened(g: np.ndarray, G: np.ndarray, eps: float) -> np.ndarray:
    """Add ``g gᵀ`` to `G`, in place; return ``(G + eps I)^(-1/2) g``.

    The root is taken in float64: eigenvalues below the rounding of the largest would be noise.
    Directions without any gradient so far stay at 0 even if eps is 0.
    """
    flat = np.reshape(g, -1)
    G += np.reshape(np.multiply.outer(flat, flat), G.shape)
    matrix = np.reshape(G, (flat.size, flat.size)).astype(np.float64)
    values, vectors = np.linalg.eigh(matrix)
    values = np.maximum(values, 0) + eps
    scale = np.where(values > 0, 1 / np.sqrt(values), 0)
    h = vectors @ (scale * (flat @ vectors))
    return np.reshape(h, np.shape(g)).astype(G.dtype)
