"""The engine: recording, the backward sweep, and nothing about any particular op."""

from ..signatures import Meta
from .node import FREED, LEAF, AccumulateGrad, Node
from .primitive import SMALL, Primitive, box, is_tensor, primitive, raw, register
from .state import state
from .storage import enter, overwritten_since, owner, pages, tick, version, wrote
from .sweep import run_hooks, sweep
