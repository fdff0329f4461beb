"""What all update rules share: parameter groups, state, a step, and how it explains itself.

A rule is a subclass with three parts: `_start` makes the state of a parameter, `_update` is the
fast code that writes one step into it, and `_lines` states the same update in symbols, for the
options in force.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from ..engine import raw, wrote
from ..engine import state as modes
from ..errors import DTypeError, located
from ..gradients import enable_grad
from ..quiet import Silence
from ..tensor import Tensor
from .explained import Explained
from .flat import Flats
from .params import check_trainable, fitted, named, ordered

quietly = Silence()


class Optimizer(Explained):
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

    # Whether `_update` works on each element by itself, and the state but for "step" is arrays of
    # the parameter's shape: many small parameters can then be updated as one.
    elementwise = False
    # State names, as they are written in formulas.
    symbols: dict[str, str] = {}

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self._state: dict[Any, dict[str, Any]] = defaultdict(dict)
        self._seen = False  # whether somebody may hold the state, and change it
        self.param_groups: list[dict[str, Any]] = []
        self.keep_last_step: bool | None = None
        self._last: dict[Any, dict[str, Any]] = {}
        self._flats = Flats()  # for each group, its small parameters as a vector
        self._elements = 0
        if isinstance(params, Tensor):
            raise DTypeError(
                located("params must be an iterable of Tensors or dicts, not a Tensor; use [p]")
            )
        if isinstance(params, MethodType):
            name = params.__name__
            raise DTypeError(located(f"params: {name} is a method; call it, as in model.{name}()"))
        if hasattr(params, "parameters"):
            raise DTypeError(located("params: pass model.parameters(), not the model itself"))
        groups = list(params)
        if not groups:
            text = f"{type(self).__name__} got an empty parameter list"
            raise ValueError(
                located(
                    f"{text}: a module has the nn.Parameters in its attributes, and a generator "
                    "such as model.parameters() gives them only once"
                )
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(dict(group) if isinstance(group, dict) else group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Train more parameters, with options of their own.

        Raises
        ------
        TypeError
            The group is no dict, or something in it no Tensor.
        ValueError
            A parameter is no leaf, or trained already, or an option makes no sense.
        """
        group = param_group
        if not isinstance(group, dict):
            raise DTypeError(located(f"param_group must be a dict, but got {type(group)}"))
        if "params" not in group:
            raise KeyError(located(f"params: a parameter group needs them; it has {list(group)}"))
        given = group["params"]
        given = [given] if isinstance(given, Tensor) else list(ordered(given))
        names, given = named(given)
        known = {id(p) for g in self.param_groups for p in g["params"]}
        for i, p in enumerate(given):
            check_trainable(i, p, known)
            known.add(id(p))
        if names:
            group["param_names"] = names
        group["params"] = given
        self._elements += sum(p._array.size for p in given)
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

    def _begin(self, group: dict[str, Any]) -> None:
        """Before the parameters of a group are updated: what a rule must know of all of them."""

    def _update(self, p: np.ndarray, g: np.ndarray, state: dict[str, Any], group: Any) -> None:
        """Write one step into `p` and `state`, never into `g`. ``state["step"]`` counts from 1."""
        raise NotImplementedError

    # ---------------------------------------------------------------- a step

    @property
    def state(self) -> dict[Any, dict[str, Any]]:
        """For each parameter a dict: its step count and its running values."""
        self._look()
        return self._state

    @state.setter
    def state(self, value: dict[Any, dict[str, Any]]) -> None:
        self._state, self._seen = value, True

    def _look(self) -> None:
        """From now on the state is what it seems to be at any moment, and so must remain."""
        if not self._seen:
            self._flats.count_steps()
            self._seen = True

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for group in self.param_groups:
            if set_to_none:
                for p in group["params"]:
                    p._grad = None
                continue
            for p in group["params"]:
                if p._grad is not None:
                    if p._grad._node is not None:
                        p._grad = p._grad.detach()
                    p._grad.zero_()

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
        before, modes.grad = modes.grad, False
        try:
            quietly.run(self._step_all)
        finally:
            modes.grad = before
        return loss

    def _step_all(self) -> None:
        keeps = self._keeps()
        for i, group in enumerate(self.param_groups):
            self._begin(group)
            done = self._flats.step(self, i, keeps)
            if len(done) < len(group["params"]):
                for p in group["params"]:
                    if p._grad is not None and id(p) not in done:
                        self._step_one(p, group, keeps)

    def _started(self, p: Any, array: np.ndarray, group: dict[str, Any]) -> dict[str, Any]:
        """The state of a parameter, begun if this is its first step."""
        state = self._state[p]
        if "step" not in state:
            for name, value in {"step": 0, **self._start(array, group)}.items():
                state.setdefault(name, value)
        return state

    def _step_one(self, p: Any, group: dict[str, Any], keeps: bool) -> None:
        array, g = p._buffer(), p._grad._array
        p._check_writeable(array)
        state = self._started(p, array, group)
        state["step"] += 1
        if not array.ndim:  # what was computed of numbers is no memory that can be written to
            for value in state.values():
                if isinstance(value, Tensor):
                    value._buffer()
        if keeps:
            before = {k: np.array(raw(v)) for k, v in state.items()}
            self._last[p] = {**before, "p": array.copy(), "g": np.array(g), "options": dict(group)}
        self._update(array, g, state, group)
        wrote(array)

    # ---------------------------------------------------------------- saving

    def __getstate__(self) -> dict[str, Any]:
        # A copy has parameters of its own, which are put side by side anew.
        self._look()
        self._flats.hand_over(self._last)
        return {**vars(self), "_flats": None, "_last": {**self._last}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _flats=Flats())

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
            The groups, the options or the shapes are not those of this optimizer.
        """
        for key in ("param_groups", "state"):
            if key not in state_dict:
                raise KeyError(
                    located(f"load_state_dict: {key} is missing; it has {[*state_dict]}")
                )
        saved = copy.deepcopy({key: state_dict[key] for key in ("param_groups", "state")})
        groups = saved["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError(
                located(
                    f"load_state_dict: {len(groups)} parameter groups in the state dict, "
                    f"{len(self.param_groups)} here"
                )
            )
        place: dict[int, tuple[Any, dict[str, Any]]] = {}
        for i, (theirs, ours) in enumerate(zip(groups, self.param_groups, strict=True)):
            if len(theirs["params"]) != len(ours["params"]):
                raise ValueError(
                    located(
                        f"load_state_dict: group {i} has {len(theirs['params'])} parameters in "
                        f"the state dict, {len(ours['params'])} here"
                    )
                )
            surplus = sorted(set(theirs) - set(ours) - _FOREIGN)
            if surplus:
                raise ValueError(
                    located(
                        f"load_state_dict: group {i} has options that {type(self).__name__} does "
                        f"not know: {surplus}; it was saved by another rule"
                    )
                )
            theirs.update(
                params=ours["params"], **{k: v for k, v in ours.items() if k not in theirs}
            )
            self._check(theirs)
            numbers = state_dict["param_groups"][i]["params"]
            place.update({n: (p, theirs) for n, p in zip(numbers, ours["params"], strict=True)})
        state: dict[Any, dict[str, Any]] = defaultdict(dict)
        for number, values in saved["state"].items():
            if number not in place:
                raise ValueError(
                    located(f"load_state_dict: state of an unknown parameter {number}")
                )
            p, group = place[number]
            state[p] = fitted(values, p, self._shapes(p, group))
            if state[p]:  # PyTorch's SGD counts no steps; what has a state has made one
                state[p].setdefault("step", 1)
        for theirs, ours in zip(groups, self.param_groups, strict=True):
            ours.update(theirs)
        self.state = state
        self._last = {}
        self._flats.clear()

    def _shapes(self, p: Any, group: dict[str, Any]) -> dict[str, tuple[int, ...]]:
        """The shapes that the state of a parameter must have."""
        start = self._start(np.zeros(p.shape, p.dtype), group)
        return {k: raw(v).shape for k, v in start.items() if isinstance(raw(v), np.ndarray)}

    def __repr__(self) -> str:
        rows = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            rows.append(f"Parameter Group {i}")
            rows += [f"    {k}: {v}" for k, v in sorted(group.items()) if k != "params"]
        return "\n".join([*rows, ")"])


def refuse_switches(**switches: Any) -> None:
    """Take PyTorch's arguments that only choose how a step is run; refuse a recorded step."""
    if switches.get("differentiable"):
        raise ValueError(
            located("differentiable: True is not supported: steps are not recorded; leave it False")
        )


