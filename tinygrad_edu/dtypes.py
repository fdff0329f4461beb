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
