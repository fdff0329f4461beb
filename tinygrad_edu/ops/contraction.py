"""Sums over named axes: einsum, tensordot, and the products that are cases of them.

Everything comes down to one op of two arrays, whose gradient is the same op with the roles of the
arrays exchanged: for ``out = contract(x, y)`` over axes with names, ``dx = contract(g, y)`` over
the same names.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from ..engine import primitive, raw
from ..errors import DTypeError, ShapeError, located
from ..quiet import quiet
from .arguments import expect_tensors, one_axis
from .arithmetic import mul
from .fitting import to_dtype
from .index import getitem
from .linalg import matmul
from .reduce import _sum, accumulated
from .shape import _permute, _reshape

__all__ = ["chain_matmul", "einsum", "inner", "kron", "tensordot"]

Labels = tuple[Hashable, ...]


# ------------------------------------------------------------------------ the one op


@functools.lru_cache(maxsize=512)
def _plan(xs: Labels, ys: Labels, out: Labels) -> tuple[Any, ...]:
    """Where the axes of both arrays go, so that their product is one (stacked) matmul.

    The axes are of four kinds: in all three (batch), summed, only in x, only in y.
    """
    batch = [a for a in xs if a in ys and a in out]
    summed = [a for a in xs if a in ys and a not in out]
    left = [a for a in xs if a not in ys]
    right = [a for a in ys if a not in xs]
    if not summed:  # a plain product: both brought to the order of `out`
        order = [a for a in out if a in xs], [a for a in out if a in ys]
        return (
            None,
            [xs.index(a) for a in order[0]],
            [ys.index(a) for a in order[1]],
            [a in xs for a in out],
            [a in ys for a in out],
        )
    made = batch + left + right
    return (
        (len(batch), len(left), len(right), len(summed)),
        [xs.index(a) for a in batch + left + summed],
        [ys.index(a) for a in batch + summed + right],
        [made.index(a) for a in out],
        None,
    )


@primitive(promotes="same", name="einsum")
@quiet
def _contract(input: Any, other: Any, *, xs: Labels, ys: Labels, out: Labels) -> Any:
    """``sum(x * y)`` over the axes whose names are not in `out`, which must be in both."""
    kinds, to_x, to_y, after, in_y = _plan(xs, ys, out)
    x, y = input.transpose(to_x), other.transpose(to_y)
    if kinds is None:
        in_x, sizes_x, sizes_y = after, iter(x.shape), iter(y.shape)
        x = x.reshape([next(sizes_x) if here else 1 for here in in_x])
        return x * y.reshape([next(sizes_y) if here else 1 for here in in_y])
    b, m, n, k = kinds
    shape = x.shape[: b + m] + y.shape[b + k :]
    many = math.prod(x.shape[b + m :])
    if not m and not n:
        z = np.vecdot(x.reshape((*x.shape[:b], many)), y.reshape((*y.shape[:b], many)))
    else:
        x = x.reshape((*x.shape[:b], math.prod(x.shape[b : b + m]), many))
        z = np.matmul(x, y.reshape((*y.shape[:b], many, math.prod(y.shape[b + k :]))))
    return z.reshape(shape).transpose(after)


_contract.defvjp(
    lambda g, o, x, y, xs, ys, out: _contract(g, y, xs=out, ys=ys, out=xs),
    lambda g, o, x, y, xs, ys, out: _contract(x, g, xs=xs, ys=out, out=ys),
)


# ------------------------------------------------------------------------ any number of operands


def _diagonal(x: Any, labels: Labels) -> tuple[Any, Labels]:
    """Names that stand twice on one operand: its diagonal, as the first axis."""
    for a in labels:
        while labels.count(a) > 1:
            i = labels.index(a)
            j = labels.index(a, i + 1)
            rest = [k for k in range(len(labels)) if k not in (i, j)]
            both = np.arange(raw(x).shape[i])
            x = getitem(_permute(x, dims=(i, j, *rest)), index=(both, both))
            labels = (a, *(labels[k] for k in rest))
    return x, labels


def _drop(x: Any, labels: Labels, gone: Any, stretched: Any) -> tuple[Any, Labels]:
    """Sum over the axes named in `gone`; drop those of length 1 that others stretch."""
    x_shape = raw(x).shape
    axis = tuple(i for i, a in enumerate(labels) if a in gone)
    if axis:
        x = _sum(accumulated(x, None), axis=axis, keepdims=False)
        labels = tuple(a for a in labels if a not in gone)
        x_shape = raw(x).shape
    thin = [i for i, a in enumerate(labels) if x_shape[i] == 1 and a in stretched]
    if thin:
        x = _reshape(x, shape=tuple(n for i, n in enumerate(x_shape) if i not in thin))
        labels = tuple(a for i, a in enumerate(labels) if i not in thin)
    return x, labels


def _sum_of_products(operands: Sequence[Any], labels: Sequence[Labels], out: Labels) -> Any:
    sizes: dict[Hashable, set[int]] = {}
    pairs = []
    for x, names in zip(operands, labels, strict=True):
        if len(set(names)) != len(names):
            x, names = _diagonal(x, names)
        for a, n in zip(names, raw(x).shape, strict=True):
            sizes.setdefault(a, set()).add(n)
        pairs.append((x, names))
    stretched = {a for a, found in sizes.items() if len(found) > 1}
    kinds = {raw(x).dtype for x in operands}
    integers = len(kinds) == 1 and kinds.pop().kind in "biu"
    # From left to right. A name that neither the result nor a later operand needs is summed away.
    x, xs = _drop(*pairs[0], (), stretched)
    for i, (y, ys) in enumerate(pairs[1:], 1):
        y, ys = _drop(y, ys, (), stretched)
        needed = set(out).union(*(p[1] for p in pairs[i + 1 :]))
        x, xs = _drop(x, xs, set(xs) - set(ys) - needed, ())
        y, ys = _drop(y, ys, set(ys) - set(xs) - needed, ())
        both = [*xs, *(a for a in ys if a not in xs)]
        made = out if i == len(pairs) - 1 else tuple(a for a in both if a in needed)
        if integers:  # the sum of one of them may have become int64
            widest = np.result_type(raw(x), raw(y))
            x, y = to_dtype(x, widest), to_dtype(y, widest)
        x, xs = _contract(x, y, xs=xs, ys=ys, out=made), made
    if len(pairs) > 1 and xs == out:
        return x
    if set(xs) - set(out):
        x, xs = _drop(x, xs, set(xs) - set(out), ())
    return _permute(x, dims=tuple(xs.index(a) for a in out))


# ------------------------------------------------------------------------ the notation


def _fail(text: str) -> Any:
    raise ShapeError(located(f"einsum(): {text}"))


def _from_lists(args: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """``einsum(x, [0, 1], y, [1, 2], [0, 2])`` as an equation and operands."""
    letters = [*map(chr, range(65, 91)), *map(chr, range(97, 123))]

    def term(names: Any) -> str:
        if not all(n is Ellipsis or 0 <= n < 52 for n in names):
            _fail(f"sublist subscripts must be in [0, 52), but got {names}")
        return "".join("..." if n is Ellipsis else letters[n] for n in names)

    equation = ",".join(term(names) for names in args[1::2])
    if len(args) % 2:
        equation = ",".join(term(n) for n in args[1:-1:2]) + "->" + term(args[-1])
    return equation, list(args[: len(args) // 2 * 2 : 2])


@functools.lru_cache(maxsize=512)
def _parse(equation: str, ndims: tuple[int, ...]) -> tuple[tuple[Labels, ...], Labels]:
    """The names of each operand's axes and of the result's. Those of "..." are numbers."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        more = "more" if len(terms) < len(ndims) else "fewer"
        _fail(
            f"{more} operands were provided than specified in the equation: {equation!r} names "
            f"{len(terms)}, got {len(ndims)}"
        )
    widest, found = 0, []
    for i, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        before, dots, after = term.partition("...")
        free = ndim - len(before) - len(after)
        if (not (before + after).isalpha() and before + after) or not (before + after).isascii():
            _fail(f"invalid subscript in {term!r} of {equation!r}; they must be in [a-zA-Z]")
        if (free and not dots) or free < 0:
            _fail(
                f"the number of subscripts in the equation ({len(before + after)} in {term!r}) "
                f"does not match the number of dimensions ({ndim}) for operand {i}"
                + ("" if dots else " and no ellipsis was given")
            )
        widest = max(widest, free)
        found.append((before, free, after))
    labels = tuple((*b, *range(widest - free, widest), *a) for b, free, a in found)
    letters = "".join(b + a for b, _, a in found)
    if arrow:
        before, dots, after = right.partition("...")
        out: Labels = (*before, *(range(widest) if dots else ()), *after)
        for a in before + after:
            if a not in letters:
                _fail(f"output subscript {a} does not appear in {left!r} for any input operand")
        if len(set(out)) != len(out):
            _fail(f"an output subscript appears more than once in the output {right!r}")
    else:
        once = sorted(a for a in set(letters) if letters.count(a) == 1)
        out = (*range(widest), *once)
    return labels, out


