"""Class and word indices: rows of a table, and one-hot vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import box, is_tensor, primitive, raw, wrote
from ..errors import AxisError, DTypeError, ShapeError, located
from .compare import where
from .index import put_zeros

__all__ = ["embedding", "one_hot"]


@primitive(name="embedding")
def _embedding(weight: Any, *, index: Any, scale: Any) -> Any:
    return weight[index]


def _to_rows(g: Any, out: Any, weight: Any, index: Any, scale: Any) -> Any:
    # A scale of 0 marks the padding, whose gradient is dropped, whatever it is.
    if scale is not None:
        g = where(scale == 0.0, 0.0, g * scale)
    return put_zeros(g, index=index, shape=weight.shape)


_embedding.defvjp(_to_rows)


def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of `weight` at the indices `input`; a row met twice adds up two gradients.

    Parameters
    ----------
    input : Tensor of integers, of any shape
    weight : Tensor of shape (number of rows, size)
    padding_idx : int, optional
        This row gets no gradient.
    max_norm : float, optional
        Rows that are used and whose norm is larger are first scaled down to it, in place.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide the gradient of a row by how often it is used.
    sparse : bool
        Has no effect: gradients are arrays.

    Returns
    -------
    Tensor of shape (..., size), the shape of `input` in front

    Examples
    --------
    >>> embedding(np.array([2, 0]), np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]))
    array([[4., 5.],
           [0., 1.]])
    """
    index, table = np.asarray(raw(input)), raw(weight)
    if index.dtype.kind not in "iu":
        raise DTypeError(located(f"embedding: indices must be integers, not {index.dtype}"))
    if table.ndim != 2:
        raise ShapeError(located(f"embedding: 'weight' must be 2-D, not {table.shape}"))
    rows = len(table)
    if index.size and (index.min() < 0 or index.max() >= rows):
        bad = index[(index < 0) | (index >= rows)].flat[0]
        raise AxisError(located(f"embedding: index {bad} out of range for {rows} rows"))
    if padding_idx is not None:
        if not -rows <= padding_idx < rows:
            raise AssertionError(
                located(f"embedding: padding_idx {padding_idx} must be within the {rows} rows")
            )
        padding_idx %= rows
    if max_norm is not None:
        _shrink_rows(table, np.unique(index), max_norm, norm_type)
    scale: Any = None
    if scale_grad_by_freq or padding_idx is not None:
        uses = np.bincount(index.ravel(), minlength=rows) if scale_grad_by_freq else np.ones(rows)
        per_row = (1.0 / np.maximum(uses, 1.0)).astype(table.dtype)
        if padding_idx is not None:
            per_row[padding_idx] = 0.0
        scale = per_row[index][..., None]
    return _embedding(weight, index=index, scale=scale)


def _shrink_rows(table: np.ndarray, rows: np.ndarray, max_norm: float, p: float) -> None:
    norms = np.linalg.norm(table[rows], ord=p, axis=1)
    long = norms > max_norm
    if long.any():
        table[rows[long]] *= (max_norm / (norms[long] + 1e-7))[:, None].astype(table.dtype)
        wrote(table)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """Integers as vectors of zeros with a one at that place, along a new last axis (int64).

    Parameters
    ----------
    tensor : Tensor of integers
        Classes.
    num_classes : int
        The length of the vectors; one more than the largest class unless given.

    Examples
    --------
    >>> one_hot(np.array([2, 0]))
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    classes = np.asarray(raw(tensor))
    if classes.dtype.kind not in "iu":
        raise DTypeError(
            located(
                "one_hot: is only applicable to index tensor of type LongTensor, "
                f"not {classes.dtype}; convert it with .long()"
            )
        )
    if not classes.size and num_classes <= 0:
        raise ShapeError(
            located("one_hot: Can not infer total number of classes from empty tensor.")
        )
    if classes.size and classes.min() < 0:
        raise ShapeError(located("one_hot: Class values must be non-negative."))
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    elif num_classes < 1:
        raise ShapeError(located(f"one_hot: num_classes should be positive, not {num_classes}"))
    elif classes.size and classes.max() >= num_classes:
        raise ShapeError(
            located(
                "one_hot: Class values must be smaller than num_classes: "
                f"{classes.max()} with {num_classes} classes"
            )
        )
    out = (classes[..., None] == np.arange(num_classes)).astype(np.int64)
    return box(out) if is_tensor(tensor) else out
