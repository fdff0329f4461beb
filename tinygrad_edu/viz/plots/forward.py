"""Runs a model so that nothing of it changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import box, raw, state
from .canvas import as_array


def is_module(model: Any) -> bool:
    """Whether it has parameters and modes, and takes Tensors."""
    return hasattr(model, "named_modules") and hasattr(model, "parameters")


def as_input(model: Any, x: NDArray[Any]) -> Any:
    """Numbers as a Tensor, in the dtype of the model's parameters; integers (indices) stay.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> as_input(nn.Linear(2, 3), np.array([[0.1, 0.2]])).dtype
    dtype('float32')
    """
    first = next(iter(model.parameters()), None)
    if x.dtype.kind == "f" and first is not None:
        x = x.astype(raw(first).dtype, copy=False)
    return box(x)


@contextlib.contextmanager
def grad_mode(enabled: bool) -> Iterator[None]:
    """Record a graph inside, or do not."""
    before, state.grad = state.grad, enabled
    try:
        yield
    finally:
        state.grad = before


@contextlib.contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Switch every module to evaluation (no dropout), and each back to the mode it was in."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def predictor(model: Any, what: str) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """A function from points (M, D) to what the model says of them, as an array.

    A Module is run on Tensors, in evaluation mode and without a graph; any other callable gets an
    ndarray.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> predictor(nn.Linear(2, 3), "x")(np.zeros((5, 2))).shape
    (5, 3)
    """
    if not callable(model):
        raise TypeError(f"{what}: expected a Module or a function, got {type(model).__name__}")

    def run(points: NDArray[Any]) -> NDArray[Any]:
        if not is_module(model):
            with grad_mode(False):
                result = model(points)
        else:
            with grad_mode(False), evaluating(model):
                result = model(as_input(model, points))
        if isinstance(result, np.ndarray) and result.dtype.kind in "UO":
            return result  # names of classes
        return as_array(result, f"{what}: the result of the model")

    return run
