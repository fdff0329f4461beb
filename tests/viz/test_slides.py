"""Frames as files: what each picture says, and what becomes of the folder."""

import os
import stat
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import traces
from samples import chain

from tinygrad_edu.viz import Edge, Graph, Vertex
from tinygrad_edu.viz.layout.layout import lay_out
from tinygrad_edu.viz.pictures.drawing import edge_shape
from tinygrad_edu.viz.pictures.slides import MOST, export_frames
from tinygrad_edu.viz.pictures.storyboard import in_words, rows, short, steps
from tinygrad_edu.viz.pictures.tikz import graph_tikz
from tinygrad_edu.viz.trace import Frame, TraceData, look_at

SVG = "{http://www.w3.org/2000/svg}"


def texts(path):
    return [e.text for e in ElementTree.parse(path).iter(f"{SVG}text")]


def vertex(data, label):
    return next(v.id for v in data.graph.vertices if v.label == label)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------- what a step shows


def test_a_step_for_every_frame_and_one_for_the_op_that_failed():
    for make in (traces.mlp, traces.fan_out, traces.tie, traces.broadcast):
        data = make()
        assert [step.phase for step in steps(data)] == [frame.phase for frame in data.frames]
    data = traces.failed()
    told = steps(data)
    assert len(told) == len(data.frames) + 1
    last = data.graph.vertices[-1].id
    assert told[-1].looks[last] == "failed" and "failed" in told[-1].edges
    assert any(role == "warning" and "3 != 4" in text for role, text in told[-1].caption)


def test_forward_an_op_waits_runs_and_is_ready():
    data = traces.mlp()
    told = [step for step in steps(data) if step.phase == "forward"]
    for number, frame in enumerate(f for f in data.frames if f.phase == "forward"):
        looks = [step.looks[frame.vertex] for step in told]
        assert looks == ["waiting"] * number + ["active"] + ["ready"] * (len(told) - number - 1)
        values = [frame.vertex in step.values for step in told]
        assert values == [False] * number + [True] * (len(told) - number)


def test_backward_one_edge_runs_and_stays_done():
    data = traces.mlp()
    for step, frame in zip(steps(data), data.frames, strict=True):
        if frame.phase == "backward":
            assert [i for i, look in enumerate(step.edges) if look == "active"] == [frame.edge]
            assert step.looks[frame.vertex] == "active"
            for queued in set(frame.queue) - {frame.vertex}:
                assert step.looks[queued] == "queued"
    last = steps(data)[-1]
    carried = {frame.edge for frame in data.frames if frame.phase == "backward"}
    assert {i for i, look in enumerate(last.edges) if look in ("done", "active")} >= carried


@pytest.mark.parametrize("make", [traces.mlp, traces.fan_out])
def test_a_leaf_is_done_with_its_last_contribution_an_op_after_its_last_edge(make):
    data = make()
    sources = [data.graph.edges[f.edge].source if f.edge >= 0 else "" for f in data.frames]
    senders = [f.vertex if f.edge >= 0 else "" for f in data.frames]
    for i, step in enumerate(steps(data)):
        done = {v for v, look in step.looks.items() if look == "done"}
        leaves = {
            source
            for source, f in zip(sources[: i + 1], data.frames, strict=False)
            if f.edge >= 0 and f.arrived == f.expected and source not in senders
        }
        ops = set(senders[:i]) - set(senders[i:]) - {""}
        outputs = {v.id for v in data.graph.vertices if v.kind == "output"}
        assert done - outputs == leaves | ops


def test_the_badge_counts_and_the_partial_sum_grows():
    data = traces.fan_out()
    x = vertex(data, "x")
    told = steps(data)
    badges = [step.badges[x] for step in told if x in step.badges]
    assert list(dict.fromkeys(badges)) == ["1/3", "2/3", "3/3"]
    frames = [f for f in data.frames if f.edge >= 0 and data.graph.edges[f.edge].source == x]
    sums = [short(frame.partial) for frame in frames]
    seen = [step.grads[x] for step in told if x in step.grads]
    assert len(set(sums)) == 3 and list(dict.fromkeys(seen)) == sums


def test_no_gradient_is_shown_before_its_turn():
    data = traces.mlp()
    for step, frame in zip(steps(data), data.frames, strict=True):
        if frame.phase == "forward":
            assert not step.grads and not step.badges
            assert {"done", "queued"}.isdisjoint(step.looks.values())


def test_the_caption_has_formula_shapes_and_contribution():
    data = traces.broadcast()
    number = next(i for i, frame in enumerate(data.frames) if frame.summed)
    frame = data.frames[number]
    lines = [text for _, text in steps(data)[number].caption]
    assert lines[0].startswith(f"Step {number + 1} of {len(data.frames)}: backward")
    assert frame.formula in lines
    assert f"undoes broadcasting: {frame.summed}" in lines
    lead = frame.contributes.removesuffix(" …")
    assert f"{lead} {in_words(frame.contribution)}" in lines


