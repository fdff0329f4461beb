"""Parameters in a list or a dict that is a module."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, KeysView
from typing import Any

from ..errors import AxisError, DTypeError, located
from ..tensor import Tensor
from .containers import pairs
from .module import Module
from .parameter import Parameter


def _wrapped(value: Any) -> Any:
    """A plain tensor as a parameter; anything else is kept as it is."""
    return Parameter(value) if type(value) is Tensor else value


def _described(key: Any, value: Any, kind: str) -> str:
    if not isinstance(value, Tensor):
        return f"  ({key}): Object of type: {type(value).__name__}"
    name = "Parameter" if isinstance(value, Parameter) else "Tensor"
    size = "x".join(map(str, value.shape))
    return f"  ({key}): {name} containing: [{kind} of size {size}]"


class ParameterList(Module):
    """Parameters in a list; tensors become parameters, other values are only kept.

    Parameters
    ----------
    values : iterable, optional

    Examples
    --------
    >>> from tinygrad_edu import zeros
    >>> weights = ParameterList([zeros(2, 3), zeros(3)])
    >>> [(name, p.shape) for name, p in weights.named_parameters()]
    [('0', (2, 3)), ('1', (3,))]
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name(self, index: Any) -> str:
        i = operator.index(index)
        if not -self._size <= i < self._size:
            raise AxisError(located(f"index {i} is out of range for {self._size} parameters"))
        return str(i % self._size)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._name(index))

    def __setitem__(self, index: Any, param: Any) -> None:
        setattr(self, self._name(index), _wrapped(param))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([vars(self)[str(i)] for i in range(self._size)])

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end."""
        setattr(self, str(self._size), _wrapped(value))
        self._size += 1
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add several values at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            text = "ParameterList.extend should be called with an iterable, but got"
            raise DTypeError(located(f"{text} {type(values).__name__}"))
        for value in list(values):
            self.append(value)
        return self

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def extra_repr(self) -> str:
        dtypes = [f"torch.{value.dtype}" if isinstance(value, Tensor) else "" for value in self]
        lines = [_described(i, *both) for i, both in enumerate(zip(self, dtypes, strict=True))]
        return "\n".join(lines)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(located("ParameterList should not be called."))


class ParameterDict(Module):
    """Parameters in a dict; tensors become parameters, other values are only kept.

    Parameters
    ----------
    parameters : mapping or iterable of (str, value), optional

    Examples
    --------
    >>> from tinygrad_edu import zeros
    >>> gates = ParameterDict({"left": zeros(2), "right": zeros(3)})
    >>> [(name, p.shape) for name, p in gates.named_parameters()]
    [('left', (2,)), ('right', (3,))]
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            kind = type(key).__name__
            raise DTypeError(located(f"a key of ParameterDict must be a string, not {kind} {key}"))
        if not key or "." in key or (key not in self._keys and hasattr(self, key)):
            text = "ParameterDict: a key can't be empty, contain '.', or be the name of a method"
            raise KeyError(located(f"{text}, as {key!r} does"))
        setattr(self, key, _wrapped(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Another dict of the same parameters."""
        return ParameterDict(self.items())

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is set first if it is not there."""
        if key not in self:
            self[key] = default
        return self[key]

    def clear(self) -> None:
        """Remove all."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take one out."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last one out, with its key."""
        if not self._keys:
            raise KeyError("popitem(): the ParameterDict is empty")
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return self[key] if key in self else default  # noqa: SIM401

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dict with the same value for each key."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """The keys."""
        return self._keys.keys()

    def items(self) -> list[tuple[str, Any]]:
        """Keys and values."""
        return [(key, self[key]) for key in self._keys]

    def values(self) -> list[Any]:
        """The values."""
        return [self[key] for key in self._keys]

    def update(self, parameters: Any) -> None:
        """Set all that a mapping, or an iterable of pairs, has; a plain dict in sorted order."""
        found = pairs("ParameterDict", parameters)
        for key, value in sorted(found, key=lambda p: p[0]) if type(parameters) is dict else found:
            self[key] = value

    def __or__(self, other: Any) -> ParameterDict:
        new = self.copy()
        new.update(other)
        return new

    def __ror__(self, other: Any) -> ParameterDict:
        new = ParameterDict(other)
        new.update(self)
        return new

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        return "\n".join(
            _described(key, value, value.type() if isinstance(value, Tensor) else "")
            for key, value in self.items()
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(located("ParameterDict should not be called."))
