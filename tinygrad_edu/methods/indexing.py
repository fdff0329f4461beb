"""Methods that read and write parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..errors import ShapeError, located
from ..inplace import in_place
from ..ops.arguments import telling_methods


@telling_methods
class Indexing:
    """Copies and parts."""

    argwhere = ops.argwhere
    clone = ops.clone
    gather = ops.gather
    index_add = ops.index_add
    index_copy = ops.index_copy
    index_fill = ops.index_fill
    index_put = ops.index_put
    index_select = ops.index_select
    masked_fill = ops.masked_fill
    masked_scatter = ops.masked_scatter
    masked_select = ops.masked_select
    nonzero = ops.nonzero
    scatter = ops.scatter
    scatter_add = ops.scatter_add
    scatter_reduce = ops.scatter_reduce
    take = ops.take
    take_along_dim = ops.take_along_dim
    index_add_ = in_place(ops.index_add)
    index_copy_ = in_place(ops.index_copy)
    index_fill_ = in_place(ops.index_fill)
    index_put_ = in_place(ops.index_put)
    masked_fill_ = in_place(ops.masked_fill)
    masked_scatter_ = in_place(ops.masked_scatter)
    scatter_ = in_place(ops.scatter)
    scatter_add_ = in_place(ops.scatter_add)
    scatter_reduce_ = in_place(ops.scatter_reduce)

    def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
        """Write a number on the main diagonal; with `wrap` again below, in a tall matrix."""
        if self.ndim < 2:
            raise ShapeError(located("fill_diagonal_: the tensor must have at least 2 dimensions"))
        on = np.zeros(self.shape, bool)
        np.fill_diagonal(on, True, wrap=wrap)
        self[np.nonzero(on)] = fill_value
        return self
