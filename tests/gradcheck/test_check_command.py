"""``tinygrad-edu check``: what it prints, writes and refuses, and how it ends."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import ops
from tinygrad_edu.cli import check, main
from tinygrad_edu.gradcheck import all_ops
from tinygrad_edu.gradcheck.samples import SAMPLES


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Work in an empty directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def script(elsewhere):
    """Write a script, and return what names something in it."""

    def write(text, name="model", file="mlp.py"):
        (elsewhere / file).write_text(text)
        return f"{file}:{name}"

    return write


def refused(arguments, capsys):
    """The one line on stderr of a command that ends with 2."""
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "Traceback" not in err
    return err


# ------------------------------------------------------------------------------ the table


def test_ops_are_listed_with_a_summary(capsys):
    assert main(["check", "--only", "exp,relu,matmul"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    head, *rows, blank, last = out.splitlines()
    assert head.split() == ["op", "verdict", "points", "kinks", "worst", "calls"]
    assert [row.split()[0] for row in rows] == ["exp", "relu", "matmul"]  # as they were asked for
    assert {row.split()[1] for row in rows} <= {"pass", "kink"}
    kinks = {row.split()[0]: row.split()[3] for row in rows}
    assert int(kinks["relu"]) > 0 and kinks["exp"] == "-"
    assert blank == "" and last.startswith("3 ops in ") and "0 fail" in last
    assert "forward and" in last


def test_what_is_left_out_on_purpose_is_told(capsys):
    assert main(["check", "--only", "hypot,exp"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "not tried" in line]
    assert len(told) == 1 and told[0].startswith("hypot: ") and "PyTorch" in told[0]


def test_a_wrong_formula_ends_with_1_and_a_report(capsys, monkeypatch):
    monkeypatch.setattr(ops.exp, "formulas", [lambda g, out, x: -g * out])
    assert main(["check", "--only", "exp,sin"]) == 1
    out, _ = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines()[1:3]] == ["fail", "pass"]
    assert "FAILED" in out and "sign" in out and "1 pass" in out and "1 fail" in out


def test_all_ops_means_all(capsys, monkeypatch):
    asked = []

    def none(only, *, seed):
        asked.append((list(only), seed))
        return iter(())

    monkeypatch.setattr(check, "check_all_ops", none)
    assert main(["check", "--all-ops", "--seed", "5"]) == 0
    assert asked == [(list(all_ops.labels()), 5)]


def test_a_name_shared_by_two_ops_stands_for_both():
    assert sorted(check.read_names("div")) == ["rounded_quotient", "true_divide"]
    assert check.read_names("gelu,gelu_tanh, exp") == ["gelu", "gelu_tanh", "exp"]


def test_json(capsys, elsewhere):
    assert main(["check", "--only", "exp,amax", "--json", "out.json", "--seed", "4"]) == 0
    data = json.loads((elsewhere / "out.json").read_text())
    assert data["seed"] == 4 and data["interrupted"] is False and data["seconds"] >= 0
    assert [op["op"] for op in data["ops"]] == ["exp", "amax"]
    assert sum(data["verdicts"].values()) == 2
    assert len(data["ops"][1]["reports"]) == len(SAMPLES["amax"])
    first = data["ops"][0]["reports"][0]
    assert first["verdict"] == "pass"


def test_ctrl_c_prints_what_is_done(capsys, monkeypatch, elsewhere):
    real = check.check_all_ops

    def stopped(only, *, seed):
        yield from real(["exp", "sin"], seed=seed)
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "check_all_ops", stopped)
    assert main(["check", "--all-ops", "--json", "part.json"]) == 130
    out, err = capsys.readouterr()
    assert "2 ops in" in out and "exp" in out and "sin" in out
    assert "interrupted after 2 of" in err
    assert json.loads((elsewhere / "part.json").read_text())["interrupted"] is True


def test_ops_without_samples_fail(capsys, monkeypatch):
    monkeypatch.delitem(SAMPLES, "erf")
    assert main(["check", "--only", "exp,erf"]) == 1
    assert "no sample inputs for: erf" in capsys.readouterr().err
    assert main(["check", "--only", "exp"]) == 0


def test_the_counter_is_for_terminals(capsys, monkeypatch):
    monkeypatch.setattr("tinygrad_edu.cli.race.REFRESH", -1.0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["check", "--only", "exp,sin"]) == 0
    err = capsys.readouterr().err
    assert "checking: op 1 of 2" in err and err.endswith("\r")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["SCRIPT.py:NAME", "--all-ops"]),
        (["mlp.py:model", "--all-ops"], ["either"]),
        (["--only", "matmull"], ["'matmull'", "matmul"]),
        (["--only", "floor_divide"], ["floor_divide", "formula"]),
        (["--only", ""], ["''"]),
        (["--only", "exp", "--json", "."], ["--json"]),
        (["--only", "exp", "--json", "nowhere/out.json"], ["nowhere"]),
        (["--all-ops", "--seed", "-1"], ["--seed", "at least 0"]),
        (["--all-ops", "--seed", "x"], ["--seed", "whole number"]),
    ],
)
def test_bad_options(arguments, words, capsys):
    err = refused(arguments, capsys)
    assert all(word in err for word in words), err


@pytest.mark.parametrize("module", ["tinygrad_edu", "tinygrad_edu.gradcheck"])
def test_as_a_module(module, elsewhere):
    words = ["check"] if module == "tinygrad_edu" else []
    command = [sys.executable, "-m", module, *words, "--only", "exp"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=elsewhere)
    assert done.returncode == 0 and done.stderr == "" and "1 op in" in done.stdout
    assert done.stdout.splitlines()[1].startswith("exp")


# ------------------------------------------------------------------------------ a script

MLP = """\
import tinygrad_edu as tg
from tinygrad_edu import nn
tg.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3))
"""

DOUBLED = """
class Wrong(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(4, 3)
    def forward(self, x):
        return doubled(self.linear(x))

@tg.primitive
def doubled(x):
    return 2 * x

doubled.defvjp(lambda g, out, x: g)
"""


def test_a_model(script, capsys):
    assert main(["check", script(MLP)]) == 0
    out, err = capsys.readouterr()
    assert err == "" and len(out.splitlines()) <= 25
    for name in ("0.weight", "0.bias", "2.weight", "2.bias"):
        assert name in out


def test_a_wrong_model(script, capsys, elsewhere):
    assert main(["check", script(MLP + DOUBLED, "Wrong"), "--json", "out.json"]) == 1
    assert "FAILED" in capsys.readouterr().out
    assert json.loads((elsewhere / "out.json").read_text())["verdict"] == "fail"


@pytest.mark.parametrize(
    "more",
    [
        "def build(hidden=6): return nn.Sequential(nn.Linear(4, hidden), nn.Linear(hidden, 2))",
        "class build(nn.Linear):\n    def __init__(self): super().__init__(4, 2)",
        "build = model\nbatch = (tg.randn(3, 4), tg.tensor([0, 2, 1]))",
        "build = model\nbatch = tg.randn(3, 4), tg.randn(3, 3)",
        "build = model\nbatch = tg.randn(3, 4), tg.randn(3, 3)\n"
        "loss_fn = lambda out, y: ((out - y) ** 2).sum()",
    ],
)
def test_ways_to_give_a_model(script, more, capsys):
    assert main(["check", script(MLP + more, "build")]) == 0
    assert "bias" in capsys.readouterr().out


def test_the_seed_draws_the_batch(script, capsys):
    target, found = script(MLP), []
    for seed in ("1", "1", "2"):
        assert main(["check", target, "--seed", seed, "--json", "out.json"]) == 0
        found.append(json.loads(Path("out.json").read_text()))
    assert found[0] == found[1] != found[2]


def test_a_function(script, capsys):
    text = "def f(x, y): return (x * y).exp()\nimport numpy as np\n"
    text += "inputs = [np.array([0.3, -0.2]), np.array([[1.5, 2.0], [0.1, 0.2]])]\n"
    assert main(["check", script(text, "f")]) == 0
    assert "f" in capsys.readouterr().out
    wrong = "import numpy as np, tinygrad_edu as tg\n@tg.primitive\ndef f(x): return np.exp(x)\n"
    wrong += "f.defvjp(lambda g, out, x: g)\ninputs = np.array([0.3, -0.2, 1.0])\n"
    assert main(["check", script(wrong, "f")]) == 1
    assert "FAILED" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "model", ["mlp.py", "no 'model'", "no model and no function"]),
        (MLP + "loss_fn = nn.MSELoss()", "modle", ["no 'modle'; it has model\n"]),
        ("model = 3", "model", ["int", "nn.Module"]),
        ("def model(): return 3", "model", ["model()", "int"]),
        ("def model(): raise ValueError('too small')", "model", ["ValueError", "too small"]),
        ("def model(x): return x", "model", ["inputs = [...]"]),
        (MLP + "class N(nn.Linear): pass", "N", ["needs arguments", "model = N(...)"]),
        ("x = 1\n1 / 0", "model", ["line 2", "ZeroDivisionError"]),
        ("x = (", "model", ["line 1", "SyntaxError"]),
        ("import sys\nsys.exit(3)", "model", ["line 2", "__main__"]),
        ("from tinygrad_edu import nn\nmodel = nn.ReLU()", "model", ["no Linear", "batch"]),
        (MLP + "batch = 3", "model", ["batch", "pair"]),
    ],
)
def test_bad_scripts(script, text, name, words, capsys):
    err = refused([script(text, name)], capsys)
    assert all(word in err for word in words), err


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("none.py:model", ["none.py", "no such file"]),
        ("mlp.py", ["mlp.py:model"]),
        ("mlp.py:", ["mlp.py:model"]),
        ("mlp.py:a b", ["say what to check"]),
        (".:model", ["directory"]),
        ("data.txt:model", [".py"]),
    ],
)
def test_bad_targets(script, target, words, capsys):
    script("", file="mlp.py")
    script("", file="data.txt")
    err = refused([target], capsys)
    assert all(word in err for word in words), err


def test_a_script_is_imported_and_leaves_no_trace(script, elsewhere, capsys):
    (elsewhere / "beside_the_script.py").write_text("width = 4\n")
    text = "import beside_the_script, sys\n" + MLP.replace(
        "Linear(4, 5)", "Linear(beside_the_script.width, 5)"
    )
    text += "assert __name__ != '__main__' and sys.argv[1:] == []\n"
    before = sys.path[:], sys.argv[:]
    target = script(text, file="numpy.py")  # which must not take NumPy's place
    try:
        assert main(["check", target]) == 0
    finally:
        sys.modules.pop("beside_the_script", None)
    assert before == (sys.path, sys.argv)
    assert sys.modules["numpy"] is np and "checked_numpy" not in sys.modules
