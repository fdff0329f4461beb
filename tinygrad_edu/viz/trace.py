"""A recorded run, forward and backward, as plain data: what the player and all exports read.

Nothing here knows the engine, and nothing here draws. `record` makes a `Trace`; views read it.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np

from .graph import Graph

Phase = Literal["forward", "backward"]

# Arrays up to this many elements are kept whole and shown as numbers; of larger ones a picture of
# at most SIDE x SIDE blocks is kept, and their statistics.
SMALL = 24
SIDE = 24


@dataclass(frozen=True)
class View:
    """What is shown of an array.

    Attributes
    ----------
    shape, dtype
        Of the array.
    numbers : list of float, optional
        All elements in C order, if there are at most `SMALL`.
    blocks : list of list of float, optional
        Otherwise the array as a matrix (leading axes flattened into rows), averaged over blocks so
        that there are at most `SIDE` rows and columns. None where it is not finite.
    low, mean, high, norm : float, optional
        Minimum, mean, maximum and Euclidean norm of the finite elements; None if there are none.
    zeros : float
        Share of elements that are exactly 0.
    nans, infs : int
        How many elements are NaN or infinite.
    """

    shape: tuple[int, ...]
    dtype: str
    numbers: list[float | None] | None = None
    blocks: list[list[float | None]] | None = None
    low: float | None = None
    mean: float | None = None
    high: float | None = None
    norm: float | None = None
    zeros: float = 0.0
    nans: int = 0
    infs: int = 0


@dataclass(frozen=True)
class Moment:
    """What the panel of one vertex says, besides the graph's own text.

    Attributes
    ----------
    value, grad : View, optional
        The forward value, and the gradient when the sweep has ended; None if not kept, or none.
    line : str
        ``file.py:31: source text`` of the op, if it is known.
    consumers : int
        How many contributions its gradient is summed from.
    bad : str
        "nan" or "inf" if this is the first op that made one, else empty.
    """

    value: View | None = None
    grad: View | None = None
    line: str = ""
    consumers: int = 0
    bad: str = ""


@dataclass(frozen=True)
class Routing:
    """Where an op sends its gradient: relu's mask, the ties of a maximum, p - onehot.

    Attributes
    ----------
    kind
        "mask", "ties", "softmax", "subgradient" or "index".
    text
        One line in words: "3 of 8 elements pass", "2 tied elements share the gradient".
    view
        The mask (1 passes, 0 blocks, fractions share), or p - onehot, as numbers or blocks.
    """

    kind: str
    text: str
    view: View | None = None


@dataclass(frozen=True)
class Frame:
    """One step: an op that runs forward, or one edge of an op that runs backward.

    Attributes
    ----------
    phase
        "forward" or "backward".
    vertex
        The vertex whose op runs.
    edge
        Backward: number of the edge (in ``graph.edges``) along which the gradient goes; else -1.
    formula
        In symbols, with the names of this graph: ``h = x @ w``, or ``dw = xᵀ g``.
    shapes
        The same in shapes: ``(784, 32) @ (32, 10)``.
    contributes
        Backward: ``∂L/∂w += …``, else empty.
    upstream, contribution, partial : View, optional
        Backward: the gradient of the op's result; what this edge adds; what its target has so far.
    arrived, expected
        Backward: how many contributions the target has after this frame, of how many.
    summed
        Backward: ``sum(axis=0)`` where broadcasting is undone, else empty.
    routing : Routing, optional
        Backward, for ops that route.
    queue
        Vertices whose gradient is complete and whose formulas are still to run, in their order.
    numeric : View, optional
        With ``check=True``: the contribution by finite differences.
    agrees : bool, optional
        With ``check=True``: whether the two agree within the error bound.
    """

    phase: Phase
    vertex: str
    edge: int = -1
    formula: str = ""
    shapes: str = ""
    contributes: str = ""
    upstream: View | None = None
    contribution: View | None = None
    partial: View | None = None
    arrived: int = 0
    expected: int = 0
    summed: str = ""
    routing: Routing | None = None
    queue: tuple[str, ...] = ()
    numeric: View | None = None
    agrees: bool | None = None


@dataclass(frozen=True)
class Failure:
    """An op that raised: its name, the message, the user's line and the vertices it got."""

    op: str
    message: str
    line: str = ""
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class TraceData:
    """Everything about one run.

    Attributes
    ----------
    graph : Graph
        Vertices and edges, as for a static picture. A failed op is a vertex as well, the last.
    moments : dict
        Vertex id -> Moment.
    frames : tuple of Frame
        All forward ops in their order, then all backward edges in the engine's exact order.
    title
        Of the page.
    failure : Failure, optional
        If the program failed; then there are forward frames only.
    notes : tuple of str
        What was not kept, what was cut.
    before : dict
        Vertex id of a leaf -> View of the ``.grad`` it had before this run; empty if none had one.
    """

    graph: Graph
    moments: dict[str, Moment]
    frames: tuple[Frame, ...]
    title: str = "Backpropagation"
    failure: Failure | None = None
    notes: tuple[str, ...] = ()
    before: dict[str, View] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The same in types of JSON; no NaN anywhere."""
        return asdict(self)


def look_at(array: Any) -> View:
    """What is shown of an array.

    Examples
    --------
    >>> view = look_at(np.array([[1.0, 0.0], [3.0, np.nan]]))
    >>> view.numbers, view.low, view.high, view.zeros, view.nans
    ([1.0, 0.0, 3.0, None], 0.0, 3.0, 0.25, 1)
    """
    array = np.asarray(array)
    shape, dtype = tuple(int(n) for n in array.shape), str(array.dtype)
    if array.dtype.kind not in "fiub":
        return View(shape, dtype)
    values = array.astype(np.float64)
    finite = values[np.isfinite(values)]
    some = finite.size > 0
    small = values.size <= SMALL
    return View(
        shape,
        dtype,
        numbers=[_number(v) for v in values.ravel()] if small else None,
        blocks=None if small else _blocks(values),
        low=float(finite.min()) if some else None,
        mean=float(finite.mean()) if some else None,
        high=float(finite.max()) if some else None,
        norm=float(np.linalg.norm(finite)) if some else None,
        zeros=float(np.mean(values == 0)) if values.size else 0.0,
        nans=int(np.isnan(values).sum()),
        infs=int(np.isinf(values).sum()),
    )


def _blocks(values: np.ndarray) -> list[list[float | None]]:
    """A matrix of block means, at most SIDE x SIDE."""
    matrix = values.reshape(-1, values.shape[-1]) if values.ndim > 1 else values.reshape(1, -1)
    for axis in (0, 1):
        size = matrix.shape[axis]
        if size > SIDE:
            starts = np.linspace(0, size, SIDE, endpoint=False).astype(int)
            counts = np.diff(np.append(starts, size))
            matrix = np.add.reduceat(matrix, starts, axis) / np.expand_dims(counts, 1 - axis)
    return [[_number(v) for v in row] for row in matrix]


def _number(value: float) -> float | None:
    """Six digits are enough for a reader; NaN and infinities have no place in JSON."""
    return float(f"{value:.6g}") if math.isfinite(value) else None
