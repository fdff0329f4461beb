"""What every layer of a model puts out on a batch, and what gradient comes back to it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...engine import Node, is_tensor, raw, sweep
from ...gradients.reach import leading_to
from .canvas import as_array
from .forward import as_input, grad_mode, is_module


@dataclass(frozen=True)
class Layer:
    """The output of one call of one layer.

    Attributes
    ----------
    name
        Path and class: ``0 Linear``; of a second call, ``1 ReLU, call 2``.
    values
        What it put out.
    gradient
        Of the loss with respect to that; None if none flows there.
    """

    name: str
    values: NDArray[Any]
    gradient: NDArray[Any] | None = None


def measure_layers(model: Any, batch: Any, loss: Callable[..., Any] | None = None) -> list[Layer]:
    """Run a model forward and backward once; return what its layers made, in their order.

    A copy of the model runs, and the sweep hands the gradients of the outputs back without writing
    any: weights, ``.grad``, modes and running statistics of yours stay as they are.

    Parameters
    ----------
    model : Module
        Its layers are the modules without modules of their own, in the modes they are in.
    batch : Tensor or array, or a tuple of inputs and targets
        Float inputs take the dtype of the parameters.
    loss : callable, optional
        Called as ``loss(output, targets)``, or ``loss(output)`` without targets; gives a scalar.
        Unless given, the output receives standard normal numbers (seed 0) as its gradient.

    Examples
    --------
    >>> from tinygrad_edu import nn
    >>> model = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    >>> [
    ...     (layer.name, layer.gradient.shape)
    ...     for layer in measure_layers(model, np.ones((5, 2)))
    ... ]
    [('0 Linear', (5, 3)), ('1 ReLU', (5, 3))]
    >>> model[0].weight.grad is None
    True
    """
    if not is_module(model):
        raise TypeError(f"histograms: model must be a Module, not {type(model).__name__}")
    inputs, targets = _split(batch, loss)
    twin = _copy(model)
    calls: list[tuple[str, NDArray[Any], Any]] = []
    for path, module in list(twin.named_modules()):
        if next(iter(module.children()), None) is None:
            _watch(module, f"{path} {type(module).__name__}".strip(), calls)
    with grad_mode(True):
        output = twin(as_input(twin, inputs))
        if not is_tensor(output):
            raise TypeError(
                f"histograms: the model must return one Tensor, not {type(output).__name__}"
            )
        root, upstream = _start(output, targets, loss)
    gradients: dict[Any, Any] = {}
    if isinstance(root._node, Node):
        wanted = {node for _, _, node in calls if isinstance(node, Node)}
        needed = leading_to(wanted, [root._node])
        gradients = sweep([(root._node, upstream)], wanted=wanted, needed=needed)
    return [
        Layer(name, values, _gradient(gradients, node)) for (name, values, node) in _numbered(calls)
    ]


def _split(batch: Any, loss: Any) -> tuple[NDArray[Any], Any]:
    """Inputs and targets."""
    if not isinstance(batch, tuple):
        return as_array(batch, "histograms: batch"), None
    if len(batch) != 2:
        raise ValueError(
            f"histograms: batch is the inputs, or a pair of inputs and targets, not {len(batch)}"
        )
    if loss is None:
        raise ValueError(
            "histograms: a batch with targets needs loss=, such as nn.CrossEntropyLoss()"
        )
    return as_array(batch[0], "histograms: inputs"), batch[1]


def _copy(model: Any) -> Any:
    """A deep copy. A result that a module keeps in an attribute cannot be copied, and is shared."""
    memo: dict[int, Any] = {}
    for module in model.modules():
        for value in vars(module).values():
            for item in value if isinstance(value, (list, tuple)) else [value]:
                if is_tensor(item) and not item.is_leaf:
                    memo[id(item)] = item
    return copy.deepcopy(model, memo)


def _watch(module: Any, name: str, calls: list[tuple[str, NDArray[Any], Any]]) -> None:
    """Note what each call of a module returns. (The copy is thrown away: nothing to undo.)"""
    forward = module.forward

    def noting(*args: Any, **kwargs: Any) -> Any:
        result = forward(*args, **kwargs)
        if is_tensor(result):
            # At once: a later op may write into this tensor, and give it another node.
            calls.append((name, np.array(raw(result)), result._node))
        return result

    module.forward = noting


def _start(output: Any, targets: Any, loss: Callable[..., Any] | None) -> tuple[Any, Any]:
    """Where the sweep starts, and with what gradient."""
    if loss is None:
        rng = np.random.default_rng(0)
        return output, rng.standard_normal(output.shape).astype(raw(output).dtype)
    result = loss(output) if targets is None else loss(output, targets)
    if not is_tensor(result) or raw(result).size != 1:
        given = f"shape {tuple(result.shape)}" if is_tensor(result) else type(result).__name__
        raise ValueError(f"histograms: loss must give a scalar Tensor, not {given}")
    return result, np.ones_like(raw(result))


def _numbered(calls: list[tuple[str, NDArray[Any], Any]]) -> list[tuple[str, NDArray[Any], Any]]:
    """Calls of one module told apart: the second is ``..., call 2``."""
    seen: dict[str, int] = {}
    named = []
    for name, values, node in calls:
        seen[name] = seen.get(name, 0) + 1
        named.append((name if seen[name] == 1 else f"{name}, call {seen[name]}", values, node))
    return named


def _gradient(gradients: dict[Any, Any], node: Any) -> NDArray[Any] | None:
    found = gradients.get(node) if isinstance(node, Node) else None
    return None if found is None else np.asarray(raw(found))
