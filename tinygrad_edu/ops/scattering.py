"""Writing elements by index tensors: each op gives a new tensor and has a method in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import raw
from ..errors import AxisError, DTypeError, ShapeError, located
from .arguments import numpy_names, one_axis
from .arithmetic import div, mul
from .fitting import broadcast_to
from .gathering import along, check_bounds, index_array
from .index import accumulate, getitem, plain_index
from .index import index_put as _index_put
from .repeating import broadcast_shapes
from .scattering_formulas import scatter_extreme, scatter_prod
from .shape import _reshape

__all__ = [
    "index_add",
    "index_copy",
    "index_fill",
    "index_put",
    "masked_scatter",
    "scatter",
    "scatter_add",
    "scatter_reduce",
]


def _source(name: str, src: Any, input: Any, index: Any) -> Any:
    """The part of `src` that `index` covers."""
    own, shape = raw(src), np.shape(raw(index))
    if not hasattr(own, "dtype"):
        raise DTypeError(
            located(f"{name}(): argument 'src' must be Tensor, not {type(src).__name__}")
        )
    if own.dtype != raw(input).dtype:
        raise DTypeError(
            located(
                f"{name}(): Expected self.dtype to be equal to src.dtype, but self is "
                f"{raw(input).dtype}, src {own.dtype}"
            )
        )
    shape, size = shape or (1,), own.shape or (1,)
    if len(size) != len(shape) or any(n > m for n, m in zip(shape, size, strict=True)):
        if 0 in shape:
            return np.zeros(shape, own.dtype)
        raise ShapeError(
            located(f"{name}(): Expected index {shape} to be no larger than src {size}")
        )
    if own.shape != size:
        src = _reshape(src, shape=size)
    return src if size == shape else getitem(src, index=tuple(map(slice, shape)))


def _on_vector(write: Any, name: str, input: Any, dim: int, index: Any, *rest: Any) -> Any:
    """Call ``write(input, places, *rest)``, with a number as a vector of length 1."""
    shape = raw(input).shape
    places = along(name, shape, dim, index)
    if shape:
        return write(input, places, *rest)
    return _reshape(write(_reshape(input, shape=(1,)), places, *rest), shape=())


@numpy_names
def scatter(
    input: Any,
    dim: int,
    index: Any,
    src: Any = None,
    *,
    value: Any = None,
    reduce: str | None = None,
) -> Any:
    """`input` with the elements of `src` (or a number) written at `index` along an axis.

    ``out[i][index[i][j]] = src[i][j]`` for dim 1. The gradient of `input` is 0 where it was
    overwritten; `src` gets it there. `reduce` may be "add" or "multiply".

    Examples
    --------
    >>> scatter(np.zeros((2, 3)), 1, np.array([[2], [0]]), 5.0)
    array([[0., 0., 5.],
           [5., 0., 0.]])
    """
    src = value if src is None else src
    if hasattr(raw(src), "dtype") and not (reduce and not raw(src).ndim):
        src = _source("scatter", src, input, index)
    else:
        src = np.full(np.shape(raw(index)) or (1,), raw(src), raw(input).dtype)
    if reduce is None:
        return _on_vector(
            lambda x, i, s: _index_put(x, s, index=i), "scatter", input, dim, index, src
        )
    if reduce == "add":
        return scatter_add(input, dim, index, _like(src, index))
    if reduce == "multiply":
        return scatter_reduce(input, dim, index, _like(src, index), "prod")
    raise ShapeError(
        located(f'scatter: reduce argument must be "add" or "multiply", not {reduce!r}')
    )


def _like(src: Any, index: Any) -> Any:
    shape = np.shape(raw(index))
    return src if raw(src).shape == shape else _reshape(src, shape=shape)


@numpy_names
def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """`input` with the elements of `src` added at `index` along an axis; repeats add up.

    The gradient of `input` passes; that of `src` is gathered at `index`.

    Examples
    --------
    >>> scatter_add(np.zeros(3), 0, np.array([0, 0, 2]), np.array([1.0, 2.0, 3.0]))
    array([3., 0., 3.])
    """
    src = _source("scatter_add", src, input, index)
    return _on_vector(
        lambda x, i, s: accumulate(x, s, index=i), "scatter_add", input, dim, index, src
    )


@numpy_names
def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """`input` with the elements of `src` that meet at an index brought together.

    Parameters
    ----------
    reduce : {"sum", "prod", "mean", "amax", "amin"}
        How. Elements that tie for the extreme share its gradient equally.
    include_self : bool
        Whether the element of `input` that was there takes part.

    Examples
    --------
    >>> index, src = np.array([0, 0, 2]), np.array([1.0, 2.0, 3.0])
    >>> scatter_reduce(np.ones(3), 0, index, src, "sum")
    array([4., 1., 4.])
    >>> scatter_reduce(np.ones(3), 0, index, src, "mean", include_self=False)
    array([1.5, 1. , 3. ])
    """
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise ShapeError(
            located(
                "scatter_reduce: reduce argument must be either sum, prod, mean, amax or amin, "
                f"got {reduce}"
            )
        )
    src = _source("scatter_reduce", src, input, index)

    def write(x: Any, places: Any, values: Any) -> Any:
        if reduce in ("amax", "amin"):
            return scatter_extreme(
                x, values, index=places, largest=reduce == "amax", include_self=include_self
            )
        if not include_self:
            x = _index_put(x, 1 if reduce == "prod" else 0, index=places)
        if reduce == "prod":
            return scatter_prod(x, values, index=places)
        total = accumulate(x, values, index=places)
        if reduce == "sum":
            return total
        counts = accumulate(
            np.full(raw(x).shape, float(include_self)), np.ones(raw(values).shape), index=places
        )
        counts[counts == 0] = 1
        if raw(x).dtype.kind != "f":
            return div(total, counts.astype(raw(x).dtype), rounding_mode="floor")
        return div(total, counts.astype(raw(x).dtype))

    return _on_vector(write, "scatter_reduce", input, dim, index, src)


# ------------------------------------------------------------------- slices named by a vector


def _slices(name: str, input: Any, dim: int, index: Any) -> tuple[Any, tuple[Any, ...]]:
    """The input as at least a vector, and the NumPy index of some of its slices."""
    places = index_array(name, index)
    axis = one_axis(name, dim, raw(input).ndim)
    if places.ndim > 1:
        raise AxisError(located(f"{name}(): Index is supposed to be a vector"))
    if not raw(input).ndim:
        input = _reshape(input, shape=(1,))
    n = raw(input).shape[axis]
    check_bounds(name, places, n, axis, -n if name == "index_fill" else 0)
    return input, (slice(None),) * axis + (places.reshape(-1),)


def _checked_slices(name: str, input: Any, places: tuple[Any, ...], source: Any) -> Any:
    """`source`, which must have one slice for each index."""
    shape = list(raw(input).shape)
    shape[len(places) - 1] = len(places[-1])
    own = raw(source)
    if not hasattr(own, "dtype") or own.dtype != raw(input).dtype:
        kind = getattr(own, "dtype", type(source).__name__)
        raise DTypeError(
            located(
                f"{name}(): self and source expected to have the same dtype, but got (self) "
                f"{raw(input).dtype} and (source) {kind}"
            )
        )
    if own.shape == () and shape == [1]:
        return _reshape(source, shape=(1,))
    if list(own.shape) != shape:
        raise ShapeError(
            located(
                f"{name}(): Source/destination tensor must have same slice shapes: for "
                f"{len(places[-1])} indices source must have shape {tuple(shape)}, not {own.shape}"
            )
        )
    return source


def _shaped(out: Any, input: Any) -> Any:
    return out if raw(input).ndim else _reshape(out, shape=())


@numpy_names
def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: Any = 1) -> Any:
    """`input` with the slices of ``alpha * source`` added to those that `index` names.

    The gradient of `input` passes; that of `source` is taken from there, times `alpha`.

    Examples
    --------
    >>> index_add(np.zeros(3), 0, np.array([2, 2]), np.array([1.0, 5.0]))
    array([0., 0., 6.])
    """
    x, places = _slices("index_add", input, dim, index)
    if x is not input and raw(source).ndim:
        raise ShapeError(
            located(
                "index_add: source tensor shape must match self tensor shape, excluding the "
                f"specified dimension. Got self.shape = (), source.shape = {raw(source).shape}"
            )
        )
    source = _checked_slices("index_add", x, places, source)
    if alpha != 1:
        source = mul(source, alpha)
    return _shaped(accumulate(x, source, index=places), input)


@numpy_names
def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """`input` with the slices of `source` in place of those that `index` names.

    The gradient of `input` is 0 where it was overwritten; `source` gets it there.

    Examples
    --------
    >>> index_copy(np.zeros(3), 0, np.array([2, 0]), np.array([1.0, 5.0]))
    array([5., 0., 1.])
    """
    x, places = _slices("index_copy", input, dim, index)
    source = _checked_slices("index_copy", x, places, source)
    return _shaped(_index_put(x, source, index=places), input)


@numpy_names
def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """`input` with a number (or 0-d tensor) in the slices that `index` names.

    Examples
    --------
    >>> index_fill(np.zeros(3), 0, np.array([2, 0]), 5.0)
    array([5., 0., 5.])
    """
    if np.ndim(raw(value)):
        raise ShapeError(
            located(
                "index_fill: only supports a 0-dimensional value tensor, but got tensor with shape "
                f"{np.shape(raw(value))}"
            )
        )
    x, places = _slices("index_fill", input, dim, index)
    axis = len(places) - 1
    named = np.zeros(raw(x).shape[axis], bool)  # each slice once, for the gradient of `value`
    named[places[axis]] = True
    places = (*places[:axis], np.flatnonzero(named))
    return _shaped(_index_put(x, value, index=places), input)


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """``input[indices] = values`` as a function: a new tensor; or ``+=`` with `accumulate`.

    With `accumulate` an element named twice is added twice.

    Examples
    --------
    >>> index_put(
    ...     np.zeros(3), (np.array([0, 0]),), np.array([1.0, 2.0]), accumulate=True
    ... )
    array([3., 0., 0.])
    """
    basic, places = plain_index(tuple(indices), raw(input).shape)
    if basic is not None:
        raise DTypeError(located("index_put: indices must be a tuple of index tensors"))
    write = _accumulate if accumulate else _index_put
    return write(input, values, index=places)


_accumulate = accumulate


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """`input` with the first elements of `source`, in order, where a mask holds.

    Examples
    --------
    >>> masked_scatter(
    ...     np.zeros(3), np.array([True, False, True]), np.array([5.0, 6.0, 7.0])
    ... )
    array([5., 0., 6.])
    """
    chosen = np.asarray(raw(mask))
    shape = broadcast_shapes(raw(input).shape, chosen.shape)
    chosen = np.broadcast_to(chosen, shape)
    count = int(np.count_nonzero(chosen))
    if raw(source).size < count:
        raise ShapeError(
            located(
                f"masked_scatter: expected source of at least {count} elements, one for each True "
                f"in mask, but got {raw(source).size}"
            )
        )
    if raw(input).shape != shape:
        input = broadcast_to(input, shape=shape)
    flat = getitem(_reshape(source, shape=(raw(source).size,)), index=slice(count))
    return _index_put(input, flat, index=chosen)
