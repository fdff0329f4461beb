"""Pooling as modules."""

from __future__ import annotations

from typing import Any

from .. import ops
from .module import Module

__all__ = ["FractionalMaxPool2d", "MaxPool2d"]


class MaxPool2d(Module):
    """The largest element of each window; see `max_pool2d`.

    Parameters
    ----------
    kernel_size : int or pair
        Rows and columns of a window.
    stride : int or pair, optional
        How far the next window is; `kernel_size` unless given.
    padding : int or pair
        How far windows reach over the edges.
    dilation : int or pair
        How far the next element of a window is.
    return_indices : bool
        Whether to return the places of the largest elements, too.
    ceil_mode : bool
        Whether windows that fit in part count, too.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> MaxPool2d(2)(tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    tensor([[[4.]]])
    """

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding, self.dilation = padding, dilation
        self.return_indices, self.ceil_mode = return_indices, ceil_mode

    def forward(self, input: Any) -> Any:
        return ops.max_pool2d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class FractionalMaxPool2d(Module):
    """Max pooling by any factor, in regions that are drawn anew; see `fractional_max_pool2d`.

    Parameters
    ----------
    kernel_size : int, pair or None
        Rows and columns of a region; None for neighbouring regions that share out the image.
    output_size : int or pair, optional
        How many regions, in rows and columns.
    output_ratio : float or pair, optional
        The same, as parts of the rows and columns of the image.
    return_indices : bool
        Whether to return the places of the largest elements, too.
    generator : Generator, optional
        Where the random numbers come from.

    Raises
    ------
    ValueError
        Not exactly one of `output_size` and `output_ratio` is given, or the ratio is not between 0
        and 1.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> FractionalMaxPool2d(None, output_ratio=2 / 3)(ones(1, 3, 24, 24)).shape
    (1, 3, 16, 16)
    """

    _random_samples: Any

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__()
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                "FractionalMaxPool2d: requires specifying either an output_size or an "
                "output_ratio, and not both"
            )
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * 2
        if output_ratio is not None and not all(0 < ratio < 1 for ratio in ratios):
            raise ValueError(
                f"FractionalMaxPool2d: output_ratio must be between 0 and 1 (got {output_ratio})"
            )
        self.kernel_size, self.output_size = kernel_size, output_size
        self.output_ratio = None if output_ratio is None else tuple(ratios)
        self.return_indices, self.generator = return_indices, generator
        self.register_buffer("_random_samples", _random_samples)

    def forward(self, input: Any) -> Any:
        return ops.fractional_max_pool2d(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
            generator=self.generator,
        )
