"""The derivative table: each op is a NumPy forward and one formula per differentiable input.

Each file lists in ``__all__`` what it adds to the package.
"""

from . import (
    activation,
    affine,
    arithmetic,
    compare,
    exponential,
    index,
    linalg,
    loss,
    reduce,
    shape,
)
from .activation import *
from .affine import *
from .arithmetic import *
from .compare import *
from .exponential import *
from .fitting import broadcast_to, cast, clone, fit, sum_to, to_dtype
from .index import *
from .index import plain_index
from .linalg import *
from .loss import *
from .promotion import promote
from .reduce import *
from .shape import *

__all__ = [
    *activation.__all__,
    *affine.__all__,
    *arithmetic.__all__,
    *compare.__all__,
    *exponential.__all__,
    *index.__all__,
    *linalg.__all__,
    *loss.__all__,
    *reduce.__all__,
    *shape.__all__,
    "broadcast_to",
    "clone",
]
