"""Your own ``.npz`` file: how it is split, and how bad input is refused."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.data import DataError, Splits, load, load_npz


def own(**changes):
    """Arrays of a good file: 60 images of 2x3 pixels in three classes, changed as told."""
    rng = np.random.default_rng(7)
    arrays = {
        "images": rng.integers(0, 256, size=(60, 2, 3), dtype=np.uint8),
        "labels": rng.permutation(np.repeat([0, 1, 2], [10, 20, 30])),
    }
    arrays.update(changes)
    return {key: value for key, value in arrays.items() if value is not None}


def save(folder: Path, **changes) -> Path:
    path = folder / "own.npz"
    np.savez_compressed(path, **own(**changes))
    return path


def parts(splits: Splits):
    xs = (splits.x_train, splits.x_val, splits.x_test)
    return list(zip((0, 1, 2), xs, (splits.y_train, splits.y_val, splits.y_test), strict=True))


def test_own_file_is_split_60_20_20_in_each_class(tmp_path):
    splits = load_npz(save(tmp_path))
    assert np.bincount(splits.y_train).tolist() == [6, 12, 18]
    assert np.bincount(splits.y_val).tolist() == [2, 4, 6]
    assert np.bincount(splits.y_test).tolist() == [2, 4, 6]
    assert (splits.name, splits.image_shape) == ("own", (2, 3))
    assert splits.classes == ("0", "1", "2")


def test_own_file_keeps_every_image_with_its_label(tmp_path):
    # Each image holds its own number, so the parts tell which rows they took.
    labels = own()["labels"]
    splits = load_npz(save(tmp_path, images=np.arange(60.0).reshape(60, 1)))
    taken = [x[:, 0].astype(int) for _, x, _ in parts(splits)]
    assert sorted(np.concatenate(taken)) == list(range(60))
    for rows, (_, _, y) in zip(taken, parts(splits), strict=True):
        assert (np.diff(rows) > 0).all()  # the order of the file
        np.testing.assert_array_equal(y, labels[rows])


def test_load_takes_a_path(tmp_path):
    path = save(tmp_path)
    assert load(path).name == load(str(path)).name == "own"
    upper = path.rename(tmp_path / "UPPER.NPZ")
    assert load(upper).name == "UPPER"


def test_load_passes_the_seed_on(tmp_path):
    path = save(tmp_path)
    np.testing.assert_array_equal(load(path, seed=3).x_val, load_npz(path, seed=3).x_val)
    assert not np.array_equal(load(path, seed=3).x_val, load(path, seed=4).x_val)


def test_seed_decides_the_split(tmp_path):
    path = save(tmp_path)
    np.testing.assert_array_equal(load_npz(path, seed=5).x_val, load_npz(path, seed=5).x_val)
    np.testing.assert_array_equal(load_npz(path).x_val, load_npz(path, seed=0).x_val)
    assert not np.array_equal(load_npz(path, seed=5).x_val, load_npz(path, seed=6).x_val)
    assert load_npz(path, seed=np.int64(5)).x_val.shape == (12, 6)


@pytest.mark.parametrize(("count", "train"), [(3, 1), (4, 2), (5, 3), (7, 5), (8, 4), (100, 60)])
def test_split_of_small_classes(tmp_path, count, train):
    path = save(tmp_path, images=np.zeros((2 * count, 1)), labels=np.repeat([0, 1], count))
    splits = load_npz(path)
    rest = (count - train) // 2
    assert [len(y) for _, _, y in parts(splits)] == [2 * train, 2 * rest, 2 * rest]
    assert all(np.bincount(y).tolist() == [len(y) // 2] * 2 for _, _, y in parts(splits))


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int64, np.uint64, ">i4"])
def test_integer_images_are_divided_by_255(tmp_path, dtype):
    images = own()["images"]
    images[0] = 255
    split = np.arange(60) % 3
    splits = load_npz(save(tmp_path, images=images.astype(dtype), split=split))
    expected = images.reshape(60, 6)[split == 0].astype(np.float32) / np.float32(255)
    np.testing.assert_array_equal(splits.x_train, expected)
    assert splits.x_train.dtype == np.float32


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", bool])
def test_floats_and_booleans_are_taken_as_they_are(tmp_path, dtype):
    images = np.linspace(-3, 300, 360).reshape(60, 6).astype(dtype)
    split = np.arange(60) % 3
    splits = load_npz(save(tmp_path, images=images, split=split))
    np.testing.assert_array_equal(splits.x_val, images[split == 1].astype(np.float32))
    assert splits.x_val.dtype == np.float32  # false in a foreign byte order


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32, np.uint64, ">i2"])
def test_labels_of_any_integer_dtype(tmp_path, dtype):
    splits = load_npz(save(tmp_path, labels=own()["labels"].astype(dtype)))
    assert splits.y_train.dtype == np.int64


def test_own_split_is_kept(tmp_path):
    split = np.array([2, 0, 1, 0] * 15, dtype=np.int8)
    splits = load_npz(save(tmp_path, split=split), seed=9)
    labels = own()["labels"]
    for part, _, y in parts(splits):
        np.testing.assert_array_equal(y, labels[split == part])


def test_own_split_may_hold_rare_classes(tmp_path):
    # Two of one class cannot be split by rule, but the owner of the file may place them.
    labels = np.array([0] * 58 + [1] * 2)
    assert load_npz(save(tmp_path, labels=labels, split=np.arange(60) % 3)).num_classes == 2


def test_other_arrays_in_the_file_are_left_alone(tmp_path):
    extra = np.array([{"any": "object"}], dtype=object)
    assert load_npz(save(tmp_path, note=extra)).num_classes == 3


def test_fortran_order_and_colour_images(tmp_path):
    images = np.asfortranarray(np.random.default_rng(1).random((60, 4, 4, 3)))
    splits = load_npz(save(tmp_path, images=images, split=np.arange(60) % 3))
    assert splits.image_shape == (4, 4, 3)
    np.testing.assert_array_equal(splits.x_train[1], images[3].astype(np.float32).ravel())


# ---------------------------------------------------------------------------- bad input


def refused(call, *args, **kwargs) -> str:
    """The message of the `DataError` that the call must raise: one line, no surprise."""
    with pytest.raises(DataError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400
    return message


@pytest.mark.parametrize("name", ["minst", "", "digits.csv", "DIGITS", "npz", None, 3])
def test_unknown_data_set_lists_those_known(name):
    assert refused(load, name) == (
        f"{name!r}: unknown data set; known are 'digits', 'mnist5k', "
        "or give a path that ends in .npz, or a folder of MNIST or CIFAR-10"
    )


@pytest.mark.parametrize("call", [load, load_npz])
def test_missing_file(tmp_path, call):
    path = tmp_path / "none.npz"
    assert refused(call, path).startswith(f"{path}: no such file; check the path (working dir")


@pytest.mark.parametrize("call", [load, load_npz])
def test_directory(tmp_path, call):
    path = tmp_path / "folder.npz"
    path.mkdir()
    assert refused(call, path) == f"{path}: is a directory; give the path of an .npz file"


def test_path_through_a_file(tmp_path):
    path = save(tmp_path) / "inside.npz"
    message = refused(load_npz, path)
    assert message.startswith(f"{path}: ")
    assert "cannot be opened" in message or "no such file" in message  # as the system puts it


def test_path_that_no_system_can_open():
    assert "cannot be opened (" in refused(load_npz, "a\0b.npz")


def test_file_without_the_right_to_read(tmp_path, monkeypatch):
    def denied(self, mode):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)  # a mode of 000 would not stop root
    path = tmp_path / "own.npz"
    assert refused(load_npz, path) == (
        f"{path}: cannot be opened (Permission denied); check path and rights"
    )


def write_bytes(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "own.npz"
    path.write_bytes(content)
    return path


def test_empty_file(tmp_path):
    path = write_bytes(tmp_path, b"")
    assert refused(load_npz, path) == (
        f"{path}: the file is empty (0 bytes); "
        "save it with np.savez_compressed(path, images=images, labels=labels)"
    )


def npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [b"0,1,2\n", npy(), pickle.dumps({"images": [1]}), b"P", b"\x1f\x8b\x08"],
    ids=["csv", "npy", "pickle", "one byte", "gzip"],
)
def test_not_an_archive(tmp_path, content):
    path = write_bytes(tmp_path, content)
    assert refused(load_npz, path).startswith(f"{path}: is not an .npz archive; save it with np.")


@pytest.mark.parametrize("keep", [0.01, 0.3, 0.9, 0.999])
def test_truncated_archive(tmp_path, keep):
    whole = save(tmp_path).read_bytes()
    path = write_bytes(tmp_path, whole[: max(2, int(keep * len(whole)))])
    assert refused(load_npz, path) == (
        f"{path}: the archive is corrupt or truncated; copy or download it again"
    )


def test_damage_anywhere_is_found_or_harmless(tmp_path):
    whole = save(tmp_path).read_bytes()
    rng = np.random.default_rng(3)
    found = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for place in rng.integers(2, len(whole), size=rng.integers(1, 4)):
            damaged[place] = rng.integers(256)
        try:
            splits = load_npz(write_bytes(tmp_path, bytes(damaged)))
        except DataError as err:
            found += 1
            assert "\n" not in str(err)
        else:  # bytes that nobody reads, such as the time of a member
            np.testing.assert_array_equal(splits.x_train, load_npz(save(tmp_path)).x_train)
    assert found > 100


def test_member_that_is_no_array(tmp_path):
    path = tmp_path / "own.npz"
    np.savez(path, labels=own()["labels"])
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("images", b"not an array")
    assert f"{path}: 'images' is not a NumPy array; save it with" in refused(load_npz, path)


def test_array_header_that_lies(tmp_path):
    path = tmp_path / "own.npz"
    header = io.BytesIO()
    huge = {"descr": "|u1", "fortran_order": False, "shape": (10**15, 28, 28)}
    np.lib.format.write_array_header_1_0(header, huge)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images.npy", header.getvalue())
        archive.writestr("labels.npy", npy())
    message = refused(load_npz, path)
    assert message.startswith(f"{path}: ")
    assert "does not fit into memory" in message or "corrupt or truncated" in message


@pytest.mark.parametrize("key", ["images", "labels", "split"])
def test_array_that_would_need_pickle(tmp_path, key):
    path = save(tmp_path, **{key: np.array([[1], [2, 3]] * 30, dtype=object)})
    assert refused(load_npz, path) == (
        f"{path}: '{key}' is an object array, which needs pickle (unsafe, so not read); "
        "store numbers, all images of one shape"
    )


def test_pickle_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "sprung"),)

    refused(load_npz, save(tmp_path, labels=np.array([Trap()], dtype=object)))
    assert not (tmp_path / "sprung").exists()


IMAGES, LABELS = own()["images"], own()["labels"]


def with_nan(value):
    images = IMAGES.astype(np.float64)
    images[[4, 17], 1, 2] = value
    return images


BAD = {
    "no labels": ({"labels": None}, "has no array 'labels', it holds 'images'; save it with np."),
    "no images": ({"images": None}, "has no array 'images', it holds 'labels'; save it with np."),
    "neither": (
        {"images": None, "labels": None, "x": IMAGES, "y": LABELS},
        "has no array 'images' and no array 'labels', it holds 'x', 'y'; save it with np.",
    ),
    "no arrays": ({"images": None, "labels": None}, "it holds nothing; save it with np."),
    "lengths": ({"labels": LABELS[:59]}, "60 images but 59 labels; store one label an image"),
    "empty": (
        {"images": np.zeros((0, 8, 8)), "labels": np.zeros(0)},
        "holds no data, images have shape (0, 8, 8); store at least three examples a class",
    ),
    "no pixels": ({"images": np.zeros((60, 0))}, "holds no data, images have shape (60, 0)"),
    "flat images": ({"images": np.zeros(60)}, "images have shape (60,), expected (N, ...); store"),
    "single number": ({"images": np.float32(1)}, "images have shape (), expected (N, ...)"),
    "one-hot labels": (
        {"labels": np.eye(3, dtype=int)[LABELS]},
        "labels have shape (60, 3), expected (N,); store one class number an image "
        "(one-hot rows: labels.argmax(axis=1))",
    ),
    "single label": ({"labels": np.int64(1)}, "labels have shape (), expected (N,)"),
    "float labels": (
        {"labels": LABELS.astype(np.float32)},
        "labels are float32, not integers 0 .. C-1; store labels.astype(np.int64)",
    ),
    "text labels": ({"labels": np.full(60, "cat")}, "<U3, not integers 0 .. C-1; renumber with"),
    "bool labels": ({"labels": LABELS > 0}, "labels are bool, not integers"),
    "negative label": (
        {"labels": LABELS - 1},
        "label -1 is negative; renumber with np.unique(labels, return_inverse=True)[1]",
    ),
    "labels from 1": (
        {"labels": LABELS + 1},
        "labels go up to 3 but none is 0; labels must be 0 .. C-1, each present: renumber with",
    ),
    "gap": ({"labels": LABELS + (LABELS == 2)}, "labels go up to 3 but none is 2; labels must"),
    "huge label": (
        {"labels": np.where(LABELS == 2, 2**62, LABELS)},
        f"labels go up to {2**62} but none is 2; labels must",
    ),
    "huge unsigned label": (
        {"labels": np.where(LABELS == 2, 2**64 - 1, LABELS.astype(np.uint64))},
        f"labels go up to {2**64 - 1} but none is 2; labels must",
    ),
    "one class": ({"labels": np.full(60, 5)}, "all labels are 5, and a classifier needs at least"),
    "NaN": (
        {"images": with_nan(np.nan)},
        "2 of 60 images hold NaN, inf or a number beyond float32, the first is images[4]; remove",
    ),
    "inf": ({"images": with_nan(-np.inf)}, "2 of 60 images hold NaN, inf or a number beyond"),
    "overflow": ({"images": with_nan(1e300)}, "2 of 60 images hold NaN, inf or a number beyond"),
    "text images": (
        {"images": np.full((60, 2), "a")},
        "images are <U1, not real numbers; store uint8 0 .. 255 or float32",
    ),
    "complex images": ({"images": IMAGES * 1j}, "images are complex128, not real numbers"),
    "dates": ({"images": np.zeros((60, 2), "M8[s]")}, "images are datetime64[s], not real"),
    "records": ({"images": np.zeros((60, 2), "i4,f4")}, "not real numbers; store uint8"),
    "16-bit images": (
        {"images": np.full((60, 2), 4096, np.uint16)},
        "integer images lie in 4096 .. 4096, expected 0 .. 255; scale them to [0, 1] and store "
        "them as float32",
    ),
    "negative pixels": ({"images": IMAGES.astype(int) - 300}, "expected 0 .. 255; scale them"),
    "too few": (
        {"labels": np.array([0] * 30 + [1] * 2 + [2] * 28)},
        "class 1 has too few examples to split, 2, needs 3; add examples or store your own split",
    ),
    "split length": ({"split": np.zeros(5, int)}, "split has shape (5,), expected (60,); store 0"),
    "split shape": ({"split": np.zeros((60, 1), int)}, "split has shape (60, 1), expected (60,)"),
    "split dtype": ({"split": np.arange(60) % 3 * 1.0}, "split is float64, not integers; store 0"),
    "split value": ({"split": np.arange(60) % 4}, "split holds 3; store 0 train, 1 validation, 2"),
    "split negative": ({"split": np.arange(60) % 3 - 1}, "split holds -1; store 0 train"),
    "split no train": ({"split": 1 + np.arange(60) % 2}, "split leaves the training part empty"),
    "split no val": ({"split": 2 * (np.arange(60) % 2)}, "split leaves the validation part empty"),
    "split no test": ({"split": np.arange(60) % 2}, "split leaves the test part empty; store 0"),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("case", BAD)
def test_bad_arrays(tmp_path, case):
    changes, expected = BAD[case]
    path = save(tmp_path, **changes)
    message = refused(load_npz, path)
    assert message.startswith(f"{path}: ")
    assert expected in message
    assert refused(load, path) == message


@pytest.mark.parametrize("seed", [-1, 1.5, "0", None])
def test_seed_that_is_no_seed(tmp_path, seed):
    path = save(tmp_path)
    assert refused(load_npz, path, seed=seed) == (
        f"{path}: seed {seed!r} cannot split it; give a non-negative integer"
    )
