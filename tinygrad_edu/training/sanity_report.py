"""All sanity checks of the course notes as one report in words."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..gradients import enable_grad, no_grad
from ..optim import SGD
from ..random import fork_rng
from .metrics import in_mode
from .sanity import chance_loss, overfit_tiny, pair, reg_increases_loss, update_ratio

NEAR_CHANCE = 0.25  # of the chance loss, up or down: what random initial weights do to it
SLOW, FAST = 1e-5, 1e-1  # around the 1e-3 of the notes, far enough for Adam, whose first is lr each


@dataclass(frozen=True)
class Check:
    """One line of a report: its name, whether it is as it should be, and why, in words."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True)
class SanityReport:
    """What `sanity_checks` found.

    Attributes
    ----------
    checks
        One `Check` each.
    passed
        Whether all passed.
    """

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return "\n".join(
            f"{'ok  ' if check.passed else 'LOOK'}  {check.name}: {check.words}"
            for check in self.checks
        )


def sanity_checks(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    *,
    optimizer: Callable[..., Any] = SGD,
    lr: float = 1e-2,
    classes: int | None = None,
    penalty: Callable[[Any, float], Any] | None = None,
    batch: int = 256,
    examples: int = 20,
    steps: int = 500,
) -> SanityReport:
    """Check a classifier before it is trained: loss at chance, a few by heart, penalty, first step.

    Parameters
    ----------
    model : Module
        Stays as it is; what is trained is a copy.
    loss : Module or callable
        Maps scores (N, C) and labels (N,) to the mean loss of the data, without any penalty.
    x, y : arrays of shape (N, ...) and (N,)
        Training examples and their class indices.
    optimizer, lr
        Of the training to come: a class of `optim` (or any function of parameters and ``lr=``) and
        its learning rate, whose first step is measured.
    classes : int, optional
        Their number; the width of the scores unless given.
    penalty : callable, optional
        As in `reg_increases_loss`.
    batch : int
        The examples, from the first on, of the loss and of the step.
    examples, steps : int
        Of `overfit_tiny`.

    Returns
    -------
    SanityReport

    References
    ----------
    CS231n notes, "Before learning: sanity checks tips/tricks".

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> from tinygrad_edu.data import load
    >>> digits, rng = load("digits"), np.random.default_rng(0)
    >>> model = nn.Linear(64, 10, generator=rng)
    >>> report = sanity_checks(
    ...     model, nn.CrossEntropyLoss(), digits.x_train, digits.y_train
    ... )
    >>> [(check.name, check.passed) for check in report.checks]
    [('chance loss', True), ('overfit a few', True), ('penalty', True), ('first step', True)]
    """
    x, y = pair(x, y)
    some = x[:batch], y[:batch]
    with fork_rng():
        return SanityReport(
            (
                _chance(model, loss, *some, classes),
                _by_heart(model, loss, x, y, examples, steps),
                _penalty(model, loss, *some, penalty),
                _first_step(model, loss, *some, optimizer, lr),
            )
        )


def _chance(model: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any, classes: Any) -> Check:
    with no_grad(), in_mode(model, training=False):
        scores = model(from_numpy(x))
        found = float(loss(scores, y))
    chance = chance_loss(loss, scores.shape[-1] if classes is None else classes)
    words = f"the first loss is {found:.4g}, at chance it is {chance:.4g}"
    if abs(found - chance) <= NEAR_CHANCE * chance:
        return Check("chance loss", True, words)
    if found > chance:
        cure = "the first scores are too large: smaller initial weights, or scaled inputs"
    else:
        cure = "it knows the answer already: a trained model, or labels that leak into the inputs?"
    return Check("chance loss", False, f"{words}; {cure}")


def _by_heart(
    model: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any, examples: int, steps: int
) -> Check:
    found = overfit_tiny(model, loss, x, y, examples=examples, steps=steps)
    count = min(examples, len(x))
    if found.passed:
        words = f"{count} examples learnt by heart in {found.steps} steps, loss {found.loss:.2g}"
        return Check("overfit a few", True, words)
    right = "" if found.accuracy is None else f" and {found.accuracy:.0%} right"
    return Check(
        "overfit a few",
        False,
        f"after {found.steps} steps on {count} examples the loss is {found.loss:.3g}{right}; check "
        "gradients and labels, or the model is too small",
    )


def _penalty(model: Any, loss: Callable[[Any, Any], Any], x: Any, y: Any, penalty: Any) -> Check:
    strengths = (0.0, 1e-3, 1e-1, 10.0)
    try:
        losses = reg_increases_loss(model, loss, x, y, strengths=strengths, penalty=penalty)
    except ValueError as error:
        return Check("penalty", False, str(error).partition("\n")[0])
    rise = ", ".join(f"{value:.4g}" for value in losses)
    at = ", ".join(f"{strength:g}" for strength in strengths)
    return Check("penalty", True, f"it raises the loss: {rise} at strengths {at}")


def _first_step(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    optimizer: Callable[..., Any],
    lr: float,
) -> Check:
    twin = copy.deepcopy(model).train()
    stepper = optimizer(twin.parameters(), lr=lr)
    stepper.zero_grad()
    with enable_grad():
        loss(twin(from_numpy(x)), y).backward()
    matrices = {name for name, p in twin.named_parameters() if p.ndim > 1}
    ratios = {k: r for k, r in update_ratio(twin, stepper).items() if k in matrices}
    known = {name: ratio for name, ratio in ratios.items() if not math.isnan(ratio)}
    if not known:
        return Check("first step", True, "no weight matrix to compare with")
    low, high = min(known, key=lambda n: known[n]), max(known, key=lambda n: known[n])
    words = f"with lr={lr:g}, |step| / |weight| is {known[low]:.1g} ({low})"
    if low != high:
        words += f" to {known[high]:.1g} ({high})"
    words += "; about 1e-3 is healthy"
    if not np.isfinite(known[high]) or known[high] > FAST:
        return Check("first step", False, f"{words}: lower the learning rate")
    if known[low] < SLOW:
        return Check("first step", False, f"{words}: raise the learning rate, or look for zeros")
    return Check("first step", True, words)
