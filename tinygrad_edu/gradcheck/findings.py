"""What a gradient check found, as plain data: ``Findings``, with one ``InputReport`` per input."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from .scale import TOLERANCE, label, relative_errors, worst_places

VERDICTS = ("pass", "kink", "inconclusive", "fail")

# Arrays up to this size are written out by `to_dict`; larger ones are summed up.
LISTED = 1000


class Worst(float):
    """The relative error of the worst element; a float that knows its element.

    Parameters
    ----------
    value : float
        Relative error, as `relative_errors` has it.
    index : tuple of int
        Where in the input.
    analytic, numeric : float
        The two values of the gradient there.
    bound : float
        Error bound of the numeric one.
    ratio : float, optional
        ``analytic / numeric`` unless given.

    Examples
    --------
    >>> worst = Worst.at((1,), 2.0, 4.0, 1e-9)
    >>> float(worst), worst.index, worst.ratio, worst > 1e-2
    (0.5, (1,), 0.5, True)
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    bound: float
    ratio: float

    def __new__(
        cls,
        value: float,
        index: tuple[int, ...] = (),
        analytic: float = math.nan,
        numeric: float = math.nan,
        bound: float = 0.0,
        ratio: float | None = None,
    ) -> Worst:
        self = super().__new__(cls, value)
        self.index = tuple(int(i) for i in index)
        self.analytic, self.numeric, self.bound = float(analytic), float(numeric), float(bound)
        self.ratio = _ratio(self.analytic, self.numeric) if ratio is None else float(ratio)
        return self

    @classmethod
    def at(
        cls, index: tuple[int, ...], analytic: float, numeric: float, bound: float = 0.0
    ) -> Worst:
        """The element at `index`, its error worked out from its two values."""
        error = float(relative_errors(analytic, numeric, bound))
        return cls(error, index, analytic, numeric, bound)

    def to_dict(self) -> dict[str, Any]:
        """The error and its element in types of JSON."""
        numbers = ("analytic", "numeric", "ratio", "bound")
        found: dict[str, Any] = {"error": _plain(float(self)), "index": list(self.index)}
        return found | {name: _plain(getattr(self, name)) for name in numbers}


def _ratio(analytic: float, numeric: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(analytic) / np.float64(numeric))


@dataclass
class InputReport:
    """What was found about the gradient of one input.

    Attributes
    ----------
    name, shape, dtype
        Of the input.
    worst : Worst or None
        The worst element; None when no elements were compared (a joint direction passed).
    wrong : int
        How many elements disagree.
    analytic, numeric, bound : ndarray or None
        Gradient of ``sum(g * y)`` by the formula and by differences, and the error bound of these.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    worst: Worst | None = None
    wrong: int = 0
    analytic: np.ndarray | None = None
    numeric: np.ndarray | None = None
    bound: np.ndarray | None = None

    @classmethod
    def compare(
        cls, name: str, dtype: Any, analytic: Any, numeric: Any, bound: Any = 0.0
    ) -> InputReport:
        """The report of an input whose gradient is known element by element.

        Examples
        --------
        >>> found = InputReport.compare("b", "float64", [1.0, 2.0], [1.0, 4.0], 1e-9)
        >>> found.wrong, found.worst.index, found.label
        (1, (1,), 'probably WRONG')
        """
        a, n = np.array(analytic, np.float64), np.array(numeric, np.float64)
        b = np.broadcast_to(np.asarray(bound, np.float64), n.shape)
        found = cls(name, n.shape, str(dtype), analytic=a, numeric=n, bound=b)
        if found.misfit:
            found.wrong = found.size
            return found
        worst = found.elements(1)
        found.worst = worst[0] if worst else None
        with np.errstate(all="ignore"):
            same = (np.abs(a - n) <= TOLERANCE * b) | (a == n)
        found.wrong = int(np.count_nonzero(~same))
        return found

    @property
    def misfit(self) -> bool:
        """Has the gradient another shape than the input?"""
        return self.analytic is not None and np.shape(self.analytic) != tuple(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def label(self) -> str:
        """CS231n's words for the worst error."""
        return label(self._error())

    def _error(self) -> float:
        if self.worst is None:
            return math.inf if self.misfit else 0.0
        return float(self.worst)

    def errors(self) -> np.ndarray | None:
        """Relative error of each element; None where there is nothing to compare."""
        if self.analytic is None or self.numeric is None:
            return None
        if np.shape(self.analytic) != np.shape(self.numeric):
            return None
        return relative_errors(
            self.analytic, self.numeric, 0.0 if self.bound is None else self.bound
        )

    def elements(self, many: int) -> list[Worst]:
        """The elements with the largest errors, worst first."""
        errors = self.errors()
        if errors is None:
            return [] if self.worst is None else [self.worst]
        bound = 0.0 if self.bound is None else self.bound
        a, n, b = np.broadcast_arrays(
            *(np.asarray(v) for v in (self.analytic, self.numeric, bound))
        )
        with np.errstate(all="ignore"):
            gaps = np.abs(a - n)
        return [
            Worst(float(errors[i]), i, a[i], n[i], b[i]) for i in worst_places(errors, gaps, many)
        ]

    def to_dict(self) -> dict[str, Any]:
        """The report in types of JSON."""
        return {
            "name": self.name,
            "shape": [int(n) for n in self.shape],
            "dtype": str(self.dtype),
            "worst": None if self.worst is None else self.worst.to_dict(),
            "label": self.label,
            "wrong": int(self.wrong),
            "size": self.size,
        } | {key: _listed(getattr(self, key)) for key in ("analytic", "numeric", "bound")}


