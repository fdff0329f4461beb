"""tinygrad_edu: reverse-mode automatic differentiation to read, check, watch and hand in."""

from typing import TYPE_CHECKING, Any

from . import autograd, gradcheck, nn, optim
from .creation import from_numpy, ones, tensor, zeros
from .dtypes import (
    bool,
    double,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from .engine import primitive
from .gradients import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .ops import *
from .printing import set_printoptions
from .random import Generator, default_generator, initial_seed, manual_seed
from .tensor import Tensor

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import data, training, viz

# What a training step does not need is imported when it is first used.
_LAZY = ("data", "training", "viz")


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tinygrad_edu' has no attribute {name!r}")
    import importlib

    return importlib.import_module(f"{__name__}.{name}")
