"""`tinygrad-edu train`: rules, schedules, early stopping, a file of options, and resuming."""

import json
import math
import os
import signal
import subprocess
import sys
from collections import namedtuple

import numpy as np
import pytest

from tinygrad_edu.cli import main

FAST = ["train", "--model", "softmax", "--epochs", "4", "--out", "run"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in an empty directory, in which nothing may be left behind."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(folder, name="metrics.json"):
    return json.loads((folder / name).read_text())


def history(folder, model="softmax"):
    return next(e for e in read(folder)["models"] if e["model"] == model)["history"]


def refuses(capsys, folder, *options, words):
    """Exit code 2, one line on stderr that holds the words, no new file."""
    before = sorted(folder.rglob("*"))
    assert main(["train", *options]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    for word in words:
        assert word in err
    assert sorted(folder.rglob("*")) == before


# ---------------------------------------------------------------- rules, schedules, stopping


@pytest.mark.parametrize("rule", ["sgd", "rmsprop", "adagrad", "adam", "adamw", "nadam"])
def test_every_rule_learns(elsewhere, rule):
    assert main([*FAST, "--optimizer", rule]) == 0
    settings = read(elsewhere / "run", "settings.json")["softmax"]
    assert settings["optimizer"] == rule
    losses = [epoch["train_loss"] for epoch in history(elsewhere / "run")]
    assert losses[-1] < losses[0] < 1.2 * math.log(10)
    # Those of PyTorch, but for SGD, whose rate is tuned to the data.
    rates = {"rmsprop": 1e-3, "adagrad": 1e-2, "adam": 1e-3, "adamw": 1e-3, "nadam": 2e-3}
    assert settings["lr"] == rates.get(rule, 0.3)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        ("constant", [1, 1, 1, 1, 1, 1]),
        ("cosine", [(1 + math.cos(math.pi * k / 6)) / 2 for k in range(6)]),
        ("step", [1, 1, 0.1, 0.1, 0.01, 0.01]),
        ("exponential", [0.01 ** (k / 6) for k in range(6)]),
        ("plateau", [1, 1, 1, 1, 1, 1]),  # it goes down all the time
    ],
)
def test_every_schedule(elsewhere, schedule, rates):
    assert main([*FAST, "--schedule", schedule, "--epochs", "6", "--lr", "0.1"]) == 0
    told = [epoch["lr"] for epoch in history(elsewhere / "run")]
    np.testing.assert_allclose(told, 0.1 * np.array(rates), rtol=1e-12)


def test_early_stopping_keeps_the_best(elsewhere, capsys):
    options = ["--model", "mlp", "--hidden", "64", "--lr", "1.0", "--momentum", "0.95"]
    command = ["train", *options, "--epochs", "60", "--early-stopping", "3", "--out", "run"]
    assert main(command) == 0
    entry = read(elsewhere / "run")["models"][0]
    losses = [epoch["val_loss"] for epoch in entry["history"]]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3 < 60
    assert entry["kept_epoch"] == best + 1
    assert entry["val_accuracy"] == entry["history"][best]["val_accuracy"]
    assert f"mlp     stopped after epoch {len(losses)}: val_loss was best in epoch {best + 1}" in (
        capsys.readouterr().out
    )


def test_options_that_do_not_go_together(capsys, elsewhere):
    momentum = ["--optimizer", "adam", "--momentum", "0.5"]
    refuses(capsys, elsewhere, *momentum, words=["--momentum", "adam"])
    refuses(capsys, elsewhere, "--optimizer", "adan", words=["--optimizer", "adam"])
    refuses(capsys, elsewhere, "--schedule", "cosin", words=["--schedule", "cosine"])
    refuses(capsys, elsewhere, "--early-stopping", "0", words=["--early-stopping", "at least 1"])


# ------------------------------------------------------------------------ a file of options

TOML = 'model = "mlp"\nhidden = [12, 7]\nearly-stopping = 9\nepochs = 2\nlr = 0.05\nreg = 0\n'
JSON = {"model": "mlp", "hidden": [12, 7], "early_stopping": 9, "epochs": 2, "lr": 0.05, "reg": 0}


