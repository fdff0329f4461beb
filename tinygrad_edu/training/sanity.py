"""The sanity checks of the course notes, each a function, before a long training run.

`sanity_checks` in `sanity_report.py` runs them all.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..creation import from_numpy
from ..errors import located
from ..gradients import enable_grad, no_grad
from ..nn import functional as F
from ..optim import Adam
from ..random import fork_rng
from .metrics import in_mode
from .models import penalty as l2

NAMED: dict[str, Callable[[Any, Any], Any]] = {
    "softmax": F.cross_entropy,
    "hinge": F.multiclass_svm_loss,
}
# Layers that throw away part of what they get: a model with them cannot learn anything by heart.
RANDOM = ("Dropout", "AlphaDropout", "FeatureAlphaDropout", "StochasticDepth")


def chance_loss(loss: Any, classes: int) -> float:
    """The loss of a classifier that knows nothing: all scores equal.

    Parameters
    ----------
    loss : {"softmax", "hinge"}, Module or callable
        Maps scores (N, C) and labels (N,) to a loss. The softmax loss (cross-entropy) gives
        ``ln C`` nats, the multiclass SVM loss ``C - 1``; any other is measured.
    classes : int
        The number of classes C, at least two.

    Raises
    ------
    ValueError
        An unknown name, or fewer than two classes.

    References
    ----------
    CS231n notes, "Sanity checks"; COURSE 6.

    Examples
    --------
    >>> chance_loss("hinge", 10)
    9.0
    >>> round(chance_loss("softmax", 10), 6)
    2.302585
    """
    if isinstance(classes, bool) or not isinstance(classes, (int, np.integer)) or classes < 2:
        raise ValueError(located(f"classes: expected an int of at least 2, got {classes!r}"))
    if isinstance(loss, str):
        if loss not in NAMED:
            known = ", ".join(map(repr, NAMED))
            raise ValueError(
                located(f"loss: unknown name {loss!r}; known are {known}, or pass one")
            )
        loss = NAMED[loss]
    scores, labels = from_numpy(np.zeros((classes, classes))), np.arange(classes)
    with no_grad():
        values = loss(scores, labels).numpy()
    # An example of each class: a sum over them is that many times the loss of one.
    each = classes if getattr(loss, "reduction", "mean") == "sum" else 1
    return float(np.mean(values)) / each


@dataclass(frozen=True)
class Overfit:
    """What `overfit_tiny` reached.

    Attributes
    ----------
    passed
        Whether the model learnt the few examples by heart.
    start, loss
        The loss before and after.
    accuracy
        The share of them classified right, or None if the targets are no classes.
    steps
        How many were made.
    """

    passed: bool
    start: float
    loss: float
    accuracy: float | None
    steps: int

    def __bool__(self) -> bool:
        return self.passed


def overfit_tiny(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    *,
    examples: int = 20,
    steps: int = 500,
    lr: float = 1e-2,
    target: float = 0.02,
    optimizer: Callable[..., Any] = Adam,
) -> Overfit:
    """Learn a few examples by heart: a model that cannot will not learn many either.

    Train on the first `examples` at once, without any penalty and with dropout switched off, until
    the loss is below `target` times its start and all are classified right.

    Parameters
    ----------
    model : Module
        Trained in a copy: it stays as it is.
    loss : Module or callable
        Maps the output and `y` to the loss.
    x, y : arrays of shape (N, ...)
        Examples, and class indices or other targets.
    examples, steps : int
        How many to take, and the most steps to make.
    lr : float
        The learning rate.
    target : float
        The loss to reach, as a share of the loss at the start.
    optimizer : callable
        Makes the optimiser, from parameters and ``lr=``.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> from tinygrad_edu.data import load
    >>> digits, rng = load("digits"), np.random.default_rng(0)
    >>> model = nn.Linear(64, 10, generator=rng)
    >>> overfit_tiny(
    ...     model, nn.CrossEntropyLoss(), digits.x_train, digits.y_train
    ... ).passed
    True
    """
    x, y = (numbers[:examples] for numbers in pair(x, y))
    if examples < 1 or steps < 1:
        raise ValueError(located(f"examples, steps: {examples} and {steps}; each at least 1"))
    twin = copy.deepcopy(model).train()
    for module in twin.modules():
        if type(module).__name__.startswith(RANDOM):
            module.eval()
    stepper = optimizer(twin.parameters(), lr=lr)
    inputs, start, number, right = from_numpy(x), math.nan, math.nan, None
    for step in range(steps + 1):  # one more look than steps
        with enable_grad():
            output = twin(inputs)
            value = loss(output, y)
        number = float(value)
        right = _share_right(output, y)
        start = number if step == 0 else start
        done = number <= target * abs(start) and right in (None, 1.0)
        if done or not math.isfinite(number) or step == steps:
            return Overfit(done, start, number, right, step)
        stepper.zero_grad()
        value.backward()
        stepper.step()
    raise AssertionError("the last look returns")


def reg_increases_loss(
    model: Any,
    loss: Callable[[Any, Any], Any],
    x: Any,
    y: Any,
    *,
    strengths: Sequence[float] = (0.0, 1e-3, 1e-1, 10.0),
    penalty: Callable[[Any, float], Any] | None = None,
) -> list[float]:
    """The loss under a growing penalty, which must grow with it.

    Parameters
    ----------
    model : Module
        Evaluated, not changed.
    loss, x, y
        As in `overfit_tiny`.
    strengths : sequence of float
        Rising factors of the penalty.
    penalty : callable, optional
        Maps the model and a strength to what is added to the loss; ``strength * sum W**2`` over
        the weights unless given.

    Returns
    -------
    list of float
        The loss at each strength.

    Raises
    ------
    ValueError
        If it does not grow: the penalty has the wrong sign, or does not reach the loss.

    Examples
    --------
    >>> from tinygrad_edu import nn, tensor
    >>> model = nn.Linear(2, 2, bias=False)
    >>> model.weight.data.copy_(tensor([[1.0, 0.0], [0.0, 2.0]]))
    tensor([[1., 0.], [0., 2.]])
    >>> x, y = np.zeros((1, 2), "float32"), np.array([0])
    >>> loss = nn.CrossEntropyLoss()
    >>> [round(v, 4) for v in reg_increases_loss(model, loss, x, y, strengths=[0, 1])]
    [0.6931, 5.6931]
    """
    x, y = pair(x, y)
    if len(strengths) < 2 or any(a >= b for a, b in pairwise(strengths)):
        raise ValueError(located(f"strengths: expected rising numbers, got {list(strengths)}"))
    if penalty is None:
        penalty = _l2
    with no_grad(), fork_rng(), in_mode(model, training=False):
        data = float(loss(model(from_numpy(x)), y))
        losses = [data + float(penalty(model, strength)) for strength in strengths]
    for k in range(1, len(losses)):
        if not losses[k] > losses[k - 1]:
            raise ValueError(
                located(
                    f"reg_increases_loss: the loss goes from {losses[k - 1]:.6g} to "
                    f"{losses[k]:.6g} when the strength goes from {strengths[k - 1]:g} to "
                    f"{strengths[k]:g}; the penalty has the wrong sign, or leaves the weights out"
                )
            )
    return losses


def update_ratio(model: Any, optimizer: Any) -> dict[str, float]:
    """Make one step, and tell how far it moved each parameter: ``‖Δw‖ / ‖w‖``.

    About 1e-3 is healthy for weights; 1e-5 hardly learns, 1e-1 jumps about. Biases begin small and
    may move more. (`viz.plots.StepWatch` watches every step of a run.)

    Parameters
    ----------
    model : Module
    optimizer : Optimizer
        Holds the model's parameters, whose gradients are there.

    Returns
    -------
    dict from name to float
        NaN for a parameter that is all zeros.

    References
    ----------
    CS231n notes, "Ratio of weights:updates".

    Examples
    --------
    >>> from tinygrad_edu import nn, optim, tensor
    >>> model = nn.Linear(2, 1, bias=False)
    >>> model.weight.data.copy_(tensor([[3.0, 4.0]]))
    tensor([[3., 4.]])
    >>> model(tensor([[0.0, 2.0]])).sum().backward()
    >>> ratios = update_ratio(model, optim.SGD(model.parameters(), lr=0.01))
    >>> round(ratios["weight"], 6)  # |(0, 0.02)| / |(3, 4)|
    0.004
    """
    named = dict(model.named_parameters())
    if all(parameter.grad is None for parameter in named.values()):
        raise ValueError(
            located("update_ratio: no parameter has a gradient; call backward() on the loss first")
        )
    before = {name: p.detach().numpy().astype(np.float64) for name, p in named.items()}
    optimizer.step()
    found = {}
    for name, parameter in named.items():
        size = float(np.linalg.norm(before[name].ravel()))
        moved = float(np.linalg.norm((parameter.detach().numpy() - before[name]).ravel()))
        found[name] = moved / size if size else math.nan
    return found


# ---------------------------------------------------------------- what they share


def pair(x: Any, y: Any) -> tuple[Any, Any]:
    """Examples and labels as arrays of one length."""
    x, y = (v.detach().numpy() if hasattr(v, "detach") else np.asarray(v) for v in (x, y))
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(
            located(
                f"x, y: expected one label for each example, got shapes {x.shape} and {y.shape}"
            )
        )
    return x, y


def _l2(model: Any, strength: float) -> Any:
    return l2(dict(model.named_parameters()), strength)


def _share_right(output: Any, y: Any) -> float | None:
    """Accuracy, where `y` are class indices of score rows."""
    scores = output.detach().numpy()
    if y.dtype.kind not in "iu" or scores.ndim != 2 or y.shape != scores.shape[:1]:
        return None
    return float((scores.argmax(axis=1) == y).mean())
