"""The page of a race: one file, complete without its program, and moved by it."""

import json
import re
import shutil
import subprocess
from xml.etree import ElementTree

import pytest

from tinygrad_edu.lab import Objective, race_html, trace


@pytest.fixture(scope="module")
def traces():
    return [trace(rule, "quadratic") for rule in ("sgd", "momentum", "adam")]


def data_of(page):
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])


def test_it_needs_nothing_else(traces):
    page = race_html(traces)
    assert not re.search(r"(src|href)=|https?:|@import|url\((?!#)", page)
    for label in ("sgd 0.4", "momentum 0.4", "adam 0.4"):
        assert f"{label}</td>" in page


def test_its_pictures_are_well_formed(traces):
    for svg in re.findall(r"<svg.*?</svg>", race_html(traces), re.S):
        ElementTree.fromstring(svg)


def test_it_shows_the_end_without_its_program(traces):
    page = race_html(traces)
    assert "step 20 of 20" in page
    assert f">{traces[0].values[-1]:.4g}</td>" in page
    last = data_of(page)["traces"][0]["map"][-1]
    assert f'{last[0]:g},{last[1]:g}"><title>sgd 0.4' in page


def test_places_are_those_of_the_points(traces):
    (first, *_), cursor = data_of(race_html(traces))["traces"], data_of(race_html(traces))["cursor"]
    (left, right), (bottom, top) = traces[0].function.window
    at, end = first["map"][0], first["map"][-1]
    x0, x1 = traces[0].points[0, 0], traces[0].points[-1, 0]
    scale = (600 - 76 - 16) / (right - left)
    assert end[0] - at[0] == pytest.approx((x1 - x0) * scale, abs=0.11)
    assert at[1] == pytest.approx(16 + (440 - 16 - 52) * (top + 2) / (top - bottom), abs=0.06)
    assert cursor == sorted(cursor) and len(cursor) == 21


def test_long_and_broken_traces():
    long = trace("sgd", "quadratic", steps=3000)
    page = race_html([long, trace("sgd", "quadratic", steps=10)])
    steps = data_of(page)["steps"]
    assert steps[0] == 0 and steps[-1] == 3000 and len(steps) <= 600
    blown = race_html(trace("sgd", "beale", (4, 4), steps=50, lr=1.0))
    assert "diverged" in blown and max(map(max, data_of(blown)["traces"][0]["map"])) < 1e5
    data_of(race_html(trace("sgd", "quadratic", steps=0)))  # a single point


def test_names_are_escaped():
    function = Objective(
        name="<b>&",
        formula="</script>",
        value=lambda x: x * x,
        slope=lambda x: (2 * x,),
        curvature=lambda x: ((2.0,),),
        start=(1.0,),
        window=((-1.0, 2.0),),
    )
    page = race_html(trace("sgd", function, lr=0.1))
    assert "<b>" not in page and page.count("</script>") == 2


@pytest.mark.browser
@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ([], "step 20 of 20"),
        (["Home"], "step 0 of 20"),
        (["Home", "ArrowRight", "ArrowRight", "ArrowLeft"], "step 1 of 20"),
        (["End", "ArrowRight"], "step 20 of 20"),
    ],
)
def test_the_keyboard_moves_it(tmp_path, traces, keys, told):
    presses = "".join(
        f'document.dispatchEvent(new KeyboardEvent("keydown", {{key: "{key}", bubbles: true}}));'
        for key in keys
    ).replace("document.dispatch", "document.body.dispatch")
    page = race_html(traces).replace("</body>", f"<script>{presses}</script></body>")
    (tmp_path / "race.html").write_text(page, encoding="utf-8")
    chromium = next(
        filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")),
    )
    command = [
        chromium,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--dump-dom",
        (tmp_path / "race.html").as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert f'<output id="told">{told}</output>' in done.stdout
    step = int(told.split()[1])
    assert f'<td id="cell-0-0">{traces[0].values[step]:.4g}</td>' in done.stdout
