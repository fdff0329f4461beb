"""Models: modules, parameters, layers and losses."""

from . import functional, init, utils
from .activations import *
from .containers import Flatten, Identity, ModuleDict, ModuleList, Sequential, Unflatten
from .convolution import *
from .dropout import *
from .embedding import *
from .functional_call import functional_call
from .layers import Bilinear, Linear
from .losses import *
from .margin_losses import *
from .module import Module
from .normalization import *
from .parameter import Buffer, Parameter
from .parameter_containers import ParameterDict, ParameterList
from .penalties import *
from .pooling import *
from .residual import *
from .smooth_activations import *
