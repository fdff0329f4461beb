"""Pooling: the largest element of each region of an image, in a grid or at fractional steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import box, is_tensor, raw
from ..errors import DTypeError, ShapeError, located
from ..random import numpy_generator
from .convolution import images, pair
from .gathering import gather
from .shape import _reshape

__all__ = ["fractional_max_pool2d", "max_pool2d"]


def _largest(name: str, input: Any, rows: np.ndarray, columns: np.ndarray, indices: bool) -> Any:
    """The largest element of each region, and its place in the image, if that is wanted.

    Parameters
    ----------
    rows, columns : ndarray of shape (number of regions, size)
        The rows of each region, and the columns. Those of smaller regions stand there twice. With
        a leading axis there is a set for each image and channel.
    """
    batch = images(name, input)
    x = raw(batch)
    if x.dtype.kind not in "fiu":
        raise DTypeError(located(f"{name}: not implemented for {x.dtype}; use .float() first"))
    (n, c, height, width), (down, along) = x.shape, (rows.shape[-2], columns.shape[-2])
    places = rows[..., :, None, :, None] * width + columns[..., None, :, None, :]
    places = places.reshape(-1, down * along, rows.shape[-1] * columns.shape[-1])
    planes = x.reshape(n * c, height * width)
    index = _argmax(planes, places)
    # What was not the largest takes no part: gather's gradient puts g to where the largest was.
    out = gather(_reshape(batch, shape=planes.shape), 1, index)
    shape = (n, c, down, along)[raw(batch).ndim - raw(input).ndim :]
    out = _reshape(out, shape=shape)
    if not indices:
        return out
    index = index.reshape(shape)
    return out, box(index) if is_tensor(input) else index


def _argmax(planes: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which of the `places` of each region holds the largest element of a plane.

    The first of several, and NaN is larger than any number, as in PyTorch. The k-th elements of
    all regions are compared at once: regions are small and many, for which `numpy.argmax` is slow.
    """

    def values(k: int) -> np.ndarray:
        if len(places) == 1:
            return planes.take(places[0, :, k], axis=1)
        return np.take_along_axis(planes, places[:, :, k], axis=1)

    best = values(0)
    index = np.array(np.broadcast_to(places[:, :, 0], best.shape))
    for k in range(1, places.shape[-1]):
        value = values(k)
        better = (value > best) | (value != value)
        np.copyto(best, value, where=better)
        np.copyto(index, places[:, :, k], where=better)
    return index


# ----------------------------------------------------------------------------- at equal steps


