"""Samples of linear algebra: products, inverses, decompositions, distances."""

from __future__ import annotations

from .case import Table, case, normal, regular

TABLE: Table = {
    "matmul": [
        case(normal(3, 4), normal(4, 2)),
        case(normal(2, 3, 4), normal(4, 5)),
        case(normal(4), normal(2, 4, 3)),
    ],
    "linear": [case(normal(3, 4), normal(5, 4), normal(5))],
    "linear_without_bias": [case(normal(2, 3, 4), normal(5, 4))],
    "einsum": [
        case(
            normal(2, 3, 4),
            normal(2, 4, 5),
            xs=("b", "i", "j"),
            ys=("b", "j", "k"),
            out=("k", "b", "i"),
        ),
        case(normal(3), normal(4), xs=("i",), ys=("j",), out=("j", "i")),
    ],
    "inv": [case(regular(2, 3, 3))],
    "solve": [case(regular(3, 3), normal(3, 2)), case(regular(2, 1, 3, 3), normal(4, 3, 2))],
    "det": [case(regular(2, 3, 3))],
    "svd": [
        case(normal(*shape)).only_here("no gradient where two singular values are equal, or one 0")
        for shape in ((3, 4), (4, 2))
    ],
    "svdvals": [case(normal(3, 4)), case(normal(4, 2))],
    "cdist": [case(normal(2, 3), normal(4, 3))],
    "chebyshev": [
        case(normal(2, 3, 4)).only_here("each of several ties gets the whole, as in PyTorch")
    ],
}
