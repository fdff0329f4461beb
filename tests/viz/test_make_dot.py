import inspect
import subprocess
import sys
from pathlib import Path

import graphviz
import numpy as np
import pytest
from programs_drawn import GOLDEN, module
from samples import Recorder, leaf, tensor

import tinygrad_edu as tg
from tinygrad_edu.viz import Edge, Graph, Vertex, make_dot
from tinygrad_edu.viz.pictures.dot import to_dot

HEAD = """\
digraph computation_graph {
	node [fontcolor="#1a1a1a" fontname=monospace fontsize=11 margin="0.12,0.06"]
	edge [color="#4d4d4d" fontcolor="#1a1a1a" fontname=monospace fontsize=11]
"""
INPUT = 'color="#0072b2" fillcolor="#ddf0fb" shape=parallelogram style=filled'
PARAMETER = 'color="#b87a00" fillcolor="#fdecc8" peripheries=2 shape=box style=filled'
LEAF = 'color="#8a7d00" fillcolor="#fcf8c9" shape=box style=filled'
OP = 'color="#4d4d4d" fillcolor="#f2f2f2" shape=box style="rounded,filled"'
OUTPUT = 'color="#00795a" fillcolor="#d3f0e6" shape=octagon style=filled'


def dot(*lines):
    return HEAD + "".join(f"\t{line}\n" for line in lines) + "}\n"


def test_a_square():
    x = leaf([1.0, 2.0])
    node = Recorder()("mul", [1.0, 4.0], [x, x], [x._array, x._array])
    assert make_dot(tensor([1.0, 4.0], node)).source == dot(
        rf'v0 [label="leaf\n(2,)" {LEAF}]',
        rf'v1 [label="mul\n(2,)" {OP}]',
        rf'v2 [label="output\n(2,)" {OUTPUT}]',
        "v0 -> v1",
        "v0 -> v1",
        "v1 -> v2",
    )


def test_a_linear_layer():
    """The call that torchviz's users write."""
    record, x = Recorder(), np.ones((4, 3))
    weight, bias = leaf(np.ones((3, 2))), leaf(np.ones(2), grad=tensor([4.0, 4.0]))
    product = record("matmul", np.ones((4, 2)), [None, weight], [x, None])
    total = record("add", np.ones((4, 2)), [product, bias], [None, None], elementwise=True)
    params = {"weight": weight, "bias": bias}
    loss = tensor(8.0, record("sum", 8.0, [total], [None]))
    assert make_dot(loss, params=params, show_grads=True).source == dot(
        rf'v0 [label="input\n(4, 3)" {INPUT}]',
        rf'v1 [label="weight\n(3, 2)\ngrad = None" {PARAMETER}]',
        rf'v2 [label="matmul\n(4, 2)" {OP}]',
        rf'v3 [label="bias\n(2,)\ngrad = [4, 4]" {PARAMETER}]',
        rf'v4 [label="add\n(4, 2)" {OP}]',
        rf'v5 [label="sum\n()" {OP}]',
        rf'v6 [label="output\n()\ngrad = None" {OUTPUT}]',
        "v0 -> v2",
        "v1 -> v2",
        "v2 -> v4",
        'v3 -> v4 [label="(2,) → (4, 2)"]',
        "v4 -> v5",
        "v5 -> v6",
    )


def test_a_sum_of_products():
    x = tg.tensor(3.0, requires_grad=True)
    y = tg.tensor(2.0, requires_grad=True)
    f = x * x + x * y
    expected = dot(
        rf'v0 [label="x\n()" {PARAMETER}]',
        rf'v1 [label="mul\n()" {OP}]',
        rf'v2 [label="y\n()" {PARAMETER}]',
        rf'v3 [label="mul\n()" {OP}]',
        rf'v4 [label="add\n()" {OP}]',
        rf'v5 [label="f\n()" {OUTPUT}]',
        "v0 -> v1",
        "v0 -> v1",
        "v0 -> v3",
        "v2 -> v3",
        "v1 -> v4",
        "v3 -> v4",
        "v4 -> v5",
    )
    names = {"x": x, "y": y, "f": f}
    assert make_dot(f, params=names).source == expected
    f.backward()
    assert make_dot(f, params=names).source == expected
    assert r'label="x\n()\ngrad = 8"' in make_dot(f, params=names, show_grads=True).source


