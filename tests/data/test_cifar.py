"""Your own CIFAR-10: both versions, and pickles that would run a program."""

from __future__ import annotations

import os
import pickle
import struct

import numpy as np
import pytest

from tinygrad_edu.data import DataError, load, load_cifar10

RNG = np.random.default_rng(0)
NAMES = [*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]
DATA = {name: RNG.integers(0, 256, (4, 3072), np.uint8) for name in NAMES}
LABELS = {name: RNG.integers(0, 10, 4).tolist() for name in NAMES}
VERSIONS = ["python 2", "python 3", "python 3.4", "python 3.8", "binary"]


def python_2(array: np.ndarray, labels: list[int]) -> bytes:
    """The opcodes that Python 2 wrote for {'data': array, 'labels': labels}, by hand.

    Its strings are bytes, SHORT_BINSTRING and BINSTRING, which `pickle.dumps` no longer writes.
    """

    def text(content: bytes) -> bytes:
        if len(content) < 256:
            return b"U" + bytes([len(content)]) + content
        return b"T" + struct.pack("<i", len(content)) + content

    integer = lambda k: b"J" + struct.pack("<i", k)
    shape = b"(" + b"".join(map(integer, array.shape)) + b"t"
    dtype = (
        b"cnumpy\ndtype\n(" + text(b"u1") + integer(0) + integer(1) + b"tR"
        b"(" + integer(3) + text(b"|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
    )  # fmt: skip
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(" + integer(0) + b"t"
    made += text(b"b") + b"tR"
    state = b"(" + integer(1) + shape + dtype + b"\x89" + text(array.tobytes()) + b"tb"
    numbers = b"](" + b"".join(map(integer, labels)) + b"e"
    return (
        b"\x80\x02}(" + text(b"data") + made + state + text(b"labels") + numbers
        + text(b"batch_label") + text(b"testing batch 1 of 1") + b"u."
    )  # fmt: skip


def content(version: str, name: str) -> bytes:
    data, labels = DATA[name], LABELS[name]
    if version == "binary":
        return np.insert(data, 0, labels, axis=1).tobytes()
    if version == "python 2":
        return python_2(data, labels)
    batch = {b"data": data, b"labels": labels, b"filenames": [b"a.png"] * 4}
    return pickle.dumps(batch, {"python 3": 2, "python 3.4": 4, "python 3.8": 5}[version])


def write(folder, version="binary", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        ending = ".bin" if version == "binary" else ""
        made = changes.get(name, content(version, name))
        if made is not None:
            (folder / f"{name}{ending}").write_bytes(made)
    return folder


@pytest.mark.parametrize("version", VERSIONS)
def test_versions(tmp_path, version):
    splits = load_cifar10(write(tmp_path, version), validation=3)
    assert splits.name == "cifar10" and splits.image_shape == (3, 32, 32)
    assert splits.classes[0] == "airplane" and splits.classes[9] == "truck"
    assert splits.num_classes == 10
    rows = np.concatenate([DATA[name] for name in NAMES[:-1]]) / np.float32(255)
    labels = [label for name in NAMES[:-1] for label in LABELS[name]]
    np.testing.assert_array_equal(splits.x_train, rows[:17])
    np.testing.assert_array_equal(splits.x_val, rows[17:])
    assert [*splits.y_train, *splits.y_val] == labels
    np.testing.assert_array_equal(splits.x_test, DATA["test_batch"] / np.float32(255))
    assert splits.y_test.tolist() == LABELS["test_batch"]
    assert splits.x_train.dtype == np.float32 and splits.y_train.dtype == np.int64


@pytest.mark.parametrize(
    ("version", "inside"), [("python 2", "cifar-10-batches-py"), ("binary", "cifar-10-batches-bin")]
)
def test_the_folder_around_it_does_as_well(tmp_path, monkeypatch, version, inside):
    write(tmp_path / inside, version)
    assert len(load_cifar10(str(tmp_path), validation=3).y_val) == 3
    monkeypatch.setattr(load_cifar10, "__kwdefaults__", {"validation": 2})
    assert len(load(tmp_path).y_val) == 2


# ------------------------------------------------------------------------------ unsafe pickles


class Program:
    """What unpickles by calling a function: here one that leaves a trace."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
@pytest.mark.parametrize("function", ["mkdir", "eval", "open"])
def test_a_pickle_that_runs_a_program_is_refused(tmp_path, protocol, function):
    trace = tmp_path / "trace"
    program = {
        "mkdir": Program(os.mkdir, str(trace)),
        "eval": Program(eval, f"__import__('os').mkdir({str(trace)!r})"),
        "open": Program(open, str(trace), "w"),
    }[function]
    for bad in (program, {b"data": DATA["test_batch"], b"labels": [program]}):
        folder = write(tmp_path / "set", "python 3", data_batch_2=pickle.dumps(bad, protocol))
        with pytest.raises(DataError, match="could run a program, so it is not read") as caught:
            load_cifar10(folder, validation=3)
        assert str(caught.value).startswith(f"{folder / 'data_batch_2'}: ")
        assert function in str(caught.value)
    assert not trace.exists()


@pytest.mark.parametrize("name", ["numpy.load", "numpy.lib.npyio.load", "numpy.core.multiarray.x"])
def test_other_names_of_numpy_are_refused(tmp_path, name):
    module, _, attribute = name.rpartition(".")
    bad = b"\x80\x02c" + module.encode() + b"\n" + attribute.encode() + b"\n."
    with pytest.raises(DataError, match=f"the pickle asks for {name}"):
        load_cifar10(write(tmp_path, "python 3", data_batch_1=bad), validation=3)


def test_other_codecs_are_refused(tmp_path):
    bad = b"\x80\x02c_codecs\nencode\n(X\x01\x00\x00\x00aX\x05\x00\x00\x00rot13tR."
    with pytest.raises(DataError, match="codec 'rot13', which is not allowed"):
        load_cifar10(write(tmp_path, "python 3", data_batch_1=bad), validation=3)


# ------------------------------------------------------------------------------ bad files


def dumped(**changes):
    batch = {"data": DATA["test_batch"], "labels": LABELS["test_batch"], **changes}
    return pickle.dumps({k.encode(): v for k, v in batch.items() if v is not None}, 2)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"", "corrupt or truncated"),
        (b"no pickle", "corrupt or truncated"),
        (dumped()[:-300], "corrupt or truncated"),
        (pickle.dumps([1, 2], 2), "holds a list, expected a dict"),
        (dumped(data=None), "data is missing"),
        (dumped(data=DATA["test_batch"].astype(np.float32)), "data is float32"),
        (dumped(data=DATA["test_batch"][:, 1:]), r"data is uint8 \(4, 3071\)"),
        (dumped(data=np.array([None])), "data is object"),
        (dumped(labels=None), "labels are missing"),
        (dumped(labels=[0, 1, 2, 10]), "no list of integers 0 .. 9"),
        (dumped(labels=[0, 1, 2, 10**40]), "no list of integers 0 .. 9"),
        (dumped(labels=[0, 1, 2, "cat"]), "no list of integers 0 .. 9"),
        (dumped(labels=[0, 1, 2]), r"4 images but 3 labels"),
    ],
)
def test_bad_pickles(tmp_path, bad, said):
    with pytest.raises(DataError, match=said) as caught:
        load_cifar10(write(tmp_path, "python 3", test_batch=bad), validation=3)
    assert str(caught.value).startswith(str(tmp_path)) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (b"", "its 0 bytes are not records of 3073"),
        (bytes(3072), "its 3072 bytes are not records of 3073"),
        (bytes([11]) + bytes(3072), r"labels lie in 0 \.\. 11, expected integers 0 \.\. 9"),
    ],
)
def test_bad_binaries(tmp_path, bad, said):
    folder = write(tmp_path, "binary", data_batch_3=bad, data_batch_1=bytes(3073))
    with pytest.raises(DataError, match=said):
        load_cifar10(folder, validation=3)


@pytest.mark.parametrize("version", ["python 2", "binary"])
def test_missing_batches(tmp_path, version):
    with pytest.raises(DataError, match=r"test_batch(.bin)?: no such file"):
        load_cifar10(write(tmp_path, version, test_batch=None))
    with pytest.raises(DataError, match="has no file data_batch_1"):
        load_cifar10(tmp_path / "..")
    with pytest.raises(DataError, match="no such folder"):
        load_cifar10(tmp_path / "nowhere")
