"""A real browser for the player: Chromium, driven by Playwright."""

import json
import shutil

import pytest

from tinygrad_edu.viz.player import player_html

WIDE = (1280, 800)


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
