"""All specs: the lists of the specs_* files together."""

from . import (
    specs_activation,
    specs_conv,
    specs_elementwise,
    specs_index,
    specs_linalg,
    specs_loss,
    specs_reduce,
    specs_shape,
)
from .spec import OpSpec

SPECS: list[OpSpec] = [
    *specs_elementwise.SPECS,
    *specs_reduce.SPECS,
    *specs_linalg.SPECS,
    *specs_shape.SPECS,
    *specs_index.SPECS,
    *specs_activation.SPECS,
    *specs_loss.SPECS,
    *specs_conv.SPECS,
]
