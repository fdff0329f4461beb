"""A few elements of each input, as the lectures compare them: the rest is seen in one direction."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .contract import upstream
from .directions import slopes_along
from .examine import told
from .report import Evaluations, GradReport, InputReport
from .subject import Subject

_DIMENSIONS = 3  # of each input, compared one by one


def compare_some(
    report: GradReport, subject: Subject, xs: Sequence[np.ndarray], seed: int = 0
) -> None:
    """Compare a few elements of each input of which none has been compared; report the worst.

    Parameters
    ----------
    report : GradReport
        On `subject` at `xs`; its inputs and number of calls are brought up to date.
    """
    rng = np.random.default_rng(seed)
    try:
        y = subject.forward(xs)
        g = upstream(rng, y.shape)
        gradients = subject.backward(g, y, xs)
        for k in subject.differentiable:
            if xs[k].size and gradients[k] is not None and report.inputs[k].worst is None:
                found = _elements(subject, xs, k, y, g, np.asarray(gradients[k]), rng)
                if report:
                    found.wrong = 0  # the whole direction agreed, and it says more
                elif xs[k].size > _DIMENSIONS:
                    report.notes.append(
                        f"{found.name}: {_DIMENSIONS} of {xs[k].size} elements were compared"
                    )
                report.inputs[k] = found
    except Exception as error:  # the function has been called before: it is the luck of this call
        report.notes.append(f"no elements were compared: {told(error)}")
    report.evaluations = Evaluations(subject.forwards, subject.backwards)


def _elements(
    subject: Subject,
    xs: Sequence[np.ndarray],
    k: int,
    y: np.ndarray,
    g: np.ndarray,
    gradient: np.ndarray,
    rng: np.random.Generator,
) -> InputReport:
    """The element with the largest gradient and some at random."""
    places = [int(np.argmax(np.abs(gradient))), *map(int, rng.permutation(gradient.size))]
    rows = []
    for place in list(dict.fromkeys(places))[:_DIMENSIONS]:
        index = tuple(int(i) for i in np.unravel_index(place, gradient.shape))
        direction = np.zeros(gradient.shape)
        direction[index] = max(abs(float(xs[k][index])), 0.1)
        slopes = slopes_along(subject.forward, xs, [k], [direction], y)
        if slopes.smooth.all():  # at a kink the whole direction has said what can be said
            size = float(direction[index])
            numeric = float(np.sum(g.ravel() * slopes.value)) / size
            bound = float(np.sum(np.abs(g).ravel() * slopes.bound)) / size
            rows.append((index, float(gradient[index]), numeric, bound))
    found = InputReport(subject.names[k], xs[k].shape, str(xs[k].dtype))
    if rows:
        a, n, b = (np.array([row[i] for row in rows]) for i in (1, 2, 3))
        small = InputReport.compare(found.name, found.dtype, a, n, b)
        found.wrong = small.wrong
        if small.worst is not None:
            place = small.worst.index[0]
            index = rows[place][0]
            found.worst = type(small.worst)(float(small.worst), index, a[place], n[place], b[place])
    return found
