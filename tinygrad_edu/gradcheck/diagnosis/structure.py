"""Rules for the right numbers in the wrong arrangement: transpose, swapped, wrong_axis."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations, product

import numpy as np

from .study import Finding, Study, View, floating, same, view

Order = tuple[str, np.ndarray]


def swaps(shape: tuple[int, ...]) -> list[Order]:
    """Orders of the elements by a swap of equal axes: (words, places)."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    found = []
    for axes in permutations(range(len(shape))):
        if axes != tuple(range(len(shape))) and tuple(shape[a] for a in axes) == shape:
            found.append((f"axes in the order {axes}", places.transpose(axes).reshape(-1)))
    return found[:30]


def reread(shape: tuple[int, ...]) -> list[Order]:
    """Orders by a transpose that a reshape then forces into the old shape."""
    places = np.arange(int(np.prod(shape)))
    found = []
    for axes in list(permutations(range(len(shape))))[1:24]:
        turned = tuple(shape[a] for a in axes)
        if turned != shape:
            words = f"axes in the order {axes}, read in the shape of the input"
            found.append((words, places.reshape(shape).transpose(axes).reshape(-1)))
            found.append((words, places.reshape(turned).transpose(np.argsort(axes)).reshape(-1)))
    return found


def flips(shape: tuple[int, ...]) -> list[Order]:
    """Orders of the elements by turning axes around."""
    places = np.arange(int(np.prod(shape))).reshape(shape)
    long = [a for a, n in enumerate(shape) if n > 1][:4]
    found = []
    for chosen in product((False, True), repeat=len(long)):
        axes = tuple(a for a, flip in zip(long, chosen, strict=True) if flip)
        if axes:
            found.append((f"axes {axes} reversed", np.flip(places, axes).reshape(-1)))
    return found


def long_axes(a: np.ndarray) -> int:
    """How many axes are longer than 1."""
    return sum(n > 1 for n in a.shape)


def moves_data(v: View) -> bool:
    """Is the function a copy of elements to other places (each output is one input)?"""
    numbers = v.numeric[v.needs]
    return bool(np.all(abs(numbers - 1) < 1e-6) and v.needs.sum(1).max(initial=0) <= 1)


def by_values(s: Study) -> bool:
    """Do indices or the values decide which output reads which input?"""
    if any(x.dtype.kind in "iu" for x in s.e.xs):
        return True
    fixed = [v.needs for v in s.views if v.needs.shape == s.views[0].needs.shape]
    return any(not np.array_equal(fixed[0], other) for other in fixed[1:])


def adjoint(s: Study) -> Finding | None:
    """The map itself instead of its transpose."""
    v = s.views[0]
    if not same(v.analytic, v.numeric.T):
        return None
    text = "analytic Jacobian = the transpose of the numeric one: forward instead of its transpose"
    if moves_data(v) and by_values(s):
        text += " (read through the indices instead of written back through them)"
        return Finding("index", text, 0.9)
    return Finding("transpose", text, 0.9)


def permuted(s: Study) -> Finding | list[Finding] | None:
    """The gradient's own axes are swapped or reversed, or those of g."""
    v = s.views[0]
    for words, order in swaps(v.x.shape):
        if same(v.analytic, v.numeric[:, order]):
            return _swapped_axes(v, f"the gradient has its {words}", s)
    for words, order in swaps(v.y.shape):
        if same(v.analytic, v.numeric[order]):
            return _swapped_axes(v, f"g is used with its {words}", s)
    for words, order in reread(v.x.shape):
        if same(v.analytic, v.numeric[:, order]):
            return Finding("transpose", f"right numbers, but the gradient has its {words}", 0.9)
    for words, order in reread(v.y.shape):
        if same(v.analytic, v.numeric[order]):
            return Finding("transpose", f"right numbers, but g has its {words}", 0.9)
    for words, order in flips(v.x.shape):
        if same(v.analytic, v.numeric[:, order]):
            return _turned_around(s, f"right numbers, but the gradient has its {words}")
    for words, order in flips(v.y.shape):
        if same(v.analytic, v.numeric[order]):
            return _turned_around(s, f"right numbers, but g is used with its {words}")
    return None


def _turned_around(s: Study, text: str) -> list[Finding]:
    """A flip: of a kernel, or of places that are looked up."""
    classes = ["transpose", "index"]
    if moves_data(s.views[0]) and by_values(s):
        classes.reverse()
    return [Finding(classes[0], text, 0.88), Finding(classes[1], text, 0.87)]


