"""How an update rule explains itself: its formula, and the last step of one element by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AxisError, GradientError, describe, located
from .flat import Flats
from .params import names_of
from .symbols import Line

if TYPE_CHECKING:
    from .formula import Formula, StepTable


# Up to this many elements, what a step started from is kept for `explain_step` without asking.
FEW = 4096


class Explained:
    """The explaining part of Optimizer, which keeps what a step started from."""

    symbols: dict[str, str]
    keep_last_step: bool | None
    _elements: int
    param_groups: list[dict[str, Any]]
    _last: dict[Any, dict[str, Any]]
    _flats: Flats

    def _keeps(self) -> bool:
        """Whether a step keeps what it starts from."""
        if self.keep_last_step is not None:
            return self.keep_last_step
        return self._elements <= FEW

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        """The update in symbols, for the options of a group, at step `t`."""
        raise NotImplementedError

    def _values(self, group: dict[str, Any]) -> dict[str, float]:
        """The options of a group under the names that the formula uses."""
        values = {k: v for k, v in group.items() if isinstance(v, (int, float))}
        if "betas" in group:
            values["beta1"], values["beta2"] = group["betas"]
        return values

    def formula(self, group: int = 0) -> Formula:
        """The update in symbols, for the options in force in a group."""
        return formula_of(self._lines(self.param_groups[group], t=2))

    def explain_step(self, param: Any = 0, index: Any = None) -> StepTable:
        """The last step of one element by hand: every intermediate of the formula.

        Parameters
        ----------
        param : Tensor or int
            Which parameter.
        index : int or tuple of int, optional
            Which of its elements; that with the largest gradient unless given.
        """
        last, place, where = self._kept(param, index)
        shape, t = last["p"].shape, int(last["step"])
        lines = self._lines(last["options"], t)
        used = " ".join(e for _, e in lines)
        given = {name: float(last[name][place]) for name in ("p", "g")}
        for key, name in self.symbols.items():
            value = last.get(key, np.zeros(()))  # a state that was not there yet counts as 0
            if value.shape in ((), shape) and (key in last or _mentions(used, name)):
                given[name] = float(np.broadcast_to(value, shape)[place])
        options = self._values(last["options"])
        given.update({k: v for k, v in options.items() if _mentions(used, k)}, t=t)
        return table_of(type(self).__name__, where, given, lines)

    def _kept(self, param: Any, index: Any) -> tuple[dict[str, Any], tuple[int, ...], str]:
        """What the last step of a parameter started from, which element is meant, and its name."""
        pairs = [
            (p, name)
            for group in self.param_groups
            for p, name in zip(group["params"], names_of(group), strict=True)
        ]
        found = [
            i
            for i, (p, _) in enumerate(pairs)
            if p is param or (isinstance(param, int) and i == param)
        ]
        if not found:
            raise AxisError(
                located(f"explain_step: {describe(param)} is none of {len(pairs)} parameters")
            )
        chosen, name = pairs[found[0]]
        self._flats.hand_over(self._last)
        last = self._last.get(chosen)
        if last is None:
            if self._keeps():
                raise GradientError(
                    located("explain_step: no step() has changed this parameter yet")
                )
            raise GradientError(
                located(
                    "explain_step: no step of this parameter was kept. What a step starts from is "
                    f"kept for up to {FEW} numbers (here are {self._elements}), or if you set "
                    "optimizer.keep_last_step = True before step()"
                )
            )
        shape = last["g"].shape
        place = np.unravel_index(int(np.argmax(abs(last["g"]))), shape)
        if index is not None:
            place = tuple(index) if isinstance(index, (tuple, list)) else (index,)
        spot = tuple(int(i) for i in place)
        if len(spot) != len(shape) or any(
            not -n <= i < n for i, n in zip(spot, shape, strict=True)
        ):
            raise AxisError(located(f"explain_step: shape {shape} has no element {index}"))
        where = f"parameter {name or found[0]}, element {spot}, step {int(last['step'])}"
        return last, spot, where


def formula_of(lines: Iterable[Line]) -> Formula:
    """Lines as a formula that prints itself."""
    from .formula import Formula  # when it is first asked for: training needs none of it

    return Formula(tuple(lines))


def table_of(rule: str, where: str, given: dict[str, float], lines: Sequence[Line]) -> StepTable:
    """The lines with the number that each gives."""
    from .formula import StepTable, evaluate

    return StepTable(rule, where, given, tuple(evaluate(lines, given)))


def _mentions(expression: str, name: str) -> bool:
    words = "".join(c if c.isalnum() or c == "_" else " " for c in expression).split()
    return name in words
