"""Axes and shapes as users write them, brought to one form: a tuple of non-negative integers."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

from ..engine import raw
from ..errors import AxisError, DTypeError, located, no_tensor, told

_ALIASES = {"axis": "dim", "keepdims": "keepdim", "a": "input", "x": "input"}


def _tell(error: Exception, function: Callable[..., Any], args: Any, kwargs: Any) -> None:
    """Raise the failure in words that name the function, unless it has them already."""
    new = told(error, function, args, kwargs)
    if new is not error:
        raise new from error


def numpy_names(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function take NumPy's `axis` and `keepdims` where PyTorch says `dim` and `keepdim`."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if kwargs and not _ALIASES.keys().isdisjoint(kwargs):
            kwargs = {_ALIASES.get(k, k): v for k, v in kwargs.items()}
        try:
            return function(*args, **kwargs)
        except Exception as error:
            _tell(error, function, args, kwargs)
            raise

    wrapper.tells = True  # type: ignore[attr-defined]
    return wrapper


def telling(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, whose every error names it, the bad argument, and the user's line."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            _tell(error, function, args, kwargs)
            raise

    wrapper.tells = True  # type: ignore[attr-defined]
    return wrapper


def all_telling(names: dict[str, Any], public: Sequence[str]) -> None:
    """Make :func:`telling` what of `names` is public and a plain function; primitives are."""
    made: dict[Any, Any] = {}
    for name in public:
        function = names[name]
        if inspect.isfunction(function) and not hasattr(function, "tells"):
            if function not in made:
                made[function] = telling(function)
            names[name] = made[function]


def telling_methods(kind: type) -> type:
    """A class whose public methods are all :func:`telling`."""
    for name, method in list(vars(kind).items()):
        if inspect.isfunction(method) and not name.startswith("_") and not hasattr(method, "tells"):
            method.__name__ = name if method.__name__ == "method" else method.__name__
            setattr(kind, name, telling(method))
    return kind


def expect_tensors(name: str, **given: Any) -> None:
    """Refuse lists, strings and None, which NumPy would take."""
    for argument, value in given.items():
        if wrong := no_tensor(argument, value):
            raise DTypeError(located(f"{name}(): {wrong}"))


def one_axis(name: str, dim: Any, ndim: int) -> int:
    """A single axis, counted from the front.

    Raises
    ------
    AxisError
        It is out of range; the text names the op and the range.
    """
    try:
        axis = operator.index(raw(dim))
    except TypeError:
        raise DTypeError(located(f"{name}: dim must be an int, not {dim!r}")) from None
    size = max(ndim, 1)
    if not -size <= axis < size:
        raise AxisError(
            located(
                f"{name}: Dimension out of range (expected to be in range of "
                f"[{-size}, {size - 1}], but got {axis})"
            )
        )
    return axis % size


def axes(name: str, dim: Any, ndim: int) -> tuple[int, ...]:
    """Some axes, counted from the front; None or an empty sequence stands for all."""
    if dim is None:
        return tuple(range(ndim))
    if not isinstance(dim, Sequence):
        return (one_axis(name, dim, ndim),) if ndim else ()
    found = tuple(one_axis(name, d, ndim) for d in dim)
    if len(set(found)) != len(found):
        raise AxisError(located(f"{name}: dim {tuple(dim)} names an axis twice"))
    return found if found else tuple(range(ndim))


def sizes(name: str, shape: tuple[Any, ...]) -> tuple[int, ...]:
    """A shape given as ``f(2, 3)`` or ``f((2, 3))``."""
    if len(shape) == 1 and isinstance(shape[0], Sequence):
        shape = tuple(shape[0])
    try:
        return tuple(operator.index(raw(n)) for n in shape)
    except TypeError:
        raise DTypeError(located(f"{name}: sizes must be integers, not {shape}")) from None
