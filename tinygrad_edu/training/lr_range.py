"""The learning-rate range test: one short run in which the rate grows until the loss explodes."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..creation import from_numpy
from ..errors import located
from ..gradients import enable_grad
from ..optim import SGD
from ..random import fork_rng
from .batches import minibatches

EXPLODED = 4.0  # times the lowest loss: from there on there is nothing to learn
SMOOTHING = 0.03  # of the steps, on each side, count with a step
BELOW = 1 / 3  # of the rate where the loss turns: this run is over before a rate does its worst
SLIGHT = 0.02  # of the starting loss: a fall below it is noise


@dataclass(frozen=True)
class LRRange:
    """What `lr_range_test` measured.

    Attributes
    ----------
    rates, losses
        The learning rate of each step and the loss of its minibatch before the step.
    smooth
        The losses without their noise.
    suggestion
        A learning rate to begin with, or None if none was found.
    edge
        Where the loss was lowest: larger rates made it worse.
    reason
        Why, in words.
    """

    rates: NDArray[np.float64]
    losses: NDArray[np.float64]
    smooth: NDArray[np.float64]
    suggestion: float | None
    edge: float
    reason: str

    def __str__(self) -> str:
        found = "no suggestion" if self.suggestion is None else f"try lr={self.suggestion:.2g}"
        return f"{found}: {self.reason}"

    def plot(self, ax: Any = None) -> Any:
        """Draw loss against learning rate, with the suggestion; needs matplotlib.

        Parameters
        ----------
        ax : Axes, optional
            A new figure unless given.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from ..viz.plots.canvas import GREY, INK, look, new_figure, tidy

        axes = new_figure("lr_range_test", 6.4, 3.6).subplots() if ax is None else ax
        axes.plot(self.rates, self.losses, color=GREY, linewidth=0.8, label="minibatch loss")
        axes.plot(self.rates, self.smooth, color=look(0).color, linewidth=2, label="smoothed")
        if self.suggestion is not None:
            label = f"suggestion {self.suggestion:.2g}"
            axes.axvline(self.suggestion, color=INK, linestyle="--", linewidth=1.2, label=label)
        axes.set_xscale("log")
        low = float(self.smooth.min())
        axes.set_ylim(min(0.0, low), 1.6 * float(self.losses[0]) - 0.6 * min(0.0, low))
        axes.set_xlabel("learning rate")
        axes.set_ylabel("loss")
        axes.legend(frameon=False)
        tidy(axes)
        return axes.figure


def lr_range_test(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    *,
    optimizer: Callable[..., Any] = SGD,
    low: float = 1e-5,
    high: float = 10.0,
    steps: int = 100,
    batch_size: int = 64,
    rng: np.random.Generator | None = None,
) -> LRRange:
    """Raise the learning rate from `low` to `high`, a factor each step, and watch the loss.

    A small rate changes nothing; then the loss falls, the faster the larger the rate; then the
    steps are too long and it explodes. A good rate is where it falls fastest, but at most a third
    of the rate where it turns.

    Parameters
    ----------
    model : Module
        Trained in a copy: it stays as it is, and so do the library's random numbers.
    loss : Module or callable
        Maps the model's output and `y` to the mean loss.
    x, y : arrays of shape (N, ...) and (N, ...)
        Examples and their labels or targets.
    optimizer : callable
        Makes the optimiser, from parameters and ``lr=``: a class of `optim`, or
        ``functools.partial(optim.SGD, momentum=0.9)``.
    low, high : float
        The first and the last learning rate.
    steps : int
        Fewer are made when the loss explodes before.
    batch_size : int
    rng : numpy.random.Generator, optional
        Shuffles the examples; of seed 0 unless given.

    Raises
    ------
    ValueError
        If ``0 < low < high`` is not so, there are fewer than ten steps, or x and y do not have the
        same length.

    References
    ----------
    Smith 2017, "Cyclical learning rates for training neural networks", section 3.3.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> from tinygrad_edu.data import load
    >>> digits, rng = load("digits"), np.random.default_rng(0)
    >>> model = nn.Linear(64, 10, generator=rng)
    >>> found = lr_range_test(
    ...     model, nn.CrossEntropyLoss(), digits.x_train, digits.y_train
    ... )
    >>> 0.03 < found.suggestion < 3
    True
    """
    x, y = _checked(x, y, low, high, steps, batch_size)
    rates = np.geomspace(low, high, steps)
    with fork_rng():
        losses = _run(copy.deepcopy(model), loss, x, y, optimizer, rates, batch_size, rng)
    return _result(rates[: len(losses)], np.array(losses))


