"""Ops in symbols: what they compute, what they hand back, in which shapes, and where it goes.

The tables are by kind, one line per op; an op that none of them names shows the source of its own
formula.

Examples
--------
>>> forward_text("linear", ["x", "w", "b"], "h", {})
'h = x wᵀ + b'
>>> [vjp_text("linear", ["x", "w", "b"], "h", i, {}) for i in range(3)]
['dx = g w', 'dw = gᵀ x', 'db = Σ(rows of g)']
>>> vjp_shapes("linear", [(32, 784), (10, 784), (10,)], (32, 10), 1, {})
'(10, 32) @ (32, 784)'
"""

from .routes import routing
from .shapes import vjp_shapes
from .table import forward_text, vjp_text

__all__ = ["forward_text", "routing", "vjp_shapes", "vjp_text"]
