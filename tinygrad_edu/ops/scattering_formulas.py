"""Products and extremes of the elements that an index brings together."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import primitive
from ..quiet import quiet
from .compare import no_slope, where
from .index import accumulate, getitem, index_put


@primitive(name="scatter_reduce")
@quiet
def scatter_prod(input: Any, src: Any, *, index: Any) -> Any:
    """`input` times all elements of `src` that `index` sends to the same place.

    The gradient of a factor is ``g`` times the product of the others.

    Examples
    --------
    >>> scatter_prod(
    ...     np.array([2.0, 1.0]), np.array([3.0, 4.0]), index=(np.array([0, 0]),)
    ... )
    array([24.,  1.])
    """
    out = np.array(input)
    np.multiply.at(out, index, src)
    return out


def _d_input(g: Any, out: Any, x: Any, src: Any, index: Any) -> Any:
    others = where(x == 0, 1.0, x)  # so that the product divided by it is that of the others
    return g * (scatter_prod(others, src, index=index) / others)


def _d_src(g: Any, out: Any, x: Any, src: Any, index: Any) -> Any:
    zero = src == 0
    zeros = accumulate(no_slope(x), zero, index=index)  # how many each place has
    alone = zero * (getitem(zeros, index=index) == 1)
    without = scatter_prod(x, where(alone, 1.0, src), index=index)
    quotient = getitem(g * out, index=index) / where(zero, 1.0, src)
    return where(alone, getitem(g * without, index=index), quotient)


scatter_prod.defvjp(_d_input, _d_src)


@primitive(name="scatter_reduce")
@quiet
def scatter_extreme(
    input: Any, src: Any, *, index: Any, largest: bool, include_self: bool = True
) -> Any:
    """The largest or smallest of `input` and the elements of `src` sent to the same place.

    Those that tie share the gradient equally. An element of `input` that does not take part gets
    none, but as in PyTorch counts as one more if it happens to be equal.

    Examples
    --------
    >>> index = (np.array([0, 0]),)
    >>> scatter_extreme(
    ...     np.array([2.0, 1.0]), np.array([3.0, 4.0]), index=index, largest=True
    ... )
    array([4., 1.])
    """
    out = np.array(input)
    if not include_self:  # the worst there is loses against every other
        out[index] = _worst(out.dtype, largest)
    (np.maximum if largest else np.minimum).at(out, index, src)
    return out


def _worst(dtype: np.dtype, largest: bool) -> Any:
    if dtype.kind == "f":
        return -np.inf if largest else np.inf
    limits = np.iinfo(dtype)
    return limits.min if largest else limits.max


def _shares(
    g: Any, out: Any, x: Any, src: Any, index: Any, largest: bool, include_self: bool
) -> tuple[Any, Any]:
    own, at = x == out, src == getitem(out, index=index)
    each = g / accumulate(where(own, 1.0, 0.0), where(at, 1.0, 0.0), index=index)
    d_input = where(own, each, 0.0)
    if not include_self:
        d_input = index_put(d_input, 0.0, index=index)
    return d_input, where(at, getitem(each, index=index), 0.0)


scatter_extreme.defvjp(joint=_shares)
