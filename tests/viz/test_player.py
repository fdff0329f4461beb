"""The player's page as text: complete, alone, and with nothing in it that a quiz must hide."""

import configparser
import hashlib
import json
import re
from html import unescape
from importlib.resources import files
from pathlib import Path

import pytest
from traces import ALL, broadcast, checked, failed, fan_out, mlp, tie

from tinygrad_edu.viz import Graph, Vertex
from tinygrad_edu.viz.player import player_html
from tinygrad_edu.viz.player.quiz import canonical, questions
from tinygrad_edu.viz.trace import Frame, TraceData, look_at


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


@pytest.mark.parametrize("name", ALL)
def test_every_vertex_edge_and_frame_is_there(name):
    trace = ALL[name]()
    page = player_html(trace)
    assert re.findall(r'data-node="(\w+)"', page) == [v.id for v in trace.graph.vertices]
    # In this order: the page finds the edge of a frame by its number.
    edges = [f"{edge.source}-{edge.target}-{edge.position}" for edge in trace.graph.edges]
    assert re.findall(r'data-edge="([^"]+)"', page) == edges
    assert f'<body data-frame="0" data-frames="{len(trace.frames)}" data-phase="forward">' in page


@pytest.mark.parametrize("name", ALL)
def test_frames_are_forward_ops_then_backward_edges(name):
    """Of the samples themselves, which the other tests rely on."""
    trace = ALL[name]()
    phases = [frame.phase for frame in trace.frames]
    assert phases == sorted(phases, reverse=True)
    backward = [frame.edge for frame in trace.frames if frame.phase == "backward"]
    assert len(set(backward)) == len(backward)


