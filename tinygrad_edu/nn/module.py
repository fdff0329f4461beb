"""Module: parameters, buffers and submodules are what stands in the attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ..tensor import Tensor
from .parameter import Parameter


class Module:
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
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    # ---------------------------------------------------------------- what it is made of

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep a tensor that is saved with the model but not trained."""
        self.__dict__.setdefault("_buffer_names", {})[name] = persistent
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Set a parameter by name (None: a place that stays empty)."""
        setattr(self, name, param)

    def _own(self, kind: type) -> Iterator[tuple[str, Any]]:
        """Members of one kind in the attributes, also inside lists, tuples and dicts."""
        for name, value in vars(self).items():
            stack = [(name, value)]
            while stack:
                path, item = stack.pop()
                if isinstance(item, kind):
                    yield path, item
                elif isinstance(item, dict) and name != "_buffer_names":
                    stack.extend((f"{path}.{k}", v) for k, v in reversed(item.items()))
                elif isinstance(item, (list, tuple)):
                    numbered = reversed(list(enumerate(item)))
                    stack.extend((f"{path}.{i}", v) for i, v in numbered)

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module and all below it, each once, with the path to it."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            start = path + "." if path else ""
            stack.extend(reversed([(start + n, m) for n, m in module._own(Module)]))

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below, with their names."""
        return self._own(Module)

    def children(self) -> Iterator[Module]:
        """The modules directly below."""
        return (module for _, module in self.named_children())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with the path to each; one that is shared comes once."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix) if recurse else [(prefix, self)]:
            for name, parameter in module._own(Parameter):
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield (f"{path}.{name}" if path else name), parameter

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    # ---------------------------------------------------------------- what is done with all of it

    def apply(self, fn: Callable[[Module], Any]) -> Module:
        """Call `fn` on every module."""
        for module in list(self.modules()):
            fn(module)
        return self

    def train(self, mode: bool = True) -> Module:
        """Switch to training mode, all modules."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Switch to evaluation mode, all modules."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freeze all parameters, or thaw them."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    # ---------------------------------------------------------------- how it prints

    def extra_repr(self) -> str:
        """What stands between the brackets: the settings of a layer."""
        return ""

    def __repr__(self) -> str:
        lines = [
            f"({name}): " + repr(child).replace("\n", "\n  ")
            for name, child in self.named_children()
        ]
        extra, name = self.extra_repr(), type(self).__name__
        if not lines:
            return f"{name}({extra})"
        return f"{name}(\n  " + "\n  ".join([extra, *lines] if extra else lines) + "\n)"
