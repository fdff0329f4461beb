"""Gradient checking."""

from .blame import blame
from .check import GradcheckError, gradcheck, gradgradcheck, max_relative_error
from .graphs import check_gradients
from .modules import check_module
from .report import GradReport
