"""Specs of reductions: sums, extremes, statistics, cumulative ops, sorting."""

import warnings
from dataclasses import replace

import numpy as np

import tinygrad_edu.ops.cumulative

from .spec import OpSpec, kink, op, reduction, sample

NAN, INF = np.nan, np.inf
TIES = [[1.0, 3.0, 3.0, 2.0], [[2.0, 2.0], [1.0, 2.0], [0.0, -1.0]]]
NANS = [[1.0, NAN, 3.0], [[NAN, 2.0, 2.0], [4.0, 5.0, NAN]]]
ZEROS = [[0.0, 2.0, 3.0], [[0.0, 2.0, 0.0], [4.0, 5.0, 0.0]], [0.0, 0.0]]
CONSTANTS = [[2.0, 2.0, 2.0], [[1.0, 1.0], [2.0, 2.0], [3.0, 1.0]]]

F32, F64, I32, I64 = (np.dtype(d) for d in ("float32", "float64", "int32", "int64"))


def _logsumexp(x, axis=None, keepdims=False):
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def _pick(best, where):
    """``max`` and the like: of all, or (values, indices) along an axis."""

    def reference(x, dim=None, keepdim=False):
        if dim is None or x.ndim == 0:
            return best(x) if dim is None else (best(x), where(x))
        return best(x, axis=dim, keepdims=keepdim), where(x, axis=dim, keepdims=keepdim)

    return reference


def _pick_samples(draw, ties=True):
    return [
        sample(draw.spaced(3, 4)),
        sample(draw.spaced()),
        sample(draw.spaced(3, 4), 1),
        sample(draw.spaced(3, 4), 0, True),
        sample(draw.spaced(2, 3, 2), dim=-1),
        sample(draw.spaced(2, 3, 2), dim=1, keepdim=True),
        sample(draw.spaced(), 0),
        sample(draw.spaced(3, 0), dim=0),
        *[kink(np.array(t)) for t in (*TIES, *NANS)],
        *([kink(np.array(t), dim=0) for t in (*TIES, *NANS)] if ties else []),
    ]


def _sorted_samples(draw):
    return [
        sample(draw.spaced(3, 4)),
        sample(draw.spaced(3, 4), 0),
        sample(draw.spaced(2, 3, 2), dim=1, descending=True),
        sample(draw.spaced(5), -1, True),
        sample(draw.spaced()),
        sample(draw.spaced(0)),
        sample(draw.spaced(3), stable=True),
        *[kink(np.array(t), dim=0, stable=True) for t in (*TIES, *NANS)],
        *[kink(np.array(t), stable=True, descending=True) for t in (*TIES, *NANS)],
    ]


def _argsort(x, dim=-1, descending=False, stable=False):
    if x.ndim == 0:
        return np.zeros((), int)
    keys = np.where(np.isnan(x), np.inf, x) if x.dtype.kind == "f" else x
    return np.argsort(-keys if descending else keys, axis=dim, kind="stable")


def _sort(x, dim=-1, descending=False, stable=False):
    order = _argsort(x, dim, descending)
    return (np.take_along_axis(x, order, dim) if x.ndim else x), order


def _topk(x, k, dim=-1, largest=True, sorted=True):
    order = np.take(_argsort(x, dim, largest), range(k), axis=dim)
    return np.take_along_axis(x, order, dim), order


def _kthvalue(x, k, dim=-1, keepdim=False):
    order = np.take(np.argsort(x, axis=dim), [k - 1], axis=dim)
    values = np.take_along_axis(x, order, dim)
    return (values, order) if keepdim else (values.squeeze(dim), order.squeeze(dim))


def _middle(skip_nan):
    """The median, by its definition: one lane at a time."""

    def place(lane):
        valid = [i for i in np.argsort(lane, kind="stable") if not np.isnan(lane[i])]
        if len(valid) < len(lane) and not skip_nan:
            return int(np.argmax(np.isnan(lane)))
        return valid[(len(valid) - 1) // 2]

    def reference(x, dim=None, keepdim=False):
        if dim is None:
            return x.ravel()[place(x.ravel())]
        order = np.expand_dims(np.apply_along_axis(place, dim, x), dim)
        values = np.take_along_axis(x, order, dim)
        return (values, order) if keepdim else (values.squeeze(dim), order.squeeze(dim))

    return reference


def _median_samples(draw):
    return [
        sample(draw.spaced(3, 4)),
        sample(draw.spaced(3, 3)),
        sample(draw.spaced()),
        sample(draw.spaced(3, 4), 1),
        sample(draw.spaced(3, 4), dim=0, keepdim=True),
        sample(draw.spaced(2, 3, 2), dim=-1),
        *[kink(np.array(t)) for t in (*TIES, *NANS)],
        *[kink(np.array(t), dim=-1) for t in NANS],
    ]


def _quiet(name):
    """PyTorch's function without its warnings."""

    def theirs(*args, **kwargs):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch, name)(*args, **kwargs)

    return theirs


