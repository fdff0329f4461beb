"""tinygrad_edu: reverse-mode automatic differentiation to read, check, watch and hand in."""

from math import e, inf, nan, pi
from typing import TYPE_CHECKING, Any

from . import autograd, cuda, linalg, nn, optim
from .creation import (
    BoolTensor,
    ByteTensor,
    DoubleTensor,
    FloatTensor,
    IntTensor,
    LongTensor,
    as_tensor,
    asarray,
    empty,
    empty_like,
    from_numpy,
    full,
    full_like,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from .device import device
from .dtypes import (
    bool,
    can_cast,
    double,
    finfo,
    float,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    iinfo,
    int,
    int8,
    int16,
    int32,
    int64,
    long,
    promote_types,
    set_default_dtype,
    short,
    uint8,
)
from .engine import primitive
from .gradients import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .info import *
from .numpy_protocol import from_dlpack
from .ops import *
from .printing import set_printoptions
from .random import (
    Generator,
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)
from .ranges import arange, eye, linspace, logspace, tril_indices, triu_indices
from .sampling import (
    bernoulli,
    multinomial,
    normal,
    poisson,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    randperm,
)
from .serialization import load, save
from .tensor import Tensor

__version__ = "0.1.0"

if TYPE_CHECKING:
    from . import data, gradcheck, lab, training, utils, viz

# What a training step does not need is imported when it is first used.
_LAZY = ("data", "gradcheck", "lab", "training", "utils", "viz")


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'tinygrad_edu' has no attribute {name!r}")
    import importlib

    return importlib.import_module(f"{__name__}.{name}")
