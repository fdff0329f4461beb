"""Tensor: an array with a history. Each operator and method is one line into ``ops``."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import dtypes, gradients, ops
from .engine import LEAF, Node, box, raw, register, state, tick, version
from .errors import DTypeError, GradientError, ShapeError, describe, located
from .inplace import InPlace
from .methods import Methods
from .numpy_protocol import NumPyCitizen
from .ops.index import read
from .printing import format_tensor

_new = object.__new__
_REAL_NUMBERS = (np.float32, np.float64)
_NO_OPTIONS: dict[str, Any] = {}
_NO_LEAF = (
    "only leaves get a .grad from backward(), and this tensor is the result of an op; to keep its "
    "gradient, call retain_grad() on it before backward()"
)


def _operator(op: Any) -> Callable[[Any, Any], Any]:
    """`op` behind an operator sign. Two numbers, as in lessons on single neurons, go a short way.

    It leaves out what cannot happen to them: other dtypes, broadcasting, values that are too large
    to keep. What it records is what `op` records, and a test compares the two.
    """
    forward = op.forward

    def method(self: Any, other: Any) -> Any:
        x, e = self._array, self._node
        if x.__class__ not in _REAL_NUMBERS or state.watch is not None:
            return op(self, other)
        if isinstance(other, Tensor):
            y, f = other._array, other._node
            if y.__class__ is not x.__class__:
                return op(self, other)
        elif other.__class__ is float:
            y, f = other, None
        else:
            return op(self, other)
        result = _new(Tensor)
        result._array = out = forward(x, y)
        if (e is not None or f is not None) and state.grad:
            edges = (self if e is LEAF else e, other if f is LEAF else f)
            result._node = Node(op, _NO_OPTIONS, edges, (x, y), out, tick())
        return result

    method.__name__ = op.name
    return method


def _reflected(op: Any) -> Callable[[Any, Any], Any]:
    """The operator with its operands exchanged, for ``2 - x``."""
    return lambda self, other: op(other, self)


class Tensor(InPlace, Methods, NumPyCitizen):
    """An n-dimensional array that remembers how it was computed.

    Parameters
    ----------
    *data : array_like, or ints
        The values; an ndarray keeps its dtype and is not copied, lists take the default dtype.
        Integers are a shape, whose elements start as zeros.
    requires_grad : bool
        Whether gradients with respect to this tensor are wanted.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> x = tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    _array: Any
    _node: Any = None  # None: no history; LEAF: a leaf that requires grad; else a Node
    _grad: Tensor | None = None
    _hooks: dict[Any, Any] | None = None
    name: str | None = None
    __hash__ = object.__hash__

    def __init__(self, *data: Any, requires_grad: bool = False) -> None:
        value = raw(data[0]) if len(data) == 1 else None
        if all(isinstance(n, int) for n in data):
            self._array = np.zeros(data or 0, dtypes.get_default_dtype())
        elif isinstance(value, (np.ndarray, np.generic)):
            self._array = np.asarray(value)
        elif isinstance(value, (list, tuple)):
            self._array = np.array([raw(v) for v in value], dtypes.get_default_dtype())
        else:
            raise DTypeError(located(f"Tensor: expected an array, a list or sizes, not {data}"))
        if self._array.dtype.kind not in "biuf":
            raise DTypeError(located(f"Tensor: can't hold {self._array.dtype}, only numbers"))
        if requires_grad:
            self.requires_grad_()

    # ---------------------------------------------------------------- what it is

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        """The type of the elements."""
        return self._array.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError(located("len() of a 0-d tensor"))
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            raise TypeError(located("iteration over a 0-d tensor"))
        return (self[i] for i in range(len(self._array)))

    def __contains__(self, element: Any) -> bool:
        return bool(np.any(raw(self == element)))

    def __bool__(self) -> bool:
        if self._array.size != 1:
            raise ShapeError(
                located(
                    f"Boolean value of Tensor with {self._array.size} values is ambiguous: use "
                    ".any(), .all()"
                )
            )
        return bool(self._array)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self._array.size != 1 or self.dtype.kind not in "biu":
            text = "only integer tensors of a single element can be converted to an index"
            raise TypeError(located(f"{text}, not {describe(self._array)}"))
        return int(self._array.item())

    def __format__(self, spec: str) -> str:
        if not self.ndim:
            return format(self.item(), spec)
        try:
            return format(str(self), spec)
        except ValueError:
            text = (
                f"a tensor of shape {self.shape} can't be formatted as {spec!r}: format one element"
            )
            raise ValueError(located(f"{text}, such as x[0], or its .tolist()")) from None

    def __repr__(self) -> str:
        suffixes = []
        usual = (dtypes.get_default_dtype(), dtypes.int64, dtypes.bool)
        if self.dtype not in (usual if self._array.size else usual[:1]):
            suffixes.append(f"dtype={self.dtype}")
        if isinstance(self._node, Node):
            suffixes.append(f"grad_fn={self._node!r}")
        elif self.requires_grad:
            suffixes.append("requires_grad=True")
        return format_tensor(np.asarray(self._array), suffixes)

    # ---------------------------------------------------------------- its history

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.requires_grad_(value)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Start (or stop) to ask for the gradient of a leaf."""
        if requires_grad and self.dtype.kind != "f":
            raise GradientError(
                located(
                    f"only floating-point tensors can require gradients, not {self.dtype}: write "
                    "1.0 for 1, or convert with .float()"
                )
            )
        if not self.is_leaf:
            if not requires_grad:
                raise GradientError(
                    located("only leaves can change requires_grad; use .detach() for a constant")
                )
            return self
        self._node = LEAF if requires_grad else None
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, and not by an op that was recorded."""
        return self._node is None or self._node is LEAF

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it; None for a leaf."""
        return None if self.is_leaf else self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that backward has accumulated; None before."""
        if self._grad is None and not self.is_leaf and not self.retains_grad:
            warnings.warn(_NO_LEAF, UserWarning, stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise DTypeError(located(f"grad must be a Tensor or None, not {type(value)}"))
            if value.shape != self.shape:
                raise ShapeError(located(f"grad has shape {value.shape}, the tensor {self.shape}"))
        self._grad = value

    def _accumulate(self, g: Any) -> None:
        """Add a gradient that arrived here; `g` is a fresh array, or a Tensor with history."""
        if isinstance(g, Tensor):
            # A copy: the same memory may have gone to another leaf, or come from the user.
            own = box(g._array.copy(), g._node)
            self._grad = own if self._grad is None else self._grad + own
        elif self._grad is None:
            self._grad = box(g)
        else:
            self._grad += box(g)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Any = None,
    ) -> None:
        """Compute the gradient of this tensor with respect to the leaves; see `backward`."""
        plain = gradient is None and inputs is None and not create_graph
        if plain and gradients.backward_of(self, retain_graph):
            return
        gradients.backward((self,), (gradient,), retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory without the history."""
        return box(self._buffer())

    def detach_(self) -> Tensor:
        """Forget the history of this very tensor."""
        self._node = None
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        if not self.is_leaf:
            raise GradientError(
                located("only leaves can be copied with deepcopy; use .detach() or .clone()")
            )
        new = memo[id(self)] = object.__new__(type(self))
        for name, value in vars(self).items():
            setattr(new, name, value if name == "_node" else copy.deepcopy(value, memo))
        return new

    @property
    def data(self) -> Tensor:
        """The same memory without the history; assigning swaps the values."""
        return self.detach()

    @data.setter
    def data(self, value: Any) -> None:
        self._array = value._buffer() if isinstance(value, Tensor) else value

    @property
    def _version(self) -> int:
        """How often its memory was written to in place."""
        return version(self._array)

    @property
    def retains_grad(self) -> bool:
        """Whether it is no leaf, and keeps its gradient in ``.grad`` nevertheless."""
        return not self.is_leaf and gradients.retains(self)

    def retain_grad(self) -> None:
        """Keep the gradient of this non-leaf tensor in ``.grad``, too."""
        if self._node is None:
            raise GradientError(located("can't retain_grad on Tensor that has requires_grad=False"))
        if self._node is not LEAF:
            gradients.retain(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Any:
        """Call `hook` with the gradient of this tensor; what it returns takes its place."""
        return gradients.register_hook(self, hook)

    # ---------------------------------------------------------------- out of it

    def item(self) -> Any:
        """The Python number in a tensor of one element."""
        if self._array.size != 1:
            raise ShapeError(
                located(
                    f"a Tensor with {self._array.size} elements cannot be converted to Scalar: "
                    "index one of them, or use .tolist()"
                )
            )
        return self._array.item()

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return self._array.tolist()

    # ---------------------------------------------------------------- operators

    __add__ = _operator(ops.add)
    __sub__ = _operator(ops.sub)
    __mul__ = _operator(ops.mul)
    __truediv__ = _operator(ops.true_divide)
    __floordiv__ = ops.floor_divide
    __mod__ = ops.remainder
    __pow__ = ops.pow
    __matmul__ = ops.matmul
    __neg__ = ops.neg
    __pos__ = ops.positive
    __abs__ = ops.abs
    __and__ = ops.bitwise_and
    __or__ = ops.bitwise_or
    __xor__ = ops.bitwise_xor
    __invert__ = ops.bitwise_not
    __radd__ = _reflected(ops.add)
    __rsub__ = _reflected(ops.sub)
    __rmul__ = _reflected(ops.mul)
    __rtruediv__ = _reflected(ops.true_divide)
    __rfloordiv__ = _reflected(ops.floor_divide)
    __rmod__ = _reflected(ops.remainder)
    __rand__ = _reflected(ops.bitwise_and)
    __ror__ = _reflected(ops.bitwise_or)
    __rxor__ = _reflected(ops.bitwise_xor)
    __rpow__ = _reflected(ops.pow)
    __rmatmul__ = _reflected(ops.matmul)

    def __eq__(self, other: object) -> Any:
        return ops.eq(self, other) if isinstance(other, _COMPARABLE) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return ops.ne(self, other) if isinstance(other, _COMPARABLE) else NotImplemented

    __lt__ = ops.lt
    __le__ = ops.le
    __gt__ = ops.gt
    __ge__ = ops.ge

    def __getitem__(self, index: Any) -> Tensor:
        return read(self, index)


_COMPARABLE = (Tensor, np.ndarray, np.generic, float, int)
register(Tensor, ops.promote, ops.fit)
