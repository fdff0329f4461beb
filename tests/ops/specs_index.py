"""Specs of reading and writing parts of arrays."""

import numpy as np

from .spec import OpSpec, op, sample


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


def _set(x, index, values):
    out = x.copy()
    out[index] = values
    return out


def _set_tensor(x, index, values):
    out = x * 1.0 if hasattr(x, "requires_grad") else x.copy()
    out[index] = values
    return out


SPECS: list[OpSpec] = [
    op(
        "__getitem__",
        lambda x, index: x[index],
        _read,
        ours=lambda x, index: x[index],
        torch=lambda x, index: x[index],
    ),
    op(
        "__setitem__",
        _set,
        _write,
        ours=_set_tensor,
        torch=lambda x, i, v: _set_torch(x, i, v),
        method=None,
        ints=False,
    ),
    op(
        "nonzero",
        lambda x: np.argwhere(x),
        lambda draw: [
            sample(draw.ints(0, 2, 3, 4)),
            sample(draw.bools(5)),
            sample(draw(2, 2)),
            sample(draw.bools(0, 2)),
        ],
        differentiable=False,
    ),
]


def _set_torch(x, index, values):
    out = x * 1.0
    out[index] = values
    return out