@pytest.mark.parametrize(("agrees", "word"), [(True, "agrees"), (False, "DISAGREES")])
def test_differences_are_told_and_their_disagreement_is_a_warning(agrees, word):
    captions = [line for step in steps(traces.checked(agrees)) for line in step.caption]
    roles = {role for role, text in captions if text.endswith(f", {word}")}
    assert roles == ({"detail"} if agrees else {"warning"})


@pytest.mark.parametrize(
    ("array", "words", "box"),
    [
        (2.5, "2.5", "2.5"),
        ([[1.0, 2.0], [3.0, 4.0]], "[[1, 2], [3, 4]]", "1 .. 4"),
        ([np.nan, 1.0], "[NaN, 1]", "NaN"),
        ([np.inf, 1.0], "[inf, 1]", "inf"),
        (np.arange(9.0), "(9,), min 0, mean 4, max 8", "0 .. 8"),
        (np.zeros((3, 4)), "(3, 4), min 0, mean 0, max 0", "all 0"),
        (np.zeros((0, 2)), "[]", "[]"),
        (-0.0, "0", "0"),
        (np.full(30, np.nan), "(30,), 30 NaN", "NaN"),
    ],
)
def test_arrays_in_words(array, words, box):
    view = look_at(np.array(array))
    assert (in_words(view), short(view)) == (words, box)


def test_boxes_have_room_for_all_that_will_stand_in_them():
    data = traces.mlp()
    told = steps(data)
    room = rows(told)
    for v in data.graph.vertices:
        width, height = room.size(v)
        longest = max(len(step.grads.get(v.id, "")) for step in told)
        assert width >= longest * 6.5 and height >= len(room.lines(v)) * 15


# ------------------------------------------------------------------- files


def test_numbered_pictures_of_one_size(tmp_path):
    data = traces.mlp()
    made = export_frames(data, tmp_path / "new" / "frames")
    assert [path.name for path in made] == [
        f"frame-{i:03}.svg" for i in range(1, len(data.frames) + 1)
    ]
    roots = [ElementTree.parse(path).getroot() for path in made]
    assert len({(root.get("width"), root.get("height")) for root in roots}) == 1
    assert names(tmp_path / "new" / "frames") == [path.name for path in made]


def test_a_picture_says_what_its_step_says(tmp_path):
    data = traces.fan_out()
    for path, step in zip(export_frames(data, tmp_path), steps(data), strict=True):
        words = texts(path)
        assert step.caption[0][1] in words
        assert [w for w in words if w.startswith("Σ ") and "/" in w] == [
            f"Σ {text}" for text in step.badges.values()
        ]
        for text in step.grads.values():
            assert f"∂ {text}" in words


def test_a_picture_stands_alone_and_survives_any_text(tmp_path):
    graph = Graph(
        (Vertex("v0", "leaf", 'a<b&"c\x00'), Vertex("v1", "op", "exp")), (Edge("v0", "v1"),)
    )
    frames = (Frame("forward", "v1", formula="y = exp(a<b) & ]]> \x1b $x$"),)
    (path,) = export_frames(TraceData(graph, {}, frames, "<title>"), tmp_path)
    assert 'a<b&"c\N{REPLACEMENT CHARACTER}' in texts(path)
    assert "href" not in path.read_text(encoding="utf-8")


def test_no_text_of_the_caption_leaves_the_page(tmp_path):
    data = traces.mlp()
    for path in export_frames(data, tmp_path):
        root = ElementTree.parse(path).getroot()
        for e in root.iter(f"{SVG}text"):
            if e.get("text-anchor") == "start":
                right = float(e.get("x")) + len(e.text) * 0.602 * float(e.get("font-size"))
                assert right <= float(root.get("width"))
            assert 0 < float(e.get("y")) < float(root.get("height"))


def test_the_same_trace_gives_the_same_files(tmp_path):
    first = [p.read_bytes() for p in export_frames(traces.tie(), tmp_path / "a")]
    assert first == [p.read_bytes() for p in export_frames(traces.tie(), tmp_path / "b")]


def test_a_new_export_replaces_the_old_one(tmp_path):
    longer, shorter = traces.mlp(), traces.tie()
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "frame-099.svg").write_text("<svg>mine</svg>")
    export_frames(longer, tmp_path)
    export_frames(shorter, tmp_path)
    kept = [f"frame-{i:03}.svg" for i in range(1, len(shorter.frames) + 1)]
    assert names(tmp_path) == [*kept, "frame-099.svg", "notes.txt"]
    assert (tmp_path / "frame-099.svg").read_text() == "<svg>mine</svg>"


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "frame-002.svg").write_text("<svg>mine</svg>")
    with pytest.raises(FileExistsError, match=r"frame-002\.svg was not made by this export"):
        export_frames(traces.tie(), tmp_path)
    assert names(tmp_path) == ["frame-002.svg"]
    export_frames(traces.tie(), tmp_path, prefix="step")
    assert (tmp_path / "frame-002.svg").read_text() == "<svg>mine</svg>"


