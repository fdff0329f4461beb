"""The derivative table under its own checker: every op, on samples of its inputs."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import ops
from ..engine import Primitive
from ..errors import ShapeError
from .examine import examine
from .report import VERDICTS, Evaluations, GradReport, relative_errors
from .samples import SAMPLES, Case
from .subject import Subject, prepared

# ------------------------------------------------------------------------- the ops of the table


def primitives() -> list[Primitive]:
    """Every op in the modules of `tinygrad_edu.ops` that has a formula."""
    found: dict[Primitive, None] = {}  # a set in a fixed order
    for module in pkgutil.iter_modules(ops.__path__, f"{ops.__name__}."):
        values = vars(importlib.import_module(module.name)).values()
        found.update((op, None) for op in values if isinstance(op, Primitive))
    return [op for op in found if has_formula(op)]


def has_formula(op: Primitive) -> bool:
    """Whether an op has a derivative. (`floor_divide` has none, and says so when it is asked.)

    Examples
    --------
    >>> has_formula(ops.exp), has_formula(ops.floor_divide), has_formula(ops.eq)
    (True, False, False)
    """
    given = op.formulas if isinstance(op.formulas, list) else [op.formulas[0].func]
    stated = any(formula is not None and formula != op.missing for formula in given)
    return op.differentiable and (op.joint is not None or stated)


def labels() -> dict[str, Primitive]:
    """The ops by name; two of the same name (`div`, rounded or not) by that of their function.

    Examples
    --------
    >>> labels()["exp"]
    <op exp>
    >>> sorted(label for label, op in labels().items() if op.name == "div")
    ['rounded_quotient', 'true_divide']
    """
    found = primitives()
    shared = Counter(op.name for op in found)
    own = [getattr(op, "__name__", op.name).strip("_") for op in found]
    names = (f if shared[op.name] > 1 else op.name for op, f in zip(found, own, strict=True))
    return dict(sorted(zip(names, found, strict=True)))


# ------------------------------------------------------------------------- an op as two functions


def as_pair(op: Primitive, options: dict[str, Any]) -> tuple[Callable, Callable]:
    """An op with its options as the pair of NumPy functions of a plain formula.

    For an op that is declared elementwise the engine sums each gradient over the axes that
    broadcasting stretched, so the same is done here. Nothing else is repaired: neither the shape of
    other gradients nor a dtype.

    Examples
    --------
    >>> forward, vjp = as_pair(ops.mul, {})
    >>> x, y = np.array([[1.0], [2.0]]), np.array([3.0])
    >>> vjp(np.array([[1.0], [10.0]]), forward(x, y), x, y)
    (array([[ 3.],
           [30.]]), array([21.]))
    """

    @functools.wraps(op.forward)  # whose signature names the inputs
    def forward(*xs: np.ndarray) -> Any:
        return op.forward(*xs, **_own(options))

    def vjp(g: np.ndarray, y: np.ndarray, *xs: np.ndarray) -> tuple[Any, ...]:
        params = _own(options)
        if any(isinstance(value, dict) for value in params.values()):
            op.forward(*xs, **params)  # which leaves there what the formula reads
        if op.joint is not None:
            given = op.joint(g, y, *xs, **params)
        else:
            formulas = [op.formulas[i] for i in range(len(xs))]
            given = [None if f is None else f(g, y, *xs, **params) for f in formulas]
        return tuple(_unstretched(op, c, x) for c, x in zip(given, xs, strict=True))

    return forward, vjp


def _own(options: dict[str, Any]) -> dict[str, Any]:
    """The options, with a new dict for every one in which forward leaves values."""
    return {k: {} if isinstance(v, dict) else v for k, v in options.items()}


def _unstretched(op: Primitive, c: Any, x: np.ndarray) -> Any:
    if c is None or not op.elementwise or np.shape(c) == x.shape:
        return c
    c = np.asarray(c)
    try:
        return ops.fit(c, np.empty(x.shape, c.dtype), op, 0)
    except ShapeError:
        return c  # for the checker to see


# ------------------------------------------------------------------------- the run


@dataclass
class OpResult:
    """What was found about one op.

    Attributes
    ----------
    label : str
        The op, as :func:`labels` has it.
    reports : list of GradReport
        One for each of its samples.
    untried : list of str
        What of the check was left out on some sample, and why.
    """

    label: str
    reports: list[GradReport]
    untried: list[str]

    @property
    def verdict(self) -> str:
        """The least favourable of its reports."""
        return max((r.verdict for r in self.reports), key=VERDICTS.index)

    @property
    def points(self) -> list[str]:
        """The kinds of points at which it was checked, each once."""
        return list(dict.fromkeys(point for r in self.reports for point in r.points))

    @property
    def kinks(self) -> int:
        """Outputs at kinks whose sub-gradient was verified."""
        return sum(r.kinks for r in self.reports)

    @property
    def worst(self) -> float:
        """The largest relative error, of an element or along a direction."""
        errors = [float(x.worst) for r in self.reports for x in r.inputs if x.worst is not None]
        along = [r.directional for r in self.reports if r.directional is not None]
        errors += [float(relative_errors(d.analytic, d.numeric, d.bound)) for d in along]
        return max(errors, default=0.0)

    @property
    def evaluations(self) -> Evaluations:
        """The calls that its most expensive sample needed."""
        return max((r.evaluations for r in self.reports), default=Evaluations(0, 0))

    def to_dict(self) -> dict[str, Any]:
        """The same for JSON."""
        reports = [report.to_dict() for report in self.reports]
        return {"op": self.label, "verdict": self.verdict, "reports": reports}


def check_all_ops(only: Sequence[str] | None = None, *, seed: int = 0) -> Iterator[OpResult]:
    """Check the ops of the table, one after the other.

    Parameters
    ----------
    only : sequence of str, optional
        Labels of ops; all unless given. One without samples is left out: see
        :func:`without_samples`.
    seed : int
        Of the samples and of the points that are explored.

    Yields
    ------
    OpResult

    Examples
    --------
    >>> for result in check_all_ops(["exp"]):
    ...     print(result.label, result.verdict)
    exp pass
    """
    table = labels()
    for label in table if only is None else only:
        if label in SAMPLES:
            yield check_samples(label, table[label], SAMPLES[label], seed)


def check_samples(label: str, op: Primitive, cases: Sequence[Case], seed: int = 0) -> OpResult:
    """Check one op on each of its samples."""
    reports, untried = [], []
    for number, case in enumerate(cases):
        forward, vjp = as_pair(op, case.options)
        xs, notes = prepared(case.inputs(np.random.default_rng((seed, number))))
        if len(cases) > 1:
            notes.append(f"sample {number + 1} of {len(cases)} of {label}")
        if case.reason:
            what = "other shapes" if case.explored else "other points"
            untried.append(f"{what} not tried: {case.reason}")
            notes.append(untried[-1])
        report = examine(
            Subject(forward, vjp, xs, label),
            xs,
            explore="full" if case.explored else "none",
            shapes=case.shapes,
            seed=seed,
            notes=notes,
        )
        report.op = label
        reports.append(report)
    return OpResult(label, reports, list(dict.fromkeys(untried)))


def without_samples() -> list[str]:
    """The ops that have a formula but no sample, which a test keeps empty."""
    return [label for label in labels() if label not in SAMPLES]
