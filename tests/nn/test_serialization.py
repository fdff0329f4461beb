"""Saving and loading: every format gives back what went in, and bad files change nothing."""

import builtins
import io
import os
import pickle
import random
import signal
import stat
import struct
import subprocess
import sys
import time
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as tg
from tinygrad_edu import nn, optim
from tinygrad_edu.serialization import FileFormatError, written_at_once

try:
    import safetensors
except ImportError:
    safetensors = None

needs_safetensors = pytest.mark.skipif(
    safetensors is None, reason="needs safetensors: pip install -e '.[safetensors]'"
)
FORMATS = ["npz", pytest.param("safetensors", marks=needs_safetensors), "pt"]
every_format = pytest.mark.parametrize("format", FORMATS)
ONE_FILE = ["npz", "pt"]  # those that need no extra


def saved(obj, format):
    file = io.BytesIO()
    tg.save(obj, file, format=format)
    return file.getvalue()


def loaded(content):
    return tg.load(io.BytesIO(content))


def there_and_back(obj, format):
    return loaded(saved(obj, format))


def assert_same(actual, expected):
    """Equal in value, shape, dtype and kind, all the way down; NaN equals NaN."""
    if isinstance(expected, (tg.Tensor, np.ndarray)):
        assert isinstance(actual, tg.Tensor)
        a = actual.detach().numpy()
        b = np.asarray(expected.detach() if isinstance(expected, tg.Tensor) else expected)
        assert a.shape == b.shape and a.dtype == b.dtype.newbyteorder("=")
        assert a.tobytes() == b.astype(a.dtype).tobytes()
    elif isinstance(expected, dict):
        assert isinstance(actual, dict)
        assert list(actual) == list(expected)
        for key in expected:
            assert_same(actual[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert type(actual) is type(expected) and len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    else:
        assert type(actual) is type(expected)
        assert actual == expected or (actual != actual and expected != expected)


def model(seed=0):
    tg.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


# --------------------------------------------------------------------------- what comes back


DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


@every_format
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (1,), (2, 3), (2, 1, 3)])
def test_every_dtype_and_shape(format, dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    assert_same(there_and_back({"x": tg.tensor(array)}, format), {"x": array})


@every_format
def test_special_numbers_keep_their_bits(format):
    array = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324, np.pi])
    assert_same(there_and_back({"x": tg.tensor(array)}, format), {"x": array})


@every_format
@pytest.mark.parametrize(
    "view",
    [
        np.arange(12.0).reshape(3, 4).T,
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(12)[::-2],
        np.broadcast_to(np.float32(3), (2, 3)),
        np.arange(4, dtype=">f4"),
    ],
    ids=["transposed", "fortran", "reversed", "broadcast", "big-endian"],
)
def test_the_layout_in_memory_does_not_matter(format, view):
    back = there_and_back({"x": view}, format)["x"].numpy()
    assert np.array_equal(back, view) and back.flags.c_contiguous and back.flags.writeable
    assert back.dtype == view.dtype.newbyteorder("=") and back.dtype.isnative


@every_format
def test_what_is_loaded_can_be_written_to(format):
    back = there_and_back({"x": tg.zeros(3)}, format)["x"]
    back += 1
    assert back.tolist() == [1, 1, 1]


NESTED = {
    "model": {"0.weight": tg.tensor([[1.0, 2.0]]), "0.bias": tg.tensor(3)},
    "epoch": 7,
    "lr": 0.1,
    "name": 'é "\n\0 \ud800',
    "none": None,
    "flags": [True, False, (), [], {}],
    "betas": (0.9, 0.999),
    "state": {0: {"step": 3}, (1, 2): {None: tg.tensor([True])}, 1.5: -(2**70), True: 2**31},
    "$tuple": {"$dict": 1, "a.b": tg.tensor(1)},
    "a": {"b": tg.tensor(2)},
    "a.b": tg.tensor(3),
    "back\\slash": tg.tensor(4),
    "__metadata__": tg.tensor(5),
    "floats": [float("inf"), float("-inf"), float("nan"), -0.0, 1e-320],
    "long": 7**1000,
}


@every_format
def test_nested_plain_data(format):
    assert_same(there_and_back(NESTED, format), NESTED)


