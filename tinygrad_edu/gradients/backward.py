"""``backward`` and ``grad``: PyTorch's two ways to ask the engine for gradients."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

from ..engine import LEAF, Node, box, is_tensor, raw, sweep
from ..engine.primitive import fit
from ..errors import GradientError, ShapeError, located
from .reach import leading_to


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` into the ``.grad`` of the leaves they depend on.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
        Where to start.
    grad_tensors : Tensor or iterable of Tensor, optional
        Upstream gradients; needed for outputs that are not scalar.
    retain_graph : bool, optional
        Keep what the graph saved, for a second backward. Default: `create_graph`.
    create_graph : bool
        Record the backward pass, for derivatives of higher order.
    inputs : Tensor or iterable of Tensor, optional
        Write to these only.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> x = tensor([1.0, 2.0], requires_grad=True)
    >>> backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    outputs = _listed(tensors)
    gradients = [None] * len(outputs) if grad_tensors is None else _listed(grad_tensors)
    targets = None if inputs is None else {edge_of(t): t for t in _listed(inputs)}
    if targets is not None and (not targets or None in targets):
        raise GradientError(located("backward: inputs= must name tensors that require grad"))
    results = _swept(outputs, gradients, retain_graph, create_graph, targets)
    for edge, g in results.items():
        if targets is None:
            edge._accumulate(g)
        else:
            targets[edge]._accumulate(_own(edge, g))


def backward_of(tensor: Any, retain_graph: bool | None) -> bool:
    """``backward(tensor)``, at less expense if it is one number, as most losses are.

    False if it is not, or has no history: then nothing was done.
    """
    one = _ONE.get(tensor._array.__class__)
    edge = tensor._node
    if one is None or edge is None:
        return False
    root = (tensor if edge is LEAF else edge, one)
    for edge, g in sweep((root,), retain_graph=bool(retain_graph)).items():
        if edge._grad is None and g.__class__ is ndarray:
            edge._grad = box(g)
        else:
            edge._accumulate(g)
    return True


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """Gradients of `outputs` with respect to `inputs`, returned, with no ``.grad`` touched.

    Parameters
    ----------
    outputs, inputs : Tensor or iterable of Tensor
        From where, and to where.
    grad_outputs : Tensor or iterable of Tensor, optional
        Upstream gradients, one per output.
    retain_graph, create_graph : bool
        As for :func:`backward`.
    allow_unused : bool, optional
        Give None for an input that the outputs do not depend on, in place of an error.
    materialize_grads : bool
        Give zeros in place of None.

    Returns
    -------
    tuple of Tensor

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> x = tensor(3.0, requires_grad=True)
    >>> (dx,) = grad(x * x, x, create_graph=True)
    >>> grad(dx, x)
    (tensor(2.),)
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(located("grad: materialize_grads=True contradicts allow_unused=False"))
    outputs, inputs = _listed(outputs), _listed(inputs)
    gradients = [None] * len(outputs) if grad_outputs is None else _listed(grad_outputs)
    edges = [edge_of(t) for t in inputs]
    absent = [i for i, edge in enumerate(edges) if edge is None]
    if absent:
        raise GradientError(
            located(
                f"grad: input {absent[0]} does not require grad; make it a leaf with "
                "requires_grad=True, or compute it from one"
            )
        )
    results = _swept(outputs, gradients, retain_graph, create_graph, edges)
    found = []
    for i, (tensor, edge) in enumerate(zip(inputs, edges, strict=True)):
        g = results.get(edge)
        if g is None and materialize_grads:
            g = np.zeros(tensor._array.shape, tensor._array.dtype)
        elif g is None and not allow_unused:
            raise GradientError(
                located(
                    f"grad: One of the differentiated Tensors appears to not have been used in the "
                    f"graph: input {i} of shape {tuple(tensor._array.shape)}. Set "
                    "allow_unused=True to get None for it"
                )
            )
        found.append(g if g is None or is_tensor(g) else box(_own(edge, g)))
    return tuple(found)


def _swept(
    outputs: Sequence[Any],
    gradients: Sequence[Any],
    retain_graph: bool | None,
    create_graph: bool,
    targets: Iterable[Any] | None,
) -> dict[Any, Any]:
    """The gradients that a sweep from `outputs` finds: for `targets`, or all leaves."""
    roots = _roots(outputs, gradients, create_graph)
    wanted = None if targets is None else set(targets)
    return sweep(
        roots,
        create_graph=create_graph,
        retain_graph=create_graph if retain_graph is None else retain_graph,
        wanted=wanted,
        needed=None if wanted is None else leading_to(wanted, [edge for edge, _ in roots]),
    )


def _own(edge: Any, g: Any) -> Any:
    """A gradient that shares no memory: that of an intermediate result went on to its inputs."""
    return g.copy() if isinstance(edge, Node) and isinstance(g, np.ndarray) else g


def edge_of(tensor: Any) -> Any:
    """Where gradients of `tensor` are collected: its node, or itself if it is a leaf."""
    return tensor if tensor._node is LEAF else tensor._node


def _listed(tensors: Any) -> Sequence[Any]:
    if tensors.__class__ is tuple:
        return tensors
    return [tensors] if is_tensor(tensors) or isinstance(tensors, np.ndarray) else list(tensors)


def _roots(outputs: Sequence[Any], gradients: Sequence[Any], create_graph: bool) -> list[Any]:
    for i, output in enumerate(outputs):
        if output._node is None:
            raise GradientError(
                located(
                    f"element {i} of tensors does not require grad and does not have a grad_fn: "
                    "make an input with requires_grad=True, and compute outside no_grad()"
                )
            )
    if len(gradients) != len(outputs):
        raise GradientError(
            located(f"got {len(outputs)} tensors and {len(gradients)} upstream gradients")
        )
    roots = []
    for output, g in zip(outputs, gradients, strict=True):
        roots.append((edge_of(output), _seed(output, g, create_graph)))
    return roots


_ONE = {kind: kind(1) for kind in (np.float32, np.float64)}


def _seed(output: Any, gradient: Any, create_graph: bool) -> Any:
    """The gradient to start from: one for a scalar, or what the caller gave, checked."""
    array = output._array
    if gradient is None:
        one = _ONE.get(array.__class__)
        if one is not None:  # a number, as most losses are
            return box(one) if create_graph else one
        if array.size != 1:
            raise GradientError(
                located(
                    "grad can be implicitly created only for scalar outputs, this one has shape "
                    f"{tuple(array.shape)}: reduce it first (.sum(), .mean()), or pass gradient= "
                    "of that shape"
                )
            )
        gradient = np.ones(array.shape, array.dtype)
    elif np.shape(raw(gradient)) != array.shape:
        raise ShapeError(
            located(
                f"Mismatch in shape: gradient has {tuple(np.shape(raw(gradient)))}, the output has "
                f"{tuple(array.shape)}; they must be equal"
            )
        )
    if not is_tensor(gradient):
        gradient = box(np.asarray(gradient))
    return fit(gradient if create_graph else gradient._array, array, None, 0)
