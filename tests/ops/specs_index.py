"""Specs of reading and writing parts of arrays."""

import numpy as np

from tinygrad_edu import inplace
from tinygrad_edu.ops.index import plain_index, read

from .spec import OpSpec, kink, op, sample


def _indices(draw):
    """Pairs of a shape and an index."""
    return [
        ((4,), 2),
        ((4,), -1),
        ((4, 3), 1),
        ((4, 3), (slice(1, 3), 0)),
        ((5, 3), slice(None, None, 2)),
        ((4, 3), (..., None, 1)),
        ((4, 3), None),
        ((4, 3), ...),
        ((), ...),
        ((4, 3), np.array([0, 2, 2, 0])),
        ((4, 3), np.array([[0, -1], [2, 0]])),
        ((4, 3), (slice(None), np.array([2, 0, 2]))),
        ((4, 3), (np.array([0, 3, 0]), np.array([1, 2, 1]))),
        ((2, 4, 3), (slice(1), np.array([0, 1]), np.array([1, 1]))),
        ((2, 4, 3), (np.array([0, 1]), slice(None), np.array([1, 1]))),
        ((4, 3), (np.array([[0], [3]]), np.array([1, 2]))),
        ((4, 3), np.array([True, False, True, True])),
        ((4, 3), draw.bools(4, 3)),
        ((4, 3), (slice(None), np.array([True, False, True]))),
        ((4,), slice(2, 2)),
        ((4,), np.zeros(0, np.int64)),
        ((4,), np.array([1, 1, 3])),
    ]


def _torch_indices():
    """Where PyTorch's rules are not NumPy's, or NumPy has none."""
    return [
        ((2, 4, 3), (0, slice(None), np.array([0, 2]))),
        ((2, 4, 3), (slice(None), 1, np.array([0, 2]))),
        ((2, 4, 3), ([0, 1], 1, [2, 0])),
        ((2, 4, 3), ([0, 1], None, [2, 0])),
        ((4, 3), [[0, 3], [1, 2]]),
        ((4, 3), [slice(1, 3), 0]),
        ((4, 3), [0, 2, 2]),
        ((4, 3), range(2)),
        ((4, 3), (range(2), [1, 1])),
        ((4, 3), []),
        ((4, 3), True),
        ((4, 3), False),
        ((4, 3), (True, [0, 1])),
        ((4, 3), np.array(1)),
        ((4, 3), (np.array(2), np.array(0))),
        ((4, 3), np.array(True)),
        ((4, 3), ()),
        ((4, 3), (..., ...)),
        ((4, 3), (..., 1)),
        ((2, 4, 3), (..., [2, 0])),
        ((4, 3), (slice(1, None), np.array([True, False, True]))),
        ((2, 4, 3), (np.array([[True, False, True, True], [False] * 4]), [0, 2, 1])),
    ]


def _read(draw):
    return [sample(draw(*shape), index) for shape, index in _indices(draw)]


def _write(draw):
    """Values of the shape that is read; NumPy leaves open which of several writes wins."""
    found = []
    for shape, index in _indices(draw):
        x = draw(*shape)
        part = np.arange(x.size).reshape(shape)[index]
        if len(np.unique(part)) == part.size:
            found += [sample(x, index, draw(*part.shape)), sample(x, index, draw())]
    return [*found, sample(draw(4, 3), slice(1, 3), draw(3)), sample(draw(4, 3), 0, draw(1))]


def _write_mixed(draw):
    return [
        sample(draw(2, 4, 3), (0, slice(None), np.array([0, 2])), draw(4, 2)),
        sample(draw(2, 4, 3), (slice(None), 1, [0, 2]), draw(2)),
        sample(draw(2, 4, 3), ([0, 1], 1, [2, 0]), draw(2)),
        sample(draw(4, 3), [[0, 3], [1, 2]], draw(1, 2)),
        sample(draw(4, 3), True, draw(3)),
        sample(draw(4, 3), 1, draw(1, 1, 3)),
        sample(draw(4, 3), (1, 2), draw(1)),
        sample(draw(4, 3), (slice(1, 3), 0), draw(1, 2)),
        sample(draw(4, 3), 0, 2.5),
        sample(draw(4, 3), (np.array([3, 0]), slice(1, None)), draw(2)),
    ]


def _set(x, index, values):
    out = x.copy()
    out[index] = values
    return out


def _set_tensor(x, index, values):
    out = x * 1.0 if hasattr(x, "requires_grad") else x.copy()
    out[index] = values
    return out


