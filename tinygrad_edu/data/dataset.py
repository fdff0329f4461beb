"""Data sets: what can be asked for its examples, and what cuts and joins such sets."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from ..creation import as_tensor
from ..engine import is_tensor
from ..errors import DTypeError, ShapeError, located
from ..random import numpy_generator

T_co = TypeVar("T_co", covariant=True)


class Dataset(Generic[T_co]):
    """Examples that can be asked for by number: subclasses define ``__getitem__`` and ``__len__``.

    Examples
    --------
    >>> class Squares(Dataset):
    ...     def __getitem__(self, index):
    ...         return index**2
    ...
    ...     def __len__(self):
    ...         return 4
    >>> joined = Squares() + Squares()
    >>> len(joined), joined[5]
    (8, 1)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__()")

    def __add__(self, other: Any) -> ConcatDataset:
        return ConcatDataset([self, other])

    def _batch(self, indices: Any) -> list[Any] | None:
        """Examples stacked without making each of them, or None where that cannot be done."""
        return None


class IterableDataset(Dataset[T_co]):
    """Examples that come one after another: subclasses define ``__iter__``.

    Examples
    --------
    >>> class Countdown(IterableDataset):
    ...     def __iter__(self):
    ...         return iter([3, 2, 1])
    >>> list(Countdown())
    [3, 2, 1]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} does not define __iter__()")

    def __add__(self, other: Any) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Any, ...]]):
    """Tensors of equal length: example ``i`` is the tuple of their ``i``-th elements.

    Parameters
    ----------
    *tensors : Tensor or ndarray
        Arrays share their memory with the tensors made of them.

    Attributes
    ----------
    tensors : tuple of Tensor
        As given.

    Examples
    --------
    >>> x, y = np.arange(6.0).reshape(3, 2), np.array([0, 1, 0])
    >>> TensorDataset(x, y)[1]
    (tensor([2., 3.], dtype=float64), tensor(1))
    """

    def __init__(self, *tensors: Any) -> None:
        for number, given in enumerate(tensors):
            if not (is_tensor(given) or isinstance(given, np.ndarray)):
                raise DTypeError(
                    located(
                        f"TensorDataset: argument {number} must be a Tensor or an ndarray, not "
                        f"{type(given).__name__}; convert it with tensor(...)"
                    )
                )
        shapes = [tuple(t.shape) for t in tensors]
        if not tensors or not all(shapes) or len({shape[0] for shape in shapes}) > 1:
            raise ShapeError(
                located(
                    "TensorDataset: tensors need the same number of examples in their first "
                    f"dimension (Size mismatch between tensors), got shapes {shapes}"
                )
            )
        self.tensors = tuple(as_tensor(t) for t in tensors)

    def __getitem__(self, index: Any) -> tuple[Any, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0])

    def _batch(self, indices: Any) -> list[Any] | None:
        if type(self).__getitem__ is not TensorDataset.__getitem__:
            return None  # a subclass makes its examples in its own way
        rows = np.asarray(indices)
        return [tensor[rows] for tensor in self.tensors]


class Subset(Dataset[T_co]):
    """Some examples of a data set, by their numbers.

    Examples
    --------
    >>> list(Subset("abcde", [4, 0]))
    ['e', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __len__(self) -> int:
        return len(self.indices)

    def _batch(self, indices: Any) -> list[Any] | None:
        if type(self).__getitem__ is not Subset.__getitem__ or not hasattr(self.dataset, "_batch"):
            return None
        return self.dataset._batch([self.indices[i] for i in indices])


class ConcatDataset(Dataset[T_co]):
    """Data sets one after another.

    Attributes
    ----------
    datasets : list
        As given.
    cumulative_sizes : list of int
        Where each of them ends.

    Examples
    --------
    >>> both = ConcatDataset(["ab", "cde"])
    >>> both[3], both[-1], both.cumulative_sizes
    ('d', 'e', [2, 5])
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ShapeError(located("ConcatDataset: datasets should not be an empty iterable"))
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise DTypeError(
                located("ConcatDataset does not support IterableDataset; use ChainDataset")
            )
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise IndexError(
                located(f"ConcatDataset: index {index} is out of range for {len(self)} examples")
            )
        part = bisect.bisect_right(self.cumulative_sizes, place)
        return self.datasets[part][place - (self.cumulative_sizes[part - 1] if part else 0)]


class ChainDataset(IterableDataset[T_co]):
    """Iterable data sets one after another.

    Examples
    --------
    >>> list(ChainDataset([[1, 2], [3]]))
    [1, 2, 3]
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[T_co]:
        return itertools.chain.from_iterable(self.datasets)

    def __len__(self) -> int:
        return sum(map(len, self.datasets))


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Any = None
) -> list[Subset[Any]]:
    """Cut a data set at random.

    Parameters
    ----------
    dataset : Dataset
        Or anything else with a length.
    lengths : sequence of int or float
        Examples in each part; or fractions that sum to 1, which are rounded down, and what is left
        over goes to the parts in turn.
    generator : Generator, optional
        The default one unless given. The same state gives the same split.

    Examples
    --------
    >>> [len(part) for part in random_split(range(10), [0.55, 0.45])]
    [6, 4]
    """
    count = len(dataset)
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _whole(lengths, count)
    if sum(lengths) != count or any(n < 0 or n != int(n) for n in lengths):
        raise ShapeError(
            located(
                "random_split: Sum of input lengths does not equal the length of the input "
                f"dataset: {list(lengths)} for {count} examples; give whole lengths that do, "
                "or fractions that sum to 1"
            )
        )
    order = numpy_generator(generator).permutation(count).tolist()
    ends = itertools.accumulate(int(n) for n in lengths)
    return [Subset(dataset, order[e - int(n) : e]) for e, n in zip(ends, lengths, strict=True)]


def _whole(fractions: Sequence[float], count: int) -> list[int]:
    """Lengths from fractions: rounded down, the remainder dealt out in turn."""
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ShapeError(
                located(f"random_split: Fraction at index {i} is not between 0 and 1: {fraction}")
            )
    lengths = [math.floor(count * fraction) for fraction in fractions]
    for i in range(count - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if not length:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return lengths
