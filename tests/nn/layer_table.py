"""Every layer with one call that works, and what is checked of all of them."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import numpy as np

import tinygrad_edu as tg
from tinygrad_edu import nn


class Layer(NamedTuple):
    """A layer under its name here and in PyTorch, its arguments, and the shapes of its inputs.

    An input that is an array is one of integers.
    """

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: tuple[Any, ...]

    @property
    def id(self) -> str:
        given = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        return f"{self.name}({', '.join(given)})"

    def made(self, package: Any = nn) -> Any:
        return getattr(package, self.name)(*copy.deepcopy(self.args), **self.kwargs)

    def arrays(self, seed: int = 0) -> list[np.ndarray]:
        rng = np.random.default_rng(seed)
        return [rng.normal(size=x) if isinstance(x, tuple) else np.asarray(x) for x in self.inputs]


def layer(name: str, *args: Any, on: Any, **kwargs: Any) -> Layer:
    return Layer(name, args, kwargs, tuple(on) if isinstance(on, list) else (on,))


X = (4, 3)
IMAGE = (2, 4, 6, 5)
WORDS = np.array([[1, 4, 0], [1, 1, 2]])

ACTIVATIONS = [
    layer("ReLU", on=X),
    layer("ReLU6", on=X),
    layer("LeakyReLU", on=X),
    layer("LeakyReLU", 0.2, on=X),
    layer("PReLU", on=X),
    layer("PReLU", 3, 0.1, on=X),
    layer("Threshold", 0.1, 20, on=X),
    layer("Hardtanh", on=X),
    layer("Hardtanh", -0.3, 0.4, on=X),
    layer("Hardsigmoid", on=X),
    layer("Hardswish", on=X),
    layer("Hardshrink", on=X),
    layer("Softshrink", 0.3, on=X),
    layer("ELU", on=X),
    layer("ELU", 0.5, on=X),
    layer("CELU", 2.0, on=X),
    layer("SELU", on=X),
    layer("GELU", on=X),
    layer("GELU", "tanh", on=X),
    layer("SiLU", on=X),
    layer("Mish", on=X),
    layer("Sigmoid", on=X),
    layer("LogSigmoid", on=X),
    layer("Tanh", on=X),
    layer("Tanhshrink", on=X),
    layer("Softplus", on=X),
    layer("Softplus", 2.0, 1.0, on=X),
    layer("Softsign", on=X),
    layer("Softmax", 1, on=X),
    layer("Softmin", 0, on=X),
    layer("LogSoftmax", -1, on=X),
    layer("GLU", on=(3, 4)),
    layer("GLU", 0, on=(2, 5)),
]

LAYERS = [
    *ACTIVATIONS,
    layer("Linear", 3, 5, on=X),
    layer("Linear", 3, 2, False, on=(2, 4, 3)),
    layer("Bilinear", 3, 2, 5, on=[(4, 3), (4, 2)]),
    layer("Bilinear", 3, 2, 1, False, on=[(4, 3), (4, 2)]),
    layer("Embedding", 5, 3, on=WORDS),
    layer("Embedding", 5, 3, 1, on=WORDS),
    layer("Embedding", 5, 3, -4, max_norm=1.0, on=WORDS),
    layer("Embedding", 5, 2, scale_grad_by_freq=True, norm_type=1.0, on=WORDS),
    layer("BatchNorm1d", 3, on=X),
    layer("BatchNorm1d", 3, on=(4, 3, 2)),
    layer("BatchNorm1d", 3, 0.1, 0.3, affine=False, on=X),
    layer("BatchNorm1d", 3, momentum=None, on=X),
    layer("BatchNorm1d", 3, track_running_stats=False, on=X),
    layer("BatchNorm2d", 4, on=IMAGE),
    layer("LayerNorm", 3, on=X),
    layer("LayerNorm", (2, 3), 0.1, on=(4, 2, 3)),
    layer("LayerNorm", 3, elementwise_affine=False, on=X),
    layer("LayerNorm", 3, bias=False, on=X),
    layer("RMSNorm", 3, on=X),
    layer("RMSNorm", (2, 3), 0.1, on=(4, 2, 3)),
    layer("RMSNorm", 3, elementwise_affine=False, on=X),
    layer("GroupNorm", 2, 4, on=IMAGE),
    layer("GroupNorm", 3, 6, 0.1, False, on=(4, 6)),
    layer("Conv2d", 4, 3, 2, on=IMAGE),
    layer("Conv2d", 4, 6, (3, 2), (2, 1), (1, 2), (1, 2), 2, False, on=IMAGE),
    layer("Conv2d", 4, 3, 3, padding="same", on=IMAGE),
    layer("Conv2d", 4, 3, (3, 2), padding="valid", on=(4, 6, 5)),
    layer("Conv2d", 4, 2, 3, padding=(2, 1), padding_mode="reflect", on=IMAGE),
    layer("Conv2d", 4, 2, 3, padding=1, padding_mode="replicate", on=IMAGE),
    layer("Conv2d", 4, 2, 3, padding=(1, 2), padding_mode="circular", on=IMAGE),
    layer("Conv2d", 4, 2, 3, padding="same", padding_mode="circular", on=IMAGE),
    layer("MaxPool2d", 2, on=IMAGE),
    layer("MaxPool2d", (3, 2), 1, 1, on=IMAGE),
    layer("MaxPool2d", 3, (2, 1), dilation=(1, 2), ceil_mode=True, on=IMAGE),
    layer("Dropout", 0.0, on=X),
    layer("Dropout", on=X),
]
# What draws random numbers in training, and is compared with PyTorch in evaluation only.
DRAWS = ("Dropout()",)

ONLY_HERE = [
    layer("StochasticDepth", 0.25, "row", on=X),
    layer("StochasticDepth", on=X),
    layer("Residual", nn.Linear(3, 3), 0.75, on=X),
    layer("RReLU", on=X),
    layer("FractionalMaxPool2d", 2, 3, on=IMAGE),
    layer("FractionalMaxPool2d", None, output_ratio=0.7, on=IMAGE),
]


def tensors(arrays: list[np.ndarray], dtype: Any = np.float64) -> list[Any]:
    """Inputs that require grad, unless they are integers."""
    return [
        tg.Tensor(a.astype(dtype), requires_grad=True) if a.dtype.kind == "f" else tg.Tensor(a)
        for a in arrays
    ]
