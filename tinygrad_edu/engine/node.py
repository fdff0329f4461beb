"""What the tape is made of: a node for each recorded op, linked to the nodes of its inputs.

A tensor points to its node, a node to its inputs, and nothing points back, so a graph that nobody
holds is freed at once, without the garbage collector.
"""

from typing import Any


class AccumulateGrad:
    """The end of the graph at a leaf: what arrives here is added to ``variable.grad``."""

    def __init__(self, variable: Any = None) -> None:
        self.variable = variable

    def name(self) -> str:
        """PyTorch's name of this node."""
        return "AccumulateGrad"

    def __reduce__(self) -> Any:
        return "LEAF" if self is LEAF else (AccumulateGrad, (self.variable,))  # a copy stays it

    def __repr__(self) -> str:
        return "<AccumulateGrad>"


LEAF = AccumulateGrad()
"""Marks a leaf that requires grad. (A node that held its tensor would be a reference circle.)"""

FREED: Any = ("freed",)
"""Stands in ``Node.saved`` once backward has used it."""


class Node:
    """One recorded op: what ran, on what, and where its inputs came from.

    Attributes
    ----------
    op : Primitive
        The op, which knows its derivative formulas.
    params : dict
        Its non-differentiable options.
    edges : sequence
        One entry per input: the input's node, the leaf tensor itself, or None (no gradient).
    saved : sequence
        One entry per input: its value if a formula reads it, a `Meta` if only its shape is read.
    out : numpy.ndarray or Meta
        The result.
    order : float
        Creation number: a node is newer than all its inputs.
    hooks : dict or None
        Functions that see (and may replace) the gradient of the result.
    fold : Fold or None
        Of a node that stands for several; see `tinygrad_edu.folding`.
    """

    __slots__ = ("__weakref__", "edges", "fold", "hooks", "op", "order", "out", "params", "saved")

    def __init__(self, op: Any, params: dict, edges: Any, saved: Any, out: Any, order: float):
        self.op = op
        self.params = params
        self.edges = edges
        self.saved = saved
        self.out = out
        self.order = order
        self.hooks: dict[Any, Any] | None = None
        self.fold: Any = None

    def name(self) -> str:
        """PyTorch's name for the node of this op, such as ``MulBackward0``."""
        return "".join(w.capitalize() for w in self.op.name.split("_")) + "Backward0"

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """PyTorch's view of the edges: pairs of (node, output number)."""
        return tuple(
            (e if e is None or isinstance(e, Node) else AccumulateGrad(e), 0) for e in self.edges
        )

    def __repr__(self) -> str:
        return f"<{self.name()}>"
