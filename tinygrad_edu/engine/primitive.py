"""An op: a NumPy function, and one derivative formula per input.

``vjp(g, out, *inputs, **params)`` is written once, in array algebra, and used in two modes. On
ndarrays it *is* the fast first-order backward pass. On Tensors (``create_graph=True``) the same
formula records itself, and so has derivatives of its own. That works because an op called without
any Tensor is the plain NumPy function.
"""

import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any

import numpy as np

from ..errors import explained, no_formula
from ..signatures import Each, Meta, bind_call, check_formulas, kept_for, levels_needed, reads
from .node import LEAF, Node
from .state import state
from .storage import tick

# Arrays up to this many elements are kept without asking whether a formula will read them.
SMALL = 64
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
_new = object.__new__
_Tensor: Any = type("NoTensor", (), {})
_promote: Any = None
_fit: Any = None


def register(tensor: type, promote: Callable[..., list], fit: Callable[..., Any]) -> None:
    """Name the class that results are boxed in, and two rules.

    ``promote(op, args, arrays, boxed)`` makes the dtypes of an op's inputs agree;
    ``fit(c, target, op, i)`` sums a gradient to the shape, and casts it to the dtype, of `target`.
    """
    global _Tensor, _promote, _fit
    _Tensor, _promote, _fit = tensor, promote, fit


def fit(c: Any, target: Any, op: Any, i: int) -> Any:
    """Contribution `c` of `op` to its input `i`, fitted to `target`."""
    return _fit(c, target, op, i)


def box(array: Any, node: Any = None) -> Any:
    """A Tensor around `array`, with `node` as its history."""
    tensor = _new(_Tensor)
    tensor._array = array
    tensor._node = node
    return tensor


def raw(value: Any) -> Any:
    """The array inside a Tensor; anything else as it is."""
    return value._array if isinstance(value, _Tensor) else value


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, _Tensor)


