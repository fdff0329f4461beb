"""Module: parameters, buffers and submodules are what stands in the attributes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ..engine import box
from ..errors import DTypeError, located
from .hooks import Hookable
from .members import Members
from .no_data import NoData
from .state_dict import Stateful

M = TypeVar("M", bound="Module")


class Module(Hookable, Stateful, Members, NoData):
    """A part of a model. Subclasses assign parameters and modules, and define `forward`.

    Attributes
    ----------
    training : bool
        Set by `train` and `eval`; dropout and batch norm look at it.

    Examples
    --------
    >>> from tinygrad_edu import nn, zeros
    >>> class Scale(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(zeros(1) + 3)
    ...
    ...     def forward(self, x):
    ...         return self.factor * x
    >>> [name for name, _ in Scale().named_parameters()]
    ['factor']
    """

    training: bool = True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output: every subclass defines it."""
        name = type(self).__name__
        raise NotImplementedError(f'Module [{name}] is missing the required "forward" function')

    # ---------------------------------------------------------------- what is done with all of it

    def apply(self: M, fn: Callable[[Any], Any]) -> M:
        """Call `fn` on every module once, on those below before those above.

        Examples
        --------
        >>> from tinygrad_edu import nn
        >>> net = nn.Sequential(nn.ReLU())
        >>> _ = net.apply(lambda module: print(type(module).__name__))
        ReLU
        Sequential
        """
        found: list[Any] = []
        seen: set[int] = set()
        stack: list[tuple[Any, bool]] = [(self, False)]
        while stack:
            module, done = stack.pop()
            if done:
                found.append(module)
            elif id(module) not in seen:
                seen.add(id(module))
                stack.append((module, True))
                stack.extend((child, False) for child in reversed([*module.children()]))
        for module in found:
            fn(module)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Switch to training mode, all modules."""
        if not isinstance(mode, bool):
            raise ValueError(located(f"training mode is expected to be boolean, not {mode!r}"))
        for module in self.modules():
            module.training = mode
        return self

    def eval(self: M) -> M:
        """Switch to evaluation mode, all modules."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad = parameter.grad.detach()
                parameter.grad.zero_()

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Freeze all parameters, or thaw them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Convert parameters, buffers and gradients of a floating-point type, in place.

        Takes what `Tensor.to` takes: a dtype, a tensor like which they become, the device "cpu".

        Examples
        --------
        >>> from tinygrad_edu import nn, float64
        >>> nn.Linear(2, 1).to(float64).weight.dtype
        dtype('float64')
        """
        # Asked of an empty tensor first, so that a bad argument changes nothing.
        dtype = box(np.zeros(0, np.float32)).to(*args, **kwargs).dtype
        if dtype.kind != "f":
            text = f"nn.Module.to only accepts floating point dtypes, but got {dtype}"
            raise DTypeError(located(text))
        for tensor in [*self.parameters(), *self.buffers()]:
            if tensor.dtype.kind == "f":
                grad = tensor.grad
                tensor.grad = None
                tensor.data = tensor.detach().to(*args, **kwargs)
                if grad is not None:
                    tensor.grad = grad.detach().to(*args, **kwargs)
        return self

    def type(self: M, dst_type: Any) -> M:
        """Convert to a floating-point dtype, as `to` does."""
        return self.to(box(np.zeros(0, np.float32)).type(dst_type).dtype)

    def float(self: M) -> M:
        """Convert to float32."""
        return self.to(np.dtype(np.float32))

    def double(self: M) -> M:
        """Convert to float64."""
        return self.to(np.dtype(np.float64))

    def half(self: M) -> M:
        """Convert to float16."""
        return self.to(np.dtype(np.float16))

    def cpu(self: M) -> M:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self: M, device: Any = None) -> M:
        """Raise the error that there is no such device."""
        return self.to("cuda")

    # ---------------------------------------------------------------- how it prints

    def extra_repr(self) -> str:
        """What stands between the brackets: the settings of a layer."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        children = {name: child for name, _, child in self._members("module")}
        if None in self._modules.values():  # a place that is empty is shown as well
            inside = {name: child for name, child in children.items() if name not in self._modules}
            children = {**self._modules, **inside}
        lines = [f"({name}): " + _indented(repr(child)) for name, child in children.items()]
        extra = self.extra_repr()
        if not lines and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        return f"{self._get_name()}(\n  " + "\n  ".join([*extra.splitlines(), *lines]) + "\n)"

    def __dir__(self) -> list[str]:
        # Names such as "0", of the members of a Sequential, cannot be written after a dot.
        return [name for name in super().__dir__() if not name[0].isdigit()]


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
