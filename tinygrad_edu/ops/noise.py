"""Dropout: noise that a network is trained to bear."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, located
from ..quiet import quiet
from ..random import numpy_generator

__all__ = ["dropout"]


@primitive(elementwise=True, name="dropout")
@quiet
def _dropout(input: Any, mask: Any) -> Any:
    return input * mask


_dropout.defvjp(lambda g, out, x, mask: g * mask, None)


def dropout(
    input: Any,
    p: float = 0.5,
    training: bool = True,
    *,
    keep_prob: float | None = None,
    generator: Any = None,
) -> Any:
    """Set each element to 0 with probability `p`, and divide the others by ``1 - p``.

    So the mean stays as it is, and in evaluation nothing has to be done ("inverted" dropout). The
    gradient passes through the same mask.

    Parameters
    ----------
    input : Tensor
    p : float
        Probability to **drop** an element.
    training : bool
        False: return the input.
    keep_prob : float, optional
        Probability to **keep** an element, as the lectures count; takes the place of `p`.
    generator : Generator, optional
        Where the random numbers come from.

    Raises
    ------
    ValueError
        The probability is not between 0 and 1.

    Examples
    --------
    >>> dropout(np.array([1.0, 2.0]), p=1.0)
    array([0., 0.])
    >>> dropout(np.array([1.0, 2.0]), p=0.5, training=False)
    array([1., 2.])
    """
    name, value = ("dropout", p) if keep_prob is None else ("keep", keep_prob)
    if not 0.0 <= value <= 1.0:
        raise ValueError(located(f"{name} probability has to be between 0 and 1, but got {value}"))
    keep = 1.0 - p if keep_prob is None else keep_prob
    x = raw(input)
    if not training or keep == 1.0 or not x.size:
        return input
    if x.dtype.kind != "f":
        raise DTypeError(located(f"dropout: not implemented for {x.dtype}; use .float() first"))
    if keep == 0.0:
        return _dropout(input, np.zeros(x.shape, x.dtype))
    draws = numpy_generator(generator).random(x.shape, dtype=np.float32)
    mask = np.asarray(draws < keep, x.dtype)
    mask /= keep
    return _dropout(input, mask)
