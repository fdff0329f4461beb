"""Making tensors of given values."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from . import dtypes
from .device import check_device
from .engine import box, is_tensor, raw, state
from .errors import DTypeError, ShapeError, located
from .ops import clone, to_dtype
from .ops.arguments import all_telling, sizes

# ------------------------------------------------------------------------------------- from data


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A tensor with a copy of `data`.

    Parameters
    ----------
    data : array_like
        Numbers, nested lists of them, an ndarray (which keeps its dtype) or a Tensor.
    dtype : dtype, optional
        Python floats become the default dtype (float32) unless given, ints int64.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    requires_grad : bool
        Whether gradients with respect to it are wanted.

    Examples
    --------
    >>> tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    >>> tensor([1.0, 2.5])
    tensor([1.0000, 2.5000])
    """
    check_device(device)
    # A single number is kept as NumPy's number, which computes many times faster than an array.
    return leaf(_array(data, dtype)[()], requires_grad)


def _array(data: Any, dtype: Any) -> np.ndarray:
    """A new array of numbers, by PyTorch's rules for their dtype."""
    wanted = None if dtype is None else np.dtype(dtype)
    kinds: set[np.dtype] = set()
    try:
        array = np.array(_unboxed(data, kinds), dtype=wanted)
    except (ValueError, TypeError, OverflowError) as error:
        kind = ShapeError if isinstance(error, ValueError) else DTypeError
        raise kind(located(f"tensor: can't make a tensor of this data: {error}")) from error
    if array.dtype.kind not in "biuf":
        raise DTypeError(located(f"tensor: can't make a tensor of {array.dtype} data"))
    if wanted is None and array.dtype == np.float64 and np.dtype(np.float64) not in kinds:
        floats = [k for k in kinds if k.kind == "f"]
        array = array.astype(dtypes.common(floats) if floats else dtypes.get_default_dtype())
    return array


_NUMBERS = {float, int, bool}
_NO_HISTORY = (
    "tensor: the numbers are copied, not their history, so no gradient flows back; use clone() of "
    "a Tensor, stack([...]) of several, or detach() them if that is meant"
)


def _unboxed(data: Any, kinds: set[np.dtype]) -> Any:
    """Nested lists of numbers; the dtypes of the arrays among them are entered in `kinds`."""
    if isinstance(data, (list, tuple)):
        if set(map(type, data)) <= _NUMBERS:
            return data
        return [_unboxed(d, kinds) for d in data]
    if is_tensor(data) and data._node is not None and state.grad:
        warnings.warn(located(_NO_HISTORY), UserWarning, stacklevel=4)
    data = raw(data)
    if isinstance(data, (np.ndarray, np.generic)):
        kinds.add(data.dtype)
    return data


def leaf(array: Any, requires_grad: bool = False) -> Any:
    """A leaf around an array."""
    made = box(array)
    return made.requires_grad_() if requires_grad else made


def from_numpy(array: np.ndarray) -> Any:
    """A tensor that shares the memory of an array.

    Examples
    --------
    >>> from_numpy(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=float64)
    """
    if not isinstance(array, np.ndarray):
        raise DTypeError(located(f"from_numpy: expected an ndarray, got {type(array).__name__}"))
    if array.dtype.kind not in "biuf":
        raise DTypeError(located(f"from_numpy: can't convert an ndarray of {array.dtype}"))
    return leaf(array)


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Any:
    """A tensor of `data`: a Tensor as it is, with its history; an ndarray without a copy.

    Examples
    --------
    >>> as_tensor(np.array([1.0, 2.0]))
    tensor([1., 2.], dtype=float64)
    """
    check_device(device)
    if is_tensor(data):
        return data if dtype is None else to_dtype(data, dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data if dtype is None else data.astype(dtype, copy=False))
    return leaf(_array(data, dtype))


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of `obj`, without a copy if that is possible and not asked for.

    Examples
    --------
    >>> asarray([1.0, 2.0])
    tensor([1., 2.])
    """
    found = as_tensor(obj, dtype, device)
    if copy and (found is obj or isinstance(obj, np.ndarray)):
        found = clone(found)
    return found.requires_grad_() if requires_grad else found


# ------------------------------------------------------------------------------- of one value


def _size(name: str, size: tuple[Any, ...], keyword: Any) -> tuple[int, ...]:
    """The shape of a new tensor, given as ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``."""
    if keyword is not None:
        size = (keyword,)
    elif not size:
        raise DTypeError(located(f"{name}() missing 1 required positional argument: 'size'"))
    shape = sizes(name, size)
    if any(n < 0 for n in shape):
        raise ShapeError(located(f"{name}: Dimension size must be non-negative, got {shape}"))
    return shape


def _default(dtype: Any) -> np.dtype:
    return dtypes.get_default_dtype() if dtype is None else np.dtype(dtype)


def zeros(
    *size_: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of zeros.

    Examples
    --------
    >>> zeros(2)
    tensor([0., 0.])
    """
    check_device(device)
    return leaf(np.zeros(_size("zeros", size_, size), _default(dtype)), requires_grad)


