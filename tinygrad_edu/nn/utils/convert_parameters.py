"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ... import ops
from ...errors import DTypeError, ShapeError, located
from ...tensor import Tensor


def parameters_to_vector(parameters: Iterable[Any]) -> Any:
    """The elements of all parameters, one after another; the gradient flows back to each.

    Parameters
    ----------
    parameters : iterable of Tensor
        Such as ``model.parameters()``.

    Returns
    -------
    Tensor
        Of one axis.

    Examples
    --------
    >>> from tinygrad_edu import ones, zeros
    >>> parameters_to_vector([ones(1, 2), zeros(3)])
    tensor([1., 1., 0., 0., 0.])
    """
    return ops.cat([p.reshape(-1) for p in _tensors("parameters_to_vector", parameters)])


def vector_to_parameters(vec: Any, parameters: Iterable[Any]) -> None:
    """Give the parameters the values in a vector. If its length does not fit, none changes.

    Parameters
    ----------
    vec : Tensor
        Of one axis, as long as all parameters together.
    parameters : iterable of Tensor
        In the order in which `parameters_to_vector` took them; they become views of `vec`.

    Examples
    --------
    >>> from tinygrad_edu import arange, zeros
    >>> w = zeros(2, 2)
    >>> vector_to_parameters(arange(4.0), [w])
    >>> w
    tensor([[0., 1.],
            [2., 3.]])
    """
    if not isinstance(vec, Tensor):
        raise DTypeError(located(f"vec: expected Tensor, but got: {type(vec).__name__}"))
    params = _tensors("vector_to_parameters", parameters)
    total = sum(p.numel() for p in params)
    if vec.shape != (total,):
        text = f"vector_to_parameters: vec has shape {tuple(vec.shape)}, but the parameters have"
        raise ShapeError(located(f"{text} {total} elements together: it must be ({total},)"))
    values, start = vec.detach(), 0
    for p in params:
        p.data = values[start : start + p.numel()].reshape(p.shape)
        start += p.numel()


def _tensors(name: str, parameters: Iterable[Any]) -> list[Any]:
    params = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    for i, p in enumerate(params):
        if not isinstance(p, Tensor):
            kind = type(p).__name__
            raise DTypeError(
                located(f"{name}: parameters must be Tensors, but number {i} is {kind}")
            )
    if not params:
        raise ValueError(located(f"{name}: there are no parameters (was the generator used up?)"))
    return params
