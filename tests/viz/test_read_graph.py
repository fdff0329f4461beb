import numpy as np
import pytest
from samples import Recorder, leaf, tensor

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.engine import FREED, Meta
from tinygrad_edu.viz import read_graph
from tinygrad_edu.viz.graph import summarize


def rows(graph):
    return [(v.kind, v.label, v.shape) for v in graph.vertices]


def ends(graph):
    return [(e.source, e.target, e.position) for e in graph.edges]


def test_a_square_has_two_edges():
    x = leaf([1.0, 2.0])
    square = Recorder()("mul", [1.0, 4.0], [x, x], [x._array, x._array])
    graph = read_graph(tensor([1.0, 4.0], square), params={"x": x})
    assert rows(graph) == [
        ("parameter", "x", (2,)),
        ("op", "mul", (2,)),
        ("output", "output", (2,)),
    ]
    assert ends(graph) == [("v0", "v1", 0), ("v0", "v1", 1), ("v1", "v2", 0)]


def test_order_is_that_of_creation():
    record, w = Recorder(), leaf(1.0)
    first = record("exp", 1.0, [w], [None])
    second = record("sin", 1.0, [w], [None])
    last = record("add", 2.0, [second, first], [None, None])
    labels = [vertex.label for vertex in read_graph(tensor(2.0, last)).vertices]
    assert labels == ["leaf", "exp", "sin", "add", "output"]


def test_data_is_an_input_drawn_once():
    record, w, x = Recorder(), leaf(np.ones((3, 2))), np.ones((4, 3), np.float32)
    first = record("matmul", np.ones((4, 2)), [None, w], [x, None])
    second = record("matmul", np.ones((4, 2)), [None, first], [x, None])
    graph = read_graph(tensor(np.ones((4, 2)), second))
    assert rows(graph)[0] == ("input", "input", (4, 3))
    assert graph.vertices[0].dtype == "float32"
    assert [vertex.kind for vertex in graph.vertices].count("input") == 1
    assert ends(graph)[:2] == [("v0", "v2", 0), ("v1", "v2", 1)]


def test_data_has_a_shape_when_its_numbers_were_not_kept():
    x = Meta(np.ones((4, 3)))
    node = Recorder()("add", np.ones((4, 3)), [leaf(np.ones((4, 3))), None], [None, x])
    graph = read_graph(tensor(np.ones((4, 3)), node), show_values=True)
    assert rows(graph)[1] == ("input", "input", (4, 3))
    assert graph.vertices[1].value == ""


def test_data_among_the_options_is_an_input():
    labels = np.array([1, 0, 2])
    node = Recorder()("cross_entropy", 0.5, [leaf(np.ones((3, 4)))], [None], target=labels)
    graph = read_graph(tensor(0.5, node))
    assert rows(graph)[1] == ("input", "target", (3,))
    assert ends(graph)[:2] == [("v0", "v2", 0), ("v1", "v2", 1)]
    assert read_graph(tensor(0.5, node), {"y": tensor(labels)}).vertices[1].label == "y"


def test_params_name_data_and_the_output():
    x, w = tensor(np.ones(3)), leaf(np.ones(3))
    node = Recorder()("dot", 3.0, [None, w], [x._array, w._array])
    loss = tensor(3.0, node)
    labels = [v.label for v in read_graph(loss, {"x": x, "w": w, "loss": loss}).vertices]
    assert labels == ["x", "w", "dot", "loss"]


def test_a_module_names_its_parameters():
    class Module:
        weight = leaf(np.ones(3))

        def named_parameters(self):
            yield "net.0.weight", self.weight

    module = Module()
    node = Recorder()("exp", np.ones(3), [module.weight], [None])
    vertex = read_graph(tensor(np.ones(3), node), module).vertices[0]
    assert (vertex.kind, vertex.label, vertex.cluster) == ("parameter", "net.0.weight", "net.0")


