"""Linear algebra under the names of ``torch.linalg``."""

from .ops.arguments import all_telling
from .ops.decompositions import LinAlgError, det, inv, multi_dot, solve, svd, svdvals
from .ops.linalg import matmul
from .ops.norms import linalg_norm as norm
from .ops.norms import matrix_norm, vector_norm
from .ops.triangles import linalg_diagonal as diagonal

__all__ = [
    "LinAlgError",
    "det",
    "diagonal",
    "inv",
    "matmul",
    "matrix_norm",
    "multi_dot",
    "norm",
    "solve",
    "svd",
    "svdvals",
    "vector_norm",
]

all_telling(globals(), __all__[1:])
