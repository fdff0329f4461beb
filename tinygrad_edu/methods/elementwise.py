"""Methods that work element by element."""

from .. import ops
from ..inplace import in_place


class Elementwise:
    """Arithmetic, exponentials, comparisons."""

    abs = ops.abs
    add = ops.add
    div = ops.div
    eq = ops.eq
    exp = ops.exp
    ge = ops.ge
    gt = ops.gt
    le = ops.le
    log = ops.log
    lt = ops.lt
    maximum = ops.maximum
    minimum = ops.minimum
    mul = ops.mul
    ne = ops.ne
    neg = ops.neg
    pow = ops.pow
    sign = ops.sign
    sqrt = ops.sqrt
    square = ops.square
    sub = ops.sub
    tanh = ops.tanh
    abs_ = in_place(ops.abs)
    add_ = in_place(ops.add)
    div_ = in_place(ops.div)
    exp_ = in_place(ops.exp)
    log_ = in_place(ops.log)
    mul_ = in_place(ops.mul)
    neg_ = in_place(ops.neg)
    pow_ = in_place(ops.pow)
    sqrt_ = in_place(ops.sqrt)
    square_ = in_place(ops.square)
    sub_ = in_place(ops.sub)
    tanh_ = in_place(ops.tanh)
