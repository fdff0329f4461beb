"""Layers and losses as functions: the names of ``torch.nn.functional``."""

from ..ops import (
    cross_entropy,
    linear,
    log_softmax,
    mse_loss,
    multiclass_svm_loss,
    relu,
    softmax,
)

__all__ = [
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "multiclass_svm_loss",
    "relu",
    "softmax",
]
