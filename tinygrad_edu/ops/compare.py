"""Comparisons, and the ops that choose between values."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from .index import nonzero

__all__ = ["eq", "ge", "gt", "le", "lt", "maximum", "minimum", "ne", "where"]

comparison = primitive(elementwise=True, promotes="arithmetic", differentiable=False)


@comparison
def eq(input: Any, other: Any) -> Any:
    """``input == other``, element by element.

    Examples
    --------
    >>> eq(np.array([1, 2]), 2)
    array([False,  True])
    """
    return np.equal(input, other)


@comparison
def ne(input: Any, other: Any) -> Any:
    """``input != other``, element by element.

    Examples
    --------
    >>> ne(np.array([1, 2]), 2)
    array([ True, False])
    """
    return np.not_equal(input, other)


@comparison
def lt(input: Any, other: Any) -> Any:
    """``input < other``, element by element.

    Examples
    --------
    >>> lt(np.array([1, 2]), 2)
    array([ True, False])
    """
    return np.less(input, other)


@comparison
def le(input: Any, other: Any) -> Any:
    """``input <= other``, element by element.

    Examples
    --------
    >>> le(np.array([1, 3]), 2)
    array([ True, False])
    """
    return np.less_equal(input, other)


@comparison
def gt(input: Any, other: Any) -> Any:
    """``input > other``, element by element.

    Examples
    --------
    >>> gt(np.array([1, 3]), 2)
    array([False,  True])
    """
    return np.greater(input, other)


@comparison
def ge(input: Any, other: Any) -> Any:
    """``input >= other``, element by element.

    Examples
    --------
    >>> ge(np.array([1, 2]), 2)
    array([False,  True])
    """
    return np.greater_equal(input, other)


@primitive(elementwise=True, promotes="arithmetic")
def maximum(input: Any, other: Any) -> Any:
    """The larger of two values. The gradient goes to it; a tie shares it equally.

    Examples
    --------
    >>> maximum(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    array([2., 3.])
    """
    return np.maximum(input, other)


@primitive(elementwise=True, promotes="arithmetic")
def minimum(input: Any, other: Any) -> Any:
    """The smaller of two values. The gradient goes to it; a tie shares it equally.

    Examples
    --------
    >>> minimum(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    array([1., 2.])
    """
    return np.minimum(input, other)


@primitive(elementwise=True, promotes="branches", name="where")
def _where(condition: Any, input: Any, other: Any) -> Any:
    return np.where(condition, input, other)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` holds, else `other`; each gets the gradient of its own elements.

    With the condition alone: the indices where it holds, one array per axis.

    Examples
    --------
    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    return _where(condition, input, other)


def _share(g: Any, wins: Any, ties: Any) -> Any:
    return _where(ties, g * 0.5, _where(wins, g, 0.0))


maximum.defvjp(
    lambda g, out, x, y: _share(g, x > y, x == y),
    lambda g, out, x, y: _share(g, y > x, x == y),
)
minimum.defvjp(
    lambda g, out, x, y: _share(g, x < y, x == y),
    lambda g, out, x, y: _share(g, y < x, x == y),
)
_where.defvjp(
    None,
    lambda g, out, condition, x, y: _where(condition, g, 0.0),
    lambda g, out, condition, x, y: _where(condition, 0.0, g),
)