@every_format
@pytest.mark.parametrize("obj", [tg.ones(2, 3), [tg.ones(1), tg.zeros(2)], (), {}, 3, None, "a"])
def test_the_object_need_not_be_a_dict(format, obj):
    assert_same(there_and_back(obj, format), obj)


def test_pt_keeps_what_requires_a_gradient_as_in_torch():
    both = [tg.ones(2, requires_grad=True), tg.ones(2)]
    assert [x.requires_grad for x in there_and_back(both, "pt")] == [True, False]


@every_format
@pytest.mark.parametrize("dtype", ["uint16", "uint32", "uint64"])
def test_wide_unsigned_integers_go_where_they_can(format, dtype):
    array = np.array([0, np.iinfo(dtype).max], dtype)
    if format == "pt":
        with pytest.raises(TypeError, match=f"a is {dtype}.*use .npz"):
            saved({"a": array}, format)
    else:
        assert_same(there_and_back({"a": array}, format), {"a": array})


@every_format
@pytest.mark.parametrize("key", ["a\0b", "\ud800", "a\\b", "__metadata__", "a\nb"])
def test_names_that_a_format_would_change_come_back_whole(format, key):
    content = saved({key: tg.ones(1), "a": tg.zeros(1)}, format)
    assert_same(loaded(content), {key: tg.ones(1), "a": tg.zeros(1)})
    if format == "npz":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
        assert all(name.isprintable() and "\\" not in name for name in names)


@every_format
def test_a_counter_stays_one(format):
    back = there_and_back({"milestones": Counter([30, 30, 80])}, format)["milestones"]
    assert back == Counter({30: 2, 80: 1}) and back[5] == 0


@every_format
def test_numpy_scalars_become_numbers(format):
    back = there_and_back([np.float64(0.1), np.float32(0.5), np.int64(3), np.bool_(True)], format)
    assert_same(back, [0.1, 0.5, 3, True])


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(tg.ones(2)),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3)
        | st.tuples(inner, inner)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("format", ONE_FILE)
@given(obj=plain)
def test_any_plain_data(format, obj):
    assert_same(there_and_back(obj, format), obj)


@every_format
def test_the_same_data_give_the_same_bytes(format, monkeypatch):
    before = saved(NESTED, format)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(time, "localtime", lambda *_: time.struct_time((2033, 5, 18) + (0,) * 6))
    assert saved(NESTED, format) == before


@pytest.mark.parametrize("format", FORMATS)
def test_a_model_and_its_optimizer_go_on_bit_for_bit(tmp_path, format):
    x, y = tg.randn(8, 3), tg.randn(8, 2)

    def step(net, opt):
        opt.zero_grad()
        nn.MSELoss()(net(x), y).backward()
        opt.step()

    net = model()
    opt = optim.Adam(net.parameters(), lr=0.1, amsgrad=True)
    for _ in range(3):
        step(net, opt)
    path = tmp_path / f"run.{format}"
    tg.save({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 3}, path)
    other = model(seed=9)
    other_opt = optim.Adam(other.parameters(), lr=0.5, amsgrad=True)
    checkpoint = tg.load(path)
    other.load_state_dict(checkpoint["model"])
    other_opt.load_state_dict(checkpoint["optimizer"])
    for _ in range(3):
        step(net, opt)
        step(other, other_opt)
    for p, q in zip(net.parameters(), other.parameters(), strict=True):
        assert np.array_equal(p.detach().numpy(), q.detach().numpy())


# --------------------------------------------------------------------------- files of others


