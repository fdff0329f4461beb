"""Normalisation: mean 0 and variance 1 over a batch, a layer, or groups of channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine import is_tensor, primitive, raw, wrote
from ..errors import ShapeError, located
from ..quiet import quiet
from .arguments import expect_tensors
from .exponential import floats_only, sqrt
from .fitting import clone
from .reduce import _mean
from .shape import _reshape

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]

Axes = tuple[int, ...]


@primitive(name="normalize")
@quiet
def _standardize(input: Any, *, axis: Axes, eps: float, kept: dict[str, Any]) -> Any:
    """``(x - mean) / sqrt(var + eps)`` along `axis`, with the biased variance."""
    floats_only(input)
    n = float(_count(input.shape, axis) or 1)
    mean = kept["mean"] = np.add.reduce(input, axis=axis, keepdims=True) / n
    out = input - mean
    var = kept["var"] = np.add.reduce(out * out, axis=axis, keepdims=True) / n
    rstd = kept["rstd"] = 1.0 / np.sqrt(var + eps)
    out *= rstd
    return out


def _count(shape: tuple[int, ...], axis: Axes) -> int:
    return math.prod(shape[a] for a in axis)


def _d_standardize(g: Any, out: Any, x: Any, axis: Axes, eps: float, kept: dict[str, Any]) -> Any:
    if is_tensor(g):  # this pass is recorded, and what forward kept has no history
        centred = x - _mean(x, axis=axis, keepdims=True)
        rstd = 1.0 / sqrt(_mean(centred * centred, axis=axis, keepdims=True) + eps)
    else:
        rstd = kept["rstd"]
    along = _mean(g * out, axis=axis, keepdims=True)
    return (g - _mean(g, axis=axis, keepdims=True) - out * along) * rstd


_standardize.defvjp(_d_standardize)


@primitive(name="rms_norm")
@quiet
def _by_rms(input: Any, *, axis: Axes, eps: float, kept: dict[str, Any]) -> Any:
    """``x / sqrt(mean(x**2) + eps)`` along `axis`."""
    n = _count(input.shape, axis)
    square = np.add.reduce(input * input, axis=axis, keepdims=True) / float(n or 1)
    rate = kept["rate"] = 1.0 / np.sqrt(square + eps)
    return input * rate


def _d_by_rms(g: Any, out: Any, x: Any, axis: Axes, eps: float, kept: dict[str, Any]) -> Any:
    if is_tensor(g):
        rate = 1.0 / sqrt(_mean(x * x, axis=axis, keepdims=True) + eps)
    else:
        rate = kept["rate"]
    return (g - out * _mean(g * out, axis=axis, keepdims=True)) * rate


_by_rms.defvjp(_d_by_rms)


def _affine(x: Any, weight: Any, bias: Any, shape: tuple[int, ...]) -> Any:
    """``x * weight + bias``, both brought to `shape`, if they are given."""
    if weight is not None:
        x = x * (weight if raw(weight).shape == shape else _reshape(weight, shape=shape))
    if bias is not None:
        x = x + (bias if raw(bias).shape == shape else _reshape(bias, shape=shape))
    return x


def _last_axes(name: str, shape: tuple[int, ...], normalized_shape: Any, **given: Any) -> Axes:
    """The trailing axes that `normalized_shape` names; weights must have that shape."""
    if isinstance(normalized_shape, int):
        normalized_shape = (normalized_shape,)
    tail = tuple(normalized_shape)
    if not tail or shape[len(shape) - len(tail) :] != tail or len(tail) > len(shape):
        raise ShapeError(
            located(f"{name}: normalized_shape={tail}, but input has shape {shape}: it must end so")
        )
    given = {k: v for k, v in given.items() if v is not None}
    expect_tensors(name, **given)
    for argument, value in given.items():
        if raw(value).shape != tail:
            raise ShapeError(
                located(f"{name}: {argument} must have shape {tail}, not {raw(value).shape}")
            )
    return tuple(range(len(shape) - len(tail), len(shape)))


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last axes.

    The gradient of the normalised part is ``(g - mean(g) - x̂ mean(g x̂)) / sqrt(var + eps)``. The
    variance is the biased one.

    Examples
    --------
    >>> layer_norm(np.array([[1.0, 2.0, 3.0]]), (3,)).round(3)
    array([[-1.225,  0.   ,  1.225]])
    """
    x = raw(input)
    axis = _last_axes("layer_norm", x.shape, normalized_shape, weight=weight, bias=bias)
    out = _standardize(input, axis=axis, eps=eps, kept={})
    return _affine(out, weight, bias, x.shape[axis[0] :])


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Any:
    """``x / sqrt(mean(x**2) + eps) * weight`` over the last axes.

    The gradient of the normalised part is ``(g - x̂ mean(g x̂)) / sqrt(mean(x**2) + eps)``; `eps` is
    the dtype's machine epsilon unless given.

    Examples
    --------
    >>> rms_norm(np.array([[3.0, 4.0]]), (2,)).round(4)
    array([[0.8485, 1.1314]])
    """
    x = raw(input)
    axis = _last_axes("rms_norm", x.shape, normalized_shape, weight=weight)
    eps = float(np.finfo(x.dtype).eps) if eps is None else eps
    return _affine(_by_rms(input, axis=axis, eps=eps, kept={}), weight, None, x.shape[axis[0] :])