def _check_sizes(equation: str, shapes: list[tuple[int, ...]], labels: Sequence[Labels]) -> None:
    seen: dict[Hashable, int] = {}
    given = ", ".join(map(str, shapes))
    for i, (shape, names) in enumerate(zip(shapes, labels, strict=True)):
        here: dict[Hashable, int] = {}
        for a, n in zip(names, shape, strict=True):
            name = "..." if isinstance(a, int) else a
            if here.setdefault(a, n) != n:
                _fail(
                    f"subscript {name} is repeated for operand {i} but the sizes don't match, "
                    f"{n} != {here[a]} ({equation!r} of shapes {given})"
                )
            if seen.setdefault(a, n) == 1:
                seen[a] = n
            if n not in (1, seen[a]):
                _fail(
                    f"subscript {name} has size {n} for operand {i} which does not broadcast with "
                    f"previously seen size {seen[a]} ({equation!r} of shapes {given})"
                )


def einsum(*args: Any) -> Any:
    """Sums of products over named axes: ``einsum("ij,jk->ik", x, y)`` is the matrix product.

    A letter names an axis; one that is missing after ``->`` is summed over; one that stands twice
    on an operand takes its diagonal; ``...`` stands for further axes, which broadcast. Without
    ``->`` the letters that occur once make the result, in alphabetical order. The gradient of each
    operand is the einsum of ``g`` and the other operands with the roles exchanged. Also takes lists
    of numbers in place of letters: ``einsum(x, [0, 1], y, [1, 2], [0, 2])``.

    Examples
    --------
    >>> einsum("ij->j", np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([4., 6.])
    """
    if not args:
        _fail("must provide at least one operand")
    if isinstance(args[0], str):
        equation, operands = args[0], list(args[1:])
        if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
            operands = list(operands[0])
    else:
        equation, operands = _from_lists(args)
    if not operands:
        _fail("must provide at least one operand")
    expect_tensors("einsum", **{f"operand {i}": x for i, x in enumerate(operands)})
    shapes = [np.shape(raw(x)) for x in operands]
    labels, out = _parse(equation, tuple(map(len, shapes)))
    _check_sizes(equation, shapes, labels)
    return _sum_of_products(operands, labels, out)


