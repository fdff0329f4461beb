"""Whole derivatives of functions of Tensors: Jacobians, Hessians, and products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine import LEAF, box, is_tensor
from ..errors import GradientError, ShapeError, located
from .backward import grad
from .grad_mode import enable_grad


def _prepare(inputs: Any, create_graph: bool) -> tuple[Any, ...]:
    """Leaves with the values of `inputs` (or their aliases, where history must go on)."""
    many = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    if not all(is_tensor(t) for t in many):
        raise TypeError(located("inputs must be a Tensor or a tuple of Tensors"))
    if create_graph:
        return tuple(t * 1 if t._node is not None else _leaf(t) for t in many)
    return tuple(_leaf(t) for t in many)


def _leaf(t: Any) -> Any:
    return box(t._array, LEAF)


def _call(func: Callable[..., Any], xs: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    out = func(*xs)
    outs = out if isinstance(out, (tuple, list)) else (out,)
    if not all(is_tensor(o) for o in outs):
        raise TypeError(located("the function must return a Tensor or a tuple of Tensors"))
    return out, tuple(outs)


def _like(value: Any, results: list[Any]) -> Any:
    return tuple(results) if isinstance(value, (tuple, list)) else results[0]


def _vectors(v: Any, likes: tuple[Any, ...], what: str) -> list[Any]:
    if v is None:
        if len(likes) != 1 or likes[0]._array.size != 1:
            raise GradientError(located(f"v is needed unless {what} is a single number"))
        return [box(np.ones(likes[0]._array.shape, likes[0]._array.dtype))]
    vs = list(v) if isinstance(v, (tuple, list)) else [v]
    for one, like in zip(vs, likes, strict=True):
        if one._array.shape != like._array.shape:
            shapes = f"{tuple(one._array.shape)} and {tuple(like._array.shape)}"
            raise ShapeError(located(f"v and {what} must have equal shapes, not {shapes}"))
    return vs


def _zeros_for(results: Any, likes: tuple[Any, ...], strict: bool) -> list[Any]:
    if strict and any(r is None for r in results):
        raise GradientError(located("an output does not depend on an input (strict=True)"))
    zeros = (np.zeros(t._array.shape, t._array.dtype) for t in likes)
    return [box(z) if r is None else r for r, z in zip(results, zeros, strict=True)]


def _grad(outs: Any, xs: Any, vs: Any, create_graph: bool, strict: bool = False) -> list[Any]:
    live = [(o, v) for o, v in zip(outs, vs, strict=True) if o._node is not None]
    if not live:
        return _zeros_for([None] * len(xs), xs, strict)
    found = grad(
        [o for o, _ in live],
        list(xs),
        [v for _, v in live],
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=True,
    )
    return _zeros_for(found, xs, strict)


@enable_grad()
def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of `func` and the product ``vᵀ J`` of a vector with its Jacobian.

    Parameters
    ----------
    func : callable
        Takes and returns Tensors.
    inputs : Tensor or tuple of Tensor
    v : Tensor or tuple of Tensor, optional
        Upstream gradient, shaped like the output; may be left out for a scalar.
    create_graph : bool
        Record the result, to differentiate it again.
    strict : bool
        Raise where an output does not depend on an input, in place of zeros.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> vjp(lambda x: x * x, tensor([1.0, 2.0]), tensor([1.0, 10.0]))[1]
    tensor([ 2., 40.])
    """
    xs = _prepare(inputs, create_graph)
    out, outs = _call(func, xs)
    results = _grad(outs, xs, _vectors(v, outs, "the output"), create_graph, strict)
    return _detached(out, create_graph), _like(inputs, results)


@enable_grad()
def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of `func` and the product ``J v`` of its Jacobian with a vector.

    A vector-Jacobian product is linear in its vector ``u``, so differentiating it with respect to
    ``u`` gives ``J v``: reverse mode, twice.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> jvp(lambda x: x * x, tensor([1.0, 2.0]), tensor([1.0, 10.0]))[1]
    tensor([ 2., 40.])
    """
    xs = _prepare(inputs, create_graph)
    out, outs = _call(func, xs)
    vs = _vectors(v, xs, "the input")
    us = [box(np.zeros(o._array.shape, o._array.dtype), LEAF) for o in outs]
    pulled = _grad(outs, xs, us, True, strict)
    return _detached(out, create_graph), _like(out, _grad(pulled, us, vs, create_graph))


@enable_grad()
def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The matrix of all first derivatives, of shape ``output.shape + input.shape``.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> jacobian(lambda x: x * x, tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    xs = _prepare(inputs, create_graph)
    out, outs = _call(func, xs)
    table = []
    for o in outs:
        rows = []
        for k in range(o._array.size):
            one = np.zeros(o._array.size, o._array.dtype)
            one[k] = 1
            rows.append(_grad([o], xs, [box(one.reshape(o.shape))], create_graph, strict))
        table.append(
            _like(
                inputs,
                [_stacked(o, x, [r[j] for r in rows], create_graph) for j, x in enumerate(xs)],
            )
        )
    return _like(out, table)


def _stacked(o: Any, x: Any, rows: list[Any], create_graph: bool) -> Any:
    shape = tuple(o._array.shape) + tuple(x._array.shape)
    if not create_graph or not rows:
        return box(np.array([r._array for r in rows], x._array.dtype).reshape(shape))
    # Place each row by multiplying it into its slice: recorded, and needs no op but * and +.
    total = None
    for k, row in enumerate(rows):
        one = np.zeros((len(rows),) + (1,) * x._array.ndim, x._array.dtype)
        one[k] = 1
        total = row * one if total is None else total + row * one
    return total.reshape(shape)  # type: ignore[union-attr]


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    **_: Any,
) -> Any:
    """The matrix of all second derivatives of a scalar function.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> hessian(lambda x: (x**3).sum(), tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradient(*xs: Any) -> Any:
        _, outs = _call(func, xs)
        return _like(inputs, _grad(outs, xs, _vectors(None, outs, "the output"), True, strict))

    return jacobian(gradient, inputs, create_graph, strict)


@enable_grad()
def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function and ``vᵀ H``, its Hessian never formed.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> vhp(lambda x: (x**3).sum(), tensor([1.0, 2.0]), tensor([1.0, 1.0]))[1]
    tensor([ 6., 12.])
    """
    xs = _prepare(inputs, create_graph)
    out, outs = _call(func, xs)
    first = _grad(outs, xs, _vectors(None, outs, "the output"), True, strict)
    second = _grad(first, xs, _vectors(v, xs, "the input"), create_graph, strict)
    return _detached(out, create_graph), _like(inputs, second)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """The value of a scalar function and ``H v``. A Hessian is symmetric: the same as `vhp`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> hvp(lambda x: (x**3).sum(), tensor([1.0, 2.0]), tensor([1.0, 1.0]))[1]
    tensor([ 6., 12.])
    """
    return vhp(func, inputs, v, create_graph, strict)


def _detached(out: Any, create_graph: bool) -> Any:
    if create_graph:
        return out
    return tuple(box(o._array) for o in out) if isinstance(out, (tuple, list)) else box(out._array)
