"""Parameter: a tensor that a Module trains. Buffer: one that it only keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..tensor import Tensor


def _memory(data: Any) -> np.ndarray:
    """The array of a Tensor, to share it; anything else as an array."""
    return data._buffer() if isinstance(data, Tensor) else np.asarray(data)


class Parameter(Tensor):
    """A leaf that requires grad, found by the Module that has it as an attribute.

    Parameters
    ----------
    data : array_like
        The initial values; their memory is shared.
    requires_grad : bool
        False freezes it.

    Examples
    --------
    >>> Parameter(np.zeros(2, np.float32))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(_memory(data), requires_grad=requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        # As in PyTorch, the copy of a model starts without gradients and without tensor hooks.
        new = memo[id(self)] = type(self)(self._array.copy(), self.requires_grad)
        new.name = self.name
        return new

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()


class Buffer(Tensor):
    """A tensor that is a module's buffer as soon as it is assigned to an attribute.

    Parameters
    ----------
    data : array_like
        The initial values; their memory is shared.
    persistent : bool
        Whether it is in the state dict.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> module = nn.Module()
    >>> module.mean = Buffer(np.zeros(2, np.float32))
    >>> [name for name, _ in module.named_buffers()]
    ['mean']
    """

    def __init__(self, data: Any, *, persistent: bool = True) -> None:
        super().__init__(_memory(data))
        self.persistent = persistent
