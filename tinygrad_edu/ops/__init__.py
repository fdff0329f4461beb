"""The derivative table: each op is a NumPy forward and one formula per differentiable input.

Each file lists in ``__all__`` what it adds to the package.
"""

from . import (
    affine,
    arguments,
    arithmetic,
    arrange,
    attention,
    blend,
    bounds,
    classification,
    compare,
    contraction,
    convolution,
    cumulative,
    decompositions,
    distance,
    division,
    error_function,
    exponential,
    extremes,
    gathering,
    index,
    joining,
    linalg,
    logic,
    lookups,
    margin,
    masked,
    noise,
    normalization,
    norms,
    pooling,
    probability,
    rectifiers,
    reduce,
    regression,
    repeating,
    rounding,
    scattering,
    search,
    shape,
    similarity,
    smooth,
    softmaxes,
    sorting,
    splitting,
    statistics,
    triangles,
    trigonometric,
)
from .affine import *
from .arithmetic import *
from .arrange import *
from .attention import *
from .blend import *
from .bounds import *
from .classification import *
from .compare import *
from .contraction import *
from .convolution import *
from .cumulative import *
from .decompositions import *
from .distance import *
from .division import *
from .error_function import *
from .exponential import *
from .extremes import *
from .fitting import cast, clone, fit, sum_to, to_dtype
from .gathering import *
from .index import *
from .index import plain_index
from .joining import *
from .linalg import *
from .logic import *
from .lookups import *
from .margin import *
from .masked import *
from .noise import *
from .normalization import *
from .norms import *
from .norms import linalg_matrix_norm, linalg_norm, linalg_vector_norm
from .pooling import *
from .probability import *
from .promotion import promote
from .rectifiers import *
from .reduce import *
from .regression import *
from .repeating import *
from .rounding import *
from .scattering import *
from .search import *
from .shape import *
from .similarity import *
from .smooth import *
from .softmaxes import *
from .sorting import *
from .splitting import *
from .statistics import *
from .triangles import *
from .trigonometric import *

__all__ = [
    *affine.__all__,
    *arithmetic.__all__,
    *arrange.__all__,
    *attention.__all__,
    *blend.__all__,
    *bounds.__all__,
    *classification.__all__,
    *compare.__all__,
    *contraction.__all__,
    *convolution.__all__,
    *cumulative.__all__,
    *decompositions.__all__,
    *distance.__all__,
    *division.__all__,
    *error_function.__all__,
    *exponential.__all__,
    *extremes.__all__,
    *gathering.__all__,
    *index.__all__,
    *joining.__all__,
    *linalg.__all__,
    *logic.__all__,
    *lookups.__all__,
    *margin.__all__,
    *masked.__all__,
    *noise.__all__,
    *normalization.__all__,
    *norms.__all__,
    *pooling.__all__,
    *probability.__all__,
    *rectifiers.__all__,
    *reduce.__all__,
    *regression.__all__,
    *repeating.__all__,
    *rounding.__all__,
    *scattering.__all__,
    *search.__all__,
    *shape.__all__,
    *similarity.__all__,
    *smooth.__all__,
    *softmaxes.__all__,
    *sorting.__all__,
    *splitting.__all__,
    *statistics.__all__,
    *triangles.__all__,
    *trigonometric.__all__,
    "clone",
]

arguments.all_telling(globals(), __all__)
