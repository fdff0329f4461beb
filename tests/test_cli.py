"""The command line: what it prints, what it refuses, and how it ends."""

import json
import os
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

from tinygrad_edu import __version__
from tinygrad_edu.cli import main
from tinygrad_edu.cli.options import BAD_INPUT

SHORT = ["train", "--epochs", "2", "--hidden", "8"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in an empty directory, in which nothing may be left behind."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def arrays(**changes):
    rng = np.random.default_rng(0)
    good = {"images": rng.random((60, 2, 3)), "labels": np.arange(60) % 3}
    return {**good, **changes}


def train_refuses(capsys, folder, *options, words):
    """Exit code 2, one line on stderr that holds the words, no new file."""
    before = sorted(folder.rglob("*"))
    assert main(["train", *options]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and err.endswith("\n"), err
    assert "Traceback" not in err
    for word in words:
        assert word in err
    assert sorted(folder.rglob("*")) == before


# ------------------------------------------------------------------- good input


def test_version_and_help(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tinygrad-edu {__version__}\n"
    assert main(["--help"]) == 0
    assert "train" in capsys.readouterr().out
    assert main(["train", "--help"]) == 0
    text = capsys.readouterr().out
    for option in ("data", "model", "epochs", "batch-size", "lr", "momentum", "reg", "hidden"):
        assert f"--{option}" in text
    assert "--seed" in text and "--out" in text
    assert "learning rate" in text and "mnist5k" in text


def test_python_m_is_the_same_command():
    command = [sys.executable, "-m", "tinygrad_edu", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"tinygrad-edu {__version__}\n"


def test_train_reports_and_writes(capsys, elsewhere):
    assert main([*SHORT, "--out", "first/run"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for model in ("svm", "softmax", "mlp"):
        assert f"{model:<8}gradient check passed" in out
        assert f"{model:<8}epoch 2/2" in out
        assert f"{model:<8}test accuracy 0." in out
    assert out.index("check passed") < out.index("epoch")
    assert out.splitlines()[-1] == f"Everything is in {os.path.join('first', 'run')}"
    names = {path.name for path in (elsewhere / "first" / "run").iterdir()}
    assert names >= {"metrics.json", "settings.json", "graph.svg"}
    assert names >= {"svm.npz", "softmax.npz", "mlp.npz"}


def test_the_default_directory_is_new_each_time(elsewhere):
    for _ in range(3):
        assert main([*SHORT, "--model", "svm", "--hidden", "8"]) == 2  # refused before it is made
        assert main(["train", "--model", "svm", "--epochs", "1"]) == 0
    assert len(list((elsewhere / "runs").iterdir())) == 3
    assert len(list((elsewhere / "runs").glob("*/metrics.json"))) == 3


def test_an_own_file_is_trained(elsewhere):
    np.savez(elsewhere / "own.npz", **arrays())
    assert main([*SHORT, "--data", "own.npz", "--out", "run"]) == 0
    metrics = json.loads((elsewhere / "run" / "metrics.json").read_text())
    assert metrics["data"] == "own.npz"
    with np.load(elsewhere / "run" / "mlp.npz", allow_pickle=False) as weights:
        assert weights["0.weight"].shape == (8, 6)
        assert weights["2.weight"].shape == (3, 8)


def test_an_empty_directory_is_used(elsewhere):
    (elsewhere / "run").mkdir()
    assert main(["train", "--model", "svm", "--epochs", "1", "--out", "run"]) == 0


# -------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--lr", "0"], ["--lr", "above 0"]),
        (["--lr", "-0.1"], ["--lr", "above 0"]),
        (["--lr", "nan"], ["--lr", "finite"]),
        (["--lr", "inf"], ["--lr", "finite"]),
        (["--lr", "fast"], ["--lr", "'fast'"]),
        (["--batch-size", "0"], ["--batch-size", "at least 1"]),
        (["--batch-size", "2.5"], ["--batch-size", "whole number"]),
        (["--epochs", "0"], ["--epochs", "at least 1"]),
        (["--reg", "-1"], ["--reg", "at least 0"]),
        (["--reg", "nan"], ["--reg"]),
        (["--momentum", "1"], ["--momentum", "below 1"]),
        (["--momentum", "-0.5"], ["--momentum", "at least 0"]),
        (["--momentum", "nan"], ["--momentum"]),
        (["--hidden", "0"], ["--hidden", "at least 1"]),
        (["--hidden", "8", "-1"], ["--hidden"]),
        (["--hidden", "9" * 20], ["--hidden", "at most"]),
        (["--hidden", "8", "--model", "softmax"], ["--hidden", "softmax"]),
        (["--seed", "-1"], ["--seed", "at least 0"]),
        (["--model", "cnn"], ["--model", "cnn", "svm"]),
        (["--data", "minst"], ["minst", "mnist5k"]),
        (["--data", "missing.npz"], ["missing.npz", "no such file"]),
        (["--epoch", "3"], ["--epoch"]),  # no abbreviations: an option to come may share them
        (["--out", ""], ["output path"]),
        (["--out", "nul\0"], ["can't be written"]),
        (["--out", "x" * 5000], ["can't be written"]),
    ],
)
def test_bad_options(capsys, elsewhere, options, words):
    train_refuses(capsys, elsewhere, *options, words=words)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"labels": np.arange(59) % 3}, ["60 images", "59 labels"]),
        ({"labels": np.arange(60) % 3 + 1}, ["labels"]),
        ({"labels": np.arange(60) % 3 - 1}, ["negative"]),
        ({"labels": np.arange(60) % 3 * 0.5}, ["float64", "integers"]),
        ({"images": np.full((60, 2, 3), np.nan)}, ["NaN"]),
        ({"labels": np.array([None] * 60)}, ["pickle"]),
    ],
)
def test_bad_files(capsys, elsewhere, changes, words):
    np.savez(elsewhere / "own.npz", **arrays(**changes))
    train_refuses(capsys, elsewhere, "--data", "own.npz", words=["own.npz", *words])


