"""The names of ``torch.autograd``."""

from ..gradcheck import GradcheckError, gradcheck
from ..gradients import (
    Function,
    backward,
    detect_anomaly,
    enable_grad,
    grad,
    inference_mode,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)
from . import functional
