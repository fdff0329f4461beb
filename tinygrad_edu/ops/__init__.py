"""The derivative table: each op is a NumPy forward and one formula per differentiable input.

Each file lists in ``__all__`` what it adds to the package.
"""

from .activation import *
from .arithmetic import *
from .compare import *
from .exponential import *
from .fitting import broadcast_to, cast, clone, fit, sum_to, to_dtype
from .index import *
from .index import plain_index
from .linalg import *
from .linear import *
from .loss import *
from .promotion import promote
from .reduce import *
from .shape import *
