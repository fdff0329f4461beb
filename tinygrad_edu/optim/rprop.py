"""Resilient backpropagation: a step size for each weight, from signs alone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import box, raw
from ..errors import located
from .optimizer import Optimizer, at_least_0, refuse_switches
from .symbols import Line


class Rprop(Optimizer):
    """Each weight has its own step, which grows while its gradient keeps its sign.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        The first step of every weight.
    etas : (float, float)
        The factors by which a step shrinks when the gradient changes sign (the weight then waits
        for one step), and grows when it keeps it.
    step_sizes : (float, float)
        The smallest and the largest step.
    maximize : bool
        Climb instead.
    capturable, foreach, differentiable
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.

    Notes
    -----
    For full batches: the noise of minibatches turns signs, and with them the steps shrink.

    References
    ----------
    Riedmiller and Braun, A direct adaptive method for faster backpropagation learning: the RPROP
    algorithm, 1993.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0, -100.0], requires_grad=True)
    >>> opt = Rprop([w], lr=0.1)
    >>> for _ in range(2):
    ...     opt.zero_grad()
    ...     (w * w).sum().backward()
    ...     opt.step()
    >>> w
    tensor([  0.7800, -99.7800], requires_grad=True)
    """

    symbols = {"prev": "q", "step_size": "delta"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse_switches(foreach=foreach, differentiable=differentiable, capturable=capturable)
        defaults = {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize}
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr")
        shrink, grow = group["etas"]
        if not 0 < shrink < 1 < grow:
            raise ValueError(
                located(f"Invalid eta values: {shrink}, {grow}; etas must be in (0, 1), above 1")
            )

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {
            "prev": box(np.zeros_like(p)),
            "step_size": box(np.full_like(p, float(group["lr"]))),
        }

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        prev, step_size = raw(state["prev"]), raw(state["step_size"])
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]
        if group["maximize"]:
            g = -g
        agreement = g * prev
        turned = agreement < 0
        step_size[agreement > 0] *= grow
        step_size[turned] *= shrink
        np.clip(step_size, smallest, largest, out=step_size)
        # A weight that has jumped over its minimum waits: at the next step nothing is compared.
        prev[...] = np.where(turned, 0, g)
        p -= np.sign(prev) * step_size

    def _values(self, group: dict[str, Any]) -> dict[str, float]:
        values = super()._values(group)
        values["eta_minus"], values["eta_plus"] = group["etas"]
        values["smallest"], values["largest"] = group["step_sizes"]
        return values

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines: list[Line] = [("g", "-g")] if group["maximize"] else []
        return [
            *lines,
            ("s", "sign(g * q)"),
            ("delta", "delta * (eta_plus if s > 0 else eta_minus if s < 0 else 1)"),
            ("delta", "min(max(delta, smallest), largest)"),
            ("q", "0 if s < 0 else g"),
            ("p", "p - delta * sign(q)"),
        ]
