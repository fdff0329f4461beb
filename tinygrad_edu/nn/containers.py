"""Modules that hold modules, and the few that only pass their input on."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
from typing import Any, TypeVar

from .. import ops
from ..errors import AxisError, DTypeError, located
from .module import Module
from .row import MAY_STAND, passed

N = TypeVar("N", bound="Numbered")


class Numbered(Module):
    """What Sequential and ModuleList share: a list whose members are called "0", "1" and so on."""

    def __iter__(self) -> Iterator[Any]:
        places = self._places
        return iter([m for name, m in vars(self).items() if places.get(name) == "module"])

    def __len__(self) -> int:
        return len(self._modules)

    def _name(self, index: Any) -> str:
        names, i = list(self._modules), operator.index(index)
        if not -len(names) <= i < len(names):
            raise AxisError(located(f"index {i} is out of range for {len(names)} modules"))
        return names[i]

    def _renumber(self, modules: Iterable[Any]) -> None:
        self._modules.clear()
        for i, module in enumerate(modules):
            self.add_module(str(i), module)

    def __getitem__(self, index: Any) -> Any:
        return getattr(self, self._name(index))

    def __setitem__(self, index: Any, module: Any) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: Any) -> None:
        left = list(self)
        if not isinstance(index, slice):
            self._name(index)
        del left[index]
        self._renumber(left)

    def append(self: N, module: Any) -> N:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self: N, modules: Iterable[Any]) -> N:
        """Add several modules at the end."""
        if not isinstance(modules, Iterable):
            text = f"{self._get_name()}.extend should be called with an iterable, but got"
            raise DTypeError(located(f"{text} {type(modules).__name__}"))
        for module in list(modules):
            self.append(module)
        return self

    def insert(self: N, index: int, module: Any) -> N:
        """Put a module before the one at `index`; those after it get the next numbers."""
        n = len(self)
        if not -n <= index <= n:
            raise AxisError(located(f"Index out of range: {index} for {n} modules"))
        if not isinstance(module, Module):
            raise DTypeError(located(f"module should be an nn.Module, not {module!r}"))
        members = list(self)
        members.insert(index, module)
        self._renumber(members)
        return self

    def pop(self, key: Any) -> Any:
        """Take a module (or a slice of them) out."""
        taken = self[key]
        del self[key]
        return taken


class Sequential(Numbered):
    """Modules one after another.

    Parameters
    ----------
    *modules : Module, or one OrderedDict
        In the order in which they are applied; an OrderedDict gives them names.

    Examples
    --------
    >>> from tinygrad_edu.nn import Linear, ReLU
    >>> Sequential(Linear(2, 8), ReLU(), Linear(8, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=1, bias=True)
    )
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], OrderedDict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self._renumber(modules)

    def forward(self, input: Any) -> Any:
        members = vars(self)
        row: list[Any] = []  # modules that may be run at once
        for name, place in list(self._places.items()):
            if place == "module":
                module = members[name]
                if module.__class__ in MAY_STAND and module._hooks is None:
                    row.append(module)
                else:
                    input, row = module(passed(row, input)), []
        return passed(row, input)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return super().__getitem__(index)

    def __add__(self, other: Any) -> Sequential:
        return Sequential(*self, *_sequential(other))

    def __iadd__(self, other: Any) -> Sequential:
        return self.extend(_sequential(other))

    def __mul__(self, times: int) -> Sequential:
        return Sequential(*(list(self) * _positive(times)))

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Sequential:
        return self.extend(list(self) * (_positive(times) - 1))


def _sequential(other: Any) -> Sequential:
    if not isinstance(other, Sequential):
        text = "add operator supports only objects of Sequential class, but"
        raise ValueError(located(f"{text} {type(other).__name__} is given."))
    return other


def _positive(times: Any) -> int:
    if not isinstance(times, int):
        text = f"unsupported operand type(s) for *: Sequential and {type(times).__name__}"
        raise DTypeError(located(text))
    if times <= 0:
        raise ValueError(located(f"Non-positive multiplication factor {times} for Sequential"))
    return times


