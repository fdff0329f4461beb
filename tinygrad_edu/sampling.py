"""Making tensors of random numbers, from the default generator unless one is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import dtypes
from .creation import _size, leaf
from .device import check_device
from .engine import is_tensor, raw
from .errors import DTypeError, ShapeError, located
from .ops.arguments import all_telling
from .random import numpy_generator

_DIRECT = (np.float32, np.float64)  # what NumPy's generators draw without a conversion


def _floating(name: str, dtype: Any) -> np.dtype:
    wanted = dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)
    if wanted.kind != "f":
        raise DTypeError(located(f"{name}: not implemented for {wanted}, only for floats"))
    return wanted


def uniform_array(shape: Any, dtype: np.dtype, generator: Any = None) -> np.ndarray:
    """Uniform numbers in [0, 1)."""
    rng = numpy_generator(generator)
    if dtype in _DIRECT:
        return np.asarray(rng.random(shape, dtype=dtype))
    return np.asarray(rng.integers(0, 1024, shape) / 1024).astype(dtype)  # float32 could round to 1


def normal_array(shape: Any, dtype: np.dtype, generator: Any = None) -> np.ndarray:
    """Standard normal numbers."""
    rng = numpy_generator(generator)
    draw = dtype if dtype in _DIRECT else np.float32
    return np.asarray(rng.standard_normal(shape, dtype=draw)).astype(dtype, copy=False)


def rand(
    *size_: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Uniform random numbers from 0 up to (not including) 1.

    Examples
    --------
    >>> rand(2, 3).shape
    (2, 3)
    """
    check_device(device)
    shape = _size("rand", size_, size)
    return leaf(uniform_array(shape, _floating("rand", dtype), generator), requires_grad)


