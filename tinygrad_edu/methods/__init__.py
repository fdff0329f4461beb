"""The methods of a Tensor: tables of names, each one an op, by kind as in ``ops``."""

from .activations import Activations
from .conversion import Conversion
from .elementwise import Elementwise
from .indexing import Indexing
from .products import Products
from .reductions import Reductions
from .sampling import Sampling
from .shaping import Shaping


class Methods(
    Elementwise, Reductions, Products, Shaping, Indexing, Activations, Conversion, Sampling
):
    """Everything that PyTorch has as a method, under its name."""