class Evaluations(NamedTuple):
    """How often the function and its derivative formula were called."""

    forward: int = 0
    backward: int = 0


@dataclass
class Directional:
    """Slope along one joint direction: by the formula, by differences, and the bound of these."""

    analytic: float
    numeric: float
    bound: float = 0.0


@dataclass
class Findings:
    """What a gradient check found. True in conditions if nothing is wrong.

    Attributes
    ----------
    verdict : str
        "pass", "kink" (at a kink, a valid sub-gradient), "inconclusive" or "fail".
    name : str
        Of what was checked.
    inputs : list of InputReport
    diagnosis : list of (str, str)
        Class and sentence of each likely cause, best first.
    evaluations : Evaluations
        Calls of the function and of its formula.
    notes : list of str
        float32 lifted, the slopes at kinks, jumps skipped, ...
    points : list of str
        Names of the points covered: "given", "fresh", "ties", ...
    point : str
        The one at which it failed.
    directional : Directional, optional
        The slopes along the joint direction.
    kinks : int
        Outputs at a kink whose sub-gradient was verified.
    shapes : list of tuple
        Further shapes that were tried.
    op, node, nodes, where
        The culprit in a graph, its number among how many, and its source line.
    learn, hint : str, optional
        Where to read, what to try.
    reason : str, optional
        Why the check is inconclusive, or how the function broke its contract.
    parts : list of Findings
        One per parameter and regularisation term, from `check_module`.
    """

    verdict: str
    name: str
    inputs: list[InputReport] = field(default_factory=list)
    diagnosis: list[tuple[str, str]] = field(default_factory=list)
    evaluations: Evaluations = field(default_factory=Evaluations)
    notes: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    point: str = "given"
    directional: Directional | None = None
    kinks: int = 0
    shapes: list[tuple[Any, ...]] = field(default_factory=list)
    op: str | None = None
    node: int | None = None
    nodes: int | None = None
    where: str | None = None
    learn: str | None = None
    hint: str | None = None
    reason: str | None = None
    parts: list[Findings] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict must be one of {', '.join(VERDICTS)}, not {self.verdict!r}")

    def __bool__(self) -> bool:
        return self.verdict in ("pass", "kink")

    def to_dict(self) -> dict[str, Any]:
        """The report in types of JSON.

        A number that is not finite becomes a string: "nan", "inf" or "-inf". An array of up to
        1,000 elements becomes nested lists, a larger one its shape and range.

        Examples
        --------
        >>> Findings("pass", "relu", kinks=2).to_dict()["kinks"]
        2
        """
        along = self.directional
        plain = ("verdict", "name", "point", "kinks", "op", "node", "nodes", "where")
        found: dict[str, Any] = {key: _plain(getattr(self, key)) for key in plain}
        return found | {
            "inputs": [one.to_dict() for one in self.inputs],
            "diagnosis": [[str(cls), str(sentence)] for cls, sentence in self.diagnosis],
            "evaluations": {
                "forward": int(self.evaluations[0]),
                "backward": int(self.evaluations[1]),
            },
            "notes": [str(note) for note in self.notes],
            "points": [str(point) for point in self.points],
            "directional": None
            if along is None
            else {key: _plain(getattr(along, key)) for key in ("analytic", "numeric", "bound")},
            "shapes": _plain(self.shapes),
            "learn": self.learn,
            "hint": self.hint,
            "reason": self.reason,
            "parts": [part.to_dict() for part in self.parts],
        }


def _plain(value: Any) -> Any:
    """The value in types of JSON, in which NaN and infinities are words."""
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    return str(value)


def _listed(values: np.ndarray | None) -> Any:
    """An array as nested lists; a large one as its shape and range."""
    if values is None:
        return None
    array = np.asarray(values)
    if array.size <= LISTED:
        return _plain(array.tolist())
    with np.errstate(all="ignore"):
        low, high = float(np.min(array)), float(np.max(array))
    return {"shape": list(array.shape), "min": _plain(low), "max": _plain(high)}
