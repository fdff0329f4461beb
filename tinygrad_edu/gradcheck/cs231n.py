"""The helpers of CS231n's assignments under their own names, and the relative error of its notes.

They are the classical check: one fixed step `h` and a number to judge by eye. What they leave to
the reader (which step, which tolerance, which bug) is what ``check_op`` answers.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..engine import is_tensor
from ..errors import DTypeError, ShapeError, describe, located

# ------------------------------------------------------------------------------- relative error


def relative_error(a: Any, n: Any, *, denominator: str = "max", floor: float = 0.0) -> Any:
    """``|a - n|`` relative to the size of both, element by element; 0 where both are equal.

    Parameters
    ----------
    a, n : array_like
        The analytic and the numerical gradient, of one shape; or one of them a number.
    denominator : {'max', 'sum'}
        ``max(|a|, |n|)``, as in the notes of CS231n, or ``|a| + |n|``, as in its code. The first
        error is at least as large as the second and at most twice as large.
    floor : float
        The least denominator: below it the error is absolute.

    Returns
    -------
    numpy.ndarray or float

    Raises
    ------
    ShapeError
        The shapes differ.

    Examples
    --------
    >>> print(relative_error(2.0, 1.0), relative_error(0.0, 0.0))
    0.5 0.0
    >>> print(round(relative_error(2.0, 1.0, denominator="sum"), 4))
    0.3333
    """
    if denominator not in ("max", "sum"):
        raise ValueError(located(f"denominator must be 'max' or 'sum', not {denominator!r}"))
    a, n = (np.asarray(v.detach().numpy() if is_tensor(v) else v) for v in (a, n))
    if a.shape != n.shape and a.ndim and n.ndim:
        raise ShapeError(located(f"relative error of shapes {a.shape} and {n.shape}: they differ"))
    a, n = a * 1.0, n * 1.0  # the difference of unsigned integers would wrap round
    combine = np.maximum if denominator == "max" else np.add
    size = np.maximum(combine(abs(a), abs(n)), floor)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(a == n, 0.0, abs(a - n) / size)[()]


def rel_error(x: Any, y: Any) -> float:
    """The largest relative error, as CS231n's code has it: ``|x - y| / max(1e-8, |x| + |y|)``.

    Parameters
    ----------
    x, y : array_like
        Of one shape; or one of them a number.

    Examples
    --------
    >>> rel_error([1.0, 2.0], [1.0, 6.0])
    0.5
    """
    return float(np.max(relative_error(x, y, denominator="sum", floor=1e-8), initial=0.0))


# ------------------------------------------------------------------------------- arguments


def _writable(x: Any, name: str = "x") -> np.ndarray:
    """`x`, if its elements can be moved by a small step and back."""
    if not isinstance(x, np.ndarray):
        raise DTypeError(located(f"{name} must be a NumPy array, not {describe(x)}"))
    if x.dtype.kind != "f":
        why = f"{x.dtype} array cannot hold {name} + h"
        raise DTypeError(located(f"an {why}: convert it with {name}.astype(np.float64)"))
    if not x.flags.writeable:
        raise ValueError(located(f"{name} is read-only, but its elements are moved: pass a copy"))
    return x


def _number(value: Any) -> float:
    """What `f` returned, which must be one number."""
    found = np.asarray(value.detach().numpy() if is_tensor(value) else value)
    if found.dtype.kind not in "fiub" or found.size != 1:
        what = describe(value) if value is not None else "None"
        raise TypeError(located(f"f must return one number (the loss), not {what}"))
    return float(found.reshape(()))


def _array(value: Any, what: str = "f must return") -> np.ndarray:
    """`value` as an array of numbers."""
    found = np.asarray(value.detach().numpy() if is_tensor(value) else value)
    if found.dtype.kind not in "fiub":
        got = describe(value) if value is not None else "None"
        raise TypeError(located(f"{what} an array of numbers, not {got}"))
    return found


@contextmanager
def _restored(x: np.ndarray, index: tuple[int, ...]) -> Iterator[Any]:
    """Give back ``x[index]`` whatever happens, also on Ctrl-C."""
    before = x[index]
    try:
        yield before
    finally:
        x[index] = before


def _centred(f: Callable[[], Any], x: np.ndarray, index: tuple[int, ...], h: float) -> Any:
    """``f()`` at ``x[index] + h`` minus ``f()`` at ``x[index] - h``, over ``2h``."""
    with _restored(x, index) as before:
        x[index] = before + h
        above = f()
        x[index] = before - h
        below = f()
    return (above - below) / (2 * h)


# ------------------------------------------------------------------------------- the helpers


def eval_numerical_gradient(
    f: Callable[[np.ndarray], Any], x: np.ndarray, verbose: bool = True, h: float = 1e-5
) -> np.ndarray:
    """The gradient of a loss by centred differences, one element of `x` after another.

    Parameters
    ----------
    f : callable
        Takes `x` and returns one number.
    x : numpy.ndarray
        Of floating dtype; moved element by element and left as it was, also when `f` raises.
    verbose : bool
        Print each index with its slope.
    h : float
        Step.

    Examples
    --------
    >>> eval_numerical_gradient(
    ...     lambda x: (x**2).sum(), np.array([1.0, 3.0]), verbose=False
    ... ).round(6)
    array([2., 6.])
    """
    _writable(x)
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        gradient[index] = _centred(lambda: _number(f(x)), x, index, h)
        if verbose:
            print(index, gradient[index])
    return gradient


def eval_numerical_gradient_array(
    f: Callable[[np.ndarray], Any], x: np.ndarray, df: Any, h: float = 1e-5
) -> np.ndarray:
    """The gradient of ``sum(df * f(x))`` by centred differences, for a function of many outputs.

    Parameters
    ----------
    f : callable
        Takes `x` and returns an array.
    x : numpy.ndarray
        Of floating dtype; moved element by element and left as it was, also when `f` raises.
    df : array_like
        The upstream gradient, of the shape of ``f(x)``. Draw it at random: with ones, a formula
        that ignores its upstream gradient passes.
    h : float
        Step.

    Examples
    --------
    >>> x, df = np.array([1.0, 3.0]), np.array([10.0, 1.0])
    >>> eval_numerical_gradient_array(lambda x: x**2, x, df).round(6)
    array([20.,  6.])
    """
    _writable(x)
    upstream = _array(df, "df must be")

    def output() -> np.ndarray:
        y = _array(f(x))
        if y.shape != upstream.shape:
            shapes = f"df has shape {upstream.shape}, but f(x) has {y.shape}"
            raise ShapeError(located(f"{shapes}: they must be equal"))
        # A copy, for y may be a view of x, which is about to move back; and of floats, for
        # booleans have no difference.
        return y.astype(np.result_type(y, 1.0))

    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        gradient[index] = np.sum(_centred(output, x, index, h) * upstream)
    return gradient


def eval_numerical_gradient_net(
    net: Any, inputs: Sequence[Any], output: Any, h: float = 1e-5
) -> list[np.ndarray]:
    """The gradient with respect to each input blob of a net, by centred differences.

    Parameters
    ----------
    net : object
        With ``net.forward()``, which reads ``.vals`` of the inputs and writes ``output.vals``; or
        a function of no arguments that does so.
    inputs : sequence of blobs
        Each with an array ``.vals``.
    output : blob
        With ``.vals`` and its upstream gradient ``.diffs``.
    h : float
        Step.

    Returns
    -------
    list of numpy.ndarray
        One gradient per input. All ``.vals`` are what they were.

    Examples
    --------
    >>> from types import SimpleNamespace as Blob
    >>> x = Blob(vals=np.array([1.0, 3.0]), diffs=None)
    >>> y = Blob(vals=np.zeros(2), diffs=np.array([10.0, 1.0]))
    >>> def forward():
    ...     y.vals = x.vals**2
    >>> [g.round(6) for g in eval_numerical_gradient_net(forward, [x], y)]
    [array([20.,  6.])]
    """
    for blob, needed in [*((b, ("vals",)) for b in inputs), (output, ("vals", "diffs"))]:
        missing = [f".{name}" for name in needed if not hasattr(blob, name)]
        if missing:
            text = f"a blob needs {' and '.join(missing)}; {type(blob).__name__} has none"
            raise TypeError(located(text))
    forward = getattr(net, "forward", net)

    def run(_: Any) -> Any:
        forward()
        return output.vals

    place, before = output.vals, copy.deepcopy(output.vals)
    try:
        return [eval_numerical_gradient_array(run, b.vals, output.diffs, h) for b in inputs]
    finally:
        output.vals = place  # a net may hold this very array and write into it
        if isinstance(place, np.ndarray):
            place[...] = before


def grad_check_sparse(
    f: Callable[[np.ndarray], Any],
    x: np.ndarray,
    analytic_grad: Any,
    num_checks: int = 10,
    h: float = 1e-5,
) -> None:
    """Print numerical and analytic slope at a few random elements of `x`.

    Parameters
    ----------
    f : callable
        Takes `x` and returns one number.
    x : numpy.ndarray
        Of floating dtype; left as it was, also when `f` raises.
    analytic_grad : array_like
        Of the shape of `x`.
    num_checks : int
        How many elements, drawn by Python's ``random``: ``random.seed`` repeats them.
    h : float
        Step.

    Examples
    --------
    >>> x = np.array([3.0])
    >>> grad_check_sparse(lambda x: 2 * x[0], x, np.array([2.5]), num_checks=1)
    numerical: 2.000000 analytic: 2.500000, relative error: 1.111111e-01
    """
    _writable(x)
    analytic = _array(analytic_grad, "analytic_grad must be")
    if analytic.shape != x.shape:
        shapes = f"analytic_grad has shape {analytic.shape}, but x has {x.shape}"
        raise ShapeError(located(f"{shapes}: they must be equal"))
    if not x.size:
        raise ValueError(located(f"x has shape {x.shape}: there is no element to check"))
    for _ in range(num_checks):
        index = tuple(random.randrange(n) for n in x.shape)
        n, a = _centred(lambda: _number(f(x)), x, index, h), float(analytic[index])
        error = relative_error(a, n, denominator="sum")
        print(f"numerical: {n:f} analytic: {a:f}, relative error: {error:e}")


# ------------------------------------------------------------------------------- layers


def layer_pair(
    forward: Callable[..., Any], backward: Callable[..., Any], *params: Any
) -> tuple[Callable[..., Any], Callable[..., tuple]]:
    """The two functions of a CS231n layer as the pair ``(forward, vjp)`` that ``check_op`` takes.

    Parameters
    ----------
    forward : callable
        ``forward(*xs, *params) -> (out, cache)``.
    backward : callable
        ``backward(dout, cache) -> gradients``, one per ``xs``.
    *params : object
        Passed to `forward` after the arrays, as CS231n's ``conv_param`` is. Each call gets a copy,
        so that a layer which keeps running statistics there is the same function at every call.

    Returns
    -------
    forward : callable
        ``forward(*xs) -> out``.
    vjp : callable
        ``vjp(g, y, *xs) -> gradients``. It runs `forward` again for a cache that belongs to `xs`.

    Examples
    --------
    >>> def affine_forward(x, w):
    ...     return x @ w, (x, w)
    >>> def affine_backward(dout, cache):
    ...     x, w = cache
    ...     return dout @ w.T, x.T @ dout
    >>> forward, vjp = layer_pair(affine_forward, affine_backward)
    >>> x, w = np.ones((2, 3)), np.full((3, 1), 2.0)
    >>> y = forward(x, w)
    >>> [g.shape for g in vjp(np.ones_like(y), y, x, w)]
    [(2, 3), (3, 1)]
    """

    def run(*xs: Any) -> tuple:
        result = forward(*xs, *copy.deepcopy(params))
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            name = getattr(forward, "__name__", "forward")
            found = f"{len(result)} values" if isinstance(result, tuple) else describe(result)
            raise TypeError(located(f"{name} must return (out, cache), not {found}"))
        return tuple(result)

    def vjp(g: Any, y: Any, *xs: Any) -> tuple:
        gradients = backward(g, run(*xs)[1])
        return tuple(gradients) if isinstance(gradients, (tuple, list)) else (gradients,)

    return lambda *xs: run(*xs)[0], vjp
