"""Specs of ops that only move, join, split or repeat elements."""

import numpy as np

import tinygrad_edu
from tinygrad_edu.ops import repeating, shape, splitting, to_dtype

from .spec import OpSpec, kink, op, sample


def sizes(given):
    return given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given


def each(name, numpy, calls, **flags):
    """A spec from pairs of an input shape and further arguments."""
    return op(
        name,
        numpy,
        lambda draw: [
            sample(draw(*s), *rest[:-1], **rest[-1])
            if rest and isinstance(rest[-1], dict)
            else sample(draw(*s), *rest)
            for s, *rest in calls
        ],
        **flags,
    )


def joined(name, numpy, calls, **flags):
    """A spec from pairs of a list of shapes and further arguments."""
    return op(
        name,
        numpy,
        lambda draw: [
            sample([draw(*s) for s in shapes], *rest[:-1], **rest[-1])
            if rest and isinstance(rest[-1], dict)
            else sample([draw(*s) for s in shapes], *rest)
            for shapes, *rest in calls
        ],
        method=None,
        **flags,
    )


def separate(name, numpy, calls, **flags):
    """A spec of a function that takes any number of tensors."""
    return op(
        name,
        numpy,
        lambda draw: [
            sample(*[draw(*s) for s in shapes], **(rest[0] if rest else {}))
            for shapes, *rest in calls
        ],
        method=None,
        **flags,
    )


# ----------------------------------------------------------------------------- references


def _flatten(x, start_dim=0, end_dim=-1):
    n = max(x.ndim, 1)
    a, b = start_dim % n, end_dim % n
    return x.reshape(*x.shape[:a], -1, *x.shape[b + 1 :]) if x.ndim else x.reshape(1)


def _unflatten(x, dim, sizes):
    dim %= x.ndim
    return x.reshape(*x.shape[:dim], *sizes, *x.shape[dim + 1 :])


def _squeeze(x, dim=None):
    if dim is None:
        return np.squeeze(x)
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    return np.squeeze(x, tuple(d for d in dims if x.ndim and x.shape[d] == 1))


def _roll(x, shifts, dims=None):
    return np.roll(x, shifts, dims)


def _split(x, size, dim=0):
    ends = range(size, x.shape[dim], size) if isinstance(size, int) else np.cumsum(size)[:-1]
    return tuple(np.split(x, list(ends), dim))


