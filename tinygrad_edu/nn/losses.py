"""Losses as modules: each calls the function of `functional` whose name is like its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..ops.loss import legacy_reduction
from .module import Module

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "NLLLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
]


class Loss(Module):
    """What losses share: the reduction, and a call of `function` with the settings named.

    Parameters
    ----------
    size_average, reduce : bool, optional
        PyTorch's old way to say `reduction`.
    reduction : {"mean", "sum", "none"}
    """

    function: Callable[..., Any]
    settings: tuple[str, ...] = ()

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = legacy_reduction(reduction, size_average, reduce)

    def forward(self, *inputs: Any) -> Any:
        options = {name: getattr(self, name) for name in self.settings}
        return type(self).function(*inputs, reduction=self.reduction, **options)


class WeightedLoss(Loss):
    """A loss with a weight for each class, which is saved with the model but not trained."""

    settings: tuple[str, ...] = ("weight",)

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class CrossEntropyLoss(WeightedLoss):
    """The softmax loss of scores, for class indices or probabilities; see `cross_entropy`.

    Examples
    --------
    >>> from tinygrad_edu import tensor, zeros
    >>> CrossEntropyLoss()(zeros(1, 10), tensor([3]))
    tensor(2.3026)
    """

    function = staticmethod(ops.cross_entropy)
    settings = ("weight", "ignore_index", "label_smoothing")

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class NLLLoss(WeightedLoss):
    """Minus the log-probability of the right class; see `nll_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> NLLLoss()(tensor([[-0.5, -1.0]]), tensor([1]))
    tensor(1.)
    """

    function = staticmethod(ops.nll_loss)
    settings = ("weight", "ignore_index")

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index


class MSELoss(Loss):
    """The mean squared error; see `mse_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> MSELoss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(2.)
    """

    function = staticmethod(ops.mse_loss)


class L1Loss(Loss):
    """The mean absolute error; see `l1_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> L1Loss()(tensor([1.0, 2.0]), tensor([1.0, 4.0]))
    tensor(1.)
    """

    function = staticmethod(ops.l1_loss)


class SmoothL1Loss(Loss):
    """Squares for small errors, absolute values for large ones; see `smooth_l1_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> SmoothL1Loss(beta=2.0)(tensor([3.0]), tensor([0.0]))
    tensor(2.)
    """

    function = staticmethod(ops.smooth_l1_loss)
    settings = ("beta",)

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta


class HuberLoss(Loss):
    """Squares for small errors, absolute values for large ones; see `huber_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> HuberLoss(delta=2.0)(tensor([3.0]), tensor([0.0]))
    tensor(4.)
    """

    function = staticmethod(ops.huber_loss)
    settings = ("delta",)

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta


class BCELoss(WeightedLoss):
    """Binary cross-entropy of probabilities; see `binary_cross_entropy`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> BCELoss()(tensor([0.5]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(ops.binary_cross_entropy)


class BCEWithLogitsLoss(WeightedLoss):
    """Binary cross-entropy of scores; see `binary_cross_entropy_with_logits`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> BCEWithLogitsLoss()(tensor([0.0]), tensor([1.0]))
    tensor(0.6931)
    """

    function = staticmethod(ops.binary_cross_entropy_with_logits)
    settings = ("weight", "pos_weight")

    def __init__(
        self,
        weight: Any = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Any = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)


class KLDivLoss(Loss):
    """The Kullback-Leibler divergence; see `kl_div`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> KLDivLoss(reduction="batchmean")(tensor([[-1.0, -1.0]]), tensor([[0.0, 1.0]]))
    tensor(1.)
    """

    function = staticmethod(ops.kl_div)
    settings = ("log_target",)

    def __init__(
        self,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target


class PoissonNLLLoss(Loss):
    """Counts with a Poisson rate; see `poisson_nll_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> PoissonNLLLoss()(tensor([0.0]), tensor([2.0]))
    tensor(1.)
    """

    function = staticmethod(ops.poisson_nll_loss)
    settings = ("log_input", "full", "eps")

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input, self.full, self.eps = log_input, full, eps


class GaussianNLLLoss(Loss):
    """Normal targets whose variance is predicted, too; see `gaussian_nll_loss`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> GaussianNLLLoss()(tensor([1.0]), tensor([3.0]), tensor([1.0]))
    tensor(2.)
    """

    function = staticmethod(ops.gaussian_nll_loss)
    settings = ("full", "eps")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps
