"""Residual blocks, and networks of them whose depth is drawn anew in each step."""

from __future__ import annotations

from typing import Any

from ..engine import raw
from ..errors import ShapeError, located
from ..random import numpy_generator
from .module import Module

__all__ = ["Residual", "expected_depth", "survival_probabilities"]


def survival_probabilities(blocks: int, last: float = 0.5) -> list[float]:
    """How likely each block is kept: ``p_l = 1 - (l / L) (1 - p_L)``, for l from 1 to L.

    The first blocks, from which all others take their input, are the likeliest to stay (Huang et
    al. 2016).

    Parameters
    ----------
    blocks : int
        L, the number of blocks.
    last : float
        p_L, for the last one.

    Raises
    ------
    ValueError
        `last` is no probability, or `blocks` no count.

    Examples
    --------
    >>> survival_probabilities(4)
    [0.875, 0.75, 0.625, 0.5]
    """
    if blocks < 0:
        raise ValueError(f"survival_probabilities: blocks must not be negative, but is {blocks}")
    if not 0.0 <= last <= 1.0:
        raise ValueError(f"survival_probabilities: last has to be between 0 and 1, but got {last}")
    return [1.0 - block / blocks * (1.0 - last) for block in range(1, blocks + 1)]


def expected_depth(blocks: int, last: float = 0.5) -> float:
    """How many of the blocks are kept on average: the sum of their probabilities.

    Examples
    --------
    >>> expected_depth(10, 0.5)
    7.25
    """
    return sum(survival_probabilities(blocks, last))


class Residual(Module):
    """``x + f(x)``: a block that learns what to add to its input.

    With ``keep_prob < 1`` it has stochastic depth: in training the block is left out at random,
    and then costs nothing, neither forward nor backward; where it stays, its branch counts
    ``f(x) / keep_prob``. In evaluation it is ``x + f(x)``.

    Parameters
    ----------
    body : Module
        The branch f; its result has the shape of its input.
    keep_prob : float
        Probability that the branch is kept in a step.
    generator : Generator, optional
        Where the random numbers come from.

    Attributes
    ----------
    kept : bool
        Whether the branch was there in the last call.

    Raises
    ------
    ValueError
        `keep_prob` is no probability.
    ShapeError
        The branch changes the shape.

    Examples
    --------
    >>> from tinygrad_edu import nn, tensor
    >>> Residual(nn.ReLU())(tensor([-1.0, 2.0]))
    tensor([-1.,  4.])
    >>> Residual(nn.ReLU(), keep_prob=0.0)(tensor([-1.0, 2.0]))
    tensor([-1.,  2.])
    """

    def __init__(self, body: Module, keep_prob: float = 1.0, *, generator: Any = None) -> None:
        super().__init__()
        if not 0.0 <= keep_prob <= 1.0:
            raise ValueError(
                f"Residual: keep probability has to be between 0 and 1, but got {keep_prob}"
            )
        self.body = body
        self.keep_prob, self.generator, self.kept = keep_prob, generator, True

    @classmethod
    def stack(cls, *bodies: Module, last: float = 0.5, generator: Any = None) -> list[Residual]:
        """Blocks kept with the `survival_probabilities`, from the first body to the last.

        Examples
        --------
        >>> from tinygrad_edu import nn
        >>> [block.keep_prob for block in Residual.stack(nn.Linear(3, 3), nn.Linear(3, 3))]
        [0.75, 0.5]
        """
        chances = survival_probabilities(len(bodies), last)
        return [cls(f, p, generator=generator) for f, p in zip(bodies, chances, strict=True)]

    def forward(self, input: Any) -> Any:
        keep = self.keep_prob if self.training else 1.0
        self.kept = keep == 1.0 or bool(numpy_generator(self.generator).random() < keep)
        if not self.kept:
            return input
        branch = self.body(input)
        if raw(branch).shape != raw(input).shape:
            raise ShapeError(
                located(
                    f"Residual: the branch made shape {raw(branch).shape} of {raw(input).shape}; "
                    "both are added, so it must keep the shape"
                )
            )
        return input + (branch if keep == 1.0 else branch / keep)

    def extra_repr(self) -> str:
        return f"keep_prob={self.keep_prob}" if self.keep_prob != 1.0 else ""