def test_an_mlp_step():
    rng = np.random.default_rng(0)

    def parameter(*shape):
        return tg.tensor(rng.normal(size=shape), requires_grad=True)

    w, b, v = parameter(3, 4), parameter(4), parameter(4, 2)
    x = tg.tensor(rng.normal(size=(30, 3)))
    loss = (2.0 * ((x @ w + b).relu() @ v)).sum(dim=0)
    assert make_dot(loss, params={"x": x, "w": w, "b": b, "v": v}).source == dot(
        rf'v0 [label="x\n(30, 3)" {INPUT}]',
        rf'v1 [label="w\n(3, 4)" {PARAMETER}]',
        rf'v2 [label="matmul\n(30, 4)" {OP}]',
        rf'v3 [label="b\n(4,)" {PARAMETER}]',
        rf'v4 [label="add\n(30, 4)" {OP}]',
        rf'v5 [label="relu\n(30, 4)" {OP}]',
        rf'v6 [label="v\n(4, 2)" {PARAMETER}]',
        rf'v7 [label="matmul\n(30, 2)" {OP}]',
        rf'v8 [label="2.0 mul\n(30, 2)" {OP}]',
        rf'v9 [label="sum axis=(0,)\n(2,)" {OP}]',
        rf'v10 [label="output\n(2,)" {OUTPUT}]',
        "v0 -> v2",
        "v1 -> v2",
        "v2 -> v4",
        'v3 -> v4 [label="(4,) → (30, 4)"]',
        "v4 -> v5",
        "v5 -> v7",
        "v6 -> v7",
        "v7 -> v8",
        "v8 -> v9",
        "v9 -> v10",
    )


@pytest.mark.parametrize("name", GOLDEN)
def test_the_text_is_that_of_the_golden_file(name):
    """After a wanted change: write `make_dot(...).source` there, and read the difference."""
    program, options = GOLDEN[name]
    file = Path(__file__).parent / "golden" / f"{name}.dot"
    assert make_dot(*program(), **options).source == file.read_text(encoding="utf-8")


def test_every_node_has_a_label():
    for program, options in GOLDEN.values():
        body = make_dot(*program(), **options).body
        nodes = [line for line in body if line.strip().startswith("v") and "->" not in line]
        assert nodes and all("[label=" in line for line in nodes)


def test_pygraphviz_draws_every_label():
    """The real one, where it is installed: it draws a node without a label blank."""
    pygraphviz = pytest.importorskip("pygraphviz", minversion="2")
    source = make_dot(*module()).source
    text = pygraphviz.AGraph(string=source).draw(format="svg", prog="dot").decode()
    for label in ("0.weight", "2.a.bias", "relu", "output"):
        assert f">{label}</text>" in text
    assert text.count('class="cluster"') == 4 and text.count('class="node"') == 17


def test_torchviz_calls_work():
    """Its parameters, in any order, and what they show."""
    assert {"params", "show_attrs", "show_saved", "max_attr_chars"} <= set(
        inspect.signature(make_dot).parameters
    )
    w = tg.ones(2, 3, requires_grad=True)
    y = (w * w).sum(dim=1)
    source = make_dot(
        y, params={"w": w}, show_attrs=True, show_saved=True, max_attr_chars=50
    ).source
    assert r'label="mul\n(2, 3)\nsaved: (2, 3), (2, 3)"' in source
    assert r'label="sum\n(2,)\naxis: (1,)\n' in source
    short = make_dot(y, show_saved=True, max_attr_chars=10).source
    assert r"saved: (2…" in short
    y.sum().backward()
    assert "saved: freed" in make_dot(y, show_saved=True).source


def test_folding_can_be_switched_off_or_on():
    x = y = tg.tensor(1.0, requires_grad=True)
    for _ in range(300):
        y = y.sin()
    assert "× 300" in make_dot(y).source and make_dot(y, fold=False).source.count("sin") == 300
    y = x.sin().sin().sin()
    assert "×" not in make_dot(y).source and "× 3" in make_dot(y, fold=True).source


def test_a_notebook_shows_it_without_dot(monkeypatch):
    monkeypatch.setenv("PATH", "")
    shown = make_dot(*module())._repr_mimebundle_()
    assert shown["image/svg+xml"].count('class="cluster"') == 4
    assert shown["text/plain"].startswith("digraph")


def test_any_text_is_escaped():
    graph = Graph(
        (Vertex("v0", "leaf", r'<b>"\N"</b>'), Vertex("v1", "op", "<i>")),
        (Edge("v0", "v1", "<u>"),),
    )
    source = to_dot(graph).source
    assert r'v0 [label="<b>\"\\N\"</b>"' in source
    assert 'v1 [label="<i>"' in source
    assert 'v0 -> v1 [label="<u>"]' in source


def test_importing_viz_imports_no_drawing_library():
    code = (
        "import sys, tinygrad_edu.viz\n"
        "print([m for m in ('graphviz', 'matplotlib', 'pygraphviz') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("draw", [lambda d: d.render("graph"), lambda d: d.pipe(format="svg")])
def test_who_has_no_dot_is_told_what_draws_without_it(draw, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    x = tg.ones(2, requires_grad=True)
    with pytest.raises(graphviz.ExecutableNotFound, match=r"dot.*viz\.save\(output, 'graph.png'\)"):
        draw(make_dot(x * x))
