"""Parameter: a tensor that a Module trains."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import raw
from ..tensor import Tensor


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
        super().__init__(np.asarray(raw(data)), requires_grad=requires_grad)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()
