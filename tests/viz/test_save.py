import os
import stat
import sys
import xml.etree.ElementTree as ElementTree
from types import ModuleType

import pytest
from programs_drawn import GOLDEN, module, recurrent
from samples import Recorder, chain, leaf, mlp, tensor

import tinygrad_edu as tg
from tinygrad_edu.viz import Edge, Graph, Vertex, read_graph, save

GRAPH = mlp()

needs_shell = pytest.mark.skipif(os.name == "nt", reason="the stand-in for dot is a shell script")


@pytest.fixture(autouse=True)
def nothing_installed(monkeypatch, tmp_path):
    """No program and no pygraphviz, whatever this machine has."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    monkeypatch.delenv("TINYGRAD_EDU_DOT", raising=False)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def pygraphviz(monkeypatch, version):
    class AGraph:
        def __init__(self, string):
            assert "digraph" in string

        def draw(self, format, prog):
            return b"<svg>pygraphviz</svg>"

    module = ModuleType("pygraphviz")
    module.__version__, module.AGraph = version, AGraph
    monkeypatch.setitem(sys.modules, "pygraphviz", module)


def test_svg_needs_nothing(tmp_path):
    result = save(GRAPH, tmp_path / "graph.svg")
    assert (result.path, result.engine, result.skipped) == (tmp_path / "graph.svg", "built-in", ())
    assert ElementTree.parse(result.path).getroot().tag.endswith("svg")


def test_dot_is_text(tmp_path):
    result = save(GRAPH, str(tmp_path / "graph.DOT"))
    assert result.engine == "text"
    assert result.path.read_text(encoding="utf-8").startswith("digraph")


def test_latex_needs_nothing(tmp_path):
    graph = Graph((Vertex("v0", "leaf", "a_b%$#&{}~^\\"), Vertex("v1", "op", "f")), ())
    result = save(graph, tmp_path / "graph.tex")
    text = result.path.read_text(encoding="utf-8")
    assert result.engine == "built-in"
    assert r"\documentclass" in text and r"\begin{tikzpicture}" in text
    assert r"a\_b\%\$\#\&\{\}" in text
    assert text.count(r"\begin{") == text.count(r"\end{")


@pytest.mark.plot
@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf", ".dot", ".tex"])
def test_every_program_is_drawn_in_every_format(tmp_path, name, suffix):
    result = save(*_with_path(GOLDEN[name][0](), tmp_path / f"graph{suffix}"))
    assert result.engine in ("built-in", "text") and result.path.stat().st_size > 300


def _with_path(program, path):
    output, params = program
    return output, path, params


@pytest.mark.parametrize("suffix", [".svg", ".dot"])
def test_a_graph_of_10000_nodes_is_folded(tmp_path, suffix):
    x = y = tg.tensor(1.0, requires_grad=True)
    for _ in range(5000):
        y = (y * x).sin()
    text = save(y, tmp_path / f"graph{suffix}").path.read_text(encoding="utf-8")
    assert "× 5000" in text and len(text) < 5000
    graph = read_graph(y)
    assert len(graph.vertices) == 10_002
    text = save(graph, tmp_path / f"graph{suffix}", fold=False).path.read_text(encoding="utf-8")
    assert text.count("sin") >= 5000


def test_a_notebook_shows_a_graph():
    graph = read_graph(*module())
    shown = graph._repr_mimebundle_()
    assert shown["text/plain"] == str(graph) == "Graph of 17 nodes and 17 edges"
    root = ElementTree.fromstring(shown["image/svg+xml"])
    assert root.tag.endswith("svg")
    assert "× 48" in read_graph(*recurrent())._repr_mimebundle_()["image/svg+xml"]


def test_a_notebook_never_shows_a_traceback():
    broken = Graph((Vertex("v0", "op", "f"),), (Edge("v0", "v7"),))
    shown = broken._repr_mimebundle_(include=None, exclude=None)
    assert list(shown) == ["text/plain"] and "(no picture: " in shown["text/plain"]
    assert "image/svg+xml" in chain(300)._repr_mimebundle_()


@pytest.mark.plot
@pytest.mark.parametrize(("suffix", "sign"), [(".png", b"\x89PNG"), (".pdf", b"%PDF")])
def test_matplotlib_draws_png_and_pdf(tmp_path, suffix, sign):
    label = Edge("v0", "v1", "(10,) → (32, 10)")
    vertices = tuple(Vertex(f"v{i}", "op", "$x_1$ <é>", (3,)) for i in range(2))
    for graph in (GRAPH, Graph(vertices, (label,))):
        result = save(graph, tmp_path / f"graph{suffix}")
        assert result.engine == "built-in"
        first = result.path.read_bytes()
        assert first.startswith(sign)
        assert save(graph, result.path).path.read_bytes() == first


def test_without_matplotlib_png_says_what_to_install(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RuntimeError, match=r"tinygrad-edu\[plot\](.|\n)*built-in: .*matplotlib"):
        save(GRAPH, tmp_path / "graph.png")
    assert not (tmp_path / "graph.png").exists()


@needs_shell
def test_the_named_program_comes_first(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_DOT", program(tmp_path / "mine", "echo '<svg>mine</svg>'"))
    program(tmp_path / "empty" / "dot", "echo '<svg>dot</svg>'")
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == str(tmp_path / "mine")
    assert result.path.read_text() == "<svg>mine</svg>\n"


@needs_shell
def test_then_dot_on_the_path_then_pygraphviz(tmp_path, monkeypatch):
    pygraphviz(monkeypatch, "2.0")
    dot = program(tmp_path / "empty" / "dot", 'read line; echo "<svg>$1 $line</svg>"')
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == dot
    assert result.path.read_text() == "<svg>-Tsvg digraph computation_graph {</svg>\n"
    os.remove(dot)
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == "pygraphviz"
    assert result.path.read_text() == "<svg>pygraphviz</svg>"


@needs_shell
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("echo oh no >&2; exit 3", "exit code 3: oh no"),
        ("exit 0", "its answer is not SVG"),
    ],
)
def test_a_program_that_fails_is_passed_over_with_the_reason(tmp_path, monkeypatch, text, reason):
    mine = program(tmp_path / "mine", text)
    monkeypatch.setenv("TINYGRAD_EDU_DOT", mine)
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == "built-in"
    assert result.skipped == (f"{mine}: {reason}",)


def test_a_program_that_is_not_there_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_DOT", str(tmp_path / "nowhere"))
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == "built-in"
    assert "nowhere" in result.skipped[0]


@needs_shell
def test_a_program_that_hangs_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_DOT", program(tmp_path / "mine", "while :; do :; done"))
    monkeypatch.setattr("tinygrad_edu.viz.pictures.render.TIMEOUT", 0.2)
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == "built-in"
    assert "timed out" in result.skipped[0]


def test_an_old_pygraphviz_is_passed_over(tmp_path, monkeypatch):
    pygraphviz(monkeypatch, "1.14")
    result = save(GRAPH, tmp_path / "graph.svg")
    assert result.engine == "built-in"
    assert "1.14" in result.skipped[0]


def test_pygraphviz_gets_no_graph_that_takes_it_minutes(tmp_path, monkeypatch):
    pygraphviz(monkeypatch, "2.0")
    assert save(chain(999), tmp_path / "graph.svg", fold=False).engine == "pygraphviz"
    result = save(chain(1000), tmp_path / "graph.svg", fold=False)
    assert result.engine == "built-in" and "1001 nodes" in result.skipped[0]


def test_an_unknown_suffix_lists_the_known(tmp_path):
    for name in ("graph.jpeg", "graph"):
        with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot"):
            save(GRAPH, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"can't write the picture.*graph\.svg"):
        save(GRAPH, tmp_path / "missing" / "graph.svg")
    (tmp_path / "taken.svg").mkdir()
    with pytest.raises(OSError, match="can't write the picture"):
        save(GRAPH, tmp_path / "taken.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "taken.svg"]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "graph.svg"
    path.write_text("old")

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(PermissionError):
        save(GRAPH, path)
    assert path.read_text() == "old"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty", "graph.svg"]


def test_a_tensor_is_read_and_drawn(tmp_path):
    x = leaf([1.0, 2.0])
    node = Recorder()("mul", [1.0, 4.0], [x, x], [x._array, x._array])
    save(tensor([1.0, 4.0], node), tmp_path / "graph.svg", params={"weight": x}, show_values=True)
    text = (tmp_path / "graph.svg").read_text(encoding="utf-8")
    assert ">weight</text>" in text and ">= [1, 4]</text>" in text


def test_a_graph_takes_no_options(tmp_path):
    with pytest.raises(TypeError, match="give them to read_graph"):
        save(GRAPH, tmp_path / "graph.svg", show_values=True)
