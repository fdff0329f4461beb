"""Specs of products and norms."""

import itertools
import warnings

import numpy as np

import tinygrad_edu.linalg

from .spec import OpSpec, kink, op, sample

INF, NAN = np.inf, np.nan
ORDERS = [0, 1, -1, 2, -2, INF, -INF, 0.5, 1.5, 3, 2.5, -1.5]
MATRIX_ORDERS = ["fro", "nuc", 1, -1, 2, -2, INF, -INF]
FLAT = [[0.0, 0.0, 0.0], [3.0, 0.0, -3.0], [[3.0, -3.0], [0.0, 0.0], [1.0, 3.0]]]
NOT_A_NUMBER = [[1.0, NAN, -2.0], [[3.0, NAN], [2.0, -1.0]]]


def _linear(x, w, b=None):
    out = x @ w.T
    return out if b is None else out + b


def _apart(draw, *shape):
    """Values away from 0 and, in size, from each other: the places where norms have kinks."""
    n = int(np.prod(shape))
    sizes = draw.rng.permutation(0.3 + 0.15 * np.arange(n) + draw.uniform(0, 0.08, n))
    return np.asarray((sizes * draw.rng.choice([-1.0, 1.0], n)).reshape(shape))


def _quiet(name):
    """PyTorch's function without its warnings."""

    def theirs(*args, **kwargs):
        import torch

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(torch, name)(*args, **kwargs)

    return theirs


def _pairs(*shapes):
    """Samples of as many arrays as there are shapes."""
    return lambda draw: [sample(*(draw(*s) for s in row)) for row in shapes]


def _blends(product, inputs, *shapes):
    """``beta input + alpha product``: its reference and samples."""

    def reference(x, a, b, beta=1, alpha=1):
        return (0 if beta == 0 else beta * x) + alpha * product(a, b)

    def samples(draw):
        factors = [{}, {"beta": 2.0, "alpha": 0.5}, {"alpha": -1}]
        many = [
            sample(draw(*i), *(draw(*s) for s in shapes), **f)
            for f, i in itertools.product(factors, inputs)
        ]
        zero = sample(np.full(inputs[0], NAN), *(draw(*s) for s in shapes), beta=0)
        return [*many, zero.constant(0)]

    return reference, samples


def _vector_norm(x, ord=2, dim=None, keepdim=False):
    axis = tuple(dim) if isinstance(dim, (list, tuple)) else dim
    size = np.abs(x)
    if ord in (INF, -INF):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdim)
    if ord == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdim, dtype=float)
    return np.sum(size**ord, axis=axis, keepdims=keepdim) ** (1 / ord)


def _matrix_norm(x, ord="fro", dim=(-2, -1), keepdim=False):
    return np.linalg.norm(x, ord, tuple(dim), keepdim)


def _linalg_norm(x, ord=None, dim=None, keepdim=False):
    two = x.ndim == 2 if dim is None else isinstance(dim, tuple) and len(dim) == 2
    if ord is not None and two:
        return _matrix_norm(x, ord, (0, 1) if dim is None else dim, keepdim)
    return _vector_norm(x, 2 if ord is None else ord, dim, keepdim)


def _norm(x, p="fro", dim=None, keepdim=False):
    if p == "nuc":
        return _matrix_norm(x, p, (0, 1) if dim is None else dim, keepdim)
    return _vector_norm(x, 2 if p in (None, "fro") else p, dim, keepdim)


def _vector_norms(draw):
    shapes = [{}, {"dim": 0}, {"dim": (0, 2), "keepdim": True}, {"dim": -1}]
    found = [
        sample(_apart(draw, 2, 3, 2), order, **kwargs)
        for order, kwargs in itertools.product(ORDERS, shapes)
    ]
    found += [kink(np.array(x), order) for order, x in itertools.product(ORDERS, FLAT)]
    found += [kink(np.array(FLAT[2]), order, dim=1) for order in ORDERS]
    found += [kink(np.array(x), order) for order in (INF, -INF) for x in NOT_A_NUMBER]
    found += [kink(np.array(NOT_A_NUMBER[1]), order, dim=1) for order in (INF, -INF)]
    return [*found, sample(draw(4)), sample(draw()), sample(draw(3, 0), 1.5, 0), kink(draw(0))]


