"""The values of a model by name: taken out, and put back all or nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from ..engine import box, is_tensor, wrote
from ..errors import DTypeError, InPlaceError, describe, located
from .parameter import Parameter

Keys = tuple[Any, ...]


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found to differ; both lists are empty after a strict one."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self[0]}, unexpected_keys={self[1]})"


def put(module: Any, keys: Keys, value: Any) -> None:
    """Set what stands at `keys` below the attributes of a module: a tuple is made anew."""
    holders: list[Any] = [vars(module)]
    for key in keys[:-1]:
        holders.append(holders[-1][key])
    for holder, key in zip(reversed(holders), reversed(keys), strict=True):
        if not isinstance(holder, tuple):
            holder[key] = value
            return
        items = [*holder[:key], value, *holder[key + 1 :]]
        value = type(holder)(*items) if hasattr(holder, "_fields") else tuple(items)


def slots(module: Any, persistent: bool = True) -> Iterator[tuple[str, Any, Keys, Any]]:
    """Each place of a tensor in a model: its name, the module, the keys below it, the tensor.

    A tensor that is shared comes once for each of its names, as in PyTorch's state dict. Buffers
    that are not saved are left out if `persistent`.
    """
    for path, owner in module.named_modules(remove_duplicate=False):
        start = path + "." if path else ""
        for kind in ("parameter", "buffer"):
            for name, keys, item in owner._members(kind):
                if not (persistent and name in owner._unsaved):
                    yield start + name, owner, keys, item


class Stateful:
    """What a Module can do with its state."""

    def state_dict(
        self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Any]:
        """Parameters and persistent buffers by name, in PyTorch's order.

        Parameters
        ----------
        destination : dict, optional
            Where to put them; a new one unless given.
        prefix : str
            In front of each name.
        keep_vars : bool
            The parameters themselves; else tensors without history that share their memory.

        Examples
        --------
        >>> from tinygrad_edu import nn
        >>> list(nn.Sequential(nn.Linear(2, 3)).state_dict())
        ['0.weight', '0.bias']
        """
        state = OrderedDict() if destination is None else destination
        for name, _, _, tensor in slots(self):
            state[prefix + name] = tensor if keep_vars else tensor.detach()
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Take over the values of a state dict; if one of them does not fit, none.

        Parameters
        ----------
        state_dict : mapping
            From names to tensors or arrays.
        strict : bool
            Whether the names must be exactly those of this module.
        assign : bool
            Put the given tensors in, with their dtype and memory; else copy their values.

        Returns
        -------
        IncompatibleKeys
            The named tuple ``(missing_keys, unexpected_keys)``.

        Raises
        ------
        RuntimeError
            Names are missing or unknown (if `strict`), or shapes differ. It names them all.

        Examples
        --------
        >>> from tinygrad_edu import nn, zeros
        >>> layer = nn.Linear(2, 1, bias=False)
        >>> layer.load_state_dict({"weight": zeros(1, 2)})
        <All keys matched successfully>
        >>> layer.weight
        Parameter containing:
        tensor([[0., 0.]], requires_grad=True)
        """
        if not isinstance(state_dict, Mapping):
            kind = type(state_dict).__name__
            raise DTypeError(located(f"Expected state_dict to be dict-like, got {kind}."))
        places = {name: place for name, *place in slots(self)}
        missing = [name for name in places if name not in state_dict]
        unexpected = [name for name in state_dict if name not in places]
        problems = []
        if strict and missing:
            problems.append(f"Missing key(s) in state_dict: {_quoted(missing)}.")
        if strict and unexpected:
            problems.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}.")
        arrays = {}
        for name, (_, _, own) in places.items():
            if name in state_dict:
                problem, arrays[name] = _fitted(name, own, state_dict[name], assign)
                problems += [problem] if problem else []
        if problems:
            title = f"Error(s) in loading state_dict for {type(self).__name__}:"
            raise RuntimeError(located("\n\t".join([title, *problems])))
        if assign:
            _assign(places, arrays, state_dict)
        else:
            _copy(places, arrays)
        return IncompatibleKeys(missing, unexpected)


def _quoted(names: list[Any]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _fitted(name: str, own: Any, value: Any, assign: bool) -> tuple[str, Any]:
    """What is wrong with a value, if anything, and its array."""
    if not hasattr(value, "shape"):
        return f'"{name}": expected a Tensor or an array, but got {type(value).__name__}.', None
    try:
        array = value._buffer() if is_tensor(value) else np.asarray(_detached(value))
    except (TypeError, ValueError, RuntimeError) as error:
        return f'"{name}": this {type(value).__name__} cannot be read as an array: {error}.', None
    if array.dtype.kind not in "biuf":
        return f'"{name}": expected numbers, but got {describe(array)}.', None
    if array.shape != own.shape:
        return (
            f"size mismatch for {name}: copying a param with shape {array.shape} from checkpoint, "
            f"the shape in current model is {own.shape}.",
            None,
        )
    if assign and isinstance(own, Parameter) and own.requires_grad and array.dtype.kind != "f":
        return f"{name}: a parameter that requires grad cannot be {array.dtype}.", None
    return "", array


def _detached(value: Any) -> Any:
    """Another library's tensor without its history, which NumPy does not read."""
    return value.detach() if hasattr(value, "detach") else value


def _copy(places: dict[str, Any], arrays: dict[str, Any]) -> None:
    buffers = {name: places[name][2]._buffer() for name in arrays}
    for name, buffer in buffers.items():
        if not buffer.flags.writeable:
            raise InPlaceError(
                located(f"load_state_dict: the memory of {name} is read-only; use assign=True")
            )
    # All are copied before one is written: what is given may be views of this very model.
    with np.errstate(all="ignore"):
        copies = {name: np.array(arrays[name], buffers[name].dtype) for name in arrays}
    for name, buffer in buffers.items():
        buffer[...] = copies[name]
        wrote(buffer)


def _assign(places: dict[str, Any], arrays: dict[str, Any], given: Mapping[str, Any]) -> None:
    for name, array in arrays.items():
        module, keys, own = places[name]
        if not isinstance(own, Parameter):
            put(module, keys, given[name] if is_tensor(given[name]) else box(array))
        elif isinstance(given[name], Parameter):
            put(module, keys, given[name].requires_grad_(own.requires_grad))
        else:
            put(module, keys, Parameter(array, own.requires_grad))
