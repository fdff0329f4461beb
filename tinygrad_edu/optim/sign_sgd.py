"""Gradient descent that looks only at signs, or only at the direction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import raw
from .optimizer import Optimizer, at_least_0, one_of
from .symbols import Line

_NORMALIZE = ("sign", "l2")


class SignSGD(Optimizer):
    """Normalised gradient descent: ``p = p - lr * g / |g|``, with 0/0 = 0.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        The length of a step: of each coordinate for ``"sign"``, of the whole for ``"l2"``.
    normalize : {"sign", "l2"}
        ``"sign"`` divides each element by its own absolute value: every coordinate moves by `lr`,
        and the direction is in general *not* that of the gradient. ``"l2"`` divides by the norm of
        the whole gradient (of all parameters of the group) and keeps the direction.
    maximize : bool
        Climb instead.

    Notes
    -----
    Neither slows down near a minimum: with constant `lr` both end in a cycle around it.

    References
    ----------
    S3 of the lectures; Bernstein et al., signSGD, 2018.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([3.0, -4.0, 0.0], requires_grad=True)
    >>> opt = SignSGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([ 2.5000, -3.5000,  0.0000], requires_grad=True)
    >>> print(opt.formula())
    θ ← θ − η sign(g)
    """

    symbols = {"norm": "norm"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        normalize: str = "sign",
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "normalize": normalize, "maximize": maximize})

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr")
        one_of(group, "normalize", _NORMALIZE)

    def _begin(self, group: dict[str, Any]) -> None:
        if group["normalize"] == "l2":
            params = [p for p in group["params"] if p._grad is not None]
            norm = total_norm([raw(p._grad) for p in params])
            for p in params:
                self._state[p]["norm"] = norm

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        lr = -group["lr"] if group["maximize"] else group["lr"]
        if group["normalize"] == "sign":
            p -= lr * np.sign(g)
        elif state["norm"]:
            # Division first: lr / norm overflows where the gradient is tiny.
            p -= lr * (g / state["norm"])

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines: list[Line] = [("g", "-g")] if group["maximize"] else []
        step = "sign(g)" if group["normalize"] == "sign" else "(g / norm if norm > 0 else 0)"
        return [*lines, ("p", f"p - lr * {step}")]


def total_norm(arrays: list[np.ndarray]) -> float:
    """The 2-norm of all elements, which neither overflows nor underflows."""
    largest = max((float(abs(a).max()) for a in arrays if a.size), default=0.0)
    if largest == 0 or not np.isfinite(largest):
        return largest
    scaled = [np.asarray(a, float) / largest for a in arrays]
    return largest * float(np.sqrt(sum(float((a * a).sum()) for a in scaled)))
