"""Methods that rearrange elements."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..engine import LEAF, state
from ..inplace import in_place
from ..ops import repeating, splitting
from ..ops import shape as shapes
from ..ops.arguments import telling_methods


def _reshaping(op: Callable[..., Any]) -> Any:
    """The method that gives its tensor another shape on the same memory."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if self._node is LEAF and state.grad:
            self._check_may_record()
        node, new = self._node, op(self, *args, **kwargs)
        self._rebind(new)
        if new._node is None:  # under no_grad a leaf stays one
            self._node = node
        return self

    method.__doc__ = f"``{op.__name__}``, in place."
    return method


@telling_methods
class Shaping:
    """Shape, order, parts."""

    adjoint = ops.adjoint
    broadcast_to = ops.broadcast_to
    chunk = ops.chunk
    diag = ops.diag
    diag_embed = ops.diag_embed
    diagflat = ops.diagflat
    diagonal = ops.diagonal
    dsplit = ops.dsplit
    expand = repeating.expand
    expand_as = repeating.expand_as
    flatten = ops.flatten
    flip = ops.flip
    fliplr = ops.fliplr
    flipud = ops.flipud
    hsplit = ops.hsplit
    moveaxis = ops.moveaxis
    movedim = ops.movedim
    narrow = ops.narrow
    permute = ops.permute
    ravel = ops.ravel
    repeat = repeating.repeat
    repeat_interleave = ops.repeat_interleave
    reshape = ops.reshape
    reshape_as = shapes.reshape_as
    roll = ops.roll
    rot90 = ops.rot90
    select = ops.select
    split = ops.split
    split_with_sizes = ops.split_with_sizes
    squeeze = ops.squeeze
    swapaxes = ops.swapaxes
    swapdims = ops.swapdims
    t = ops.t
    tensor_split = ops.tensor_split
    tile = ops.tile
    transpose = ops.transpose
    tril = ops.tril
    triu = ops.triu
    unbind = ops.unbind
    unflatten = ops.unflatten
    unfold = splitting.unfold
    unsqueeze = ops.unsqueeze
    view = shapes.view
    view_as = shapes.view_as
    vsplit = ops.vsplit
    squeeze_ = _reshaping(ops.squeeze)
    swapaxes_ = _reshaping(ops.swapaxes)
    swapdims_ = _reshaping(ops.swapdims)
    t_ = _reshaping(ops.t)
    transpose_ = _reshaping(ops.transpose)
    unsqueeze_ = _reshaping(ops.unsqueeze)
    tril_ = in_place(ops.tril)
    triu_ = in_place(ops.triu)
    T = property(shapes.reverse_axes, doc="All axes in reverse order.")
    mT = property(ops.adjoint, doc="The last two axes exchanged.")
    mH = property(ops.adjoint, doc="The last two axes exchanged.")
    H = property(shapes.matrix_transpose, doc="The transpose of a matrix.")
