"""Test functions of one or two variables, with exact gradient, Hessian and minimum.

They are written with operators and `ops`, so that each works on Tensors (and records a graph) and
on arrays alike. A point has its coordinates along the last axis, or gives them one by one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError, located
from ..ops import cos, cosh, sin, sinh, stack
from ..tensor import Tensor

Point = tuple[float, ...]


class LabError(ValueError):
    """A function, a rule or a start that the laboratory can't use."""


@dataclass(frozen=True)
class Objective:
    """A function to minimise, and what is known of it.

    Parameters
    ----------
    name : str
        What the command line calls it.
    formula : str
        In symbols.
    value, slope, curvature : callable
        Of the coordinates: the function, its partial derivatives, the rows of its Hessian.
    start : tuple of float
        Where a trace starts unless told otherwise.
    window : tuple of (float, float)
        For each coordinate, the range that is drawn.
    minima : tuple of tuple of float
        Its local minima within the window, the lowest first.
    lowest : float or None
        Its global minimum, None if it is unbounded below.
    lr : float
        A learning rate that suits gradient descent here.
    stride : float
        The same for rules whose step does not depend on the gradient's length, such as Adam.
    steps : int
        How many of them make a good picture.

    Examples
    --------
    >>> float(QUADRATIC((-5.0, -2.0))), QUADRATIC.gradient((-5.0, -2.0))
    (10.5, array([-1., -8.]))
    >>> from tinygrad_edu import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> BEALE(x).backward()
    >>> x.grad, BEALE.gradient(1.0, 2.0)
    (tensor([171.2500, 278.0000]), array([171.25, 278.  ]))
    """

    name: str
    formula: str
    value: Callable[..., Any] = field(repr=False)
    slope: Callable[..., tuple[Any, ...]] = field(repr=False)
    curvature: Callable[..., tuple[tuple[Any, ...], ...]] = field(repr=False)
    start: Point
    window: tuple[tuple[float, float], ...]
    minima: tuple[Point, ...] = ()
    lowest: float | None = None
    lr: float = 0.1
    stride: float = 0.1
    steps: int = 20

    @property
    def dimension(self) -> int:
        """Of how many variables."""
        return len(self.start)

    def __call__(self, *x: Any) -> Any:
        """The value at a point, or at many: without the last axis, that of the coordinates."""
        return self.value(*self._coordinates(x))

    def gradient(self, *x: Any) -> Any:
        """Partial derivatives, along a last axis."""
        coordinates = self._coordinates(x)
        return _vector(self.slope(*coordinates), coordinates)

    def hessian(self, *x: Any) -> Any:
        """Second partial derivatives, along two last axes."""
        coordinates = self._coordinates(x)
        rows = [_vector(row, coordinates) for row in self.curvature(*coordinates)]
        return stack(rows, -2)

    def _coordinates(self, x: tuple[Any, ...]) -> list[Any]:
        parts = [v if isinstance(v, Tensor) else _floats(v) for v in x]
        if len(parts) == self.dimension and (len(parts) > 1 or parts[0].shape[-1:] != (1,)):
            return parts
        if len(parts) == 1 and parts[0].ndim and parts[0].shape[-1] == self.dimension:
            return [parts[0][..., i] for i in range(self.dimension)]
        given = ", ".join(str(tuple(p.shape)) for p in parts)
        raise ShapeError(
            located(
                f"{self.name}: takes {self.dimension} coordinates, or points whose last axis has "
                f"length {self.dimension}; given {given}"
            )
        )


def _floats(value: Any) -> NDArray[Any]:
    array = np.asarray(value)
    return array if array.dtype.kind == "f" else array.astype(np.float64)


def _vector(entries: tuple[Any, ...], coordinates: list[Any]) -> Any:
    """Entries along a last axis; a constant gets the shape and dtype of the coordinates."""
    nothing = sum(0 * c for c in coordinates)
    return stack([nothing + e for e in entries], -1)


