"""Stage 3, after a failure: which elements are wrong, and why they probably are."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .comparison import Comparison, Outcome
from .contract import gradients_at, upstream
from .diagnosis import Evidence, advice, diagnose, jacobians
from .directions import slopes_along
from .exploration import Point, cut_down, fresh
from .lines import joint_direction
from .report import InputReport, Worst
from .subject import Broken, Subject

_ELEMENTS = 400  # of inputs and of outputs: beyond, Jacobians take too long
_FLAGS = ("accumulate", "nondeterministic", "mutation", "dtype", "upstream", "nonfinite", "shape")


@dataclass
class Failure:
    """Where and how a check failed."""

    point: Point
    y: np.ndarray
    g: np.ndarray
    outcome: Outcome
    error: Exception | None = None


@dataclass
class Explanation:
    """What to tell about a failure."""

    inputs: list[InputReport] = field(default_factory=list)
    diagnosis: list[tuple[str, str]] = field(default_factory=list)
    hint: str | None = None
    learn: str | None = None
    notes: list[str] = field(default_factory=list)


def explain(subject: Subject, failure: Failure, first: Sequence[np.ndarray]) -> Explanation:
    """Elements and likely cause of a failure.

    Parameters
    ----------
    first : sequence of numpy.ndarray
        The inputs that were given, the first that the formula ever saw.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # of a formula that is wrong anyway
        return _explained(subject, failure, first)


def _explained(subject: Subject, failure: Failure, first: Sequence[np.ndarray]) -> Explanation:
    found = Explanation()
    quiet = Subject(subject.function, subject.formula, failure.point.xs, subject.name)
    quiet.names = subject.names
    failure = _smaller(quiet, failure, found)
    rows = _elements(quiet, failure, found)
    evidence = _evidence(quiet, failure, first, rows)
    found.diagnosis = diagnose(evidence)
    fault, sentence = failure.outcome.fault, failure.outcome.sentence
    if fault in _FLAGS and (fault != "shape" or evidence.gradient is None):
        rest = [(cls, words) for cls, words in found.diagnosis if cls != fault]
        found.diagnosis = [(fault, sentence), *rest][:3]
    found.hint, found.learn = advice(found.diagnosis[0][0], evidence)
    return found


def _size(point: Point) -> int:
    return sum(x.size for x in point.xs if x.dtype.kind == "f")


def _smaller(subject: Subject, failure: Failure, found: Explanation) -> Failure:
    """The same failure at a small point, if there is one: Jacobians are for small ones."""
    if _size(failure.point) <= _ELEMENTS and failure.y.size <= _ELEMENTS:
        return failure
    if failure.outcome.fault not in ("value", "kink"):
        return failure
    rng = np.random.default_rng(0)
    small = cut_down(failure.point.xs)
    other = [fresh(rng, x) if x.dtype.kind == "f" else x for x in small]
    for xs in (small, other):
        try:
            y = subject.forward(xs)
            g = upstream(rng, y.shape)
            point = Point(failure.point.name, xs, failure.point.grouped)
            outcome = Comparison(subject, rng, point, y, g).run()
        except Exception:  # a point of our own choice: the function may refuse it
            continue
        if outcome.fault and y.size <= _ELEMENTS and _size(point) <= _ELEMENTS:
            shapes = ", ".join(str(x.shape) for x in xs)
            found.notes.append(f"elements are shown for inputs cut down to {shapes}")
            return Failure(point, y, g, outcome)
    return failure


Rows = dict[int, tuple[np.ndarray, np.ndarray]]


def _elements(subject: Subject, failure: Failure, found: Explanation) -> Rows:
    """Both gradients of every input, element by element; the Jacobians they come from."""
    if failure.outcome.fault in ("shape", "raised", "mutation", "nondeterministic"):
        return {}
    if _size(failure.point) > _ELEMENTS or failure.y.size > _ELEMENTS:
        found.inputs = _located(subject, failure)
        return {}
    rows: Rows = {}
    for k, x in enumerate(failure.point.xs):
        name = subject.names[k]
        if k not in subject.differentiable:
            found.inputs.append(InputReport(name, x.shape, str(x.dtype)))
            continue
        try:
            analytic, numeric, bound = jacobians(
                subject.function, subject.formula, failure.point.xs, k
            )
        except Exception as error:  # a formula that fails its checks may fail at anything
            found.notes.append(f"no elements for {name}: {type(error).__name__}: {error}")
            found.inputs.append(InputReport(name, x.shape, str(x.dtype)))
            continue
        if analytic is None:
            found.inputs.append(InputReport(name, x.shape, str(x.dtype)))
            continue
        rows[k] = analytic, numeric
        g = failure.g.ravel()
        with np.errstate(all="ignore"):
            a, n, b = (g @ analytic, g @ numeric, np.abs(g) @ np.broadcast_to(bound, numeric.shape))
        found.inputs.append(
            InputReport.compare(
                name, str(x.dtype), a.reshape(x.shape), n.reshape(x.shape), b.reshape(x.shape)
            )
        )
    return rows


