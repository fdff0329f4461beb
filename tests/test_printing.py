"""How tensors print: as in PyTorch, to the letter."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import nn, tensor
from tinygrad_edu.printing import _DEFAULT, _options

inf, nan = np.inf, np.nan


@pytest.fixture(autouse=True)
def default_options():
    yield
    _options.update(_DEFAULT)


# Written down from PyTorch 2.13; only the dtypes have another name there (torch.float64).
TEXTS = [
    ([1.0, 2.5], "tensor([1.0000, 2.5000])"),
    ([1.0, 2.0], "tensor([1., 2.])"),
    ([1, -20, 3], "tensor([  1, -20,   3])"),
    ([True, False], "tensor([ True, False])"),
    (3.14159, "tensor(3.1416)"),
    (7, "tensor(7)"),
    ([], "tensor([])"),
    ([[]], "tensor([], size=(1, 0))"),
    ([1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])"),
    ([1e9, 1.0], "tensor([1.0000e+09, 1.0000e+00])"),
    ([0.001, 1.0], "tensor([0.0010, 1.0000])"),
    ([0.00099, 1.0], "tensor([9.9000e-04, 1.0000e+00])"),
    ([nan, 1.0, inf], "tensor([nan, 1., inf])"),
    ([-inf, 0.5], "tensor([  -inf, 0.5000])"),
    ([nan, nan], "tensor([nan, nan])"),
    ([-0.0, 0.0], "tensor([-0., 0.])"),
    ([-1.5, 10.25], "tensor([-1.5000, 10.2500])"),
    ([[1, 2], [3, 4]], "tensor([[1, 2],\n        [3, 4]])"),
    ([[[1], [2]], [[3], [4]]], "tensor([[[1],\n         [2]],\n\n        [[3],\n         [4]]])"),
]


@pytest.mark.parametrize(("data", "text"), TEXTS)
def test_text(data, text):
    assert repr(tensor(data)) == text


def test_dtype_is_shown_unless_usual():
    assert repr(tensor([1.0], dtype=tg.float64)) == "tensor([1.], dtype=float64)"
    assert repr(tensor([1], dtype=tg.int32)) == "tensor([1], dtype=int32)"
    assert repr(tensor([], dtype=tg.int64)) == "tensor([], dtype=int64)"
    assert repr(tg.zeros(0, 2, dtype=tg.bool)) == "tensor([], size=(0, 2), dtype=bool)"
    tg.set_default_dtype(tg.float64)
    try:
        assert repr(tensor([1.0])) == "tensor([1.])"
        assert repr(tensor([1.0], dtype=tg.float32)) == "tensor([1.], dtype=float32)"
    finally:
        tg.set_default_dtype(tg.float32)


def test_history_is_shown():
    x = tensor([1.0, 2.0], requires_grad=True)
    assert repr(x) == "tensor([1., 2.], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 4.], grad_fn=<MulBackward0>)"
    assert repr(x.detach()) == "tensor([1., 2.])"
    assert repr(nn.Parameter(np.ones(1, np.float32))) == (
        "Parameter containing:\ntensor([1.], requires_grad=True)"
    )


def test_lines_break():
    assert repr(tg.arange(30)) == (
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])"
    )
    long = tensor([[0.5] * 8, [0.25] * 8], requires_grad=True)
    assert repr(long).endswith("0.2500]],\n       requires_grad=True)")


def test_summary():
    assert repr(tg.arange(1001)) == "tensor([   0,    1,    2,  ...,  998,  999, 1000])"
    assert repr(tg.zeros(1001, 2)).count("\n") == 6
    assert "..." not in repr(tg.arange(1000))


@pytest.mark.parametrize(
    ("options", "data", "text"),
    [
        ({"precision": 2}, [1.234, 5.0], "tensor([1.23, 5.00])"),
        ({"sci_mode": True}, [1.0, 2.0], "tensor([1.0000e+00, 2.0000e+00])"),
        ({"sci_mode": False}, [1e-6, 1.0], "tensor([0.0000, 1.0000])"),
        ({"edgeitems": 1, "threshold": 3}, [1, 2, 3, 4], "tensor([1,  ..., 4])"),
        ({"linewidth": 20}, [10, 20, 30, 40], "tensor([10, 20, 30,\n        40])"),
        ({"profile": "short"}, [1.234, 5.0], "tensor([1.23, 5.00])"),
    ],
)
def test_options(options, data, text):
    tg.set_printoptions(**options)
    assert repr(tensor(data)) == text


def test_full_profile_and_wrong_profile():
    tg.set_printoptions(profile="full")
    assert "..." not in repr(tg.arange(1500))
    with pytest.raises(ValueError, match="profile"):
        tg.set_printoptions(profile="tiny")


def random_array(rng):
    shape = tuple(rng.integers(0, 5, rng.integers(0, 4)))
    if rng.random() < 0.2:
        shape = [(30,), (7, 40), (1001,), (50, 30), (3, 20, 20)][rng.integers(5)]
    kind = rng.integers(7)
    if kind == 0:
        return rng.integers(-(10 ** rng.integers(1, 9)), 10 ** rng.integers(1, 9), shape)
    if kind == 1:
        return rng.integers(0, 2, shape).astype(bool)
    values = rng.standard_normal(shape).astype(np.float32)
    values *= np.float32(10.0) ** rng.integers(-9, 9)
    if kind == 2:
        values = np.round(values)
    if kind == 3:
        values = np.where(rng.random(shape) < 0.3, rng.choice([nan, inf, -inf, 0.0]), values)
    if kind == 4:
        values = values * 10.0 ** rng.integers(-6, 6, shape)
    return np.asarray(values, np.float32)


@pytest.mark.torch
@pytest.mark.parametrize("seed", range(8))
def test_against_torch(seed):
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(seed)
    for _ in range(50):
        array = random_array(rng)
        assert repr(tg.from_numpy(array)) == repr(torch.from_numpy(array.copy())).replace(
            "torch.", ""
        )
