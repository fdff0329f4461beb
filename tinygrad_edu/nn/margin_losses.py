"""Margin losses as modules: satisfied once a score is better by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from .losses import Loss, WeightedLoss

__all__ = [
    "CosineEmbeddingLoss",
    "HingeEmbeddingLoss",
    "MarginRankingLoss",
    "MultiLabelMarginLoss",
    "MultiLabelSoftMarginLoss",
    "MultiMarginLoss",
    "MulticlassSVMLoss",
    "SoftMarginLoss",
    "TripletMarginLoss",
    "TripletMarginWithDistanceLoss",
]


class MulticlassSVMLoss(Loss):
    """The lectures' multiclass hinge loss; see `multiclass_svm_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor, zeros
    >>> MulticlassSVMLoss()(zeros(1, 10), tensor([3]))
    tensor(9.)
    """

    function = staticmethod(ops.multiclass_svm_loss)
    settings = ("delta", "squared")

    def __init__(
        self, delta: float = 1.0, reduction: str = "mean", *, squared: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.delta, self.squared = delta, squared

    def extra_repr(self) -> str:
        return f"delta={self.delta}" + (", squared=True" if self.squared else "")


class MultiMarginLoss(WeightedLoss):
    """PyTorch's multiclass hinge loss, which divides by the number of classes.

    See `multi_margin_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor, zeros
    >>> MultiMarginLoss()(zeros(1, 10), tensor([3]))
    tensor(0.9000)
    """

    function = staticmethod(ops.multi_margin_loss)
    settings = ("weight", "p", "margin")

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: only p == 1 and p == 2 supported, not {p}")
        self.p, self.margin = p, margin


class MultiLabelMarginLoss(Loss):
    """A hinge loss of rows with several labels; see `multilabel_margin_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> MultiLabelMarginLoss()(tensor([0.1, 0.2, 0.4, 0.8]), tensor([3, 0, -1, 1]))
    tensor(0.8500)
    """

    function = staticmethod(ops.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """Binary cross-entropy of each class; see `multilabel_soft_margin_loss`.

    Examples
    --------
    >>> from tinygrad_edu import ones, zeros
    >>> MultiLabelSoftMarginLoss()(zeros(1, 3), ones(1, 3))
    tensor(0.6931)
    """

    function = staticmethod(ops.multilabel_soft_margin_loss)


class SoftMarginLoss(Loss):
    """``log(1 + exp(-y x))`` for targets 1 and -1; see `soft_margin_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> SoftMarginLoss()(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(ops.soft_margin_loss)


class _MarginLoss(Loss):
    """A loss with a margin."""

    settings = ("margin",)

    def __init__(
        self,
        margin: float = 0.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


class HingeEmbeddingLoss(_MarginLoss):
    """Distances that should be small (1) or large (-1); see `hinge_embedding_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> HingeEmbeddingLoss()(tensor([0.25]), tensor([-1.0]))
    tensor(0.7500)
    """

    function = staticmethod(ops.hinge_embedding_loss)

    def __init__(
        self,
        margin: float = 1.0,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)


class MarginRankingLoss(_MarginLoss):
    """Which of two should be larger; see `margin_ranking_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> MarginRankingLoss()(tensor([3.0]), tensor([1.0]), tensor([-1.0]))
    tensor(2.)
    """

    function = staticmethod(ops.margin_ranking_loss)


class CosineEmbeddingLoss(_MarginLoss):
    """Vectors that should point the same way (1), or not (-1); see `cosine_embedding_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> CosineEmbeddingLoss()(tensor([[1.0, 0.0]]), tensor([[0.0, 1.0]]), tensor([1]))
    tensor(1.)
    """

    function = staticmethod(ops.cosine_embedding_loss)


class TripletMarginLoss(Loss):
    """An anchor should be nearer to the positive than to the negative; see `triplet_margin_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> a, p, n = tensor([[0.0, 0.0]]), tensor([[3.0, 4.0]]), tensor([[0.0, 1.0]])
    >>> TripletMarginLoss()(a, p, n)
    tensor(5.0000)
    """

    function = staticmethod(ops.triplet_margin_loss)
    settings = ("margin", "p", "eps", "swap")

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap


class TripletMarginWithDistanceLoss(Loss):
    """The triplet loss with a distance of one's own; see `triplet_margin_with_distance_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> a, p, n = tensor([[0.0, 0.0]]), tensor([[3.0, 4.0]]), tensor([[0.0, 1.0]])
    >>> TripletMarginWithDistanceLoss(
    ...     distance_function=lambda a, b: abs(a - b).sum(-1)
    ... )(a, p, n)
    tensor(7.)
    """

    function = staticmethod(ops.triplet_margin_with_distance_loss)
    settings = ("distance_function", "margin", "swap")

    def __init__(
        self,
        *,
        distance_function: Callable[[Any, Any], Any] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.distance_function, self.margin, self.swap = distance_function, margin, swap
