"""Writing where a mask holds."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .compare import clash, where

__all__ = ["masked_fill"]


@primitive(name="masked_fill", elementwise=True)
@quiet
def _masked_fill(input: Any, mask: Any, value: Any) -> Any:
    return np.where(mask, np.asarray(value).astype(input.dtype), input)


_masked_fill.explain = clash
_masked_fill.defvjp(
    lambda g, out, x, mask, value: where(mask, 0.0, g),
    None,
    lambda g, out, x, mask, value: where(mask, g, 0.0),
)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """`input` with a number (or 0-d tensor) where a mask holds; input and mask broadcast.

    The gradient of `input` is 0 there; `value` gets the sum of it.

    Examples
    --------
    >>> masked_fill(np.array([1.0, 2.0]), np.array([True, False]), -np.inf)
    array([-inf,   2.])
    """
    chosen = raw(mask)
    if not hasattr(chosen, "dtype") or chosen.dtype != bool:
        kind = getattr(chosen, "dtype", type(mask).__name__)
        raise DTypeError(
            located(f"masked_fill_ only supports boolean masks, but got mask with dtype {kind}")
        )
    if np.ndim(raw(value)):
        raise ShapeError(
            located(
                "masked_fill only supports a 0-dimensional value tensor, but got tensor with shape "
                f"{np.shape(raw(value))}; use where()"
            )
        )
    return _masked_fill(input, mask, value)
