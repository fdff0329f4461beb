import xml.etree.ElementTree as ElementTree

import pytest
from programs_drawn import module, recurrent
from samples import chain, mlp, plain

from tinygrad_edu.viz import Edge, Graph, Vertex, read_graph, to_svg
from tinygrad_edu.viz.folding import fold

SVG = "{http://www.w3.org/2000/svg}"
NASTY = """<&>"'\\n ]]> $x$ \x00\x1b é 漢"""


def groups(root, name):
    return [g for g in root.iter(f"{SVG}g") if name in g.get("class", "").split()]


def test_one_group_per_vertex_and_edge():
    graph = mlp()
    root = ElementTree.fromstring(to_svg(graph))
    nodes = groups(root, "node")
    assert [g.get("data-node") for g in nodes] == [v.id for v in graph.vertices]
    assert len(groups(root, "edge")) == len(graph.edges)
    for group, vertex in zip(nodes, graph.vertices, strict=True):
        assert vertex.label in group.findtext(f"{SVG}title")
        assert [text.text for text in group.iter(f"{SVG}text")] == list(vertex.lines)


def test_it_stands_alone_and_says_what_it_is():
    text = to_svg(mlp(), title="One step")
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-label") == "One step: 13 nodes, 14 edges"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert text.count("http") == 1  # only the name space
    assert " id=" not in text  # two pictures in one page don't collide


def test_modules_have_frames_behind_everything():
    root = ElementTree.fromstring(to_svg(read_graph(*module())))
    classes = [element.get("class", "") for element in root.iter()]
    frames = [e for e in root.iter(f"{SVG}rect") if e.get("class") == "cluster"]
    assert [frame.get("data-cluster") for frame in frames] == ["0", "2", "2.a", "2.b"]
    last = max(number for number, name in enumerate(classes) if name == "cluster")
    assert last < classes.index("edge") < classes.index("node output")
    titles = [e.text for e in root.iter(f"{SVG}text") if e.get("class") == "cluster-title"]
    assert titles == ["0: Linear", "2: Block", "a: Linear", "b: Linear"]
    assert all(brightness(frame.get("fill")) > 230 for frame in frames)


def test_a_folded_block_has_a_double_outline_and_its_count():
    root = ElementTree.fromstring(to_svg(fold(read_graph(*recurrent()))))
    (block,) = groups(root, "block")
    assert len(block.findall(f"{SVG}rect")) == 2
    assert "× 48" in [text.text for text in block.iter(f"{SVG}text")]


def test_any_text_is_escaped():
    graph = Graph(
        (Vertex("v0", "leaf", NASTY), Vertex("v1", "op", "f")), (Edge("v0", "v1", NASTY),)
    )
    root = ElementTree.fromstring(to_svg(graph))
    clean = NASTY.replace("\x00", "�").replace("\x1b", "�")
    assert [text.text for text in root.iter(f"{SVG}text")].count(clean) == 2


@pytest.mark.parametrize("kind", ["input", "leaf", "parameter", "op", "block", "output"])
def test_text_is_dark_on_light(kind):
    root = ElementTree.fromstring(to_svg(plain([kind], [])))
    (node,) = groups(root, "node")
    shapes = [e for e in node if e.get("fill")]
    assert shapes and all(brightness(e.get("fill")) > 200 for e in shapes)
    assert brightness(next(g.get("fill") for g in root.iter() if g.get("font-family"))) < 60


def brightness(color):
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_same_graph_same_text():
    assert to_svg(mlp()) == to_svg(mlp())


def test_a_chain_of_10000_vertices_is_drawn():
    root = ElementTree.fromstring(to_svg(chain(10_000)))
    assert len(groups(root, "node")) == 10_001


def test_an_empty_graph_is_an_empty_picture():
    assert not groups(ElementTree.fromstring(to_svg(Graph((), ()))), "node")