@np.errstate(over="ignore", invalid="ignore")
def _run(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    optimizer: Callable[..., Any],
    rates: NDArray[np.float64],
    batch_size: int,
    rng: np.random.Generator | None,
) -> list[float]:
    """The losses, up to the one that explodes."""
    rng = rng or np.random.default_rng(0)
    batches = (rows for _ in repeat(None) for rows in minibatches(len(x), batch_size, rng))
    stepper = optimizer(model.parameters(), lr=float(rates[0]))
    model.train()
    losses: list[float] = []
    lowest = math.inf
    for rate, rows in zip(rates, batches, strict=False):
        for group in stepper.param_groups:
            group["lr"] = float(rate)
        stepper.zero_grad()
        with enable_grad():
            value = loss(model(from_numpy(x[rows])), y[rows])
        number = float(value)
        if not math.isfinite(number):
            break
        losses.append(number)
        # The mean of a few: one hard minibatch is no explosion.
        recent = sum(losses[-3:]) / len(losses[-3:])
        lowest = min(lowest, recent)
        if recent > max(EXPLODED * lowest, losses[0] * 1.5):
            break
        value.backward()
        stepper.step()
    if len(losses) < 3:
        raise ValueError(
            located(
                f"lr_range_test: the loss was {'not finite' if not losses else 'infinite'} after "
                f"{len(losses)} steps, at lr={rates[0]:g}; check the data, or begin lower"
            )
        )
    return losses


def _result(rates: NDArray[np.float64], losses: NDArray[np.float64]) -> LRRange:
    smooth = _smoothed(losses, max(1, round(SMOOTHING * len(losses))))
    turn = int(smooth.argmin())
    edge = float(rates[turn])
    if smooth[0] - smooth[turn] < SLIGHT * abs(smooth[0]) or turn < 2:
        span = f"{rates[0]:.2g} to {rates[-1]:.2g}"
        reason = f"the loss did not fall from {smooth[0]:.3g} at any rate from {span}"
        rose = smooth[-1] - smooth[0] > SLIGHT * abs(smooth[0])
        cure = "begin with a smaller low=" if rose else "try a larger high="
        reason += f"; {cure}, or check gradients and data"
        return LRRange(rates, losses, smooth, None, edge, reason)
    slope = np.gradient(smooth[: turn + 1], np.log10(rates[: turn + 1]))
    best = int(slope.argmin())
    suggestion = float(rates[best])
    reason = f"the loss falls fastest around {suggestion:.2g}"
    if turn == len(rates) - 1:
        reason += f"; it still falls at {edge:.2g}: try a larger high="
    else:
        reason += f" and rises from {edge:.2g} on"
        if suggestion > BELOW * edge:
            suggestion = BELOW * edge
            reason += f"; {suggestion:.2g} is a third of that, where a whole run is safe"
    return LRRange(rates, losses, smooth, suggestion, edge, reason)


def _smoothed(values: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Means of running medians: a jump of the loss moves neither the steps before nor itself."""
    for middle in (np.median, np.mean):
        last = len(values) - 1
        spans = [min(reach, k, last - k) for k in range(len(values))]
        parts = (values[k - n : k + n + 1] for k, n in enumerate(spans))
        values = np.array([middle(part) for part in parts])
    return values


def _checked(
    x: Any, y: Any, low: float, high: float, steps: int, batch_size: int
) -> tuple[Any, Any]:
    if not 0 < low < high < math.inf:
        raise ValueError(located(f"low, high: expected 0 < low < high, got {low} and {high}"))
    if steps < 10:
        raise ValueError(located(f"steps: {steps}; a range test needs at least 10"))
    if batch_size < 1:
        raise ValueError(located(f"batch_size: {batch_size}; it must be at least 1"))
    x, y = (v.detach().numpy() if hasattr(v, "detach") else np.asarray(v) for v in (x, y))
    if len(x) != len(y) or not len(x):
        raise ValueError(located(f"x, y: {len(x)} examples and {len(y)} labels"))
    return x, y