def test_damaged_files(capsys, elsewhere):
    np.savez(elsewhere / "own.npz", **arrays())
    whole = (elsewhere / "own.npz").read_bytes()
    for content in (b"", b"not a zip", whole[: len(whole) // 2]):
        (elsewhere / "own.npz").write_bytes(content)
        train_refuses(capsys, elsewhere, "--data", "own.npz", words=["own.npz"])
    with zipfile.ZipFile(elsewhere / "own.npz", "w") as archive:
        archive.writestr("readme.txt", "no arrays")
    train_refuses(capsys, elsewhere, "--data", "own.npz", words=["own.npz"])


def test_a_name_with_a_line_break_stays_one_line(capsys, elsewhere):
    train_refuses(capsys, elsewhere, "--data", "two\nlines", words=["unknown data set"])


def test_bad_output_paths(capsys, elsewhere):
    (elsewhere / "file").write_text("mine")
    (elsewhere / "full").mkdir()
    (elsewhere / "full" / "mine.txt").write_text("mine")
    train_refuses(capsys, elsewhere, "--out", "file", words=["file", "is a file"])
    train_refuses(capsys, elsewhere, "--out", "full", words=["full", "not empty"])
    train_refuses(capsys, elsewhere, "--out", "file/run", words=["file", "can't be written"])


def test_a_read_only_place(capsys, elsewhere):
    closed = elsewhere / "closed"
    closed.mkdir(mode=0o500)
    if os.access(closed, os.W_OK):
        pytest.skip("this user may write everywhere")
    train_refuses(capsys, elsewhere, "--out", "closed", words=["closed", "can't be written"])
    train_refuses(capsys, elsewhere, "--out", "closed/a/b", words=["closed", "can't be written"])


def test_a_missing_command(capsys):
    assert main([]) == 2
    assert capsys.readouterr().err.count("\n") == 1


# ------------------------------------------------------------- runs that stop early


def test_a_diverging_run_names_the_learning_rate(capsys, elsewhere):
    assert main([*SHORT, "--model", "mlp", "--lr", "1e6", "--out", "run"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "diverged" in err and "learning rate 1e+06" in err
    assert not (elsewhere / "run").exists()  # not one epoch was finished


def test_what_does_not_fit_into_memory(capsys, elsewhere, monkeypatch):
    def build(*_):
        raise MemoryError("Unable to allocate 7 TiB")

    monkeypatch.setattr("tinygrad_edu.training.run.build", build)
    assert main([*SHORT, "--out", "run"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and "out of memory" in err
    assert list(elsewhere.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole process groups only")
def test_ctrl_c_leaves_what_was_finished(elsewhere):
    """The SVM is finished; the interrupt comes in the middle of the softmax classifier."""
    script = (
        "import sys\n"
        "from tinygrad_edu.training import models\n"
        "from tinygrad_edu.cli import main\n"
        "models.DEFAULTS['digits']['softmax'] = models.Settings(10**6, 64, 0.1, 0.9, 0)\n"
        "models.DEFAULTS['digits']['svm'] = models.Settings(2, 64, 0.01, 0.9, 0)\n"
        "sys.exit(main(['train', '--out', 'run']))\n"
    )
    command = [sys.executable, "-c", script]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=elsewhere, **pipes) as process:
        for line in process.stdout:
            if line.startswith("softmax epoch"):
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert err == (
        "tinygrad-edu: error: interrupted; what was finished is in run; "
        "go on with: tinygrad-edu train --resume run\n"
    )
    metrics = json.loads((elsewhere / "run" / "metrics.json").read_text())
    assert [entry["model"] for entry in metrics["models"]] == ["svm"]
    assert metrics["unfinished"]["model"] == "softmax"
    assert metrics["unfinished"]["history"][0]["epoch"] == 1
    with np.load(elsewhere / "run" / "svm.npz", allow_pickle=False) as weights:
        assert weights["0.weight"].shape == (10, 64)
    assert not list((elsewhere / "run").glob(".*"))


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error on Windows")
def test_a_reader_that_leaves_gets_no_traceback(elsewhere):
    command = [sys.executable, "-m", "tinygrad_edu", *SHORT]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=elsewhere, **pipes) as process:
        process.stdout.close()
        err = process.stderr.read()
    assert err == b""
    assert process.returncode == 1


def test_who_names_no_command_sees_which_there_are(capsys):
    assert main([]) == BAD_INPUT
    assert "{train,race,check,viz,sweep,doctor}" in capsys.readouterr().err


def test_viz_tells_what_to_draw(capsys, tmp_path):
    assert main(["viz", str(tmp_path / "net.py"), "--out", "s.html"]) == BAD_INPUT
    assert "say what to draw, as in" in (said := capsys.readouterr().err) and "net.py:loss" in said
