"""Rules that see all parameters as one vector, and may evaluate the loss many times in a step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine import raw, wrote
from ..errors import DTypeError, ShapeError, located
from ..gradients import enable_grad
from .optimizer import Optimizer
from .params import names_of


class WholeOptimizer(Optimizer):
    """A base for rules without groups: their state stands with the first parameter.

    A subclass defines `step`. What it keeps of it for `explain_step` goes through `_remember`.
    """

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Take the parameters; a second group is refused."""
        if self.param_groups:
            raise ValueError(
                located(
                    f"{type(self).__name__} doesn't support per-parameter options (parameter "
                    "groups): it moves all parameters by one vector"
                )
            )
        super().add_param_group(param_group)

    @property
    def _params(self) -> list[Any]:
        return self.param_groups[0]["params"]

    @property
    def _shared(self) -> dict[str, Any]:
        """The state, as in PyTorch's LBFGS that of the first parameter."""
        return self._state[self._params[0]]

    def _size(self) -> int:
        return sum(p._array.size for p in self._params)

    def _pieces(self, vector: np.ndarray) -> Iterator[tuple[Any, np.ndarray]]:
        """Each parameter with its part of a vector."""
        start = 0
        for p in self._params:
            yield p, vector[start : start + p._array.size].reshape(p.shape)
            start += p._array.size

    def _point(self) -> np.ndarray:
        """All parameters as one new vector."""
        return np.concatenate([p._buffer().ravel() for p in self._params])

    def _go_to(self, point: np.ndarray) -> None:
        """Write a vector into the parameters."""
        for p, piece in self._pieces(point):
            buffer = p._buffer()
            p._check_writeable(buffer)
            buffer[...] = piece
            wrote(buffer)

    def _gradient(self) -> np.ndarray:
        """All gradients as one new vector; a parameter without one counts as zeros."""
        parts = [
            np.zeros(p._array.size, p.dtype) if p._grad is None else np.ravel(p._grad._array)
            for p in self._params
        ]
        return np.concatenate(parts)

    def _evaluated(self, closure: Callable[[], Any] | None) -> tuple[Any, float]:
        """What the closure returns, and its number."""
        if closure is None:
            raise DTypeError(
                located(
                    f"{type(self).__name__}.step() missing 1 required positional argument: "
                    "'closure', which evaluates the model anew and returns the loss"
                )
            )
        with enable_grad():
            loss = closure()
        value = np.asarray(raw(loss), float) if loss is not None else np.zeros(0)
        if value.size != 1:
            raise ShapeError(
                located(
                    f"{type(self).__name__}: the closure must return the loss, a single number, "
                    f"not {loss!r}"
                )
            )
        return loss, float(value.reshape(()))

    def _remember(self, step: int, **vectors: Any) -> None:
        """Keep what a step started from: vectors are cut into parameters, numbers are not."""
        if not self._keeps():
            return
        group = self.param_groups[0]
        options = {k: v for k, v in group.items() if k != "params"}
        self._last = {p: {"step": step, "options": options} for p in self._params}
        for name, vector in vectors.items():
            whole = np.ndim(vector) > 0
            for p, piece in self._pieces(vector if whole else np.zeros(self._size())):
                self._last[p][name] = np.array(piece if whole else vector)

    def _element_names(self) -> list[str]:
        """What to call each number in the vector of all parameters."""
        named = zip(self._params, names_of(self.param_groups[0]), strict=True)
        many = len(self._params) > 1
        names = []
        for i, (p, name) in enumerate(named):
            head = f"{name or i}," if name or many else ""
            names += [head + ",".join(map(str, place)) for place in np.ndindex(p.shape)]
        return names
