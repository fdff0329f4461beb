"""Errors that name the op, the argument, the shapes and the cure, and point at the user's line."""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Sequence
from typing import Any

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
_NOT_THE_USER = (_HOME, os.sep + "numpy" + os.sep)


class ShapeError(ValueError, RuntimeError):
    """Shapes do not fit (PyTorch raises RuntimeError here, NumPy ValueError: this is both)."""


class DTypeError(TypeError, RuntimeError):
    """An argument has a type or dtype the op does not take."""


class AxisError(IndexError, ValueError):
    """An axis or index is out of range."""


class GradientError(RuntimeError):
    """A gradient was asked for that does not exist, or no longer does."""


class InPlaceError(RuntimeError):
    """A write that would silently make a gradient wrong."""


class AnomalyError(RuntimeError):
    """``detect_anomaly`` found a NaN or an infinity."""


def user_line() -> str:
    """``file.py:31: source text`` of the innermost frame outside this package, or ``""``."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not any(part in name for part in _NOT_THE_USER):
            text = linecache.getline(name, frame.f_lineno).strip()
            return f"{os.path.basename(name)}:{frame.f_lineno}" + (f": {text}" if text else "")
        frame = frame.f_back  # type: ignore[assignment]
    return ""


def located(message: str) -> str:
    """Append the user's line to a message."""
    line = user_line()
    return f"{message}\n  at {line}" if line else message


def describe(value: object) -> str:
    """Shape and dtype of an array-like, or the type of anything else, for an error text."""
    shape = getattr(value, "shape", None)
    if shape is None:
        return type(value).__name__
    return f"{tuple(shape)} {getattr(value, 'dtype', '')}".strip()


def explained(error: Exception, op: Any, arrays: Sequence[Any], params: dict) -> Exception:
    """A failure inside an op, in words that name the op, its inputs and what to do."""
    if getattr(error, "explained", False):
        return error
    names = [*op.inputs, *(f"input {i}" for i in range(len(op.inputs), len(arrays)))]
    given = [f"{n} {describe(a)}" for n, a in zip(names, arrays, strict=False)]
    given += [f"{k}={v!r}" for k, v in params.items() if not hasattr(v, "size") or v.size < 9]
    reason = op.explain(*arrays, **params) if op.explain else ""
    kinds = {ValueError: ShapeError, TypeError: DTypeError}
    kind = kinds.get(type(error), type(error))
    if not issubclass(kind, (ShapeError, DTypeError, AxisError, IndexError)):
        kind = ShapeError
    new = kind(located(f"{op.name}: {reason or error} (given {', '.join(given)})"))
    new.explained = True  # type: ignore[union-attr]
    return new


def bad_call(op: Any, error: Exception) -> DTypeError:
    """The arguments do not fit the op's signature."""
    return DTypeError(located(f"{op.name}: {error}; inputs are {', '.join(op.inputs)}"))


def bad_formula(op: Any, i: int, given: Sequence[str]) -> DTypeError:
    """A derivative formula does not take what the engine will pass to it."""
    wanted = ", ".join(["g", "out", *op.inputs, *sorted(op.options)])
    return DTypeError(
        located(f"{op.name}: formula {i} takes ({', '.join(given)}), but must take ({wanted})")
    )


def freed(op: Any) -> GradientError:
    """Backward came by a second time."""
    return GradientError(
        located(
            f"Trying to backward through the graph a second time: what '{op.name}' saved was freed "
            "by the first backward. Pass retain_graph=True to the first one, or compute the "
            "output again."
        )
    )


def _input_name(op: Any, i: int) -> str:
    names = [*op.inputs, "result"]
    return f"'{names[i]}'" if i < len(names) else f"tensor {i - len(names)}"


def overwritten(op: Any, i: int, value: Any) -> InPlaceError:
    """A saved value is no longer what forward saw."""
    return InPlaceError(
        located(
            f"backward through '{op.name}': its saved {_input_name(op, i)} of shape "
            f"{tuple(value.shape)} has been modified by an inplace operation since the forward "
            "pass, so the gradient would be wrong. Write to a copy (x = x.clone()), or use "
            "the op that returns a new tensor."
        )
    )


def no_formula(op: Any, i: int) -> GradientError:
    """The op was never given a derivative for this input."""
    return GradientError(
        located(
            f"'{op.name}' has no derivative with respect to {_input_name(op, i)}: give it one with "
            f"{op.name}.defvjp(...), or detach() that input"
        )
    )
