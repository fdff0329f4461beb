"""LaTeX: nothing in a name or message is taken for a command, and overlays say what frames say."""

import re
import shutil
import subprocess

import pytest
import traces
from samples import chain, mlp

from tinygrad_edu.viz import Graph, Vertex
from tinygrad_edu.viz.layout.layout import lay_out
from tinygrad_edu.viz.pictures.latex import escape
from tinygrad_edu.viz.pictures.storyboard import steps
from tinygrad_edu.viz.pictures.tikz import LARGEST, MOST, beamer, graph_tikz, spans
from tinygrad_edu.viz.pictures.tikz_parts import UNIT
from tinygrad_edu.viz.style import STYLES, Style
from tinygrad_edu.viz.trace import Frame, TraceData

LATEX = shutil.which("pdflatex")
needs_latex = pytest.mark.skipif(LATEX is None, reason="no pdflatex")

NASTY = '\\end{document} x_1^2 & 50% #1 $a$ {b ~ "q" <c> [d] `e` -- é ½ xᵀ ⊙ ∂L/∂x₀ Σ λ 你 \x00'
SAMPLES = [traces.mlp, traces.fan_out, traces.tie, traces.broadcast, traces.failed, traces.broken]


def balanced(text):
    """Environments are closed in their order, braces in pairs."""
    opened = []
    for kind, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if kind == "begin":
            opened.append(name)
        elif not opened or opened.pop() != name:
            return False
    bare = re.sub(r"\\[{}\\]|(?m:%.*$)", "", text.replace(r"\%", ""))
    depth = 0
    for char in bare:
        depth += (char == "{") - (char == "}")
        if depth < 0:
            return False
    return not opened and depth == 0


def compiled(text, folder):
    """Number of pages that pdflatex makes of a document."""
    (folder / "a.tex").write_text(text, encoding="utf-8")
    command = [LATEX, "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120)
    log = done.stdout.decode(errors="replace")
    if re.search(r"! LaTeX Error: File .* not found", log):
        pytest.skip("this LaTeX lacks tikz or beamer")
    assert done.returncode == 0, log[-2000:]
    assert "Overfull" not in log and "Missing character" not in log
    return int(re.search(r"\((\d+) pages?", log).group(1))


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("x_1 & 50% #2 {}", r"x\_1 \& 50\% \#2 \{\}"),
        ("\\section", r"\textbackslash{}section"),
        ("a -- b", "a -{}-{} b"),
        ("a < b", r"a \ensuremath{<} b"),
        ("wᵀ g", r"w\ensuremath{^{\mathrm{T}}} g"),
        ("x₀", r"x\ensuremath{_{0}}"),
        (
            "∂L/∂λ ⊙ Σ",
            r"\ensuremath{\partial}L/\ensuremath{\partial}\ensuremath{\lambda} "
            r"\ensuremath{\odot} \ensuremath{\Sigma}",
        ),
        ("−½", r"\ensuremath{-}1\ensuremath{/}2"),
        ("Élève", "Élève"),
        ("你\x00", "{[}U+4F60{]}?"),
    ],
)
def test_escape(text, source):
    assert escape(text) == source


@pytest.mark.parametrize("graph", [mlp(), chain(3, shared=True), Graph((), ())])
def test_a_picture_draws_every_vertex_and_edge(graph):
    text = graph_tikz(graph)
    assert balanced(text)
    for vertex in graph.vertices:
        assert rf"\coordinate ({vertex.id})" in text
    assert text.count(r"\draw[tg edge]") == len(graph.edges)


def test_the_places_are_those_of_the_layout():
    graph = mlp()
    layout = lay_out(graph)
    text = graph_tikz(graph, layout)
    for v, x, y in re.findall(r"\\coordinate \((\w+)\) at \(([\d.]+),([\d.]+)\)", text):
        place = round(float(x) * UNIT, 1), round(float(y) * UNIT, 1)
        assert place == (layout.boxes[v].x, layout.boxes[v].y)


def test_styles_can_be_replaced():
    plain = Style("#123456", "#654321", "box")
    text = graph_tikz(mlp(), styles_override={"op": plain})
    assert "{HTML}{123456}" in text and "{HTML}{654321}" in text
    assert STYLES["op"].fill.removeprefix("#").upper() not in graph_tikz(
        Graph((), ()), styles_override={"op": plain, "block": plain}
    )


def test_a_huge_picture_stays_below_what_tex_can_count_to():
    text = graph_tikz(chain(1000))
    unit = float(re.search(r"y=-([\d.]+)pt", text).group(1))
    (height,) = map(float, re.findall(r"rectangle \([\d.]+,([\d.]+)\)", text))
    assert height * UNIT > LARGEST >= height * unit - 5


@pytest.mark.parametrize("make", SAMPLES, ids=lambda make: make.__name__)
def test_a_slide_has_one_overlay_per_frame(make):
    data = make()
    text = beamer(data)
    assert balanced(text)
    assert text.count(r"\begin{frame}") == 1
    count = len(data.frames) + (data.failure is not None)
    captions = re.findall(r"^\\only<(\d+)>\{\{\\small\\bfseries", text, re.MULTILINE)
    assert [int(n) for n in captions] == list(range(1, count + 1))
    assert max(int(n) for n in re.findall(r"[<-](\d+)>", text)) == count
    for frame in data.frames:
        assert escape(frame.formula) in text


def test_overlays_of_an_edge_are_its_looks():
    data = traces.fan_out()
    told = steps(data)
    lines = [line for line in beamer(data).splitlines() if line.startswith(r"\draw[tg edge")]
    assert len(lines) == len(data.graph.edges)
    for number, line in enumerate(lines):
        seen = {}
        for first, last, look in re.findall(r"on=<(\d+)-?(\d*)>\{tg edge (\w+)\}", line):
            seen.update(dict.fromkeys(range(int(first), int(last or first) + 1), look))
        for i, step in enumerate(told, 1):
            up = step.edges[number] == "active" and step.phase == "backward"
            assert seen.get(i, "ready") == ("up" if up else step.edges[number])


def test_spans():
    assert spans("abbca") == [("1", "a"), ("2-3", "b"), ("4", "c"), ("5", "a")]
    assert spans("") == []


def test_too_many_overlays_are_refused():
    frames = (Frame("forward", "v1"),) * (MOST + 1)
    with pytest.raises(ValueError, match=r"301 frames are too many for one slide.*trace\.html"):
        beamer(TraceData(chain(2), {}, frames))


@needs_latex
@pytest.mark.slow
def test_any_text_compiles(tmp_path):
    graph = Graph((Vertex("v0", "parameter", NASTY), Vertex("v1", "op", NASTY, (3,))), ())
    assert balanced(graph_tikz(graph))
    assert compiled(graph_tikz(graph), tmp_path) == 1
    data = TraceData(graph, {}, (Frame("forward", "v1", formula=NASTY, shapes="(3,)"),), NASTY)
    assert compiled(beamer(data), tmp_path) == 1


@needs_latex
@pytest.mark.slow
@pytest.mark.parametrize("make", [traces.mlp, traces.failed], ids=lambda make: make.__name__)
def test_a_slide_compiles(make, tmp_path):
    assert compiled(beamer(make()), tmp_path) == len(steps(make()))


@needs_latex
@pytest.mark.slow
def test_pictures_compile(tmp_path):
    for graph in (mlp(), chain(500)):
        assert compiled(graph_tikz(graph), tmp_path) == 1