def _swapped_axes(v: View, text: str, s: Study) -> Finding:
    product = len(floating(s.e.xs)) > 1 and v.x.ndim > 1
    if long_axes(v.x) == long_axes(v.y) or not links(v, v.needs) or product:
        return Finding("transpose", f"right numbers at transposed places: {text}", 0.9)
    return Finding("wrong_axis", f"right numbers along another axis: {text}", 0.9)


def turned(xs: list[np.ndarray], k: int) -> Iterator[tuple[str, str, list[np.ndarray]]]:
    """The same point with one operand transposed or reversed: (kind, words, inputs)."""
    for o in floating(xs):
        shape = xs[o].shape
        name = "the input itself" if o == k else f"input {o}"
        for kind, orders in (("swap", swaps(shape)), ("flip", flips(shape))):
            for words, order in orders[:8]:
                moved = list(xs)
                moved[o] = np.ascontiguousarray(xs[o].reshape(-1)[order].reshape(shape))
                yield kind, f"{name} with {words}", moved


def operand(s: Study) -> Finding | None:
    """The right formula with an operand transposed, or with the operands in the other order."""
    v = s.views[0]
    columns = [("", np.arange(v.x.size)), *swaps(v.x.shape)]
    rows = [("", np.arange(v.y.size)), *swaps(v.y.shape)]
    alone = len(floating(s.e.xs)) == 1
    both = [(f"{c}{r}", cols, rws) for c, cols in columns[1:] for r, rws in rows[1:]]
    for _, cols, rws in both:
        if v.x.ndim < 4 and same(v.analytic, v.numeric[rws][:, cols]) and v.needs.sum(1).max() > 1:
            return _exchanged(alone)
    chosen = moves_data(v) and by_values(s)  # a reversed maximum is a wrong index
    for kind, words, moved in turned(v.xs, s.k):
        if chosen and kind == "flip":
            continue
        n = s.numeric(moved, s.k)
        if n is None or n.shape != v.analytic.shape:
            continue
        for c, cols in columns:
            for r, rws in rows:
                if same(v.analytic, n[rws][:, cols]):
                    if c and r and kind == "swap" and v.needs.sum(1).max() > 1:
                        return _exchanged(alone)
                    return Finding("transpose", f"analytic = the derivative at {words}", 0.9)
        if same(v.analytic, n.T):
            return Finding(
                "transpose", f"analytic = the transpose of the derivative at {words}", 0.88
            )
    return None


def symmetric(s: Study) -> Finding | None:
    """Right as soon as the square matrices among the inputs are symmetric."""
    xs = [x.copy() for x in s.views[0].xs]
    square = [i for i in floating(xs) if xs[i].ndim >= 2 and xs[i].shape[-1] == xs[i].shape[-2] > 1]
    if not square:
        return None
    for i in square:
        xs[i] = (xs[i] + np.swapaxes(xs[i], -1, -2)) / 2
    there = view(s.e, xs, s.k)
    if there is None or not np.all(there.right):
        return None
    text = "right where the square matrices are symmetric, wrong elsewhere: a transpose is lost"
    return Finding("transpose", text, 0.905)


def _exchanged(alone: bool) -> Finding:
    if alone:
        return Finding("wrong_axis", "analytic = the derivative along the other axis of x", 0.9)
    return Finding("swapped", "analytic = the derivative with both factors in the other order", 0.9)


def swapped(s: Study) -> Finding | None:
    """The gradient of another input, or the right one with two inputs exchanged."""
    v = s.views[0]
    for o in floating(v.xs):
        if o == s.k or v.xs[o].size != v.x.size:
            continue
        n = s.numeric(v.xs, o)
        weight = 0.985 if not same(v.analytic, -v.numeric) else 0.9
        if moves_data(v) and v.x.shape == v.y.shape and not s.e.others:
            weight = 0.85  # one branch of a selection alone: rather its mask
        if n is not None and same(v.analytic, n):
            return Finding("swapped", f"analytic = the derivative by input {o}: swapped", weight)
        if v.xs[o].shape != v.x.shape:
            continue
        exchanged = list(v.xs)
        exchanged[o], exchanged[s.k] = v.x, v.xs[o]
        for j, words in ((s.k, "this input"), (o, f"input {o}")):
            n = s.numeric(exchanged, j)
            if n is not None and same(v.analytic, n):
                text = f"analytic = the derivative by {words} with inputs {s.k} and {o} exchanged"
                return Finding("swapped", text, 0.86)
    return None


