import itertools

import pytest
from programs_drawn import module, recurrent
from samples import chain, mlp, plain, scattered

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.viz import Edge, Graph, Vertex, read_graph
from tinygrad_edu.viz.layout.layers import arrange, assign_ranks
from tinygrad_edu.viz.layout.layout import bend, lay_out
from tinygrad_edu.viz.style import DETAIL_SIZE, STYLES, box_size, line_sizes, text_width

GRAPHS = {
    "mlp": mlp(),
    "chain": chain(30),
    "shared leaf": chain(30, shared=True),
    "parallel": plain(["leaf", "op", "op"], [(0, 1)] * 3 + [(0, 2)] * 2 + [(1, 2)]),
    "fan-in": plain(["leaf"] * 20 + ["op"], [(i, 20) for i in range(20)]),
    "fan-out": plain(["leaf"] + ["op"] * 20, [(0, i) for i in range(1, 21)]),
    "two parts": plain(["leaf", "op", "leaf", "op"], [(0, 1), (2, 3)]),
    "modules": read_graph(*module()),
    "three steps": read_graph(*recurrent(3)),
    "lonely": plain(["input"], []),
    **{f"random {seed}": scattered(count, seed) for seed, count in enumerate((8, 20, 40, 80))},
}


@pytest.fixture(params=GRAPHS)
def graph(request):
    return GRAPHS[request.param]


def trace(route, steps=8):
    """Points along a route, close to each other."""
    for start, end in itertools.pairwise(route.points):
        first, second = bend(start, end)
        for step in range(steps + 1):
            t = step / steps
            weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            corners = (start, first, second, end)
            yield tuple(
                sum(w * p[i] for w, p in zip(weights, corners, strict=True)) for i in (0, 1)
            )


def sides(box):
    width, height = box.width / 2, box.height / 2
    return box.x - width, box.x + width, box.y - height, box.y + height


def test_every_edge_points_down_and_joins_its_boxes(graph):
    layout = lay_out(graph)
    assert [route.edge for route in layout.routes] == list(graph.edges)
    for route in layout.routes:
        source, target = layout.boxes[route.edge.source], layout.boxes[route.edge.target]
        heights = [y for _, y in route.points]
        assert heights == sorted(heights)
        assert heights[0] == pytest.approx(sides(source)[3], abs=0.11)
        assert heights[-1] == pytest.approx(sides(target)[2], abs=0.11)
        assert abs(route.points[0][0] - source.x) < source.width / 2
        assert abs(route.points[-1][0] - target.x) < target.width / 2


def test_no_two_boxes_overlap_and_all_are_inside(graph):
    layout = lay_out(graph)
    for left, right, top, bottom in map(sides, layout.boxes.values()):
        assert 0 < left < right < layout.width
        assert 0 < top < bottom < layout.height
    for a, b in itertools.combinations(layout.boxes.values(), 2):
        apart_x = abs(a.x - b.x) - (a.width + b.width) / 2
        apart_y = abs(a.y - b.y) - (a.height + b.height) / 2
        assert max(apart_x, apart_y) > 10


def test_no_edge_crosses_a_box(graph):
    layout = lay_out(graph)
    for route in layout.routes:
        strangers = layout.boxes.keys() - {route.edge.source, route.edge.target}
        points = list(trace(route))
        for name in strangers:
            left, right, top, bottom = sides(layout.boxes[name])
            hits = [(x, y) for x, y in points if left < x < right and top < y < bottom]
            assert not hits, (route.edge, name)
        assert all(0 < x < layout.width for x, _ in points)


def test_edges_end_apart(graph):
    layout = lay_out(graph)
    tips = [route.points[-1] for route in layout.routes]
    for (a, y), (b, z) in itertools.combinations(tips, 2):
        assert y != z or abs(a - b) > 1


def test_parallel_edges_are_drawn_apart():
    layout = lay_out(plain(["leaf", "op"], [(0, 1), (0, 1)]))
    first, second = (route.points for route in layout.routes)
    assert all(abs(a[0] - b[0]) >= 8 for a, b in zip(first, second, strict=True))


def test_long_parallel_edges_are_drawn_apart():
    layout = lay_out(plain(["leaf", "op", "op"], [(0, 1), (1, 2), (0, 2), (0, 2)]))
    tracks = [{x for x, _ in route.points[1:-1]} for route in layout.routes[2:]]
    assert not tracks[0] & tracks[1]


def test_the_way_from_op_to_op_is_straight():
    boxes = lay_out(mlp()).boxes
    assert boxes["v3"].x == boxes["v4"].x
    assert boxes["v11"].x == boxes["v12"].x


def test_same_graph_same_layout(graph):
    assert lay_out(graph) == lay_out(graph)