def rotated(function: Objective, degrees: float = 45.0) -> Objective:
    """The same landscape turned about the origin, with its start and its minima.

    Rules that look at each coordinate by itself (AdaGrad, RMSProp, Adam) notice; gradient descent,
    with momentum or without, does not.

    Examples
    --------
    >>> turned = rotated(QUADRATIC)
    >>> round(float(turned(turned.start)), 9)
    10.5
    >>> np.linalg.eigvalsh(turned.hessian(0.0, 0.0)).round(9)
    array([0.2, 4. ])
    """
    if function.dimension != 2:
        raise LabError(located(f"rotated: {function.name} has {function.dimension} variable"))
    angle = math.radians(degrees)
    c, s = math.cos(angle), math.sin(angle)

    def back(x1: Any, x2: Any) -> tuple[Any, Any]:
        return c * x1 + s * x2, c * x2 - s * x1

    def turn(x1: Any, x2: Any) -> tuple[Any, Any]:
        return c * x1 - s * x2, s * x1 + c * x2

    def curvature(x1: Any, x2: Any) -> tuple[tuple[Any, ...], ...]:
        # R H R^T: turn the columns, then the rows.
        (a, b), (d, e) = function.curvature(*back(x1, x2))
        first, second = turn(a, d), turn(b, e)
        return turn(first[0], second[0]), turn(first[1], second[1])

    corners = [turn(x1, x2) for x1 in function.window[0] for x2 in function.window[1]]
    sides = tuple((min(side), max(side)) for side in zip(*corners, strict=True))
    return Objective(
        name=f"{function.name}-rotated",
        formula=f"{function.formula}, turned by {degrees:g}°",
        value=lambda x1, x2: function.value(*back(x1, x2)),
        slope=lambda x1, x2: turn(*function.slope(*back(x1, x2))),
        curvature=curvature,
        start=turn(*function.start),
        window=sides,
        minima=tuple(turn(*m) for m in function.minima),
        lowest=function.lowest,
        lr=function.lr,
        stride=function.stride,
        steps=function.steps,
    )


# --------------------------------------------------------------------- two variables

# S4 of the lectures (Dive into Deep Learning); condition number 20.
QUADRATIC = Objective(
    name="quadratic",
    formula="0.1 x₁² + 2 x₂²",
    value=lambda x1, x2: 0.1 * x1 * x1 + 2 * x2 * x2,
    slope=lambda x1, x2: (0.2 * x1, 4 * x2),
    curvature=lambda x1, x2: ((0.2, 0.0), (0.0, 4.0)),
    start=(-5.0, -2.0),
    window=((-5.5, 1.0), (-3.0, 1.0)),
    minima=((0.0, 0.0),),
    lowest=0.0,
    lr=0.4,
    stride=0.4,
)

# The first example of that chapter; condition number 2.
ROUND = Objective(
    name="round",
    formula="x₁² + 2 x₂²",
    value=lambda x1, x2: x1 * x1 + 2 * x2 * x2,
    slope=lambda x1, x2: (2 * x1, 4 * x2),
    curvature=lambda x1, x2: ((2.0, 0.0), (0.0, 4.0)),
    start=(-5.0, -2.0),
    window=((-5.5, 1.0), (-3.0, 1.0)),
    minima=((0.0, 0.0),),
    lowest=0.0,
    stride=0.4,
)

# S1 of the lectures; starting a little beside the ridge, where its gradient vanishes.
SADDLE = Objective(
    name="saddle",
    formula="x₁² − x₂²",
    value=lambda x1, x2: x1 * x1 - x2 * x2,
    slope=lambda x1, x2: (2 * x1, -2 * x2),
    curvature=lambda x1, x2: ((2.0, 0.0), (0.0, -2.0)),
    start=(1.0, 1e-6),
    window=((-1.5, 1.5), (-1.5, 1.5)),
    steps=80,
)


def _beale_terms(x1: Any, x2: Any) -> list[tuple[Any, ...]]:
    """For i = 1, 2, 3: the residual c_i - x1 (1 - x2^i), and its five derivatives."""
    return [
        (
            c - x1 * (1 - x2**i),
            x2**i - 1,
            i * x1 * x2 ** (i - 1),
            i * x2 ** (i - 1),
            i * (i - 1) * x1 * x2 ** max(i - 2, 0),
        )
        for i, c in enumerate((1.5, 2.25, 2.625), 1)
    ]


def _beale_curvature(x1: Any, x2: Any) -> tuple[tuple[Any, ...], ...]:
    terms = _beale_terms(x1, x2)
    mixed = sum(2 * (d1 * d2 + r * d12) for r, d1, d2, d12, _ in terms)
    return (
        (sum(2 * d1 * d1 for _, d1, _, _, _ in terms), mixed),
        (mixed, sum(2 * (d2 * d2 + r * d22) for r, _, d2, _, d22 in terms)),
    )


