"""The player in its reader's hands: keyboard, quiz, window, colours, paper."""

import json
from dataclasses import replace

import numpy as np
import pytest
from looks import PHONE, TROUBLE, WIDE, box
from programs_played import recorded
from traces import ALL, failed, fan_out, mlp, tie

from tinygrad_edu.viz.player.quiz import canonical

pytestmark = pytest.mark.browser


# ----------------------------------------------------------------------------- keyboard


def test_the_keyboard_alone(play):
    data = fan_out()
    player = play(data)
    player.press("End")
    assert player.frame == len(data.frames) - 1
    player.press("Home", "ArrowRight")
    assert player.frame == 1
    for _ in range(40):  # Tab reaches the nodes
        player.press("Tab")
        if player.run("document.activeElement.dataset.node") == "v1":
            break
    player.press("Enter")
    assert "y" in player.text("#node h2 b")
    player.press("ArrowRight")
    assert player.text("#node h2 b") == "y"  # it stays
    player.press("Escape")
    assert player.text("#node h2 b") != "y"


def test_space_plays_and_pauses(play):
    player = play(fan_out())
    player.page.select_option("#speed", "2")
    player.run("document.activeElement.blur()")
    player.press("Home", " ")
    player.page.wait_for_selector("body:not([data-frame='0'])", state="attached")
    player.press(" ")
    stopped = player.frame
    assert 1 <= stopped < 8
    player.page.wait_for_timeout(1000)  # a frame takes 800 ms
    assert player.frame == stopped


def test_playing_ends_at_the_end(play):
    player = play(tie())
    player.press(" ")
    player.page.wait_for_selector("body[data-frame='1']", state="attached")
    player.page.wait_for_selector("#play[aria-label='Play']")
    assert player.page.locator("#play").get_attribute("aria-label") == "Play"


def test_the_slider_moves_by_one(play):
    player = play(mlp())
    player.page.locator("#slider").focus()
    player.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert player.frame == 1


def test_every_control_has_a_name_and_the_frame_is_said(play):
    player = play(mlp())
    unnamed = """[...document.querySelectorAll("button, input, select, [role=button], canvas")]
      .filter(e => !(e.getAttribute("aria-label") || e.textContent.trim())).length"""
    for _ in range(13):
        assert player.run(unnamed) == 0
        player.press("ArrowRight")
    said = player.page.locator("[aria-live=polite]").text_content()
    assert said.startswith("Frame 13 of 13, backward: matmul sends its gradient to hidden.weight")


# --------------------------------------------------------------------------------- quiz


def test_the_quiz_tells_right_from_wrong(play):
    data = tie()
    player = play(data, fragment="#frame=1")
    player.press("q")
    assert player.page.locator('#side [data-view="contribution"]').count() == 0
    panels = "['side', 'graphs', 'said', 'all'].map(id => document.getElementById(id).outerHTML)"
    assert "0.5" not in "".join(player.run(panels))
    assert not player.page.locator("#data").count()
    player.page.fill("#answer", "0.25")
    player.press("Enter")
    assert player.text("#verdict").startswith("Wrong")
    player.page.fill("#answer", "a half")
    player.press("Enter")
    assert player.text("#verdict").startswith("Type a number")
    player.page.fill("#answer", "1/2")
    player.press("Enter")
    assert player.numbers("contribution") == [0.0, 0.5, 0.5]


def test_leaving_the_quiz_shows_all(play):
    player = play(fan_out(), fragment="#frame=8")
    player.press("q")
    assert player.page.locator('[data-view="hidden"]').count() >= 3
    player.press("q")
    assert player.page.locator('[data-view="hidden"]').count() == 0
    assert player.numbers("partial") == [10.0]


def test_the_page_hashes_as_python_does(play):
    """Every right answer of the MLP step is taken, in a page that holds none of them."""
    data = mlp()
    player = play(data, quiz=True)
    asked = 0
    for number, frame in enumerate(data.frames):
        if player.page.locator("#answer").count():
            question = player.text("form.quiz label")
            index = json.loads(question[question.index("[") : question.index("]") + 1])
            view = frame.contribution
            values = view.numbers or [v for row in view.blocks for v in row]
            value = values[np.ravel_multi_index(index, view.shape)]
            player.page.fill("#answer", canonical(value))
            player.press("Enter")
            assert player.text("#verdict").startswith("Right"), (number, question)
            player.run("document.activeElement.blur()")
            asked += 1
        player.press("ArrowRight")
    assert asked >= 5