class Primitive:
    """A differentiable op. Made by the decorator :func:`primitive`."""

    def __init__(
        self,
        forward: Callable,
        *,
        name: str = "",
        elementwise: bool = False,
        promotes: str = "",
        differentiable: bool = True,
    ) -> None:
        functools.update_wrapper(self, forward)
        self.forward, self.name = forward, name or forward.__name__.strip("_")
        self.elementwise, self.promotes, self.differentiable = elementwise, promotes, differentiable
        self.formulas: Any = Each(self.missing)  # one per input
        self.joint: Callable | None = None  # or one for all inputs, returning a tuple
        self.quick: Callable | None = None  # the same in fast code, for arrays only
        self.overwrites = False
        self.explain: Callable[..., str] | None = None  # says what is wrong with given inputs
        parameters = inspect.signature(forward).parameters.values()
        self.inputs = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        self.options = frozenset(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)
        self._plans: dict[int, tuple[list[int], bool]] = {}

    @functools.cached_property
    def keeps(self) -> bool:
        """Whether any formula reads a value that forward saved."""
        all_known = self.joint or isinstance(self.formulas, list)
        return not all_known or 2 in levels_needed(self, self.inputs)

    def missing(self, i: int, *_: Any, **__: Any) -> Any:
        """In place of a formula nobody gave: say so."""
        raise no_formula(self, i)

    def defvjp(self, *formulas: Callable | None, joint: Callable | None = None) -> "Primitive":
        """State the derivative: one ``f(g, out, *inputs, **params)`` per input.

        None stands for an input without a derivative (an index, a mask). ``joint=f`` gives one
        formula that returns a tuple, for inputs whose gradients share work.
        """
        check_formulas(self, (*formulas, joint))
        absent = [None] * (len(self.inputs) - len(formulas))
        self.formulas, self.joint, self.quick = [*formulas, *absent], joint, None
        self._plans = {}
        self.__dict__.pop("keeps", None)
        return self

    def defquick(self, joint: Callable, *, overwrites: bool = False) -> "Primitive":
        """State all formulas once more as one, in fast code for arrays; a test compares them.

        It is called as ``joint(g, out, inputs, params)``, for unpacking takes as long as a small
        op, and gives a tuple, with None where no gradient is wanted. It reads no more than the
        formulas do: what they do not read was not kept, and stands in its input as a `Meta`. One
        that `overwrites` may write its result into the upstream gradient.
        """
        self.quick, self.overwrites = joint, overwrites
        return self

    def defvjp_each(self, formula: Callable) -> "Primitive":
        """State one ``f(i, g, out, *inputs, **params)`` for ops with any number of inputs."""
        self.formulas, self._plans = Each(formula), {}
        return self

    def __call__(self, *args: Any, **params: Any) -> Any:
        if params and not self.options.issuperset(params):
            args, params = bind_call(self, args, params)
        arrays: list[Any] = []
        edges: list[Any] = []
        boxed = uneven = False
        dtype: Any = None  # of the first floating input
        mask = 1  # a bit for each input: does a gradient flow to it?
        for arg in args:
            mask += mask
            if isinstance(arg, _Tensor):
                boxed = True
                value, edge = arg._array, arg._node
                if edge is not None:
                    mask += 1
                    if edge is LEAF:
                        edge = arg
                kind = value.dtype
            else:
                value, edge = arg, None
                kind = getattr(value, "dtype", None)
                if kind is None and not isinstance(value, (float, int)):
                    uneven = True
            if kind is not dtype and kind is not None:
                if dtype is None and (kind is _FLOAT32 or kind is _FLOAT64):
                    dtype = kind
                else:
                    uneven = True
            arrays.append(value)
            edges.append(edge)
        if uneven or (boxed and dtype is None and self.promotes):
            arrays = _promote(self, args, arrays, boxed)
        try:
            out = self.forward(*arrays, **params)
        except Exception as error:
            raise explained(error, self, arrays, params) from error
        if not boxed:
            return out
        result = _new(_Tensor)
        result._array = out
        node = None
        if mask & (mask - 1) and self.differentiable and state.grad:
            if self.elementwise and out.size <= SMALL:
                # A tuple of arrays is nothing that the garbage collector looks into for long.
                node = Node(self, params, tuple(edges), tuple(arrays), out, tick())
            else:
                node = self._record(mask, params, edges, arrays, out)
            result._node = node
        if state.watch is not None:
            state.watch.made(self, result, node)
        return result

    def _record(
        self, mask: int, params: dict[str, Any], edges: list, arrays: list, out: Any
    ) -> Node:
        """Make a node that keeps only what the formulas it will need read."""
        if mask not in self._plans:
            self._plans[mask] = kept_for(self, edges)
        unread, keeps_out = self._plans[mask]
        saved = arrays.copy()
        for i in unread:
            if isinstance(saved[i], np.ndarray):
                saved[i] = Meta(saved[i])
        if not keeps_out and out.__class__ is np.ndarray:
            out = Meta(out)
        return Node(self, params, tuple(edges), tuple(saved), out, tick())

    def boxed(self, node: Node) -> tuple[list[Any], Any]:
        """The saved values as Tensors with their history, for a backward pass that is recorded."""
        inputs = list(node.saved)
        for i, (value, edge) in enumerate(zip(node.saved, node.edges, strict=True)):
            if edge is not None and isinstance(value, (np.ndarray, np.generic)):
                # A leaf stands for itself, unless its .data was replaced since.
                inputs[i] = edge if getattr(edge, "_array", None) is value else box(value, edge)
        return inputs, node.out if node.out.__class__ is Meta else box(node.out, node)

    def values_read(self, node: Node) -> list[tuple[int, Any]]:
        """Places and values of the inputs, the result and the options that will be read."""
        return reads(self, node)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As an attribute of a class, an op is a method."""
        return self if instance is None else MethodType(self, instance)

    def __repr__(self) -> str:
        return f"<op {self.name}>"


class View(Primitive):
    """An op whose result shares memory with its input; a bare NumPy number gets some first."""

    def __call__(self, *args: Any, **params: Any) -> Any:
        if args and isinstance(args[0], _Tensor):
            args[0]._buffer()
        return super().__call__(*args, **params)


def primitive(forward: Callable | None = None, *, views: bool = False, **options: Any) -> Any:
    """Make an op of a NumPy function. State its derivative with ``.defvjp(...)``.

    Parameters
    ----------
    forward : callable
        Positional arguments are arrays, keyword-only ones are options.
    **options
        ``name`` : the op's name; that of the function unless given.
        ``elementwise`` : inputs broadcast against each other, which the gradients undo.
        ``promotes`` : "same", "arithmetic" or "float"; how inputs of unlike dtypes are made to
        agree before `forward` sees them.
        ``differentiable`` : False for ops whose result never has a history (comparisons, argmax).
        ``views`` : True for ops whose result is a view of the first input.

    Examples
    --------
    A primitive of one's own takes two lines:

    >>> from tinygrad_edu import tensor
    >>> @primitive
    ... def cube(x):
    ...     return x**3
    >>> _ = cube.defvjp(lambda g, out, x: 3 * x**2 * g)
    >>> x = tensor(2.0, requires_grad=True)
    >>> cube(x).backward()
    >>> x.grad
    tensor(12.)
    """
    kind = View if views else Primitive
    return functools.partial(kind, **options) if forward is None else kind(forward, **options)
