"""Stochastic gradient descent, with momentum in all the forms of the lectures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import box, raw, wrote
from ..errors import GradientError, located
from ..gradients import no_grad
from ..ops.kernels import number
from .decay import check_decay, decay_lines, decayed
from .optimizer import Optimizer, at_least_0, one_of, refuse_switches
from .pieces import blocks, scaled
from .symbols import Line

_FORMS = ("sum", "ema", "lr_inside")
_NESTEROV = (False, True, "torch", "tilde", "lookahead")


class SGD(Optimizer):
    """Gradient descent: ``v = momentum v + g``, then ``p = p - lr v``.

    Parameters
    ----------
    params : iterable of Tensor or dict
    lr : float
        Learning rate.
    momentum : float
        Share of the last velocity that is kept.
    dampening : float
        The gradient enters the velocity times ``1 - dampening`` (not at the first step).
    weight_decay : float
        ``weight_decay * p`` is added to the gradient: the L2 penalty with the half.
    nesterov : bool or {"torch", "tilde", "lookahead"}
        ``True`` or ``"torch"``: step along ``g + momentum v``. ``"tilde"``: the same point, with
        the learning rate inside the velocity; parameters hold the look-ahead point between steps
        (see `params_at`). ``"lookahead"``: parameters hold x, and `step` needs a closure, which
        is evaluated at ``x + momentum v``.
    maximize : bool
        Climb instead.
    foreach, differentiable, fused
        Taken for PyTorch's sake, where they choose how a step is run; `differentiable` must be
        False.
    form : {"sum", "ema", "lr_inside"}
        How the velocity is scaled: ``v = mu v + g`` (PyTorch, S1), ``v = mu v + (1 - mu) g``
        (S3), ``v = mu v + lr g`` (S2). At constant learning rate the last equals the first, and
        the second is the first with ``lr (1 - mu)``; under a schedule they differ.
    decay : {"l2", "lr_coupled", "schedule_only"}
        How `weight_decay` acts; see `tinygrad_edu.optim.decay`.

    References
    ----------
    S1, S2, S3 and S4 of the lectures; Sutskever et al. 2013.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> opt = SGD([w], lr=0.1, momentum=0.9)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    >>> print(opt.formula())
    v ← μ v + g
    θ ← θ − η v
    """

    elementwise = True
    symbols = {"momentum_buffer": "v"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool | str = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
        form: str = "sum",
        decay: str = "l2",
    ) -> None:
        refuse_switches(foreach=foreach, differentiable=differentiable, fused=fused)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "form": form,
            "decay": decay,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "momentum")
        check_decay(group)
        one_of(group, "form", _FORMS)
        one_of(group, "nesterov", _NESTEROV)
        if group["nesterov"] and (group["momentum"] <= 0 or group["dampening"] != 0):
            raise ValueError(located("Nesterov momentum requires a momentum and zero dampening"))

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        return {"momentum_buffer": box(np.zeros_like(p))} if group["momentum"] else {}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        lr, mu, kind, form = group["lr"], group["momentum"], group["nesterov"], group["form"]
        if not mu:
            rate = number(lr, p.dtype)
            for part, slope in blocks(p, g, size=4):
                slope = decayed(part, slope, group)
                part -= scaled(slope, rate)
            return
        first, v = state["step"] == 1, raw(state.get("momentum_buffer"))
        if v is None:  # the group had no momentum when this state began
            first, v = True, np.zeros_like(p)
            state["momentum_buffer"] = box(v)
        # An L2 penalty is a part of the loss, so its gradient is taken where the loss was.
        ahead = kind == "lookahead" and group["decay"] == "l2"
        g = decayed(p + mu * v if ahead else p, g, group)
        if kind in ("tilde", "lookahead"):
            # x~ = x + mu v, so x~' = x~ - mu v + (1 + mu) v' with v' = mu v - lr g.
            new = mu * v - lr * g
            p += new if kind == "lookahead" else (1 + mu) * new - mu * v
            v[...] = new
            return
        share = next_share = 1.0
        if form != "sum" or group["dampening"]:
            share, next_share = _share(group, first), _share(group)
        keep, rate = number(mu, p.dtype), number(1.0 if form == "lr_inside" else lr, p.dtype)
        for part, slope, velocity in blocks(p, g, v, size=4):
            velocity *= keep
            velocity += slope if share == 1 else share * slope
            step = velocity
            if kind:
                step = keep * velocity
                step += slope if next_share == 1 else next_share * slope
            part -= scaled(step, rate)

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        lines = decay_lines(group)
        if not group["momentum"]:
            return [*lines, ("p", "p - lr * g")]
        if group["nesterov"] == "tilde":
            return [
                *lines,
                ("w", "momentum * v - lr * g"),
                ("p", "p - momentum * v + (1 + momentum) * w"),
                ("v", "w"),
            ]
        if group["nesterov"] == "lookahead":
            ahead = {"g + weight_decay * p": "g + weight_decay * (p + momentum * v)"}
            lines = [(name, ahead.get(line, line)) for name, line in lines]
            return [*lines, ("v", "momentum * v - lr * g"), ("p", "p + v")]
        share = {"sum": "g", "ema": "(1 - momentum) * g", "lr_inside": "lr * g"}[group["form"]]
        if group["dampening"] and t > 1:
            share = f"(1 - dampening) * {share}"
        lines.append(("v", f"momentum * v + {share}"))
        step = f"{share} + momentum * v" if group["nesterov"] else "v"
        if group["nesterov"]:
            lines.append(("s", step))
            step = "s"
        return [
            *lines,
            ("p", f"p - {step}" if group["form"] == "lr_inside" else f"p - lr * {step}"),
        ]

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update once; with ``nesterov="lookahead"`` the closure is evaluated ahead."""
        for group in self.param_groups:
            if group["nesterov"] == "lookahead":
                break
        else:
            return super().step(closure)
        if closure is None:
            raise GradientError(
                located(
                    'nesterov="lookahead" evaluates the gradient ahead of the parameters: pass '
                    'step(closure), or use nesterov="tilde"'
                )
            )
        given = closure

        def ahead() -> Any:
            with self._moved(1.0):
                return given()

        return super().step(ahead)

    @contextmanager
    def params_at(self, point: str) -> Iterator[None]:
        """Inside, the parameters hold ``"x"`` or ``"x_tilde"``, the point that is looked ahead to.

        With ``nesterov="tilde"`` training leaves x~ in the parameters; with ``"lookahead"`` x.
        """
        if point not in ("x", "x_tilde"):
            raise ValueError(located(f"params_at: point must be 'x' or 'x_tilde', not {point!r}"))
        holds_x = self.param_groups[0]["nesterov"] != "tilde"
        sign = 0.0 if holds_x == (point == "x") else (1.0 if holds_x else -1.0)
        with self._moved(sign):
            yield

    @contextmanager
    def _moved(self, sign: float) -> Iterator[None]:
        """Parameters moved by ``sign * momentum * v``, and put back exactly."""
        before = []
        with no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    buffer = p._buffer()
                    before.append((buffer, buffer.copy()))
                    v = raw(self._state.get(p, {}).get("momentum_buffer"))
                    if v is not None and sign:
                        buffer += sign * group["momentum"] * v
                        wrote(buffer)
        try:
            yield
        finally:
            for buffer, value in before:
                buffer[...] = value
                wrote(buffer)


def _share(group: dict[str, Any], first: bool = False) -> float:
    """How much of the gradient enters the velocity."""
    form = group["form"]
    share = 1.0 if form == "sum" else group["lr"] if form == "lr_inside" else 1 - group["momentum"]
    return share if first else share * (1 - group["dampening"])
