"""Methods that tell size, dtype and layout, and convert."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from .. import creation, dtypes, ops
from ..device import CPU, DeviceError, check_device, device
from ..engine import raw
from ..errors import DTypeError, located
from ..ops.arguments import one_axis, telling_methods

_TYPES = {  # PyTorch's names of tensor classes
    "FloatTensor": dtypes.float32,
    "DoubleTensor": dtypes.float64,
    "HalfTensor": dtypes.float16,
    "ByteTensor": dtypes.uint8,
    "CharTensor": dtypes.int8,
    "ShortTensor": dtypes.int16,
    "IntTensor": dtypes.int32,
    "LongTensor": dtypes.int64,
    "BoolTensor": dtypes.bool,
}


def _converts(dtype: Any) -> Any:
    def method(self: Any) -> Any:
        return ops.to_dtype(self, dtype)

    method.__doc__ = f"Convert to {dtype}; the tensor itself if it is of that dtype."
    return method


@telling_methods
class Conversion:
    """Size, dtype, layout, and conversions."""

    _array: Any

    # ---------------------------------------------------------------- what it is

    def size(self, dim: builtins.int | None = None) -> Any:
        """The shape, or the length of one axis."""
        shape = self._array.shape
        return shape if dim is None else shape[_axis("size", dim, shape)]

    def stride(self, dim: builtins.int | None = None) -> Any:
        """How many elements further in memory the next one along each axis (or along one) is."""
        array = self._array
        steps = tuple(n // array.itemsize for n in array.strides)
        return steps if dim is None else steps[_axis("stride", dim, steps)]

    def storage_offset(self) -> builtins.int:
        """How many elements after the first of its memory the tensor begins."""
        array = np.asarray(self._array)
        root = array
        while isinstance(root.base, np.ndarray):
            root = root.base
        return (_address(array) - _address(root)) // array.itemsize

    def data_ptr(self) -> builtins.int:
        """The address of the first element."""
        return _address(np.asarray(self._array))

    def is_contiguous(self) -> builtins.bool:
        """Whether the elements follow one another in memory, the last axis fastest."""
        return self._array.flags.c_contiguous

    def contiguous(self) -> Any:
        """The tensor, or a copy whose elements follow one another in memory."""
        return self if self._array.flags.c_contiguous else ops.clone(self)

    def numel(self) -> builtins.int:
        """The number of elements."""
        return self._array.size

    nelement = numel

    def dim(self) -> builtins.int:
        """The number of axes."""
        return self._array.ndim

    ndimension = dim

    def element_size(self) -> builtins.int:
        """The number of bytes of one element."""
        return self._array.itemsize

    @property
    def itemsize(self) -> builtins.int:
        """The number of bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> builtins.int:
        """The number of bytes of all elements."""
        return self._array.nbytes

    def is_floating_point(self) -> builtins.bool:
        """Whether the dtype is one of floats."""
        return self._array.dtype.kind == "f"

    def is_complex(self) -> builtins.bool:
        """False: there are no complex tensors."""
        return False

    is_cuda = False
    is_sparse = False

    @property
    def device(self) -> device:
        """The CPU."""
        return CPU

    # ---------------------------------------------------------------- conversions

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Convert: ``to(dtype)``, ``to(other)``, ``to("cpu")``, ``to("cpu", dtype, copy=True)``.

        The tensor itself if there is nothing to do and `copy` is not asked for.
        """
        dtype, where = kwargs.pop("dtype", None), kwargs.pop("device", None)
        copy = kwargs.pop("copy", False)
        given = list(args)
        other = kwargs.pop("other", None)
        kwargs.pop("non_blocking", None)
        kwargs.pop("memory_format", None)
        if kwargs:
            raise DTypeError(located(f"to(): unknown argument {', '.join(kwargs)!r}"))
        # NumPy's dtypes and their classes have a shape, too.
        named = given and isinstance(given[0], (np.dtype, builtins.type))
        if given and not named and hasattr(raw(given[0]), "shape"):
            other = given.pop(0)
        elif (
            given and isinstance(given[0], (str, device, type(None))) and not _names_dtype(given[0])
        ):
            where = given.pop(0)
        if other is not None:
            dtype = raw(other).dtype
        elif given and not isinstance(given[0], builtins.bool):
            dtype = given.pop(0)
        if len(given) > 1:
            copy = given[1]
        check_device(where)
        out = self if dtype is None else ops.to_dtype(self, dtype)
        return ops.clone(out) if copy and out is self else out

    def type(self, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
        """PyTorch's name of the tensor's type; with a dtype (or such a name) convert to it."""
        if dtype is None:
            return "torch." + next(k for k, v in _TYPES.items() if v == self._array.dtype)
        if isinstance(dtype, str):
            dtype = _TYPES.get(dtype.rpartition(".")[2], dtype)
        return ops.to_dtype(self, dtype)

    def astype(self, dtype: Any, *, copy: builtins.bool = True) -> Any:
        """NumPy's name for a conversion: always a new tensor, unless told otherwise."""
        return self.to(dtype, copy=copy)

    def copy(self) -> Any:
        """NumPy's name for :meth:`clone`."""
        return ops.clone(self)

    def type_as(self, other: Any) -> Any:
        """Convert to the dtype of another tensor."""
        return ops.to_dtype(self, raw(other).dtype)

    def cpu(self) -> Any:
        """The tensor itself: it is on the CPU."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: there is no GPU."""
        raise DeviceError(located("cuda(): tinygrad_edu computes on the CPU only; use .cpu()"))

    float = _converts(dtypes.float32)
    double = _converts(dtypes.float64)
    half = _converts(dtypes.float16)
    int = _converts(dtypes.int32)
    long = _converts(dtypes.int64)
    short = _converts(dtypes.int16)
    char = _converts(dtypes.int8)
    byte = _converts(dtypes.uint8)
    bool = _converts(dtypes.bool)

    # ---------------------------------------------------------------- new tensors like this one

    def new_tensor(self, data: Any, *, dtype: Any = None, **options: Any) -> Any:
        """A tensor of `data`, with this one's dtype unless one is given."""
        return creation.tensor(data, dtype=self._array.dtype if dtype is None else dtype, **options)

    def new_zeros(self, *size: Any, dtype: Any = None, **options: Any) -> Any:
        """Zeros, with this tensor's dtype unless one is given."""
        return creation.zeros(*size, dtype=self._array.dtype if dtype is None else dtype, **options)

    def new_ones(self, *size: Any, dtype: Any = None, **options: Any) -> Any:
        """Ones, with this tensor's dtype unless one is given."""
        return creation.ones(*size, dtype=self._array.dtype if dtype is None else dtype, **options)

    def new_empty(self, *size: Any, dtype: Any = None, **options: Any) -> Any:
        """Uninitialised memory, with this tensor's dtype unless one is given."""
        return creation.empty(*size, dtype=self._array.dtype if dtype is None else dtype, **options)

    def new_full(self, size: Any, fill_value: Any, *, dtype: Any = None, **options: Any) -> Any:
        """One value, with this tensor's dtype unless one is given."""
        dtype = self._array.dtype if dtype is None else dtype
        return creation.full(size, fill_value, dtype=dtype, **options)


def _axis(name: str, dim: Any, shape: tuple[int, ...]) -> int:
    if not shape:
        one_axis(name, 1, 0)  # a tensor without axes has none to ask for
    return one_axis(name, dim, len(shape))


def _address(array: np.ndarray) -> int:
    return array.__array_interface__["data"][0]


def _names_dtype(name: Any) -> bool:
    """Whether NumPy takes a string for a dtype ("float32"); devices are "cpu" and the like."""
    if not isinstance(name, str):
        return False
    try:
        np.dtype(name)
    except TypeError:
        return False
    return True