def test_it_loads_nothing():
    page = player_html(mlp())
    assert "default-src 'none'" in page
    assert set(re.findall(r"https?://[^\"' <]+", page)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(
        r"""\bsrc\s*=|@import|url\(|fetch\(|XMLHttpRequest|<link(?! rel="icon")""", page
    )


def test_it_is_small():
    assert len(player_html(mlp()).encode()) < 300_000


def test_the_data_are_those_of_the_trace():
    trace = broadcast()
    data = data_of(player_html(trace))
    (run,), views = data["runs"], data["views"]
    for frame, shown in zip(trace.frames, run["frames"], strict=True):
        assert (shown["phase"], shown["vertex"]) == (frame.phase, frame.vertex)
        assert shown.get("formula", "") == frame.formula
        assert shown.get("summed", "") == frame.summed
        for name in ("upstream", "contribution", "partial"):
            view = getattr(frame, name)
            assert (name in shown) == (view is not None)
            if view is not None:
                assert views[shown[name]]["numbers"] == view.numbers
    for vertex in run["vertices"]:
        moment = trace.moments[vertex["id"]]
        assert views[vertex["value"]]["numbers"] == moment.value.numbers
        assert vertex["line"] == moment.line


def test_equal_views_are_written_once():
    views = data_of(player_html(mlp()))["views"]
    assert len({json.dumps(view) for view in views}) == len(views)


def test_a_large_array_keeps_its_statistics_and_short_blocks():
    x = look_at([[index / 7 for index in range(30)]])
    page = player_html(TraceData(Graph((), ()), {}, (Frame("forward", "v0", upstream=x),)))
    (view,) = data_of(page)["views"]
    assert view["blocks"][0][1] == 0.143 and view["high"] == pytest.approx(29 / 7, rel=1e-5)


def test_any_text_is_escaped():
    nasty = "</script><!-- \u2028 & <b>"
    graph = Graph((Vertex("v0", "leaf", nasty),), ())
    page = player_html(TraceData(graph, {}, (), title=nasty))
    assert page.count("</script>") == 2 and "<b>" not in page and "<!--" not in page
    assert data_of(page)["runs"][0]["vertices"][0]["label"] == nasty
    assert unescape(re.search("<title>(.*?)</title>", page)[1]) == nasty


def test_two_runs_share_a_picture_unless_they_differ():
    twice = player_html(fan_out(), fan_out((10.0, 3.0)))
    assert twice.count('class="graph"') == 1
    first, second = data_of(twice)["runs"]
    assert not first["before"] and len(second["before"]) == 2
    assert player_html(fan_out(), tie()).count('class="graph"') == 2


def test_a_failure_comes_with_its_message():
    failure = data_of(player_html(failed()))["runs"][0]["failure"]
    assert failure["op"] == "matmul" and "3 != 4" in failure["message"]


def test_whether_finite_differences_agree():
    (frame,) = [
        f for f in data_of(player_html(checked(False)))["runs"][0]["frames"] if "agrees" in f
    ]
    assert frame["agrees"] is False and "numeric" in frame


# ------------------------------------------------------------------------------- quiz


def test_answers_are_salted_hashes():
    trace = tie()
    (run,) = data_of(player_html(trace))["runs"]
    forward, question = run["questions"]
    assert forward is None
    assert question["index"] in ([1], [2])  # not the 0
    text = f"{run['salt']}:1:5.00e-1"
    assert question["hash"] == hashlib.sha256(text.encode()).hexdigest()


def test_the_same_run_asks_the_same_and_others_ask_other():
    asked = [data_of(player_html(make()))["runs"][0]["questions"] for make in (mlp, mlp)]
    assert asked[0] == asked[1]
    assert questions(mlp().frames, "a") != questions(mlp().frames, "b")


@pytest.mark.parametrize("salt", ["a", "b", "c", "d"])
def test_an_element_is_asked_for_by_its_index(salt):
    numbers = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    frame = Frame("backward", "v0", 0, contribution=look_at(numbers))
    (question,) = questions([frame], salt)
    row, column = question["index"]
    text = f"{salt}:0:{canonical(numbers[row][column])}"
    assert question["hash"] == hashlib.sha256(text.encode()).hexdigest()


def test_only_single_elements_are_asked_for():
    frames = [
        Frame("backward", "v0", 0, contribution=look_at([[0.1] * 30] * 30)),
        Frame("backward", "v0", 1, contribution=look_at([float("nan")])),
        Frame("backward", "v0", 2, contribution=look_at([])),
        Frame("backward", "v0", 3),
        Frame("backward", "v0", 4, contribution=look_at([0.0, 0.0])),
    ]
    assert [question is not None for question in questions(frames, "s")] == [False] * 4 + [True]


def test_a_page_for_an_assignment_holds_no_gradient():
    trace = mlp()
    data = data_of(player_html(trace, quiz=True))
    (run,), views = data["runs"], data["views"]
    assert data["quiz"] is True and any(run["questions"])
    backward = [frame for frame in run["frames"] if frame["phase"] == "backward"]
    names = ("upstream", "contribution", "partial", "numeric")
    assert backward and all(frame.get(name) is None for frame in backward for name in names)
    hidden = [frame.contribution.norm for frame in trace.frames if frame.contribution]
    shown = {view.get("norm") for view in views}
    assert not shown & {float(f"{norm:.6g}") for norm in hidden}
    assert all("grad" not in vertex for vertex in run["vertices"])


# --------------------------------------------------------------------------- its files


def player_files():
    return [file for file in files("tinygrad_edu.viz.player").iterdir() if file.is_file()]


def test_its_files_are_short():
    lengths = {
        file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in player_files()
    }
    assert {"player.js", "player.css", "page.html"} <= set(lengths)
    assert not {name: length for name, length in lengths.items() if length > 400}


def test_its_files_are_installed():
    config = configparser.ConfigParser()
    config.read(Path(__file__).parents[2] / "setup.cfg", encoding="utf-8")
    patterns = config["options.package_data"]["tinygrad_edu.viz.player"].split(", ")
    other = {Path(file.name).suffix for file in player_files()} - {".py", ".pyc"}
    assert other == {pattern.removeprefix("*") for pattern in patterns}


def test_every_file_is_in_the_page():
    page = player_html(tie())
    for file in player_files():
        if file.name.endswith((".js", ".css")):
            assert file.read_text(encoding="utf-8").strip() in page
