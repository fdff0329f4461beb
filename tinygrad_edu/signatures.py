"""What a function's signature and bytecode tell the engine.

Which input is which when an op is called with keywords; and what a derivative formula reads, so
that only this is kept for backward.
"""

from __future__ import annotations

import dis
import inspect
import itertools
from collections.abc import Iterable
from typing import Any

from .errors import bad_call, bad_formula

Levels = list[
    int
]  # for each input, and last for the result: 0 unread, 1 only its shape, 2 its value

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


def levels_read(formulas: Iterable[Any], inputs: int) -> Levels:
    """The highest level at which any of `formulas` ``f(g, out, *inputs)`` reads each argument."""
    out, *rest = [0] * (inputs + 1)
    for formula in formulas:
        f_out, *f_rest = _one(formula, inputs + 1)
        out, rest = max(out, f_out), [max(a, b) for a, b in zip(rest, f_rest, strict=True)]
    return [*rest, out]


def _one(formula: Any, count: int) -> Levels:
    if formula is None:
        return [0] * count
    code = getattr(formula, "__code__", None)
    if code is None or code.co_flags & inspect.CO_VARARGS:
        return [2] * count
    start = 2 if inspect.ismethod(formula) else 1  # past `g`, and past the `self` of a method
    names = code.co_varnames[start : start + count]
    if start + count > code.co_argcount:  # it can't be called at all; calling it says why
        return [2] * count
    levels = dict.fromkeys(names, 0)
    steps = list(dis.get_instructions(code))
    for step, after in itertools.pairwise(steps):
        # One instruction may load two variables; an attribute is then taken of the second.
        loaded = step.argval if isinstance(step.argval, tuple) else (step.argval,)
        for name in loaded if "LOAD" in step.opname else ():
            if name in levels:
                taken = after.argval if after.opname == "LOAD_ATTR" and name == loaded[-1] else None
                levels[name] = max(levels[name], 1 if taken in _SHAPE_ONLY else 2)
    return [levels[name] for name in names]
