"""Methods that reduce, accumulate and sort."""

from .. import ops
from ..inplace import in_place
from ..ops.arguments import telling_methods


@telling_methods
class Reductions:
    """Sums, means, extremes, statistics, order."""

    all = ops.all
    amax = ops.amax
    amin = ops.amin
    aminmax = ops.aminmax
    any = ops.any
    argmax = ops.argmax
    argmin = ops.argmin
    argsort = ops.argsort
    bincount = ops.bincount
    count_nonzero = ops.count_nonzero
    cumprod = ops.cumprod
    cumsum = ops.cumsum
    diff = ops.diff
    histc = ops.histc
    histogram = ops.histogram
    kthvalue = ops.kthvalue
    logsumexp = ops.logsumexp
    max = ops.max
    mean = ops.mean
    median = ops.median
    min = ops.min
    msort = ops.msort
    nanmean = ops.nanmean
    nanmedian = ops.nanmedian
    nansum = ops.nansum
    prod = ops.prod
    sort = ops.sort
    std = ops.std
    sum = ops.sum
    topk = ops.topk
    unique = ops.unique
    var = ops.var
    cumprod_ = in_place(ops.cumprod)
    cumsum_ = in_place(ops.cumsum)