def _matrix_norms(draw):
    found = [sample(draw(3, 4)), sample(draw(2, 3, 2), keepdim=True), kink(np.zeros((2, 3)))]
    for order in MATRIX_ORDERS:
        found += [
            sample(_apart(draw, 3, 2), order),
            sample(_apart(draw, 2, 3, 4) + 0.01, order),
            sample(_apart(draw, 2, 3, 4), order, dim=(0, 2), keepdim=True),
            sample(_apart(draw, 2, 3), ord=order, dim=(-1, -2)),
        ]
        found.append(kink(np.eye(2), order))
    return found


def _norms(draw):
    found = [
        sample(draw(3)),
        sample(draw(2, 3)),
        sample(draw(2, 3, 2), dim=1),
        sample(draw(2, 3, 2), dim=(0, 2), keepdim=True),
        kink(np.zeros(3)),
        kink(np.zeros((2, 3)), dim=1),
    ]
    found += [sample(_apart(draw, 4), order) for order in ORDERS]
    found += [sample(_apart(draw, 3, 2), order) for order in MATRIX_ORDERS]
    found += [sample(_apart(draw, 2, 3, 2), order, (2, 0)) for order in MATRIX_ORDERS]
    found += [sample(draw(2, 3), 2, 0, True), sample(_apart(draw, 2, 3), 1.5, dim=1)]
    return found


def _old_norms(draw):
    found = [sample(draw(3)), sample(draw(2, 3)), sample(draw(2, 3), None), kink(np.zeros(3))]
    found += [sample(_apart(draw, 2, 3), p) for p in ORDERS]
    found += [sample(_apart(draw, 2, 3), p=p, dim=1, keepdim=True) for p in ORDERS]
    found += [
        sample(draw(2, 3, 2), "fro", (0, 2)),
        sample(_apart(draw, 2, 3, 2), 1, dim=(0, 1)),
        sample(draw(2, 3, 2), "nuc", (0, 2)),
        sample(draw(2, 3), p="nuc", keepdim=True),
    ]
    return found


def _normalize(x, p=2.0, dim=1, eps=1e-12):
    return x / np.maximum(_vector_norm(x, p, dim, True), eps)


def _cosine(x1, x2, dim=1, eps=1e-8):
    x1, x2 = np.broadcast_arrays(x1, x2)
    sizes = [np.maximum(np.linalg.norm(x, axis=dim), eps) for x in (x1, x2)]
    return np.sum(x1 * x2, axis=dim) / (sizes[0] * sizes[1])


def _pairwise(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    return _vector_norm(x1 - x2 + eps, p, -1, keepdim)


def _cdist(x1, x2, p=2.0, compute_mode=None):
    return _vector_norm(x1[..., :, None, :] - x2[..., None, :, :], p, -1)


def _cdists(draw):
    found = [
        sample(_apart(draw, *a), _apart(draw, *b) + 0.07, p)
        for p in (2.0, 1.0, INF, 3.0, 1.5, 0.5)
        for a, b in [((2, 3), (4, 3)), ((2, 2, 3), (4, 3))]
    ]
    found += [
        sample(draw(2, 3), draw(4, 3), compute_mode="use_mm_for_euclid_dist"),
        sample(draw(2, 2, 3), draw(1, 4, 3), 2.0, "use_mm_for_euclid_dist"),
    ]
    near = np.array([[1.0, 1.0], [2.0, 3.0]]), np.array([[1.0, 1.0], [3.0, 4.0], [1.0, 2.0]])
    found.append(kink(*near, compute_mode="use_mm_for_euclid_dist"))
    return [*found, *(kink(*near, p) for p in (2.0, 1.0, INF, 3.0, 1.5, 0.5, 0.0))]


def _renorm(x, p, dim, maxnorm):
    others = tuple(i for i in range(x.ndim) if i != dim % x.ndim)
    size = _vector_norm(x, p, others, True)
    return np.where(size > maxnorm, x * (maxnorm / (size + 1e-7)), x)


EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 2)),
    ("ij->ji", (2, 3)),
    ("ba", (2, 3)),
    ("ii", (3, 3)),
    ("ii->i", (3, 3)),
    ("iji->j", (2, 3, 2)),
    ("iii->i", (2, 2, 2)),
    ("ij->", (2, 3)),
    ("i,j->ij", (2,), (3,)),
    ("i,i->i", (3,), (3,)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 2)),
    ("bi,bi->b", (2, 3), (2, 3)),
    ("bij,bjk,bkl->bil", (2, 2, 3), (2, 3, 2), (2, 2, 2)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (2, 3, 2)),
    ("...i->...", (2, 3)),
    ("i...->i", (2, 3, 2)),
    ("...,...", (2, 3), (3,)),
    ("ij,j->i", (2, 3), (1,)),
    ("ij,jk->ik", (2, 1), (3, 2)),
    ("ij,kl->il", (2, 3), (2, 2)),
    ("ij,", (2, 3), ()),
    ("bn,anm,bm->ba", (2, 3), (2, 3, 2), (2, 2)),
    ("aab,bcc->ac", (2, 2, 3), (3, 2, 2)),
    ("Ab,bA", (2, 3), (3, 2)),
    ("ij,jk->ik", (0, 3), (3, 2)),
    ("ij,jk->ik", (2, 0), (0, 3)),
]


