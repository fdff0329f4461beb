"""Gradient checking: are the gradients of a function what its slopes say they are, and if not, why?

>>> import numpy as np
>>> from tinygrad_edu.gradcheck import check_op
>>> bool(check_op(np.sin, lambda g, y, x: (g * np.cos(x),), [0.5]))
True
"""

from .blame import blame
from .check import GradcheckError, gradcheck, gradgradcheck, max_relative_error
from .check_op import check_op
from .cs231n import (
    eval_numerical_gradient,
    eval_numerical_gradient_array,
    eval_numerical_gradient_net,
    grad_check_sparse,
    layer_pair,
    rel_error,
    relative_error,
)
from .curve import StepCurve, step_curve
from .graphs import check_gradients
from .modules import check_module
from .report import GradReport

__all__ = [
    "GradReport",
    "GradcheckError",
    "StepCurve",
    "blame",
    "check_gradients",
    "check_module",
    "check_op",
    "eval_numerical_gradient",
    "eval_numerical_gradient_array",
    "eval_numerical_gradient_net",
    "grad_check_sparse",
    "gradcheck",
    "gradgradcheck",
    "layer_pair",
    "max_relative_error",
    "rel_error",
    "relative_error",
    "step_curve",
]
