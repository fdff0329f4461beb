"""Stochastic gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import wrote
from ..errors import located
from .optimizer import Optimizer


class SGD(Optimizer):
    """``v = momentum v + g``, then ``p = p - lr v``.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    momentum : float
        Share of the last velocity that is kept.
    weight_decay : float
        ``weight_decay * p`` is added to the gradient: the L2 penalty with the half.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        weight_decay: float = 0,
    ) -> None:
        for name, value in (("lr", lr), ("momentum", momentum), ("weight_decay", weight_decay)):
            if not value >= 0:
                raise ValueError(located(f"invalid {name}: {value}; it must be >= 0"))
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    def _update(self, group: dict[str, Any], params: list[Any]) -> None:
        lr, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]
        for p in params:
            array, g = p._buffer(), p._grad._array
            if decay:
                g = g + decay * array
            if momentum:
                state = self.state.setdefault(p, {})
                v = state.get("momentum_buffer")
                if v is None:
                    v = state["momentum_buffer"] = np.array(g)
                else:
                    v *= momentum
                    v += g
                g = v
            array -= lr * g
            wrote(array)
