"""Methods that rearrange elements."""

from .. import ops


class Shaping:
    """Shape, order, parts."""

    permute = ops.permute
    reshape = ops.reshape
    t = ops.t
    transpose = ops.transpose
    unsqueeze = ops.unsqueeze
    view = ops.reshape
    T = property(ops.t, doc="Rows and columns exchanged.")
