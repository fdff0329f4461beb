"""Checks of settings, shared by the schedules."""

from __future__ import annotations

import types
from typing import Any

from ...errors import DTypeError, located
from ..optimizer import Optimizer


def must_be_optimizer(optimizer: Any) -> Any:
    """The same, or an error."""
    if not isinstance(optimizer, Optimizer):
        raise DTypeError(located(f"{type(optimizer).__name__} is not an Optimizer"))
    return optimizer


def per_group(name: str, value: Any, optimizer: Any) -> list[Any]:
    """A setting for each parameter group, given once or as a list."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * count
    if len(value) != count:
        raise ValueError(
            located(
                f"{name} must have the same length as optimizer.param_groups: it has "
                f"{len(value)} values, there are {count} groups"
            )
        )
    return list(value)


def positive(**values: Any) -> None:
    """Refuse what is not above 0."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(located(f"{name} must be positive, not {value}"))


def not_negative(**values: Any) -> None:
    """Refuse what is below 0."""
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(located(f"{name} must be >= 0, not {value}"))


def between_0_and_1(name: str, value: float) -> None:
    """Refuse what is not in [0, 1]."""
    if not 0 <= value <= 1:
        raise ValueError(located(f"{name} must be between 0 and 1, not {value}"))


def saved_callable(function: Any) -> dict[str, Any] | None:
    """What of a callable goes into a state dict: an object's attributes; of a function nothing."""
    if function is None or isinstance(function, types.FunctionType):
        return None
    return dict(getattr(function, "__dict__", {}))
