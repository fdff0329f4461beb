"""Many small parameters as one vector: a step costs the same few NumPy calls for all of them.

The parameters of a group that are small, of one dtype and have a gradient become views of one
buffer; so does what the rule keeps for each. A rule that works element by element then runs once,
on vectors. Nobody can tell: values, states and gradients stay where they were looked for, and a
parameter whose memory somebody else holds is left where it is. Whatever is exchanged behind the
optimizer's back (a parameter's ``.data``, a state) is noticed at the next step.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ..engine import box, enter, pages, version
from ..tensor import Tensor

# A larger parameter gains nothing: its arithmetic takes longer than the calls.
LARGEST = 1 << 14
# How often small parameters are put side by side anew, after somebody exchanged one.
_TRIES = 16


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
        self.ends = np.cumsum([p._array.size for p in params]).tolist()
        self.states = [states[p] for p in params]
        first = self.states[0]
        dtype = params[0]._array.dtype
        # What has the dtype of the values is one piece of memory with them: that is copied as one.
        alike = [k for k, value in first.items() if k != "step" and value.dtype == dtype]
        self.names = ["p", *alike]
        self.block = np.empty((len(self.names), self.ends[-1]), dtype)
        self.p, *vectors = self.block
        self.g = np.empty_like(self.p)
        # A view of raw memory counts as the owner of its part of it: a write to one parameter is
        # no write to its neighbours.
        self.owners = [np.frombuffer(memory, dtype) for memory in self._cut(self.p.data)]
        self.page = [0, 0]  # of the books of writes, for all
        self.state: dict[str, Any] = {"step": first["step"]}
        self.told = first["step"]  # how many steps the states know of
        for name, vector in zip(alike, vectors, strict=True):
            self.state[name] = box(vector)
        for name, value in first.items():
            if name not in self.state:
                self.state[name] = box(np.empty(self.p.size, value.dtype))
        self.count, numbers = len(group), {id(p): i for i, p in enumerate(group)}
        self.rows: list[Any] = []  # what must be there at the next step; where its gradient goes
        for p, owner, slope in zip(params, self.owners, self._cut(self.g), strict=True):
            pages(owner)[0][1] = version(p._array)
            pages(owner).append(self.page)
            values = owner.reshape(p._array.shape)
            values[...] = p._array
            p._array = values
            self.rows.append((p, numbers[id(p)], values, slope.reshape(values.shape)))
        self.kept: list[Any] = []
        self.vectors: list[tuple[str, np.ndarray]] = []
        for name in self.state:
            if name != "step":
                self._adopt(name)

    def _cut(self, vector: Any) -> list[Any]:
        """The parts of a vector that belong to the parameters."""
        return [vector[a:b] for a, b in zip([0, *self.ends], self.ends, strict=False)]

    def _adopt(self, name: str) -> None:
        """Let the states of the parameters be views of the vector of this name."""
        vector = self.state[name]._array
        self.vectors.append((name, vector))
        for memory, shape, own in zip(
            self._cut(vector.data), self.shapes, self.states, strict=True
        ):
            part = np.frombuffer(memory, vector.dtype).reshape(shape)
            if name in own:
                part[...] = own[name]._array
            else:
                own[name] = box(part)
            own[name]._array = part
            self.kept.append((own, name, own[name], part))

    def count_steps(self) -> None:
        """Tell the states how many steps there were, unless they know."""
        if self.told != self.state["step"]:
            self.told = self.state["step"]
            for own in self.states:
                own["step"] = self.told

    def holds(self, states: dict[Any, dict[str, Any]]) -> bool:
        """Whether the states are still where they were left."""
        step = self.state["step"]
        for p, own in zip(self.params, self.states, strict=True):
            if states.get(p) is not own or own.get("step") != step:
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
        if rule._seen:
            self.count_steps()
        if keeps:
            if len(self.before) <= len(self.vectors):
                self._keep_more()
            for old, vector in self.copies:
                old[...] = vector
            self.record = step, group.copy()
        known = len(self.state)
        rule._update(self.p, self.g, self.state, group)
        if len(self.state) > known:  # an option changed, and asks for more
            for name in list(self.state)[known:]:
                self._adopt(name)
        enter(self.page)

    def _keep_more(self) -> None:
        """Make room for what a step starts from."""
        if not self.copies:
            old = np.empty_like(self.block)
            self.copies.append((old, self.block))
            self.before.update(zip(self.names, old, strict=True))
        for name, vector in self.vectors:
            if name not in self.before:
                self.before[name] = np.empty_like(vector)
                self.copies.append((self.before[name], vector))

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


class Flats(list["Flat | None"]):
    """For each group of an optimizer its small parameters as a vector; empty until the first step.

    Attributes
    ----------
    tries : int
        How often parameters were put side by side.
    """

    tries = 0

    def step(self, rule: Any, i: int, keeps: bool) -> Collection[int]:
        """Update the small parameters of a group; gives the ids of those that are done."""
        groups = rule.param_groups
        wanted = len(groups) if rule.elementwise else 0
        if len(self) != wanted:
            self._part(rule)
            self[:] = [None] * wanted
        if not wanted:
            return ()
        group, flat = groups[i], self[i]
        if not keeps and flat is not None:
            flat.hand_over(rule._last)  # gathering writes over its gradients
        if (
            flat is None
            or (rule._seen and not flat.holds(rule._state))
            or not flat.gather(group["params"])
        ):
            self._part(rule)
            flat = self[i] = None  # lets go of the memory, which may then be moved again
            flat = self._flattened(rule, group)
            if flat is None:
                return ()
            self[i] = flat
        flat.step(rule, group, keeps)
        return flat.places

    def _part(self, rule: Any) -> None:
        """Before parameters go their own ways: each is to have what is known of it."""
        self.hand_over(rule._last)
        if not rule._seen:
            self.count_steps()

    def _flattened(self, rule: Any, group: dict[str, Any]) -> Flat | None:
        """The parameters of a group as a vector, with what was gathered; None if not possible."""
        if self.tries == _TRIES:
            return None
        self.tries += 1
        for p in group["params"]:
            if p._grad is not None:
                rule._started(p, p._buffer(), group)
        flat = flatten(group["params"], rule._state)
        return None if flat is None or not flat.gather(group["params"]) else flat

    def hand_over(self, last: dict[Any, dict[str, Any]]) -> None:
        """Let `last` have what the vectors keep."""
        for flat in self:
            if flat is not None:
                flat.hand_over(last)

    def count_steps(self) -> None:
        """Let the states know what the vectors counted."""
        for flat in self:
            if flat is not None:
                flat.count_steps()


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
    if array.dtype.char not in "fd" or not (array.flags.writeable and array.flags.c_contiguous):
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
