"""NumPy without its floating-point warnings: an op gives inf or nan in silence, as in PyTorch.

``np.errstate`` does the same, but costs as much as a small op. NumPy keeps its error state in a
context variable, so running a function in a context where it was set once costs almost nothing.
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
        self.run = context.run


silence = Silence()


def quiet(forward: Callable[..., Any]) -> Callable[..., Any]:
    """Run a forward without floating-point warnings.

    Examples
    --------
    >>> quiet(np.log)(np.array([0.0, 1.0]))
    array([-inf,   0.])
    """

    @functools.wraps(forward)
    def silent(*args: Any, **params: Any) -> Any:
        try:
            return silence.run(forward, *args, **params)
        except RuntimeError as error:
            # One silent forward called another: a context can't be entered twice, and need not be.
            if "cannot enter context" not in str(error):
                raise
            return forward(*args, **params)

    return silent
