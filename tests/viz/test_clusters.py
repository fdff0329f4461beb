import itertools

import pytest
from programs_drawn import Block, module, recurrent
from samples import mlp, scattered

import tinygrad_edu as tg
from tinygrad_edu import nn
from tinygrad_edu.viz import read_graph
from tinygrad_edu.viz.folding import fold
from tinygrad_edu.viz.layout.clusters import find_clusters
from tinygrad_edu.viz.layout.layout import lay_out
from tinygrad_edu.viz.layout.nests import Nests
from tinygrad_edu.viz.style import text_width


def tower():
    net = nn.Sequential(nn.Linear(4, 3), *[Block(3) for _ in range(6)], nn.Linear(3, 2))
    x = tg.zeros(5, 4)
    penalty = net[0].weight.pow(2).sum() + net[3].a.weight.sum()
    return nn.functional.cross_entropy(net(x), tg.zeros(5, dtype=tg.int64)) + penalty, net


def shared():
    """One layer called twice, with another's op between."""
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    net = nn.Sequential(first, second)
    return first(second(first(tg.zeros(2, 3))).exp()).sum(), net


def two_towers():
    left, right = nn.Sequential(Block(3), Block(3)), nn.Sequential(Block(3))
    net = nn.Sequential(left, right)
    return (left(tg.zeros(2, 3)) * right(tg.zeros(2, 3)).exp()).sum(), net


PROGRAMS = {
    "module": module,
    "three steps": lambda: recurrent(3),
    "tower": tower,
    "shared": shared,
    "two towers": two_towers,
}


@pytest.fixture(params=[*PROGRAMS, "folded"])
def graph(request):
    if request.param == "folded":
        return fold(read_graph(*recurrent(48)))
    return read_graph(*PROGRAMS[request.param]())


def titles(graph):
    labels = {vertex.id: vertex.label for vertex in graph.vertices}
    return [(c.title, sorted(labels[m] for m in c.members)) for c in find_clusters(graph)]


def test_ops_belong_to_the_module_of_their_parameters():
    assert titles(read_graph(*module())) == [
        ("0: Linear", ["0.bias", "0.weight", "linear"]),
        (
            "2: Block",
            [
                "2.a.bias",
                "2.a.weight",
                "2.b.bias",
                "2.b.weight",
                "2.scale",
                "linear",
                "linear",
                "mul",
                "relu",
            ],
        ),
        ("a: Linear", ["2.a.bias", "2.a.weight", "linear"]),
        ("b: Linear", ["2.b.bias", "2.b.weight", "linear"]),
    ]


def test_names_with_dots_are_enough():
    loss, net = module()
    found = [c.title for c in find_clusters(read_graph(loss, dict(net.named_parameters())))]
    assert found == ["0", "2", "a", "b"]


def test_a_weight_behind_a_transpose_is_still_the_modules():
    w = tg.zeros(3, 4, requires_grad=True)
    x = tg.zeros(2, 4, requires_grad=True)
    hidden = x @ w.t()
    graph = read_graph(hidden, {"a.w": w})
    ops = {v.id for v in graph.vertices if v.kind == "op"}
    assert len(ops) == 2
    assert [set(c.members) & ops for c in find_clusters(graph)] == [ops]


def test_a_penalty_does_not_pull_the_loss_into_a_module():
    loss, net = tower()
    members = [c.members for c in find_clusters(read_graph(loss, net))]
    graph = read_graph(loss, net)
    last = [v.id for v in graph.vertices if v.kind == "op"][-1]
    assert all(last not in inside for inside in members)


def test_a_parameter_of_two_modules_belongs_to_what_contains_both():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two = nn.Linear(3, 3), nn.Linear(3, 3)
            self.two.weight = self.one.weight

        def forward(self, x):
            return self.two(self.one(x))

    net = nn.Sequential(Tied())
    graph = read_graph(net(tg.zeros(2, 3)), net)
    clusters = {v.label: v.cluster for v in graph.vertices if v.kind == "parameter"}
    assert clusters == {"0.one.weight": "0", "0.one.bias": "0.one", "0.two.bias": "0.two"}


def test_calls_that_another_module_separates_get_frames_of_their_own():
    graph = read_graph(*shared())
    found = find_clusters(graph)
    assert [c.path for c in found].count("1") == 1
    for a, b in itertools.combinations(found, 2):
        assert not set(a.members) & set(b.members)


def test_modules_that_read_each_other_get_no_frame():
    a, b = nn.Linear(3, 3), nn.Linear(3, 3)
    x = tg.zeros(2, 3)
    loss = (b(a(x)) + a(b(x))).sum()
    assert find_clusters(read_graph(loss, nn.Sequential(a, b))) == ()


def test_without_modules_there_are_no_frames():
    for graph in (mlp(), scattered(40, 1)):
        assert find_clusters(graph) == () and lay_out(graph).frames == ()


def test_frames_hold_their_boxes_and_no_others(graph):
    layout, clusters = lay_out(graph), find_clusters(graph)
    assert len(layout.frames) == len(clusters) > 0
    for frame, cluster in zip(layout.frames, clusters, strict=True):
        left, right = frame.left, frame.left + frame.width
        top, bottom = frame.top, frame.top + frame.height
        assert 0 < left < right < layout.width and 0 < top < bottom < layout.height
        assert frame.width >= text_width(frame.title, 11) + 12
        for name, box in layout.boxes.items():
            beside = max(abs(box.x - (left + right) / 2) - (box.width + frame.width) / 2, 0)
            above = max(abs(box.y - (top + bottom) / 2) - (box.height + frame.height) / 2, 0)
            if name in cluster.members:
                assert left + 5 <= box.x - box.width / 2 and box.x + box.width / 2 <= right - 5
                # The title has its own line.
                assert top + 20 <= box.y - box.height / 2 and box.y + box.height / 2 <= bottom - 5
            else:
                assert max(beside, above) > 3, (name, frame.title)


