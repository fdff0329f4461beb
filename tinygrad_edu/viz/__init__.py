"""See backprop: pictures of the computation graph, and a player that steps through it.

Pictures are DOT for Graphviz, or SVG, PNG and PDF with nothing installed; `trace` records a
backward pass for the player.

Examples
--------
>>> import tinygrad_edu as tg
>>> from tinygrad_edu import viz
>>> x = tg.tensor([1.0, 2.0], requires_grad=True)
>>> graph = viz.read_graph((x * x).sum(), params={"x": x})
>>> graph.vertices[0].label
'x'
>>> viz.trace((x * x).sum())
<Trace: 2 forward and 3 backward frames>
"""

from typing import TYPE_CHECKING, Any

from .graph import Edge, Graph, Vertex, read_graph
from .pictures.dot import make_dot
from .pictures.render import RenderResult
from .pictures.svg import to_svg
from .trace import Frame, TraceData
from .tracing.record import Beside, Trace, save, trace
from .tracing.recording import recording

if TYPE_CHECKING:
    from . import plots

__all__ = [
    "make_dot",
    "plots",
    "read_graph",
    "recording",
    "save",
    "to_svg",
    "trace",
    "Beside",
    "Edge",
    "Frame",
    "Graph",
    "RenderResult",
    "Trace",
    "TraceData",
    "Vertex",
]


def __getattr__(name: str) -> Any:
    if name != "plots":  # which training needs none of, and which pictures do without
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return importlib.import_module(f"{__name__}.plots")
