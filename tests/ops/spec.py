"""How one line puts an op under test.

An :class:`OpSpec` says what an op is called, what NumPy computes for it, and on which inputs to try
it. From that, ``test_table.py`` checks values, gradients, gradients of gradients, shapes, dtypes
and good manners, ``test_torch_oracle.py`` compares with PyTorch, and ``python -m tests.mutation``
proves that the checks notice a wrong formula.

Adding an op
------------
Find the file of its kind (``specs_elementwise.py`` for ``ops/arithmetic.py``, ``compare.py``,
``exponential.py``, ...; ``specs_reduce.py``, ``specs_linalg.py``, ...) and add a line to its list::

    (unary("log1p", -0.9, 3),)  # numpy.log1p, torch.log1p, on [-0.9, 3]
    (unary("abs", kinks=[0.0]),)  # at 0 the gradient is PyTorch's, exactly
    (binary("atan2", np.arctan2),)
    (
        binary(
            "add",
            variants=[{"alpha": 2.5}],
            operator="add",
            numpy=lambda x, y, alpha=1: ...,
        ),
    )
    (reduction("prod", np.prod, many=False),)  # many=False: dim must be one axis
    (
        op(
            "roll",
            lambda x, shifts, dims=None: np.roll(x, shifts, dims),
            lambda draw: [
                sample(draw(3, 4), 2),
                sample(draw(3, 4), (1, -2), dims=(0, 1)),
            ],
        ),
    )
    (
        loss(
            "mse_loss",
            lambda x, y: (x - y) ** 2,
            lambda draw: [(draw(3, 4), draw(3, 4))],
        ),
    )

``python -m tests.ops roll`` then runs all checks of that op and prints a line per failure.

The rules:

- A name is a path in torch and, the same, in tinygrad_edu: ``"exp"``, ``"linalg.norm"``,
  ``"nn.functional.mse_loss"``. Give ``torch=`` (a path, a function, or None) and ``ours=`` only
  where they differ from it.
- The NumPy reference takes what the op takes, with arrays for Tensors, and must be written from the
  definition, not from our code.
- In a sample every ndarray becomes a Tensor, also in lists and tuples (``cat``), and every floating
  one is differentiated, except those that ``.constant(i, ...)`` counts out. Other arguments are
  passed as they are. Keep arrays small (2 to 12 elements), of random values, never square.
- A sample made by ``kink(...)`` holds points where the derivative jumps or is not finite. There,
  value and gradient are compared with PyTorch, exactly, not with differences; and with the
  reference only where that is finite, so that it may be naive.
- ``draw`` makes the arrays: ``draw(3, 4)`` normal, ``draw.uniform(low, high, 3, 4)``,
  ``draw.spaced(3, 4)`` without ties (for max, sort, ...), ``draw.ints(low, high, 5)``,
  ``draw.bools(5)``.
- Flags of :class:`OpSpec` may be given to every helper: ``differentiable=False``, ``twice=False``,
  ``ints=False``, ``method=None``, ``torch_gradgrad=False``, ``rtol=...``.
"""

from __future__ import annotations

import functools
import itertools
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import tinygrad_edu

SAME = "same as the name"


