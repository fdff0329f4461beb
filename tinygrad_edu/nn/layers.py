"""Layers that map features to features: affine and bilinear."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..ops.affine import linear
from .initial import blank, check_sizes, fill_uniform
from .module import Module
from .parameter import Parameter

__all__ = ["Bilinear", "Linear"]


class Linear(Module):
    """The affine map ``y = x Wᵀ + b``.

    Parameters
    ----------
    in_features, out_features : int
        Size of an example before and after.
    bias : bool
        Whether there is a ``b``.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the parameters; the default dtype unless given.
    generator : Generator or numpy.random.Generator, optional
        Where the initial values come from: uniform in ``±1/sqrt(in_features)``, as in PyTorch.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> Linear(4, 3)(ones(2, 4)).shape
    (2, 3)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("Linear", in_features=in_features, out_features=out_features)
        self.in_features, self.out_features = in_features, out_features
        self.weight = blank((out_features, in_features), device, dtype)
        self.register_parameter("bias", blank((out_features,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: Any = None) -> None:
        """Draw weight and bias anew."""
        fill_uniform([self.weight, self.bias], self.in_features, generator)

    def forward(self, input: Any) -> Any:
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class Bilinear(Module):
    """``y_k = x1ᵀ W_k x2 + b_k``: sums of products of the features of two inputs.

    Parameters
    ----------
    in1_features, in2_features, out_features : int
        Sizes of an example of either input, and of the result.
    bias : bool
        Whether there is a ``b``.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the parameters.
    generator : Generator, optional
        Where the initial values come from: uniform in ``±1/sqrt(in1_features)``.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> Bilinear(4, 3, 5)(ones(2, 4), ones(2, 3)).shape
    (2, 5)
    """

    weight: Parameter
    bias: Parameter | None

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("Bilinear", in2_features=in2_features, out_features=out_features)
        check_sizes("Bilinear", in1_features=in1_features)
        if in1_features == 0:
            raise ValueError("Bilinear: in1_features must be > 0, but is 0")
        self.in1_features, self.in2_features = in1_features, in2_features
        self.out_features = out_features
        self.weight = blank((out_features, in1_features, in2_features), device, dtype)
        self.register_parameter("bias", blank((out_features,), device, dtype) if bias else None)
        self.reset_parameters(generator)

    def reset_parameters(self, generator: Any = None) -> None:
        """Draw weight and bias anew."""
        fill_uniform([self.weight, self.bias], self.in1_features, generator)

    def forward(self, input1: Any, input2: Any) -> Any:
        return ops.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, "
            f"out_features={self.out_features}, bias={self.bias is not None}"
        )
