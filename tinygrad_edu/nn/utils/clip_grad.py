"""Gradients that are too large are made smaller, before the optimizer sees them."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine import box, wrote
from ...errors import DTypeError, GradientError, located
from ...tensor import Tensor

Named = list[tuple[str, Any]]


def _named(parameters: Any) -> Named:
    """Parameters with a name to call each by in an error."""
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    given = list(parameters)
    if not given and isinstance(parameters, types.GeneratorType):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3
        )
    pairs = [p if isinstance(p, tuple) else (f"number {i}", p) for i, p in enumerate(given)]
    for name, p in pairs:
        if not isinstance(p, Tensor):
            kind = type(p).__name__
            raise DTypeError(located(f"parameters must be Tensors, but {name} is {kind}"))
    return pairs


def _gradients(named: Named) -> Named:
    return [(name, p.grad) for name, p in named if p.grad is not None]


def _norm(g: np.ndarray, norm_type: float) -> float:
    """The norm of one gradient; in float64 if its own type overflows or underflows."""
    flat = g.reshape(-1)
    if not flat.size:
        return 0.0
    with np.errstate(all="ignore"):
        norm = float(np.linalg.norm(flat, norm_type))
        if norm == 0 or not np.isfinite(norm):
            norm = float(np.linalg.norm(flat.astype(np.float64), norm_type))
    return norm


def _total(grads: Named, norm_type: float, error_if_nonfinite: bool) -> Any:
    norms = [_norm(g._array, norm_type) for _, g in grads]
    total = _norm(np.array(norms, np.float64), norm_type)
    if error_if_nonfinite and not np.isfinite(total):
        raise GradientError(
            located(
                f"The total norm of order {norm_type} for gradients from `parameters` is "
                f"non-finite, so it cannot be clipped: {_culprits(grads) or f'it is {total}'}. "
                "To scale by it anyway, set error_if_nonfinite=False"
            )
        )
    dtype = np.result_type(*(g._array for _, g in grads)) if grads else np.float32
    with np.errstate(over="ignore"):
        return total, box(np.asarray(total, dtype))


def _culprits(grads: Named) -> str:
    """Which gradients have NaN or infinite elements, and how many."""
    found = []
    for name, g in grads:
        nans = int(np.isnan(g._array).sum())
        bad = int((~np.isfinite(g._array)).sum())
        if bad:
            kinds = f"{nans} NaN" * bool(nans) + " and " * (0 < nans < bad)
            kinds += f"{bad - nans} infinite" * (nans < bad)
            found.append(f"the gradient of parameter {name}, of shape {g.shape}, has {kinds}")
    return "; ".join(found)


def _scale(grads: Named, max_norm: float, total: float) -> None:
    if not max_norm >= 0:
        raise ValueError(located(f"max_norm must be >= 0, not {max_norm}"))
    with np.errstate(all="ignore"):
        factor = np.minimum(np.float64(max_norm) / (total + 1e-6), 1.0)
        for _, g in grads:
            array = g._buffer()
            array *= array.dtype.type(factor)
            wrote(array)


def get_total_norm(
    tensors: Tensor | Iterable[Any],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """The norm of several tensors, as if they were one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor or of (name, Tensor)
    norm_type : float
        The p of the p-norm; ``inf`` for the largest magnitude.
    error_if_nonfinite : bool
        Raise if the norm is NaN or infinite, and name the tensors that make it so.
    foreach : bool, optional
        As in PyTorch; makes no difference.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> get_total_norm([tensor([3.0]), tensor([4.0])])
    tensor(5.)
    """
    return _total(_named(tensors), float(norm_type), error_if_nonfinite)[1]


def clip_grad_norm_(
    parameters: Tensor | Iterable[Any],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Any:
    """Scale all gradients so that their norm, as of one vector, is at most `max_norm`.

    ``grad *= min(1, max_norm / (total_norm + 1e-6))``, in place.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor or of (name, Tensor)
        Give ``model.named_parameters()`` to read names in errors. Those without a gradient are
        passed over.
    max_norm : float
    norm_type : float
        The p of the p-norm; ``inf`` for the largest magnitude.
    error_if_nonfinite : bool
        Raise if the norm is NaN or infinite, naming the parameters, before anything is scaled.
        Otherwise one NaN makes all gradients NaN, and one infinity makes the others 0.
    foreach : bool, optional
        As in PyTorch; makes no difference.

    Returns
    -------
    Tensor
        The norm before clipping.

    Raises
    ------
    GradientError
        A RuntimeError: see `error_if_nonfinite`.

    References
    ----------
    Pascanu, Mikolov and Bengio 2013.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0, 1.0], requires_grad=True)
    >>> (w * tensor([3.0, 4.0])).sum().backward()
    >>> clip_grad_norm_([w], max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    grads = _gradients(_named(parameters))
    total, norm = _total(grads, float(norm_type), error_if_nonfinite)
    _scale(grads, float(max_norm), total)
    return norm


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Any],
    max_norm: float,
    total_norm: Any,
    foreach: bool | None = None,
) -> None:
    """Scale all gradients by ``min(1, max_norm / (total_norm + 1e-6))``, for a norm that is known.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor or of (name, Tensor)
    max_norm : float
    total_norm : float or Tensor
        Such as `get_total_norm` gives.
    foreach : bool, optional
        As in PyTorch; makes no difference.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> (w * 8.0).sum().backward()
    >>> clip_grads_with_norm_([w], max_norm=1.0, total_norm=4.0)
    >>> w.grad
    tensor([2.0000])
    """
    _scale(_gradients(_named(parameters)), float(max_norm), float(total_norm))


def clip_grad_value_(
    parameters: Tensor | Iterable[Any], clip_value: float, foreach: bool | None = None
) -> None:
    """Move every element of the gradients into ``[-clip_value, clip_value]``, in place.

    Unlike `clip_grad_norm_` this changes their direction.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor or of (name, Tensor)
    clip_value : float
    foreach : bool, optional
        As in PyTorch; makes no difference.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> w = tensor([1.0, 1.0], requires_grad=True)
    >>> (w * tensor([3.0, -0.5])).sum().backward()
    >>> clip_grad_value_([w], 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.5000])
    """
    limit = float(clip_value)
    if not limit >= 0:
        raise ValueError(located(f"clip_value must be >= 0, not {clip_value}"))
    for _, g in _gradients(_named(parameters)):
        array = g._buffer()
        np.clip(array, -limit, limit, out=array)
        wrote(array)
