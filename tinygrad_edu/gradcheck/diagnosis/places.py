"""Rules for right numbers on a part of the entries: off_by_one, index_dup, unbroadcast, mask."""

from __future__ import annotations

import numpy as np

from .structure import by_values, links, long_axes, moves_data
from .study import Finding, Study, View, floating, same, view


def shifted(s: Study) -> Finding | None:
    """Everything is one place too far along an axis."""
    v = s.views[0]
    for side, array in ((0, v.y), (1, v.x)):
        for axis, n in enumerate(array.shape):
            for step in (1, -1) if n > 2 else ():
                moved, valid = _moved(v, side, axis, step)
                agree_where = np.where(valid, v.analytic, moved)
                edge = np.where(valid, 0.0, v.analytic)
                if (
                    valid.any()
                    and same(agree_where, moved)
                    and not np.array_equal(edge, v.analytic)
                ):
                    who = "the gradient is" if side else "g is read"
                    text = f"right numbers, but {who} one place too far along axis {axis}"
                    return Finding("off_by_one", text, 0.89)
    return None


def _moved(v: View, side: int, axis: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The numeric Jacobian moved by one along an axis of y or x; and where it has not wrapped."""
    grid = v.numeric.reshape(v.y.shape + v.x.shape)
    place = axis + (v.y.ndim if side else 0)
    valid = np.ones(grid.shape, bool)
    edge: list[slice | int] = [slice(None)] * grid.ndim
    edge[place] = 0 if step > 0 else -1
    valid[tuple(edge)] = False
    moved = np.roll(grid, step, place)
    return moved.reshape(v.numeric.shape), valid.reshape(v.numeric.shape)


def edge_only(s: Study) -> Finding | None:
    """Only the last (or first) slice along an axis is wrong."""
    v = s.views[0]
    wrong = ~v.grid
    for side, array in (("x", v.x), ("y", v.y)):
        start = v.y.ndim if side == "x" else 0
        for axis, n in enumerate(array.shape):
            if n < 3:
                continue
            rest = tuple(d for d in range(wrong.ndim) if d != start + axis)
            along = np.asarray(wrong.any(rest))
            for place, words in ((n - 1, "last"), (0, "first")):
                if along[place] and along.sum() == 1 and _clean_cut(v, start + axis, place):
                    everywhere = all(_edge(w, side, axis, place) for w in s.views[1:])
                    lost = not v.has[~v.right].any()
                    if everywhere and (lost or len(s.views) > 1):
                        text = (
                            f"only the {words} of {n} slices along axis {axis} of {side} is wrong"
                        )
                        return Finding("off_by_one", text, 0.91 if lost else 0.84)
    return None


def _clean_cut(v: View, axis: int, place: int) -> bool:
    """Is all of the slice wrong, and is there something right in at least two others?"""
    here = np.take(v.grid, place, axis)[
        np.take((v.has | v.needs).reshape(v.grid.shape), place, axis)
    ]
    if here.mean() > 0.2:  # a few can be right by accident
        return False
    fine = (v.right & v.needs).reshape(v.grid.shape)
    along = np.asarray(fine.any(tuple(d for d in range(fine.ndim) if d != axis)))
    return int(np.delete(along, place).sum()) >= 2


def _edge(v: View, side: str, axis: int, place: int) -> bool:
    array, start = (v.x, v.y.ndim) if side == "x" else (v.y, 0)
    wrong = ~v.grid
    if axis >= array.ndim:
        return False
    along = np.asarray(wrong.any(tuple(d for d in range(wrong.ndim) if d != start + axis)))
    return bool(along.sum() == 1 and along[place % along.size])


def band(s: Study) -> Finding | None:
    """Wrong along one diagonal of a matrix: a triangle that is one too large or too small."""
    v = s.views[0]
    if v.x.ndim != 2 or v.x.shape != v.y.shape or not _elementwise(v):
        return None
    rows, cols = np.nonzero((~v.right.all(0)).reshape(v.x.shape))
    if rows.size < 2 or np.unique(cols - rows).size > 1:
        return None
    if by_values(s) or any(not np.array_equal(w.right, v.right) for w in s.views[1:]):
        return None
    text = f"only the diagonal {int(cols[0] - rows[0])} is wrong: one diagonal too many or too few"
    return Finding("off_by_one", text, 0.9)


def own_element(s: Study) -> Finding | None:
    """A diagonal is lost: of a triangle of elements, or each output's own element in a scan."""
    v = s.views[0]
    lost = v.needs & ~v.right
    if (v.has & ~v.right).any() or not lost.any() or not (v.right & v.needs).any():
        return None
    scan = v.x.shape == v.y.shape and v.x.size > 1 and not (v.needs & v.needs.T & ~_eye(v)).any()
    if scan and (v.needs & ~_eye(v)).any() and np.array_equal(lost, v.needs & _eye(v)):
        text = "each output lacks its own element, and has all before or after it: a range is"
        return Finding("off_by_one", f"{text} one too short", 0.9)
    columns = lost.any(0)
    if v.x.ndim < 2 or not np.array_equal(lost, v.needs & columns):
        return None
    *_, rows, cols = np.nonzero(columns.reshape(v.x.shape))
    if rows.size < 2 or np.unique(cols - rows).size > 1 or np.unique(rows).size < 2:
        return None
    text = f"no gradient for the diagonal {int(cols[0] - rows[0])}: one diagonal too few"
    return Finding("off_by_one", text, 0.9)


def _eye(v: View) -> np.ndarray:
    return np.eye(v.x.size, dtype=bool)


def one_use(s: Study) -> Finding | None:
    """An element is used several times and only some of its uses count."""
    v = s.views[0]
    lost, extra = v.needs & ~v.right, v.has & ~v.right
    if extra.any() or not lost.any() or (v.x.shape == v.y.shape and not moves_data(v)):
        return None
    uses, kept = v.needs.sum(0), (v.right & v.needs).sum(0)
    if _different(v):
        return _path_lost(v)
    if _broadcast(v) and _slice_lost(v):
        text = f"{int(lost.sum())} uses of the input are lost, in all slices of y but one"
        return Finding("unbroadcast", f"{text}: not summed over the broadcast axis", 0.9)
    hurt = uses > kept
    if (uses[hurt] < 2).any() or (kept[hurt] == 0).all():
        return None
    j = int(np.argmax(hurt))
    text = f"element {_at(v, j)} is used {uses[j]} times and {kept[j]} of its uses counted"
    if not any(x.dtype.kind in "iu" for x in v.xs) and (_broadcast(v) or _slice_lost(v)):
        return Finding("unbroadcast", f"{text}: not summed over the broadcast axis", 0.9)
    return Finding("index_dup", f"{text}: later uses overwrite earlier ones", 0.9)


def _different(v: View) -> bool:
    """Are the uses different functions of the element, as in ``stack([r * cos(t), r * sin(t)])``?

    A broadcast input is used with equal numbers, or with those of another operand.
    """
    if any(x.dtype.kind in "iu" for x in v.xs):
        return False
    if len(floating(v.xs)) == 1:
        uses = [column[column != 0] for column in np.where(v.needs, v.numeric, 0).T]
        return any(u.size > 1 and np.ptp(u) > 1e-6 * abs(u).max() for u in uses)
    stacked = v.y.ndim - v.x.ndim
    if stacked < 1:
        return False
    others = [v.xs[o] for o in floating(v.xs) if o != v.k]
    if v.y.shape[stacked:] != v.x.shape or any(a.ndim >= v.y.ndim for a in others):
        return False
    slices = v.numeric.reshape(-1, v.x.size, v.x.size)
    return not all(same(slices[0], other) for other in slices[1:])


def _path_lost(v: View) -> Finding | None:
    """Are all uses in whole slices of y lost, and all others right?"""
    rows = (v.needs & ~v.right).any(1).reshape(v.y.shape)
    if (v.has & ~v.right).any():
        return None
    for axis, n in enumerate(v.y.shape):
        along = rows.any(tuple(a for a in range(rows.ndim) if a != axis))
        whole = np.take(rows, np.nonzero(along)[0], axis).all()
        if n > 1 and along.any() and not along.all() and whole:
            lost = ", ".join(str(k) for k in np.nonzero(along)[0])
            text = f"no gradient from slice {lost} along axis {axis} of y: a path is lost"
            return Finding("missing_term", text, 0.88)
    return None


def _slice_lost(v: View) -> bool:
    """Are the uses that count those of one slice of y, along an axis that x does not have?"""
    if len(floating(v.xs)) == 1 and moves_data(v):
        return False  # repeat and tile: copies by the op itself
    rows = (v.has & v.needs).any(1).reshape(v.y.shape)
    linked = {b for b, _ in links(v, v.needs)}
    for axis, n in enumerate(v.y.shape):
        along = rows.any(tuple(a for a in range(rows.ndim) if a != axis))
        if n > 1 and axis not in linked and np.sum(along) == 1:
            return True
    return False


def _broadcast(v: View) -> bool:
    """Can x have been broadcast to y, with something left to sum?"""
    shape = (1,) * (v.y.ndim - v.x.ndim) + v.x.shape
    if v.x.ndim > v.y.ndim or v.x.size >= v.y.size:
        return False
    return all(n in (1, m) for n, m in zip(shape, v.y.shape, strict=True))


def _at(v: View, j: int) -> tuple[int, ...]:
    return tuple(int(n) for n in np.unravel_index(j, v.x.shape))


def _elementwise(v: View) -> bool:
    """Does each output read at most one element, and each element reach at most one output?"""
    return bool(v.needs.sum(0).max(initial=0) <= 1 and v.needs.sum(1).max(initial=0) <= 1)


def collision(s: Study) -> Finding | None:
    """Right as soon as no index is met twice."""
    v = s.views[0]
    for i, x in enumerate(v.xs):
        if x.dtype.kind not in "iu" or x.size < 2 or np.unique(x).size == x.size:
            continue
        top = int(x.max()) + 1
        for part in (x, x[:1]) if x.ndim > 1 else (x,):
            xs = list(v.xs)
            if part.size <= top:
                xs[i] = s.rng.permutation(top)[: part.size].reshape(part.shape).astype(x.dtype)
                other = view(s.e, xs, s.k)
                if other is not None and other.needs.any() and np.all(other.right):
                    text = "right where no index is met twice: later uses overwrite earlier ones"
                    return Finding("index_dup", text, 0.905)
    return None


def region(s: Study) -> Finding | None:
    """Entries that must be zero are not, or the other way: a mask is lost, inverted or shifted."""
    pooled = [v for v in s.views if v.needs.shape == s.views[0].needs.shape]
    v = pooled[0]
    lost = [w.needs & ~w.has for w in pooled]
    extra = [w.has & ~w.needs for w in pooled]
    both_wrong = any((~w.right & w.has & w.needs).any() for w in pooled)
    if both_wrong or not any(a.any() or b.any() for a, b in zip(lost, extra, strict=True)):
        return None
    rows = [np.asarray((~w.right).any(1)) for w in pooled]
    if v.y.size > 1 and all(_silent(w, bad) for w, bad in zip(pooled, rows, strict=True)):
        text = f"{sum(int(bad.sum()) for bad in rows)} outputs that must pass nothing pass g"
        return Finding("mask", f"{text}, or the other way: the mask is wrong", 0.86)
    coupled = not _elementwise(v) and v.y.size > 1
    if coupled and any(e.any() for e in extra):
        reach = _reach(s, pooled)
        if any((e & ~reach).any() for e in extra):
            return None
    if not any(e.any() for e in extra) and _partial(v):
        return Finding(
            "missing_term", "each output lacks some of its entries: a term is lost", 0.87
        )
    whole = all(_whole(w) for w in pooled)
    if not whole and v.x.shape == v.y.shape and not any(e.any() for e in extra):
        return None  # the coupling between elements is lost, not a region
    count = int(sum(x.sum() for x in lost)), int(sum(x.sum() for x in extra))
    text = f"{count[0]} entries are 0 and must not be, {count[1]} must be 0 and are not"
    kind = "inverted" if all(count) else "too small" if count[0] else "missing or too large"
    return Finding("mask", f"{text}: the mask is {kind}", 0.86)


def _reach(s: Study, pooled: list[View]) -> np.ndarray:
    """What the function reads at any point; entries outside it are no matter of a mask.

    But an element that it never reads (above the diagonal of a triangle) is.
    """
    reach = np.any([w.needs for w in pooled], 0)
    for _ in range(8):  # a condition that holds half of the time is met but for 1 in 256
        other = s.numeric(s.shuffled(s.e.xs), s.k)
        if other is not None and other.shape == reach.shape:
            reach |= abs(other) > pooled[0].floor
    kept = np.any([w.right & w.needs for w in pooled], 0)
    return np.asarray(reach | (~reach.any(0) & kept.any()))


def _silent(v: View, rows: np.ndarray) -> bool:
    """Has each of these outputs no entries at all, in one Jacobian of the two?"""
    has, needs = np.asarray(v.has.any(1)), np.asarray(v.needs.any(1))
    several = v.needs.sum(1).max() > 1 and v.needs.sum(0).max() > 1
    return bool(rows.any() and several and (has[rows] != needs[rows]).all())


def _partial(v: View) -> bool:
    """Does every output keep some of its entries and lose others?"""
    several = v.needs.sum(1) > 1
    kept, lost = (v.has & v.needs).any(1), (v.needs & ~v.has).any(1)
    return bool(several.any() and v.y.size > 1 and np.all((kept & lost)[several]))


def _whole(v: View) -> bool:
    """Are the wrong entries whole columns: elements whose gradient is all wrong?"""
    wrong = ~v.right
    return bool(np.all(wrong.any(0) == (wrong | ~v.needs).all(0) & wrong.any(0)))


def part_of_region(s: Study) -> Finding | None:
    """Elementwise, right for some values and wrong for others."""
    v = s.views[0]
    moving = v.y.size == 1 and any(not np.array_equal(w.right, v.right) for w in s.views[1:])
    if not _elementwise(v) and not moving:
        return None
    pooled = [w for w in s.views if _elementwise(w) or moving]
    wrong = np.concatenate([w.numeric[~w.right & w.needs] for w in pooled])
    got = np.concatenate([w.analytic[~w.right & w.needs] for w in pooled])
    fine = np.concatenate([w.numeric[w.right & w.needs] for w in pooled])
    if not fine.size or wrong.size < 2 or (got == 0).any():
        return None
    if fine.size < 0.15 * (fine.size + wrong.size):
        return None  # a few can be right by accident, at 0 or far out
    ratio = got / wrong
    here = f"right for {fine.size} values and wrong for {wrong.size}"
    if np.allclose(ratio, ratio[0], rtol=1e-6) and np.ptp(got) > 1e-9 * abs(got).max():
        return Finding("factor", f"{here}, where analytic = {ratio[0]:.4g} x numeric", 0.8)
    return Finding("mask", f"{here}: a region has the formula of another", 0.78)


def pieces(s: Study) -> Finding | None:
    """Elementwise with a few constant slopes, which stand in the wrong regions."""
    pooled = [w for w in s.views if _elementwise(w) and w.x.shape == w.y.shape]
    if not pooled or len(pooled) < len(s.views):
        return None
    for w in pooled:  # one by one: a slope may be an input
        true = np.unique(w.numeric.diagonal().round(7))
        got = np.unique(w.analytic.diagonal().round(7))
        few = 1 < true.size <= 4 and true.size < w.x.size / 2
        if not few or not np.isin(got, true).all() or got.size < 2:
            return None
    slopes = ", ".join(f"{t:.4g}" for t in true)
    return Finding("mask", f"the slopes {slopes} are right, and stand in the wrong regions", 0.84)


def opposite(s: Study) -> list[Finding] | None:
    """Some entries are right and all others have the wrong sign."""
    pooled = [(w, ~w.right) for w in s.views]
    wrong = np.concatenate([w.numeric[m] for w, m in pooled])
    got = np.concatenate([w.analytic[m] for w, m in pooled])
    fine = sum(int((w.right & w.needs).sum()) for w, _ in pooled)
    if not wrong.size or not fine or (wrong == 0).any() or not np.allclose(got, -wrong, rtol=1e-5):
        return None
    text = f"{fine} entries are right, and at {wrong.size} analytic = -1 x numeric"
    where = Finding("mask", f"{text}: one region has the formula of another", 0.875)
    return [Finding("sign", f"{text}: a sign is lost", 0.885), where]


def misplaced(s: Study) -> Finding | None:
    """Each output's numbers are right and stand at other elements."""
    v = s.views[0]
    ones = bool(np.all(abs(v.analytic[v.has] - 1) < 1e-6))
    moved = ones and moves_data(v) and (v.has & ~v.needs).any()
    one_each = moved and v.has.sum(1).max(initial=0) <= 1
    rows = same(np.sort(v.analytic, 1), np.sort(v.numeric, 1))
    columns = same(np.sort(v.analytic, 0), np.sort(v.numeric, 0))
    if not (one_each or rows or columns):
        return None
    if not by_values(s) and long_axes(v.x) != long_axes(v.y) and not moves_data(v):
        return Finding("wrong_axis", "right numbers at other elements: along another axis", 0.7)
    i, j = (int(n) for n in np.argwhere(~v.right)[0])
    text = f"right numbers at other elements: output {i} does not read {_at(v, j)} as analytic says"
    return Finding("index", text, 0.87 if rows or (columns and one_each) else 0.83)


RULES = (
    edge_only,
    band,
    own_element,
    shifted,
    one_use,
    collision,
    region,
    part_of_region,
    pieces,
    opposite,
    misplaced,
)
