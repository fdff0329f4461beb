"""Activation functions as methods."""

from .. import ops
from ..inplace import in_place


class Activations:
    """Activations."""

    log_softmax = ops.log_softmax
    relu = ops.relu
    softmax = ops.softmax
    relu_ = in_place(ops.relu)
