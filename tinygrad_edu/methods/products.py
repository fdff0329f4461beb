"""Products and norms as methods."""

from .. import ops
from ..inplace import in_place
from ..ops.arguments import telling_methods


@telling_methods
class Products:
    """Products, norms, and what is solved with matrices."""

    addbmm = ops.addbmm
    addmm = ops.addmm
    addmv = ops.addmv
    addr = ops.addr
    baddbmm = ops.baddbmm
    bmm = ops.bmm
    det = ops.det
    dist = ops.dist
    dot = ops.dot
    ger = ops.ger
    inner = ops.inner
    inverse = ops.inverse
    kron = ops.kron
    matmul = ops.matmul
    mm = ops.mm
    mv = ops.mv
    norm = ops.norm
    outer = ops.outer
    renorm = ops.renorm
    trace = ops.trace
    vdot = ops.vdot
    addbmm_ = in_place(ops.addbmm)
    addmm_ = in_place(ops.addmm)
    addmv_ = in_place(ops.addmv)
    addr_ = in_place(ops.addr)
    baddbmm_ = in_place(ops.baddbmm)
    renorm_ = in_place(ops.renorm)
