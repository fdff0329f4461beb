"""Your own MNIST: idx files, plain and packed, Keras's npz, and every way they can be wrong."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from tinygrad_edu.data import DataError, load, load_mnist, read_idx

RNG = np.random.default_rng(0)
IMAGES = {"train": RNG.integers(0, 256, (40, 5, 4), np.uint8)}
IMAGES["t10k"] = RNG.integers(0, 256, (10, 5, 4), np.uint8)
LABELS = {"train": (np.arange(40) % 10).astype(np.uint8), "t10k": np.arange(10, dtype=np.uint8)}
CODES = {"|u1": 0x08, "|i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def idx(array: np.ndarray) -> bytes:
    """The format as its page describes it."""
    header = struct.pack(">HBB", 0, CODES[array.dtype.str], array.ndim)
    return header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def write_folder(folder, dot="-", packed=False):
    folder.mkdir(parents=True, exist_ok=True)
    for part in IMAGES:
        for kind, array in (("images", IMAGES[part]), ("labels", LABELS[part])):
            content = idx(array)
            name = f"{part}-{kind}{dot}idx{array.ndim}-ubyte" + (".gz" if packed else "")
            (folder / name).write_bytes(gzip.compress(content) if packed else content)
    return folder


def write_npz(path, **changes):
    arrays = {
        "x_train": IMAGES["train"], "y_train": LABELS["train"],
        "x_test": IMAGES["t10k"], "y_test": LABELS["t10k"],
    }  # fmt: skip
    arrays.update(changes)
    np.savez(path, **{key: array for key, array in arrays.items() if array is not None})
    return path


def check(splits, name):
    assert splits.name == name and splits.image_shape == (5, 4)
    assert splits.classes == tuple("0123456789")
    rows = IMAGES["train"].reshape(40, 20) / np.float32(255)
    np.testing.assert_array_equal(splits.x_train, rows[:33])
    np.testing.assert_array_equal(splits.x_val, rows[33:])
    np.testing.assert_array_equal(splits.y_train, LABELS["train"][:33])
    np.testing.assert_array_equal(splits.y_val, LABELS["train"][33:])
    np.testing.assert_array_equal(splits.x_test, IMAGES["t10k"].reshape(10, 20) / np.float32(255))
    np.testing.assert_array_equal(splits.y_test, LABELS["t10k"])
    assert splits.x_train.dtype == np.float32 and splits.y_test.dtype == np.int64


# ------------------------------------------------------------------------------ good files


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("inside", ["", "MNIST/raw", "raw"])
def test_folder(tmp_path, packed, dot, inside):
    write_folder(tmp_path / inside, dot, packed)
    check(load_mnist(tmp_path, validation=7), "mnist")


def test_npz(tmp_path):
    check(load_mnist(str(write_npz(tmp_path / "digits.npz")), validation=7), "digits")


def test_load_finds_the_reader(tmp_path, monkeypatch):
    monkeypatch.setattr(load_mnist, "__kwdefaults__", {"validation": 7})
    check(load(write_folder(tmp_path / "folder")), "mnist")
    check(load(str(write_npz(tmp_path / "own.npz"))), "own")


@pytest.mark.parametrize("dtype", CODES)
def test_idx_of_every_type(tmp_path, dtype):
    array = RNG.integers(-100 if dtype != "|u1" else 0, 100, (2, 3, 4)).astype(dtype)
    path = tmp_path / "numbers"
    path.write_bytes(idx(array))
    found = read_idx(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == np.dtype(dtype).newbyteorder("=") and found.dtype.isnative
    assert found.flags.writeable


# ------------------------------------------------------------------------------ bad files

GOOD = idx(IMAGES["train"])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty (0 bytes); copy or download it again"),
        (b"\0\0", "is not an idx file"),
        (b"P5 28 28 255 pixels", "is not an idx file"),
        (b"\0\0\x07\x03" + GOOD[4:], "is not an idx file"),
        (GOOD[:9], "the file is truncated, its header ends early"),
        (GOOD[:-1], "corrupt or truncated, 799 bytes follow a header that announces uint8 of"),
        (GOOD + b"\0", "corrupt or truncated, 801 bytes follow"),
        (gzip.compress(GOOD)[:-20], "the gzip file is corrupt or truncated"),
        (b"\x1f\x8b" + b"noise" * 9, "the gzip file is corrupt or truncated"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "corrupt or truncated, 0 bytes follow"),
    ],
)
def test_damaged_idx(tmp_path, content, said):
    write_folder(tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(content)
    for read in (lambda: read_idx(path), lambda: load_mnist(tmp_path, validation=7)):
        with pytest.raises(DataError) as caught:
            read()
        assert str(caught.value).startswith(f"{path}: ") and said in str(caught.value)
        assert "\n" not in str(caught.value)


def test_flipped_bits_in_gzip(tmp_path):
    path = tmp_path / "images.gz"
    content = bytearray(gzip.compress(GOOD))
    for place in range(12, len(content), 37):
        damaged = content.copy()
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="corrupt or truncated"):
            read_idx(path)


def test_missing_files(tmp_path):
    with pytest.raises(DataError, match=r"nowhere: no such folder; check the path"):
        load_mnist(tmp_path / "nowhere")
    with pytest.raises(DataError, match="has no file train-images-idx3-ubyte"):
        load_mnist(tmp_path)
    write_folder(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError, match="has no file t10k-labels-idx1-ubyte, nor one"):
        load_mnist(tmp_path, validation=7)
    with pytest.raises(DataError, match=r"nowhere.npz: no such file"):
        load_mnist(tmp_path / "nowhere.npz")
    with pytest.raises(DataError, match="is a directory"):
        read_idx(tmp_path)


def test_labels_in_place_of_images(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").write_bytes(idx(LABELS["train"]))
    with pytest.raises(DataError, match=r"\(training part\): images have shape \(40,\)"):
        load_mnist(tmp_path, validation=7)


@pytest.mark.parametrize("validation", [0, 40, -1, 2.5, None])
def test_validation_must_leave_something(tmp_path, validation):
    with pytest.raises(DataError, match="give a whole number from 1 to 39"):
        load_mnist(write_folder(tmp_path), validation=validation)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"y_test": None}, "has no array 'y_test', it holds 'x_train', 'y_train', 'x_test'"),
        ({"y_train": LABELS["train"][1:]}, r"\(training part\): 40 images but 39 labels"),
        ({"x_test": IMAGES["t10k"][:, 1:]}, "take both from the same set"),
        ({"y_test": LABELS["t10k"] + 5}, r"labels lie in 5 \.\. 14, expected integers 0 \.\. 9"),
        ({"y_train": LABELS["train"] + 1}, r"\(training part\): labels go up to 10 but none is 0"),
        ({"y_test": np.array(list("abcdefghij"))}, "<U1 labels"),
        ({"y_train": LABELS["train"] + 0.5}, "not integers"),
        ({"x_train": IMAGES["train"] * 2.0 + np.nan}, "hold NaN"),
        ({"x_train": IMAGES["train"].astype(object)}, "not an .npz archive of number arrays"),
    ],
)
def test_bad_npz(tmp_path, changes, said):
    path = write_npz(tmp_path / "own.npz", **changes)
    with pytest.raises(DataError, match=said) as caught:
        load_mnist(path, validation=7)
    assert str(caught.value).startswith(str(path))


def test_damaged_npz(tmp_path):
    path = write_npz(tmp_path / "own.npz")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="corrupt or truncated"):
        load_mnist(path)
