"""Comparisons, and the ops that choose between values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..engine import is_tensor, primitive, raw
from ..errors import DTypeError, describe, located
from ..quiet import quiet
from .index import nonzero
from .selection import select

__all__ = [
    "eq",
    "fmax",
    "fmin",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "le",
    "less",
    "less_equal",
    "lt",
    "maximum",
    "minimum",
    "ne",
    "not_equal",
    "where",
]

comparison = primitive(elementwise=True, promotes="arithmetic", differentiable=False)
choice = primitive(elementwise=True, promotes="arithmetic")


def clash(*values: Any, **_: Any) -> str:
    """Why shapes can't be broadcast against each other, or nothing: the `explain` of an op."""
    shapes = [np.shape(v) for v in values]
    ndim = max(map(len, shapes))
    for axis in reversed(range(ndim)):
        sizes = {s[axis - ndim] for s in shapes if len(s) >= ndim - axis} - {1}
        if len(sizes) > 1:
            return (
                f"shapes {' and '.join(map(str, shapes))} can't be broadcast: in dimension {axis} "
                f"the sizes {' and '.join(map(str, sorted(sizes)))} must match, or one be 1; "
                "reshape or unsqueeze one of the inputs"
            )
    return ""


@comparison
@quiet
def eq(input: Any, other: Any) -> Any:
    """``input == other``, element by element; nan equals nothing. It has no gradient.

    Examples
    --------
    >>> eq(np.array([1, 2]), 2)
    array([False,  True])
    """
    return np.equal(input, other)


@comparison
@quiet
def ne(input: Any, other: Any) -> Any:
    """``input != other``, element by element; nan differs from all. It has no gradient.

    Examples
    --------
    >>> ne(np.array([1, 2]), 2)
    array([ True, False])
    """
    return np.not_equal(input, other)


@comparison
@quiet
def lt(input: Any, other: Any) -> Any:
    """``input < other``, element by element. It has no gradient.

    Examples
    --------
    >>> lt(np.array([1, 2]), 2)
    array([ True, False])
    """
    return np.less(input, other)


@comparison
@quiet
def le(input: Any, other: Any) -> Any:
    """``input <= other``, element by element. It has no gradient.

    Examples
    --------
    >>> le(np.array([1, 3]), 2)
    array([ True, False])
    """
    return np.less_equal(input, other)


@comparison
@quiet
def gt(input: Any, other: Any) -> Any:
    """``input > other``, element by element. It has no gradient.

    Examples
    --------
    >>> gt(np.array([1, 3]), 2)
    array([False,  True])
    """
    return np.greater(input, other)


@comparison
@quiet
def ge(input: Any, other: Any) -> Any:
    """``input >= other``, element by element. It has no gradient.

    Examples
    --------
    >>> ge(np.array([1, 2]), 2)
    array([False,  True])
    """
    return np.greater_equal(input, other)


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


@primitive(differentiable=False)
def no_slope(g: Any) -> Any:
    """Zeros like `g`: the gradient of a function that is flat between its jumps.

    Examples
    --------
    >>> no_slope(np.array([3.0, np.inf]))
    array([0., 0.])
    """
    return np.zeros(g.shape, g.dtype)


@primitive(name="flat")
def _flat(g: Any, x: Any) -> Any:
    return g


_flat.defvjp(lambda g, out, u, x: g, lambda g, out, u, x: no_slope(x))


def flat(g: Any, x: Any) -> Any:
    """`g`, a gradient that also depends on `x`, but is flat between its jumps.

    Its second derivative is therefore 0, as in PyTorch, and not missing.
    """
    return _flat(g, x) if is_tensor(g) and is_tensor(x) else g


@primitive(elementwise=True, promotes="branches", name="where")
@quiet
def _where(condition: Any, input: Any, other: Any) -> Any:
    return select(condition, input, other)


_where.defvjp(
    None,
    lambda g, out, condition, x, y: _where(condition, g, 0.0),
    lambda g, out, condition, x, y: _where(condition, 0.0, g),
)


