"""Overflow, inf and nan come without NumPy's warnings, and leave its settings as they were."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import autograd, primitive, tensor
from tinygrad_edu.nn import functional as F
from tinygrad_edu.quiet import quiet


def one_layer(x, w, b):
    """Its own product is too large."""
    return F.linear(x, w * 2, b)


def used_twice(x, w, b):
    """The gradient of x is the sum of two, of which each is finite."""
    return F.linear(F.linear(x, w, b), x, b)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("model", [one_layer, used_twice])
def test_backward_gives_inf_in_silence(model, inside):
    """Where only fast forms run, and where a silent function runs them."""

    runs = []

    def run():
        runs.append(1)
        x = tensor(np.eye(2, dtype=np.float32), requires_grad=True)
        w, b = tensor(2 * np.eye(2, dtype=np.float32)), tensor(np.zeros(2, np.float32))
        out = model(x, w, b)
        with np.errstate(**({} if inside else {"all": "raise"})):
            before = np.geterr()
            out.backward(tensor(np.float32(1e38) * np.eye(2, dtype=np.float32)))
            assert np.geterr() == before
        return np.diag(x.grad.numpy())

    assert np.isinf(quiet(run)() if inside else run()).all()
    assert len(runs) == 1


def test_ops_where_all_is_silent_already():
    runs = []

    def run():
        runs.append(1)
        x = tensor(3.0, requires_grad=True)
        y = (x * x + x - 2 * x) / x
        y.backward()
        return y.item(), x.grad.item()

    assert quiet(run)() == (2.0, 1.0)
    assert len(runs) == 1


@pytest.mark.parametrize("interrupt", ["hook", "formula"])
def test_an_error_in_backward_leaves_numpys_warnings_as_they_were(interrupt):
    @primitive
    def broken(x):
        return x * 1.0

    broken.defvjp(lambda g, out, x: 1 // 0)
    x = tensor([1.0, 2.0], requires_grad=True)
    out = broken(x) if interrupt == "formula" else x * 1.0
    if interrupt == "hook":
        out.register_hook(lambda g: 1 // 0)
    before = np.geterr()
    with pytest.raises(ZeroDivisionError):
        out.sum().backward()
    assert np.geterr() == before
    assert tg.is_grad_enabled()


@pytest.mark.filterwarnings("error")
def test_conversions_and_numbers_out_of_range_are_silent():
    double, x = tensor(np.array([1e300, -1e300])), tensor(np.ones(2, np.float32))
    assert double.float().tolist() == [np.inf, -np.inf]
    assert (x < 1e300).tolist() == [True, True]
    assert x.clamp(max=1e300).tolist() == [1.0, 1.0]
    assert tg.where(x > 0, x, 1e300).tolist() == [1.0, 1.0]
    for write in (
        lambda y: y.copy_(double.abs()),
        lambda y: y.fill_(1e300),
        lambda y: y.__setitem__(0, 1e300),
        lambda y: y.add_(1e300),
    ):
        y = tensor(np.ones(2, np.float32))
        write(y)
        assert np.isinf(y[0].item())
    leaf = tensor(np.ones(2, np.float32), requires_grad=True)
    huge = tensor(np.full(2, 3e38, np.float32))
    autograd.backward([leaf, leaf], [huge, huge])
    assert np.isinf(leaf.grad.numpy()).all()
    (leaf * 1).backward(np.full(2, 1e300))
