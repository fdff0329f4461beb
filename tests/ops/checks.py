"""What is checked of every op: functions of an OpSpec, so that the mutation script runs them too.

Each raises AssertionError with the call that failed. ``CHECKS`` lists them all.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

import tinygrad_edu
from tinygrad_edu import Tensor
from tinygrad_edu.engine import state

from . import differences
from .spec import Draw, OpSpec, Sample

Check = Callable[[OpSpec], None]
CHECKS: dict[str, Check] = {}


def check(function: Check) -> Check:
    """Enter a check in the table."""
    CHECKS[function.__name__] = function
    return function


# ---------------------------------------------------------------------------------------- tools


@contextmanager
def about(spec: OpSpec, sample: Sample, what: str = "") -> Iterator[None]:
    """Say which call failed, and let no warning and no change of np.seterr pass."""
    before = np.geterr()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            yield
    except Exception as error:
        text = f"{spec.id}{sample}{' ' + what if what else ''}: {type(error).__name__}: {error}"
        raise AssertionError(text) from error
    assert np.geterr() == before, f"{spec.id}{sample}: np.seterr was changed"


def flat(result: Any) -> list[Any]:
    """The leaves of a result: one value, or those in tuples and lists."""
    if isinstance(result, (tuple, list)):
        return [leaf for part in result for leaf in flat(part)]
    return [result]


def plain(value: Any) -> np.ndarray:
    """The array in a Tensor, or any other value as an array."""
    return value.detach().numpy() if isinstance(value, Tensor) else np.asarray(value)


def close(actual: Any, expected: Any, rtol: float, atol: float, what: str) -> None:
    """Equal shapes, and equal values up to a tolerance."""
    actual, expected = plain(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{what} has shape {actual.shape}, not {expected.shape}"
    if actual.dtype.kind != "f":
        rtol = atol = 0
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol, equal_nan=True, err_msg=what)


def identical(actual: Any, expected: Any, what: str) -> None:
    """Equal structure, shapes, dtypes and values."""
    ours, theirs = flat(actual), flat(expected)
    assert len(ours) == len(theirs), f"{what}: {len(ours)} results, not {len(theirs)}"
    for a, b in zip(map(plain, ours), map(plain, theirs), strict=True):
        assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, not {b.dtype}"
        assert a.shape == b.shape, f"{what}: shape {a.shape}, not {b.shape}"
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13, equal_nan=True, err_msg=what)


class Call:
    """One call of an op on Tensors, with a random upstream gradient for each floating result.

    Parameters
    ----------
    spec, sample
        What to call.
    arrays
        Take the place of the sample's arrays.
    dtype
        To which floating arrays and upstream gradients are converted.
    """

    def __init__(
        self,
        spec: OpSpec,
        sample: Sample,
        arrays: Sequence[np.ndarray] | None = None,
        upstream: Sequence[np.ndarray] | None = None,
        dtype: Any = np.float64,
        function: Callable[..., Any] | None = None,
    ) -> None:
        self.spec, self.sample = spec, sample
        arrays = sample.arrays if arrays is None else arrays
        if dtype != np.float64:
            arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in arrays]
        active = sample.active if spec.differentiable else []
        self.tensors = [Tensor(a, requires_grad=i in active) for i, a in enumerate(arrays)]
        self.inputs = [self.tensors[i] for i in active]
        self.result = sample.call(function or spec.function, self.tensors)
        self.outputs = flat(self.result)
        self.live = [o for o in self.outputs if isinstance(o, Tensor) and o.requires_grad]
        if upstream is None:
            draw = spec.draw(f"upstream{sample}")
            upstream = [draw(*o.shape).astype(o.dtype) for o in self.live]
        self.upstream = list(upstream)

    def gradients(self) -> list[np.ndarray]:
        """Of the results times the upstream gradients, for each differentiated input."""
        if not self.live:
            return [np.zeros(t.shape, t.dtype) for t in self.inputs]
        upstream = [Tensor(u) for u in self.upstream]
        found = tinygrad_edu.autograd.grad(self.live, self.inputs, upstream, allow_unused=True)
        return [
            np.zeros(t.shape, t.dtype) if g is None else plain(g)
            for g, t in zip(found, self.inputs, strict=True)
        ]

    def second(self) -> tuple[list[Any], list[Any], list[np.ndarray], list[Any]]:
        """First gradients with their history, what they depend on, random weights, and the
        gradients of the weighted first gradients."""
        us = [Tensor(u, requires_grad=True) for u in self.upstream]
        first = tinygrad_edu.autograd.grad(
            self.live, self.inputs, us, create_graph=True, allow_unused=True
        )
        draw = self.spec.draw(f"second{self.sample}")
        weights = [draw(*t.shape).astype(t.dtype) for t in self.inputs]
        pairs = [
            (g, Tensor(w))
            for g, w in zip(first, weights, strict=True)
            if g is not None and g.requires_grad
        ]
        variables = [*self.inputs, *us]
        if not pairs:
            return list(first), variables, weights, [None] * len(variables)
        found = tinygrad_edu.autograd.grad(
            [g for g, _ in pairs], variables, [w for _, w in pairs], allow_unused=True
        )
        return list(first), variables, weights, list(found)


def smooth(spec: OpSpec) -> Iterator[Sample]:
    """The samples where differences make sense."""
    return (s for s in spec.samples if not s.at_kink and s.active)


def dot(us: Sequence[Any], vs: Sequence[Any]) -> float:
    return float(sum(np.vdot(u, v) for u, v in zip(us, vs, strict=True)))


# --------------------------------------------------------------------------------------- checks


@check
def value(spec: OpSpec) -> None:
    """The result is NumPy's, in shape and value, and a Tensor."""
    for sample in spec.samples:
        with about(spec, sample):
            result = sample.call(spec.function, [Tensor(a) for a in sample.arrays])
            if spec.numpy is None:
                continue
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # those of the reference
                expected = flat(sample.call(spec.numpy, sample.arrays))
            found = flat(result)
            assert len(found) == len(expected), f"{len(found)} results, not {len(expected)}"
            for actual, wanted in zip(found, expected, strict=True):
                if isinstance(wanted, (np.ndarray, np.generic)):
                    assert isinstance(actual, Tensor), f"a {type(actual).__name__}, not a Tensor"
                if sample.at_kink:
                    actual, wanted = where_finite(plain(actual), np.asarray(wanted))
                close(actual, wanted, 1e-9, 1e-11, "the result")


