"""``tinygrad-edu race``: what it writes, prints and refuses, and how it ends."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.cli import main


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in an empty directory, in which nothing may be left behind."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.plot
def test_it_writes_everything(capsys, elsewhere):
    options = ["--function", "beale", "--rules", "sgd,momentum,adam", "--steps", "30"]
    assert main(["race", *options, "--out", "a/b"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines()[-1] == f"Everything is in {os.path.join('a', 'b')}"
    assert [line.split()[0] for line in out.splitlines()[2:5]] == ["sgd", "momentum", "adam"]
    names = {path.name for path in (elsewhere / "a" / "b").iterdir()}
    assert names == {"contour.png", "loss.png", "race.gif", "race.html", "traces.json"}


def test_the_numbers_are_those_of_the_course(capsys, elsewhere):
    rules = "sgd:lr=0.4,sgd:lr=0.6,momentum:lr=0.6:momentum=0.5"
    options = ["--function", "quadratic", "--start", "-5,-2", "--steps", "20", "--rules", rules]
    assert main(["race", *options, "--out", "run"]) == 0
    data = json.loads((elsewhere / "run" / "traces.json").read_text())
    assert data["function"] == "quadratic" and data["start"] == [-5.0, -2.0]
    ends = [t["points"][-1] for t in data["traces"]]
    np.testing.assert_allclose(ends[0], [-0.943467, -7.312317e-5], rtol=1e-6)
    np.testing.assert_allclose(ends[1], [-0.387814, -1673.365109], rtol=2e-6)
    np.testing.assert_allclose(ends[2], [0.007188, 0.002553], rtol=3e-4)
    assert [t["diverged"] for t in data["traces"]] == [False, True, False]
    assert "-0.943467" in capsys.readouterr().out


def test_defaults_noise_and_seed(elsewhere):
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        options = ["--function", "round", "--rules", "sgd,adam", "--noise", "0.5", "--seed", seed]
        assert main(["race", *options, "--lr", "0.05", "--out", name]) == 0
    a, b, c = (json.loads((elsewhere / n / "traces.json").read_text())["traces"] for n in "abc")
    assert a == b and a != c
    assert a[0]["options"]["lr"] == a[1]["options"]["lr"] == 0.05 and a[0]["steps"] == 20


def test_one_variable(capsys, elsewhere):
    options = ["--function", "cosh", "--start", "-5", "--steps", "3", "--rules", "sgd"]
    assert main(["race", *options, "--out", "run"]) == 0
    assert "sgd" in capsys.readouterr().out


def test_without_matplotlib_the_page_is_written(capsys, elsewhere, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["race", "--steps", "5", "--out", "run"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    left = [line for line in out.splitlines() if line.startswith("Left out")]
    assert len(left) == 1 and "tinygrad-edu[plot]" in left[0]
    assert {p.name for p in (elsewhere / "run").iterdir()} == {"race.html", "traces.json"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--function", "bale"], ["'bale'", "quadratic", "beale", "cosh"]),
        (["--rules", "sdg"], ["'sdg'", "sgd", "adam"]),
        (["--rules", "sgd,"], ["no rule ''"]),
        (["--rules", "sgd:lr"], ["option=value"]),
        (["--rules", "sgd:lr=-1"], ["sgd", "lr", "-1"]),
        (["--rules", "sgd:speed=1"], ["sgd", "speed"]),
        (["--rules", "adam:lr=fast"], ["adam"]),
        (["--start", "1"], ["start", "2 variable"]),
        (["--start", "1,2,3"], ["start", "2 variable"]),
        (["--start", "-1,b"], ["--start", "numbers"]),
        (["--start", "nan,1"], ["start", "finite"]),
        (["--steps", "0"], ["--steps", "at least 1"]),
        (["--steps", "1000001"], ["--steps", "at most"]),
        (["--lr", "0"], ["--lr", "above 0"]),
        (["--noise", "-1"], ["--noise", "at least 0"]),
        (["--seed", "-1"], ["--seed", "at least 0"]),
        (["--out", ""], ["output path"]),
        (["--out", "nul\0"], ["can't be written"]),
        (["--func", "beale"], ["--func"]),
    ],
)
def test_bad_input(capsys, elsewhere, options, words):
    assert main(["race", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    for word in words:
        assert word in err
    assert list(elsewhere.iterdir()) == []


def test_bad_places(capsys, elsewhere):
    (elsewhere / "file").write_text("mine")
    (elsewhere / "full").mkdir()
    (elsewhere / "full" / "mine.txt").write_text("mine")
    for place, word in (("file", "is a file"), ("full", "not empty"), ("file/a", "can't be")):
        assert main(["race", "--out", place]) == 2
        err = capsys.readouterr().err
        assert err.count("\n") == 1 and word in err


def test_help_lists_functions_and_rules(capsys):
    assert main(["race", "--help"]) == 0
    text = capsys.readouterr().out
    assert "rosenbrock" in text and "adadelta" in text and "--start" in text


def test_the_example_runs(elsewhere):
    example = Path(__file__).parents[2] / "examples" / "optimizers_race.py"
    command = [sys.executable, "-W", "error", str(example), "out"]
    done = subprocess.run(command, cwd=elsewhere, capture_output=True, text=True, check=True)
    assert "best here: lr 0.66791, momentum 0.40261" in done.stdout
    assert (elsewhere / "out" / "race.html").exists() and done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole process groups only")
def test_ctrl_c(elsewhere):
    script = (
        "import sys, tinygrad_edu.cli.race as race\n"
        "race.PATIENCE = 0.0\n"
        "sys.exit(race.__package__ and __import__('tinygrad_edu.cli').cli.main("
        "['race', '--steps', '100000', '--out', 'run']))\n"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", script], cwd=elsewhere, **pipes) as process:
        assert process.stdout.readline().startswith("sgd: step 1 of 100000")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == "tinygrad-edu: error: interrupted\n"
    assert list(elsewhere.iterdir()) == []
