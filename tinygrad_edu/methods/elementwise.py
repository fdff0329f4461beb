"""Methods that work element by element."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..inplace import in_place
from ..ops.arguments import telling_methods


@telling_methods
class Elementwise:
    """Arithmetic, exponentials, comparisons, rounding, logic."""

    abs = ops.abs
    absolute = ops.absolute
    acos = ops.acos
    acosh = ops.acosh
    add = ops.add
    addcdiv = ops.addcdiv
    addcmul = ops.addcmul
    allclose = ops.allclose
    arccos = ops.arccos
    arccosh = ops.arccosh
    arcsin = ops.arcsin
    arcsinh = ops.arcsinh
    arctan = ops.arctan
    arctan2 = ops.arctan2
    arctanh = ops.arctanh
    asin = ops.asin
    asinh = ops.asinh
    atan = ops.atan
    atan2 = ops.atan2
    atanh = ops.atanh
    bitwise_and = ops.bitwise_and
    bitwise_not = ops.bitwise_not
    bitwise_or = ops.bitwise_or
    bitwise_xor = ops.bitwise_xor
    ceil = ops.ceil
    clamp = ops.clamp
    clamp_max = ops.clamp_max
    clamp_min = ops.clamp_min
    clip = ops.clip
    cos = ops.cos
    cosh = ops.cosh
    div = ops.div
    divide = ops.divide
    eq = ops.eq
    equal = ops.equal
    erf = ops.erf
    erfc = ops.erfc
    exp = ops.exp
    exp2 = ops.exp2
    expm1 = ops.expm1
    fix = ops.fix
    float_power = ops.float_power
    floor = ops.floor
    floor_divide = ops.floor_divide
    fmax = ops.fmax
    fmin = ops.fmin
    fmod = ops.fmod
    frac = ops.frac
    ge = ops.ge
    greater = ops.greater
    greater_equal = ops.greater_equal
    gt = ops.gt
    hypot = ops.hypot
    isclose = ops.isclose
    isfinite = ops.isfinite
    isinf = ops.isinf
    isnan = ops.isnan
    isneginf = ops.isneginf
    isposinf = ops.isposinf
    le = ops.le
    lerp = ops.lerp
    less = ops.less
    less_equal = ops.less_equal
    log = ops.log
    log10 = ops.log10
    log1p = ops.log1p
    log2 = ops.log2
    logaddexp = ops.logaddexp
    logaddexp2 = ops.logaddexp2
    logical_and = ops.logical_and
    logical_not = ops.logical_not
    logical_or = ops.logical_or
    logical_xor = ops.logical_xor
    lt = ops.lt
    maximum = ops.maximum
    minimum = ops.minimum
    mul = ops.mul
    multiply = ops.multiply
    nan_to_num = ops.nan_to_num
    ne = ops.ne
    neg = ops.neg
    negative = ops.negative
    not_equal = ops.not_equal
    positive = ops.positive
    pow = ops.pow
    reciprocal = ops.reciprocal
    remainder = ops.remainder
    round = ops.round
    rsqrt = ops.rsqrt
    sgn = ops.sgn
    sign = ops.sign
    sin = ops.sin
    sinh = ops.sinh
    sqrt = ops.sqrt
    square = ops.square
    sub = ops.sub
    subtract = ops.subtract
    tan = ops.tan
    tanh = ops.tanh
    true_divide = ops.true_divide
    trunc = ops.trunc

    abs_ = in_place(ops.abs)
    absolute_ = in_place(ops.absolute)
    acos_ = in_place(ops.acos)
    acosh_ = in_place(ops.acosh)
    add_ = in_place(ops.add)
    addcdiv_ = in_place(ops.addcdiv)
    addcmul_ = in_place(ops.addcmul)
    arccos_ = in_place(ops.arccos)
    arccosh_ = in_place(ops.arccosh)
    arcsin_ = in_place(ops.arcsin)
    arcsinh_ = in_place(ops.arcsinh)
    arctan_ = in_place(ops.arctan)
    arctan2_ = in_place(ops.arctan2)
    arctanh_ = in_place(ops.arctanh)
    asin_ = in_place(ops.asin)
    asinh_ = in_place(ops.asinh)
    atan_ = in_place(ops.atan)
    atan2_ = in_place(ops.atan2)
    atanh_ = in_place(ops.atanh)
    bitwise_and_ = in_place(ops.bitwise_and)
    bitwise_not_ = in_place(ops.bitwise_not)
    bitwise_or_ = in_place(ops.bitwise_or)
    bitwise_xor_ = in_place(ops.bitwise_xor)
    ceil_ = in_place(ops.ceil)
    clamp_ = in_place(ops.clamp)
    clamp_max_ = in_place(ops.clamp_max)
    clamp_min_ = in_place(ops.clamp_min)
    clip_ = in_place(ops.clip)
    cos_ = in_place(ops.cos)
    cosh_ = in_place(ops.cosh)
    div_ = in_place(ops.div)
    divide_ = in_place(ops.divide)
    eq_ = in_place(ops.eq)
    erf_ = in_place(ops.erf)
    erfc_ = in_place(ops.erfc)
    exp_ = in_place(ops.exp)
    exp2_ = in_place(ops.exp2)
    expm1_ = in_place(ops.expm1)
    fix_ = in_place(ops.fix)
    float_power_ = in_place(ops.float_power)
    floor_ = in_place(ops.floor)
    floor_divide_ = in_place(ops.floor_divide)
    fmod_ = in_place(ops.fmod)
    frac_ = in_place(ops.frac)
    ge_ = in_place(ops.ge)
    greater_ = in_place(ops.greater)
    greater_equal_ = in_place(ops.greater_equal)
    gt_ = in_place(ops.gt)
    hypot_ = in_place(ops.hypot)
    le_ = in_place(ops.le)
    lerp_ = in_place(ops.lerp)
    less_ = in_place(ops.less)
    less_equal_ = in_place(ops.less_equal)
    log_ = in_place(ops.log)
    log10_ = in_place(ops.log10)
    log1p_ = in_place(ops.log1p)
    log2_ = in_place(ops.log2)
    logical_and_ = in_place(ops.logical_and)
    logical_not_ = in_place(ops.logical_not)
    logical_or_ = in_place(ops.logical_or)
    logical_xor_ = in_place(ops.logical_xor)
    lt_ = in_place(ops.lt)
    mul_ = in_place(ops.mul)
    multiply_ = in_place(ops.multiply)
    nan_to_num_ = in_place(ops.nan_to_num)
    ne_ = in_place(ops.ne)
    neg_ = in_place(ops.neg)
    negative_ = in_place(ops.negative)
    not_equal_ = in_place(ops.not_equal)
    pow_ = in_place(ops.pow)
    reciprocal_ = in_place(ops.reciprocal)
    remainder_ = in_place(ops.remainder)
    round_ = in_place(ops.round)
    rsqrt_ = in_place(ops.rsqrt)
    sgn_ = in_place(ops.sgn)
    sign_ = in_place(ops.sign)
    sin_ = in_place(ops.sin)
    sinh_ = in_place(ops.sinh)
    sqrt_ = in_place(ops.sqrt)
    square_ = in_place(ops.square)
    sub_ = in_place(ops.sub)
    subtract_ = in_place(ops.subtract)
    tan_ = in_place(ops.tan)
    tanh_ = in_place(ops.tanh)
    true_divide_ = in_place(ops.true_divide)
    trunc_ = in_place(ops.trunc)

    def where(self, condition: Any, other: Any) -> Any:
        """These values where `condition` holds, else those of `other`."""
        return ops.where(condition, self, other)
