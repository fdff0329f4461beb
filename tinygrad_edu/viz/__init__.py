"""Pictures of the computation graph: DOT for Graphviz, or SVG, PNG and PDF with nothing installed.

Examples
--------
>>> import tinygrad_edu as tg
>>> from tinygrad_edu import viz
>>> x = tg.tensor([1.0, 2.0], requires_grad=True)
>>> graph = viz.read_graph((x * x).sum(), params={"x": x})
>>> graph.vertices[0].label
'x'
"""

from .dot import make_dot
from .graph import Edge, Graph, Vertex, read_graph
from .render import RenderResult, save
from .svg import to_svg

__all__ = [
    "make_dot",
    "read_graph",
    "save",
    "to_svg",
    "Edge",
    "Graph",
    "RenderResult",
    "Vertex",
]
