"""``tinygrad-edu viz``: scripts of all sorts, every kind of file, and every refusal."""

import importlib.util
import io
import sys
import xml.etree.ElementTree as ElementTree
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from tinygrad_edu import viz
from tinygrad_edu.cli import main

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "see_backprop"

POLY = """\
import tinygrad_edu as tg
x = tg.tensor(2.0, requires_grad=True)
y = tg.tensor(3.0, requires_grad=True)
loss = x * x + x * y
seven = 7
inputs = [tg.tensor([1.0, 2.0]), tg.tensor([3.0, 4.0])]
def product(a, b):
    return (a * b).sum()
def bad():
    h = tg.exp(x) * tg.ones(2, 3)
    return h @ tg.ones(2, 3)
def three():
    return 3
def vector():
    return x * tg.ones(3)
"""

MODELS = """\
import tinygrad_edu as tg
from tinygrad_edu import nn
tg.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 1))
names = {"first": model[0].weight}
wrong = [1]
def loss():
    return model(tg.ones(4, 3)).mean()
"""

BROKEN = """\
import tinygrad_edu as tg
w = tg.ones(4, 5, requires_grad=True)
h = tg.exp(w)
y = tg.ones(2, 3) @ h
loss = y.sum()
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A folder with scripts; nothing that could draw instead of us."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TINYGRAD_EDU_DOT", raising=False)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    for name, text in (("poly", POLY), ("models", MODELS), ("broken", BROKEN)):
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def run(capsys, *options):
    """Exit code, stdout and stderr."""
    code = main(["viz", *options])
    return (code, *capsys.readouterr())


def refused(capsys, *options, words):
    """Exit code 2, one line on stderr that holds the words, no new file."""
    before = sorted(Path().rglob("*.*"))
    code, out, err = run(capsys, *options)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1 and words in err, err
    assert sorted(p for p in Path().rglob("*.*") if "__pycache__" not in str(p)) == before


def node_texts(path):
    return {e.text for e in ElementTree.parse(path).iter("{http://www.w3.org/2000/svg}text")}


# ------------------------------------------------------------------- what is written


@pytest.mark.parametrize(
    ("file", "engine", "start"),
    [
        ("a.html", "player", "<!doctype html>"),
        ("a.svg", "built-in", "<svg"),
        ("a.dot", "text", "digraph"),
        ("a.tex", "text", "% made by tinygrad_edu"),
        ("a.SVG", "built-in", "<svg"),
    ],
)
def test_the_suffix_says_what_is_written(capsys, file, engine, start):
    code, out, err = run(capsys, "poly.py:loss", "--out", file)
    assert (code, err) == (0, "")
    assert out == f"wrote {file} by {engine}\n9 frames: 3 forward, 6 backward\n"
    assert Path(file).read_text(encoding="utf-8").lower().startswith(start.lower())


@pytest.mark.plot
@pytest.mark.parametrize(("file", "start"), [("a.png", b"\x89PNG"), ("a.pdf", b"%PDF")])
def test_png_and_pdf(capsys, file, start):
    pytest.importorskip("matplotlib")
    code, out, _ = run(capsys, "poly.py:loss", "--out", file)
    assert code == 0 and "by built-in" in out
    assert Path(file).read_bytes().startswith(start)


def test_without_matplotlib_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for options in (["--out", "a.pdf"], ["--out", "frames", "--frames", "pdf"]):
        code, _, err = run(capsys, "poly.py:loss", *options)
        assert code == 1 and "tinygrad-edu[plot]" in err and err.count("\n") == 1
    assert not Path("a.pdf").exists() and not Path("frames").exists()


@pytest.mark.parametrize("options", [["--out", "fr/"], ["--out", "fr", "--frames"]])
def test_a_folder_gets_a_picture_of_every_frame(capsys, options):
    code, out, _ = run(capsys, "poly.py:loss", *options)
    assert code == 0
    assert out.startswith(f"wrote {Path('fr/frame-001.svg')} to frame-009.svg\n")
    assert len(list(Path("fr").iterdir())) == 9
    assert run(capsys, "poly.py:product", "--out", "fr")[0] == 0  # it is there, so a folder
    assert len(list(Path("fr").iterdir())) == 5


def test_a_foreign_file_in_the_folder_stays(capsys):
    Path("fr").mkdir()
    Path("fr/frame-001.svg").write_text("mine")
    code, _, err = run(capsys, "poly.py:loss", "--out", "fr/")
    assert code == 1 and "was not made by this export" in err
    assert Path("fr/frame-001.svg").read_text() == "mine"


def test_names_are_those_of_the_script(capsys):
    run(capsys, "poly.py:loss", "--out", "a.svg")
    assert {"x", "y"} <= node_texts("a.svg")
    Path("inner.py").write_text(POLY + "def f(a):\n    return a * a\ndef g():\n    return f(x)\n")
    run(capsys, "inner.py:g", "--out", "e.svg")
    assert "x" in node_texts("e.svg") and "a" not in node_texts("e.svg")
    run(capsys, "models.py:loss", "--out", "b.svg")
    assert {"0.weight", "0.bias", "2.weight", "2.bias"} <= node_texts("b.svg")
    run(capsys, "models.py:loss", "--out", "c.svg", "--params", "model")
    assert {"0.weight", "0.bias", "2.weight", "2.bias"} <= node_texts("c.svg")
    run(capsys, "models.py:loss", "--out", "d.svg", "--params", "names")
    assert "first" in node_texts("d.svg") and "0.weight" not in node_texts("d.svg")


def test_the_title_is_of_the_page(capsys):
    run(capsys, "poly.py:loss", "--out", "a.tex")
    assert r"\begin{frame}{poly.py:loss}" in Path("a.tex").read_text()
    run(capsys, "poly.py:loss", "--out", "a.tex", "--title", "Fan-out")
    assert r"\begin{frame}{Fan-{}out}" in Path("a.tex").read_text()


def test_source_lines_are_those_of_the_script(capsys):
    run(capsys, "poly.py:loss", "--out", "fr/")
    assert "poly.py:4: loss = x * x + x * y" in node_texts("fr/frame-001.svg")


def test_check_compares_with_differences(capsys):
    code, out, err = run(capsys, "poly.py:loss", "--out", "a.html", "--check")
    assert (code, err) == (0, "")
    assert out.endswith("6 of 6 contributions agree with differences\n")
    Path("liar.py").write_text(
        "import tinygrad_edu as tg\n"
        "cube = tg.primitive(lambda x: x**3)\n"
        "cube.defvjp(lambda g, y, x: g * 2 * x**2)\n"
        "x = tg.tensor([1.0, 2.0], requires_grad=True)\n"
        "loss = cube(x).sum()\n"
    )
    code, out, err = run(capsys, "liar.py:loss", "--out", "a.html", "--check")
    assert code == 1 and "1 of 2 contributions agree" in out
    assert "disagrees with differences" in err


def test_a_graph_that_the_script_has_freed_is_drawn(capsys):
    Path("freed.py").write_text(POLY + "loss.backward()\n")
    code, out, _ = run(capsys, "freed.py:loss", "--out", "a.svg")
    assert code == 0 and "6 backward" in out


# ------------------------------------------------------------------- programs that fail


def test_a_script_that_fails_is_drawn_up_to_there(capsys):
    code, out, err = run(capsys, "broken.py:loss", "--out", "fr/")
    assert code == 1 and out.startswith("wrote")
    assert "matmul failed, drawn up to there" in err and "inner dimensions must match" in err
    assert "broken.py:4: y = tg.ones(2, 3) @ h" in err and err.count("\n") == 1
    last = sorted(Path("fr").iterdir())[-1]
    assert {"matmul fails", "w"} <= node_texts(last)


def test_a_function_that_fails_is_drawn_without_the_rest_of_its_script(capsys):
    code, out, err = run(capsys, "poly.py:bad", "--out", "a.svg")
    assert code == 1 and "matmul failed" in err
    assert "2 frames: 2 forward, 0 backward" in out


# ------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["poly.py:loss", "--out", "a.gif"], "a.gif: must end in .html, .svg, .png, .pdf"),
        (["poly.py:loss", "--out", "a"], "a: must end in .html"),
        (["poly.py:loss", "--out", "no/a.svg"], "there is no directory no"),
        (["poly.py:loss", "--out", ""], "must be the name of a file or folder"),
        (["poly.py:loss", "--out", "poly.py", "--frames"], "poly.py: is a file"),
        (["poly.py:loss", "--out", "a/", "--frames", "gif"], "invalid choice: 'gif'"),
        (["poly.py:loss"], "required: --out"),
        (["poly.py", "--out", "a.svg"], "say what"),
        (["none.py:loss", "--out", "a.svg"], "there is no such file"),
        (["poly.py:nope", "--out", "a.svg"], "defines no 'nope'; it has loss, product, bad"),
        (["poly.py:seven", "--out", "a.svg"], "poly.py:seven: is int, but must be a Tensor"),
        (["poly.py:three", "--out", "a.svg"], "poly.py:three: returns int"),
        (["poly.py:vector", "--out", "a.svg"], "the loss must be a scalar"),
        (["poly.py:loss", "--out", "a.svg", "--params", "nope"], "poly.py defines no 'nope'"),
        (["models.py:loss", "--out", "a.svg", "--params", "wrong"], "wrong is list, but must be"),
    ],
)
def test_bad_input_is_refused(capsys, options, words):
    refused(capsys, *options, words=words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (", "SyntaxError"),
        ("import nothing_of_this_name", "No module named 'nothing_of_this_name'"),
        ("import sys\nsys.exit(3)", "line 2: the script ends itself on import"),
        ("x = 1\nx.y", "'int' object has no attribute 'y'"),
    ],
)
def test_a_script_without_any_op_is_refused(capsys, text, words):
    Path("script.py").write_text(text)
    refused(capsys, "script.py:loss", "--out", "a.svg", words=words)


def test_nothing_of_the_script_stays_imported(capsys):
    modules, path = set(sys.modules), list(sys.path)
    run(capsys, "poly.py:loss", "--out", "a.svg")
    run(capsys, "poly.py:product", "--out", "a.svg")
    run(capsys, "broken.py:loss", "--out", "a.svg")
    assert sys.path == path
    assert not [name for name in set(sys.modules) - modules if "poly" in name or "broken" in name]


# ------------------------------------------------------------------- the examples


def example(name):
    spec = importlib.util.spec_from_file_location(f"see_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "forward", "backward"),
    [("mlp_step", 4, 7), ("fan_out", 3, 6), ("max_tie", 5, 6), ("broadcast_bias", 4, 6)],
)
def test_examples_have_a_frame_per_op_and_per_gradient(tmp_path, name, forward, backward):
    out = tmp_path / "page.html"
    with redirect_stdout(io.StringIO()) as told:
        trace = example(name).main(str(out))
    phases = [frame.phase for frame in trace.frames]
    assert phases == ["forward"] * forward + ["backward"] * backward
    assert str(out) in told.getvalue()
    assert out.stat().st_size < 300_000


def test_the_examples_show_what_they_promise():
    fan_out = viz.trace(example("fan_out").loss)
    assert [f.partial.numbers for f in fan_out.frames if f.expected == 3] == [[3.0], [5.0], [7.0]]
    tie = viz.trace(example("max_tie").loss)
    shares = [f.contribution.numbers for f in tie.frames if f.expected == 2]
    assert sorted(shares) == [[0.0, 0.5, 0.0, 0.5], [0.0, 10.0, 0.0, 0.0]]
    bias = viz.trace(example("broadcast_bias").loss)
    assert [f.summed for f in bias.frames if f.summed] == ["sum(axis=0)"]
    assert "(3,) → (4, 3)" in {edge.label for edge in bias.graph.edges}
