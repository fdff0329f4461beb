"""Random numbers: a Generator with PyTorch's methods around NumPy's, and the default one."""

from __future__ import annotations

from typing import Any

import numpy as np


class Generator:
    """A source of random numbers with a state of its own.

    Parameters
    ----------
    seed : int, optional
        Where to start; from the operating system unless given.

    Examples
    --------
    >>> a, b = Generator(7), Generator(7)
    >>> bool(a.numpy.random() == b.numpy.random())
    True
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seed = seed
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

    def get_state(self) -> dict[str, Any]:
        """The state, as plain data."""
        return self.numpy.bit_generator.state

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to a state."""
        self.numpy.bit_generator.state = state


default_generator = Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the default generator, from which everything random is drawn unless told otherwise."""
    return default_generator.manual_seed(seed)


def initial_seed() -> int:
    """The seed of the default generator."""
    return default_generator.initial_seed()


def numpy_generator(generator: Any = None) -> Any:
    """The NumPy generator behind a `Generator`; the default one for None."""
    if generator is None:
        return default_generator.numpy
    return generator.numpy if isinstance(generator, Generator) else generator
