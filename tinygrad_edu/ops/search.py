"""Places in sorted sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import box, is_tensor, raw
from ..errors import ShapeError, located
from .arguments import expect_tensors

__all__ = ["bucketize", "searchsorted"]


def searchsorted(
    sorted_sequence: Any,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Any = None,
) -> Any:
    """Where in a sorted sequence values would have to be inserted.

    The index of the first element that is not below the value; with ``right=True`` of the first
    one above it. A sequence of several axes holds one sequence per row of `input`.

    Examples
    --------
    >>> searchsorted(np.array([1.0, 3.0, 5.0]), np.array([3.0, 4.0]))
    array([1, 2])
    """
    expect_tensors("searchsorted", sorted_sequence=sorted_sequence)
    if not isinstance(input, (int, float)):
        expect_tensors("searchsorted", input=input)
    rows, values = np.asarray(raw(sorted_sequence)), np.asarray(raw(input))
    if sorter is not None:
        rows = np.take_along_axis(rows, np.asarray(raw(sorter)), axis=-1)
    if side not in (None, "left", "right"):
        raise ShapeError(located(f"searchsorted: side must be 'left' or 'right', not {side!r}"))
    where = "right" if right or side == "right" else "left"
    if rows.ndim == 1:
        found = np.searchsorted(rows, values, side=where)  # type: ignore[call-overload]
    else:
        if values.shape[:-1] != rows.shape[:-1]:
            raise ShapeError(
                located(
                    "searchsorted: boundaries tensor should be 1 dimension or the first N-1 "
                    f"dimensions of boundaries tensor {rows.shape} and input value tensor "
                    f"{values.shape} must match"
                )
            )
        found = np.empty(values.shape, np.int64)
        for i in np.ndindex(*rows.shape[:-1]):
            found[i] = np.searchsorted(rows[i], values[i], side=where)  # type: ignore[call-overload]
    found = np.asarray(found).astype(np.int32 if out_int32 else np.int64, copy=False)
    return box(found) if is_tensor(sorted_sequence) or is_tensor(input) else found


def bucketize(input: Any, boundaries: Any, *, out_int32: bool = False, right: bool = False) -> Any:
    """The number of the interval between `boundaries` in which each value lies.

    Examples
    --------
    >>> bucketize(np.array([0.0, 3.0, 9.0]), np.array([1.0, 3.0, 5.0]))
    array([0, 1, 3])
    """
    expect_tensors("bucketize", boundaries=boundaries)
    if np.ndim(raw(boundaries)) != 1:
        raise ShapeError(
            located(
                "bucketize: boundaries tensor must be 1 dimension, but got "
                f"dim({np.ndim(raw(boundaries))})"
            )
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