@pytest.mark.parametrize("existed", [True, False])
def test_an_interrupt_leaves_nothing_half_done(tmp_path, monkeypatch, existed):
    folder = tmp_path / "frames"
    if existed:
        export_frames(traces.tie(), folder)
    before = names(tmp_path), names(folder) if existed else None
    calls = []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return "<svg/>"

    monkeypatch.setattr("tinygrad_edu.viz.pictures.slides.to_svg_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        export_frames(traces.mlp(), folder)
    assert (names(tmp_path), names(folder) if existed else None) == before


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="kind must be 'svg' or 'pdf', not 'gif'"):
        export_frames(traces.tie(), tmp_path, "gif")
    for prefix in ("", "a/b", "../a"):
        with pytest.raises(ValueError, match="prefix"):
            export_frames(traces.tie(), tmp_path, prefix=prefix)
    graph = chain(2)
    frames = (Frame("forward", "v1"),) * (MOST + 1)
    with pytest.raises(ValueError, match=r"1000 frames are too many.*trace\.html"):
        export_frames(TraceData(graph, {}, frames), tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="can't write the frames"):
        export_frames(traces.tie(), tmp_path / "file" / "frames")


def test_a_long_chain_is_quick_and_without_recursion(tmp_path):
    graph = chain(400)
    frames = tuple(Frame("forward", f"v{i}") for i in range(1, 40))
    assert len(export_frames(TraceData(graph, {}, frames), tmp_path)) == 39


def test_a_terminal_sees_a_counter_and_a_log_nothing(tmp_path, capsys, monkeypatch):
    export_frames(traces.tie(), tmp_path)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    export_frames(traces.tie(), tmp_path)
    assert "frame 2 of 2" in capsys.readouterr().err


# ------------------------------------------------------------------- PDF


@pytest.mark.plot
def test_pdf_by_matplotlib(tmp_path):
    pytest.importorskip("matplotlib")
    data = traces.tie()
    for _ in range(2):  # the second time it knows its own files
        made = export_frames(data, tmp_path, "pdf")
    assert names(tmp_path) == [path.name for path in made] == ["frame-001.pdf", "frame-002.pdf"]
    assert all(path.read_bytes().startswith(b"%PDF") for path in made)


def test_pdf_needs_something_and_says_what(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match=r"tinygrad-edu\[plot\]"):
        export_frames(traces.tie(), tmp_path / "frames", "pdf")
    assert not (tmp_path / "frames").exists()


@pytest.mark.skipif(os.name == "nt", reason="the stand-in is a shell script")
def test_pdf_by_a_converter(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    program = tmp_path / "rsvg-convert"
    program.write_text('#!/bin/sh\nread line; echo "%PDF of $line"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(2):
        made = export_frames(traces.tie(), tmp_path / "frames", "pdf")
    assert made[0].read_bytes().startswith(b"%PDF of <svg")
    program.write_text("#!/bin/sh\necho no fonts >&2; exit 1\n")
    with pytest.raises(RuntimeError, match="can't draw PDF: no fonts"):
        export_frames(traces.tie(), tmp_path / "frames", "pdf")
    assert len(names(tmp_path / "frames")) == 2


# ------------------------------------------------------------------- modules


def test_modules_have_their_frames(tmp_path):
    graph = Graph(
        (
            Vertex("v0", "input", "x", (2, 4)),
            Vertex("v1", "parameter", "net.weight", (3, 4), cluster="net"),
            Vertex("v2", "op", "linear", (2, 3)),
            Vertex("v3", "output", "y", (2, 3)),
        ),
        (Edge("v0", "v2"), Edge("v1", "v2", "", 1), Edge("v2", "v3")),
    )
    layout = lay_out(graph)
    assert [frame.title for frame in layout.frames] == ["net"]
    (path,) = export_frames(TraceData(graph, {}, (Frame("forward", "v2"),)), tmp_path)
    assert "net" in texts(path)
    assert r"\draw[tg module 0]" in graph_tikz(graph) and "{net}" in graph_tikz(graph)


@pytest.mark.parametrize(
    ("look", "phase", "up"),
    [
        ("ready", "backward", False),
        ("active", "forward", False),
        ("active", "backward", True),
        ("done", "backward", True),
    ],
)
def test_a_gradient_goes_up_and_a_value_down(look, phase, up):
    (route,) = lay_out(chain(1)).routes
    tip = edge_shape(route, look, phase).head[-1]
    assert tip == route.points[0 if up else -1]
    style = "up" if look == "active" and up else look
    line = next(s for s in graph_tikz(chain(1)).splitlines() if f"tg edge {style}/" in s)
    assert ("]}-" in line, "-{Triangle" in line) == (up, not up)