def ones(
    *size_: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of ones.

    Examples
    --------
    >>> ones(2)
    tensor([1., 1.])
    """
    check_device(device)
    return leaf(np.ones(_size("ones", size_, size), _default(dtype)), requires_grad)


def empty(
    *size_: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor whose values are whatever the memory held.

    Examples
    --------
    >>> empty(2, 3).shape
    (2, 3)
    """
    check_device(device)
    return leaf(np.empty(_size("empty", size_, size), _default(dtype)), requires_grad)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of one value; its dtype follows from that: bool, int64 or the default dtype.

    Examples
    --------
    >>> full((2,), 7)
    tensor([7, 7])
    """
    check_device(device)
    if isinstance(size, int):
        raise DTypeError(
            located(f"full(): argument 'size' must be a tuple of ints, not int; write ({size},)")
        )
    value = raw(fill_value)
    if dtype is None:
        dtype = value.dtype if hasattr(value, "dtype") else dtypes.result_type([value])
    return leaf(np.full(_size("full", (size,), None), value, dtype), requires_grad)


def _like(make: Any, name: str) -> Any:
    """A function that makes a tensor with the shape and dtype of another."""

    def like(
        input: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
    ) -> Any:
        check_device(device)
        given = raw(input)
        return leaf(make(given.shape, given.dtype if dtype is None else dtype), requires_grad)

    like.__name__ = like.__qualname__ = f"{name}_like"
    like.__doc__ = f"`{name}` with the shape of `input`, and its dtype unless one is given."
    return like


zeros_like = _like(np.zeros, "zeros")
ones_like = _like(np.ones, "ones")
empty_like = _like(np.empty, "empty")


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Any:
    """A tensor of one value with the shape of `input`, and its dtype unless one is given.

    Examples
    --------
    >>> full_like(tensor([1.0, 2.0]), 7)
    tensor([7., 7.])
    """
    check_device(device)
    given = raw(input)
    array = np.full(given.shape, raw(fill_value), given.dtype if dtype is None else dtype)
    return leaf(array, requires_grad)


def _class(name: str, dtype: np.dtype) -> Any:
    """PyTorch's class of tensors of one dtype, as a function."""

    def make(*data: Any) -> Any:
        if len(data) == 1 and not isinstance(data[0], int):
            return leaf(_array(data[0], dtype))
        return zeros(data if data else (0,), dtype=dtype)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = f"A tensor of {dtype}: of the given data, or zeros of the given sizes."
    return make


FloatTensor = _class("FloatTensor", dtypes.float32)
DoubleTensor = _class("DoubleTensor", dtypes.float64)
LongTensor = _class("LongTensor", dtypes.int64)
IntTensor = _class("IntTensor", dtypes.int32)
ByteTensor = _class("ByteTensor", dtypes.uint8)
BoolTensor = _class("BoolTensor", dtypes.bool)

_PUBLIC = """
    tensor from_numpy as_tensor asarray zeros ones empty full
    zeros_like ones_like empty_like full_like
"""
all_telling(globals(), _PUBLIC.split())
