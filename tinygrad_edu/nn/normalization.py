"""Normalisation as modules: over a batch, a layer, or groups of channels."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..engine import box, raw
from ..errors import ShapeError, located
from .initial import blank, check_sizes, write
from .module import Module
from .parameter import Parameter

__all__ = ["BatchNorm1d", "BatchNorm2d", "GroupNorm", "LayerNorm", "RMSNorm"]


def _register_affine(
    module: Module, shape: tuple[int, ...], weight: bool, bias: bool, device: Any, dtype: Any
) -> None:
    """Give a layer its `weight` and `bias`, or None in their place."""
    module.register_parameter("weight", blank(shape, device, dtype) if weight else None)
    module.register_parameter("bias", blank(shape, device, dtype) if bias else None)


class BatchNorm(Module):
    """What the batch norms share: everything but how many axes their inputs have."""

    axes: tuple[int, ...] = ()
    weight: Parameter | None
    bias: Parameter | None
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
        bn_momentum_old: float | None = None,
    ) -> None:
        super().__init__()
        check_sizes(type(self).__name__, num_features=num_features)
        self.num_features, self.eps = num_features, eps
        self.momentum = momentum if bn_momentum_old is None else 1.0 - bn_momentum_old
        self.affine, self.track_running_stats = affine, track_running_stats
        _register_affine(self, (num_features,), affine, affine and bias, device, dtype)
        one = blank((num_features,), device, dtype)
        mean, var, count = raw(one), raw(one).copy(), np.zeros((), np.int64)
        for name, array in zip(_STATISTICS, (mean, var, count), strict=True):
            self.register_buffer(name, box(array) if track_running_stats else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen: mean 0, variance 1."""
        if self.track_running_stats:
            for name, value in zip(_STATISTICS, (0, 1, 0), strict=True):
                write(getattr(self, name), value)

    def reset_parameters(self) -> None:
        """Forget the batches seen, and set the weights to 1 and the biases to 0."""
        self.reset_running_stats()
        write(self.weight, 1)
        write(self.bias, 0)

    def forward(self, input: Any) -> Any:
        self._check(raw(input).shape)
        moves = self.training and self.track_running_stats
        statistics = (self.running_mean, self.running_var)
        if self.training and not moves:
            statistics = (None, None)
        out = ops.batch_norm(
            input,
            *statistics,
            self.weight,
            self.bias,
            # Without statistics of its own it uses those of the batch in evaluation, too.
            self.training or statistics[0] is None,
            self._new_weight(),
            self.eps,
        )
        if moves:
            write(self.num_batches_tracked, raw(self.num_batches_tracked) + 1)
        return out

    def _new_weight(self) -> float:
        """The weight of the new batch; with momentum None, that of the plain mean over all."""
        if self.momentum is not None:
            return self.momentum
        if self.num_batches_tracked is None:
            return 0.0
        return 1.0 / (float(raw(self.num_batches_tracked)) + 1.0)

    def _check(self, shape: tuple[int, ...]) -> None:
        name = type(self).__name__
        if len(shape) not in self.axes:
            wanted = " or ".join(f"{n}D" for n in self.axes)
            raise ShapeError(
                located(f"{name}: expected {wanted} input (got {len(shape)}D input, {shape})")
            )
        if shape[1] != self.num_features:
            raise ShapeError(
                located(
                    f"{name}: expected {self.num_features} features on axis 1 "
                    f"(num_features), but input {shape} has {shape[1]}"
                )
            )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