def test_numpy_reads_our_npz(tmp_path):
    net = model()
    tg.save(net.state_dict(), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive.files == ["0.weight", "0.bias", "2.weight", "2.bias"]
        for name, parameter in net.named_parameters():
            assert np.array_equal(archive[name], parameter.detach().numpy())


def test_arrays_may_be_called_like_arguments_of_savez():
    state = {"file": tg.ones(1), "allow_pickle": tg.zeros(2), "a/b": tg.ones(3), "": tg.ones(4)}
    assert_same(there_and_back(state, "npz"), state)


def test_nested_npz_holds_its_json_in_the_open():
    with zipfile.ZipFile(io.BytesIO(saved({"epoch": 3, "w": tg.ones(2)}, "npz"))) as archive:
        assert archive.read("tinygrad_edu.json") == b'{"epoch": 3, "w": {"$tensor": "w"}}'


@pytest.mark.parametrize("savez", [np.savez, np.savez_compressed])
def test_we_read_numpys_npz(savez):
    file = io.BytesIO()
    weights = {
        "w": np.arange(6.0).reshape(2, 3).T,
        "n": np.array(3),
        "big": np.arange(3, dtype=">i4"),
    }
    savez(file, **weights)
    assert_same(loaded(file.getvalue()), weights)


def torch_model(torch):
    torch.manual_seed(5)
    net = torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
    )
    net(torch.randn(16, 3))  # running statistics that are not the initial ones
    return net.eval()


def our_model():
    tg.manual_seed(6)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    net(tg.randn(16, 3))
    return net.eval()


def torch_writes(torch, state, path, format):
    if format == "npz":
        np.savez(path, **{k: v.numpy() for k, v in state.items()})
    elif format == "safetensors":
        pytest.importorskip("safetensors.torch").save_file(state, path)
    else:
        torch.save(state, path)


def torch_reads(torch, path, format):
    if format == "npz":
        with np.load(path, allow_pickle=False) as archive:
            return {k: torch.from_numpy(v) for k, v in archive.items()}
    if format == "safetensors":
        return pytest.importorskip("safetensors.torch").load_file(path)
    return torch.load(path, weights_only=True)


@pytest.mark.torch
@every_format
def test_torch_weights_load_here(tmp_path, format):
    import torch

    theirs, ours, x = torch_model(torch), our_model(), np.random.default_rng(1).normal(size=(5, 3))
    x = x.astype(np.float32)
    path = tmp_path / f"w.{format}"
    torch_writes(torch, theirs.state_dict(), path, format)
    ours.load_state_dict(tg.load(path))
    for name, value in theirs.state_dict().items():
        assert np.array_equal(ours.state_dict()[name].numpy(), value.numpy()), name
    expected = theirs(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(
        ours(tg.from_numpy(x)).detach().numpy(), expected, rtol=1e-5, atol=1e-6
    )


@pytest.mark.torch
@every_format
def test_our_weights_load_in_torch(tmp_path, format):
    import torch

    theirs, ours = torch_model(torch), our_model()
    path = tmp_path / f"w.{format}"
    tg.save(ours.state_dict(), path)
    theirs.load_state_dict(torch_reads(torch, path, format))
    for name, value in ours.state_dict().items():
        got = theirs.state_dict()[name].numpy()
        assert np.array_equal(got, value.numpy()) and got.dtype == value.numpy().dtype, name


@pytest.mark.torch
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3)])
def test_every_dtype_crosses_to_torch_and_back(dtype, shape):
    import torch

    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    got = torch.load(io.BytesIO(saved({"x": array}, "pt")), weights_only=True)["x"]
    assert got.shape == shape and str(got.dtype) == f"torch.{dtype}"
    file = io.BytesIO()
    torch.save({"x": got}, file)
    assert_same(loaded(file.getvalue()), {"x": array})


@pytest.mark.torch
def test_torch_reads_our_nested_data():
    import torch

    data = {"a": [1, -1, 2**31, -(2**63), 2.5, "é", None, (True, ())], 3: {}, (1, 2): 7**200}
    assert_same(torch.load(io.BytesIO(saved(data, "pt")), weights_only=True), data)
    counter = torch.load(io.BytesIO(saved(Counter("aab"), "pt")), weights_only=True)
    assert type(counter) is Counter and counter == {"a": 2, "b": 1}
    grown = torch.load(io.BytesIO(saved(tg.ones(2, requires_grad=True), "pt")), weights_only=True)
    assert grown.requires_grad and grown.is_leaf


@pytest.mark.torch
def test_torch_views_and_shared_storage():
    import torch

    x = torch.arange(12.0).reshape(3, 4)
    views = [x, x.T[1:], x[1:, ::2], x[0].expand(5, 4), x[2, 3], x[:0]]
    file = io.BytesIO()
    torch.save([*views, torch.nn.Parameter(x), x.shape], file)
    *ours, parameter, shape = loaded(file.getvalue())
    for mine, theirs in zip(ours, views, strict=True):
        assert_same(mine, theirs.numpy())
    assert parameter.requires_grad and parameter.tolist() == x.tolist() and shape == (3, 4)
    ours[0][1, 0] = 99  # one storage, as in PyTorch
    assert ours[2].tolist() == [[99, 6], [8, 10]]


