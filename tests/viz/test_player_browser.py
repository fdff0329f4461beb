"""The player in a real browser: what each frame shows."""

import numpy as np
import pytest
from programs_played import digits_step
from traces import ALL, broadcast, checked, failed, fan_out, mlp, tie

pytestmark = pytest.mark.browser


def number_of(view):
    return [] if view is None or view.numbers is None else view.numbers


# ------------------------------------------------------------------------------- frames


@pytest.mark.parametrize("name", ALL)
def test_every_frame_forward_and_back(play, name):
    data = ALL[name]()
    player = play(data)
    count, seen = len(data.frames), []
    for number in range(count):
        assert player.frame == number and player.phase == data.frames[number].phase
        seen.append(player.page.locator("#step").inner_html())
        player.press("ArrowRight")
    assert player.frame == count - 1  # it stops at the end
    for number in reversed(range(count)):
        assert player.frame == number
        assert player.page.locator("#step").inner_html() == seen[number]
        player.press("ArrowLeft")
    assert player.frame == 0
    assert player.run("document.body.dataset.frames") == str(count)


@pytest.mark.parametrize("make", [fan_out, tie, broadcast, checked], ids=lambda f: f.__name__)
def test_numbers_on_screen_are_those_of_the_trace(play, make):
    data = make(True) if make is checked else make()
    player = play(data)
    for frame in data.frames:
        if frame.phase == "backward":
            assert player.text("#step .formula >> nth=0") == frame.formula
            assert player.numbers("upstream") == number_of(frame.upstream)
            assert player.numbers("contribution") == number_of(frame.contribution)
            assert player.numbers("numeric") == number_of(frame.numeric)
            expected = number_of(frame.partial) if frame.expected > 1 else []
            assert player.numbers("partial") == expected
            assert player.numbers("grad", "#node") == number_of(frame.partial)
        else:
            value = data.moments[frame.vertex].value
            assert player.numbers("result") == number_of(value)
        player.press("ArrowRight")


def test_a_step_on_digits_shows_the_gradients_of_the_engine(play):
    data, grads = digits_step()
    player = play(data)
    player.press("End")
    ids = {vertex.label: vertex.id for vertex in data.graph.vertices}
    for name, grad in grads.items():
        player.page.locator(f'[data-node="{ids[name]}"]').click()
        assert name in player.text("#node h2")
        stats = '#node [data-view="grad"] [data-stat="{}"] dd'
        for stat, value in [("min", grad.min()), ("max", grad.max()), ("mean", grad.mean())]:
            shown = float(player.text(stats.format(stat)))
            assert shown == pytest.approx(float(value), rel=2e-3, abs=1e-7), (name, stat)
        shown = float(player.text(stats.format("norm")))
        assert shown == pytest.approx(float(np.linalg.norm(grad)), rel=1e-3), name
        if grad.size <= 24:
            assert player.numbers("grad", "#node") == pytest.approx(grad.tolist(), rel=1e-5)


def test_a_heat_map_paints_its_numbers(play):
    player = play(mlp(), fragment="#frame=5")
    picture = player.run(
        """() => { const c = document.querySelector('[data-view="contribution"] canvas');
        const {data} = c.getContext("2d").getImageData(0, 0, c.width, c.height);
        return [c.width, c.height, ...data]; }"""
    )
    view = mlp().frames[5].contribution
    assert picture[:2] == [len(view.blocks[0]), len(view.blocks)]
    pixels = np.array(picture[2:]).reshape(len(view.blocks), -1, 4).astype(int)
    warmth = pixels[..., 0] - pixels[..., 2]  # orange is positive, blue negative
    largest = max(-view.low, view.high)
    for row, values in zip(warmth, view.blocks, strict=True):
        for warm, value in zip(row, values, strict=True):
            assert abs(value) < 0.02 * largest or (warm > 0) == (value > 0)


# ------------------------------------------------------------------------------ content


def test_fan_out_counts_what_arrived(play):
    data = fan_out()
    player = play(data)
    x = player.page.locator('[data-node="v0"]')
    x.click()
    told = []
    for frame in data.frames:
        grad = player.text('#node [data-view="grad"]')
        badge = player.page.locator('[data-badge="v0"]')
        told.append((frame.vertex, badge.text_content() if badge.count() else "", grad))
        player.press("ArrowRight")
    assert all("not computed yet" in grad for *_, grad in told[:5])
    assert [badge for _, badge, _ in told] == [""] * 5 + ["Σ 1/3", "Σ 1/3", "Σ 2/3", "Σ 3/3"]
    assert "1 of 3 contributions arrived" in told[5][2]
    assert player.numbers("grad", "#node") == [10.0]


def test_nothing_is_0_before_its_turn(play):
    data = mlp()
    player = play(data)
    done = set()
    for frame in data.frames:
        if frame.phase == "backward":
            done |= {data.graph.edges[frame.edge].source, frame.vertex}
        for vertex in data.graph.vertices:
            if vertex.kind in ("parameter", "op") and vertex.id not in done:
                player.page.locator(f"[data-node={vertex.id}]").dispatch_event("click")
                assert "not computed yet" in player.text('#node [data-view="grad"]')
        player.press("ArrowRight")


def test_the_queue_is_shown(play):
    data = fan_out()
    player = play(data)
    for frame in data.frames:
        chips = player.page.locator("[data-queued]")
        assert tuple(chips.evaluate_all("l => l.map(c => c.dataset.queued)")) == frame.queue
        player.press("ArrowRight")


def test_broadcasting_is_told_and_undone(play):
    player = play(broadcast())
    assert "(3,) → (2, 3)" in player.text("#step")
    player.press("End")
    assert "sum(axis=0)" in player.text("#step")


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (5, "softmax", "p − onehot"),
        (9, "mask", "of 128 elements pass"),
    ],
)
def test_routing(play, number, kind, words):
    player = play(mlp(), fragment=f"#frame={number}")
    assert words in player.text(f'[data-routing="{kind}"]')


def test_ties(play):
    player = play(tie(), fragment="#frame=1")
    assert player.numbers("routing") == [0.0, 0.5, 0.5]


@pytest.mark.parametrize("agrees", [True, False])
def test_disagreement_is_red(play, agrees):
    player = play(checked(agrees), fragment="#frame=1")
    assert ("disagrees" in player.text('[data-view="numeric"]')) != agrees
    assert player.page.locator(".view.wrong").count() == (0 if agrees else 2)


def test_a_failure_is_drawn(play):
    player = play(failed())
    assert "3 != 4" in player.text(".failure") and "step.py:13" in player.text(".failure")
    assert player.page.locator(".node.failed").get_attribute("data-node") == "v3"


def test_nan_is_red_and_its_first_op_named(play):
    player = play(ALL["nan"](), fragment="#frame=0")
    assert player.text("#step .number.bad") == "NaN"
    assert "first op that made nan" in player.text("#node")
    player.press("ArrowRight")
    assert "nan was first made by log" in player.text("#node")


def test_two_backwards_add_up(play):
    player = play(fan_out(), fan_out((10.0, 3.0)))
    player.press("End")
    after = player.page.locator('[data-view="after"] .number')
    assert after.evaluate_all("l => l.map(c => c.dataset.value)") == ["10", "20"]
