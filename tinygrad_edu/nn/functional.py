"""Layers and losses as functions: the names of ``torch.nn.functional``."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..engine import raw
from ..errors import located
from ..ops import (
    batch_norm,
    bilinear,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    conv2d,
    cosine_embedding_loss,
    cosine_similarity,
    cross_entropy,
    embedding,
    fractional_max_pool2d,
    gaussian_nll_loss,
    gelu,
    glu,
    group_norm,
    gumbel_softmax,
    hardshrink,
    hinge_embedding_loss,
    huber_loss,
    instance_norm,
    kl_div,
    l1_loss,
    layer_norm,
    linear,
    log_softmax,
    logsigmoid,
    margin_ranking_loss,
    max_pool2d,
    mse_loss,
    multi_margin_loss,
    multiclass_svm_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    nll_loss,
    normalize,
    one_hot,
    pairwise_distance,
    poisson_nll_loss,
    prelu,
    rms_norm,
    scaled_dot_product_attention,
    sigmoid,
    smooth_l1_loss,
    soft_margin_loss,
    softmax,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from ..ops.pooling import fractional_pool_sizes

__all__ = [
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "celu_",
    "conv2d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "elu",
    "elu_",
    "embedding",
    "fractional_max_pool2d",
    "fractional_pool_sizes",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hardtanh_",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "leaky_relu_",
    "linear",
    "log_softmax",
    "logsigmoid",
    "margin_ranking_loss",
    "max_pool2d",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "multiclass_svm_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pairwise_distance",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "relu_",
    "rms_norm",
    "rrelu",
    "rrelu_",
    "scaled_dot_product_attention",
    "selu",
    "selu_",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "stochastic_depth",
    "tanh",
    "tanhshrink",
    "threshold",
    "threshold_",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]


def _maybe_in_place(op: Callable[..., Any]) -> Any:
    """The op with PyTorch's last argument `inplace`: write the result into the input.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> x = tensor([-1.0, 2.0])
    >>> relu(x, inplace=True) is x, x
    (True, tensor([0., 2.]))
    """
    parameters = inspect.signature(op).parameters.values()
    places = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)

    @functools.wraps(op, updated=())
    def function(*args: Any, inplace: bool = False, **kwargs: Any) -> Any:
        if len(args) > places:
            *args, inplace = args  # type: ignore[assignment]
        if not inplace:
            return op(*args, **kwargs)
        if not args:
            return kwargs.pop("input")._write(op, **kwargs)
        return args[0]._write(op, *args[1:], **kwargs)

    return function


def _in_place(op: Callable[..., Any]) -> Any:
    """The op whose name ends in an underscore: write the result into the input."""

    def function(input: Any, *args: Any, **kwargs: Any) -> Any:
        return input._write(op, *args, **kwargs)

    function.__doc__ = f"`{getattr(op, 'name', op.__name__)}`, in place."
    return function


def stochastic_depth(
    input: Any, p: float, mode: str, training: bool = True, *, generator: Any = None
) -> Any:
    """Drop the whole input with probability `p`, or that of each example (``mode="row"``).

    What stays is divided by ``1 - p``. The name and the arguments are those of torchvision.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> stochastic_depth(ones(2), 1.0, "batch")
    tensor([0., 0.])
    """
    if mode not in ("batch", "row"):
        raise ValueError(located(f"stochastic_depth: mode must be 'batch' or 'row', not {mode!r}"))
    if not 0.0 <= p <= 1.0:
        raise ValueError(
            located(f"stochastic_depth: drop probability has to be between 0 and 1, but got {p}")
        )
    if not training or p == 0.0:
        return input
    x = raw(input)
    size = (1,) * x.ndim if mode == "batch" else x.shape[:1] + (1,) * (x.ndim - 1)
    return input * ops.dropout(np.ones(size, x.dtype), p, generator=generator)


celu = _maybe_in_place(ops.celu)
dropout = _maybe_in_place(ops.dropout)
elu = _maybe_in_place(ops.elu)
hardsigmoid = _maybe_in_place(ops.hardsigmoid)
hardswish = _maybe_in_place(ops.hardswish)
hardtanh = _maybe_in_place(ops.hardtanh)
leaky_relu = _maybe_in_place(ops.leaky_relu)
mish = _maybe_in_place(ops.mish)
relu = _maybe_in_place(ops.relu)
relu6 = _maybe_in_place(ops.relu6)
rrelu = _maybe_in_place(ops.rrelu)
selu = _maybe_in_place(ops.selu)
silu = _maybe_in_place(ops.silu)
threshold = _maybe_in_place(ops.threshold)

celu_ = _in_place(ops.celu)
elu_ = _in_place(ops.elu)
hardtanh_ = _in_place(ops.hardtanh)
leaky_relu_ = _in_place(ops.leaky_relu)
relu_ = _in_place(ops.relu)
rrelu_ = _in_place(ops.rrelu)
selu_ = _in_place(ops.selu)
threshold_ = _in_place(ops.threshold)
