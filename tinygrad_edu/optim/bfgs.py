"""BFGS: a quasi-Newton rule that keeps the whole inverse Hessian."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import box, raw
from ..errors import located
from ..gradients import no_grad
from .explained import formula_of
from .lbfgs import QUASI_NEWTON
from .line_search import Trial, weak_wolfe
from .optimizer import at_least_0
from .symbols import Line
from .whole import WholeOptimizer

if TYPE_CHECKING:
    from .formula import Formula


class BFGS(WholeOptimizer):
    """One quasi-Newton iteration per step: ``p = p - t B g``, with t from a weak Wolfe search.

    Parameters
    ----------
    params : iterable of Tensor
        One group only. B has as many rows as there are parameters in all.
    lr : float
        The first step length that the line search tries.
    c1, c2 : float
        The line search wants the loss to fall by `c1` of what the slope promises, and the slope to
        rise to `c2` of what it was.
    max_eval : int
        Calls of the closure in one line search.
    tolerance_grad : float
        A step does nothing when no element of the gradient is larger.

    Notes
    -----
    `step` needs a closure that clears the gradients, computes the loss, calls ``backward()`` and
    returns the loss. B is ``state[first parameter]["inverse_hessian"]``; each update changes it
    in rank 2.

    References
    ----------
    Nocedal and Wright, Numerical Optimization, 2006, algorithm 6.1; S1 of the lectures. The line
    search: Lewis and Overton, Nonsmooth optimization via quasi-Newton methods, 2013.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([-1.2, 1.0], requires_grad=True)
    >>> opt = BFGS([w])
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(40):
    ...     _ = opt.step(closure)
    >>> w
    tensor([1., 1.], requires_grad=True)
    """

    symbols = {"d": "d", "t": "alpha"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        *,
        c1: float = 1e-4,
        c2: float = 0.9,
        max_eval: int = 25,
        tolerance_grad: float = 1e-7,
    ) -> None:
        defaults = {
            "lr": lr,
            "c1": c1,
            "c2": c2,
            "max_eval": max_eval,
            "tolerance_grad": tolerance_grad,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "tolerance_grad")
        if not 0 < group["c1"] < group["c2"] < 1:
            raise ValueError(
                located(f"Invalid c1, c2: {group['c1']}, {group['c2']}; must be 0 < c1 < c2 < 1")
            )
        if group["max_eval"] < 1:
            raise ValueError(located(f"Invalid max_eval: {group['max_eval']}; it must be >= 1"))

    def _shapes(self, p: Any, group: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        return {"inverse_hessian": (self._size(), self._size())}

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One iteration; returns the loss before it."""
        group, state = self.param_groups[0], self._shared
        with no_grad(), np.errstate(all="ignore"):
            loss, f = self._evaluated(closure)
            g = self._gradient()
            if "inverse_hessian" not in state:
                state.update(
                    step=0, func_evals=0, inverse_hessian=box(np.eye(len(g), dtype=g.dtype))
                )
            state["func_evals"] += 1
            if abs(g).max() <= group["tolerance_grad"]:
                return loss
            state["step"] += 1
            x, d = self._point(), -(raw(state["inverse_hessian"]) @ g)

            def phi(t: float) -> Trial:
                self._go_to(x + t * d)
                f = self._evaluated(closure)[1]
                new = self._gradient()
                return Trial(t, f, new, float(new @ d))

            chosen, count = weak_wolfe(
                phi,
                Trial(0.0, f, g, float(g @ d)),
                group["lr"],
                group["c1"],
                group["c2"],
                group["max_eval"],
            )
            self._go_to(x + chosen.t * d)
            state["func_evals"] += count
            self._remember(state["step"], p=x, g=g, d=d, t=chosen.t)
            self._learn(chosen.t * d, chosen.g - g)
        return loss

    def _learn(self, s: np.ndarray, y: np.ndarray) -> None:
        """``B = (I - rho s y') B (I - rho y s') + rho s s'``, which maps y to s."""
        b, ys = raw(self._shared["inverse_hessian"]), y @ s
        if not ys > 0:  # it would no longer be positive definite
            return
        left = np.eye(len(s), dtype=s.dtype) - np.outer(s, y) / ys
        b[...] = left @ b @ left.T + np.outer(s, s) / ys

    def formula(self, group: int = 0) -> Formula:
        """The update in symbols."""
        return formula_of(QUASI_NEWTON)

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [("p", "p + alpha * d")]
