"""A model as a function of its parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from ..engine import is_tensor
from ..errors import DTypeError, ShapeError, located
from .state_dict import put, slots


def functional_call(
    module: Any,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module with other tensors in the place of its parameters and buffers.

    Parameters
    ----------
    module : Module
        Has its own tensors back afterwards, also after an error.
    parameter_and_buffer_dicts : mapping, or sequence of mappings
        From the path of a parameter or buffer to the tensor that stands in for it.
    args : tuple or anything
        The positional arguments; what is no tuple is the only one.
    kwargs : mapping, optional
        The keyword arguments.
    tie_weights : bool
        Whether one that is shared is replaced under all of its names.
    strict : bool
        Whether all of the parameters and buffers must be given.

    Examples
    --------
    >>> from tinygrad_edu import nn, ones, zeros
    >>> model = nn.Sequential(nn.Linear(3, 2))
    >>> functional_call(model, {"0.weight": zeros(2, 3), "0.bias": ones(2)}, ones(1, 3))
    tensor([[1., 1.]])
    """
    values = _merged(parameter_and_buffer_dicts)
    arguments = args if isinstance(args, tuple) else () if args is None else (args,)
    with replaced(module, values, tie_weights=tie_weights, strict=strict):
        return module(*arguments, **(kwargs or {}))


def _merged(dicts: Any) -> dict[str, Any]:
    parts = dicts if isinstance(dicts, Sequence) else [dicts]
    values: dict[str, Any] = {}
    for part in parts:
        if not isinstance(part, Mapping):
            text = "functional_call: parameter_and_buffer_dicts must be a dict or several, not"
            raise DTypeError(located(f"{text} {type(part).__name__}"))
        twice = values.keys() & part.keys()
        if twice:
            raise ValueError(located(f"{min(twice)!r} appears in more than one dictionary"))
        values.update(part)
    return values


@contextmanager
def replaced(
    module: Any, values: Mapping[str, Any], *, tie_weights: bool = True, strict: bool = False
) -> Iterator[None]:
    """Let a module compute with other tensors; see `functional_call`."""
    places = {name: place for name, *place in slots(module, persistent=False)}
    unknown = [name for name in values if name not in places]
    if unknown:
        text = f"functional_call: {type(module).__name__} has no parameter or buffer"
        raise KeyError(located(f"{text} {', '.join(map(repr, unknown))}; it has {[*places]}"))
    by_tensor: dict[int, Any] = {}
    for name, value in values.items():
        own = places[name][2]
        if not is_tensor(value):
            kind = type(value).__name__
            raise DTypeError(located(f"functional_call: {name} must be a Tensor, not {kind}"))
        if by_tensor.setdefault(id(own), value) is not value and tie_weights:
            raise ShapeError(located(f"functional_call: {name} is tied to one with another value"))
    new = {
        name: values.get(name, by_tensor.get(id(own)) if tie_weights else None)
        for name, (_, _, own) in places.items()
    }
    missing = [name for name, value in new.items() if value is None]
    if strict and missing:
        raise KeyError(located(f"functional_call: strict=True, but {missing} are missing"))
    changed = [name for name, value in new.items() if value is not None]
    try:
        for name in changed:
            owner, keys, _ = places[name]
            put(owner, keys, new[name])
        yield
    finally:
        for name in changed:
            put(*places[name])
