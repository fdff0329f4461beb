"""What may be trained, and whether a saved state fits it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine import box, raw
from ..errors import DTypeError, ShapeError, located
from ..tensor import Tensor


def fitted(state: dict[str, Any], p: Any, shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """A saved state with arrays of its own in the dtype of the parameter."""
    copied = {}
    for name, value in state.items():
        array = raw(value)
        wanted = shapes.get(name, np.shape(array))
        if np.shape(array) != wanted:
            raise ShapeError(
                located(f"load_state_dict: {name} has shape {np.shape(array)}, not {wanted}")
            )
        if isinstance(value, Tensor) or isinstance(array, np.ndarray):
            value = box(np.array(array, p.dtype if array.dtype.kind == "f" else array.dtype))
        copied[name] = value
    return copied


def ordered(params: Any) -> Iterable[Any]:
    """Refuse a set: its order, and with it the numbers in a state dict, changes between runs."""
    if isinstance(params, (set, frozenset)):
        raise DTypeError(located("params must be in a fixed order, not a set: use a list"))
    return params


def named(params: list[Any]) -> tuple[list[str], list[Any]]:
    """Names and parameters of a list of parameters, or of (name, parameter) pairs."""
    pairs = [p for p in params if isinstance(p, tuple) and len(p) == 2]
    if not pairs:
        return [], params
    if len(pairs) != len(params):
        raise ValueError(
            located(f"params: {len(pairs)} of {len(params)} have names: give all names, or none")
        )
    return [name for name, _ in pairs], [p for _, p in pairs]


def names_of(group: dict[str, Any]) -> list[Any]:
    """The names of a group's parameters, None for each that has none."""
    return group.get("param_names") or [None] * len(group["params"])


def check_trainable(i: int, p: Any, known: set[int]) -> None:
    """Refuse what is no Tensor, no leaf, or trained already."""
    if not isinstance(p, Tensor):
        raise DTypeError(
            located(f"params: optimizers train Tensors, but number {i} is {p!r}, a {type(p)}")
        )
    if not p.is_leaf:
        raise ValueError(
            located(f"params: can't optimize a non-leaf Tensor: number {i}, of shape {p.shape}")
        )
    if id(p) in known:
        raise ValueError(located(f"params: number {i}, of shape {p.shape}, appears twice"))
