"""Modules are made of options, and called on data: who confuses the two is told."""

from __future__ import annotations

from inspect import signature
from typing import Any

from ..engine import is_tensor
from ..errors import DTypeError, located

_OURS = __name__.partition(".")[0] + "."


def _refuse_data(kind: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Say so where data were given to the class of a module: only weights are taken there."""
    try:
        given = signature(kind).bind(*args, **kwargs).arguments
    except TypeError:  # more arguments than it takes
        given = {"data": next(filter(is_tensor, (*args, *kwargs.values())))}
    for name, value in given.items():
        if "weight" not in name and (
            is_tensor(value) or (isinstance(value, tuple) and any(map(is_tensor, value)))
        ):
            call = "(input, target)" if kind.__name__.endswith("Loss") else "(x)"
            raise DTypeError(
                located(
                    f"{kind.__name__}: a Tensor was given to make the module, not to call it: "
                    f"write {kind.__name__}(...){call}"
                )
            )


class NoData:
    """The part of Module that looks at what it is made of.

    The last of its bases, so that the signature of a module is that of ``__init__``.
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls.__module__.startswith(_OURS) and any(map(is_tensor, (*args, *kwargs.values()))):
            _refuse_data(cls, args, kwargs)
        return super().__new__(cls)
