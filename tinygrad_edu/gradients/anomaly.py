"""``detect_anomaly``: name the first op that made a NaN or an infinity, and its line."""

from __future__ import annotations

import weakref
from contextlib import ContextDecorator
from typing import Any

import numpy as np

from ..engine import Node, raw, state
from ..errors import AnomalyError, user_line


class detect_anomaly(ContextDecorator):
    """Stop at the first forward result or gradient that is not finite.

    Parameters
    ----------
    check_nan : bool
        False only remembers which line made each node, for the texts of other errors.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> x = tensor([1.0, 0.0], requires_grad=True)
    >>> with detect_anomaly():
    ...     (x.log() * 2).sum()
    Traceback (most recent call last):
        ...
    tinygrad_edu.errors.AnomalyError: 'log' made inf in its result: 1 of 2 elements, ...
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self._lines: Any = weakref.WeakKeyDictionary()
        self._before: list[Any] = []

    def __enter__(self) -> detect_anomaly:
        self._before.append(state.watch)
        state.watch = self
        return self

    def __exit__(self, *exc: object) -> None:
        state.watch = self._before.pop()

    def made(self, op: Any, result: Any, node: Node | None) -> None:
        """Called by every op with its result."""
        line = user_line()
        if node is not None:
            self._lines[node] = line
        self._check(op, result._array, "its result", line)

    def contribution(self, node: Node, i: int, g: Any, c: Any) -> None:
        """Called by the sweep with every gradient that a formula returns."""
        line = self._lines.get(node, "a line that ran outside detect_anomaly()")
        self._check(node.op, raw(c), f"the gradient of its input {i}", line)

    def _check(self, op: Any, array: Any, what: str, line: str) -> None:
        array = np.asarray(array)
        if not self.check_nan or array.dtype.kind != "f":
            return
        bad = ~np.isfinite(array)
        if bad.any():
            kind = "nan" if np.isnan(array).any() else "inf"
            raise AnomalyError(
                f"'{op.name}' made {kind} in {what}: {int(bad.sum())} of {array.size} elements, "
                f"first at index {tuple(int(i) for i in np.argwhere(bad)[0])}; op made at {line}"
            )


class set_detect_anomaly(detect_anomaly):
    """The same, switched on or off at once, or as a context manager.

    Examples
    --------
    >>> with set_detect_anomaly(False):
    ...     pass
    """

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self._before.append(state.watch)
        state.watch = self if mode else None

    def __enter__(self) -> set_detect_anomaly:
        return self