def _chunk(x, chunks, dim=0):
    return _split(x, -(-x.shape[dim] // chunks), dim)


def _tensor_split(x, parts, dim=0):
    return tuple(np.array_split(x, parts, dim))


def _unbind(x, dim=0):
    return tuple(np.take(x, i, dim) for i in range(x.shape[dim]))


def _unfold(x, dimension, size, step):
    dimension %= x.ndim
    windows = np.lib.stride_tricks.sliding_window_view(x, size, dimension)
    return np.take(windows, range(0, windows.shape[dimension], step), dimension)


def _expand(x, *size):
    size = sizes(size)
    old = (None,) * (len(size) - x.ndim) + x.shape
    return np.broadcast_to(x, [o if n == -1 else n for n, o in zip(size, old, strict=True)])


def _repeat(x, *repeats):
    return np.tile(x, sizes(repeats))


def _diag_embed(x, offset=0, dim1=-2, dim2=-1):
    n = x.shape[-1] + abs(offset)
    out = np.zeros((*x.shape[:-1], n, n))
    i = np.arange(x.shape[-1])
    out[..., i + max(-offset, 0), i + max(offset, 0)] = x
    return np.moveaxis(out, (-2, -1), (dim1, dim2))


def _diagonal(x, offset=0, dim1=0, dim2=1):
    return np.diagonal(x, offset, dim1, dim2)


def _block_diag(*blocks):
    blocks = [np.atleast_2d(b) for b in blocks]
    out = np.zeros(np.sum([b.shape for b in blocks], axis=0))
    r = c = 0
    for b in blocks:
        out[r : r + b.shape[0], c : c + b.shape[1]] = b
        r, c = r + b.shape[0], c + b.shape[1]
    return out


def _cartesian(*vectors):
    if len(vectors) == 1:
        return vectors[0]
    return np.stack([g.ravel() for g in np.meshgrid(*vectors, indexing="ij")], 1)


def _transposed(x):
    return np.swapaxes(x, -2, -1)


def _many(function):
    return lambda *xs: tuple(map(function, xs)) if len(xs) > 1 else function(xs[0])


# ------------------------------------------------------------------------------------ table

SWAPS = [((2, 3, 4), 0, 2), ((2, 3, 4), -1, 1), ((2, 3), 0, 1), ((0, 3), 0, 1)]
MOVES = [
    ((2, 3, 4), 0, -1),
    ((2, 3, 4), (0, 1), (-1, 0)),
    ((2, 3), 1, 0),
    ((2, 1, 3, 2), (3, 0), (0, 1)),
]

RESHAPED = [
    each(
        "reshape",
        lambda x, *shape: np.reshape(x, sizes(shape)),
        [
            ((3, 4), (2, 6)),
            ((3, 4), (-1,)),
            ((2, 3), (3, -1, 1)),
            ((1,), ()),
            ((), (1, 1)),
            ((0, 3), (3, 0)),
        ],
    ),
    each(
        "view",
        lambda x, *shape: np.reshape(x, sizes(shape)),
        [((3, 4), 2, 6), ((3, 4), (-1,)), ((2, 3), 3, -1, 1), ((1,), ()), ((0, 3), 3, 0)],
        # what is not laid out in order can't be viewed
        ours=lambda x, *s: shape.view(tinygrad_edu.clone(x), *s),
        torch=lambda x, *s: x.clone().view(*s),
    ),
    op(
        "view",
        lambda x, dtype: x.view(np.float64),
        lambda draw: [sample(draw.ints(0, 9, 2, 3), np.dtype(np.float64))],
        label="as dtype",
        ours=shape.view,
        torch=None,
        differentiable=False,
        method=None,
    ),
    each(
        "flatten",
        _flatten,
        [((2, 3, 2),), ((2, 3, 2), 1), ((2, 3, 2), 0, 1), ((2, 3, 2), {"end_dim": -2}), ((),)],
    ),
    each("ravel", np.ravel, [((2, 3),), ((3,),), ((),), ((0, 2),)]),
    each(
        "unflatten",
        _unflatten,
        [((2, 6), 1, (3, 2)), ((2, 6), -1, (-1, 2)), ((4, 2), 0, (2, 2, 1))],
    ),
    each(
        "squeeze",
        _squeeze,
        [
            ((1, 3, 1),),
            ((1, 3, 1), 0),
            ((1, 3, 1), -1),
            ((1, 3, 1), 1),
            ((1, 3, 1), {"dim": (0, 2)}),
            ((),),
            ((1, 0),),
        ],
    ),
    each(
        "unsqueeze",
        np.expand_dims,
        [((2, 3), 0), ((2, 3), 1), ((2, 3), -1), ((), 0), ((2, 0), 1)],
    ),
    each("atleast_1d", _many(np.atleast_1d), [((),), ((3,),), ((2, 3),)], method=None),
    each("atleast_2d", _many(np.atleast_2d), [((),), ((3,),), ((2, 3),)], method=None),
    separate("atleast_3d", _many(np.atleast_3d), [[[()]], [[(3,), (2, 3)]], [[(2, 1, 3)]]]),
]

ARRANGED = [
    each(
        "permute",
        np.transpose,
        [((2, 3, 4), (2, 0, 1)), ((2, 3, 4), (-1, 0, 1)), ((2, 3), (1, 0)), ((0, 3), (1, 0))],
        protocol=None,
    ),
    each("transpose", np.swapaxes, SWAPS),
    each("swapaxes", np.swapaxes, SWAPS),
    each("swapdims", np.swapaxes, SWAPS),
    each("t", np.transpose, [((2, 3),), ((3,),), ((),)]),
    each("adjoint", _transposed, [((2, 3),), ((2, 3, 4),)]),
    each("movedim", np.moveaxis, MOVES),
    each("moveaxis", np.moveaxis, MOVES),
    each("flip", np.flip, [((3, 4), (0,)), ((3, 4), (0, -1)), ((2, 3, 2), (1,)), ((0, 3), (1,))]),
    each("fliplr", np.fliplr, [((3, 4),), ((2, 3, 2),)]),
    each("flipud", np.flipud, [((3, 4),), ((3,),)]),
    each(
        "roll",
        _roll,
        [
            ((3, 4), 2),
            ((3, 4), -1, 0),
            ((3, 4), (1, -2), {"dims": (0, 1)}),
            ((5,), 7),
            ((0, 3), 1, 1),
        ],
    ),
    each(
        "rot90",
        lambda x, k=1, dims=(0, 1): np.rot90(x, k, dims),
        [((2, 3),), ((2, 3), 2), ((2, 3), -1), ((2, 3), 4), ((2, 3, 2), 3, (1, 2))],
    ),
    each("tril", np.tril, [((3, 4),), ((3, 4), 1), ((4, 3), -1), ((2, 3, 3),)], protocol=None),
    each("triu", np.triu, [((3, 4),), ((3, 4), 1), ((4, 3), -1), ((2, 3, 3),)], protocol=None),
    each(
        "diagonal",
        _diagonal,
        [
            ((3, 4),),
            ((3, 4), 1),
            ((4, 3), -1),
            ((2, 3, 4), {"offset": 1, "dim1": -1, "dim2": 0}),
            ((3, 4), 9),
        ],
    ),
    each("diag", np.diag, [((3,),), ((3,), 1), ((3, 4),), ((3, 4), -1)]),
    each("diagflat", np.diagflat, [((3,),), ((2, 2), 1), ((),)]),
    each(
        "diag_embed",
        _diag_embed,
        [((3,),), ((2, 3),), ((2, 3), 1), ((2, 3), {"offset": -1, "dim1": 0, "dim2": 2})],
    ),
]

JOINED = [
    *[
        joined(
            name,
            lambda xs, dim=0: np.concatenate(xs, dim),
            [
                ([(2, 3), (1, 3)],),
                ([(2, 3), (2, 1), (2, 2)], {"dim": 1}),
                ([(2, 3), (2, 3)], -1),
                ([(2,), (0,)],),
                ([(3,)],),
            ],
        )
        for name in ("cat", "concat", "concatenate")
    ],
    joined(
        "stack",
        lambda xs, dim=0: np.stack(xs, dim),
        [([(2, 3), (2, 3)],), ([(2,)] * 3, 1), ([(2, 3)] * 2, {"dim": -1}), ([()] * 3,)],
    ),
    joined("hstack", np.hstack, [([(2, 3), (2, 1)],), ([(2,), (3,)],), ([(), ()],)]),
    joined("vstack", np.vstack, [([(2, 3), (1, 3)],), ([(3,), (3,)],)]),
    joined("row_stack", np.vstack, [([(2, 3), (3,)],)]),
    joined("dstack", np.dstack, [([(2, 3), (2, 3)],), ([(3,), (3,)],), ([(2, 3, 1)] * 2,)]),
    joined("column_stack", np.column_stack, [([(3,), (3,)],), ([(3, 2), (3,)],)]),
    separate("block_diag", _block_diag, [[[(2, 3), (1, 2)]], [[(3,), (2, 1)]], [[(2, 2)]]]),
    separate("cartesian_prod", _cartesian, [[[(2,), (3,)]], [[(2,), (1,), (2,)]], [[(3,)]]]),
    separate(
        "meshgrid",
        lambda *xs, indexing="ij": tuple(np.meshgrid(*xs, indexing=indexing)),
        [
            [[(2,), (3,)], {"indexing": "ij"}],
            [[(2,), (3,), (2,)], {"indexing": "xy"}],
            [[(3,)], {"indexing": "xy"}],
        ],
    ),
    separate(
        "broadcast_tensors",
        lambda *xs: tuple(np.broadcast_arrays(*xs)),
        [[[(2, 1), (3,)]], [[(2, 3), ()]], [[(1, 2), (2,), (3, 1)]]],
        # a single upstream gradient for each result
    ),
    op(
        "broadcast_shapes",
        lambda *shapes: np.broadcast_shapes(*shapes),
        lambda draw: [sample((2, 1), (3,)), sample((), (4, 1))],
        ours=lambda *shapes: tuple(tinygrad_edu.broadcast_shapes(*shapes)),
        torch=None,
        differentiable=False,
        method=None,
    ),
]

SPLIT = [
    each(
        "split",
        _split,
        [((5, 2), 2), ((2, 5), (1, 4), {"dim": 1}), ((2, 4), 2, -1), ((3,), 5)],
    ),
    each("split_with_sizes", _split, [((5, 2), (2, 3)), ((2, 4), (1, 3), 1)]),
    each("chunk", _chunk, [((5, 2), 2), ((2, 5), 3, 1), ((3,), 7)]),
    each(
        "tensor_split",
        _tensor_split,
        [((5, 2), 2), ((2, 5), 3, {"dim": 1}), ((5,), (1, 3)), ((2, 5), (2,), -1)],
    ),
    each("hsplit", lambda x, p: tuple(np.hsplit(x, p)), [((2, 4), 2), ((4,), (1, 3))]),
    each("vsplit", lambda x, p: tuple(np.vsplit(x, p)), [((4, 2), 2), ((4, 2), (1, 3))]),
    each("dsplit", lambda x, p: tuple(np.dsplit(x, p)), [((2, 1, 4), 2)]),
    each("unbind", _unbind, [((3, 2),), ((2, 3), 1), ((2, 3, 2), {"dim": -1})]),
    each(
        "select",
        lambda x, dim, index: np.take(x, index, dim),
        [((3, 2), 0, 1), ((2, 3), 1, -1), ((2, 3, 2), -1, 0)],
    ),
    each(
        "narrow",
        lambda x, dim, start, length: np.take(x, range(start, start + length), dim),
        [((4, 2), 0, 1, 2), ((2, 4), 1, 0, 3), ((2, 4), -1, 3, 1), ((3,), 0, 1, 0)],
    ),
    each(
        "__unfold__",  # no function in PyTorch, where nn.functional.unfold is another op
        _unfold,
        [((5,), 0, 2, 1), ((2, 5), 1, 3, 2), ((4, 2), 0, 2, 1), ((3,), -1, 1, 2)],
        ours=splitting.unfold,
        torch=lambda x, *args: x.unfold(*args),
        method="unfold",
    ),
]

REPEATED = [
    each(
        "expand",
        _expand,
        [((3, 1), 3, 4), ((3,), 2, 3), ((1, 3), (-1, 3)), ((), 2, 2), ((2, 1), 2, -1, -1)][:4],
        ours=repeating.expand,
        torch=lambda x, *size: x.expand(*size),
    ),
    each("broadcast_to", np.broadcast_to, [((3, 1), (2, 3, 4)), ((3,), (3,)), ((1,), (0, 1))]),
    each(
        "repeat",
        _repeat,
        [((2,), 3), ((2, 3), 2, 1), ((3,), 2, 2), ((2, 1), (1, 2, 3)), ((2,), 0), ((), 2)],
        ours=repeating.repeat,
        torch=lambda x, *repeats: x.repeat(*repeats),
    ),
    each("tile", np.tile, [((2,), (3,)), ((2, 3), (2,)), ((3,), (2, 2)), ((2, 1), (1, 2, 3))]),
    op(
        "repeat_interleave",
        lambda x, repeats, dim=None: np.repeat(x, repeats, dim),
        lambda draw: [
            sample(draw(2, 3), 2),
            sample(draw(2, 3), 2, 0),
            sample(draw(3, 2), np.array([1, 0, 2]), dim=0),
            sample(draw(2, 3), np.array([2]), 1),
        ],
    ),
]

CONVERTED = [
    op(
        "to",
        lambda x, dtype: x.astype(dtype),
        # float32 is too coarse for differences: the gradient is compared with PyTorch's
        lambda draw: [kink(draw(2, 3), np.dtype(np.float32)), kink(draw(), np.dtype(np.float32))],
        ours=to_dtype,
        torch=lambda x, dtype: x.float() if dtype == np.float32 else x.double(),
        ints=False,
    ),
]

SPECS: list[OpSpec] = [*CONVERTED, *RESHAPED, *ARRANGED, *JOINED, *SPLIT, *REPEATED]