# Beale 1958; the comparison figure of S2 starts at (0.7, 1.4).
BEALE = Objective(
    name="beale",
    formula="(1.5 − x₁ + x₁x₂)² + (2.25 − x₁ + x₁x₂²)² + (2.625 − x₁ + x₁x₂³)²",
    value=lambda x1, x2: sum(r * r for r, *_ in _beale_terms(x1, x2)),
    slope=lambda x1, x2: (
        sum(2 * r * d1 for r, d1, *_ in _beale_terms(x1, x2)),
        sum(2 * r * d2 for r, _, d2, *_ in _beale_terms(x1, x2)),
    ),
    curvature=_beale_curvature,
    start=(0.7, 1.4),
    window=((-0.5, 4.5), (-1.8, 1.8)),
    minima=((3.0, 0.5),),
    lowest=0.0,
    lr=0.01,
    steps=300,
)


def _rosenbrock_curvature(x1: Any, x2: Any) -> tuple[tuple[Any, ...], ...]:
    return ((2 - 400 * (x2 - 3 * x1 * x1), -400 * x1), (-400 * x1, 200.0))


# Rosenbrock 1960, with its customary start.
ROSENBROCK = Objective(
    name="rosenbrock",
    formula="(1 − x₁)² + 100 (x₂ − x₁²)²",
    value=lambda x1, x2: (1 - x1) ** 2 + 100 * (x2 - x1 * x1) ** 2,
    slope=lambda x1, x2: (
        2 * (x1 - 1) - 400 * x1 * (x2 - x1 * x1),
        200 * (x2 - x1 * x1),
    ),
    curvature=_rosenbrock_curvature,
    start=(-1.2, 1.0),
    window=((-1.8, 1.8), (-0.8, 2.2)),
    minima=((1.0, 1.0),),
    lowest=0.0,
    lr=0.001,
    steps=500,
)

# ----------------------------------------------------------------------- one variable

_WELLS = (lambda x: x**4 / 4 - x * x / 2 + 0.15 * x), (lambda x: x**3 - x + 0.15)


def _well(k: int) -> float:
    """Root k of x^3 - x + 0.15 in Viète's trigonometric form."""
    angle = math.acos(-0.225 * math.sqrt(3)) / 3
    return 2 / math.sqrt(3) * math.cos(angle - 2 * math.pi * k / 3)


TWO_WELLS = Objective(
    name="two-wells",
    formula="x⁴/4 − x²/2 + 0.15 x",
    value=_WELLS[0],
    slope=lambda x: (_WELLS[1](x),),
    curvature=lambda x: ((3 * x * x - 1,),),
    start=(1.8,),
    window=((-2.0, 2.0),),
    minima=((_well(2),), (_well(0),)),
    lowest=_WELLS[0](_well(2)),
    stride=0.05,
    steps=60,
)

_C = 0.15 * math.pi

# S4: its local minima are where cot(u) = u, u = 0.15 pi x; it is unbounded on both sides.
X_COS = Objective(
    name="x-cos",
    formula="x cos(0.15 π x)",
    value=lambda x: x * cos(_C * x),
    slope=lambda x: (cos(_C * x) - _C * x * sin(_C * x),),
    curvature=lambda x: ((-2 * _C * sin(_C * x) - _C * _C * x * cos(_C * x),),),
    start=(10.0,),
    window=((-10.0, 14.0),),
    minima=((3.4256184594817283 / _C,), (-0.8603335890193798 / _C,)),
    lr=0.2,
    stride=0.2,
)

COSH = Objective(
    name="cosh",
    formula="cosh(0.5 x)",
    value=lambda x: cosh(0.5 * x),
    slope=lambda x: (0.5 * sinh(0.5 * x),),
    curvature=lambda x: ((0.25 * cosh(0.5 * x),),),
    start=(10.0,),
    window=((-10.5, 10.5),),
    minima=((0.0,),),
    lowest=1.0,
    stride=0.5,
    steps=40,
)

FUNCTIONS: dict[str, Objective] = {
    f.name: f
    for f in (
        QUADRATIC,
        ROUND,
        rotated(QUADRATIC),
        SADDLE,
        BEALE,
        ROSENBROCK,
        TWO_WELLS,
        X_COS,
        COSH,
    )
}


def function_named(name: str) -> Objective:
    """A test function by its name.

    Raises
    ------
    LabError
        There is none; the message lists those there are.
    """
    if name not in FUNCTIONS:
        raise LabError(located(f"no function {name!r}; there are {', '.join(FUNCTIONS)}"))
    return FUNCTIONS[name]
