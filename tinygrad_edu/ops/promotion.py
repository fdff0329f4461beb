"""How an op's inputs are made to agree before NumPy sees them: PyTorch's rules, not NumPy's."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..errors import DTypeError, describe, located, no_tensor
from ..quiet import quiet

_NUMBERS = (np.ndarray, np.generic, float, int)


@quiet
def _as(target: np.dtype, value: Any) -> Any:
    return value.astype(target, copy=False)


def promote(op: Any, args: tuple[Any, ...], arrays: list[Any], boxed: bool) -> list[Any]:
    """Check that the inputs are numbers, and bring them to one dtype as ``op.promotes`` says.

    Parameters
    ----------
    op : Primitive
        The op that was called.
    args, arrays : sequence
        Its inputs, as given and unboxed.
    boxed : bool
        Whether one of them is a Tensor. Without any, NumPy's own rules hold.
    """
    for i, value in enumerate(arrays):
        name = op.inputs[i] if i < len(op.inputs) else f"input {i}"
        if not isinstance(value, _NUMBERS):
            raise DTypeError(located(f"{op.name}(): {no_tensor(name, value)}"))
        if hasattr(value, "dtype") and value.dtype.kind not in "biuf":
            raise DTypeError(
                located(f"{op.name}(): argument '{name}' must hold numbers, not {value.dtype}")
            )
    if not boxed or not op.promotes:
        return arrays
    if op.promotes == "same":
        return _same(op, args, arrays)
    first = int(op.promotes == "branches")  # the condition of `where` is no branch
    # A bare NumPy scalar counts as a Python number, as it does in PyTorch.
    arrays = [
        v.item() if isinstance(v, np.generic) and v is a else v
        for v, a in zip(arrays, args, strict=True)
    ]
    target = dtypes.result_type(arrays[first:])
    if op.promotes == "float" and target.kind != "f":
        target = dtypes.get_default_dtype()
    rest = [_as(target, v) if hasattr(v, "dtype") else v for v in arrays[first:]]
    return [*arrays[:first], *rest]


def _same(op: Any, args: tuple[Any, ...], arrays: list[Any]) -> list[Any]:
    """Tensors must already agree; a bare array follows them."""
    own = {v.dtype for v, a in zip(arrays, args, strict=True) if v is not a}
    if len(own) > 1:
        given = ", ".join(map(describe, arrays))
        raise DTypeError(
            located(
                f"{op.name}: expected tensors of the same dtype, but got {given}; convert one of "
                "them, for example with .float() or .double()"
            )
        )
    (target,) = own
    return [_as(target, v) if hasattr(v, "dtype") else v for v in arrays]