def test_frames_are_nested_or_disjoint(graph):
    layout, clusters = lay_out(graph), find_clusters(graph)
    for a, b in itertools.combinations(range(len(clusters)), 2):
        first, second = layout.frames[a], layout.frames[b]
        if set(clusters[b].members) <= set(clusters[a].members):
            assert first.left < second.left and first.top + 15 < second.top
            assert first.left + first.width > second.left + second.width
            assert first.top + first.height > second.top + second.height
        else:
            x = max(first.left, second.left) - min(
                first.left + first.width, second.left + second.width
            )
            y = max(first.top, second.top) - min(
                first.top + first.height, second.top + second.height
            )
            assert max(x, y) > 3


def test_boxes_and_edges_keep_their_distance(graph):
    layout = lay_out(graph)
    for a, b in itertools.combinations(layout.boxes.values(), 2):
        apart_x = abs(a.x - b.x) - (a.width + b.width) / 2
        apart_y = abs(a.y - b.y) - (a.height + b.height) / 2
        assert max(apart_x, apart_y) > 10
    for route in layout.routes:
        heights = [y for _, y in route.points]
        assert heights == sorted(heights)


def test_ranks_keep_a_group_below_what_it_reads_and_above_what_reads_it():
    # 0 -> 1 -> 4 and 2 -> 3 -> 4; the group {1, 2} is read by 3 alone, which so is below both.
    nests = Nests(5, [({1, 2}, -1)])
    ends = [(0, 1), (1, 4), (2, 3), (3, 4)]
    ranks = nests.ranks(ends, [0, 1, 0, 1, 2])
    assert ranks[0] < min(ranks[1], ranks[2]) and max(ranks[1], ranks[2]) < ranks[3] < ranks[4]


def test_200_blocks_lay_out_in_a_moment():
    """2,003 boxes in 600 frames; the time itself is a benchmark's business."""
    net = nn.Sequential(*[Block(3) for _ in range(200)])
    layout = lay_out(read_graph(net(tg.zeros(2, 3)), net))
    assert len(layout.frames) == 600


def test_what_a_frame_reads_is_above_it_and_what_reads_it_below(graph):
    layout, clusters = lay_out(graph), find_clusters(graph)
    crossing = 0
    for frame, cluster in zip(layout.frames, clusters, strict=True):
        inside = set(cluster.members)
        for edge in graph.edges:
            source, target = layout.boxes[edge.source], layout.boxes[edge.target]
            if edge.source not in inside and edge.target in inside:
                assert source.y + source.height / 2 < frame.top
                crossing += 1
            if edge.source in inside and edge.target not in inside:
                assert frame.top + frame.height < target.y - target.height / 2 - 10
                crossing += 1
    assert crossing


class ALayerWithAVeryLongNameThatFillsMuchOfALine(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(tg.ones(()))

    def forward(self, x):
        return self.w * x


def test_a_frame_is_as_wide_as_its_title():
    net = nn.Sequential(ALayerWithAVeryLongNameThatFillsMuchOfALine())
    (frame,) = lay_out(read_graph(net(tg.ones(())), net)).frames
    assert frame.width >= text_width(frame.title, 11) + 18


def test_two_modules_with_the_same_boxes_share_a_frame():
    net = nn.Sequential(nn.Sequential(nn.Linear(3, 2)), nn.Linear(2, 2))
    found = find_clusters(read_graph(net(tg.zeros(4, 3)), net))
    assert [(c.path, c.title) for c in found] == [("0.0", "0.0: Linear"), ("1", "1: Linear")]


def framed(output, net):
    """For each frame the names of its ops."""
    graph = read_graph(output, net)
    return {
        c.title: [v.op for v in graph.vertices if v.id in c.members and v.op]
        for c in find_clusters(graph)
    }


@pytest.mark.parametrize(
    "penalty",
    [
        lambda net: net[0].weight.sum(),
        lambda net: 0.01 * (net[0].weight ** 2).sum(),
        lambda net: sum((p * p).sum() for p in net.parameters()) / 2,
        lambda net: tg.norm(net[2].weight) + net[0].bias.abs().max(),
    ],
)
def test_a_penalty_is_in_no_module(penalty):
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))
    found = framed(net(tg.zeros(4, 3)).sum() + penalty(net), net)
    assert found == {"0: Linear": ["linear"], "2: Linear": ["linear"]}


def test_what_is_made_of_weights_for_the_data_is_the_modules():
    class Normed(nn.Linear):
        def forward(self, x):
            return nn.functional.linear(x, self.weight / tg.norm(self.weight), self.bias)

    class Warm(nn.Linear):
        def forward(self, x):
            return super().forward(x) * tg.exp(self.bias[0])

    assert framed(Normed(3, 2)(tg.zeros(4, 3)).sum(), nn.Sequential(Normed(3, 2))) == {}
    net = nn.Sequential(Normed(3, 2), nn.Tanh(), Normed(2, 2))
    assert framed(net(tg.zeros(4, 3)).sum(), net) == {
        title: ["vector_norm", "div", "linear"] for title in ("0: Normed", "2: Normed")
    }


@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.LayerNorm, nn.RMSNorm])
def test_what_a_normalisation_does_before_it_scales_is_its_own(kind):
    net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), kind(2), nn.Linear(2, 2))
    found = framed(net(tg.randn(4, 3)).sum(), net)[f"2: {kind.__name__}"]
    assert found[-1] in ("add", "mul", "affine") and "norm" in found[0]
