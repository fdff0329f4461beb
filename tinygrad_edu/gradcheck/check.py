"""``gradcheck`` and ``gradgradcheck``, with PyTorch's names and signatures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine import LEAF, box, is_tensor
from ..errors import GradientError, located
from ..gradients import grad
from .classical import Tolerances, classical
from .contract import upstream as random_upstream
from .differences import central_difference, step_for
from .examine import told
from .graphs import Case, check_gradients
from .report import GradReport
from .subject import Broken


class GradcheckError(RuntimeError):
    """A gradient is wrong, or could not be checked.

    Attributes
    ----------
    report : GradReport
        What was found.
    """

    def __init__(self, message: str, report: GradReport | None = None) -> None:
        super().__init__(message)
        self.report = report


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
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Compare the gradients of `func` with differences, in float64.

    Without a number, the check chooses its own steps, and has an error bound in place of a
    tolerance. With any of `eps`, `atol`, `rtol` and `nondet_tol` it is PyTorch's classical test,
    element by element, with 1e-6, 1e-5, 1e-3 and 0 for those that are not given.

    Parameters
    ----------
    func : callable
        Takes Tensors and returns one or more.
    inputs : Tensor or sequence
        Its arguments; those that require grad are checked. They stay as they are.
    eps : float, optional
        Step of the classical test.
    atol, rtol : float, optional
        Tolerances of the classical test, ``|a - n| <= atol + rtol |n|``.
    raise_exception : bool
        Raise on a mismatch; otherwise return False.
    nondet_tol : float
        By how much two calls of the formula may differ.
    check_undefined_grad, check_grad_dtypes : bool
        For PyTorch's sake: what they test is always tested, or cannot happen here.
    check_batched_grad, check_batched_forward_grad, check_forward_ad : bool
        Not supported.
    check_backward_ad : bool
        Must be True.
    fast_mode : bool
        Only at the inputs given; in the classical test, one random projection.
    masked : bool, optional
        Not supported: there are no sparse tensors.

    Raises
    ------
    GradcheckError
        With the worst element, the op that is wrong and the likely cause; its ``.report`` is what
        `check_gradients` returns.
    ValueError
        If no input requires grad.
    NotImplementedError
        For a switch that is not supported.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> gradcheck(lambda x: x.exp().sum(), (tensor([0.0, 1.0], requires_grad=True),))
    True
    """
    _refuse(
        "gradcheck",
        check_batched_grad=check_batched_grad,
        check_batched_forward_grad=check_batched_forward_grad,
        check_forward_ad=check_forward_ad,
        masked=bool(masked),
    )
    _need(check_backward_ad, "gradcheck: check_backward_ad=False leaves nothing to check")
    _leaves(inputs)
    given = {"eps": eps, "atol": atol, "rtol": rtol, "nondet_tol": nondet_tol or None}
    numbers = {name: float(value) for name, value in given.items() if value is not None}
    if numbers:
        report = _classical(func, inputs, Tolerances(**numbers), fast_mode)
    else:
        report = check_gradients(func, inputs, explore=not fast_mode)
    if report:
        return True
    if not raise_exception:
        return False
    raise GradcheckError(located(str(report)), report)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check the gradients of the gradients: `gradcheck` of the backward pass of `func`.

    Parameters
    ----------
    func, inputs
        As for `gradcheck`.
    grad_outputs : Tensor or sequence, optional
        Upstream gradients of the outputs; random unless given. They are inputs of the backward
        pass, so the gradients with respect to them are checked too.
    eps, atol, rtol, raise_exception, nondet_tol, check_undefined_grad, check_grad_dtypes, fast_mode
        As for `gradcheck`.
    gen_non_contig_grad_outputs, check_batched_grad, check_fwd_over_rev, masked : bool
        Not supported.
    check_rev_over_rev : bool
        Must be True.

    Raises
    ------
    GradcheckError, ValueError, NotImplementedError
        As for `gradcheck`.

    Examples
    --------
    >>> from tinygrad_edu import tensor
    >>> gradgradcheck(lambda x: x**3, tensor([1.0, 2.0], requires_grad=True))
    True
    """
    _refuse(
        "gradgradcheck",
        gen_non_contig_grad_outputs=gen_non_contig_grad_outputs,
        check_batched_grad=check_batched_grad,
        check_fwd_over_rev=check_fwd_over_rev,
        masked=masked,
    )
    _need(check_rev_over_rev, "gradgradcheck: check_rev_over_rev=False leaves nothing to check")
    leaves = _leaves(inputs)
    upper = _upper(func, leaves, grad_outputs)
    n = len(leaves)
    varied = [k for k, t in enumerate(leaves) if is_tensor(t) and t.requires_grad]

    def backward_of(*args: Any) -> tuple[Any, ...]:
        outputs = [o for o in _outputs(func, list(args[:n])) if o.requires_grad]
        asked = [args[k] for k in varied]
        found = grad(outputs, asked, args[n:], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    name = getattr(func, "__name__", type(func).__name__)
    backward_of.__name__ = f"the backward pass of {name}"
    return gradcheck(
        backward_of,
        (*leaves, *upper),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        fast_mode=fast_mode,
    )


def _upper(func: Callable[..., Any], leaves: list[Any], given: Any) -> list[Any]:
    """Upstream gradients that require grad: those given, or random ones."""
    outputs = [o for o in _outputs(func, leaves) if o.requires_grad]
    if not outputs:
        raise GradientError(
            located("gradgradcheck: no output of the function depends on the inputs")
        )
    if given is not None:
        many = list(given) if isinstance(given, (list, tuple)) else [given]
        return [box(np.array(t._array, np.float64), LEAF) for t in many]
    rng = np.random.default_rng(0)
    return [box(random_upstream(rng, o.shape), LEAF) for o in outputs]


def _refuse(name: str, **switches: bool) -> None:
    """Nothing passes because it was not looked at."""
    for switch, value in switches.items():
        if value:
            raise NotImplementedError(located(f"{name}: {switch}=True is not supported"))


def _need(condition: bool, text: str) -> None:
    if not condition:
        raise ValueError(located(text))


def _classical(
    func: Callable[..., Any], inputs: Any, numbers: Tolerances, fast: bool
) -> GradReport:
    case = Case(func, inputs)
    with case.open():
        try:
            report = classical(case, numbers, fast)
        except Broken as error:
            report = GradReport("fail", case.name, reason=error.sentence)
            report.diagnosis = [(error.cls, error.sentence)] if error.cls else []
        except Exception as error:  # the function's own, told as `check_gradients` tells it
            report = GradReport("fail", case.name, reason=f"the function raised {told(error)}")
    report.notes = [*case.notes, *report.notes]
    return report
