"""Following a rule over a test function, step by step."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import optim
from ..errors import located
from ..gradients import enable_grad
from ..optim import Optimizer
from ..tensor import Tensor
from .functions import LabError, Objective, function_named

# One line search a step. PyTorch's default for max_eval would stop it after its first try.
_ONE_SEARCH = {"line_search_fn": "strong_wolfe", "max_iter": 1, "max_eval": 25}
# Rules by name: the class in `optim`; what its learning rate is a multiple of here, the function's
# `lr` (rules whose step is as long as the gradient) or its `stride`; that multiple; other options.
_BY_NAME: dict[str, tuple[str, str, float, dict[str, Any]]] = {
    "sgd": ("SGD", "lr", 1.0, {}),
    "momentum": ("SGD", "lr", 1.0, {"momentum": 0.9}),
    "nesterov": ("SGD", "lr", 1.0, {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", "stride", 5.0, {}),
    "rmsprop": ("RMSprop", "stride", 0.2, {}),
    "adadelta": ("Adadelta", "", 1.0, {}),
    "adam": ("Adam", "stride", 1.0, {}),
    "adamw": ("AdamW", "stride", 1.0, {}),
    "adamax": ("Adamax", "stride", 1.0, {}),
    "nadam": ("NAdam", "stride", 1.0, {}),
    "radam": ("RAdam", "lr", 1.0, {}),
    "yogi": ("Yogi", "stride", 1.0, {}),
    "asgd": ("ASGD", "lr", 1.0, {}),
    "rprop": ("Rprop", "stride", 0.1, {}),
    "sign": ("SignSGD", "stride", 0.2, {}),
    "newton": ("Newton", "", 1.0, {}),
    "bfgs": ("BFGS", "", 1.0, {}),
    "lbfgs": ("LBFGS", "", 1.0, _ONE_SEARCH),
}
# Farther from the middle of the window than so many of its widths is away for good.
_AWAY = 100.0
_SHOWN = (0, 1, 2, 5)


def rules() -> list[str]:
    """The names that `trace` knows.

    Examples
    --------
    >>> rules()[:3]
    ['sgd', 'momentum', 'nesterov']
    """
    return [name for name, (kind, *_) in _BY_NAME.items() if hasattr(optim, kind)]


@dataclass(frozen=True)
class Trace:
    """The points that a rule went through.

    Attributes
    ----------
    function : Objective
    rule : str
        The rule's name.
    options : dict
        What it was set to.
    points : ndarray of shape (steps + 1, dimension)
        The start, and where the parameters were after each step. Ends before the first step that
        led to a NaN or an infinity.
    values : ndarray of shape (steps + 1,)
        The function there.
    gradients : ndarray of shape (steps + 1, dimension)
        Its exact gradient there, without noise.
    converged : bool
        The last gradient is as short as `trace` was asked to take for zero.
    diverged : bool
        A step led to a NaN or an infinity, the last point is over a hundred windows away, or more
        than twice as high above the minimum as the start.
    """

    function: Objective
    rule: str
    options: dict[str, Any]
    points: NDArray[Any] = field(repr=False)
    values: NDArray[Any] = field(repr=False)
    gradients: NDArray[Any] = field(repr=False)
    converged: bool
    diverged: bool

    @property
    def steps(self) -> int:
        """How many were made."""
        return len(self.points) - 1

    @property
    def label(self) -> str:
        """The rule with its learning rate, for a legend."""
        return f"{self.rule} {self.options['lr']:g}" if "lr" in self.options else self.rule

    @property
    def outcome(self) -> str:
        """In one word, how it ended."""
        return "diverged" if self.diverged else "converged" if self.converged else "under way"

    def as_dict(self) -> dict[str, Any]:
        """As plain data, for a JSON file."""
        return {
            "rule": self.rule,
            "options": {k: v if _plain(v) else str(v) for k, v in self.options.items()},
            "steps": self.steps,
            "converged": self.converged,
            "diverged": self.diverged,
            "points": self.points.tolist(),
            "values": self.values.tolist(),
            "gradients": self.gradients.tolist(),
        }

    def rows(self) -> list[tuple[str, ...]]:
        """A few steps as text: number, coordinates, value, length of the gradient."""
        wanted = {*_SHOWN, self.steps}
        for decade in (10**k for k in range(1, len(str(self.steps)) + 1)):
            wanted |= {decade, 2 * decade, 5 * decade}
        return [
            (
                str(k),
                *(f"{x:.6g}" for x in self.points[k]),
                f"{self.values[k]:.6g}",
                f"{_length(self.gradients[k]):.3g}",
            )
            for k in sorted(wanted)
            if k <= self.steps
        ]

    @property
    def head(self) -> tuple[str, ...]:
        """The headings of `rows`."""
        many = self.function.dimension > 1
        names = [f"x{i + 1}" if many else "x" for i in range(self.function.dimension)]
        return ("step", *names, "f", "|gradient|")

    def __str__(self) -> str:
        rows = [self.head, *self.rows()]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [
            "  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows
        ]
        return "\n".join([f"{self.label} on {self.function.name}: {self.outcome}", *lines])

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str) -> str:
            return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

        caption = f"<caption>{self.label} on {self.function.name}: {self.outcome}</caption>"
        body = "".join(row(cells, "td") for cells in self.rows())
        return f"<table>{caption}{row(self.head, 'th')}{body}</table>"


def trace(
    rule: str | Callable[..., Optimizer],
    function: str | Objective,
    start: Sequence[float] | NDArray[Any] | float | None = None,
    steps: int = 20,
    *,
    noise: float = 0.0,
    seed: int = 0,
    tolerance: float = 1e-6,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Trace:
    """Follow a rule over a test function, in float64.

    Parameters
    ----------
    rule : str, or an optimizer class, or a callable
        A name of `rules`; or what makes an optimizer from a list of parameters and the options. A
        name comes with a learning rate that suits the function, and "momentum" and "nesterov" with
        ``momentum=0.9``; everything else has PyTorch's default.
    function : str or Objective
    start : sequence of float, optional
        The function's own unless given.
    steps : int
    noise : float
        Standard deviation of what is added to each element of the gradient that the rule sees, as
        if it were estimated from a minibatch.
    seed : int
        Of that noise.
    tolerance : float
        A gradient this short counts as zero.
    progress : callable, optional
        Called with the number of steps made and of all.
    **options
        For the rule: ``lr``, ``momentum``, ...

    Raises
    ------
    LabError
        An unknown name, or a start that is not as many finite numbers as the function has
        variables.

    Examples
    --------
    >>> print(trace("sgd", "quadratic", steps=20, lr=0.4))
    sgd 0.4 on quadratic: under way
    step         x1            x2          f  |gradient|
       0         -5            -2       10.5        8.06
       1       -4.6           1.2      4.996        4.89
       2     -4.232         -0.72    2.82778           3
       5   -3.29541       0.15552    1.13434       0.906
      10   -2.17194    -0.0120932   0.472026       0.437
      20  -0.943467  -7.31232e-05  0.0890129       0.189
    """
    objective = function_named(function) if isinstance(function, str) else function
    at = start_of(objective, start)
    p = Tensor(at.copy(), requires_grad=True)
    name, optimizer, used = _make(rule, objective, p, options)
    draw = np.random.default_rng(seed)
    if steps < 0:
        raise LabError(located(f"trace: steps = {steps}; it must be at least 0"))

    def closure() -> Any:
        optimizer.zero_grad()
        with enable_grad():
            loss = objective(p)
        loss.backward()
        if noise:
            assert p.grad is not None
            p.grad = p.grad + noise * draw.standard_normal(p.shape)
        return loss

    points = [at]
    with np.errstate(all="ignore"):
        for step in range(steps):
            optimizer.step(closure)
            here = p.detach().numpy().copy()
            if not _finite(objective, here):
                break
            points.append(here)
            if progress is not None:
                progress(step + 1, steps)
        path = np.array(points)
        values, gradients = objective(path), objective.gradient(path)
    whole = len(points) == steps + 1
    return Trace(
        function=objective,
        rule=name,
        options=used,
        points=path,
        values=values,
        gradients=gradients,
        converged=whole and _length(gradients[-1]) <= tolerance,
        diverged=not whole or _has_left(objective, path[-1], values),
    )


def start_of(function: Objective, start: Any) -> NDArray[Any]:
    """A start as an array: the function's own unless one is given."""
    given: Any = function.start if start is None else start
    try:
        at = np.atleast_1d(np.asarray(given, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise LabError(located(f"start = {given!r}: must be numbers")) from error
    if at.shape != (function.dimension,):
        raise LabError(
            located(f"start = {given!r}: {function.name} has {function.dimension} variable(s)")
        )
    with np.errstate(all="ignore"):
        if not _finite(function, at):
            raise LabError(located(f"start = {given!r}: {function.name} must be finite there"))
    return at


def settings_of(rule: str, function: Objective) -> dict[str, Any]:
    """With which options a rule that is known by name starts on a function.

    Examples
    --------
    >>> settings_of("momentum", function_named("beale"))
    {'lr': 0.01, 'momentum': 0.9}
    """
    if rule not in rules():
        raise LabError(located(f"no rule {rule!r}; there are {', '.join(rules())}"))
    _, unit, factor, options = _BY_NAME[rule]
    lr = factor * (getattr(function, unit) if unit else 1.0)
    return {"lr": float(f"{lr:.6g}"), **options}


def _make(rule: Any, function: Objective, p: Any, options: dict[str, Any]) -> tuple[Any, ...]:
    """The rule's name, its optimizer, and the options that tell it from another of its kind."""
    if isinstance(rule, str):
        used = {**settings_of(rule, function), **options}
        return rule, getattr(optim, _BY_NAME[rule][0])([p], **used), used
    if not callable(rule):
        raise LabError(
            located(f"rule = {rule!r}: must be a name, an optimizer class, or make an optimizer")
        )
    optimizer = rule([p], **options)
    group = optimizer.param_groups[0]
    used = {**({"lr": group["lr"]} if "lr" in group else {}), **options}
    name = getattr(rule, "__name__", "")
    named = name if name.isidentifier() else type(optimizer).__name__
    return named, optimizer, used


def _finite(function: Objective, x: NDArray[Any]) -> bool:
    values = (x, function(x), function.gradient(x))
    return all(np.isfinite(v).all() for v in values)


def _has_left(function: Objective, last: NDArray[Any], values: NDArray[Any]) -> bool:
    """Whether a finite trace went away for good."""
    for x, (low, high) in zip(last, function.window, strict=True):
        if abs(x - (low + high) / 2) > _AWAY * (high - low):
            return True
    if function.lowest is None:
        return False
    height = values - function.lowest
    return bool(height[-1] > 2 * height[0])


def _length(vector: NDArray[Any]) -> float:
    return math.hypot(*vector)  # np.linalg.norm would square, and overflow, first


def _plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))