def _grid(n: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> np.ndarray:
    """The rows (or columns) of each window. Those in the padding are replaced by one inside."""
    span = n + 2 * padding - dilation * (kernel - 1) - 1
    count = (-(-span // stride) if ceil else span // stride) + 1
    if ceil and (count - 1) * stride >= n + padding:
        count -= 1  # the last window would begin in the padding
    if count < 1:
        raise ShapeError(
            located(
                f"max_pool2d: a window of {dilation * (kernel - 1) + 1} does not fit into an axis "
                f"of {n} with padding {padding}: the output would be too small"
            )
        )
    places = np.arange(count)[:, None] * stride - padding + np.arange(kernel) * dilation
    first = np.where(places >= 0, places, n).min(axis=1, keepdims=True)
    last = np.where(places < n, places, -1).max(axis=1, keepdims=True)
    return np.minimum(np.maximum(places, first), last)


def max_pool2d(
    input: Any,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window. Its place gets the gradient; the first of several.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size : int or pair
        Rows and columns of a window.
    stride : int or pair, optional
        How far the next window is; `kernel_size` unless given.
    padding : int or pair
        How far windows reach over the edges, at most half of `kernel_size`. What is there is
        smaller than every number.
    dilation : int or pair
        How far the next element of a window is.
    ceil_mode : bool
        Whether windows that fit in part count, too.
    return_indices : bool
        Whether to return the places of the largest elements, too, as ``row * W + column``.

    Returns
    -------
    Tensor of shape (N, C, rows, columns), or a pair

    Raises
    ------
    ShapeError, DTypeError
        With the argument that does not fit.

    Examples
    --------
    >>> image = np.arange(16.0).reshape(1, 4, 4)
    >>> max_pool2d(image, 2)
    array([[[ 5.,  7.],
            [13., 15.]]])
    """
    shape = raw(images("max_pool2d", input)).shape
    kernel = pair("max_pool2d", "kernel_size", kernel_size)
    empty = stride is None or stride == ()
    steps = kernel if empty else pair("max_pool2d", "stride", stride)
    edges = pair("max_pool2d", "padding", padding, 0)
    spread = pair("max_pool2d", "dilation", dilation)
    if any(2 * p > k for p, k in zip(edges, kernel, strict=True)):
        raise ShapeError(
            located(
                "max_pool2d: padding should be at most half of kernel size, but got "
                f"padding={edges} and kernel_size={kernel}"
            )
        )
    rows, columns = (
        _grid(*sizes, ceil_mode)
        for sizes in zip(shape[2:], kernel, steps, edges, spread, strict=True)
    )
    return _largest("max_pool2d", input, rows, columns, return_indices)


# ------------------------------------------------------------------------ at fractional steps


def fractional_pool_sizes(alpha: float, u: float, count: int) -> np.ndarray:
    """Sizes of neighbouring regions: ``ceil(alpha (i + u)) - ceil(alpha (i - 1 + u))``, i from 1.

    For `alpha` between 1 and 2 they are 1 and 2, and their mean is `alpha` (Graham 2014).

    Parameters
    ----------
    alpha : float
        By how much the pooling shrinks an axis; at least 1.
    u : float
        Between 0 and 1: where the sequence begins; drawn at random in training.
    count : int
        How many regions.

    Examples
    --------
    >>> fractional_pool_sizes(1.5, 0.3, 16)
    array([1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2])
    """
    if alpha < 1:
        raise ShapeError(located(f"fractional_pool_sizes: alpha must be at least 1, not {alpha}"))
    if not 0 <= u <= 1:
        raise ShapeError(located(f"fractional_pool_sizes: u must be between 0 and 1, not {u}"))
    return np.diff(np.ceil(alpha * (np.arange(count + 1) + u)).astype(np.int64))


def _disjoint(n: int, count: int, u: float) -> np.ndarray:
    """The rows of neighbouring regions that share out an axis of `n`."""
    ends = np.cumsum(fractional_pool_sizes(n / count, u, count))
    ends[-1] = n  # whatever rounding did to n / count
    starts = np.concatenate([[0], ends[:-1]])
    widest = (ends - starts).max()
    return np.minimum(starts[:, None] + np.arange(widest), ends[:, None] - 1)


@np.errstate(all="ignore")
def _overlapping(n: int, count: int, kernel: int, u: np.ndarray) -> np.ndarray:
    """The rows of windows of one size, for each `u`, computed in its dtype as PyTorch does."""
    starts = np.zeros((len(u), count), np.int64)
    if count > 1:
        alpha = u.dtype.type(n - kernel) / u.dtype.type(count - 1)
        steps = (np.arange(count, dtype=u.dtype) + u[:, None]) * alpha
        starts = steps.astype(np.int64) - (u * alpha).astype(np.int64)[:, None]
    starts[:, -1] = n - kernel
    return starts[..., None] + np.arange(kernel)


def _counts(input: Any, output_size: Any, output_ratio: Any) -> tuple[int, int]:
    """How many regions there are along each axis."""
    name = "fractional_max_pool2d"
    if (output_size is None) == (output_ratio is None):
        raise ValueError(
            located(f"{name}: requires specifying either an output_size or an output_ratio")
        )
    if output_size is not None:
        return pair(name, "output_size", output_size)
    ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * 2
    if len(ratios) != 2 or not all(0 < ratio < 1 for ratio in ratios):
        raise ValueError(
            located(f"{name}: output_ratio must be between 0 and 1 (got {output_ratio})")
        )
    height, width = raw(input).shape[-2:]
    return int(height * ratios[0]), int(width * ratios[1])


def fractional_max_pool2d(
    input: Any,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Any = None,
    *,
    generator: Any = None,
) -> Any:
    """Max pooling that shrinks an image by any factor: the steps between its regions vary.

    Where the regions begin is drawn anew in each call, which regularises (Graham 2014).

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    kernel_size : int, pair or None
        Rows and columns of a region. With None, regions are neighbours that share out the image,
        of the sizes in `fractional_pool_sizes`, the same for all images and channels.
    output_size : int or pair, optional
        How many regions, in rows and columns.
    output_ratio : float or pair, optional
        The same, as parts of H and W.
    return_indices : bool
        Whether to return the places of the largest elements, too, as ``row * W + column``.
    _random_samples : Tensor of shape (N, C, 2), optional
        Numbers between 0 and 1, for columns and rows, to take the place of drawn ones. Only the
        first pair counts without a `kernel_size`.
    generator : Generator, optional
        Where the random numbers come from.

    Returns
    -------
    Tensor of shape (N, C, rows, columns), or a pair

    Raises
    ------
    ValueError
        Not one of `output_size` and `output_ratio` is given.
    ShapeError
        The image is too small.

    Examples
    --------
    >>> image = np.arange(9.0).reshape(1, 3, 3)
    >>> fractional_max_pool2d(image, None, 2, _random_samples=np.full((1, 1, 2), 0.3))
    array([[[0., 2.],
            [6., 8.]]])
    """
    name = "fractional_max_pool2d"
    x = raw(images(name, input))
    counts = _counts(input, output_size, output_ratio)
    kernel = (1, 1) if kernel_size is None else pair(name, "kernel_size", kernel_size)
    for n, count, k in zip(x.shape[2:], counts, kernel, strict=True):
        if count + k - 1 > n or not count:
            raise ShapeError(
                located(
                    f"{name}: an image of shape {x.shape[2:]} is too small for an output of "
                    f"{counts} with kernel {kernel}"
                )
            )
    samples = _samples(x, _random_samples, generator)
    if kernel_size is None:
        first = samples[0] if len(samples) else (0.5, 0.5)
        rows, columns = (
            _disjoint(n, count, float(u))
            for n, count, u in zip(x.shape[2:], counts, reversed(first), strict=True)
        )
    else:
        rows, columns = (
            _overlapping(x.shape[2 + axis], counts[axis], kernel[axis], samples[:, 1 - axis])
            for axis in (0, 1)
        )
    return _largest(name, input, rows, columns, return_indices)


def _samples(x: np.ndarray, given: Any, generator: Any) -> np.ndarray:
    """A pair of numbers for each image and channel."""
    planes = math.prod(x.shape[:2])
    if given is None:
        return numpy_generator(generator).random((planes, 2)).astype(x.dtype)
    samples = raw(given)
    if samples.shape != (*x.shape[:2], 2):
        raise ShapeError(
            located(
                f"fractional_max_pool2d: _random_samples must have shape {(*x.shape[:2], 2)}, not "
                f"{samples.shape}"
            )
        )
    return samples.reshape(planes, 2)
