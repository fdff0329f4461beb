"""NumPy's functions that are no ufuncs, and our ops for them, called as NumPy is called."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import cache
from inspect import Signature, signature
from typing import Any

import numpy as np

from .. import ops
from ..engine import box, is_tensor, raw
from ..errors import DTypeError, located
from .products import dot, operands_of, tensordot
from .ufuncs import counted, every, holds_tensor, one_by_one, prod, tensor_of, value_of

# ---------------------------------------------------------------------- what takes some lines


def _tensors(arrays: Any) -> list[Any]:
    return [tensor_of(a) for a in arrays]


def _flat(a: Any, axis: Any = None) -> tuple[Any, int]:
    """NumPy's "the flattened array unless an axis is given"."""
    return (ops.reshape(tensor_of(a), -1), 0) if axis is None else (tensor_of(a), axis)


def _cast(a: Any, dtype: Any) -> Any:
    return a if dtype is None else ops.to_dtype(a, np.dtype(dtype))


def _real(a: Any) -> Any:
    """NumPy takes the mean of truths and counts, in float64."""
    a = tensor_of(a)
    return a if a.dtype.kind == "f" else ops.to_dtype(a, np.float64)


def _spread(op: Any, a: Any, axis: Any, dtype: Any, keepdims: bool, ddof: Any) -> Any:
    """var and std: NumPy divides by n unless told otherwise, PyTorch by n - 1."""
    return op(_real(_cast(a, dtype)), axis, correction=ddof, keepdim=keepdims)