def _einsums(draw):
    found = [sample(text, *(draw(*s) for s in shapes)) for text, *shapes in EQUATIONS]
    return [
        *found,
        sample("ij,jk->ik", [draw(2, 3), draw(3, 2)]),
        sample(draw(2, 3), [0, 1], draw(3, 2), [1, 2], [0, 2]),
        sample(draw(2, 3), [0, 1], draw(3, 2), [1, 2]),
    ]


def _einsum(*args):
    if isinstance(args[0], str) and isinstance(args[1], list):
        return np.einsum(args[0], *args[1])
    if isinstance(args[0], str) and args[0] == "i...->i":  # NumPy sums no ellipsis
        return args[1].sum(axis=(1, 2))
    return np.einsum(*args)


def _regular(draw, *shape):
    """A well-conditioned matrix."""
    return draw(*shape) + 3 * np.eye(shape[-1])


SPECS: list[OpSpec] = [
    op(
        "matmul",
        np.matmul,
        _pairs(
            ((3, 2), (2, 4)),
            ((3,), (3,)),
            ((2, 3), (3,)),
            ((3,), (3, 2)),
            ((2, 3, 2), (2, 2, 2)),
            ((2, 3, 2), (2, 4)),
            ((3, 2), (2, 2, 1)),
            ((2, 1, 2, 3), (3, 3, 1)),
            ((2, 2, 3), (3,)),
            ((3,), (2, 3, 2)),
            ((0, 3), (3, 2)),
            ((2, 0), (0, 3)),
            ((2, 3, 0), (0, 2)),
        ),
        operator="matmul",
    ),
    op("mm", np.matmul, _pairs(((3, 2), (2, 4)), ((2, 0), (0, 3)))),
    op("bmm", np.matmul, _pairs(((2, 3, 2), (2, 2, 1)), ((0, 3, 2), (0, 2, 1)))),
    op("mv", np.matmul, _pairs(((3, 2), (2,)), ((2, 0), (0,)))),
    op("dot", np.dot, _pairs(((3,), (3,)), ((0,), (0,)))),
    op("vdot", np.dot, _pairs(((3,), (3,)))),
    op("outer", np.outer, _pairs(((2,), (3,)), ((0,), (3,)))),
    op("ger", np.outer, _pairs(((2,), (3,)))),
    op(
        "inner",
        np.inner,
        _pairs(((3,), (3,)), ((2, 3), (3,)), ((2, 3), (2, 2, 3)), ((2, 3), ()), ((), ())),
    ),
    op("kron", np.kron, _pairs(((2, 3), (2, 2)), ((3,), (2,)), ((2,), (2, 1, 2)), ((), (3,)))),
    op("addmm", *_blends(np.matmul, [(2, 4), (4,), (2, 1), ()], (2, 3), (3, 4)), ints=False),
    op("addmv", *_blends(np.matmul, [(2,), (1,), ()], (2, 3), (3,)), ints=False),
    op("addr", *_blends(np.outer, [(2, 3), (3,), ()], (2,), (3,)), ints=False),
    op(
        "baddbmm",
        *_blends(np.matmul, [(2, 2, 1), (2, 1), ()], (2, 2, 3), (2, 3, 1)),
        ints=False,
    ),
    op(
        "addbmm",
        *_blends(lambda a, b: (a @ b).sum(0), [(2, 1), (1,)], (2, 2, 3), (2, 3, 1)),
        ints=False,
    ),
    op("trace", np.trace, _pairs(((3, 3),), ((2, 4),), ((3, 2),), ((0, 3),))),
    op("einsum", _einsum, _einsums, method=None),
    op(
        "tensordot",
        lambda a, b, dims=2: np.tensordot(a, b, dims),
        lambda draw: [
            sample(draw(2, 3), draw(2, 3)),
            sample(draw(2, 3), draw(3, 2), 1),
            sample(draw(2, 3), draw(2), dims=0),
            sample(draw(2, 3, 2), draw(2, 3), dims=([2, 1], [0, 1])),
            sample(draw(2, 3), draw(2, 3), ((-1,), (1,))),
        ],
        method=None,
    ),
    op(
        "chain_matmul",
        lambda *xs: np.linalg.multi_dot(xs) if len(xs) > 1 else xs[0],
        _pairs(((2, 3), (3, 1), (1, 2)), ((2, 3), (3, 2))),
        torch=_quiet("chain_matmul"),
        method=None,
        ints=False,
    ),
    op(
        "linalg.multi_dot",
        np.linalg.multi_dot,
        lambda draw: [
            sample([draw(2, 3), draw(3, 1), draw(1, 4), draw(4, 2)]),
            sample([draw(3), draw(3, 2), draw(2)]),
            sample([draw(2, 3), draw(3)]),
            sample([draw(3), draw(3, 2), draw(2, 2)]),
        ],
        ints=False,
    ),
    op(
        "linalg.inv",
        np.linalg.inv,
        lambda draw: [sample(_regular(draw, 3, 3)), sample(_regular(draw, 2, 2, 2))],
        ints=False,
        method=None,
    ),
    op(
        "inverse",
        np.linalg.inv,
        lambda draw: [sample(_regular(draw, 2, 2))],
        ints=False,
    ),
    op(
        "linalg_solve",  # torch.solve is another one, and gone
        np.linalg.solve,
        lambda draw: [
            sample(_regular(draw, 3, 3), draw(3)),
            sample(_regular(draw, 3, 3), draw(3, 2)),
            sample(_regular(draw, 2, 2, 2), draw(2, 1)),
            sample(_regular(draw, 2, 2), draw(3, 2, 1)),
        ],
        torch="linalg.solve",
        ours=tinygrad_edu.linalg.solve,
        ints=False,
        method=None,
    ),
    op(
        "linalg_solve",
        lambda a, b, left: np.linalg.solve(np.swapaxes(a, -1, -2), b.T).T,
        lambda draw: [sample(_regular(draw, 3, 3), draw(2, 3), left=False)],
        label="left",
        torch="linalg.solve",
        ours=tinygrad_edu.linalg.solve,
        ints=False,
        method=None,
    ),
    op(
        "det",
        np.linalg.det,
        lambda draw: [
            sample(_regular(draw, 3, 3)),
            sample(_regular(draw, 2, 2, 2)),
            sample(draw(1, 1)),
            sample(_regular(draw, 1, 3, 2, 2)),
        ],
        ints=False,
    ),
    # The cofactors of a singular matrix; PyTorch gives zeros, which differences contradict.
    op(
        "det",
        np.linalg.det,
        lambda draw: [
            sample(np.array([[0.0, 1.0], [0.0, 2.0]])),
            sample(np.array([[2.0, 4.0], [1.0, 2.0]])),
            sample(np.zeros((1, 1))),
            sample(np.stack([_regular(draw, 2, 2), np.array([[0.0, 1.0], [0.0, 2.0]])])),
            sample(draw(1, 4, 3, 3) * np.array([0.0, 1.0, 1.0])),
            *[sample(draw(3, 3) * np.array([1.0, 0.0, 1.0])) for _ in range(4)],
        ],
        label="singular",
        torch=None,
        twice=False,
        ints=False,
    ),
    op(
        "linalg.svdvals",
        lambda x: np.linalg.svd(x, compute_uv=False),
        _pairs(((3, 3),), ((2, 4),), ((4, 2),), ((2, 3, 2),)),
        ints=False,
        method=None,
    ),
    # What does not depend on the signs of the singular vectors.
    op(
        "linalg.svd",
        lambda x: x + np.swapaxes(np.linalg.pinv(x), -1, -2),
        _pairs(((3, 3),), ((2, 3),), ((3, 2),), ((2, 3, 2),)),
        label="put together",
        ours=lambda x: (lambda f: f.U @ ((f.S + 1 / f.S)[..., None] * f.Vh))(
            tinygrad_edu.linalg.svd(x)
        ),
        torch=None,
        method=None,
        ints=False,
    ),
    op("linalg.vector_norm", _vector_norm, _vector_norms, method=None),
    op("linalg.matrix_norm", _matrix_norm, _matrix_norms, method=None),
    op("linalg.norm", _linalg_norm, _norms, method=None),
    op("norm", _norm, _old_norms),
    # The same under the names that the NumPy protocol looks up.
    *[
        op(
            f"linalg_{name}",
            reference,
            lambda draw: [sample(draw(2, 3)), sample(draw(2, 3), 1)],
            ours=getattr(tinygrad_edu.ops, f"linalg_{name}"),
            torch=f"linalg.{name}",
            method=None,
        )
        for name, reference in [
            ("norm", _linalg_norm),
            ("vector_norm", _vector_norm),
            ("matrix_norm", _matrix_norm),
        ]
    ],
    op(
        "renorm",
        _renorm,
        lambda draw: [
            sample(draw(3, 4), 2, 0, 1.0),
            sample(_apart(draw, 2, 3, 2), 1.5, -1, 2.0),
            sample(draw(3, 2), 1, 1, 50.0),
        ],
        torch_gradgrad=False,
        ints=False,
    ),
    op(
        "nn.functional.normalize",
        _normalize,
        lambda draw: [
            sample(draw(3, 4)),
            sample(draw(3, 4), dim=0),
            sample(draw(3), 1.0, 0),
            sample(draw(2, 3, 2), p=3.0, dim=(0, 2)),
            sample(draw(2, 3), eps=5.0),
            kink(np.zeros((2, 3))),
        ],
        method=None,
    ),
    op(
        "nn.functional.cosine_similarity",
        _cosine,
        lambda draw: [
            sample(draw(3, 4), draw(3, 4)),
            sample(draw(3), draw(3), dim=0),
            sample(draw(2, 3), draw(3)),
            sample(draw(2, 1, 3), draw(2, 3), -1),
            kink(np.zeros(2), np.array([1.0, 2.0]), dim=0),
            kink(np.array([1e-9, 0.0]), np.array([1.0, 2.0]), 0),
        ],
        method=None,
    ),
    op(
        "nn.functional.pairwise_distance",
        _pairwise,
        lambda draw: [
            sample(draw(3, 4), draw(3, 4)),
            sample(draw(3), draw(3)),
            sample(draw(2, 3), draw(3), keepdim=True),
            sample(draw(2, 3), draw(2, 3), p=1.0, eps=0.0),
            sample(draw(2, 3), draw(2, 3), 3.0, 0.1),
            kink(np.ones((1, 2)), np.ones((1, 2))),
        ],
        method=None,
    ),
    op(
        "dist",
        lambda x, y, p=2: _vector_norm(x - y, p),
        lambda draw: [
            sample(draw(3, 4), draw(4)),
            *[sample(draw(3), draw(3), p) for p in (1, 1.5, 2, 3, INF)],
            kink(np.ones(3), np.ones(3)),
        ],
    ),
    op("cdist", _cdist, _cdists, method=None, ints=False, torch_gradgrad=False),
    op(
        "nn.functional.linear",
        _linear,
        lambda draw: [
            sample(draw(4, 3), draw(2, 3), draw(2)),
            sample(draw(4, 3), draw(2, 3)),
            sample(draw(3), draw(2, 3), draw(2)),
            sample(draw(2, 2, 3), draw(2, 3), draw(2)),
            sample(draw(2, 2, 3), draw(4, 3)),
            sample(draw(0, 3), draw(2, 3), draw(2)),
        ],
        method=None,
        ints=False,
    ),
]
