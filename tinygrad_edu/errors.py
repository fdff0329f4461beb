"""Errors that name the op, the argument, the shapes and the cure, and point at the user's line."""

from __future__ import annotations

import inspect
import linecache
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
_NOT_THE_USER = (_HOME, os.sep + "numpy" + os.sep)
# Python's own library, and with it what pip installs: only at fault if nobody else is.
_LIBRARIES = (os.path.dirname(os.path.abspath(linecache.__file__)) + os.sep, "site-packages")


class ShapeError(ValueError, RuntimeError):
    """Shapes do not fit (PyTorch raises RuntimeError here, NumPy ValueError: this is both)."""


class DTypeError(TypeError, RuntimeError):
    """An argument has a type or dtype the op does not take."""


class AxisError(IndexError, ValueError, RuntimeError):
    """An axis or index is out of range (PyTorch raises IndexError or RuntimeError)."""


class GradientError(RuntimeError):
    """A gradient was asked for that does not exist, or no longer does."""


class InPlaceError(RuntimeError):
    """A write that would silently make a gradient wrong."""


class AnomalyError(RuntimeError):
    """``detect_anomaly`` found a NaN or an infinity."""


def user_line() -> str:
    """``file.py:31: source text`` of the innermost frame outside of libraries, or ``""``."""
    frame = sys._getframe(1)
    library = ""
    while frame is not None:
        name = frame.f_code.co_filename
        if not any(part in name for part in _NOT_THE_USER):
            text = linecache.getline(name, frame.f_lineno).strip()
            text = text if len(text) <= 100 else text[:97] + "..."
            line = f"{os.path.basename(name)}:{frame.f_lineno}" + (f": {text}" if text else "")
            if not any(part in name for part in _LIBRARIES):
                return line
            library = library or line
        frame = frame.f_back  # type: ignore[assignment]
    return library


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
    try:
        inspect.signature(op.forward).bind(*arrays, **params)
    except TypeError as misfit:
        return bad_call(op, misfit)
    names = [*op.inputs, *(f"input {i}" for i in range(len(op.inputs), len(arrays)))]
    # Numbers do in place of most tensors, but not where their shape or dtype is asked for.
    asked = isinstance(error, AttributeError) and str(error).startswith(("'float'", "'int'"))
    for name, value in zip(names, arrays, strict=False):
        fine = isinstance(value, (int, float)) and not asked
        wrong = "" if fine else no_tensor(name, value)
        if wrong:
            return DTypeError(located(f"{op.name}(): {wrong}"))
    given = [f"{n} {describe(a)}" for n, a in zip(names, arrays, strict=False)]
    given += [f"{k}={v!r}" for k, v in params.items() if not hasattr(v, "size") or v.size < 9]
    reason = op.explain(*arrays, **params) if op.explain else ""
    new = named_kind(error)(located(f"{op.name}: {reason or error} (given {', '.join(given)})"))
    new.explained = True  # type: ignore[attr-defined]
    return new


def named_kind(error: Exception) -> type[Exception]:
    """Which of the classes here stands for an error of Python's or NumPy's."""
    if isinstance(error, (ShapeError, DTypeError, AxisError)):
        return type(error)
    not_a_number = str(error).startswith(("could not convert string", "invalid literal for int"))
    if isinstance(error, (TypeError, AttributeError)) or not_a_number:
        return DTypeError
    return AxisError if isinstance(error, IndexError) else ShapeError


# What the arguments are called that must be tensors, or several. (Those that may be left out have
# a default; where a number does as well, it raises no error.)
_NAMES = """
    A B a anchor b batch1 batch2 bias boundaries condition end image index input input1 input2 key
    logits mask mat mat1 mat2 negative other positive query sorted_sequence src target tensor
    tensor1 tensor2 var vec vec1 vec2 weight weights x x1 x2
"""
_TENSOR = frozenset(_NAMES.split())
_TENSORS = frozenset(("tensors", "matrices"))
_RAW = (TypeError, ValueError, AttributeError, LookupError, OverflowError)


def told(error: Exception, function: Callable[..., Any], args: tuple, kwargs: dict) -> Exception:
    """An error inside `function`, in words that name it, the bad argument, and the user's line.

    An error of ours comes back as it is, with the function's name in front if it lacks it. One of
    Python's or NumPy's becomes a named one. Any other (a user's own) is left alone.
    """
    name, text = function.__name__, str(error)
    ours = "\n  at " in text
    if not isinstance(error, _RAW) and not ours:
        return error
    signature = inspect.signature(function)
    try:
        given = signature.bind(*args, **kwargs).arguments
    except TypeError as misfit:
        return DTypeError(located(f"{name}(): {misfit}; it takes {_parameters(signature)}"))
    tensors = _TENSOR if ours else {*_TENSOR, "source"}  # in movedim, a source is an axis
    numbers: tuple[type, ...] = () if isinstance(error, AttributeError) else (int, float)
    for argument, value in given.items():
        wrong = ""
        if argument in _TENSORS:
            wrong = _no_tensors(argument, value)
        elif argument in tensors and not isinstance(value, numbers):
            default = signature.parameters[argument].default
            wrong = "" if value is default else no_tensor(argument, value)
        if wrong:
            return DTypeError(located(f"{name}(): {wrong}"))
    if not ours:
        shown = ", ".join(f"{k} {_shown(v)}" for k, v in given.items())
        return named_kind(error)(located(f"{name}: {error} (given {shown})"))
    if name.strip("_") not in text.partition("\n  at ")[0] and len(error.args) == 1:
        error.args = (f"{name}: {text}",)
    return error


def _parameters(signature: inspect.Signature) -> str:
    return ", ".join(n for n in signature.parameters if n != "self")


def no_tensor(argument: str, value: Any) -> str:
    """What is wrong with a value that stands in place of a tensor, if anything."""
    if hasattr(value, "dtype"):
        return ""
    kind = f"class {value.__name__}" if isinstance(value, type) else type(value).__name__
    return f"argument '{argument}' must be Tensor, not {kind}; {_cure(value, kind)}"


def _cure(value: Any, kind: str) -> str:
    """How a Tensor is made of something else."""
    if value is None:
        return "did the function that made it forget its return?"
    if isinstance(value, type) and hasattr(value, "named_parameters"):
        return f"make a module of the class first, as in {value.__name__}(...)(x)"
    if hasattr(value, "named_parameters"):
        return f"call the module, as in {kind}(...)(x), or pass one of its parameters"
    if isinstance(value, (list, tuple)) and any(hasattr(v, "dtype") for v in value):
        return "it holds Tensors: take them out one by one, or join them with stack(...)"
    if isinstance(value, (str, bytes)):
        return "a text is no number"
    if callable(value):
        return "call it first"
    return "wrap it in tensor(...)"


def _no_tensors(argument: str, values: Sequence[Any]) -> str:
    """What is wrong with one of several values that stand in place of tensors."""
    if not isinstance(values, (list, tuple)):
        return f"argument '{argument}' must be tuple of Tensors, not {type(values).__name__}"
    for i, value in enumerate(values):
        if not hasattr(value, "dtype"):
            return (
                f"expected Tensor as element {i} in argument '{argument}', but got "
                f"{type(value).__name__}; {_cure(value, type(value).__name__)}"
            )
    return ""


def _shown(value: Any) -> str:
    return describe(value) if hasattr(value, "shape") else repr(value)[:80]


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
