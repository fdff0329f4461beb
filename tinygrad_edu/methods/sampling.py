"""Methods that draw random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import sampling
from ..errors import DTypeError, ShapeError, located
from ..ops.arguments import telling_methods
from ..random import numpy_generator
from ..sampling import bernoulli_array, integer_array, normal_array, uniform_array


def _only_floats(name: str, tensor: Any) -> None:
    if tensor.dtype.kind != "f":
        raise DTypeError(located(f"{name}: not implemented for {tensor.dtype}; use .float()"))


@telling_methods
class Sampling:
    """Random numbers from the probabilities in a tensor, or written into it.

    What is written in place has no history: gradients stop there.
    """

    bernoulli = sampling.bernoulli
    multinomial = sampling.multinomial

    def uniform_(
        self: Any, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **names: Any
    ) -> Any:
        """Fill with uniform numbers from ``from`` up to (not including) `to`."""
        _only_floats("uniform_", self)
        low, high = names.pop("from", from_), to
        if low > high:
            raise ShapeError(
                located(f"uniform_ expects a [from, to) range, but found from={low} > to={high}")
            )
        drawn = uniform_array(self.shape, self.dtype, generator)
        drawn *= high - low
        drawn += low
        return self._put(drawn)

    def normal_(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Fill with normal numbers."""
        _only_floats("normal_", self)
        if std < 0:
            raise ShapeError(located(f"normal_ expects std >= 0.0, but found std {std}"))
        drawn = normal_array(self.shape, self.dtype, generator)
        drawn *= std
        drawn += mean
        return self._put(drawn)

    def log_normal_(
        self: Any, mean: float = 1.0, std: float = 2.0, *, generator: Any = None
    ) -> Any:
        """Fill with numbers whose logarithms are normal."""
        _only_floats("log_normal_", self)
        drawn = normal_array(self.shape, np.dtype(np.float64), generator)
        return self._put(np.exp(drawn * std + mean).astype(self.dtype))

    def exponential_(self: Any, lambd: float = 1.0, *, generator: Any = None) -> Any:
        """Fill with exponential numbers of rate `lambd`."""
        _only_floats("exponential_", self)
        if lambd <= 0:
            raise ShapeError(located(f"exponential_ expects lambda > 0.0, but found {lambd}"))
        drawn = np.asarray(numpy_generator(generator).exponential(1.0 / lambd, self.shape))
        return self._put(drawn.astype(self.dtype))

    def cauchy_(
        self: Any, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None
    ) -> Any:
        """Fill with Cauchy numbers."""
        _only_floats("cauchy_", self)
        drawn = np.asarray(numpy_generator(generator).standard_cauchy(self.shape))
        return self._put((drawn * sigma + median).astype(self.dtype))

    def geometric_(self: Any, p: float, *, generator: Any = None) -> Any:
        """Fill with the numbers of trials up to the first success, of probability `p`."""
        if not 0 < p < 1:
            raise ShapeError(located(f"geometric_ expects p to be in (0, 1), but got p={p}"))
        drawn = np.asarray(numpy_generator(generator).geometric(p, self.shape))
        return self._put(drawn.astype(self.dtype))

    def bernoulli_(self: Any, p: Any = 0.5, *, generator: Any = None) -> Any:
        """Fill with 1 with probability `p`, else 0."""
        return self._put(bernoulli_array(self.shape, self.dtype, p, generator))

    def random_(self: Any, from_: Any = 0, to: Any = None, *, generator: Any = None) -> Any:
        """Fill with integers: below `to`, or below the first argument, or any that fit."""
        low, high = from_, to
        if high is None:
            low, high = 0, from_ or _largest(self.dtype) + 1
        return self._put(integer_array(int(low), int(high), self.shape, self.dtype, generator))


def _largest(dtype: np.dtype) -> int:
    """The largest integer up to which all are representable."""
    if dtype.kind == "f":
        return 2 ** (np.finfo(dtype).nmant + 1)
    return 1 if dtype.kind == "b" else int(np.iinfo(dtype).max) - (dtype == np.int64)
