"""``gradcheck``: are the gradients of a function what differences say they are?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import LEAF, box, is_tensor
from ..errors import GradientError, located
from ..gradients import grad
from .differences import central_difference, step_for


class GradcheckError(RuntimeError):
    """An analytic gradient disagrees with the numerical one."""


def _leaves(inputs: Any) -> list[Any]:
    """The inputs as float64 leaves of their own; what needs no gradient as it is."""
    many = list(inputs) if isinstance(inputs, Sequence) else [inputs]
    leaves = [
        box(np.array(t._array, np.float64), LEAF) if is_tensor(t) and t.requires_grad else t
        for t in many
    ]
    if not any(is_tensor(t) and t.requires_grad for t in leaves):
        raise ValueError(
            located("gradcheck: at least one input must be a Tensor with requires_grad=True")
        )
    return leaves


def _outputs(func: Callable[..., Any], inputs: list[Any]) -> list[Any]:
    result = func(*inputs)
    results = list(result) if isinstance(result, (tuple, list)) else [result]
    if not results or not all(is_tensor(r) for r in results):
        raise TypeError(
            located(f"gradcheck: the function must return Tensors, not {type(result).__name__}")
        )
    return [r for r in results if r.dtype.kind == "f"]


def _compare(
    func: Callable[..., Any],
    inputs: list[Any],
    samples: int | None,
    seed: int,
    eps: float | None = None,
) -> list[tuple[int, tuple[int, ...], float, float]]:
    """Analytic and numerical slope of ``sum(u * func(inputs))`` at elements of each input.

    `u` is random: a formula that ignores its upstream gradient does not get by.
    """
    rng = np.random.default_rng(seed)
    outputs = _outputs(func, inputs)
    upstream = [rng.uniform(0.5, 1.5, o.shape) * rng.choice([-1, 1], o.shape) for o in outputs]
    wanted = [(k, t) for k, t in enumerate(inputs) if is_tensor(t) and t.requires_grad]
    tracked = [(o, box(u)) for o, u in zip(outputs, upstream, strict=True) if o.requires_grad]
    if not tracked:
        raise GradientError(
            located("gradcheck: no output of the function depends on an input that requires grad")
        )
    gradients = grad(
        [o for o, _ in tracked],
        [t for _, t in wanted],
        [u for _, u in tracked],
        allow_unused=True,
        materialize_grads=True,
    )

    def total() -> float:
        values = _outputs(func, inputs)
        return sum(float((u * v._array).sum()) for u, v in zip(upstream, values, strict=True))

    rows = []
    for (k, t), g in zip(wanted, gradients, strict=True):
        x = t._buffer()
        places = list(np.ndindex(x.shape))
        if samples is not None and len(places) > samples:
            places = [places[i] for i in rng.choice(len(places), samples, replace=False)]
        for index in places:
            numeric = central_difference(total, x, index, eps or step_for(x, index))
            rows.append((k, index, float(g._array[index]), float(numeric)))
    return rows


def max_relative_error(
    func: Callable[..., Any], inputs: Any, *, samples: int | None = 20, seed: int = 0
) -> float:
    """The worst ``|a - n| / max(|a|, |n|)`` between analytic and numerical gradient.

    Parameters
    ----------
    func : callable
        Takes Tensors and returns one or more.
    inputs : sequence
        Its arguments; those that require grad are checked, in float64.
    samples : int, optional
        How many elements of each input to try; None for all.
    seed : int
        Of the elements and of the random upstream gradient.

    Returns
    -------
    float
        On the scale of the CS231n notes: below 1e-7 be happy, above 1e-2 it is probably wrong.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> max_relative_error(
    ...     lambda x: x * x * x, tensor([1.0, 2.0], requires_grad=True)
    ... ) < 1e-9
    True
    """
    rows = _compare(func, _leaves(inputs), samples, seed)
    a, n = (np.array([row[k] for row in rows]) for k in (2, 3))
    size = np.maximum(abs(a), abs(n))
    # Elements far below the largest one differ by the round-off of the differences alone.
    floor = 1e-5 * max(float(abs(n).max(initial=0.0)), 1e-12)
    return float(np.max(abs(a - n) / np.maximum(size, floor), initial=0.0))  # a NaN stays one


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
) -> bool:
    """Compare the gradients of `func` with central differences, in float64.

    Parameters
    ----------
    func : callable
        Takes Tensors and returns one or more.
    inputs : sequence
        Its arguments; those that require grad are checked, every element of them.
    eps : float, optional
        Step of the differences; chosen for each element unless given.
    atol, rtol : float, optional
        Tolerances, ``|a - n| <= atol + rtol |n|``; 1e-7 and 1e-6 unless given.
    raise_exception : bool
        Raise on a mismatch; otherwise return False.

    Raises
    ------
    GradcheckError
        With the worst element: input, index, both values and their ratio.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> gradcheck(lambda x: x.exp().sum(), (tensor([0.0, 1.0], requires_grad=True),))
    True
    """
    rows = _compare(func, _leaves(inputs), None, 0, eps)
    atol, rtol = 1e-7 if atol is None else atol, 1e-6 if rtol is None else rtol
    wrong = [row for row in rows if not abs(row[2] - row[3]) <= atol + rtol * abs(row[3])]
    if not wrong:
        return True
    if not raise_exception:
        return False
    k, index, a, n = max(wrong, key=lambda row: abs(row[2] - row[3]))
    ratio = f"{a / n:.6g}" if n else "infinite"
    raise GradcheckError(
        located(
            f"gradcheck: input {k} at {index}: analytic {a:.8g}, numerical {n:.8g}, ratio {ratio}; "
            f"{len(wrong)} of {len(rows)} elements disagree"
        )
    )