# ------------------------------------------------------------------------ cases of it


def tensordot(a: Any, b: Any, dims: Any = 2) -> Any:
    """The sum of products over `dims`: the last of `a` and the first of `b`, or two lists of axes.

    Examples
    --------
    >>> tensordot(np.ones((2, 3, 4)), np.ones((3, 4, 5)), dims=2).shape
    (2, 5)
    """
    x, y = np.shape(raw(a)), np.shape(raw(b))
    dims = raw(dims)
    if isinstance(dims, np.ndarray):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise ShapeError(located(f"tensordot expects dims >= 0, but got dims={dims}"))
        if dims > min(len(x), len(y)):
            raise ShapeError(located(f"tensordot: dims={dims} is more than the axes of {x} or {y}"))
        pairs = [(len(x) - dims + i, i) for i in range(dims)]
    else:
        left, right = ([d] if isinstance(d, int) else list(d) for d in dims)
        if len(left) != len(right):
            raise ShapeError(
                located(f"tensordot: both dimension lists should have same length, got {dims}")
            )
        pairs = [
            (one_axis("tensordot", i, len(x)), one_axis("tensordot", j, len(y)))
            for i, j in zip(left, right, strict=True)
        ]
    for i, j in pairs:
        if x[i] != y[j] and 1 not in (x[i], y[j]):
            raise ShapeError(
                located(
                    "tensordot: contracted dimensions need to match, but first has size "
                    f"{x[i]} in dim {i} and second has size {y[j]} in dim {j} ({x} and {y})"
                )
            )
    partner = {j: i for i, j in pairs}
    xs, ys = tuple(range(len(x))), tuple(partner.get(j, len(x) + j) for j in range(len(y)))
    out = tuple(i for i in xs if i not in partner.values()) + tuple(j for j in ys if j >= len(x))
    return _sum_of_products([a, b], [xs, ys], out)


