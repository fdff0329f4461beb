"""The calls of error_calls.py, each spoiled in all the ways that a rule can name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from error_calls import VALID, Call, X

import tinygrad_edu
from tinygrad_edu.engine import Primitive
from tinygrad_edu.errors import AxisError, InPlaceError


class Case(NamedTuple):
    """A call that must fail; ``start(package)`` gives what it must not change, and the call."""

    op: str
    what: str
    error: type[Exception]
    words: tuple[str, ...]
    start: Callable[[Any], tuple[list[Any], Callable[[], Any]]]
    in_torch: bool = True

    @property
    def id(self) -> str:
        return f"{self.op}-{self.what}"


def find(package: Any, path: str) -> Any:
    for part in path.split("."):
        package = getattr(package, part)
    return package


def tensors(t: Any, value: Any, made: list[Any]) -> Any:
    """The value with tensors of package `t` in place of arrays."""
    if isinstance(value, np.ndarray):
        made.append(t.tensor(value))
        return made[-1]
    if isinstance(value, (list, tuple)):
        return type(value)(tensors(t, v, made) for v in value)
    return value


def spoiled(call: Call, args: Any, kwargs: Any, what: str, error: Any, *words: str) -> Case:
    def start(t: Any) -> tuple[list[Any], Callable[[], Any]]:
        made: list[Any] = []
        new_args = [tensors(t, a, made) for a in args]
        new_kwargs = {k: tensors(t, v, made) for k, v in kwargs.items()}
        return made, lambda: find(t, call.path)(*new_args, **new_kwargs)

    return Case(call.path, what, error, words, start)


# Without a Tensor an op is the NumPy function, which takes lists, and here nearly anything.
LISTS = {"clamp", "clip", "ger", "outer", "unsqueeze"}
ANYTHING = {"eq", "ne", "not_equal", "logical_and", "logical_or", "logical_xor", "logical_not"}
ANYTHING |= {"isneginf", "isposinf"}


def spared(call: Call, i: int, bad: Any) -> bool:
    """What is no error here."""
    if call.path.startswith("Tensor."):
        return i == 0 or (bad is None and call.name == "scatter_")
    ours = find(tinygrad_edu, call.path)
    parameters = list(inspect.signature(ours).parameters.values())
    named = parameters[i] if i < len(parameters) else None
    if bad is None and (call.name == "batch_norm" or (named and named.default is None)):
        return True  # it may be left out
    function = getattr(ours, "__wrapped__", ours)
    primitive = isinstance(ours, Primitive) or isinstance(function, Primitive)
    lists = primitive or call.name in LISTS
    return i == 0 and (call.name in ANYTHING or (lists and isinstance(bad, list)))


def no_tensors(call: Call) -> Iterator[Case]:
    """A string, None or a list where a tensor belongs."""
    for i, given in enumerate(call.args):
        if isinstance(given, np.ndarray):
            for bad, kind in [("abc", "str"), (None, "NoneType"), ([1.0, 2.0], "list")]:
                if not spared(call, i, bad):
                    args = (*call.args[:i], bad, *call.args[i + 1 :])
                    yield spoiled(call, args, call.kwargs, f"{i} is {kind}", TypeError, kind)


def unknown_keyword(call: Call) -> Iterator[Case]:
    kwargs = {**call.kwargs, "sides": 3}
    yield spoiled(call, call.args, kwargs, "unknown keyword", TypeError, "sides")


def too_many(call: Call) -> Iterator[Case]:
    yield spoiled(call, (*call.args, *"abcdefghijkl"), call.kwargs, "too many arguments", TypeError)


def nothing(call: Call) -> Iterator[Case]:
    parameters = list(inspect.signature(find(tinygrad_edu, call.path)).parameters.values())
    any_number = parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
    if not any_number and not call.path.startswith("Tensor."):
        yield spoiled(call, (), {}, "no arguments", TypeError)


MORE_AXES = ("stack", "unsqueeze", "unsqueeze_")
ONE_AXIS = [
    "argmax",
    "argmin",
    "argsort",
    "cat",
    "chunk",
    "concat",
    "concatenate",
    "cosine_similarity",
    "cumprod",
    "cumsum",
    "diff",
    "gather",
    "glu",
    "index_add",
    "index_copy",
    "index_fill",
    "index_select",
    "kthvalue",
    "log_softmax",
    "max",
    "median",
    "min",
    "nanmedian",
    "narrow",
    "prod",
    "renorm",
    "repeat_interleave",
    "scatter",
    "scatter_add",
    "scatter_reduce",
    "select",
    "softmax",
    "softmin",
    "sort",
    "split",
    "split_with_sizes",
    "stack",
    "take_along_dim",
    "tensor_split",
    "topk",
    "unbind",
    "unflatten",
    "unsqueeze",
    "gumbel_softmax",
    "aminmax",
    "index_fill_",
    "scatter_",
    "scatter_add_",
    "unsqueeze_",
]


def wrong_axis(call: Call) -> Iterator[Case]:
    """An axis that does not exist, is named twice, or is no integer."""
    found = find(tinygrad_edu, call.path)
    names = list(inspect.signature(found).parameters) if callable(found) else []
    if "dim" in call.kwargs:
        put = lambda dim: (call.args, {**call.kwargs, "dim": dim})
    elif "dim" in names and names.index("dim") < len(call.args):
        i = names.index("dim")
        put = lambda dim: ((*call.args[:i], dim, *call.args[i + 1 :]), call.kwargs)
    else:
        return
    first = call.args[0]
    n = (first[0] if isinstance(first, list) else first).ndim + (call.name in MORE_AXES)
    text = f"Dimension out of range (expected to be in range of [{-n}, {n - 1}], but got "
    for bad in (5, -7):
        yield spoiled(call, *put(bad), f"dim {bad}", AxisError, f"{text}{bad})")
    for bad in ("abc", 1.5) if call.path != "linalg.norm" else ():
        yield spoiled(call, *put(bad), f"dim {bad}", TypeError, repr(bad))
    if call.name not in ONE_AXIS:
        yield spoiled(call, *put((0, 0)), "dim twice", RuntimeError, "0")


def unknown_reduction(call: Call) -> Iterator[Case]:
    if "reduction" in inspect.signature(find(tinygrad_edu, call.path)).parameters:
        kwargs = {**call.kwargs, "reduction": "avg"}
        yield spoiled(call, call.args, kwargs, "reduction", ValueError, "'avg'", "mean", "sum")


def on_a_leaf(call: Call) -> Iterator[Case]:
    """The method that does the same in place, on a leaf that requires grad."""
    if call.args and call.args[0] is X and hasattr(tinygrad_edu.Tensor, f"{call.name}_"):

        def start(t: Any) -> tuple[list[Any], Callable[[], Any]]:
            made: list[Any] = []
            leaf = t.tensor(X, requires_grad=True)
            args = [tensors(t, a, made) for a in call.args[1:]]
            method = getattr(leaf, f"{call.name}_")
            return [leaf, *made], lambda: method(*args, **call.kwargs)

        words = ("leaf Variable", "in-place", "no_grad()")
        in_torch = not call.name.startswith("logical_")  # its gradient is 0
        yield Case(f"Tensor.{call.name}_", "on a leaf", InPlaceError, words, start, in_torch)


RULES = [no_tensors, unknown_keyword, too_many, nothing, wrong_axis, unknown_reduction, on_a_leaf]


def cases() -> list[Case]:
    return [case for rule in RULES for call in VALID for case in rule(call)]
