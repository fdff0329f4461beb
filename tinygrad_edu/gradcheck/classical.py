"""PyTorch's classical test: fixed step, fixed tolerances, the whole Jacobian.

Kept for comparison, and for whoever asks for it by giving a number. What it cannot see, and what
it calls wrong that is right, is the subject of the lessons on gradient checking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .graphs import Case
from .report import Evaluations, GradReport, InputReport, Worst


@dataclass
class Tolerances:
    """PyTorch's numbers.

    Attributes
    ----------
    eps : float
        Step of the central difference.
    atol, rtol : float
        An element is right when ``|a - n| <= atol + rtol |n|``.
    nondet_tol : float
        How far two calls of the formula may differ.
    """

    eps: float = 1e-6
    atol: float = 1e-5
    rtol: float = 1e-3
    nondet_tol: float = 0.0


def classical(case: Case, numbers: Tolerances, fast: bool = False) -> GradReport:
    """Compare analytic and numerical Jacobians, of each output with respect to each input.

    Parameters
    ----------
    case : Case
        Open.
    numbers : Tolerances
    fast : bool
        Compare ``v J u`` for one random `u` and `v` only, as PyTorch's fast mode does.
    """
    case.function.strict = False
    subject, xs = case.subject, case.xs
    y = subject.forward(xs)
    report = GradReport("pass", case.name, points=["given"])
    rng = np.random.default_rng(0)
    for k in subject.differentiable:
        compare = _projected if fast else _whole
        found, sentence = compare(case, k, y, numbers, rng)
        report.inputs.append(found)
        if sentence and not report.reason:
            report.verdict, report.reason = "fail", f"gradcheck: input {k} {sentence}"
    if not fast and y.size and subject.differentiable:
        _check_repeatable(case, y, numbers, report)
    report.evaluations = Evaluations(subject.forwards, subject.backwards)
    return report


def _whole(
    case: Case, k: int, y: np.ndarray, numbers: Tolerances, rng: np.random.Generator
) -> tuple[InputReport, str]:
    """Element by element: rows of the analytic Jacobian by one-hot upstream gradients."""
    x = case.xs[k]
    analytic, numeric = np.zeros((y.size, x.size)), np.zeros((y.size, x.size))
    for i in range(y.size):
        g = np.zeros(y.size)
        g[i] = 1.0
        analytic[i] = _gradient(case, k, g.reshape(y.shape), y).ravel()
    for j in range(x.size):
        d = np.zeros(x.size)
        d[j] = 1.0
        numeric[:, j] = _difference(case, k, d.reshape(x.shape), numbers.eps)
    found = InputReport(case.names[k], x.shape, str(x.dtype))
    gap = np.abs(analytic - numeric)
    with np.errstate(invalid="ignore"):
        wrong = ~(gap <= numbers.atol + numbers.rtol * np.abs(numeric))
    found.wrong = int(wrong.any(0).sum())
    if not gap.size:
        return found, ""
    far = np.where(np.isnan(gap), np.inf, gap)
    # Among the wrong elements if there are any: a large one may be off by more, and yet be right.
    place = int(np.argmax(np.where(wrong, far, -1.0) if wrong.any() else far))
    i, j = divmod(place, x.size)
    index = tuple(int(n) for n in np.unravel_index(j, x.shape))
    # Without an error bound, the tolerance says how exact the difference is taken to be.
    found.worst = Worst.at(index, analytic[i, j], numeric[i, j], numbers.atol / 4)
    if not wrong.any():
        return found, ""
    a, n = analytic[i, j], numeric[i, j]
    ratio = f"{a / n:.6g}" if n else "infinite"
    return found, (
        f"at {index}: analytic {a:.8g}, numerical {n:.8g}, ratio {ratio} (of output {i}); "
        f"{int(wrong.sum())} of {wrong.size} elements disagree"
    )


def _projected(
    case: Case, k: int, y: np.ndarray, numbers: Tolerances, rng: np.random.Generator
) -> tuple[InputReport, str]:
    """One number: the Jacobian between two random vectors."""
    x = case.xs[k]
    u, v = rng.random(x.shape), rng.random(y.shape)
    u /= max(float(np.linalg.norm(u)), 1e-300)
    v /= max(float(np.linalg.norm(v)), 1e-300)
    a = float(np.sum(_gradient(case, k, v, y) * u))
    n = float(np.sum(v.ravel() * _difference(case, k, u, numbers.eps)))
    # The tolerance of each element, added up with the weights that the elements have here.
    atol = numbers.atol * float(u.sum()) * float(v.sum())
    found = InputReport(case.names[k], x.shape, str(x.dtype))
    if abs(a - n) <= atol + numbers.rtol * abs(n):
        return found, ""
    return found, f"in fast mode: v J u is {a:.8g} by the formula, {n:.8g} by differences"


def _gradient(case: Case, k: int, g: np.ndarray, y: np.ndarray) -> np.ndarray:
    found = case.subject.backward(g, y, case.xs)[k]
    return np.zeros(case.xs[k].shape) if found is None else np.asarray(found)


def _difference(case: Case, k: int, d: np.ndarray, eps: float) -> np.ndarray:
    values: list[Any] = []
    for side in (eps, -eps):
        xs = list(case.xs)
        xs[k] = np.asarray(xs[k] + side * d)
        values.append(case.subject.forward(xs).ravel())
    return np.asarray((values[0] - values[1]) / (2 * eps))


def _check_repeatable(case: Case, y: np.ndarray, numbers: Tolerances, report: GradReport) -> None:
    """The formula, called twice, must not differ by more than ``nondet_tol``."""
    g = np.ones(y.shape)
    for k in case.subject.differentiable:
        off = np.abs(_gradient(case, k, g, y) - _gradient(case, k, g, y))
        if off.size and float(off.max()) > numbers.nondet_tol and not report.reason:
            report.verdict = "fail"
            report.reason = (
                f"gradcheck: backward is not reentrant: two calls give gradients for input {k} "
                f"that differ by {float(off.max()):.3g}, more than nondet_tol"
            )