class ModuleList(Numbered):
    """Modules in a list, whose parameters are found. (In a plain list they are found as well.)

    Parameters
    ----------
    modules : iterable of Module, optional

    Examples
    --------
    >>> from tinygrad_edu.nn import Linear
    >>> ModuleList(Linear(4, 4) for _ in range(3))
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
    )
    """

    def __init__(self, modules: Iterable[Any] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return super().__getitem__(index)

    def __add__(self, other: Iterable[Any]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Any]) -> ModuleList:
        return self.extend(other)

    def __repr__(self) -> str:
        runs: list[list[Any]] = []  # neighbours that print alike: the first, the last, the text
        for i, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1][1] = i
            else:
                runs.append([i, i, text])
        if not runs:
            return f"{self._get_name()}()"
        lines = [
            f"({a}): {text}" if a == b else f"({a}-{b}): {b - a + 1} x {text}"
            for a, b, text in runs
        ]
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{self._get_name()}(\n  {inside}\n)"


class ModuleDict(Module):
    """Modules in a dict, whose parameters are found.

    Parameters
    ----------
    modules : mapping or iterable of (str, Module), optional

    Examples
    --------
    >>> from tinygrad_edu.nn import Linear, ReLU
    >>> ModuleDict({"hidden": Linear(2, 3), "act": ReLU()})
    ModuleDict(
      (hidden): Linear(in_features=2, out_features=3, bias=True)
      (act): ReLU()
    )
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Any) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all."""
        self._modules.clear()

    def pop(self, key: str) -> Any:
        """Take one out."""
        return self._modules.pop(key)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def items(self) -> ItemsView[str, Any]:
        """Names and modules."""
        return self._modules.items()

    def values(self) -> ValuesView[Any]:
        """The modules."""
        return self._modules.values()

    def update(self, modules: Any) -> None:
        """Set all that a mapping, or an iterable of pairs, has."""
        for key, module in pairs("ModuleDict", modules):
            self[key] = module


def pairs(name: str, given: Any) -> list[tuple[str, Any]]:
    """The (key, value) pairs of what may be a mapping, or hold pairs."""
    if isinstance(given, Mapping) or hasattr(given, "items"):
        return list(given.items())
    if not isinstance(given, Iterable):
        text = f"{name}.update should be called with an iterable of key/value pairs, but got"
        raise DTypeError(located(f"{text} {type(given).__name__}"))
    found = list(given)
    for i, pair in enumerate(found):
        if not isinstance(pair, (tuple, list)):
            text = f"{name} update sequence element #{i} should be Iterable; is"
            raise DTypeError(located(f"{text} {type(pair).__name__}"))
        if len(pair) != 2:
            text = f"{name} update sequence element #{i} has length {len(pair)}; 2 is required"
            raise ValueError(located(text))
    return [(key, value) for key, value in found]


class Identity(Module):
    """Its input. Takes any arguments, and ignores them.

    Examples
    --------
    >>> Identity(54, unused=True)(3)
    3
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        return input


class Flatten(Module):
    """Several axes as one: all but the batch, unless told otherwise.

    Parameters
    ----------
    start_dim, end_dim : int
        The first and the last of them.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> Flatten()(ones(2, 3, 4)).shape
    (2, 12)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Any) -> Any:
        return ops.flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """One axis as several.

    Parameters
    ----------
    dim : int
        The axis.
    unflattened_size : tuple of int
        The lengths it becomes; one may be -1.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> Unflatten(1, (3, 4))(ones(2, 12)).shape
    (2, 3, 4)
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        if not isinstance(unflattened_size, (tuple, list)):
            kind = type(unflattened_size).__name__
            text = f"unflattened_size must be a tuple of ints, but found type {kind}"
            raise DTypeError(located(text))
        for i, size in enumerate(unflattened_size):
            if not isinstance(size, int):
                text = "unflattened_size must be tuple of ints, but found element of type"
                raise DTypeError(located(f"{text} {type(size).__name__} at pos {i}"))
        self.dim, self.unflattened_size = dim, unflattened_size

    def forward(self, input: Any) -> Any:
        return ops.unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
