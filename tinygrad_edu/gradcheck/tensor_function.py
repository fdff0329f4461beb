"""A function of Tensors as a pair of NumPy functions: its value, and the engine's gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import box, is_tensor
from ..gradients import enable_grad, grad
from .contract import upstream
from .examine import examine
from .recording import Recorder
from .replay import Tape, joined, pieces
from .report import GradReport
from .subject import Broken, Subject

_POINTS = 4  # at which the culprit is looked for
_ELEMENTS = 50  # that are compared one by one, at a cost of 6 or 12 calls each
_LARGE = 100_000  # elements: inputs above are not kept for that


class Exhausted(Exception):
    """A function was called often enough."""


class TensorFunction:
    """A function of Tensors as a pair of NumPy functions: its value, and the engine's gradient.

    Parameters
    ----------
    start : callable
        ``start(xs) -> (leaves, result)``: put the arrays into leaves, and run the function.
    before : callable, optional
        Called before each run: to put generators of random numbers back.

    Attributes
    ----------
    strict : bool
        Whether a gradient that the engine has to repair is an error. PyTorch's test says no.
    narrow : str
        The first op that rounded to float32.
    budget : int or None
        Calls after which it raises `Exhausted`. The causes of a failure are looked for by trying
        things, which is cheap for an op and dear for a network, whose failure has an op as cause.
    points : list
        Inputs at which the gradient was asked for, newest last.
    """

    def __init__(
        self,
        start: Callable[[Sequence[np.ndarray]], tuple[list[Any], Any]],
        before: Callable[[], None] | None = None,
    ) -> None:
        self.start, self.before = start, before or (lambda: None)
        self.strict = True
        self.budget: int | None = None
        self.calls = 0
        self.narrow = ""
        self.points: list[list[np.ndarray]] = []

    def run(self, xs: Sequence[np.ndarray]) -> tuple[list[Any], list[Any]]:
        """Leaves and floating outputs, recorded.

        Raises
        ------
        Broken
            If the function did not return Tensors.
        """
        self.before()
        with enable_grad():
            leaves, result = self.start(xs)
        return leaves, _outputs(result)

    def forward(self, *xs: np.ndarray) -> np.ndarray:
        """The value; several outputs as one vector."""
        self._spend()
        return joined([o._array for o in self.run(xs)[1]])

    def vjp(self, g: np.ndarray, y: np.ndarray, *xs: np.ndarray) -> tuple[Any, ...]:
        """The engine's gradient of ``sum(g * y)``.

        Raises
        ------
        Broken
            If a formula's gradient has the wrong shape or too little precision, which the engine
            repairs.
        """
        self._spend()
        self._remember(xs)
        with Recorder() as seen:
            leaves, outputs = self.run(xs)
            self.narrow = self.narrow or seen.narrow
            parts = pieces(g, [o._array for o in outputs])
            tracked = [(o, parts[i]) for i, o in enumerate(outputs) if o.requires_grad]
            try:
                found = _gradients(tracked, leaves)
            except Exception as error:
                _raise_unfit(seen, error)  # says more than the engine can
                raise
        if self.strict:
            _raise_unfit(seen)
        return tuple(found)

    def tape(self, xs: Sequence[np.ndarray]) -> tuple[Tape, list[np.ndarray], Recorder]:
        """The graph at `xs`, an upstream gradient for each result, and what was seen of it."""
        rng = np.random.default_rng(0)
        with Recorder() as seen:
            outputs = [o for o in self.run([x.copy() for x in xs])[1] if o.grad_fn is not None]
        roots = [o.grad_fn for o in outputs]
        upper = [upstream(rng, o.shape).astype(o.dtype) for o in outputs]
        return Tape(roots, seen.arguments), upper, seen

    def limit(self, xs: Sequence[np.ndarray], outputs: int) -> None:
        """Allow a whole check, and a look at the elements of small inputs: not much more."""
        n = max(sum(x.size for x in xs), 1)
        elements = 13 * n if n <= _ELEMENTS else 40 * len(xs) * n.bit_length()
        self.budget = self.calls + 80 + elements + len(xs) * outputs

    def examined(self, subject: Subject, xs: Sequence[np.ndarray], **how: Any) -> GradReport:
        """`examine`, within the budget."""
        try:
            return examine(subject, xs, **how)
        except Exhausted:  # it needs more than most
            self.budget = None
            return examine(subject, xs, **how)

    def _spend(self) -> None:
        self.calls += 1
        if self.budget is not None and self.calls > self.budget:
            raise Exhausted("the function was called often enough")

    def _remember(self, xs: Sequence[np.ndarray]) -> None:
        if sum(x.size for x in xs) > _LARGE:
            return
        self.points = [p for p in self.points if not _equal(p, xs)]
        self.points.append([x.copy() for x in xs])
        del self.points[:-_POINTS]


def _equal(a: Sequence[np.ndarray], b: Sequence[np.ndarray]) -> bool:
    """Whether two points are the same, to the last bit."""
    return all(x.shape == y.shape and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


def _outputs(result: Any) -> list[Any]:
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    for r in results:
        if r is None:
            raise Broken("", "the function returned None; does it lack a return statement?")
        if not is_tensor(r):
            raise Broken(
                "",
                f"the function returned {type(r).__name__}; it must return Tensors, for nothing "
                "else has a gradient",
            )
    floats = [r for r in results if r.dtype.kind == "f"]
    if not floats:
        what = f"only {results[0].dtype}" if results else "nothing"
        raise Broken("", f"the function returned {what}; only floating numbers have a gradient")
    return floats


def _gradients(tracked: list[tuple[Any, np.ndarray]], leaves: list[Any]) -> list[Any]:
    """The gradient of each leaf; zeros where none arrives."""
    asked = [leaf for leaf in leaves if leaf.requires_grad]
    found: dict[int, Any] = {}
    if tracked and asked:
        upper = [box(np.asarray(u).astype(o.dtype, copy=False)) for o, u in tracked]
        rows = grad([o for o, _ in tracked], asked, upper, allow_unused=True)
        found = {id(t): g._array for t, g in zip(asked, rows, strict=True) if g is not None}
    return [found[id(leaf)] if id(leaf) in found else np.zeros(leaf.shape) for leaf in leaves]


def _raise_unfit(seen: Recorder, error: Exception | None = None) -> None:
    if seen.unfit:
        first = seen.unfit[0]
        where = seen.lines.get(first.node)
        raise Broken(first.cls, first.sentence + (f" ({where})" if where else "")) from error