class BatchNorm1d(BatchNorm):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each feature, over the batch.

    In training, `mean` and the (biased) `var` are those of the batch, and the running statistics
    follow: ``running = (1 - momentum) * running + momentum * new``, the variance with the
    **unbiased** one. In evaluation the running statistics are used. As in PyTorch `momentum` is the
    weight of the **new** value; CS231n's is that of the old one, and its running variance is the
    biased one, which starts from 0.

    Parameters
    ----------
    num_features : int
        C, for inputs of shape (N, C) or (N, C, L).
    eps : float
        Added to the variance.
    momentum : float or None
        Weight of the new batch in the running statistics; None: the mean over all batches.
    affine : bool
        Whether there are `weight` and `bias`, which start as 1 and 0.
    track_running_stats : bool
        False: the statistics of the batch count in evaluation, too.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of parameters and statistics.
    bias : bool
        False: no `bias`.
    bn_momentum_old : float, optional
        Weight of the **old** value, as the lectures count; takes the place of `momentum`.

    Raises
    ------
    ShapeError
        The input has another number of axes or features.
    ValueError
        A single value per feature, in training: it has no variance.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> norm = BatchNorm1d(1)
    >>> norm(tensor([[1.0], [3.0]])).detach().round(decimals=3)
    tensor([[-1.],
            [ 1.]])
    >>> norm.running_mean, norm.running_var  # 0.9 * 0 + 0.1 * 2 and 0.9 * 1 + 0.1 * 2
    (tensor([0.2000]), tensor([1.1000]))
    >>> BatchNorm1d(3, bn_momentum_old=0.75).momentum
    0.25
    """

    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """`BatchNorm1d` for images, of shape (N, C, H, W).

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> BatchNorm2d(3)(ones(2, 3, 4, 5)).shape
    (2, 3, 4, 5)
    """

    axes = (4,)


def _shape(layer: str, given: Any) -> tuple[int, ...]:
    shape = (given,) if isinstance(given, (int, np.integer)) else tuple(given)
    for size in shape:
        check_sizes(layer, normalized_shape=size)
    return shape


class LayerNorm(Module):
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last axes of each example.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The sizes of these axes.
    eps : float
        Added to the (biased) variance.
    elementwise_affine : bool
        Whether there is a `weight`, which starts as 1.
    bias : bool
        Whether there is a `bias`, too, which starts as 0.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the parameters.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> LayerNorm(3)(tensor([[1.0, 2.0, 3.0]])).detach()
    tensor([[-1.2247,  0.0000,  1.2247]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = shape = _shape("LayerNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        both = elementwise_affine and bias
        _register_affine(self, shape, elementwise_affine, both, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weights to 1 and the biases to 0."""
        write(self.weight, 1)
        write(self.bias, 0)

    def forward(self, input: Any) -> Any:
        return ops.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """``x / sqrt(mean(x**2) + eps) * weight`` over the last axes of each example.

    Parameters
    ----------
    normalized_shape : int or sequence of int
        The sizes of these axes.
    eps : float, optional
        The machine epsilon of the dtype unless given.
    elementwise_affine : bool
        Whether there is a `weight`, which starts as 1.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the weight.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> RMSNorm(2)(tensor([[3.0, 4.0]])).detach()
    tensor([[0.8485, 1.1314]])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = shape = _shape("RMSNorm", normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.register_parameter(
            "weight", blank(shape, device, dtype) if elementwise_affine else None
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weights to 1."""
        write(self.weight, 1)

    def forward(self, input: Any) -> Any:
        return ops.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class GroupNorm(Module):
    """As `LayerNorm`, over groups of neighbouring channels (axis 1) of each example.

    Parameters
    ----------
    num_groups, num_channels : int
        The channels must divide into the groups.
    eps : float
        Added to the (biased) variance.
    affine : bool
        Whether there are a `weight` and a `bias` per channel.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the parameters.
    bias : bool
        False: no `bias`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> GroupNorm(2, 4)(tensor([[1.0, 3.0, 0.0, 20.0]])).detach().round(decimals=3)
    tensor([[-1.,  1., -1.,  1.]])
    """

    weight: Parameter | None
    bias: Parameter | None

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        check_sizes("GroupNorm", num_groups=num_groups, num_channels=num_channels)
        if not num_groups or num_channels % num_groups:
            raise ValueError(
                f"GroupNorm: num_channels={num_channels} must be divisible by "
                f"num_groups={num_groups}"
            )
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        _register_affine(self, (num_channels,), affine, affine and bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weights to 1 and the biases to 0."""
        write(self.weight, 1)
        write(self.bias, 0)

    def forward(self, input: Any) -> Any:
        return ops.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )
