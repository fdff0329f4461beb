"""Methods that read and write parts."""

from .. import ops


class Indexing:
    """Copies and parts."""

    clone = ops.clone
    nonzero = ops.nonzero
