"""NumPy's ufuncs, the functions that work element by element, and our ops for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, ops
from ..engine import box, is_tensor, raw, state, wrote
from ..errors import DTypeError, located

# NumPy's ufunc: our op, looked up by its name when it is called.
OPS = {
    **{name: name for name in ("add", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p")},
    **{name: name for name in ("sqrt", "square", "reciprocal", "sign", "positive", "hypot")},
    **{name: name for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "logaddexp")},
    **{name: name for name in ("maximum", "minimum", "fmax", "fmin", "matmul", "float_power")},
    **{name: name for name in ("floor", "ceil", "isnan", "isinf", "isfinite")},
    **{name: name for name in ("logical_and", "logical_or", "logical_xor", "logical_not")},
    **{name: name for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "floor_divide")},
    **{name: name for name in ("fmod", "remainder", "trunc", "logaddexp2")},
    "invert": "bitwise_not",
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "power": "pow",
    "negative": "neg",
    "absolute": "abs",
    "fabs": "abs",
    "rint": "round",
    "arcsin": "asin",
    "arccos": "acos",
    "arctan": "atan",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "arctan2": "atan2",
    "equal": "eq",
    "not_equal": "ne",
    "less": "lt",
    "less_equal": "le",
    "greater": "gt",
    "greater_equal": "ge",
}

# Ufuncs that no single op computes.
COMPOSED: dict[str, Callable[..., Any]] = {
    "radians": lambda a: ops.mul(a, np.pi / 180),
    "deg2rad": lambda a: ops.mul(a, np.pi / 180),
    "degrees": lambda a: ops.mul(a, 180 / np.pi),
    "rad2deg": lambda a: ops.mul(a, 180 / np.pi),
    "vecdot": lambda a, b: ops.sum(ops.mul(a, b), -1),
}

# NumPy's ufunc: our reduction for ``ufunc.reduce``, whose axis is 0 unless given.
REDUCE: dict[str, Callable[..., Any]] = {
    "add": lambda a, axis=0, dtype=None, *, keepdims=False: ops.sum(a, axis, keepdims, dtype=dtype),
    "multiply": lambda a, axis=0, dtype=None, *, keepdims=False: prod(a, axis, dtype, keepdims),
    "maximum": lambda a, axis=0, *, keepdims=False: ops.amax(a, axis, keepdims),
    "minimum": lambda a, axis=0, *, keepdims=False: ops.amin(a, axis, keepdims),
    "logaddexp": lambda a, axis=0, *, keepdims=False: ops.logsumexp(
        a, every(a) if axis is None else axis, keepdims
    ),
    "logical_and": lambda a, axis=0, *, keepdims=False: one_by_one(ops.all, a, axis, keepdims),
    "logical_or": lambda a, axis=0, *, keepdims=False: one_by_one(ops.any, a, axis, keepdims),
}

# What stands for the other methods of a ufunc.
_CURES = {
    "reduce": "reduce with add, multiply, maximum, minimum, logaddexp, logical_and or logical_or",
    "accumulate": "use np.cumsum(t, axis) or np.cumprod(t, axis)",
    "outer": "add an axis and let the op broadcast, as in a[:, None] * b",
    "at": "use t.index_put_((index,), values, accumulate=True)",
    "reduceat": "split the tensor and reduce its parts",
}

# Keyword arguments that change nothing: what NumPy itself takes for "not given".
_NEUTRAL = {"where": True, "subok": True, "casting": "same_kind", "order": "K", "dtype": None}


def call(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Apply a ufunc's op, or say what to do instead.

    Raises
    ------
    TypeError
        There is no op for it, or it was given an argument that ops do not take.
    """
    for value in inputs:
        if hasattr(value, "__array_ufunc__") and not (is_tensor(value) or _is_numpy(value)):
            return NotImplemented  # the other library may know what to do
    name = str(ufunc.__name__)
    name = name if vars(np).get(name) is ufunc else repr(ufunc)
    options = {k: v for k, v in kwargs.items() if k not in _NEUTRAL or v is not _NEUTRAL[k]}
    out = options.pop("out", None)
    if method == "__call__" and out is not None and out[0] is inputs[0] and _is_numpy(out[0]):
        return _into_array(ufunc, inputs, out, options)
    if out is not None and any(o is not None for o in out):
        raise _refused(name, method, "out= is not supported", "t.copy_(value) writes into a tensor")
    if method == "reduce" and name in REDUCE:
        return _reduce(name, inputs, options)
    if method != "__call__":
        raise _refused(name, method, "there is no op for it", _CURES.get(method, ""))
    op = getattr(ops, OPS[name]) if name in OPS else COMPOSED.get(name)
    if op is None:
        raise _refused(
            name,
            method,
            "there is no op for it",
            "use t.detach().numpy() for its value without a gradient, or write a @primitive",
        )
    if options:
        which = ", ".join(f"{k}=" for k in options)
        cure = "choose with np.where(condition, a, b)" if "where" in options else "leave it out"
        raise _refused(name, method, f"{which} is not supported", cure)
    return op(*map(value_of, inputs))


