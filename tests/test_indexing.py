"""Parts of tensors: which share memory, what can't be read or written, and views."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import tensor


def grid():
    return tg.arange(12.0).reshape(3, 4)


@pytest.mark.parametrize(
    "part",
    [
        lambda x: x[1],
        lambda x: x[1, 2],
        lambda x: x[:, 1::2],
        lambda x: x[None, ..., 0],
        lambda x: x.T,
        lambda x: x.view(2, 6),
        lambda x: x.reshape(-1),
        lambda x: x.flatten(),
        lambda x: x.diagonal(),
        lambda x: x.unbind(1)[2],
        lambda x: x.split(2)[1],
        lambda x: x.narrow(1, 1, 2),
        lambda x: x.select(0, 2),
        lambda x: x.movedim(0, 1),
        lambda x: x.unsqueeze(0).squeeze(),
        lambda x: x.unflatten(1, (2, 2)),
    ],
)
def test_views_share_memory(part):
    x = grid()
    part(x).zero_()
    assert (x.numpy() == 0).any() and x._version == 1


@pytest.mark.parametrize(
    "copy",
    [
        lambda x: x[[0, 1]],
        lambda x: x[x > -1],
        lambda x: x.flip(0),
        lambda x: x.roll(0),
        lambda x: x.rot90(0),
        lambda x: x.tril(5),
        lambda x: x.diag(),
        lambda x: x.repeat(1, 1),
        lambda x: x.T.reshape(-1),
        lambda x: x.T.contiguous(),
        lambda x: x.gather(1, tg.zeros(3, 4).long()),
        lambda x: x.index_select(0, tensor([0, 1, 2])),
        lambda x: tg.cat([x]),
    ],
)
def test_copies_do_not(copy):
    x = grid()
    copy(x).zero_()
    np.testing.assert_array_equal(x.numpy(), np.arange(12.0).reshape(3, 4))


def test_what_can_be_viewed():
    x = grid()
    for wrong in (
        lambda: x.T.view(12),
        lambda: x[:, :2].view(6),
        lambda: x.expand(2, 3, 4).view(24),
    ):
        with pytest.raises(RuntimeError, match=r"view.*Use .reshape"):
            wrong()
    assert x[:, :2].view(3, 2, 1).shape == (3, 2, 1)
    assert x[:, [0, 2]].view(6).tolist() == [0, 2, 4, 6, 8, 10]
    assert (x.T + 1).view(12).shape == (12,)
    with pytest.raises(RuntimeError, match="invalid for input of size 12"):
        x.view(5)
    with pytest.raises(RuntimeError, match="only one dimension can be inferred"):
        x.view(-1, -1)
    with pytest.raises(RuntimeError, match="invalid shape dimension -2"):
        x.reshape(6, -2)


@pytest.mark.parametrize(
    ("index", "error", "text"),
    [
        (5, IndexError, "index 5 is out of bounds.*size 3"),
        (-4, IndexError, "index -4 is out of bounds.*size 3"),
        ((0, 0, 0), IndexError, "too many indices for tensor of dimension 2"),
        (slice(None, None, -1), ValueError, r"step must be greater than zero.*flip\(\)"),
        (1.0, IndexError, "valid indices, not float"),
        ("a", IndexError, "valid indices, not str"),
        (np.array([0.5]), IndexError, "integers or bool, not float64"),
        (np.array([True, False]), IndexError, r"mask \(2,\) at index 0 .* \(3, 4\)"),
        ((slice(None), np.array([True] * 3)), IndexError, r"mask \(3,\) at index 1"),
        (np.array([3]), IndexError, "index 3 is out of bounds"),
        ((np.array([0, 1]), np.array([0, 1, 2])), IndexError, "broadcast"),
    ],
)
def test_indices_that_are_none(index, error, text):
    x = grid()
    for wrong in (lambda: x[index], lambda: x.__setitem__(index, 0.0)):
        with pytest.raises(error, match=text):
            wrong()


def test_number_has_no_parts():
    with pytest.raises(IndexError, match=r"use x.item\(\)"):
        tensor(1.0)[0]


def test_index_tensors():
    x = grid()
    i = tensor([2, 0])
    assert x[i].tolist() == x[[2, 0]].tolist() == x[i.int()].tolist() == x[i.numpy()].tolist()
    assert x[tensor(1)].tolist() == x[1].tolist()
    assert x[tensor([0, 1, 1], dtype=tg.uint8)].tolist() == x[1:].tolist()  # a mask, to PyTorch
    assert x[1 : tensor(2)].tolist() == x[1:2].tolist()


def test_repeats_add_up_in_the_gradient():
    w = tg.zeros(4, 2, requires_grad=True)
    g = tg.arange(12.0).reshape(2, 3, 2)
    w[tensor([[1, 1, -1], [3, 0, 1]])].backward(g)
    assert w.grad.tolist() == [[8, 9], [12, 15], [0, 0], [10, 12]]


def test_writes_of_every_kind():
    x = grid()
    x[0] = -1
    x[1, 1:3] = tensor([7.0, 8.0])
    x[x > 9] = 0.0
    x[[1, 2], 0] += 100
    x[tensor([2]), ::2] = tensor([5.0, 6.0])
    x[2, 3] = True
    assert x.tolist() == [[-1, -1, -1, -1], [104, 7, 8, 7], [5, 9, 6, 1]]
    i = tg.arange(3)
    i[0] = 2.7
    assert i.tolist() == [2, 1, 2]


@pytest.mark.parametrize("name", ["squeeze_", "unsqueeze_", "t_", "transpose_", "swapaxes_"])
def test_shapes_change_in_place(name):
    arguments = {"unsqueeze_": (0,), "transpose_": (0, 1), "swapaxes_": (0, 1)}.get(name, ())
    start = tg.rand(1, 3)
    expected = getattr(start, name[:-1])(*arguments)
    x = start.clone()
    assert getattr(x, name)(*arguments) is x and x.tolist() == expected.tolist()
    leaf = start.clone().requires_grad_()
    with pytest.raises(RuntimeError, match="leaf"):
        getattr(leaf, name)(*arguments)
    with tg.no_grad():
        assert getattr(leaf, name)(*arguments).requires_grad
    leaf = start.clone().requires_grad_()
    y = leaf * 2
    g = tg.rand(*expected.shape)
    getattr(y, name)(*arguments).backward(g)
    np.testing.assert_array_equal(leaf.grad.numpy(), 2 * g.numpy().reshape(1, 3))


def test_fill_diagonal():
    x = tg.zeros(3, 2)
    assert x.fill_diagonal_(5).tolist() == [[5, 0], [0, 5], [0, 0]]
    assert tg.zeros(7, 2).fill_diagonal_(1, wrap=True).sum().item() == 5
    with pytest.raises(RuntimeError, match="at least 2"):
        tg.zeros(3).fill_diagonal_(1)


def test_diagonal_is_writable():
    x = grid()
    x.diagonal().copy_(tensor([-1.0, -2.0, -3.0]))
    assert x[1, 1].item() == -2
