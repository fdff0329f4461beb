"""Random numbers: a Generator with PyTorch's methods around NumPy's, and the default one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .device import CPU, check_device

_PYTORCH = 67280421310721  # the seed of its new generators


class Generator:
    """A source of random numbers with a state of its own.

    Parameters
    ----------
    seed : int or device, optional
        Where to start; PyTorch's fixed default unless given, so that every new one draws the same.
        (In its place PyTorch takes a device.)
    device : {"cpu"}, optional
        Taken for PyTorch's sake.

    Examples
    --------
    >>> a, b = Generator(7), Generator(7)
    >>> bool(a.numpy.random() == b.numpy.random())
    True
    """

    def __init__(self, seed: Any = None, *, device: Any = None) -> None:
        if seed is not None and not isinstance(seed, (int, np.integer)):
            seed, device = None, seed
        check_device(device)
        self._seed: int | None = _PYTORCH if seed is None else int(seed)
        self._numpy: Any = None

    @property
    def numpy(self) -> Any:
        """The NumPy generator that does the work, made when it is first asked for."""
        if self._numpy is None:  # importing numpy.random is a third of this package's import time
            self._numpy = np.random.default_rng(abs(self.initial_seed()))
        return self._numpy

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`."""
        self._seed = int(seed)
        # In place: whoever holds the NumPy generator sees the new state too.
        self.numpy.bit_generator.state = np.random.default_rng(abs(int(seed))).bit_generator.state
        return self

    def seed(self) -> int:
        """Start again from a seed of the operating system, which is returned."""
        self._seed = None
        return self.manual_seed(self.initial_seed()).initial_seed()

    def initial_seed(self) -> int:
        """The seed that was last set."""
        if self._seed is None:
            self._seed = int(np.random.SeedSequence().generate_state(1)[0])
        return self._seed

    @property
    def device(self) -> Any:
        """The CPU."""
        return CPU

    def get_state(self) -> dict[str, Any]:
        """The state, as plain data."""
        return self.numpy.bit_generator.state

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.numpy.bit_generator.state = state


default_generator = Generator()
default_generator._seed = None  # from the operating system when it is first used


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, from which everything random is drawn unless told otherwise."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def seed() -> int:
    """Seed the default generator from the operating system; the seed is returned."""
    return default_generator.seed()


def get_rng_state() -> dict[str, Any]:
    """The state of the default generator."""
    return default_generator.get_state()


def set_rng_state(new_state: dict[str, Any]) -> None:
    """Bring the default generator back to a state."""
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = (), enabled: bool = True) -> Iterator[None]:
    """Give the default generator its state back at the end of a ``with`` block."""
    before = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(before)


def numpy_generator(generator: Any = None) -> Any:
    """The NumPy generator behind a `Generator`; the default one for None."""
    if generator is None:
        return default_generator.numpy
    return generator.numpy if isinstance(generator, Generator) else generator