@pytest.mark.torch
@pytest.mark.parametrize("rule", ["SGD", "Adam", "RMSprop"])
def test_a_torch_optimizer_goes_on_here(rule):
    import torch

    start = np.random.default_rng(2).normal(size=(3, 2))
    options = {"lr": 0.1} | ({"momentum": 0.9} if rule == "SGD" else {})
    p = torch.nn.Parameter(torch.from_numpy(start.copy()))
    theirs = getattr(torch.optim, rule)([p], **options)

    def go(parameter, optimizer):
        optimizer.zero_grad()
        (parameter**4).sum().backward()
        optimizer.step()

    for _ in range(3):
        go(p, theirs)
    file = io.BytesIO()
    torch.save({"p": p, "opt": theirs.state_dict()}, file)
    checkpoint = loaded(file.getvalue())
    q = nn.Parameter(checkpoint["p"].detach())
    ours = getattr(optim, rule)([q], lr=7.0)
    ours.load_state_dict(checkpoint["opt"])
    for _ in range(3):
        go(p, theirs)
        go(q, ours)
    np.testing.assert_allclose(q.detach().numpy(), p.detach().numpy(), rtol=1e-12)


@pytest.mark.torch
def test_torch_files_with_more_than_plain_data_are_refused():
    import torch

    cases = {
        "state_dict": torch.nn.Linear(2, 3),
        "bfloat16.*float32": torch.ones(2, dtype=torch.bfloat16),
        "ComplexFloatStorage": torch.ones(2, dtype=torch.complex64),
        "dense float32": torch.ones(2).to_sparse(),
        "numpy": np.float64(2),
    }
    for words, value in cases.items():
        file = io.BytesIO()
        torch.save({"x": value}, file)
        with pytest.raises(FileFormatError, match=words):
            loaded(file.getvalue())
    file = io.BytesIO()
    torch.save(torch.ones(2), file, _use_new_zipfile_serialization=False)
    with pytest.raises(FileFormatError, match=r"pickle.*save its state_dict"):
        loaded(file.getvalue())


@pytest.mark.torch
@needs_safetensors
def test_bfloat16_in_safetensors_is_refused():
    import torch
    from safetensors.torch import save

    with pytest.raises(FileFormatError, match=r"'w' is BF16.*float\(\)"):
        loaded(save({"w": torch.ones(2, dtype=torch.bfloat16)}))


# --------------------------------------------------------------------------- bad files


@every_format
def test_a_truncated_file_is_refused_and_changes_nothing(tmp_path, format):
    path = tmp_path / f"w.{format}"
    tg.save(model(seed=1).state_dict(), path)
    content = path.read_bytes()
    net = model()
    before = {k: v.numpy().copy() for k, v in net.state_dict().items()}
    for length in [*range(0, len(content), 61), len(content) - 1]:
        path.write_bytes(content[:length])
        with pytest.raises(FileFormatError, match=rf"^load: .*w\.{format}: .*(;|first)"):
            net.load_state_dict(tg.load(path))
    for name, value in net.state_dict().items():
        assert np.array_equal(value.numpy(), before[name])


@pytest.mark.parametrize("format", ONE_FILE)
def test_a_flipped_bit_in_a_weight_is_found(format):
    """Zip keeps a checksum of each array."""
    weights = np.random.default_rng(0).normal(size=100)
    content = bytearray(saved({"x": weights}, format))
    place = content.index(weights.tobytes())
    for offset in range(0, weights.nbytes, 97):
        content[place + offset] ^= 4
        with pytest.raises(FileFormatError, match="damaged"):
            loaded(bytes(content))
        content[place + offset] ^= 4
    assert_same(loaded(bytes(content)), {"x": weights})


