"""Activations made of pieces, as modules: each calls the function with a name like its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..creation import full
from ..device import check_device
from ..ops.rectifiers import relu_of_many
from . import functional as F
from .module import Module
from .parameter import Parameter

__all__ = [
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "Softshrink",
    "Threshold",
]


class Activation(Module):
    """What activations share: a call of `function` with the settings named, and how they print."""

    function: Callable[..., Any]
    settings: tuple[str, ...] = ()

    def forward(self, input: Any) -> Any:
        options = {name: getattr(self, name) for name in self.settings}
        return type(self).function(input, **options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in self.settings)


class InPlaceActivation(Activation):
    """An activation that can write its result into the input.

    Parameters
    ----------
    inplace : bool
        Whether it does.
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        options = {name: getattr(self, name) for name in self.settings}
        return type(self).function(input, **options, inplace=self.inplace)

    def extra_repr(self) -> str:
        return ", ".join(filter(None, [super().extra_repr(), "inplace=True" * self.inplace]))


# ----------------------------------------------------------------------------- made of pieces


class ReLU(InPlaceActivation):
    """``max(0, x)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> ReLU()(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    function = staticmethod(F.relu)

    def forward(self, input: Any) -> Any:
        return F.relu(input, inplace=True) if self.inplace else relu_of_many(input)


class Hardtanh(InPlaceActivation):
    """``x``, kept between two bounds; see `hardtanh`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Hardtanh()(tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """

    function = staticmethod(F.hardtanh)
    settings = ("min_val", "max_val")

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        if not max_val > min_val:
            raise ValueError(f"Hardtanh: max_val={max_val} must be larger than min_val={min_val}")
        self.min_val, self.max_val = min_val, max_val


class ReLU6(InPlaceActivation):
    """``min(max(0, x), 6)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> ReLU6()(tensor([-1.0, 7.0]))
    tensor([0., 6.])
    """

    function = staticmethod(F.relu6)


class LeakyReLU(InPlaceActivation):
    """``x`` above 0, else ``negative_slope * x``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> LeakyReLU(0.5)(tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    function = staticmethod(F.leaky_relu)
    settings = ("negative_slope",)

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.negative_slope = negative_slope


class PReLU(Module):
    """Leaky ReLU whose slopes are learned.

    Parameters
    ----------
    num_parameters : int
        One slope for all, or one for each channel (axis 1).
    init : float
        The slope to start from.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> PReLU()(tensor([-1.0, 2.0])).detach()
    tensor([-0.2500,  2.0000])
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        check_device(device)
        self.num_parameters, self.init = num_parameters, init
        self.weight = Parameter(full((num_parameters,), float(init), dtype=dtype))

    def reset_parameters(self) -> None:
        """Go back to the slope to start from."""
        self.weight.data.fill_(self.init)

    def forward(self, input: Any) -> Any:
        return ops.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(InPlaceActivation):
    """Leaky ReLU whose slopes are drawn in training, and the middle one in evaluation.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> RReLU(0.25, 0.75).eval()(tensor([-1.0, 2.0]))
    tensor([-0.5000,  2.0000])
    """

    function = staticmethod(F.rrelu)
    settings = ("lower", "upper")

    def __init__(
        self,
        lower: float = 1.0 / 8,
        upper: float = 1.0 / 3,
        inplace: bool = False,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__(inplace)
        self.lower, self.upper, self.generator = lower, upper, generator

    def forward(self, input: Any) -> Any:
        options = {"inplace": self.inplace, "generator": self.generator}
        return F.rrelu(input, self.lower, self.upper, self.training, **options)


class Threshold(InPlaceActivation):
    """``x`` above a threshold, else `value`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Threshold(1.0, -5.0)(tensor([0.5, 2.0]))
    tensor([-5.,  2.])
    """

    function = staticmethod(F.threshold)
    settings = ("threshold", "value")

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value


class Shrink(Activation):
    """What `Hardshrink` and `Softshrink` share.

    Parameters
    ----------
    lambd : float
        Up to this distance from 0, the result is 0.
    """

    settings = ("lambd",)

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def extra_repr(self) -> str:
        return str(self.lambd)


class Hardshrink(Shrink):
    """0 near 0, else ``x``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Hardshrink()(tensor([0.25, 2.0]))
    tensor([0., 2.])
    """

    function = staticmethod(ops.hardshrink)


class Softshrink(Shrink):
    """``x``, brought nearer to 0 by `lambd`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Softshrink()(tensor([0.25, 2.0]))
    tensor([0.0000, 1.5000])
    """

    function = staticmethod(ops.softshrink)


class Hardsigmoid(InPlaceActivation):
    """A sigmoid of three straight pieces.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Hardsigmoid()(tensor([-3.0, 0.0, 3.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    function = staticmethod(F.hardsigmoid)

    def extra_repr(self) -> str:
        return ""  # as in PyTorch


class Hardswish(InPlaceActivation):
    """``x`` times its hard sigmoid.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Hardswish()(tensor([0.0, 3.0]))
    tensor([0., 3.])
    """

    function = staticmethod(F.hardswish)

    def extra_repr(self) -> str:
        return ""