@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_file_of_options(elsewhere, kind):
    if kind == "toml" and sys.version_info < (3, 11):
        pytest.skip("TOML needs Python 3.11")
    text = TOML if kind == "toml" else json.dumps({**JSON, "seed": None})
    (elsewhere / f"my.{kind}").write_text(text)
    assert main(["train", "--config", f"my.{kind}", "--lr", "0.07", "--out", "run"]) == 0
    settings = read(elsewhere / "run", "settings.json")
    assert list(settings) == ["mlp"]
    chosen = settings["mlp"]
    assert (chosen["hidden"], chosen["early_stopping"], chosen["epochs"]) == ([12, 7], 9, 2)
    assert chosen["reg"] == 0
    assert chosen["lr"] == 0.07  # the command line comes first
    assert chosen["batch_size"] == 64  # the default


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"learning_rate": 1}', ["my.json", "unknown key 'learning_rate'"]),
        ('{"epoch": 1}', ["unknown key 'epoch'", "did you mean epochs?"]),
        ('{"resume": "run"}', ["unknown key 'resume'"]),
        ('{"config": "my.json"}', ["unknown key 'config'"]),
        ('{"lr": 0}', ["my.json: lr", "above 0"]),
        ('{"lr": "fast"}', ["my.json: lr", "'fast'"]),
        ('{"lr": [1, 2]}', ["my.json: lr", "several"]),
        ('{"lr": {}}', ["my.json: lr", "dict"]),
        ('{"epochs": true}', ["my.json: epochs", "bool"]),
        ('{"epochs": 1.5}', ["my.json: epochs", "whole number"]),
        ('{"hidden": [8, 0]}', ["my.json: hidden", "at least 1"]),
        ('{"hidden": []}', ["my.json: hidden", "empty"]),
        ('{"optimizer": "adan"}', ["my.json: optimizer", "'adan'", "adamw"]),
        ('{"out": 7, "data": "minst"}', ["minst"]),
        ("[1, 2]", ["my.json", "list"]),
        ('{"lr": 1,}', ["my.json", "line 1"]),
        ("", ["my.json"]),
    ],
)
def test_a_bad_file_of_options(capsys, elsewhere, text, words):
    (elsewhere / "my.json").write_text(text)
    refuses(capsys, elsewhere, "--config", "my.json", words=words)


def test_a_file_of_options_that_cannot_be_read(capsys, elsewhere, monkeypatch):
    refuses(capsys, elsewhere, "--config", "none.json", words=["none.json", "No such file"])
    (elsewhere / "bytes.json").write_bytes(b"\xff\xfe\x00")
    refuses(capsys, elsewhere, "--config", "bytes.json", words=["bytes.json", "can't be read"])
    (elsewhere / "my.toml").write_text("lr = 0.1")
    version = namedtuple("version", "major minor")(3, 10)
    monkeypatch.setattr("tinygrad_edu.cli.config.sys.version_info", version)
    refuses(capsys, elsewhere, "--config", "my.toml", words=["Python 3.11", "JSON"])


def test_bad_toml(capsys, elsewhere):
    pytest.importorskip("tomllib")
    (elsewhere / "my.toml").write_text("lr = = 1")
    refuses(capsys, elsewhere, "--config", "my.toml", words=["my.toml", "line 1"])


# ------------------------------------------------------------------------ resuming

JOB = ["--hidden", "8", "--epochs", "12", "--optimizer", "adam", "--schedule", "cosine"]
JOB += ["--early-stopping", "50", "--seed", "3"]


def start(*options):
    """A process of the command that saves every 50 ms."""
    script = (
        "import sys\n"
        "from tinygrad_edu.training import run\n"
        "from tinygrad_edu.cli import main\n"
        "run.SECONDS = 0.05\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", script, "train", *options], **pipes)


def ended(*options):
    """Let a process of the command end: one like those that are stopped, with as many threads."""
    with start(*options) as process:
        _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")


def stopped(text, number):
    """Run the job until it prints a text, then send it a signal; return what it complained of."""
    with start(*JOB, "--out", "run") as process:
        for line in process.stdout:
            if line.startswith(text):
                process.send_signal(number)
                break
        _, err = process.communicate(timeout=60)
    return process.returncode, err


def results(folder):
    """All files of a run, without the seconds."""
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    metrics = json.loads(files.pop("metrics.json"))
    for entry in metrics["models"]:
        assert entry.pop("seconds") > 0
    return {**files, "metrics": metrics}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    ended(*JOB, "--out", str(folder))
    return results(folder)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
def test_a_killed_job_goes_on_and_ends_alike(elsewhere, whole):
    code, _ = stopped("mlp     epoch  7", signal.SIGKILL)
    assert code == -9
    ended("--resume", "run")
    assert results(elsewhere / "run") == whole


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole process groups only")
def test_ctrl_c_tells_how_to_go_on(elsewhere, whole):
    code, err = stopped("softmax epoch  3", signal.SIGINT)
    assert code == 130
    assert err == (
        "tinygrad-edu: error: interrupted; what was finished is in run; "
        "go on with: tinygrad-edu train --resume run\n"
    )
    assert [e["model"] for e in read(elsewhere / "run")["models"]] == ["svm"]
    assert read(elsewhere / "run")["unfinished"]["model"] == "softmax"
    ended("--resume", "run")
    assert results(elsewhere / "run") == whole


def test_what_cannot_be_resumed(capsys, elsewhere):
    refuses(capsys, elsewhere, "--resume", "run", words=["run", "no such directory"])
    (elsewhere / "empty").mkdir()
    refuses(capsys, elsewhere, "--resume", "empty", words=["empty", "no run was interrupted"])
    assert main(FAST) == 0
    capsys.readouterr()
    refuses(capsys, elsewhere, "--resume", "run", words=["run", "has ended"])
    refuses(capsys, elsewhere, "--resume", "run", "--lr", "1", words=["--lr", "run"])
    note = elsewhere / "broken" / "checkpoints" / "job.json"
    note.parent.mkdir(parents=True)
    for text in ('{"data": "digi', "{}", "[]", '{"models": {"svm": 3}}'):
        note.write_text(text)
        refuses(capsys, elsewhere, "--resume", "broken", words=["job.json", "damaged"])
