"""The function under a U curve: moved along directions, in any dtype, and its true derivative."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..engine import LEAF, box, is_tensor
from ..errors import ShapeError, describe, located
from ..gradients import grad

_COMPLEX = {"float64": "complex128", "float32": "complex64"}
_TINY = 1e-20  # a complex step: its square is lost beside 1, and nothing is subtracted


def _signed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Random numbers of either sign, none near zero."""
    return rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)


class Probed:
    """A function of NumPy arrays or Tensors, evaluated beside a point."""

    def __init__(
        self, func: Callable[..., Any], inputs: Any, rng: np.random.Generator, directions: int
    ) -> None:
        self.func = func
        name = getattr(func, "__name__", type(func).__name__)
        self.name = "the function" if name == "<lambda>" else name
        alone = is_tensor(inputs) or not isinstance(inputs, (list, tuple))
        self.inputs = [inputs] if alone else list(inputs)
        self.tensors = any(is_tensor(x) for x in self.inputs)
        self.moved = self._moved()
        self.xs = [self._plain(self.inputs[k]) for k in self.moved]
        self.directions = [[_signed(rng, x.shape) for x in self.xs] for _ in range(directions)]
        with np.errstate(all="ignore"):
            self.y = self.call(self.xs)
        if not np.isfinite(self.y).all() or not self.y.size:
            what = "returns nothing" if not self.y.size else "is not finite"
            raise ValueError(located(f"step_curve: {self.name} {what} at these inputs"))
        self.g = _signed(rng, self.y.shape) if self.y.size > 1 else np.ones(1)
        self._widest: dict[str, str] = {}

    def _moved(self) -> list[int]:
        """The places of the inputs that a derivative exists for."""
        if self.tensors:
            places = [k for k, x in enumerate(self.inputs) if is_tensor(x) and x.dtype.kind == "f"]
            places = [k for k in places if self.inputs[k].requires_grad] or places
        else:
            places = [k for k, x in enumerate(self.inputs) if np.asarray(x).dtype.kind == "f"]
        if not any(np.size(self._plain(self.inputs[k])) for k in places):
            found = ", ".join(describe(x) for x in self.inputs) or "nothing"
            raise ValueError(
                located(f"step_curve: one input at least must hold floats; given {found}")
            )
        return places

    @staticmethod
    def _plain(x: Any) -> np.ndarray:
        return np.array(x._array if is_tensor(x) else x, np.float64)

    @cached_property
    def scale(self) -> float:
        """The size of the inputs as a power of ten, 1 at least."""
        size = max(float(np.sqrt(np.mean(x**2))) for x in self.xs if x.size)
        return float(10.0 ** max(0, round(np.log10(size)))) if 0 < size < np.inf else 1.0

    @property
    def size(self) -> float:
        """How large the values are, to tell a derivative that is zero but for round-off."""
        return float(np.linalg.norm(self.y))

    # ------------------------------------------------------------------------- values

    def call(self, xs: Sequence[np.ndarray]) -> np.ndarray:
        """The outputs as one flat array."""
        return np.concatenate([np.ravel(y) for y in self._arrays(self._result(xs))])

    def _result(self, xs: Sequence[np.ndarray]) -> Any:
        """What the function returns for `xs`; it gets arrays of its own, to change as it likes."""
        return self.func(*self._given([np.array(x) for x in xs], box if self.tensors else None))

    def _given(self, xs: Sequence[Any], wrap: Any = None) -> list[Any]:
        """The inputs with `xs` in the places that move."""
        given = [np.array(x) if isinstance(x, np.ndarray) else x for x in self.inputs]
        for k, x in zip(self.moved, xs, strict=True):
            given[k] = wrap(x) if wrap else x
        return given

    def _arrays(self, result: Any) -> list[np.ndarray]:
        many = result if isinstance(result, (tuple, list)) else [result]
        arrays = [np.array(y._array if is_tensor(y) else y) for y in many]
        if not arrays or any(a.dtype.kind not in "fiubc" for a in arrays):
            text = f"step_curve: {self.name} must return numbers, not {describe(result)}"
            raise TypeError(located(text))
        return arrays

    def total(self, direction: int, t: complex, dtype: str) -> Any:
        """``sum(g * y)`` at ``inputs + t * direction``; NaN where the function is not defined.

        All of it is in `dtype`, the sum as well: so does a loss add up its examples.
        """
        kind = np.dtype(_COMPLEX[dtype] if isinstance(t, complex) else dtype)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            moved = [
                x.astype(kind) + kind.type(t) * d.astype(kind)
                for x, d in zip(self.xs, self.directions[direction], strict=True)
            ]
            try:
                y = self.call(moved)
            except (ArithmeticError, ValueError):  # a singular matrix is a ValueError too
                return complex(np.nan, np.nan) if isinstance(t, complex) else np.nan
        if y.shape != self.y.shape:
            raise ShapeError(located(f"step_curve: {self.name} returns shapes that vary"))
        self._widest.setdefault(dtype, y.real.dtype.name)
        y = y * 1.0
        return np.sum(self.g.astype(y.real.dtype) * y).item()

    def widest(self, dtype: str) -> str:
        """The dtype of the outputs for inputs of `dtype`."""
        return self._widest.get(dtype, dtype)

    # ------------------------------------------------------------------------- the truth

    def reference(self, gradient: Any) -> tuple[np.ndarray, str, list[str]]:
        """The derivative along each direction, where it comes from, and notes."""
        notes = []
        if not np.array_equal(self.call(self.xs), self.y):
            notes.append("the function is random: its noise is the least error that can be seen")
        if gradient is not None:
            return self._along(self._formula(gradient)), "the gradient you gave", notes
        if self.tensors:
            return self._along(self._engine()), "the gradient of the engine", notes
        if not self.why_no_complex:
            return self._complex(), f"a complex step of {_TINY:.0e}", notes
        count = range(len(self.directions))
        return np.array([self._richardson(j) for j in count]), "Richardson's extrapolation", notes

    def _along(self, gradients: Sequence[np.ndarray]) -> np.ndarray:
        return np.array(
            [
                sum(float(np.sum(a * u)) for a, u in zip(gradients, d, strict=True))
                for d in self.directions
            ]
        )

    def _engine(self) -> list[np.ndarray]:
        leaves = [box(np.array(x), LEAF) for x in self.xs]
        result = self.func(*self._given(leaves))
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        parts = np.split(self.g, np.cumsum([y._array.size for y in outputs])[:-1])
        pairs = [
            (y, box(g.reshape(y.shape).astype(y.dtype)))
            for y, g in zip(outputs, parts, strict=True)
            if y.requires_grad
        ]
        if not pairs:
            return [np.zeros_like(x) for x in self.xs]
        ys, gs = zip(*pairs, strict=True)
        found = grad(ys, leaves, gs, allow_unused=True, materialize_grads=True)
        return [np.array(f._array) for f in found]

    def _formula(self, gradient: Any) -> list[np.ndarray]:
        """The gradients of ``sum(g * y)`` that a user's formula or arrays stand for."""
        if callable(gradient):
            y = np.array(self._arrays(self._result(self.xs))[0], np.float64)
            given = [x._array if is_tensor(x) else x for x in self._given(self.xs)]
            found = gradient(self.g.reshape(y.shape), y, *given)
            found = list(found) if isinstance(found, (tuple, list)) else [found]
            if len(found) == len(self.inputs):
                found = [found[k] for k in self.moved]
        elif self.y.size > 1:
            text = "step_curve: of a function of many outputs, gradient must be a formula"
            raise TypeError(located(f"{text} (g, y, *inputs) -> gradients"))
        else:
            found = list(gradient) if isinstance(gradient, (tuple, list)) else [gradient]
        arrays = [self._plain(f) for f in found]
        if [a.shape for a in arrays] != [x.shape for x in self.xs]:
            shapes = f"{[a.shape for a in arrays]} for inputs of {[x.shape for x in self.xs]}"
            raise ShapeError(located(f"step_curve: the gradients have shapes {shapes}"))
        return arrays

    def _complex(self) -> np.ndarray:
        count = range(len(self.directions))
        return np.array([self.total(j, 1j * _TINY, "float64").imag / _TINY for j in count])

    @cached_property
    def why_no_complex(self) -> str:
        """What stands against a complex step; empty if nothing does."""
        if self.tensors:
            return "Tensors hold no complex numbers"
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings():
                # NumPy only warns when it drops an imaginary part.
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                self.call([x + 0j for x in self.xs])
        except Exception as error:  # a user's function may raise anything here
            reason = str(error).partition("\n")[0] or type(error).__name__
            return f"given complex arrays, the function says: {reason}"
        exact, real = self._complex(), [self._richardson(j) for j in range(len(self.directions))]
        if np.allclose(exact, real, rtol=1e-4, atol=1e-7 * self.size):
            return ""
        return "the function uses abs, max or conj, which have no complex derivative"

    def _richardson(self, direction: int) -> float:
        """The derivative from centred differences at halved steps, extrapolated to step 0.

        Ridders' rule: the entry of the table that differs least from its neighbours is the best,
        for further ones are spoilt by round-off.
        """
        best, least, h = np.nan, np.inf, 0.25 * self.scale
        above: list[float] = []
        halvings = 0
        while halvings < 16 and h > 1e-12 * self.scale:
            ends = [self.total(direction, s * h, "float64") for s in (1, -1)]
            line = [(ends[0] - ends[1]) / (2 * h)]
            h /= 2
            if not np.isfinite(line[0]):
                continue  # outside the domain: begin further in
            for j, older in enumerate(above):
                line.append(line[j] + (line[j] - older) / (4.0 ** (j + 1) - 1))
                change = max(abs(line[j + 1] - line[j]), abs(line[j + 1] - older))
                if change < least:
                    best, least = line[j + 1], change
            above, halvings = line, halvings + 1
        return best