def links(v: View, entries: np.ndarray) -> list[tuple[int, int]]:
    """Pairs (axis of y, axis of x) that the function keeps in step: y[i] reads x[i] only."""
    grid = entries.reshape(v.y.shape + v.x.shape)
    found = []
    for b, n in enumerate(v.y.shape):
        for a, m in enumerate(v.x.shape):
            if n == m > 1 and not _crosses(grid, b, v.y.ndim + a):
                found.append((b, a))
    return found


def _crosses(grid: np.ndarray, b: int, a: int) -> bool:
    """Is there an entry whose coordinates along both axes differ?"""
    index = np.nonzero(grid)
    return bool(np.any(index[b] != index[a]))


def couples(s: Study) -> Finding | None:
    """The formula mixes slices that the function keeps apart, as a sum over another axis does."""
    v = s.views[0]
    grid = v.has.reshape(v.y.shape + v.x.shape)
    broken = [(b, a) for b, a in links(v, v.needs) if _crosses(grid, b, v.y.ndim + a)]
    if not broken:
        return None
    # a shift or a wrong index moves entries; a sum over an axis has more of them in each row
    rows = v.has.sum(1) > np.maximum(v.needs.sum(1), 1)
    lost = v.needs & ~v.has
    if not rows.any() and not (lost.any() and v.needs.sum(1).max(initial=0) > 1):
        return None
    a = broken[0][1]
    text = f"analytic mixes slices of axis {a} that y keeps apart: summed over the wrong axis"
    if not lost.any() and len(broken) in (long_axes(v.x), len(links(v, v.needs))):
        text = f"analytic sums over axis {a} too: y has its own value for each slice of it"
    return Finding("wrong_axis", text, 0.87)


def only_total(s: Study) -> Finding | None:
    """Every output has the same row: g counts through its sum alone."""
    v = s.views[0]
    if v.y.size < 2 or not v.has.any() or not same(v.analytic, v.analytic[:1].repeat(v.y.size, 0)):
        return None
    text = "the gradient depends on sum(g) alone: each element of g must reach its own inputs"
    return Finding("upstream", text, 0.925)


def other_axis(s: Study) -> Finding | None:
    """The formula works along one axis, and the function along another."""
    v = s.views[0]
    true, got = links(v, v.needs), links(v, v.has)
    lost, gained = set(true) - set(got), set(got) - set(true)
    if not lost or not gained or {b for b, _ in lost} & {b for b, _ in gained}:
        return None
    (_, a), (_, b) = min(gained), min(lost)
    text = f"y works along axis {a} of x, analytic along axis {b}"
    several = len(floating(v.xs)) > 1 and v.x.ndim > 1
    return Finding("wrong_axis", text, 0.89 if several else 0.91)


def reads_too_much(s: Study) -> Finding | None:
    """A row of the Jacobian changes with an element that its output does not read."""
    v = s.views[0]
    for j in range(0, v.x.size, max(1, v.x.size // 6)):
        rows = _apart(v, j) & v.needs.any(1)
        if not rows.any():
            continue
        xs = list(v.xs)
        xs[v.k] = v.x.copy()
        # far enough to change which element is the largest
        xs[v.k].reshape(-1)[j] += 1.5 * float(np.ptp(v.x) or 1.0)
        other = view(s.e, xs, v.k) or _nudged(s, v, j)
        if other is None:
            continue
        rows &= same_rows(other.numeric, v.numeric)
        if rows.any() and not same(other.analytic[rows], v.analytic[rows]):
            i = int(np.argmax(rows & ~same_rows(other.analytic, v.analytic)))
            text = f"output {i} does not read element {j} of x, but its derivative changes with it"
            return Finding("wrong_axis", f"{text}: a sum or maximum over the wrong axis", 0.92)
    return None


def _apart(v: View, j: int) -> np.ndarray:
    """The outputs of other slices than the one that element `j` is in."""
    at = np.unravel_index(j, v.x.shape)
    outputs = np.indices(v.y.shape)
    apart = np.zeros(v.y.shape, bool)
    for b, a in links(v, v.needs):
        apart |= outputs[b] != at[a]
    return apart.reshape(-1) & ~v.needs[:, j]


def _nudged(s: Study, v: View, j: int) -> View | None:
    """A small move, where a large one leaves the domain."""
    xs = list(v.xs)
    xs[v.k] = v.x.copy()
    xs[v.k].reshape(-1)[j] *= 1.05
    return view(s.e, xs, v.k)


def same_rows(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Which rows of two Jacobians agree."""
    return np.array([same(p, q) for p, q in zip(a, b, strict=True)], bool)


RULES = (
    only_total,
    swapped,
    adjoint,
    permuted,
    operand,
    symmetric,
    couples,
    other_axis,
    reads_too_much,
)