def where_finite(actual: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both, without the elements where the reference fails."""
    assert actual.shape == wanted.shape, f"the result has shape {actual.shape}, not {wanted.shape}"
    return actual[np.isfinite(wanted)], wanted[np.isfinite(wanted)]


@check
def gradient(spec: OpSpec) -> None:
    """The gradient is that of sixth-order differences, under a random upstream gradient."""
    if not spec.differentiable:
        return no_history(spec)
    for sample in smooth(spec):
        with about(spec, sample):
            call = Call(spec, sample)
            assert call.live, "no result requires grad, though an input does"
            floating = [isinstance(o, Tensor) and o.requires_grad for o in call.outputs]

            def loss(
                *arrays: Any, sample: Sample = sample, call: Call = call, floating: Any = floating
            ) -> float:
                outputs = flat(sample.call(spec.function, arrays))
                live = [o for o, keep in zip(outputs, floating, strict=True) if keep]
                return dot(live, call.upstream)

            expected = differences.gradient(loss, sample.arrays, sample.active)
            for i, a, e in zip(sample.active, call.gradients(), expected, strict=True):
                close(a, e, spec.rtol, 10 * spec.rtol, f"the gradient of input {i}")
    return None


def no_history(spec: OpSpec) -> None:
    for sample in spec.samples:
        with about(spec, sample):
            tensors = [Tensor(a, requires_grad=a.dtype.kind == "f") for a in sample.arrays]
            for out in flat(sample.call(spec.function, tensors)):
                assert not (isinstance(out, Tensor) and out.requires_grad), "it has a history"


@check
def second_gradient(spec: OpSpec) -> None:
    """Gradients of gradients, for inputs and upstream gradient, are those of differences."""
    if not (spec.differentiable and spec.twice):
        return
    for sample in smooth(spec):
        with about(spec, sample):
            call = Call(spec, sample)
            quick = call.gradients()
            call = Call(spec, sample)
            first, _, weights, found = call.second()
            for g, q in zip(first, quick, strict=True):
                close(
                    np.zeros_like(q) if g is None else g, q, 1e-10, 1e-12, "the recorded gradient"
                )
            many = len(sample.arrays)

            def first_order(
                *arrays: Any, sample: Sample = sample, weights: Any = weights, many: int = many
            ) -> float:
                return dot(Call(spec, sample, arrays[:many], arrays[many:]).gradients(), weights)

            which = [*sample.active, *range(many, many + len(call.upstream))]
            expected = differences.gradient(first_order, [*sample.arrays, *call.upstream], which)
            for i, g, e in zip(which, found, expected, strict=True):
                what = f"the second gradient of input {i}" if i < many else "that of the upstream"
                close(
                    np.zeros(e.shape) if g is None else g, e, 10 * spec.rtol, 100 * spec.rtol, what
                )


def reordered(array: np.ndarray) -> list[np.ndarray]:
    """The same values in other layouts: Fortran order, every second element, backwards."""
    wide = np.repeat(array, 2, axis=-1)[..., ::2] if array.ndim else array
    back = np.ascontiguousarray(array[::-1])[::-1] if array.ndim else array
    return [np.array(array, order="F"), wide, back]


@check
def layouts(spec: OpSpec) -> None:
    """Non-contiguous inputs and upstream gradients give the same."""
    for sample in spec.samples:
        with about(spec, sample):
            call = Call(spec, sample)
            expected = call.gradients()
        rows = [reordered(a) for a in sample.arrays]
        for k in range(3):
            with about(spec, sample, ["in Fortran order", "strided", "backwards"][k]):
                upstream = [reordered(u)[k] for u in call.upstream]
                again = Call(spec, sample, [row[k] for row in rows], upstream)
                for a, b in zip(again.outputs, call.outputs, strict=True):
                    close(a, plain(b), 1e-10, 1e-12, "the result")
                for g, e in zip(again.gradients(), expected, strict=True):
                    close(g, e, 1e-10, 1e-12, "the gradient")
        with about(spec, sample, "with an expanded upstream gradient"):
            thin = [np.broadcast_to(np.asarray(1.5, u.dtype), u.shape) for u in call.upstream]
            full = [u.copy() for u in thin]
            for g, e in zip(
                Call(spec, sample, None, thin).gradients(),
                Call(spec, sample, None, full).gradients(),
                strict=True,
            ):
                close(g, e, 1e-10, 1e-12, "the gradient")


@check
def float32_kept(spec: OpSpec) -> None:
    """float32 in, float32 out: value, gradient, and gradient of gradient."""
    if not spec.keeps_dtype:
        return
    for sample in spec.samples:
        if not sample.active:
            continue
        with about(spec, sample, "in float32"):
            low, high = Call(spec, sample, dtype=np.float32), Call(spec, sample)
            for a, b in zip(low.outputs, high.outputs, strict=True):
                if plain(b).dtype == np.float64:
                    assert plain(a).dtype == np.float32, f"the result is {plain(a).dtype}"
                else:
                    assert plain(a).dtype == plain(b).dtype, f"the result is {plain(a).dtype}"
            low.upstream = [u.astype(np.float32) for u in high.upstream]
            for g, e in zip(low.gradients(), high.gradients(), strict=True):
                assert g.dtype == np.float32, f"the gradient is {g.dtype}"
                if not sample.at_kink:
                    close(g, e, 20 * spec.low_rtol, 20 * spec.low_rtol, "the gradient")
            if not sample.at_kink:
                for a, b in zip(low.outputs, high.outputs, strict=True):
                    close(a, plain(b), spec.low_rtol, spec.low_rtol, "the result")
            if spec.twice and low.live and not sample.at_kink:
                for g in Call(spec, sample, dtype=np.float32).second()[3]:
                    assert g is None or g.dtype == np.float32, f"the second gradient is {g.dtype}"


class Locks:
    """Makes every array read-only that the engine sees: results of ops, and gradients."""

    def __enter__(self) -> None:
        self.before = state.watch
        state.watch = self

    def __exit__(self, *_: object) -> None:
        state.watch = self.before

    def made(self, op: Any, result: Any, node: Any) -> None:
        lock(result._array)

    def contribution(self, node: Any, i: int, g: Any, c: Any) -> None:
        lock(getattr(c, "_array", c))


def lock(array: Any) -> Any:
    if isinstance(array, np.ndarray):
        array.flags.writeable = False
    return array


@check
def read_only(spec: OpSpec) -> None:
    """No array is written to: inputs, results, upstream gradients, forward or backward."""
    for sample in spec.samples:
        with about(spec, sample, "on read-only arrays"):
            kept = [a.copy() for a in sample.arrays]
            inputs = [lock(a.copy()) for a in sample.arrays]
            with Locks():
                call = Call(spec, sample, inputs)
                call.upstream = [lock(u) for u in call.upstream]
                results = [plain(o).copy() for o in call.outputs]
                call.gradients()
                again = Call(spec, sample, inputs, call.upstream)
                if spec.twice and again.live:
                    again.second()
            for a, b in zip(inputs, kept, strict=True):
                np.testing.assert_array_equal(a, b, err_msg="an input was changed")
            for o, before in zip(call.outputs, results, strict=True):
                np.testing.assert_array_equal(plain(o), before, err_msg="a result was changed")


# What an input may become, in float32.
EXTREMES: dict[str, Callable[[np.ndarray], Any]] = {
    "huge": lambda a: np.where(a < 0, -3e38, 3e38),
    "tiny": lambda a: a * 1e-40,
    "infinite": lambda a: np.where(np.arange(a.size).reshape(a.shape) % 2, np.inf, -np.inf),
    "nan": lambda a: np.full(a.shape, np.nan),
    "zero": np.zeros_like,
}


@check
def silent(spec: OpSpec) -> None:
    """Overflow, inf and nan come without a warning, forward and backward, as in PyTorch."""
    for sample in spec.samples:
        for name, extreme in EXTREMES.items():
            arrays = [
                extreme(a).astype(np.float32) if a.dtype.kind == "f" else a for a in sample.arrays
            ]
            with about(spec, sample, f"of {name} values"):
                try:
                    Call(spec, sample, arrays, dtype=np.float32).gradients()
                except Exception as error:  # some refuse such values, which is as good
                    assert "encountered in" not in str(error), error


@check
def on_arrays(spec: OpSpec) -> None:
    """On plain ndarrays it gives plain NumPy, with the same values."""
    for sample in spec.samples:
        with about(spec, sample, "on ndarrays"):
            expected = sample.call(spec.function, [Tensor(a) for a in sample.arrays])
            inputs = [lock(a.copy()) for a in sample.arrays]
            result = sample.call(spec.function, inputs)
            for out, tensor in zip(flat(result), flat(expected), strict=True):
                assert not isinstance(out, Tensor), "it gives a Tensor"
                if isinstance(tensor, Tensor):
                    assert isinstance(out, (np.ndarray, np.generic)), f"it gives a {type(out)}"
            identical(result, expected, "the result on ndarrays")


@check
def forms(spec: OpSpec) -> None:
    """The method, the operator, NumPy's function and the in-place method give the same."""
    method, in_place = spec.method_name, f"{spec.short}_"
    protocol = spec.protocol or (spec.numpy if isinstance(spec.numpy, np.ufunc) else None)
    dunder, reflected = f"__{spec.operator}__", f"__r{spec.operator}__"
    for sample in spec.samples:
        if isinstance(sample.inputs[0], np.ndarray):
            if method is not None:
                compare(spec, sample, f"as method {method}", named(method))
            if hasattr(Tensor, in_place) and spec.differentiable:
                written(spec, sample, in_place)
        if spec.operator and not sample.kwargs:
            compare(spec, sample, dunder, named(dunder))
            if len(sample.inputs) == 2:
                compare(spec, sample, reflected, lambda x, y: swapped(reflected, x, y))
        if protocol is not None and not (sample.kwargs.keys() - {"dim", "keepdim"}):
            names = {"dim": "axis", "keepdim": "keepdims"}
            renamed = replace(sample, kwargs={names[k]: v for k, v in sample.kwargs.items()})
            if len(sample.inputs) > 1 and spec.reduces:
                continue
            with about(spec, sample, f"as np.{protocol.__name__}"):
                identical(
                    renamed.call(protocol, [Tensor(a) for a in sample.arrays]),
                    sample.call(spec.function, [Tensor(a) for a in sample.arrays]),
                    "NumPy's function",
                )


def named(method: str) -> Callable[..., Any]:
    """The function that calls a method."""
    return lambda x, *args, **kwargs: getattr(x, method)(*args, **kwargs)


def swapped(reflected: str, x: Any, y: Any) -> Any:
    """``x o y`` by the reflected operator of y; by that of x if y is a number, as in ``2 - x``."""
    return getattr(y if isinstance(y, Tensor) else Tensor(np.asarray(y)), reflected)(x)


def compare(spec: OpSpec, sample: Sample, what: str, other: Callable[..., Any]) -> None:
    """Another form of the op gives the same value and gradient."""
    with about(spec, sample, what):
        one, two = Call(spec, sample), Call(spec, sample, function=other)
        assert type(one.result) is type(two.result)
        for a, b in zip(one.outputs, two.outputs, strict=True):
            close(a, plain(b), 1e-12, 1e-13, "the result")
        for a, b in zip(one.gradients(), two.gradients(), strict=True):
            close(a, b, 1e-12, 1e-13, "the gradient")


def written(spec: OpSpec, sample: Sample, in_place: str) -> None:
    """The in-place method changes its tensor to the op's value, and is recorded."""
    with about(spec, sample, f"as method {in_place}"):
        expected = Call(spec, sample)
        if expected.outputs[0].shape != sample.inputs[0].shape:
            return
        fresh = [Tensor(a.copy()) for a in sample.arrays]

        def write(x: Any, *args: Any, **kwargs: Any) -> Any:
            result = getattr(x, in_place)(*args, **kwargs)
            assert result is x, "it does not return its tensor"
            return x

        identical(sample.call(write, fresh), expected.result, "the value written")
        recorded = Call(spec, sample, function=lambda x, *a, **k: write(x * 1.0, *a, **k))
        for a, b in zip(recorded.gradients(), expected.gradients(), strict=True):
            close(a, b, 1e-12, 1e-13, "the gradient")


@check
def aliases(spec: OpSpec) -> None:
    """`axis` and `keepdims` are taken for `dim` and `keepdim`."""
    names = {"dim": "axis", "keepdim": "keepdims"}
    for sample in spec.samples:
        if spec.ours is None and not names.keys().isdisjoint(sample.kwargs):
            with about(spec, sample, "with axis= and keepdims="):
                kwargs = {names.get(k, k): v for k, v in sample.kwargs.items()}
                tensors = [Tensor(a) for a in sample.arrays]
                identical(
                    replace(sample, kwargs=kwargs).call(spec.function, tensors),
                    sample.call(spec.function, tensors),
                    "the result",
                )


def any_shape(spec: OpSpec, shapes: Sequence[tuple[int, ...]], seed: int) -> None:
    """Value and gradient of an elementwise op or reduction at given shapes."""
    draw = Draw(f"{spec.id} {seed}")
    assert spec.fresh is not None
    inputs = (
        [spec.fresh(draw, shapes[0])]
        if spec.elementwise < 2
        else [spec.fresh(draw, shape, which) for which, shape in enumerate(shapes[:2])]
    )
    one = replace(spec, make=lambda _: [Sample(tuple(inputs))])
    value(one)
    gradient(one)
