"""PyTorch as the oracle over the same table. Checks of an OpSpec, like those in ``checks.py``."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import tinygrad_edu
from tinygrad_edu import Tensor

from .checks import Call, Check, about, flat, plain
from .spec import SAME, OpSpec, Sample, with_arrays

ORACLE: dict[str, Check] = {}


def check(function: Check) -> Check:
    ORACLE[function.__name__] = function
    return function


@functools.cache
def torch() -> Any:
    import torch

    torch.set_num_threads(1)
    return torch


def oracle(spec: OpSpec) -> Callable[..., Any] | None:
    """PyTorch's function for `spec`."""
    if spec.torch is None or callable(spec.torch):
        return spec.torch
    found: Any = torch()
    for part in (spec.name if spec.torch == SAME else spec.torch).split("."):
        found = getattr(found, part)
    return found


def theirs(array: np.ndarray, requires_grad: bool = False) -> Any:
    return torch().tensor(array, requires_grad=requires_grad)


class TorchCall:
    """The same call in PyTorch."""

    def __init__(self, spec: OpSpec, sample: Sample, arrays: Sequence[np.ndarray], active: Any):
        self.tensors = [theirs(a, i in active) for i, a in enumerate(arrays)]
        self.inputs = [self.tensors[i] for i in active]
        function = oracle(spec)
        assert function is not None
        self.result = sample.call(function, self.tensors)
        self.outputs = flat(self.result)
        self.live = [o for o in self.outputs if getattr(o, "requires_grad", False)]

    def gradients(self, upstream: Sequence[np.ndarray], create_graph: bool = False) -> list[Any]:
        if not self.live:
            return [None] * len(self.inputs)
        self.us = [theirs(u, create_graph) for u in upstream]
        return list(
            torch().autograd.grad(
                self.live, self.inputs, self.us, allow_unused=True, create_graph=create_graph
            )
        )


def numpy_dtype(tensor: Any) -> str:
    return str(tensor.dtype).replace("torch.", "")


def compare(actual: Any, expected: Any, rtol: float, atol: float, what: str) -> None:
    """Structure, shape, dtype and value."""
    names = getattr(type(expected), "_fields", None) or _fields(expected)
    if isinstance(expected, (tuple, list)):
        assert isinstance(actual, type(expected) if type(expected) is list else tuple), (
            f"{what} is a {type(actual).__name__}, not a {type(expected).__name__}"
        )
        assert len(actual) == len(expected), f"{what} has {len(actual)} parts, not {len(expected)}"
        if names:
            assert getattr(type(actual), "_fields", ()) == names, f"{what} must have fields {names}"
        for i, (a, e) in enumerate(zip(actual, expected, strict=True)):
            compare(a, e, rtol, atol, f"{what}[{i}]")
    elif isinstance(expected, torch().Tensor):
        assert isinstance(actual, Tensor), f"{what} is a {type(actual).__name__}, not a Tensor"
        a, e = plain(actual), expected.detach().numpy()
        assert a.shape == e.shape, f"{what} has shape {a.shape}, PyTorch's {e.shape}"
        assert a.dtype == e.dtype, f"{what} is {a.dtype}, PyTorch's {e.dtype}"
        np.testing.assert_allclose(a, e, rtol=rtol, atol=atol, equal_nan=True, err_msg=what)
    else:
        assert type(actual) is type(expected), f"{what} is a {type(actual)}"
        assert actual == expected, f"{what} is {actual}, PyTorch's {expected}"


def _fields(value: Any) -> tuple[str, ...]:
    """The names of torch.return_types.max and the like."""
    if not isinstance(value, tuple) or type(value) is tuple:
        return ()
    if type(value) is torch().Size:
        return ()
    names = [n for n in dir(type(value)) if not n.startswith("_")]
    order = {id(v): i for i, v in enumerate(value)}
    fields = [n for n in names if id(getattr(value, n)) in order]
    return tuple(sorted(fields, key=lambda n: order[id(getattr(value, n))]))


def known(spec: OpSpec) -> Iterator[Sample]:
    return iter(spec.samples if spec.torch is not None else [])


def zeros(gradients: Sequence[Any], inputs: Sequence[Any]) -> list[np.ndarray]:
    """As arrays, with zeros for None."""
    return [
        np.zeros(tuple(t.shape))
        if g is None
        else plain(g)
        if isinstance(g, Tensor)
        else as_array(g)
        for g, t in zip(gradients, inputs, strict=True)
    ]


def as_array(g: Any) -> np.ndarray:
    return g if isinstance(g, np.ndarray) else g.detach().numpy(force=True)


def equal(
    ours: Sequence[Any], expected: Sequence[Any], rtol: float, atol: float, what: str
) -> None:
    for i, (a, e) in enumerate(zip(ours, expected, strict=True)):
        np.testing.assert_allclose(
            a, e, rtol=rtol, atol=atol, equal_nan=True, err_msg=f"{what} of input {i}"
        )


@check
def torch_value(spec: OpSpec) -> None:
    """Shape, dtype, type and value; at kinks to eight digits."""
    for sample in known(spec):
        with about(spec, sample, "against PyTorch"):
            result = sample.call(spec.function, [Tensor(a) for a in sample.arrays])
            expected = TorchCall(spec, sample, sample.arrays, []).result
            compare(
                result, expected, *((1e-8, 0) if sample.at_kink else (1e-7, 1e-12)), "the result"
            )