def _index_of(op: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    if axis is None and keepdims:
        return ops.reshape(op(a), [1] * a.ndim)
    return op(a) if axis is None else op(a, axis, keepdims)


def _expand(a: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    for one in counted(axes, a.ndim + len(axes)):
        a = ops.unsqueeze(a, one)
    return a


def _squeeze(a: Any, axis: Any = None) -> Any:
    gone = [i for i, n in enumerate(a.shape) if n == 1] if axis is None else counted(axis, a.ndim)
    if any(a.shape[i] != 1 for i in gone):
        raise ValueError(located(f"np.squeeze: axis {axis} of shape {a.shape} is not of length 1"))
    return ops.reshape(a, [n for i, n in enumerate(a.shape) if i not in gone])


def _at(a: Any, axis: int, part: Any) -> Any:
    """``a[..., part, ...]`` with `part` at `axis`."""
    (axis,) = counted(axis, a.ndim)
    return ops.getitem(a, index=(*[slice(None)] * axis, part))


def _take(a: Any, indices: Any, axis: Any = None) -> Any:
    a, axis = _flat(a, axis)
    return _at(a, axis, np.asarray(raw(indices)))


def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    a, axis = _flat(a, axis)
    return _at(a, axis, np.repeat(np.arange(a.shape[axis]), raw(repeats)))


def _flip(a: Any, axis: Any = None) -> Any:
    for one in counted(axis, a.ndim):
        a = _at(a, one, np.arange(a.shape[one])[::-1])
    return a


def _split(split: Any, a: Any, parts: Any, axis: int = 0) -> list[Any]:
    parts = raw(parts)
    if np.ndim(parts) == 0:
        sizes = [len(p) for p in split(np.empty(a.shape[axis]), parts)]
        parts = np.cumsum(sizes)[:-1]
    cuts = [None, *map(int, parts), None]
    return [_at(a, axis, slice(i, j)) for i, j in itertools.pairwise(cuts)]


def _where(condition: Any, *branches: Any) -> Any:
    condition = tensor_of(condition)
    if not branches:
        return ops.nonzero(condition, as_tuple=True)
    if condition.dtype != np.bool_:
        condition = ops.ne(condition, 0)
    return ops.where(condition, *map(value_of, branches))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is None and high is None:
        return ops.clone(a)
    return ops.clamp(tensor_of(a), value_of(low), value_of(high))


def _average(a: Any, axis: Any = None, weights: Any = None, *, keepdims: bool = False) -> Any:
    a = _real(a)
    if weights is None:
        return ops.mean(a, axis, keepdims)
    weights = tensor_of(weights)
    if weights.shape != a.shape:  # one weight per place on the axis
        axis = counted(axis, a.ndim)[0]
        weights = ops.reshape(weights, [-1 if i == axis else 1 for i in range(a.ndim)])
    total = ops.sum(ops.mul(a, weights), axis, keepdims)
    return ops.div(total, ops.sum(ops.broadcast_to(weights, shape=a.shape), axis, keepdims))


def _diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    for _ in range(n):
        a = ops.sub(_at(a, axis, slice(1, None)), _at(a, axis, slice(None, -1)))
    return a


def _median(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """The mean of the two middle values, where PyTorch's median is the lower one."""
    a = _real(a)
    flat, one = _flat(a, axis)
    n, ordered = flat.shape[one], ops.sort(flat, one)[0]
    middle = ops.mul(ops.add(*(_at(ordered, one, i) for i in ((n - 1) // 2, n // 2))), 0.5)
    if not keepdims:
        return middle
    return ops.reshape(middle, [1] * a.ndim) if axis is None else ops.unsqueeze(middle, axis)


def _atleast(n: int, arrays: Any) -> Any:
    make = getattr(np, f"atleast_{n}d")
    found = [ops.reshape(a, make(raw(a)).shape) for a in _tensors(arrays)]
    return found[0] if len(found) == 1 else tuple(found)


def _columns(arrays: Any) -> list[Any]:
    return [a if a.ndim > 1 else ops.reshape(a, (-1, 1)) for a in _tensors(arrays)]


def _concatenate(arrays: Any, axis: Any = 0, dtype: Any = None) -> Any:
    if axis is None:
        arrays, axis = [_flat(a)[0] for a in arrays], 0
    return _cast(ops.cat(_tensors(arrays), axis), dtype)


def _sort(a: Any, axis: Any, stable: Any) -> Any:
    return ops.sort(*_flat(a, axis), stable=bool(stable))


def _like(function: Any, a: Any, *args: Any, dtype: Any, shape: Any) -> Any:
    return box(function(raw(a), *map(raw, args), dtype=dtype, shape=shape))


def _arrays(a: Any) -> Any:
    """Arrays in place of the Tensors in nested lists; one that requires grad is an error."""
    if isinstance(a, (list, tuple)):
        return type(a)(map(_arrays, a)) if holds_tensor(a) else a
    return a.numpy() if is_tensor(a) else a


def _boxed(a: Any) -> Any:
    if type(a) in (list, tuple):
        return type(a)(map(_boxed, a))
    return box(a) if isinstance(a, (np.ndarray, np.generic)) else a


# ----------------------------------------------------------------------------- the tables

# NumPy's function: the same in our ops, with NumPy's arguments.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    # reductions
    "sum": lambda a, axis=None, dtype=None, *, keepdims=False: ops.sum(
        a, axis, keepdims, dtype=dtype
    ),
    "mean": lambda a, axis=None, dtype=None, *, keepdims=False: ops.mean(
        a if dtype else _real(a), axis, keepdims, dtype=dtype
    ),
    "prod": lambda a, axis=None, dtype=None, *, keepdims=False: prod(a, axis, dtype, keepdims),
    "max": lambda a, axis=None, *, keepdims=False: ops.amax(a, axis, keepdims),
    "min": lambda a, axis=None, *, keepdims=False: ops.amin(a, axis, keepdims),
    "ptp": lambda a, axis=None, *, keepdims=False: ops.sub(
        ops.amax(a, axis, keepdims), ops.amin(a, axis, keepdims)
    ),
    "var": lambda a, axis=None, dtype=None, *, ddof=0, correction=0, keepdims=False: _spread(
        ops.var, a, axis, dtype, keepdims, ddof or correction
    ),
    "std": lambda a, axis=None, dtype=None, *, ddof=0, correction=0, keepdims=False: _spread(
        ops.std, a, axis, dtype, keepdims, ddof or correction
    ),
    "average": _average,
    "median": _median,
    "argmax": lambda a, axis=None, *, keepdims=False: _index_of(ops.argmax, a, axis, keepdims),
    "argmin": lambda a, axis=None, *, keepdims=False: _index_of(ops.argmin, a, axis, keepdims),
    "all": lambda a, axis=None, *, keepdims=False: one_by_one(ops.all, a, axis, keepdims),
    "any": lambda a, axis=None, *, keepdims=False: one_by_one(ops.any, a, axis, keepdims),
    "count_nonzero": lambda a, axis=None, *, keepdims=False: ops.sum(ops.ne(a, 0), axis, keepdims),
    "cumsum": lambda a, axis=None, dtype=None: ops.cumsum(*_flat(_cast(a, dtype), axis)),
    "cumprod": lambda a, axis=None, dtype=None: ops.cumprod(*_flat(_cast(a, dtype), axis)),
    "diff": _diff,
    # products and norms
    "dot": lambda a, b: dot(a, b),
    "inner": lambda a, b: dot(a, b, -1),
    "vdot": lambda a, b: ops.sum(ops.mul(*(_flat(x)[0] for x in operands_of((a, b))))),
    "outer": lambda a, b: ops.mul(ops.unsqueeze(_flat(a)[0], 1), _flat(b)[0]),
    "tensordot": tensordot,
    "einsum": lambda subscripts, *operands, optimize=False: ops.einsum(
        subscripts, *operands_of(operands)
    ),
    "trace": lambda a, offset=0, axis1=0, axis2=1: ops.sum(
        ops.diagonal(a, offset, axis1, axis2), -1
    ),
    "linalg.norm": lambda x, ord=None, axis=None, keepdims=False: ops.linalg_norm(
        x, ord, axis, keepdims
    ),
    "linalg.matmul": lambda x1, x2: ops.matmul(x1, x2),
    "linalg.outer": lambda x1, x2: ops.mul(ops.unsqueeze(tensor_of(x1), 1), x2),
    "linalg.vecdot": lambda x1, x2, *, axis=-1: ops.sum(ops.mul(x1, x2), axis),
    "linalg.trace": lambda x, *, offset=0: ops.sum(ops.diagonal(x, offset, -2, -1), -1),
    "linalg.diagonal": lambda x, *, offset=0: ops.diagonal(x, offset, -2, -1),
    "linalg.matrix_transpose": lambda x: ops.transpose(x, -2, -1),
    "linalg.vector_norm": lambda x, *, axis=None, keepdims=False, ord=2: ops.linalg_vector_norm(
        x, ord, axis, keepdims
    ),
    "linalg.matrix_norm": lambda x, *, keepdims=False, ord="fro": ops.linalg_matrix_norm(
        x, ord, (-2, -1), keepdims
    ),
    # shape
    "reshape": lambda a, shape: ops.reshape(a, shape),
    "ravel": lambda a: ops.reshape(a, -1),
    "transpose": lambda a, axes=None: ops.permute(a, axes or every(a)[::-1]),
    "matrix_transpose": lambda x: ops.transpose(x, -2, -1),
    "swapaxes": lambda a, axis1, axis2: ops.transpose(a, axis1, axis2),
    "moveaxis": lambda a, source, destination: ops.movedim(a, source, destination),
    "expand_dims": _expand,
    "squeeze": _squeeze,
    "broadcast_to": lambda array, shape: ops.broadcast_to(array, shape=shape),
    "broadcast_arrays": lambda *arrays: tuple(
        ops.broadcast_to(a, shape=np.broadcast_shapes(*(a.shape for a in _tensors(arrays))))
        for a in _tensors(arrays)
    ),
    "atleast_1d": lambda *arrays: _atleast(1, arrays),
    "atleast_2d": lambda *arrays: _atleast(2, arrays),
    "atleast_3d": lambda *arrays: _atleast(3, arrays),
    # joining, cutting, repeating
    "concatenate": _concatenate,
    "stack": lambda arrays, axis=0: ops.stack(_tensors(arrays), axis),
    "vstack": lambda tup: ops.cat([_atleast(2, [a]) for a in tup], 0),
    "hstack": lambda tup: ops.cat(
        [_atleast(1, [a]) for a in tup], int(np.ndim(raw(tensor_of(tup[0]))) > 1)
    ),
    "dstack": lambda tup: ops.cat([_atleast(3, [a]) for a in tup], 2),
    "column_stack": lambda tup: ops.cat(_columns(tup), 1),
    "append": lambda arr, values, axis=None: _concatenate([arr, values], axis),
    "split": lambda ary, indices_or_sections, axis=0: _split(
        np.split, ary, indices_or_sections, axis
    ),
    "array_split": lambda ary, indices_or_sections, axis=0: _split(
        np.array_split, ary, indices_or_sections, axis
    ),
    "unstack": lambda x, *, axis=0: tuple(_at(x, axis, i) for i in range(x.shape[axis])),
    "tile": lambda A, reps: ops.tile(A, reps if isinstance(reps, (tuple, list)) else (reps,)),
    "repeat": _repeat,
    "roll": lambda a, shift, axis=None: ops.roll(a, shift, axis),
    "flip": _flip,
    "fliplr": lambda m: _flip(m, 1),
    "flipud": lambda m: _flip(m, 0),
    "diag": lambda v, k=0: ops.diag(v, k),
    "diagonal": lambda a, offset=0, axis1=0, axis2=1: ops.diagonal(a, offset, axis1, axis2),
    "tril": lambda m, k=0: ops.tril(m, k),
    "triu": lambda m, k=0: ops.triu(m, k),
    # indexing and order
    "where": _where,
    "nonzero": lambda a: ops.nonzero(a, as_tuple=True),
    "flatnonzero": lambda a: ops.nonzero(_flat(a)[0], as_tuple=True)[0],
    "argwhere": lambda a: ops.nonzero(a),
    "take": _take,
    "take_along_axis": lambda arr, indices, axis=-1: ops.take_along_dim(
        _flat(arr, axis)[0], tensor_of(indices), _flat(arr, axis)[1]
    ),
    "sort": lambda a, axis=-1, kind=None, *, stable=None: _sort(a, axis, stable or kind)[0],
    "argsort": lambda a, axis=-1, kind=None, *, stable=None: _sort(a, axis, stable or kind)[1],
    # element by element
    "clip": _clip,
    "round": lambda a, decimals=0: ops.round(a, decimals=decimals),
    "nan_to_num": lambda x, copy=True, nan=0.0, posinf=None, neginf=None: ops.nan_to_num(
        x, nan, posinf, neginf
    ),
    "isclose": lambda a, b, rtol=1e-5, atol=1e-8, equal_nan=False: _boxed(
        np.isclose(_detached(a), _detached(b), rtol, atol, equal_nan)
    ),
    "copy": lambda a: ops.clone(a),
    "astype": lambda x, dtype: ops.to_dtype(x, np.dtype(dtype)),
    "zeros_like": lambda a, dtype=None, shape=None: _like(
        np.zeros_like, a, dtype=dtype, shape=shape
    ),
    "ones_like": lambda a, dtype=None, shape=None: _like(np.ones_like, a, dtype=dtype, shape=shape),
    "empty_like": lambda prototype, dtype=None, shape=None: _like(
        np.empty_like, prototype, dtype=dtype, shape=shape
    ),
    "full_like": lambda a, fill_value, dtype=None, shape=None: _like(
        np.full_like, a, fill_value, dtype=dtype, shape=shape
    ),
}
FUNCTIONS |= {"amax": FUNCTIONS["max"], "amin": FUNCTIONS["min"], "around": FUNCTIONS["round"]}

# Answers about tensors, whatever their history: numbers, bools and shapes of Python.
QUESTIONS = ["shape", "ndim", "size", "allclose", "array_equal", "array_equiv", "result_type"]
QUESTIONS += ["may_share_memory", "shares_memory", "can_cast", "min_scalar_type", "iscomplexobj"]
QUESTIONS += ["isrealobj", "array_repr", "array_str", "array2string", "common_type"]

# NumPy's own functions on the values. Counts, places and files have no gradient, so a tensor that
# requires one is an error, as in np.asarray.
VALUES = ["unique", "bincount", "histogram", "histogram2d", "histogram_bin_edges"]
VALUES += ["searchsorted", "digitize", "isin", "argpartition", "lexsort", "percentile", "quantile"]
VALUES += ["save", "savez", "savez_compressed", "savetxt", "interp", "corrcoef", "cov"]

# ------------------------------------------------------------------------------------ calls

# Arguments that change nothing: what NumPy itself takes for "not given".
_NEUTRAL: dict[str, Any] = {
    "out": None,
    "where": True,
    "dtype": None,
    "order": None,
    "subok": True,
    "like": None,
}
_NEUTRAL |= {"device": None, "mode": "raise", "casting": "same_kind", "mean": None}


def call(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply our version of a NumPy function, or say what to do instead.

    Raises
    ------
    TypeError
        There is none, or it was given an argument that ours does not take.
    """
    module = function.__module__.removeprefix("numpy").lstrip(".")
    name = f"{module}.{function.__name__}".lstrip(".")
    if name in QUESTIONS:
        return function(*_detached(args), **kwargs)
    if name in VALUES:
        given = {k: _arrays(v) for k, v in kwargs.items()}
        return _boxed(function(*map(_arrays, args), **given))
    ours = FUNCTIONS.get(name)
    if ours is None:
        raise DTypeError(
            located(
                f"np.{name} of a Tensor is not supported: use t.detach().numpy() for its value "
                "without a gradient, or a function of tinygrad_edu for one with"
            )
        )
    given = {
        k: v
        for k, v in kwargs.items()
        if v is not np._NoValue and (k not in _NEUTRAL or v is not _NEUTRAL[k])
    }
    form = _form(name)
    try:
        form.bind(*args, **given)
    except TypeError as error:
        raise DTypeError(
            located(f"np.{name} of a Tensor: {error}; leave it out, {name}{form} is supported")
        ) from None
    return ours(*args, **given)


@cache
def _form(name: str) -> Signature:
    return signature(FUNCTIONS[name])


def _detached(a: Any) -> Any:
    if isinstance(a, (list, tuple)):
        return type(a)(map(_detached, a))
    return np.asarray(raw(a)) if is_tensor(a) else a
