"""Models: modules, parameters, layers and losses."""

from . import functional, utils
from .layers import Linear, ReLU, Sequential
from .losses import *
from .margin_losses import *
from .module import Module
from .parameter import Parameter
from .penalties import *
