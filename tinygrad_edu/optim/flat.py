"""Many small parameters as one vector: a step costs the same few NumPy calls for all of them.

The parameters of a group that are small, of one dtype and have a gradient become views of one
buffer; so does what the rule keeps for each. A rule that works element by element then runs once,
on vectors. Nobody can tell: values, states and gradients stay where they were looked for, and a
parameter whose memory somebody else holds is left where it is. Whatever is exchanged behind the
optimizer's back (a parameter's ``.data``, a state) is noticed at the next step.
"""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ..engine import box, enter, page, version
from ..tensor import Tensor

# A larger parameter gains nothing: its arithmetic takes longer than the calls.
LARGEST = 1 << 14


class Flat:
    """Some parameters of a group as one vector, with their state.

    Attributes
    ----------
    p : numpy.ndarray
        The values of all.
    state : dict
        The state as the rule sees it: ``step``, and a vector under each name.
    places : dict
        The number of each parameter, by its id.
    record : tuple or None
        Number and options of the last step of which was kept what it started from; None if there
        is none, or it was handed over.
    """

    def __init__(
        self, params: list[Any], states: dict[Any, dict[str, Any]], group: Sequence[Any]
    ) -> None:
        self.params = params
        self.places = {id(p): i for i, p in enumerate(params)}
        self.record: tuple[int, dict[str, Any]] | None = None
        self.before: dict[str, np.ndarray] = {}  # the values and the state that it started from
        self.copies: list[tuple[np.ndarray, np.ndarray]] = []  # what to copy where, to keep them
        self.shapes = [p._array.shape for p in params]
        dtype = params[0]._array.dtype
        self.p = np.empty(sum(p._array.size for p in params), dtype)
        self.g = np.empty_like(self.p)
        self.ends = np.cumsum([p._array.size for p in params]).tolist()
        # A view of raw memory counts as the owner of its part of it: a write to one parameter is
        # no write to its neighbours.
        self.owners = [np.frombuffer(memory, dtype) for memory in self._cut(self.p.data)]
        self.pages = [page(owner) for owner in self.owners]
        self.states = [states[p] for p in params]
        first = self.states[0]
        self.state: dict[str, Any] = {"step": first["step"]}
        for name, value in first.items():
            if name != "step":
                self.state[name] = box(np.empty(self.p.size, value._array.dtype))
        self.count, numbers = len(group), {id(p): i for i, p in enumerate(group)}
        self.rows: list[Any] = []  # what must be there at the next step; where its gradient goes
        for p, owner, slope in zip(params, self.owners, self._cut(self.g), strict=True):
            page(owner)[2] = version(p._array)
            values = owner.reshape(p._array.shape)
            values[...] = p._array
            p._array = values
            self.rows.append((p, numbers[id(p)], values, slope.reshape(values.shape)))
        self.kept: list[Any] = []
        self.vectors: list[tuple[str, np.ndarray]] = []
        for name in list(self.state):
            if name != "step":
                self._adopt(name)

    def _cut(self, vector: Any) -> list[Any]:
        """The parts of a vector that belong to the parameters."""
        return [vector[a:b] for a, b in zip([0, *self.ends], self.ends, strict=False)]

    def _adopt(self, name: str) -> None:
        """Let the states of the parameters be views of the vector of this name."""
        self.vectors.append((name, self.state[name]._array))
        parts = self._cut(self.state[name]._array)
        for part, shape, own in zip(parts, self.shapes, self.states, strict=True):
            part = part.reshape(shape)
            if name in own:
                part[...] = own[name]._array
            else:
                own[name] = box(part)
            own[name]._array = part
            self.kept.append((own, name, own[name], part))

    def holds(self, states: dict[Any, dict[str, Any]]) -> bool:
        """Whether the states are still where they were left."""
        step = self.state["step"]
        for p, own in zip(self.params, self.states, strict=True):
            if states.get(p) is not own or own["step"] != step:
                return False
        for own, name, tensor, part in self.kept:
            if own.get(name) is not tensor or tensor._array is not part:
                return False
        return True

    def gather(self, group: Sequence[Any]) -> bool:
        """Copy all gradients.

        False if one is missing or of another dtype, a value exchanged, or the group's list not
        what it was.
        """
        dtype = self.p.dtype
        if len(group) != self.count:
            return False
        try:
            for p, i, values, slope in self.rows:
                g = p._grad._array
                if p._array is not values or group[i] is not p or g.dtype is not dtype:
                    return False
                slope[...] = g
        except AttributeError:
            return False  # there is no gradient
        return True

    def step(self, rule: Any, group: dict[str, Any], keeps: bool) -> None:
        """Run the rule once on what was gathered."""
        step = self.state["step"] + 1
        self.state["step"] = step
        for own in self.states:
            own["step"] = step
        if keeps:
            if len(self.copies) <= len(self.vectors):
                for name, vector in [("p", self.p), *self.vectors][len(self.copies) :]:
                    self.before[name] = np.empty_like(vector)
                    self.copies.append((self.before[name], vector))
            for old, vector in self.copies:
                old[...] = vector
            self.record = step, group.copy()
        known = len(self.state)
        rule._update(self.p, self.g, self.state, group)
        if len(self.state) > known:  # an option changed, and asks for more
            for name in list(self.state)[known:]:
                self._adopt(name)
        enter(self.pages)

    def hand_over(self, last: dict[Any, dict[str, Any]]) -> None:
        """Move what the last kept step of each parameter started from to `last`."""
        if self.record is None:
            return
        (step, options), self.record = self.record, None
        for p in self.params:
            last[p] = {"step": np.array(step), "options": options}
        for name, value in {**self.before, "g": self.g}.items():
            for p, part, shape in zip(self.params, self._cut(value), self.shapes, strict=True):
                last[p][name] = part.reshape(shape).copy()


