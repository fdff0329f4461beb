"""Affine maps and ReLUs in a row: run at once, and recorded as one folded node.

What happens to the numbers is what the modules do one by one, and so is the graph that anybody
finds; see `tinygrad_edu.folding`.
"""

from __future__ import annotations

from typing import Any

from numpy import ndarray

from ..engine import FREED, LEAF, SMALL, Meta, Node, box, state, tick
from ..folding import folded
from ..ops.affine import _gradients, _linear
from ..ops.kernels import ZEROS, ones, rectified
from ..ops.rectifiers import _d_relu, relu
from ..quiet import silence
from .activations import ReLU
from .layers import Linear
from .module import Module

# The classes whose modules may stand in a row, if they have no hooks.
MAY_STAND: frozenset[Any] = frozenset([Linear, ReLU])
_CALL, _LINEAR, _RELU = Module.__call__, Linear.forward, ReLU.forward
# What is kept of a call: weight, bias and the width of the result; the arrays of both; the input.
# Of that of a ReLU only the result, as the last.
Call = tuple[Any, Any, Any, Any]


def passed(modules: list[Any], input: Any) -> Any:
    """What modules that may stand in a row make of `input`."""
    try:
        x, edge = input._array, input._node
    except AttributeError:
        x = edge = None
    if (
        len(modules) > 1
        and x.__class__ is ndarray
        and x.ndim == 2
        and state.watch is None
        and (edge is not None or modules[0].__class__ is Linear)
        # Somebody may have exchanged what the modules do.
        and Linear.forward is _LINEAR
        and ReLU.forward is _RELU
        and Linear.__call__ is _CALL is ReLU.__call__
    ):
        calls: list[Call] = []
        try:
            out = silence.run(_called, modules, x, calls)
        except (AttributeError, ValueError, RuntimeError):
            out = None  # no bias, shapes that do not fit, or silent already: one by one tells
        if out is not None:
            if not state.grad:
                return box(out)
            return box(out, folded(Row(input if edge is LEAF else edge, calls, x), tick()))
    for module in modules:
        input = module(input)
    return input


def _called(modules: list[Any], x: Any, calls: list[Call]) -> ndarray | None:
    """Run the modules, if all is as most often: trained matrices and vectors of one dtype."""
    dtype = x.dtype
    if dtype not in ZEROS:
        return None
    mine: Any = None
    bias: Any
    for module in modules:
        if module.__class__ is Linear:
            weight, bias = module.weight, module.bias
            w, b = weight._array, bias._array  # without a bias this fails
            if not (
                weight._node is LEAF is bias._node
                and w.dtype is dtype is b.dtype
                and w.ndim == 2
                and b.ndim == 1
                and b.size == len(w)
            ):
                return None
            calls.append(((weight, bias, b.size), w, b, x))
            x = mine = x.dot(w.T)
            x += b
        elif module.inplace or x.size <= SMALL:
            return None  # of small arrays all is kept, to be shown
        else:
            x = rectified(x, mine)  # a second time in place changes nothing
            calls.append((None, None, None, x))
    return x


class Row:
    """What a folded node stands for: these calls, in this order."""

    __slots__ = ("calls", "dtype", "edge", "layers", "shape")

    def __init__(self, edge: Any, calls: list[Call], x: Any) -> None:
        self.edge, self.calls, self.shape, self.dtype = edge, calls, x.shape, x.dtype

    def back(self, g: Any, retain: bool) -> list[tuple[Any, Any]] | None:
        """Send `g` through; see `Fold`."""
        calls, edge = self.calls, self.edge
        if not calls or _linear.quick is not _gradients or relu.quick is not _d_relu:
            return None  # what the formulas read is gone, or somebody exchanged one
        if retain:
            calls = calls.copy()
        else:
            self.layers = [call[0] for call in calls]  # they are left to be shown
            self.calls = []
        arriving = []
        theirs = g  # somebody else may read it
        one = ones(len(g), g.dtype)  # as column_sums has it
        while calls:
            layer, w, _, kept = calls.pop()
            if layer is None:
                (g,) = _d_relu(g.copy() if g is theirs else g, kept, None, None)
                continue
            arriving.append((layer[0], g.T.dot(kept)))
            arriving.append((layer[1], one.dot(g)))
            g = g.dot(w) if calls or edge is not None else None
        arriving.append((edge, g))
        return arriving

    def out(self) -> Meta | None:
        """The result of an affine map is not kept; see `Fold`."""
        layer = self.calls[-1][0] if self.calls else None
        return None if layer is None else self._meta(layer[2])

    def unfolded(self, order: float) -> Any:
        """The last node; see `Fold`."""
        calls = self.calls or [(layer, None, None, None) for layer in self.layers]
        edge: Any = self.edge
        node: Any = None
        known = self._meta(self.shape[1])
        for i, (layer, w, b, kept) in enumerate(calls):
            if node is not None:
                # Between the number of the row and that before it: newer than what went in.
                op, params, edges, saved, out = node
                edge = Node(op, params, edges, saved, out, order - 1 + i / len(calls))
            if layer is None:
                saved = (known,) if self.calls else FREED
                node = (relu, {}, (edge,), saved, kept if self.calls else known)
                continue
            saved = (kept, Meta(w) if edge is None else w, b) if self.calls else FREED
            weight, bias, width = layer
            known = self._meta(width)
            node = (_linear, {}, (edge, weight, bias), saved, known)
        return node

    def _meta(self, width: int) -> Meta:
        return Meta.of((self.shape[0], width), self.dtype)