# What schedules, and PyTorch's own implementations, add to a group.
_FOREIGN = frozenset(
    [
        "params",
        "param_names",
        "initial_lr",
        "max_lr",
        "min_lr",
        "base_momentum",
        "max_momentum",
        "foreach",
        "fused",
        "capturable",
        "differentiable",
        "decoupled_weight_decay",
        "swa_lr",
    ]
)


def _number(name: str, value: Any) -> float:
    """An option as a finite number."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise DTypeError(located(f"Invalid {name}: {value!r}; it must be a number")) from None
    if not np.isfinite(number):
        raise ValueError(located(f"Invalid {name} value: {value}; it must be finite"))
    return number


def at_least_0(group: dict[str, Any], *names: str) -> None:
    """Refuse negative options."""
    for name in names:
        if not _number(name, group[name]) >= 0:
            raise ValueError(located(f"Invalid {name} value: {group[name]}; it must be >= 0"))


def fractions(group: dict[str, Any], name: str, values: Sequence[float] | None = None) -> None:
    """Refuse decay rates outside [0, 1)."""
    for i, value in enumerate(values if values is not None else [group[name]]):
        if not 0 <= _number(name, value) < 1:
            where = f" at index {i}" if values is not None else ""
            raise ValueError(
                located(f"Invalid {name} parameter{where}: {value}; it must be in [0, 1)")
            )


def one_of(group: dict[str, Any], name: str, allowed: Sequence[Any]) -> None:
    """Refuse an unknown choice."""
    if group[name] not in allowed:
        raise ValueError(located(f"Invalid {name}: {group[name]!r}; it must be one of {allowed}"))