def randn(
    *size_: Any,
    size: Any = None,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Random numbers of mean 0 and variance 1, normally distributed.

    Examples
    --------
    >>> randn(2, 3).shape
    (2, 3)
    """
    check_device(device)
    shape = _size("randn", size_, size)
    return leaf(normal_array(shape, _floating("randn", dtype), generator), requires_grad)


def integer_array(low: int, high: int, shape: Any, dtype: Any, generator: Any) -> np.ndarray:
    """Integers from `low` up to (not including) `high`."""
    if low >= high:
        raise ShapeError(
            located(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
        )
    return np.asarray(numpy_generator(generator).integers(low, high, shape)).astype(dtype)


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Random integers from `low` (0 unless given) up to (not including) `high`.

    Called as ``randint(high, size)`` or ``randint(low, high, size)``.

    Examples
    --------
    >>> randint(0, 10, (2, 3)).shape
    (2, 3)
    """
    check_device(device)
    if isinstance(high, (tuple, list)):
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    shape = _size("randint", (size,), None)
    wanted = dtypes.int64 if dtype is None else np.dtype(dtype)
    array = integer_array(int(raw(low)), int(raw(high)), shape, wanted, generator)
    return leaf(array, requires_grad)


def randperm(
    n: int,
    *,
    generator: Any = None,
    dtype: Any = dtypes.int64,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """The integers below `n` in random order.

    Examples
    --------
    >>> randperm(4).sort().values
    tensor([0, 1, 2, 3])
    """
    check_device(device)
    if n < 0:
        raise ShapeError(located(f"randperm: n must be at least 0, got {n}"))
    order = numpy_generator(generator).permutation(n)
    return leaf(order.astype(dtype, copy=False), requires_grad)


def rand_like(
    input: Any,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`rand` with the shape of `input`, and its dtype unless one is given."""
    return rand(
        raw(input).shape,
        generator=generator,
        dtype=raw(input).dtype if dtype is None else dtype,
        device=device,
        requires_grad=requires_grad,
    )


def randn_like(
    input: Any,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`randn` with the shape of `input`, and its dtype unless one is given."""
    return randn(
        raw(input).shape,
        generator=generator,
        dtype=raw(input).dtype if dtype is None else dtype,
        device=device,
        requires_grad=requires_grad,
    )


def randint_like(
    input: Any,
    low: Any = 0,
    high: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """`randint` with the shape of `input`, and its dtype unless one is given."""
    if high is None:
        low, high = 0, low
    return randint(
        low,
        high,
        raw(input).shape,
        generator=generator,
        dtype=raw(input).dtype if dtype is None else dtype,
        device=device,
        requires_grad=requires_grad,
    )


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """Normal random numbers; tensors as `mean` and `std` give one for each of their elements.

    Examples
    --------
    >>> normal(0.0, 0.1, (2, 3)).shape
    (2, 3)
    """
    check_device(device)
    m, s = raw(mean), raw(std)
    if np.size(s) and np.min(s) < 0:
        raise ShapeError(
            located(f"normal expects all elements of std >= 0.0, but found {np.min(s)}")
        )
    given = [v.dtype for v in (m, s) if hasattr(v, "dtype")]
    if size is not None:
        shape = _size("normal", (size,), None)
    elif given:
        shape = np.broadcast_shapes(np.shape(m), np.shape(s))
    else:
        raise DTypeError(located("normal: numbers as mean and std need a size=(...), too"))
    kind = _floating("normal", given[0] if given and dtype is None else dtype)
    return leaf((normal_array(shape, kind, generator) * s + m).astype(kind), requires_grad)


def bernoulli(input: Any, p: Any = None, *, generator: Any = None) -> Any:
    """1 with the probability that each element of `input` says (or `p`), else 0.

    Examples
    --------
    >>> bernoulli(leaf(np.array([0.0, 1.0])))
    tensor([0., 1.], dtype=float64)
    """
    given = raw(input)
    if p is None and given.dtype.kind != "f":
        raise DTypeError(located(f"bernoulli: probabilities must be floats, not {given.dtype}"))
    return leaf(bernoulli_array(given.shape, given.dtype, given if p is None else p, generator))


def bernoulli_array(shape: Any, dtype: Any, p: Any, generator: Any = None) -> np.ndarray:
    """Zeros, and ones with probability `p`."""
    chances = raw(p)
    if np.size(chances) and not (np.min(chances) >= 0 and np.max(chances) <= 1):
        raise ShapeError(located("bernoulli: probabilities must be from 0 to 1"))
    return np.asarray(numpy_generator(generator).random(shape) < chances).astype(dtype)


def poisson(input: Any, generator: Any = None) -> Any:
    """Poisson random numbers with the elements of `input` as their means.

    Examples
    --------
    >>> poisson(leaf(np.zeros(2)))
    tensor([0., 0.], dtype=float64)
    """
    means = raw(input)
    return leaf(np.asarray(numpy_generator(generator).poisson(means)).astype(means.dtype))


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *, generator: Any = None
) -> Any:
    """Indices drawn with the probabilities (or weights) in each row of `input`.

    Examples
    --------
    >>> multinomial(leaf(np.array([0.0, 5.0])), 3, replacement=True)
    tensor([1, 1, 1])
    """
    weights = np.asarray(raw(input))
    if not is_tensor(input) and not isinstance(input, np.ndarray):
        raise DTypeError(
            located(f"multinomial: input must be a Tensor, not {type(input).__name__}")
        )
    if weights.dtype.kind != "f":
        raise DTypeError(
            located(
                "multinomial only supports floating-point dtypes for input, got: "
                f"{weights.dtype}; use .float()"
            )
        )
    if weights.ndim not in (1, 2):
        raise ShapeError(located(f"multinomial: prob_dist must be 1 or 2 dim, not {weights.ndim}"))
    if num_samples <= 0:
        raise ShapeError(located("multinomial: cannot sample n_sample <= 0 samples"))
    if not replacement and num_samples > weights.shape[-1]:
        raise ShapeError(
            located(
                f"multinomial: cannot sample n_sample > prob_dist.size(-1) samples without "
                f"replacement: {num_samples} of {weights.shape[-1]}"
            )
        )
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ShapeError(
            located("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
        )
    rows = np.atleast_2d(weights).astype(np.float64)
    if (rows.sum(axis=1) <= 0).any():
        raise ShapeError(
            located("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
        )
    rng = numpy_generator(generator)
    if replacement:
        ends = np.cumsum(rows, axis=1)
        ends /= ends[:, -1:]
        points = rng.random((len(rows), num_samples))
        found = np.stack(
            [np.searchsorted(e, q, "right") for e, q in zip(ends, points, strict=True)]
        )
    else:
        # The order of arrival of exponential clocks that run at these rates is such a draw.
        with np.errstate(divide="ignore"):
            found = np.argsort(rng.exponential(size=rows.shape) / rows, axis=1)[:, :num_samples]
    return leaf(found.reshape(*weights.shape[:-1], num_samples))


_PUBLIC = """
    rand randn randint randperm rand_like randn_like randint_like normal
    bernoulli poisson multinomial
"""
all_telling(globals(), _PUBLIC.split())
