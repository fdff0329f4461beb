"""What a function's signature and bytecode tell the engine.

Which input is which when an op is called with keywords; and what a derivative formula reads, so
that only this is kept for backward.
"""

from __future__ import annotations

import dis
import functools
import inspect
import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .errors import bad_call, bad_formula

# For each input, and last for the result: 0 unread, 1 only its shape, 2 its value.
Levels = list[int]

_SHAPE_ONLY = frozenset({"shape", "dtype", "ndim", "size"})


def bind_call(op: Any, args: tuple, params: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Put inputs that were given by keyword in their place."""
    try:
        bound = inspect.signature(op.forward).bind(*args, **params)
    except TypeError as error:
        raise bad_call(op, error) from None
    return bound.args, bound.kwargs


def check_formulas(op: Any, formulas: Iterable[Any]) -> None:
    """Raise unless each of `formulas` can be called as ``f(g, out, *inputs, **params)``."""
    for i, formula in enumerate(formulas):
        code = getattr(formula, "__code__", None)
        if code is None or code.co_flags & inspect.CO_VARARGS:
            continue
        start = int(inspect.ismethod(formula))
        given = code.co_varnames[start : code.co_argcount]
        count, optional = 2 + len(op.inputs), len(formula.__defaults__ or ())
        extra = given[count : len(given) - optional] if op.inputs else ()
        if op.inputs and (len(given) < count or not op.options.issuperset(extra)):
            raise bad_formula(op, i, given)


class Meta:
    """The shape and dtype of an array that a formula does not read, so it was not kept."""

    __slots__ = ("dtype", "shape")

    def __init__(self, value: Any) -> None:
        self.shape: tuple[int, ...] = value.shape
        self.dtype: np.dtype = value.dtype

    @classmethod
    def of(cls, shape: tuple[int, ...], dtype: np.dtype) -> Meta:
        """That of an array which there is not."""
        new = object.__new__(cls)
        new.shape, new.dtype = shape, dtype
        return new

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


class Each:
    """Looks like a sequence of formulas, one per input, for ops with any number of inputs."""

    def __init__(self, formula: Callable[..., Any]) -> None:
        self.formula = formula

    def __getitem__(self, i: int) -> Callable[..., Any]:
        return functools.partial(self.formula, i)


def levels_needed(op: Any, edges: Sequence[Any]) -> Levels:
    """What the formulas of `op` read that backward will call: where an edge is not None."""
    wanted = [i for i, edge in enumerate(edges) if edge is not None]
    if isinstance(op.formulas, Each):
        wanted = wanted[:1]  # all of them are one function
    return levels_read([op.joint] if op.joint else [op.formulas[i] for i in wanted], len(edges))


def reads(op: Any, node: Any) -> list[tuple[int, Any]]:
    """Places and values of the inputs, the result and the options of a node that will be read."""
    rows = zip([*node.saved, node.out], levels_needed(op, node.edges), strict=True)
    read = [(i, value) for i, (value, level) in enumerate(rows) if level == 2]
    options = [v for p in node.params.values() for v in (p if isinstance(p, tuple) else (p,))]
    return [*read, *enumerate(options, len(node.edges) + 1)]


def kept_for(op: Any, edges: Sequence[Any]) -> tuple[list[int], bool]:
    """The inputs that these formulas do not read, and whether they read the result."""
    *levels, out = levels_needed(op, edges)
    return [i for i, level in enumerate(levels) if level < 2], out == 2


def levels_read(formulas: Iterable[Any], inputs: int) -> Levels:
    """The highest level at which any of `formulas` ``f(g, out, *inputs)`` reads each argument."""
    out, *rest = [0] * (inputs + 1)
    for formula in formulas:
        f_out, *f_rest = _one(formula, inputs + 1)
        out, rest = max(out, f_out), [max(a, b) for a, b in zip(rest, f_rest, strict=True)]
    return [*rest, out]


def _one(formula: Any, count: int) -> Levels:
    """What one formula reads of the result and the inputs, in this order."""
    if formula is None:
        return [0] * count
    given = 0
    if isinstance(formula, functools.partial):
        given, formula = len(formula.args), formula.func
    code = getattr(formula, "__code__", None)
    if code is None:
        return [2] * count
    start = 1 + given + inspect.ismethod(formula)  # past `g`, what is bound, and `self`
    names, rest = list(code.co_varnames[start : code.co_argcount]), None
    if code.co_flags & inspect.CO_VARARGS:
        rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount]
        names = (names + [rest] * count)[:count]
    if len(names) < count:  # it can't be called at all; calling it says why
        return [2] * count
    names = names[:count]
    levels = dict.fromkeys(names, 0)
    for step, after in itertools.pairwise(dis.get_instructions(code)):
        # One instruction may load two variables; an attribute is then taken of the second.
        loaded = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        for name in loaded if "LOAD" in step.opname else ():
            if name in levels:
                taken = after.opname == "LOAD_ATTR" and name == loaded[-1] and name != rest
                shape_only = taken and after.argval in _SHAPE_ONLY
                levels[name] = max(levels[name], 1 if shape_only else 2)
    return [levels[name] for name in names]
