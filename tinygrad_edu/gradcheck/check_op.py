"""``check_op``: check a formula for a gradient that is two plain NumPy functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .examine import examine
from .report import Evaluations, GradReport
from .subject import Broken, Subject, prepared


def check_op(
    forward: Callable[..., Any],
    vjp: Callable[..., Any],
    inputs: Any,
    *,
    seed: int = 0,
    explore: bool = True,
    sampler: Callable[..., Sequence] | None = None,
) -> GradReport:
    """Check the gradient formula of a NumPy function; no Tensor is needed.

    No step size, tolerance or dtype has to be chosen: slopes come with an error bound, and
    single precision is lifted to double.

    Parameters
    ----------
    forward : callable
        ``forward(*xs) -> y``.
    vjp : callable
        ``vjp(g, y, *xs) -> tuple``: for the gradient `g` of a loss with respect to ``y``, those
        with respect to each input. Integer inputs (indices, labels) have None.
    inputs : sequence of array_like
        Where to check. Any one ordinary point will do.
    seed : int
        Of upstream gradients, directions and further points.
    explore : bool
        Also check at points of our own choice: ties, zeros, both tails, other shapes. Then at
        most 60 forward and 12 backward calls, else 7 and 4.
    sampler : callable, optional
        ``sampler(rng) -> inputs`` draws valid inputs, for functions with a narrow domain.

    Returns
    -------
    GradReport
        True if the formula is right; print it to read what was found. A function that raises,
        returns nonsense or changes its inputs gives a report with the reason, never an exception.

    Examples
    --------
    >>> import numpy as np
    >>> def mean_square(x):
    ...     return np.mean(x**2)
    >>> def wrong(g, y, x):
    ...     return (2 * g * x,)
    >>> report = check_op(
    ...     mean_square, wrong, [np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])]
    ... )
    >>> report.verdict, report.diagnosis[0][0]
    ('fail', 'mean_n')
    """
    try:
        xs, notes = prepared(inputs)
    except Broken as error:
        name = getattr(forward, "__name__", type(forward).__name__)
        return GradReport(
            verdict="inconclusive", name=name, inputs=[], diagnosis=[],
            evaluations=Evaluations(0, 0), notes=[], points=[], reason=error.sentence,
        )  # fmt: skip
    subject = Subject(forward, vjp, xs)
    return examine(
        subject, xs, explore="full" if explore else "none", seed=seed, sampler=sampler, notes=notes
    )
