"""Limited-memory BFGS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import box, raw
from ..errors import located
from ..gradients import no_grad
from .explained import formula_of
from .line_search import Trial, armijo, strong_wolfe, weak_wolfe
from .optimizer import at_least_0
from .symbols import Line
from .whole import WholeOptimizer

if TYPE_CHECKING:
    from .formula import Formula

_SEARCHES = (None, "strong_wolfe", "weak_wolfe", "armijo")


class LBFGS(WholeOptimizer):
    """Quasi-Newton steps ``p = p - t B g``; B approximates the inverse Hessian from a few pairs.

    Parameters
    ----------
    params : iterable of Tensor
        One group only.
    lr : float
        The step length, or the first that the line search tries.
    max_iter : int
        Iterations in one `step`.
    max_eval : int, optional
        Calls of the closure in one `step`; 1.25 `max_iter` unless given.
    tolerance_grad : float
        Stop when no element of the gradient is larger.
    tolerance_change : float
        Stop when neither parameters nor loss change by more.
    history_size : int
        How many pairs (s, y) are remembered.
    line_search_fn : {None, "strong_wolfe", "weak_wolfe", "armijo"}
        How the step length is found; None takes `lr` itself. PyTorch has the first two. The other
        two are for comparison: they try `lr` in the very first step, too, where PyTorch divides it
        by the sum of the absolute gradients.

    Notes
    -----
    A pair is the change s of the parameters and the change y of the gradient; it is remembered
    only if ``y.s > 1e-10``. Each one is a rank-2 update of B (not rank 1, as slides have it). For
    full batches: on minibatches, y is mostly noise.

    `step` needs a closure that clears the gradients, computes the loss, calls ``backward()`` and
    returns the loss. ``state[first parameter]`` holds PyTorch's keys, and ``rejected``, the number
    of pairs that were not remembered.

    References
    ----------
    Nocedal and Wright, Numerical Optimization, 2006, algorithms 7.4 and 7.5.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([-1.2, 1.0], requires_grad=True)
    >>> opt = LBFGS([w], max_iter=50, line_search_fn="strong_wolfe")
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
    ...     loss.backward()
    ...     return loss
    >>> print(f"{float(opt.step(closure)):.4f}")
    24.2000
    >>> w
    tensor([1.0000, 1.0000], requires_grad=True)
    """

    symbols = {"d": "d", "t": "alpha"}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "tolerance_grad", "tolerance_change")
        # PyTorch says so at the first step.
        if group["line_search_fn"] not in _SEARCHES:
            raise RuntimeError(
                located(
                    f"Invalid line_search_fn: {group['line_search_fn']!r}; only 'strong_wolfe' is "
                    "supported, or None, and beyond PyTorch 'weak_wolfe' and 'armijo'"
                )
            )

    def _shapes(self, p: Any, group: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        return {"d": (self._size(),), "prev_flat_grad": (self._size(),)}

    # ---------------------------------------------------------------- a step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to `max_iter` iterations; returns the loss before the first."""
        group, state = self.param_groups[0], self._shared
        for counter in ("func_evals", "n_iter", "rejected"):
            state.setdefault(counter, 0)
        with no_grad(), np.errstate(all="ignore"):
            loss, f = self._evaluated(closure)
            g, evals = self._gradient(), 1
            state["func_evals"] += 1
            if abs(g).max() <= group["tolerance_grad"]:
                return loss
            for n in range(1, group["max_iter"] + 1):
                before = f
                d = self._direction(g)
                t, slope = self._first_length(g), float(g @ d)
                state.update(d=box(d), t=t, prev_flat_grad=box(g), prev_loss=f)
                if slope > -group["tolerance_change"]:
                    break
                now = Trial(0.0, f, g, slope)
                last = n == group["max_iter"]
                t, f, g, count = self._advance(closure, now, d, t, evals, last)
                state["t"] = t
                state["func_evals"] += count
                evals += count
                if last or evals >= group["max_eval"]:
                    break
                if abs(g).max() <= group["tolerance_grad"]:
                    break
                smallest = group["tolerance_change"]
                if abs(d * t).max() <= smallest or abs(f - before) < smallest:
                    break
        return loss

    def _direction(self, g: np.ndarray) -> np.ndarray:
        """``-B g``, after remembering the last pair."""
        state, size = self._shared, self.param_groups[0]["history_size"]
        state["n_iter"] += 1
        if state["n_iter"] == 1:
            state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -g
        ys_pairs, ss_pairs, ro = state["old_dirs"], state["old_stps"], state["ro"]
        y = g - raw(state["prev_flat_grad"])
        s = raw(state["d"]) * state["t"]
        ys = float(y @ s)
        if ys > 1e-10:
            for pairs, new in ((ys_pairs, box(y)), (ss_pairs, box(s)), (ro, 1 / ys)):
                pairs.append(new)
                del pairs[: max(0, len(pairs) - size)]
            state["H_diag"] = ys / float(y @ y)
        else:
            state["rejected"] += 1
        return two_loop(g, [raw(v) for v in ss_pairs], [raw(v) for v in ys_pairs], ro, state)

    def _first_length(self, g: np.ndarray) -> float:
        """`lr`; PyTorch's first step, whose direction has no scale yet, at most a length of 1."""
        group = self.param_groups[0]
        scaled = self._shared["n_iter"] == 1 and group["line_search_fn"] in (None, "strong_wolfe")
        return group["lr"] * (min(1.0, 1 / float(abs(g).sum())) if scaled else 1.0)

    def _advance(
        self, closure: Any, now: Trial, d: np.ndarray, t: float, evals: int, last: bool
    ) -> tuple[float, float, np.ndarray, int]:
        """Move along `d`: the step length, loss and gradient there, and calls of the closure."""
        group, x = self.param_groups[0], self._point()

        def phi(t: float) -> Trial:
            self._go_to(x + d * t)
            f = self._evaluated(closure)[1]
            g = self._gradient()
            return Trial(t, f, g, float(g @ d))

        budget = group["max_eval"] - evals
        search = group["line_search_fn"]
        if search is None:
            # After the last iteration nobody needs the loss there.
            chosen, count = (Trial(t, now.f, now.g, 0.0), 0) if last else (phi(t), 1)
        elif search == "strong_wolfe":
            reach, tolerance = abs(d).max(), group["tolerance_change"]
            chosen, count = strong_wolfe(phi, now, t, reach, tolerance=tolerance, max_iter=budget)
        else:
            find = weak_wolfe if search == "weak_wolfe" else armijo
            chosen, count = find(phi, now, t, max_iter=max(1, budget))
        self._go_to(x + d * chosen.t)
        self._remember(self._shared["n_iter"], p=x, g=now.g, d=d, t=chosen.t)
        return chosen.t, chosen.f, chosen.g, count

    # ---------------------------------------------------------------- explanations

    def formula(self, group: int = 0) -> Formula:
        """The update in symbols; B is never formed, but applied from the remembered pairs."""
        return formula_of(QUASI_NEWTON)

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [("p", "p + alpha * d")]


# What BFGS and L-BFGS do: the new B is the old one, changed in rank 2.
QUASI_NEWTON: tuple[Line, ...] = (
    ("d", "-(B @ g)"),
    ("p", "p + alpha * d"),
    ("s", "alpha * d"),
    ("y", "g_new - g"),
    ("rho", "1 / dot(y, s)"),
    ("B", "(I - rho * outer(s, y)) @ B @ (I - rho * outer(y, s)) + rho * outer(s, s)"),
)


def two_loop(
    g: np.ndarray,
    ss: list[np.ndarray],
    ys: list[np.ndarray],
    ro: list[float],
    state: dict[str, Any],
) -> np.ndarray:
    """``-B g`` from the pairs alone, oldest first, and a multiple of the identity to begin with."""
    shares = [0.0] * len(ss)
    d = -g
    for i in reversed(range(len(ss))):
        shares[i] = ro[i] * float(ss[i] @ d)
        d = d - shares[i] * ys[i]
    d = d * state["H_diag"]
    for i in range(len(ss)):
        d = d + (shares[i] - ro[i] * float(ys[i] @ d)) * ss[i]
    state["al"] = shares
    return d
