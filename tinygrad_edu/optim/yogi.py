"""Yogi: Adam whose average of squares moves by a bounded amount."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .adam import Adam
from .symbols import Line


class Yogi(Adam):
    """Yogi: Adam with ``v = v + (1 - b2) sign(g^2 - v) g^2``.

    Adam moves v towards g^2 in proportion to their distance, and so forgets fast when gradients
    turn small; Yogi moves it by g^2 at most.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    betas : (float, float)
        Share of m that is kept; ``1 - betas[1]`` is how fast v moves.
    eps : float
        Keeps the division finite; larger than Adam's.
    weight_decay : float
        Strength of the decay; see `decay`.
    maximize, eps_mode, bias_correction, decay
        As for `Adam`.

    References
    ----------
    Zaheer et al. 2018; v starts at 0 and is bias-corrected as in Dive into Deep Learning 12.10.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = Yogi([w], lr=0.1, eps=0)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    >>> str(opt.formula()).splitlines()[1]
    'v ← v + (1 − β₂) sign(g² − v) g²'
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-3,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
        eps_mode: str = "outside",
        bias_correction: bool = True,
        decay: str = "l2",
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            maximize=maximize,
            eps_mode=eps_mode,
            bias_correction=bias_correction,
            decoupled_weight_decay=decay != "l2",
            decay=decay,
        )

    def _average_square(self, v: Any, g: Any, beta2: float, scratch: Any) -> None:
        np.multiply(g, g, out=scratch)
        change = np.sign(scratch - v)
        change *= scratch
        change *= 1 - beta2
        v += change

    _square_line: Line = ("v", "v + (1 - beta2) * sign(g ** 2 - v) * g ** 2")
