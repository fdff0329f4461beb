"""Regularisation terms: what is added to the data loss to prefer simpler weights.

As functions of the parameters, and as modules with their strength, lambda. None of them is a mean:
a penalty is not divided by the size of the minibatch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .. import ops
from ..errors import DTypeError, located
from ..tensor import Tensor
from .module import Module

__all__ = [
    "ElasticNetPenalty",
    "L1Penalty",
    "L2Penalty",
    "Regularized",
    "elastic_net_penalty",
    "l1_penalty",
    "l2_penalty",
]


def _tensors(params: Any) -> list[Any]:
    """The tensors of a Tensor, a Module, an iterable of Tensors, or of (name, Tensor) pairs."""
    if isinstance(params, Module):
        return list(params.parameters())
    if hasattr(params, "dtype"):
        return [params]
    found = [p[1] if isinstance(p, tuple) and len(p) == 2 else p for p in params]
    for i, p in enumerate(found):
        if not hasattr(p, "dtype"):
            kind = type(p).__name__
            raise DTypeError(located(f"params: a penalty is of Tensors, but number {i} is {kind}"))
    return found


def _total(terms: Iterable[Any]) -> Any:
    total: Any = None
    for term in terms:
        total = term if total is None else total + term
    return 0.0 if total is None else total


def l2_penalty(params: Any, half: bool = False) -> Any:
    """The sum of the squares of all parameters, ``R(W) = sum W**2``.

    Parameters
    ----------
    params : Tensor, Module, or iterable of Tensor or of (name, Tensor)
        What to keep small; usually the weights, not the biases.
    half : bool
        Put 1/2 in front, so that the gradient is ``W`` in place of ``2 W``. (COURSE 9 and 10: the
        lectures use both; this is why a regularisation gradient may be off by a factor of 2.)

    Notes
    -----
    In plain SGD, ``lam * l2_penalty(W, half=True)`` is ``weight_decay=lam``. In Adam the term goes
    through the moments, and decoupled decay (AdamW) is another thing.

    References
    ----------
    S1 (without the half), S2 (with it).

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> l2_penalty([tensor([0.25, 0.25, 0.25, 0.25])])
    tensor(0.2500)
    >>> l2_penalty([tensor([0.25, 0.25, 0.25, 0.25])], half=True)
    tensor(0.1250)
    """
    total = _total(ops.sum(ops.square(p)) for p in _tensors(params))
    return 0.5 * total if half else total


def l1_penalty(params: Any) -> Any:
    """The sum of the absolute values of all parameters, ``R(W) = sum |W|``.

    Its gradient is the sign, 0 at 0.

    Parameters
    ----------
    params : Tensor, Module, or iterable of Tensor or of (name, Tensor)

    References
    ----------
    S1.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> l1_penalty([tensor([-1.0, 0.5])])
    tensor(1.5000)
    """
    return _total(ops.sum(ops.abs(p)) for p in _tensors(params))


def elastic_net_penalty(params: Any, beta: float = 1.0) -> Any:
    """Both: ``R(W) = sum (beta W**2 + |W|)``.

    Parameters
    ----------
    params : Tensor, Module, or iterable of Tensor or of (name, Tensor)
    beta : float
        The share of the squares.

    References
    ----------
    S1; Zou and Hastie 2005.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> elastic_net_penalty([tensor([0.25, 0.25, 0.25, 0.25])], beta=0.5)
    tensor(1.1250)
    """
    _not_negative("beta", beta)
    tensors = _tensors(params)
    return beta * l2_penalty(tensors) + l1_penalty(tensors)


class _Penalty(Module):
    """What penalties share: the strength, and a call on whatever holds the parameters."""

    function: Callable[..., Any]
    settings: tuple[str, ...] = ()

    def __init__(self, lam: float = 1.0) -> None:
        super().__init__()
        _not_negative("lam", lam)
        self.lam = lam

    def forward(self, params: Any) -> Any:
        options = {name: getattr(self, name) for name in self.settings}
        return self.lam * type(self).function(params, **options)

    def extra_repr(self) -> str:
        return ", ".join(f"{name}={getattr(self, name)}" for name in ("lam", *self.settings))


class L1Penalty(_Penalty):
    """``lam * sum |W|``; see `l1_penalty`.

    Parameters
    ----------
    lam : float

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> L1Penalty(0.1)(tensor([-1.0, 0.5]))
    tensor(0.1500)
    """

    function = staticmethod(l1_penalty)


class L2Penalty(_Penalty):
    """``lam * sum W**2``, or ``lam / 2 * sum W**2``; see `l2_penalty`.

    Parameters
    ----------
    lam : float
    half : bool
        With the half (S2), `lam` is the ``weight_decay`` of SGD; without (S1), half of it.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> (
    ...     L2Penalty(0.1)(tensor([3.0, 1.0])),
    ...     L2Penalty(0.1, half=True)(tensor([3.0, 1.0])),
    ... )
    (tensor(1.), tensor(0.5000))
    """

    function = staticmethod(l2_penalty)
    settings = ("half",)

    def __init__(self, lam: float = 1.0, half: bool = False) -> None:
        super().__init__(lam)
        self.half = half  # type: ignore[method-assign, assignment]  # no parameter to convert


class ElasticNetPenalty(_Penalty):
    """``lam * sum (beta W**2 + |W|)``; see `elastic_net_penalty`.

    Parameters
    ----------
    lam, beta : float

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> ElasticNetPenalty(0.1, beta=2.0)(tensor([1.0, -1.0]))
    tensor(0.6000)
    """

    function = staticmethod(elastic_net_penalty)
    settings = ("beta",)

    def __init__(self, lam: float = 1.0, beta: float = 1.0) -> None:
        super().__init__(lam)
        _not_negative("beta", beta)
        self.beta = beta


class Regularized(Module):
    """The full loss: ``loss(input, target) + penalty(params)``, mean over examples + lambda R(W).

    Parameters
    ----------
    loss : callable
        The data loss, such as ``CrossEntropyLoss()``.
    penalty : callable
        Such as ``L2Penalty(1e-3)``.

    References
    ----------
    S1, whose recap slides leave lambda out.

    Examples
    --------
    >>> from tinygrad_edu import nn, tensor
    >>> full = Regularized(nn.MSELoss(), L2Penalty(0.1))
    >>> w = tensor([2.0], requires_grad=True)
    >>> full(w * 3.0, tensor([5.0]), [w])
    tensor(1.4000, grad_fn=<AddBackward0>)
    """

    def __init__(self, loss: Callable[..., Any], penalty: Callable[[Any], Any]) -> None:
        super().__init__()
        self.loss, self.penalty = loss, penalty

    def forward(self, input: Any, target: Any, params: Any) -> Any:
        return self.loss(input, target) + self.penalty(params)


def _not_negative(name: str, value: float) -> None:
    if isinstance(value, Tensor):
        return
    if not value >= 0:
        raise ValueError(located(f"{name} must be >= 0, not {value}"))
