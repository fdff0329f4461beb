"""`tinygrad-edu sweep`: what it searches, writes and refuses, and how it goes on."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tinygrad_edu.cli import main
from tinygrad_edu.training.sweep import read_runs

FAST = ["sweep", "--epochs", "2", "--hidden", "8", "--n", "3"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def params_of(folder):
    return [dict(run.params) for run in read_runs(folder / "out" / "runs.jsonl")]


def test_sweep_reports_and_writes(capsys, elsewhere):
    assert main([*FAST, "--lr", "log:0.01:1", "--out", "out"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "digits, MLP: 3 of 3 runs done" in out
    assert out.splitlines()[-1] == "Everything is in out"
    assert {p.name for p in (elsewhere / "out").iterdir()} >= {"runs.jsonl"}
    runs = read_runs("out/runs.jsonl")
    assert [run.number for run in runs] == [0, 1, 2]
    assert all(0.01 <= run.params["lr"] <= 1 for run in runs)
    assert set(runs[0].measures) == {"val_loss", "train_accuracy", "epoch"}


def test_the_best_run_is_repeated_by_the_command_that_is_told(capsys, elsewhere):
    options = ["--optimizer", "sgd,adam", "--momentum", "0.5", "--schedule", "cosine,step"]
    assert main([*FAST, *options, "--early-stopping", "1,2", "--out", "out"]) == 0
    out = capsys.readouterr().out
    command = next(line for line in out.splitlines() if line.startswith("the best again: "))
    words = shlex.split(command.removeprefix("the best again: "))
    assert words[:2] == ["tinygrad-edu", "train"]
    assert main([*words[1:], "--out", "again"]) == 0
    capsys.readouterr()
    metrics = json.loads((elsewhere / "again" / "metrics.json").read_text())["models"][0]
    best = read_runs("out/runs.jsonl").best
    assert metrics["val_accuracy"] == best.score
    assert metrics["train_accuracy"] == best.measures["train_accuracy"]


@pytest.mark.plot
def test_the_picture_is_written(capsys, elsewhere):
    assert main([*FAST, "--out", "out"]) == 0
    assert (elsewhere / "out" / "sweep.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_rest_is_written(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert main([*FAST, "--out", "out"]) == 0
    out = capsys.readouterr().out
    assert "Left out sweep.png" in out and "tinygrad-edu[plot]" in out


def test_the_same_command_goes_on(capsys, elsewhere):
    assert main([*FAST, "--out", "out"]) == 0
    file = elsewhere / "out" / "runs.jsonl"
    before = file.read_text()
    assert main([*FAST, "--out", "out"]) == 0
    assert file.read_text() == before
    assert main([*FAST[:-1], "5", "--out", "out", "--workers", "2"]) == 0
    assert file.read_text().startswith(before) and len(read_runs(file)) == 5


def test_a_grid_has_all_combinations(elsewhere):
    options = ["--method", "grid", "--lr", "log:0.01:1:3", "--reg", "0", "1e-4", "--epochs", "1"]
    assert main(["sweep", "--model", "softmax", *options, "--out", "out"]) == 0
    found = [(round(p["lr"], 9), p["reg"]) for p in params_of(elsewhere)]
    assert found == [(lr, reg) for lr in (0.01, 0.1, 1) for reg in (0, 1e-4)]


def test_whole_numbers_are_searched_where_the_option_is_whole(elsewhere):
    options = ["--hidden", "log:4:64", "--batch-size", "uniform:32:64", "--epochs", "1"]
    assert main(["sweep", *options, "--n", "4", "--out", "out"]) == 0
    found = params_of(elsewhere)
    assert all(type(p["hidden"]) is int and 4 <= p["hidden"] <= 64 for p in found)
    assert all(type(p["batch_size"]) is int for p in found)
    assert all(1e-4 <= p["lr"] <= 1 for p in found)  # searched also if nobody says so


def test_options_may_stand_in_a_file(elsewhere):
    config = {"lr": [0.1, 0.2], "hidden": "8x4", "epochs": 1, "method": "grid", "seed": 3}
    (elsewhere / "sweep.json").write_text(json.dumps(config))
    assert main(["sweep", "--config", "sweep.json", "--seed", "5", "--out", "out"]) == 0
    assert [(p["lr"], p["hidden"]) for p in params_of(elsewhere)] == [(0.1, [8, 4]), (0.2, [8, 4])]
    header = json.loads((elsewhere / "out" / "runs.jsonl").read_text().splitlines()[0])
    assert header["seed"] == 5


def test_runs_that_diverge_are_told(capsys, elsewhere):
    options = ["--model", "softmax", "--reg", "10", "--lr", "1e6", "0.001", "--method", "grid"]
    assert main(["sweep", *options, "--epochs", "2", "--out", "out"]) == 0
    out = capsys.readouterr().out
    assert "1 of 2 runs done" in out and "1 failed: DivergedError" in out
    assert main(["sweep", *options[:5], "1e6", "--n", "1", "--epochs", "2", "--out", "bad"]) == 1
    out, err = capsys.readouterr()
    assert "no run is done" in err and os.path.join("bad", "runs.jsonl") in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lr", "log:0:1"], ["--lr", "'0'", "above 0"]),
        (["--lr", "log:1:0.1"], ["--lr", "low < high"]),
        (["--lr", "gauss:0:1"], ["--lr", "log:LOW:HIGH"]),
        (["--lr", "log:1"], ["--lr", "log:LOW:HIGH"]),
        (["--lr", "log:0.1:1:1"], ["--lr", "at least 2"]),
        (["--lr", "log:0.1:1", "0.5"], ["--lr", "stands alone"]),
        (["--lr", "0.1,"], ["--lr", "''"]),
        (["--reg", "log:0:1"], ["--reg", "above 0"]),
        (["--hidden", "8xx4"], ["--hidden", "whole number"]),
        (["--hidden", "log:8x4:16"], ["--hidden", "a range is of numbers"]),
        (["--optimizer", "sgd,adm"], ["--optimizer", "'adm'", "adam"]),
        (["--model", "svm", "--hidden", "8"], ["--hidden is for the MLP"]),
        (["--optimizer", "adam", "--momentum", "0.9"], ["--momentum is for sgd"]),
        (["--method", "grid", "--n", "3"], ["--n is for a random search"]),
        (["--data", "nonsense"], ["nonsense"]),
        (["--workers", "0"], ["--workers", "at least 1"]),
    ],
)
def test_bad_options_are_refused_before_anything_is_written(capsys, elsewhere, options, words):
    assert main(["sweep", *options, "--out", "out"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1, err
    for word in words:
        assert word in err
    assert not list(elsewhere.iterdir())


def test_the_directory_of_another_sweep_is_left_alone(capsys, elsewhere):
    assert main([*FAST, "--out", "out"]) == 0
    before = (elsewhere / "out" / "runs.jsonl").read_bytes()
    capsys.readouterr()
    assert main([*FAST, "--seed", "1", "--out", "out"]) == 2
    err = capsys.readouterr().err
    assert "holds another sweep, with seed 0, not 1" in err and err.count("\n") == 1
    assert main([*FAST, "--data", "mnist5k", "--out", "out"]) == 2
    assert (elsewhere / "out" / "runs.jsonl").read_bytes() == before


def test_own_data_may_be_searched(elsewhere):
    rng = np.random.default_rng(0)
    np.savez("own.npz", images=rng.random((60, 2, 3)), labels=np.arange(60) % 3)
    options = ["--data", "own.npz", "--model", "svm", "--epochs", "1", "--workers", "2"]
    assert main(["sweep", *options, "--n", "2", "--out", "out"]) == 0
    assert [p["data"] for p in params_of(elsewhere)] == ["own.npz"] * 2


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT")
def test_ctrl_c_says_how_to_go_on(elsewhere):
    command = [sys.executable, "-m", "tinygrad_edu", "sweep", "--n", "4", "--workers", "2"]
    options = ["--epochs", "1,1000000", "--hidden", "8", "--seed", "1", "--out", "out"]
    process = subprocess.Popen(
        [*command, *options], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    file, limit = elsewhere / "out" / "runs.jsonl", time.monotonic() + 50
    try:
        while not file.exists():
            assert time.monotonic() < limit and process.poll() is None
            time.sleep(0.05)
        time.sleep(1)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "interrupted: " in err and "of 4 runs are done" in err
    assert "go on with the same command" in err and "Traceback" not in err
    read_runs(file)
