"""What a learning curve says about the learning rate and the model, in words (S3).

The verdicts are those of the lecture's "learning rate diagnostics" and of the course notes:
too slow, good, oscillating, diverging, overfitting, plateau.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import located
from ..viz.plots.history import column, read_table
from .callbacks import Epoch

Curve = NDArray[np.float64]

KINDS = ("too slow", "good", "oscillating", "diverging", "overfitting", "plateau")

FEWEST = 5  # points; fewer show no shape
POINTS = 30  # a longer curve is averaged down to this many, which takes minibatch noise out
# Levels are shares of the way from the start (1) down to the lowest possible loss (0).
DOWN = 0.05  # the curve has arrived
LOW = 0.25  # it is flat there because it has arrived
MOVING = 0.1  # of all progress, made in the last third: the curve is still on its way
RISE = 0.03  # of the validation loss, above its lowest: more than a wobble
SWING = 0.1  # of the fall and of the whole way down: an up and down of this size is not noise
SMALL = 0.05  # a change of less than this, against the whole way down, is as good as none
BACK = 0.5  # of each fall was lost again
REVERSED = -0.5  # cosine of two steps in a row that go against each other

ADVICE = {
    "too slow": "raise the learning rate (try 3 to 10 times as much), or train longer",
    "good": "keep the learning rate; lower it towards the end, by a schedule, for the last bit",
    "oscillating": "lower the learning rate (try half), or add momentum; in a loss by minibatch, "
    "average over an epoch first",
    "diverging": "lower the learning rate (try a tenth), clip the gradient, scale the inputs",
    "overfitting": "keep the weights of the best epoch (EarlyStopping); then more data, dropout "
    "or weight decay, or a smaller model",
    "plateau": "look at the gradients: dead or saturated units, a bad start; then another learning "
    "rate, initialisation or normalisation, or a larger model",
}


@dataclass(frozen=True)
class Diagnosis:
    """What `diagnose_curve` found.

    Attributes
    ----------
    kind
        One of `KINDS`.
    reason
        What in the curve says so, with its numbers.
    advice
        What to try.
    """

    kind: str
    reason: str
    advice: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}.\nTry: {self.advice}."


# What has diverged may overflow here as well.
@np.errstate(over="ignore", invalid="ignore", divide="ignore")
def diagnose_curve(
    losses: Any, val: Any = None, *, weights: Any = None, best: float | None = None
) -> Diagnosis:
    """Tell what is wrong, or right, with a training run from its learning curve.

    Parameters
    ----------
    losses : sequence of float, or history
        The training loss of each step or epoch, at least five; or what `fit` returns, or a dict of
        lists as `viz.plots.curves` takes, whose training and validation losses are used.
    val : sequence of float, optional
        The validation loss at the same places.
    weights : array of shape (N,) or (N, D), optional
        A weight, or all of them, at the same places. On a parabola a step that is too long crosses
        the minimum and lands lower on the other side: the loss falls as if all were well (on
        ``2 w**2`` the learning rates 0.02 and 0.48 give the same losses), and the weight alone
        tells.
    best : float, optional
        The lowest loss possible: 0 unless given, or the lowest seen if some are negative.

    Raises
    ------
    ValueError
        Fewer than five losses, or columns of different lengths.

    References
    ----------
    S3, "Learning Rate Diagnostics" (COURSE 37); CS231n notes, "Babysitting the learning process".

    Examples
    --------
    >>> print(diagnose_curve([0.96 ** (2 * k) for k in range(21)]))
    too slow: the loss is at 20% of its start and still falls: 19% of its progress came in the last
    third.
    Try: raise the learning rate (try 3 to 10 times as much), or train longer.
    >>> w = [(-0.92) ** k for k in range(21)]
    >>> diagnose_curve([2 * v * v for v in w], weights=w).kind
    'oscillating'
    >>> diagnose_curve(
    ...     [2, 1, 0.5, 0.3, 0.2, 0.1], val=[2, 1.2, 0.9, 1.0, 1.2, 1.4]
    ... ).kind
    'overfitting'
    """
    losses, val = _columns(losses, val)
    curve = _checked("losses", losses)
    other = None if val is None else _same_length("val", _checked("val", val), curve)
    path = None if weights is None else _same_length("weights", _path(weights), curve)
    bottom = best if best is not None else min([0.0, *curve[np.isfinite(curve)]])
    for look in (_diverging, _oscillating, _overfitting, _by_progress):
        found = look(curve, other, path, bottom)
        if found:
            kind, reason = found
            return Diagnosis(kind, reason, ADVICE[kind])
    raise AssertionError("the last of them always finds something")


# ---------------------------------------------------------------- one question each
# Each takes the losses, validation losses, weights and the lowest possible loss, and gives a kind
# and a reason, or None.

Found = tuple[str, str] | None


def _diverging(curve: Curve, val: Curve | None, path: Curve | None, best: float) -> Found:
    bad = np.flatnonzero(~np.isfinite(curve))
    if bad.size:
        return "diverging", f"the loss is {curve[bad[0]]} at point {bad[0] + 1}"
    if path is not None and not np.isfinite(path).all():
        return "diverging", "a weight is no longer a finite number"
    smooth = _smooth(curve)
    start, low, end = smooth[0], smooth.min(), smooth[-1]
    noise = _noise(curve)
    rise = end - low
    if end > start and rise > max(4 * noise, SMALL * abs(start - best)):
        reason = f"the loss rose from {start:.3g} to {end:.3g}"
        if path is not None:
            cosine, growth = _turns(path)
            if cosine < REVERSED:
                reason += (
                    f"; each step jumps over the minimum, {growth:.3g} times as far as the last"
                )
        return "diverging", reason
    # It had learnt, and lost most of that again, and is still on its way up.
    third = smooth[-max(2, len(smooth) // 3) :]
    if rise > max(4 * noise, 0.5 * (start - low)) and np.all(np.diff(third) > 0):
        return "diverging", f"after {low:.3g} the loss climbs, to {end:.3g}"
    return None


def _oscillating(curve: Curve, val: Curve | None, path: Curve | None, best: float) -> Found:
    if path is not None:
        cosine, shrink = _turns(path)
        if cosine < REVERSED and shrink > BACK:
            return "oscillating", (
                "the weights jump from one side of the minimum to the other: each step goes back "
                f"over the last one, {shrink:.2g} times as far"
            )
    late = np.diff(curve[len(curve) // 3 :])
    up, down = late[late > 0].sum(), -late[late < 0].sum()
    swing = float(np.abs(late).mean())
    fall = curve[0] - min(_smooth(curve).min(), curve[-1])
    # Where nothing was learnt, noise is as high as the fall: that is a plateau.
    large = swing > SWING * max(fall, abs(curve[0] - best))
    if down > 0 and up > BACK * down and large:
        lost = min(up / down, 1.0)
        return "oscillating", (
            f"the loss goes up and down by about {swing:.2g} a point, and {lost:.0%} of what each "
            "fall won is lost again"
        )
    return None


def _overfitting(curve: Curve, val: Curve | None, path: Curve | None, best: float) -> Found:
    if val is None:
        return None
    known = np.flatnonzero(np.isfinite(val))
    if len(known) < FEWEST:
        return None
    train, check = _smooth(curve[known]), _smooth(val[known])
    turn = int(check.argmin())
    rise = check[-1] - check[turn]
    enough = max(RISE * abs(check[turn] - min(best, check[turn])), 4 * _noise(val[known]))
    if rise > enough and train[-1] < train[turn]:
        place = int(known[int(np.round(turn * (len(known) - 1) / max(len(check) - 1, 1)))])
        return "overfitting", (
            f"the validation loss is lowest near point {place + 1} ({check[turn]:.3g}) and then "
            f"rises to {check[-1]:.3g}, while the training loss falls on to {train[-1]:.3g}"
        )
    return None


def _by_progress(curve: Curve, val: Curve | None, path: Curve | None, best: float) -> Found:
    """How far down the curve came, and whether it still moves: too slow, plateau or good."""
    smooth = _smooth(curve)
    whole = smooth[0] - best
    if whole <= 0:
        return "good", "the loss is as low as it can be from the start"
    left = (smooth[-1] - best) / whole
    fall = smooth[0] - smooth[-1]
    third = smooth[-max(2, len(smooth) // 3) - 1]
    late = (third - smooth[-1]) / fall if fall > 0 else 0.0
    if left <= DOWN:
        reason = f"the loss fell to {_percent(left)} of its start"
        return "good", reason + ("" if path is not None else _doubt(curve - best))
    steady = fall > 0 and late >= MOVING and bool(np.all(np.diff(smooth) < 0))
    if fall < max(SMALL * whole, 2 * _noise(curve)) and not steady:
        return "plateau", f"the loss has hardly left its start, {smooth[0]:.3g}"
    if late >= MOVING:
        return "too slow", (
            f"the loss is at {_percent(left)} of its start and still falls: {_percent(late)} of "
            "its progress came in the last third"
        )
    if left <= LOW:
        return "good", f"the loss fell to {_percent(left)} of its start and levels off there"
    return "plateau", (
        f"the loss stopped falling at {_percent(left)} of its start: {_percent(late)} of its "
        "progress came in the last third"
    )


def _doubt(height: Curve) -> str:
    """What cannot be known without the weights: on which side of the minimum each step lands."""
    factors = height[1:] / height[:-1]
    if not np.isfinite(factors).all() or factors.min() < BACK or np.ptp(factors) > 1e-3:
        return ""
    return (
        f", by the factor {factors.mean():.2g} each step (a weight that jumps to and fro over its "
        "minimum gives the same losses: pass weights= to tell)"
    )


# ---------------------------------------------------------------- measures


def _smooth(curve: Curve) -> Curve:
    """Means of equal parts, at most `POINTS`: the trend without the noise."""
    if len(curve) <= POINTS:
        return curve
    return np.array([part.mean() for part in np.array_split(curve, POINTS)])


def _noise(curve: Curve) -> float:
    """How far a point of the smoothed curve is off by chance.

    Second differences cancel a straight trend; of independent noise they have six times its
    variance.
    """
    bends = np.diff(curve, 2)
    bends = bends[np.isfinite(bends)]
    if len(curve) <= POINTS or not bends.size:
        return 0.0
    return float(np.median(np.abs(bends)) / 0.6745 / math.sqrt(6 * len(curve) / POINTS))


def _turns(path: Curve) -> tuple[float, float]:
    """The median cosine between one step and the next, and how much longer the next one is."""
    steps = np.diff(path, axis=0)
    size = np.linalg.norm(steps, axis=1)
    moved = (size[:-1] > 0) & (size[1:] > 0)
    if not moved.any():
        return 1.0, 0.0
    dots = (steps[:-1] * steps[1:]).sum(axis=1)[moved]
    growth = size[1:][moved] / size[:-1][moved]
    return float(np.median(dots / (size[:-1] * size[1:])[moved])), float(np.median(growth))


def _percent(share: float) -> str:
    return "less than 1%" if 0 < share < 0.01 else f"{share:.0%}"


# ---------------------------------------------------------------- arguments


def _columns(losses: Any, val: Any) -> tuple[Any, Any]:
    """Two columns, taken out of a history if one was given."""
    rows = getattr(losses, "history", losses)
    first = rows[0] if isinstance(rows, (list, tuple)) and rows else None
    if not isinstance(rows, Mapping) and not isinstance(first, (Mapping, Epoch)):
        return losses, val
    table = read_table(rows, "diagnose_curve")
    name = next((n for n in ("train_loss", "loss") if table.get(n) is not None), None)
    if name is None:
        raise ValueError(
            located(f"losses: the history has {', '.join(table)}, but neither train_loss nor loss")
        )
    if val is None and table.get("val_loss") is not None:
        val = column(table, "val_loss")
        val = None if np.isnan(val).all() else val  # there was no validation set
    return column(table, name), val


def _checked(name: str, values: Any) -> Curve:
    try:
        curve = np.array([math.nan if v is None else float(v) for v in values])
    except (TypeError, ValueError) as error:
        raise ValueError(
            located(f"{name}: expected numbers, one a step or epoch; {error}")
        ) from None
    if len(curve) < FEWEST:
        raise ValueError(
            located(f"{name}: {len(curve)} points; a curve has a shape from {FEWEST} on")
        )
    return curve


def _path(weights: Any) -> Curve:
    given = weights.detach().numpy() if hasattr(weights, "detach") else weights
    path = np.asarray(given, np.float64)
    return path.reshape(len(path), -1)


def _same_length(name: str, values: Curve, curve: Curve) -> Curve:
    if len(values) != len(curve):
        raise ValueError(located(f"{name}: {len(values)} points, but losses has {len(curve)}"))
    return values
