"""Newton's method, on exact Hessians from double backward."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine import FREED, box, state
from ..errors import GradientError, located
from ..gradients import enable_grad, grad, no_grad
from .explained import formula_of, table_of
from .optimizer import at_least_0
from .symbols import Line
from .whole import WholeOptimizer

if TYPE_CHECKING:
    from .formula import Formula, StepTable

# Up to this many parameters `explain_step` writes the row of the Hessian out.
_FEW = 6


class Newton(WholeOptimizer):
    """Go where the quadratic Taylor polynomial is stationary: ``p = p - lr (H + damping I)^-1 g``.

    Parameters
    ----------
    params : iterable of Tensor
        One group only: H has a row for each number in all of them. Those that do not require grad
        stay as they are.
    lr : float
        Below 1, a damped step.
    damping : float
        Added to the diagonal of H. It makes a singular H solvable, and if it is larger than the
        most negative curvature, the step goes downhill.

    Notes
    -----
    `step` needs a closure that computes the loss and returns it. It may call ``backward()``, as
    closures for other rules do, but need not: H needs the graph, which is kept here. Gradients are
    computed anew and ``.grad`` is neither read nor written.

    On a quadratic one step is enough, whether its stationary point is a minimum, a saddle or a
    maximum: where the curvature is negative, Newton climbs. N parameters need N backward passes,
    N^2 numbers and N^3 work: H of a million parameters would take 3725 GiB in float32.

    References
    ----------
    S1 of the lectures; Nocedal and Wright, Numerical Optimization, 2006, section 3.3.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([-5.0, -2.0], requires_grad=True)
    >>> opt = Newton([w])
    >>> print(f"{float(opt.step(lambda: 0.1 * w[0] ** 2 + 2 * w[1] ** 2)):.4f}")
    10.5000
    >>> w.abs().max() < 1e-6
    tensor(True)
    >>> print(opt.formula())
    d ← H⁻¹ g
    θ ← θ − η d
    """

    symbols = {"d": "d"}

    def __init__(self, params: Iterable[Any], lr: float = 1, damping: float = 0) -> None:
        super().__init__(params, {"lr": lr, "damping": damping})

    def _check(self, group: dict[str, Any]) -> None:
        at_least_0(group, "lr", "damping")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; returns the loss before it."""
        group, shared = self.param_groups[0], self._shared
        with _graphs_kept():
            loss, _ = self._evaluated(closure)
        g, h = gradient_and_hessian(loss, self._params)
        d = solved(h, g, group["damping"])
        shared["step"] = shared.get("step", 0) + 1
        with no_grad():
            x = self._point()
            self._remember(shared["step"], p=x, g=g, d=d)
            self._hessian = h
            self._go_to(x - group["lr"] * d)
        return loss

    # ---------------------------------------------------------------- explanations

    def formula(self, group: int = 0) -> Formula:
        """The update in symbols, for the options in force."""
        matrix = "H + damping * I" if self.param_groups[group]["damping"] else "H"
        return formula_of((("d", f"solve({matrix}, g)"), ("p", "p - lr * d")))

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        return [("p", "p - lr * d")]

    def explain_step(self, param: Any = 0, index: Any = None) -> StepTable:
        """The last step of one element: its row of ``H d``, which must give g, and the update."""
        table = super().explain_step(param, index)
        last, place, _ = self._kept(param, index)
        if len(self._hessian) > _FEW:
            return table
        at = dict(self._pieces(np.arange(self._size())))
        i = int(next(at[p][place] for p in at if self._last[p] is last))
        row, d = self._hessian[i], np.concatenate([self._last[p]["d"].ravel() for p in at])
        given = {**table.given, "damping": last["options"]["damping"]}
        given.update({f"H{j + 1}": float(v) for j, v in enumerate(row)})
        given.update({f"d{j + 1}": float(v) for j, v in enumerate(d)})
        terms = " + ".join(f"H{j + 1} * d{j + 1}" for j in range(len(d)))
        damped = " + damping * d" if given["damping"] else ""
        lines = [("g", terms + damped), *self._lines(last["options"], 1)]
        return table_of(table.rule, table.where, given, lines)