def _set_any(x, index, values):
    """Tensors by ``x[index] = values``, arrays by what it does with a history."""
    if hasattr(x, "requires_grad"):
        return _set_tensor(x, index, values)
    return inplace._written(x, *plain_index(index, x.shape), values)


def _plain(index):
    """A list that PyTorch reads as a tuple, as a tuple: it warns that this will change."""
    several = isinstance(index, list) and any(isinstance(i, (list, slice)) for i in index)
    return tuple(index) if several else index


def _read_torch(x, index):
    return x[_plain(index)]


def _set_torch(x, index, values):
    out = x * 1.0
    out[_plain(index)] = values
    return out


READ = [
    op(
        "__getitem__",
        lambda x, index: x[index],
        _read,
        ours=lambda x, index: x[index],
        torch=lambda x, index: x[index],
    ),
    op(
        "__getitem__",
        None,
        lambda draw: [sample(draw(*shape), index) for shape, index in _torch_indices()],
        label="by PyTorch's rules",
        ours=read,
        torch=_read_torch,
        method=None,
    ),
    op(
        "__setitem__",
        _set,
        _write,
        ours=_set_tensor,
        torch=_set_torch,
        method=None,
        ints=False,
    ),
    op(
        "__setitem__",
        None,
        _write_mixed,
        label="by PyTorch's rules",
        ours=_set_any,
        torch=_set_torch,
        method=None,
        ints=False,
    ),
]


# ---------------------------------------------------------------------- indices along an axis


def _along(x, dim, index, change):
    """Call ``change(place in x, place in index)`` for each element of `index`."""
    for i in np.ndindex(*index.shape):
        at = list(i)
        if at:
            at[dim] = index[i]
        change(tuple(at), i)


def _gather(x, dim, index):
    out = np.zeros(index.shape, x.dtype)
    _along(x, dim, index, lambda at, i: out.__setitem__(i, x[at]))
    return out


def _scatter(x, dim, index, src):
    out = x.copy()
    value = np.broadcast_to(src, index.shape) if np.ndim(src) == 0 else src
    _along(x, dim, index, lambda at, i: out.__setitem__(at, value[i]))
    return out


def _scatter_add(x, dim, index, src):
    return _scatter_reduce(x, dim, index, src, "sum")


def _scatter_reduce(x, dim, index, src, reduce, include_self=True):
    groups = {at: [x[at]] if include_self else [] for at in np.ndindex(*x.shape)}
    _along(x, dim, index, lambda at, i: groups[at].append(src[i]))
    how = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce]
    out = x.copy()
    for at, values in groups.items():
        if values:
            out[at] = how(values)
    return out


def _index_add(x, dim, index, source, alpha=1):
    out = np.moveaxis(x, dim, 0).copy()
    for k, i in enumerate(index):
        out[i] += alpha * np.moveaxis(source, dim, 0)[k]
    return np.moveaxis(out, 0, dim)


def _index_copy(x, dim, index, source):
    out = np.moveaxis(x, dim, 0).copy()
    out[index] = np.moveaxis(source, dim, 0)
    return np.moveaxis(out, 0, dim)


def _index_fill(x, dim, index, value):
    out = np.moveaxis(x, dim, 0).copy()
    out[index] = value
    return np.moveaxis(out, 0, dim)


def _index_put(x, indices, values, accumulate=False):
    out = x.copy()
    if accumulate:
        np.add.at(out, indices, values)
    else:
        out[indices] = values
    return out


def _masked_scatter(x, mask, source):
    out = x.copy()
    mask = np.broadcast_to(mask, x.shape)
    out[mask] = source.ravel()[: mask.sum()]
    return out


def _apart(draw, n, count):
    """Different indices."""
    return draw.rng.permutation(n)[:count]


def _scattered(draw, *more):
    """Calls with repeated indices, in both signs of dim, with an index smaller than the rest."""
    return [
        sample(draw(3, 4), 1, draw.ints(0, 4, 3, 2), draw(3, 2), *more),
        sample(draw(3, 4), 0, draw.ints(0, 3, 5, 4), draw(5, 4), *more),
        sample(draw(2, 3, 2), -2, draw.ints(0, 3, 1, 4, 2), draw(1, 4, 2), *more),
        sample(draw(5), 0, np.array([1, 1, 3]), draw(3), *more),
    ]


