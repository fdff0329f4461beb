"""All sources of random numbers that a training run draws from: found, saved and set back."""

from __future__ import annotations

import copy
import random as python_random
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..engine import raw
from ..random import Generator, default_generator, numpy_generator


class RandomSources:
    """The generators of a run: the default one, those of the owners, NumPy's global, Python's.

    Parameters
    ----------
    *owners : Generator, numpy.random.Generator, Module, DataLoader, Optimizer or None
        Of a module, its submodules and what they hold are searched too; of a loader, its samplers.
        One generator that several of them share is kept once.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> sources = RandomSources(rng)
    >>> states = sources.states()
    >>> first = rng.random()
    >>> sources.set_states(states)
    >>> bool(rng.random() == first)
    True
    """

    def __init__(self, *owners: Any) -> None:
        found = [default_generator, *(g for owner in owners for g in _generators(owner))]
        self.generators = list({id(numpy_generator(g)): g for g in found}.values())

    def states(self) -> list[Any]:
        """The state of each source, as plain data and arrays."""
        own = [copy.deepcopy(numpy_generator(g).bit_generator.state) for g in self.generators]
        # A data set of one's own often draws from these two.
        return [*own, np.random.get_state(legacy=False), python_random.getstate()]

    def set_states(self, states: list[Any]) -> None:
        """Go back to states; those of another number of sources are refused.

        Raises
        ------
        ValueError
            They are of other sources; nothing was changed.
        """
        states = _plain(states)
        here, there = len(self.generators), len(states) - 2
        if here != there:
            raise ValueError(
                f"random states of {there} generators, but this run has {here}: build the model, "
                "the loader and the optimizer as in the run that was saved"
            )
        for generator, state in zip(self.generators, states, strict=False):
            name = numpy_generator(generator).bit_generator.state["bit_generator"]
            if name != state["bit_generator"]:
                raise ValueError(f"the random state of a {state['bit_generator']}, not of a {name}")
        for generator, state in zip(self.generators, states, strict=False):
            numpy_generator(generator).bit_generator.state = state
        np.random.set_state(states[-2])
        version, numbers, gauss = states[-1]
        python_random.setstate((version, tuple(numbers), gauss))


def _plain(value: Any) -> Any:
    """A state as NumPy takes it: arrays, where a file gave tensors."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else raw(value)


def _generators(owner: Any) -> Iterator[Any]:
    """The generators that something holds, in an order that is the same in each run."""
    stack, seen = [owner], set()
    while stack:
        item = stack.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, (Generator, np.random.Generator)):
            yield item
        elif hasattr(item, "modules"):
            for module in item.modules():
                yield from _held(vars(module).values())
        elif hasattr(item, "__dict__"):
            yield from _held(vars(item).values())
            samplers = ("sampler", "batch_sampler", "dataset")
            stack += [vars(item)[name] for name in reversed(samplers) if name in vars(item)]


def _held(values: Iterable[Any]) -> Iterator[Any]:
    return (value for value in values if isinstance(value, (Generator, np.random.Generator)))
