"""How widely initial values should spread: gains, and a unit's numbers of inputs and outputs."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ShapeError, located
from ..ops.arguments import expect_tensors, telling

_GAINS = {
    **dict.fromkeys(["linear", "conv1d", "conv2d", "conv3d", "sigmoid"], 1.0),
    **dict.fromkeys(["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"], 1.0),
    "tanh": 5 / 3,
    "relu": math.sqrt(2),
    "selu": 3 / 4,
}


@telling
def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor on the standard deviation that a nonlinearity asks for.

    Parameters
    ----------
    nonlinearity : str
        ``'linear'``, ``'conv1d'`` to ``'conv_transpose3d'`` and ``'sigmoid'`` (1), ``'tanh'``
        (5/3), ``'relu'`` (sqrt 2), ``'leaky_relu'`` (``sqrt(2 / (1 + param²))``), ``'selu'`` (3/4).
    param : float, optional
        The negative slope of ``'leaky_relu'``, 0.01 unless given.

    Examples
    --------
    >>> calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ShapeError(located(f"calculate_gain: negative_slope {param} not a valid number"))
        return math.sqrt(2 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        known = ", ".join([*_GAINS, "leaky_relu"])
        raise ShapeError(
            located(f"calculate_gain: Unsupported nonlinearity {nonlinearity}; known are {known}")
        )
    return _GAINS[nonlinearity]


@telling
def _calculate_fan_in_and_fan_out(tensor: Any) -> tuple[int, int]:
    """Inputs and outputs of a unit (a name of PyTorch's that lessons and layers use)."""
    return _fans("_calculate_fan_in_and_fan_out", tensor)


def _fans(name: str, tensor: Any) -> tuple[int, int]:
    expect_tensors(name, tensor=tensor)
    if len(tensor.shape) < 2:
        raise ShapeError(
            located(
                f"{name}: Fan in and fan out can not be computed for tensor with fewer than 2 "
                f"dimensions, got shape {tuple(tensor.shape)}; use zeros_ or uniform_ for a bias"
            )
        )
    outputs, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def xavier_std(name: str, tensor: Any, gain: float) -> float:
    """Return gain sqrt(2 / (fan_in + fan_out)), for the function called `name`."""
    fans = sum(_fans(name, tensor))
    return gain * math.sqrt(2 / fans) if fans else 0.0


def kaiming_std(name: str, tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    """Return gain / sqrt(fan), for the function called `name`."""
    fans = dict(zip(("fan_in", "fan_out"), _fans(name, tensor), strict=True))
    if str(mode).lower() not in fans:
        raise ShapeError(
            located(f"{name}: Mode {mode} not supported, please use one of {list(fans)}")
        )
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode.lower()])
