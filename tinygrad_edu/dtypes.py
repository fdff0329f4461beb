"""The dtypes under PyTorch's names, the default one, and PyTorch's rules for mixing them."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

float16 = half = np.dtype(np.float16)
float32 = float = np.dtype(np.float32)
float64 = double = np.dtype(np.float64)
uint8 = np.dtype(np.uint8)
int8 = np.dtype(np.int8)
int16 = short = np.dtype(np.int16)
int32 = int = np.dtype(np.int32)
int64 = long = np.dtype(np.int64)
bool = np.dtype(np.bool_)

_default = float32


def get_default_dtype() -> np.dtype:
    """The dtype of floats made from Python numbers: float32 unless changed."""
    return _default


def set_default_dtype(d: Any) -> None:
    """Change the dtype of floats made from Python numbers.

    Raises
    ------
    TypeError
        `d` is not a floating-point dtype.
    """
    global _default
    new = np.dtype(d)
    if new.kind != "f":
        raise TypeError(f"set_default_dtype: only floating-point types are supported, not {new}")
    _default = new


def promote_types(type1: Any, type2: Any) -> np.dtype:
    """The dtype that arrays of two dtypes are brought to when they meet.

    Examples
    --------
    >>> promote_types(int64, float32)
    dtype('float32')
    """
    return common([np.dtype(type1), np.dtype(type2)])


def can_cast(from_: Any, to: Any) -> builtins.bool:
    """Whether a result of one dtype may be written into a tensor of another.

    Examples
    --------
    >>> can_cast(float32, int64)
    False
    """
    return builtins.bool(rank(np.dtype(from_)) <= rank(np.dtype(to)))


class finfo:  # PyTorch's name
    """The limits of a floating-point dtype: ``eps``, ``min``, ``max``, ``tiny`` and more.

    Examples
    --------
    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        kind = _default if type is None else np.dtype(type)
        if kind.kind != "f":
            raise TypeError(f"finfo requires a floating point type; use iinfo({kind})")
        limits = np.finfo(kind)
        self.bits: builtins.int = limits.bits
        self.dtype = str(kind)
        for name in ("eps", "max", "min", "tiny", "smallest_normal", "resolution"):
            setattr(self, name, builtins.float(getattr(limits, name)))

    def __repr__(self) -> str:
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        values = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({values}, dtype={self.dtype})"


class iinfo:  # PyTorch's name
    """The limits of an integer dtype: ``min``, ``max`` and ``bits``.

    Examples
    --------
    >>> iinfo(int64).max
    9223372036854775807
    """

    def __init__(self, type: Any) -> None:
        kind = np.dtype(type)
        if kind.kind not in "iu":
            raise TypeError(f"iinfo requires an integer type; use finfo({kind})")
        limits = np.iinfo(kind)
        self.bits, self.dtype = limits.bits, str(kind)
        self.min, self.max = builtins.int(limits.min), builtins.int(limits.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def category(dtype: np.dtype) -> str:
    """``"b"``, ``"i"`` or ``"f"``: in this order a kind of number absorbs the ones before it."""
    return "i" if dtype.kind == "u" else dtype.kind


_RANK = {"b": 0, "i": 1, "f": 2, "c": 3}


def rank(dtype: np.dtype) -> Any:
    """The place of a dtype's category in bool < integer < float."""
    return _RANK.get(category(dtype), 4)


def common(dtypes: list[np.dtype]) -> np.dtype:
    """The dtype that several arrays are brought to. Unlike NumPy's, int64 with float32: float32.

    Examples
    --------
    >>> common([int64, float32])
    dtype('float32')
    """
    top = max(rank(d) for d in dtypes)
    return np.result_type(*[d for d in dtypes if rank(d) == top])


def result_type(values: list[Any]) -> np.dtype:
    """PyTorch's result dtype for arrays, 0-d arrays and Python numbers that meet in one op.

    Arrays with axes decide; a 0-d array, and then a Python number, changes the outcome only if its
    category (bool, integer, float) is higher.
    """
    groups: list[list[np.dtype]] = [[], [], []]
    for v in values:
        if hasattr(v, "dtype"):
            groups[0 if v.ndim else 1].append(v.dtype)
        elif isinstance(v, (np.bool_, builtins.bool)):
            groups[2].append(bool)
        else:
            groups[2].append(int64 if hasattr(v, "bit_length") else _default)
    result: np.dtype | None = None
    for group in groups:
        if group:
            candidate = common(group)
            if result is None or rank(candidate) > rank(result):
                result = candidate
    assert result is not None
    return result