class _KeptGraphs:
    """Watches which nodes are made, and gives them back what a backward pass frees."""

    def __init__(self, next_watch: Any) -> None:
        self.next = next_watch
        self.seen: list[tuple[Any, Any, Any]] = []

    def made(self, op: Any, result: Any, node: Any) -> None:
        """Called by every op with its result."""
        if node is not None:
            self.seen.append((node, node.saved, node.out))
        if self.next is not None:
            self.next.made(op, result, node)

    def contribution(self, node: Any, i: int, g: Any, c: Any) -> None:
        """Called by the sweep with every gradient that a formula returns."""
        if self.next is not None:
            self.next.contribution(node, i, g, c)

    def restore(self) -> None:
        """Undo what backward freed."""
        for node, saved, out in self.seen:
            if node.saved is FREED:
                node.saved, node.out = saved, out


@contextmanager
def _graphs_kept() -> Iterator[None]:
    """Inside, ``backward()`` frees nothing that was made here."""
    before = state.watch
    state.watch = watch = _KeptGraphs(before)
    try:
        yield
    finally:
        state.watch = before
        watch.restore()


@enable_grad()
def gradient_and_hessian(loss: Any, params: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """The gradient of a scalar, and its Hessian over all parameters jointly.

    Row i is the gradient of element i of the gradient. Parameters that do not require grad, or on
    which the loss does not depend, have zeros.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> a = tensor(2.0, requires_grad=True)
    >>> b = tensor(3.0, requires_grad=True)
    >>> gradient_and_hessian(a * a * b, [a, b])
    (array([12.,  4.], dtype=float32), array([[6., 4.],
           [4., 0.]], dtype=float32))
    """
    if getattr(loss, "_node", None) is None:
        raise GradientError(
            located(
                "Newton: the loss that the closure returned has no history (was it detached, or "
                "computed from no parameter that requires grad?)"
            )
        )
    sizes = [p._array.size for p in params]
    firsts = _grads(loss, None, params, create_graph=True)
    dtype = np.result_type(*[p.dtype for p in params])
    h = np.zeros((sum(sizes), sum(sizes)), dtype)
    row = 0
    for p, first in zip(params, firsts, strict=True):
        for k in range(p._array.size):
            if first is not None and first._node is not None:
                one = np.zeros(p._array.size, p.dtype)
                one[k] = 1
                seconds = _grads(first, box(one.reshape(p.shape)), params)
                h[row] = _flat(seconds, params, dtype)
            row += 1
    return _flat(firsts, params, dtype), h


def _grads(output: Any, upstream: Any, params: Sequence[Any], create_graph: bool = False) -> list:
    """Gradients with respect to those parameters that require one; None for the others."""
    live = [p for p in params if p._node is not None]
    found = grad(
        output, live, upstream, retain_graph=True, create_graph=create_graph, allow_unused=True
    )
    by_id = {id(p): g for p, g in zip(live, found, strict=True)}
    return [by_id.get(id(p)) for p in params]


def _flat(pieces: Sequence[Any], params: Sequence[Any], dtype: Any) -> np.ndarray:
    parts = [
        np.zeros(p._array.size, dtype) if piece is None else np.ravel(piece._array)
        for piece, p in zip(pieces, params, strict=True)
    ]
    return np.concatenate(parts).astype(dtype)


def solved(h: np.ndarray, g: np.ndarray, damping: float) -> np.ndarray:
    """d with ``(H + damping I) d = g``, in float64; an error where there is none."""
    matrix = h.astype(float) + damping * np.eye(len(h))
    if not np.isfinite(matrix).all() or not np.isfinite(g).all():
        raise GradientError(located("Newton: the gradient or the Hessian has a NaN or an infinity"))
    # Rows of zeros belong to numbers that the loss does not depend on: those stay where they are.
    idle = ~matrix.any(axis=0) & (g == 0)
    matrix[idle, idle] = 1
    curvatures = np.linalg.eigvalsh(matrix)
    sizes = abs(curvatures)
    if sizes.min() <= sizes.max() * len(h) * np.finfo(h.dtype).eps:
        raise GradientError(
            located(
                f"Newton: the Hessian is singular (its eigenvalues run from {curvatures.min():.3g} "
                f"to {curvatures.max():.3g}), so that H d = g has no unique solution; pass a "
                f"damping above {damping:g}, such as damping={max(1e-3, 10 * damping):g}, which "
                "solves (H + damping I) d = g"
            )
        )
    return np.linalg.solve(matrix, g.astype(float)).astype(g.dtype)
