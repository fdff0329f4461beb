"""A trace as files, and in a notebook."""

import xml.etree.ElementTree as ElementTree

import pytest
from programs import leaf, mlp

from tinygrad_edu import viz
from tinygrad_edu.viz.tracing import runs, showing


@pytest.fixture(autouse=True)
def no_programs(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.delenv("TINYGRAD_EDU_DOT", raising=False)


@pytest.fixture
def run():
    model, loss = mlp()
    return viz.trace(loss, model, title="One step")


def test_a_page(run, tmp_path):
    result = run.save(tmp_path / "x.html")
    page = result.path.read_text(encoding="utf-8")
    assert result.engine == "player" and page.lstrip().lower().startswith("<!doctype html>")
    assert "One step" in page and "first.weight" in page
    assert len(page.encode()) < 300_000


@pytest.mark.parametrize(
    ("suffix", "start"), [(".dot", "digraph"), (".svg", "<svg"), (".tex", "\\documentclass")]
)
def test_a_picture_has_the_names_of_the_formulas(run, tmp_path, suffix, start):
    text = run.save(tmp_path / f"x{suffix}").path.read_text(encoding="utf-8")
    assert start in text and "first.weight" in text and "h1 = linear" in text


def test_a_wrong_suffix_names_the_right_ones(run, tmp_path):
    with pytest.raises(ValueError, match=r"\.svg"):
        run.save(tmp_path / "x.gif")
    assert list(tmp_path.iterdir()) == []


def test_numbered_pictures(run, tmp_path):
    paths = run.export_frames(tmp_path / "frames")
    assert len(paths) == len(run.frames) and all(path.exists() for path in paths)


def test_save_makes_a_page_of_a_tensor(tmp_path):
    x = leaf(1.0, 2.0)
    result = viz.save((x * x).sum(), tmp_path / "x.html", params={"weights": x})
    assert result.engine == "player" and "weights" in result.path.read_text(encoding="utf-8")
    with pytest.raises(TypeError, match="show_values"):
        viz.save((x * x).sum(), tmp_path / "x.html", show_values=True)
    assert viz.save((x * x).sum(), tmp_path / "x.svg").engine == "built-in"


def test_two_runs_make_one_page(tmp_path):
    x = leaf(1.0, 2.0)
    one, two = viz.trace((x * x).sum(), title="first call"), viz.trace((x * 3.0).sum())
    both = one.beside(two)
    alone = one.save(tmp_path / "one.html").path.stat().st_size
    assert both.save(tmp_path / "two.html").path.stat().st_size > alone
    with pytest.raises(ValueError, match=r"must end in \.html"):
        both.save(tmp_path / "two.svg")


def test_a_notebook_shows_the_picture_and_the_player(run):
    shown = run._repr_mimebundle_()
    assert shown["text/plain"] == "<Trace: 4 forward and 7 backward frames>"
    assert ElementTree.fromstring(shown["image/svg+xml"]).tag.endswith("svg")
    assert "<iframe srcdoc=" in shown["text/html"] and "<svg" in shown["text/html"]
    assert shown["text/html"].count("<script") == 0  # escaped, inside of the frame


def test_a_notebook_never_shows_a_traceback(run, monkeypatch):
    def broken(*_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(runs.Trace, "_html", broken)
    shown = run._repr_mimebundle_()
    assert "no player: no ink" in shown["text/plain"]
    assert shown["text/html"] == shown["image/svg+xml"]
    monkeypatch.setattr(showing, "to_svg", broken)
    shown = run._repr_mimebundle_()
    assert list(shown) == ["text/plain"] and "no picture: no ink" in shown["text/plain"]


def test_a_failed_program_can_be_saved(tmp_path):
    x = leaf(1.0, 2.0)
    run = viz.trace(lambda: x * leaf(1.0, 2.0, 3.0))
    assert repr(run) == "<Trace: 0 forward and 0 backward frames, failed in mul>"
    for suffix in (".html", ".svg", ".dot"):
        assert "mul" in run.save(tmp_path / f"x{suffix}").path.read_text(encoding="utf-8")
