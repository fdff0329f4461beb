"""What a function holds besides its arguments: tensors and generators of random numbers.

A model that a function reaches through its closure has parameters in float32, as a rule, and a
check in float64 would stop at the first product with one of them. So they are found, and lifted
for as long as the check lasts.
"""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import is_tensor
from ..random import Generator, default_generator

# Objects looked at before the search gives up: a function may reach half of the interpreter.
_LIMIT = 10_000
_HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_ATOMS = (str, bytes, int, float, complex, type(None), type, types.ModuleType, np.ndarray)


def captured(holder: Any, kinds: Callable[[Any], bool] = is_tensor) -> list[Any]:
    """Every object of some kind that `holder` refers to, each once.

    Parameters
    ----------
    holder : object
        A function (its closure, defaults and the globals it names are followed), a method, a
        module, or a container of such.
    kinds : callable
        Says whether an object is one that is looked for.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([2.0])
    >>> [t is w for t in captured(lambda x: x * w)]
    [True]
    """
    found: list[Any] = []
    seen: set[int] = set()
    stack = [holder]
    keep = []  # an object made on the way must live, or its id would be used again
    while stack and len(seen) < _LIMIT:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        keep.append(item)
        if kinds(item):
            found.append(item)
        elif not isinstance(item, _ATOMS):
            stack.extend(_held(item))
    return found


def _held(item: Any) -> Iterable[Any]:
    """What an object refers to by name, as far as a reader of the source would see it."""
    if isinstance(item, dict):
        return list(item.values())
    if isinstance(item, (list, tuple, set, frozenset)):
        return list(item)
    if isinstance(item, types.FunctionType):
        return _of_function(item)
    if isinstance(item, types.MethodType):
        return [item.__self__, item.__func__]
    if isinstance(item, functools.partial):
        return [item.func, *item.args, *item.keywords.values()]
    if is_tensor(item):
        return []
    values = list(getattr(item, "__dict__", {}).values())
    methods = [getattr(type(item), name, None) for name in ("__call__", "forward")]
    return [*values, *(m for m in methods if isinstance(m, types.FunctionType))]


def _of_function(function: types.FunctionType) -> list[Any]:
    if function.__code__.co_filename.startswith(_HOME):
        return _cells(function)  # globals of this package are no part of the user's model
    names = function.__code__.co_names
    named = [function.__globals__[n] for n in names if n in function.__globals__]
    defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    return [*_cells(function), *defaults, *named]


def _cells(function: types.FunctionType) -> list[Any]:
    found = []
    for cell in function.__closure__ or ():
        try:
            found.append(cell.cell_contents)
        except ValueError:  # a variable that was not assigned yet
            continue
    return found


@contextmanager
def lifted(tensors: Iterable[Any]) -> Iterator[int]:
    """Let tensors hold float64 copies of their arrays; how many were of another precision.

    All of them are copied, so that a buffer that is written to (the running statistics of a batch
    norm) has its own array back afterwards, untouched.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([2.0])
    >>> with lifted([w]) as many:
    ...     many, w.dtype
    (1, dtype('float64'))
    >>> w.dtype
    dtype('float32')
    """
    own = [(t, t._array, t._grad) for t in tensors]
    try:
        many = 0
        for tensor, array, _ in own:
            if array.dtype.kind == "f":
                many += array.dtype != np.float64
                tensor._array = np.array(array, np.float64)
            else:
                tensor._array = np.array(array)
        yield many
    finally:
        for tensor, array, gradient in own:
            tensor._array, tensor._grad = array, gradient


def _is_generator(item: Any) -> bool:
    return isinstance(item, (Generator, np.random.Generator))


class Draws:
    """The states of all generators a model may draw from, to draw the same in every call.

    Parameters
    ----------
    holder : object
        Where generators are looked for, besides the default one.
    legacy : bool
        Whether NumPy's old global generator is one of them.

    Attributes
    ----------
    used : bool
        Whether anything was drawn between a `rewind` and the next.
    """

    def __init__(self, holder: Any, legacy: bool = True) -> None:
        self.legacy = legacy
        own = [default_generator, *captured(holder, _is_generator)]
        self.sources = [g.numpy if isinstance(g, Generator) else g for g in own]
        self.states = self._now()
        self.used = False

    def _now(self) -> list[Any]:
        states = [dict(source.bit_generator.state) for source in self.sources]
        return [*states, np.random.get_state() if self.legacy else None]

    def rewind(self) -> None:
        """Put every generator back to where it was."""
        self.used = self.used or repr(self._now()) != repr(self.states)
        for source, state in zip(self.sources, self.states, strict=False):
            source.bit_generator.state = state
        if self.legacy:
            np.random.set_state(self.states[-1])
