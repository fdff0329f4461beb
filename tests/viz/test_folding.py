from dataclasses import replace

import pytest
from programs_drawn import recurrent
from samples import plain, scattered

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.viz import Edge, Graph, Vertex, read_graph
from tinygrad_edu.viz.folding import fold
from tinygrad_edu.viz.repeats import Repeat, find_repeats


def row(names, ends=None):
    """A leaf, then ops with these names, numbered from 1, by default in a chain."""
    ops = [Vertex(f"v{i}", "op", name, (3,)) for i, name in enumerate(names, 1)]
    ends = [(i, i + 1) for i in range(len(ops))] if ends is None else ends
    return Graph(
        (Vertex("v0", "leaf", "x", (3,)), *ops), tuple(Edge(f"v{a}", f"v{b}") for a, b in ends)
    )


def lines(graph):
    return [vertex.lines for vertex in graph.vertices if vertex.kind == "block"]


def test_a_chain_becomes_one_vertex():
    x = y = tg.tensor(1.0, requires_grad=True)
    for _ in range(5000):
        y = (y * x).sin()
    graph = read_graph(y, {"x": x})
    assert len(graph.vertices) == 10_002
    folded = fold(graph)
    assert [(v.kind, v.lines) for v in folded.vertices] == [
        ("parameter", ("x", "()")),
        ("block", ("mul, sin", "()", "× 5000")),
        ("output", ("output", "()")),
    ]
    # The first product reads x twice.
    assert [e.label for e in folded.edges] == ["× 5001", ""]


def test_layers_take_their_own_parameters_in():
    layers = [layer for _ in range(50) for layer in (nn.Linear(8, 8), nn.ReLU())]
    net = nn.Sequential(*layers, nn.Linear(8, 3))
    folded = fold(read_graph(net(tg.zeros(4, 8)), net))
    assert lines(folded) == [("linear, relu", "(4, 8)", "× 50", "with 100 parameters")]
    labels = [vertex.label for vertex in folded.vertices]
    assert labels == ["input", "linear, relu", "100.weight", "100.bias", "linear", "output"]


def test_steps_share_their_weights_and_keep_the_first_state_outside():
    loss, net = recurrent(48)
    folded = fold(read_graph(loss, net))
    assert lines(folded) == [("2 linear, add, tanh", "(2, 5)", "× 48", "with 48 inputs")]
    outside = [v.label for v in folded.vertices if v.kind in ("parameter", "input")]
    assert "cell.x2h.weight" in outside and outside.count("input") == 1
    block = next(v.id for v in folded.vertices if v.kind == "block")
    into = [(e.label, e.position) for e in folded.edges if e.target == block]
    assert sorted(into) == [("", 2), ("× 48", 0), ("× 48", 1), ("× 48", 3), ("× 48", 4)]


def test_a_loop_over_the_results_of_a_loop_is_folded_as_well():
    w = tg.zeros(3, 3, requires_grad=True)
    h, states = tg.zeros(2, 3), []
    for _ in range(60):
        h = (h @ w).tanh()
        states.append(h)
    loss = states[0].sum()
    for state in states[1:]:
        loss = loss + state.sum()
    folded = fold(read_graph(loss))
    assert lines(folded) == [
        ("matmul, tanh", "(2, 3)", "× 60"),
        ("sum axis=(0, 1), add", "()", "× 59"),
    ]
    between = [e.label for e in folded.edges if {e.source, e.target} == {"v2", "v123"}]
    assert between == ["× 59"]


def test_a_penalty_on_the_weights_of_folded_layers_reads_them_inside():
    weights = [tg.zeros(3, 3, requires_grad=True) for _ in range(40)]
    h = tg.zeros(2, 3)
    for w in weights:
        h = (h @ w).relu()
    loss = h.sum()
    for w in weights:
        loss = loss + (w * w).sum()
    folded = fold(read_graph(loss))
    texts = lines(folded)
    assert texts[0] == ("matmul, relu", "(2, 3)", "× 40", "with 40 leaves")
    assert texts[1][0] == "mul, sum axis=(0, 1), add" and texts[1][2] == "× 40"
    assert [v.kind for v in folded.vertices].count("leaf") == 0


def test_scalars_may_differ_and_then_are_left_out():
    y = tg.zeros(3, requires_grad=True)
    for i in range(100):
        y = (y * float(i)) + 1.0
    assert lines(fold(read_graph(y), True)) == [("mul, add 1.0", "(3,)", "× 100")]


def test_200_vertices_are_left_alone_unless_asked():
    small, large = row(["exp"] * 199), row(["exp"] * 200)
    assert fold(small) is small and fold(large, False) is large
    assert [v.label for v in fold(large).vertices] == ["x", "exp"]
    assert len(fold(small, True).vertices) == 2


@pytest.mark.parametrize(
    ("names", "repeats"),
    [
        (["f"] * 2, []),
        (["f"] * 3, [Repeat(0, 1, 3)]),
        (["a", "b"] * 3, [Repeat(0, 2, 3)]),
        (["a", "b"] * 2, []),
        (["x", *["a", "b", "c"] * 4, "y"], [Repeat(1, 3, 4)]),
        ([*["a"] * 5, *["b"] * 4], [Repeat(0, 1, 5), Repeat(5, 1, 4)]),
        ([*["a", "a", "a", "b"] * 5], [Repeat(0, 4, 5)]),  # the outer loop saves more
        (list("abcdefg"), []),
    ],
)
def test_repeats_are_found(names, repeats):
    assert find_repeats(row(names)) == repeats


def test_other_wiring_is_no_repeat():
    ends = [(i, i + 1) for i in range(9)]
    assert find_repeats(row(["f"] * 9, ends)) == [Repeat(0, 1, 9)]
    found = find_repeats(row(["f"] * 9, sorted([*ends, (1, 5)], key=lambda end: end[1])))
    assert found == [Repeat(0, 1, 4), Repeat(5, 1, 4)]  # the fifth op has an input more


def test_other_shapes_are_no_repeat():
    graph = row(["f"] * 9)
    shapes = tuple(replace(v, shape=(n,)) for n, v in enumerate(graph.vertices))
    assert find_repeats(replace(graph, vertices=shapes)) == []


def test_what_does_not_repeat_stays():
    graph = scattered(300, 1)
    assert fold(graph) is graph


@pytest.mark.parametrize("seed", range(5))
def test_folding_keeps_the_order_and_every_connection(seed):
    """The folded graph has an edge exactly where one of the members had one."""
    loss, net = recurrent(10 + seed)
    graph = read_graph(loss * loss + net.out.bias.sum(), net)
    folded = fold(graph, True)
    places = {vertex.id: number for number, vertex in enumerate(folded.vertices)}
    assert len(places) == len(folded.vertices)
    assert all(places[e.source] < places[e.target] for e in folded.edges)
    assert {e.target for e in folded.edges} | {e.source for e in folded.edges} == set(places)
    kept = {vertex.id for vertex in graph.vertices} & set(places)
    kept -= {v.id for v in folded.vertices if v.kind == "block"}
    unfolded = {(e.source, e.target) for e in graph.edges if {e.source, e.target} <= kept}
    assert unfolded <= {(e.source, e.target) for e in folded.edges}


def test_a_graph_that_is_in_no_order_stays():
    graph = plain(["op"] * 4, [(3, 2), (2, 1), (1, 0)])
    assert fold(graph, True) is graph