def _deviation(name, function, kinks=CONSTANTS):
    def reference(x, axis=None, keepdims=False, correction=1, unbiased=None):
        ddof = correction if unbiased is None else int(unbiased)
        return function(x, axis=axis, keepdims=keepdims, ddof=ddof)

    def more(draw):
        return [
            kink(draw(1)),
            kink(draw(3), dim=0, correction=3),
            kink(draw(3), correction=3),
            kink(draw(3), correction=5),
        ]

    spec = reduction(
        name,
        reference,
        variants=[{"correction": 0}, {"unbiased": False}, {"correction": 0.5}],
        empty=False,
        kinks=kinks,
        more=more,
        torch=_quiet(name),
        ints=False,
    )
    # The third argument is not `keepdim` here; and a single number does not vary.
    return replace(
        spec,
        make=lambda draw: [
            s if s.arrays[0].ndim else replace(s, at_kink=True)
            for s in spec.make(draw)
            if len(s.inputs) < 3
        ],
    )


def _deviation_forms(name, function):
    def reference(x, *args, **kwargs):
        return function(x, *args, **kwargs)

    return op(
        name,
        reference,
        lambda draw: [
            sample(draw(2, 3)),
            sample(draw(2, 3), False),
            sample(draw(2, 3), True),
            sample(draw(2, 3), 0, False),
            sample(draw(2, 3), 1, True, True),
            sample(draw(2, 3, 2), dim=(0, 2), correction=0, keepdim=True),
        ],
        label="forms",
        ints=False,
    )


def _two(function):
    def reference(x, dim=None, unbiased=None, keepdim=False, correction=1):
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = correction if unbiased is None else int(unbiased)
        return function(x, axis=dim, keepdims=keepdim, ddof=ddof)

    return reference


def _both(function):
    def reference(x, dim=None, unbiased=None, keepdim=False, correction=1):
        axis = None if isinstance(dim, bool) else dim
        value = _two(function)(x, dim, unbiased, keepdim, correction)
        return value, np.mean(x, axis=axis, keepdims=keepdim)

    return reference


def _diff(x, n=1, dim=-1, prepend=None, append=None):
    given = {k: v for k, v in (("prepend", prepend), ("append", append)) if v is not None}
    return np.diff(x, n, dim, **given)


def _recurrence(x, factor, axis):
    out = np.copy(x)
    a, f, y = (np.moveaxis(v, axis, 0) for v in (x, factor, out))
    for k in range(1, len(y)):
        y[k] = a[k] + f[k] * y[k - 1]
    return out


def _bincount(x, weights=None, minlength=0):
    return np.bincount(x, weights, minlength)


def _histogram(x, bins=100, range=None, density=False):
    low, high = range or (x.min(), x.max())
    edges = low + (high - low) * np.arange(bins + 1) / bins
    place = np.minimum(((x - low) / (high - low) * bins).astype(int), bins - 1)
    inside = (x >= low) & (x <= high)
    hist = np.array([((place == k) & inside).sum() for k in np.arange(bins)], float)
    return (hist / (hist.sum() * (high - low) / bins) if density else hist), edges


def _histc(x, bins=100, min=0, max=0):
    return np.histogram(x, bins, (min, max) if min != max else None)[0].astype(x.dtype)


def _unique(x, sorted=True, return_inverse=False, return_counts=False, dim=None):
    return np.unique(x, return_inverse=return_inverse, return_counts=return_counts, axis=dim)


def _converted(function):
    def reference(x, dim=None, keepdim=False, dtype=None):
        return function(x.astype(dtype), axis=dim, keepdims=keepdim)

    return reference


