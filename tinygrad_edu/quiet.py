"""NumPy without its floating-point warnings: an op gives inf or nan in silence, as in PyTorch.

``np.errstate`` does the same, but costs as much as a small op. NumPy keeps its error state in a
context variable, so running a function in a context where it was set once costs almost nothing.
Such a context can't be entered twice: what was interrupted in it, by a debugger say, runs without.
"""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable
from typing import Any

import numpy as np


class Silence(threading.local):
    """``run(f, *args)`` calls `f` with all floating-point errors ignored. One per thread."""

    def __init__(self) -> None:
        context = contextvars.Context()
        context.run(np.seterr, all="ignore")
        context.run(_inside.set, True)
        self.run = context.run

    def runner(self) -> Callable[..., Any]:
        """`run`, or where that would be entered twice, what calls a function as it is."""
        return _call if _inside.get() else self.run


def _call(f: Callable[..., Any], *args: Any, **params: Any) -> Any:
    return f(*args, **params)


_inside = contextvars.ContextVar("inside", default=False)
silence = Silence()


def silently(f: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """``f(a, b)`` without floating-point warnings.

    Examples
    --------
    >>> silently(np.divide, 1.0, np.array([0.0, 2.0]))
    array([inf, 0.5])
    """
    try:
        return silence.run(f, a, b)
    except RuntimeError:  # it is silent already
        return f(a, b)


def hush() -> np.errstate:
    """The same for what follows, until ``__exit__(None, None, None)`` of the result."""
    errors = np.errstate(all="ignore")
    errors.__enter__()
    return errors


def quiet(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Run a forward without floating-point warnings.

    Examples
    --------
    >>> quiet(np.log)(np.array([0.0, 1.0]))
    array([-inf,   0.])
    """

    @functools.wraps(forward)
    def silent(*args: Any, **params: Any) -> Any:
        if _inside.get():  # one silent forward calls another
            return forward(*args, **params)
        return silence.run(forward, *args, **params)

    return silent
