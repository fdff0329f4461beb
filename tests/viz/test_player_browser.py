"""The player in a real browser: Chromium, driven by Playwright."""

import json
import shutil

import numpy as np
import pytest
from traces import ALL, broadcast, checked, failed, fan_out, mlp, tie

import tinygrad_edu as tg
from tinygrad_edu import viz
from tinygrad_edu.data import load_digits
from tinygrad_edu.viz.player import player_html
from tinygrad_edu.viz.player.quiz import canonical

pytestmark = pytest.mark.browser

WIDE, PHONE = (1280, 800), (390, 844)


def digits_step():
    """A step of a 64-16-10 network on eight real digits, and the gradients of the engine."""
    digits, rng = load_digits(), np.random.default_rng(2)
    shapes = {"w1": (64, 16), "b1": (16,), "w2": (16, 10), "b2": (10,)}
    params = {
        name: tg.tensor(rng.normal(size=shape).astype(np.float32) / 4, requires_grad=True)
        for name, shape in shapes.items()
    }
    x, labels = tg.tensor(digits.x_train[:8]), tg.tensor(digits.y_train[:8])
    hidden = (x @ params["w1"] + params["b1"]).relu()
    logits = hidden @ params["w2"] + params["b2"]
    loss = tg.nn.functional.cross_entropy(logits, labels)
    data = viz.trace(loss, params).data
    loss.backward()
    return data, {name: tensor.grad.numpy() for name, tensor in params.items()}


@pytest.fixture(scope="module")
def chromium():
    api = pytest.importorskip(
        "playwright.sync_api", reason="needs Playwright: pip install -e '.[browser]'"
    )
    # Playwright by itself would look for a browser of its own.
    program = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome")))
    )
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


class Player:
    """An open page; whatever goes wrong in it is in `errors` or `requests`."""

    def __init__(self, page, errors, requests):
        self.page, self.errors, self.requests = page, errors, requests

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def frame(self):
        return int(self.page.locator("body").get_attribute("data-frame"))

    @property
    def phase(self):
        return self.page.locator("body").get_attribute("data-phase")

    def numbers(self, view, panel="#step"):
        cells = self.page.locator(f'{panel} [data-view="{view}"] .number')
        return [json.loads(text) for text in cells.evaluate_all("l => l.map(c => c.dataset.value)")]

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def run(self, script):
        return self.page.evaluate(script)


@pytest.fixture
def play(chromium, tmp_path):
    """Write a trace to a file and open it there."""
    contexts, players = [], []

    def open_page(*data, size=WIDE, fragment="", **options):
        file = tmp_path / f"player{len(players)}.html"
        file.write_text(player_html(*data, quiz=options.pop("quiz", False)), encoding="utf-8")
        viewport = {"width": size[0], "height": size[1]}
        context = chromium.new_context(viewport=viewport, **options)
        contexts.append(context)
        page, errors, requests = context.new_page(), [], []
        page.on("console", lambda message: errors.append(message.text))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        context.route("http*://**/*", lambda route: route.abort())
        page.goto(file.as_uri() + fragment)
        players.append(Player(page, errors, requests))
        return players[-1]

    yield open_page
    for player in players:
        assert not player.errors
        assert [url for url in player.requests if not url.startswith(("file:", "data:"))] == []
    for context in contexts:
        context.close()


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
        return [c.width, c.height, ...c.getContext("2d").getImageData(0, 0, c.width, c.height).data]; }"""
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
            done.add(data.graph.edges[frame.edge].source)
        for vertex in data.graph.vertices:
            if vertex.kind == "parameter" and vertex.id not in done:
                player.run(
                    f"document.querySelector('[data-node={vertex.id}]').dispatchEvent(new Event('click'))"
                )
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
    player.page.select_option("#speed", "4")
    player.run("document.activeElement.blur()")
    player.press("Home", " ")
    player.page.wait_for_selector("body[data-frame='2']", timeout=20_000)
    player.press(" ")
    stopped = player.frame
    player.page.wait_for_timeout(900)
    assert player.frame == stopped


def test_playing_ends_at_the_end(play):
    player = play(tie())
    player.press(" ")
    player.page.wait_for_selector("body[data-frame='1']", timeout=20_000)
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

TROUBLE = """() => {
  const found = [], name = e => `${e.tagName}#${e.id}.${e.getAttribute("class")} ${e.textContent.slice(0, 30)}`;
  const wide = document.documentElement;
  if (wide.scrollWidth > wide.clientWidth) found.push("the page scrolls sideways");
  const shown = [...document.querySelectorAll("header *, #side *, footer *")]
    .filter(e => e.getClientRects().length && !e.closest("select, .scroll, #queue"));
  for (const e of shown) {
    const box = e.getBoundingClientRect();
    if (box.left < -1 || box.right > innerWidth + 1) found.push("outside: " + name(e));
    if (e.clientWidth && e.scrollWidth > e.clientWidth + 1 && e.tagName !== "CANVAS") found.push("clipped: " + name(e));
  }
  for (const parent of new Set(shown.map(e => e.parentElement))) {
    const boxes = [...parent.children].filter(e => shown.includes(e))
      .flatMap(e => [...e.getClientRects()].map(box => [e, box])).filter(([, b]) => b.width > 1);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      if (a !== b && Math.min(p.right, q.right) - Math.max(p.left, q.left) > 1.5 &&
          Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top) > 1.5) found.push(`overlap: ${name(a)} | ${name(b)}`);
    }));
  }
  for (const node of document.querySelectorAll(".node")) {
    const frame = node.querySelector("rect, polygon").getBBox();
    for (const text of node.querySelectorAll("text")) {
      if (text.getBBox().width > frame.width) found.push("too wide: " + name(node));
    }
  }
  const footer = document.querySelector("footer").getBoundingClientRect();
  if (footer.bottom > innerHeight + 1) found.push("the controls are below the window");
  return found;
}"""


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
        pane, node = (
            player.run(
                f"(() => {{ const b = document.querySelector('{selector}').getBoundingClientRect();"
                "return [b.left, b.top, b.right, b.bottom]; })()"
            )
            for selector in (".graph", f'[data-node="{frame.vertex}"]')
        )
        assert pane[0] <= node[0] and pane[1] <= node[1], frame
        assert node[2] <= pane[2] and node[3] <= pane[3], frame
        player.press("ArrowRight")


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
