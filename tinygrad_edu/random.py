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
        self._seed = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self.numpy = np.random.default_rng(self._seed)

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`."""
        self._seed = int(seed)
        # In place: whoever holds the NumPy generator sees the new state too.
        self.numpy.bit_generator.state = np.random.default_rng(abs(self._seed)).bit_generator.state
        return self

    def seed(self) -> int:
        """Start again from a seed of the operating system, which is returned."""
        self.manual_seed(int(np.random.SeedSequence().generate_state(1)[0]))
        return self._seed

    def initial_seed(self) -> int:
        """The seed that was last set."""
        return self._seed

    def get_state(self) -> dict[str, Any]:
        """The state, as plain data."""
        return self.numpy.bit_generator.state  # type: ignore[return-value]

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


def numpy_generator(generator: Generator | np.random.Generator | None = None) -> Any:
    """The NumPy generator behind a `Generator`; the default one for None."""
    if isinstance(generator, np.random.Generator):
        return generator
    return (default_generator if generator is None else generator).numpy