def _reduced(draw):
    found = []
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        found += _scattered(draw, reduce)
        for s in _scattered(draw, reduce):
            found.append(sample(*s.inputs, include_self=False))
    zeros, places = np.array([0.0, 2.0, 0.0, 3.0, 0.0, 0.0]), np.array([0, 0, 1, 1, 2, 2])
    ties = np.array([1.0, 1.0, 0.0, 2.0, 2.0, 2.0])
    return [
        *found,
        kink(np.array([1.0, 2.0, 0.0, 5.0]), 0, places, zeros, "prod"),
        kink(np.array([0.0, 2.0, 4.0, 0.0]), 0, places, zeros, "prod"),
        kink(np.array([1.0, 2.0, 2.0, 5.0]), 0, places, ties, "amax"),
        kink(np.array([1.0, 0.0, 2.0, 5.0]), 0, places, ties, "amin"),
        kink(np.array([1.0, 0.0, 2.0, 5.0]), 0, places, ties, "amin", include_self=False),
    ]


ALONG = [
    op(
        "gather",
        _gather,
        lambda draw: [
            sample(draw(3, 4), 1, draw.ints(0, 4, 3, 2)),
            sample(draw(3, 4), 0, draw.ints(0, 3, 5, 2)),
            sample(draw(2, 3, 2), -1, draw.ints(0, 2, 1, 3, 4)),
            sample(draw(4), dim=0, index=np.array([1, 1, 3])),
            sample(draw(), 0, np.array(0)),
            sample(draw(3, 4), 1, np.zeros((3, 0), np.int64)),
        ],
        ints=False,
    ),
    op(
        "take_along_dim",
        lambda x, i, dim=None: (
            np.take_along_axis(x, i, dim) if dim is not None else x.ravel()[i.ravel()]
        ),
        lambda draw: [
            sample(draw(3, 4), draw.ints(0, 4, 3, 2), 1),
            sample(draw(3, 4), draw.ints(0, 4, 1, 2), dim=1),
            sample(draw(3, 1), draw.ints(0, 3, 5, 4), dim=0),
            sample(draw(3, 2), draw.ints(0, 6, 4)),
        ],
        ints=False,
    ),
    op(
        "index_select",
        lambda x, dim, index: np.take(x, index.reshape(-1), dim),
        lambda draw: [
            sample(draw(3, 4), 0, np.array([2, 0, 2])),
            sample(draw(3, 4), 1, np.array([3, 1])),
            sample(draw(2, 3, 2), dim=-1, index=np.array([1, 1, 0])),
            sample(draw(3, 2), 0, np.array(1)),
            sample(draw(3, 2), 0, np.zeros(0, np.int64)),
        ],
    ),
    op(
        "take",
        np.take,
        lambda draw: [
            sample(draw(3, 4), np.array([0, 11, -1, 0])),
            sample(draw(3), np.array([[1], [2]])),
            sample(draw(), np.array([0, 0])),
        ],
    ),
    op(
        "masked_select",
        lambda x, mask: np.broadcast_arrays(x, mask)[0][np.broadcast_arrays(x, mask)[1]],
        lambda draw: [
            sample(draw(3, 4), draw.bools(3, 4)),
            sample(draw(3, 1), draw.bools(4)),
            sample(draw(3), np.array([False] * 3)),
        ],
    ),
    op(
        "masked_fill",
        lambda x, mask, value: np.where(mask, value, x),
        lambda draw: [
            sample(draw(3, 4), draw.bools(3, 4), 1.5),
            sample(draw(3, 4), np.array([True, False, False, True]), draw()),
            sample(draw(4), draw.bools(3, 1), -1),
            kink(draw(2, 3), draw.bools(2, 3), value=float("-inf")),
        ],
        ints=False,
    ),
    op(
        "masked_scatter",
        _masked_scatter,
        lambda draw: [
            sample(draw(3, 4), draw.bools(3, 4), draw(12)),
            sample(draw(3, 4), draw.bools(4), draw(2, 7)),
        ],
        ints=False,
    ),
    op(
        "scatter",
        _scatter,
        lambda draw: [
            sample(draw(3, 4), 1, np.array([[3, 0], [1, 2], [0, 1]]), draw(3, 2)),
            sample(draw(3, 4), 0, np.array([[2, 0, 1]]), draw(1, 3)),
            sample(draw(3, 4), -1, draw.ints(0, 4, 2, 2), 2.5),
            sample(draw(4), 0, np.array([3, 1]), draw(2)),
        ],
        ints=False,
    ),
    op(
        "scatter",
        lambda x, dim, index, src, reduce: _scatter_reduce(
            x,
            dim,
            index,
            np.broadcast_to(src, index.shape),
            {"add": "sum", "multiply": "prod"}[reduce],
        ),
        lambda draw: [
            sample(draw(3, 4), 1, draw.ints(0, 4, 3, 2), 2.5, reduce="add"),
            sample(draw(3, 4), 1, draw.ints(0, 4, 3, 2), 2.5, reduce="multiply"),
            sample(draw(3, 4), 1, draw.ints(0, 4, 3, 2), draw(3, 2), reduce="add"),
        ],
        label="reduce",
        ints=False,
        torch=None,  # has no gradient there
    ),
    op("scatter_add", _scatter_add, _scattered, ints=False),
    op("scatter_reduce", _scatter_reduce, _reduced, ints=False, torch_gradgrad=False),
    op(
        "index_add",
        _index_add,
        lambda draw: [
            sample(draw(3, 4), 0, np.array([2, 0, 2]), draw(3, 4)),
            sample(draw(3, 4), 1, np.array([3, 1]), draw(3, 2), alpha=-1.5),
            sample(draw(4), dim=0, index=np.array([1, 1]), source=draw(2)),
        ],
        ints=False,
    ),
    op(
        "index_copy",
        _index_copy,
        lambda draw: [
            sample(draw(3, 4), 0, np.array([2, 0]), draw(2, 4)),
            sample(draw(3, 4), -1, _apart(draw, 4, 3), draw(3, 3)),
            sample(draw(4), 0, np.array([1]), draw(1)),
        ],
        ints=False,
    ),
    op(
        "index_fill",
        _index_fill,
        lambda draw: [
            sample(draw(3, 4), 0, np.array([2, 0]), 1.5),
            sample(draw(3, 4), 1, np.array([3, 1, 3]), draw()),
            sample(draw(4), dim=0, index=np.array([-1]), value=2),
        ],
        ints=False,
    ),
    op(
        "index_put",
        _index_put,
        lambda draw: [
            sample(draw(4), (np.array([0, 2]),), draw(2)),
            sample(draw(3, 4), (np.array([0, 2]), np.array([1, 1])), draw(2)),
            sample(draw(3, 4), (np.array([2, 0]),), draw(4)),
            sample(draw(3, 4), (draw.bools(3, 4),), draw()),
            sample(draw(4), (np.array([0, 2, 2]),), draw(3), accumulate=True),
            sample(draw(3, 4), (np.array([2, 2]),), draw(2, 4), True),
            sample(draw(3, 4), (np.array([2, 2]),), draw(4), accumulate=True),
        ],
        ints=False,
    ),
]

