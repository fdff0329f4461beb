"""What a training loop reads: minibatches of arrays or of a loader."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..creation import from_numpy
from ..errors import DTypeError, ShapeError, describe, located
from ..random import numpy_generator


def minibatches(length: int, batch_size: int, rng: Any) -> Iterator[NDArray[np.int64]]:
    """Cut a random order of ``0 .. length-1`` into minibatches; each number comes once.

    Examples
    --------
    >>> batches = list(minibatches(5, 2, np.random.default_rng(0)))
    >>> [len(rows) for rows in batches], sorted(np.concatenate(batches).tolist())
    ([2, 2, 1], [0, 1, 2, 3, 4])
    """
    order = rng.permutation(length)
    for start in range(0, length, batch_size):
        yield order[start : start + batch_size]


def is_pair(data: Any) -> bool:
    """Whether data is a pair of whole arrays, and not a source of minibatches."""
    return isinstance(data, (tuple, list)) and len(data) == 2 and hasattr(data[0], "shape")


def as_tensor(x: Any) -> Any:
    """An array as a tensor that shares its memory; a tensor as it is."""
    return x if hasattr(x, "detach") else from_numpy(np.asarray(x))


def reader(data: Any, batch_size: int, rng: Any) -> Callable[[], Iterable[Any]]:
    """Return a function that gives the minibatches of one epoch.

    Parameters
    ----------
    data : pair of arrays, or DataLoader
        Arrays are shuffled here; a loader does as it likes.
    batch_size : int
        Of arrays.
    rng : Generator, numpy.random.Generator or None
        Shuffles arrays.

    Raises
    ------
    TypeError
        It is neither, or can be read once only.
    ValueError
        Inputs and targets differ in number, there are none, or `batch_size` is below 1.

    Examples
    --------
    >>> x, y = np.zeros((5, 3)), np.arange(5)
    >>> batches = reader((x, y), 2, np.random.default_rng(0))
    >>> [inputs.shape for inputs, targets in batches()]
    [(2, 3), (2, 3), (1, 3)]
    """
    if is_pair(data):
        x, y = check_pair("data", data)
        at_least_1("batch_size", batch_size)
        order = numpy_generator(rng)
        return lambda: ((x[rows], y[rows]) for rows in minibatches(len(x), batch_size, order))
    if not hasattr(data, "__iter__") or hasattr(data, "__next__"):
        what = "can be read once only" if hasattr(data, "__next__") else describe(data)
        raise DTypeError(
            located(f"data: {what}; give Splits, arrays (x, y), a DataLoader, or a list of batches")
        )
    return lambda: (check_batch(batch) for batch in data)


def in_words(data: Any, batch_size: int) -> str:
    """Say what is read, for the comparison with a checkpoint.

    Examples
    --------
    >>> in_words((np.zeros((5, 3)), np.arange(5)), 2)
    '5 examples of shape (3,) in minibatches of 2'
    """
    if is_pair(data):
        shape = tuple(data[0].shape)
        return f"{shape[0]} examples of shape {shape[1:]} in minibatches of {batch_size}"
    try:
        return f"{len(data)} minibatches"
    except TypeError:  # a loader of an iterable data set can't know
        return "minibatches"


def check_pair(name: str, data: Any) -> tuple[Any, Any]:
    """Arrays of inputs and targets, of which there are as many."""
    x, y = data
    y = y if hasattr(y, "shape") else np.asarray(y)
    if len(x.shape) == 0 or len(y.shape) == 0 or len(x) != len(y) or len(x) == 0:
        raise ShapeError(
            located(
                f"{name}: inputs of shape {tuple(x.shape)} and targets of shape {tuple(y.shape)}; "
                "they must be as many, and at least one"
            )
        )
    return x, y


def check_batch(batch: Any) -> Any:
    """A minibatch as a pair of inputs and targets."""
    if isinstance(batch, (tuple, list)) and len(batch) == 2:
        return batch
    raise DTypeError(
        located(f"data: a minibatch is a {type(batch).__name__}; expected a pair (inputs, targets)")
    )


def at_least_1(name: str, value: Any) -> int:
    """Refuse a count that is no whole number from 1."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(located(f"{name}: {value!r}; it must be a whole number from 1"))
    return int(value)