# --------------------------------------------------------------------------------- looks


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("name", ["digits", "fan_out", "tie", "broadcast"])
def test_what_every_player_must_show(play, name, size):
    data = recorded(name)
    ops = sum(vertex.kind == "op" for vertex in data.graph.vertices)
    player = play(data, size=size)
    for number, frame in enumerate(data.frames):
        assert (player.frame, player.phase) == (number, frame.phase)
        assert (frame.phase == "forward") == (number < ops)
        assert frame.formula in player.text("#step .formula >> nth=0")
        assert player.run(TROUBLE) == [], f"frame {number}"
        player.press("ArrowRight")
    assert player.frame == len(data.frames) - 1 > ops - 1


def test_a_failure_of_the_first_op(play):
    data = failed()
    player = play(replace(data, frames=(), graph=replace(data.graph, edges=())))
    assert "3 != 4" in player.text(".failure")
    player.press("ArrowRight", "End", " ", "q")
    assert (player.frame, player.phase) == (0, "forward")
    assert player.run(TROUBLE) == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("name", ["mlp", "fan_out", "broadcast", "failed", "disagrees", "nan"])
def test_nothing_overlaps_or_is_clipped(play, name, size):
    data = ALL[name]()
    player = play(data, size=size)
    for number in range(len(data.frames)):
        assert player.run(TROUBLE) == [], f"frame {number}"
        player.press("ArrowRight")
    player.press("q")
    assert player.run(TROUBLE) == []


def test_two_runs_side_by_side_fit(play):
    for size in (WIDE, PHONE):
        player = play(fan_out(), fan_out((10.0, 3.0)), size=size, fragment="#frame=8")
        assert player.run(TROUBLE) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_scheme_of_the_reader(play, scheme):
    player = play(fan_out(), color_scheme=scheme)
    brightness = "getComputedStyle(document.body).backgroundColor.match(/\\\\d+/g).map(Number)[0]"
    assert (player.run(brightness.replace("\\\\", "\\")) > 128) == (scheme == "light")
    player.page.click("#theme")
    assert (player.run(brightness.replace("\\\\", "\\")) > 128) == (scheme == "dark")


def test_the_current_nodes_are_in_sight(play):
    """Also where the graph is too large to be read as a whole."""
    data = mlp()
    player = play(data, size=PHONE)
    for frame in data.frames:
        pane, node = (box(player, at) for at in (".graph", f"[data-node={frame.vertex}]"))
        assert pane[0] <= node[0] and pane[1] <= node[1], frame
        assert node[2] <= pane[2] and node[3] <= pane[3], frame
        player.press("ArrowRight")


def test_the_graph_zooms_fits_and_moves(play):
    player = play(mlp(), size=PHONE)
    first = box(player, ".node")
    player.page.click("[data-zoom=in]")
    near = box(player, ".node")
    assert near[2] - near[0] == pytest.approx(1.25 * (first[2] - first[0]), rel=0.02)
    player.page.click("[data-zoom=fit]")
    pane = box(player, ".graph")
    for vertex in mlp().graph.vertices:
        node = box(player, f"[data-node={vertex.id}]")
        assert (
            pane[0] <= node[0] and node[2] <= pane[2] and pane[1] <= node[1] <= node[3] <= pane[3]
        )
    for _ in range(6):
        player.page.click("[data-zoom=in]")
    title = player.text("#node h2")
    player.run("document.querySelector('[data-node=v3]').focus({focusVisible: true})")  # in sight
    before, node = box(player, ".node"), box(player, "[data-node=v3]")
    x, y = (node[0] + node[2]) / 2, (node[1] + node[3]) / 2
    player.page.mouse.move(x, y)
    player.page.mouse.down()
    player.page.mouse.move(x - 30, y - 20, steps=5)
    player.page.mouse.up()
    after = box(player, ".node")
    assert [before[0] - after[0], before[1] - after[1]] == pytest.approx([30, 20], abs=1.5)
    assert player.text("#node h2") == title  # to move is not to select
    player.page.mouse.click(x - 30, y - 20)
    assert player.text("#node h2") != title


def test_paper_gets_this_frame_and_all_in_a_table(play):
    data = mlp()
    player = play(data, fragment="#frame=6", color_scheme="dark")
    assert not player.page.locator("#all").is_visible()
    player.page.emulate_media(media="print")
    assert player.page.locator("#all tbody tr").count() == len(data.frames)
    assert player.page.locator("#all").is_visible()
    assert not player.page.locator("#controls").is_visible()
    assert player.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_reduced_motion_is_respected(play):
    moving = "getComputedStyle(document.querySelector('.edge path')).transitionDuration"
    assert play(tie(), reduced_motion="reduce").run(moving) == "0s"
    assert play(tie(), reduced_motion="no-preference").run(moving) != "0s"
