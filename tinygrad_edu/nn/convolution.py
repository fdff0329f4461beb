"""Convolution of images as a layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..engine import raw
from ..errors import ShapeError, located
from ..ops.convolution import images, pair
from .initial import blank, check_sizes, fill_uniform
from .module import Module
from .parameter import Parameter

__all__ = ["Conv2d"]

# How NumPy calls the ways to fill the edges.
_MODES = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


class Conv2d(Module):
    """The products of a kernel with every window of an image, summed, for each output channel.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels of the image before and after.
    kernel_size : int or pair
        Rows and columns of a window.
    stride : int or pair
        How far the next window is.
    padding : int, pair, "valid" or "same"
        How many rows and columns are added at both sides; "same" keeps the size.
    dilation : int or pair
        How far the next element of the kernel is.
    groups : int
        Channels are divided into so many groups, each with its own part of the outputs.
    bias : bool
        Whether a number per output channel is added.
    padding_mode : {"zeros", "reflect", "replicate", "circular"}
        What the added rows and columns hold.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the parameters.
    generator : Generator, optional
        Where the initial values come from: uniform in ``±1/sqrt(n)``, n being the number of
        elements that enter one output.

    Raises
    ------
    ValueError
        An argument that does not fit.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> Conv2d(3, 8, 5, padding=2)
    Conv2d(3, 8, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
    >>> Conv2d(3, 8, 5, stride=2)(ones(2, 3, 28, 28)).shape
    (2, 8, 12, 12)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("Conv2d", in_channels=in_channels, out_channels=out_channels, groups=groups)
        for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if groups < 1 or channels % groups:
                raise ValueError(
                    f"Conv2d: {name}={channels} must be divisible by groups={groups}, at least 1"
                )
        if padding_mode not in _MODES:
            raise ValueError(
                f"Conv2d: padding_mode must be one of {', '.join(_MODES)}, not {padding_mode!r}"
            )
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size)
        self.stride = pair("Conv2d", "stride", stride)
        self.dilation = pair("Conv2d", "dilation", dilation)
        self.padding, self.padding_mode = self._padding(padding), padding_mode
        shape = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = blank(shape, device, dtype)
        self.register_parameter("bias", blank((out_channels,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def _padding(self, padding: Any) -> Any:
        if not isinstance(padding, str):
            return pair("Conv2d", "padding", padding, 0)
        if padding not in ("same", "valid"):
            raise ValueError(f"Conv2d: padding must be a size, 'same' or 'valid', not {padding!r}")
        if padding == "same" and self.stride != (1, 1):
            raise ValueError(f"Conv2d: padding='same' needs stride 1, not {self.stride}")
        return padding

    def reset_parameters(self, generator: Any = None) -> None:
        """Draw weight and bias anew."""
        fan_in = self.in_channels // self.groups * self.kernel_size[0] * self.kernel_size[1]
        fill_uniform([self.weight, self.bias], fan_in, generator)

    def forward(self, input: Any) -> Any:
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input), 0
        return ops.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _padded(self, input: Any) -> Any:
        """The input with rows and columns of its own around it."""
        sizes = raw(images("Conv2d", input)).shape[2:]
        places = [self._origins(n, axis) for axis, n in enumerate(sizes)]
        return input[..., places[0][:, None], places[1]]

    def _origins(self, n: int, axis: int) -> np.ndarray:
        """Where each row (or column) of the padded input comes from."""
        if isinstance(self.padding, str):
            both = self.dilation[axis] * (self.kernel_size[axis] - 1) * (self.padding == "same")
            edges = (both // 2, both - both // 2)
        else:
            edges = (self.padding[axis],) * 2
        most = {"reflect": n - 1, "circular": n}.get(self.padding_mode, max(edges))
        if max(edges) > most or not n:
            raise ShapeError(
                located(
                    f"Conv2d: padding {edges} with padding_mode={self.padding_mode!r} needs a "
                    f"larger input: axis {axis - 2} has {n} elements"
                )
            )
        return np.pad(np.arange(n), edges, _MODES[self.padding_mode])  # type: ignore[call-overload]

    def extra_repr(self) -> str:
        text = (
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        )
        for name, default in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            value = getattr(self, name)
            if value != default:
                # PyTorch's text for these two words has no quotes.
                text += f", {name}={value}"
        text += ", bias=False" * (self.bias is None)
        return text + f", padding_mode={self.padding_mode}" * (self.padding_mode != "zeros")
