"""Samplers: the order in which a data loader asks for examples."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from ..creation import as_tensor
from ..engine import raw
from ..errors import DTypeError, ShapeError, located
from ..random import numpy_generator
from ..sampling import multinomial

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """Gives the numbers of examples in some order: subclasses define ``__iter__``."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__()")


class SequentialSampler(Sampler[int]):
    """Every example once, in order.

    Examples
    --------
    >>> list(SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """Every example once, in random order; or random ones, with replacement.

    Parameters
    ----------
    data_source : Dataset
        Or anything else with a length.
    replacement : bool
        Whether an example may come again before all have come.
    num_samples : int, optional
        How many to draw; as many as there are examples unless given.
    generator : Generator, optional
        The default one unless given. Its state when an epoch starts decides the order.

    Examples
    --------
    >>> sorted(RandomSampler("abc"))
    [0, 1, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Any = None,
    ) -> None:
        _check_replacement(replacement)
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        _check_count("num_samples", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many are drawn in one epoch; without a number, the length the data set has now."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        rng, count, wanted = numpy_generator(self.generator), len(self.data_source), len(self)
        if self.replacement:
            return iter(rng.integers(count, size=wanted).tolist())
        rounds = [rng.permutation(count) for _ in range(-(-wanted // count))]
        return iter(np.concatenate(rounds)[:wanted].tolist())

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """Each of the given numbers once, in random order.

    Examples
    --------
    >>> sorted(SubsetRandomSampler([7, 2, 5]))
    [2, 5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Any = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        order = numpy_generator(self.generator).permutation(len(self.indices)).tolist()
        return (self.indices[i] for i in order)

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Examples with given probabilities, such as ``1 / (size of its class)`` for each.

    Parameters
    ----------
    weights : sequence of float
        One for each example; they need not sum to 1.
    num_samples : int
        How many to draw.
    replacement : bool
        Whether an example may come again.
    generator : Generator, optional
        The default one unless given.

    Examples
    --------
    >>> list(WeightedRandomSampler([0.0, 2.0, 0.0], 3))
    [1, 1, 1]
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Any = None,
    ) -> None:
        _check_count("num_samples", num_samples)
        _check_replacement(replacement)
        self.weights = as_tensor(np.asarray(raw(weights), np.float64))
        if self.weights.ndim != 1:
            shape = tuple(self.weights.shape)
            raise ShapeError(
                located(f"weights should be a 1d sequence but given weights have shape {shape}")
            )
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The numbers that a sampler gives, in lists of `batch_size`.

    Examples
    --------
    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_count("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise DTypeError(
                located(f"drop_last should be a boolean value, but got drop_last={drop_last!r}")
            )
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        numbers = iter(self.sampler)
        while batch := list(itertools.islice(numbers, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        count = len(self.sampler)  # type: ignore[arg-type]
        return count // self.batch_size if self.drop_last else -(-count // self.batch_size)


def _check_count(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value <= 0:
        raise ShapeError(
            located(f"{name} should be a positive integer value, but got {name}={value!r}")
        )


def _check_replacement(value: Any) -> None:
    if not isinstance(value, bool):
        raise DTypeError(
            located(f"replacement should be a boolean value, but got replacement={value!r}")
        )
