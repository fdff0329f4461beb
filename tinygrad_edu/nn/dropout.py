"""Dropout and stochastic depth: noise in training that is absent in evaluation."""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Module

__all__ = ["Dropout", "StochasticDepth"]


def drop_probability(layer: str, p: float, keep_prob: float | None) -> float:
    """The probability to drop, given either way.

    Raises
    ------
    ValueError
        It is no probability.
    """
    name, value = ("dropout", p) if keep_prob is None else ("keep", keep_prob)
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{layer}: {name} probability has to be between 0 and 1, but got {value}")
    return p if keep_prob is None else 1.0 - keep_prob


class Dropout(Module):
    """Set elements to 0 at random in training, and divide the others by the probability to keep.

    Each element is kept with probability ``1 - p`` and becomes ``x / (1 - p)``: the mean stays, and
    the variance of the factor is ``p / (1 - p)``. In evaluation the layer does nothing ("inverted"
    dropout).

    Parameters
    ----------
    p : float
        Probability to **drop** an element, as in PyTorch. Some courses (CS231n since 2018) call the
        probability to keep it `p`: for them there are `keep_prob` and `keeping`.
    inplace : bool
        Write the result into the input.
    keep_prob : float, optional
        Probability to **keep** an element; takes the place of `p`.
    generator : Generator, optional
        Where the random numbers come from.

    Raises
    ------
    ValueError
        The probability is not between 0 and 1.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> Dropout(0.25), Dropout(keep_prob=0.75)
    (Dropout(p=0.25, inplace=False), Dropout(p=0.25, inplace=False))
    >>> Dropout(0.5).eval()(ones(3))
    tensor([1., 1., 1.])
    """

    def __init__(
        self,
        p: float = 0.5,
        inplace: bool = False,
        *,
        keep_prob: float | None = None,
        generator: Any = None,
    ) -> None:
        super().__init__()
        self.p = drop_probability("Dropout", p, keep_prob)
        self.inplace, self.generator = inplace, generator

    @classmethod
    def keeping(cls, keep_prob: float, inplace: bool = False, *, generator: Any = None) -> Dropout:
        """Make the layer from the probability to keep an element, as the lectures count.

        Examples
        --------
        >>> Dropout.keeping(0.75)
        Dropout(p=0.25, inplace=False)
        """
        return cls(inplace=inplace, keep_prob=keep_prob, generator=generator)

    def forward(self, input: Any) -> Any:
        return F.dropout(input, self.p, self.training, self.inplace, generator=self.generator)

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class StochasticDepth(Module):
    """Drop the whole input at random in training, or that of single examples.

    What stays is divided by the probability to keep it, so that in evaluation nothing has to be
    done. Put into the branch of a `Residual` block, it makes the network shallower at random (Huang
    et al. 2016).

    Parameters
    ----------
    p : float
        Probability to **drop**.
    mode : {"batch", "row"}
        Whether the examples of a batch share one draw.
    keep_prob : float, optional
        Probability to **keep**; takes the place of `p`.
    generator : Generator, optional
        Where the random numbers come from.

    Examples
    --------
    >>> from tinygrad_edu import ones
    >>> StochasticDepth(1.0, "row")(ones(2, 2))
    tensor([[0., 0.],
            [0., 0.]])
    >>> StochasticDepth(keep_prob=0.75)
    StochasticDepth(p=0.25, mode=batch)
    """

    def __init__(
        self,
        p: float = 0.5,
        mode: str = "batch",
        *,
        keep_prob: float | None = None,
        generator: Any = None,
    ) -> None:
        super().__init__()
        self.p = drop_probability("StochasticDepth", p, keep_prob)
        if mode not in ("batch", "row"):
            raise ValueError(f"StochasticDepth: mode must be 'batch' or 'row', not {mode!r}")
        self.mode, self.generator = mode, generator

    def forward(self, input: Any) -> Any:
        return F.stochastic_depth(input, self.p, self.mode, self.training, generator=self.generator)

    def extra_repr(self) -> str:
        return f"p={self.p}, mode={self.mode}"