def inner(input: Any, other: Any) -> Any:
    """The sum of products over the last axes; with a number, the product.

    Examples
    --------
    >>> inner(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 10.0]))
    array([21., 43.])
    """
    x, y = np.shape(raw(input)), np.shape(raw(other))
    if not x or not y:
        return mul(input, other)
    if x[-1] != y[-1]:
        raise ShapeError(
            located(f"inner() the last dimension must match on both inputs but got {x} and {y}")
        )
    return tensordot(input, other, ([-1], [-1]))


def kron(input: Any, other: Any) -> Any:
    """Kronecker's product: each element of `input` times all of `other`, as blocks.

    Examples
    --------
    >>> kron(np.array([1.0, 10.0]), np.array([1.0, 2.0]))
    array([ 1.,  2., 10., 20.])
    """
    expect_tensors("kron", input=input, other=other)
    x, y = np.shape(raw(input)), np.shape(raw(other))
    n = max(len(x), len(y))
    x, y = (1,) * (n - len(x)) + x, (1,) * (n - len(y)) + y
    spaced = _reshape(input, shape=tuple(s for m in x for s in (m, 1)))
    blocks = _reshape(other, shape=tuple(s for m in y for s in (1, m)))
    return _reshape(mul(spaced, blocks), shape=tuple(p * q for p, q in zip(x, y, strict=True)))


def chain_matmul(*matrices: Any) -> Any:
    """The product of several matrices, in the order that needs the fewest multiplications.

    Examples
    --------
    >>> chain_matmul(np.ones((2, 3)), np.ones((3, 4)), np.ones((4, 1))).shape
    (2, 1)
    """
    for x in matrices:
        if np.ndim(raw(x)) != 2:
            raise ShapeError(
                located(f"chain_matmul: every input must be 2-D, got {np.shape(raw(x))}")
            )
    if not matrices:
        raise DTypeError(located("chain_matmul: expected one or more matrices"))
    return multi_dot_matrices(matrices)


def multi_dot_matrices(matrices: Sequence[Any]) -> Any:
    """The product of matrices by dynamic programming over where to split."""
    sizes = [np.shape(raw(x)) for x in matrices]
    n = len(sizes)
    edges = [sizes[0][0], *(s[1] for s in sizes)]
    best: dict[tuple[int, int], tuple[float, Any]] = {(i, i): (0, None) for i in range(n)}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            best[i, j] = min(
                (best[i, k][0] + best[k + 1, j][0] + edges[i] * edges[k + 1] * edges[j + 1], k)
                for k in range(i, j)
            )

    def product(i: int, j: int) -> Any:
        k = best[i, j][1]
        return matrices[i] if i == j else matmul(product(i, k), product(k + 1, j))

    return product(0, n - 1)
