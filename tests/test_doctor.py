"""`tinygrad-edu doctor`: it tells the truth, and nothing that is missing makes it fail."""

import configparser
import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import data, viz
from tinygrad_edu.cli import doctor, main

SETUP = Path(__file__).parent.parent / "setup.cfg"


def findings(capsys):
    assert main(["doctor", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return json.loads(out)


def text(capsys):
    assert main(["doctor"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    return out


def test_json_tells_versions(capsys):
    found = findings(capsys)
    assert found["system"]["tinygrad-edu"] == tinygrad_edu.__version__
    assert found["system"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["packages"] == {"numpy": np.__version__, "graphviz": metadata.version("graphviz")}
    assert found["extras"]["test"]["packages"]["pytest"] == pytest.__version__
    assert found["data"]["digits"] == {"status": "ok", "images": 1797}
    assert found["data"]["mnist5k"] == {"status": "ok", "images": 5000}
    assert found["blas"]["name"] != ""


def test_every_extra_of_the_package_is_examined():
    config = configparser.ConfigParser()
    config.read(SETUP, encoding="utf-8")
    extras = config["options.extras_require"]
    assert set(doctor.EXTRAS) == set(extras)
    for name, (distributions, _) in doctor.EXTRAS.items():
        required = re.findall(r"^[\w-]+", extras[name], re.M)
        assert set(distributions) == set(required) - {"mpich"}, name  # mpich is no Python module


def test_what_is_missing_comes_with_the_command_that_gets_it(capsys, monkeypatch):
    real = metadata.version

    def without(name):
        if name in ("safetensors", "jupyter"):
            raise metadata.PackageNotFoundError(name)
        return "1.2" if name == "ipython" else real(name)

    monkeypatch.setattr(metadata, "version", without)
    found = findings(capsys)["extras"]
    for name in ("safetensors", "notebook"):
        assert found[name]["status"] == "missing"
        assert found[name]["install"].endswith(f'-m pip install "tinygrad-edu[{name}]"')
    assert found["notebook"]["packages"] == {"ipython": "1.2", "jupyter": None}
    out = text(capsys)
    assert "no safetensors" in out and '-m pip install "tinygrad-edu[safetensors]"' in out
    assert "ipython 1.2, no jupyter" in out


def test_the_command_is_for_this_python(monkeypatch):
    short = Path(sys.executable).name
    monkeypatch.setattr("shutil.which", lambda name: sys.executable)
    assert doctor.install("plot") == f'{short} -m pip install "tinygrad-edu[plot]"'
    monkeypatch.setattr("shutil.which", lambda name: "elsewhere/python")
    assert doctor.install("plot").split(" -m pip ")[0].strip("'") == sys.executable


def test_what_is_there_comes_without_a_command(capsys, monkeypatch):
    monkeypatch.setattr(metadata, "version", lambda name: "9.9")
    assert all("install" not in about for about in findings(capsys)["extras"].values())
    assert "pip install" not in text(capsys)


def test_the_engine_told_is_the_one_that_draws(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("TINYGRAD_EDU_DOT", "no/such/dot")
    about = findings(capsys)["drawing"]["svg"]
    x = tinygrad_edu.tensor([1.0, 2.0], requires_grad=True)
    done = viz.save((x * x).sum(), tmp_path / "graph.svg")
    assert about["engine"] == done.engine
    assert about["skipped"][0].startswith("no/such/dot: ") and len(about["skipped"]) == len(
        done.skipped
    )
    assert "not by no/such/dot: " in text(capsys)


def test_missing_matplotlib_is_told_and_no_failure(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    found = findings(capsys)
    assert found["programs"]["dot"] == {"status": "missing"}
    assert found["drawing"]["svg"]["engine"] == "built-in"
    assert found["drawing"]["png"]["status"] == "broken"
    assert "tinygrad-edu[plot]" in found["drawing"]["png"]["reason"]
    assert "not found" in text(capsys)


def test_damaged_data_is_told_and_no_failure(capsys, monkeypatch):
    def damaged(name):
        raise data.DataError(f"{name}: is damaged")

    monkeypatch.setattr(data, "load", damaged)
    about = findings(capsys)["data"]["digits"]
    assert about == {"status": "broken", "reason": "DataError: digits: is damaged"}
    assert "DataError: digits: is damaged" in text(capsys)


@pytest.mark.skipif(sys.platform == "win32", reason="makes a shell script")
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo details:; echo Version 5.0.2", {"status": "ok", "version": "Version 5.0.2"}),
        ("echo dot 2.43 >&2; exit 3", {"status": "broken", "version": "dot 2.43"}),
        ("true", {"status": "ok", "version": "says no version"}),
    ],
)
def test_programs_are_asked_for_their_version(monkeypatch, tmp_path, script, expected):
    file = tmp_path / "prog"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert doctor.program("prog", "-V") == {**expected, "path": str(file)}


def test_a_program_that_can_not_run_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr("shutil.which", lambda name: str(tmp_path / "gone"))
    about = doctor.program("gone", "-V")
    assert about["status"] == "broken" and about["reason"].startswith("FileNotFoundError")
    monkeypatch.setattr("subprocess.run", hangs)
    assert doctor.program("gone", "-V")["reason"].startswith("TimeoutExpired")


def hangs(command, **options):
    raise subprocess.TimeoutExpired(command, options["timeout"])


def test_an_odd_numpy_is_no_failure(capsys, monkeypatch):
    monkeypatch.setattr(np, "show_config", lambda mode: {"Build Dependencies": {}})
    assert findings(capsys)["blas"]["name"] == "unknown"


def test_thread_limits_are_told(capsys, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    assert findings(capsys)["blas"]["threads"]["OPENBLAS_NUM_THREADS"] == "3"
    assert "OPENBLAS_NUM_THREADS=3" in text(capsys)
