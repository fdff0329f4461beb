"""COURSE 15, 16, 20, 21 with whole models, and the accuracies that the examples promise."""

import math
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import data, nn, optim
from tinygrad_edu.gradcheck import check_module
from tinygrad_edu.training import fit

FOLDER = Path(__file__).resolve().parents[2] / "examples/training"


def example(name):
    """The names of an example, its main not run."""
    return runpy.run_path(str(FOLDER / f"{name}.py"), run_name=name)


# ---------------------------------------------------------------- dropout, batch norm


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
def test_15_dropout_keeps_the_mean(p):
    """Of ones: mean 1, variance p / (1 - p)."""
    tg.manual_seed(15)
    layer, ones = nn.Dropout(p), tg.ones(400, 500)
    out = layer(ones).numpy()
    assert out.mean() == pytest.approx(1, abs=0.03)
    assert out.var() == pytest.approx(p / (1 - p), rel=0.05)
    np.testing.assert_array_equal(layer.eval()(ones).numpy(), 1)


def test_15_inverted_dropout_keeps_the_expected_score():
    """So nothing has to be scaled when the model is used."""
    tg.manual_seed(15)
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, 3))
    x = tg.rand(1, 8)
    thrown = np.mean([model(x).detach().numpy() for _ in range(20000)], axis=0)
    np.testing.assert_allclose(thrown, model.eval()(x).detach().numpy(), atol=0.02)


def test_16_evaluation_after_training_is_standardized():
    """Running statistics of 200 batches: the output has mean about 0 and std about 1."""
    rng = np.random.default_rng(16)
    layer, mean, std = nn.BatchNorm1d(3), np.array([5.0, -2.0, 0.0]), np.array([3.0, 0.5, 1.0])

    def batch(count):
        return tg.from_numpy((mean + std * rng.standard_normal((count, 3))).astype(np.float32))

    for _ in range(200):
        layer(batch(64))
    out = layer.eval()(batch(5000)).detach().numpy()
    np.testing.assert_allclose(out.mean(0), 0, atol=0.15)
    np.testing.assert_allclose(out.std(0), 1, atol=0.15)
    np.testing.assert_allclose(layer.running_mean.numpy(), mean, atol=0.4)


def test_16_the_documented_update():
    """running = 0.9 running + 0.1 batch; the variance of a batch is divided by n - 1 in it."""
    layer, x = nn.BatchNorm1d(2), np.array([[1.0, 10.0], [2.0, 20.0], [6.0, 60.0]], np.float32)
    layer(tg.from_numpy(x))
    np.testing.assert_allclose(layer.running_mean.numpy(), [0.3, 3.0], rtol=1e-6)
    np.testing.assert_allclose(layer.running_var.numpy(), [0.9 + 0.7, 0.9 + 70.0], rtol=1e-6)


# ---------------------------------------------------------------- generalisation


def cross_entropy(p, model):
    return -p * np.log(model) - (1 - p) * np.log(1 - model)


def test_20_which_bandits_have_the_error_of_the_slides():
    """CE(p, .3) = .29 in log10 (rounded: .285 to .295) says that p lies in [.354, .381]."""
    slope = math.log10(0.7 / 0.3)  # CE is a line in p
    low, high = ((v + math.log10(0.7)) / slope for v in (0.285, 0.295))
    assert (low, high) == (pytest.approx(0.354, abs=1e-3), pytest.approx(0.381, abs=1e-3))
    loss = nn.BCELoss()
    for p, value in ((low, 0.285), (high, 0.295)):
        nats = loss(tg.tensor([0.3], dtype=tg.float64), tg.tensor([p], dtype=tg.float64))
        assert float(nats) / math.log(10) == pytest.approx(value, abs=1e-9)


def test_20_the_training_error_flatters():
    """Ten draws with p = .3, 20,000 times: the gap is .113 nats on average, about 1 / n."""
    gaps = []
    for share in data.bandit(10, p=[0.3] * 20000, rng=20).mean(axis=0):
        # An estimate of 0 or 1 has no finite test error: kept off by half a draw.
        model = np.clip(share, 0.05, 0.95)
        gaps.append(cross_entropy(0.3, model) - cross_entropy(share, share.clip(1e-12, 1 - 1e-12)))
    assert np.mean(gaps) == pytest.approx(0.113, abs=0.004)


# ---------------------------------------------------------------- where a linear model fails