@check
def torch_gradient(spec: OpSpec) -> None:
    for sample in known(spec):
        if not (spec.differentiable and sample.active):
            continue
        with about(spec, sample, "against PyTorch"):
            call = Call(spec, sample)
            other = TorchCall(spec, sample, sample.arrays, sample.active)
            assert len(call.live) == len(other.live), "not the same results require grad"
            expected = zeros(other.gradients(call.upstream), other.inputs)
            tolerance = (1e-8, 0) if sample.at_kink else (1e-6, 1e-10)
            found = call.gradients()
            equal(found, expected, *tolerance, "the gradient")
            for g, t in zip(found, call.inputs, strict=True):
                assert g.dtype == t.dtype, f"the gradient is {g.dtype}, its input {t.dtype}"


@check
def torch_second_gradient(spec: OpSpec) -> None:
    if not (spec.differentiable and spec.twice and spec.torch_gradgrad):
        return
    for sample in known(spec):
        if sample.at_kink or not sample.active:
            continue
        with about(spec, sample, "against PyTorch"):
            call = Call(spec, sample)
            _, variables, weights, found = call.second()
            other = TorchCall(spec, sample, sample.arrays, sample.active)
            first = other.gradients(call.upstream, create_graph=True)
            pairs = [
                (g, theirs(w))
                for g, w in zip(first, weights, strict=True)
                if g is not None and g.requires_grad
            ]
            inputs = [*other.inputs, *other.us]
            expected: list[Any] = [None] * len(inputs)
            if pairs:
                expected = list(
                    torch().autograd.grad(
                        [g for g, _ in pairs], inputs, [w for _, w in pairs], allow_unused=True
                    )
                )
            equal(
                zeros(found, variables), zeros(expected, inputs), 1e-6, 1e-9, "the second gradient"
            )


def retyped(sample: Sample, kinds: Sequence[Any]) -> Sample:
    """The sample with its floating arrays converted, cyclically, to `kinds`."""
    floating = iter(range(len(sample.arrays)))

    def converted(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind != "f":
            return array
        kind = np.dtype(kinds[next(floating) % len(kinds)])
        with np.errstate(all="ignore"):
            array = np.nan_to_num(array, posinf=3.0, neginf=-3.0) if kind.kind != "f" else array
            return np.asarray((np.round(array) if kind.kind in "iu" else array).astype(kind))

    inputs, kwargs = with_arrays([sample.inputs, sample.kwargs], map(converted, sample.arrays))
    return Sample(inputs, kwargs)


KINDS = [["float32"], ["int64"], ["int32"], ["uint8"], ["bool"]]
MIXED = [
    ["float32", "float64"],
    ["int64", "float32"],
    ["float64", "int32"],
    ["bool", "float32"],
    ["int32", "int64"],
    ["bool", "uint8"],
]


@check
def torch_dtypes(spec: OpSpec) -> None:
    """The dtype of the result for float32, integers, bool and mixtures; and what is refused.

    Where PyTorch merely lacks a kernel for bool we may give a result.
    """
    for sample in known(spec):
        if not any(a.dtype.kind == "f" for a in sample.arrays):
            continue
        kinds = KINDS if spec.ints else KINDS[:1]
        if spec.elementwise > 1 and spec.ints:
            kinds = kinds + MIXED
        for kind in kinds:
            at = retyped(sample, kind)
            with about(spec, at, f"in {', '.join(kind)}, against PyTorch"):
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        expected = TorchCall(spec, at, at.arrays, []).result
                except (RuntimeError, TypeError, IndexError, ValueError, NotImplementedError):
                    if "bool" not in kind:
                        refused(spec, at)
                    continue
                result = at.call(spec.function, [Tensor(a) for a in at.arrays])
                same_dtypes(result, expected, spec.low_rtol)


def refused(spec: OpSpec, sample: Sample) -> None:
    try:
        result = sample.call(spec.function, [Tensor(a) for a in sample.arrays])
    except Exception:
        return
    raise AssertionError(f"PyTorch refuses this, we give {result!r}")


def same_dtypes(actual: Any, expected: Any, rtol: float) -> None:
    compare(actual, expected, rtol, rtol, "the result")


@check
def torch_method(spec: OpSpec) -> None:
    """Tensor has the methods, and nn.functional and linalg the functions, that PyTorch has."""
    function = oracle(spec)
    if function is None or spec.name.startswith("__"):
        return
    if spec.method == SAME and hasattr(torch().Tensor, spec.short):
        assert hasattr(Tensor, spec.short), f"Tensor has no method {spec.short!r}, PyTorch's has"
    for path in ("", "nn.functional", "linalg"):
        there, here = torch(), tinygrad_edu
        for part in filter(None, path.split(".")):
            there, here = getattr(there, part), getattr(here, part, None)
        if _documented(getattr(there, spec.short, None)):
            full = f"{path}.{spec.short}".strip(".")
            assert hasattr(here, spec.short), f"there is no {full!r}, PyTorch has it"


def _documented(function: Any) -> bool:
    return function is not None and "deprecated" not in (getattr(function, "__doc__", "") or "")


def only(spec: OpSpec, sample: Sample) -> OpSpec:
    """The spec with one sample, to look at a failure."""
    return replace(spec, make=lambda _: [sample])
