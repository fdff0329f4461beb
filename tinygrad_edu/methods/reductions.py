"""Methods that reduce axes."""

from .. import ops


class Reductions:
    """Sums, means, extremes."""

    amax = ops.amax
    argmax = ops.argmax
    logsumexp = ops.logsumexp
    max = ops.max
    mean = ops.mean
    sum = ops.sum
