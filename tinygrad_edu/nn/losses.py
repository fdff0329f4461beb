"""Losses as modules."""

from __future__ import annotations

from typing import Any

from .. import ops
from .module import Module


class CrossEntropyLoss(Module):
    """The softmax loss of scores against class indices; see `functional.cross_entropy`.

    Examples
    --------
    >>> from tinygrad_edu import tensor, zeros
    >>> CrossEntropyLoss()(zeros(1, 10), tensor([3]))
    tensor(2.3026)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return ops.cross_entropy(input, target, reduction=self.reduction)


class MulticlassSVMLoss(Module):
    """The lectures' multiclass hinge loss; see `functional.multiclass_svm_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor, zeros
    >>> MulticlassSVMLoss()(zeros(1, 10), tensor([3]))
    tensor(9.)
    """

    def __init__(self, delta: float = 1.0, reduction: str = "mean") -> None:
        super().__init__()
        self.delta, self.reduction = delta, reduction

    def forward(self, input: Any, target: Any) -> Any:
        return ops.multiclass_svm_loss(input, target, self.delta, self.reduction)

    def extra_repr(self) -> str:
        return f"delta={self.delta}"


class MSELoss(Module):
    """The mean squared error.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> MSELoss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Any, target: Any) -> Any:
        return ops.mse_loss(input, target, reduction=self.reduction)
