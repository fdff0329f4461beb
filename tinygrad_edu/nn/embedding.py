"""Embedding: a vector to learn for each word, or whatever else is counted."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..engine import raw
from ..errors import ShapeError
from ..random import numpy_generator
from .initial import blank, check_sizes, write
from .module import Module
from .parameter import Parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """A table of vectors, from which indices take rows.

    Parameters
    ----------
    num_embeddings : int
        How many rows the table has.
    embedding_dim : int
        The size of a row.
    padding_idx : int, optional
        This row starts as zeros and gets no gradient.
    max_norm : float, optional
        Rows that are used and whose norm is larger are first scaled down to it, in place.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide the gradient of a row by how often it is used in the batch.
    sparse : bool
        Has no effect: gradients are arrays.
    device : {"cpu"}, optional
        Taken for PyTorch's sake.
    dtype : dtype, optional
        Of the table.
    generator : Generator, optional
        Where the initial values come from: normal with mean 0 and variance 1.

    Raises
    ------
    AssertionError
        `padding_idx` is no row (as in PyTorch).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> Embedding(10, 3)(tensor([[1, 2], [2, 9]])).shape
    (2, 2, 3)
    >>> Embedding(10, 3, padding_idx=0)
    Embedding(10, 3, padding_idx=0)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Any = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        generator: Any = None,
    ) -> None:
        super().__init__()
        check_sizes("Embedding", num_embeddings=num_embeddings, embedding_dim=embedding_dim)
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = _row(padding_idx, num_embeddings)
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if _weight is None:
            self.weight = blank((num_embeddings, embedding_dim), device, dtype)
            self.reset_parameters(generator)
            self.weight.requires_grad_(not _freeze)
        else:
            if tuple(_weight.shape) != (num_embeddings, embedding_dim):
                raise ShapeError(
                    f"Embedding: _weight must have shape {(num_embeddings, embedding_dim)}, "
                    f"not {tuple(_weight.shape)}"
                )
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Any,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """Make the layer from a table of vectors, whose memory is shared.

        Parameters
        ----------
        embeddings : Tensor of shape (number of rows, size)
        freeze : bool
            Whether it is kept as it is, without a gradient.

        Examples
        --------
        >>> from tinygrad_edu import tensor
        >>> Embedding.from_pretrained(tensor([[1.0, 2.0], [3.0, 4.0]]))(tensor([1]))
        tensor([[3., 4.]])
        """
        if raw(embeddings).ndim != 2:
            raise ShapeError(
                "Embedding.from_pretrained: embeddings must be 2-D (rows, size), but have shape "
                f"{tuple(raw(embeddings).shape)}"
            )
        rows, size = raw(embeddings).shape
        return cls(
            rows,
            size,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def reset_parameters(self, generator: Any = None) -> None:
        """Draw the table anew; the row of the padding becomes zeros."""
        write(self.weight, numpy_generator(generator).standard_normal(self.weight.shape))
        if self.padding_idx is not None:
            raw(self.weight)[self.padding_idx] = 0

    def forward(self, input: Any) -> Any:
        return ops.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        defaults = {
            "padding_idx": None,
            "max_norm": None,
            "norm_type": 2.0,
            "scale_grad_by_freq": False,
        }
        for name, default in defaults.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)}"
        return text + ", sparse=True" * bool(self.sparse)


def _row(padding_idx: int | None, rows: int) -> int | None:
    """The row of the padding, counted from the front."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise AssertionError(f"Embedding: padding_idx {padding_idx} must be within the {rows} rows")
    return padding_idx % rows
