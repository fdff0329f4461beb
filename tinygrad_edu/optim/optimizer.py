"""What all update rules share: parameter groups, state, a step, and how it explains itself.

A rule is a subclass with three parts: `_start` makes the state of a parameter, `_update` is the
fast code that writes one step into it, and `_lines` states the same update in symbols, for the
options in force.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..engine import box, raw, wrote
from ..errors import DTypeError, GradientError, ShapeError, located
from ..gradients import enable_grad, no_grad
from ..tensor import Tensor
from .formula import Formula, Line, StepTable, evaluate

# Up to this many elements, what a step started from is kept for `explain_step` without asking.
_FEW = 4096


class Optimizer:
    """Parameters in groups with options of their own, and a state per parameter.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dicts
        What to train. A dict is a group: ``params`` and the options that differ for it.
    defaults : dict
        The options of groups that do not set them.

    Attributes
    ----------
    param_groups : list of dict
        The groups; changing ``group["lr"]`` takes effect at the next step.
    state : dict
        For each parameter a dict: its step count and its running values, under PyTorch's names.
    keep_last_step : bool or None
        Whether a step remembers what it started from, for `explain_step`. None: if there are few
        parameters (4096).
    """

    # State names, as they are written in formulas.
    symbols: dict[str, str] = {}

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: dict[Any, dict[str, Any]] = {}
        self.param_groups: list[dict[str, Any]] = []
        self.keep_last_step: bool | None = None
        self._last: dict[Any, dict[str, Any]] = {}
        if isinstance(params, Tensor):
            raise DTypeError(
                located("params must be an iterable of Tensors or dicts, not a Tensor; use [p]")
            )
        groups = list(params)
        if not groups:
            raise ValueError(located(f"{type(self).__name__} got an empty parameter list"))
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Train more parameters, with options of their own."""
        group = param_group
        given = group["params"]
        given = [given] if isinstance(given, Tensor) else list(given)
        if given and isinstance(given[0], tuple):
            group["param_names"] = [name for name, _ in given]
            given = [p for _, p in given]
        group["params"] = given
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(given):
            if not isinstance(p, Tensor):
                raise DTypeError(
                    located(f"params: optimizers train Tensors, but number {i} is {type(p)}")
                )
            if not p.is_leaf:
                raise ValueError(
                    located(f"params: can't optimize a non-leaf Tensor: number {i}, {p.shape}")
                )
            if id(p) in known:
                raise ValueError(located(f"params: number {i}, of shape {p.shape}, appears twice"))
            known.add(id(p))
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self._check(group)
        self.param_groups.append(group)

    # ---------------------------------------------------------------- what a rule defines

    def _check(self, group: dict[str, Any]) -> None:
        """Raise ValueError on options that make no sense, with name and value."""

    def _start(self, p: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        """The state of a parameter before its first step."""
        return {}

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        """Write one step into `p` and `state`, never into `g`. ``state["step"]`` counts from 1."""
        raise NotImplementedError

    def _lines(self, group: dict[str, Any], t: int) -> list[Line]:
        """The update in symbols, for the options of a group, at step `t`."""
        raise NotImplementedError

    def _values(self, group: dict[str, Any]) -> dict[str, float]:
        """The options of a group under the names that the formula uses."""
        values = {k: v for k, v in group.items() if isinstance(v, (int, float))}
        if "betas" in group:
            values["beta1"], values["beta2"] = group["betas"]
        return values

    # ---------------------------------------------------------------- a step

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p._grad = p._grad.detach().zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the parameters once from their gradients.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew, and returns the loss.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad(), np.errstate(all="ignore"):
            keeps = self._keeps()
            for group in self.param_groups:
                for p in group["params"]:
                    if p._grad is not None:
                        self._step_one(p, group, keeps)
        return loss

    def _step_one(self, p: Any, group: dict[str, Any], keeps: bool) -> None:
        array, g = p._buffer(), p._grad._array
        state = self.state.get(p)
        if state is None:
            state = self.state[p] = {"step": 0, **self._start(array, group)}
        state["step"] += 1
        if keeps:
            before = {k: np.array(raw(v)) for k, v in state.items()}
            self._last[p] = {**before, "p": array.copy(), "g": np.array(g), "options": dict(group)}
        self._update(array, g, state, group)
        wrote(array)

    def _keeps(self) -> bool:
        if self.keep_last_step is not None:
            return self.keep_last_step
        return sum(p._array.size for g in self.param_groups for p in g["params"]) <= _FEW

    # ---------------------------------------------------------------- explanations

    def formula(self, group: int = 0) -> Formula:
        """The update in symbols, for the options in force in a group."""
        return Formula(tuple(self._lines(self.param_groups[group], t=2)))

    def explain_step(self, param: Any = 0, index: Any = None) -> StepTable:
        """The last step of one element by hand: every intermediate of the formula.

        Parameters
        ----------
        param : Tensor or int
            Which parameter.
        index : int or tuple of int, optional
            Which of its elements; that with the largest gradient unless given.
        """
        params = [p for group in self.param_groups for p in group["params"]]
        chosen = params[param] if isinstance(param, int) else param
        last = self._last.get(chosen)
        if last is None:
            raise GradientError(
                located(
                    "explain_step: no step of this parameter was kept; set keep_last_step = True "
                    "before step(), which copies parameters and state each time"
                )
            )
        place = np.unravel_index(int(np.argmax(abs(last["g"]))), last["g"].shape)
        if index is not None:
            place = index if isinstance(index, tuple) else (index,)
        values = {self.symbols[k]: float(last[k][place]) for k in self.symbols if k in last}
        options = self._values(last["options"])
        given = {"p": float(last["p"][place]), "g": float(last["g"][place]), **values}
        t = int(last["step"])
        lines = self._lines(last["options"], t)
        used = " ".join(e for _, e in lines)
        options = {k: v for k, v in options.items() if _mentions(used, k)}
        given.update({**options, "t": t})
        where = f"parameter {param}" if isinstance(param, int) else f"parameter {chosen.shape}"
        spot = tuple(int(i) for i in place)
        return StepTable(
            type(self).__name__,
            f"{where}, element {spot}, step {t}",
            given,
            tuple(evaluate(lines, given)),
        )

    # ---------------------------------------------------------------- saving

    def state_dict(self) -> dict[str, Any]:
        """The state and the groups as plain data, with numbers for parameters."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for p in group["params"]:
                numbers[id(p)] = len(numbers)
            packed = {k: v for k, v in group.items() if k != "params"}
            groups.append({**packed, "params": [numbers[id(p)] for p in group["params"]]})
        state = {numbers[id(p)]: dict(s) for p, s in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from a saved state; a dict that does not fit changes nothing.

        Raises
        ------
        ValueError
            The groups, or the shapes, are not those of this optimizer.
        """
        saved = copy.deepcopy(state_dict)
        groups = saved["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError(
                located(
                    f"load_state_dict: {len(groups)} parameter groups in the state dict, "
                    f"{len(self.param_groups)} here"
                )
            )
        place: dict[int, Any] = {}
        for i, (theirs, ours) in enumerate(zip(groups, self.param_groups, strict=True)):
            if len(theirs["params"]) != len(ours["params"]):
                raise ValueError(
                    located(
                        f"load_state_dict: group {i} has {len(theirs['params'])} parameters in "
                        f"the state dict, {len(ours['params'])} here"
                    )
                )
            place.update(zip(theirs["params"], ours["params"], strict=True))
        state = {place[k]: _fitted(v, place[k]) for k, v in saved["state"].items()}
        for theirs, ours in zip(groups, self.param_groups, strict=True):
            ours.update({k: v for k, v in theirs.items() if k != "params"})
        self.state = state
        self._last = {}

    def __repr__(self) -> str:
        rows = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            rows.append(f"Parameter Group {i}")
            rows += [f"    {k}: {v}" for k, v in sorted(group.items()) if k != "params"]
        return "\n".join([*rows, ")"])


def _mentions(expression: str, name: str) -> bool:
    words = "".join(c if c.isalnum() or c == "_" else " " for c in expression).split()
    return name in words


def _fitted(state: dict[str, Any], p: Any) -> dict[str, Any]:
    """A saved state with arrays of its own in the dtype of the parameter."""
    fitted = {}
    for name, value in state.items():
        array = raw(value)
        if isinstance(array, np.ndarray) and array.ndim:
            if array.shape != p.shape and array.size == p._array.size:
                raise ShapeError(
                    located(f"load_state_dict: {name} has shape {array.shape}, not {p.shape}")
                )
            value = box(np.array(array, p.dtype if array.dtype.kind == "f" else array.dtype))
        fitted[name] = value
    return fitted


def at_least_0(group: dict[str, Any], *names: str) -> None:
    """Refuse negative options."""
    for name in names:
        if not group[name] >= 0:
            raise ValueError(located(f"Invalid {name} value: {group[name]}; it must be >= 0"))


def fractions(group: dict[str, Any], name: str, values: Sequence[float] | None = None) -> None:
    """Refuse decay rates outside [0, 1)."""
    for i, value in enumerate(values if values is not None else [group[name]]):
        if not 0 <= value < 1:
            where = f" at index {i}" if values is not None else ""
            raise ValueError(
                located(f"Invalid {name} parameter{where}: {value}; it must be in [0, 1)")
            )


def one_of(group: dict[str, Any], name: str, allowed: Sequence[Any]) -> None:
    """Refuse an unknown choice."""
    if group[name] not in allowed:
        raise ValueError(located(f"Invalid {name}: {group[name]!r}; it must be one of {allowed}"))
