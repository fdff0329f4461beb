"""``step_curve``: why a numerical derivative has a best step, and where it lies.

A large step leaves truncation error, a small one leaves round-off: the error against the step is a
U. The slopes of its two sides say how good the stencil is and that round-off grows as 1/h.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import located
from .curve_data import ORDERS, Curve, Row
from .curve_drawing import draw_axes, draw_svg, draw_text
from .curve_function import Probed

# The derivative is sum(weight * f(x + k h d)) / h over the places k. The weights cancel every term
# of Taylor's series between the first and the one that names the order.
STENCILS: dict[str, dict[int, float]] = {
    "forward": {0: -1, 1: 1},
    "central": {-1: -1 / 2, 1: 1 / 2},
    "fourth": {-2: 1 / 12, -1: -2 / 3, 1: 2 / 3, 2: -1 / 12},
    "sixth": {-3: -1 / 60, -2: 3 / 20, -1: -3 / 4, 1: 3 / 4, 2: -3 / 20, 3: 1 / 60},
}
# One direction alone may have no error at some step by luck; the norm over a few has not.
_DIRECTIONS = 5
_PER_DECADE = 4
_DECADES = 15  # from a step of the inputs' size to one that float64 just holds


@dataclass
class StepCurve:
    """The error of numerical derivatives against the step. Made by :func:`step_curve`.

    Attributes
    ----------
    name : str
        Of the function.
    curves : list of Curve
        One per method and dtype, with steps, errors, slopes and best step.
    reference : str
        What the differences were compared with.
    notes : list of str
        What was left out, and why.
    """

    name: str
    curves: list[Curve]
    reference: str
    notes: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """All measurements: ``(method, dtype, step, error)``."""
        return [
            Row(c.method, c.dtype, float(h), float(e))
            for c in self.curves
            for h, e in zip(c.steps, c.errors, strict=True)
        ]

    def of(self, method: str, dtype: Any = "float64") -> Curve:
        """The curve of one method in one dtype."""
        wanted = method, np.dtype(dtype).name
        for curve in self.curves:
            if (curve.method, curve.dtype) == wanted:
                return curve
        there = ", ".join(f"{c.method} {c.dtype}" for c in self.curves)
        raise KeyError(f"no curve of {' '.join(wanted)}; there are {there}")

    def __str__(self) -> str:
        return draw_text(self.name, self.reference, self.curves, self.notes)

    def svg(self) -> str:
        """The picture as the text of an SVG file, drawn without any library."""
        return draw_svg(self.name, self.reference, self.curves, self.notes)

    def plot(self, ax: Any = None) -> Any:
        """Draw with matplotlib (the extra `plot`) and return the Axes, new ones unless given."""
        return draw_axes(self.name, self.curves, ax)

    def _repr_html_(self) -> str:
        return self.svg()

    def to_dict(self) -> dict:
        """Everything as JSON takes it; an error that is not finite is None."""
        errors = [r.error if np.isfinite(r.error) else None for r in self.rows]
        return {
            "name": self.name,
            "reference": self.reference,
            "notes": list(self.notes),
            "curves": [c.to_dict() for c in self.curves],
            "rows": [[*r[:3], e] for r, e in zip(self.rows, errors, strict=True)],
        }


def step_curve(
    func: Callable[..., Any],
    inputs: Any,
    *,
    gradient: Any = None,
    methods: Sequence[str] = tuple(ORDERS),
    dtypes: Sequence[Any] = (np.float64, np.float32),
    seed: int = 0,
) -> StepCurve:
    """The error of numerical derivatives against the step, for several stencils and dtypes.

    What is differentiated is ``sum(g * func(*inputs))``, along five random directions. The error
    is the norm of what is wrong relative to the norm of the derivatives.

    Parameters
    ----------
    func : callable
        Takes NumPy arrays or Tensors, and returns one of them (or several).
    inputs : array, Tensor, or sequence of them
        Where to differentiate. Integer inputs are passed on as they are.
    gradient : callable or arrays, optional
        The analytic gradient: a formula ``vjp(g, y, *inputs)`` as ``check_op`` takes it, or, if
        `func` returns one number, its gradient. Otherwise a function of Tensors is differentiated
        by the engine; one of arrays by a complex step or by Richardson's extrapolation.
    methods : sequence of {'forward', 'central', 'fourth', 'sixth', 'complex'}
        The last needs a function that takes complex arrays.
    dtypes : sequence of dtype
        Out of float64 and float32.
    seed : int
        Of the directions and of the random upstream gradient ``g``.

    Returns
    -------
    StepCurve
        ``print`` draws it; so do ``.svg()``, ``.plot()`` and a notebook.

    Examples
    --------
    >>> curve = step_curve(np.exp, np.array([0.3, -0.5]))
    >>> round(curve.of("central").slope), round(curve.of("central").round_off)
    (2, -1)
    >>> 1e-7 < curve.of("central").best_step < 1e-4
    True
    """
    methods, names = _checked(methods, ORDERS, "methods"), [np.dtype(d).name for d in dtypes]
    _checked(names, ("float64", "float32"), "dtypes")
    probed = Probed(func, inputs, np.random.default_rng(seed), _DIRECTIONS)
    slopes, reference, notes = probed.reference(gradient)
    why = probed.why_no_complex if "complex" in methods else ""
    if why:
        methods = [m for m in methods if m != "complex"]
        notes.append(f"no complex step: {why}")
    size = float(np.linalg.norm(slopes))
    if size <= 1e-12 * probed.size:
        notes.append("the derivative is zero here: errors are absolute, not relative")
        size = 1.0
    curves = [
        curve for name in names for curve in _curves(probed, slopes, size, methods, name, notes)
    ]
    _doubt(curves, gradient is not None or probed.tensors, notes)
    return StepCurve(probed.name, curves, reference, notes)


def _checked(given: Sequence[str], known: Any, what: str) -> list[str]:
    if isinstance(given, str):
        given = [given]
    wrong = [str(g) for g in given if g not in known]
    if wrong or not given:
        text = f"{', '.join(wrong)} is not known" if wrong else "there is none"
        raise ValueError(located(f"{what}: {text}; choose from {', '.join(known)}"))
    return list(dict.fromkeys(given))


def _curves(
    probed: Probed, slopes: np.ndarray, size: float, methods: list[str], dtype: str, notes: list
) -> list[Curve]:
    """All methods in one dtype; they share the values of the function."""
    steps = probed.scale * 10.0 ** (np.arange(-_DECADES * _PER_DECADE, 1) / _PER_DECADE)
    errors = {m: np.full(steps.shape, np.nan) for m in methods}
    for i, h in enumerate(steps):
        found: dict[str, list[float]] = {m: [] for m in methods}
        for direction in range(_DIRECTIONS):
            for m, value in _derivatives(probed, methods, direction, h, dtype).items():
                found[m].append(value)
        for m in methods:
            errors[m][i] = np.linalg.norm(np.array(found[m]) - slopes) / size
    if probed.widest(dtype) != dtype:
        notes.append(f"given {dtype}, the function returns {probed.widest(dtype)}")
    curves = []
    for m in methods:
        inside = ~np.isnan(errors[m])
        curves.append(Curve(m, dtype, steps[inside], errors[m][inside], probed.scale))
    return curves


def _derivatives(
    probed: Probed, methods: list[str], direction: int, h: float, dtype: str
) -> dict[str, float]:
    """The derivative along one direction by each method."""
    places = {k for m in methods for k in STENCILS.get(m, ())}
    totals = {k: probed.total(direction, k * h, dtype) for k in places}
    result = {}
    for m in methods:
        if m == "complex":
            result[m] = probed.total(direction, 1j * h, dtype).imag / h
        else:
            # Subtract one value from all first: no weight then rounds what is about to cancel.
            first = totals[min(STENCILS[m])]
            result[m] = sum(w * (totals[k] - first) for k, w in STENCILS[m].items()) / h
    return result


def _doubt(curves: list[Curve], analytic: bool, notes: list[str]) -> None:
    """Say so when no step helps: then it is not the step that is wrong."""
    best = min((c.best_error for c in curves if c.dtype == "float64"), default=0.0)
    if analytic and best > 1e-5:
        notes.append(
            f"no step brings the error under {best:.1e}: the gradient is wrong, or there is a kink"
        )
