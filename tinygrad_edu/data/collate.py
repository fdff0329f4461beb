"""Collating: many examples become one batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..creation import as_tensor, tensor
from ..engine import is_tensor
from ..errors import DTypeError, ShapeError, located
from ..ops import stack

_NUMBERS = (bool, int, float, np.number, np.bool_)


def default_collate(batch: Sequence[Any]) -> Any:
    """Stack examples: element by element in tuples, lists and dicts.

    Tensors and arrays of equal shape get a first axis; numbers become a tensor (Python floats one
    of float64, as in PyTorch); strings stay as they are. Tuples come back as lists.

    Parameters
    ----------
    batch : sequence
        Examples of one structure.

    Raises
    ------
    ShapeError
        Examples differ in shape or length.
    DTypeError
        Of something that cannot be stacked, such as None.

    Examples
    --------
    >>> default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ('a', 'b')]
    >>> default_collate([{"x": np.zeros(2, np.float32)}, {"x": np.ones(2, np.float32)}])
    {'x': tensor([[0., 0.],
            [1., 1.]])}
    """
    first = batch[0]
    if is_tensor(first):
        _check_shapes(batch)
        return stack(list(batch))
    if isinstance(first, np.ndarray) and first.dtype.kind in "biuf":
        _check_shapes(batch)
        return as_tensor(np.stack(list(batch)))
    if isinstance(first, float):
        return tensor(list(batch), dtype=np.float64)
    if isinstance(first, _NUMBERS):
        return tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        _check_keys(batch)
        return _rebuilt(first, {key: default_collate([b[key] for b in batch]) for key in first})
    if isinstance(first, Sequence):
        return _collate_sequences(batch)
    raise DTypeError(
        located(
            "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; "
            f"found {_kind(first)}; give the DataLoader a collate_fn"
        )
    )


def default_convert(data: Any) -> Any:
    """Turn arrays into tensors, also inside tuples, lists and dicts, and nothing else.

    Examples
    --------
    >>> default_convert((np.array([1, 2]), 3))
    [tensor([1, 2]), 3]
    """
    if isinstance(data, (np.ndarray, np.generic)) and data.dtype.kind in "biuf":
        return as_tensor(np.asarray(data))
    if is_tensor(data) or isinstance(data, (str, bytes, np.ndarray, np.generic)):
        return data
    if isinstance(data, Mapping):
        return _rebuilt(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*map(default_convert, data))
    if isinstance(data, Sequence):
        return [default_convert(value) for value in data]
    return data


def _collate_sequences(batch: Sequence[Any]) -> Any:
    first = batch[0]
    lengths = [len(example) for example in batch]
    if len(set(lengths)) > 1:
        raise ShapeError(
            located(
                "default_collate: each element in list of batch should be of equal size, "
                f"got lengths {lengths[:8]}; pad them, or give the DataLoader a collate_fn"
            )
        )
    columns = [default_collate(column) for column in zip(*batch, strict=True)]
    return type(first)(*columns) if hasattr(first, "_fields") else columns


def _rebuilt(first: Mapping[Any, Any], found: dict[Any, Any]) -> Any:
    """A mapping of the user's own kind where it can be made of a dict."""
    try:
        return type(first)(found)  # type: ignore[call-arg]
    except TypeError:  # such as a defaultdict
        return found


def _check_shapes(batch: Sequence[Any]) -> None:
    shapes = [tuple(getattr(example, "shape", ())) for example in batch]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ShapeError(
                located(
                    "default_collate: stack expects each tensor to be equal size, but got "
                    f"{shapes[0]} at entry 0 and {shape} at entry {i}; pad or crop them, or give "
                    "the DataLoader a collate_fn"
                )
            )


def _check_keys(batch: Sequence[Any]) -> None:
    for i, example in enumerate(batch):
        if missing := [key for key in batch[0] if key not in example]:
            raise KeyError(
                f"default_collate: example {i} of the batch has no {missing[0]!r}, example 0 has"
            )


def _kind(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return type(value).__name__ if dtype is None else f"an array of {dtype}"
