"""Ops with right and wrong derivative formulas: what a gradient checker is measured on."""

from . import (
    activations,
    binary,
    elementwise,
    indexing,
    linear,
    losses,
    matrix,
    networks,
    normalisation,
    reductions,
    repeating,
    selection,
    windows,
)
from .model import Bug, Op

ROOMS = (
    elementwise,
    activations,
    binary,
    reductions,
    losses,
    linear,
    matrix,
    indexing,
    repeating,
    selection,
    normalisation,
    windows,
    networks,
)
OPS: list[Op] = [op for room in ROOMS for op in room.OPS]