FOUND = [
    op(
        name,
        np.argwhere,
        lambda draw: [
            sample(draw.ints(0, 2, 3, 4)),
            sample(draw.bools(5)),
            sample(draw(2, 2)),
            sample(draw.bools(0, 2)),
            sample(np.array(3.0)),
        ],
        differentiable=False,
        protocol=None,
    )
    for name in ("nonzero", "argwhere")
]

SORTED = [
    op(
        "searchsorted",
        lambda rows, values, right=False, side=None, out_int32=False: np.searchsorted(
            rows, values, "right" if right or side == "right" else "left"
        ).astype(np.int32 if out_int32 else np.int64),
        lambda draw: [
            sample(np.sort(draw(5)), draw(2, 3)),
            sample(np.array([1.0, 2.0, 2.0, 4.0]), np.array([2.0, 0.0, 9.0]), right=True),
            sample(np.array([1.0, 2.0, 2.0, 4.0]), np.array([2.0, 4.0]), side="right"),
            sample(np.array([1.0, 2.0, 2.0, 4.0]), np.array([2.0, 4.0]), out_int32=True),
        ],
        differentiable=False,
        ints=False,
        method=None,
    ),
    op(
        "searchsorted",
        lambda rows, values: np.stack(
            [np.searchsorted(r, v) for r, v in zip(rows, values, strict=True)]
        ),
        lambda draw: [sample(np.sort(draw(3, 5)), draw(3, 2))],
        label="row by row",
        differentiable=False,
        ints=False,
        method=None,
    ),
    op(
        "bucketize",
        lambda values, rows, right=False: np.digitize(values, rows, right=not right),
        lambda draw: [
            sample(draw(2, 3), np.sort(draw(5))),
            sample(np.array([2.0, 0.0]), np.array([1.0, 2.0, 4.0]), right=True),
        ],
        differentiable=False,
        ints=False,
        method=None,
    ),
]

SPECS: list[OpSpec] = [*READ, *ALONG, *FOUND, *SORTED]
