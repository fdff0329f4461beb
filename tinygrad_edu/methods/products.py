"""Products and norms as methods."""

from .. import ops


class Products:
    """Products and norms."""

    matmul = ops.matmul