def _dtypes(name, function, targets=(F32, F64), **flags):
    """The `dtype` argument; PyTorch has it under its own names."""
    import tinygrad_edu

    def theirs(x, **kwargs):
        import torch

        return getattr(torch, name)(x, **{**kwargs, "dtype": getattr(torch, str(kwargs["dtype"]))})

    return op(
        name,
        _converted(function),
        lambda draw: [
            *[sample(draw.ints(-3, 4, 2, 3), dtype=d) for d in targets],
            *[sample(draw.ints(-3, 4, 2, 3), dim=1, dtype=d) for d in targets],
        ],
        label="dtype",
        torch=theirs,
        ours=getattr(tinygrad_edu, name),
        **flags,
    )


SPECS: list[OpSpec] = [
    reduction("sum", np.sum),
    reduction("mean", np.mean),
    reduction("nansum", np.nansum, kinks=NANS),
    reduction("nanmean", np.nanmean, kinks=[*NANS, [NAN, NAN]], empty=False, ints=False),
    _dtypes("sum", np.sum, (F32, F64, I32, I64)),
    _dtypes("mean", np.mean),
    _dtypes("nansum", np.sum),
    reduction(
        "prod",
        np.prod,
        many=False,
        kinks=ZEROS[2:],
        more=lambda draw: [sample(np.array(ZEROS[0])), sample(np.array(ZEROS[1]), 1)],
    ),
    _dtypes("prod", np.prod),
    _deviation("std", np.std),
    _deviation("var", np.var),
    _deviation_forms("std", _two(np.std)),
    _deviation_forms("var", _two(np.var)),
    _deviation_forms("std_mean", _both(np.std)),
    _deviation_forms("var_mean", _both(np.var)),
    reduction("amax", np.max, values="spaced", empty=False, kinks=[*TIES, *NANS]),
    reduction("amin", np.min, values="spaced", empty=False, kinks=[*TIES, *NANS]),
    op("max", _pick(np.max, np.argmax), _pick_samples),
    op("min", _pick(np.min, np.argmin), _pick_samples),
    op(
        "max",
        lambda x, dim=None, other=None: np.maximum(x, dim if other is None else other),
        lambda draw: [sample(draw(3, 4), draw(4)), sample(draw(3), other=draw(3))],
        label="of two",
    ),
    op(
        "min",
        lambda x, dim=None, other=None: np.minimum(x, dim if other is None else other),
        lambda draw: [sample(draw(3, 4), draw(4)), sample(draw(3), other=draw(3))],
        label="of two",
    ),
    op(
        "aminmax",
        lambda x, dim=None, keepdim=False: (
            np.min(x, axis=dim, keepdims=keepdim),
            np.max(x, axis=dim, keepdims=keepdim),
        ),
        lambda draw: [
            sample(draw.spaced(3, 4)),
            sample(draw.spaced()),
            sample(draw.spaced(3, 4), dim=0),
            sample(draw.spaced(2, 3, 2), dim=-1, keepdim=True),
            *[kink(np.array(t)) for t in TIES],
            *[kink(np.array(t), dim=0) for t in TIES],
        ],
    ),
    *[
        reduction(
            name,
            reference,
            values="spaced",
            many=False,
            empty=False,
            differentiable=False,
            kinks=[*TIES, *NANS],
        )
        for name, reference in (("argmax", np.argmax), ("argmin", np.argmin))
    ],
    reduction(
        "logsumexp",
        _logsumexp,
        whole=False,
        empty=False,
        kinks=[[1000.0, 1000.0], [-1000.0, 0.0], [-INF, 1.0], [-INF, -INF], [INF, 1.0]],
        more=lambda draw: [kink(np.zeros((2, 0)), 1)],
    ),
    *[
        reduction(
            name,
            reference,
            values="bools",
            differentiable=False,
            more=lambda draw: [
                sample(draw.ints(-1, 2, 3, 4), dim=1),
                sample(draw.ints(0, 2, 3, 4).astype(np.uint8).astype(bool), dim=0),
                sample(draw(3, 4)),
                sample(draw(3, 4), dim=(0, 1), keepdim=True),
                sample(np.array([NAN, 0.0])),
            ],
        )
        for name, reference in (("all", np.all), ("any", np.any))
    ],
    op(
        "count_nonzero",
        lambda x, dim=None: np.count_nonzero(x, axis=dim),
        lambda draw: [
            sample(draw.ints(-1, 2, 3, 4)),
            sample(draw.ints(-1, 2, 3, 4).astype(float), 1),
            sample(draw.ints(-1, 2, 2, 3, 2), dim=(0, 2)),
            sample(np.array([NAN, 0.0, 1.0]), dim=0),
            sample(draw(0, 3), dim=0),
        ],
        differentiable=False,
    ),
    reduction("cumsum", lambda x, axis: np.cumsum(x, axis), whole=False, many=False, keeps=False),
    reduction(
        "cumprod",
        lambda x, axis: np.cumprod(x, axis),
        whole=False,
        many=False,
        keeps=False,
        more=lambda draw: [
            sample(np.array([2.0, 0.0, 3.0, 0.0, 4.0]), 0),
            sample(np.array(ZEROS[1]), 1),
            sample(np.array(ZEROS[1]), dim=0),
        ],
    ),
    *[
        op(
            name,
            lambda x, dim, dtype, f=reference: f(x.astype(dtype), dim),
            lambda draw: [
                sample(draw.ints(-3, 4, 2, 3), 1, dtype=F64),
                sample(draw.ints(-3, 4, 2, 3), 0, dtype=F32),
            ],
            label="dtype",
            torch=None,
            differentiable=False,
        )
        for name, reference in (("cumsum", np.cumsum), ("cumprod", np.cumprod))
    ],
    op(
        "recurrence",  # by which cumprod has its gradient
        _recurrence,
        lambda draw: [
            sample(draw(3, 4), draw(3, 4), axis=1),
            sample(draw(3, 2, 2), draw(3, 2, 2), axis=0),
        ],
        ours=tinygrad_edu.ops.cumulative._recurrence,
        torch=None,
        method=None,
    ),
    op(
        "diff",
        _diff,
        lambda draw: [
            sample(draw(5)),
            sample(draw(3, 4), 2),
            sample(draw(3, 4), 1, 0),
            sample(draw(3, 4), n=2, dim=-1, prepend=draw(3, 2), append=draw(3, 1)),
            sample(draw(3, 4), dim=0, append=draw(1, 4)),
            sample(draw(3, 4), n=0),
            sample(draw(1)),
        ],
    ),
    op("sort", _sort, _sorted_samples),
    op("argsort", _argsort, _sorted_samples, differentiable=False),
    op(
        "msort",
        lambda x: np.sort(x, axis=0),
        lambda draw: [sample(draw.spaced(3, 4)), sample(draw.spaced(4))],
    ),
    op(
        "topk",
        _topk,
        lambda draw: [
            sample(draw.spaced(3, 4), 2),
            sample(draw.spaced(3, 4), 3, 0),
            sample(draw.spaced(5), 2, largest=False),
            sample(draw.spaced(2, 3, 2), k=1, dim=1, sorted=True),
            sample(draw.spaced(3, 4), 0),
        ],
        ints=False,  # rounded, they tie, and which of equals is taken is not said
    ),
    op(
        "kthvalue",
        _kthvalue,
        lambda draw: [
            sample(draw.spaced(3, 4), 2),
            sample(draw.spaced(3, 4), 3, 0),
            sample(draw.spaced(5), 1),
            sample(draw.spaced(2, 3, 2), k=2, dim=1, keepdim=True),
        ],
        ints=False,
    ),
    op("median", _middle(False), _median_samples),
    op("nanmedian", _middle(True), _median_samples),
    op(
        "unique",
        _unique,
        lambda draw: [
            sample(draw.ints(0, 4, 6)),
            sample(draw.ints(0, 4, 2, 3), return_inverse=True, return_counts=True),
            sample(draw.ints(0, 4, 6), True, False, True),
            sample(draw.ints(0, 2, 4, 2), dim=0),
            sample(draw.bools(5), return_counts=True),
        ],
        differentiable=False,
    ),
    op(
        "bincount",
        _bincount,
        lambda draw: [
            sample(draw.ints(0, 4, 6)),
            sample(draw.ints(0, 4, 6), draw(6)),
            sample(draw.ints(0, 4, 6), minlength=8),
            sample(draw.ints(0, 4, 6), draw.ints(0, 4, 6), 2),
        ],
        differentiable=False,
        ints=False,
    ),
    op(
        "histc",
        _histc,
        lambda draw: [
            sample(draw(9), 4, -1, 1),
            sample(draw(3, 4), bins=5, min=-3, max=3),
            sample(draw(9), 6),
        ],
        differentiable=False,
        ints=False,
    ),
    op(
        "histogram",
        _histogram,
        lambda draw: [
            sample(draw(9), 4, range=(-1.0, 1.0)),
            sample(draw(3, 4), bins=5, density=True),
        ],
        differentiable=False,
        ints=False,
    ),
]
