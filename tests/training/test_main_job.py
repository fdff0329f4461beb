"""The run directory of the main job: contents, schema, determinism, accuracy."""

import json
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest

from tinygrad_edu.data import Splits, load
from tinygrad_edu.training import CLASSIFIERS, Job, run_job, settings_for
from tinygrad_edu.training.progress import Display

KEYS = "model train_accuracy val_accuracy test_accuracy test_loss seconds gradcheck history"
EPOCH_KEYS = "epoch lr loss train_loss train_accuracy val_loss val_accuracy"
# A third of the default epochs, which keeps the tests short; the default does better.
FLOORS = [
    ("digits", "svm", 0.94),
    ("digits", "softmax", 0.95),
    ("digits", "mlp", 0.97),
    ("mnist5k", "softmax", 0.88),
    ("mnist5k", "mlp", 0.91),
]


def run(folder, data="digits", models=CLASSIFIERS, seed=0, splits=None, **options):
    """Run a job in silence; return its lines and its metrics."""
    folder.mkdir(parents=True)
    settings = {name: settings_for(data, name, **options) for name in models}
    settings = {
        n: s if s.hidden != (256,) else replace(s, hidden=(16,)) for n, s in settings.items()
    }
    lines = []
    job = Job(data, splits or load(data), settings, seed, folder)
    run_job(job, say=lines.append, show=Display)
    return lines, json.loads((folder / "metrics.json").read_text())


def without_seconds(metrics):
    models = [{k: v for k, v in entry.items() if k != "seconds"} for entry in metrics["models"]]
    return {**metrics, "models": models}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("job") / "run"
    lines, metrics = run(folder, epochs=2)
    return folder, lines, metrics


def test_the_schema_of_metrics(finished):
    _, _, metrics = finished
    assert list(metrics) == ["data", "seed", "models"]
    assert metrics["data"] == "digits" and metrics["seed"] == 0
    assert [entry["model"] for entry in metrics["models"]] == ["svm", "softmax", "mlp"]
    for entry in metrics["models"]:
        assert list(entry) == KEYS.split()
        assert list(entry["gradcheck"]) == ["passed", "max_rel_error"]
        assert entry["gradcheck"]["passed"] is True
        assert [list(epoch) for epoch in entry["history"]] == [EPOCH_KEYS.split()] * 2
        assert entry["seconds"] > 0
        assert entry["val_accuracy"] == entry["history"][-1]["val_accuracy"]


def test_the_weights_give_the_accuracy_that_was_reported(finished):
    folder, _, metrics = finished
    data = load("digits")
    for entry in metrics["models"]:
        with np.load(folder / f"{entry['model']}.npz", allow_pickle=False) as weights:
            scores = data.x_test @ weights["0.weight"].T + weights["0.bias"]
            if "2.weight" in weights:
                scores = np.maximum(scores, 0) @ weights["2.weight"].T + weights["2.bias"]
        assert (scores.argmax(axis=1) == data.y_test).mean() == entry["test_accuracy"]


def test_the_graph_is_svg_with_the_names_of_the_model(finished):
    folder, _, _ = finished
    text = (folder / "graph.svg").read_text(encoding="utf-8")
    assert ET.fromstring(text).tag == "{http://www.w3.org/2000/svg}svg"
    for name in ("images", "labels", "0.weight", "2.bias", "relu", "cross_entropy", "loss"):
        assert f">{name}</text>" in text


def test_settings_are_written(finished):
    settings = json.loads((finished[0] / "settings.json").read_text())
    assert settings["mlp"]["hidden"] == [16] and settings["svm"]["epochs"] == 2


def test_same_seed_same_result_bit_for_bit(finished, tmp_path):
    folder, _, first = finished
    _, second = run(tmp_path / "again", epochs=2)
    assert without_seconds(first) == without_seconds(second)
    for name in ("svm.npz", "softmax.npz", "mlp.npz", "graph.svg", "settings.json"):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_model_alone_is_the_model_among_others(finished, tmp_path):
    _, alone = run(tmp_path / "alone", models=["softmax"], epochs=2)
    expected = next(e for e in finished[2]["models"] if e["model"] == "softmax")
    assert alone["models"][0]["history"] == expected["history"]
    assert (tmp_path / "alone" / "graph.svg").exists()


def test_another_seed_is_another_result(finished, tmp_path):
    _, other = run(tmp_path / "other", models=["svm"], seed=1, epochs=2)
    assert other["models"][0]["history"] != finished[2]["models"][0]["history"]


@pytest.mark.plot
def test_the_pictures(finished, tmp_path):
    folder, lines, _ = finished
    for name in ("curves.png", "templates.png"):
        assert (folder / name).read_bytes().startswith(b"\x89PNG")
    assert not any("Left out" in line for line in lines)
    assert "matplotlib.pyplot" not in sys.modules
    run(tmp_path / "mlp", models=["mlp"], epochs=1)
    assert not (tmp_path / "mlp" / "templates.png").exists()  # it has none


def test_without_matplotlib_all_the_rest_is_there(tmp_path, monkeypatch):
    for name in [n for n in sys.modules if n.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    lines, _ = run(tmp_path / "run", epochs=1)
    left_out = [line for line in lines if "Left out" in line]
    assert len(left_out) == 1
    assert "tinygrad-edu[plot]" in left_out[0] and "templates.png" in left_out[0]
    names = sorted(path.name for path in (tmp_path / "run").iterdir())
    assert names == sorted(
        ["graph.svg", "metrics.json", "mlp.npz", "settings.json", "softmax.npz", "svm.npz"]
    )


@pytest.mark.parametrize("shape", [(7,), (3, 2, 2), (2, 2, 3), (2, 2, 1), (2, 1, 2, 2)])
def test_examples_of_any_shape(tmp_path, shape):
    rng = np.random.default_rng(0)
    x = rng.random((60, int(np.prod(shape))), dtype=np.float32)
    y = np.arange(60) % 12
    parts = (x[:36], y[:36], x[36:48], y[36:48], x[48:], y[48:])
    data = Splits("small", *parts, image_shape=shape, classes=tuple(map(str, range(12))))
    run(tmp_path / "run", data="own.npz", splits=data, epochs=1)


@pytest.mark.parametrize(("data", "model", "floor"), FLOORS)
def test_accuracy(tmp_path, data, model, floor):
    epochs = settings_for(data, model).epochs // 3
    options = {"hidden": (128,)} if model == "mlp" else {}
    _, metrics = run(tmp_path / "run", data, [model], epochs=epochs, **options)
    assert metrics["models"][0]["test_accuracy"] >= floor
