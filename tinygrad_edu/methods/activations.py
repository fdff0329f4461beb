"""Activation functions as methods."""

from .. import ops
from ..inplace import in_place
from ..ops.arguments import telling_methods


@telling_methods
class Activations:
    """Activations."""

    hardshrink = ops.hardshrink
    log_softmax = ops.log_softmax
    logit = ops.logit
    prelu = ops.prelu
    relu = ops.relu
    sigmoid = ops.sigmoid
    softmax = ops.softmax
    logit_ = in_place(ops.logit)
    relu_ = in_place(ops.relu)
    sigmoid_ = in_place(ops.sigmoid)