def learn(model, x, y, epochs, lr=1e-2):
    optimizer = optim.Adam(model.parameters(), lr=lr)
    rng = np.random.default_rng(0)
    history = fit(
        model, nn.CrossEntropyLoss(), optimizer, (x, y), epochs=epochs, batch_size=32, rng=rng
    )
    return max(epoch.train_accuracy for epoch in history)


def test_21_xor():
    """A line has at most three of the four corners right: 75 %."""
    tg.manual_seed(21)
    x, y = data.xor(200, rng=21)
    assert learn(nn.Linear(2, 2), x, y, epochs=30) <= 0.75
    hidden = nn.Linear(2, 8), nn.ReLU()
    assert learn(nn.Sequential(*hidden, nn.Linear(8, 2)), x, y, epochs=30) == 1.0


def test_21_the_templates_are_the_rows_of_w():
    """The image that a linear model likes best, of one length, is its row of W."""
    rng = np.random.default_rng(21)
    model = nn.Linear(5, 3, generator=rng)
    rows = model.weight.detach().numpy()
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    others = rng.standard_normal((1000, 5)).astype(np.float32)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    best, any_other = (model(tg.from_numpy(x)).detach().numpy() for x in (unit, others))
    assert (np.diag(best) > any_other.max(axis=0)).all()


# ---------------------------------------------------------------- the examples


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("digits", 0.98), ("mnist5k", 0.93)])
def test_the_accuracy_with_batch_norm_and_dropout(name, least, capsys):
    """The mean of five seeds on the test images."""
    found = example("batch_norm_and_dropout")["main"](["--data", name, "--seeds", "5"])
    assert len(set(found)) > 1 and np.mean(found) >= least
    assert f"mean{np.mean(found):20.4f}" in capsys.readouterr().out


@pytest.mark.slow
def test_where_linear_fails(capsys):
    found = example("where_linear_fails")["main"](["--seeds", "5"])
    assert list(found) == ["xor", "ring", "spiral"]
    for pairs in found.values():
        assert len(pairs) == 5
        assert all(linear <= 0.75 and mlp == 1.0 for linear, mlp in pairs)
    assert capsys.readouterr().out.count(" 100.0%") == 15


def test_the_model_of_the_example():
    """Two blocks; the bias that batch norm would undo is left out."""
    model = example("batch_norm_and_dropout")["build"](64, 10)
    kinds = [type(module).__name__ for module in model]
    assert kinds == [*(2 * ["Linear", "BatchNorm1d", "ReLU", "Dropout"]), "Linear"]
    assert model[0].bias is None and model[8].bias is not None


def test_one_short_run_of_the_example():
    digits = data.load("digits")
    names = example("batch_norm_and_dropout")
    validation, test = names["train"](digits, seed=0, epochs=4)
    assert validation > 0.93 and test > 0.93
    assert (validation, test) == names["train"](digits, seed=0, epochs=4)


@pytest.mark.parametrize("name", ["batch_norm_and_dropout", "where_linear_fails"])
def test_each_example_says_how_to_call_it(name):
    command = [sys.executable, str(FOLDER / f"{name}.py"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--seeds" in done.stdout
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert (
        re.findall(r"^    python (examples/training/\w+\.py)", text, re.M)
        == [f"examples/training/{name}.py"] * 2
    )


@pytest.mark.plot
def test_the_regions_are_drawn(tmp_path):
    names = example("where_linear_fails")
    x, y = data.xor(20, rng=0)
    models = [(nn.Linear(2, 2), 0.5), (nn.Linear(2, 2), 0.5)]
    names["draw"](tmp_path / "out", "xor", models, x, y)
    for name in ("xor_linear.png", "xor_mlp.png"):
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")


def test_the_gradients_of_the_example():
    """With batch statistics and without dropout, whose mask would be another in each evaluation."""
    tg.manual_seed(3)
    build = example("batch_norm_and_dropout")["build"]
    build.__globals__["UNITS"] = 8  # a narrow one, for time
    model = build(6, 3)
    for module in model:
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    batch = tg.randn(7, 6), tg.tensor([0, 1, 2, 0, 1, 2, 2])
    assert check_module(model, nn.CrossEntropyLoss(), batch).verdict == "pass"


def test_without_matplotlib_it_says_so_and_goes_on(tmp_path, monkeypatch, capsys):
    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    x, y = data.xor(20, rng=0)
    example("where_linear_fails")["draw"](tmp_path / "out", "xor", [(nn.Linear(2, 2), 0.5)], x, y)
    assert "[plot]" in capsys.readouterr().out and not list(tmp_path.iterdir())
