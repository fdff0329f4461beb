"""What a routing is read from, and how its counts are put into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..trace import Routing, look_at


@dataclass(frozen=True)
class Seen:
    """One edge of a backward pass: the op's values, and what its input `i` got."""

    inputs: tuple[Any, ...]
    out: np.ndarray
    i: int
    params: Mapping[str, Any]
    contribution: np.ndarray

    @property
    def x(self) -> Any:
        """The first input."""
        return self.inputs[0]

    @property
    def y(self) -> Any:
        """The second input."""
        return self.inputs[1]


def some(k: int, of: int, what: str = "element", verb: str = "pass") -> str:
    """A count in words, the verb in the right number.

    Examples
    --------
    >>> some(3, 8), some(1, 8), some(1, 1)
    ('3 of 8 elements pass', '1 of 8 elements passes', '1 of 1 element passes')
    """
    ending = ("es" if verb.endswith("s") else "s") if k == 1 else ""
    return f"{k} of {of} {what}{'' if of == 1 else 's'} {verb}{ending}"


def many(k: int, what: str = "element") -> str:
    """A count and its noun.

    Examples
    --------
    >>> many(1), many(2, "row")
    ('1 element', '2 rows')
    """
    return f"{k} {what}{'' if k == 1 else 's'}"


def mask(passes: Any, text: str = "") -> Routing:
    """Some elements pass the gradient, the others block it."""
    passes = np.asarray(passes)
    return Routing(
        "mask",
        text or some(int(np.count_nonzero(passes)), passes.size),
        look_at(passes.astype(np.float64)),
    )