@every_format
def test_no_damage_gives_another_kind_of_error(format):
    """Random damage is refused or, where nothing depends on the byte, harmless."""
    content = saved({"x": tg.ones(3), "n": [1, "a", {2: tg.zeros(2)}]}, format)
    rng = random.Random(3)
    for _ in range(400):
        bad = bytearray(content)
        for _ in range(rng.randint(1, 3)):
            bad[rng.randrange(len(bad))] = rng.randrange(256)
        try:
            loaded(bytes(bad))
        except FileFormatError as error:
            assert str(error).startswith("load: ")


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def zipped(members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def npy_that_claims(shape):
    """A header that promises an array of this shape, and eight bytes of it."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + bytes(8)


class Attack:
    """Unpickled by the ordinary pickle, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("attacked",)


FOREIGN = {
    "empty": (b"", r"empty.*seek\(0\)"),
    "text": (b"epoch,loss\n1,2\n", "no .npz, .safetensors or .pt"),
    "npy": (npy(np.ones(2)), "numpy.load"),
    "pickle": (pickle.dumps({"w": [1]}), "pickle.*could run code"),
    "other zip": (zipped({"readme": "hello"}), "no .npz: 'readme'"),
    "objects": (zipped({"w.npy": npy(np.array([{}]), allow_pickle=True)}), "'w' holds Python obj"),
    "strings": (zipped({"w.npy": npy(np.array(["a"]))}), "'w' holds <U1, not real numbers"),
    "complex": (zipped({"w.npy": npy(np.array([1j]))}), "'w' holds complex128"),
    "short": (zipped({"w.npy": npy(np.ones(9))[:-8]}), "'w' does not hold .9,. numbers"),
    "long": (zipped({"w.npy": npy(np.ones(9)) + b"x" * 8}), "'w' does not hold .9,. numbers"),
    "terabytes": (zipped({"w.npy": npy_that_claims((2**50,))}), "'w' does not hold"),
    "newer": (zipped({"tinygrad_edu.json": '{"$set": [1]}'}), "newer version: .set"),
    "no such array": (zipped({"tinygrad_edu.json": '{"$tensor": "w"}'}), "damaged"),
    "attack": (zipped({"a/data.pkl": pickle.dumps(Attack(), 2)}), "mkdir"),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content, words = FOREIGN[name]
    with pytest.raises(FileFormatError, match=words):
        loaded(content)
    assert not os.listdir(tmp_path)


def torch_file(pickled, **more):
    storage = np.ones(4, "<f4").tobytes()
    return zipped({"a/data.pkl": b"\x80\x02" + pickled + b".", "a/data/0": storage, **more})


def tensor_opcodes(offset=0, size=(4,), stride=(1,), numel=4):
    def numbers(*values):
        return b"(" + b"".join(b"J" + struct.pack("<i", v) for v in values) + b"t"

    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu"
    storage += b"J" + struct.pack("<i", numel) + b"tQ"
    place = b"J" + struct.pack("<i", offset) + numbers(*size) + numbers(*stride)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + place + b"\x89NtR"


def test_a_torch_file_made_by_hand_is_read():
    assert loaded(torch_file(tensor_opcodes())).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize(
    "geometry",
    [
        {"size": (5,)},
        {"offset": 1},
        {"offset": -1},
        {"offset": -1, "size": (2,)},
        {"size": (2,), "stride": (4,)},
        {"size": (2,), "stride": (-1,)},
        {"size": (-1,)},
        {"size": (2, 2)},
        {"numel": 5},
        {"numel": 3},
        {"numel": -4},
    ],
)
def test_tensors_stay_within_their_storage(geometry):
    with pytest.raises(FileFormatError, match="damaged"):
        loaded(torch_file(tensor_opcodes(**geometry)))


@pytest.mark.parametrize(
    "change",
    [
        b"ccollections\nCounter\n(N}X\x01\0\0\0xJ\1\0\0\0s" + b"tb",  # sets an attribute
        b"ccollections\nCounter\n}X\x01\0\0\0xJ\1\0\0\0s" + b"b",  # ... through __dict__
        b"ctorch._utils\n_rebuild_tensor_v2\n(N}X\x01\0\0\0xJ\1\0\0\0s" + b"tb",
    ],
)
def test_a_pickle_cannot_change_what_it_calls(change):
    with pytest.raises(FileFormatError):
        loaded(torch_file(change))
    assert not hasattr(Counter, "x")


@pytest.mark.parametrize("put", [b"r" + struct.pack("<I", 2**22), b"p4194304\n"])
def test_a_pickle_cannot_fill_the_memory_by_a_large_number(put):
    with pytest.raises(FileFormatError, match="damaged"):
        loaded(torch_file(b"N" + put))


def test_big_endian_torch_files_are_refused():
    content = torch_file(tensor_opcodes(), **{"a/byteorder": "big"})
    with pytest.raises(FileFormatError, match="big-endian"):
        loaded(content)


def test_a_missing_file_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        tg.load(tmp_path / "none.npz")


def test_without_safetensors_the_error_names_the_extra(monkeypatch, tmp_path):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name.partition(".")[0] == "safetensors":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for use in (
        lambda: tg.save({"w": tg.ones(1)}, tmp_path / "w.safetensors"),
        lambda: loaded(struct.pack("<Q", 2) + b"{}"),
    ):
        with pytest.raises(ImportError, match=r"tinygrad-edu\[safetensors\]"):
            use()
    assert not os.listdir(tmp_path)


# --------------------------------------------------------------------------- what can't be saved


class Thing:
    pass


@every_format
@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"a": {"b": [1, Thing()]}}, r"a\.b\.1 is a Thing.*only tensors"),
        (Thing(), "the object is a Thing"),
        (nn.Linear(2, 3), r"Linear.*save its state_dict\(\)"),
        ({"a": {1, 2}}, "a is a set"),
        ({"a": 1j}, "a is a complex"),
        ({"a": np.array([1j])}, "a holds complex128"),
        ({"a": np.array([{}])}, "a holds Python objects"),
        ({"a": np.array(["x"])}, "a holds <U1"),
        ({"a": [1, lambda: 0]}, r"a\.1 is a function"),
        ({Thing(): 1}, "key is a Thing"),
    ],
)
def test_what_is_no_plain_data_is_refused_by_place(tmp_path, format, obj, words):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=f"^save: .*{words}"):
        tg.save(obj, path, format=format)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("format", ONE_FILE)