def _reduce(name: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    reduction = REDUCE[name]
    try:
        return reduction(*inputs, **options)
    except TypeError as error:
        if "argument" not in str(error) or isinstance(error, DTypeError):
            raise
        cure = "only axis, keepdims (and dtype for sums and products) are"
        raise _refused(name, "reduce", f"{', '.join(options)} is not supported", cure) from error


def _into_array(ufunc: Any, inputs: Any, out: Any, options: dict[str, Any]) -> Any:
    """``array += t`` writes the values into the array, which has no history to keep."""
    if state.grad and any(is_tensor(v) and v.requires_grad for v in inputs):
        raise DTypeError(
            located(
                f"np.{ufunc.__name__}: writing a Tensor that requires grad into an ndarray would "
                "lose its history; write array = array + t, or array += t.detach().numpy()"
            )
        )
    result = ufunc(*map(raw, inputs), out=out, **options)
    wrote(out[0])
    return result


def _refused(name: str, method: str, what: str, cure: str) -> DTypeError:
    full = name if name.startswith("<") else f"np.{name}"
    full = full if method == "__call__" else f"{full}.{method}"
    return DTypeError(located(f"{full} of a Tensor: {what}; {cure}"))


def _is_numpy(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def value_of(a: Any) -> Any:
    """An argument of an op: a list becomes an array, its Python floats of the default dtype."""
    if not isinstance(a, (list, tuple)):
        return a
    if any(map(holds_tensor, a)):
        return ops.stack([tensor_of(x) for x in a])
    array = np.asarray(a)
    return array.astype(dtypes.get_default_dtype()) if array.dtype == np.float64 else array


def tensor_of(a: Any) -> Any:
    """The same as a Tensor."""
    a = value_of(a)
    return a if is_tensor(a) else box(np.asarray(a))


def holds_tensor(a: Any) -> bool:
    """Whether `a` is a Tensor or a nested list with one in it."""
    return is_tensor(a) or (isinstance(a, (list, tuple)) and any(map(holds_tensor, a)))


def every(a: Any) -> tuple[int, ...]:
    """All axes."""
    return tuple(range(np.ndim(raw(a))))


def counted(axis: Any, ndim: int) -> list[int]:
    """Axes counted from the front, in order; all of them for None."""
    if axis is None:
        return list(range(ndim))
    given = axis if isinstance(axis, (tuple, list)) else (axis,)
    return sorted(np.lib.array_utils.normalize_axis_index(int(a), ndim) for a in given)


def one_by_one(op: Any, a: Any, axis: Any, keepdims: bool) -> Any:
    """Several axes for an op that reduces one."""
    for one in reversed(counted(axis, a.ndim)):
        a = op(a, one, keepdims)
    return a


def prod(a: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """The product along one axis, several, or all of them."""
    a = a if dtype is None else ops.to_dtype(a, np.dtype(dtype))
    return one_by_one(ops.prod, a, axis, keepdims)
