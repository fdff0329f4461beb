"""What is being checked: a function and its formula for the gradient, counted and guarded.

Everything the checker knows about a function goes through a `Subject`, so that counting calls,
copying results (a forward function may return a view of its input), noticing that an input was
changed and putting it back, and naming what a function did wrong are each written once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Broken(Exception):
    """A function broke its contract.

    Attributes
    ----------
    cls : str
        The class of the fault, such as "shape" or "mutation"; empty if the fault is not one of a
        gradient (the function raised, returned None, ...).
    sentence : str
        What happened, in a sentence.
    """

    def __init__(self, cls: str, sentence: str, gradient: Any = None, k: int | None = None) -> None:
        super().__init__(sentence)
        self.cls, self.sentence = cls, sentence
        self.gradient, self.k = gradient, k


class Subject:
    """A forward function and its backward on NumPy arrays.

    Parameters
    ----------
    forward : callable
        ``forward(*xs) -> y``.
    vjp : callable
        ``vjp(g, y, *xs) -> tuple``, one gradient per input.
    xs : sequence of numpy.ndarray
        The inputs, as :func:`prepared`; they say which places are differentiable.
    name : str
        Of what is checked; the forward function's own name unless given.

    Attributes
    ----------
    forwards, backwards : int
        Calls made so far.
    """

    def __init__(
        self,
        forward: Callable[..., Any],
        vjp: Callable[..., Any],
        xs: Sequence[np.ndarray],
        name: str = "",
    ) -> None:
        self.function, self.formula = forward, vjp
        self.name = name or getattr(forward, "__name__", type(forward).__name__)
        self.names = input_names(forward, len(xs))
        self.differentiable = [k for k, x in enumerate(xs) if x.dtype.kind == "f"]
        self.forwards = self.backwards = 0

    def forward(self, xs: Sequence[np.ndarray]) -> np.ndarray:
        """The value at `xs`, as a float64 array of its own.

        Raises
        ------
        Broken
            If the function returned no number, or changed an input. What it raises passes through.
        """
        self.forwards += 1
        before = [x.copy() for x in xs]
        with np.errstate(all="ignore"):
            try:
                y = self.function(*xs)
                result = as_floats(y, f"{self.name} returned")
            finally:
                changed = put_back(xs, before)
        if changed:
            raise Broken("mutation", f"the forward function changes {self._list(changed)} in place")
        return result

    def backward(
        self, g: np.ndarray, y: np.ndarray, xs: Sequence[np.ndarray]
    ) -> list[np.ndarray | None]:
        """One gradient per input, in the dtypes and the memory that the formula gave them.

        Raises
        ------
        Broken
            If `g`, `y` or an input was changed, or the gradients have the wrong number or shape.
        """
        self.backwards += 1
        arrays = [g, y, *xs]
        before = [a.copy() for a in arrays]
        with np.errstate(all="ignore"):
            try:
                result = self.formula(*arrays)
            finally:
                changed = put_back(arrays, before)
        if changed:
            names = ["the upstream gradient g", "the output y", *self.names]
            raise Broken(
                "mutation",
                f"the formula changes {' and '.join(names[k] for k in changed)} in place; "
                "others still need these values",
            )
        return self._gradients(result, xs)

    def _gradients(self, result: Any, xs: Sequence[np.ndarray]) -> list[np.ndarray | None]:
        gradients = list(result) if isinstance(result, (tuple, list)) else [result]
        wanted = self.differentiable
        if len(gradients) != len(xs):
            if len(gradients) != len(wanted):
                raise Broken(
                    "shape",
                    f"the formula returned {count(len(gradients), 'gradient')} for "
                    f"{count(len(xs), 'input')}; it must return a tuple with one for each",
                )
            full: list[Any] = [None] * len(xs)
            for k, gradient in zip(wanted, gradients, strict=True):
                full[k] = gradient
            gradients = full
        for k in wanted:
            if gradients[k] is not None:
                gradients[k] = self._gradient(k, gradients[k], xs[k].shape)
        return [gradients[k] if k in wanted else None for k in range(len(xs))]

    def _gradient(self, k: int, gradient: Any, shape: tuple[int, ...]) -> np.ndarray:
        try:
            array = np.asarray(gradient)
        except ValueError:  # a ragged list
            array = np.empty(0, object)
        if array.dtype.kind not in "fiub":
            what = "complex" if array.dtype.kind == "c" else type(gradient).__name__
            raise Broken(
                "dtype" if array.dtype.kind == "c" else "shape",
                f"the gradient for {self.names[k]} is {what}, not an array of real numbers",
                k=k,
            )
        if array.shape != shape:
            raise Broken(
                "shape",
                f"the gradient for {self.names[k]} has shape {array.shape}, "
                f"but {self.names[k]} has shape {shape}",
                array,
                k,
            )
        return array

    def _list(self, places: list[int]) -> str:
        return " and ".join(self.names[k] for k in places)


def count(n: int, what: str) -> str:
    """``3 inputs``, ``1 input``."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def input_names(forward: Callable[..., Any], n: int) -> list[str]:
    """The names of a function's `n` inputs: its parameters', or ``x0, x1, ...``."""
    try:
        parameters = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):  # a ufunc, a builtin
        parameters = []
    places = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in places][:n]
    if len(names) == n:
        return names
    return ["x"] if n == 1 else [f"x{k}" for k in range(n)]


