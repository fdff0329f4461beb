"""How layers set their parameters: values are drawn and written where the parameter is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..device import check_device
from ..dtypes import get_default_dtype
from ..engine import raw, wrote
from ..random import numpy_generator
from .parameter import Parameter

__all__: list[str] = []


def blank(shape: tuple[int, ...], device: Any, dtype: Any) -> Parameter:
    """A parameter of zeros, to be set by `reset_parameters`."""
    check_device(device)
    return Parameter(np.zeros(shape, np.dtype(dtype or get_default_dtype())))


def write(parameter: Any, values: Any) -> None:
    """Overwrite the values of a parameter or buffer, if it is there, in its own dtype."""
    if parameter is not None:
        array = raw(parameter)
        array[...] = values
        wrote(array)


def fill_uniform(parameters: list[Parameter | None], fan_in: int, generator: Any) -> None:
    """Draw all from the interval ``±1/sqrt(fan_in)``, as PyTorch does."""
    rng, bound = numpy_generator(generator), 1 / math.sqrt(fan_in) if fan_in else 0.0
    for parameter in parameters:
        if parameter is not None:
            write(parameter, rng.uniform(-bound, bound, parameter.shape))


def check_sizes(layer: str, **sizes: Any) -> None:
    """Refuse sizes of a layer that are no counts.

    Raises
    ------
    TypeError, ValueError
        A size is no integer, or is negative.
    """
    for name, size in sizes.items():
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)):
            raise TypeError(f"{layer}: {name} must be an int, not {size!r}")
        if size < 0:
            raise ValueError(f"{layer}: {name} must not be negative, but is {size}")