def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """`input` where `condition` holds, else `other`; all three broadcast.

    Each gets the gradient of its own elements, and exactly 0 elsewhere. With the condition alone:
    the indices where it is not zero, one array per axis.

    Raises
    ------
    DTypeError
        The condition is not boolean, or only one of the two values was given.

    Examples
    --------
    >>> where(np.array([True, False]), np.array([1.0, 2.0]), 0.0)
    array([1., 0.])
    >>> where(np.array([0, 7, 8]))
    (array([1, 2]),)
    """
    if input is None or other is None:
        if input is not other:
            raise DTypeError(
                located("where: got only one of input and other; give both, or the condition alone")
            )
        return nonzero(condition, as_tuple=True)
    kind = getattr(raw(condition), "dtype", None)
    if kind != np.bool_ and kind != np.uint8:
        if not isinstance(condition, bool):
            raise DTypeError(
                located(
                    "where: expected condition to be a boolean tensor, but got "
                    f"{describe(condition)}; compare it with something, such as condition != 0"
                )
            )
    elif is_tensor(condition) and not hasattr(input, "dtype") and not hasattr(other, "dtype"):
        # Two Python numbers: there is no tensor to tell the dtype.
        target = dtypes.result_type([input, other])
        input, other = np.asarray(input, target), np.asarray(other, target)
    return _where(condition, input, other)


def _over(g: Any, d: Any) -> Any:
    """``g / d``, and 0 where `d` is 0."""
    zero = d == 0
    return _where(zero, 0.0, g / _where(zero, 1.0, d))


@choice
@quiet
def maximum(input: Any, other: Any) -> Any:
    """The larger of two values, nan if either is. The gradient goes to it; a tie shares it equally.

    Examples
    --------
    >>> maximum(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    array([2., 3.])
    """
    return np.maximum(input, other)


@choice
@quiet
def minimum(input: Any, other: Any) -> Any:
    """The smaller of two values, nan if either is. The gradient goes to it; a tie shares it.

    Examples
    --------
    >>> minimum(np.array([1.0, 3.0]), np.array([2.0, 2.0]))
    array([1., 2.])
    """
    return np.minimum(input, other)


@choice
@quiet
def fmax(input: Any, other: Any) -> Any:
    """The larger of two values, the other one if one is nan. `input` takes the gradient of a tie.

    Examples
    --------
    >>> fmax(np.array([1.0, np.nan]), np.array([2.0, 2.0]))
    array([2., 2.])
    """
    return np.fmax(input, other)


@choice
@quiet
def fmin(input: Any, other: Any) -> Any:
    """The smaller of two values, the other one if one is nan. `input` takes the gradient of a tie.

    Examples
    --------
    >>> fmin(np.array([1.0, np.nan]), np.array([2.0, 2.0]))
    array([1., 2.])
    """
    return np.fmin(input, other)


for _op in (eq, ne, lt, le, gt, ge, _where, maximum, minimum, fmax, fmin):
    _op.explain = clash


def _share(g: Any, loses: Any, ties: Any) -> Any:
    """All of `g` to the winner, half of it to each side of a tie. Beside nan nobody loses."""
    return _where(loses, 0.0, _where(ties, g * 0.5, g))


maximum.defvjp(
    lambda g, out, x, y: _share(g, x < y, x == y),
    lambda g, out, x, y: _share(g, y < x, x == y),
)
minimum.defvjp(
    lambda g, out, x, y: _share(g, x > y, x == y),
    lambda g, out, x, y: _share(g, y > x, x == y),
)


def _first_of_max(x: Any, y: Any) -> Any:
    return (x >= y) + (y != y)  # y != y says that y is nan


def _first_of_min(x: Any, y: Any) -> Any:
    return (x <= y) + (y != y)


fmax.defvjp(
    lambda g, out, x, y: _where(_first_of_max(x, y), g, 0.0),
    lambda g, out, x, y: _where(_first_of_max(x, y), 0.0, g),
)
fmin.defvjp(
    lambda g, out, x, y: _where(_first_of_min(x, y), g, 0.0),
    lambda g, out, x, y: _where(_first_of_min(x, y), 0.0, g),
)
