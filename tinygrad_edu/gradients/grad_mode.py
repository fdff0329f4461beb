"""Grad mode: whether ops record history."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Generator
from typing import Any

from ..engine import state


class set_grad_enabled:
    """Switch recording on or off: at once, or as a context manager or decorator.

    Examples
    --------
    >>> with set_grad_enabled(False):
    ...     is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.enabled = bool(mode)
        self._previous: list[bool] = []
        self._set_at_once()

    def _set_at_once(self) -> None:
        # PyTorch's class acts when it is made; what was in force before is restored on exit.
        self._before: bool | None = state.grad
        state.grad = self.enabled

    def __call__(self, func: Any) -> Any:
        if self._before is not None:  # used as a decorator: making it must not have switched
            state.grad, self._before = self._before, None
        mode = self.enabled

        # Each call has its own context: calls nest, and run in several threads.
        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _Switch(mode):
                return func(*args, **kwargs)

        if not inspect.isgeneratorfunction(func):
            return wrapper

        # The mode holds while the generator runs, and not in between.
        @functools.wraps(func)
        def generator(*args: Any, **kwargs: Any) -> Generator:
            steps = func(*args, **kwargs)
            advance: Callable[[], Any] = lambda: next(steps)
            try:
                while True:
                    with _Switch(mode):
                        item = advance()
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        advance = functools.partial(steps.throw, error)
                    else:
                        advance = functools.partial(steps.send, sent)
            except StopIteration as end:
                return end.value
            finally:
                with _Switch(mode):
                    steps.close()

        return generator

    def __enter__(self) -> set_grad_enabled:
        before, self._before = self._before, None
        self._previous.append(state.grad if before is None else before)
        state.grad = self.enabled
        return self

    def __exit__(self, *exc: object) -> None:
        state.grad = self._previous.pop()


class _Switch:
    """One stretch of a fixed mode."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        self.before, state.grad = state.grad, self.mode

    def __exit__(self, *exc: object) -> None:
        state.grad = self.before


class _Fixed(set_grad_enabled):
    """A grad mode with its value in the class: ``@no_grad`` works with and without brackets."""

    value = False

    def __new__(cls, mode: Callable[..., Any] | bool = True) -> Any:
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        # `inference_mode(False)` is the one that takes an argument: it leaves recording on.
        super().__init__(self.value if mode else True)

    def _set_at_once(self) -> None:
        self._before = None


class no_grad(_Fixed):
    """Nothing inside records history: context manager, ``@no_grad`` or ``@no_grad()``.

    Examples
    --------
    >>> with no_grad():
    ...     is_grad_enabled()
    False
    """


class inference_mode(_Fixed):
    """The same as :class:`no_grad`; ``inference_mode(False)`` leaves recording on."""


class enable_grad(_Fixed):
    """Record history again inside a :class:`no_grad` block."""

    value = True


def is_grad_enabled() -> bool:
    """Whether ops record history in this thread."""
    return state.grad
