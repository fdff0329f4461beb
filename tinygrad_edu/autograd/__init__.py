"""The names of ``torch.autograd``."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from ..gradcheck import GradcheckError, gradcheck, gradgradcheck

_LAZY = ("GradcheckError", "gradcheck", "gradgradcheck")


def __getattr__(name: str) -> Any:
    """The gradient checker is imported when it is first asked for: it is as large as the rest."""
    if name not in _LAZY:
        raise AttributeError(f"module 'tinygrad_edu.autograd' has no attribute {name!r}")
    from .. import gradcheck

    return getattr(gradcheck, name)
