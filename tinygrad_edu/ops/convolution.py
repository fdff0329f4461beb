"""Convolution of images: windows as the columns of a matrix, then one matrix product."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from .arguments import expect_tensors
from .linalg import matmul
from .shape import _reshape

__all__ = ["conv2d"]

Pair = tuple[int, int]
Sides = tuple[Pair, Pair]  # (top, bottom), (left, right)


# ------------------------------------------------------------------------------------ windows


@primitive(name="windows")
def _windows(input: Any, *, kernel: Pair, stride: Pair, dilation: Pair, padding: Sides) -> Any:
    """Every window of images (N, C, H, W), as (N, C, kernel rows, kernel columns, rows, columns).

    Nothing is copied but what padding needs: the windows overlap in memory.
    """
    if any(map(any, padding)):
        input = np.pad(input, ((0, 0), (0, 0), *padding))
    n, c, height, width = input.shape
    rows, columns = _fitting((height, width), kernel, stride, dilation)
    to_n, to_c, down, right = input.strides
    return np.lib.stride_tricks.as_strided(
        input,
        (n, c, *kernel, rows, columns),
        (to_n, to_c, down * dilation[0], right * dilation[1], down * stride[0], right * stride[1]),
        writeable=False,
    )


@primitive(name="put_windows")
def _put_windows(
    input: Any,
    *,
    shape: tuple[int, ...],
    kernel: Pair,
    stride: Pair,
    dilation: Pair,
    padding: Sides,
) -> Any:
    """Images of `shape`, the sum of all windows put back to where they come from.

    One addition for each place in the kernel, of all windows at once.
    """
    (top, bottom), (left, right) = padding
    n, c, height, width = shape
    out = np.zeros((n, c, top + height + bottom, left + width + right), input.dtype)
    rows, columns = input.shape[4:]
    for i in range(kernel[0]):
        down = slice(i * dilation[0], i * dilation[0] + stride[0] * rows, stride[0])
        for j in range(kernel[1]):
            along = slice(j * dilation[1], j * dilation[1] + stride[1] * columns, stride[1])
            out[:, :, down, along] += input[:, :, i, j]
    return out[:, :, top : top + height, left : left + width]


def _d_windows(
    g: Any, out: Any, x: Any, kernel: Pair, stride: Pair, dilation: Pair, padding: Sides
) -> Any:
    return _put_windows(
        g, shape=x.shape, kernel=kernel, stride=stride, dilation=dilation, padding=padding
    )


def _d_put_windows(
    g: Any, out: Any, x: Any, shape: Any, kernel: Pair, stride: Pair, dilation: Pair, padding: Sides
) -> Any:
    return _windows(g, kernel=kernel, stride=stride, dilation=dilation, padding=padding)


# Both are linear, and each is the transpose of the other.
_windows.defvjp(_d_windows)
_put_windows.defvjp(_d_put_windows)


def _fitting(size: Pair, kernel: Pair, stride: Pair, dilation: Pair) -> Pair:
    """How many windows fit into the rows and columns of a padded image."""
    rows, columns = (
        (n - d * (k - 1) - 1) // s + 1
        for n, k, s, d in zip(size, kernel, stride, dilation, strict=True)
    )
    return rows, columns


# ---------------------------------------------------------------------------------- arguments


def pair(name: str, argument: str, value: Any, least: int = 1) -> Pair:
    """One integer for rows and columns, or two.

    Raises
    ------
    DTypeError, ShapeError
        It is neither, or smaller than `least`.
    """
    parts = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
    try:
        sizes = tuple(operator.index(raw(part)) for part in parts)
    except TypeError:
        raise DTypeError(
            located(f"{name}: {argument} must be an int or a pair of ints, not {value!r}")
        ) from None
    if len(sizes) not in (1, 2):
        raise ShapeError(
            located(f"{name}: {argument} must be an int or a pair of ints, not {value!r}")
        )
    if min(sizes) < least:
        raise ShapeError(located(f"{name}: {argument} must be at least {least}, not {value!r}"))
    return sizes[0], sizes[-1]


def images(name: str, input: Any) -> Any:
    """The input as (N, C, H, W); one image without N gets an N of 1.

    Raises
    ------
    ShapeError
        It has another number of axes.
    """
    expect_tensors(name, input=input)
    shape = raw(input).shape
    if len(shape) not in (3, 4):
        raise ShapeError(
            located(
                f"{name}: expected 3D (C, H, W) or 4D (N, C, H, W) input, but got shape {shape}"
            )
        )
    return input if len(shape) == 4 else _reshape(input, shape=(1, *shape))


def _sides(padding: Any, kernel: Pair, stride: Pair, dilation: Pair) -> Sides:
    """How much is added on each side: a number, a pair, "valid" or "same"."""
    if not isinstance(padding, str):
        down, along = pair("conv2d", "padding", padding, 0)
        return (down, down), (along, along)
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding != "same":
        raise ShapeError(
            located(f"conv2d: padding must be a size, 'valid' or 'same', not {padding!r}")
        )
    if stride != (1, 1):
        raise ShapeError(located(f"conv2d: padding='same' needs stride 1, not {stride}"))
    down, along = (d * (k - 1) for d, k in zip(dilation, kernel, strict=True))
    return (down // 2, down - down // 2), (along // 2, along - along // 2)


def _check(x: Any, w: Any, b: Any, groups: int, sides: Sides, dilation: Pair) -> None:
    """Raise what is wrong with the shapes and dtypes."""
    if x.dtype != w.dtype or (b is not None and b.dtype != w.dtype):
        given = [str(a.dtype) for a in (x, w, b) if a is not None]
        raise DTypeError(
            located(f"conv2d: all inputs need the same dtype, not {', '.join(given)}; use .float()")
        )
    if not isinstance(groups, int) or groups < 1:
        raise ShapeError(located(f"conv2d: groups must be a positive int, not {groups!r}"))
    if x.shape[1] != w.shape[1] * groups:
        raise ShapeError(
            located(
                f"conv2d: weight of shape {w.shape} with groups={groups} expects "
                f"{w.shape[1] * groups} channels, but input of shape {x.shape} has {x.shape[1]}"
            )
        )
    if w.shape[0] % groups:
        raise ShapeError(
            located(f"conv2d: groups={groups} does not divide the {w.shape[0]} output channels")
        )
    if b is not None and b.shape != w.shape[:1]:
        raise ShapeError(
            located(
                f"conv2d: bias must have shape ({w.shape[0]},), one per output channel, not "
                f"{b.shape}"
            )
        )
    padded = tuple(n + sum(side) for n, side in zip(x.shape[2:], sides, strict=True))
    reach = tuple(d * (k - 1) + 1 for k, d in zip(w.shape[2:], dilation, strict=True))
    if any(r > n for r, n in zip(reach, padded, strict=True)):
        raise ShapeError(
            located(
                f"conv2d: kernel {w.shape[2:]} reaches over {reach}, which can't be greater than "
                f"the padded input, {padded}; use a larger padding"
            )
        )


# -------------------------------------------------------------------------------------- conv2d


def conv2d(
    input: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Any:
    """The products of `weight` with every window of an image, summed (a cross-correlation).

    All windows become the columns of a matrix, and the result is one matrix product:
    ``y = W columns(x) + b``. So the gradients are ``g columns(x)ᵀ`` for `weight`, and ``Wᵀ g`` put
    back to where the windows come from for `input`.

    Parameters
    ----------
    input : Tensor of shape (N, C, H, W) or (C, H, W)
    weight : Tensor of shape (output channels, C / groups, kernel rows, kernel columns)
    bias : Tensor of shape (output channels,), optional
    stride : int or pair
        How far the next window is.
    padding : int, pair, "valid" or "same"
        How many rows and columns of zeros are added at both sides; "same" keeps the size.
    dilation : int or pair
        How far the next element of the kernel is.
    groups : int
        Channels are divided into so many groups, each with its own part of the outputs.

    Returns
    -------
    Tensor of shape (N, output channels, rows, columns)
        ``rows = (H + 2 padding - dilation (kernel rows - 1) - 1) // stride + 1``.

    Raises
    ------
    ShapeError, DTypeError
        With the argument that does not fit.

    Examples
    --------
    >>> image = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> conv2d(
    ...     image, np.array([[[[1.0, 0.0], [0.0, 1.0]]]])
    ... )  # x[i, j] + x[i + 1, j + 1]
    array([[[[ 4.,  6.],
             [10., 12.]]]])
    """
    expect_tensors("conv2d", weight=weight)
    w, b, batch = raw(weight), raw(bias), images("conv2d", input)
    if bias is not None:
        expect_tensors("conv2d", bias=bias)
    if w.ndim != 4 or not w.shape[2] or not w.shape[3]:
        raise ShapeError(
            located(
                "conv2d: weight must have shape (output channels, C / groups, rows, columns), not "
                f"{w.shape}"
            )
        )
    kernel = w.shape[2:]
    steps, spread = pair("conv2d", "stride", stride), pair("conv2d", "dilation", dilation)
    sides = _sides(padding, kernel, steps, spread)
    _check(raw(batch), w, b, groups, sides, spread)
    out = _product(batch, weight, kernel, steps, spread, sides, groups)
    if bias is not None:
        out = out + _reshape(bias, shape=(1, w.shape[0], 1, 1))
    shape = raw(out).shape
    return out if raw(input).ndim == 4 else _reshape(out, shape=shape[1:])


def _product(
    x: Any, weight: Any, kernel: Any, stride: Pair, dilation: Pair, padding: Sides, groups: int
) -> Any:
    """``W columns(x)``, group by group."""
    seen = _windows(x, kernel=kernel, stride=stride, dilation=dilation, padding=padding)
    n, _, _, _, rows, columns = raw(seen).shape
    outputs, inputs = raw(weight).shape[:2]
    inside = inputs * kernel[0] * kernel[1]
    matrices = _reshape(seen, shape=(n, groups, inside, rows * columns))
    weights = _reshape(weight, shape=(groups, outputs // groups, inside))
    return _reshape(matmul(weights, matrices), shape=(n, outputs, rows, columns))
