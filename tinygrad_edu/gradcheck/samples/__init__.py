"""What to call every op of the derivative table with: small inputs of unequal axes.

The tables are by kind. A key is an op's name as :func:`tinygrad_edu.gradcheck.all_ops.labels`
gives it. Adding an op means adding a line; a test names the ops that have none.
"""

from . import activations, convolutions, elementwise, losses, matrices, reductions, shapes
from .case import Case, Draw, Table, case

_TABLES = (elementwise, activations, reductions, shapes, matrices, convolutions, losses)

SAMPLES: Table = {name: cases for kind in _TABLES for name, cases in kind.TABLE.items()}