def test_data_that_contain_themselves_are_refused(format):
    circle = []
    circle.append(circle)
    with pytest.raises(ValueError, match="contain themselves"):
        saved(circle, format)


@pytest.mark.parametrize("f", [3, None, io.StringIO(), object()])
def test_what_is_no_file_is_refused(f):
    with pytest.raises(TypeError, match="save: f must be a path or a file opened with 'wb'"):
        tg.save({}, f)
    with pytest.raises(TypeError, match="load: f must be a path or a file opened with 'rb'"):
        tg.load(f)


def test_an_unknown_format_is_refused():
    with pytest.raises(ValueError, match=r"'npz', 'safetensors', 'pt'.*'npy'"):
        saved({}, "npy")


def test_a_failure_leaves_an_open_file_alone():
    file = io.BytesIO()
    with pytest.raises(TypeError):
        tg.save({"w": tg.ones(3), "bad": Thing()}, file)
    assert file.getvalue() == b""


@every_format
def test_an_open_file_gets_the_same_bytes_wherever_it_stands(format):
    file = io.BytesIO(b"title")
    file.seek(5)
    tg.save({"w": tg.ones(3)}, file, format=format)
    assert file.getvalue() == b"title" + saved({"w": tg.ones(3)}, format)
    file.seek(5)
    assert tg.load(file)["w"].tolist() == [1, 1, 1]


def test_another_device_is_refused():
    with pytest.raises(RuntimeError, match="cuda"):
        tg.load(io.BytesIO(saved({}, "npz")), map_location="cuda")


# --------------------------------------------------------------------------- all or nothing


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError("disk full"), MemoryError])
def test_an_interrupted_write_leaves_the_old_file(tmp_path, interruption):
    path = tmp_path / "w.npz"
    tg.save({"x": tg.ones(2)}, path)
    old = path.read_bytes()
    kind = interruption if isinstance(interruption, type) else type(interruption)
    with pytest.raises(kind), written_at_once(path) as file:
        file.write(b"half")
        file.flush()
        assert path.read_bytes() == old
        raise interruption
    assert path.read_bytes() == old and os.listdir(tmp_path) == ["w.npz"]


