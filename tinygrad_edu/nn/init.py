"""Initial values of parameters: the names of ``torch.nn.init``.

Every function writes into the tensor it is given, without a trace in the graph, and returns it.
With `fan_in` inputs and `fan_out` outputs a unit, Xavier keeps the variance of signals under tanh
by ``std = gain sqrt(2 / (fan_in + fan_out))``, and Kaiming (He) under ReLU by
``std = gain / sqrt(fan_in)``. A uniform draw of the same variance has the bound ``sqrt(3) std``.

Examples
--------
>>> from tinygrad_edu import Generator, empty, nn
>>> nn.init.constant_(empty(2), 0.5)
tensor([0.5000, 0.5000])
>>> weight = nn.init.xavier_uniform_(empty(100, 200), generator=Generator(0))
>>> bool(weight.abs().max() <= (6 / 300) ** 0.5)
True
"""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError, located
from ..gradients import no_grad
from ..ops.arguments import all_telling, expect_tensors
from ..random import numpy_generator
from .fans import _calculate_fan_in_and_fan_out as _calculate_fan_in_and_fan_out
from .fans import calculate_gain as calculate_gain
from .fans import kaiming_std, xavier_std

# ------------------------------------------------------------------------------ plain distributions


def uniform_(tensor: Any, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Any:
    """Fill with uniform numbers in [a, b)."""
    expect_tensors("uniform_", tensor=tensor)
    with no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor: Any, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Any:
    """Fill with normal numbers."""
    expect_tensors("normal_", tensor=tensor)
    with no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(
    tensor: Any,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Any:
    """Fill with normal numbers, drawn again until they lie in [a, b].

    Parameters
    ----------
    tensor : Tensor
        To be filled.
    mean, std : float
        Of the normal distribution before it is cut.
    a, b : float
        The bounds: values, not multiples of `std`.
    generator : Generator, optional
        The default one unless given.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> bool(trunc_normal_(empty(1000)).abs().max() <= 2)
    True
    """
    _expect_floats("trunc_normal_", tensor)
    if not std > 0:
        raise ShapeError(located(f"trunc_normal_ expects std > 0.0, but found std {std}"))
    if not a < b:
        raise ShapeError(located(f"trunc_normal_ expects a < b, but found a={a}, b={b}"))
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )
    drawn = _truncated(tensor.numel(), (a - mean) / std, (b - mean) / std, generator)
    # Rounding to the tensor's dtype must not carry a value over a bound.
    return _write(tensor, np.clip(drawn * std + mean, a, b).reshape(tensor.shape))


def _truncated(count: int, low: float, high: float, generator: Any) -> np.ndarray:
    """Standard normal numbers in [low, high]: draw, and draw again what is rejected."""
    rng = numpy_generator(generator)
    inside = (math.erf(high / math.sqrt(2)) - math.erf(low / math.sqrt(2))) / 2
    peak = max(low, min(0.0, high))
    # Beyond `reach` the density is under 1e-18 of that at the peak, so nothing is drawn there.
    reach = math.sqrt(peak**2 + 83)
    left, right = max(low, -reach), min(high, reach)
    found = np.empty(0)
    while found.size < count:
        missing = count - found.size
        if inside > 0.3:
            new = rng.standard_normal(missing)
            new = new[(new >= low) & (new <= high)]
        else:  # normal draws would nearly all be rejected: draw uniformly under the density
            new = rng.uniform(left, right, missing)
            new = new[rng.random(missing) <= np.exp((peak**2 - new**2) / 2)]
        found = np.concatenate([found, new])
    return found


# ------------------------------------------------------------------------------ fixed values


def constant_(tensor: Any, val: float) -> Any:
    """Fill with one value."""
    expect_tensors("constant_", tensor=tensor)
    with no_grad():
        return tensor.fill_(val)


def ones_(tensor: Any) -> Any:
    """Fill with ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Any) -> Any:
    """Fill with zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity: a linear layer then hands on as much as it can.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> eye_(empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    _expect_dims("eye_", tensor, (2,), "with 2 dimensions")
    return _write(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill a convolution's weight with unit impulses: it then hands on as many channels as it can.

    Parameters
    ----------
    tensor : Tensor, shape (out, in, ...)
        Of 3, 4 or 5 dimensions.
    groups : int
        Of the convolution; the channels of each are handed on.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> dirac_(empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    _expect_dims("dirac_", tensor, (3, 4, 5), "with 3, 4, or 5 dimensions")
    channels, inputs, *kernel = tensor.shape
    if groups < 1 or channels % groups:
        raise ShapeError(
            located(f"dirac_: dim 0 must be divisible by groups, got {channels} and {groups}")
        )
    values = np.zeros(tensor.shape)
    centre = tuple(size // 2 for size in kernel)
    for first in range(0, channels, channels // groups or 1):
        for channel in range(min(channels // groups, inputs)):
            values[(first + channel, channel, *centre)] = 1
    return _write(tensor, values)


# ------------------------------------------------------------------------------ by fan in, fan out


def xavier_uniform_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill with uniform numbers in ±gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010).

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> bool(xavier_uniform_(empty(3, 5)).abs().max() <= (6 / 8) ** 0.5)
    True
    """
    bound = math.sqrt(3) * xavier_std("xavier_uniform_", tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Any, gain: float = 1.0, generator: Any = None) -> Any:
    """Fill with normal numbers of std gain sqrt(2 / (fan_in + fan_out)) (Glorot, Bengio, 2010).

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> xavier_normal_(empty(3, 5)).shape
    (3, 5)
    """
    return normal_(tensor, 0.0, xavier_std("xavier_normal_", tensor, gain), generator)


def kaiming_uniform_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Fill with uniform numbers in ±gain sqrt(3 / fan) (He et al., 2015).

    Parameters
    ----------
    tensor : Tensor
        Of at least 2 dimensions: (out, in) or (out, in, kernel...).
    a : float
        The negative slope, if the nonlinearity is ``'leaky_relu'``; 0 is ReLU.
    mode : {'fan_in', 'fan_out'}
        Keep the variance of the signals on their way forward, or of the gradients back.
    nonlinearity : str
        As `calculate_gain` knows it.
    generator : Generator, optional
        The default one unless given.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> bool(kaiming_uniform_(empty(4, 24), nonlinearity="relu").abs().max() <= 0.5)
    True
    """
    if _is_empty(tensor):
        return tensor
    std = kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -math.sqrt(3) * std, math.sqrt(3) * std, generator)


def kaiming_normal_(
    tensor: Any,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Any:
    """Fill with normal numbers of std gain / sqrt(fan); arguments as of `kaiming_uniform_`.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> kaiming_normal_(empty(4, 24), mode="fan_out", nonlinearity="relu").shape
    (4, 24)
    """
    if _is_empty(tensor):
        return tensor
    std = kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity)
    return normal_(tensor, 0.0, std, generator)


# ------------------------------------------------------------------------------ matrices


def orthogonal_(tensor: Any, gain: float = 1, generator: Any = None) -> Any:
    """Fill with `gain` times a matrix of orthonormal rows or columns (Saxe et al., 2013).

    Dimensions after the first are taken as one. All such matrices are equally likely.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> rows = orthogonal_(empty(2, 3))
    >>> np.allclose((rows @ rows.T).numpy(), np.eye(2), atol=1e-6)
    True
    """
    _expect_floats("orthogonal_", tensor)
    if len(tensor.shape) < 2:
        raise _wrong_dims("orthogonal_", tensor, "with 2 or more dimensions")
    if not tensor.numel():
        return tensor
    rows, columns = len(tensor), tensor.numel() // len(tensor)
    shape = (max(rows, columns), min(rows, columns))
    q, r = np.linalg.qr(numpy_generator(generator).standard_normal(shape))
    # QR leaves the signs of the columns open; these make the draw uniform (Mezzadri, 2007).
    q *= np.where(np.diagonal(r) < 0, -gain, gain)
    return _write(tensor, (q.T if rows < columns else q).reshape(tensor.shape))


def sparse_(tensor: Any, sparsity: float, std: float = 0.01, generator: Any = None) -> Any:
    """Fill a matrix with normal numbers, and a part of each column with zeros (Martens, 2010).

    Parameters
    ----------
    tensor : Tensor, shape (rows, columns)
        To be filled.
    sparsity : float
        The part of each column that is zero, from 0 to 1; rounded up to whole elements.
    std : float
        Of the other elements.
    generator : Generator, optional
        The default one unless given.

    Examples
    --------
    >>> from tinygrad_edu import empty
    >>> (sparse_(empty(10, 2), sparsity=0.25) == 0).sum(0)
    tensor([3, 3])
    """
    _expect_floats("sparse_", tensor)
    _expect_dims("sparse_", tensor, (2,), "with 2 dimensions")
    if not 0 <= sparsity <= 1:
        raise ShapeError(located(f"sparse_: sparsity must be from 0 to 1, got {sparsity}"))
    rng = numpy_generator(generator)
    values = rng.standard_normal(tensor.shape) * std
    place = rng.random(tensor.shape).argsort(axis=0).argsort(axis=0)  # a random rank in its column
    values[place < math.ceil(sparsity * len(tensor))] = 0
    return _write(tensor, values)


# ------------------------------------------------------------------------------ what all share


def _write(tensor: Any, values: np.ndarray) -> Any:
    with no_grad():
        tensor[...] = values.astype(tensor.dtype)
    return tensor


def _expect_floats(name: str, tensor: Any) -> None:
    expect_tensors(name, tensor=tensor)
    if tensor.dtype.kind != "f":
        raise DTypeError(located(f"{name}: not implemented for {tensor.dtype}; use .float()"))


def _expect_dims(name: str, tensor: Any, dims: tuple[int, ...], said: str) -> None:
    expect_tensors(name, tensor=tensor)
    if len(tensor.shape) not in dims:
        raise _wrong_dims(name, tensor, said)


def _wrong_dims(name: str, tensor: Any, said: str) -> ShapeError:
    given = tuple(tensor.shape)
    return ShapeError(located(f"{name}: Only tensors {said} are supported, got shape {given}"))


def _is_empty(tensor: Any) -> bool:
    if 0 not in getattr(tensor, "shape", ()):
        return False
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=4)
    return True


def _old_name(function: Callable[..., Any]) -> Callable[..., Any]:
    new = function.__name__

    @functools.wraps(function)
    def old(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{new[:-1]}` is now deprecated in favor of `nn.init.{new}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    old.__doc__ = f"The old name of `{new}`."
    old.__name__ = new[:-1]
    return old


_PUBLIC = """
    calculate_gain uniform_ normal_ trunc_normal_ constant_ ones_ zeros_ eye_ dirac_
    xavier_uniform_ xavier_normal_ kaiming_uniform_ kaiming_normal_ orthogonal_ sparse_
"""
all_telling(globals(), _PUBLIC.split())

uniform = _old_name(uniform_)
normal = _old_name(normal_)
constant = _old_name(constant_)
eye = _old_name(eye_)
dirac = _old_name(dirac_)
xavier_uniform = _old_name(xavier_uniform_)
xavier_normal = _old_name(xavier_normal_)
kaiming_uniform = _old_name(kaiming_uniform_)
kaiming_normal = _old_name(kaiming_normal_)
orthogonal = _old_name(orthogonal_)
sparse = _old_name(sparse_)