@pytest.mark.parametrize(
    ("edges", "saved", "params", "label"),
    [
        ("x_", [None, 2.0], {}, "mul 2.0"),
        ("_x", [1, None], {}, "1 mul"),
        ("x_", [None, np.float32(0.1)], {}, "mul 0.1"),
        ("x", [None], {"axis": (0, 1), "keepdims": False}, "mul axis=(0, 1)"),
        ("x", [None], {"slices": [1, 2], "text": "a" * 99}, "mul"),
        ("x_", FREED, {}, "mul"),
    ],
)
def test_scalars_and_options_are_in_the_label(edges, saved, params, label):
    x = leaf(np.ones(3))
    operands = [x if e == "x" else None for e in edges]
    node = Recorder()("mul", np.ones(3), operands, saved, elementwise=True, **params)
    graph = read_graph(tensor(np.ones(3), node))
    assert [v.label for v in graph.vertices if v.kind == "op"] == [label]
    assert len(graph.edges) == 2


def test_data_that_backward_freed_is_still_in_the_picture():
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
    loss = nn.functional.cross_entropy(model(tg.ones(5, 4)), tg.tensor([0, 1, 0, 1, 0]))
    before = read_graph(loss, model)
    loss.backward()
    after = read_graph(loss, model)
    assert after.edges == before.edges
    inputs = [[v for v in g.vertices if v.kind == "input"] for g in (before, after)]
    assert [v.lines for v in inputs[0]] == [("input", "(5, 4)"), ("labels", "(5,)")]
    assert [v.lines for v in inputs[1]] == [("input", "freed by backward"), ("labels", "(5,)")]


def test_broadcasting_is_on_the_edge():
    b = leaf(np.ones(10))
    x = leaf(np.ones((32, 10)))
    node = Recorder()("add", np.ones((32, 10)), [x, b], [None, None], elementwise=True)
    output = tensor(np.ones((32, 10)), node)
    assert [e.label for e in read_graph(output).edges] == ["", "(10,) → (32, 10)", ""]
    assert not any(e.label for e in read_graph(output, show_shapes=False).edges)


def test_values_and_grads_are_shown_when_asked():
    x = leaf([1.0, 2.0], grad=tensor([0.5, -1.0]))
    node = Recorder()("mul", [1.0, 4.0], [x, x], [x._array, x._array])
    y = tensor([1.0, 4.0], node)
    graph = read_graph(y, show_values=True, show_grads=True, show_shapes=False)
    assert [vertex.lines for vertex in graph.vertices] == [
        ("leaf", "= [1, 2]", "grad = [0.5, -1]"),
        ("mul", "= [1, 4]"),
        ("output", "= [1, 4]", "grad = None"),
    ]


def test_several_outputs_and_outputs_without_history():
    record, x = Recorder(), leaf([1.0])
    node = record("exp", [1.0], [x], [None])
    graph = read_graph([tensor([1.0], node), tensor([1.0], record("log", [1.0], [node], [None]))])
    assert [v.label for v in graph.vertices] == ["leaf", "exp", "log", "output", "output"]
    assert rows(read_graph(tensor([1.0, 2.0], name="data"))) == [("input", "data", (2,))]
    assert rows(read_graph(x)) == [("leaf", "leaf", (1,))]


def test_a_chain_of_10000_ops_needs_no_recursion():
    record = Recorder()
    node = record("exp", 1.0, [leaf(1.0)], [None])
    for _ in range(9_999):
        node = record("exp", 1.0, [node], [None])
    assert len(read_graph(tensor(1.0, node)).vertices) == 10_002


def test_wrong_arguments_say_what_is_right():
    with pytest.raises(TypeError, match="must be a Tensor, not float"):
        read_graph(1.0)
    with pytest.raises(TypeError, match="mapping from name to Tensor, or a Module, not list"):
        read_graph(tensor(1.0), params=[1])


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.float32(0.3466666), "0.3467"),
        (np.array(7), "7"),
        (np.zeros((0, 3)), "empty"),
        (np.array([[1.0, np.nan]]), "[1, nan]"),
        (np.array([1.0, 2, 3, np.inf, np.nan]), "2 of 5 are NaN or inf"),
        (np.arange(6), "0 .. 5, mean 2.5"),
        (np.zeros(6, bool), ""),
    ],
)
def test_summaries(array, text):
    assert summarize(array) == text