def test_the_content_is_on_the_disk_before_it_gets_its_name(tmp_path, monkeypatch):
    events = []
    sync, replace = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda fd: (events.append("sync"), sync(fd)))
    monkeypatch.setattr(os, "replace", lambda a, b: (events.append("rename"), replace(a, b)))
    tg.save({"x": tg.ones(2)}, tmp_path / "w.npz")
    assert events[:2] == ["sync", "rename"]


def test_a_missing_folder_and_a_folder_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        tg.save({}, tmp_path / "none" / "w.npz")
    (tmp_path / "w.npz").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        tg.save({}, tmp_path / "w.npz")
    assert os.listdir(tmp_path) == ["w.npz"]


@pytest.mark.skipif(os.name == "nt", reason="needs rights to make symbolic links")
def test_links_and_permissions_stay(tmp_path):
    real = tmp_path / "real.npz"
    tg.save({"x": tg.zeros(1)}, real)
    real.chmod(0o600)
    link = tmp_path / "link.npz"
    link.symlink_to(real)
    tg.save({"x": tg.ones(1)}, link)
    assert link.is_symlink() and tg.load(real)["x"].tolist() == [1]
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


SAVING_FOR_EVER = """
import sys, tinygrad_edu as tg
number = 0
while True:
    number += 1
    tg.save({name: tg.full((300, 300), number) for name in "abcdef"}, sys.argv[1])
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")
@pytest.mark.parametrize("format", ONE_FILE)
def test_kill_9_leaves_a_whole_file(tmp_path, format):
    path = tmp_path / f"w.{format}"
    rng = random.Random(format)
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", SAVING_FOR_EVER, path], stdout=subprocess.PIPE, text=True
        ) as child:
            first = child.stdout.readline()
            time.sleep(rng.uniform(0, 0.1))
            child.send_signal(signal.SIGKILL)
            known = [first, *child.stdout.read().splitlines()]
        values = {float(v) for w in tg.load(path).values() for v in np.unique(w.numpy())}
        # All of one save, and no older than the last that was reported.
        assert len(values) == 1 and values.pop() in (float(known[-1]), float(known[-1]) + 1)


# --------------------------------------------------------------------------- lessons


def test_a_published_lesson_on_files_runs(tmp_path, monkeypatch):
    """Saving a tensor, a list, a dict and a model's parameters, as PyTorch's lessons write it."""
    import tinygrad_edu as torch
    from tinygrad_edu.nn import functional as F

    monkeypatch.chdir(tmp_path)
    x = torch.arange(4)
    torch.save(x, "x-file")
    assert torch.load("x-file").tolist() == [0, 1, 2, 3]
    y = torch.zeros(4)
    torch.save([x, y], "x-files")
    x2, y2 = torch.load("x-files")
    assert (x2.tolist(), y2.tolist()) == ([0, 1, 2, 3], [0, 0, 0, 0])
    torch.save({"x": x, "y": y}, "mydict")
    assert sorted(torch.load("mydict")) == ["x", "y"]

    class MLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = nn.Linear(20, 256)
            self.output = nn.Linear(256, 10)

        def forward(self, x):
            return self.output(F.relu(self.hidden(x)))

    net = MLP()
    X = torch.randn(2, 20)
    torch.save(net.state_dict(), "mlp.params")
    clone = MLP()
    clone.load_state_dict(torch.load("mlp.params", map_location="cpu", weights_only=True))
    clone.eval()
    assert (clone(X) == net(X)).all()

    optimizer = torch.optim.SGD(net.parameters(), lr=0.001, momentum=0.9)
    state = {
        "epoch": 5,
        "model_state_dict": net.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "loss": 0.4,
    }
    torch.save(state, "model.pt")
    checkpoint = torch.load("model.pt", weights_only=True)
    net.load_state_dict(checkpoint["model_state_dict"])
    optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
    assert (checkpoint["epoch"], checkpoint["loss"]) == (5, 0.4)


def test_an_ordered_dict_is_a_state_dict_as_well():
    state = OrderedDict(b=tg.ones(1), a=tg.zeros(2))
    assert list(there_and_back(state, "npz")) == ["b", "a"]