class Draw:
    """Random arrays, from a seed."""

    def __init__(self, seed: int | str) -> None:
        self.rng = np.random.default_rng(zlib.crc32(str(seed).encode()))

    def __call__(self, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.standard_normal(shape))

    def uniform(self, low: float, high: float, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.uniform(low, high, shape))

    def positive(self, *shape: int) -> np.ndarray:
        return self.uniform(0.3, 2.5, *shape)

    def spaced(self, *shape: int) -> np.ndarray:
        """Values that differ by at least 0.1, in random order."""
        n = int(np.prod(shape))
        values = 0.2 * (np.arange(n) - n // 2) + self.rng.uniform(0.0, 0.1, n)
        return np.asarray(self.rng.permutation(values).reshape(shape))

    def away(
        self, low: float, high: float, shape: tuple[int, ...], kinks: Sequence[float]
    ) -> np.ndarray:
        """Uniform values, moved off the kinks by 0.05."""
        values = self.uniform(low, high, *shape)
        for kink in kinks:
            near = np.abs(values - kink) < 0.05
            values = np.where(near, kink + np.where(values < kink, -0.07, 0.07), values)
        return np.asarray(values)

    def ints(self, low: int, high: int, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.integers(low, high, shape))

    def bools(self, *shape: int) -> np.ndarray:
        return np.asarray(self.rng.integers(0, 2, shape).astype(bool))

    def probabilities(self, *shape: int) -> np.ndarray:
        """Positive values that sum to one along axis 1 (0 for a vector)."""
        p = self.uniform(0.2, 1.0, *shape)
        return p / p.sum(axis=min(1, p.ndim - 1), keepdims=True)


def arrays_in(value: Any) -> Iterator[np.ndarray]:
    """The ndarrays in nested lists, tuples and dicts, from left to right."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from arrays_in(v)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))


def with_arrays(value: Any, new: Iterator[Any]) -> Any:
    """The same nest, with its ndarrays replaced by the next of `new`."""
    if isinstance(value, np.ndarray):
        return next(new)
    if isinstance(value, (list, tuple)):
        return type(value)(with_arrays(v, new) for v in value)
    if isinstance(value, dict):
        return {k: with_arrays(v, new) for k, v in value.items()}
    return value


@dataclass(frozen=True)
class Sample:
    """One call of an op: its arguments, and which of the arrays among them are constants."""

    inputs: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    constants: frozenset[int] = frozenset()
    at_kink: bool = False

    def constant(self, *which: int) -> Sample:
        """The same, with the arrays of these numbers not differentiated."""
        return replace(self, constants=frozenset(which))

    @functools.cached_property
    def arrays(self) -> list[np.ndarray]:
        return list(arrays_in([self.inputs, self.kwargs]))

    @functools.cached_property
    def active(self) -> list[int]:
        """The arrays that are differentiated."""
        return [
            i for i, a in enumerate(self.arrays) if a.dtype.kind == "f" and i not in self.constants
        ]

    def call(self, function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
        """Call `function` with `arrays` in the places of this sample's arrays."""
        inputs, kwargs = with_arrays([self.inputs, self.kwargs], iter(arrays))
        return function(*inputs, **kwargs)

    def __str__(self) -> str:
        def short(value: Any) -> Any:
            names = (Shown(f"{a.dtype}{list(a.shape)}") for a in arrays_in(value))
            return with_arrays(value, names)

        options = [f"{k}={short(v)!r}" for k, v in self.kwargs.items()]
        return "(" + ", ".join([repr(short(v)) for v in self.inputs] + options) + ")"


class Shown(str):
    __repr__ = str.__str__  # type: ignore[assignment]


def sample(*inputs: Any, **kwargs: Any) -> Sample:
    """One call to try."""
    return Sample(inputs, kwargs)


def kink(*inputs: Any, **kwargs: Any) -> Sample:
    """One call at points where differences say nothing: PyTorch's convention counts."""
    return Sample(inputs, kwargs, at_kink=True)


@dataclass(frozen=True)
class OpSpec:
    """What must be known about an op to test it.

    Attributes
    ----------
    name
        Path in torch and in tinygrad_edu; ``label`` tells two specs of one op apart.
    numpy
        Reference, or None if there is nothing simpler than the op itself.
    make
        ``make(draw)`` gives the samples.
    ours, torch
        The op and the oracle, if not found under `name`; ``torch=None`` if PyTorch lacks it.
    method
        The name of the Tensor method: the last part of `name` if Tensor has it; None for none.
    operator
        Such as "add": ``x + y`` and ``2 + x`` are compared, too.
    protocol
        A NumPy function that must give the same on Tensors; a ufunc given as `numpy` is one.
    differentiable
        False: the result has no history.
    twice
        Whether gradients of gradients are tested; `torch_gradgrad`: also against PyTorch.
    elementwise
        How many inputs broadcast against each other: `fresh` draws them in any shape.
    reduces
        Takes `dim` and `keepdim`; `fresh` draws its input.
    keeps_dtype
        Whether float32 stays float32.
    ints
        Whether integer and bool versions of the samples are compared with PyTorch.
    """

    name: str
    numpy: Callable[..., Any] | None
    make: Callable[[Draw], list[Sample]]
    label: str = ""
    ours: Callable[..., Any] | None = None
    torch: str | Callable[..., Any] | None = SAME
    method: str | None = SAME
    operator: str = ""
    protocol: Callable[..., Any] | None = None
    differentiable: bool = True
    twice: bool = True
    torch_gradgrad: bool = True
    elementwise: int = 0
    reduces: bool = False
    fresh: Callable[..., np.ndarray] | None = None
    ints: bool = True
    keeps_dtype: bool = True
    rtol: float = 1e-7
    low_rtol: float = 2e-5

    @property
    def id(self) -> str:
        return f"{self.name}-{self.label}" if self.label else self.name

    @property
    def short(self) -> str:
        """The name without its path."""
        return self.name.rpartition(".")[2]

    @functools.cached_property
    def function(self) -> Callable[..., Any]:
        """The op under test."""
        return self.ours or find(self.name)

    @functools.cached_property
    def samples(self) -> list[Sample]:
        return self.make(Draw(self.id))

    @property
    def method_name(self) -> str | None:
        if self.method != SAME:
            return self.method
        return self.short if hasattr(tinygrad_edu.Tensor, self.short) else None

    def draw(self, what: str) -> Draw:
        """Random numbers for one check of this op."""
        return Draw(f"{self.id} {what}")


def find(path: str) -> Callable[..., Any]:
    """An op of tinygrad_edu by its path, or by the last part of it."""
    found: Any = tinygrad_edu
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is None:
        found = getattr(tinygrad_edu, path.rpartition(".")[2], None)
    if found is None:
        raise AttributeError(f"tinygrad_edu has no op {path!r} yet")
    return found


# ------------------------------------------------------------------------------ one-line helpers


def op(
    name: str,
    numpy: Callable[..., Any] | None,
    samples: Callable[[Draw], list[Sample]],
    **flags: Any,
) -> OpSpec:
    """Any op: its reference and its samples."""
    return OpSpec(name, numpy, samples, **flags)


def unary(
    name: str,
    low: float = -2.0,
    high: float = 2.0,
    numpy: Callable[..., Any] | None = None,
    *,
    kinks: Sequence[float] = (),
    edges: Sequence[float] = (),
    variants: Sequence[dict[str, Any]] = ({},),
    more: Callable[[Draw], list[Sample]] | None = None,
    **flags: Any,
) -> OpSpec:
    """An elementwise op of one input, tried on values from `low` to `high`.

    Parameters
    ----------
    numpy
        ``getattr(numpy, name)`` unless given.
    kinks, edges
        Values where the derivative jumps, and others to be compared with PyTorch only (large
        ones, infinities, values outside the domain).
    variants
        Keyword arguments to try.
    more
        Further samples.
    """
    if numpy is None:
        numpy = getattr(np, name)

    def fresh(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
        return draw.away(low, high, shape, kinks)

    def samples(draw: Draw) -> list[Sample]:
        found = [
            sample(fresh(draw, shape), **kwargs)
            for kwargs in variants
            for shape in [(3, 4), (5,), (), (0, 3)]
        ]
        if kinks or edges:
            at = np.array([*kinks, *edges])
            found += [kink(at, **kwargs) for kwargs in variants]
        return found + (more(draw) if more else [])

    return OpSpec(name, numpy, samples, elementwise=1, fresh=fresh, **flags)


PAIRS = [
    ((3, 4), (3, 4)),
    ((2, 3), (3,)),
    ((3, 1), (1, 4)),
    ((2, 1, 2), (3, 1)),
    ((4,), ()),
    ((), (3,)),
    ((), ()),
    ((0, 3), (3,)),
]


def binary(
    name: str,
    numpy: Callable[..., Any] | None = None,
    low: float = -2.0,
    high: float = 2.0,
    *,
    ties: Sequence[tuple[float, float]] = (),
    scalars: Sequence[float] = (1.5, 2),
    variants: Sequence[dict[str, Any]] = ({},),
    spread: bool = False,
    more: Callable[[Draw], list[Sample]] | None = None,
    **flags: Any,
) -> OpSpec:
    """An elementwise op of two inputs that broadcast.

    Parameters
    ----------
    numpy
        ``getattr(numpy, name)`` unless given.
    low, high
        From where values are drawn.
    ties
        Pairs of values where the derivative jumps or is not finite.
    scalars
        Python numbers to try as the second input.
    spread
        Draw the inputs so that no two values are near each other.
    """
    if numpy is None:
        numpy = getattr(np, name)

    def fresh(draw: Draw, shape: tuple[int, ...], which: int = 0) -> np.ndarray:
        if spread:  # one input on even, the other on odd multiples of 0.1
            steps = draw.ints(int(low * 5), int(high * 5), *shape)
            return np.asarray(0.2 * steps + 0.1 * which + draw.uniform(-0.01, 0.01, *shape))
        return draw.uniform(low, high, *shape)

    def samples(draw: Draw) -> list[Sample]:
        found = []
        for kwargs in variants:
            found += [sample(fresh(draw, a), fresh(draw, b, 1), **kwargs) for a, b in PAIRS]
            found += [sample(fresh(draw, (2, 3)), number, **kwargs) for number in scalars]
            if ties:
                x, y = np.array(ties, float).T
                found.append(kink(x, y, **kwargs))
        return found + (more(draw) if more else [])

    return OpSpec(name, numpy, samples, elementwise=2, fresh=fresh, **flags)


def reduction(
    name: str,
    numpy: Callable[..., Any],
    *,
    values: str = "normal",
    whole: bool = True,
    many: bool = True,
    empty: bool = True,
    needs_dim: bool = False,
    keeps: bool = True,
    kinks: Sequence[Any] = (),
    variants: Sequence[dict[str, Any]] = ({},),
    more: Callable[[Draw], list[Sample]] | None = None,
    **flags: Any,
) -> OpSpec:
    """An op along axes. The reference takes ``(x, axis=, keepdims=)`` and the `variants`.

    Parameters
    ----------
    values
        The method of :class:`Draw` that makes the input: "normal", "positive", "spaced", "bools".
    whole
        Whether the op takes no `dim` (all axes at once); `needs_dim` says that it must be given.
    many
        Whether `dim` may name several axes.
    empty
        Whether reducing no elements is allowed.
    keeps
        Whether the op takes `keepdim`.
    kinks
        Arrays (with ties, zeros, ...) where PyTorch's convention counts.
    """

    def reference(x: Any, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
        axis = tuple(dim) if isinstance(dim, (list, tuple)) else dim
        if x.ndim == 0:  # the one number is an axis of length 1 to PyTorch, no axis to NumPy
            return numpy(x.reshape(1), axis=0, **kwargs).reshape(np.shape(x) if keeps else ())
        if keeps:
            kwargs["keepdims"] = keepdim
        return numpy(x, axis=axis, **kwargs)

    def fresh(draw: Draw, shape: tuple[int, ...]) -> np.ndarray:
        return (draw if values == "normal" else getattr(draw, values))(*shape)

    def samples(draw: Draw) -> list[Sample]:
        found = []
        keep = {"keepdim": True} if keeps else {}
        for kwargs in variants:
            if whole and not needs_dim:
                found += [sample(fresh(draw, s), **kwargs) for s in [(2, 3), (4,), ()]]
            found += [
                sample(fresh(draw, (3, 4)), dim=0, **kwargs),
                sample(fresh(draw, (2, 3, 2)), dim=1, **keep, **kwargs),
                sample(fresh(draw, (2, 3, 2)), dim=-1, **kwargs),
                sample(fresh(draw, (2, 3)), -2, **kwargs),
                sample(fresh(draw, ()), dim=0, **kwargs),
            ]
            if keeps:
                found.append(sample(fresh(draw, (2, 3)), 1, True, **kwargs))
            if many:
                found += [
                    sample(fresh(draw, (2, 3, 2)), dim=(0, 2), **kwargs),
                    sample(fresh(draw, (2, 3, 2)), dim=[-1, 1], **keep, **kwargs),
                    sample(fresh(draw, (2, 3)), dim=(1,), **kwargs),
                ]
            found.append(sample(fresh(draw, (3, 0)), dim=0, **kwargs))
            if empty:
                found.append(sample(fresh(draw, (3, 0)), dim=1, **kwargs))
            found += [kink(np.array(k), **kwargs) for k in kinks if whole and not needs_dim]
            found += [kink(np.array(k), dim=-1, **kwargs) for k in kinks]
        return found + (more(draw) if more else [])

    return OpSpec(name, reference, samples, reduces=True, fresh=fresh, **flags)


def loss(
    name: str,
    elements: Callable[..., Any],
    arguments: Callable[[Draw], list[tuple[Any, ...] | Sample]],
    *,
    mean: Callable[..., Any] | None = None,
    variants: Sequence[dict[str, Any]] = ({},),
    kinks: Callable[[Draw], list[tuple[Any, ...]]] | None = None,
    **flags: Any,
) -> OpSpec:
    """A loss with a `reduction`.

    Parameters
    ----------
    elements
        Reference for ``reduction="none"``.
    arguments
        ``arguments(draw)`` gives tuples of arguments (or whole samples).
    mean
        Reference for ``reduction="mean"``, if it is not the plain mean of the elements.
    """

    def reference(*args: Any, reduction: str = "mean", **kwargs: Any) -> Any:
        if reduction == "mean" and mean is not None:
            return mean(*args, **kwargs)
        losses = elements(*args, **kwargs)
        return {"none": lambda a: a, "mean": np.mean, "sum": np.sum}[reduction](losses)

    def samples(draw: Draw) -> list[Sample]:
        found = []
        reductions = [{}, {"reduction": "sum"}, {"reduction": "none"}, {"reduction": "mean"}]
        for kwargs, reduced in itertools.product(variants, reductions):
            for given in arguments(draw):
                base = given if isinstance(given, Sample) else sample(*given)
                found.append(replace(base, kwargs={**base.kwargs, **kwargs, **reduced}))
            for given in kinks(draw) if kinks else []:
                found.append(kink(*given, **kwargs, **reduced))
        return found

    flags.setdefault("ints", False)
    flags.setdefault("method", None)
    return OpSpec(name, reference, samples, **flags)
