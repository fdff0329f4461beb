"""``autograd.Function``: an op whose forward and backward are a student's own methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine import LEAF, Node, box, is_tensor, primitive, raw, state, tick
from ..errors import DTypeError, GradientError, InPlaceError, located
from .grad_mode import no_grad


class _Slots:
    """The gradients of several outputs, as they arrive one by one."""

    shape = dtype = None

    def __init__(self, grads: dict[int, Any]) -> None:
        self.grads = grads

    def __add__(self, other: _Slots) -> _Slots:
        merged = dict(self.grads)
        for i, g in other.grads.items():
            merged[i] = merged[i] + g if i in merged else g
        return _Slots(merged)


@primitive
def output(whole: Any, *, i: int) -> Any:
    """Output number `i` of a Function that has several."""
    return whole[i]


output.defvjp(lambda g, out, whole, i: _Slots({i: g}))


class FunctionCtx:
    """What `forward` and `backward` share: saved tensors, flags, and attributes of one's own.

    ``needs_input_grad`` has a bool per argument; ``saved_tensors`` is there during `backward`.
    """

    needs_input_grad: tuple[bool, ...]
    saved_tensors: tuple[Any, ...]

    def __init__(self) -> None:
        self.to_save: tuple[Any, ...] = ()
        self.plain: set[int] = set()
        self.dirty: set[int] = set()
        self.materialize_grads = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs (or None) for `backward`."""
        for i, value in enumerate(tensors):
            if value is not None and not is_tensor(value):
                raise DTypeError(
                    located(
                        f"save_for_backward keeps Tensors, but argument {i} is of type "
                        f"{type(value).__name__}: keep it as an attribute, as in ctx.p = p"
                    )
                )
        self.to_save = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """These outputs have no gradient."""
        self.plain = {id(t) for t in tensors}

    def mark_dirty(self, *tensors: Any) -> None:
        """These inputs were changed in place by `forward`, which returns them."""
        self.dirty = {id(t) for t in tensors}

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros (the default) or None for outputs nobody used."""
        self.materialize_grads = value


class _Call:
    """One call of a Function, in the shape of a Primitive."""

    elementwise = True  # PyTorch too sums a gradient that is the input's, broadcast
    formulas = ()
    quick = None
    keeps = True

    def __init__(self, function: type[Function], ctx: FunctionCtx, args: tuple[Any, ...]) -> None:
        self.name = function.__name__
        self.function, self.ctx = function, ctx
        self.inputs = [f"argument {i}" for i in range(len(args))]
        self.takes_gradient = [is_tensor(a) for a in args]
        # Zeros of the shape and dtype of each result; None for one that is no tensor.
        self.outputs: list[Any] = []
        self.origins: list[Any] = []  # of each saved tensor: an edge, an output's number, or None

    def boxed(self, node: Node) -> tuple[list[Any], Any]:
        saved = []
        for value, origin in zip(node.saved, self.origins, strict=True):
            if isinstance(origin, int):
                saved.append(box(value, self.node_of_output(node, origin)))
            elif value is None or isinstance(origin, Node) or origin is None:
                saved.append(value if value is None else box(value, origin))
            else:
                saved.append(origin)  # a leaf
        return saved, node.out

    def values_read(self, node: Node) -> list[tuple[int, Any]]:
        return [(len(self.inputs) + 1 + i, value) for i, value in enumerate(node.saved)]

    def node_of_output(self, node: Node, i: int) -> Node:
        if len(self.outputs) == 1:
            return node
        return Node(output, {"i": i}, [node], [None], self.outputs[i], tick())

    def joint(self, g: Any, out: Any, *saved: Any) -> list[Any]:
        ctx = self.ctx
        ctx.saved_tensors = tuple(v if v is None or is_tensor(v) else box(v) for v in saved)
        given = g.grads if isinstance(g, _Slots) else {0: g}
        upstream = []
        for i, like in enumerate(self.outputs):
            u = given.get(i)
            if u is None and like is not None and ctx.materialize_grads:
                u = np.zeros(like.shape, like.dtype)
            upstream.append(u if u is None or is_tensor(u) else box(u))
        try:
            results = self.function.backward(ctx, *upstream)
        finally:
            del ctx.saved_tensors
        results = list(results) if isinstance(results, (tuple, list)) else [results]
        count = len(self.inputs)
        if len(results) < count or any(r is not None for r in results[count:]):
            raise GradientError(
                located(
                    f"{self.name}.backward returned {len(results)} gradients for {count} inputs: "
                    "return one per argument of forward (None where there is no gradient)"
                )
            )
        for i, (r, takes) in enumerate(zip(results, self.takes_gradient, strict=False)):
            if r is not None and not takes:
                raise GradientError(
                    located(
                        f"{self.name}.backward returned a gradient different than None at position "
                        f"{i}, but that argument of forward was not a Tensor"
                    )
                )
        if state.grad:
            return [r if r is None or is_tensor(r) else box(r) for r in results]
        return [raw(r) for r in results]


class Function:
    """A differentiable op with `forward` and `backward` of one's own, as in PyTorch.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> class Square(Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * g
    >>> x = tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    def __init__(self, *args: Any) -> None:
        name = type(self).__name__
        raise DTypeError(located(f"a Function is not made, but applied: {name}.apply(x)"))

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the result: ``forward(ctx, *inputs)``."""
        raise NotImplementedError("a Function needs a static method forward(ctx, ...)")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """In PyTorch's newer style ``forward(*inputs)`` has no ctx and this fills it."""
        raise NotImplementedError

    @staticmethod
    def backward(ctx: FunctionCtx, *grads: Any) -> Any:
        """One gradient per input, from one upstream gradient per output."""
        raise NotImplementedError("a Function needs a static method backward(ctx, *grads)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run the op on its arguments and record it."""
        ctx = FunctionCtx()
        ctx.needs_input_grad = tuple(is_tensor(a) and a._node is not None for a in args)
        edges = [
            (a if a._node is LEAF else a._node) if need else None
            for a, need in zip(args, ctx.needs_input_grad, strict=True)
        ]
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        if not state.grad or not any(ctx.needs_input_grad):
            return result
        results = list(result) if isinstance(result, (tuple, list)) else [result]
        if not any(is_tensor(r) for r in results):
            kinds = ", ".join(type(r).__name__ for r in results)
            raise DTypeError(
                located(
                    f"{cls.__name__}.forward must return Tensors, not {kinds}; wrap its result in "
                    "tensor(...)"
                )
            )
        return _record(_Call(cls, ctx, args), args, edges, result, results)


def _record(
    call: _Call, args: tuple[Any, ...], edges: list[Any], result: Any, results: list[Any]
) -> Any:
    """Give the results of one call their history."""
    ctx = call.ctx
    call.outputs = [r._array if is_tensor(r) else None for r in results]
    saved, places = ctx.to_save, {id(r): i for i, r in enumerate(results)}
    sources = {id(a): e for a, e in zip(args, edges, strict=True)}
    call.origins = [places.get(id(t), sources.get(id(t))) for t in saved]
    ctx.to_save = ()
    out = call.outputs[0] if len(results) == 1 else _Slots({})
    node = Node(call, {}, edges, [None if t is None else t._array for t in saved], out, tick())
    boxes: list[Any] = []
    for i, r in enumerate(results):
        if not is_tensor(r) or id(r) in ctx.plain or r._array.dtype.kind not in "fc":
            boxes.append(r)
            continue
        if id(r) in ctx.dirty and r._node is LEAF:
            raise InPlaceError(located(f"{call.name}: a leaf that requires grad was written to"))
        target = r if id(r) in ctx.dirty else box(r._array)
        target._node = call.node_of_output(node, i)
        boxes.append(target)
        if state.watch is not None:
            state.watch.made(call, target, target._node)
    call.outputs = [
        None if a is None else np.broadcast_to(np.zeros((), a.dtype), a.shape) for a in call.outputs
    ]
    return tuple(boxes) if isinstance(result, (tuple, list)) else boxes[0]