def as_floats(value: Any, said: str) -> np.ndarray:
    """`value` as a float64 array of its own.

    Raises
    ------
    Broken
        If it is None, a ragged or foreign object, or complex.
    """
    if value is None:
        raise Broken("", f"{said} None; does it lack a return statement?")
    if isinstance(value, tuple):
        raise Broken("", f"{said} a tuple of {len(value)}; it must return one array")
    try:
        array = np.asarray(value)
    except ValueError:
        raise Broken("", f"{said} a list whose rows differ in length, not an array") from None
    if array.dtype.kind not in "fiub":
        what = "complex numbers" if array.dtype.kind == "c" else type(value).__name__
        raise Broken("", f"{said} {what}, not an array of real numbers")
    return np.array(array, np.float64)


def put_back(arrays: Sequence[np.ndarray], before: Sequence[np.ndarray]) -> list[int]:
    """Restore `arrays` from their copies; the places of those that had changed."""
    changed = [k for k, (a, b) in enumerate(zip(arrays, before, strict=True)) if not same(a, b)]
    for k in changed:
        arrays[k].flags.writeable = True
        arrays[k][...] = before[k]
    return changed


def same(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays hold the same numbers; NaN is the same as NaN."""
    if a.shape != b.shape:
        return False
    # Nearly always they are equal to the last bit, which is seen in a tenth of the time.
    alike = a.dtype == b.dtype and a.tobytes() == b.tobytes()
    return alike or np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


def prepared(inputs: Any) -> tuple[list[np.ndarray], list[str]]:
    """Copies of the inputs to experiment on, floats in float64, and notes on what was done.

    Raises
    ------
    Broken
        If an input is not an array of numbers.

    Examples
    --------
    >>> xs, notes = prepared([np.float32(1.5), np.array([0, 2])])
    >>> xs
    [array(1.5), array([0, 2])]
    >>> notes
    ['input 0 is float32: lifted to float64']
    """
    many = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if not many:
        raise Broken("", "there are no inputs to check")
    xs, notes = [], []
    for k, value in enumerate(many):
        try:
            array = np.array(value)
        except ValueError:
            raise Broken("", f"input {k} is a list whose rows differ in length") from None
        if array.dtype.kind not in "fiub":
            what = "complex" if array.dtype.kind == "c" else type(value).__name__
            raise Broken("", f"input {k} is {what}; the checker takes arrays of real numbers")
        if array.dtype.kind == "f" and array.dtype != np.float64:
            notes.append(f"input {k} is {array.dtype}: lifted to float64")
            array = array.astype(np.float64)
        xs.append(array)
    if not any(x.dtype.kind == "f" for x in xs):
        xs = [x.astype(np.float64) if x.dtype.kind in "iu" else x for x in xs]
        notes.append("all inputs are integers: lifted to float64, since integers have no gradient")
        if not any(x.dtype.kind == "f" for x in xs):
            raise Broken("", "all inputs are booleans, which have no gradient")
    return xs, notes