def _move(running: Any, value: np.ndarray, momentum: float) -> None:
    """``running = (1 - momentum) * running + momentum * value``, in place."""
    if running is not None:
        array = raw(running)
        array *= 1.0 - momentum
        array += (momentum * value).astype(array.dtype)
        wrote(array)


def _channels(name: str, shape: tuple[int, ...], **given: Any) -> tuple[int, ...]:
    """The shape that lines a value per channel up with axis 1; all given must have such values."""
    if len(shape) < 2:
        raise ShapeError(
            located(f"{name}: input must have at least 2 axes, (N, C, ...), but has shape {shape}")
        )
    for argument, value in given.items():
        if value is not None and raw(value).shape != (shape[1],):
            raise ShapeError(
                located(
                    f"{name}: {argument} should contain {shape[1]} elements, one for each channel "
                    f"of input {shape}, but has shape {raw(value).shape}"
                )
            )
    return (shape[1],) + (1,) * (len(shape) - 2)


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel, axis 1.

    In training, mean and (biased) variance are those of the batch, and the gradient flows through
    them as in `layer_norm`; the running statistics move towards them by `momentum`, the variance
    towards the **unbiased** one. In evaluation the running statistics are used, as constants.

    Parameters
    ----------
    input : Tensor of shape (N, C, ...)
    running_mean, running_var : Tensor of shape (C,), or None in training
        Written to in place, in training.
    weight, bias : Tensor of shape (C,), optional
    training : bool
    momentum : float
        The weight of the **new** batch (many texts count the weight of the old value).
    eps : float
        Added to the variance.

    Examples
    --------
    >>> x, mean, var = np.array([[1.0], [3.0]]), np.zeros(1), np.ones(1)
    >>> batch_norm(x, mean, var, training=True).round(3)
    array([[-1.],
           [ 1.]])
    >>> mean, var  # 0.9 * 0 + 0.1 * 2 and 0.9 * 1 + 0.1 * 2
    (array([0.2]), array([1.1]))
    """
    x = raw(input)
    if x.shape == (0,):
        return clone(input)  # PyTorch takes this, too
    per_channel = _channels(
        "batch_norm",
        x.shape,
        running_mean=running_mean,
        running_var=running_var,
        weight=weight,
        bias=bias,
    )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                located("batch_norm: running_mean and running_var must be defined in evaluation")
            )
        mean, var = raw(running_mean), raw(running_var)
        with np.errstate(all="ignore"):
            rstd = (1.0 / np.sqrt(var + eps)).reshape(per_channel)
        return _affine((input - mean.reshape(per_channel)) * rstd, weight, bias, per_channel)
    axis = (0, *range(2, x.ndim))
    if _count(x.shape, axis) == 1:
        raise ValueError(
            located(
                "batch_norm: Expected more than 1 value per channel when training, got input size "
                f"{x.shape}"
            )
        )
    return _affine(
        _with_running(input, axis, running_mean, running_var, momentum, eps),
        weight,
        bias,
        per_channel,
    )


def _with_running(
    input: Any, axis: Axes, running_mean: Any, running_var: Any, momentum: float, eps: float
) -> Any:
    """Normalise by the statistics of the batch, and let the running ones follow them."""
    kept: dict[str, Any] = {}
    out = _standardize(input, axis=axis, eps=eps, kept=kept)
    n = _count(raw(input).shape, axis)
    if n and (running_mean is not None or running_var is not None):
        # Where each example has statistics of its own, their mean counts.
        mean, var = (v.reshape(len(v), v.shape[1]).mean(0) for v in (kept["mean"], kept["var"]))
        _move(running_mean, mean, momentum)
        _move(running_var, var * (n / max(n - 1.0, 1.0)), momentum)
    return out


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """As `batch_norm`, but each example has a mean and variance of its own.

    Examples
    --------
    >>> instance_norm(np.array([[[1.0, 3.0], [0.0, 20.0]]])).round(3)
    array([[[-1.,  1.],
            [-1.,  1.]]])
    """
    x = raw(input)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    if (running_mean is None) != (running_var is None):
        raise ShapeError(
            located("instance_norm: running_mean and running_var must both be given, or neither")
        )
    per_channel = _channels(
        "instance_norm",
        x.shape,
        running_mean=running_mean,
        running_var=running_var,
        weight=weight,
        bias=bias,
    )
    axis = tuple(range(2, x.ndim))
    if math.prod(x.shape[2:]) == 1:
        raise ValueError(
            located(
                "instance_norm: Expected more than 1 spatial element when training, got input size "
                f"{x.shape}"
            )
        )
    return _affine(
        _with_running(input, axis, running_mean, running_var, momentum, eps),
        weight,
        bias,
        per_channel,
    )


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """As `layer_norm`, over groups of neighbouring channels (axis 1) of each example.

    Examples
    --------
    >>> group_norm(np.array([[1.0, 3.0, 0.0, 20.0]]), 2).round(3)
    array([[-1.,  1., -1.,  1.]])
    """
    shape = raw(input).shape
    per_channel = _channels("group_norm", shape, weight=weight, bias=bias)
    if num_groups < 1 or shape[1] % num_groups:
        raise ShapeError(
            located(
                "group_norm: Expected number of channels in input to be divisible by num_groups, "
                f"but got input of shape {shape} and num_groups={num_groups}"
            )
        )
    size = shape[1] // num_groups * math.prod(shape[2:])
    grouped = _reshape(input, shape=(shape[0], num_groups, size))
    out = _standardize(grouped, axis=(2,), eps=eps, kept={})
    return _affine(_reshape(out, shape=shape), weight, bias, per_channel)
