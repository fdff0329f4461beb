"""Regularisation terms: what is added to the data loss to prefer simpler weights."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .. import ops


def _total(terms: Iterable[Any]) -> Any:
    total: Any = None
    for term in terms:
        total = term if total is None else total + term
    return 0.0 if total is None else total


def l2_penalty(params: Iterable[Any], half: bool = False) -> Any:
    """The sum of the squares of all parameters, ``R(W) = sum W**2``.

    Parameters
    ----------
    params : iterable of Tensor
    half : bool
        Put 1/2 in front, so that the gradient is ``W`` in place of ``2 W``. (COURSE 9 and 10: the
        lectures use both; this is why a regularisation gradient may be off by a factor of 2.)

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> l2_penalty([tensor([0.25, 0.25, 0.25, 0.25])])
    tensor(0.2500)
    """
    total = _total(ops.sum(ops.square(p)) for p in params)
    return 0.5 * total if half else total


def l1_penalty(params: Iterable[Any]) -> Any:
    """The sum of the absolute values of all parameters, ``R(W) = sum |W|``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> l1_penalty([tensor([-1.0, 0.5])])
    tensor(1.5000)
    """
    return _total(ops.sum(ops.abs(p)) for p in params)