def flatten(params: Sequence[Any], states: dict[Any, dict[str, Any]]) -> Flat | None:
    """The parameters of a group that may be put side by side; None if there are not two."""
    chosen: list[Any] = []
    for p in params:
        if p._grad is not None and may_move(p) and _alike(p, [*chosen[:1], p], states):
            chosen.append(p)
    return Flat(chosen, states, params) if len(chosen) > 1 else None


def may_move(p: Any) -> bool:
    """Whether a parameter is small, and its memory known to nobody but itself."""
    array = p._array
    if not isinstance(array, np.ndarray) or not 0 < array.size <= LARGEST or not array.ndim:
        return False
    if array.dtype.char not in "fd" or not array.flags.writeable:
        return False
    base = array.base
    if base is not None:  # as another optimizer's buffer may be left, once that is gone
        whole = isinstance(base, np.ndarray) and isinstance(base.base, (memoryview, type(None)))
        if not whole or getrefcount(base) > _BASE:
            return False
    return getrefcount(array) <= _ARRAY


def _alike(p: Any, pair: list[Any], states: dict[Any, dict[str, Any]]) -> bool:
    """Whether a parameter can stand beside the first: in dtype, step and what is kept of it."""
    first = pair[0]
    ours, theirs = states[p], states[first]
    if p._array.dtype != first._array.dtype or ours.keys() != theirs.keys():
        return False
    shape = p._array.shape
    return all(
        value.__class__ is int and value == theirs[name]
        if name == "step"
        else isinstance(value, Tensor) and (value.shape, value.dtype) == (shape, theirs[name].dtype)
        for name, value in ours.items()
    )


class _Probe:
    """Counts the references to an array that nobody else has, as `may_move` sees them."""

    def __init__(self) -> None:
        self._array: Any = np.frombuffer(np.empty(2).data, np.float64).reshape(1, 2)

    def counts(self) -> tuple[int, int]:
        array = self._array
        base = array.base
        return getrefcount(array), getrefcount(base)


_ARRAY, _BASE = _Probe().counts()
