"""Asking for gradients: backward, grad, Function, grad modes, whole derivatives, anomalies."""

from .anomaly import detect_anomaly, set_detect_anomaly
from .backward import backward, backward_of, grad
from .function import Function
from .functional import hessian, hvp, jacobian, jvp, vhp, vjp
from .grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from .hooks import RemovableHandle, follow, register_hook, retain, retains