def test_text_fits_into_its_box():
    for kind in STYLES:
        vertex = Vertex("v0", kind, "a_rather_long_name.0.weight", (32, 10), value="1 .. 2, mean 1")
        width, height = box_size(vertex)
        lines = line_sizes(vertex)
        assert width >= 20 + max(text_width(line, size) for line, size in lines)
        assert height >= sum(size for _, size in lines)
    assert text_width("漢字", 10) == text_width("abcd", 10)


def test_labels_have_room_beside_the_boxes():
    vertices = [Vertex(f"v{i}", "op" if i > 3 else "leaf", "add") for i in range(6)]
    ends = [
        (0, 4, "(10,) → (32, 10)"),
        (1, 4, "(32, 1) → (32, 10)"),
        (2, 5, ""),
        (3, 5, "long" * 5),
    ]
    graph = Graph(tuple(vertices), tuple(Edge(f"v{a}", f"v{b}", text) for a, b, text in ends))
    layout = lay_out(graph)
    spans = []
    for route in layout.routes:
        if route.edge.label:
            width, x = text_width(route.edge.label, 11), route.label_at[0]
            spans.append((x, x + width) if route.label_side > 0 else (x - width, x))
            assert route.label_at[1] < sides(layout.boxes[route.edge.target])[2]
    for (_, end), (start, _) in itertools.pairwise(sorted(spans)):
        assert end < start
    assert min(spans)[0] > 0 and max(spans)[1] < layout.width


def test_ranks_are_longest_paths_and_inputs_stand_above_their_ops():
    assert assign_ranks(3, [(0, 1), (1, 2), (0, 2)]) == [0, 1, 2]
    # 3 -> 4 only feed vertex 2, and so wait for it.
    assert assign_ranks(6, [(0, 1), (1, 5), (5, 2), (3, 4), (4, 2)]) == [0, 1, 3, 1, 2, 2]
    # The product of an own input and a shared leaf stands where it is used.
    ends = [(0, 1), (1, 2), (2, 3), (4, 5), (6, 5), (5, 3), (4, 1)]
    assert assign_ranks(7, ends) == [0, 1, 2, 3, 0, 2, 1]


def test_crossings_are_removed():
    layered = arrange(6, [(0, 5), (1, 4), (2, 3)])
    assert [[layered.links[0].source for _ in layer] for layer in layered.layers]
    order = {v: slot for layer in layered.layers for slot, v in enumerate(layer)}
    pairs = [(order[link.source], order[link.target]) for link in layered.links]
    assert all((a < c) == (b < d) for (a, b), (c, d) in itertools.combinations(pairs, 2))


@pytest.mark.parametrize("shared", [False, True])
def test_a_chain_of_10000_vertices_needs_no_recursion(shared):
    layout = lay_out(chain(10_000, shared))
    assert len(layout.boxes) == 10_001


def test_many_long_edges_go_down_lanes_beside_the_drawing():
    """A dummy vertex for each layer of each would cost n squared."""
    n = 60
    ends = [(0, n)] + [(n + i, n + i + 1) for i in range(n)]
    ends += [(i, n + 1) for i in range(n)] + [(i, 2 * n) for i in range(n)]
    graph = plain(["leaf"] * n + ["op"] * (n + 1), ends)
    layout = lay_out(graph)
    right = max(sides(box)[1] for box in layout.boxes.values())
    lanes = {x for route in layout.routes for x, _ in route.points if x > right}
    assert len(lanes) > 10
    for route in layout.routes:
        for x, y in trace(route):
            for name in layout.boxes.keys() - {route.edge.source, route.edge.target}:
                left, right, top, bottom = sides(layout.boxes[name])
                assert not (left < x < right and top < y < bottom)


def test_what_is_no_acyclic_graph_is_refused():
    with pytest.raises(ValueError, match="cycle"):
        lay_out(plain(["op", "op"], [(0, 1), (1, 0)]))
    with pytest.raises(ValueError, match="unknown vertices: v7"):
        lay_out(plain(["op"], [(0, 7)]))


def test_an_empty_graph_has_an_empty_layout():
    assert lay_out(Graph((), ())).boxes == {}


def test_a_title_makes_way_for_edges_where_it_can():
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    layout = lay_out(read_graph(net(tg.zeros(5, 3)), net))
    assert len(layout.frames) == 2
    for frame in layout.frames:
        low, high = frame.title_left, frame.title_left + text_width(frame.title, DETAIL_SIZE)
        assert frame.left < low and high < frame.left + frame.width
        for route in layout.routes:
            for (x, y), (end_x, end_y) in itertools.pairwise(route.points):
                if y < frame.top + 20 and end_y > frame.top:
                    assert max(x, end_x) < low or min(x, end_x) > high
