"""Layers with and without parameters, and the container that chains them."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import ops
from ..dtypes import get_default_dtype
from ..random import numpy_generator
from .module import Module
from .parameter import Parameter


class Linear(Module):
    """The affine map ``y = x Wᵀ + b``.

    Parameters
    ----------
    in_features, out_features : int
        Size of an example before and after.
    bias : bool
        Whether there is a ``b``.
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

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = None,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__()
        self.in_features, self.out_features = in_features, out_features
        rng, dtype = numpy_generator(generator), np.dtype(dtype or get_default_dtype())
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        shape = (out_features, in_features)
        self.weight = Parameter(rng.uniform(-bound, bound, shape).astype(dtype))
        self.bias: Parameter | None = None
        if bias:
            self.bias = Parameter(rng.uniform(-bound, bound, out_features).astype(dtype))

    def forward(self, input: Any) -> Any:
        return ops.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        return (
            f"in_features={self.in_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class ReLU(Module):
    """``max(0, x)``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> ReLU()(tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        return input.relu_() if self.inplace else ops.relu(input)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Sequential(Module):
    """Modules one after another.

    Examples
    --------
    >>> Sequential(Linear(2, 8), ReLU(), Linear(8, 1))
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): ReLU()
      (2): Linear(in_features=8, out_features=1, bias=True)
    )
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        named = modules[0] if len(modules) == 1 and isinstance(modules[0], OrderedDict) else None
        for name, module in named.items() if named is not None else enumerate(modules):
            setattr(self, str(name), module)

    def forward(self, input: Any) -> Any:
        for module in self.children():
            input = module(input)
        return input

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __len__(self) -> int:
        return len(list(self.children()))

    def __getitem__(self, index: int | slice) -> Module:
        found = list(self.named_children())[index]
        return Sequential(OrderedDict(found)) if isinstance(index, slice) else found[1]  # type: ignore

    def append(self, module: Module) -> Sequential:
        """Add a module at the end."""
        setattr(self, str(len(self)), module)
        return self