def _located(subject: Subject, failure: Failure) -> list[InputReport]:
    """The worst element of each input, found by halving the elements that move: log2(n) steps."""
    rng = np.random.default_rng(1)
    xs, y, g = failure.point.xs, failure.y, failure.g
    found = []
    try:
        gradients = gradients_at(subject, g, y, xs)
    except Broken:
        return []
    by_place = dict(zip(subject.differentiable, gradients, strict=True))
    for k, x in enumerate(xs):
        report = InputReport(subject.names[k], x.shape, str(x.dtype))
        if k in by_place and x.size:
            report.worst = _worst(subject, rng, failure, k, np.asarray(by_place[k], np.float64))
            report.wrong = int(float(report.worst) > 1e-7)
        found.append(report)
    return found


def _worst(
    subject: Subject, rng: np.random.Generator, failure: Failure, k: int, b: np.ndarray
) -> Worst:
    xs, g = failure.point.xs, failure.g.ravel()
    full = joint_direction(rng, xs, [k], [b])[0].ravel()

    def slope(chosen: np.ndarray) -> tuple[float, float]:
        """Numeric slope along the chosen elements, and its bound."""
        d = np.zeros(full.size)
        d[chosen] = full[chosen]
        slopes = slopes_along(subject.forward, xs, [k], [d.reshape(b.shape)], failure.y)
        return float(np.sum(g * slopes.value)), float(np.sum(np.abs(g) * slopes.bound))

    def off(chosen: np.ndarray) -> float:
        return slope(chosen)[0] - float(b.ravel()[chosen] @ full[chosen])

    left = np.arange(b.size)
    total = off(left)
    while left.size > 1:  # errors add up: what one half has not, the other has
        halves = np.array_split(left, 2)
        first = off(halves[0])
        second = total - first
        left, total = (halves[0], first) if abs(first) >= abs(second) else (halves[1], second)
    numeric, bound = (v / abs(full[left[0]]) for v in slope(left))
    numeric *= np.sign(full[left[0]])
    index = tuple(int(i) for i in np.unravel_index(int(left[0]), b.shape))
    return Worst.at(index, float(b[index]), numeric, bound)


def _evidence(
    subject: Subject, failure: Failure, first: Sequence[np.ndarray], rows: Rows
) -> Evidence:
    xs, outcome = failure.point.xs, failure.outcome
    k, others = _wrong_inputs(subject, failure, rows)
    analytic, numeric = rows.get(k, (None, None))
    broke = failure.error if isinstance(failure.error, Broken) else None
    return Evidence(
        forward=subject.function, vjp=subject.formula, xs=xs, y=failure.y, k=k,
        analytic=analytic, numeric=numeric, point=failure.point.name,
        flag=outcome.fault if outcome.fault in _FLAGS else "",
        gradient=broke.gradient if broke else None, g=failure.g,
        error=None if broke else failure.error,
        first=None if failure.point.name == "given" else list(first), others=others,
    )  # fmt: skip


def _wrong_inputs(subject: Subject, failure: Failure, rows: Rows) -> tuple[int, list[int]]:
    """The input whose gradient is most wrong, and the others that are wrong too."""
    broke = failure.error
    if isinstance(broke, Broken) and broke.k is not None:
        return broke.k, []
    off = {}
    for k, (a, n) in rows.items():
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(a), np.abs(n)).max(initial=0.0)
            error = np.abs(a - n).max(initial=0.0)
        off[k] = float(np.nan_to_num(error / max(size, 1e-300), nan=1.0)) if size else 0.0
    if not off:
        return subject.differentiable[0], []
    wrong = sorted((k for k in off if off[k] > 1e-7), key=lambda k: -off[k])
    worst = wrong[0] if wrong else max(off, key=lambda k: off[k])
    return worst, [k for k in wrong if k != worst]
